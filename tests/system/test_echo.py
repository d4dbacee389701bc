# SPDX-License-Identifier: BSD-3-Clause
"""Echo, discard and chargen against Linux's own TCP and UDP."""

import socket

import clients
from harness import ApplianceCase

ECHO, DISCARD, CHARGEN = 7, 9, 19
# RFC 864: the 95 printable characters in a ring, 72 of them a line, each line one further.
RING = bytes(range(32, 127))


def chargen_line(number):
    return bytes(RING[(number + i) % len(RING)] for i in range(72)) + b"\r\n"


class EchoTests:
    """What must hold with any number of workers and any kind of memory."""

    def test_one_byte_comes_back(self):
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, b"!")

    def test_every_size_around_a_segment_comes_back(self):
        edges = (535, 536, 1447, 1448, 1449, 1460, 1461, 2896)
        for size in (1, 2, 63, 64, *edges, 4097, 65535, 65537):
            with self.subTest(size=size), clients.connect(self.host, ECHO) as sock:
                clients.echo(sock, clients.payload(size, seed=size))

    def test_16_mib_come_back_byte_for_byte(self):
        with clients.connect(self.host, ECHO, timeout=3 * clients.PATIENCE) as sock:
            clients.echo(sock, clients.payload(16 << 20, seed=1))

    def test_echo_goes_on_after_the_client_has_half_closed(self):
        data = clients.payload(1 << 20, seed=2)
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, data, half_close=True)

    def test_ping_pong_of_small_messages(self):
        with clients.connect(self.host, ECHO) as sock:
            for number in range(300):
                clients.echo(sock, clients.payload(64, seed=number), half_close=False)

    def test_1000_connections_at_once(self):
        errors = clients.many(self.host, ECHO, 1000)
        self.assertEqual(errors, [])

    def test_2000_connections_one_after_the_other(self):
        for _ in range(2000):
            with clients.connect(self.host, ECHO) as sock:
                sock.send(b"x")
                self.assertEqual(sock.recv(1), b"x")

    def test_an_aborted_connection_leaves_nothing_open(self):
        before = self.stats().reason("reset_by_peer")
        for _ in range(50):
            with clients.connect(self.host, ECHO) as sock:
                sock.send(b"y" * 5000)
                # Linger of zero: close() sends a reset.
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        stats = self.appliance.eventually(
            lambda s: s.reason("reset_by_peer") >= before + 50 and not s.state("established")
        )
        self.assertEqual(stats.state("established"), 0)
        self.assertGreaterEqual(stats.reason("reset_by_peer"), before + 50)

    def test_udp_datagrams_of_all_sizes_come_back(self):
        sizes = [1, 2, 17, 64, 512, 1471, 1472, 1473, 1480, 2952, 2953, 8192, 65507]
        with clients.udp_socket(self.host, ECHO) as sock:
            self.assertEqual(clients.udp_echo(sock, sizes), len(sizes))

    def test_an_empty_udp_datagram_comes_back(self):
        with clients.udp_socket(self.host, ECHO) as sock:
            sock.send(b"")
            self.assertEqual(sock.recv(100), b"")

    def test_discard_takes_all_and_says_nothing(self):
        with clients.connect(self.host, DISCARD) as sock:
            sock.sendall(clients.payload(4 << 20, seed=3))
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(sock.recv(1), b"")
        with clients.udp_socket(self.host, DISCARD, timeout=0.3) as sock:
            sock.send(b"nobody answers")
            with self.assertRaises(socket.timeout):
                sock.recv(100)

    def test_chargen_over_tcp_is_the_pattern_of_rfc_864(self):
        expected = b"".join(chargen_line(n) for n in range(2000))
        with clients.connect(self.host, CHARGEN) as sock:
            clients.receive_exactly(sock, expected)

    def test_chargen_over_udp_answers_each_datagram(self):
        with clients.udp_socket(self.host, CHARGEN) as sock:
            for _ in range(20):
                sock.send(b"?" * 600)
                answer = sock.recv(2000)
                self.assertLessEqual(len(answer), 512)
                self.assertTrue(set(answer) <= set(RING + b"\r\n"))


class EchoWithOneWorker(EchoTests, ApplianceCase):
    cores = 1


class EchoWithTwoWorkers(EchoTests, ApplianceCase):
    """net_tap gives a flow to any queue: frames must find their owner."""

    cores = 2

    @classmethod
    def final_problems(cls, final):
        problems = super().final_problems(final)
        if not final.verdict("core_handed_over"):
            problems.append("no frame was ever handed to its owner: two workers were not tested")
        return problems


class EchoOnHugepages(EchoTests, ApplianceCase):
    cores = 2
    huge = True
