#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""docs/rfc.md names only functions and tests that exist: rfc_is_proven.py SOURCE [TESTLOG...]

Each row of its tables is | id | requirement | where | proof |. "where" names functions as
`file.c:function` of lib/, or is "-". "proof" names tests, or says "untested", "deviation: why"
or "optional: why"; tests may be named within a reason too:

    script:FILE.CASE  unit:FILE.TEST  sim:SCENARIO  watch:INVARIANT  system:FILE.CLASS.METHOD

A test must be one that runs: its program is in meson.build, its name in the group of it. With
logs of meson (testlog.json), tests of the suites script and unit must have passed in one.
"""

import collections
import json
import pathlib
import re
import sys

COLUMNS = ["id", "requirement", "where", "proof"]
NUMBERED = {"MUST": 69, "SHLD": 31, "MAY": 18, "REC": 1}  # RFC 9293, appendix B
FUNCTION = r"^[A-Za-z_][^;=\n]*?\b%s\("
REASON = re.compile(r"(deviation|optional): \S")
TEST = re.compile(r"`(\w+):([^`]*)`")
KINDS = ("script", "unit", "sim", "watch", "system")
SUMMARY = (
    "Of {all} requirements {tested} are met and tested, {untested} are met and untested, "
    "{deviation} are deviations; {optional} options are not taken."
)


class Source:
    """What there is in the source tree."""

    def __init__(self, top):
        self.top = top
        self.files = collections.defaultdict(list)
        for path in top.glob("lib/*/*.[ch]"):
            self.files[path.name].append(path)
        self.texts = {}

    def text(self, path):
        """The text of a file, "" if there is none."""
        path = self.top / path
        if path not in self.texts:
            there = path.exists()
            self.texts[path] = path.read_text(encoding="utf-8") if there else ""
        return self.texts[path]

    def has_function(self, name):
        """`file.c:function`: defined in a file of that name."""
        file, _, function = name.partition(":")
        pattern = re.compile(FUNCTION % re.escape(function), re.M)
        return bool(function) and any(
            pattern.search(self.text(path)) for path in self.files[file]
        )

    def has_script(self, name):
        file, _, case = name.partition(".")
        listed = f"'{file}'" in self.text("tests/script/meson.build")
        text = self.text(f"tests/script/{file}.script")
        return listed and re.search(rf"^case {re.escape(case)}$", text, re.M) is not None

    def has_unit(self, name):
        file, _, test = name.partition(".")
        listed = re.search(rf"'(test_)?{re.escape(file)}'", self.text("tests/unit/meson.build"))
        text = self.text(f"tests/unit/test_{file}.c")
        in_group = rf"^\t+\w*(TEST|unit_test)\w*\(\s*{re.escape(test)}[,)]"
        return bool(listed) and re.search(in_group, text, re.M) is not None

    def has_sim(self, name):
        return f'{{"{name}", ' in self.text("tests/sim/scenarios.c")

    def has_watch(self, name):
        return f'"{name}"' in self.watches()

    def watches(self):
        """What the simulator watches: tests/sim/watch*.c."""
        paths = sorted((self.top / "tests/sim").glob("watch*.c"))
        return "".join(self.text(path.relative_to(self.top)) for path in paths)

    def has_system(self, name):
        file, _, rest = name.partition(".")
        owner, _, method = rest.partition(".")
        text = self.text(f"tests/system/test_{file}.py")
        return owner in self.classes_with(text, method) and method.startswith("test_")

    @staticmethod
    def classes_with(text, method):
        """Classes of a file that have a method, inherited ones too."""
        heads = list(re.finditer(r"^class (\w+)(?:\((.*)\))?:$", text, re.M))
        have = set()
        for i, head in enumerate(heads):
            end = heads[i + 1].start() if i + 1 < len(heads) else len(text)
            bases = re.findall(r"\w+", head[2] or "")
            own = f"    def {method}(" in text[head.end() : end]
            if own or have.intersection(bases):
                have.add(head[1])
        return have

    def has_test(self, kind, name):
        return kind in KINDS and getattr(self, "has_" + kind)(name)


def passed_in(logs):
    """Names of tests that passed, by kind; None without logs."""
    if not logs:
        return None
    text = "\n".join(
        record.get(stream) or ""
        for log in logs
        for record in map(json.loads, log.read_text(encoding="utf-8").splitlines())
        for stream in ("stdout", "stderr")
    )
    return {
        "script": set(re.findall(r"^ok \d+ - (\w+)$", text, re.M)),
        "unit": set(re.findall(r"^\[       OK \] (\w+)$", text, re.M)),
    }


def read_rows(text):
    """(line number, cells) of all tables."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|\n ").split("|")]
            if cells != COLUMNS and set(line) - set("|- "):
                yield number, cells


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
        for kind, name in TEST.findall(cell):
            if not self.source.has_test(kind, name):
                self.complain(number, f"there is no test {kind}:{name}")
            elif self.passed and kind in self.passed:
                if name.rpartition(".")[2] not in self.passed[kind]:
                    self.complain(number, f"{kind}:{name} did not run, or failed")

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
        for number, cells in read_rows("\n".join(self.lines)):
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
