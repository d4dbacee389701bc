# SPDX-License-Identifier: BSD-3-Clause
"""Packet sockets on a veth, against Linux's own TCP and UDP on the other end."""

import clients
from harness import HOST, WRINGER, ApplianceCase, require_tools
from veth import ECHO, PacketAppliance, VethTests, handed_over


class PacketCase(ApplianceCase):
    kind = PacketAppliance

    @classmethod
    def setUpClass(cls):
        require_tools("ethtool")
        super().setUpClass()


class PacketWithOneWorker(VethTests, PacketCase):
    cores = 1

    def test_the_interface_keeps_its_mtu_and_flags(self):
        link = self.appliance.link + "w"
        shown = self.appliance.namespace.exec("ip", "-d", "link", "show", "dev", link).stdout
        self.assertIn(" mtu 1500 ", shown)
        self.assertNotIn("PROMISC", shown.split("promiscuity")[0])

    def test_a_larger_mtu_than_the_interface_has_is_refused_with_the_remedy(self):
        done = self.refused("--mtu", "9000")
        self.assertIn("carries 1500 bytes; use --mtu 1500, or 'ip link set", done.stderr)

    def test_an_interface_that_is_down_is_refused_with_the_remedy(self):
        done = self.refused(device="afpacket:lo", down="lo")
        self.assertIn("the interface is down; 'ip link set lo up'", done.stderr)

    def test_an_interface_that_is_not_there_is_named(self):
        done = self.refused(device="afpacket:nosuch")
        self.assertIn("there is no interface nosuch here", done.stderr)

    def refused(self, *options, device=None, down=None):
        namespace = self.appliance.namespace
        if down:
            namespace.exec("ip", "link", "set", down, "down")
        try:
            done = namespace.exec(
                str(WRINGER), "serve", "--port", device or f"afpacket:{self.appliance.link}w",
                "--ip", f"{HOST}/24", "--no-huge", "--cores", "1",
                "--instance", self.appliance.name + "r", *options, check=False,
            )
        finally:
            if down:
                namespace.exec("ip", "link", "set", down, "up")
        self.assertEqual(done.returncode, 3, done.stderr)
        return done


class PacketWithTwoWorkers(VethTests, PacketCase):
    cores = 2

    @classmethod
    def final_problems(cls, final):
        return super().final_problems(final) + handed_over(final)


class PacketWithJumboFrames(VethTests, PacketCase):
    mtu = 9000


class PacketFromAPeerWithOffloads(PacketCase):
    """The trap of a veth: the kernel leaves checksums to a device that is not there."""

    def tearDown(self):
        self.appliance.set_offloads(**PacketAppliance.OFFLOADS)

    def test_unfinished_checksums_are_good_or_told_by_name(self):
        """Good where the driver passes on what the kernel knows: dpdk-patches/0001."""
        self.appliance.set_offloads(tx="on", tso="off", gso="off")
        verdicts = ("udp_delivered", "udp_unfinished_checksum", "udp_bad_checksum")
        with clients.udp_socket(self.host, ECHO) as sock:
            sock.send(bytes(100))
            stats = self.appliance.eventually(lambda s: any(map(s.verdict, verdicts)))
            self.assertEqual(stats.verdict("udp_bad_checksum"), 0)
            if stats.verdict("udp_delivered"):
                self.assertEqual(sock.recv(1000), bytes(100))
                return
        self.assertEqual(stats.verdict("udp_unfinished_checksum"), 1)
        self.assertIn("'ethtool -K IF tx off", self.appliance.log())
