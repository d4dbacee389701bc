# SPDX-License-Identifier: BSD-3-Clause
"""Results of real runs: the JSON document and its schema, streams, CSV, .hgrm, the HTML page."""

import copy
import csv
import html.parser
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest
import urllib.request
import xml.etree.ElementTree as ElementTree

from clients import PATIENCE
from harness import TOP, WRINGER, eventually, require

SERVER, CLIENT = "198.18.0.1", "198.18.0.2"
SMALL = ("--no-huge", "--bufs", "8192", "--cores", "1", "--idle", "adaptive")
VOID = {"meta", "link", "br", "hr", "img", "input"}
SCHEMA = TOP / "docs" / "result.schema.json"


def wringer(*arguments, **kwargs):
    return subprocess.run(
        [str(WRINGER), *map(str, arguments)], capture_output=True, text=True, timeout=3 * PATIENCE,
        stdin=subprocess.DEVNULL, **kwargs,
    )


class Pair:
    """A server on one end of a memory link, for clients on the other."""

    def __init__(self, folder):
        self.name = f"report{os.getpid()}"
        self.socket = folder / "link.sock"
        self.log = open(folder / "serve.log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [str(WRINGER), "serve", "--port", f"memif:{self.socket},server", "--ip",
             f"{SERVER}/24", "--instance", f"{self.name}s", "--connections", "4k", *SMALL],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log,
        )
        if not eventually(self._is_ready):
            self.stop()
            raise AssertionError(f"the server did not become ready: {self._said()}")

    def _said(self):
        return pathlib.Path(self.log.name).read_text(encoding="utf-8")

    def _is_ready(self):
        return self.process.poll() is not None or "\nready " in "\n" + self._said()

    def command(self, *options):
        return (
            "load", f"{SERVER}:7", "--port", f"memif:{self.socket},client", "--ip", f"{CLIENT}/24",
            "--instance", f"{self.name}c", *SMALL, *options,
        )

    def load(self, *options):
        return wringer(*self.command(*options))

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


