# SPDX-License-Identifier: BSD-3-Clause
"""Frames that no honest host sends: each ends in its own verdict, and nothing is disturbed."""

import concurrent.futures
import contextlib
import socket
import time

import clients
from harness import eventually, run
from wirecase import WireCase

with contextlib.suppress(ImportError):  # without scapy nothing here runs
    from wirehost import ARP, BROADCAST, ICMP, IP, TCP, UDP, Ether

ECHO, CLOSED = 7, 4444
TIMES = 3  # each frame is sent so often


class ErrorCase(WireCase):
    def assert_echoes(self):
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, clients.payload(50_000, seed=3))


def raw_ip(wire, header, payload=b""):
    """An IPv4 header given field by field, with a right checksum whatever the fields say."""
    return wire.eth(type=0x0800) / IP(src=wire.ip, dst=wire.target, **header) / payload


def ethernet_frames(wire):
    yield "eth_not_for_us", wire.eth(dst="02:00:00:00:00:99") / IP(src=wire.ip, dst=wire.target)
    yield "eth_unknown_type", wire.eth(type=0x88B5) / (b"\0" * 46)


def arp_frames(wire):
    def arp(**fields):
        base = {"op": 1, "hwsrc": wire.mac, "psrc": wire.ip, "pdst": wire.target}
        return wire.eth(dst=BROADCAST) / ARP(**{**base, **fields})

    yield "arp_request", arp()
    yield "arp_request_other", arp(pdst="198.18.0.200")
    yield "arp_unsolicited", arp(op=2, psrc="198.18.0.201")
    yield "arp_conflict", arp(psrc=wire.target, pdst=wire.target)
    yield "arp_malformed", arp(hwlen=7)


def ip_frames(wire):
    udp = UDP(sport=wire.port(), dport=9) / b"12345678"
    yield "ip_truncated", wire.eth(type=0x0800) / b"\x45\0\0\x14\0\0\0\0\x40\x11"
    yield "ip_bad_version", wire.ip4(version=5) / udp
    yield "ip_bad_header_length", wire.ip4(ihl=3) / udp
    yield "ip_bad_checksum", wire.ip4(chksum=0x1234) / udp
    yield "ip_bad_total_length", wire.ip4(len=1200) / udp
    yield "ip_bad_total_length", wire.ip4(len=12) / udp
    for source in ("127.0.0.1", "224.0.0.5", "255.255.255.255", "198.18.0.255"):
        yield "ip_bad_source", wire.ip4(src=source) / udp
    yield "ip_not_for_us", wire.ip4(dst="198.18.0.99") / udp
    yield "ip_unknown_protocol", wire.ip4(proto=132) / b"12345678"
    # Loose source route with one address; then an option that is one byte long.
    route = b"\x83\x07\x04" + socket.inet_aton("198.18.0.1") + b"\0"
    yield "ip_source_route", raw_ip(wire, {"options": [_option(route)], "proto": 17}, udp)
    yield "ip_bad_options", raw_ip(wire, {"options": [_option(b"\x44\x01\0\0")], "proto": 17}, udp)


def _option(data):
    from scapy.packet import Raw

    return Raw(data)


def icmp_frames(wire):
    yield "icmp_truncated", wire.ip4(proto=1) / b"\x08\0\0\0"
    yield "icmp_bad_checksum", wire.ip4() / ICMP(type=8, chksum=0x1234) / b"abcd"
    redirect = ICMP(type=5, code=1, gw="198.18.0.9")
    yield "icmp_ignored", wire.ip4() / redirect / (b"\x45" + b"\0" * 27)
    quoted = IP(src=wire.target, dst=wire.ip) / TCP(sport=ECHO, dport=wire.port(), seq=1)
    yield "icmp_error_stale", wire.ip4() / ICMP(type=3, code=3) / bytes(quoted)[:28]
    yield "icmp_echo", wire.ip4() / ICMP(type=8, id=7, seq=1) / b"abcd"


