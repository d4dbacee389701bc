# SPDX-License-Identifier: BSD-3-Clause
"""Attacks by raw frames on the tap, beside a kernel client that goes on all the while.

docs/attacks.md says what is tried where: here are the classes that a driver, a kernel and a
neighbour's ARP take part in. The client's transfer must complete, byte for byte; how long it
takes decides nothing.
"""

import contextlib
import threading
import time

import clients
from harness import eventually, run
from wirecase import WireCase

with contextlib.suppress(ImportError):  # without scapy nothing here runs
    from wirehost import ARP, BROADCAST, ICMP, IP, TCP, UDP

ECHO, DISCARD, CHARGEN, CLOSED = 7, 9, 19, 4444
PIECE = 20_000
RESETS = 100  # a second
DEFEND_SECONDS = 10  # between two announcements, RFC 5227


class Neighbour(threading.Thread):
    """Echoes on one connection, and opens new ones, until it is told to stop."""

    def __init__(self, host):
        super().__init__()
        self.host, self.stopping = host, threading.Event()
        self.pieces, self.opened, self.error = 0, 0, None

    def run(self):
        try:
            with clients.connect(self.host, ECHO) as sock:
                while not self.stopping.is_set() or not self.pieces:
                    data = clients.payload(PIECE, seed=self.pieces)
                    clients.echo(sock, data, half_close=False)
                    self.pieces += 1
                    with clients.connect(self.host, ECHO) as other:
                        clients.echo(other, data[:500])
                    self.opened += 1
        except (OSError, AssertionError) as error:
            self.error = error

    def end(self):
        self.stopping.set()
        self.join()


