/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "talker.h"
#include "wr_pattern.h"
#include "wr_test.h"

#define HTTP   80
#define HOST   "Host: x\r\n"
#define GET(p) "GET " p " HTTP/1.1\r\n" HOST "\r\n"
#define PERIOD WR_S(5) /* request-timeout */

static struct wire *serve(void)
{
	struct wr_stack_conf conf;

	wire_conf(&conf, 0);
	conf.request_timeout_us = PERIOD / 1000;
	wr_stack_serve(&conf, &wr_service_http);
	return wire_new(&conf, 1, 4095, 4095);
}

/* Everything that a connection hears that says `text`, cut into pieces. */
static struct talker asked(struct wire *wire, const char *text, size_t piece)
{
	struct talker t = {.piece = piece};

	talker_start(&t, wire, HTTP);
	talker_say(&t, text);
	wire_run(wire, WR_MS(500));
	talker_hang_up(&t);
	return t;
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	while ((text = strstr(text, what))) {
		text += strlen(what);
		n++;
	}
	return n;
}

static void assert_answer(const char *text, const char *begin, const char *end, bool closes)
{
	for (size_t piece = 1; piece < 60; piece += 9) {
		struct wire *wire = serve();
		struct talker t = {.piece = piece};

		talker_start(&t, wire, HTTP);
		talker_say(&t, text);
		wire_run(wire, WR_MS(500));
		if (strncmp(t.heard, begin, strlen(begin)) != 0 ||
		    strlen(t.heard) < strlen(end) ||
		    strcmp(t.heard + strlen(t.heard) - strlen(end), end) != 0)
			fail_msg("%s\n--- answered by ---\n%s", text, t.heard);
		assert_int_equal(t.peer_closed, closes);
		assert_int_equal(count(t.heard, "Connection: close\r\n"), closes);
		talker_hang_up(&t);
		talker_free(&t);
		wire_free(wire);
	}
}

static void pages_are_served_and_the_connection_is_kept(void **state)
{
	assert_answer(GET("/"), "HTTP/1.1 200 OK\r\n", "ok\n", false);
	assert_answer(GET("/health"), "HTTP/1.1 200 OK\r\n",
	              "\r\nContent-Length: 3\r\n\r\nok\n", false);
	assert_answer(GET("http://x/health?a"), "HTTP/1.1 200 OK\r\n", "\r\n\r\nok\n", false);
	assert_answer(GET("/stats"), "HTTP/1.1 200 OK\r\n", "}\n", false);
	assert_answer(GET("/status/304"), "HTTP/1.1 304 Not Modified\r\n", "wringer\r\n\r\n",
	              false);
	assert_answer(GET("/status/503"), "HTTP/1.1 503 Service Unavailable\r\n",
	              "503 Service Unavailable\n", false);
	assert_answer(GET("/nothing"), "HTTP/1.1 404 Not Found\r\n", "404 Not Found\n", false);
	assert_answer(GET("/healthy"), "HTTP/1.1 404 Not Found\r\n", "", false);
	assert_answer(GET("/status/99"), "HTTP/1.1 404 Not Found\r\n", "", false);
	assert_answer(GET("/status/100"), "HTTP/1.1 404 Not Found\r\n", "", false);
	assert_answer(GET("/bytes/x"), "HTTP/1.1 404 Not Found\r\n", "", false);
	assert_answer(GET("/bytes/2000G"), "HTTP/1.1 404 Not Found\r\n", "", false);
}

static void a_client_that_wants_to_close_is_closed(void **state)
{
	assert_answer("GET /health HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
	              "HTTP/1.1 200 OK\r\n", "ok\n", true);
	assert_answer("GET /health HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\n", "ok\n", true);
	assert_answer("GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	              "HTTP/1.1 200 OK\r\nServer: wringer\r\nConnection: keep-alive\r\n",
	              "ok\n", false);
}

static void head_is_answered_without_content(void **state)
{
	assert_answer("HEAD /health HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200 OK\r\n",
	              "Content-Length: 3\r\n\r\n", false);
	assert_answer("HEAD /bytes/1G HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 200 OK\r\n",
	              "Content-Length: 1073741824\r\n\r\n", false);
	assert_answer("HEAD /none HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 404", "\r\n\r\n", false);
}

