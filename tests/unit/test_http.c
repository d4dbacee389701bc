/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wr_base.h"
#include "wr_http.h"
#include "wr_prng.h"
#include "wr_test.h"

#define HOST "Host: x\r\n"
#define GET  "GET / HTTP/1.1\r\n" HOST

static size_t parse(struct wr_http_head *head, bool response, const char *text, size_t len,
                    size_t piece)
{
	size_t at = 0;

	if (response)
		wr_http_response_begin(head);
	else
		wr_http_request_begin(head);
	while (at < len && head->outcome == WR_HTTP_MORE) {
		size_t n = len - at < piece ? len - at : piece;
		char *copy = malloc(n); /* so that a sanitizer sees a read beyond the piece */
		size_t taken;

		assert_non_null(copy);
		memcpy(copy, text + at, n);
		taken = wr_http_head_parse(head, copy, n);
		free(copy);
		assert_true(taken <= n);
		assert_true(taken == n || head->outcome != WR_HTTP_MORE);
		at += taken;
	}
	return at;
}

/* Parses in pieces of every size: the outcome is always the same. */
static size_t parse_all_ways(struct wr_http_head *head, bool response, const char *text)
{
	size_t len = strlen(text), taken = parse(head, response, text, len, len);

	for (size_t piece = 1; piece < wr_min((uint32_t)len, 70); piece++) {
		struct wr_http_head other;

		assert_int_equal(parse(&other, response, text, len, piece), taken);
		assert_int_equal(other.outcome, head->outcome);
		assert_int_equal(other.error, head->error);
		if (head->outcome == WR_HTTP_DONE)
			assert_memory_equal(&other, head, sizeof(other));
	}
	return taken;
}

static struct wr_http_head request(const char *text)
{
	struct wr_http_head head;

	parse_all_ways(&head, false, text);
	return head;
}

static struct wr_http_head response(const char *text)
{
	struct wr_http_head head;

	parse_all_ways(&head, true, text);
	return head;
}

static void assert_path(const char *text, const char *path)
{
	struct wr_http_head h = request(text);

	assert_int_equal(h.outcome, WR_HTTP_DONE);
	assert_int_equal(h.path_len, strlen(path));
	assert_memory_equal(h.path, path, strlen(path));
}

static void a_simple_request_is_read(void **state)
{
	static const char text[] = GET "User-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\nNEXT";
	struct wr_http_head h;

	assert_int_equal(parse_all_ways(&h, false, text), strlen(text) - 4);
	assert_int_equal(h.outcome, WR_HTTP_DONE);
	assert_int_equal(h.method, WR_HTTP_GET);
	assert_int_equal(h.minor, 1);
	assert_true(h.keep_alive);
	assert_false(h.chunked || h.has_length || h.expects_continue);
	assert_int_equal(h.fields, 3);
}

