# SPDX-License-Identifier: BSD-3-Clause
"""Runs the parts of the benchmark, writes their results as JSON, prints them as a table.

Called by scripts/bench, which builds first. docs/bench.md says what is measured and how.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time

import contest
import page
import procs

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TCP_CONNECTIONS = (1, 64, 1000, 10000, 100000)
UDP_WINDOWS = (1, 64, 1000)
CRR_AT_ONCE = (64, 1000)
STAGES = ("classify", "lookup", "process", "output", "timers", "control", "loop")


def say(text):
    print(text, file=sys.stderr, flush=True)


def output_of(*command):
    try:
        return subprocess.run(command, cwd=TOP, capture_output=True, text=True,
                              check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def read_text(path):
    try:
        with open(path, encoding="utf-8") as f:
            return f.read().strip()
    except OSError:
        return ""


def cpu_model():
    found = re.search(r"^model name\s*:\s*(.*)$", read_text("/proc/cpuinfo"), re.MULTILINE)
    return found.group(1) if found else platform.processor()


def build_options(build):
    """The meson options that decide how fast the program is."""
    text = output_of("meson", "introspect", "--buildoptions", build)
    wanted = ("buildtype", "optimization", "debug", "b_lto", "b_ndebug", "machine")
    return {o["name"]: o["value"] for o in json.loads(text or "[]") if o["name"] in wanted}


def machine(build):
    """What must be the same for two results to be compared."""
    return {
        "cpu": cpu_model(),
        "cpus": os.cpu_count(),
        "kernel": platform.release(),
        "dpdk": output_of("pkg-config", "--modversion", "libdpdk"),
        "dpdk_prefix": output_of("pkg-config", "--variable=prefix", "libdpdk"),
        "compiler": output_of("cc", "--version").split("\n", maxsplit=1)[0],
        "revision": output_of("git", "describe", "--always", "--dirty", "--exclude", "*"),
        "build": build_options(build),
        "hugepages_2m": read_text(
            "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"),
        "hypervisor": "hypervisor" in read_text("/proc/cpuinfo"),
        "load_average": os.getloadavg()[0],
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def run(build, program, *args):
    """One program of the benchmark; its JSON."""
    say("   " + " ".join((program,) + args))
    done = subprocess.run([os.path.join(build, "tests", "bench", program), *args],
                          stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        say(f"{program} failed with exit code {done.returncode}")
        return None
    return json.loads(done.stdout)


def memory(build, quick):
    """Part a: every case twice, checksums left to the NIC and in software."""
    cases = [("rr", n) for n in TCP_CONNECTIONS]
    cases += [("udp", n) for n in UDP_WINDOWS]
    cases += [("crr", n) for n in CRR_AT_ONCE]
    length = ("--runs", "3", "--seconds", "0.3") if quick else ("--runs", "5", "--seconds", "1")
    rows = []
    for mode, connections in cases:
        for checksums in ("nic", "software"):
            rows.append(run(build, "bench_mem", "--mode", mode, "--connections",
                            str(connections), "--checksums", checksums, *length))
    return [row for row in rows if row]


def rings(build, quick):
    """Part b."""
    rows = [run(build, "bench_ring", "--connections", str(n), "--seconds",
                "3" if quick else "15") for n in (64, 1000, 10000)]
    return [row for row in rows if row]


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values),
            "values": values}


def tap(build, quick):
    """Part c."""
    rounds, seconds = ("2", "2") if quick else ("5", "4")
    say(f"   tap.sh {rounds} {seconds}")
    done = subprocess.run([os.path.join(TOP, "tests", "bench", "tap.sh"), build, rounds,
                           seconds], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        say(f"tap.sh failed with exit code {done.returncode}")
        return None
    figures = json.loads(done.stdout)
    result = {name: spread(values) for name, values in figures.items()}
    # Each turn of one beside the turn of the other that followed it.
    result["wringer_to_testpmd"] = spread([
        ours / theirs for ours, theirs in
        zip(figures["wringer_udp"], figures["testpmd_5tswap_udp"])])
    return result


def sizes(build, _quick):
    """Part d."""
    return run(build, "bench_size")


# ---- table ----

def span(figure, digits=0):
    if not figure["values"]:
        return "-"
    return (f"{figure['median']:,.{digits}f} ({figure['min']:,.{digits}f}.."
            f"{figure['max']:,.{digits}f})")


def print_memory(rows):
    print("\nCycles per request on one core, both ends together; median (least..most)")
    names = {"rr": "TCP request", "udp": "UDP echo", "crr": "TCP connect, request, close"}
    head = "".join(f"{s:>9}" for s in STAGES)
    print(f"  {'':28}{'at once':>8} {'checksums':10}{'cycles':>22}{'ns':>7}{'burst':>6}"
          f"{head}{'cable':>7}")
    for row in rows:
        stages = "".join(f"{row['stages'][s]['median']:9.0f}" for s in STAGES)
        print(f"  {names[row['mode']]:28}{row['connections']:8} {row['checksums']:10}"
              f"{span(row['cycles']):>22}{row['ns']['median']:7.0f}"
              f"{row['burst']['median']:6.0f}{stages}{row['cable_cycles']['median']:7.0f}")
    print(f"  TSC {rows[0]['tsc_hz'] / 1e6:,.0f} MHz, hugepages "
          f"{'yes' if rows[0]['hugepages'] else 'no'}; the cable's cost is not in the cycles")
    disturbed = max(row["disturbed"]["median"] for row in rows)
    if disturbed > 0.05:
        print(f"  another program took the CPU in up to {disturbed:.0%} of the time, which "
              "was left out")


def print_rings(rows):
    print("\nRequests a second, server core and client core over net_ring")
    for row in rows:
        seconds = {k: len(row[k]["values"]) for k in ("near", "far", "mixed")}
        print(f"  {row['connections']:6} connections   near {span(row['near']):>36} "
              f"({seconds['near']} s)   far {span(row['far']):>36} ({seconds['far']} s)   "
              f"mixed {seconds['mixed']} s")
        print(f"         core to core {span(row['core_to_core_ns'])} ns one way; near is "
              f"less than 80; the cores had their CPUs for {span(row['cpu_share'], 2)} of "
              "the time")


def print_tap(result):
    print("\nA tap and a client on kernel sockets, a second")
    for name, text in (("wringer_udp", "UDP echo, wringer serve"),
                       ("testpmd_5tswap_udp", "the same, dpdk-testpmd 5tswap"),
                       ("wringer_tcp_1", "TCP request, 1 connection"),
                       ("wringer_tcp_64", "TCP request, 64 connections")):
        print(f"  {text:34}{span(result[name]):>34}")
    print(f"  {'wringer to testpmd, by turns':34}{span(result['wringer_to_testpmd'], 2):>34}")


def print_sizes(result):
    print("\nBytes of a connection in which nothing happens")
    for name in ("established", "half_open", "time_wait"):
        row = result[name]
        print(f"  {name:12} record {row['record_bytes']:4}, with flow table and timer "
              f"{row['bytes']:4.0f}; buffers held by {row['connections']} of them: "
              f"{row['buffers']}")


PARTS = {"a": ("memory", memory, print_memory), "b": ("rings", rings, print_rings),
         "c": ("tap", tap, print_tap), "d": ("sizes", sizes, print_sizes)}


def arguments():
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--build", required=True)
    parser.add_argument("--only", default="a,b,c,d,e,f,g")
    parser.add_argument("--case", type=re.compile)
    parser.add_argument("--json", required=True)
    parser.add_argument("--html")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--hugepages", action="store_true")
    args = parser.parse_args()
    for path in filter(None, (args.json, args.html)):
        try:
            open(path, "a", encoding="utf-8").close()  # before it measures for minutes
        except OSError as error:
            parser.exit(3, f"bench: {path} cannot be written ({error.strerror}); nothing was"
                        " measured.\n")
    return args


def measure(args, result):
    """Fills in the result, part by part; returns whether all was measured."""
    letters = args.only.split(",")
    complete = True
    for letter in (x for x in letters if x in PARTS):
        name, part, _ = PARTS[letter]
        say(f"{letter}: {name}")
        result[name] = part(args.build, args.quick)
        complete &= bool(result[name])
    together = [x for x in letters if x in contest.CASES]
    if together:
        say(f"{', '.join(together)}: in turns")
        result["contest"] = contest.measure(args.build, together, args.quick, args.hugepages,
                                            args.case)
        complete &= not contest.failed(result["contest"])
    return complete


def show(args, result):
    facts = result["machine"]
    print(f"{facts['cpu']}, {facts['cpus']} CPUs, Linux {facts['kernel']}, "
          f"DPDK {facts['dpdk']}\n{facts['compiler']}, revision {facts['revision']}")
    for name, _, part in PARTS.values():
        if result.get(name):
            part(result[name])
    if "contest" in result:
        contest.show(result["contest"])
    print(f"\nwritten to {args.json}" + (f" and {args.html}" if args.html else ""))


def main():
    args = arguments()
    procs.raise_on_signals()
    procs.raise_file_limit()
    result = {"machine": machine(args.build), "quick": args.quick}
    complete = measure(args, result)
    with open(args.json, "w", encoding="utf-8") as f:
        json.dump(result, f, indent=1)
    if args.html:
        with open(args.html, "w", encoding="utf-8") as f:
            f.write(page.html(result))
    show(args, result)
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main())
