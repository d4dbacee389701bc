# SPDX-License-Identifier: BSD-3-Clause
"""The command line of `wringer serve`: what is wrong ends with one sentence and an exit code."""

import ctypes
import errno
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import clients
from clients import PATIENCE
from harness import (
    HOST, WRINGER, Appliance, Namespace, interrupt, require, require_appliance, run,
)  # fmt: skip

USAGE, ENVIRONMENT = 2, 3
GOOD = ("--port", "net_null0", "--ip", "198.18.0.1/24")
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WALL = 0x40000000  # waitpid() for threads too
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
SMALL = ("--no-huge", "--bufs", "4096", "--connections", "1k", "--cores", "1")


def serve(*options, prefix=(), timeout=2 * PATIENCE):
    """`wringer serve` to its end, standard input closed."""
    return subprocess.run(
        [*prefix, str(WRINGER), "serve", *options],
        capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL,
    )


def end(process):
    """SIGINT, and SIGKILL if that is not enough; its output so far is thrown away."""
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


class Running:
    """`wringer serve` on a device that is no device, from ready until the block ends."""

    def __init__(self, *options, prefix=()):
        self.command = [*prefix, str(WRINGER), "serve", *GOOD, *SMALL, *options]

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )
        self.log = []
        self.until("^ready ")
        return self

    def until(self, pattern):
        """Reads what it says up to a line with that pattern."""
        watch = threading.Timer(PATIENCE, self.process.kill)
        watch.start()
        try:
            for line in self.process.stderr:
                self.log.append(line)
                if re.search(pattern, line):
                    return
        finally:
            watch.cancel()
        raise AssertionError("".join(self.log))

    def stop(self, number=signal.SIGINT):
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE)
        self.log.append(err)
        return out

    def __exit__(self, *_):
        if self.process.poll() is None:
            end(self.process)


class CliCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        require(WRINGER.exists(), f"{WRINGER} is not built")

    def refused(self, code, pattern, *options, prefix=()):
        """Ends with this code and one sentence that matches; nothing on standard output."""
        done = serve(*options, prefix=prefix)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertRegex(done.stderr, pattern)
        self.assertEqual(done.stdout, "")
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertTrue(lines[0].startswith("wringer: ") and lines[0].endswith("."), lines[0])
        return done


