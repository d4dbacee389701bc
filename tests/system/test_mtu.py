# SPDX-License-Identifier: BSD-3-Clause
"""Links of the smallest and of a jumbo MTU."""

import clients
from harness import ApplianceCase, run

ECHO = 7


class MtuTests:
    def test_tcp_echoes_4_mib(self):
        with clients.connect(self.host, ECHO, timeout=20) as sock:
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
                run("ping", "-c", "1", "-W", "2", "-s", str(size), self.host)


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
