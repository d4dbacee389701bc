# SPDX-License-Identifier: BSD-3-Clause
"""A virtio device between two of our processes: vhost serves, virtio-user asks."""

from pair import PairCase, PairTests, SocketAppliance


class VhostAppliance(SocketAppliance):
    DEVICE = "vhost:{socket}"


class VhostCase(PairCase):
    kind = VhostAppliance
    client_device = "virtio-user:{socket}"


class VhostWithOneWorker(PairTests, VhostCase):
    def test_a_killed_client_makes_room_for_the_next(self):
        self.kill_a_client_under_load()
        self.load("--mode", "rr", "--connections", 8, "--requests", 4000)


class VhostWithTwoWorkers(PairTests, VhostCase):
    server_cores = client_cores = 2


class VhostWithPackedRings(PairTests, VhostCase):
    client_device = "virtio-user:{socket},packed_vq=1"


class VhostWithJumboFrames(PairTests, VhostCase):
    mtu = 9000
