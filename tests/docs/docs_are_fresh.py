#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A generated page of docs/ is what the program writes now: docs_are_fresh.py PAGE COMMAND..."""

import difflib
import pathlib
import subprocess
import sys

page, command = pathlib.Path(sys.argv[1]), sys.argv[2:]
wanted = subprocess.run(command, check=True, capture_output=True, text=True).stdout
found = page.read_text(encoding="utf-8") if page.exists() else ""
diff = difflib.unified_diff(
    found.splitlines(keepends=True), wanted.splitlines(keepends=True), page.name, "generated"
)
sys.stdout.writelines(diff)
if found != wanted:
    sys.exit(f"\n{page.name} is stale: write the output of {' '.join(command[1:])} to it")
