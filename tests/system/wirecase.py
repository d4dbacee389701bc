# SPDX-License-Identifier: BSD-3-Clause
"""An appliance with a neighbour made of raw frames, where scapy is installed."""

from harness import ApplianceCase, require

try:
    from wirehost import WireHost
except ImportError:
    WireHost = None


class WireCase(ApplianceCase):
    """Tests that send frames as self.wire."""

    @classmethod
    def setUpClass(cls):
        require(WireHost, "scapy is not installed")
        super().setUpClass()

    def setUp(self):
        self.wire = WireHost(self.appliance.link, self.host)
        self.addCleanup(self.wire.close)
