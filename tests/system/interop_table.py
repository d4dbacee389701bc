# SPDX-License-Identifier: BSD-3-Clause
"""The tables of docs/congestion.md, out of what scripts/interop --json has left."""

import json
import pathlib
import statistics

ENDS = (("serve", "down"), ("load", "up"), ("serve", "up"), ("load", "down"))
HEADER = (
    "| loss | algorithm | serve down: Wringer sends | load up: Wringer sends"
    " | serve up: Linux sends | load down: Linux sends |\n|---:|---|---:|---:|---:|---:|"
)


SENDERS = (
    "| loss | Wringer sends | Linux sends to Wringer | Linux to Linux |\n|---:|---:|---:|---:|"
)
WHOLE = 64 << 20


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


def goodput(runs):
    """Cells with all features, by what the path does."""
    most = max((k[4] for k in runs), default=0)
    lines = [HEADER]
    for longest, loss in sorted({(k[6], k[3]) for k in runs}):
        for algorithm in ("cubic", "reno", "bbr"):
            cells = [text(runs.get((*end, algorithm, loss, most, "none", longest), ([], [])))
                     for end in ENDS]
            name = "black hole" if longest else f"{loss / 100:g} %"
            if any(cell != "-" for cell in cells):
                lines.append(f"| {name} | {algorithm} | {' | '.join(cells)} |")
    return lines


def rare(runs):
    """Time-outs for each 64 MiB."""
    size = sum(run["bytes"] for run in runs)
    return f"{sum(run['timeouts'] for run in runs) * WHOLE / size:.1f}" if size else "-"


def timeouts(runs):
    """By loss, of all algorithms together."""
    lines = [SENDERS]
    for loss in sorted({k[3] for k in runs}):
        path = [(k, both) for k, both in runs.items() if k[3] == loss and not k[6]]
        sent = [run for k, (ours, _) in path if k[:2] in ENDS[:2] for run in ours]
        taken = [run for k, (ours, _) in path if k[:2] in ENDS[2:] for run in ours]
        linux = [run for _, (_, theirs) in path for run in theirs]
        lines.append(f"| {loss / 100:g} % | {rare(sent)} | {rare(taken)} | {rare(linux)} |")
    return lines


def table(paths):
    """Markdown: goodput and time-outs of the cells that have a reference."""
    runs = {k: both for k, both in read(paths).items() if k[5] == "none" and all(both)}
    return "\n".join([*goodput(runs), "", *timeouts(runs)])
