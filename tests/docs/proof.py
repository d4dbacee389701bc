# SPDX-License-Identifier: BSD-3-Clause
"""What pages of docs/ say of functions and tests, held against the source and logs of tests.

A function is named as `file.c:function` of lib/, a test as `KIND:NAME`:

    script:FILE.CASE  unit:FILE.TEST  sim:SCENARIO  watch:INVARIANT  fuzz:TARGET
    system:FILE.CLASS.METHOD

FILE of a script names an RFC section and may have dots; CASE has none.
A test must be one that runs: its program is in meson.build, its name in the group of it.
"""

import collections
import json
import re

FUNCTION = r"^[A-Za-z_][^;=\n]*?\b%s\("
TEST = re.compile(r"`(\w+):([^`]*)`")
KINDS = ("script", "unit", "sim", "watch", "fuzz", "system")


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
        file, _, case = name.rpartition(".")
        listed = f"'{file}'" in self.text("tests/script/meson.build")
        text = self.text(f"tests/script/{file}.script")
        return listed and re.search(rf"^case {re.escape(case)}$", text, re.M) is not None

    def cases_twice(self):
        """Names of cases of packet scripts that come more than once: logs could not tell them."""
        paths = (self.top / "tests/script").glob("*.script")
        texts = [self.text(path.relative_to(self.top)) for path in paths]
        count = collections.Counter(re.findall(r"^case (\w+)$", "\n".join(texts), re.M))
        return sorted(name for name, n in count.items() if n > 1)

    def has_unit(self, name):
        file, _, test = name.partition(".")
        listed = re.search(rf"'(test_)?{re.escape(file)}'", self.text("tests/unit/meson.build"))
        text = self.text(f"tests/unit/test_{file}.c")
        in_group = rf"^\t+\w*(TEST|unit_test)\w*\(\s*{re.escape(test)}[,)]"
        return bool(listed) and re.search(in_group, text, re.M) is not None

    def has_sim(self, name):
        return f'{{"{name}", ' in self.of_sim("scenarios")

    def has_watch(self, name):
        return f'"{name}"' in self.watches()

    def watches(self):
        """What the simulator watches: tests/sim/watch*.c."""
        return self.of_sim("watch")

    def of_sim(self, noun):
        """The texts of tests/sim/NOUN*.c."""
        paths = sorted((self.top / "tests/sim").glob(f"{noun}*.c"))
        return "".join(self.text(path.relative_to(self.top)) for path in paths)

    def has_fuzz(self, name):
        listed = f"'{name}'" in self.text("tests/fuzz/meson.build")
        return listed and (self.top / f"tests/fuzz/fuzz_{name}.c").exists()

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


def read_meson(text, passed):
    """testlog.json of meson: a record a line."""
    for record in map(json.loads, text.splitlines()):
        output = "\n".join(record.get(stream) or "" for stream in ("stdout", "stderr"))
        passed["script"].update(re.findall(r"^ok \d+ - (\w+)$", output, re.M))
        cmocka = re.findall(r"^\[       OK \] (\w+)$", output, re.M)
        passed["unit"].update(cmocka)
        passed["sim"].update(cmocka)
        if record["result"] == "OK" and ":fuzz / " in record["name"]:
            passed["fuzz"].add(record["name"].rpartition(" ")[2])


def passed_in(logs):
    """Names of tests that passed, by kind: of logs of meson (testlog.json) and of tests/system
    --json. Kinds that no log tells of are missing."""
    passed = collections.defaultdict(set)
    for log in logs:
        text = log.read_text(encoding="utf-8")
        if log.name == "testlog.json":
            read_meson(text, passed)
        else:
            passed["system"].update(json.loads(text)["ok"])
    return passed


def wrong_tests(source, passed, text):
    """Sentences on tests that a text names and that are not there, or did not pass."""
    for kind, name in TEST.findall(text):
        last = name if kind == "system" else name.rpartition(".")[2]
        if not source.has_test(kind, name):
            yield f"there is no test {kind}:{name}"
        elif kind in passed and last not in passed[kind]:
            yield f"{kind}:{name} did not run, or failed"


def read_rows(text, columns):
    """(line number, cells) of all tables, without their heads: `columns`."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|\n ").split("|")]
            if cells != columns and set(line) - set("|- "):
                yield number, cells
