# SPDX-License-Identifier: BSD-3-Clause
"""A capture of the tap by tcpdump, and tshark's opinion of it."""

import signal
import subprocess

import clients
from harness import HOST, LOGS, eventually, run

DISCARD = 9
HEAD_BYTES = 24  # of a pcap file
# tshark verifies no checksum unless told to.
CHECKSUMS = ("ip.check_checksum", "tcp.check_checksum", "udp.check_checksum")


def read(path, display_filter, *fields, options=()):
    """The fields of each frame of a file that passes the filter, one list a frame."""
    command = ["tshark", "-n", "-r", str(path), "-Y", display_filter, "-T", "fields", *options]
    for preference in CHECKSUMS:
        command += ["-o", f"{preference}:TRUE"]
    for field in fields or ("frame.number",):
        command += ["-e", field]
    text = run(*command, timeout=5 * clients.PATIENCE).stdout
    return [line.split("\t") for line in text.splitlines()]


class Capture:
    """with Capture(appliance) as capture: traffic; then capture.count(filter)."""

    # The ring is cut into slots of `snaplen` bytes: any frame fits, and some thousand do.
    def __init__(self, appliance, snaplen=16384):
        self.path = LOGS / f"{appliance.name}.pcap"
        self.command = ["tcpdump", "-i", appliance.link, "-n", "-U", "-B", "65536"]
        # Otherwise the kernel keeps the newest frames for up to a second.
        self.command += ["--immediate-mode"]
        self.command += ["-s", str(snaplen), "-w", str(self.path)]
        self.process = None

    def __enter__(self):
        self.path.unlink(missing_ok=True)
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)

        def has_begun():
            return self.path.exists() and self.path.stat().st_size >= HEAD_BYTES

        if not eventually(has_begun, every=0.05):
            raise AssertionError("tcpdump does not start")
        return self

    def __exit__(self, *_):
        self._await_all()
        self.process.send_signal(signal.SIGINT)
        _, told = self.process.communicate(timeout=clients.PATIENCE)
        if " 0 packets dropped by kernel" not in " " + told.replace("\n", " "):
            raise AssertionError(f"tcpdump missed packets: {told}")

    def _await_all(self):
        """Until it has written what came last."""
        last = b"the last of all"
        with clients.udp_socket(HOST, DISCARD) as sock:
            sock.send(last)
        if not eventually(lambda: last in self._tail(), every=0.05):
            raise AssertionError("tcpdump is behind")

    def _tail(self):
        with open(self.path, "rb") as file:
            file.seek(max(self.path.stat().st_size - (1 << 16), 0))
            return file.read()

    def lines(self, display_filter, *fields):
        return read(self.path, display_filter, *fields)

    def count(self, display_filter):
        return len(self.lines(display_filter))
