# SPDX-License-Identifier: BSD-3-Clause
"""AccECN, RFC 9768: each end learns how many packets the path marked.

The marks are made by --impair and counted there; Linux, where it has AccECN, counts those that
came, InCEPkts, and those that it was told of, TCPDeliveredCE.
"""

import functools

import clients
from harness import ApplianceCase, linux, require, run
from loader import Echo, LoadCase
from pair import PairCase

ECHO = 7
ASKS, TAKES, ASKS_CLASSIC = 3, 5, 1  # net.ipv4.tcp_ecn
MANY = 2 << 20


def engine(load, name):
    """A counter of the engine under a load."""
    return load["end"]["engine"].get(name, 0)


@functools.cache
def kernel_asks():
    """Since when tcp_ecn_option was there some versions passed before tcp_ecn might be 3."""
    ask = f"echo {ASKS} >/proc/sys/net/ipv4/tcp_ecn"
    return run("unshare", "--net", "sh", "-c", ask, check=False).returncode == 0


def require_accecn():
    require(kernel_asks(), "this kernel has no AccECN: its tcp_ecn cannot be 3")


class ServerTests:
    linux_ecn = ASKS

    @classmethod
    def setUpClass(cls):
        if cls.linux_ecn == ASKS:
            require_accecn()
        super().setUpClass()
        cls.appliance.namespace.sysctl("ipv4/tcp_ecn", cls.linux_ecn)

    def echo(self, size, **kwargs):
        """What it changed: of ours, and of Linux."""
        before, came, told = self.stats(), linux("InCEPkts"), linux("TCPDeliveredCE")
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, clients.payload(size, seed=1), **kwargs)
        after = self.stats()
        self.more = lambda name: after[name] - before[name]
        return linux("InCEPkts") - came, linux("TCPDeliveredCE") - told


class Server(ServerTests, ApplianceCase):
    serve = ("--ecn", "accecn-passive", "--impair", "ecn=5%")

    def test_each_learns_how_many_packets_were_marked(self):
        came, told = self.echo(MANY)
        self.assertEqual(self.more("tcp_accecn_connections"), 1)
        self.assertEqual(self.more("tcp_accecn_mangled"), 0)
        self.assertGreater(self.more("impair_tx_marked"), 20)
        self.assertEqual(self.more("impair_tx_marked"), came)
        self.assertEqual(self.more("tcp_accecn_marks_told"), came)
        self.assertGreater(self.more("tcp_ecn_marks_in"), 20)
        self.assertEqual(self.more("tcp_ecn_marks_in"), told)

    def test_the_marks_of_many_connections_add_up(self):
        before, came = self.stats(), linux("InCEPkts")
        self.assertEqual(clients.many(self.host, ECHO, 100), [])
        after = self.stats()
        self.assertEqual(
            after["tcp_accecn_connections"] - before["tcp_accecn_connections"], 100
        )
        self.assertEqual(
            after["tcp_accecn_marks_told"] - before["tcp_accecn_marks_told"],
            linux("InCEPkts") - came,
        )