def udp_frames(wire):
    port = wire.port()
    yield "udp_truncated", wire.ip4(proto=17) / b"\0\x07\0\x07"
    yield "udp_bad_length", wire.ip4() / UDP(sport=port, dport=9, len=4) / b"12345678"
    yield "udp_bad_length", wire.ip4() / UDP(sport=port, dport=9, len=900) / b"12345678"
    yield "udp_bad_checksum", wire.ip4() / UDP(sport=port, dport=9, chksum=0x1234) / b"12345678"
    yield "udp_no_listener", wire.ip4() / UDP(sport=port, dport=CLOSED) / b"12345678"
    for source in (7, 19):
        yield "udp_reflector", wire.ip4() / UDP(sport=source, dport=ECHO) / b"12345678"
    yield "udp_delivered", wire.ip4() / UDP(sport=port, dport=9) / b"12345678"


def tcp_frames(wire):
    def tcp(**fields):
        return wire.ip4() / TCP(**{"sport": wire.port(), "dport": ECHO, "seq": 1, **fields})

    yield "tcp_truncated", wire.ip4(proto=6) / b"\0\x07\0\x07\0\0\0\0"
    yield "tcp_bad_offset", tcp(flags="S", dataofs=3)
    yield "tcp_bad_offset", tcp(flags="S", dataofs=15)
    yield "tcp_bad_checksum", tcp(flags="S", chksum=0x1234)
    for flags in ("", "SF", "SFPU"):
        yield "tcp_bad_flags", tcp(flags=flags)
    for flags in ("SR", "SFPUR"):  # a reset, whatever else it says
        yield "tcp_reset_ignored", tcp(flags=flags)
    yield "tcp_no_listener", tcp(flags="S", dport=CLOSED)
    yield "tcp_no_listener", tcp(flags="A", ack=99, dport=CLOSED)
    yield "tcp_no_listener_quiet", tcp(flags="R", dport=CLOSED)


class MalformedFrames(ErrorCase):
    def assert_verdicts(self, frames):
        """Sends each frame TIMES times; each must be counted in its verdict and nowhere else."""
        frames = list(frames)
        before = self.stats()
        expected = {}
        for verdict, frame in frames:
            expected[verdict] = expected.get(verdict, 0) + TIMES
            for _ in range(TIMES):
                self.wire.send(frame)

        def seen(stats):
            return {name: stats.verdict(name) - before.verdict(name) for name in expected}

        after = self.appliance.eventually(
            lambda stats: sum(seen(stats).values()) >= sum(expected.values())
        )
        self.assertEqual(seen(after), expected)
        self.assertEqual(after.unbalanced(), {})

    def test_each_frame_ends_in_its_verdict(self):
        self.assert_verdicts(ethernet_frames(self.wire))

    def test_each_arp_packet_ends_in_its_verdict(self):
        self.assert_verdicts(arp_frames(self.wire))
        self.assert_echoes()

    def test_each_ipv4_packet_ends_in_its_verdict(self):
        self.assert_verdicts(ip_frames(self.wire))

    def test_each_icmp_message_ends_in_its_verdict(self):
        self.assert_verdicts(icmp_frames(self.wire))

    def test_each_datagram_ends_in_its_verdict(self):
        self.assert_verdicts(udp_frames(self.wire))

    def test_each_segment_ends_in_its_verdict(self):
        self.assert_verdicts(tcp_frames(self.wire))

    def test_land_is_dropped(self):
        before = self.stats()
        land = self.wire.eth() / IP(src=self.host, dst=self.host)
        for port in (ECHO, CLOSED):
            self.wire.send(land / TCP(sport=port, dport=port, flags="S"))
            self.wire.send(land / UDP(sport=port, dport=port) / b"around and around")
        self.wire.settle()
        after = self.stats()
        self.assertEqual(after.verdict("ip_bad_source") - before.verdict("ip_bad_source"), 4)
        self.assert_echoes()

    def test_xmas_and_every_other_flag_combination_is_survived(self):
        for flags in range(256):
            for port in (ECHO, CLOSED):
                self.wire.send(
                    self.wire.ip4() / TCP(sport=self.wire.port(), dport=port, seq=9, flags=flags)
                )
        self.assert_echoes()
        # A lone XMAS segment opens nothing and is not answered on a listening port.
        self.wire.settle()
        port = self.wire.port()
        self.wire.send(self.wire.ip4() / TCP(sport=port, dport=ECHO, flags="FPU"))
        answers = [f for f in self.wire.settle() if TCP in f and f[TCP].dport == port]
        self.assertEqual(answers, [])

    def test_overlapping_and_endless_fragments_are_dropped(self):
        before = self.stats()
        # Teardrop: the second fragment begins within the first.
        self.wire.send(self.wire.ip4(id=1, flags="MF", proto=17) / (b"a" * 64))
        self.wire.send(self.wire.ip4(id=1, frag=3, proto=17) / (b"b" * 64))
        # Ping of death: ends beyond 65535 bytes.
        self.wire.send(self.wire.ip4(id=2, frag=8189, proto=1) / (b"c" * 800))
        self.wire.settle()
        after = self.stats()
        bad = after.verdict("ip_fragment_bad") - before.verdict("ip_fragment_bad")
        self.assertGreaterEqual(bad, 2)
        self.assert_echoes()

    def test_random_frames_are_survived(self):
        for _ in range(3000):
            size = self.wire.rng.randrange(14, 200)
            noise = bytearray(self.wire.rng.randbytes(size))
            noise[:14] = bytes(self.wire.eth(type=0x0800))[:14]
            if self.wire.rng.random() < 0.7 and size > 34:
                noise[14:34] = bytes(IP(src=self.wire.ip, dst=self.host, len=size - 14,
                                        proto=self.wire.rng.choice((1, 6, 17))))
            self.wire.send(bytes(noise))
        self.assert_echoes()
        self.assertEqual(self.stats().unbalanced(), {})


