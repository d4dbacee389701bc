# SPDX-License-Identifier: BSD-3-Clause
"""`wringer size` says what a load needs, and writes command lines that are taken."""

import json
import shlex
import unittest

from harness import WRINGER, require, run


class Size(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        require(WRINGER.exists(), f"{WRINGER} is not built")

    def size(self, *options, check=True):
        return run(str(WRINGER), "size", *options, check=check)

    def document(self, *options):
        return json.loads(self.size(*options, "--json").stdout)

    def test_addresses_are_for_what_is_open_and_what_waits(self):
        need = self.document("--mode", "hold", "--connections", "4M", "--cps", "300k")
        self.assertEqual(need["ports_per_address"], 64512)
        self.assertEqual(need["ports_in_time_wait"], 300000)
        self.assertEqual(need["addresses"], 67)  # 4.3 million by 64512
        need = self.document("--connections", "60000")
        self.assertEqual(need["addresses"], 1)
        need = self.document("--mode", "crr", "--cps", "100k", "--close", "reset")
        self.assertEqual(need["ports_in_time_wait"], 0)

    def test_memory_grows_with_connections(self):
        small, large = (
            self.document("--connections", n)["memory"]["total_bytes"] for n in ("1k", "1M")
        )
        self.assertGreater(large, small + 300 * 1000000)

    def test_cores_grow_with_the_rate_unless_given(self):
        few, many = (self.document("--rps", n)["cores"] for n in ("1k", "20M"))
        self.assertEqual(few, 1)
        self.assertGreater(many, 3)
        self.assertEqual(self.document("--rps", "20M", "--cores", "2")["cores"], 2)

    def test_the_command_line_is_one_that_load_takes(self):
        need = self.document("--connections", "1M", "--rps", "100k", "--request", "1Ki")
        words = shlex.split(need["command"])
        self.assertEqual(words[:2], ["wringer", "load"])
        words[0] = str(WRINGER)
        words[words.index("DEVICE")] = "tap:wr0"
        printed = run(*words, "--print-config").stdout
        self.assertIn("connections = 1M", printed)
        self.assertIn("client-ip = 198.18.1.1-198.18.1.16", printed)

    def test_the_text_has_what_the_document_has(self):
        text = self.size("--connections", "4M", "--cps", "300k", "--mode", "hold").stdout
        for word in ("addresses    67", "cores", "memory", "hugepages", "wringer load", "estimate"):
            self.assertIn(word, text)

    def test_what_load_refuses_is_refused(self):
        for options, sentence in (
            (["--rps", "2m"], "'2m' is not a number a second"),
            (["--mode", "crr", "--rps", "5"], "--mode crr has no --rps"),
            (["--echo", "7"], "belongs to wringer serve"),
        ):
            done = self.size(*options, check=False)
            self.assertEqual(done.returncode, 2, options)
            self.assertIn(sentence, done.stderr)
