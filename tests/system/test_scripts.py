# SPDX-License-Identifier: BSD-3-Clause
"""What the scripts say to who asks, and to who errs: at once, in a sentence, with code 2."""

import sys
import unittest

from harness import TOP, WRINGER, run

SCRIPTS = ("bench", "build", "build-dpdk", "fuzz", "interop", "run", "setup", "soak", "test")

WRONG = (
    ("bench", "--only", "z"),
    ("bench", "--case", "("),
    ("build", "--foo"),
    ("build-dpdk",),
    ("fuzz", "nobody", "1"),
    ("interop", "--loss", "x"),
    ("interop", "--loss", "3"),
    ("interop", "--only", "nobody"),
    ("interop", "--table", "/nonexistent"),
    ("run", "--cores", "x"),
    ("setup", "--for", "x"),
    ("soak", "x"),
    ("test", "--only", "x"),
)


class Scripts(unittest.TestCase):
    def test_every_script_tells_of_itself(self):
        for script in SCRIPTS:
            done = run(str(TOP / "scripts" / script), "--help", check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertTrue(done.stdout.startswith(f"usage: scripts/{script}"), done.stdout)

    def test_wrong_words_are_refused_before_anything_is_built(self):
        for script, *words in WRONG:
            with self.subTest(script=script, words=words):
                done = run(str(TOP / "scripts" / script), *words, check=False)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(f"{script}: ", done.stderr.splitlines()[-1])
                self.assertNotIn("==", done.stderr)
                self.assertNotIn("Traceback", done.stderr)

    def test_results_that_cannot_be_written_are_told_before_anything_is_measured(self):
        """By what the scripts call once all is built; interop before that."""
        build = str(WRINGER.parents[1])
        bench = (sys.executable, str(TOP / "tests" / "bench" / "run.py"), "--build", build)
        interop = (str(TOP / "scripts" / "interop"),)
        for command in (bench, interop):
            done = run(*command, "--json", "/nonexistent/x.json", check=False)
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertRegex(done.stderr, r"^\w+: /nonexistent/x\.json cannot be written .*\n$")

    def test_a_system_test_that_is_not_there_is_a_slip(self):
        done = run(sys.executable, str(TOP / "tests" / "system"), "nobody", check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("there is no test_nobody.py", done.stderr)
