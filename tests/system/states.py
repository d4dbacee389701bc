# SPDX-License-Identifier: BSD-3-Clause
"""Prints the TCP states and the books of a document of `wringer stats --json`.

states.py FILE; exit code 1 if the books do not balance.
"""

import json
import sys

from harness import Stats


def print_states(stats):
    print(f"  {'TCP state':<14} {'now':>10} {'entered':>10} {'left':>10}")
    for name, now in stats.states().items():
        entered, left = stats.entered(name), stats.left(name)
        if now or entered or left:
            print(f"  {name:<14} {now:>10} {entered:>10} {left:>10}")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        stats = Stats(json.load(file))
    print_states(stats)
    unbalanced = stats.unbalanced()
    print(
        f"\n  frames: {stats['rx_frames']} in, {stats['tx_frames']} out; "
        f"sent again: {sum(stats.retransmissions().values())} segments; "
        f"books: {unbalanced or 'balanced'}"
    )
    return 1 if unbalanced else 0


if __name__ == "__main__":
    sys.exit(main())
