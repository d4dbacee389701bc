# SPDX-License-Identifier: BSD-3-Clause
"""memif between two of our processes: the client's memory is shared, nothing is copied there."""

from pair import PairCase, PairTests, SocketAppliance


class MemifWithOneWorker(PairTests, PairCase):
    pass


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
