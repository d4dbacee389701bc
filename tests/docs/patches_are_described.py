#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""dpdk-patches/series and its patches fit together: patches_are_described.py FOLDER.

Each patch that the series names exists and has a header that says what, why, with what effect,
how to see it and what became of it upstream; no patch is left out.
"""

import pathlib
import re
import sys

FIELDS = ("Subject", "Why", "Effect", "See", "Upstream")


def problems_of(patch):
    """What is wrong with one patch, as sentences."""
    if not re.fullmatch(r"\d{4}-[a-z0-9-]+\.patch", patch.name):
        yield "its name is not NNNN-what.patch"
    if not patch.exists():
        yield "there is no such file"
        return
    header, _, diff = patch.read_text(encoding="utf-8").partition("\n---\n")
    for field in FIELDS:
        if not re.search(rf"^{field}: \S.{{9}}", header, re.MULTILINE):
            yield f"its header has no field '{field}: ...'"
    if not re.search(r"^--- a/\S+\n\+\+\+ b/\S+\n@@ ", diff, re.MULTILINE):
        yield "it changes nothing"


def main(folder):
    folder = pathlib.Path(folder)
    names = (folder / "series").read_text(encoding="utf-8").split()
    problems = [f"{name}: {what}" for name in names for what in problems_of(folder / name)]
    found = sorted(path.name for path in folder.glob("*.patch"))
    problems += [f"{name}: it is not in series" for name in found if name not in names]
    if names != sorted(names):
        problems.append("series: not in the order of the numbers")
    sys.exit("\n".join(problems) or 0)


if __name__ == "__main__":
    main(sys.argv[1])
