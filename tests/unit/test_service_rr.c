/* SPDX-License-Identifier: BSD-3-Clause */
/* rr, sink, source and match: bytes that both ends know. */
#include <stdlib.h>
#include <string.h>

#include "talker.h"
#include "wr_pattern.h"
#include "wr_rr.h"
#include "wr_test.h"

#define RR     5203
#define SINK   5204
#define SOURCE 5205
#define MATCH  5206
#define PERIOD WR_S(5) /* request-timeout */

static struct wire *serve(void)
{
	struct wr_stack_conf conf;

	wire_conf(&conf, 0);
	conf.request_timeout_us = PERIOD / 1000;
	wr_stack_serve(&conf, &wr_service_rr);
	wr_stack_serve(&conf, &wr_service_sink);
	wr_stack_serve(&conf, &wr_service_source);
	wr_stack_serve(&conf, &wr_service_match);
	return wire_new(&conf, 1, 8191, 8191);
}

/* ---- rr ---- */

/* A request whose text is not the pattern, so that a mere echo shows. */
static void put_request(uint8_t *out, uint32_t request, uint32_t response, uint32_t tag)
{
	const struct wr_rr rr = {request, response, tag};

	for (uint32_t i = 0; i < request; i++)
		out[i] = (uint8_t)(tag + i * 7);
	wr_rr_write(out, &rr);
}

static void assert_response(const uint8_t *heard, const uint8_t *request,
                            uint32_t request_bytes, uint32_t bytes)
{
	uint32_t copied = wr_min(wr_min(request_bytes, WR_RR_COPIED), bytes);

	assert_memory_equal(heard, request, copied);
	assert_false(wr_pattern_differs(heard + copied, bytes - copied, copied));
}

static void exchange(struct wire *wire, uint32_t request, uint32_t response, size_t piece)
{
	uint8_t *text = malloc(request);
	struct talker t = {.piece = piece};

	put_request(text, request, response, request ^ response);
	talker_start(&t, wire, RR);
	talker_say_bytes(&t, text, request);
	wire_run(wire, WR_S(1));
	assert_int_equal(t.heard_len, response);
	assert_response((uint8_t *)t.heard, text, request, response);
	talker_hang_up(&t);
	wire_run(wire, WR_S(1));
	assert_int_equal(t.reason, WR_REASON_finished);
	talker_free(&t);
	free(text);
}

static void every_size_gets_the_response_it_asked_for(void **state)
{
	static const uint32_t sizes[] = {16,   17,   63,   64,   65,    200,
	                                 1000, 1448, 1449, 5000, 300000};
	struct wire *wire = serve();

	for (unsigned i = 0; i < WR_LEN(sizes); i++)
		for (unsigned j = 0; j < WR_LEN(sizes); j++)
			exchange(wire, sizes[i], sizes[j], 1400);
	for (uint32_t response = 0; response < 16; response++)
		exchange(wire, 64, response, 1400);
	assert_int_equal(wire_stat(wire, 0, WR_STAT_rr_requests),
	                 WR_LEN(sizes) * WR_LEN(sizes) + 16);
	wire_free(wire);
}

static void a_request_may_come_in_any_pieces(void **state)
{
	struct wire *wire = serve();

	for (size_t piece = 1; piece < 40; piece++) {
		exchange(wire, 64, 64, piece);
		exchange(wire, 100, 2000, piece);
	}
	wire_free(wire);
}

static void requests_sent_ahead_are_answered_in_order(void **state)
{
	static const struct {
		uint32_t request, response;
	} mix[] = {{64, 64}, {64, 64}, {16, 3000}, {700, 16}, {16, 0}, {1200, 1200}, {64, 64}};
	struct wire *wire = serve();
	struct talker t = {.piece = 1400};
	uint8_t text[8192];
	uint32_t at = 0, heard = 0;

	for (unsigned i = 0; i < WR_LEN(mix); i++, at += mix[i - 1].request)
		put_request(text + at, mix[i].request, mix[i].response, i);
	talker_start(&t, wire, RR);
	talker_say_bytes(&t, text, at);
	wire_run(wire, WR_S(1));
	at = 0;
	for (unsigned i = 0; i < WR_LEN(mix); i++) {
		assert_true(heard + mix[i].response <= t.heard_len);
		assert_response((uint8_t *)t.heard + heard, text + at, mix[i].request,
		                mix[i].response);
		at += mix[i].request;
		heard += mix[i].response;
	}
	assert_int_equal(t.heard_len, heard);
	talker_hang_up(&t);
	talker_free(&t);
	wire_free(wire);
}

static void what_is_no_request_is_reset(void **state)
{
	static const char *const bad[] = {"GET / HTTP/1.1\r\n\r\n",
	                                  "WRRR\0\0\0\x0f\0\0\0\x10\0\0\0\0"};
	struct wire *wire = serve();

	for (unsigned i = 0; i < WR_LEN(bad); i++) {
		struct talker t = {0};

		talker_start(&t, wire, RR);
		talker_say_bytes(&t, bad[i], 16);
		assert_int_equal(t.reason, WR_REASON_reset_by_peer);
		talker_free(&t);
	}
	assert_int_equal(wire_stat(wire, 0, WR_STAT_service_refused), WR_LEN(bad));
	wire_free(wire);
}

