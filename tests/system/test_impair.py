# SPDX-License-Identifier: BSD-3-Clause
"""--impair: what was asked for happens to the frames, everything is counted, TCP repairs it."""

import random
import re
import socket
import time
import unittest

import clients
from harness import (
    HOST, Appliance, ApplianceCase, eventually, require_appliance, require_tools, run,
)  # fmt: skip

ECHO = 7
ECHO_REPLY = 0  # of ICMP
SILENCE = 3.0  # seconds after which nothing more comes, once all was received
SO_RCVBUFFORCE = 33
KINDS = ("lost", "queue_full", "overflow", "waiting")


def missing(stats, side):
    """Frames that went into the impairment and have not come out of it, less copies."""
    gone = sum(stats[f"impair_{side}_{kind}"] for kind in KINDS)
    return gone - stats[f"impair_{side}_duplicated"]


def room_for_everything(sock):
    """The kernel drops what a socket's buffer cannot take."""
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)


def echo_request(number):
    head = bytes((8, 0, 0, 0, 0x5A, 0x5A)) + number.to_bytes(2, "big")
    total = sum(int.from_bytes(head[i : i + 2], "big") for i in range(0, len(head), 2))
    total = (total & 0xFFFF) + (total >> 16)
    return head[:2] + (~total & 0xFFFF).to_bytes(2, "big") + head[4:]


class ImpairCase(ApplianceCase):
    @classmethod
    def setUpClass(cls):
        require_tools("ping")
        super().setUpClass()

    @classmethod
    def final_problems(cls, final):
        """Beside the books: the NIC's numbers and ours differ by what the impairment did."""
        problems = super().final_problems(final)
        nic = final.document["ports"][0]["counters"]
        received = final["rx_frames"] + missing(final, "rx")
        sent = final["tx_frames"] - missing(final, "tx") - final["impair_tx_refused"]
        if nic["packets_in"] != received:
            problems.append(f"the NIC received {nic['packets_in']} frames, we know of {received}")
        if nic["packets_out"] != sent:
            problems.append(f"the NIC sent {nic['packets_out']} frames, we know of {sent}")
        return problems

    def make_acquaintance(self):
        """Both sides know each other's address for good: from now on no ARP is needed."""
        ip = ("ip", "-n", self.appliance.name)
        link = self.appliance.link
        self.assertTrue(eventually(self.is_reachable), "no ping was ever answered")
        shown = run(*ip, "neigh", "show", self.host, "dev", link).stdout
        mac = re.search(r"lladdr (\S+)", shown)[1]
        run(*ip, "neigh", "replace", self.host, "lladdr", mac, "dev", link, "nud", "permanent")

    def is_reachable(self):
        return run("ping", "-n", "-c", "1", "-W", "1", self.host, check=False).returncode == 0

    def ping(self, count, tos=0, answers=None):
        """Sends so many echo requests; returns the seconds that each answered one took.

        Unlike ping itself, it waits for late answers: a busy machine is no network fault. answers()
        says how many will come, if not all do.
        """
        took, sent = {}, {}
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
            room_for_everything(sock)
            sock.connect((self.host, 0))
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
            for number in range(count):
                sent[number] = time.monotonic()
                sock.send(echo_request(number))
                time.sleep(0.002)
                self.collect(sock, took, sent, 0)
            expected = answers() if answers else count
            while len(took) < expected and self.collect(sock, took, sent, clients.PATIENCE):
                pass
            self.collect(sock, took, sent, 0)  # one too many
        return list(took.values())

    @staticmethod
    def collect(sock, took, sent, seconds):
        """Takes an answer that comes within so many seconds; returns whether one came."""
        sock.settimeout(seconds)
        try:
            packet = sock.recv(2000)
        except (socket.timeout, BlockingIOError):
            return False
        kind, number = packet[20], int.from_bytes(packet[26:28], "big")
        if kind == ECHO_REPLY:
            took.setdefault(number, time.monotonic() - sent[number])
        return True


class Delay(ImpairCase):
    serve = ("--impair", "delay=20ms±5ms")

    def test_a_ping_takes_at_least_both_delays(self):
        self.make_acquaintance()
        took = self.ping(100)
        self.assertEqual(len(took), 100)
        self.assertGreaterEqual(min(took), 2 * 0.015)

    def test_the_frames_stay_in_order(self):
        with clients.udp_socket(self.host, ECHO) as sock:
            room_for_everything(sock)
            for number in range(500):
                sock.send(b"%d" % number)
            got = [int(sock.recv(100)) for _ in range(500)]
        self.assertEqual(got, sorted(got))


