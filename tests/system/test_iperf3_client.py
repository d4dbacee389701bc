# SPDX-License-Identifier: BSD-3-Clause
"""`wringer iperf3 -c` towards Debian's iperf3 server, over a tap."""

import json
import signal
import socket
import struct
import subprocess
import threading
import unittest

from clients import PATIENCE
from harness import Stats, eventually, require_appliance, require_tools, run
from iperf3_peer import ACCESS_DENIED, PARAM_EXCHANGE, PORT, SERVER_ERROR, Client, check_sums

ALONE = "datagrams are lost where the CPU is wanted by others"
INTERRUPTED = 130


class Run:
    """A client in a namespace of its own, with a server beside it that somebody gives."""

    def __init__(self, *arguments, cores=1):
        self.client = Client(*arguments, cores=cores)
        self.inside = ("ip", "netns", "exec", self.client.name)
        self.server = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.server:
            self.server.kill()
            self.server.wait()
        self.client.remove()

    def serve(self):
        self.server = subprocess.Popen([*self.inside, "iperf3", "-s"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        listens = (*self.inside, "ss", "-Hltn", f"sport = :{PORT}")
        if not eventually(lambda: run(*listens).stdout, every=0.05):
            raise AssertionError("iperf3 does not listen")

    def finish(self):
        self.client.start()
        return self.client.wait()


class ClientCase(unittest.TestCase):
    def setUp(self):
        require_appliance()
        require_tools("iperf3")

    def measure(self, *arguments, cores=1):
        with Run("-J", *arguments, cores=cores) as test:
            test.serve()
            code = test.finish()
            self.assertEqual(code, 0, test.client.log() + test.client.output)
            self.assertEqual(test.client.leftovers(), [])
            document = json.loads(test.client.output)
            self.assertNotIn("error", document)
            check_sums(self, test.client, document["end"], arguments)
        return document


class Matrix(ClientCase):
    def matrix(self, *common):
        for cores, direction, streams in (
            (1, (), "1"), (1, ("-R",), "8"), (1, ("--bidir",), "8"),
            (2, (), "8"), (2, ("-R",), "1"), (2, ("--bidir",), "1"),
        ):
            with self.subTest(direction=direction, streams=streams, cores=cores):
                document = self.measure(*common, *direction, "-P", streams, cores=cores)
                self.assertEqual(len(document["end"]["streams"]),
                                 int(streams) * (2 if "--bidir" in direction else 1))
                self.assertTrue(document["intervals"])

    def test_tcp_in_every_direction_with_one_and_eight_streams(self):
        self.matrix("-n", "8M")

    def test_udp_in_every_direction_with_one_and_eight_streams(self):
        self.matrix("-u", "-b", "5M", "-k", "400")

    def test_bytes_end_a_test_exactly(self):
        end = self.measure("-n", "3000001")["end"]
        self.assertEqual(end["sum_sent"]["bytes"], 3000001)
        end = self.measure("-k", "200", "-u", "-b", "50M", "-l", "1000",
                           "--udp-counters-64bit")["end"]
        self.assertEqual(end["sum_sent"]["bytes"], 200_000)
        self.assertEqual(end["sum"]["packets"], 200)

    def test_the_omitted_time_is_not_counted(self):
        document = self.measure("-t", "1", "-O", "1", "-b", "20M", "-i", "0.5")
        sent = document["end"]["sum_sent"]
        self.assertLess(sent["bytes"], 1.5 * 20e6 / 8 * sent["seconds"])
        omitted = [i["sum"]["omitted"] for i in document["intervals"]]
        self.assertIn(True, omitted)
        self.assertIn(False, omitted)

    def test_the_text_has_iperf3s_layout(self):
        with Run("-t", "1", "-P", "2", "-M", "536", "-w", "64K", "--get-server-output") as test:
            test.serve()
            self.assertEqual(test.finish(), 0, test.client.log())
            text = test.client.output
        number = r" *\d[\d.]* [KMG]?(bits|Bytes)"
        line = rf"\[SUM\]   0\.00-\d+\.\d\d +sec {number} {number}/sec +\d+ +sender\n"
        self.assertRegex(text, line)
        self.assertIn("[ ID] Interval           Transfer     Bitrate         Retr  Cwnd\n", text)
        self.assertIn("Server output:\n", text)
        self.assertTrue(text.endswith("\niperf Done.\n"))

    def test_events_come_one_a_line(self):
        with Run("-t", "1", "--json-stream", "-b", "10M") as test:
            test.serve()
            self.assertEqual(test.finish(), 0, test.client.log())
            events = [json.loads(line) for line in test.client.output.splitlines()]
        names = [event["event"] for event in events]
        self.assertEqual((names[0], names[-1]), ("start", "end"))
        self.assertIn("interval", names)
        self.assertGreater(events[-1]["data"]["sum_received"]["bytes"], 0)


class Trouble(ClientCase):
    def failed(self, test, code, pattern):
        self.assertEqual(test.client.wait(), code, test.client.log())
        document = json.loads(test.client.output)
        self.assertRegex(document["error"], pattern)
        self.assertRegex(test.client.log(), pattern)
        return document

    def await_text(self, test):
        """Until it has been sent for a while."""
        self.assertTrue(eventually(lambda: self.sent(test)))
        before = self.sent(test)
        self.assertTrue(eventually(lambda: self.sent(test) > before))

    @staticmethod
    def sent(test):
        done = test.client.wringer("stats", "--json", check=False)
        return Stats(json.loads(done.stdout))["tcp_bytes_acked"] if done.returncode == 0 else 0

    def answer(self, test, *replies):
        """A server that says `replies` to the client's cookie, a state or bytes each."""
        test.client.namespace.enter()
        sock = socket.create_server(("", PORT))
        test.client.namespace.leave()
        sock.settimeout(PATIENCE)

        def serve():
            with sock:
                peer, _ = sock.accept()
                with peer:
                    peer.recv(37)
                    for reply in replies:
                        peer.sendall(reply if isinstance(reply, bytes) else struct.pack("b", reply))
                    peer.recv(1 << 16)

        thread = threading.Thread(target=serve)
        thread.start()
        self.addCleanup(thread.join)
        test.client.start()

    def test_nobody_listens(self):
        with Run("-J") as test:
            test.client.start()
            self.failed(test, 1, "unable to connect to server: Connection refused")

    def test_the_server_is_busy(self):
        with Run("-J") as test:
            self.answer(test, ACCESS_DENIED)
            self.failed(test, 1, "the server is busy running a test")

    def test_the_server_reports_an_error(self):
        with Run("-J") as test:
            self.answer(test, PARAM_EXCHANGE, struct.pack(">bii", SERVER_ERROR, 103, 111))
            self.failed(test, 1, "error 103")

    def test_the_server_talks_nonsense(self):
        with Run("-J") as test:
            self.answer(test, 99)
            self.failed(test, 1, "unknown control message")

    def test_the_server_dies(self):
        with Run("-J", "-t", "300", "-i", "0.1") as test:
            test.serve()
            test.client.start()
            self.await_text(test)
            test.server.kill()
            document = self.failed(test, 1, "closed|terminated")
            self.assertTrue(document["intervals"])

    def test_an_interrupted_client_prints_a_whole_document(self):
        with Run("-J", "-t", "300") as test:
            test.serve()
            test.client.start()
            self.await_text(test)
            test.client.process.send_signal(signal.SIGINT)
            document = self.failed(test, INTERRUPTED, "interrupt")
            self.assertIs(document["interrupted"], True)
            self.assertGreater(document["end"]["sum_sent"]["bytes"], 0)

    def test_a_wrong_command_line_is_a_sentence(self):
        for words in (("-P", "0"), ("-t", "x"), ("-t", "1", "-n", "5"), ("-u", "-l", "9"),
                      ("-R", "--bidir"), ("-6",), ("--nonsense",), ("-b",), ("-s",)):
            with self.subTest(words=words):
                client = Client(*words)
                try:
                    done = run(*client.command, check=False)
                finally:
                    client.remove()
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertRegex(done.stderr, r"^wringer: .*\.\n$")
                self.assertEqual(done.stdout, "")
