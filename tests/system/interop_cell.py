# SPDX-License-Identifier: BSD-3-Clause
"""One transfer over a lossy path, by Wringer against Linux or by Linux against Linux.

Text is the pattern of docs/services.md, and whoever receives it compares each byte.
"""

import contextlib
import dataclasses
import fcntl
import functools
import json
import os
import signal
import socket
import struct
import subprocess
import termios
import threading
import time

from harness import LOGS, WRINGER, eventually
from interop_path import LINUX, ROUTER, WRINGER_HOST
from pattern import pattern

MATCH, SOURCE, WEB = 5206, 5205, 8080
CHUNK = 256 * 1024
READY_SECONDS = 60
RESET_SECONDS = 30  # until a peer that lost its connection has heard of it
FEATURES = ("sack", "timestamps", "window-scaling", "ecn")


class Broken(Exception):
    """What arrived is not what was sent."""


class TooLong(Exception):
    """The time of a cell is over; `done` bytes were right."""

    def __init__(self, done):
        super().__init__(f"{done} bytes in time")
        self.done = done


@dataclasses.dataclass(frozen=True)
class Cell:
    role: str  # of Wringer: "serve" or "load"
    way: str  # "up": from client to server; "down"
    algorithm: str  # congestion control of both ends
    loss: int  # frames of 10,000, in each direction
    features: frozenset = frozenset(FEATURES)
    impair: str = "none"  # our own, in each direction
    longest: int = 0  # bytes of the longest packet that passes; 0: any

    def is_sender(self):
        """Whether Wringer sends the text."""
        return (self.role == "serve") == (self.way == "down")

    def __str__(self):
        absent = ",".join("no " + f for f in FEATURES if f not in self.features)
        extra = [absent] if absent else []
        extra += [self.impair] if self.impair != "none" else []
        extra += [f"hole {self.longest}"] if self.longest else []
        return " ".join([self.role, self.way, self.algorithm, f"{self.loss / 100:g}%", *extra])


@dataclasses.dataclass
class Result:
    seconds: float
    bytes: int  # that arrived, all of them right
    retransmissions: int  # of the sender
    timeouts: int  # of the sender
    finished: bool
    problems: tuple = ()

    def goodput(self):
        """Mbit/s."""
        return 8e-6 * self.bytes / self.seconds


