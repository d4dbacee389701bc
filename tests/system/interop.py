# SPDX-License-Identifier: BSD-3-Clause
"""Wringer against Linux over paths that lose, beside Linux against Linux over the same.

The command of scripts/interop. A cell is one transfer; each round runs every cell once with
Wringer and once between two Linux ends, one right after the other, so that both meet the same
machine. What is judged is that every byte is right and the books balance; goodput is told.
"""

import argparse
import dataclasses
import itertools
import json
import os
import pathlib
import signal
import statistics
import sys

from harness import require_appliance, require_tools
from interop_cell import FEATURES, Cell, reference, text_of, transfer
from interop_path import Path
from interop_table import table

ALGORITHMS = ("cubic", "reno", "bbr")
LOSSES = (0, 100, 500, 2000)  # of 10,000 frames
DISORDER = "reorder=1%/1ms,duplicate=1%"
HOLE = 1300  # bytes of the longest packet that a black hole lets pass


def one_at_a_time():
    """All features, and then each of them missing."""
    return [frozenset(FEATURES)] + [frozenset(FEATURES) - {f} for f in FEATURES]


def all_subsets():
    return [
        frozenset(chosen)
        for count in range(len(FEATURES), -1, -1)
        for chosen in itertools.combinations(FEATURES, count)
    ]


def all_of_them():
    return [frozenset(FEATURES)]


SETS = {"all": all_of_them, "each": one_at_a_time, "every": all_subsets}


def matrix(sets="each"):
    """Every role, way, algorithm and loss, by features; disorder and holes with all of these."""
    ends = list(itertools.product(("serve", "load"), ("up", "down"), ALGORITHMS))
    cells = [
        Cell(*end, loss, features) for features in SETS[sets]() for loss in LOSSES for end in ends
    ]
    cells += [Cell(*end, loss, impair=DISORDER) for loss in (0, 100) for end in ends]
    return cells + [Cell(*end, 0, longest=HOLE) for end in ends]


def pairs(cell):
    """Each two choices that a cell makes together."""
    chosen = [cell.role, cell.way, cell.algorithm, cell.loss, cell.impair, cell.longest]
    chosen += [feature in cell.features for feature in FEATURES]
    return set(itertools.combinations(enumerate(chosen), 2))


def pairwise(cells):
    """Few cells in which each two choices that some cell has together still meet."""
    wanted = set().union(*map(pairs, cells))
    chosen = []
    while wanted:
        best = max(cells, key=lambda cell: len(pairs(cell) & wanted))
        wanted -= pairs(best)
        chosen.append(best)
    return chosen


@dataclasses.dataclass
class Row:
    """The runs of one cell; a reference may be missing, where Linux cannot be had."""

    cell: Cell
    ours: list
    linux: list

    def ratio(self):
        """Of the medians; None without a reference."""
        if not self.linux or not self.ours:
            return None
        theirs = statistics.median(r.goodput() for r in self.linux)
        return statistics.median(r.goodput() for r in self.ours) / theirs if theirs else None

    def problems(self):
        return [p for result in self.ours for p in result.problems]

    def document(self):
        cell = dataclasses.asdict(self.cell) | {"features": sorted(self.cell.features)}
        return {
            "cell": cell,
            "wringer": [dataclasses.asdict(r) for r in self.ours],
            "linux": [dataclasses.asdict(r) for r in self.linux],
            "ratio": self.ratio(),
        }


def has_reference(cell):
    """Our own impairment stands at Wringer's end: between two Linux ends there is none."""
    return cell.impair == "none"


def measure(path, row, args):
    """One round of a cell."""
    rest = row.cell, args.size << 20, args.seconds
    if has_reference(row.cell) and not args.alone:
        row.linux.append(reference(path, *rest))
    row.ours.append(transfer(path, *rest))


def middle(values):
    return statistics.median(values) if values else None


def told(results, field):
    if not results:
        return "-"
    return f"{middle([getattr(r, field) for r in results]):.0f}"


def rate(results):
    if not results:
        return "-"
    late = "" if all(r.finished for r in results) else "*"
    return f"{middle([r.goodput() for r in results]):.1f}{late}"


def line(row):
    ratio = row.ratio()
    return "  ".join((
        f"{str(row.cell):46}",
        f"{rate(row.ours):>9}",
        f"{rate(row.linux):>9}",
        f"{ratio:6.2f}" if ratio is not None else f"{'-':>6}",
        f"{told(row.ours, 'retransmissions'):>7}",
        f"{told(row.linux, 'retransmissions'):>7}",
        f"{told(row.ours, 'timeouts'):>5}",
        f"{told(row.linux, 'timeouts'):>5}",
    ))


