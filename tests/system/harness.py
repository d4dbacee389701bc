# SPDX-License-Identifier: BSD-3-Clause
"""A running `wringer serve` in a network namespace of its own, for the system tests.

    class Echo(ApplianceCase):
        cores = 2
        serve = ("--backlog", "16")

        def test_something(self):
            with connect(self.host, 7) as sock: ...

The namespace is made before the first test of a class and removed after the last; while a
class runs, its thread (and all threads and processes that it starts) is inside. The last act
of each class is a check of its own: the process ends with 0 on SIGINT, the books balance,
nothing stays open, nothing is left behind.
"""

import atexit
import ctypes
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from clients import PATIENCE

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("WR_BUILD", TOP / "build"))
WRINGER = pathlib.Path(os.environ.get("WRINGER", BUILD / "app" / "wringer"))
LOGS = BUILD / "system"
HUGEPAGES = pathlib.Path("/sys/kernel/mm/hugepages/hugepages-2048kB")
RUNTIME = pathlib.Path("/var/run/dpdk")

HOST, PEER, PREFIX = "198.18.0.1", "198.18.0.2", 24
# Of a load: a machine that is busy with other things is no reason to give up.
PATIENT = ("--wait", "1min", "--connect-timeout", "1min", "--drain", "1min")

_appliances = set()  # those whose namespace is still there
_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count(1)
_CLONE_NEWNET = 0x40000000


def require(condition, reason):
    """Skips a test that cannot run here. In CI everything can: there the runner fails it."""
    if not condition:
        raise unittest.SkipTest(reason)


def require_tools(*names):
    for name in names:
        require(shutil.which(name), f"{name} is not installed")


def run(*command, check=True, timeout=2 * PATIENCE, **kwargs):
    """A finished process, with its output as text."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, **kwargs)
    if check and done.returncode:
        raise AssertionError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
    return done


def eventually(condition, seconds=PATIENCE, every=0.1):
    """Waits until condition() is true; returns whether it became so."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return value


def linux(name):
    """A counter of the kernel in this namespace, as nstat names it."""
    with open("/proc/thread-self/net/netstat", encoding="ascii") as file:
        lines = [line.split() for line in file]
    rows = zip(lines[::2], lines[1::2])
    return next(int(values[names.index(name)]) for names, values in rows if name in names)


def interrupt(process):
    """Sends SIGINT, and waits until it is taken: a second one would be lost in a pending first."""
    process.send_signal(signal.SIGINT)

    def is_taken():
        return process.poll() is not None or not _is_pending(process.pid)

    if not eventually(is_taken, every=0.02):
        raise AssertionError("SIGINT was not taken")


def _is_pending(pid, number=signal.SIGINT):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        rows = (line.split() for line in status if line[:7] in ("SigPnd:", "ShdPnd:"))
        pending = [int(mask, 16) for _, mask in rows]
    return any(mask >> (number - 1) & 1 for mask in pending)


def hugepages(kind="nr"):
    """2 MiB pages that there are; kind "free": that nobody uses."""
    path = HUGEPAGES / f"{kind}_hugepages"
    return int(path.read_text()) if path.exists() else 0


def eal_prefix(instance):
    """What DPDK's own tools know an instance by."""
    return f"wringer-{instance}"


class Namespace:
    """A network namespace. `enter` moves the calling thread into it, `leave` back."""

    def __init__(self, name):
        self.name = name
        run("ip", "netns", "add", name)
        self._before = None
        run("ip", "-n", name, "link", "set", "lo", "up")
        self.sysctl("ipv6/conf/default/disable_ipv6", 1)

    def exec(self, *command, **kwargs):
        return run("ip", "netns", "exec", self.name, *command, **kwargs)

    def sysctl(self, key, value):
        self.exec("sh", "-c", f"echo {value} >/proc/sys/net/{key}")

    def enter(self):
        self._before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        inside = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            self._switch(inside)
        finally:
            os.close(inside)

    def leave(self):
        if self._before is not None:
            self._switch(self._before)
            os.close(self._before)
            self._before = None

    @staticmethod
    def _switch(fd):
        if _libc.setns(fd, _CLONE_NEWNET):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    def counted(self, *table):
        """Packets that the rules of a table of nftables have counted, in their order."""
        listing = self.exec("nft", "list", "table", *table).stdout
        return [int(packets) for packets in re.findall(r"counter packets (\d+)", listing)]

    def remove(self):
        self.leave()
        run("ip", "netns", "del", self.name, check=False)


