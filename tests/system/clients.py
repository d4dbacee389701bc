# SPDX-License-Identifier: BSD-3-Clause
"""Ordinary socket programs that use an appliance and judge its answers.

Functions for the system tests; as a command, for scripts/run:

    clients.py echo HOST PORT --bytes N          TCP echo, compared byte for byte
    clients.py udp HOST PORT --count N           UDP echo
    clients.py many HOST PORT --connections N    so many TCP echoes at the same time

A command prints one line, tab-separated: what, result, figure; exit code 1 if it failed.
"""

import argparse
import asyncio
import hashlib
import os
import random
import resource
import socket
import sys
import threading
import time

CHUNK = 256 * 1024
PATIENCE = 60  # seconds that what must happen may take: a slow machine is no fault


class Mismatch(Exception):
    """What came back is not what was sent."""


def connect(host, port, timeout=PATIENCE, rcvbuf=None, source=None):
    """A connected TCP socket whose every call gives up after timeout seconds."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if rcvbuf:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        sock.settimeout(timeout)
        if source:
            sock.bind(source)
        sock.connect((host, port))
    except BaseException:
        sock.close()
        raise
    return sock


def payload(size, seed):
    """The same pseudo-random bytes for the same seed."""
    return random.Random(seed).randbytes(size)


def receive_exactly(sock, expected, offset=0):
    """Receives len(expected) - offset bytes and compares each with expected[offset:]."""
    view = memoryview(expected)
    while offset < len(expected):
        got = sock.recv(min(CHUNK, len(expected) - offset))
        if not got:
            raise Mismatch(f"the connection ended after {offset} of {len(expected)} bytes")
        if view[offset : offset + len(got)] != got:
            at = next(i for i, byte in enumerate(got) if byte != expected[offset + i])
            raise Mismatch(f"byte {offset + at} differs")
        offset += len(got)


def echo(sock, data, half_close=True):
    """Sends data while receiving, compares; then FINs both ways. Returns seconds taken."""
    failures = []

    def send():
        try:
            sock.sendall(data)
            if half_close:
                sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            failures.append(error)

    started = time.monotonic()
    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    try:
        receive_exactly(sock, data)
        took = time.monotonic() - started
        sender.join()
        if half_close and sock.recv(1):
            raise Mismatch("more came back than was sent")
    except (OSError, Mismatch):
        if failures:
            raise failures[0]
        raise
    if failures:
        raise failures[0]
    return took


def udp_socket(host, port, timeout=PATIENCE, source=None):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(timeout)
    if source:
        sock.bind(source)
    sock.connect((host, port))
    return sock


def udp_echo(sock, sizes, seed=1):
    """One datagram of each size, there and back. Returns how many were answered right, up to the
    first that was not answered at all."""
    rng = random.Random(seed)
    good = 0
    for size in sizes:
        data = rng.randbytes(size)
        sock.send(data)
        try:
            if sock.recv(65536) != data:
                raise Mismatch(f"the datagram of {size} bytes came back different")
        except socket.timeout:
            break
        good += 1
    return good


def allow_files(count):
    """Raises the limit of open files to count, if it is lower."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        hard = hard if hard == resource.RLIM_INFINITY else max(hard, count)
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


async def _converse(host, port, number, rounds, largest, together, errors):
    writer = None
    try:
        reader, writer = await asyncio.open_connection(host, port)
        rng = random.Random(number)
        await together(number)
        for _ in range(rounds):
            data = rng.randbytes(rng.randint(1, largest))
            writer.write(data)
            if await reader.readexactly(len(data)) != data:
                raise Mismatch(f"connection {number} got different bytes")
        writer.write_eof()
        if await reader.read(1):
            raise Mismatch(f"connection {number} got more than it sent")
    except (OSError, EOFError, Mismatch) as error:
        errors.append(error)
        await together(None)
    finally:
        if writer:
            writer.close()


async def _many(host, port, count, rounds, largest, timeout, on_all_open):
    errors, here, gate = [], 0, asyncio.Event()

    async def together(number):
        """Holds each connection until all are open, so that all are open at once."""
        nonlocal here
        here += 1
        if here == count:
            if on_all_open and not errors:
                on_all_open()
            gate.set()
        if number is not None:
            await gate.wait()

    await asyncio.wait_for(
        asyncio.gather(
            *(_converse(host, port, n, rounds, largest, together, errors) for n in range(count))
        ),
        timeout,
    )
    return errors


def many(host, port, count, rounds=4, largest=2000, timeout=3 * PATIENCE, on_all_open=None):
    """Holds count connections open at once and echoes on each; returns the errors."""
    allow_files(count + 64)
    return asyncio.run(_many(host, port, count, rounds, largest, timeout, on_all_open))


def _command_echo(args):
    data = os.urandom(args.bytes)
    with connect(args.host, args.port) as sock:
        seconds = echo(sock, data)
    digest = hashlib.sha256(data).hexdigest()[:16]
    rate = 8 * len(data) / seconds / 1e6
    figure = f"{rate:.0f} Mbit/s each way; same bytes, sha256 {digest}…"
    return f"TCP echo, {len(data) >> 20} MiB", figure


def _command_udp(args):
    sizes = [1 + (17 * i) % 1472 for i in range(args.count)]
    started = time.monotonic()
    with udp_socket(args.host, args.port) as sock:
        good = udp_echo(sock, sizes)
    if good != args.count:
        raise Mismatch(f"only {good} of {args.count} datagrams came back")
    each = (time.monotonic() - started) / args.count
    return f"UDP echo, {args.count} datagrams", f"all came back, {each * 1e6:.0f} µs each"


def _command_many(args):
    started = time.monotonic()
    errors = many(args.host, args.port, args.connections)
    if errors:
        raise Mismatch(f"{len(errors)} connections failed, the first with: {errors[0]!r}")
    took = time.monotonic() - started
    return f"{args.connections} TCP connections at once", f"all echoed right, {took:.1f} s"


def main():
    parser = argparse.ArgumentParser(description="Use an echo appliance and judge its answers.")
    commands = parser.add_subparsers(required=True)
    for name, function, option, preset in (
        ("echo", _command_echo, "--bytes", 64 << 20),
        ("udp", _command_udp, "--count", 1000),
        ("many", _command_many, "--connections", 1000),
    ):
        command = commands.add_parser(name)
        command.add_argument("host")
        command.add_argument("port", type=int)
        command.add_argument(option, type=int, default=preset)
        command.set_defaults(function=function, name=name)
    args = parser.parse_args()
    try:
        what, figure = args.function(args)
    except (OSError, Mismatch, asyncio.TimeoutError) as error:
        print(f"{args.name}\tFAILED\t{error or type(error).__name__}")
        return 1
    print(f"{what}\tok\t{figure}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
