# SPDX-License-Identifier: BSD-3-Clause
"""The message service against Linux sockets."""

import struct

import clients
from harness import ApplianceCase

MESSAGE = 7001


def frame(data):
    return struct.pack(">I", len(data)) + data


class MessageTests:
    def test_messages_of_all_sizes_come_back(self):
        sizes = (1, 2, 1443, 1444, 1445, 65536, 1 << 20, 5)
        with clients.connect(self.host, MESSAGE) as sock:
            clients.echo(sock, b"".join(frame(clients.payload(n, seed=n)) for n in sizes))

    def test_half_a_message_is_kept_until_it_is_whole(self):
        whole = frame(clients.payload(5000, seed=1))
        with clients.connect(self.host, MESSAGE, timeout=0.3) as sock:
            sock.sendall(whole[:-1])
            with self.assertRaises(TimeoutError):
                sock.recv(1)
            sock.settimeout(clients.PATIENCE)
            sock.sendall(whole[-1:])
            clients.receive_exactly(sock, whole)

    def test_a_length_beyond_the_bound_is_reset(self):
        before = self.stats()["service_refused"]
        for length in (0, (1 << 20) + 1, 0xFFFFFFFF):
            with clients.connect(self.host, MESSAGE) as sock:
                sock.sendall(struct.pack(">I", length))
                with self.assertRaises(ConnectionResetError):
                    sock.recv(1)
        self.assertEqual(self.stats()["service_refused"], before + 3)


class OneWorker(MessageTests, ApplianceCase):
    serve = ("--service", "message")


class TwoWorkers(MessageTests, ApplianceCase):
    cores = 2
    serve = ("--service", "message")


class Impatient(ApplianceCase):
    serve = ("--service", "message", "--request-timeout", "1500ms")

    def test_a_message_that_never_ends_is_given_up(self):
        with clients.connect(self.host, MESSAGE) as sock:
            sock.sendall(frame(b"x" * 1000)[:-1])
            with self.assertRaises(ConnectionResetError):
                sock.recv(1)


class ImpatientWithTwoWorkers(Impatient):
    cores = 2