class Answers(ErrorCase):
    errors = 100  # of ICMP, a second
    serve = ("--icmp-errors", errors)

    def test_a_closed_udp_port_is_unreachable(self):
        with clients.udp_socket(self.host, CLOSED) as sock:
            sock.send(b"anybody?")
            with self.assertRaises(ConnectionRefusedError):
                sock.recv(100)

    def test_a_closed_tcp_port_refuses(self):
        with self.assertRaises(ConnectionRefusedError):
            clients.connect(self.host, CLOSED)

    def test_unreachable_messages_are_limited(self):
        before, began = self.stats(), time.monotonic()
        frame = bytes(self.wire.ip4() / UDP(sport=5000, dport=CLOSED) / b"x")
        for _ in range(5000):
            self.wire.send(frame)
        self.wire.settle()
        took = time.monotonic() - began
        stats = self.stats()
        limited = stats["icmp_errors_limited"] - before["icmp_errors_limited"]
        sent = stats.cause("icmp_error") - before.cause("icmp_error")
        self.assertEqual(sent + limited, 5000)
        self.assertGreater(sent, 0)
        self.assertLessEqual(sent, self.errors * (took + 2))

    def test_two_echo_services_are_not_set_against_each_other(self):
        self.wire.forget()
        for source in (7, 19):
            self.wire.send(self.wire.ip4() / UDP(sport=source, dport=ECHO) / b"ping")
        self.assertEqual([f for f in self.wire.settle() if UDP in f], [])

    def test_broadcasts_are_not_echoed(self):
        self.wire.forget()
        for target in ("198.18.0.255", "255.255.255.255", "224.0.0.1"):
            frame = self.wire.eth(dst=BROADCAST) / IP(src=self.wire.ip, dst=target)
            self.wire.send(frame / UDP(sport=5001, dport=ECHO) / b"smurf")
            self.wire.send(frame / ICMP(type=8) / b"smurf")
        self.assertEqual([f for f in self.wire.settle() if IP in f], [])

    def test_a_vlan_tag_is_not_mistaken_for_ip(self):
        tagged = Ether(src=self.wire.mac, dst=self.wire.target_mac, type=0x8100) / b"\0\1\x08\0"
        self.wire.send(bytes(tagged) + bytes(IP(src=self.wire.ip, dst=self.host) / ICMP()))
        self.assert_echoes()


