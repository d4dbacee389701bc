#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""docs/rfc.md names only functions and tests that exist: rfc_is_proven.py SOURCE [LOG...]

Each row of its tables is | id | requirement | where | proof |. "where" names functions as
`file.c:function` of lib/, or is "-". "proof" names tests, or says "untested", "deviation: why"
or "optional: why"; tests may be named within a reason too. How they are named says proof.py.
With logs of tests, what they tell of must have passed.
"""

import pathlib
import re
import sys

from proof import TEST, Source, passed_in, read_rows, wrong_tests

COLUMNS = ["id", "requirement", "where", "proof"]
NUMBERED = {"MUST": 69, "SHLD": 31, "MAY": 18, "REC": 1}  # RFC 9293, appendix B
REASON = re.compile(r"(deviation|optional): \S")
SUMMARY = (
    "Of {all} requirements {tested} are met and tested, {untested} are met and untested, "
    "{deviation} are deviations; {optional} options are not taken."
)


class Page:
    """docs/rfc.md, and what is wrong with it."""

    def __init__(self, source, passed):
        self.source, self.passed = source, passed
        self.lines = source.text("docs/rfc.md").splitlines()
        self.wrong = []
        self.seen = set()
        kinds = ("all", "tested", "untested", "deviation", "optional")
        self.counts = dict.fromkeys(kinds, 0)

    def complain(self, number, why):
        self.wrong.append(f"docs/rfc.md:{number}: {why}\n    {self.lines[number - 1]}")

    def check_where(self, number, cell, kind):
        names = re.findall(r"`([^`]*)`", cell)
        if cell != ", ".join(f"`{name}`" for name in names) and cell != "-":
            self.complain(number, "`file.c:function`, ... or - is expected")
        if cell == "-" and kind in ("tested", "untested"):
            self.complain(number, "who meets it has a name")
        for name in names:
            if not self.source.has_function(name):
                self.complain(number, f"there is no function {name} in lib/")

    def check_tests(self, number, cell):
        for why in wrong_tests(self.source, self.passed, cell):
            self.complain(number, why)

    def kind_of(self, number, cell):
        reason = REASON.match(cell)
        if cell == "untested":
            return cell
        if reason:
            return reason[1]
        if cell != ", ".join(f"`{kind}:{name}`" for kind, name in TEST.findall(cell)):
            self.complain(number, "tests, untested, deviation: why or optional: why is expected")
        return "tested"

    def check_row(self, number, cells):
        if len(cells) != len(COLUMNS) or "" in cells:
            self.complain(number, "four cells are expected: " + ", ".join(COLUMNS))
            return
        name, _, where, proof = cells
        if name in self.seen:
            self.complain(number, f"{name} again")
        self.seen.add(name)
        kind = self.kind_of(number, proof)
        self.counts[kind] += 1
        self.counts["all"] += 1
        self.check_where(number, where, kind)
        self.check_tests(number, proof)

    def check(self):
        for name in self.source.cases_twice():
            self.wrong.append(f"tests/script: case {name} comes twice")
        for number, cells in read_rows("\n".join(self.lines), COLUMNS):
            self.check_row(number, cells)
        for level, last in NUMBERED.items():
            for n in range(1, last + 1):
                if f"{level}-{n}" not in self.seen:
                    self.wrong.append(f"docs/rfc.md: {level}-{n} of RFC 9293 is missing")
        summary = SUMMARY.format(**self.counts)
        if summary not in self.lines:
            self.wrong.append(f"docs/rfc.md: this line is expected:\n    {summary}")
        return self.wrong


def main():
    source = Source(pathlib.Path(sys.argv[1]))
    wrong = Page(source, passed_in([pathlib.Path(log) for log in sys.argv[2:]])).check()
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
