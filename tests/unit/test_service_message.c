/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "talker.h"
#include "wr_pattern.h"
#include "wr_test.h"

#define MESSAGE 7001
#define MOST    (1u << 20)
#define PERIOD  WR_S(5) /* request-timeout */

static struct wire *serve(unsigned buffers)
{
	struct wr_stack_conf conf;

	wire_conf(&conf, 0);
	conf.request_timeout_us = PERIOD / 1000;
	wr_stack_serve(&conf, &wr_service_message);
	return wire_new(&conf, 1, buffers, 8191);
}

/* A message of n bytes at out; returns its size with the length. */
static uint32_t put(uint8_t *out, uint32_t n)
{
	out[0] = (uint8_t)(n >> 24);
	out[1] = (uint8_t)(n >> 16);
	out[2] = (uint8_t)(n >> 8);
	out[3] = (uint8_t)n;
	wr_pattern_fill(out + 4, n, n);
	return 4 + n;
}

/* Many messages in a row, cut into pieces: all come back, and only complete ones. */
static void echo(const uint32_t *sizes, unsigned n, size_t piece)
{
	struct wire *wire = serve(8191);
	struct talker t = {.piece = piece};
	uint8_t *text = malloc(n * (MOST + 4));
	uint32_t len = 0;

	for (unsigned i = 0; i < n; i++)
		len += put(text + len, sizes[i]);
	talker_start(&t, wire, MESSAGE);
	talker_say_bytes(&t, text, len);
	wire_run(wire, WR_S(10));
	assert_int_equal(t.said, len);
	assert_int_equal(t.heard_len, len);
	assert_memory_equal(t.heard, text, len);
	assert_int_equal(wire_stat(wire, 0, WR_STAT_messages_echoed), n);
	talker_hang_up(&t);
	wire_run(wire, WR_S(1));
	assert_int_equal(t.reason, WR_REASON_finished);
	talker_free(&t);
	free(text);
	wire_free(wire);
}

static void messages_of_all_sizes_come_back(void **state)
{
	static const uint32_t sizes[] = {1, 2, 1000, 1444, 1445, 3, 100000, 1, MOST};

	echo(sizes, WR_LEN(sizes), 1400);
	echo(sizes, WR_LEN(sizes), 1448);
	echo(sizes, WR_LEN(sizes) - 1, 333);
}

static void messages_may_come_in_any_pieces(void **state)
{
	static const uint32_t sizes[] = {1, 2, 60, 300, 5, 7};

	for (size_t piece = 1; piece < 70; piece++)
		echo(sizes, WR_LEN(sizes), piece);
}

static void half_a_message_is_not_echoed(void **state)
{
	struct wire *wire = serve(8191);
	struct talker t = {0};
	uint8_t text[4096];
	uint32_t one = put(text, 100), two = one + put(text + one, 1000);

	talker_start(&t, wire, MESSAGE);
	talker_say_bytes(&t, text, two - 1);
	wire_run(wire, WR_S(1));
	assert_int_equal(t.heard_len, one);
	talker_say_bytes(&t, text + two - 1, 1);
	assert_int_equal(t.heard_len, two);
	assert_memory_equal(t.heard, text, two);
	talker_hang_up(&t);
	talker_free(&t);
	wire_free(wire);
}

static void lengths_out_of_bounds_are_reset(void **state)
{
	static const uint8_t bad[][4] = {{0, 0, 0, 0}, {0, 16, 0, 1}, {255, 255, 255, 255}};
	struct wire *wire = serve(8191);

	for (unsigned i = 0; i < WR_LEN(bad); i++) {
		struct talker t = {0};

		talker_start(&t, wire, MESSAGE);
		talker_say_bytes(&t, bad[i], 4);
		assert_int_equal(t.reason, WR_REASON_reset_by_peer);
		talker_free(&t);
	}
	assert_int_equal(wire_stat(wire, 0, WR_STAT_service_refused), WR_LEN(bad));
	wire_free(wire);
}

/* Messages that never end may bind a quarter of the buffers; then they cost their sender. */
static void unfinished_messages_cannot_bind_all_buffers(void **state)
{
	struct wire *wire = serve(2047);
	struct talker t[8];
	static uint8_t text[MOST];
	unsigned reset = 0;

	put(text, MOST - 8);
	for (unsigned i = 0; i < WR_LEN(t); i++) {
		t[i] = (struct talker) {0};
		talker_start(&t[i], wire, MESSAGE);
		talker_say_bytes(&t[i], text, 300000);
		wire_run(wire, WR_MS(100));
		assert_true(rte_mempool_in_use_count(wire->host[0].pool) < 1000);
	}
	for (unsigned i = 0; i < WR_LEN(t); i++) {
		reset += t[i].reason == WR_REASON_reset_by_peer && t[i].closed;
		talker_hang_up(&t[i]);
		talker_free(&t[i]);
	}
	assert_true(reset > 0);
	assert_int_equal(wire_stat(wire, 0, WR_STAT_service_refused), reset);
	wire_free(wire);
}

static void small_pieces_share_buffers(void **state)
{
	struct wire *wire = serve(2047);
	struct talker t = {.piece = 5};
	uint8_t text[8004];
	uint32_t len = put(text, 8000);

	talker_start(&t, wire, MESSAGE);
	talker_say_bytes(&t, text, len - 1);
	wire_run(wire, WR_S(1));
	assert_true(rte_mempool_in_use_count(wire->host[0].pool) < 20);
	talker_say_bytes(&t, text + len - 1, 1);
	assert_int_equal(t.heard_len, len);
	assert_memory_equal(t.heard, text, len);
	talker_hang_up(&t);
	talker_free(&t);
	wire_free(wire);
}

static void half_a_message_does_not_wait_for_ever(void **state)
{
	struct wire *wire = serve(2047);
	struct talker t = {0};

	talker_start(&t, wire, MESSAGE);
	talker_say_bytes(&t, "\0\0\0\x08half", 8);
	wire_run(wire, 3 * PERIOD);
	assert_int_equal(t.reason, WR_REASON_reset_by_peer);
	assert_int_equal(wire_stat(wire, 0, WR_STAT_service_timeouts), 1);
	talker_free(&t);
	wire_free(wire);
}

static void a_client_that_does_not_read_is_given_up(void **state)
{
	struct wire *wire = serve(8191);
	struct talker t = {.paused = true};
	static uint8_t text[MOST + 4];
	uint32_t len = put(text, MOST);

	talker_start(&t, wire, MESSAGE);
	talker_say_bytes(&t, text, len);
	wire_run(wire, WR_S(2));
	assert_true(rte_mempool_in_use_count(wire->host[0].pool) < 1200);
	wire_run(wire, 4 * PERIOD);
	assert_int_equal(wire_stat(wire, 0, WR_STAT_service_timeouts), 1);
	assert_int_equal(rte_mempool_in_use_count(wire->host[0].pool), 0);
	talker_wake(&t, WR_S(1));
	talker_free(&t);
	wire_free(wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_of_all_sizes_come_back),
		cmocka_unit_test(messages_may_come_in_any_pieces),
		cmocka_unit_test(half_a_message_is_not_echoed),
		cmocka_unit_test(lengths_out_of_bounds_are_reset),
		cmocka_unit_test(unfinished_messages_cannot_bind_all_buffers),
		cmocka_unit_test(small_pieces_share_buffers),
		cmocka_unit_test(half_a_message_does_not_wait_for_ever),
		cmocka_unit_test(a_client_that_does_not_read_is_given_up),
	};

	return cmocka_run_group_tests(tests, wr_test_start, NULL);
}
