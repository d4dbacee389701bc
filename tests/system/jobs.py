# SPDX-License-Identifier: BSD-3-Clause
"""Files of system tests, several at once, each in a process of its own."""

import ast
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent

# Those that take longest, longest first: so that none of them begins when the others are done.
LONGEST = (
    "test_load", "test_errors", "test_sockstress", "test_interop", "test_attacks",
    "test_peer_killed", "test_impair", "test_mtu",
)  # fmt: skip

TOLD = re.compile(r"(ok|FAILED|skipped) +[0-9.]+ s  ")


class Job:
    """One file: `python3 tests/system NAME`, whose lines are shown as they come."""

    def __init__(self, name, folder):
        self.name = name
        self.json = pathlib.Path(folder, f"{name}.json")
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, str(HERE), "--json", str(self.json), name],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            errors="replace",
        )  # fmt: skip
        self.rest = []  # what is no line of a test: shown together, at the end
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            if TOLD.match(line):
                sys.stdout.write(line)
                sys.stdout.flush()
            else:
                self.rest.append(line)

    def is_running(self):
        return self.process.poll() is None

    def finish(self):
        """Its numbers. A process that ends before it has written them is a failed test."""
        self.process.wait()
        self.reader.join()
        seconds = time.monotonic() - self.began
        code = self.process.returncode
        try:
            count = json.loads(self.json.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            count = {"passed": 0, "failed": 1, "skipped": 0, "ok": []}
            self.rest.append(f"{self.name} ended with code {code} and without a result\n")
        if count["failed"] or count["skipped"]:
            sys.stdout.write("".join(self.rest))
        sys.stdout.write(f"        {seconds:5.1f} s  {self.name} in all\n")
        sys.stdout.flush()
        return count

    def end(self):
        """As if interrupted: it removes what it made."""
        if self.is_running():
            self.process.terminate()
        self.process.wait()


def must_be_alone(name):
    """Whether the file has a constant ALONE, the reason; it is read, not imported."""
    path = HERE / f"{name.split('.')[0]}.py"
    body = ast.parse(path.read_text(encoding="utf-8")).body if path.exists() else []
    targets = [node.targets[0] for node in body if isinstance(node, ast.Assign)]
    return any(isinstance(target, ast.Name) and target.id == "ALONE" for target in targets)


def in_order(names):
    rank = {name: place for place, name in enumerate(LONGEST)}
    names = [n if n.startswith("test_") else f"test_{n}" for n in names]
    return sorted(names, key=lambda name: (rank.get(name, len(rank)), name))


def run(names, most):
    """The sum of the numbers of all files; those ALONE first, then `most` at a time."""
    waiting = in_order(names)
    alone = [name for name in waiting if must_be_alone(name)]
    together = [name for name in waiting if name not in alone]
    total = {"passed": 0, "failed": 0, "skipped": 0, "ok": []}
    with tempfile.TemporaryDirectory() as folder:
        run_some(alone, 1, folder, total)
        run_some(together, most, folder, total)
    return total


def run_some(waiting, most, folder, total):
    running = []
    try:
        while waiting or running:
            while waiting and len(running) < most:
                running.append(Job(waiting.pop(0), folder))
            time.sleep(0.05)
            for job in [job for job in running if not job.is_running()]:
                running.remove(job)
                for key, value in job.finish().items():
                    total[key] += value
    finally:
        for job in running:
            job.end()
