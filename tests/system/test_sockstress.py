# SPDX-License-Identifier: BSD-3-Clause
"""Peers that take and give nothing back: sockstress, CVE-2008-4609, and slower relatives."""

import contextlib
import time

import clients
from harness import ApplianceCase

ECHO, DISCARD, CHARGEN, SOURCE = 7, 9, 19, 5205
SMALLEST = 1  # SO_RCVBUF: the kernel makes 2304 bytes of it


class Stress(ApplianceCase):
    """Opens many, and looks how somebody honest fares meanwhile."""

    @classmethod
    def setUpClass(cls):
        clients.allow_files(8192)
        super().setUpClass()

    @contextlib.contextmanager
    def many(self, number, port, say=b"", rcvbuf=SMALLEST, seconds=20):
        """So many sockets, as far as they are let in; they never read."""
        socks = []
        try:
            for _ in range(number):
                with contextlib.suppress(OSError):
                    socks.append(clients.connect(self.host, port, timeout=seconds, rcvbuf=rcvbuf))
                    if say:
                        socks[-1].sendall(say)
            yield socks
        finally:
            for sock in socks:
                sock.close()

    def echo_goes_on(self, size=100_000):
        """Somebody honest gets every byte back."""
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, clients.payload(size, seed=3))

    def assert_nothing_stays(self, before):
        after = self.appliance.eventually(
            lambda s: not s.state("established") and s["mbuf_in_use"] <= before["mbuf_in_use"] + 64
        )
        self.assertEqual(after.state("established"), 0)
        self.assertLessEqual(after["mbuf_in_use"], before["mbuf_in_use"] + 64)
        self.assertFalse(after.unbalanced())


class Sockstress(Stress):
    bufs = 4096
    held = 3072
    serve = ("--connections", "4k", "--backlog", "4k", "--service", "echo,discard,chargen,source")

    def await_pressure(self):
        """Until connections keep three quarters of what they may; the stats."""
        pressed = self.held * 3 // 4
        stats = self.appliance.eventually(lambda s: s["mbuf_in_use"] > pressed)
        self.assertGreater(stats["mbuf_in_use"], pressed, "no pressure")
        return stats

    def test_closed_windows_keep_nobody_out(self):
        """Who was there before has no text refused for want of buffers; who comes is served."""
        before = self.stats()
        with clients.connect(self.host, ECHO) as known, self.many(2200, CHARGEN):
            clients.echo(known, clients.payload(1000, seed=9), half_close=False)
            full = self.await_pressure()
            for n in range(5):
                clients.echo(known, clients.payload(100_000, seed=n), half_close=False)
            stats = self.appliance.fresh_stats()
            self.assertEqual(stats.verdict("tcp_no_mbuf"), full.verdict("tcp_no_mbuf"))
            for _ in range(5):
                self.echo_goes_on()
                stats = self.stats()
                self.assertLess(stats["mbuf_in_use"], self.bufs)
            evicted = stats.reason("evicted") - before.reason("evicted")
            self.assertGreater(evicted, 0, "buffers were found without taking any back")
            self.assertGreater(stats.state("established"), 0, "all of them were ended")
        self.assert_nothing_stays(before)

    def test_silence_after_the_handshake_costs_no_buffers(self):
        before = self.stats()
        memory = self.appliance.memory_bytes()
        with self.many(2000, ECHO) as socks:
            self.assertGreater(len(socks), 1900)
            stats = self.appliance.eventually(lambda s: s.state("established") >= len(socks))
            self.assertLessEqual(stats["mbuf_in_use"], before["mbuf_in_use"] + 64)
            self.assertLess(self.appliance.memory_bytes(), memory + (8 << 20))
            self.echo_goes_on()
            self.assertEqual(self.stats().reason("evicted"), before.reason("evicted"))
        self.assert_nothing_stays(before)

    def test_text_that_is_not_read_is_bounded_in_both_directions(self):
        """Echo clients that send without reading: of what they send no more is kept than may be."""
        before = self.stats()
        with self.many(300, ECHO) as socks:
            for sock in socks:
                sock.setblocking(False)
                with contextlib.suppress(OSError):
                    for _ in range(8):
                        sock.send(bytes(16384))
            stats = self.await_pressure()
            self.assertLessEqual(stats["mbuf_in_use"], before["mbuf_in_use"] + self.held)
            self.echo_goes_on()
        self.assert_nothing_stays(before)


class Orphans(Stress):
    serve = (
        "--connections", "512", "--fin-wait2", "2min", "--service", "echo,source",
    )

    def test_who_never_closes_leaves_room_for_others(self):
        """The service closes, the client does not: FIN-WAIT-2 fills the table."""
        before = self.stats()
        with self.many(600, SOURCE, say=b"100\n", rcvbuf=None) as socks:
            stats = self.appliance.eventually(lambda s: s.state("fin_wait_2") >= 440)
            self.assertGreaterEqual(stats.state("fin_wait_2"), 440)
            for _ in range(100):
                self.echo_goes_on(1000)
            stats = self.stats()
            self.assertGreater(stats.reason("orphaned"), before.reason("orphaned"))
            self.assertGreater(len(socks), 500)
        self.assert_nothing_stays(before)


class FinWait2(Stress):
    serve = ("--fin-wait2", "5s", "--service", "echo,source")

    def test_it_ends_by_itself(self):
        before = self.stats()
        with self.many(20, SOURCE, say=b"10\n", rcvbuf=None):
            stats = self.appliance.eventually(
                lambda s: s.reason("fin_wait_timeout") >= before.reason("fin_wait_timeout") + 20
            )
            self.assertGreaterEqual(
                stats.reason("fin_wait_timeout"), before.reason("fin_wait_timeout") + 20
            )
            self.assertEqual(stats.state("fin_wait_2"), 0)


class SlowTalkers(Stress):
    """Slowloris: a request that never ends, byte by byte."""

    serve = ("--service", "echo,http", "--request-timeout", "3s", "--idle-timeout", "never")

    def test_a_request_that_never_ends_is_ended(self):
        before = self.stats()
        with self.many(200, 80, say=b"GET / HTTP/1.1\r\nHost: x\r\nX-", rcvbuf=None) as socks:
            deadline = time.monotonic() + clients.PATIENCE
            alive = list(socks)
            while alive and time.monotonic() < deadline:
                time.sleep(0.5)
                for sock in list(alive):
                    try:
                        sock.sendall(b"a")
                    except OSError:
                        alive.remove(sock)
            self.assertFalse(alive, "a byte now and then keeps a request open")
            self.echo_goes_on()
            self.assertGreaterEqual(self.stats()["service_timeouts"], len(socks))
        self.assert_nothing_stays(before)
