# SPDX-License-Identifier: BSD-3-Clause
"""`wringer iperf3 -s` with Debian's iperf3 as its clients, over a tap."""

import json
import signal
import subprocess
import unittest

from clients import PATIENCE
from harness import HOST, PEER, WRINGER, eventually, require_appliance, require_tools, run
from iperf3_peer import (
    ACCESS_DENIED, CREATE_STREAMS, DISPLAY_RESULTS, EXCHANGE_RESULTS, IPERF_DONE,
    PARAM_EXCHANGE, PORT, SERVER_ERROR, TEST_END, TEST_RUNNING, TEST_START, Control, Server,
    check_sums, iperf3, parameters,
)

ALONE = "datagrams are lost where the CPU is wanted by others"


class ServerCase(unittest.TestCase):
    """Tests that share one server."""

    cores = 1
    options = ()

    @classmethod
    def setUpClass(cls):
        require_appliance()
        require_tools("iperf3")
        cls.server = Server(*cls.options, cores=cls.cores)
        try:
            cls.server.start()
            cls.server.namespace.enter()
            cls.at_rest = cls.server.fresh_stats()["mbuf_in_use"]  # the device's own
        except BaseException:
            cls.server.remove()
            raise

    @classmethod
    def tearDownClass(cls):
        server = cls.server
        try:
            stats = server.eventually(lambda s: s["mbuf_in_use"] <= cls.at_rest)
            books = stats.unbalanced()
            problems = [f"the books do not balance: {books}"] if books else []
            if stats["mbuf_in_use"] > cls.at_rest:
                used = stats["mbuf_in_use"]
                problems.append(f"{used} buffers are in use, {cls.at_rest} at first")
            code = server.stop()
            if code:
                problems.append(f"exit code {code}")
            problems += [f"left behind: {left}" for left in server.leftovers()]
            if problems:
                raise AssertionError("; ".join(problems) + "\n" + server.log() + server.output)
        finally:
            server.remove()

    def measure(self, *arguments):
        document = iperf3(*arguments)
        check_sums(self, self.server, document["end"], arguments)
        return document

    def matrix(self, *common):
        for direction in ((), ("-R",), ("--bidir",)):
            for streams in ("1", "8"):
                with self.subTest(direction=direction, streams=streams):
                    document = self.measure(*common, *direction, "-P", streams)
                    self.assertEqual(len(document["end"]["streams"]),
                                     int(streams) * (2 if "--bidir" in direction else 1))


class Matrix(ServerCase):
    def test_tcp_in_every_direction_with_one_and_eight_streams(self):
        self.matrix("-t", "1")

    def test_udp_in_every_direction_with_one_and_eight_streams(self):
        self.matrix("-t", "1", "-u", "-b", "5M")

    def test_the_omitted_time_is_not_counted(self):
        for direction in ((), ("-R",)):
            with self.subTest(direction=direction):
                document = self.measure("-t", "1", "-O", "1", "-b", "40M", *direction)
                received = document["end"]["sum_received"]
                self.assertLess(received["bytes"], 1.6 * 40e6 / 8 * received["seconds"])

    def test_the_omitted_time_is_not_counted_in_udp(self):
        for direction in ((), ("-R",)):
            with self.subTest(direction=direction):
                end = self.measure("-t", "1", "-O", "1", "-u", "-b", "10M", *direction)["end"]
                total = end["sum"]
                self.assertLess(total["packets"] * 1448 * 8, 1.6 * 10e6 * total["seconds"])

    def test_bytes_and_blocks_end_a_test(self):
        end = self.measure("-n", "20M")["end"]
        self.assertGreaterEqual(end["sum_sent"]["bytes"], 20 << 20)
        self.measure("-n", "20M", "-R")
        end = self.measure("-k", "1000", "-u", "-b", "50M")["end"]
        self.assertEqual(end["sum"]["packets"], 1000)

    def test_a_rate_is_kept_on_both_sides(self):
        for direction in ((), ("-R",)):
            with self.subTest(direction=direction):
                received = self.measure("-t", "1", "-b", "20M", *direction)["end"]["sum_received"]
                self.assertLess(received["bytes"], 1.5 * 20e6 / 8 * received["seconds"])

    def test_blocks_of_many_sizes(self):
        self.measure("-n", "500K", "-l", "64", "-R", "-N")
        for length in ("64", "1448", "8192"):
            for direction in ((), ("-R",)):
                with self.subTest(length=length, direction=direction):
                    rate = ("-u", "-b", "10M", "-l", length)
                    end = self.measure("-k", "100", *rate, *direction)["end"]
                    self.assertEqual(end["sum"]["bytes"] % int(length), 0)

    def test_small_segments_carry_everything(self):
        self.measure("-n", "2M", "-M", "536")
        self.measure("-n", "2M", "-M", "536", "-R")

    def test_counters_may_have_64_bits(self):
        for direction in ((), ("-R",)):
            self.measure("-k", "500", "-u", "-b", "20M", "--udp-counters-64bit", *direction)

    def test_the_server_report_is_sent_to_who_asks(self):
        document = self.measure("-t", "1", "--get-server-output")
        self.assertIn("receiver", document["server_output_text"])
        self.assertIn("[ ID] Interval", document["server_output_text"])
        self.assertNotIn("server_output_text", iperf3("-n", "1M"))


