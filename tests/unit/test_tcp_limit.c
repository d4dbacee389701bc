/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts of listeners and sources, against plain arrays. */

#include "tcp.h"
#include "wr_prng.h"
#include "wr_test.h"

#define CONNECTIONS 1000u
#define SOURCES     300u
#define LISTENERS   3u
#define STEPS       200000u

static struct wr_tcp tcp;
static struct wr_tcb tcb[CONNECTIONS];
static bool open[CONNECTIONS];
static uint32_t per_source[SOURCES], per_listener[LISTENERS];

static void set_up(uint32_t per_source_most, uint32_t per_listener_most)
{
	const struct wr_sipkey key = {1, 2};

	memset(&tcp, 0, sizeof(tcp));
	memset(open, 0, sizeof(open));
	memset(per_source, 0, sizeof(per_source));
	memset(per_listener, 0, sizeof(per_listener));
	tcp.conf.connections = CONNECTIONS;
	tcp.conf.source_connections = per_source_most;
	tcp.conf.listener_connections = per_listener_most;
	assert_int_equal(tcp_limits_init(&tcp, &key, SOCKET_ID_ANY), 0);
}

static uint32_t addr_of(uint32_t source)
{
	return 0xc6130000u + source * 7919;
}

static void enter(uint32_t i, uint32_t source, uint32_t listener)
{
	tcb[i].tuple.raddr = addr_of(source);
	tcb[i].listener = (uint8_t)listener;
	tcb[i].state_tick = source; /* for leave() */
	tcp_limits_enter(&tcp, &tcb[i]);
	per_source[source]++;
	per_listener[listener]++;
}

static void leave(uint32_t i)
{
	tcp_limits_leave(&tcp, &tcb[i]);
	per_source[tcb[i].state_tick]--;
	per_listener[tcb[i].listener]--;
}

static void counts_are_those_of_plain_arrays(void **state)
{
	const uint32_t most = 5;
	struct wr_prng luck;

	wr_prng_seed(&luck, 3);
	set_up(most, 300);
	for (unsigned step = 0; step < STEPS; step++) {
		uint32_t i = wr_prng_below(&luck, CONNECTIONS);
		uint32_t source = wr_prng_below(&luck, SOURCES);
		uint32_t listener = wr_prng_below(&luck, LISTENERS);

		if (open[i])
			leave(i);
		else
			enter(i, source, listener);
		open[i] = !open[i];
		source = wr_prng_below(&luck, SOURCES);
		assert_int_equal(tcp_source_is_full(&tcp, addr_of(source)),
		                 per_source[source] >= most);
		assert_int_equal(tcp_listener_is_full(&tcp, listener),
		                 per_listener[listener] >= 300);
	}
	for (uint32_t i = 0; i < CONNECTIONS; i++)
		if (open[i])
			leave(i);
	assert_int_equal(wr_flow_count(tcp.limits.sources), 0);
	tcp_limits_fini(&tcp);
}

/* As many sources as connections: there is a record for each, time and again. */
static void every_connection_may_have_a_source_of_its_own(void **state)
{
	set_up(1, 0);
	for (unsigned round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < CONNECTIONS; i++) {
			tcb[i].tuple.raddr = addr_of(i + 1 + round);
			tcb[i].listener = 0;
			assert_false(tcp_source_is_full(&tcp, tcb[i].tuple.raddr));
			tcp_limits_enter(&tcp, &tcb[i]);
			assert_true(tcp_source_is_full(&tcp, tcb[i].tuple.raddr));
		}
		assert_int_equal(wr_flow_count(tcp.limits.sources), CONNECTIONS);
		for (uint32_t i = 0; i < CONNECTIONS; i++)
			tcp_limits_leave(&tcp, &tcb[i]);
		assert_int_equal(wr_flow_count(tcp.limits.sources), 0);
	}
	tcp_limits_fini(&tcp);
}

static void without_limits_nothing_is_full_and_nothing_is_kept(void **state)
{
	set_up(0, 0);
	assert_int_equal(tcp_limits_bytes(&tcp.conf), 0);
	for (uint32_t i = 0; i < CONNECTIONS; i++)
		enter(i, 1, 1);
	assert_false(tcp_source_is_full(&tcp, addr_of(1)));
	assert_false(tcp_listener_is_full(&tcp, 1));
	assert_false(tcp_listener_is_crowded(&tcp, 1));
	tcp_limits_fini(&tcp);
}

static void what_we_opened_is_of_no_listener(void **state)
{
	struct wr_tcb c = {.listener = WR_TCB_NO_LISTENER};

	set_up(1, 1);
	tcp_limits_leave(&tcp, &c);
	assert_false(tcp_listener_is_full(&tcp, 0));
	tcp_limits_fini(&tcp);
}

/* What is said is said of the process. */
static void cores_share_a_limit(void **state)
{
	for (uint32_t cores = 1; cores <= 9; cores++) {
		for (uint32_t limit = 0; limit <= 40; limit++) {
			uint32_t sum = 0, least = UINT32_MAX, most = 0;

			for (uint32_t core = 0; core < cores; core++) {
				uint32_t share = tcp_limit_share(limit, cores, core);

				sum += share;
				least = wr_min(least, share);
				most = wr_max(most, share);
			}
			assert_int_equal(sum, limit && limit < cores ? cores : limit);
			assert_true(most - least <= 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cores_share_a_limit),
		cmocka_unit_test(counts_are_those_of_plain_arrays),
		cmocka_unit_test(every_connection_may_have_a_source_of_its_own),
		cmocka_unit_test(without_limits_nothing_is_full_and_nothing_is_kept),
		cmocka_unit_test(what_we_opened_is_of_no_listener),
	};

	wr_test_eal(64);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
