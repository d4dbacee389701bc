# SPDX-License-Identifier: BSD-3-Clause
"""The http service, judged by curl, wrk, Python's http.client and plain sockets."""

import http.client
import json
import re
import socket

import clients
from harness import ApplianceCase, require_tools, run

HTTP = 80


def curl(*arguments, **kwargs):
    require_tools("curl")
    return run("curl", "--silent", "--show-error", "--max-time", "60", *arguments, **kwargs)


def talk(host, data):
    """What a connection says to `data` until it closes."""
    answer = b""
    with clients.connect(host, HTTP) as sock:
        sock.sendall(data)
        while part := sock.recv(65536):
            answer += part
    return answer


class HttpTests:
    def url(self, path):
        return f"http://{self.host}{path}"

    def test_curl_gets_pages_over_one_connection(self):
        done = curl("-w", "%{http_code} %{num_connects} ", self.url("/health"), self.url("/"),
                    self.url("/none"))
        told = re.findall(r"(\d{3}) (\d) ", done.stdout)
        self.assertEqual(told, [("200", "1"), ("200", "0"), ("404", "0")])

    def test_curl_speaks_http_1_0(self):
        done = curl("--http1.0", "-i", self.url("/health"))
        self.assertIn("Connection: close", done.stdout)
        self.assertTrue(done.stdout.endswith("ok\n"))

    def test_curl_asks_for_the_head_only(self):
        done = curl("--head", self.url("/bytes/1024G"))
        self.assertIn("Content-Length: 1099511627776", done.stdout)

    def test_curl_posts_content_and_waits_to_be_told_to(self):
        data = clients.payload(3 << 20, seed=3)
        done = curl("-H", "Expect: 100-continue", "-v", "--data-binary", "@-", self.url("/"),
                    input=data.decode("latin-1"))
        self.assertIn("HTTP/1.1 100 Continue", done.stderr)
        size = len(data.decode("latin-1").encode())
        self.assertEqual(done.stdout, f"{size} bytes\n")

    def test_curl_gets_its_chunks_back(self):
        text = "".join(f"{n}\n" for n in range(200000))
        done = curl("-H", "Transfer-Encoding: chunked", "-H", "Expect:", "--data-binary", "@-",
                    self.url("/echo"), input=text)
        self.assertEqual(done.stdout, text)

    def test_http_client_keeps_its_connection_and_sees_every_status(self):
        connection = http.client.HTTPConnection(self.host, HTTP, timeout=clients.PATIENCE)
        for status in (200, 204, 301, 304, 404, 418, 503):
            connection.request("GET", f"/status/{status}")
            response = connection.getresponse()
            response.read()
            self.assertEqual(response.status, status)
        connection.request("POST", "/echo", body=iter([b"abc", b"defg"]), encode_chunked=True,
                           headers={"Transfer-Encoding": "chunked"})
        self.assertEqual(connection.getresponse().read(), b"abcdefg")
        connection.request("DELETE", "/")
        response = connection.getresponse()
        response.read()
        self.assertEqual((response.status, response.getheader("Allow")),
                         (405, "GET, HEAD, POST, PUT, OPTIONS"))
        connection.request("GET", "/stats")
        numbers = json.loads(connection.getresponse().read())
        self.assertGreater(numbers["http_requests"], 0)
        connection.close()

    def test_pipelined_requests_are_answered_in_order(self):
        requests = b"".join(
            b"GET /status/%d HTTP/1.1\r\nHost: x\r\n\r\n" % (200 + n % 300) for n in range(1000))
        requests += b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        found = re.findall(rb"HTTP/1\.1 (\d{3}) ", talk(self.host, requests))
        self.assertEqual([int(n) for n in found], [200 + n % 300 for n in range(1000)] + [200])

    def test_16_mib_come_whole(self):
        done = curl("-o", "/dev/null", "-w", "%{size_download}", self.url("/bytes/16M"))
        self.assertEqual(done.stdout, str(16 << 20))

    def test_garbage_is_answered_by_400_and_the_end(self):
        two_lengths = b"Content-Length: 1\r\nContent-Length: 2\r\n"
        for text in (b"\x00\x01\x02\x03", b"GET / HTTP/1.1\n\n", b"\x16\x03\x01\x02\x00\x01",
                     b"GET / HTTP/1.1\r\nHost: a\r\n" + two_lengths + b"\r\n"):
            with self.subTest(text=text):
                answer = talk(self.host, text)
                self.assertTrue(answer.startswith(b"HTTP/1.1 400 Bad Request\r\n"), answer)

    def test_a_huge_head_is_answered_by_431(self):
        head = b"GET / HTTP/1.1\r\nHost: a\r\nCookie: " + b"x" * 20000 + b"\r\n\r\n"
        self.assertTrue(talk(self.host, head).startswith(b"HTTP/1.1 431 "))

    def test_wrk_sees_no_error(self):
        require_tools("wrk")
        done = run("wrk", "-t", "1", "-c", "50", "-d", "1s", "--timeout", "1m", self.url("/health"))
        self.assertNotIn("Socket errors", done.stdout)
        self.assertNotIn("Non-2xx", done.stdout)
        self.assertGreater(int(re.search(r"(\d+) requests in", done.stdout)[1]), 0)


class OneWorker(HttpTests, ApplianceCase):
    serve = ("--service", "http")


class TwoWorkers(HttpTests, ApplianceCase):
    cores = 2
    serve = ("--service", "http")


class Impatient(ApplianceCase):
    serve = ("--service", "http", "--request-timeout", "1500ms")

    def test_a_client_that_does_not_read_is_ended_and_others_are_served(self):
        with clients.connect(self.host, HTTP, rcvbuf=8192) as slow:
            before = self.stats()["service_timeouts"]
            slow.sendall(b"GET /bytes/1G HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(curl(f"http://{self.host}/health").stdout, "ok\n")
            stats = self.appliance.eventually(lambda s: s["service_timeouts"] > before)
            self.assertEqual(stats["service_timeouts"], before + 1)
            with self.assertRaises(ConnectionResetError):
                while slow.recv(65536):
                    pass

    def test_a_head_that_never_ends_is_answered_by_408(self):
        answer = talk(self.host, b"GET / HT")
        self.assertTrue(answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n"), answer)


class ImpatientWithTwoWorkers(Impatient):
    cores = 2


class Idle(ApplianceCase):
    serve = ("--service", "http", "--idle-timeout", "2s")

    def test_an_idle_connection_is_ended(self):
        with clients.connect(self.host, HTTP) as sock:
            sock.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn(b"ok\n", sock.recv(4096))
            with self.assertRaises((ConnectionResetError, socket.timeout)) as caught:
                self.assertEqual(sock.recv(4096), b"never a byte more")
            self.assertIsInstance(caught.exception, ConnectionResetError)