static void methods_that_do_not_fit_are_refused(void **state)
{
	assert_answer("DELETE / HTTP/1.1\r\n" HOST "\r\n",
	              "HTTP/1.1 405 Method Not Allowed\r\nServer: wringer\r\n"
	              "Allow: GET, HEAD, POST, PUT, OPTIONS\r\n",
	              "", false);
	assert_answer("GET /echo HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 405", "", false);
	assert_answer("CONNECT x:1 HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 405", "", false);
	assert_answer("BREW / HTTP/1.1\r\n" HOST "\r\n", "HTTP/1.1 501", "", false);
	assert_answer("OPTIONS * HTTP/1.1\r\n" HOST "\r\n",
	              "HTTP/1.1 204 No Content\r\nServer: wringer\r\nAllow: GET", "\r\n\r\n",
	              false);
	assert_answer("OPTIONS /echo HTTP/1.1\r\n" HOST "\r\n",
	              "HTTP/1.1 204 No Content\r\nServer: wringer\r\nAllow: POST, PUT",
	              "\r\n\r\n", false);
}

static void content_is_counted(void **state)
{
	assert_answer("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello",
	              "HTTP/1.1 200 OK\r\n", "\r\n\r\n5 bytes\n", false);
	assert_answer("POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n",
	              "HTTP/1.1 200 OK\r\n", "\r\n\r\n0 bytes\n", false);
	assert_answer("PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
	              "5\r\nhello\r\n6\r\n world\r\n0\r\nA: b\r\n\r\n",
	              "HTTP/1.1 200 OK\r\n", "\r\n\r\n11 bytes\n", false);
	assert_answer("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
	              "HTTP/1.1 400 Bad Request\r\n", "400 Bad Request\n", true);
}

static void content_is_echoed(void **state)
{
	assert_answer("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello",
	              "HTTP/1.1 200 OK\r\n", "Content-Length: 5\r\n\r\nhello", false);
	assert_answer("POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n",
	              "HTTP/1.1 200 OK\r\n", "Content-Length: 0\r\n\r\n", false);
	assert_answer("POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
	              "0\r\n\r\n",
	              "HTTP/1.1 200 OK\r\n", "chunked\r\n\r\n0\r\n\r\n", false);
}

static void a_client_that_waits_is_told_to_go_on(void **state)
{
	assert_answer("POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
	              "Content-Length: 2\r\n\r\nab",
	              "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", "2 bytes\n", false);
	assert_answer("POST /none HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
	              "Content-Length: 2\r\n\r\n",
	              "HTTP/1.1 404 Not Found\r\n", "", true);
	assert_answer("POST / HTTP/1.1\r\n" HOST "Expect: tea\r\n\r\n",
	              "HTTP/1.1 417 Expectation Failed\r\n", "", false);
}

static void broken_requests_are_answered_once_and_closed(void **state)
{
	assert_answer("GET / HTTP/1.1\r\n\r\n" GET("/"), "HTTP/1.1 400 Bad Request\r\n",
	              "400 Bad Request\n", true);
	assert_answer("GET / HTTP/3.0\r\n" HOST "\r\n", "HTTP/1.1 505", "Supported\n", true);
	assert_answer("POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\n"
	              "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" GET("/"),
	              "HTTP/1.1 400 Bad Request\r\n", "400 Bad Request\n", true);
	assert_answer("POST /none HTTP/1.1\r\n" HOST "Content-Length: 44\r\n\r\n" GET("/"),
	              "HTTP/1.1 404 Not Found\r\n", "404 Not Found\n", true);
}

