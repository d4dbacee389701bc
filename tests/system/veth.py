# SPDX-License-Identifier: BSD-3-Clause
"""An appliance on one end of a veth; Linux has the other, in the same namespace."""

import clients
from harness import Appliance, run

ECHO = 7


class VethAppliance(Appliance):
    """`link` is the end with an address; the appliance works on `link`w, which has none."""

    # What a kernel that owns both ends leaves to the device: checksums and segmentation. The
    # appliance's drivers do neither.
    OFFLOADS = {"tx": "off", "tso": "off", "gso": "off", "gro": "off"}

    def _prepare(self):
        ip = ("ip", "-n", self.name, "link")
        mtu = ("mtu", str(self.mtu))
        run(*ip, "add", self.link, *mtu, "type", "veth", "peer", "name", self.link + "w", *mtu)
        run(*ip, "set", self.link + "w", "up")
        self.set_offloads(**self.OFFLOADS)

    def set_offloads(self, **features):
        words = [word for pair in features.items() for word in pair]
        # ethtool complains about features that depend on others.
        self.namespace.exec("ethtool", "-K", self.link, *words, check=False)

    def leftovers(self):
        mine = (self.link + ":", self.link + "@", self.link + "w@")
        return [left for left in super().leftovers() if not left.startswith(mine)]


class PacketAppliance(VethAppliance):
    DEVICE = "afpacket:{link}w"


class XdpAppliance(VethAppliance):
    DEVICE = "xdp:{link}w"


class VethTests:
    """What must hold of any device on a veth, with any number of workers."""

    def test_ping_is_answered(self):
        run("ping", "-n", "-q", "-i", "0.05", "-c", "20", "-W", "60", self.host)

    def test_a_mebibyte_comes_back_byte_for_byte(self):
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, clients.payload(1 << 20, seed=1))

    def test_every_size_around_a_segment_comes_back(self):
        mss = self.mtu - 40
        for size in (1, 64, mss - 13, mss - 12, mss - 11, mss, mss + 1, 4 * mss):
            with self.subTest(size=size), clients.connect(self.host, ECHO) as sock:
                clients.echo(sock, clients.payload(size, seed=size))

    def test_200_connections_at_once(self):
        self.assertEqual(clients.many(self.host, ECHO, 200), [])

    def test_udp_datagrams_up_to_the_mtu_come_back(self):
        sizes = [1, 2, 17, 64, 512, self.mtu - 29, self.mtu - 28]
        with clients.udp_socket(self.host, ECHO) as sock:
            self.assertEqual(clients.udp_echo(sock, sizes), len(sizes))

    def test_nobody_else_answered(self):
        """The kernel's own end sees the same frames, and must not reset our connections."""
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, b"?" * 100)
        self.assertEqual(self.stats().reason("reset_by_peer"), 0)


def handed_over(final):
    """With two workers some flows must have come in on the wrong one."""
    if final.verdict("core_handed_over"):
        return []
    return ["no frame was ever handed to its owner: two workers were not tested"]
