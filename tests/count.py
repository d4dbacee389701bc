# SPDX-License-Identifier: BSD-3-Clause
"""Prints "PASSED FAILED" of a log of meson (testlog.json) or of tests/system --json.

A program of cmocka counts as many tests as it began, any other program as one.
"""

import json
import sys

CMOCKA_BEGAN = "[ RUN      ]"
CMOCKA_PASSED = "[       OK ]"


def count_program(record):
    """Tests that passed and failed in one program that meson ran."""
    output = (record.get("stdout") or "") + "\n" + (record.get("stderr") or "")
    good = record["result"] in ("OK", "EXPECTEDFAIL")
    began, passed = output.count(CMOCKA_BEGAN), output.count(CMOCKA_PASSED)
    if not began:
        return (1, 0) if good else (0, 1)
    # Begun and not passed: failed, skipped, or the program died in it.
    return passed, max(began - passed, 0 if good else 1)


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