class Words(CliCase):
    """Exit code 2: what the user wrote."""

    def test_help_and_version_go_to_standard_output(self):
        for words in (["--help"], ["serve", "--help"], ["--version"]):
            done = run(str(WRINGER), *words)
            self.assertEqual(done.stderr, "")
            self.assertTrue(done.stdout)
        self.assertIn("--window-scaling", run(str(WRINGER), "serve", "--help").stdout)

    def test_help_begins_in_its_column_behind_any_option(self):
        text = run(str(WRINGER), "serve", "--help").stdout
        options = [line for line in text.splitlines() if line.startswith("  --")]
        for line in options:
            self.assertTrue(len(line.split()) == 2 or line[31] == " ", line)

    def test_looking_says_who_was_asked(self):
        for command in ("stats", "ss", "set", "report"):
            done = run(str(WRINGER), command, "--fou", check=False)
            self.assertEqual(done.returncode, USAGE)
            self.assertTrue(done.stderr.startswith(f"wringer {command}: "), done.stderr)

    def test_a_full_disk_is_no_success(self):
        for words in (["--help"], ["serve", "--print-config"], ["stats", "--print-docs"]):
            with open("/dev/full", "w", encoding="ascii") as full:
                done = subprocess.run([str(WRINGER), *words], stdout=full, check=False,
                                      stderr=subprocess.PIPE, text=True)
            self.assertEqual(done.returncode, ENVIRONMENT)
            self.assertRegex(done.stderr, "standard output cannot be written .*No space left")

    def test_an_unknown_command_is_refused(self):
        for words in (["sreve"], []):
            done = run(str(WRINGER), *words, check=False)
            self.assertEqual(done.returncode, USAGE)
            self.assertIn("wringer", done.stderr)

    def test_an_unknown_option_is_refused_with_the_nearest(self):
        self.refused(USAGE, r"no option '--conections'; did you mean '--connections'\?",
                     *GOOD, "--conections", "5")

    def test_a_bad_network_is_refused(self):
        for cidr in ("198.18.0.1/33", "198.18.0.1", "198.18.0.300/24", "x"):
            self.refused(USAGE, rf"--ip: '{cidr}' is not an address with the length of its network",
                         "--port", "net_null0", "--ip", cidr)

    def test_a_broadcast_address_is_no_own_address(self):
        self.refused(USAGE, "198.18.0.255 is the network or broadcast address",
                     "--port", "net_null0", "--ip", "198.18.0.255/24")

    def test_device_and_address_are_needed(self):
        self.refused(USAGE, "no device is given; write --port", "--ip", "198.18.0.1/24")
        self.refused(USAGE, "no address is given; write --ip", "--port", "net_null0")

    def test_a_bad_line_of_the_file_is_named_by_file_and_line(self):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
            conf.write("# a lab\nip = 198.18.0.1/24\nmtu = wide\n")
            conf.flush()
            self.refused(USAGE, rf"{conf.name}:3: mtu: 'wide' is not a count",
                         "--config", conf.name)
            conf.write("what is this\n")
            conf.flush()
            self.refused(USAGE, rf"{conf.name}:3: mtu", "--config", conf.name)
        self.refused(USAGE, "cannot read '/nonexistent'", "--config", "/nonexistent")

    def test_two_services_cannot_share_a_port(self):
        self.refused(USAGE, "--discard: TCP port 7 is in use by echo already",
                     *GOOD, "--discard", "7")

    def test_the_gateway_is_on_a_network_of_ours(self):
        self.refused(USAGE, "--gateway: 198.19.0.1 is no host on the network", *GOOD,
                     "--gateway", "198.19.0.1")

    def test_more_than_one_device_is_refused(self):
        self.refused(USAGE, "one process serves one device", *GOOD, "--port", "net_null1")

    def test_a_bad_device_is_refused(self):
        self.refused(USAGE, r"--port tap:a-name-longer-than-15", "--port",
                     "tap:a-name-longer-than-15", "--ip", "198.18.0.1/24")

    def test_an_unknown_driver_is_refused(self):
        self.refused(USAGE, r"--port net_nonsense0: DPDK has no driver", "--port", "net_nonsense0",
                     "--ip", "198.18.0.1/24", *SMALL)

    def test_the_printed_configuration_reads_back(self):
        first = serve(*GOOD, "--echo", "7,7007", "--rcv-buf", "1M", "--print-config").stdout
        self.assertIn("service = echo:7007", first)
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
            conf.write(first)
            conf.flush()
            self.assertEqual(serve("--config", conf.name, "--print-config").stdout, first)

    def test_with_json_the_sentence_is_a_document_too(self):
        done = serve("--json", *GOOD, "--mtu", "5")
        self.assertEqual(done.returncode, USAGE)
        document = json.loads(done.stdout)
        self.assertEqual(document["exit_code"], USAGE)
        self.assertIn("--mtu: 5 is not between", document["error"])


