# SPDX-License-Identifier: BSD-3-Clause
"""Prints "PASSED FAILED" of a log of meson (testlog.json) or of tests/system --json.

A program of cmocka counts as many tests as it says it ran; any other program counts one.
"""

import json
import re
import sys

CMOCKA_PASSED = re.compile(r"^\[  PASSED  \] (\d+) test", re.MULTILINE)
CMOCKA_FAILED = re.compile(r"^\[  FAILED  \] \w[^\n:]*: (\d+) test|^\[  FAILED  \] (\d+) test", re.MULTILINE)
GOOD = ("OK", "EXPECTEDFAIL")


def count_program(record):
    """Tests that passed and failed in one program that meson ran."""
    output = (record.get("stdout") or "") + "\n" + (record.get("stderr") or "")
    passed = sum(int(n) for n in CMOCKA_PASSED.findall(output))
    failed = sum(int(a or b) for a, b in CMOCKA_FAILED.findall(output))
    if record["result"] in GOOD:
        return max(passed, 1), 0
    # A program that crashed or hung did not get to its own summary.
    return passed, max(failed, 1)


def main():
    passed = failed = 0
    with open(sys.argv[1], encoding="utf-8") as log:
        text = log.read()
    if sys.argv[1].endswith("testlog.json"):
        for line in text.splitlines():
            good, bad = count_program(json.loads(line))
            passed, failed = passed + good, failed + bad
        print(passed, failed)
    else:
        document = json.loads(text)
        print(document["passed"], document["failed"], document["skipped"])


if __name__ == "__main__":
    main()
