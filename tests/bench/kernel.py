# SPDX-License-Identifier: BSD-3-Clause
"""Part f: Linux against Linux over a veth between two network namespaces, on the same two CPUs:
an echo server and clients with epoll, the same work as part e; iperf3.
Part g: iperf3 against `wringer iperf3 -s` over a tap, beside iperf3 over the veth."""

import contextlib
import json
import time

from procs import Failed, call, namespace
from rounds import CLIENT_CPU, SERVER_CPU, Case, Figure, need

HOST, CLIENT, FIRST_LOCAL = "198.18.0.1", "198.18.0.2", "198.18.0.16"
LOCALS = 8  # addresses of the client that connects anew each time
PORT = 7
CONNECTIONS = 1000
CRR_AT_ONCE = 256
BYTES = 64
IPERF3_PORT = 5201
TAP_HOST = "198.18.0.9"


def set_offloads(netns, link, word):
    call(["ethtool", "-K", link, "tx", word, "rx", word, "tso", word, "gso", word, "gro",
          word], netns)


@contextlib.contextmanager
def veth(bench, mtu=1500, offloads="on"):
    """Two namespaces joined by a veth; yields the server's and the client's."""
    need("ip", "ethtool")
    a, b = f"{bench.tag}a", f"{bench.tag}b"
    with namespace(a), namespace(b):
        call(["ip", "link", "add", a, "netns", a, "mtu", mtu, "type", "veth", "peer", "name",
              b, "netns", b, "mtu", mtu])
        for netns, address in ((a, HOST), (b, CLIENT)):
            call(["ip", "-n", netns, "address", "add", f"{address}/16", "dev", netns])
            call(["ip", "-n", netns, "link", "set", netns, "up"])
            set_offloads(netns, netns, offloads)
        yield a, b


def add_locals(netns):
    """Addresses and ports enough, and TIME-WAIT given up after a second (RFC 6191)."""
    stem, first = FIRST_LOCAL.rsplit(".", 1)
    for i in range(LOCALS):
        call(["ip", "-n", netns, "address", "add", f"{stem}.{int(first) + i}/16", "dev",
              netns])
    call(["sh", "-c", "cd /proc/sys/net/ipv4 && echo 1024 65535 >ip_local_port_range && "
          "echo 1 >tcp_tw_reuse"], netns)


def run_echo(bench, client, *args):
    """A program of ours against the echo server, which both run on one CPU."""
    with veth(bench) as (a, b), \
            bench.start("kernel_echo", [bench.tool("kernel_echo"), PORT, SERVER_CPU],
                        a) as server:
        server.await_text("^ready", 10)
        if client == "tcp_crr":
            add_locals(b)
        with server.frozen():
            before = bench.probe()
        text = call([bench.tool(client), HOST, PORT, bench.seconds, *args], b,
                    bench.seconds + 20)
        with server.frozen():
            after = bench.probe()
    return Figure(json.loads(text)["per_second"], [before, after])


def pinned(cpu, *words):
    return ["taskset", "-c", cpu, *words]


def iperf3_rate(text):
    end = json.loads(text).get("end", {})
    if "sum_received" not in end:
        raise Failed("iperf3: " + json.loads(text).get("error", "no result"))
    return end["sum_received"]["bits_per_second"]


def run_client(bench, server, netns, host, *options):
    """iperf3's client, in a namespace, while a server runs."""
    with server.frozen():
        before = bench.probe()
    text = call(pinned(CLIENT_CPU, "iperf3", "-c", host, "-J", "-t", bench.seconds, "-O",
                       "1", "--connect-timeout", "3000", *options), netns,
                bench.seconds + 20)
    with server.frozen():
        after = bench.probe()
    return Figure(iperf3_rate(text), [before, after])


def run_iperf3(bench, mtu, offloads, *options):
    need("iperf3", "taskset")
    with veth(bench, mtu, offloads) as (a, b), \
            bench.start("iperf3", pinned(SERVER_CPU, "iperf3", "-s", "--forceflush"),
                        a) as server:
        server.await_text("Server listening", 10)
        return run_client(bench, server, b, HOST, *options)


def await_link(netns, link):
    for _ in range(200):
        with contextlib.suppress(Failed):
            call(["ip", "-n", netns, "link", "show", "dev", link])
            return
        time.sleep(0.02)
    raise Failed(f"the tap {link} did not appear")


def run_wringer_iperf3(bench, *options):
    """`wringer iperf3 -s` at a tap, whose other end is the kernel's."""
    need("iperf3", "taskset")
    netns = link = f"{bench.tag}t"
    words = [bench.wringer, "iperf3", "-s", "--port", f"tap:{link}", "--ip",
             f"{TAP_HOST}/16", "--lcores", SERVER_CPU, "--instance", f"{bench.tag}i",
             *bench.pages()]
    with namespace(netns), bench.start("wringer-iperf3", words, netns) as server:
        server.await_text(r"^(ready|Server listening)", 20)
        await_link(netns, link)
        call(["ip", "-n", netns, "link", "set", link, "mtu", 1500, "txqueuelen", 20000])
        call(["ip", "-n", netns, "address", "add", f"{CLIENT}/16", "dev", link])
        call(["ip", "-n", netns, "link", "set", link, "up"])
        return run_client(bench, server, netns, TAP_HOST, *options)


def echo_cases():
    crr = (str(CRR_AT_ONCE),)
    tail = (str(BYTES), str(CLIENT_CPU), FIRST_LOCAL, str(LOCALS))
    rows = (
        ("rr", "TCP requests", "tcp_rr", (CONNECTIONS, BYTES, CLIENT_CPU)),
        ("udp-rr", "UDP requests", "udp_blast", (CONNECTIONS, BYTES, CLIENT_CPU)),
        ("crr", "connect, request, FIN", "tcp_crr", (*crr, "fin", *tail)),
        ("crr-reset", "connect, request, reset", "tcp_crr", (*crr, "reset", *tail)),
    )
    return [Case(f"linux.{name}", f"Linux: {text}", "/s",
                 lambda bench, p=program, a=args: run_echo(bench, p, *a),
                 seldom=name == "crr-reset")
            for name, text, program, args in rows]


def stream_cases():
    rows = ((1500, "on"), (1500, "off"), (9000, "on"), (9000, "off"))
    return [Case(f"linux.stream-{mtu}-{word}",
                 f"Linux: iperf3, MTU {mtu}, offloads {word}", "bit/s",
                 lambda bench, m=mtu, w=word: run_iperf3(bench, m, w), seldom=mtu == 9000)
            for mtu, word in rows]


def cases():
    return echo_cases() + stream_cases()


def iperf3_cases():
    out = []
    for way, options in (("up", ()), ("down", ("-R",))):
        out.append(Case(f"iperf3.wringer-{way}", f"iperf3 with wringer iperf3 -s, {way}",
                        "bit/s", lambda bench, o=options: run_wringer_iperf3(bench, *o)))
        out.append(Case(f"iperf3.linux-{way}", f"iperf3 with iperf3 -s, veth, {way}",
                        "bit/s",
                        lambda bench, o=options: run_iperf3(bench, 1500, "on", *o)))
    return out
