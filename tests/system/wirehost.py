# SPDX-License-Identifier: BSD-3-Clause
"""A host made of raw frames on the tap: says what no kernel would say, and hears the answer."""

import logging
import random
import socket
import time

logging.getLogger("scapy").setLevel(logging.ERROR)
logging.getLogger("scapy.runtime").setLevel(logging.ERROR)

from scapy.layers.inet import ICMP, IP, TCP, UDP  # noqa: E402
from scapy.layers.l2 import ARP, Ether  # noqa: E402

from clients import PATIENCE  # noqa: E402

ETH_P_ALL = 3
BROADCAST = "ff:ff:ff:ff:ff:ff"
ECHO_REQUEST, ECHO_REPLY = 8, 0  # of ICMP
SETTLE_ID = 0x5E77  # of the echo requests that nobody else sends
AGAIN = 1.0  # seconds after which an answer is asked for again


class WireHost:
    """A neighbour of the appliance with its own MAC and IPv4 address."""

    def __init__(self, link, target, ip="198.18.0.77", mac="02:00:00:00:00:77"):
        self.ip, self.mac, self.target = ip, mac, target
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.sock.bind((link, 0))
        self.rng = random.Random(7)
        self.settled = 0
        self.target_mac = None
        self.target_mac = self._resolve()

    def close(self):
        self.sock.close()

    def _resolve(self):
        """Asks for the appliance's MAC; the appliance learns ours."""
        ask = ARP(op=1, hwsrc=self.mac, psrc=self.ip, pdst=self.target)
        reply = self._ask(
            Ether(src=self.mac, dst=BROADCAST) / ask,
            lambda f: ARP in f and f[ARP].op == 2 and f[ARP].psrc == self.target,
        )
        return reply[ARP].hwsrc

    def _ask(self, question, wanted):
        """The answer; a question or an answer may be lost in a full queue of the kernel."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            self.send(question)
            if answer := self.receive(wanted, AGAIN):
                return answer
        raise AssertionError(f"{self.target} does not answer {question.summary()}")

    def eth(self, **fields):
        return Ether(**{"src": self.mac, "dst": self.target_mac, **fields})

    def ip4(self, **fields):
        """Ethernet and IPv4 headers from us to the appliance, fields overridden."""
        return self.eth() / IP(**{"src": self.ip, "dst": self.target, **fields})

    def port(self):
        return self.rng.randrange(20000, 60000)

    def send(self, frame):
        self.sock.settimeout(PATIENCE)
        self.sock.send(bytes(frame))

    def receive(self, wanted, seconds=PATIENCE):
        """The first frame from the appliance for which wanted() holds, or None."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.sock.settimeout(left)
            try:
                data, address = self.sock.recvfrom(65536)
            except socket.timeout:
                return None
            if address[2] == socket.PACKET_OUTGOING:
                continue
            frame = Ether(data)
            if frame.dst in (self.mac, BROADCAST) and wanted(frame):
                return frame
        return None

    def settle(self):
        """What the appliance, of one worker, sent to us until it has worked on all that was sent
        so far: an echo request comes back, and frames are worked on in order."""
        # TCP's answers to a burst leave behind those of ICMP, but before those to the next.
        return self._settle_once() + self._settle_once()

    def _settle_once(self):
        self.settled += 1
        heard = []

        def is_reply(frame):
            is_one = ICMP in frame and (
                frame[ICMP].type == ECHO_REPLY and frame[ICMP].id == SETTLE_ID
            )
            if not is_one:
                heard.append(frame)
            return is_one and frame[ICMP].seq == self.settled

        self._ask(
            self.ip4() / ICMP(type=ECHO_REQUEST, id=SETTLE_ID, seq=self.settled), is_reply
        )
        return heard

    def forget(self):
        """Throws away what was heard so far."""
        self.sock.setblocking(False)
        try:
            while True:
                self.sock.recv(65536)
        except BlockingIOError:
            pass
        self.sock.setblocking(True)


__all__ = ["ARP", "BROADCAST", "Ether", "ICMP", "IP", "TCP", "UDP", "WireHost"]