class TwoWorkers(ServerCase):
    cores = 2

    def test_tcp_in_every_direction_with_one_and_eight_streams(self):
        self.matrix("-n", "20M")

    def test_udp_in_every_direction_with_one_and_eight_streams(self):
        self.matrix("-u", "-b", "5M", "-k", "800")

    def test_eight_clients_at_once(self):
        command = ("iperf3", "-c", HOST, "-J", "-t", "2", "-P", "2")
        more = ([], ["-R"], ["-u", "-b", "5M"], ["-u", "-b", "5M", "-R"]) * 2
        clients = [subprocess.Popen([*command, *m], stdout=subprocess.PIPE) for m in more]
        for client in clients:
            self.addCleanup(client.kill)
        for client in clients:
            out, _ = client.communicate(timeout=3 * PATIENCE)
            document = json.loads(out)
            self.assertNotIn("error", document)
            self.assertGreater(document["end"]["sum_received"]["bytes"], 0)


class BadClients(ServerCase):
    def received(self):
        return self.server.fresh_stats()["tcp_bytes_in"]

    def still_serves(self):
        self.measure("-n", "1M")

    def refused(self, document):
        with Control() as control:
            self.assertEqual(control.state(), PARAM_EXCHANGE)
            control.send(document)
            self.assertEqual(control.state(), SERVER_ERROR)
            self.assertEqual(len(control.read(8)), 8)
            self.assertTrue(control.ended())

    def test_a_cookie_that_is_none_is_denied(self):
        with Control(bytes(range(37))) as control:
            self.assertEqual(control.state(), ACCESS_DENIED)
            self.assertTrue(control.ended())
        self.still_serves()

    def test_parameters_that_are_too_long_are_refused(self):
        self.refused(parameters(title="x" * 9000))
        self.still_serves()

    def test_parameters_of_wrong_types_are_refused(self):
        wrong = (
            {"parallel": "1"}, {"parallel": 0}, {"parallel": 1000}, {"parallel": 1.5},
            {"time": -1}, {"len": 0}, {"len": []}, {"bandwidth": {}}, {"num": "all"},
            {"reverse": "yes"}, {"tcp": 7, "udp": True}, {"omit": 1 << 40}, {"MSS": True},
            {"title": 5}, {"reverse": True, "bidirectional": True},
        )
        for change in wrong:
            with self.subTest(change=change):
                self.refused(parameters(**change))
        for text in (b"{", b"[1]", b"nonsense", b"\xff\xfe{}", b"5"):
            with self.subTest(text=text):
                self.refused(text)
        self.still_serves()

    def test_documents_may_come_byte_by_byte(self):
        with Control() as control:
            control.state()
            text = json.dumps(parameters()).encode()
            for byte in len(text).to_bytes(4, "big") + text:
                control.sock.sendall(bytes([byte]))
            self.assertEqual(control.state(), CREATE_STREAMS)

    def test_results_of_wrong_types_are_refused(self):
        with Control() as control:
            control.state()
            control.send(parameters())
            control.state()
            control.open_streams(1)
            self.assertEqual([control.state(), control.state()], [TEST_START, TEST_RUNNING])
            control.say(TEST_END)
            self.assertEqual(control.state(), EXCHANGE_RESULTS)
            control.send({"cpu_util_total": "much", "streams": 5})
            self.assertEqual(control.state(), SERVER_ERROR)
        self.still_serves()

    def test_long_results_are_taken_whole_and_longer_ones_refused(self):
        rows = [{"id": 1, "bytes": 0, "retransmits": 0, "jitter": 0, "errors": 0, "packets": 0}]
        results = {"cpu_util_total": 0, "cpu_util_user": 0, "cpu_util_system": 0,
                   "sender_has_retransmits": 1, "streams": rows}
        for padding, answer in ((1_000_000, DISPLAY_RESULTS), (1_100_000, SERVER_ERROR)):
            with self.subTest(padding=padding), Control() as control:
                control.state()
                control.send(parameters())
                control.state()
                control.open_streams(1)
                control.read(2)
                control.say(TEST_END)
                control.state()
                try:
                    control.send({**results, "server_output_text": "x" * padding})
                except ConnectionError:
                    pass  # it was refused by its length
                if answer == DISPLAY_RESULTS:
                    control.receive()
                self.assertEqual(control.state(), answer)
        self.still_serves()

    def test_a_client_that_does_not_read_holds_up_nobody(self):
        with Control() as control:
            control.state()
            control.send(parameters(reverse=True, parallel=4))
            control.state()
            control.open_streams(4)
            control.read(2)
            self.still_serves()
            self.measure("-n", "1M", "-R")

    def test_a_whole_test_by_hand_is_counted_exactly(self):
        with Control() as control:
            control.state()
            control.send(parameters(parallel=2))
            control.state()
            control.open_streams(2)
            self.assertEqual([control.state(), control.state()], [TEST_START, TEST_RUNNING])
            before = self.received()
            control.streams[0].sendall(bytes(100_000))
            control.streams[1].sendall(bytes(7))
            self.assertTrue(eventually(lambda: self.received() >= before + 100_007))
            control.say(TEST_END)
            self.assertEqual(control.state(), EXCHANGE_RESULTS)
            stream = {"bytes": 0, "retransmits": -1, "jitter": 0, "errors": 0, "packets": 0}
            control.send({"cpu_util_total": 0, "cpu_util_user": 0, "cpu_util_system": 0,
                          "sender_has_retransmits": 18446744073709551615,
                          "streams": [{**stream, "id": 1}, {**stream, "id": 3}]})
            results = control.receive()
            self.assertEqual([(s["id"], s["bytes"]) for s in results["streams"]],
                             [(1, 100_000), (3, 7)])
            self.assertEqual(results["sender_has_retransmits"], -1)
            self.assertEqual(control.state(), DISPLAY_RESULTS)
            control.say(IPERF_DONE)
            self.assertTrue(control.ended())

    def test_clients_that_die_in_each_phase_leave_nothing(self):
        def connected(control):
            pass

        def greeted(control):
            control.state()

        def asked(control):
            greeted(control)
            control.send(parameters(parallel=2, reverse=True))
            control.state()

        def one_stream(control):
            asked(control)
            control.open_streams(1)

        def running(control):
            asked(control)
            control.open_streams(2)
            control.state()
            control.state()

        def ending(control):
            running(control)
            control.say(TEST_END)
            control.state()

        for die in (connected, greeted, asked, one_stream, running, ending):
            with self.subTest(phase=die.__name__), Control() as control:
                die(control)
        self.still_serves()
        stats = self.server.eventually(lambda s: s.state("established") == 0)
        self.assertEqual(stats.state("established"), 0)

    def begin(self, *options):
        """A client whose test is under way."""
        before = self.server.stats()["tcp_bytes_acked"]
        client = subprocess.Popen(["iperf3", "-c", HOST, "-t", "300", *options],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)
        stats = self.server.eventually(lambda s: s["tcp_bytes_acked"] > before + 1_000_000)
        self.assertGreater(stats["tcp_bytes_acked"], before + 1_000_000)
        return client

    def test_an_interrupted_client_is_forgotten(self):
        client = self.begin("-R", "-P", "2")
        client.send_signal(signal.SIGINT)
        client.wait(PATIENCE)
        self.assertTrue(eventually(lambda: "the client has terminated" in self.server.printed()))
        self.still_serves()

    def test_a_client_that_is_killed_is_forgotten(self):
        client = self.begin("--bidir")
        client.kill()
        client.wait(PATIENCE)
        self.still_serves()