class Attacks(WireCase):
    serve = ("--idle-timeout", "2min", "--resets", RESETS)

    def setUp(self):
        super().setUp()
        self.at_rest = self.appliance.fresh_stats()["mbuf_in_use"] + 64
        self.neighbour = Neighbour(self.host)
        self.neighbour.start()
        self.addCleanup(self.neighbour.end)
        self.before = self.stats()
        self.opened = self.neighbour.opened

    def judge(self):
        """The attack is over: the neighbour got on, and everything is given back."""
        eventually(lambda: self.neighbour.opened > self.opened or self.neighbour.error)
        self.assertGreater(self.neighbour.opened, self.opened)
        self.neighbour.end()
        self.assertIsNone(self.neighbour.error)
        stats = self.appliance.eventually(
            lambda s: s["mbuf_in_use"] <= self.at_rest
            and not any(s.state(n) for n in ("established", "syn_received", "close_wait",
                                             "last_ack", "fin_wait_1", "closing")),
        )
        left = {n: v for n, v in stats.states().items() if v and n not in ("listen", "time_wait")}
        self.assertEqual(left, {})
        self.assertEqual(stats.unbalanced(), {})
        self.assertEqual(stats["tcp_ooo_segments"], 0)
        self.assertLessEqual(stats["mbuf_in_use"], self.at_rest)

    def tcp(self, **fields):
        usual = {"sport": self.wire.port(), "dport": ECHO, "seq": 1}
        return self.wire.ip4() / TCP(**{**usual, **fields})

    def shake_hands(self, options=()):
        """A connection of our own: (its port, the number we are at, the appliance's)."""
        port = self.wire.port()
        self.wire.forget()
        self.wire.send(self.tcp(sport=port, flags="S", seq=100, window=8000, options=list(options)))
        answer = self.wire.receive(lambda f: TCP in f and f[TCP].dport == port)
        self.assertIsNotNone(answer, "no SYN-ACK")
        self.assertEqual(answer[TCP].flags, "SA")
        self.wire.send(self.tcp(sport=port, flags="A", seq=101, ack=answer[TCP].seq + 1))
        return port, 101, answer[TCP].seq + 1

    def reset(self, port, seq):
        self.wire.send(self.tcp(sport=port, flags="R", seq=seq))

    def expect_alive(self, port, seq, ack):
        """The connection still echoes what comes in order; it is reset then."""
        self.wire.forget()
        self.wire.send(self.tcp(sport=port, flags="PA", seq=seq, ack=ack) / b"still there?")
        echo = self.wire.receive(
            lambda f: TCP in f and f[TCP].dport == port and bytes(f[TCP].payload)[:5] == b"still"
        )
        self.assertIsNotNone(echo)
        self.reset(port, seq + 12)

    def test_every_flag_combination_at_a_live_connection(self):
        port, seq, ack = self.shake_hands()
        for flags in range(256):
            if flags & 0x04:  # a reset in place ends it, as it should
                continue
            for far in (-5000, 3000, 70000):
                number = (seq + far) % (1 << 32)
                self.wire.send(self.tcp(sport=port, flags=flags, seq=number, ack=ack) / b"junk")
        self.expect_alive(port, seq, ack)
        self.judge()

    def test_land_and_its_relatives(self):
        for source in (self.host, "127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255"):
            for port in (ECHO, CLOSED):
                ip = self.wire.eth() / IP(src=source, dst=self.host)
                self.wire.send(ip / TCP(sport=port, dport=port, flags="S", seq=1))
                self.wire.send(ip / UDP(sport=port, dport=port) / b"round and round")
                self.wire.send(ip / ICMP(type=8) / b"and round")
        self.wire.settle()
        stats = self.stats()
        bad = stats.verdict("ip_bad_source") - self.before.verdict("ip_bad_source")
        self.assertEqual(bad, 5 * 2 * 3)
        self.judge()

    def test_guesses_at_a_live_connection(self):
        port, seq, ack = self.shake_hands()
        for _ in range(600):
            guess = self.wire.rng.randrange(1 << 32)
            if (guess - seq) % (1 << 32) < 1 << 17:
                continue
            for flags in ("R", "S", "FA", "PA"):
                self.wire.send(self.tcp(sport=port, flags=flags, seq=guess, ack=guess) / b"junk")
        self.expect_alive(port, seq, ack)
        self.judge()

    def test_floods_to_closed_ports(self):
        frames = [
            bytes(self.tcp(dport=CLOSED, flags=flags, seq=number, ack=number))
            for number in range(1000)
            for flags in ("A", "R", "SA")
        ]
        began = time.monotonic()
        for frame in frames:
            self.wire.send(frame)
        self.wire.settle()
        took = time.monotonic() - began
        stats = self.stats()
        closed = stats.cause("tcp_rst_closed") - self.before.cause("tcp_rst_closed")
        limited = stats["tcp_rst_limited"] - self.before["tcp_rst_limited"]
        self.assertEqual(closed + limited, 2000)  # a reset is not answered
        self.assertLessEqual(closed, RESETS * (took + 2))
        self.judge()

    def test_thousands_of_short_connections(self):
        for number in range(1500):
            port, seq = 2000 + number, 1000
            self.wire.send(self.tcp(sport=port, flags="S", seq=seq, window=100))
            self.wire.send(self.tcp(sport=port, flags="R", seq=seq + 1))
        self.judge()

    def test_forged_icmp_errors_disturb_nobody(self):
        port, seq, ack = self.shake_hands()
        for number in (0, ack - 1, ack - 5000, ack + 5000, ack + (1 << 31)):
            ours = IP(src=self.host, dst=self.wire.ip) / TCP(
                sport=ECHO, dport=port, seq=number % (1 << 32)
            )
            for kind, code, mtu in ((3, 0, 0), (3, 1, 0), (3, 2, 0), (3, 3, 0), (3, 4, 68),
                                    (3, 4, 0), (3, 13, 0), (4, 0, 0), (11, 0, 0), (12, 0, 0)):
                icmp = ICMP(type=kind, code=code)
                if mtu or code == 4:
                    icmp.nexthopmtu = mtu
                for quoted in (28, 24, 20, 8, 0):
                    self.wire.send(self.wire.ip4() / icmp / bytes(ours)[:quoted])
        self.expect_alive(port, seq, ack)
        self.judge()

    def test_runts_and_giants_are_survived(self):
        port = self.wire.port()
        whole = bytes(self.tcp(sport=port, flags="S") / b"some text")
        for size in range(14, len(whole)):
            self.wire.send(whole[:size])
            self.wire.send(whole[:size] + bytes(max(0, 60 - size)))
        for size in range(1, 1514 - len(whole), 13):
            self.wire.send(whole + b"\xee" * size)  # padding, and more than padding
        self.reset(port, 2)
        self.judge()

    def test_forged_arp_moves_nobody(self):
        """Replies and announcements that give the kernel's address to us, and theirs to us."""
        kernel = "198.18.0.2"
        began = time.monotonic()
        for _ in range(500):
            for claimed in (kernel, self.host):
                arp = ARP(op=2, hwsrc=self.wire.mac, psrc=claimed, pdst=self.host)
                self.wire.send(self.wire.eth() / arp)
                arp = ARP(op=1, hwsrc=self.wire.mac, psrc=claimed, pdst=claimed)
                self.wire.send(self.wire.eth(dst=BROADCAST) / arp)
        self.wire.settle()
        took = time.monotonic() - began
        stats = self.stats()
        conflicts = stats.verdict("arp_conflict") - self.before.verdict("arp_conflict")
        self.assertEqual(conflicts, 1000)
        announced = stats.cause("arp_announce") - self.before.cause("arp_announce")
        self.assertLessEqual(announced, 2 + took / DEFEND_SECONDS)
        run("ping", "-n", "-c", "1", "-W", "60", self.host)
        self.judge()

    def test_no_answer_is_longer_than_the_question(self):
        for service in (ECHO, DISCARD, CHARGEN):
            for size in (0, 1, 17, 100, 1000, 1472):
                port = self.wire.port()
                self.wire.forget()
                ask = self.wire.ip4() / UDP(sport=port, dport=service) / bytes(size)
                self.wire.send(ask)
                answers = [
                    f for f in self.wire.settle() if UDP in f and f[UDP].dport == port
                ]
                self.assertEqual(len(answers), service != DISCARD)
                for answer in answers:
                    self.assertLessEqual(answer[IP].len, len(bytes(ask[IP])))
        self.judge()
