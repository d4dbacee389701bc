#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""docs/attacks.md names only tests that exist: attacks_are_tested.py SOURCE [LOG...]

Each row of its tables is | class | what is done | tests | limits |; "tests" names one at least,
as proof.py says, and nothing else; what "limits" names is a key of the
configuration. With logs of tests, what they tell of must have passed.
"""

import pathlib
import re
import sys

from proof import TEST, Source, passed_in, read_rows, wrong_tests

COLUMNS = ["class", "what is done", "tests", "limits"]
PAGE = "docs/attacks.md"
LEAST = 40  # rows: what the page has to answer for does not become less


def wrong_in(cells, source, passed):
    """What is wrong with a row, as sentences."""
    if len(cells) != len(COLUMNS) or "" in cells:
        yield "four cells are expected: " + ", ".join(COLUMNS)
        return
    named = ", ".join(f"`{kind}:{name}`" for kind, name in TEST.findall(cells[2]))
    if not named or cells[2] != named:
        yield "tests are expected, and nothing else"
    for key in re.findall(r"`([^`]*)`", cells[3]):
        if f'"{key}"' not in source.text("lib/conf/keys.c"):
            yield f"there is no key {key}"
    yield from wrong_tests(source, passed, " ".join(cells))


def main():
    source = Source(pathlib.Path(sys.argv[1]))
    passed = passed_in([pathlib.Path(log) for log in sys.argv[2:]])
    rows = list(read_rows(source.text(PAGE), COLUMNS))
    wrong = [
        f"{PAGE}:{number}: {why}"
        for number, cells in rows
        for why in wrong_in(cells, source, passed)
    ]
    if len(rows) < LEAST:
        wrong.append(f"{PAGE}: {len(rows)} rows, at least {LEAST} are expected")
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
