# SPDX-License-Identifier: BSD-3-Clause
"""`wringer set` changes a load while it runs."""

import json
import re

from harness import WRINGER, eventually, run
from loader import Echo, LoadCase


class Set(LoadCase):
    def set(self, load, *words):
        return run(str(WRINGER), "set", "--instance", load.name, *words, check=False)

    @staticmethod
    def intervals(load):
        """How many it has told of."""
        return len(re.findall(r"^\[ *\d+\] ", load.log(), re.MULTILINE))

    def await_connections(self, load, count):
        def are_open():
            stats = run(str(WRINGER), "stats", "--instance", load.name, "--json").stdout
            return json.loads(stats)["sum"]["connections"]["established"] == count

        self.assertTrue(eventually(are_open), "it has other connections")

    def test_setpoints_change_while_it_runs(self):
        with Echo() as server:
            load = self.start(
                f"{self.peer}:{server.port}", "--connections", "10", "--rps", "100",
                "--duration", "5min", "--interval", "200ms", "--rto-initial", "100ms",
            )  # fmt: skip
            self.assertTrue(eventually(lambda: server.accepted == 10))
            done = self.set(load, "rps=1k", "connections=5")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(
                done.stdout, "connections=5 cps=0 rps=1000 bitrate=0 pps=0\n"
            )
            done = self.set(load, "rps=2k", "--json")
            self.assertEqual(json.loads(done.stdout)["rps"], 2000)
            self.await_connections(load, 5)
            told = self.intervals(load)
            eventually(lambda: self.intervals(load) > told + 2)
            load.interrupt()
            load.wait()
        last = load["intervals"][-2]
        self.assertEqual(last["setpoints"]["requests_per_s"], 2000, load)
        self.assertEqual(last["connections_open"], 5, load)

    def test_what_cannot_be_is_refused_and_changes_nothing(self):
        with Echo() as server:
            load = self.start(
                f"{self.peer}:{server.port}", "--connections", "2", "--duration", "5min",
                "--rto-initial", "100ms",
            )  # fmt: skip
            self.assertTrue(eventually(lambda: server.accepted == 2))
            for words, sentence in (
                (["rps=2m"], "'2m' is not a number a second"),
                (["speed=1"], "cannot be changed while it runs"),
                (["connections=3"], "there is room for 2"),
                (["pps=5"], "has no --pps"),
                (["rps"], "not of the form name=value"),
                ([], "no setpoint is given"),
            ):
                done = self.set(load, *words)
                self.assertEqual(done.returncode, 2, words)
                self.assertIn(sentence, done.stderr)
            load.interrupt()
            load.wait()
        self.assertEqual(load.code, 130, load)

    def test_a_process_must_run(self):
        done = run(str(WRINGER), "set", "--instance", "nobody", "rps=1", check=False)
        self.assertEqual(done.returncode, 3)