class Stats:
    """One JSON document of `wringer stats`, or of the report at exit."""

    def __init__(self, document):
        self.document = document
        self.sum = document["sum"]

    def __getitem__(self, name):
        """A statistic of wr_stats.def, of all cores together."""
        return self.sum["stats"][name]

    def verdict(self, name):
        """Frames with a verdict, by layer and name: "tcp_bad_checksum"."""
        return self.sum["verdicts"][name]

    def cause(self, name):
        return self.sum["causes"][name]

    def reason(self, name):
        return self.sum["reasons"][name]

    def state(self, name):
        """Connections in a state: "established"."""
        return self.sum["connections"][name]

    def states(self):
        return self.sum["connections"]

    def entered(self, name):
        """Transitions into a state so far."""
        return sum(row.get(name, 0) for row in self.sum["transitions"].values())

    def left(self, name):
        return sum(self.sum["transitions"][name].values())

    def retransmissions(self):
        """Causes of repeated segments that are not zero."""
        again = ("rexmit", "tlp")
        return {n: v for n, v in self.sum["causes"].items() if v and any(a in n for a in again)}

    def unbalanced(self):
        """The books' differences that are not zero."""
        return {side: n for side, n in self.sum["books"].items() if n}


class Appliance:
    """`wringer serve` on a tap. Every keyword has a default that suits most tests."""

    DEVICE = "tap:{link}"  # whose kernel end is the interface `link`

    def __init__(self, *options, cores=1, huge=False, mtu=1500, bufs=None, cpus=None):
        number = next(_numbers)
        self.name = f"wr{os.getpid()}n{number}"
        self.link = f"wr{os.getpid() % 1000000}x{number}"
        # The path of a Unix socket is short.
        self.socket = pathlib.Path(tempfile.gettempdir(), f"{self.link}.sock")
        self.mtu = mtu
        self.namespace = Namespace(self.name)
        _appliances.add(self)
        self.process = self.final = self._began = None
        self.log_path = LOGS / f"{self.name}.log"
        command = ["ip", "netns", "exec", self.name]
        if cpus:
            command += ["taskset", "-c", cpus]
        device = self.DEVICE.format(link=self.link, socket=self.socket)
        command += [str(WRINGER), "serve", "--port", device]
        command += ["--ip", f"{HOST}/{PREFIX}"]
        command += ["--cores", str(cores), "--mtu", str(mtu), "--idle", "adaptive", "--json"]
        command += ["--instance", self.name]
        if not huge:
            command.append("--no-huge")
        if bufs:
            command += ["--bufs", str(bufs)]
        self.command = command + [str(option) for option in options]

    def _prepare(self):
        """What the device needs before the process starts."""

    def start(self):
        self._prepare()
        LOGS.mkdir(parents=True, exist_ok=True)
        self._out = open(self.log_path.with_suffix(".json"), "w+", encoding="utf-8")
        self._began = time.monotonic()
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=self._out, stderr=log
            )
        if not eventually(self._answers, PATIENCE):
            raise AssertionError(f"no ready line in {PATIENCE} s:\n{self.log()}")
        self._configure()
        return self

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"exit code {self.process.returncode} at start:\n{self.log()}")
        return any(line.startswith("ready ") for line in self.log().splitlines())

    def _configure(self):
        ip = ("ip", "-n", self.name)
        # The kernel drops what a tap's queue cannot take: let it take a window of each of
        # a thousand connections.
        run(*ip, "link", "set", self.link, "mtu", str(self.mtu), "txqueuelen", "20000")
        run(*ip, "address", "add", f"{PEER}/{PREFIX}", "dev", self.link)
        run(*ip, "link", "set", self.link, "up")

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def wringer(self, subcommand, *arguments, **kwargs):
        """A subcommand that looks into this process."""
        return run(str(WRINGER), subcommand, "--instance", self.name, *arguments, **kwargs)

    def stats(self):
        """The newest snapshot: up to a second old."""
        return Stats(json.loads(self.wringer("stats", "--json").stdout))

    def fresh_stats(self):
        """A snapshot that was begun after this call."""
        # Its clock began after the process did.
        now = time.monotonic() - self._began
        old = self.stats().document["sequence"]
        while (stats := self.stats().document)["sequence"] == old or stats["uptime_s"] < now:
            time.sleep(0.1)
        return Stats(stats)

    def eventually(self, condition, seconds=PATIENCE):
        """Waits until condition(stats) holds and returns those stats, else the newest."""
        deadline = time.monotonic() + seconds
        while not condition(stats := self.fresh_stats()) and time.monotonic() < deadline:
            pass
        return stats

    def memory_bytes(self):
        """Resident memory of the process, hugepages not counted."""
        for line in open(f"/proc/{self.process.pid}/status", encoding="ascii"):
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0

    def _interrupt(self):
        """SIGINT, and SIGKILL if that is not enough; the process is over."""
        if not self.is_running():
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def stop(self):
        """SIGINT, and the exit code; the report at exit becomes self.final."""
        if self.process is None:
            return None
        self._interrupt()
        self._out.seek(0)
        text = self._out.read()
        self._out.close()
        if text.strip():
            self.final = Stats(json.loads(text))
        return self.process.returncode

    def leftovers(self):
        """What a process that ended should not have left."""
        left = [str(path) for path in RUNTIME.glob(f"*{self.name}")]
        left += [str(path) for path in pathlib.Path("/dev/hugepages").glob(f"*{self.name}*")]
        links = run("ip", "-n", self.name, "-br", "link", check=False).stdout
        return left + [line for line in links.splitlines() if line.startswith(self.link)]

    def remove(self):
        if self.is_running():
            self.process.kill()
            self.process.wait()
        self.namespace.remove()
        _appliances.discard(self)


