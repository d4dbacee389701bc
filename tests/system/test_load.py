# SPDX-License-Identifier: BSD-3-Clause
"""`wringer load` against Linux servers over a tap: modes, verdicts, faults, exit codes."""

import json
import pathlib
import tempfile
import time

import harness
from harness import WRINGER, require, run
from loader import END_SECONDS, SERVER, Echo, LoadCase, Sink, Source, UdpEcho, UdpSink, Web

QUICK = ("--rto-initial", "100ms")  # a first SYN that comes before ARP has answered is sent again
SHORT = ("--duration", "400ms", *QUICK)


def requests(count):
    """A load that ends when it has done that, however long a busy machine takes for it."""
    return ("--requests", count, *QUICK)


def refuse(*options):
    """A command line that is refused: nothing is started."""
    return run(str(WRINGER), "load", *options, check=False)


class Modes(LoadCase):
    """Each mode does what it says, and the server agrees."""

    def test_rr_asks_again_and_again_on_connections_that_stay(self):
        with Echo() as server:
            load = self.load(
                f"{self.peer}:{server.port}", "--connections", "5", "--verify", *requests(200)
            )
            self.assert_becomes(lambda: server.accepted, 5, load)
        self.assertEqual(load.code, 0, load)
        self.assertEqual(load.count("responses"), 200, load)
        self.assertEqual(load.count("requests_sent"), 200, load)
        self.assertGreaterEqual(load.count("verified"), load.count("responses"), load)
        self.assertEqual(load.count("connections_closed"), 5, load)
        self.assertEqual(load["end"]["books"], {"in": 0, "out": 0}, load)

    def test_rr_at_a_rate_offers_what_was_asked_for(self):
        with Echo() as server:
            load = self.load(
                f"{self.peer}:{server.port}", "--connections", "10", "--rps", "500", *SHORT
            )
        self.assertIn(load.code, (0, 5), load)
        self.assertAlmostEqual(load.count("requests_planned"), 200, delta=2)

    def test_crr_at_a_rate_offers_what_was_asked_for(self):
        with Echo() as server:
            load = self.load(
                f"{self.peer}:{server.port}", "--mode", "crr", "--cps", "200", *SHORT
            )
        self.assertIn(load.code, (0, 5), load)
        self.assertAlmostEqual(load.count("requests_planned"), 80, delta=4)

    def test_crr_takes_a_connection_for_each_request(self):
        with Echo() as server:
            load = self.load(
                f"{self.peer}:{server.port}", "--mode", "crr", *requests(100)
            )
            self.assert_becomes(lambda: server.accepted, 100, load)
        self.assertEqual(load.code, 0, load)
        self.assertEqual(load.count("responses"), 100, load)
        self.assertEqual(load.count("connections_closed"), 100, load)

    def test_requests_are_shared_out_to_all_cores(self):
        with Echo() as server:
            load = self.load(
                f"{self.peer}:{server.port}", "--mode", "crr", "--cores", "2", *requests(101)
            )
            self.assert_becomes(lambda: server.accepted, 101, load)
        self.assertEqual(load.code, 0, load)
        self.assertEqual(load["start"]["setpoints"]["connections"], 2, load)

    def test_connect_opens_and_closes(self):
        with Sink() as server:
            load = self.load(
                f"{self.peer}:{server.port}", "--mode", "connect", *requests(80)
            )
        self.assertEqual(load.code, 0, load)
        self.assertEqual(load.count("connections_opened"), 80, load)
        self.assertEqual(load.count("connections_closed"), 80, load)

    def test_hold_keeps_its_connections_open(self):
        with Sink() as server:
            load = self.load(
                f"{self.peer}:{server.port}", "--mode", "hold", "--connections", "200", *SHORT
            )
            self.assert_becomes(lambda: server.accepted, 200, load)
        self.assertEqual(load.code, 0, load)
        self.assertEqual(load["end"]["most_connections_open"], 200, load)

    def test_stream_up_reaches_the_sink(self):
        with Sink() as server:
            load = self.load(f"{self.peer}:{server.port}", "--mode", "stream", *SHORT)
            self.assertEqual(load.code, 0, load)
            self.assert_becomes(lambda: server.bytes, load.count("bytes_sent"), load)
        self.assertGreater(load.count("bytes_sent"), 0, load)

    def test_stream_down_counts_what_came(self):
        with Source() as server:
            load = self.load(
                f"{self.peer}:{server.port}", "--mode", "stream", "--direction", "down", *SHORT
            )
        self.assertEqual(load.code, 0, load)
        self.assertGreater(load.count("bytes_received"), 0, load)

    def test_stream_keeps_its_bitrate(self):
        with Sink() as server:
            load = self.load(
                f"{self.peer}:{server.port}", "--mode", "stream", "--bitrate", "8Mbps", *SHORT
            )
            self.assertLess(server.bytes, 700000, load)
        self.assertIn(load.code, (0, 5), load)

    def test_udp_rr_gets_its_datagrams_back(self):
        with UdpEcho() as server:
            load = self.load(
                f"{self.peer}:{server.port}", "--mode", "udp-rr", "--verify", "--connections",
                "4", "--response-timeout", "1min", *requests(100),
            )  # fmt: skip
        self.assertEqual(load.code, 0, load)
        self.assertEqual(load.count("responses"), 100, load)

    def test_udp_flood_sends_at_its_rate(self):
        with UdpSink() as server:
            load = self.load(
                f"{self.peer}:{server.port}", "--mode", "udp-flood", "--pps", "1k", *SHORT
            )
            self.assertIn(load.code, (0, 5), load)
            self.assertLessEqual(load.count("datagrams_sent"), 401, load)
            self.assertGreater(load.count("datagrams_sent"), 0, load)
            self.assert_becomes(lambda: server.datagrams, load.count("datagrams_sent"), load)

    def test_syns_are_answered_and_leave_nothing_open(self):
        with Sink() as server:
            load = self.load(
                f"{self.peer}:{server.port}", "--mode", "syn", "--pps", "500", *SHORT
            )
            self.assertEqual(server.accepted, 0, load)
        self.assertIn(load.code, (0, 5), load)
        self.assertGreater(load.count("syns_sent"), 0, load)
        self.assertGreater(load.count("synacks_received"), 0, load)

    def test_udp_that_nobody_answers_has_failed(self):
        load = self.load(
            f"{self.peer}:9", "--mode", "udp-rr", "--response-timeout", "200ms", *SHORT
        )
        self.assertEqual(load.code, 1, load)
        self.assertEqual(load.count("responses"), 0, load)

    def test_pages_of_a_server_that_closes_after_each_are_read(self):
        with Web(protocol="HTTP/1.0") as server:
            load = self.load(f"http://{self.peer}:{server.port}/", *requests(10))
        self.assertEqual(load.code, 0, load)
        self.assertEqual(load.count("http_2xx"), 10, load)
        self.assertGreaterEqual(load.count("connections_opened"), 10, load)

    def test_http_gets_pages_from_pythons_web_server(self):
        with Web() as server:
            load = self.load(
                f"http://{self.peer}:{server.port}/page?a=1", "--header", "X-A: b", "--host",
                "example.org", *requests(20),
            )  # fmt: skip
            self.assertEqual(load.code, 0, load)
            self.assertEqual(server.server.seen[0], ("/page?a=1", "example.org", "b"))
        self.assertEqual(load.count("http_2xx"), 20, load)
        self.assertEqual(load.count("responses"), 20, load)
        self.assertEqual(load["start"]["config"]["mode"], "http")

    def test_http_posts_and_may_close_after_each(self):
        with Web() as server:
            load = self.load(
                f"http://{self.peer}:{server.port}/", "--method", "POST", "--request", "300",
                "--http-close", *requests(10),
            )  # fmt: skip
        self.assertEqual(load.code, 0, load)
        self.assertEqual(load.count("http_2xx"), 10, load)
        self.assertEqual(load.count("connections_opened"), 10, load)

    def test_pages_that_are_missing_are_counted_by_class(self):
        with Web() as server:
            load = self.load(f"http://{self.peer}:{server.port}/missing", *requests(20))
        self.assertEqual(load.count("http_4xx"), 20, load)
        self.assertEqual(load.count("http_2xx"), 0, load)