static void half_a_request_does_not_wait_for_ever(void **state)
{
	struct wire *wire = serve();
	struct talker t = {0};
	uint8_t text[64];

	put_request(text, 64, 64, 1);
	talker_start(&t, wire, RR);
	talker_say_bytes(&t, text, 30);
	wire_run(wire, 3 * PERIOD);
	assert_int_equal(t.reason, WR_REASON_reset_by_peer);
	assert_int_equal(wire_stat(wire, 0, WR_STAT_service_timeouts), 1);
	talker_free(&t);
	wire_free(wire);
}

/* What the client's UDP port received. */
struct received {
	unsigned datagrams;
	uint32_t bytes;
	uint8_t text[65536]; /* of the last */
};

static enum wr_verdict receive(struct wr_udp *udp, struct rte_mbuf *m,
                               const struct wr_tuple *from, uint8_t tos, void *user,
                               uint64_t now_us)
{
	struct received *got = user;
	const void *text = rte_pktmbuf_read(m, 0, m->pkt_len, got->text);

	got->datagrams++;
	got->bytes = m->pkt_len;
	if (text != got->text)
		memcpy(got->text, text, m->pkt_len);
	rte_pktmbuf_free(m);
	return WR_V_udp_delivered;
}

static void ask(struct wire *wire, const uint8_t *text, uint16_t bytes, uint16_t from)
{
	const struct wr_tuple to = {0xc6120002, 0xc6120001, from, RR};
	struct rte_mbuf *m = rte_pktmbuf_alloc(wire->host[1].pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, bytes), text, bytes);
	wr_udp_send(wr_stack_udp(wire->host[1].core[0]), m, &to, 0, wire->now_ns / 1000);
	wire_run(wire, WR_MS(1));
}

static void a_datagram_gets_one_response(void **state)
{
	static const uint32_t responses[] = {16, 40, 64, 65, 1000, 1472, 1473, 9000, 65507};
	static struct received got;
	const struct wr_udp_listener listener = {
		.port = 5000, .handler = receive, .user = &got};
	struct wire *wire = serve();
	uint8_t text[1000];

	assert_int_equal(wr_udp_listen(wr_stack_udp(wire->host[1].core[0]), &listener), 0);
	got.datagrams = 0;
	for (unsigned i = 0; i < WR_LEN(responses); i++) {
		put_request(text, 100, responses[i], i);
		ask(wire, text, 100, 5000);
		assert_int_equal(got.datagrams, i + 1);
		assert_int_equal(got.bytes, responses[i]);
		assert_response(got.text, text, 100, responses[i]);
	}
	wire_free(wire);
}

static void a_bad_datagram_gets_none(void **state)
{
	static struct received got;
	const struct wr_udp_listener listener = {
		.port = 5000, .handler = receive, .user = &got};
	struct wire *wire = serve();
	uint8_t text[64];

	assert_int_equal(wr_udp_listen(wr_stack_udp(wire->host[1].core[0]), &listener), 0);
	got.datagrams = 0;
	put_request(text, 64, 65508, 1);
	ask(wire, text, 64, 5000);
	put_request(text, 64, 64, 1);
	ask(wire, text, 15, 5000);
	ask(wire, text + 1, 63, 5000);
	ask(wire, text, 64, 7); /* an echo server would answer back */
	assert_int_equal(got.datagrams, 0);
	assert_int_equal(wire_stat(wire, 0, WR_STAT_service_refused), 3);
	put_request(text, 64, 0, 1);
	ask(wire, text, 64, 5000);
	assert_int_equal(got.datagrams, 0);
	assert_int_equal(wire_stat(wire, 0, WR_STAT_rr_requests), 1);
	wire_free(wire);
}

/* ---- sink and source ---- */

static void sink_tells_how_much_it_took(void **state)
{
	static const char text[2000000];
	const uint8_t expected[] = {0, 0, 0, 0, 0, 0x1e, 0x84, 0x80};
	struct wire *wire = serve();
	struct talker t = {0};

	talker_start(&t, wire, SINK);
	t.hangs_up = true;
	talker_say_bytes(&t, text, sizeof(text));
	wire_run(wire, WR_S(5));
	assert_int_equal(t.heard_len, 8);
	assert_memory_equal(t.heard, expected, 8);
	assert_int_equal(wire_stat(wire, 0, WR_STAT_sink_bytes), sizeof(text));
	talker_free(&t);
	wire_free(wire);
}

static void match_takes_the_pattern_and_says_how_much(void **state)
{
	static uint8_t text[2000000];
	const uint8_t expected[] = {0, 0, 0, 0, 0, 0x1e, 0x84, 0x80};
	struct wire *wire = serve();
	struct talker t = {0};

	wr_pattern_fill(text, sizeof(text), 0);
	talker_start(&t, wire, MATCH);
	t.hangs_up = true;
	talker_say_bytes(&t, text, sizeof(text));
	wire_run(wire, WR_S(5));
	assert_int_equal(t.heard_len, 8);
	assert_memory_equal(t.heard, expected, 8);
	talker_free(&t);
	wire_free(wire);
}

