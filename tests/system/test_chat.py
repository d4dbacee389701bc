# SPDX-License-Identifier: BSD-3-Clause
"""The chat service: lines reach all other clients, whatever core serves them."""

import subprocess

import clients
from harness import ApplianceCase, require_tools

CHAT = 7002


class Client:
    """One who chats: reads lines, by a deadline."""

    def __init__(self, host, rcvbuf=None):
        self.sock = clients.connect(host, CHAT, rcvbuf=rcvbuf)
        self.file = self.sock.makefile("rb")
        welcome = self.line()
        self.number = int(welcome.split("[")[1].split("]")[0])

    def line(self):
        return self.file.readline().decode().rstrip("\n")

    def until(self, wanted):
        """Reads up to that line."""
        while (line := self.line()) != wanted:
            if not line:
                raise AssertionError(f"the end came instead of {wanted!r}")

    def say(self, text):
        self.sock.sendall(text.encode())

    def close(self):
        self.file.close()
        self.sock.close()


class ChatTests:
    def clients(self, count):
        """So many, each of whom knows of all who came after it."""
        everybody = []
        for _ in range(count):
            client = Client(self.host)
            self.addCleanup(client.close)
            for other in everybody:
                other.until(f"* [{client.number}] joined")
            everybody.append(client)
        return everybody

    def test_each_line_reaches_all_others(self):
        everybody = self.clients(8)
        self.assertEqual(len({client.number for client in everybody}), 8)
        for speaker in everybody:
            speaker.say(f"I am {speaker.number}\r\nreally\n")
            for other in everybody:
                if other is not speaker:
                    self.assertEqual(other.line(), f"[{speaker.number}] I am {speaker.number}")
                    self.assertEqual(other.line(), f"[{speaker.number}] really")

    def test_leaving_is_told(self):
        stays, goes = self.clients(2)
        goes.close()
        self.assertEqual(stays.line(), f"* [{goes.number}] left")

    def test_netcat_chats(self):
        require_tools("nc")
        (reader,) = self.clients(1)
        subprocess.run(["nc", "-N", self.host, str(CHAT)], input=b"hi there\n",
                       stdout=subprocess.DEVNULL, timeout=clients.PATIENCE, check=True)
        line = reader.line()
        while not line.endswith("] joined"):  # clients of the test before may leave late
            line = reader.line()
        number = line.split("[")[1].split("]")[0]
        reader.until(f"[{number}] hi there")
        reader.until(f"* [{number}] left")

    def test_a_slow_client_loses_lines_and_nobody_else_does(self):
        speaker, reader = self.clients(2)
        slow = Client(self.host, rcvbuf=4096)
        self.addCleanup(slow.close)
        reader.until(f"* [{slow.number}] joined")
        heard = []
        for block in range(100):
            speaker.say("".join(f"{block} {n} {'x' * 90}\n" for n in range(50)))
            while not (heard and heard[-1].startswith(f"[{speaker.number}] {block} 49 ")):
                heard.append(reader.line())
        heard.remove(f"* [{slow.number}] left")
        lines = [
            f"[{speaker.number}] {block} {n} {'x' * 90}" for block in range(100) for n in range(50)
        ]
        self.assertEqual(heard, lines)
        stats = self.stats()
        self.assertGreater(stats["chat_lines_lost"], 1000)
        self.assertGreater(stats["service_timeouts"], 0)


class OneWorker(ChatTests, ApplianceCase):
    serve = ("--service", "chat")


class TwoWorkers(ChatTests, ApplianceCase):
    cores = 2
    serve = ("--service", "chat")

    def test_clients_of_both_workers_hear_each_other(self):
        everybody = self.clients(12)
        cores = {client.number % 2 for client in everybody}
        self.assertEqual(cores, {0, 1}, "all 12 clients are on one worker")
        everybody[0].say("hello\n")
        for other in everybody[1:]:
            self.assertEqual(other.line(), f"[{everybody[0].number}] hello")
        self.assertEqual(self.stats()["service_news_lost"], 0)