@functools.lru_cache(maxsize=2)
def text_of(size):
    """The first bytes of the pattern, a multiple of 8."""
    return pattern(0, size // 8)


def choose(sock, algorithm):
    """By the socket: the sysctl of a namespace takes only what the host allows to users."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, algorithm.encode())


class Clock:
    """How long a cell may take, all of it."""

    def __init__(self, seconds):
        self.end = time.monotonic() + seconds

    def arm(self, sock):
        """The next call of this socket may take what is left."""
        sock.settimeout(max(self.end - time.monotonic(), 0.001))


# ---- what a Linux program does with a connection ----


def receive(sock, size, clock):
    """Takes and compares `size` bytes of the pattern."""
    expected, at = text_of(size), 0
    room = memoryview(bytearray(CHUNK))
    while at < size:
        clock.arm(sock)
        try:
            got = sock.recv_into(room[: size - at])
        except socket.timeout:
            raise TooLong(at) from None
        if not got:
            raise Broken(f"the connection ended after {at} of {size} bytes")
        if not expected.startswith(room[:got], at):  # copies nothing
            raise Broken(f"a byte behind {at} differs")
        at += got


def unacknowledged(sock):
    """Bytes in the send queue."""
    return struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0\0\0\0"))[0]


def send(sock, size, clock):
    """Sends the pattern; returns when all of it is acknowledged."""
    text, at = memoryview(text_of(size)), 0
    try:
        while at < size:
            clock.arm(sock)
            at += sock.send(text[at : at + CHUNK])
        while (left := unacknowledged(sock)) > 0:
            if time.monotonic() > clock.end:
                raise TooLong(size - left)
            time.sleep(0.0005)
    except socket.timeout:
        raise TooLong(at - unacknowledged(sock)) from None


def receive_line(sock, end, clock):
    """What comes up to `end`, and nothing of what follows."""
    text = b""
    while not text.endswith(end):
        clock.arm(sock)
        got = sock.recv(1)
        if not got:
            raise Broken(f"the connection ended after {text!r}")
        text += got
    return text


def client_up(sock, size, clock):
    """Of match: it tells how much was right, or resets the connection."""
    send(sock, size, clock)
    sock.shutdown(socket.SHUT_WR)
    clock.arm(sock)
    answer = sock.recv(8)
    if answer != struct.pack(">Q", size):
        raise Broken(f"match answered {answer!r}")


def client_down(sock, size, clock):
    sock.sendall(b"%d\n" % size)
    receive(sock, size, clock)


def server_up(sock, size, clock):
    """What match does, in Linux."""
    receive(sock, size, clock)
    sock.sendall(struct.pack(">Q", size))


def server_down(sock, size, clock):
    receive_line(sock, b"\n", clock)
    send(sock, size, clock)


def web_up(sock, size, clock):
    receive_line(sock, b"\r\n\r\n", clock)
    receive(sock, size, clock)
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def web_down(sock, size, clock):
    receive_line(sock, b"\r\n\r\n", clock)
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
    send(sock, size, clock)


def converse(sock, act, size, clock):
    """Does act; what cannot be finished in time ends with a reset, at both ends."""
    try:
        act(sock, size, clock)
    except (OSError, Broken, TooLong):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise


class Service:
    """A listener in a namespace; `act` has its first connection to itself.

    Its time begins with the first byte: a load connects, and asks when all its cores are ready.
    """

    def __init__(self, end, port, algorithm, act, size, clock):
        self.failure = None
        self.seconds = 0.0
        self.end, self.act, self.size, self.clock = end, act, size, clock
        with end.inside():
            self.listener = socket.create_server(("0.0.0.0", port), backlog=8)
        choose(self.listener, algorithm)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        with self.end.at_home():
            self._serve()

    def _serve(self):
        try:
            while True:  # a load looks first whether anybody listens
                self.clock.arm(self.listener)
                sock, _ = self.listener.accept()
                with sock:
                    self.clock.arm(sock)
                    sock.recv(1, socket.MSG_PEEK)
                    begin = time.monotonic()
                    try:
                        converse(sock, self.act, self.size, self.clock)
                    except Broken as broken:
                        if "after b''" in str(broken):
                            continue
                        raise
                    finally:
                        self.seconds = time.monotonic() - begin
                    with contextlib.suppress(OSError):
                        self.clock.arm(sock)
                        sock.recv(1)
                    return
        except (OSError, Broken, TooLong) as failure:
            self.failure = failure

    def result(self):
        """The seconds from the first byte that it got, or why it failed."""
        if self.failure:
            raise self.failure
        return self.seconds

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.thread.join(RESET_SECONDS)


def client(end, target, algorithm, act, size, clock):
    """One connection of a Linux client; the seconds that it took."""
    with end.inside():
        sock = socket.socket()
    with sock, end.at_home():
        choose(sock, algorithm)
        clock.arm(sock)
        begin = time.monotonic()
        sock.connect(target)
        converse(sock, act, size, clock)
        return time.monotonic() - begin


CLIENT = {"up": (client_up, MATCH), "down": (client_down, SOURCE)}
SERVER = {"up": server_up, "down": server_down}
WEB_SERVER = {"up": web_up, "down": web_down}


def judged(run, size):
    """What run(), which returns seconds, came to: seconds, bytes, finished, problems."""
    begin = time.monotonic()
    try:
        return run(), size, True, ()
    except TooLong as late:
        return time.monotonic() - begin, late.done, False, ()
    except socket.timeout:
        return time.monotonic() - begin, 0, False, ()
    except (OSError, Broken) as failure:
        return time.monotonic() - begin, 0, False, (f"{type(failure).__name__}: {failure}",)


# ---- Linux to Linux ----


def reference(path, cell, size, seconds):
    """The same transfer between two Linux ends, of which one stands where Wringer would."""
    for end in path.linux, path.reference:
        end.configure(cell.features, bool(cell.longest))
    path.impair(cell.loss, cell.longest)
    sender = path.reference if cell.is_sender() else path.linux
    caller, server = path.linux, path.reference
    if cell.role == "load":
        caller, server = server, caller
    before = sender.counters()
    clock = Clock(seconds)
    act, port = CLIENT[cell.way]
    patient = Clock(seconds + RESET_SECONDS)  # the client ends it, if time does
    with Service(server, port, cell.algorithm, SERVER[cell.way], size, patient):
        outcome = judged(lambda: client(caller, (server.address, port), cell.algorithm, act, size,
                                        clock), size)
    return with_counters(outcome, before, sender.counters())


def with_counters(outcome, before, after):
    seconds, done, finished, problems = outcome
    again, timeouts = (after[key] - before[key] for key in ("TcpRetransSegs", "TcpExtTCPTimeouts"))
    return Result(seconds, done, again, timeouts, finished, problems)


# ---- Wringer ----


class Wringer:
    """A process on the tap of a path; `with` waits until it is ready."""

    number = 0

    def __init__(self, path, cell, subcommand, *options):
        Wringer.number += 1
        self.path = path
        self.name = f"{path.tag}n{Wringer.number}"
        LOGS.mkdir(parents=True, exist_ok=True)
        self.log_path = LOGS / f"{self.name}.log"
        absent = [w for f in FEATURES[:3] if f not in cell.features for w in (f"--{f}", "off")]
        ecn = "on" if "ecn" in cell.features else "off"
        self.command = [
            "ip", "netns", "exec", path.router.name, str(WRINGER), subcommand, *options,
            "--port", f"tap:{path.tap}", "--ip", f"{WRINGER_HOST}/24",
            "--gateway", ROUTER["wringer"], "--lcores", str(path.measured_cpu),
            "--idle", "adaptive", "--no-huge",
            "--instance", self.name, "--json", "--cc", cell.algorithm, "--ecn", ecn,
            "--impair", cell.impair, *absent, *EXTRA,
        ]
        self.process = self.document = self.code = None

    def __enter__(self):
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            self._await(self.path.tap_is_there)
            self.path.join_tap()
            self._await(self.is_ready)
        except BaseException:
            self.stop()
            raise
        return self

    def _await(self, condition):
        eventually(lambda: condition() or self.has_ended(), READY_SECONDS, 0.02)
        if not condition():
            raise Broken(f"{' '.join(self.command)} did not begin:\n{self.log()}")

    def __exit__(self, *_):
        self.stop()

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def has_ended(self):
        return self.process.poll() is not None

    def is_ready(self):
        return any(line.startswith("ready ") for line in self.log().splitlines())

    def wait(self, seconds):
        """Its document, once it has ended by itself; None if it does not in time."""
        try:
            out, _ = self.process.communicate(timeout=max(seconds, 0.001))
        except subprocess.TimeoutExpired:
            return None
        self.code = self.process.returncode
        self.document = json.loads(out) if out.strip() else None
        return self.document

    def stop(self):
        """SIGINT, and the report at exit."""
        if self.code is None and self.process:
            if not self.has_ended():
                self.process.send_signal(signal.SIGINT)
            if self.wait(READY_SECONDS) is None and not self.has_ended():
                self.process.kill()
                self.wait(5)
        return self.document


EXTRA = tuple(os.environ.get("WR_INTEROP_EXTRA", "").split())


def books(document):
    """What a document at exit, of a server or of a load, should not say."""
    if document is None:
        return ("no document at exit",)
    total = document.get("sum") or document["end"]
    wrong = {side: n for side, n in total["books"].items() if n}
    problems = [f"the books do not balance: {wrong}"] if wrong else []
    kept = total.get("stats", {}).get("mbuf_in_use")
    if kept:
        problems.append(f"{kept} buffers were never given back")
    return tuple(problems)


def ours_again(document):
    """Segments that Wringer sent again, and its time-outs."""
    total = document.get("sum") or document["end"]
    again = sum(n for name, n in total["causes"].items() if "rexmit" in name or "tlp" in name)
    counters = total.get("stats") or total["engine"]
    return again, counters.get("tcp_rto_fired", 0)


def serve(path, cell, size, seconds):
    act, port = CLIENT[cell.way]
    with Wringer(path, cell, "serve", "--service", "match,source") as wringer:
        before = path.linux.counters()
        clock = Clock(seconds)
        outcome = judged(lambda: client(path.linux, (WRINGER_HOST, port), cell.algorithm, act,
                                        size, clock), size)
        after = path.linux.counters()
        document = wringer.stop()
    result = with_counters(outcome, before, after)
    problems = result.problems + books(document)
    if wringer.code:
        problems += (f"exit code {wringer.code}",)
    if cell.is_sender() and document:
        result.retransmissions, result.timeouts = ours_again(document)
    return dataclasses.replace(result, problems=problems)


def load(path, cell, size, seconds):
    """Wringer is the client of a web server in Linux: GET of the pattern, or POST."""
    method = {
        "up": ("--method", "POST", "--request", str(size)),
        "down": ("--verify",),
    }[cell.way]
    before = path.linux.counters()
    clock = Clock(seconds)
    with Service(path.linux, WEB, cell.algorithm, WEB_SERVER[cell.way], size, clock) as service:
        with Wringer(path, cell, "load", f"http://{LINUX}:{WEB}/bytes/{size}", *method,
                     "--requests", "1", "--connections", "1",
                     "--drain", f"{seconds:.0f}s",
                     "--connect-timeout", f"{max(seconds, 1):.0f}s", "--wait", "1min") as wringer:
            wringer.wait(clock.end - time.monotonic() + RESET_SECONDS)
            after = path.linux.counters()
            document = wringer.stop()
    outcome = judged(service.result, size)
    result = with_counters((service.seconds or seconds, *outcome[1:]), before, after)
    problems = result.problems + books(document)
    if result.finished and wringer.code:
        problems += (f"exit code {wringer.code}: {wringer.log()[-300:]}",)
    if cell.is_sender() and document:
        result.retransmissions, result.timeouts = ours_again(document)
    return dataclasses.replace(result, problems=problems)


def transfer(path, cell, size, seconds):
    """A cell with Wringer at one end; what cannot even begin is a problem of this cell alone."""
    begin = time.monotonic()
    try:
        path.linux.configure(cell.features, bool(cell.longest))
        path.impair(cell.loss, cell.longest)
        return {"serve": serve, "load": load}[cell.role](path, cell, size, seconds)
    except (Broken, AssertionError, subprocess.TimeoutExpired) as failure:
        return Result(time.monotonic() - begin, 0, 0, 0, False, (f"{failure}",))