class ServerAllMarked(ServerTests, ApplianceCase):
    """Each packet of text: three bits go round all the time."""

    serve = ("--ecn", "accecn-passive", "--impair", "ecn=100%")

    def test_each_learns_how_many_packets_were_marked(self):
        came, told = self.echo(MANY // 4)
        self.assertGreater(came, 100)
        self.assertEqual(self.more("tcp_accecn_marks_told"), came)
        self.assertEqual(self.more("tcp_ecn_marks_in"), told)


class ServerWithCookies(ServerTests, ApplianceCase):
    """Nothing is kept of the SYN: the client's ACK tells."""

    serve = ("--ecn", "accecn-passive", "--impair", "ecn=5%", "--syn-cookies", "always")

    def test_each_learns_how_many_packets_were_marked(self):
        came, told = self.echo(MANY)
        self.assertEqual(self.more("tcp_accecn_connections"), 1)
        self.assertGreater(came, 20)
        self.assertEqual(self.more("tcp_accecn_marks_told"), came)
        self.assertEqual(self.more("tcp_ecn_marks_in"), told)


class ServerOfAll(ServerTests, ApplianceCase):
    """It takes AccECN, and a client that asks for RFC 3168 gets that."""

    linux_ecn = ASKS_CLASSIC
    serve = ("--ecn", "accecn", "--impair", "ecn=5%")

    def test_a_client_of_rfc_3168_gets_what_it_asks_for(self):
        self.echo(MANY)
        self.assertEqual(self.more("tcp_ecn_connections"), 1)
        self.assertEqual(self.more("tcp_accecn_connections"), 0)
        self.assertGreater(self.more("tcp_ecn_reductions"), 0)


class Client(LoadCase):
    def load_with(self, linux_ecn):
        self.namespace.sysctl("ipv4/tcp_ecn", linux_ecn)
        came, told = linux("InCEPkts"), linux("TCPDeliveredCE")
        with Echo() as server:
            load = self.load(
                f"{self.peer}:{server.port}", "--mode", "rr", "--requests", "300",
                "--connections", "3", "--request", "20k", "--verify",
                "--ecn", "accecn", "--impair", "ecn=5%",
            )  # fmt: skip
        self.assertEqual(load.code, 0, load)
        return load, linux("InCEPkts") - came, linux("TCPDeliveredCE") - told

    def test_each_learns_how_many_packets_were_marked(self):
        require_accecn()
        load, came, told = self.load_with(TAKES)
        self.assertEqual(engine(load, "tcp_accecn_connections"), 3, load)
        self.assertGreater(came, 20)
        self.assertEqual(engine(load, "tcp_accecn_marks_told"), came, load)
        self.assertGreater(told, 20)
        self.assertEqual(engine(load, "tcp_ecn_marks_in"), told, load)

    def test_a_server_of_rfc_3168_is_taken_as_it_is(self):
        load, _, _ = self.load_with(ASKS_CLASSIC)
        self.assertEqual(engine(load, "tcp_accecn_refused"), 3, load)
        self.assertEqual(engine(load, "tcp_ecn_connections"), 3, load)

    def test_a_server_without_ecn_is_taken_as_it_is(self):
        load, came, told = self.load_with(0)
        self.assertEqual(engine(load, "tcp_accecn_refused"), 3, load)
        self.assertEqual((came, told), (0, 0))


class Pair(PairCase):
    """Two of ours, each of which marks what comes to it."""

    server_options = ("--ecn", "accecn-passive", "--impair-rx", "ecn=5%")
    client_options = ("--ecn", "accecn", "--impair-rx", "ecn=5%")

    def test_each_learns_how_many_packets_were_marked(self):
        before = self.appliance.fresh_stats()
        there = self.load("--mode", "rr", "--connections", 20, "--request", "20k",
                          "--verify", "--requests", 2000)  # fmt: skip
        after = self.appliance.fresh_stats()

        def here(name):
            return after[name] - before[name]

        self.assertEqual(here("tcp_accecn_connections"), 20)
        self.assertGreater(here("impair_rx_marked"), 100)
        self.assertEqual(here("tcp_ecn_marks_in"), here("impair_rx_marked"))
        self.assertEqual(engine(there, "tcp_accecn_marks_told"), here("impair_rx_marked"))
        self.assertEqual(here("tcp_accecn_marks_told"), engine(there, "tcp_ecn_marks_in"))


class PairWithCookies(Pair):
    server_options = (*Pair.server_options, "--syn-cookies", "always")


class PairWithoutTimestamps(Pair):
    """The option has another place, and is all that tells more than three bits."""

    server_options = (*Pair.server_options, "--timestamps", "off")


class PairWithDctcp(Pair):
    server_options = (*Pair.server_options, "--cc", "dctcp")
    client_options = (*Pair.client_options, "--cc", "dctcp")
