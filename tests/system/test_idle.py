# SPDX-License-Identifier: BSD-3-Clause
"""One CPU in all: the control thread and the worker share it."""

import os
import time

import clients
from harness import ApplianceCase, eventually

ECHO = 7


def cpu_seconds(pid):
    """User and system time that a process has used."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class OneCpu(ApplianceCase):
    cores = 1
    cpus = str(min(os.sched_getaffinity(0)))

    def test_echo_works(self):
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, clients.payload(2 << 20, seed=1))
        self.assertEqual(clients.many(self.host, ECHO, 100), [])

    def test_the_control_thread_still_answers(self):
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, b"hello", half_close=False)
            self.assertEqual(self.stats().state("established"), 1)

    def test_without_traffic_it_sleeps(self):
        time.sleep(1)
        before = cpu_seconds(self.appliance.process.pid)
        time.sleep(3)
        used = cpu_seconds(self.appliance.process.pid) - before
        self.assertLess(used, 1.5, "an idle process uses more than half a CPU")

    def test_the_first_request_after_a_sleep_is_answered_soon(self):
        with clients.connect(self.host, ECHO) as sock:

            def is_soon():
                """Once of several times: others may want the CPU just then."""
                clients.echo(sock, b"warm", half_close=False)
                time.sleep(1.5)
                return clients.echo(sock, b"awake?", half_close=False) < 0.1

            self.assertTrue(eventually(is_soon))