class Page(html.parser.HTMLParser):
    """Checks that tags are balanced, and collects what a browser would fetch or run."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.attributes = [], [], []
        self.feed(text)
        self.close()
        if self.open:
            raise AssertionError(f"never closed: {self.open}")

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            raise AssertionError(f"</{tag}> at {self.getpos()} closes nothing")


def pictures(text):
    """The SVG parts of a page, parsed as XML."""
    return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg .*?</svg>", text, re.S)]


class ResultCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        require(WRINGER.exists(), f"{WRINGER} is not built")
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.path = pathlib.Path(cls.folder.name)
        cls.pair = Pair(cls.path)
        cls.addClassCleanup(cls.pair.stop)
        cls.one = cls.path / "one.json"
        cls.done = cls.pair.load(
            "--connections", 4, "--rps", "2k", "--duration", "3s", f"--json={cls.one}",
            "--csv", cls.path / "one.csv", "--hgrm", cls.path / "one",
            "--require", "rps>1", "--require", "p99<0.000001us",
        )
        if not cls.one.exists():
            raise AssertionError(f"exit code {cls.done.returncode}: {cls.done.stderr}")
        cls.document = json.loads(cls.one.read_text(encoding="utf-8"))

    def assert_valid(self, document):
        try:
            import jsonschema
        except ImportError:
            require(False, "python3-jsonschema is not installed")
        schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
        errors = list(jsonschema.Draft202012Validator(schema).iter_errors(document))
        details = [context.message for error in errors for context in error.context or [error]]
        self.assertFalse(errors, details[:5])


class TestDocument(ResultCase):
    def test_the_document_is_as_its_schema_says(self):
        self.assert_valid(self.document)

    def test_a_document_with_a_wrong_member_is_not_as_the_schema_says(self):
        bad = copy.deepcopy(self.document)
        bad["end"]["latency"]["response"]["p99_us"] = 1
        with self.assertRaises(AssertionError):
            self.assert_valid(bad)

    def test_missed_thresholds_are_exit_code_4_on_both_ways(self):
        self.assertIn(self.done.returncode, (4, 5), self.done.stderr)
        self.assertEqual(self.document["exit_code"], self.done.returncode)
        self.assertEqual([r["met"] for r in self.document["requirements"]], [True, False])

    def test_percentiles_follow_from_the_histogram(self):
        latency = self.document["end"]["latency"]["response"]
        slots = latency["histogram_ns"]
        self.assertEqual(sum(n for _, n in slots), latency["count"])
        self.assertEqual(latency["count"], self.document["end"]["counters"]["responses"])
        seen = 0
        for upper, n in slots:
            seen += n
            if seen >= latency["count"] * 0.99 - 1e-6:
                self.assertEqual(latency["p99_ns"], min(upper, latency["max_ns"]))
                break

    def test_the_hgrm_file_says_the_same(self):
        lines = (self.path / "one-response.hgrm").read_text(encoding="utf-8").splitlines()
        latency = self.document["end"]["latency"]["response"]
        self.assertTrue(lines[0].startswith("#"))
        self.assertEqual(lines[1].split(), "Value Percentile TotalCount 1/(1-Percentile)".split())
        rows = [line.split() for line in lines[3:] if not line.startswith("#")]
        self.assertEqual(rows[-1][1:], ["1.000000", str(latency["count"]), "inf"])
        values = [float(row[0]) for row in rows]
        self.assertEqual(values, sorted(values))
        self.assertAlmostEqual(values[-1] * 1000, latency["max_ns"], delta=latency["max_ns"] / 500)

    def test_csv_has_a_row_for_each_interval(self):
        with open(self.path / "one.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), len(self.document["intervals"]))
        total = sum(int(row["bytes_sent"]) for row in rows)
        self.assertGreater(total, 0)
        self.assertLessEqual(total, self.document["end"]["counters"]["bytes_sent"])

    def test_what_is_needed_to_repeat_the_run_is_there(self):
        start = self.document["start"]
        self.assertEqual(start["command"][1], "load")
        self.assertEqual(start["setpoints"]["requests_per_s"], 2000)
        self.assertTrue(start["config"])
        self.assertTrue(start["machine"])

    def test_the_summary_says_what_the_document_says(self):
        text = self.done.stdout + self.done.stderr
        self.assertIn("MISSED p99<0.000001us", text)
        self.assertRegex(text, r"\[  0\] 0\.00-\d+\.\d\d s  rps ")

    def test_a_stream_is_one_event_a_line(self):
        done = self.pair.load("--rps", "500", "--duration", "2s", "--json-stream")
        events = [json.loads(line) for line in done.stdout.splitlines()]
        names = [event["event"] for event in events]
        self.assertEqual(names[0], "start")
        self.assertEqual(names[-1], "end")
        self.assertEqual(set(names[1:-1]), {"interval"})
        self.assertEqual(events[-1]["data"]["exit_code"], done.returncode)

    def test_prometheus_sees_the_load_while_it_runs(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        process = subprocess.Popen(
            [str(WRINGER), *self.pair.command("--rps", "500", "--duration", "5min",
                                              "--metrics", f"127.0.0.1:{port}")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        try:
            text = eventually(lambda: self._scraped_responses(port))
        finally:
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(PATIENCE), 130)
        self.assertTrue(text, "no responses in the metrics")
        self.assertIn('wringer_test_running{kind="load",mode="rr"} 1', text)
        if shutil.which("promtool"):
            done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                                  capture_output=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)

    @staticmethod
    def _scraped_responses(port):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
                text = page.read().decode()
        except OSError:
            return None
        found = re.search(r"^wringer_load_responses_total (\d+)$", text, re.M)
        return text if found and int(found.group(1)) > 0 else None

    def test_repeats_are_one_document(self):
        path = self.path / "repeat.json"
        self.pair.load("--rps", "1k", "--duration", "1s", "--repeat", 2, f"--json={path}")
        document = json.loads(path.read_text(encoding="utf-8"))
        self.assert_valid(document)
        self.assertEqual(len(document["runs"]), 2)
        rps = document["repeat"]["rps"]
        self.assertLessEqual(rps["min"], rps["median"])
        self.assertLessEqual(rps["median"], rps["max"])

    def test_a_mistake_on_the_command_line_is_a_document_too(self):
        for wrong in (("--mode", "lunch"), ("--require", "p99<fast"), ("--rps", "7 parsecs")):
            for options in (("--json", *wrong), (*wrong, "--json")):
                done = self.pair.load(*options)
                self.assertEqual(done.returncode, 2, done.stderr)
                document = json.loads(done.stdout)
                self.assert_valid(document)
                self.assertTrue(document["error"])

    def test_a_path_that_cannot_be_written_is_refused_before_the_run(self):
        done = self.pair.load("--json=/nowhere/result.json", "--duration", "1s")
        self.assertEqual(done.returncode, 3)
        self.assertIn("/nowhere/result.json", done.stderr)

    def test_a_full_disk_loses_nothing(self):
        done = self.pair.load("--json=/dev/full", "--duration", "1s", "--rps", "500")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("No space left", done.stderr)
        document = json.loads(done.stdout[done.stdout.index("{\n"):])
        self.assertGreater(document["end"]["counters"]["responses"], 0)


class TestPage(ResultCase):
    def page(self, *documents, code=0):
        paths = []
        for number, document in enumerate(documents):
            paths.append(self.path / f"{number}.json")
            paths[-1].write_text(json.dumps(document), encoding="utf-8")
        done = wringer("report", *paths)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout

    def assert_refused(self, text, pattern):
        path = self.path / "bad.json"
        path.write_text(text, encoding="utf-8")
        done = wringer("report", path)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertRegex(done.stderr, pattern)

    def faster(self, factor, runs):
        """The document as if repeated, each run a little apart, and faster by a factor."""
        document = {k: self.document[k] for k in ("schema", "version", "revision", "start")}
        document |= {"kind": "wringer-load-repeat", "repeat": {}, "exit_code": 0, "runs": []}
        for number in range(runs):
            run = copy.deepcopy(self.document)
            run["end"]["rates"]["responses_per_s"] = 1000 * factor + number
            document["runs"].append(run)
        return document

    def test_the_page_is_well_formed_and_fetches_nothing(self):
        text = self.page(self.document)
        page = Page(text)
        self.assertTrue(text.startswith("<!DOCTYPE html>"))
        self.assertNotIn("script", page.seen)
        for name, value in page.attributes:
            self.assertNotIn(name, ("src", "href", "onload"))
            if name != "xmlns":
                self.assertNotIn("://", value or "")
        self.assertNotRegex(text, r"url\(|@import")
        self.assertIn("prefers-color-scheme:dark", text)

    def test_every_plot_is_svg_with_a_title_a_description_and_a_table(self):
        text = self.page(self.document)
        svgs = pictures(text)
        names = [svg.find("{*}title").text for svg in svgs]
        for wanted in ("Throughput over time", "Latency by percentile", "Latency over time",
                       "Connections over time, by state", "Busy cycles per core"):
            self.assertIn(wanted, names)
        for svg in svgs:
            self.assertTrue(svg.find("{*}desc").text)
            for element in svg.iter():
                for value in element.attrib.values():
                    self.assertNotRegex(value, r"nan|inf\b")
        self.assertGreaterEqual(text.count("The numbers of this plot"), len(svgs))

    def test_throughput_begins_at_zero(self):
        svg = next(s for s in pictures(self.page(self.document))
                   if s.find("{*}title").text == "Throughput over time")
        labels = [element.text for element in svg.iter() if element.get("text-anchor") == "end"]
        self.assertIn("0", labels)

    def test_a_hostile_document_is_only_text(self):
        evil = "</title><script>alert(1)</script>\"'&\u0001"
        document = copy.deepcopy(self.document)
        document["start"]["target"] = document["start"]["mode"] = evil
        document["start"]["command"] = [evil]
        document["start"]["machine"] = {evil: evil}
        document["failures"] = document["invalid_because"] = [evil]
        document["requirements"] = [{"text": evil, "met": False, "value": None}]
        document["end"]["drops"] = {evil: 7}
        document["end"]["latency"][evil] = {"count": 1e300, "histogram_ns": [[-1, -1], evil, 3]}
        document["error"] = evil
        text = self.page(document)
        self.assertNotIn("script", Page(text).seen)
        self.assertIn("&lt;script&gt;", text)
        self.assertTrue(pictures(text))

    def test_numbers_of_any_size_and_shape_are_survived(self):
        for value in (1e308, -1e308, 1e-320, -1, 0, "text", None, [], {}):
            document = copy.deepcopy(self.document)
            for row in document["intervals"]:
                row["until_s"] = row["busy"] = value
                row["rates"]["responses_per_s"] = row["states"]["established"] = value
            document["end"]["latency"]["response"]["count"] = value
            document["end"]["latency"]["response"]["histogram_ns"] = [[value, value]] * 3
            document["end"]["window"] = document["offers"] = value
            for svg in pictures(self.page(document)):
                self.assertNotRegex(ElementTree.tostring(svg, "unicode"), r"\bnan\b|\binf\b")

    def test_a_difference_beyond_the_spread_is_told_from_one_within(self):
        text = self.page(self.faster(1, 3), self.faster(1.2, 3))
        self.assertIn("beyond the spread: better", text)
        text = self.page(self.faster(1, 3), self.faster(1.001, 3))
        row = re.search(r"Responses per second.*?</tr>", text, re.S).group()
        self.assertIn("within the spread", row)

    def test_single_runs_are_compared_without_a_claim(self):
        text = self.page(self.document, self.document)
        self.assertIn("spread not known", text)
        self.assertNotIn("beyond the spread: ", text)
        Page(text)

    def test_an_early_error_makes_a_page_that_says_so(self):
        error = json.loads(self.pair.load("--mode", "lunch", "--json").stdout)
        text = self.page(error)
        self.assertIn("lunch", text)
        Page(text)

    def test_what_is_no_result_is_refused_in_a_sentence(self):
        self.assert_refused("", "no JSON")
        self.assert_refused("{", "no JSON.*line 1")
        self.assert_refused("[1]", "no result")
        self.assert_refused('{"kind": "other", "schema": 1}', "no result")
        self.assert_refused('{"kind": "wringer-load", "schema": "1"}', "no result")
        self.assert_refused('{"kind": "wringer-load", "schema": 2}', "later version")
        done = wringer("report", self.path / "missing.json")
        self.assertEqual(done.returncode, 2)
        self.assertIn("missing.json", done.stderr)
        self.assertEqual(wringer("report").returncode, 2)

    def test_a_page_that_cannot_be_written_is_exit_code_3(self):
        done = wringer("report", self.one, "--output", "/nowhere/page.html")
        self.assertEqual(done.returncode, 3)
        self.assertIn("/nowhere/page.html", done.stderr)
        done = wringer("report", self.one, "--output", "/dev/full")
        self.assertEqual(done.returncode, 3)
        self.assertTrue(pathlib.Path("/dev/full").is_char_device())

    def test_half_a_page_is_not_left_behind(self):
        small = ("prlimit", "--fsize=4096", str(WRINGER), "report", str(self.one), "--output")
        page = self.path / "half.html"
        done = subprocess.run([*small, str(page)], capture_output=True, text=True, check=False,
                              preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN))
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("File too large", done.stderr)
        self.assertFalse(page.exists())
