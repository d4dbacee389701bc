# SPDX-License-Identifier: BSD-3-Clause
"""SYN floods from 65,000 addresses through a memif, beside clients that mean it."""

import json

from harness import HOST, PATIENT, PEER, run
from pair import PairCase, SocketAppliance

ALONE = "both ends are as fast as they can be"
RATE, SECONDS = 1000, 5


class FloodCase(PairCase):
    """The generator's addresses lie behind it: it is the server's gateway."""

    server_options = ("--gateway", PEER)
    client_options = (
        "--client-ip", "198.19.0.0/16", "--gateway", HOST, "--mode", "crr",
        "--cps", str(RATE), "--duration", f"{SECONDS}s", "--syn-flood", "1G",
        *PATIENT,
    )  # fmt: skip

    def flood(self, *options):
        """The counters of a load, whose machine may have been too slow for its rate."""
        done = run(*self.command("--json", *options), check=False, timeout=300)
        self.assertIn(done.returncode, (0, 1, 5), done.stderr)
        return json.loads(done.stdout)["end"]["counters"]


class SynFlood(FloodCase):
    """A backlog of 8,192 is full in an instant."""

    def test_every_connection_succeeds_beside_the_flood(self):
        load = self.flood()
        self.assertGreater(load["connections_attempted"], 100)
        self.assertEqual(load["connections_failed"], 0)
        self.assertEqual(load["connections_broken"], 0)
        self.assertEqual(load["connections_closed"], load["connections_attempted"])
        self.assertGreater(load["syns_sent"], 10 * load["connections_attempted"])
        stats = self.appliance.fresh_stats()
        self.assertGreater(stats.verdict("tcp_cookie_sent"), load["syns_sent"] / 2)
        self.assertGreater(stats["tcp_cookies_accepted"], load["connections_opened"] / 2)
        self.assertEqual(stats.verdict("tcp_backlog_full"), 0)

    def test_little_is_sent_for_each_syn(self):
        before = self.appliance.fresh_stats()
        syns = self.flood("--connections", 1, "--cps", 1)["syns_sent"]
        after = self.appliance.fresh_stats()

        def more(cause):
            return after.cause(cause) - before.cause(cause)

        answers = more("tcp_synack") + more("tcp_synack_cookie")
        records = after.verdict("tcp_syn_received") - before.verdict("tcp_syn_received")
        self.assertLessEqual(answers, syns + 100)
        self.assertLessEqual(more("tcp_synack_rexmit"), 2 * records + 8192)


class SynFloodWithoutCookies(FloodCase):
    """What the cookies are good for: without them the same flood keeps nearly all out."""

    server_options = FloodCase.server_options + ("--syn-cookies", "never", "--backlog", "256")

    def test_hardly_a_connection_opens_in_time(self):
        load = self.flood("--duration", "2s", "--connect-timeout", "1s")
        self.assertGreater(load["connections_failed"], load["connections_opened"])


class SynFloodAlways(FloodCase):
    """No half-open connection at all."""

    server_options = FloodCase.server_options + ("--syn-cookies", "always")

    def test_every_connection_opens_by_a_cookie(self):
        load = self.flood("--duration", "2s")
        self.assertEqual(load["connections_failed"], 0)
        stats = self.appliance.fresh_stats()
        self.assertEqual(stats.verdict("tcp_syn_received"), 0)
        self.assertGreaterEqual(stats["tcp_cookies_accepted"], load["connections_closed"])


class SynFloodOnTwoWorkers(FloodCase):
    """They share the client's one queue: what the other owns is handed over as far as it goes."""

    class kind(SocketAppliance):
        DEVICE = "memif:{socket},queues=1"

    server_cores = 2

    def test_connections_succeed_beside_the_flood(self):
        load = self.flood("--duration", "3s", "--cps", 100, "--syn-flood", "50k")
        self.assertGreater(load["connections_opened"], 50)
        self.assertEqual(load["connections_failed"], 0)


class OneSourceCase(PairCase):
    """Many connections from one address, of which the server takes so many."""

    def held(self, connections):
        """How many of them were there at the end, of those that the client tried to keep."""
        words = ("--mode", "hold", "--connections", connections, "--duration", "500ms")
        done = run(*self.command(*words, "--json"), check=False, timeout=300)
        load = json.loads(done.stdout)["end"]["counters"]
        return load["connections_opened"] - load["connections_broken"]


class ManyFromOneSource(OneSourceCase):
    server_options = ("--max-connections-per-source", "8")

    def test_one_source_has_its_share_and_no_more(self):
        self.assertEqual(self.held(64), 8)
        self.assertGreaterEqual(self.appliance.fresh_stats().verdict("tcp_source_full"), 56)


class ManyFromOneSourceToTwoWorkers(OneSourceCase):
    """The limit is that of the process: each worker has half of it."""

    class kind(SocketAppliance):
        DEVICE = "memif:{socket},queues=1"

    server_cores = 2
    server_options = ("--max-connections-per-source", "41")

    def test_two_workers_take_no_more_than_one_would(self):
        self.assertEqual(self.held(400), 41)
