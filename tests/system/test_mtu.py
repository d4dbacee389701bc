# SPDX-License-Identifier: BSD-3-Clause
"""Links of the smallest and of a jumbo MTU, and paths that take less than the link."""

import clients
from harness import ApplianceCase, require_tools, run

ECHO = 7


class MtuTests:
    def test_tcp_echoes_4_mib(self):
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, clients.payload(4 << 20, seed=self.mtu))

    def test_segments_are_as_long_as_the_link_allows(self):
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, clients.payload(300_000, seed=1), half_close=False)
            shown = self.appliance.namespace.exec("ss", "-tin", f"dst {self.host}").stdout
        # 20 bytes of IP, 20 of TCP, 12 of timestamps.
        self.assertIn(f" mss:{self.mtu - 52} ", shown)
        self.assertIn(f" rcvmss:{self.mtu - 52} ", shown)

    def test_udp_datagrams_around_the_mtu_come_back(self):
        edge = self.mtu - 28
        sizes = [edge - 1, edge, edge + 1, 2 * edge, 3 * edge + 7, 65507]
        with clients.udp_socket(self.host, ECHO) as sock:
            self.assertEqual(clients.udp_echo(sock, sizes), len(sizes))

    def test_ping_around_the_mtu(self):
        for size in (self.mtu - 29, self.mtu - 28, self.mtu - 27, 3 * self.mtu):
            with self.subTest(size=size):
                run("ping", "-c", "1", "-W", "60", "-s", str(size), self.host)


class SmallestMtu(MtuTests, ApplianceCase):
    mtu = 576


class JumboMtu(MtuTests, ApplianceCase):
    mtu = 9000


class JumboMtuWithTwoWorkers(MtuTests, ApplianceCase):
    mtu = 9000
    cores = 2


class PathWithSmallerMtu(ApplianceCase):
    """The peer's link takes less than ours: its MSS option must be obeyed."""

    def test_the_peers_mss_is_obeyed(self):
        run("ip", "-n", self.appliance.name, "link", "set", self.appliance.link, "mtu", "800")
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, clients.payload(1 << 20, seed=4))


# Packets longer than a path behind the link takes, and none to say so. What Linux sends goes
# into a veth whose other end is down: a packet that is dropped on the way out is not lost to its
# sender, but refused.
HOLE = """
table netdev hole {{
	chain in {{
		type filter hook ingress device "{link}" priority 0; policy accept;
		ip protocol tcp ip length > {mtu} counter drop
	}}
	chain out {{
		type filter hook egress device "{link}" priority 0; policy accept;
		ip protocol tcp ip length > {mtu} counter fwd to "hole0"
	}}
}}
"""


class BlackHole(ApplianceCase):
    """Long segments vanish both ways, and nobody says so: RFC 4821 on both sides."""

    through = 1200  # bytes of an IP packet

    @classmethod
    def setUpClass(cls):
        require_tools("nft")
        super().setUpClass()
        namespace = cls.appliance.namespace
        ip = ("ip", "-n", cls.appliance.name, "link")
        run(*ip, "set", cls.appliance.link, "gso_max_segs", "1")
        run(*ip, "add", "hole0", "type", "veth", "peer", "name", "hole1")
        run(*ip, "set", "hole0", "up")
        namespace.sysctl("ipv4/tcp_mtu_probing", "1")
        rules = HOLE.format(link=cls.appliance.link, mtu=cls.through)
        namespace.exec("nft", "-f", "-", input=rules)

    def test_everything_arrives_both_ways_and_segments_grow_again(self):
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, clients.payload(4 << 20, seed=self.through), half_close=False)
            clients.echo(sock, clients.payload(1 << 20, seed=2), half_close=False)
        lost_in, lost_out = self.appliance.namespace.counted("netdev", "hole")
        self.assertGreater(lost_in, 0, "no frame of Wringer's was too long")
        self.assertGreater(lost_out, 0, "no frame of Linux' was too long")
        stats = self.stats()
        self.assertGreater(stats["tcp_mtu_black_holes"], 0)
        self.assertGreater(stats["tcp_mtu_probes"], 2)
        self.assertEqual(stats["ip_paths"], 1)

    def test_the_next_connection_knows_the_path(self):
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, clients.payload(1 << 20, seed=3))
        before = self.stats()["tcp_mtu_black_holes"]
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, clients.payload(1 << 20, seed=4))
        self.assertEqual(self.stats()["tcp_mtu_black_holes"], before)