static void match_resets_at_a_byte_that_is_wrong(void **state)
{
	static uint8_t text[200000];
	const size_t wrong[] = {0, 1459, 100000, sizeof(text) - 1};

	for (unsigned i = 0; i < WR_LEN(wrong); i++) {
		struct wire *wire = serve();
		struct talker t = {0};

		wr_pattern_fill(text, sizeof(text), 0);
		text[wrong[i]] ^= 1;
		talker_start(&t, wire, MATCH);
		t.hangs_up = true;
		talker_say_bytes(&t, text, sizeof(text));
		wire_run(wire, WR_S(5));
		assert_int_equal(t.heard_len, 0);
		assert_int_equal(t.reason, WR_REASON_reset_by_peer);
		assert_int_equal(wire_stat(wire, 0, WR_STAT_service_refused), 1);
		talker_free(&t);
		wire_free(wire);
	}
}

static void assert_source(const char *line, uint64_t bytes)
{
	struct wire *wire = serve();
	struct talker t = {.piece = 3};

	talker_start(&t, wire, SOURCE);
	assert_int_equal(t.heard_len, 0);
	talker_say(&t, line);
	if (!strchr(line, '\n'))
		talker_hang_up(&t);
	wire_run(wire, WR_S(10));
	assert_int_equal(t.heard_len, bytes);
	assert_false(wr_pattern_differs(t.heard, bytes, 0));
	assert_int_equal(t.peer_closed, 1);
	assert_int_equal(t.reason, WR_REASON_finished);
	assert_int_equal(wire_stat(wire, 0, WR_STAT_source_bytes), bytes);
	talker_free(&t);
	wire_free(wire);
}

static void source_sends_what_was_asked_for_and_closes(void **state)
{
	assert_source("0\n", 0);
	assert_source("1\n", 1);
	assert_source("3000001\r\n", 3000001);
	assert_source("2M\n", 2 << 20);
	assert_source("100k", 100 << 10); /* ended by the FIN */
}

static void source_without_a_number_sends_until_the_client_closes(void **state)
{
	struct wire *wire = serve();
	struct talker t = {0};

	talker_start(&t, wire, SOURCE);
	talker_say(&t, "\n");
	wire_run(wire, WR_MS(50));
	assert_true(t.heard_len > 1000000);
	assert_false(wr_pattern_differs(t.heard, t.heard_len, 0));
	talker_hang_up(&t);
	wire_run(wire, WR_S(5));
	assert_int_equal(t.reason, WR_REASON_finished);
	talker_free(&t);
	wire_free(wire);
}

static void source_refuses_what_is_no_number(void **state)
{
	static const char *const bad[] = {"x\n",   "-1\n",
	                                  "1 M\n", "99999999999999999999\n",
	                                  "1T\n",  "1111111111111111111111111111111"};
	struct wire *wire = serve();

	for (unsigned i = 0; i < WR_LEN(bad); i++) {
		struct talker t = {0};

		talker_start(&t, wire, SOURCE);
		talker_say(&t, bad[i]);
		assert_int_equal(t.reason, WR_REASON_reset_by_peer);
		talker_free(&t);
	}
	assert_int_equal(wire_stat(wire, 0, WR_STAT_service_refused), WR_LEN(bad));
	wire_free(wire);
}

static void source_gives_up_a_client_that_does_not_read(void **state)
{
	struct wire *wire = serve();
	struct talker t = {.paused = true};

	talker_start(&t, wire, SOURCE);
	talker_say(&t, "\n");
	wire_run(wire, 4 * PERIOD);
	assert_int_equal(wire_stat(wire, 0, WR_STAT_service_timeouts), 1);
	assert_int_equal(rte_mempool_in_use_count(wire->host[0].pool), 0);
	talker_wake(&t, WR_S(1));
	assert_int_equal(t.closed, 1);
	talker_free(&t);
	wire_free(wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_size_gets_the_response_it_asked_for),
		cmocka_unit_test(a_request_may_come_in_any_pieces),
		cmocka_unit_test(requests_sent_ahead_are_answered_in_order),
		cmocka_unit_test(what_is_no_request_is_reset),
		cmocka_unit_test(half_a_request_does_not_wait_for_ever),
		cmocka_unit_test(a_datagram_gets_one_response),
		cmocka_unit_test(a_bad_datagram_gets_none),
		cmocka_unit_test(sink_tells_how_much_it_took),
		cmocka_unit_test(match_takes_the_pattern_and_says_how_much),
		cmocka_unit_test(match_resets_at_a_byte_that_is_wrong),
		cmocka_unit_test(source_sends_what_was_asked_for_and_closes),
		cmocka_unit_test(source_without_a_number_sends_until_the_client_closes),
		cmocka_unit_test(source_refuses_what_is_no_number),
		cmocka_unit_test(source_gives_up_a_client_that_does_not_read),
	};

	return cmocka_run_group_tests(tests, wr_test_start, NULL);
}