@atexit.register
def _remove_all():
    """What an interrupted run leaves to do."""
    for appliance in list(_appliances):
        appliance.remove()


def require_appliance():
    require(os.geteuid() == 0, "taps and namespaces need root")
    require(os.path.exists("/dev/net/tun"), "/dev/net/tun is missing")
    require(WRINGER.exists(), f"{WRINGER} is not built")


class EndCase(unittest.TestCase):
    """The end of cls.appliance is the last test of a class."""

    @classmethod
    def tearDownClass(cls):
        appliance = cls.appliance
        try:
            code = appliance.stop()
            left = appliance.leftovers()
            problems = [] if code == 0 else [f"exit code {code}"]
            if left:
                problems.append(f"left behind: {left}")
            if appliance.final is None:
                problems.append("no report at exit")
            else:
                problems += cls.final_problems(appliance.final)
            if problems:
                raise AssertionError("; ".join(problems) + "\n" + appliance.log())
        finally:
            appliance.remove()

    @classmethod
    def final_problems(cls, final):
        """Whatever the report at exit should not say."""
        books = final.unbalanced()
        problems = [f"the books do not balance: {books}"] if books else []
        if final["mbuf_in_use"]:
            problems.append(f"{final['mbuf_in_use']} buffers were never given back")
        return problems


class ApplianceCase(EndCase):
    """Tests that share one appliance. Override the attributes, not the methods."""

    cores = 1
    huge = False
    mtu = 1500
    bufs = None
    cpus = None
    serve = ()
    host = HOST
    kind = Appliance

    @classmethod
    def setUpClass(cls):
        require_appliance()
        if cls.huge:
            free = hugepages("free")
            require(free >= 128, f"only {free} hugepages of 2 MiB are free, 128 are needed")
        cls.appliance = cls.kind(
            *cls.serve, cores=cls.cores, huge=cls.huge, mtu=cls.mtu, bufs=cls.bufs, cpus=cls.cpus
        )
        try:
            cls.appliance.start()
            cls.appliance.namespace.enter()
        except BaseException:
            cls.appliance.remove()
            raise

    def stats(self):
        return self.appliance.fresh_stats()