class Machine(CliCase):
    """Exit code 3: what the machine does not give."""

    def test_too_many_cores_are_refused(self):
        cpus = len(os.sched_getaffinity(0))
        require(cpus < 64, "64 CPUs are enough for every number of cores")
        self.refused(ENVIRONMENT, rf"--cores {cpus + 1}: only {cpus} CPUs? (is|are) allowed",
                     *GOOD, "--cores", str(cpus + 1))

    def test_a_cpu_that_is_not_allowed_is_refused(self):
        self.refused(ENVIRONMENT, "CPU 4000|CPU numbers end|1000 is not allowed", *GOOD,
                     "--lcores", "1000")

    def test_too_little_memory_is_refused(self):
        self.refused(ENVIRONMENT, r"--mem 16M: pools and tables need \d+ MiB; use --mem \d+M",
                     *GOOD, "--no-huge", "--mem", "16M")

    def test_more_memory_than_there_is_is_refused(self):
        self.refused(ENVIRONMENT, r"MiB of memory are needed", *GOOD, "--mem", "1024G")

    def test_a_tap_needs_root(self):
        self._require_others()
        self.refused(ENVIRONMENT, r"root|CAP_NET_ADMIN", "--port", "tap:wrcli0",
                     "--ip", "198.18.0.1/24", *SMALL, prefix=NOBODY)

    @staticmethod
    def _require_others():
        require(os.geteuid() == 0, "only root can become another user")
        reached = all(parent.stat().st_mode & 0o001 for parent in WRINGER.resolve().parents)
        world = WRINGER.stat().st_mode & 0o005 and reached
        require(world, f"other users cannot run {WRINGER}")

    def test_a_tap_needs_dev_net_tun(self):
        require(os.geteuid() == 0, "mounting needs root")
        hide = 'mount -t tmpfs none /dev/net && exec "$@"'
        self.refused(ENVIRONMENT, r"/dev/net/tun", "--port", "tap:wrcli0", "--ip",
                     "198.18.0.1/24", *SMALL, prefix=("unshare", "-m", "sh", "-c", hide, "sh"))

    def test_a_tap_name_that_is_taken_is_refused(self):
        require(os.geteuid() == 0, "taps need root")
        namespace = Namespace(f"wrcli{os.getpid()}")
        try:
            namespace.exec("ip", "tuntap", "add", "wrtaken", "mode", "tap")
            self.refused(ENVIRONMENT, r"tap:wrtaken.*(taken|exists|in use)", "--port",
                         "tap:wrtaken", "--ip", "198.18.0.1/24", *SMALL,
                         prefix=("ip", "netns", "exec", namespace.name))
        finally:
            namespace.remove()

    def test_of_two_that_make_one_tap_at_once_one_is_refused(self):
        require(os.geteuid() == 0, "taps need root")
        namespace = Namespace(f"wrcli{os.getpid()}")
        command = ("ip", "netns", "exec", namespace.name, str(WRINGER), "serve", *SMALL,
                   "--port", "tap:wrtwo", "--ip", "198.18.0.1/24")
        both = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True) for _ in range(2)]
        try:
            heard = [self._last_word(process) for process in both]
            loser = next((i for i in range(2) if heard[i].startswith("wringer: ")), None)
            self.assertIsNotNone(loser, heard)
            self.assertRegex(heard[1 - loser], "^ready ")
            self.assertRegex(heard[loser], "tap:wrtwo: there is an interface wrtwo already")
            self.assertEqual(both[loser].wait(PATIENCE), ENVIRONMENT)
            self.assertIsNone(both[1 - loser].poll())
        finally:
            for process in both:
                end(process)
            namespace.remove()

    @staticmethod
    def _last_word(process):
        """The line that says that it is ready, or why not."""
        watch = threading.Timer(2 * PATIENCE, process.kill)
        watch.start()
        try:
            said = (line for line in process.stderr if re.match("(ready|wringer:) ", line))
            return next(said, "")
        finally:
            watch.cancel()

    def test_too_few_open_files_are_told_with_the_number_to_allow(self):
        allow = 'ulimit {} && exec "$@"'
        done = self.refused(ENVIRONMENT, r"may open 16 files here and \d+ are needed", *GOOD,
                            *SMALL, prefix=("sh", "-c", allow.format("-n 16"), "sh"))
        number = re.search(r"'ulimit -n (\d+)'", done.stderr)[1]
        for enough in (f"-n {number}", "-S -n 16"):  # the hard limit is for us to use
            with self.subTest(enough), Running(prefix=("sh", "-c", allow.format(enough), "sh")):
                pass

    def test_a_runtime_directory_that_cannot_be_used_is_told_with_another(self):
        self.refused(ENVIRONMENT, r"directory /dev/null/dpdk cannot be used .*RUNTIME_DIRECTORY",
                     *GOOD, *SMALL, prefix=("env", "RUNTIME_DIRECTORY=/dev/null"))
        with tempfile.TemporaryDirectory() as folder:
            with Running(prefix=("env", f"RUNTIME_DIRECTORY={folder}")) as server:
                self.assertEqual(len(os.listdir(f"{folder}/dpdk")), 1)
                server.stop()
            self.assertEqual(os.listdir(f"{folder}/dpdk"), [])

    def test_who_looks_at_another_users_process_is_told_of_sudo(self):
        self._require_others()
        name = f"wrcli{os.getpid()}"
        with Running("--instance", name) as server:
            for command, *words in (["stats"], ["ss"], ["set", "rps=5"]):
                done = run(*NOBODY, str(WRINGER), command, "--instance", name, *words,
                           check=False)
                self.assertEqual(done.returncode, ENVIRONMENT)
                self.assertRegex(done.stderr, "no process of this user has this name; .* sudo")
            server.stop()

    def test_the_port_of_the_metrics_may_be_in_use(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.refused(ENVIRONMENT, rf"--metrics 127.0.0.1:{port}: another program uses", *GOOD,
                         *SMALL, "--metrics", f"127.0.0.1:{port}")

    def test_an_instance_name_that_is_taken_is_refused(self):
        name = f"wrcli{os.getpid()}"
        with Running("--instance", name) as server:
            self.refused(ENVIRONMENT, rf"process {server.process.pid} runs under this name", *GOOD,
                         *SMALL, "--instance", name)


class Life(CliCase):
    """From ready to the report."""

    def test_signals_end_it_in_order_with_code_0(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with Running("--json") as server:
                document = json.loads(server.stop(number))
                self.assertEqual(server.process.returncode, 0)
            self.assertTrue(document["drained"])
            self.assertEqual(document["config"]["mtu"], 1500)
            self.assertIs(document["config"]["no-huge"], True)
            self.assertEqual(document["config"]["ip"], ["198.18.0.1/24"])

    def test_nothing_is_left_in_the_runtime_directory(self):
        name = f"wrcli{os.getpid()}"
        with Running("--instance", name) as server:
            server.stop()
        self.assertEqual(list(pathlib.Path("/var/run/dpdk").glob(f"*{name}*")), [])

    def test_the_start_block_says_what_was_chosen(self):
        with Running() as server:
            block = "".join(server.log)
            report = server.stop()
        for word in ("net_null", "mac", "queues", "rx offloads", "rss", "memory", "hugepages",
                     "198.18.0.1/24", "echo:7", "discard:9", "chargen:19"):
            self.assertIn(word, block)
        self.assertIn("Frames in, by verdict", report)

    def test_quiet_leaves_the_ready_line(self):
        with Running("--quiet") as server:
            self.assertEqual(len(server.log), 1)
            self.assertEqual(server.stop(), "")

    def test_sigusr1_prints_the_numbers_and_it_goes_on(self):
        with Running("--quiet") as server:
            server.process.send_signal(signal.SIGUSR1)
            server.until("Frames in, by verdict")
            self.assertIsNone(server.process.poll())
            server.stop()
            self.assertEqual(server.process.returncode, 0)

    def test_a_line_of_rates_comes_so_often(self):
        with Running("--quiet", "--stats-interval", "200ms") as server:
            for _ in range(3):
                server.until(r"frames/s .* established .* busy +\d+%")
            server.stop()

    def test_one_cpu_is_enough(self):
        cpu = str(min(os.sched_getaffinity(0)))
        with Running("--json", prefix=("taskset", "-c", cpu)) as server:
            json.loads(server.stop())
            self.assertEqual(server.process.returncode, 0)

    def test_a_worker_that_does_not_move_is_noticed_once(self):
        libc = ctypes.CDLL(None, use_errno=True)
        with Running("--quiet", "--stats-interval", "1s") as server:
            tasks = pathlib.Path(f"/proc/{server.process.pid}/task").iterdir()
            worker = next(int(t.name) for t in tasks if "worker" in (t / "comm").read_text())
            if any(libc.ptrace(ask, worker, 0, 0) for ask in (PTRACE_SEIZE, PTRACE_INTERRUPT)):
                self.skipTest("threads cannot be stopped here")
            os.waitpid(worker, WALL)
            server.until("has not moved")
            for _ in range(4):  # seconds: more than it takes to notice
                server.until("frames/s")
            libc.ptrace(PTRACE_DETACH, worker, 0, 0)
            server.stop()
            self.assertEqual(server.process.returncode, 0)
        self.assertEqual("".join(server.log).count("has not moved"), 1)


class ShutdownCase(CliCase):
    """SIGINT with a connection open."""

    drain = "5min"

    def setUp(self):
        require_appliance()
        self.appliance = Appliance("--drain", self.drain)
        self.addCleanup(self.appliance.remove)
        self.appliance.start()
        self.appliance.namespace.enter()
        self.sock = clients.connect(HOST, 7)
        self.addCleanup(self.sock.close)
        clients.echo(self.sock, b"still there?", half_close=False)

    def interrupt(self):
        interrupt(self.appliance.process)


class Shutdown(ShutdownCase):
    def test_connections_end_by_fin_and_the_report_says_so(self):
        self.interrupt()
        self.assertEqual(self.sock.recv(10), b"")
        self.sock.close()
        self.appliance.process.wait(PATIENCE)  # and no longer
        self.assertEqual(self.appliance.stop(), 0)
        self.assertTrue(self.appliance.final.document["drained"])
        self.assertEqual(self.appliance.final["mbuf_in_use"], 0)

    def test_a_second_signal_ends_it_at_once(self):
        self.interrupt()
        self.assertEqual(self.sock.recv(10), b"")
        self.assertEqual(self.appliance.stop(), 0)  # which waits for less than it would drain
        self.assertFalse(self.appliance.final.document["drained"])
        self.assertIn("1 connection had not ended", self.appliance.log())


class ShutdownInTime(ShutdownCase):
    drain = "3s"

    def test_what_does_not_end_in_the_drain_time_is_reset(self):
        began = time.monotonic()
        self.interrupt()
        self.appliance.process.wait(PATIENCE)
        self.assertGreaterEqual(time.monotonic() - began, 3)
        self.assertEqual(self.appliance.stop(), 0)
        self.assertFalse(self.appliance.final.document["drained"])
        told = self.appliance.log()
        self.assertIn("1 connection had not ended in time and had to be reset", told)
        error = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        self.assertEqual(error, errno.EPIPE)  # what Linux makes of a reset after a FIN
