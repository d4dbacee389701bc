# SPDX-License-Identifier: BSD-3-Clause
"""TCP Fast Open, RFC 7413: Linux as client and as server, whose own counters say what it saw."""

import contextlib
import socket
import struct

import clients
from harness import ApplianceCase, eventually, linux
from loader import Echo, LoadCase

ECHO, CHARGEN = 7, 19
MSG_FASTOPEN = 0x20000000
TCP_FASTOPEN = 23
OTHER = "198.18.0.77"
BOTH_ROLES = 3  # net.ipv4.tcp_fastopen


def begin(sock, host, port, text):
    """Connects and sends. What does not block only connects: the time-out is set later."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", clients.PATIENCE, 0))
    sent = sock.sendto(text, MSG_FASTOPEN, (host, port))
    sock.settimeout(clients.PATIENCE)
    sock.sendall(text[sent:])


def ask(host, port, text):
    """A connection that begins with text in its SYN, where Linux knows a cookie."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        begin(sock, host, port, text)
    except BaseException:
        sock.close()
        raise
    return sock


class ServerTests:
    def setUp(self):
        self.appliance.namespace.sysctl("ipv4/tcp_fastopen", BOTH_ROLES)

    def echo(self, text):
        with ask(self.host, ECHO, text) as sock:
            clients.receive_exactly(sock, text)

    def test_a_client_that_has_a_cookie_sends_text_with_its_syn(self):
        self.echo(b"cookie")  # asks for one, unless Linux has it from before
        active, before = linux("TCPFastOpenActive"), self.stats()
        for n in range(20):
            self.echo(f"request {n}".encode())
        after = self.stats()
        self.assertEqual(linux("TCPFastOpenActive") - active, 20)
        self.assertEqual(
            after["tcp_fastopen_passive"] - before["tcp_fastopen_passive"], 20, after.sum["stats"]
        )
        self.assertGreater(after["tcp_fastopen_cookie_reqd"], 0)
        self.assertEqual(after["tcp_fastopen_passive_fail"], 0)
        self.assertEqual(linux("TCPFastOpenActiveFail"), 0)

    def test_what_follows_the_syn_is_echoed_too(self):
        self.echo(b"cookie")
        text = clients.payload(1 << 20, seed=1)
        with ask(self.host, ECHO, text[:3000]) as sock:
            clients.receive_exactly(sock, text[:3000])
            clients.echo(sock, text[3000:])

    def test_another_address_of_the_client_needs_a_cookie_of_its_own(self):
        self.echo(b"cookie")
        before = self.stats()
        self.appliance.namespace.exec(
            "ip", "address", "replace", f"{OTHER}/24", "dev", self.appliance.link
        )
        for text in (b"asks", b"has it"):
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
                sock.bind((OTHER, 0))
                begin(sock, self.host, ECHO, text)
                clients.receive_exactly(sock, text)
        after = self.stats()
        for name in ("tcp_fastopen_cookie_reqd", "tcp_fastopen_passive"):
            self.assertEqual(after[name] - before[name], 1, name)

    def test_ports_that_were_not_named_know_nothing_of_it(self):
        before = self.stats()["tcp_fastopen_cookie_reqd"]
        with ask(self.host, CHARGEN, b"text") as sock:
            self.assertTrue(sock.recv(100))
        self.assertEqual(self.stats()["tcp_fastopen_cookie_reqd"], before)


class Server(ServerTests, ApplianceCase):
    serve = ("--fastopen", ECHO)


class ServerWithTwoWorkers(ServerTests, ApplianceCase):
    """A cookie that one core granted is good on the other."""

    cores = 2
    serve = ("--fastopen", ECHO)


class FastEcho(Echo):
    """Linux as server."""

    def __init__(self):
        super().__init__()
        self.socket.setsockopt(socket.IPPROTO_TCP, TCP_FASTOPEN, 64)


class Client(LoadCase):
    def setUp(self):
        self.namespace.sysctl("ipv4/tcp_fastopen", BOTH_ROLES)

    def crr(self, port, *options):
        return self.load(
            f"{self.peer}:{port}", "--mode", "crr", "--requests", "50", "--connections", "1",
            "--rto-initial", "100ms", "--verify", *options,
        )  # fmt: skip

    def test_the_first_request_goes_with_the_syn(self):
        passive, failed = linux("TCPFastOpenPassive"), linux("TCPFastOpenPassiveFail")
        with FastEcho() as server:
            load = self.crr(server.port, "--fastopen")
            self.assertEqual(server.accepted, 50, load)
        self.assertEqual(load.code, 0, load)
        self.assertEqual(load.count("responses"), 50, load)
        # The first of all asks for the cookie.
        self.assertEqual(linux("TCPFastOpenPassive") - passive, 49, load)
        self.assertEqual(linux("TCPFastOpenPassiveFail"), failed)

    def test_a_server_without_it_is_loaded_all_the_same(self):
        passive = linux("TCPFastOpenPassive")
        with Echo() as server:
            load = self.crr(server.port, "--fastopen")
            self.assertEqual(server.accepted, 50, load)
        self.assertEqual(load.code, 0, load)
        self.assertEqual(load.count("responses"), 50, load)
        self.assertEqual(linux("TCPFastOpenPassive"), passive)

    def test_nobody_asks_for_cookies_unless_told(self):
        asked = linux("TCPFastOpenCookieReqd")
        with FastEcho() as server:
            load = self.crr(server.port)
        self.assertEqual(load.code, 0, load)
        self.assertEqual(linux("TCPFastOpenCookieReqd"), asked)

    def test_requests_that_the_server_does_not_take_are_sent_again(self):
        """The key changes under the load: Linux grants a fresh cookie and takes the SYN alone."""
        passive, failed = linux("TCPFastOpenPassive"), linux("TCPFastOpenPassiveFail")
        with FastEcho() as server, contextlib.ExitStack() as stack:
            load = self.start(
                f"{self.peer}:{server.port}", "--mode", "crr", "--cps", "100", "--duration", "2s",
                "--fastopen", "--verify",
            )  # fmt: skip
            stack.callback(load.kill)
            self.assertTrue(eventually(lambda: linux("TCPFastOpenPassive") > passive, every=0.05))
            self.namespace.sysctl(
                "ipv4/tcp_fastopen_key", "00000001-00000002-00000003-00000004"
            )
            load.wait()
        self.assertIn(load.code, (0, 5), load)
        self.assertGreater(linux("TCPFastOpenPassiveFail"), failed)
        self.assertEqual(load.count("responses"), load.count("requests_sent"), load)
