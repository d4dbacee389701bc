# SPDX-License-Identifier: BSD-3-Clause
"""Parts e, f and g together: all their cases in the same rounds, compared with each other."""

import kernel
import pair
import procs
import rounds
from rounds import level, ratio

CASES = {"e": pair.cases, "f": kernel.cases, "g": kernel.iperf3_cases}


def comparisons(cases):
    """The questions that docs/bench.md asks; `aim` is for memif in near seconds."""
    out = []
    for fabric in pair.FABRICS:
        def ask(ours, theirs, text, aim=None, fabric=fabric):
            out.append(ratio(cases, f"{fabric}.{ours}", theirs, f"{fabric}: {text}",
                             aim if fabric == "memif" else None))

        for frame in (64, 130):
            testpmd = f"{fabric}.testpmd-{frame}"
            aims = (0.35, 0.5) if frame == 64 else (None, None)
            ask("rr", testpmd, f"TCP requests to testpmd's {frame}-byte frames", aims[0])
            ask("udp-rr", testpmd, f"UDP requests to testpmd's {frame}-byte frames", aims[1])
        ask("rr", "linux.rr", "TCP requests to Linux", 20)
        ask("udp-rr", "linux.udp-rr", "UDP requests to Linux")
        ask("crr", "linux.crr", "connect, request, FIN to Linux", 50)
        ask("crr-reset", "linux.crr-reset", "connect, request, reset to Linux")
        for mtu in (1500, 9000):
            for word in ("on", "off"):
                ask(f"stream-up-{mtu}", f"linux.stream-{mtu}-{word}",
                    f"stream, MTU {mtu}, to Linux with offloads {word}")
    out.append(level(cases, "memif.crr", "memif: connections a second", 1.5e6))
    out.append(level(cases, "memif.stream-up-1500", "memif: stream up, MTU 1500", 20e9))
    out.append(level(cases, "memif.stream-down-1500", "memif: stream down, MTU 1500", 20e9))
    for way in ("up", "down"):
        out.append(ratio(cases, f"iperf3.wringer-{way}", f"iperf3.linux-{way}",
                         f"iperf3 over a tap to iperf3 over a veth, {way}"))
    return [row for row in out if any(speed in row for speed in rounds.CLASSES)]


def measure(build, letters, quick, hugepages, pattern=None):
    """What the cases of these parts gave, run by run, case by case, and side by side."""
    wanted = [case for letter in letters for case in CASES[letter]()
              if not pattern or pattern.search(case.name)]
    with procs.workplace(procs.tag()) as work:
        bench = rounds.Bench(build, quick, work, hugepages)
        runs = rounds.measure(bench, wanted)
    cases = {case.name: rounds.summary_of(case, runs) for case in wanted}
    return {"near_ns": rounds.NEAR_NS, "hugepages": hugepages, "cases": cases,
            "comparisons": comparisons(cases), "runs": runs}


# ---- table ----

UNITS = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def short(value, unit=""):
    """Three digits, as 1.23 M/s."""
    for size, letter in UNITS:
        if abs(value) >= size:
            return f"{value / size:.3g} {letter}{unit}"
    return f"{value:.3g} {unit}".rstrip()


def span(figure):
    return (f"{short(figure['median'])} ({short(figure['min'])}..{short(figure['max'])}), "
            f"{len(figure['values'])}")


def show(result):
    print("\nIn turns, by how far the cores were apart: median (least..most), runs")
    for case in result["cases"].values():
        figures = "   ".join(f"{speed} {span(case[speed])}" for speed in rounds.CLASSES
                             if speed in case)
        print(f"  {case['text']:44} {case['unit']:6} {figures or '-'}")
        for sentence in sorted(set(case["failures"])):
            print(f"      failed {case['failures'].count(sentence)} of {case['runs']}: "
                  f"{sentence}")
    print("\nSide by side, medians of one class")
    for row in result["comparisons"]:
        figures = "   ".join(f"{speed} {short(row[speed])}" for speed in rounds.CLASSES
                             if speed in row)
        aim = f"   aim {short(row['aim'])}" if row["aim"] else ""
        print(f"  {row['text']:58} {figures}{aim}")


def failed(result):
    """Whether any case has no figure at all."""
    return any(not any(speed in case for speed in rounds.CLASSES)
               for case in result["cases"].values())