class Ours(LoadCase):
    """Wringer on both ends, over a bridge."""

    def test_both_ends_count_the_same(self):
        server = self.serve()
        load = self.load(
            f"{SERVER}:7", "--server-instance", server.name, "--connections", "20", "--verify",
            *requests(1000), bridge=True,
        )  # fmt: skip
        self.assertEqual(load.code, 0, load)
        compared = {row["name"]: row for row in load["server"]["compared"]}
        for name in ("tcp_connections", "tcp_bytes_to_server", "tcp_bytes_to_client"):
            self.assertGreater(compared[name]["server"], 0, load)
            self.assertEqual(compared[name]["difference"], 0, load)

    def test_responses_have_the_size_that_was_asked_for(self):
        self.serve("--service", "rr")
        load = self.load(
            SERVER, "--request", "100", "--response", "48-3000", "--pipeline", "4", "--verify",
            "--connections", "3", *requests(200), bridge=True,
        )  # fmt: skip
        self.assertEqual(load.code, 0, load)
        self.assertEqual(load.count("responses"), 200, load)
        self.assertEqual(load.count("corrupt"), 0, load)


class Verdicts(LoadCase):
    """What a run is worth decides its exit code."""

    def test_a_threshold_that_is_missed_is_exit_code_4(self):
        with Echo() as server:
            load = self.load(
                f"{self.peer}:{server.port}", "--require", "p50<1ns", "--require", "rps>=0.1",
                *requests(100),
            )  # fmt: skip
        self.assertEqual(load.code, 4, load)
        self.assertEqual([r["met"] for r in load["requirements"]], [False, True], load)

    def test_a_rate_that_was_not_reached_is_exit_code_5(self):
        with Echo() as server:
            load = self.load(
                f"{self.peer}:{server.port}", "--connections", "1", "--rps", "3M", *SHORT
            )
        self.assertEqual(load.code, 5, load)
        self.assertFalse(load["valid"], load)
        self.assertTrue(load["invalid_because"], load)

    def test_what_comes_back_changed_is_found(self):
        with Echo(spoil=lambda data: data[:-1] + bytes([data[-1] ^ 1])) as server:
            load = self.load(f"{self.peer}:{server.port}", "--verify", *requests(20))
        self.assertEqual(load.code, 1, load)
        self.assertGreater(load.count("corrupt"), 0, load)

    def test_runs_are_repeated_and_their_spread_told(self):
        with Echo() as server:
            load = self.load(
                f"{self.peer}:{server.port}", "--repeat", "3", "--connections", "4",
                *requests(100),
            )  # fmt: skip
            self.assert_becomes(lambda: server.accepted, 12, load)
        self.assertEqual(load.code, 0, load)
        self.assertEqual(len(load["runs"]), 3, load)

    def test_results_go_to_the_files_that_were_asked_for(self):
        with tempfile.TemporaryDirectory() as name, Echo() as server:
            here = pathlib.Path(name)
            load = self.load(
                f"{self.peer}:{server.port}", f"--json={here}/r.json", "--csv", f"{here}/r.csv",
                "--hgrm", f"{here}/r", "--interval", "100ms", *SHORT,
            )  # fmt: skip
            self.assertEqual(load.code, 0, load)
            document = json.loads((here / "r.json").read_text())
            self.assertEqual(document["exit_code"], 0)
            self.assertGreaterEqual(len((here / "r.csv").read_text().splitlines()), 2)
            self.assertIn("Percentile", (here / "r-response.hgrm").read_text())
            self.assertIn("rps", load.out, "the summary goes to standard output")

    def test_events_are_one_json_object_a_line(self):
        with Echo() as server:
            load = self.start(f"{self.peer}:{server.port}", "--json=off", "--json-stream", *SHORT)
            out, _ = load.process.communicate(timeout=END_SECONDS)
        events = [json.loads(line) for line in out.splitlines()]
        self.assertGreaterEqual(len(events), 2)
        self.assertEqual(load.process.returncode, 0)


