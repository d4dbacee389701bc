# SPDX-License-Identifier: BSD-3-Clause
"""Processes and network namespaces for the time of a benchmark: whatever ends it, they end."""

import contextlib
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time


class Failed(Exception):
    """A program of the benchmark did not do its part; the message says which and why."""


def raise_on_signals():
    """The first SIGINT, SIGTERM or SIGHUP unwinds everything; later ones wait for that."""

    def unwind(number, _frame):
        for other in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(other, lambda *_: None)
        raise SystemExit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, unwind)


def raise_file_limit():
    """Thousands of sockets a process."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))


class Program:
    """A program that runs until it is told to end; its output goes to files."""

    def __init__(self, work, name, argv, netns=None):
        self.name = name
        self.out_path = work / f"{name}.out"
        self.log_path = work / f"{name}.log"
        if netns:
            argv = ["ip", "netns", "exec", netns, *argv]
        with open(self.out_path, "wb") as out, open(self.log_path, "wb") as log:
            # A session of its own: Ctrl-C reaches us alone, and we end it in order.
            self.process = subprocess.Popen(
                [str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=out, stderr=log,
                start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def out(self):
        return self.out_path.read_text(encoding="utf-8", errors="replace")

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def why(self):
        """The last words of it, in one line."""
        lines = [line for line in (self.log() or self.out()).splitlines() if line.strip()]
        return f"{self.name}: " + " / ".join(line.strip()[:160] for line in lines[-3:])

    def await_text(self, pattern, seconds):
        """Until the output or the log has it."""
        end = time.monotonic() + seconds
        while not re.search(pattern, self.out() + self.log(), re.MULTILINE):
            if self.process.poll() is not None:
                raise Failed(f"{self.why()} (it ended with {self.process.returncode})")
            if time.monotonic() > end:
                raise Failed(f"{self.why()} (not ready after {seconds} s)")
            time.sleep(0.02)

    def wait(self, seconds):
        """Its exit code; Failed if it does not end in time."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.why()} (did not end within {seconds:.0f} s)") from None

    @contextlib.contextmanager
    def frozen(self):
        """Stands still, so that its CPU is free."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def stop(self, seconds=6):
        """Asks it to end, and ends it; the exit code."""
        for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 5)):
            if self.process.poll() is not None:
                break
            self.process.send_signal(number)
            self.process.send_signal(signal.SIGCONT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)
        return self.process.returncode


def call(argv, netns=None, seconds=30):
    """What a short program prints."""
    if netns:
        argv = ["ip", "netns", "exec", netns, *argv]
    try:
        done = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        raise Failed(f"{argv[0]} did not end within {seconds} s") from None
    except OSError as e:
        raise Failed(str(e)) from None
    if done.returncode:
        said = " / ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
        raise Failed(f"{pathlib.Path(str(argv[0])).name} ended with {done.returncode}: {said}")
    return done.stdout


@contextlib.contextmanager
def namespace(name):
    """A network namespace with its loopback up; gone at the end, with all that is in it."""
    call(["ip", "netns", "add", name])
    try:
        call(["ip", "-n", name, "link", "set", "lo", "up"])
        # IPv6 would only put noise into the counters.
        with contextlib.suppress(Failed):
            call(["sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6"], name)
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


@contextlib.contextmanager
def workplace(tag):
    """A folder for sockets and logs, and the runtime folders that DPDK leaves."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{tag}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for left in pathlib.Path("/var/run/dpdk").glob(f"{tag}*"):
            shutil.rmtree(left, ignore_errors=True)


def tag():
    """A name that no other run of the benchmark has: it fits an interface's."""
    return f"wb{os.getpid()}"
