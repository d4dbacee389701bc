#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes the .ini files given as one C table: embed.py OUT.c FILE.ini..."""

import pathlib
import sys


def c_string(text):
    """The lines of an .ini file as C string literals, one a line."""
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"') for line in text.splitlines())
    return "\n".join(f'\t  "{line}\\n"' for line in escaped)


def main(out, *files):
    rows = [
        f'\t{{ "{path.stem}",\n{c_string(path.read_text(encoding="ascii"))} }},'
        for path in map(pathlib.Path, files)
    ]
    pathlib.Path(out).write_text(
        "/* Made by drivers-config/embed.py from the .ini files beside it. */\n"
        '#include "profile_texts.h"\n\n'
        "const struct wr_profile_text wr_profile_texts[] = {\n"
        + "\n".join(rows)
        + "\n\t{ NULL, NULL },\n};\n",
        encoding="ascii",
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
