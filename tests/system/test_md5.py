# SPDX-License-Identifier: BSD-3-Clause
"""Signed segments, RFC 2385, against Linux's TCP_MD5SIG."""

import socket
import struct

import clients
from harness import ApplianceCase
from loader import Echo, LoadCase

ECHO, DISCARD, CHARGEN, NOBODY = 7, 9, 19, 21
TCP_MD5SIG = 14
KEY = b"a secret of two ends"


def sign(sock, peer, key):
    """Linux signs, and checks, what it exchanges with that peer; struct tcp_md5sig."""
    address = struct.pack("=HH4s120x", socket.AF_INET, 0, socket.inet_aton(peer))
    sock.setsockopt(
        socket.IPPROTO_TCP, TCP_MD5SIG, address + struct.pack("=BBHI80s", 0, 0, len(key), 0, key)
    )


def connect(host, port, key, timeout=clients.PATIENCE):
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.settimeout(timeout)
    try:
        if key:
            sign(sock, host, key)
        sock.connect((host, port))
    except BaseException:
        sock.close()
        raise
    return sock


class Server(ApplianceCase):
    """Two ports ask all for a signature, one only peers of another network."""

    serve = (
        "--md5", f"{ECHO}={KEY.decode()}",
        "--md5", f"{NOBODY}={KEY.decode()}",
        "--md5", f"{DISCARD}@198.19.0.0/16=other",
    )  # fmt: skip

    def refused(self, port, key, verdict):
        before = self.stats().verdict(verdict)
        with self.assertRaises(TimeoutError):
            connect(self.host, port, key, timeout=1.5).close()
        after = self.appliance.eventually(lambda stats: stats.verdict(verdict) > before)
        self.assertGreater(after.verdict(verdict), before)

    def test_a_mebibyte_is_echoed_under_the_right_key(self):
        text = clients.payload(1 << 20, seed=1)
        with connect(self.host, ECHO, KEY) as sock:
            clients.echo(sock, text)
        stats = self.stats()
        for verdict in ("tcp_md5_failure", "tcp_md5_unexpected"):
            self.assertEqual(stats.verdict(verdict), 0)

    def test_small_messages_go_back_and_forth(self):
        with connect(self.host, ECHO, KEY) as sock:
            for n in range(200):
                message = clients.payload(1 + 7 * n, seed=n)
                sock.sendall(message)
                clients.receive_exactly(sock, message)

    def test_a_port_without_a_service_refuses_with_a_signed_reset(self):
        """Linux would not believe another."""
        with self.assertRaises(ConnectionRefusedError):
            connect(self.host, NOBODY, KEY)

    def test_a_wrong_key_is_not_answered(self):
        self.refused(ECHO, b"another key", "tcp_md5_failure")

    def test_who_does_not_sign_is_not_answered(self):
        self.refused(ECHO, None, "tcp_md5_not_found")

    def test_who_signs_without_need_is_not_answered(self):
        self.refused(CHARGEN, KEY, "tcp_md5_unexpected")

    def test_other_ports_and_peers_need_no_signature(self):
        with connect(self.host, CHARGEN, None) as sock:
            self.assertTrue(sock.recv(100))
        with connect(self.host, DISCARD, None) as sock:
            sock.sendall(b"nothing")


class SignedEcho(Echo):
    """Linux as server."""

    def __init__(self, peer):
        super().__init__()
        sign(self.socket, peer, KEY)


class Client(LoadCase):
    def test_a_load_signs_too(self):
        with SignedEcho("198.18.0.1") as server:
            load = self.load(
                f"{self.peer}:{server.port}", "--requests", "200", "--connections", "3",
                "--request", "32-4000", "--protocol", "echo", "--verify",
                "--md5", f"{server.port}={KEY.decode()}",
            )  # fmt: skip
        self.assertEqual(load.code, 0, load)
        self.assertEqual(load.count("responses"), 200, load)
        self.assertNotIn(KEY.decode(), load.out)

    def test_a_load_with_a_wrong_key_finds_nobody(self):
        with SignedEcho("198.18.0.1") as server:
            load = self.load(
                f"{self.peer}:{server.port}", "--requests", "1", "--connect-timeout", "1s",
                "--duration", "2s", "--md5", f"{server.port}=wrong",
            )  # fmt: skip
            self.assertEqual(server.accepted, 0, load)
        self.assertNotEqual(load.code, 0, load)
