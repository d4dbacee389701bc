# SPDX-License-Identifier: BSD-3-Clause
"""Part e: two processes, one core each, joined by memif or by vhost and virtio-user:
`wringer load` against `wringer serve`, and dpdk-testpmd against dpdk-testpmd."""

import json
import re
import time

from procs import Failed
from rounds import CLIENT_CPU, SERVER_CPU, Case, Figure, need

HOST = "198.18.0.1"
NETWORK = 16
CLIENT = "198.18.0.2"
CRR_CLIENTS = "198.18.1.1-198.18.1.128"  # ports for a second of connections, see docs
CONNECTIONS = 1000
CRR_AT_ONCE = 256
STREAMS = 8
BYTES = 64
WARM_UP = "300ms"

FABRICS = {
    "memif": ("memif:{}", "memif:{}"),
    "vhost": ("vhost:{}", "virtio-user:{}"),
}

TESTPMD_DEVICES = {
    "memif": (
        "net_memif0,role=server,id=0,socket={},socket-abstract=no",
        "net_memif0,role=client,id=0,socket={},socket-abstract=no,zero-copy=yes,"
        "rsize=10,bsize=2048",
    ),
    "vhost": (
        "net_vhost0,iface={},queues=1",
        "net_virtio_user0,path={},queues=1,queue_size=1024",
    ),
}


# ---- wringer ----

def end_of(stages, sampled, bursts, busy, engine):
    """What one end says of its cycles, for each segment that it received or sent, whichever are
    more; None: it did not sample. Bursts are sampled by what they bring in."""
    received, sent = engine.get("rx_frames", 0), engine.get("tx_frames", 0)
    segments = max(received, sent)
    if not sampled or not segments:
        return None
    scale = received / sampled / segments
    return {
        "stages": {name: cycles * scale for name, cycles in stages.items() if cycles},
        "busy_cycles": engine.get("cycles_busy", 0) / segments,
        "busy": busy,
        "burst": sampled / bursts if bursts else None,
    }


def server_end(text):
    document = json.loads(text)["sum"]
    return end_of(document["stages"], document["stage_frames"], document["stage_bursts"],
                  None, document["stats"])


def client_end(document):
    end = document["end"]
    return end_of(end["stages"], end["stage_frames"], None, end["rates"]["busy"],
                  end["engine"])


def slices_of(document, rate):
    """The rates of the intervals that lie within the measurement."""
    window = document["end"]["window"]
    return [i["rates"][rate] for i in document["intervals"]
            if i["from_s"] >= window["from_s"] and i["until_s"] <= window["until_s"] + 1e-3
            and rate in i["rates"]]


def load_words(bench, fabric, socket, mtu, options, result):
    return [bench.wringer, "load", HOST, "--port", FABRICS[fabric][1].format(socket),
            "--ip", f"{CLIENT}/{NETWORK}", "--lcores", CLIENT_CPU, "--mtu", mtu,
            "--idle", bench.idle, "--instance", f"{bench.tag}c", "--duration", f"{bench.seconds}s",
            "--warmup", WARM_UP, "--interval", "250ms", "--quiet", "--drain", "500ms",
            f"--json={result}", *bench.pages(), *options]


def serve_words(bench, fabric, socket, mtu):
    return [bench.wringer, "serve", "--port", FABRICS[fabric][0].format(socket),
            "--ip", f"{HOST}/{NETWORK}", "--lcores", SERVER_CPU, "--mtu", mtu,
            "--idle", bench.idle, "--instance", f"{bench.tag}s", "--json", "--drain", "500ms",
            *bench.pages()]


def read_result(path, load, code):
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise Failed(load.why()) from None
    if code:
        sentences = document.get("failures", []) + document.get("invalid_because", [])
        raise Failed("; ".join(sentences) or document.get("error") or load.why())
    return document


def run_wringer(bench, fabric, mtu, options, rate, slice_rate):
    """One server, one load against it."""
    socket, result = bench.socket(), bench.work / "load.json"
    result.unlink(missing_ok=True)
    with bench.start("serve", serve_words(bench, fabric, socket, mtu)) as server:
        server.await_text(r"^ready ", 20)
        with server.frozen():
            before = bench.probe()
        words = load_words(bench, fabric, socket, mtu, options, result)
        with bench.start("load", words) as load:
            document = read_result(result, load, load.wait(bench.seconds + 30))
        with server.frozen():
            after = bench.probe()
        if server.stop():
            raise Failed(server.why())
        return Figure(
            document["end"]["rates"][rate], [before, after],
            slices_of(document, slice_rate) if slice_rate else [],
            {"server": server_end(server.out()), "client": client_end(document),
             "retransmitted": document["end"]["retransmitted_segments"],
             "command": [str(w) for w in words[1:]]})