class SynFlood(ErrorCase):
    serve = ("--backlog", "64", "--synack-retries", "1", "--rto-initial", "500ms",
             "--syn-cookies", "never")

    def test_the_backlog_fills_and_a_client_gets_in_afterwards(self):
        syns = [
            bytes(self.wire.ip4() / TCP(sport=1024 + number, dport=ECHO, flags="S", seq=number))
            for number in range(3000)
        ]
        for syn in syns:
            self.wire.send(syn)
        self.wire.settle()
        stats = self.stats()
        self.assertGreater(stats.verdict("tcp_backlog_full"), 1000)
        # Other traffic goes on at once, new connections when half-open records expire.
        run("ping", "-n", "-c", "1", "-W", "60", self.host)
        self.assert_echoes()
        stats = self.appliance.eventually(lambda s: not s.state("syn_received"))
        self.assertEqual(stats.state("syn_received"), 0)
        # Few answers: at most the SYN-ACK and its repetitions for each record.
        sent = stats.cause("tcp_synack") + stats.cause("tcp_synack_rexmit")
        self.assertLess(sent, 2 * stats.verdict("tcp_syn_received") + 200)


class TableFull(ErrorCase):
    serve = ("--connections", "16")

    def enter(self, seconds=clients.PATIENCE):
        """A connection that echoes, or None."""
        try:
            sock = clients.connect(self.host, ECHO, timeout=seconds)
            clients.echo(sock, b"are you there?", half_close=False)
        except OSError:
            return None
        return sock

    def test_those_inside_go_on_and_there_is_room_again_afterwards(self):
        inside = [self.enter() for _ in range(16)]
        self.assertNotIn(None, inside)
        with concurrent.futures.ThreadPoolExecutor(8) as late:  # each waits for nothing
            attempts = [late.submit(self.enter, 2) for _ in range(8)]
            refused = [attempt.result() for attempt in attempts]
        self.assertEqual(refused, [None] * 8)
        for sock in inside:
            clients.echo(sock, clients.payload(10_000, seed=1), half_close=False)
        stats = self.stats()
        self.assertGreater(stats.verdict("tcp_table_full"), 0)
        self.assertEqual(stats.state("established"), 16)
        for sock in inside:
            sock.close()
        self.appliance.eventually(lambda s: not s.state("established"))
        self.assert_echoes()


class BuffersExhausted(ErrorCase):
    bufs = 2048
    serve = ("--rcv-buf", "1M", "--snd-buf", "1M")

    def short(self):
        """How often the pool had no buffer, or had to make one of several, since the start."""
        stats = self.stats()
        return (
            stats["mbuf_alloc_failed"] + stats.verdict("tcp_no_mbuf") + stats["rx_no_mbuf"]
            + stats["tcp_coalesced"]
        )

    @staticmethod
    def press(socks, texts, sent):
        """Sends on each what goes now, and counts it; returns whether anything went."""
        before = sum(sent)
        for number, (sock, text) in enumerate(zip(socks, texts)):
            with contextlib.suppress(BlockingIOError, ConnectionResetError):
                while sent[number] < len(text):
                    sent[number] += sock.send(text[sent[number] : sent[number] + 20_000])
        return sum(sent) > before

    @staticmethod
    def read(sock, text):
        """Whether all of it came; not if the connection was reset."""
        sock.settimeout(clients.PATIENCE)
        try:
            clients.receive_exactly(sock, text)
        except ConnectionResetError:  # took nothing for seconds, while others had no buffers
            return False
        finally:
            sock.close()
        return True

    def test_everything_resumes_when_readers_read(self):
        stalled = [clients.connect(self.host, ECHO, rcvbuf=4096) for _ in range(30)]
        texts = [clients.payload(600_000, seed=number) for number in range(len(stalled))]
        sent = [0] * len(stalled)
        for sock in stalled:
            sock.setblocking(False)
        self.assertTrue(
            eventually(lambda: not self.press(stalled, texts, sent) and self.short()),
            "the pool was never short",
        )
        self.assertTrue(self.appliance.is_running())
        with concurrent.futures.ThreadPoolExecutor(len(stalled)) as readers:
            parts = [text[:size] for text, size in zip(texts, sent)]
            complete = sum(readers.map(self.read, stalled, parts))
        evicted = self.appliance.eventually(lambda s: not s.state("established")).reason("evicted")
        self.assertLessEqual(len(stalled) - complete, evicted)
        self.assertGreater(complete, 0)
        self.assert_echoes()
        run("ping", "-n", "-c", "1", "-W", "60", self.host)
