# SPDX-License-Identifier: BSD-3-Clause
"""Peers that vanish without a word: connections end for the right reason, Wringer lives on."""

import unittest

import clients
from harness import HOST, Appliance, ApplianceCase, require_appliance, run

ECHO = 7
COUNT = 20  # connections

CUT = """
table inet cut {
	chain input {
		type filter hook input priority 0; policy drop;
	}
	chain output {
		type filter hook output priority 0; policy drop;
	}
}
"""


class PeerKilled(ApplianceCase):
    serve = (
        "--r2", "3s", "--rto-min", "100ms", "--rto-max", "1s",
        "--keepalive", "on", "--keepalive-idle", "2s", "--keepalive-interval", "1s",
        "--keepalive-probes", "2",
    )

    def cut(self):
        """From here on nothing reaches the peer's TCP, and it answers nothing."""
        self.appliance.namespace.exec("nft", "-f", "-", input=CUT)
        self.addCleanup(self.appliance.namespace.exec, "nft", "flush ruleset", check=False)

    def heal(self):
        self.appliance.namespace.exec("nft", "flush ruleset")

    def assert_lives(self):
        self.heal()
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, clients.payload(100_000, seed=1))

    def test_text_in_flight_ends_with_rexmit_timeout(self):
        before = self.stats()
        socks = [clients.connect(self.host, ECHO, rcvbuf=4096) for _ in range(COUNT)]
        for sock in socks:
            # More than its own receive buffer: Wringer has text in flight from here on.
            sock.sendall(b"z" * 40_000)
        self.cut()
        stats = self.appliance.eventually(lambda s: not s.state("established"))
        self.assertEqual(stats.state("established"), 0)
        self.assertEqual(stats.reason("rexmit_timeout") - before.reason("rexmit_timeout"), COUNT)
        for sock in socks:
            sock.close()
        self.assert_lives()

    def test_an_idle_connection_ends_with_keepalive_timeout(self):
        before = self.stats()
        socks = [clients.connect(self.host, ECHO) for _ in range(COUNT)]
        for sock in socks:
            clients.echo(sock, b"still here", half_close=False)
        self.cut()
        stats = self.appliance.eventually(lambda s: not s.state("established"))
        self.assertEqual(
            stats.reason("keepalive_timeout") - before.reason("keepalive_timeout"), COUNT
        )
        for sock in socks:
            sock.close()
        self.assert_lives()

    def test_an_idle_peer_that_answers_probes_stays(self):
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, b"hello", half_close=False)
            before = self.stats()
            probes = before.cause("tcp_keepalive") + 3  # as many as end it, and one
            stats = self.appliance.eventually(lambda s: s.cause("tcp_keepalive") >= probes)
            self.assertGreaterEqual(stats.cause("tcp_keepalive"), probes)
            clients.echo(sock, b"hello again", half_close=False)
            self.assertEqual(
                self.stats().reason("keepalive_timeout"), before.reason("keepalive_timeout")
            )


class LinkDown(ApplianceCase):
    def test_an_interface_that_goes_down_and_up_keeps_its_connections(self):
        link = ("ip", "-n", self.appliance.name, "link", "set", self.appliance.link)
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, b"before", half_close=False)
            run(*link, "down")
            self.stats()  # it lives without
            run(*link, "up")
            clients.echo(sock, b"after", half_close=False)


class NamespaceRemoved(unittest.TestCase):
    """The tap dies with its namespace: the process must end in order all the same."""

    def test_the_process_stays_healthy_and_ends_with_zero(self):
        require_appliance()
        appliance = Appliance("--r2", "3s", "--rto-max", "1s")
        try:
            appliance.start()
            appliance.namespace.enter()
            socks = [clients.connect(HOST, ECHO) for _ in range(COUNT)]
            for sock in socks:
                clients.echo(sock, b"hello", half_close=False)
            appliance.namespace.leave()
            run("ip", "-n", appliance.name, "link", "del", appliance.link)
            for sock in socks:
                sock.close()
            appliance.namespace.remove()
            polls = appliance.fresh_stats()["polls"]
            stats = appliance.eventually(lambda s: s["polls"] > polls)
            self.assertGreater(stats["polls"], polls, appliance.log())
            self.assertEqual(appliance.stop(), 0, appliance.log())
            self.assertEqual(appliance.final.unbalanced(), {})
        finally:
            appliance.remove()
