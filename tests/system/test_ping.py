# SPDX-License-Identifier: BSD-3-Clause
"""ICMP echo of all sizes, in fragments where the link demands it."""

from harness import ApplianceCase, require_tools, run

LARGEST = 65507  # of an IP datagram of 65535 bytes
PAYLOAD = 1480  # bytes that a fragment carries at an MTU of 1500


def sizes():
    """Each boundary between n and n + 1 fragments with its neighbours, and samples between."""
    chosen = {0, 1, 7, 8, 9, 15, 16, 17, 55, 56, 57, LARGEST - 1, LARGEST}
    for fragments in range(1, LARGEST // PAYLOAD + 2):
        edge = fragments * PAYLOAD - 8
        chosen.update((edge - 1, edge, edge + 1))
        chosen.add(edge + 700 + fragments)
    return sorted(size for size in chosen if size <= LARGEST)


class PingTests:
    def test_every_size_is_answered(self):
        require_tools("ping")
        for size in sizes():
            # ping itself compares what comes back with what it sent.
            done = run("ping", "-n", "-c", "1", "-W", "60", "-s", str(size), self.host, check=False)
            self.assertEqual(done.returncode, 0, f"{size} bytes\n{done.stdout}{done.stderr}")
            self.assertNotIn("wrong data", done.stdout)

    def test_a_flood_of_3000_is_answered_completely(self):
        done = run("ping", "-n", "-q", "-f", "-c", "3000", self.host)
        self.assertIn(" 0% packet loss", done.stdout)

    def test_the_pattern_and_the_ttl_come_back(self):
        done = run("ping", "-n", "-c", "2", "-i", "0.1", "-p", "a55a", "-s", "3000", self.host)
        self.assertIn("ttl=64", done.stdout)
        self.assertNotIn("wrong data", done.stdout)

    def test_forbidden_fragmentation_is_respected(self):
        done = run("ping", "-n", "-c", "2", "-i", "0.1", "-M", "do", "-s", "1472", self.host)
        self.assertIn(" 0% packet loss", done.stdout)


class PingWithOneWorker(PingTests, ApplianceCase):
    cores = 1


class PingWithTwoWorkers(PingTests, ApplianceCase):
    """The fragments of a datagram may arrive on different queues."""

    cores = 2