def wringer_case(fabric, name, text, unit, options, rate, slice_rate=None, mtu=1500):
    return Case(
        f"{fabric}.{name}", f"{fabric}: {text}", unit,
        lambda bench: run_wringer(bench, fabric, mtu, options, rate, slice_rate))


def wringer_cases(fabric):
    def case(*args, **more):
        return wringer_case(fabric, *args, **more)

    kept = ["--connections", CONNECTIONS, "--request", BYTES]
    crr = ["--mode", "crr", "--connections", CRR_AT_ONCE, "--request", BYTES,
           "--client-ip", CRR_CLIENTS, "--time-wait", "1s"]
    answers = "responses_per_s"
    cases = [
        case("rr", "TCP requests", "/s", ["--mode", "rr", *kept], answers, answers),
        case("udp-rr", "UDP requests", "/s", ["--mode", "udp-rr", *kept], answers, answers),
        case("crr", "connect, request, FIN", "/s", [*crr, "--close", "fin"], answers,
             answers),
        case("crr-reset", "connect, request, reset", "/s", [*crr, "--close", "reset"],
             answers, answers),
    ]
    for mtu in (1500, 9000):
        for way in ("up", "down"):
            cases.append(case(
                f"stream-{way}-{mtu}", f"stream {way}, MTU {mtu}", "bit/s",
                ["--mode", "stream", "--direction", way, "--connections", STREAMS],
                f"bits_{way}_per_s", mtu=mtu))
    return cases


# ---- testpmd ----

def testpmd_words(bench, role, cpu, device, mode, *more):
    memory = ["--in-memory"] if bench.hugepages else ["--no-huge", "--no-shconf"]
    return ["dpdk-testpmd", "--lcores", f"0@({SERVER_CPU},{CLIENT_CPU}),1@{cpu}",
            "--main-lcore", "0", *memory, "--single-file-segments", "--no-pci",
            "--no-telemetry", "-m", "128", "--file-prefix", f"{bench.tag}{role}",
            "--vdev", device, "--", f"--forward-mode={mode}", "--auto-start",
            "--total-num-mbufs=16384", "--burst=64", *more]


def rates_of(text):
    return [int(n) for n in re.findall(r"Rx-pps:\s+(\d+)", text)]


def run_testpmd(bench, fabric, frame_bytes):
    """Frames a second that come back to a generator, second by second."""
    need("dpdk-testpmd")
    socket = bench.socket()
    server_device, client_device = (d.format(socket) for d in TESTPMD_DEVICES[fabric])
    server_words = testpmd_words(bench, "s", SERVER_CPU, server_device, "macswap",
                                 "--stats-period", "3600")
    client_words = testpmd_words(bench, "c", CLIENT_CPU, client_device, "flowgen",
                                 f"--txpkts={frame_bytes}", "--stats-period", "1")
    with bench.start("macswap", server_words) as server:
        server.await_text(r"NIC statistics", 20)
        with server.frozen():
            before = bench.probe()
        with bench.start("flowgen", client_words) as client:
            client.await_text(r"Rx-pps", 20)
            skip = len(rates_of(client.out())) + 1  # the second in which it fills the rings
            end = time.monotonic() + bench.seconds + 10
            while len(rates_of(client.out())) < skip + bench.seconds:
                if time.monotonic() > end or client.process.poll() is not None:
                    raise Failed(client.why())
                time.sleep(0.02)
            with server.frozen(), client.frozen():
                after = bench.probe()
                # The server first: DPDK 22.11's memif dies of a client that goes.
                seconds = rates_of(client.out())[skip:]
                server.stop()
    if not any(seconds):
        raise Failed("testpmd: nothing came back")
    return Figure(sum(seconds) / len(seconds), [before, after], seconds,
                  {"command": [str(w) for w in client_words]})


def testpmd_cases(fabric):
    # 130 bytes: what a request of 64 bytes with timestamps is on the wire.
    return [Case(f"{fabric}.testpmd-{n}", f"{fabric}: testpmd macswap, {n}-byte frames",
                 "/s", lambda bench, n=n: run_testpmd(bench, fabric, n)) for n in (64, 130)]


def cases():
    """In turns: each of ours has one of testpmd's near it."""
    out = []
    for fabric in FABRICS:
        ours, theirs = wringer_cases(fabric), testpmd_cases(fabric)
        for case in ours + theirs:
            case.seldom = fabric != "memif" or case.name.endswith("9000")
        out += [ours[0], theirs[0], ours[1], theirs[1], *ours[2:]]
    return out
