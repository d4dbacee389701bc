# SPDX-License-Identifier: BSD-3-Clause
"""Both ends of iperf3 for the system tests: `wringer iperf3` in a namespace of its own, Debian's
iperf3 beside it, and a peer that speaks the control protocol by hand, to break it."""

import json
import random
import socket
import string
import struct
import subprocess

from clients import PATIENCE
from harness import HOST, LOGS, PEER, Appliance, eventually, run

PORT = 5201
TEST_START, TEST_RUNNING, TEST_END = 1, 2, 4
PARAM_EXCHANGE, CREATE_STREAMS, SERVER_TERMINATE, CLIENT_TERMINATE = 9, 10, 11, 12
EXCHANGE_RESULTS, DISPLAY_RESULTS, IPERF_DONE = 13, 14, 16
ACCESS_DENIED, SERVER_ERROR = -1, -2
SMALL = ("--bufs", "8192")


class Server(Appliance):
    """`wringer iperf3 -s`; what it printed is in `output` after stop()."""

    ROLE = ("iperf3", "-s")

    def __init__(self, *options, cores=1):
        super().__init__(*SMALL, *options, cores=cores)
        at = self.command.index("serve")
        self.command[at : at + 1] = self.ROLE
        self.command.remove("--json")
        self.output = ""

    def printed(self):
        return self.log_path.with_suffix(".json").read_text(encoding="utf-8")

    def stop(self):
        self._interrupt()
        if not self._out.closed:
            self.output = self.printed()
            self._out.close()
        return self.process.returncode


class Client(Server):
    """`wringer iperf3 -c`, towards a server in its namespace; `output` and `log()` tell."""

    ROLE = ("iperf3", "-c", PEER)

    def start(self):
        LOGS.mkdir(parents=True, exist_ok=True)
        self._out = open(self.log_path.with_suffix(".json"), "w+", encoding="utf-8")
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=self._out, stderr=log
            )
        show = ("ip", "-n", self.name, "link", "show", self.link)
        if not eventually(lambda: run(*show, check=False).returncode == 0, every=0.05):
            raise AssertionError(f"no device:\n{self.log()}")
        self._configure()
        return self

    def wait(self, seconds=3 * PATIENCE):
        code = self.process.wait(seconds)
        self.output = self.printed()
        self._out.close()
        return code


def iperf3(*arguments, timeout=3 * PATIENCE):
    """Debian's client to its end, with its document."""
    done = run("iperf3", "-c", HOST, "-J", *map(str, arguments), check=False, timeout=timeout)
    document = json.loads(done.stdout)
    if done.returncode or "error" in document:
        raise AssertionError(f"iperf3 {arguments}: {document.get('error')} {done.stderr}")
    return document


def dropped_by_linux(appliance):
    """Datagrams that it had no room for: as receiver, and in the tap if that is still there."""
    inside = appliance.namespace.exec
    shown = inside("cat", "/proc/net/snmp").stdout.splitlines()
    names, values = (line.split() for line in shown if line.startswith("Udp: "))
    link = inside("ip", "-j", "-s", "link", "show", appliance.link, check=False).stdout
    in_the_tap = sum(row["stats64"]["tx"]["dropped"] for row in json.loads(link or "[]"))
    return int(values[names.index("RcvbufErrors")]) + in_the_tap


def check_sums(test, appliance, end, arguments):
    """What must hold at the end of any test, whoever wrote the document."""
    for suffix in ("", "_bidir_reverse") if "--bidir" in arguments else ("",):
        sent, received = end[f"sum_sent{suffix}"], end[f"sum_received{suffix}"]
        test.assertGreater(received["bytes"], 0)
        if "-u" in arguments:
            test.assertGreater(sent["packets"], 0)
            # A busy machine keeps readers from running, and drops what comes for them.
            lost = end[f"sum{suffix}"]
            if lost["lost_percent"] >= 20:
                test.assertLessEqual(lost["lost_packets"], dropped_by_linux(appliance))
        else:
            test.assertIn("retransmits", sent)
            if "-O" not in arguments:  # both ends end the omitted time at times of their own
                test.assertLessEqual(received["bytes"], sent["bytes"])


def cookie():
    letters = string.ascii_lowercase + "234567"
    return "".join(random.choice(letters) for _ in range(36)).encode() + b"\0"


class Control:
    """A control connection, spoken by hand."""

    def __init__(self, greeting=None):
        self.cookie = cookie() if greeting is None else greeting
        self.sock = socket.create_connection((HOST, PORT), timeout=PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.sendall(self.cookie)
        self.streams = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for stream in self.streams:
            stream.close()
        self.sock.close()

    def read(self, n):
        data = b""
        while len(data) < n:
            part = self.sock.recv(n - len(data))
            if not part:
                raise EOFError(f"{len(data)} of {n} bytes")
            data += part
        return data

    def state(self):
        return struct.unpack("b", self.read(1))[0]

    def say(self, state):
        self.sock.sendall(struct.pack("b", state))

    def send(self, document):
        text = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.sock.sendall(struct.pack(">I", len(text)) + text)

    def receive(self):
        return json.loads(self.read(struct.unpack(">I", self.read(4))[0]))

    def ended(self):
        """Whether the server closes."""
        try:
            return self.sock.recv(1) == b""
        except ConnectionError:
            return True

    def open_streams(self, n):
        for _ in range(n):
            stream = socket.create_connection((HOST, PORT), timeout=PATIENCE)
            stream.sendall(self.cookie)
            self.streams.append(stream)


def parameters(**changes):
    document = {"tcp": True, "omit": 0, "time": 5, "num": 0, "blockcount": 0, "parallel": 1,
                "len": 131072, "pacing_timer": 1000, "client_version": "3.12"}
    document.update(changes)
    return document
