# SPDX-License-Identifier: BSD-3-Clause
"""Two of our processes at a Unix socket: `wringer serve`, and `wringer load` against it."""

import json
import os
import subprocess

from clients import PATIENCE
from harness import HOST, PATIENT, PEER, WRINGER, Appliance, EndCase, eventually, require, run


class SocketAppliance(Appliance):
    """The end that makes the socket. Its namespace has no interface of ours."""

    DEVICE = "memif:{socket}"

    def _configure(self):
        """There is no kernel on the other end."""

    def leftovers(self):
        return super().leftovers() + ([str(self.socket)] if self.socket.exists() else [])


class PairCase(EndCase):
    """Every test loads one server. Override the attributes, not the methods."""

    kind = SocketAppliance
    client_device = "memif:{socket}"
    server_options = client_options = ()
    server_cores = client_cores = 1
    mtu = 1500

    @classmethod
    def setUpClass(cls):
        require(os.geteuid() == 0, "namespaces need root")
        require(WRINGER.exists(), f"{WRINGER} is not built")
        cls.appliance = cls.kind(*cls.server_options, cores=cls.server_cores, mtu=cls.mtu)
        try:
            cls.appliance.start()
        except BaseException:
            cls.appliance.remove()
            raise

    def command(self, *options):
        port = self.client_device.format(socket=self.appliance.socket)
        return [
            str(WRINGER), "load", f"{HOST}:7", "--port", port, "--ip", f"{PEER}/24",
            "--cores", str(self.client_cores), "--mtu", str(self.mtu), "--no-huge",
            "--idle", "adaptive", "--instance", self.appliance.name + "c",
            *self.client_options, *map(str, options),
        ]

    def load(self, *options):
        """The result of a load that must succeed."""
        done = run(*self.command("--json", *PATIENT, *options), timeout=3 * PATIENCE)
        result = json.loads(done.stdout)
        self.assertEqual(result["exit_code"], 0, done.stderr)
        return result

    def kill_a_client_under_load(self):
        command = self.command("--mode", "rr", "--connections", 50, "--duration", "5min")
        client = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            before = self.appliance.stats().verdict("tcp_accepted")
            flowing = eventually(
                lambda: self.appliance.stats().verdict("tcp_accepted") > before + 1000
            )
        finally:
            client.kill()
            client.wait()
        self.assertTrue(flowing, "the load never began")


class PairTests:
    """What must hold of any device between two processes."""

    def test_requests_come_back_verified(self):
        self.load("--mode", "rr", "--connections", 64, "--verify", "--requests", 5000)

    def test_connections_are_opened_and_closed(self):
        self.load("--mode", "crr", "--connections", 16, "--requests", 1000)

    def test_datagrams_come_back(self):
        self.load("--mode", "udp-rr", "--connections", 16, "--requests", 2000)

    def test_the_server_takes_the_next_client_when_one_is_gone(self):
        for _ in range(2):
            self.load("--mode", "rr", "--connections", 8, "--requests", 4000)