class Loss(ImpairCase):
    serve = ("--impair-rx", "loss=20%", "--seed", "11")

    def test_the_pings_that_are_missing_are_the_frames_counted_as_lost(self):
        self.make_acquaintance()
        before = self.stats()

        def lost(stats):
            return stats["impair_rx_lost"] - before["impair_rx_lost"]

        def passed():
            after = self.appliance.eventually(
                lambda stats: stats["impair_rx_in"] - before["impair_rx_in"] >= 400
            )
            return 400 - lost(after)

        answered = len(self.ping(400, answers=passed))
        after = self.stats()
        self.assertEqual(after["impair_rx_in"] - before["impair_rx_in"], 400)
        self.assertEqual(lost(after), 400 - answered)
        self.assertGreater(400 - answered, 40)
        self.assertEqual(after["impair_tx_in"], 0, "only one direction was asked for")


class Everything(ImpairCase):
    cores = 2
    serve = (
        "--impair",
        "loss=1%,burst=0.1%/25%,duplicate=1%,corrupt=1%,reorder=2%/2ms,delay=1ms±500us,ecn=5%",
        "--rto-min", "50ms",
    )

    def test_a_mebibyte_comes_back_byte_for_byte(self):
        data = clients.payload(1 << 20, seed=3)
        for _ in range(3):
            with clients.connect(self.host, ECHO) as sock:
                clients.echo(sock, data)
        stats = self.stats()
        for side in ("rx", "tx"):
            for kind in ("lost", "duplicated", "corrupted", "reordered"):
                self.assertGreater(stats[f"impair_{side}_{kind}"], 0, f"{side} {kind}")
        self.assertTrue(stats.retransmissions(), "nothing was sent again")
        noticed = sum(n for name, n in stats.sum["verdicts"].items() if "checksum" in name)
        self.assertGreater(noticed, 0, "no damage was noticed")

    def test_many_connections_all_succeed(self):
        errors = clients.many(self.host, ECHO, 50, rounds=2, largest=8000)
        self.assertEqual(errors, [])

    def test_a_datagram_is_lost_or_repeated_but_never_different(self):
        rng = random.Random(5)
        sent = [rng.randbytes(rng.randint(8, 1400)) for _ in range(400)]
        got = []
        before = self.stats()["impair_rx_in"]
        with clients.udp_socket(self.host, ECHO, timeout=SILENCE) as sock:
            room_for_everything(sock)
            for data in sent:
                sock.send(data)
                time.sleep(0.001)
            self.appliance.eventually(lambda stats: stats["impair_rx_in"] >= before + len(sent))
            try:
                while True:
                    got.append(sock.recv(2000))
            except socket.timeout:
                pass
        self.assertLessEqual(set(got), set(sent))
        self.assertGreater(len(set(got)), 300)


class Line(ImpairCase):
    serve = ("--impair-tx", "rate=8M,queue=64K")

    def test_bytes_leave_no_faster_than_the_line(self):
        data = clients.payload(1 << 20, seed=4)
        started = time.monotonic()
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, data)
        self.assertGreaterEqual(time.monotonic() - started, (1 << 20) * 8 / 8e6)

    def test_more_than_the_queue_is_dropped_at_its_tail(self):
        self.make_acquaintance()
        with clients.udp_socket(self.host, ECHO) as sock:

            def is_full(stats):
                for _ in range(300):
                    sock.send(bytes(1400))
                return stats["impair_tx_queue_full"] > 0

            stats = self.appliance.eventually(is_full)
        self.assertGreater(stats["impair_tx_queue_full"], 0)
        self.assertEqual(stats["impair_tx_overflow"], 0)


class Marks(ImpairCase):
    serve = ("--impair-rx", "ecn=100%")

    def test_ecn_capable_packets_are_marked_and_no_others(self):
        self.make_acquaintance()
        marked = [self.stats()["impair_rx_marked"]]
        for tos in range(4):
            self.assertEqual(len(self.ping(50, tos)), 50)
            marked.append(self.stats()["impair_rx_marked"])
        self.assertEqual([b - a for a, b in zip(marked, marked[1:])], [0, 50, 50, 0])


class UnderWay(unittest.TestCase):
    def test_frames_under_way_at_the_end_are_counted_and_freed(self):
        require_appliance()
        appliance = Appliance("--impair-rx", "delay=60s")
        self.addCleanup(appliance.remove)
        appliance.start()
        ip = ("ip", "-n", appliance.name)
        neighbour = (HOST, "lladdr", "02:00:00:00:00:01", "nud", "permanent")
        run(*ip, "neigh", "replace", *neighbour, "dev", appliance.link)
        appliance.namespace.exec("ping", "-n", "-q", "-c", "20", "-i", "0.005", "-W", "0.1",
                                 HOST, check=False)
        stats = appliance.eventually(lambda stats: stats["impair_rx_waiting"] >= 20)
        self.assertGreaterEqual(stats["impair_rx_waiting"], 20)
        self.assertEqual(appliance.stop(), 0, appliance.log())
        self.assertEqual(appliance.final.unbalanced(), {})
        self.assertEqual(appliance.final["mbuf_in_use"], 0)
        self.assertGreaterEqual(appliance.final["impair_rx_waiting"], 20)
