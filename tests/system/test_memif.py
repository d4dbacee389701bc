# SPDX-License-Identifier: BSD-3-Clause
"""memif between two of our processes: the client's memory is shared, nothing is copied there."""

import subprocess

from harness import eventually, run
from pair import PairCase, PairTests, SocketAppliance


class MemifWithOneWorker(PairTests, PairCase):
    def test_a_killed_client_makes_room_for_the_next(self):
        self.kill_a_client_under_load()
        self.load("--mode", "rr", "--connections", 8, "--requests", 4000)

    def test_a_client_without_a_server_says_so(self):
        command = self.command()
        command[command.index("--port") + 1] += ".nobody"
        done = run(*command, check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("start the other end first", done.stderr)


class MemifWithTwoWorkers(PairTests, PairCase):
    server_cores = client_cores = 2

    @classmethod
    def tearDownClass(cls):
        log = cls.appliance.log()
        super().tearDownClass()
        assert "fewer queues" not in log, log


class MemifWithUnequalQueues(PairCase):
    """What DPDK 22.11 does with these is nobody's wish, but it is told."""

    server_cores = 2

    def test_a_peer_with_fewer_queues_is_told_of(self):
        self.assertNotIn("fewer queues", self.appliance.log())
        client = subprocess.Popen(
            self.command("--mode", "udp-rr", "--connections", 16, "--duration", "5min"),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        try:
            told = eventually(lambda: "fewer queues" in self.appliance.log())
        finally:
            client.terminate()
            client.wait()
        self.assertTrue(told)
        self.assertIn("',queues=N'", self.appliance.log())


class MemifWithMoreQueuesAtTheClient(PairCase):
    client_cores = 2

    def test_the_client_says_what_may_be_the_cause(self):
        done = run(*self.command("--wait", "1s"), check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("the link is down", done.stderr)
        self.assertIn("refuses more queues than it has", done.stderr)


class MemifWithMoreWorkersAtTheServer(PairTests, PairCase):
    """Two workers share the one queue that suits the client."""

    class kind(SocketAppliance):
        DEVICE = "memif:{socket},queues=1"

    server_cores = 2


class MemifWithCopies(PairTests, PairCase):
    client_device = "memif:{socket},client,zero-copy=no,rsize=8"


class MemifWithJumboFrames(PairTests, PairCase):
    mtu = 9000
