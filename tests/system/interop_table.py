# SPDX-License-Identifier: BSD-3-Clause
"""The table of docs/congestion.md, out of what scripts/interop --json has left."""

import json
import pathlib
import statistics

ENDS = (("serve", "down"), ("load", "up"), ("serve", "up"), ("load", "down"))
HEADER = (
    "| loss | algorithm | serve down: Wringer sends | load up: Wringer sends"
    " | serve up: Linux sends | load down: Linux sends |\n|---:|---|---:|---:|---:|---:|"
)


def read(paths):
    """By cell: the runs of Wringer and those of Linux, of all files together."""
    runs = {}
    for path in paths:
        for row in json.loads(pathlib.Path(path).read_text(encoding="utf-8")):
            ours, linux = runs.setdefault(key(row["cell"]), ([], []))
            ours += row["wringer"]
            linux += row["linux"]
    return runs


def key(cell):
    """All that a cell is."""
    return (cell["role"], cell["way"], cell["algorithm"], cell["loss"], len(cell["features"]),
            cell["impair"], cell["longest"])


def mbits(runs):
    """The median of those that were right; None without any."""
    rates = [8e-6 * run["bytes"] / run["seconds"] for run in runs if not run["problems"]]
    return statistics.median(rates) if rates else None


def text(runs):
    ours, linux = map(mbits, runs)
    if not ours or not linux:
        return "-"
    return f"{ours:.0f} / {linux:.0f} = {ours / linux:.2f}"


def table(paths):
    """Markdown: cells with all features and with a reference, by what the path does."""
    runs = {k: both for k, both in read(paths).items() if k[5] == "none" and all(both)}
    most = max((k[4] for k in runs), default=0)
    lines = [HEADER]
    for longest, loss in sorted({(k[6], k[3]) for k in runs}):
        for algorithm in ("cubic", "reno", "bbr"):
            cells = [text(runs.get((*end, algorithm, loss, most, "none", longest), ([], [])))
                     for end in ENDS]
            name = "black hole" if longest else f"{loss / 100:g} %"
            if any(cell != "-" for cell in cells):
                lines.append(f"| {name} | {algorithm} | {' | '.join(cells)} |")
    return "\n".join(lines)
