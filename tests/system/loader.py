# SPDX-License-Identifier: BSD-3-Clause
"""`wringer load` on a tap against Linux servers in the same network namespace.

    class Load(LoadCase):
        def test_something(self):
            with Echo(self.peer) as server:
                run = self.load(f"{self.peer}:{server.port}", "--duration", "1s")
            self.assertEqual(run.code, 0, run)
"""

import contextlib
import functools
import http.server
import json
import os
import selectors
import socket
import subprocess
import threading
import unittest

import harness
from clients import PATIENCE
from harness import (
    HOST, LOGS, PATIENT, PEER, PREFIX, TOP, WRINGER, Namespace, eventually, require_appliance,
)  # fmt: skip

SERVER, BRIDGE = "198.18.0.3", "wrbridge"
END_SECONDS = 2 * PATIENCE
SO_RCVBUFFORCE = 33


@functools.cache
def validator():
    """Of the documents of a load; None where python3-jsonschema is not installed."""
    try:
        import jsonschema
    except ImportError:
        return None
    schema = json.loads((TOP / "docs" / "result.schema.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema)


class Server:
    """A server in a thread of the namespace. `with` waits until it listens."""

    kind = socket.SOCK_STREAM

    def __init__(self, address="0.0.0.0", port=0):
        self.socket = socket.socket(socket.AF_INET, self.kind)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((address, port))
        if self.kind == socket.SOCK_STREAM:
            self.socket.listen(1024)
        self.socket.setblocking(False)
        self.port = self.socket.getsockname()[1]
        self.accepted = self.bytes = 0
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.socket, selectors.EVENT_READ)
        self.stopping = False
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()

    def _serve(self):
        while not self.stopping:
            for key, _ in self.selector.select(0.05):
                try:
                    self.on_ready(key.fileobj)
                except BlockingIOError:
                    pass
                except OSError:
                    self.forget(key.fileobj)

    def forget(self, sock):
        if sock is not self.socket:
            self.selector.unregister(sock)
            sock.close()

    def on_ready(self, sock):
        if sock is self.socket:
            connection, _ = sock.accept()
            connection.setblocking(False)
            self.accepted += 1
            self.on_open(connection)
            return
        data = sock.recv(65536)
        if data:
            self.bytes += len(data)
            self.on_data(sock, data)
        else:
            self.forget(sock)

    def on_open(self, sock):
        self.selector.register(sock, selectors.EVENT_READ)

    def on_data(self, sock, data):
        raise NotImplementedError


class Echo(Server):
    """What comes is sent back; `spoil` may change it, `answers` ends them after so many."""

    def __init__(self, *args, spoil=None, answers=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.spoil = spoil
        self.answers = answers

    def on_data(self, sock, data):
        if self.answers is not None:
            self.answers -= 1
            if self.answers < 0:
                self.die()
                return
        sock.send(self.spoil(data) if self.spoil else data)

    def die(self):
        """The server dies: no listener and no connection is left."""
        for key in list(self.selector.get_map().values()):
            self.selector.unregister(key.fileobj)
            key.fileobj.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            key.fileobj.close()


class Sink(Server):
    """Reads and says nothing."""

    def on_data(self, sock, data):
        pass


class Source(Server):
    """Sends as long as it can."""

    def on_open(self, sock):
        self.selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)

    def on_ready(self, sock):
        if sock is not self.socket:
            with contextlib.suppress(BlockingIOError):
                sock.send(bytes(32768))
        super().on_ready(sock)

    def on_data(self, sock, data):
        pass


class UdpEcho(Server):
    kind = socket.SOCK_DGRAM

    def on_ready(self, sock):
        data, peer = sock.recvfrom(65536)
        sock.sendto(data, peer)


class UdpSink(Server):
    kind = socket.SOCK_DGRAM
    datagrams = 0

    def __init__(self):
        super().__init__()
        # All of them, should the CPU be somebody else's while they come.
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)

    def on_ready(self, sock):
        sock.recvfrom(65536)
        self.datagrams += 1


