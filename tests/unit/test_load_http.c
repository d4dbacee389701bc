/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "load_rig.h"
#include "wr_test.h"

static struct load_rig rig;

/* ---- a server that always says the same ---- */

static const char *answer; /* to any text that ends with an empty line or an x */
static bool closes;        /* after it */
static char heard[4096];   /* of the client's text, the last piece */

static bool on_open(struct wr_tcp *tcp, struct wr_tcb *c)
{
	return true;
}

static bool on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	struct rte_mbuf *reply = rte_pktmbuf_alloc(wr_tcp_ip(tcp)->pool);

	memcpy(heard, rte_pktmbuf_mtod(m, char *), m->data_len);
	heard[m->data_len] = 0;
	rte_pktmbuf_free(m);
	assert_non_null(reply);
	memcpy(rte_pktmbuf_append(reply, (uint16_t)strlen(answer)), answer, strlen(answer));
	assert_int_equal(wr_tcp_send(tcp, c, reply), 0);
	if (closes)
		wr_tcp_close(tcp, c);
	return true;
}

static void on_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
}

static void on_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
}

static const struct wr_tcp_events events = {
	.on_open = on_open,
	.on_data = on_data,
	.on_room = on_room,
	.on_peer_closed = wr_tcp_close,
	.on_closed = on_closed,
};

static const struct wr_service canned = {
	.name = "canned",
	.port = 8000,
	.tcp = &events,
	.nodelay = true,
};

static const struct wr_service *const services[] = {&wr_service_http, &canned, NULL};

/* ---- a client ---- */

static void conf(const struct wr_service *service, const char *path)
{
	rig_conf(&rig, WR_LOAD_HTTP);
	rig.conf.port = service->port;
	rig.conf.requests = 20;
	rig.conf.duration_ns = 0;
	rig.conf.reconnect = WR_LOAD_RECONNECT_AT_ONCE;
	strcpy(rig.conf.http.path, path);
	closes = false;
}

static void run(void)
{
	rig_up(&rig, 1, services);
	rig_run(&rig);
}

static void run_against(const char *text, bool closing)
{
	conf(&canned, "/");
	answer = text;
	closes = closing;
	run();
}

static void pages_are_got_on_connections_that_stay(void **state)
{
	conf(&wr_service_http, "/health");
	rig.conf.set.connections = 3;
	run();
	assert_int_equal(RIG_COUNT(&rig, responses), 20);
	assert_int_equal(RIG_COUNT(&rig, http_2xx), 20);
	assert_int_equal(RIG_COUNT(&rig, connections_opened), 3);
	assert_int_equal(RIG_COUNT(&rig, connections_closed), 3);
	assert_int_equal(rig_timed(&rig, WR_LATENCY_first_byte), 20);
	rig_down(&rig);
}

static void requests_can_be_sent_ahead(void **state)
{
	conf(&wr_service_http, "/bytes/3000");
	rig.conf.pipeline = 8;
	rig.conf.verify = true;
	run();
	assert_int_equal(RIG_COUNT(&rig, responses), 20);
	assert_int_equal(RIG_COUNT(&rig, verified), 20);
	rig_down(&rig);
}

static void a_connection_for_each_request_is_closed(void **state)
{
	conf(&wr_service_http, "/health");
	rig.conf.http.close = true;
	run();
	assert_int_equal(RIG_COUNT(&rig, responses), 20);
	assert_int_equal(RIG_COUNT(&rig, connections_opened), 20);
	assert_int_equal(RIG_COUNT(&rig, connections_closed), 20);
	rig_down(&rig);
}

static void content_is_checked_by_its_pattern(void **state)
{
	conf(&wr_service_http, "/bytes/100k");
	rig.conf.verify = true;
	run();
	assert_int_equal(RIG_COUNT(&rig, verified), 20);
	assert_true(RIG_COUNT(&rig, bytes_received) > 20 * 102400);
	rig_down(&rig);
}

static enum rig_fate hurt_one(struct load_rig *r, unsigned to, unsigned n,
                              const struct rte_mbuf *m)
{
	return to == 0 && n == 5 ? RIG_CORRUPT : RIG_PASS;
}

static void changed_content_is_corrupt(void **state)
{
	conf(&wr_service_http, "/bytes/100k");
	rig.conf.verify = true;
	rig.fate = hurt_one;
	run();
	assert_int_equal(RIG_COUNT(&rig, corrupt), 1);
	assert_int_equal(RIG_COUNT(&rig, verified), 19);
	rig_down(&rig);
}

static void posts_of_any_length_are_understood(void **state)
{
	conf(&wr_service_http, "/echo");
	rig.conf.http.post = true;
	assert_int_equal(wr_sizes_parse("1-20000", 1 << 20, &rig.conf.request), 0);
	run();
	assert_int_equal(RIG_COUNT(&rig, http_2xx), 20);
	assert_int_equal(RIG_COUNT(&rig, http_broken), 0);
	/* What is echoed has as long a head as what was sent, but for some bytes. */
	assert_in_range(RIG_COUNT(&rig, bytes_received), RIG_COUNT(&rig, bytes_sent) / 2,
	                RIG_COUNT(&rig, bytes_sent) * 2);
	rig_down(&rig);
}

