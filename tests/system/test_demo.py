# SPDX-License-Identifier: BSD-3-Clause
"""`wringer demo`: what a visitor runs first. It needs no root, no hugepages and no NIC."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from harness import WRINGER

NOBODY = 65534
MODES = ("rr", "crr", "connect", "hold", "stream", "http", "udp-rr", "udp-flood", "syn")
SHORT = ("--connections", "100", "--cps", "400", "--rps", "2k", "--ramp", "200ms",
         "--duration", "2s", "--connect-timeout", "1min", "--drain", "1min")


def demo(folder, *options, prefix=(), timeout=300):
    return subprocess.run([*prefix, str(WRINGER), "demo", *options], cwd=folder,
                          capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL)


class Demo(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.folder.chmod(0o777)

    def check(self, done):
        """Every request was answered and verified, though frames were lost."""
        self.assertIn("from here on 1 % of the frames are lost", done.stderr)
        document = json.loads((self.folder / "demo.json").read_text())
        counters = document["end"]["counters"]
        # On a busy machine it offers less than it should, and says so.
        self.assertEqual(document["valid"], not document["invalid_because"])
        self.assertEqual(done.returncode, 0 if document["valid"] else 5,
                         done.stdout + done.stderr)
        unsent = counters.get("requests_unsent", 0)  # due in the last moment of a busy machine
        self.assertEqual(counters["responses"] + unsent, counters["requests_planned"])
        self.assertGreaterEqual(counters["verified"], counters["responses"])
        self.assertEqual(counters["connections_closed"], 100)
        drops = document["end"]["drops"]
        self.assertGreater(drops["impair_rx_lost"] + drops["impair_tx_lost"], 0)
        self.assertGreater(document["end"]["retransmitted_segments"], 0)

    def test_shows_a_run_with_loss_and_writes_its_page(self):
        done = demo(self.folder, *SHORT, "--json=demo.json")
        self.check(done)
        self.assertIn("p50", done.stdout)
        page = (self.folder / "wringer-demo.html").read_text()
        self.assertIn("<svg", page)
        self.assertNotIn("http://", page.replace("http://www.w3.org/", ""))

    @unittest.skipIf(os.geteuid() != 0, "is somebody else only as root")
    def test_needs_no_privilege_and_one_cpu(self):
        cpu = min(os.sched_getaffinity(0))
        nobody = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                  "taskset", "-c", str(cpu))
        self.check(demo(self.folder, *SHORT, "--json=demo.json", prefix=nobody))

    def test_a_page_that_cannot_be_written_is_one_sentence(self):
        done = demo(self.folder, *SHORT, "--duration", "500ms", "--report", "/nowhere/x.html")
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, r"/nowhere/x\.html cannot be written .*--report")
        self.assertEqual(done.stdout, "")  # nothing was started
        done = demo(self.folder, *SHORT, "--duration", "500ms", "--report", "/dev/full")
        self.assertEqual(done.returncode, 3)
        self.assertIn("/dev/full cannot be written (No space left on device)", done.stderr)
        self.assertIn("p50", done.stdout)  # what was measured is told nevertheless

    def test_a_document_has_standard_output_for_itself(self):
        done = demo(self.folder, *SHORT, "--duration", "500ms", "--json")
        self.assertEqual(json.loads(done.stdout)["kind"], "wringer-load")
        self.assertIn("p50", done.stderr)

    def test_thresholds_hold_as_for_a_load(self):
        done = demo(self.folder, *SHORT, "--duration", "500ms", "--require", "p50<1ns")
        self.assertIn(done.returncode, (4, 5), done.stderr)
        self.assertIn("p50<1ns", done.stdout)

    def test_its_device_and_addresses_are_its_own(self):
        for words in (("--port", "tap:wr0"), ("--ip=198.18.7.1/24",)):
            done = demo(self.folder, *words)
            self.assertEqual(done.returncode, 2)
            self.assertIn("both ends of the demonstration are in this process", done.stderr)

    def works(self, *options):
        """Nothing is lost in such a network, and nothing fails; a busy machine offers less."""
        done = demo(self.folder, "--connections", "20", "--ramp", "0s", "--duration", "300ms",
                    "--impair", "delay=1ms", "--drain", "1min", *options)
        self.assertIn(done.returncode, (0, 5), done.stdout + done.stderr)

    def test_every_mode_has_presets_that_suit_it(self):
        for mode in MODES:
            with self.subTest(mode):
                self.works("--mode", mode)

    def test_a_preset_that_contradicts_an_option_is_left_out(self):
        for words in ("--think 5ms", "--response 200", "--request 8", "198.18.0.1:7",
                      "--mode http --http-close --rps 300", "http://198.18.0.1/bytes/100",
                      "--mode stream --direction down", "--mode udp-flood --bitrate 1M"):
            with self.subTest(words):
                self.works(*words.split())

    def test_a_file_says_more_than_the_presets(self):
        (self.folder / "demo.conf").write_text("rps = 777\n")
        done = demo(self.folder, "--config", "demo.conf", "--print-config")
        self.assertIn("\nrps = 777\n", done.stdout)
        (self.folder / "demo.conf").write_text("ip = 198.18.7.1/24\n")
        done = demo(self.folder, "--config", "demo.conf")
        self.assertEqual(done.returncode, 2)
        self.assertIn("demo.conf:1: ip: both ends of the demonstration are", done.stderr)

    def test_its_server_sends_again_what_a_handshake_lost(self):
        """As `wringer serve` does: no connection is reset for one frame that is lost."""
        demo(self.folder, "--mode", "connect", "--connections", "200", "--cps", "500",
             "--ramp", "0s", "--duration", "3s", "--impair", "loss=5%", "--drain", "1min",
             "--connect-timeout", "1min", "--json=demo.json")
        end = json.loads((self.folder / "demo.json").read_text())["end"]
        self.assertGreater(end["counters"]["connections_closed"], 0)
        self.assertEqual(end["reasons"]["reset_by_peer"], 0)

    def test_wrong_options_are_told_as_those_of_load(self):
        done = demo(self.folder, "--rpss", "5")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--rps", done.stderr)
