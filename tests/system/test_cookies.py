# SPDX-License-Identifier: BSD-3-Clause
"""SYN cookies with Linux as the peer: every connection of these classes opens by one."""

import re
import socket

import clients
from harness import ApplianceCase, run

ECHO, CHARGEN = 7, 19


class CookieTests:
    serve = ("--syn-cookies", "always")
    sysctls = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for key, value in cls.sysctls.items():
            cls.appliance.namespace.sysctl(f"ipv4/{key}", value)

    def tearDown(self):
        stats = self.stats()
        self.assertEqual(stats.verdict("tcp_syn_received"), 0)
        self.assertGreater(stats["tcp_cookies_accepted"], 0)
        self.assertEqual(stats["tcp_cookies_accepted"], stats["tcp_passive_opens"])
        self.assertEqual(stats["tcp_cookies_refused"], 0)

    def linux_sees(self, sock):
        """What ss -io shows of the connection."""
        port = sock.getsockname()[1]
        return run("ss", "-tinoH", "sport", "=", f":{port}").stdout

    def test_4_mib_come_back_byte_for_byte(self):
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, clients.payload(4 << 20, seed=1))

    def test_200_connections_at_once(self):
        self.assertEqual(clients.many(self.host, ECHO, 200), [])

    def test_a_service_that_speaks_first_is_heard(self):
        with clients.connect(self.host, CHARGEN) as sock:
            self.assertEqual(len(sock.recv(74, socket.MSG_WAITALL)), 74)

    def test_linux_agrees_on_what_the_cookie_kept(self):
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, clients.payload(100_000, seed=2), half_close=False)
            seen = self.linux_sees(sock)
            for word, there in self.agreed.items():
                self.assertEqual(bool(re.search(rf"\b{word}\b", seen)), there, (word, seen))


class Cookies(CookieTests, ApplianceCase):
    """As Linux comes: timestamps keep the rest."""

    agreed = {"ts": True, "sack": True, r"wscale:\d+,\d+": True}


class CookiesWithoutTimestamps(CookieTests, ApplianceCase):
    """Only the MSS is kept: no SACK, no window scale."""

    sysctls = {"tcp_timestamps": 0}
    agreed = {"ts": False, "sack": False, r"wscale:\d+,\d+": False}


class CookiesWithEcn(CookieTests, ApplianceCase):
    sysctls = {"tcp_ecn": 1}
    agreed = {"ts": True, "sack": True, "ecn": True}
