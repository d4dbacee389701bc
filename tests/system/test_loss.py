# SPDX-License-Identifier: BSD-3-Clause
"""Frames lost by chance, in both directions: everything still arrives."""

import clients
from harness import ApplianceCase, require_tools, run

ECHO = 7

RULES = """
table inet loss {{
	chain input {{
		type filter hook input priority 0; policy accept;
		iifname "{link}" ip protocol {proto} numgen random mod 1000 < {per_mille} counter drop
	}}
	chain output {{
		type filter hook output priority 0; policy accept;
		oifname "{link}" ip protocol {proto} numgen random mod 1000 < {per_mille} counter drop
	}}
}}
"""


class LossTests:
    per_mille = 0
    seconds = 4 * clients.PATIENCE
    size = 16 << 20

    @classmethod
    def setUpClass(cls):
        require_tools("nft")
        super().setUpClass()
        # One segment a packet: else the kernel's hook loses bursts that it has not cut yet.
        run("ip", "-n", cls.appliance.name, "link", "set", cls.appliance.link, "gso_max_segs", "1")

    def setUp(self):
        rules = RULES.format(
            link=self.appliance.link, proto="{ tcp, udp, icmp }", per_mille=self.per_mille
        )
        self.appliance.namespace.exec("nft", "-f", "-", input=rules)
        self.addCleanup(self.appliance.namespace.exec, "nft", "delete table inet loss")

    def assert_lossy(self):
        """Frames were lost both ways, and Wringer repaired its own direction."""
        lost = self.appliance.namespace.counted("inet", "loss")
        self.assertEqual(len(lost), 2)
        self.assertGreater(min(lost), 10)
        stats = self.stats()
        self.assertTrue(stats.retransmissions(), "nothing was sent again")
        return stats

    def test_everything_arrives_both_ways(self):
        with clients.connect(self.host, ECHO, timeout=self.seconds) as sock:
            clients.echo(sock, clients.payload(self.size, seed=self.per_mille))
        stats = self.assert_lossy()
        self.assertGreater(stats["tcp_fast_recoveries"], 0, "only time-outs repaired the loss")

    def test_many_short_connections_all_succeed(self):
        errors = clients.many(self.host, ECHO, 100, rounds=3, largest=8000, timeout=self.seconds)
        self.assertEqual(errors, [])


class OnePercentLoss(LossTests, ApplianceCase):
    per_mille = 10


class FivePercentLoss(LossTests, ApplianceCase):
    per_mille = 50
    cores = 2
