#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A page has what the program writes now, as it is: page_contains.py PAGE COMMAND..."""

import pathlib
import subprocess
import sys

page, command = pathlib.Path(sys.argv[1]), sys.argv[2:]
wanted = subprocess.run(command, check=True, capture_output=True, text=True).stdout
found = set(page.read_text(encoding="utf-8").splitlines())
missing = [line for line in wanted.splitlines() if line not in found]
if missing:
    print("\n".join(missing))
    sys.exit(f"\n{page.name} lacks these lines: put the output of {' '.join(command)} there")
