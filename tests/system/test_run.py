# SPDX-License-Identifier: BSD-3-Clause
"""scripts/run: shows what it promises, and leaves nothing behind, interrupted or not."""

import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

from harness import BUILD, RUNTIME, TOP, eventually, hugepages, require_appliance, run

ALONE = "it reserves hugepages and looks whether they are given back"


class Run(unittest.TestCase):
    def setUp(self):
        require_appliance()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.log = self.folder / "log"
        self.scratch = self.folder / "scratch"
        self.scratch.mkdir()
        self.pages = hugepages()

    def start(self):
        environment = {**os.environ, "WR_BUILD": str(BUILD), "TMPDIR": str(self.scratch)}
        with open(self.log, "w", encoding="utf-8") as log:
            process = subprocess.Popen(
                [TOP / "scripts" / "run", "--quick"], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=environment, start_new_session=True,
                # Behind a shell's & it would be ignored, by children too.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )
        self.addCleanup(process.kill)
        return process

    def said(self, text):
        return text in self.log.read_text(encoding="utf-8")

    def assert_nothing_left(self, process):
        name = f"wringer-run-{process.pid}"
        self.assertNotIn(name, run("ip", "netns", "list").stdout)
        self.assertNotIn(f"wr{process.pid}", run("ip", "-br", "link").stdout)
        self.assertEqual(list(RUNTIME.glob(f"*{name}*")), [])
        self.assertEqual(list(self.scratch.iterdir()), [])
        self.assertEqual(hugepages(), self.pages)
        self.assertEqual(self.survivors(name), [])

    @staticmethod
    def survivors(name):
        """Command lines of processes that have the name among their arguments."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if name in words:
                found.append(" ".join(words))
        return found

    def test_it_shows_every_row_and_balanced_books(self):
        process = self.start()
        self.assertEqual(process.wait(300), 0, self.log.read_text())
        shown = self.log.read_text()
        for row in ("ping, 100 of", "ping, 10 of", "TCP echo", "UDP echo", "connections at once"):
            line = next(line for line in shown.splitlines() if row in line)
            self.assertIn(" ok ", line)
        self.assertIn("established", shown)
        self.assertIn("books: balanced", shown)
        self.assert_nothing_left(process)

    def interrupt(self, signum, when, pause):
        process = self.start()
        self.assertTrue(eventually(lambda: self.said(when), 300, 0.02), self.log.read_text())
        time.sleep(pause)
        process.send_signal(signum)
        self.assertEqual(process.wait(60), 128 + signum)
        self.assert_nothing_left(process)

    def test_interrupted_while_the_server_starts(self):
        self.interrupt(signal.SIGINT, "serving on", 0.05)

    def test_interrupted_while_clients_are_at_work(self):
        self.interrupt(signal.SIGINT, "using it", 0.3)

    def test_terminated_while_clients_are_at_work(self):
        self.interrupt(signal.SIGTERM, "using it", 1.5)
