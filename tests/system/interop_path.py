# SPDX-License-Identifier: BSD-3-Clause
"""A path that loses frames between Linux and a peer, which is Wringer on a tap, or Linux too.

    Linux 198.18.1.2 ---veth--- router ---tap--- Wringer 198.18.0.1
                                  |
                                  +------veth--- Linux 198.18.2.1, the reference

Three network namespaces. What is lost is lost in the router, as the sender's own namespace
would tell the sender; and frames are segments there, as a frame of 64 KiB is lost as one.

Two CPUs: the end that is measured, Wringer or the reference, has one for itself; the other end
and the router share the other. Frames are received on the CPU of whoever they are for (RPS):
left alone, a veth has the sender's CPU do the work of all three, or not, as ksoftirqd has it.
"""

import contextlib
import os
import re

from harness import Namespace, run

LINUX, WRINGER_HOST, REFERENCE = "198.18.1.2", "198.18.0.1", "198.18.2.1"
ROUTER = {"linux": "198.18.1.1", "wringer": "198.18.0.2", "reference": "198.18.2.2"}
NETS = {"linux": LINUX, "reference": REFERENCE}

# The order of loss and black hole does not matter; a frame meets both on its way.
RULES = """
table ip interop {{
	counter lost {{ }}
	counter too_long {{ }}
	counter passed {{ }}
	chain forward {{
		type filter hook forward priority 0; policy accept;
		{hole}
		numgen random mod 10000 < {per_10000} counter name lost drop
		counter name passed
	}}
}}
"""
HOLE = "meta length > {bytes} counter name too_long drop"

# What a sender is, by the features of a cell; the rest as Linux has it.
SYSCTLS = {
    "sack": "tcp_sack",
    "timestamps": "tcp_timestamps",
    "window-scaling": "tcp_window_scaling",
    "ecn": "tcp_ecn",
}


def two_cpus():
    """Of those allowed: the router's, and that of the end that is measured; one may be both."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]


def receive_on(namespace, link, cpu):
    """What arrives from this link is worked on by that CPU."""
    mask = ",".join([f"{1 << cpu % 32:x}"] + ["00000000"] * (cpu // 32))
    namespace.exec("sh", "-c", f"for queue in /sys/class/net/{link}/queues/rx-*; do"
                   f" echo {mask} >$queue/rps_cpus || exit; done")


class LinuxEnd:
    """A namespace whose veth leads to the router; its programs run on `cpu`."""

    def __init__(self, path, kind, cpu):
        self.address = NETS[kind]
        self.cpu = cpu
        link = f"{path.tag}{kind[:3]}"
        self.namespace = Namespace(link)
        run("ip", "link", "add", link, "netns", self.namespace.name, "type", "veth",
            "peer", "name", link, "netns", path.router.name)
        ends = ((self.namespace.name, self.address), (path.router.name, ROUTER[kind]))
        for netns, address in ends:
            run("ip", "-n", netns, "address", "add", f"{address}/24", "dev", link)
            # One segment a frame, in both directions.
            run("ip", "netns", "exec", netns, "ethtool", "-K", link, "tx", "off", "tso", "off",
                "gso", "off", "gro", "off")
            run("ip", "-n", netns, "link", "set", link, "gso_max_segs", "1", "txqueuelen", "20000",
                "up")
        run("ip", "-n", self.namespace.name, "route", "add", "default", "via", ROUTER[kind])
        receive_on(self.namespace, link, cpu)
        receive_on(path.router, link, path.router_cpu)
        self.namespace.sysctl("ipv4/tcp_no_metrics_save", 1)

    def configure(self, features, probing):
        """How its connections are from now on."""
        for feature, key in SYSCTLS.items():
            self.namespace.sysctl(f"ipv4/{key}", int(feature in features))
        self.namespace.sysctl("ipv4/tcp_mtu_probing", int(probing))

    @contextlib.contextmanager
    def inside(self):
        """Sockets that this thread makes meanwhile belong there."""
        self.namespace.enter()
        try:
            yield
        finally:
            self.namespace.leave()

    @contextlib.contextmanager
    def at_home(self):
        """This thread meanwhile runs on the CPU of this end."""
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {self.cpu})
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)

    def counters(self):
        """The kernel's own of TCP: names as nstat has them."""
        text = self.namespace.exec("cat", "/proc/net/netstat", "/proc/net/snmp").stdout
        found = {}
        lines = text.splitlines()
        for names, values in zip(lines, lines[1:]):
            kind, _, names = names.partition(": ")
            if values.startswith(kind + ": ") and not re.match(r"-?\d", names):
                found.update(zip((kind + n for n in names.split()),
                                 map(int, values.split()[1:])))
        return found


class Path:
    """The router with its ends; `tap` is where Wringer will be."""

    def __init__(self):
        self.tag = f"wi{os.getpid() % 1000000}"
        self.tap = f"{self.tag}t"
        self.router = Namespace(f"{self.tag}rtr")
        self.router.sysctl("ipv4/ip_forward", 1)
        # A router that tells nobody of its MTU makes the hole; there are no redirects either.
        self.router.sysctl("ipv4/conf/all/send_redirects", 0)
        self.linux = self.reference = None
        self.router_cpu, self.measured_cpu = two_cpus()
        try:
            self.linux = LinuxEnd(self, "linux", self.router_cpu)
            self.reference = LinuxEnd(self, "reference", self.measured_cpu)
        except BaseException:
            self.remove()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()

    def impair(self, per_10000, longest=None):
        """From now on so many of 10,000 frames are lost, and all that are longer than that."""
        hole = HOLE.format(bytes=longest) if longest else ""
        self.router.exec("nft", "flush", "ruleset")
        self.router.exec("nft", "-f", "-", input=RULES.format(hole=hole, per_10000=per_10000))

    def lost(self):
        """Frames lost since impair() was called, and frames that passed."""
        listing = self.router.exec("nft", "list", "counters").stdout
        names = re.findall(r"counter (\w+) \{\s+packets (\d+)", listing)
        return {name: int(packets) for name, packets in names}

    def join_tap(self):
        """Wringer's tap is there: the router's end of it gets an address."""
        ip = ("ip", "-n", self.router.name)
        run(*ip, "address", "add", f"{ROUTER['wringer']}/24", "dev", self.tap)
        run(*ip, "link", "set", self.tap, "txqueuelen", "20000", "up")
        receive_on(self.router, self.tap, self.router_cpu)

    def tap_is_there(self):
        shown = run("ip", "-n", self.router.name, "link", "show", "dev", self.tap, check=False)
        return shown.returncode == 0

    def remove(self):
        for namespace in (self.linux and self.linux.namespace,
                          self.reference and self.reference.namespace, self.router):
            if namespace:
                namespace.remove()