static void a_long_head_gets_431_and_a_long_target_414(void **state)
{
	static char text[20000];
	struct wire *wire = serve();
	struct talker t;

	snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nA: %015000d\r\n\r\n", 0);
	t = asked(wire, text, 0);
	assert_non_null(strstr(t.heard, "HTTP/1.1 431 "));
	talker_free(&t);
	snprintf(text, sizeof(text), "GET /%015000d HTTP/1.1\r\n\r\n", 0);
	t = asked(wire, text, 0);
	assert_non_null(strstr(t.heard, "HTTP/1.1 414 "));
	talker_free(&t);
	wire_free(wire);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
	struct wire *wire = serve();
	char text[100 * 64], *at = text;
	const char *answer;
	struct talker t;

	for (unsigned i = 0; i < 100; i++)
		at += sprintf(at, "GET /status/%u HTTP/1.1\r\n" HOST "\r\n", 200 + i);
	t = asked(wire, text, 0);
	assert_int_equal(count(t.heard, "HTTP/1.1 "), 100);
	answer = t.heard;
	for (unsigned i = 0; i < 100; i++) {
		char begin[32];

		snprintf(begin, sizeof(begin), "HTTP/1.1 %u ", 200 + i);
		answer = strstr(answer, begin);
		assert_non_null(answer);
	}
	assert_int_equal(wire_stat(wire, 0, WR_STAT_http_requests), 100);
	assert_int_equal(wire_stat(wire, 0, WR_STAT_http_2xx), 100);
	talker_free(&t);
	wire_free(wire);
}

/* Requests behind a long answer wait for it, although their text came long ago. */
static void a_long_answer_is_sent_whole_before_the_next(void **state)
{
	struct wire *wire = serve();
	struct talker t = {.piece = 50};
	const uint64_t bytes = 3 << 20;
	const char *content, *after;

	talker_start(&t, wire, HTTP);
	talker_say(&t, GET("/bytes/3M") GET("/health") GET("/bytes/1k") GET("/health"));
	talker_hang_up(&t);
	wire_run(wire, WR_S(10));
	content = strstr(t.heard, "\r\n\r\n") + 4;
	assert_false(wr_pattern_differs(content, bytes, 0));
	after = content + bytes;
	assert_int_equal(strncmp(after, "HTTP/1.1 200 OK\r\n", 17), 0);
	assert_string_equal(t.heard + t.heard_len - 3, "ok\n");
	assert_int_equal(t.peer_closed, 1);
	assert_int_equal(t.reason, WR_REASON_finished);
	assert_int_equal(wire_stat(wire, 0, WR_STAT_http_2xx), 4);
	talker_free(&t);
	wire_free(wire);
}

static void a_client_that_does_not_read_holds_no_more_than_its_queue(void **state)
{
	struct wire *wire = serve();
	struct talker t = {.paused = true};
	struct wr_stats *stats = &wire->host[0].stats[0];

	talker_start(&t, wire, HTTP);
	talker_say(&t, GET("/bytes/1024G") GET("/"));
	wire_run(wire, WR_S(2));
	assert_true(rte_mempool_in_use_count(wire->host[0].pool) < 1000);
	wire_run(wire, 3 * PERIOD);
	assert_int_equal(stats->n[WR_STAT_service_timeouts], 1);
	assert_int_equal(stats->connections[WR_TCP_ESTABLISHED], 0);
	assert_int_equal(rte_mempool_in_use_count(wire->host[0].pool), 0);
	talker_wake(&t, WR_S(1));
	assert_int_equal(t.reason, WR_REASON_reset_by_peer);
	talker_free(&t);
	wire_free(wire);
}

static void a_slow_but_steady_reader_is_served(void **state)
{
	struct wire *wire = serve();
	struct talker t = {.forgets = true};

	talker_start(&t, wire, HTTP);
	talker_say(&t, GET("/bytes/2M"));
	for (unsigned i = 0; i < 20; i++) {
		t.paused = true;
		wire_run(wire, PERIOD / 2);
		talker_wake(&t, WR_US(200));
	}
	talker_wake(&t, WR_S(20));
	assert_true(t.heard_len > 2 << 20);
	assert_int_equal(wire_stat(wire, 0, WR_STAT_service_timeouts), 0);
	talker_hang_up(&t);
	talker_free(&t);
	wire_free(wire);
}