class Faults(LoadCase):
    """What goes wrong is told in a sentence, in a document and by the exit code."""

    def problem(self, load, code, *words):
        self.assertEqual(load.code, code, load)
        self.assertEqual(load["exit_code"], code, load)
        for word in words:
            self.assertIn(word, load["error"])
        self.assertIn(load["error"].rstrip("."), load.log())

    def test_nobody_listens(self):
        load = self.load(f"{self.peer}:1", "--rto-initial", "100ms")
        self.problem(load, 1, f"{self.peer}:1 refuses connections")

    def test_the_target_is_down(self):
        load = self.load("198.18.0.9:7", "--wait", "300ms")
        self.problem(load, 1, "198.18.0.9 does not answer ARP", "within 0.3 s", "198.18.0.1/24")

    def test_the_link_is_down(self):
        with tempfile.TemporaryDirectory() as name:
            port = f"memif:{name}/nobody,server"
            load = self.load(f"{self.peer}:7", "--wait", "300ms", port=port)
        self.problem(load, 3, "the link is down")

    def test_there_is_no_route(self):
        load = self.load("198.19.0.1:7")
        self.problem(load, 2, "no route to 198.19.0.1", "--gateway")
        self.assertRegex(load.log(), r"no route to 198\.19\.0\.1.*\.\n")

    def test_the_gateway_is_silent(self):
        load = self.load("198.19.0.1:7", "--gateway", "198.18.0.77", "--wait", "300ms")
        self.problem(load, 1, "the gateway 198.18.0.77 does not answer ARP")

    def test_the_server_dies_half_way(self):
        with Echo(answers=50) as server:
            load = self.load(
                f"{self.peer}:{server.port}", "--connections", "2", "--duration", "1min",
                "--rto-initial", "100ms", "--interval", "200ms",
            )  # fmt: skip
        self.problem(load, 1, "ended all connections before the end of the run")
        self.assertGreaterEqual(load.count("responses"), 40, load)

    def test_with_reconnect_the_run_goes_on(self):
        with Echo(answers=50) as server:
            load = self.load(
                f"{self.peer}:{server.port}", "--reconnect", "backoff", "--duration", "3s",
                "--rto-initial", "100ms",
            )  # fmt: skip
        self.assertEqual(load.code, 1, load)
        self.assertNotIn("error", load.document)
        self.assertGreater(load.count("connections_reopened"), 0, load)

    def test_an_interrupt_ends_in_order_with_what_was_measured(self):
        with Echo() as server:
            load = self.start(f"{self.peer}:{server.port}", "--duration", "5min")
            self.assertTrue(harness.eventually(lambda: server.bytes > 10000), "no requests came")
            load.interrupt()
            load.wait()
        self.assertEqual(load.code, 130, load)
        self.assertTrue(load["interrupted"], load)
        self.assertGreater(load.count("responses"), 0, load)
        self.assertEqual(load.count("connections_closed"), 1, load)

    def test_a_second_interrupt_ends_at_once(self):
        with Sink() as server:  # a request that is never answered holds up the end
            load = self.start(
                f"{self.peer}:{server.port}", "--duration", "60s", "--drain", "5min"
            )
            self.assertTrue(harness.eventually(lambda: server.bytes), "no request came")
            load.interrupt()
            time.sleep(0.3)
            self.assertIsNone(load.process.poll())
            load.interrupt()
            load.wait()  # for less than it would drain
        self.assertEqual(load.code, 130, load)

    def test_an_interrupt_while_it_waits_is_told_too(self):
        load = self.start("198.18.0.9:7", "--wait", "5min")
        load.interrupt()
        load.wait()
        self.assertEqual(load.code, 130, load)
        self.assertTrue(load["interrupted"], load)

    def test_a_full_disk_loses_no_other_result(self):
        require(pathlib.Path("/dev/full").exists(), "/dev/full is missing")
        with Echo() as server:
            load = self.load(f"{self.peer}:{server.port}", "--csv", "/dev/full", *requests(50))
        self.assertEqual(load.code, 1, load)
        self.assertIn("/dev/full", load.log())
        self.assertGreater(load.count("responses"), 0, load)


