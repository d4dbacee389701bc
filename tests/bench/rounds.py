# SPDX-License-Identifier: BSD-3-Clause
"""Cases measured in turns, a core-to-core probe before and after each, and what comes of it.

On shared machines the way from core to core changes between two speeds, and with it every
figure that needs two cores. So a run has a class: near, if both probes found less than NEAR_NS,
far, if neither did, else mixed. Only runs of one class are compared.
"""

import dataclasses
import pathlib
import shutil
import statistics
import sys
import time
import typing

import procs
from procs import Failed

NEAR_NS = 80
SERVER_CPU, CLIENT_CPU = 0, 1
CLASSES = ("near", "far", "mixed")
BUDGET_S = 440  # no round begins that would not end by then
ROUNDS_LEAST, ROUNDS_MOST = 2, 9


@dataclasses.dataclass
class Case:
    """One thing to measure: `name` is unique, measure(bench) returns a Figure."""

    name: str
    text: str
    unit: str
    measure: typing.Callable
    seldom: bool = False  # in every other round


@dataclasses.dataclass
class Figure:
    """What one run found: a rate, the rates of its parts, and what else there is to know."""

    rate: float
    probes_ns: list
    slices: list = dataclasses.field(default_factory=list)
    more: dict = dataclasses.field(default_factory=dict)

    def speed(self):
        near = [ns < NEAR_NS for ns in self.probes_ns]
        return "near" if all(near) else "mixed" if any(near) else "far"


class Bench:
    """What all cases share."""

    def __init__(self, build, quick, work, hugepages):
        self.build = pathlib.Path(build)
        self.wringer = self.build / "app" / "wringer"
        self.quick = quick
        self.work = work
        self.hugepages = hugepages
        self.seconds = 1 if quick else 2
        self.idle = "adaptive" if quick else "spin"  # a look at a machine that others use
        self.tag = procs.tag()
        self.taken = 0

    def tool(self, name):
        return self.build / "tests" / "bench" / name

    def start(self, name, argv, netns=None):
        return procs.Program(self.work, name, argv, netns)

    def socket(self):
        """The path of a socket that nobody has had yet."""
        self.taken += 1
        return self.work / f"{self.taken}.sock"

    def pages(self):
        return [] if self.hugepages else ["--no-huge"]

    def probe(self):
        """Nanoseconds from core to core just now; our programs should stand still."""
        return float(procs.call([self.tool("core_probe"), SERVER_CPU, CLIENT_CPU]))


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Failed(f"{program} is missing; run scripts/setup")


# ---- rounds ----

def say(text):
    print(text, file=sys.stderr, flush=True)


def measure_once(bench, case, number):
    """The record of one run, whether it succeeds or not."""
    record = {"case": case.name, "round": number, "unit": case.unit}
    begin = time.monotonic()
    try:
        figure = case.measure(bench)
    except (Failed, LookupError, ValueError, OSError) as e:  # the others go on
        record["failed"] = str(e) if isinstance(e, Failed) else repr(e)
        say(f"   {case.text}: failed: {record['failed']}")
        return record
    finally:
        record["took_s"] = round(time.monotonic() - begin, 2)
    record |= {"rate": figure.rate, "slices": figure.slices, "class": figure.speed(),
               "probes_ns": figure.probes_ns} | figure.more
    say(f"   {case.text}: {figure.rate:,.0f} {case.unit}, {record['class']}")
    return record


def measure(bench, cases):
    """Rounds of all cases, in turns, as many as there is time for."""
    runs, begin = [], time.monotonic()
    took = {0: 0.0, 1: 0.0}  # by the last round of all cases, and of those that are not seldom
    most = 1 if bench.quick else ROUNDS_MOST
    least = 1 if bench.quick else ROUNDS_LEAST
    for number in range(most):
        odd = number % 2
        round_begin = time.monotonic()
        if number >= least and round_begin - begin + took[odd] > BUDGET_S:
            break
        say(f"   round {number + 1}")
        # Odd ones backwards: what comes first is not always the same.
        for case in reversed(cases) if odd else cases:
            if not (odd and case.seldom):
                runs.append(measure_once(bench, case, number))
        took[odd] = time.monotonic() - round_begin
    return runs


# ---- what comes of it ----

def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values),
            "values": values}


def median_of(runs, end, key):
    """The median of a number that the runs have of one end; None: none has it."""
    values = [run[end][key] for run in runs if run.get(end) and run[end].get(key) is not None]
    return statistics.median(values) if values else None


def cycles_of(runs, end):
    """Cycles a segment, by stage: medians of the runs."""
    found = [run[end] for run in runs if run.get(end)]
    stages = {s for one in found for s in one["stages"]}
    return {s: statistics.median([one["stages"].get(s, 0) for one in found])
            for s in sorted(stages)}


def summary_of(case, runs):
    own = [run for run in runs if run["case"] == case.name]
    good = [run for run in own if "rate" in run]
    out = {"text": case.text, "unit": case.unit, "runs": len(own),
           "failures": [run["failed"] for run in own if "failed" in run]}
    for speed in CLASSES:
        of_class = [run for run in good if run["class"] == speed]
        if not of_class:
            continue
        out[speed] = spread([run["rate"] for run in of_class])
        for end in ("server", "client"):
            if any(run.get(end) for run in of_class):
                out[speed][end] = {
                    "stages": cycles_of(of_class, end),
                    "busy_cycles": median_of(of_class, end, "busy_cycles"),
                    "busy": median_of(of_class, end, "busy"),
                    "burst": median_of(of_class, end, "burst"),
                }
    return out


def ratio(cases, ours, theirs, text, aim=None):
    """Our median to theirs, class by class; only where both have one."""
    out = {"text": text, "ours": ours, "theirs": theirs, "aim": aim}
    for speed in CLASSES:
        a, b = (cases.get(name, {}).get(speed) for name in (ours, theirs))
        if a and b and b["median"]:
            out[speed] = a["median"] / b["median"]
    return out


def level(cases, ours, text, aim):
    """Our median against a figure of its own."""
    out = {"text": text, "ours": ours, "theirs": None, "aim": aim}
    for speed in CLASSES:
        if speed in cases.get(ours, {}):
            out[speed] = cases[ours][speed]["median"]
    return out
