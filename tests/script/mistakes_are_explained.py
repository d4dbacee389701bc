#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What the runner of packet scripts says of mistakes: mistakes_are_explained.py RUNNER SCRIPT GOLDEN

Every case of SCRIPT fails, and what is printed is GOLDEN.
"""

import difflib
import pathlib
import subprocess
import sys

runner, script, golden = sys.argv[1:]
run = subprocess.run([runner, script], capture_output=True, text=True, check=False)
said = [line for line in run.stdout.splitlines() if line]
expected = pathlib.Path(golden).read_text(encoding="utf-8").splitlines()
passed = [line for line in said if line.startswith("ok ")]
print("\n".join(difflib.unified_diff(expected, said, "expected", "said", lineterm="")))
sys.exit(run.returncode != 1 or bool(passed) or said != expected)
