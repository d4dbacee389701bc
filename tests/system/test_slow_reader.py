# SPDX-License-Identifier: BSD-3-Clause
"""A client that stops reading pushes back: its window closes, memory stays bounded."""

import contextlib
import socket
import threading
import time

import clients
from harness import ApplianceCase, eventually

ECHO = 7
SLOW = 8


class SlowReader(ApplianceCase):
    serve = ("--rcv-buf", "256K", "--snd-buf", "256K")

    @staticmethod
    def stuff(socks, texts, sent):
        """Sends on each, without reading, what goes now, and counts it; whether anything went."""
        before = sum(sent)
        for number, (sock, text) in enumerate(zip(socks, texts)):
            with contextlib.suppress(BlockingIOError):
                while True:
                    at = sent[number] % len(text)
                    sent[number] += sock.send(text[at : at + 65536])
        return sum(sent) > before

    def stuff_all(self, socks, texts):
        """Until nothing goes any more, both ways; returns the bytes sent on each."""
        sent = [0] * len(socks)
        for sock in socks:
            sock.setblocking(False)

        def is_stuck():
            return not self.stuff(socks, texts, sent) and all(
                self.stats()[f"tcp_zero_window_{way}"] for way in ("in", "out")
            )

        eventually(is_stuck)
        for sock in socks:
            sock.settimeout(clients.PATIENCE)
        return sent

    def test_it_reads_everything_in_the_end_and_others_go_on_meanwhile(self):
        slow = [clients.connect(self.host, ECHO, rcvbuf=16384) for _ in range(SLOW)]
        before = self.stats()
        texts = [clients.payload(1 << 20, seed=number) for number in range(SLOW)]
        sizes = self.stuff_all(slow, texts)

        stats = self.stats()
        held = stats["mbuf_in_use"] - before["mbuf_in_use"]
        self.assertGreater(stats["tcp_zero_window_out"], 0, "our window never closed")
        self.assertGreater(stats["tcp_zero_window_in"], 0, "the client's window never closed")
        # Both windows full, in buffers of which a full segment fills 1448 bytes, and as much
        # again for slack.
        self.assertLess(held, SLOW * 2 * 2 * (256 << 10) // 1448)

        with clients.connect(self.host, ECHO) as other:
            clients.echo(other, clients.payload(4 << 20, seed=5))

        for sock, sent, data in zip(slow, sizes, texts):
            expected = (data * (sent // len(data) + 1))[:sent]
            clients.receive_exactly(sock, expected)
            sock.shutdown(socket.SHUT_WR)
            self.assertEqual(sock.recv(1), b"")
            sock.close()
        after = self.appliance.eventually(
            lambda s: not s.state("established") and s["mbuf_in_use"] <= before["mbuf_in_use"] + 64
        )
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
