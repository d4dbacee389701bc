# SPDX-License-Identifier: BSD-3-Clause
"""What nmap makes of us."""

import re

from harness import ApplianceCase, require_tools, run

ECHO, HTTP, CLOSED = 7, 80, 1


class Scan(ApplianceCase):
    serve = ("--service", "echo,http", "--resets", "1M")

    @classmethod
    def setUpClass(cls):
        require_tools("nmap")
        super().setUpClass()

    def nmap(self, *options):
        return run("nmap", "-n", "-Pn", "-T4", *options, self.host, timeout=600).stdout

    def ports(self, *options):
        """What it says of ports: {7: "open"}."""
        rows = re.findall(r"^(\d+)/tcp +(\S+)", self.nmap(*options), re.MULTILINE)
        return {int(port): state for port, state in rows}

    def of_two(self, *options):
        return self.ports(*options, "-p", f"{CLOSED},{ECHO}")

    def test_only_what_is_served_is_open(self):
        self.assertEqual(self.ports("-sS", "-p-"), {ECHO: "open", HTTP: "open"})

    def test_nothing_is_to_be_predicted(self):
        """Initial sequence numbers, and identifications that an idle scan could count by."""
        said = self.nmap("-O", "-v", "--max-os-tries", "1", "-p", f"{CLOSED},{ECHO}")
        self.assertIn("(Good luck!)", said)
        self.assertIn("IP ID Sequence Generation: All zeros", said)

    def test_open_ports_are_silent_where_they_must_be(self):
        """RFC 9293 section 3.10.7: LISTEN answers no FIN. No flags at all are no segment."""
        for scan in ("-sF", "-sX"):
            with self.subTest(scan=scan):
                self.assertEqual(self.of_two(scan), {CLOSED: "closed", ECHO: "open|filtered"})
        silence = {CLOSED: "open|filtered", ECHO: "open|filtered"}
        self.assertEqual(self.of_two("-sN"), silence)
        self.assertEqual(self.of_two("-sA"), {CLOSED: "unfiltered", ECHO: "unfiltered"})

    def test_bad_checksums_and_tiny_fragments_draw_nothing(self):
        """RFC 1858 and 3128: the TCP header is in the first fragment."""
        silence = {CLOSED: "filtered", ECHO: "filtered"}
        self.assertEqual(self.of_two("-sS", "--badsum"), silence)
        self.assertEqual(self.of_two("-sS", "-f"), silence)
