# SPDX-License-Identifier: BSD-3-Clause
"""What a running process tells of itself, and whether others' tools agree."""

import json
import re

import clients
from harness import TOP, WRINGER, ApplianceCase, eal_prefix, eventually, linux, require_tools, run

ECHO = 7
METRICS_PORT = 9464


def kernel_connections(listing):
    """`ss -tino` of the kernel: {local port: {key: value}}."""
    found = {}
    lines = listing.splitlines()
    for head, innards in zip(lines, lines[1:]):
        if not head.startswith("ESTAB"):
            continue
        port = int(head.split()[3].rsplit(":", 1)[1])
        found[port] = dict(re.findall(r"(\w+):(\S+)", innards))
        found[port]["words"] = innards.split()
    return found


class StatsTests(ApplianceCase):
    cores = 2
    serve = ("--metrics", f"127.0.0.1:{METRICS_PORT}")

    def test_the_text_form_names_what_happened(self):
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, b"count me")
        self.stats()
        text = self.appliance.wringer("stats").stdout
        for word in ("rx_frames", "ESTABLISHED", "tcp_data"):
            self.assertRegex(text.lower().replace("-", "_"), re.escape(word.lower()))

    def test_the_counters_of_bytes_are_exact(self):
        before = self.stats()
        size = 1_000_003
        with clients.connect(self.host, ECHO) as sock:
            clients.echo(sock, clients.payload(size, seed=1))
        after = self.appliance.eventually(
            lambda s: s["tcp_bytes_acked"] - before["tcp_bytes_acked"] >= size
            and s.reason("finished") > before.reason("finished")
        )
        for name in ("tcp_bytes_in", "tcp_bytes_out", "tcp_bytes_acked"):
            self.assertEqual(after[name] - before[name], size, name)
        self.assertEqual(after["tcp_passive_opens"] - before["tcp_passive_opens"], 1)
        self.assertEqual(after.reason("finished") - before.reason("finished"), 1)

    def test_datagrams_are_counted_one_by_one(self):
        before = self.stats()
        with clients.udp_socket(self.host, ECHO) as sock:
            self.assertEqual(clients.udp_echo(sock, [100] * 123), 123)
        after = self.appliance.eventually(
            lambda s: s["udp_datagrams_out"] - before["udp_datagrams_out"] >= 123
        )
        self.assertEqual(after["udp_datagrams_in"] - before["udp_datagrams_in"], 123)
        self.assertEqual(after["udp_datagrams_out"] - before["udp_datagrams_out"], 123)
        self.assertEqual(after["udp_bytes_in"] - before["udp_bytes_in"], 12300)
        self.assertEqual(after.verdict("udp_delivered") - before.verdict("udp_delivered"), 123)

    def test_states_count_open_connections(self):
        socks = [clients.connect(self.host, ECHO) for _ in range(37)]
        for sock in socks:
            clients.echo(sock, b"x", half_close=False)
        stats = self.appliance.eventually(lambda s: s.state("established") == 37)
        self.assertEqual(stats.state("established"), 37)
        for sock in socks:
            sock.close()
        stats = self.appliance.eventually(lambda s: not s.state("established"))
        self.assertEqual(stats.state("established"), 0)

    def test_prometheus_text_satisfies_promtool(self):
        require_tools("promtool")
        text = self.appliance.wringer("stats", "--prometheus").stdout
        run("promtool", "check", "metrics", input=text)
        self.assertIn("wringer_build_info{", text)

    def test_the_prometheus_endpoint_answers_the_same(self):
        with clients.connect("127.0.0.1", METRICS_PORT) as sock:
            sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = b""
            while more := sock.recv(65536):
                answer += more
        head, body = answer.decode().split("\r\n\r\n", 1)
        self.assertIn(" 200 ", head.splitlines()[0])
        self.assertIn("text/plain; version=0.0.4", head)
        names = set(re.findall(r"^(wringer_\w+)", body, re.MULTILINE))
        shown = self.appliance.wringer("stats", "--prometheus").stdout
        self.assertEqual(names, set(re.findall(r"^(wringer_\w+)", shown, re.MULTILINE)))

    def test_dpdks_own_telemetry_client_can_ask(self):
        require_tools("dpdk-telemetry.py")
        asked = "/wringer/info\n/wringer/states\n/wringer/books\n"
        prefix = eal_prefix(self.appliance.name)
        done = run("dpdk-telemetry.py", "-f", prefix, input=asked)
        answers = [json.loads(a) for a in re.findall(r'^\{"/wringer.*', done.stdout, re.MULTILINE)]
        self.assertEqual(len(answers), 3, done.stdout)
        self.assertEqual(answers[0]["/wringer/info"]["instance"], self.appliance.name)

    def ours(self):
        """Open connections by the peer's port: rows of `wringer ss`."""
        rows = json.loads(self.appliance.wringer("ss", "--json").stdout)["connections"]
        return {int(r["peer"].rsplit(":", 1)[1]): r for r in rows if r["state"] == "ESTABLISHED"}

    def kernels(self):
        return kernel_connections(run("ss", "-tino", f"dst {self.host}").stdout)

    @staticmethod
    def all_have(found, ports, key, value):
        """What was found, if these have it all; else nothing."""
        return all(int(found.get(port, {}).get(key, 0)) == value for port in ports) and found

    def test_wringer_ss_agrees_with_the_kernels_ss(self):
        size = 200_000
        twice = linux("TCPDSACKOldSent")
        socks = [clients.connect(self.host, ECHO) for _ in range(5)]
        for sock in socks:
            clients.echo(sock, clients.payload(size, seed=2), half_close=False)
        ports = [sock.getsockname()[1] for sock in socks]
        # Until the last delayed ACK has come, at both ends.
        ours = eventually(lambda: self.all_have(self.ours(), ports, "bytes_acked", size))
        kernel = eventually(lambda: self.all_have(self.kernels(), ports, "bytes_acked", size + 1))
        self.assertTrue(ours and kernel)
        rexmits = sum(ours[port]["rexmits"] for port in ports)
        self.assertEqual(rexmits, linux("TCPDSACKOldSent") - twice)
        for sock in socks:
            port = sock.getsockname()[1]
            theirs, mine = kernel[port], ours[port]
            self.assertEqual(mine["local"], f"{self.host}:{ECHO}")
            self.assertEqual(mine["mss"], int(theirs["mss"]))
            self.assertEqual(mine["bytes_in"], int(theirs["bytes_acked"]) - 1)
            self.assertEqual(mine["bytes_acked"], int(theirs["bytes_received"]))
            self.assertEqual((mine["recv_q"], mine["send_q"]), (0, 0))
            self.assertEqual(bool(mine["ts"]), "ts" in theirs["words"])
            self.assertEqual(bool(mine["sack"]), "sack" in theirs["words"])
            snd, rcv = theirs["wscale"].split(",")
            self.assertEqual((mine["rcv_wscale"], mine["snd_wscale"]), (int(snd), int(rcv)))
            self.assertGreater(mine["srtt_us"], 0)
            self.assertGreaterEqual(mine["rto_us"], 200_000)
            sock.close()

    def test_wringer_ss_filters_as_ss_does(self):
        self.appliance.eventually(lambda s: not s.state("established"))  # of the test before
        socks = [clients.connect(self.host, ECHO) for _ in range(3)]
        for sock in socks:
            clients.echo(sock, b"here", half_close=False)
        port = socks[0].getsockname()[1]
        shown = self.appliance.wringer("ss", "dport", "=", f":{port}").stdout
        self.assertEqual(len([l for l in shown.splitlines() if l.startswith("ESTAB")]), 1)
        shown = self.appliance.wringer("ss", "state", "established").stdout
        self.assertEqual(len([l for l in shown.splitlines() if f":{ECHO}" in l]), 3)
        for sock in socks:
            sock.close()

    def test_wringer_ss_lists_a_listener_once_for_all_cores(self):
        shown = self.appliance.wringer("ss", "-a").stdout
        self.assertEqual(sum(line.startswith("LISTEN") for line in shown.splitlines()), 3)

    def test_every_statistic_is_documented(self):
        text = (TOP / "docs" / "metrics.md").read_text(encoding="utf-8")
        for name in self.stats().sum["stats"]:
            self.assertIn(name, text)

    def test_a_name_that_nobody_has_is_told(self):
        done = run(str(WRINGER), "stats", "--instance", "nobody", check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("--instance nobody: no process of this user has this name", done.stderr)
