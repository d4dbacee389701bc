# SPDX-License-Identifier: BSD-3-Clause
"""memif between two of our processes: the client's memory is shared, nothing is copied there."""

from harness import run
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


class MemifWithMoreWorkersAtTheServer(PairTests, PairCase):
    """Two workers share the one queue that suits the client."""

    class kind(SocketAppliance):
        DEVICE = "memif:{socket},queues=1"

    server_cores = 2


class MemifWithCopies(PairTests, PairCase):
    client_device = "memif:{socket},client,zero-copy=no,rsize=8"


class MemifWithJumboFrames(PairTests, PairCase):
    mtu = 9000