class Exclusive(ServerCase):
    options = ("--exclusive", "--json")

    @staticmethod
    def connections():
        """Of Linux' clients: that of control, and one of a stream."""
        shown = run("ss", "-tnH", "state", "established", "dport", "=", f":{PORT}").stdout
        return len(shown.splitlines())

    def test_a_second_client_is_turned_away_and_both_documents_agree(self):
        with subprocess.Popen(["iperf3", "-c", HOST, "-J", "-t", "5"],
                              stdout=subprocess.PIPE) as first:
            self.assertTrue(eventually(lambda: self.connections() == 2, every=0.02))
            with Control() as second:
                self.assertEqual(second.state(), ACCESS_DENIED)
                self.assertTrue(second.ended())
            out, _ = first.communicate(timeout=PATIENCE)
        self.assertTrue(eventually(lambda: self.server.printed().endswith("\n}\n")))
        ours = json.loads(self.server.printed())
        theirs = json.loads(out)
        for key in ("bytes", "seconds"):
            self.assertAlmostEqual(ours["end"]["sum_received"][key],
                                   theirs["end"]["sum_received"][key], delta=1e-3)
        self.assertEqual(ours["start"]["cookie"], theirs["start"]["cookie"])
        self.assertEqual(set(theirs["start"]["test_start"]) - set(ours["start"]["test_start"]),
                         set())
        self.assertEqual(set(theirs["start"]) - set(ours["start"]) - {"connecting_to"}, set())