HEADER = (
    f"{'cell':46}  {'Mbit/s':>9}  {'Linux':>9}  {'ratio':>6}"
    f"  {'again':>7}  {'Linux':>7}  {'RTOs':>5}  {'Linux':>5}"
)


def summary(rows):
    """By loss and who sends: the middle of the ratios, and the worst."""
    lines = []
    for loss, sends in itertools.product(LOSSES, (True, False)):
        ratios = [r.ratio() for r in rows if r.cell.loss == loss and r.cell.is_sender() == sends]
        ratios = sorted(r for r in ratios if r is not None)
        if ratios:
            who = "Wringer sends" if sends else "Linux sends  "
            lines.append(
                f"loss {loss / 100:4g} %  {who}  ratio: median {middle(ratios):.2f},"
                f" least {ratios[0]:.2f}, most {ratios[-1]:.2f} of {len(ratios)} cells"
            )
    return lines


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/interop", description=__doc__)
    parser.add_argument("--size", type=int, default=64, metavar="MIB", help="of each transfer: 64")
    parser.add_argument("--rounds", type=int, default=1, help="of the matrix: 1")
    parser.add_argument("--seconds", type=float, default=60,
                        help="for a transfer; what has arrived by then counts: 60")
    parser.add_argument("--features", choices=SETS, default="each",
                        help="all: none is missing; each: and one is missing at a time; "
                        "every: all 16 sets of them: each")
    parser.add_argument("--pairwise", action="store_true", help="few cells, all pairs of choices")
    parser.add_argument("--loss", type=float, nargs="+", metavar="PERCENT",
                        default=[loss / 100 for loss in LOSSES], help="only these: 0 1 5 20")
    parser.add_argument("--plain", action="store_true", help="no disorder and no black holes")
    parser.add_argument("--only", default="", metavar="WORDS",
                        help="cells whose name has all of these words, such as 'serve cubic 5%%'")
    parser.add_argument("--alone", action="store_true", help="without Linux against Linux")
    parser.add_argument("--json", metavar="FILE", help="every run of every cell, as they end")
    parser.add_argument("--table", metavar="FILE", nargs="+",
                        help="of such files, as docs/congestion.md has it, and nothing else")
    parser.add_argument("--list", action="store_true", help="the cells, and nothing else")
    return parser, parser.parse_args()


def chosen_cells(args):
    cells = matrix(args.features)
    if args.pairwise:
        cells = pairwise(cells)
    cells = [cell for cell in cells if cell.loss / 100 in args.loss]
    if args.plain:
        cells = [cell for cell in cells if cell.impair == "none" and not cell.longest]
    return [cell for cell in cells if set(args.only.split()) <= set(str(cell).split())]


def check(parser, args, cells):
    """What would only be noticed when all is built, or measured."""
    if not cells:
        parser.error("no cell has all of that; --list shows what there is")
    try:
        if args.json:
            open(args.json, "a", encoding="utf-8").close()
    except OSError as error:
        parser.exit(3, f"interop: {args.json} cannot be written ({error.strerror}).\n")


def run_all(path, rows, args):
    """All rounds; the last one prints."""
    for number, row in itertools.product(range(args.rounds), rows):
        measure(path, row, args)
        if number == args.rounds - 1:
            print(line(row), *row.problems(), sep="\n    ", flush=True)
        if args.json:
            pathlib.Path(args.json).write_text(
                json.dumps([row.document() for row in rows], indent=1), encoding="utf-8")


def unwind(*_):
    raise SystemExit(130)


def main():
    parser, args = arguments()
    if args.table:
        try:
            print(table(args.table))
        except (OSError, ValueError, KeyError, TypeError) as error:
            parser.error(f"--table takes files that --json has written: {error}")
        return 0
    cells = chosen_cells(args)
    check(parser, args, cells)
    if args.list:
        print(*cells, sep="\n")
        return 0
    require_appliance()
    require_tools("nft", "ethtool")
    signal.signal(signal.SIGTERM, unwind)
    text_of(args.size << 20)
    rows = [Row(cell, [], []) for cell in cells]
    print(f"{len(cells)} cells, {args.size} MiB each, {args.rounds} rounds, "
          f"load average {os.getloadavg()[0]:.1f}\n\n{HEADER}", flush=True)
    with Path() as path:
        run_all(path, rows, args)
    print("\n* not all of it within the time of a transfer\n", *summary(rows), sep="\n")
    return 1 if any(row.problems() for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