static void targets_come_in_four_forms(void **state)
{
	assert_path(GET "\r\n", "/");
	assert_path("GET /bytes/10?x=/y HTTP/1.1\r\n" HOST "\r\n", "/bytes/10");
	assert_path("GET http://host:80/a/b HTTP/1.1\r\n" HOST "\r\n", "/a/b");
	assert_path("GET http://host HTTP/1.1\r\n" HOST "\r\n", "");
	assert_path("GET http://host?q HTTP/1.1\r\n" HOST "\r\n", "");
	assert_path("OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "*");
	assert_path("CONNECT host:443 HTTP/1.1\r\n" HOST "\r\n", "");
}

static void a_long_path_is_cut_and_its_length_kept(void **state)
{
	char text[600];
	struct wr_http_head h;

	snprintf(text, sizeof(text), "GET /%0400d HTTP/1.1\r\n" HOST "\r\n", 7);
	h = request(text);
	assert_int_equal(h.outcome, WR_HTTP_DONE);
	assert_int_equal(h.path_len, 401);
}

static void methods_are_told_apart(void **state)
{
	assert_int_equal(request("HEAD / HTTP/1.1\r\n" HOST "\r\n").method, WR_HTTP_HEAD);
	assert_int_equal(request("POST / HTTP/1.1\r\n" HOST "\r\n").method, WR_HTTP_POST);
	assert_int_equal(request("DELETE / HTTP/1.1\r\n" HOST "\r\n").method, WR_HTTP_DELETE);
	assert_int_equal(request("get / HTTP/1.1\r\n" HOST "\r\n").method, WR_HTTP_OTHER);
	assert_int_equal(request("GETT / HTTP/1.1\r\n" HOST "\r\n").method, WR_HTTP_OTHER);
}

static void persistence_follows_version_and_connection(void **state)
{
	assert_true(request(GET "\r\n").keep_alive);
	assert_false(request(GET "Connection: close\r\n\r\n").keep_alive);
	assert_false(request(GET "connection: TE , Close\r\n\r\n").keep_alive);
	assert_true(request(GET "Connection: closed, not close\r\n\r\n").keep_alive);
	assert_false(
		request(GET "Connection: keep-alive\r\nConnection: close\r\n\r\n").keep_alive);
	assert_false(request("GET / HTTP/1.0\r\n\r\n").keep_alive);
	assert_true(request("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
}

static void bodies_are_announced(void **state)
{
	struct wr_http_head h = request(GET "Content-Length:  42 \r\n\r\n");

	assert_int_equal(h.outcome, WR_HTTP_DONE);
	assert_true(h.has_length);
	assert_int_equal(h.length, 42);
	h = request(GET "Transfer-Encoding: , Chunked\r\n\r\n");
	assert_int_equal(h.outcome, WR_HTTP_DONE);
	assert_true(h.chunked);
}

static void expectations_are_told_apart(void **state)
{
	struct wr_http_head h = request(GET "Expect: 100-Continue\r\n\r\n");

	assert_true(h.expects_continue);
	assert_false(h.expects_more);
	h = request(GET "Expect: 100-continue, tea\r\n\r\n");
	assert_true(h.expects_more);
	assert_false(
		request("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").expects_continue);
}

static void empty_lines_before_a_request_are_skipped(void **state)
{
	assert_int_equal(request("\r\n" GET "\r\n").outcome, WR_HTTP_DONE);
	assert_int_equal(request("\r\n\r\n\r\n\r\n\r\n\r\n" GET "\r\n").error, 400);
}

/* What the status of a bad request is. */
static const struct {
	const char *text;
	uint16_t status;
} bad_requests[] = {
	{"GET / HTTP/1.1\r\n\r\n", 400},              /* no Host */
	{"GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400}, /* two */
	{"GET / HTTP/2.0\r\n" HOST "\r\n", 505},
	{"GET / HTTP/0.9\r\n" HOST "\r\n", 505},
	{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
	{"GET / http/1.1\r\n" HOST "\r\n", 400},
	{"GET / HTTP/1.1 \r\n" HOST "\r\n", 400},
	{"GET / HTTP/1.11\r\n" HOST "\r\n", 400},
	{"GET /\r\n\r\n", 400}, /* HTTP/0.9 */
	{"GET  / HTTP/1.1\r\n" HOST "\r\n", 400},
	{"GET /a b HTTP/1.1\r\n" HOST "\r\n", 400},
	{"GET /\x80 HTTP/1.1\r\n" HOST "\r\n", 400},
	{"GET foo HTTP/1.1\r\n" HOST "\r\n", 400},
	{"GET http:x HTTP/1.1\r\n" HOST "\r\n", 400},
	{"GET http:/x HTTP/1.1\r\n" HOST "\r\n", 400},
	{" GET / HTTP/1.1\r\n" HOST "\r\n", 400},
	{"GET / HTTP/1.1\n" HOST "\n", 400}, /* bare LF */
	{"GET / HTTP/1.1\r\nHost: x\n\r\n", 400},
	{"GET / HTTP/1.1\r\nHost: x\rA: b\r\n\r\n", 400}, /* bare CR */
	{GET "\rx", 400},
	{GET " folded\r\n\r\n", 400},
	{GET "A: b\r\n\tfolded\r\n\r\n", 400},
	{GET "A : b\r\n\r\n", 400},
	{GET ": b\r\n\r\n", 400},
	{GET "no colon\r\n\r\n", 400},
	{GET "A: b\x01\r\n\r\n", 400},
	{GET "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400},
	{GET "Content-Length: 5, 5\r\n\r\n", 400},
	{GET "Content-Length: 5 5\r\n\r\n", 400},
	{GET "Content-Length: +5\r\n\r\n", 400},
	{GET "Content-Length: 0x5\r\n\r\n", 400},
	{GET "Content-Length: -1\r\n\r\n", 400},
	{GET "Content-Length:\r\n\r\n", 400},
	{GET "Content-Length: 99999999999999999999\r\n\r\n", 413},
	{GET "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
	{GET "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400},
	{GET "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
	{GET "Transfer-Encoding: chunked, gzip\r\n\r\n", 400},
	{GET "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
	{GET "Transfer-Encoding: chunked x\r\n\r\n", 501},
	{GET "Transfer-Encoding:\r\n\r\n", 400},
	{GET "Transfer-Encoding: xchunked\r\n\r\n", 501},
	{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
	{"ABCDEFGHIJKLMNOPQRSTUVWXYZ / HTTP/1.1\r\n" HOST "\r\n", 501},
	{"\x16\x03\x01\x02", 400}, /* a TLS ClientHello */
};

static void bad_requests_get_the_status_that_fits(void **state)
{
	for (unsigned i = 0; i < WR_LEN(bad_requests); i++) {
		struct wr_http_head h = request(bad_requests[i].text);

		if (h.outcome != WR_HTTP_BAD || h.error != bad_requests[i].status)
			fail_msg("outcome %u, status %u instead of %u: %s", h.outcome, h.error,
			         bad_requests[i].status, bad_requests[i].text);
	}
}

static void heads_are_bounded(void **state)
{
	static char text[2 * WR_HTTP_HEAD_BYTES];
	size_t at;
	struct wr_http_head h;

	snprintf(text, sizeof(text), "GET /%09000d HTTP/1.1\r\n" HOST "\r\n", 0);
	assert_int_equal(request(text).error, 414);
	snprintf(text, sizeof(text), GET "A: %09000d\r\n\r\n", 0);
	assert_int_equal(request(text).error, 431);
	at = (size_t)snprintf(text, sizeof(text), GET);
	for (unsigned i = 0; i < WR_HTTP_FIELDS; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "A: b\r\n");
	snprintf(text + at, sizeof(text) - at, "\r\n");
	assert_int_equal(request(text).error, 431);
	at = (size_t)snprintf(text, sizeof(text), GET "A: ");
	snprintf(text + at, sizeof(text) - at, "%0*d\r\n\r\n",
	         (int)(WR_HTTP_HEAD_BYTES - at - 4), 0);
	h = request(text);
	assert_int_equal(h.outcome, WR_HTTP_DONE);
	assert_int_equal(h.bytes, WR_HTTP_HEAD_BYTES);
}

static void responses_are_read(void **state)
{
	struct wr_http_head h = response("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");

	assert_int_equal(h.outcome, WR_HTTP_DONE);
	assert_int_equal(h.status, 200);
	assert_int_equal(h.length, 5);
	assert_true(h.keep_alive);
	h = response("HTTP/1.0 404 Not Here\r\n\r\n");
	assert_int_equal(h.status, 404);
	assert_false(h.keep_alive);
	assert_int_equal(response("HTTP/1.1 204\r\n\r\n").status, 204);
	assert_int_equal(response("HTTP/1.1 204 \r\n\r\n").outcome, WR_HTTP_DONE);
	assert_int_equal(response("HTTP/1.1 20 OK\r\n\r\n").outcome, WR_HTTP_BAD);
	assert_int_equal(response("HTTP/1.1 2000 OK\r\n\r\n").outcome, WR_HTTP_BAD);
	assert_int_equal(response("HTTP/1.1  200 OK\r\n\r\n").outcome, WR_HTTP_BAD);
	assert_int_equal(response("HTTP/1.1 099 OK\r\n\r\n").outcome, WR_HTTP_BAD);
	assert_int_equal(response("HTTX/1.1 200 OK\r\n\r\n").outcome, WR_HTTP_BAD);
	assert_int_equal(response("\r\nHTTP/1.1 200 OK\r\n\r\n").outcome, WR_HTTP_BAD);
}

/* Decodes a body in pieces of every size; the content goes to `out`. */
static uint8_t decode(const struct wr_http_head *head, enum wr_http_method method,
                      const char *text, size_t piece, char *out, size_t *taken)
{
	size_t len = strlen(text), at = 0;
	struct wr_http_body body;

	wr_http_body_begin(&body, head, method);
	while (at < len && body.outcome == WR_HTTP_MORE) {
		size_t n = len - at < piece ? len - at : piece, content_len;
		const char *content;

		at += wr_http_body_parse(&body, text + at, n, &content, &content_len);
		memcpy(out, content, content_len);
		out += content_len;
	}
	*out = 0;
	*taken = at;
	return body.outcome;
}

static void assert_body(const char *head_text, const char *text, enum wr_http_outcome outcome,
                        const char *content, size_t taken)
{
	struct wr_http_head h = request(head_text);
	size_t len = strlen(text);

	for (size_t piece = 1; piece <= len; piece++) {
		char out[4096];
		size_t at;

		assert_int_equal(decode(&h, WR_HTTP_POST, text, piece, out, &at), outcome);
		if (outcome == WR_HTTP_BAD)
			continue;
		assert_string_equal(out, content);
		assert_int_equal(at, taken);
	}
}

#define CHUNKED   "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
#define LENGTH(n) "POST / HTTP/1.1\r\n" HOST "Content-Length: " n "\r\n\r\n"

static void a_body_of_known_length_ends_there(void **state)
{
	assert_body(LENGTH("5"), "helloGET", WR_HTTP_DONE, "hello", 5);
	assert_body(LENGTH("0"), "GET", WR_HTTP_DONE, "", 0);
	assert_body(LENGTH("9"), "hello", WR_HTTP_MORE, "hello", 5);
	assert_body(GET "\r\n", "GET", WR_HTTP_DONE, "", 0);
}

static void chunks_are_joined(void **state)
{
	assert_body(CHUNKED, "5\r\nhello\r\n0\r\n\r\nGET", WR_HTTP_DONE, "hello", 15);
	assert_body(CHUNKED, "3;a=\"b\"\r\nhel\r\n002 ; x\r\nlo\r\n000\r\n\r\n", WR_HTTP_DONE,
	            "hello", 34);
	assert_body(CHUNKED, "0\r\nTrailer: x\r\nB: c\r\n\r\nGET", WR_HTTP_DONE, "", 23);
	assert_body(CHUNKED, "fF\r\nabc", WR_HTTP_MORE, "abc", 7);
}

static void bad_chunks_are_found(void **state)
{
	static const char *const bad[] = {
		"\r\n",
		"g\r\n",
		"5\nhello",
		"5\r\nhelloX",
		"5\r\nhello\n",
		"-1\r\n",
		"0x5\r\n",
		"5 5\r\n",
		"1234567890123456\r\n",
		"5;\n",
		"0\r\n\rX",
		"0\r\n x\r\n",
		"0\r\n\n",
		";a\r\n",
		"5\rX",
		"1\r\na\r\n\r\n\r\n", /* the second has no size */
	};

	for (unsigned i = 0; i < WR_LEN(bad); i++)
		assert_body(CHUNKED, bad[i], WR_HTTP_BAD, NULL, 0);
}

static void framing_of_chunks_is_bounded(void **state)
{
	static char text[10000];
	struct wr_http_head h = request(CHUNKED);
	char out[16];
	size_t taken;

	snprintf(text, sizeof(text), "5;%09000d", 0);
	assert_int_equal(decode(&h, WR_HTTP_POST, text, 100, out, &taken), WR_HTTP_BAD);
	snprintf(text, sizeof(text), "0\r\nA: %09000d", 0);
	assert_int_equal(decode(&h, WR_HTTP_POST, text, 100, out, &taken), WR_HTTP_BAD);
}

static void responses_without_a_body_are_known(void **state)
{
	struct wr_http_head h = response("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
	struct wr_http_body body;

	wr_http_body_begin(&body, &h, WR_HTTP_HEAD);
	assert_int_equal(body.outcome, WR_HTTP_DONE);
	wr_http_body_begin(&body, &h, WR_HTTP_GET);
	assert_int_equal(body.kind, WR_HTTP_BODY_LENGTH);
	h = response("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
	wr_http_body_begin(&body, &h, WR_HTTP_GET);
	assert_int_equal(body.outcome, WR_HTTP_DONE);
	h = response("HTTP/1.1 200 OK\r\n\r\n");
	wr_http_body_begin(&body, &h, WR_HTTP_GET);
	assert_int_equal(body.kind, WR_HTTP_BODY_TO_END);
}

/* Good messages with a few bytes changed: however cut, the outcome is the same. */
static void the_outcome_never_depends_on_the_cut(void **state)
{
	static const char *const good[] = {
		GET "Content-Length: 12\r\nConnection: close, te\r\n\r\n",
		"POST http://a/b?c HTTP/1.0\r\nExpect: 100-continue\r\nX: \r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nHost: a\r\n\r\n",
	};
	static const char spice[] = "\r\n\t :,;/?\x7f\x80\x01"
				    "09AZaz";
	struct wr_prng prng;
	unsigned outcomes[3] = {0};

	wr_prng_seed(&prng, 3);
	for (unsigned i = 0; i < 30000; i++) {
		unsigned which = wr_prng_below(&prng, WR_LEN(good));
		size_t len = strlen(good[which]), taken;
		struct wr_http_head whole, cut;
		char text[256];

		memcpy(text, good[which], len);
		for (unsigned n = wr_prng_below(&prng, 3); n; n--)
			text[wr_prng_below(&prng, (uint32_t)len)] =
				spice[wr_prng_below(&prng, sizeof(spice) - 1)];
		taken = parse(&whole, which == 2, text, len, len);
		assert_int_equal(
			parse(&cut, which == 2, text, len, 1 + wr_prng_below(&prng, 30)),
			taken);
		assert_int_equal(cut.outcome, whole.outcome);
		assert_int_equal(cut.error, whole.error);
		outcomes[whole.outcome]++;
	}
	assert_true(outcomes[WR_HTTP_DONE] > 5000 && outcomes[WR_HTTP_BAD] > 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_simple_request_is_read),
		cmocka_unit_test(targets_come_in_four_forms),
		cmocka_unit_test(a_long_path_is_cut_and_its_length_kept),
		cmocka_unit_test(methods_are_told_apart),
		cmocka_unit_test(persistence_follows_version_and_connection),
		cmocka_unit_test(bodies_are_announced),
		cmocka_unit_test(expectations_are_told_apart),
		cmocka_unit_test(empty_lines_before_a_request_are_skipped),
		cmocka_unit_test(bad_requests_get_the_status_that_fits),
		cmocka_unit_test(heads_are_bounded),
		cmocka_unit_test(responses_are_read),
		cmocka_unit_test(a_body_of_known_length_ends_there),
		cmocka_unit_test(chunks_are_joined),
		cmocka_unit_test(bad_chunks_are_found),
		cmocka_unit_test(framing_of_chunks_is_bounded),
		cmocka_unit_test(responses_without_a_body_are_known),
		cmocka_unit_test(the_outcome_never_depends_on_the_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