static void statuses_are_counted_by_class(void **state)
{
	static const struct {
		const char *path;
		enum wr_load_stat stat;
	} pages[] = {
		{"/status/204", WR_LOAD_STAT_http_2xx},
		{"/status/301", WR_LOAD_STAT_http_3xx},
		{"/nothing/here", WR_LOAD_STAT_http_4xx},
		{"/status/503", WR_LOAD_STAT_http_5xx},
	};

	for (unsigned i = 0; i < WR_LEN(pages); i++) {
		conf(&wr_service_http, pages[i].path);
		run();
		assert_int_equal(rig_count(&rig, pages[i].stat), 20);
		assert_int_equal(RIG_COUNT(&rig, responses), 20);
		rig_down(&rig);
	}
}

static void the_head_says_what_was_asked(void **state)
{
	conf(&canned, "/some/path?x=1");
	strcpy(rig.conf.http.headers, "User-Agent: wringer\r\nX: y\r\n");
	answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	run();
	assert_string_equal(heard, "GET /some/path?x=1 HTTP/1.1\r\n"
	                           "Host: 198.18.0.2:8000\r\n"
	                           "User-Agent: wringer\r\nX: y\r\n"
	                           "\r\n");
	rig_down(&rig);
	conf(&canned, "");
	strcpy(rig.conf.http.host, "www.example.net");
	rig.conf.http.post = true;
	assert_int_equal(wr_sizes_parse("5", 1 << 20, &rig.conf.request), 0);
	rig.conf.http.close = true;
	run();
	/* The pattern that follows begins with zeros. */
	assert_string_equal(heard, "POST / HTTP/1.1\r\n"
	                           "Host: www.example.net\r\n"
	                           "Connection: close\r\n"
	                           "Content-Length:          5\r\n"
	                           "\r\n");
	rig_down(&rig);
}

static void chunks_are_read(void **state)
{
	run_against("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	            "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nT: u\r\n\r\n",
	            false);
	assert_int_equal(RIG_COUNT(&rig, http_2xx), 20);
	assert_int_equal(RIG_COUNT(&rig, connections_opened), 1);
	rig_down(&rig);
}

static void interim_responses_are_counted_and_passed_over(void **state)
{
	run_against("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
	            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
	            false);
	assert_int_equal(RIG_COUNT(&rig, http_1xx), 40);
	assert_int_equal(RIG_COUNT(&rig, http_2xx), 20);
	assert_int_equal(RIG_COUNT(&rig, responses), 20);
	rig_down(&rig);
}

static void the_end_of_the_connection_ends_a_body_without_length(void **state)
{
	conf(&canned, "/");
	rig.conf.verify = true;
	answer = "HTTP/1.0 200 OK\r\n\r\nas long as it lasts";
	closes = true;
	run();
	assert_int_equal(RIG_COUNT(&rig, verified), 20);
	assert_int_equal(RIG_COUNT(&rig, responses), 20);
	assert_int_equal(RIG_COUNT(&rig, http_2xx), 20);
	assert_int_equal(RIG_COUNT(&rig, connections_opened), 20);
	rig_down(&rig);
}

static void a_server_that_closes_is_reconnected_to(void **state)
{
	run_against("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
	            true);
	assert_int_equal(RIG_COUNT(&rig, responses), 20);
	assert_int_equal(RIG_COUNT(&rig, connections_opened), 20);
	assert_int_equal(RIG_COUNT(&rig, connections_broken), 0);
	rig_down(&rig);
}

static void a_body_that_ends_early_is_missing(void **state)
{
	run_against("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", true);
	assert_int_equal(RIG_COUNT(&rig, responses), 0);
	assert_int_equal(RIG_COUNT(&rig, responses_missing), 20);
	rig_down(&rig);
}

static void what_is_not_http_is_broken_and_reset(void **state)
{
	run_against("SSH-2.0-OpenSSH_9.2\r\n", false);
	assert_int_equal(RIG_COUNT(&rig, http_broken), 20);
	assert_int_equal(RIG_COUNT(&rig, responses_missing), 20);
	assert_int_equal(RIG_COUNT(&rig, connections_broken), 20);
	assert_int_equal(rig_reason(&rig, WR_REASON_aborted), 20);
	rig_down(&rig);
}

static void more_than_was_asked_for_is_unasked(void **state)
{
	run_against("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
	            false);
	assert_true(RIG_COUNT(&rig, responses_unasked) > 0);
	rig_down(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_got_on_connections_that_stay),
		cmocka_unit_test(requests_can_be_sent_ahead),
		cmocka_unit_test(a_connection_for_each_request_is_closed),
		cmocka_unit_test(content_is_checked_by_its_pattern),
		cmocka_unit_test(changed_content_is_corrupt),
		cmocka_unit_test(posts_of_any_length_are_understood),
		cmocka_unit_test(statuses_are_counted_by_class),
		cmocka_unit_test(the_head_says_what_was_asked),
		cmocka_unit_test(chunks_are_read),
		cmocka_unit_test(interim_responses_are_counted_and_passed_over),
		cmocka_unit_test(the_end_of_the_connection_ends_a_body_without_length),
		cmocka_unit_test(a_server_that_closes_is_reconnected_to),
		cmocka_unit_test(a_body_that_ends_early_is_missing),
		cmocka_unit_test(what_is_not_http_is_broken_and_reset),
		cmocka_unit_test(more_than_was_asked_for_is_unasked),
	};

	return cmocka_run_group_tests(tests, wr_test_start, NULL);
}
