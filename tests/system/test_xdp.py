# SPDX-License-Identifier: BSD-3-Clause
"""XDP sockets on a veth, against Linux's own TCP and UDP on the other end."""

from harness import ApplianceCase, require_tools
from veth import VethTests, XdpAppliance, handed_over

# The kernel keeps what it was given to receive into, and what it has not reported as sent.
KEPT_BY_THE_DRIVER = 2048 + 4096


class XdpCase(ApplianceCase):
    kind = XdpAppliance

    @classmethod
    def setUpClass(cls):
        require_tools("ethtool")
        super().setUpClass()

    @classmethod
    def final_problems(cls, final):
        problems = [p for p in super().final_problems(final) if "given back" not in p]
        if final["mbuf_in_use"] > KEPT_BY_THE_DRIVER:
            problems.append(f"{final['mbuf_in_use']} buffers were never given back")
        return problems


class XdpWithOneWorker(VethTests, XdpCase):
    cores = 1


class XdpWithTwoWorkers(VethTests, XdpCase):
    """A veth has one queue: the second worker gets its frames from the first."""

    cores = 2

    @classmethod
    def final_problems(cls, final):
        return super().final_problems(final) + handed_over(final)
