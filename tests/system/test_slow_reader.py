# SPDX-License-Identifier: BSD-3-Clause
"""A client that stops reading pushes back: its window closes, memory stays bounded."""

import select
import socket
import threading
import time

import clients
from harness import ApplianceCase

ECHO = 7
SLOW = 8


class SlowReader(ApplianceCase):
    serve = ("--rcv-buf", "256K", "--snd-buf", "256K")

    def stuff(self, sock):
        """Sends without reading until nothing goes any more; returns the bytes sent."""
        sent = 0
        data = clients.payload(1 << 20, seed=sock.getsockname()[1])
        sock.setblocking(False)
        quiet_since = time.monotonic()
        while time.monotonic() - quiet_since < 1.0:
            try:
                at = sent % len(data)
                sent += sock.send(data[at : at + 65536])
                quiet_since = time.monotonic()
            except BlockingIOError:
                select.select([], [sock], [], 0.1)
        sock.setblocking(True)
        sock.settimeout(10)
        return sent, data

    def test_it_reads_everything_in_the_end_and_others_go_on_meanwhile(self):
        slow = [clients.connect(self.host, ECHO, rcvbuf=16384) for _ in range(SLOW)]
        before = self.stats()
        stuffed = []
        threads = [
            threading.Thread(target=lambda s=s: stuffed.append((s, *self.stuff(s)))) for s in slow
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        stats = self.stats()
        held = stats["mbuf_in_use"] - before["mbuf_in_use"]
        self.assertEqual(len(stuffed), SLOW)
        self.assertGreater(stats["tcp_zero_window_out"], 0, "our window never closed")
        self.assertGreater(stats["tcp_zero_window_in"], 0, "the client's window never closed")
        # Both windows full, in buffers of which a full segment fills 1448 bytes, and as much
        # again for slack.
        self.assertLess(held, SLOW * 2 * 2 * (256 << 10) // 1448)

        with clients.connect(self.host, ECHO) as other:
            took = clients.echo(other, clients.payload(4 << 20, seed=5))
        self.assertLess(took, 10)

        for sock, sent, data in stuffed:
            expected = (data * (sent // len(data) + 1))[:sent]
            clients.receive_exactly(sock, expected)
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(sock.recv(1), b"")
            sock.close()
        after = self.appliance.eventually(lambda s: not s.state("established"))
        self.assertLessEqual(after["mbuf_in_use"], before["mbuf_in_use"] + 64)

    def test_a_window_that_opens_byte_by_byte_is_survived(self):
        with clients.connect(self.host, ECHO, rcvbuf=2048) as sock:
            data = clients.payload(100_000, seed=9)
            sender = threading.Thread(target=sock.sendall, args=(data,), daemon=True)
            sender.start()
            got = bytearray()
            for _ in range(200):
                got += sock.recv(7)
                time.sleep(0.002)
            while len(got) < len(data):
                more = sock.recv(65536)
                self.assertTrue(more, "the connection ended early")
                got += more
            sender.join()
        self.assertEqual(bytes(got), data)
