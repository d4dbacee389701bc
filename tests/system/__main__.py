# SPDX-License-Identifier: BSD-3-Clause
"""Runs the system tests: python3 tests/system [--json FILE] [--jobs N] [NAME...]

NAME is the noun of a file (echo: test_echo.py), or a test as unittest names it. In CI
(CI=true) a skipped test has failed: everything that a test needs is installed there, but for
what "this kernel" lacks.

With --jobs each file is a process of its own, N of them at once: those that must have the
machine for themselves (ALONE in the file says why) come first, then the longest ones.
"""

import argparse
import json
import os
import pathlib
import signal
import sys
import time
import unittest

import jobs

HERE = pathlib.Path(__file__).resolve().parent


class Result(unittest.TextTestResult):
    """One line a test: its sentence, its verdict, its seconds."""

    def __init__(self, stream, descriptions, verbosity):
        super().__init__(stream, descriptions, verbosity=0)
        self.strict = os.environ.get("CI") == "true"
        self.lines = []
        self.names = []  # of the tests that passed
        self.started = time.monotonic()
        signal.signal(signal.SIGTERM, self._end)

    def _end(self, *_):
        """The end of an interrupted run is an ordinary one: what was started is ended."""
        self.stop()
        self.failfast = True  # no further subtest either
        sys.exit(143)  # to unittest the test has failed: it goes on with the cleanups

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()

    def _line(self, test, verdict):
        took = time.monotonic() - self.started
        self.lines.append(verdict)
        self.stream.write(f"{verdict:<7} {took:5.1f} s  {test.id()}\n")
        self.stream.flush()
        self.started = time.monotonic()

    def addSuccess(self, test):
        super().addSuccess(test)
        self.names.append(test.id().removeprefix("test_"))
        self._line(test, "ok")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._line(test, "FAILED")

    def addError(self, test, err):
        super().addError(test, err)
        self._line(test, "FAILED")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._line(subtest, "FAILED")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        strict = self.strict and not reason.startswith("this kernel")
        self._line(test, "FAILED" if strict else "skipped")
        self.stream.write(f"        {reason}\n")


def check(parser, names):
    """A noun without a file is a slip, told in a sentence."""
    for name in names:
        file = name.split(".")[0].removeprefix("test_")
        if not (HERE / f"test_{file}.py").exists():
            parser.error(f"there is no test_{file}.py; NAME is the noun of a file, or a test in it")


def load(names):
    loader = unittest.TestLoader()
    if not names:
        return loader.discover(str(HERE), pattern="*test*.py", top_level_dir=str(HERE))
    modules = [n if n.startswith("test_") else f"test_{n}" for n in names]
    return loader.loadTestsFromNames(modules)


def run_here(names):
    runner = unittest.TextTestRunner(stream=sys.stdout, resultclass=Result)
    result = runner.run(load(names))
    return {
        "passed": result.lines.count("ok"),
        "failed": result.lines.count("FAILED"),
        "skipped": result.lines.count("skipped"),
        "ok": result.names,
    }


def main():
    parser = argparse.ArgumentParser(prog="python3 tests/system")
    parser.add_argument("--json", metavar="FILE", help="write what passed, and the numbers")
    parser.add_argument("--jobs", metavar="N", type=int, default=1, help="files at once")
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    check(parser, args.names)
    sys.path.insert(0, str(HERE))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if args.jobs > 1:
        count = jobs.run(args.names or [path.stem for path in HERE.glob("test_*.py")], args.jobs)
    else:
        count = run_here(args.names)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(count), encoding="utf-8")
    return 1 if count["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