class Words(unittest.TestCase):
    def refused(self, *words):
        done = run(str(WRINGER), "iperf3", *words, check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        return done.stderr

    def test_what_only_the_other_end_may_ask_for_is_refused(self):
        for words in (("-u",), ("-t", "5"), ("-b5M",), ("-R",), ("-P", "4"), ("--bidir",)):
            with self.subTest(words=words):
                self.assertIn("is for clients", self.refused("-s", *words))
        for words in (("-1",), ("--max-tests", "5"), ("--exclusive",)):
            with self.subTest(words=words):
                self.assertIn("is for servers", self.refused("-c", PEER, *words))


class Interrupted(unittest.TestCase):
    def test_a_server_that_is_interrupted_tells_its_clients(self):
        require_appliance()
        require_tools("iperf3")
        server = Server()
        try:
            server.start()
            inside = ("ip", "netns", "exec", server.name)
            client = subprocess.Popen([*inside, "iperf3", "-c", HOST, "-J", "-t", "300"],
                                      stdout=subprocess.PIPE)
            self.addCleanup(client.kill)
            server.eventually(lambda s: s["tcp_bytes_in"] > 1_000_000)
            self.assertEqual(server.stop(), 0, server.log())
            out, _ = client.communicate(timeout=PATIENCE)
            self.assertIn("the server has terminated", json.loads(out)["error"])
            self.assertIn("receiver", server.output)
        finally:
            server.remove()