static void a_head_that_dribbles_in_gets_408(void **state)
{
	struct wire *wire = serve();
	struct talker t = {0};
	static const char text[] = "GET / HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

	talker_start(&t, wire, HTTP);
	for (unsigned i = 0; i < sizeof(text) - 1 && !t.peer_closed; i++) {
		talker_say_bytes(&t, text + i, 1);
		wire_run(wire, WR_S(1));
	}
	assert_non_null(strstr(t.heard, "HTTP/1.1 408 Request Timeout\r\n"));
	assert_int_equal(t.peer_closed, 1);
	assert_int_equal(wire_stat(wire, 0, WR_STAT_service_timeouts), 1);
	talker_free(&t);
	wire_free(wire);
}

static void content_that_does_not_come_ends_the_connection(void **state)
{
	struct wire *wire = serve();
	struct talker t = {0};

	talker_start(&t, wire, HTTP);
	talker_say(&t, "POST / HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\nabc");
	wire_run(wire, 3 * PERIOD);
	assert_int_equal(t.closed, 1);
	assert_int_equal(wire_stat(wire, 0, WR_STAT_service_timeouts), 1);
	talker_free(&t);
	wire_free(wire);
}

static void an_idle_connection_is_kept(void **state)
{
	struct wire *wire = serve();
	struct talker t = {0};

	talker_start(&t, wire, HTTP);
	talker_say(&t, GET("/health"));
	wire_run(wire, 10 * PERIOD);
	assert_int_equal(t.closed, 0);
	talker_say(&t, GET("/health"));
	assert_int_equal(count(t.heard, "ok\n"), 2);
	talker_hang_up(&t);
	talker_free(&t);
	wire_free(wire);
}

/* After an error we read on a while, so that the answer is not lost to a reset; not for ever.
 */
static void a_peer_that_sends_on_after_an_error_is_reset_in_the_end(void **state)
{
	struct wire *wire = serve();
	static char text[3 << 20];
	struct talker t = {.stays = true};

	memset(text, 'x', sizeof(text));
	memcpy(text, "BAD\r\n", 5);
	talker_start(&t, wire, HTTP);
	talker_say_bytes(&t, text, sizeof(text));
	wire_run(wire, WR_S(5));
	assert_non_null(strstr(t.heard, "HTTP/1.1 400 "));
	assert_int_equal(t.reason, WR_REASON_reset_by_peer);
	assert_int_equal(wire_stat(wire, 0, WR_STAT_service_refused), 1);
	talker_free(&t);
	wire_free(wire);
}

static void half_a_request_before_a_fin_is_forgotten(void **state)
{
	struct wire *wire = serve();
	struct talker t = {0};

	talker_start(&t, wire, HTTP);
	talker_say(&t, "GET / HT");
	talker_hang_up(&t);
	wire_run(wire, WR_S(1));
	assert_int_equal(t.heard_len, 0);
	assert_int_equal(t.reason, WR_REASON_finished);
	talker_free(&t);
	wire_free(wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_served_and_the_connection_is_kept),
		cmocka_unit_test(a_client_that_wants_to_close_is_closed),
		cmocka_unit_test(head_is_answered_without_content),
		cmocka_unit_test(methods_that_do_not_fit_are_refused),
		cmocka_unit_test(content_is_counted),
		cmocka_unit_test(content_is_echoed),
		cmocka_unit_test(a_client_that_waits_is_told_to_go_on),
		cmocka_unit_test(broken_requests_are_answered_once_and_closed),
		cmocka_unit_test(a_long_head_gets_431_and_a_long_target_414),
		cmocka_unit_test(pipelined_requests_are_answered_in_order),
		cmocka_unit_test(a_long_answer_is_sent_whole_before_the_next),
		cmocka_unit_test(a_client_that_does_not_read_holds_no_more_than_its_queue),
		cmocka_unit_test(a_slow_but_steady_reader_is_served),
		cmocka_unit_test(a_head_that_dribbles_in_gets_408),
		cmocka_unit_test(content_that_does_not_come_ends_the_connection),
		cmocka_unit_test(an_idle_connection_is_kept),
		cmocka_unit_test(a_peer_that_sends_on_after_an_error_is_reset_in_the_end),
		cmocka_unit_test(half_a_request_before_a_fin_is_forgotten),
	};

	return cmocka_run_group_tests(tests, wr_test_start, NULL);
}
