# SPDX-License-Identifier: BSD-3-Clause
"""sink, source and rr against Linux sockets: bytes that both ends know."""

import socket
import struct
import subprocess

import clients
from harness import ApplianceCase, require_tools
from pattern import pattern

RR, SINK, SOURCE = 5203, 5204, 5205


def receive_all(sock):
    parts = []
    while part := sock.recv(1 << 20):
        parts.append(part)
    return b"".join(parts)


def request(size, response, tag):
    data = struct.pack(">IIII", 0x57525252, size, response, tag)
    return data + clients.payload(size - len(data), seed=tag)


def response_to(asked, size):
    copied = asked[: min(64, size)]
    words = -(-size // 8) + 1
    return copied + pattern(0, words)[len(copied) : size]


class SinkSourceTests:
    def test_64_mib_from_source_are_right_byte_for_byte(self):
        size = 64 << 20
        with clients.connect(self.host, SOURCE) as sock:
            sock.sendall(b"64M\n")
            got = receive_all(sock)
        self.assertEqual(len(got), size)
        for at in range(0, size, 1 << 20):
            self.assertTrue(got[at : at + (1 << 20)] == pattern(at // 8, 1 << 17), f"MiB at {at}")

    def test_netcat_gets_as_many_bytes_as_it_asked_for(self):
        require_tools("nc")
        done = subprocess.run(["nc", "-N", self.host, str(SOURCE)], input=b"100001\n",
                              capture_output=True, timeout=clients.PATIENCE, check=True)
        self.assertEqual(len(done.stdout), 100001)

    def test_source_without_a_number_ends_with_the_client(self):
        with clients.connect(self.host, SOURCE) as sock:
            sock.sendall(b"\n")
            clients.receive_exactly(sock, pattern(0, 1 << 15))
            sock.shutdown(socket.SHUT_WR)
            receive_all(sock)

    def test_sink_says_how_much_it_took(self):
        for size in (0, 1, 100, 10 << 20):
            with self.subTest(size=size), clients.connect(self.host, SINK) as sock:
                sock.sendall(bytes(size))
                sock.shutdown(socket.SHUT_WR)
                self.assertEqual(receive_all(sock), struct.pack(">Q", size))

    def test_rr_answers_with_the_size_that_was_asked_for(self):
        with clients.connect(self.host, RR) as sock:
            for size in (16, 64, 100, 5000):
                for response in (0, 16, 64, 1448, 100000):
                    asked = request(size, response, size + response)
                    sock.sendall(asked)
                    clients.receive_exactly(sock, response_to(asked, response))

    def test_rr_answers_datagrams(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(clients.PATIENCE)
            sock.connect((self.host, RR))
            for size, response in ((16, 16), (100, 64), (64, 1472), (64, 20000)):
                asked = request(size, response, size)
                sock.send(asked)
                self.assertEqual(sock.recv(65536), response_to(asked, response))

    def test_rr_resets_what_is_no_request(self):
        with clients.connect(self.host, RR) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
            with self.assertRaises(ConnectionResetError):
                sock.recv(1)


class OneWorker(SinkSourceTests, ApplianceCase):
    serve = ("--service", "rr,sink,source")


class TwoWorkers(SinkSourceTests, ApplianceCase):
    cores = 2
    serve = ("--service", "rr,sink,source")


class Impatient(ApplianceCase):
    serve = ("--service", "source", "--request-timeout", "1500ms")

    def test_a_reader_that_stops_is_given_up(self):
        with clients.connect(self.host, SOURCE, rcvbuf=8192) as sock:
            before = self.stats()["service_timeouts"]
            sock.sendall(b"\n")
            stats = self.appliance.eventually(lambda s: s["service_timeouts"] > before)
            self.assertEqual(stats["service_timeouts"], before + 1)


class ImpatientWithTwoWorkers(Impatient):
    cores = 2