class Refused(LoadCase):
    """Command lines that nothing is started for."""

    BASE = ("--port", "tap:wlnone", "--ip", "198.18.0.1/24")

    def sentence(self, *options, code=2):
        done = refuse(*options, *self.BASE, "--json")
        self.assertEqual(done.returncode, code, done.stderr)
        document = json.loads(done.stdout)
        self.assertEqual(document["exit_code"], code)
        return document["error"]

    def test_a_target_is_needed_and_names_are_not_resolved(self):
        self.assertIn("no target is given", self.sentence())
        self.assertIn("names are not resolved", self.sentence("example.org:80"))

    def test_misspelt_units_are_told_with_the_right_ones(self):
        self.assertIn("300k or 1.5M", self.sentence(self.peer, "--rps", "2m"))
        self.assertIn("100M or 9.4Gbps", self.sentence(self.peer, "--bitrate", "10GB"))
        self.assertIn("such as 200us", self.sentence(self.peer, "--duration", "10"))
        self.assertIn("sizes", self.sentence(self.peer, "--request", "big"))

    def test_setpoints_that_contradict_each_other_are_refused(self):
        self.assertIn("--rps", self.sentence(self.peer, "--mode", "crr", "--rps", "5"))
        self.assertIn("--think", self.sentence(self.peer, "--think", "1ms", "--rps", "5"))

    def test_connections_are_as_many_as_cores_at_least(self):
        text = self.sentence(self.peer, "--connections", "1", "--cores", "2")
        self.assertIn("cannot be spread over 2 cores", text)

    def test_too_few_ports_are_told_with_what_to_change(self):
        text = self.sentence(self.peer, "--connections", "200k")
        self.assertIn("--client-ip", text)
        self.assertIn("64512", text)

    def test_a_threshold_that_parses_to_nothing_is_refused(self):
        self.assertTrue(self.sentence(self.peer, "--require", "p99"))
        self.assertTrue(self.sentence(self.peer, "--require", "speed>9"))

    def test_options_of_serve_are_refused_with_their_owner(self):
        self.assertIn("belongs to wringer serve", self.sentence(self.peer, "--echo", "7"))

    def test_a_result_that_cannot_be_written_starts_nothing(self):
        text = self.sentence(self.peer, "--csv", "/nowhere/x.csv", code=3)
        self.assertIn("/nowhere/x.csv", text)

    def test_a_payload_file_must_be_there(self):
        self.assertIn(
            "--payload: '/nowhere/x': No such file",
            self.sentence(self.peer, "--payload", "file:/nowhere/x"),
        )

    def test_a_server_instance_must_run(self):
        self.sentence(self.peer, "--server-instance", "nobody", code=3)