class Web:
    """Python's web server: 200 with 1000 bytes; /missing: 404; POST: what came."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def _answer(self, status, body):
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            found = self.path != "/missing"
            self.server.seen.append((self.path, self.headers.get("Host"), self.headers.get("X-A")))
            self._answer(200 if found else 404, bytes(1000))

        def do_POST(self):
            self._answer(200, self.rfile.read(int(self.headers["Content-Length"])))

        def log_message(self, *_):
            pass

    def __init__(self, protocol="HTTP/1.1"):
        self.handler = type("Handler", (self.Handler,), {"protocol_version": protocol})

    def __enter__(self):
        self.server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), self.handler)
        self.server.daemon_threads = True
        self.server.seen = []
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Load:
    """A `wringer load` that runs, and what it left when it has ended; on a tap, or `port`."""

    number = 0
    command_name = "load"
    address = HOST
    preset = PATIENT

    def __init__(self, namespace, options, port=None, bridge=False):
        Load.number += 1
        self.name = f"{namespace.name}l{Load.number}"
        self.namespace = namespace
        self.link = f"wl{namespace.name[-6:]}x{Load.number}"[:15]
        LOGS.mkdir(parents=True, exist_ok=True)
        self.log_path = LOGS / f"{self.name}.log"
        command = [str(WRINGER), self.command_name, "--port", port or f"tap:{self.link}"]
        command += ["--ip", f"{self.address}/{PREFIX}"]
        command += ["--cores", "1", "--idle", "adaptive", "--no-huge", "--instance", self.name]
        command += [str(option) for option in (*self.preset, *options)]
        if not any(option == "--json" or option.startswith("--json=") for option in command):
            command.append("--json")
        self.command = command
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True
            )
        self.code = self.document = None
        self.out = ""
        if not eventually(lambda: self.is_ready() or self.process.poll() is not None):
            self.kill()
            raise AssertionError(f"it did not become ready:\n{self.log()}")
        if self.process.poll() is None and not port:
            self._configure(bridge or self.address == SERVER)

    def _configure(self, bridge):
        ip = ("ip", "-n", self.namespace.name)
        harness.run(*ip, "link", "set", self.link, "txqueuelen", "20000", "up", check=False)
        if bridge:
            harness.run(*ip, "link", "set", self.link, "master", BRIDGE, check=False)
            return
        # From here on the kernel answers ARP, for which the load waits.
        harness.run(*ip, "address", "add", f"{PEER}/{PREFIX}", "dev", self.link, check=False)

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def is_ready(self):
        return any(line.startswith("ready ") for line in self.log().splitlines())

    def interrupt(self):
        harness.interrupt(self.process)

    def wait(self):
        """Until it has ended; reads its document."""
        try:
            self.out, _ = self.process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.out, _ = self.process.communicate()
        self.code = self.process.returncode
        text = self.out.strip()
        if text.startswith("{"):
            self.document = json.loads(text)
            self.check()
        return self

    def check(self):
        """Whatever became of the load, its document is as the schema says."""
        errors = [] if validator() is None else list(validator().iter_errors(self.document))
        if errors:
            raise AssertionError(f"{errors[0].json_path}: {errors[0].message}\n{self}")

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def __getitem__(self, name):
        return self.document[name]

    def count(self, name):
        """A counter of wr_load.def."""
        return self.document["end"]["counters"].get(name, 0)

    def __str__(self):
        return f"exit code {self.code}\n{self.out[-6000:]}\n{self.log()}"


class Serve(Load):
    """A `wringer serve` on the bridge, until stop()."""

    command_name = "serve"
    address = SERVER
    preset = ()

    def check(self):
        """Its document is not a load's."""

    def stop(self):
        if self.process.poll() is None:
            self.interrupt()
        return self.wait()


class LoadCase(unittest.TestCase):
    """Tests in a namespace of their own; the servers' address is PEER."""

    peer = PEER

    @classmethod
    def setUpClass(cls):
        require_appliance()
        cls.namespace = Namespace(f"wrld{os.getpid()}n{next(harness._numbers)}")
        cls.namespace.enter()
        cls.loads = []

    @classmethod
    def tearDownClass(cls):
        for load in cls.loads:
            load.kill()
        cls.namespace.remove()

    def serve(self, *options):
        """A `wringer serve` on SERVER, on a bridge to which a load may be joined."""
        ip = ("ip", "-n", self.namespace.name)
        harness.run(*ip, "link", "add", BRIDGE, "type", "bridge", check=False)
        harness.run(*ip, "link", "set", BRIDGE, "up")
        server = Serve(self.namespace, options)
        self.loads.append(server)
        self.addCleanup(server.stop)
        return server

    def start(self, *options, **kwargs):
        load = Load(self.namespace, options, **kwargs)
        self.loads.append(load)
        return load

    def assert_becomes(self, number, expected, load):
        """A server's number; its thread may be behind."""
        eventually(lambda: number() >= expected)
        self.assertEqual(number(), expected, load)

    def load(self, *options, **kwargs):
        return self.start(*options, **kwargs).wait()
