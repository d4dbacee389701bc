/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wr_ephemeral.h"
#include "wr_test.h"

#define ALL 64512 /* ports of the default range */

/* Ports in use towards one destination. */
static bool used[65536];
static struct wr_ephemeral e;
static struct wr_owner owner;

static bool is_free(void *ctx, const struct wr_tuple *tuple)
{
	return !used[tuple->lport];
}

static void begin(uint32_t cores, uint32_t core, uint64_t seed)
{
	const struct wr_sipkey key = {seed, 77};

	memset(used, 0, sizeof(used));
	wr_owner_init(&owner, cores);
	wr_ephemeral_init(&e, &key, &owner, core);
}

static struct wr_tuple to_server(void)
{
	return (struct wr_tuple) {.laddr = 0xc6120002, .raddr = 0xc6120001, .rport = 7};
}

/* Takes a port; returns it, or 0 if there is none. */
static uint16_t take(uint64_t now_us)
{
	struct wr_tuple t = to_server();

	if (wr_ephemeral_choose(&e, &t, 0, 0, is_free, NULL, now_us) != 0)
		return 0;
	assert_false(used[t.lport]);
	used[t.lport] = true;
	return t.lport;
}

static void sixty_thousand_ports_of_one_destination_cost_few_looks(void **state)
{
	for (uint64_t seed = 1; seed <= 5; seed++) {
		begin(1, 0, seed);
		for (unsigned i = 0; i < 60000; i++)
			assert_true(take(0) >= 1024);
		assert_true(e.probes < 2 * 60000);
		printf("%.2f looks a port for 60000, ", (double)e.probes / 60000);
		for (unsigned i = 60000; i < ALL; i++)
			assert_int_not_equal(take(0), 0);
		printf("%.2f for all %u\n", (double)e.probes / ALL, ALL);
		assert_true(e.probes < 3 * ALL);
		assert_int_equal(take(0), 0);
	}
}

static void every_core_gets_its_part_and_together_all(void **state)
{
	unsigned all = 0;

	for (uint32_t core = 0; core < 4; core++) {
		unsigned n = 0;
		uint16_t port;

		begin(4, core, 3);
		for (; (port = take(0)) != 0; n++) {
			struct wr_tuple t = to_server();

			t.lport = port;
			assert_int_equal(wr_owner_of(&owner, &t), core);
		}
		assert_in_range(n, ALL / 4 - 300, ALL / 4 + 300);
		all += n;
	}
	assert_int_equal(all, ALL);
}

/* The oldest leaves, a new one comes: as connections that are opened and closed. */
static void steady_state_costs_few_looks_at_nine_tenths(void **state)
{
	static uint16_t port[58000];
	unsigned i;

	begin(1, 0, 9);
	for (i = 0; i < WR_LEN(port); i++)
		port[i] = take(0);
	e.probes = 0;
	for (i = 0; i < 500000; i++) {
		used[port[i % WR_LEN(port)]] = false;
		port[i % WR_LEN(port)] = take(0);
	}
	printf("%.2f looks a port in turn\n", (double)e.probes / 500000);
	assert_true(e.probes < 5 * 500000);
	/* Any one leaves: a port in ten is free, wherever. */
	e.probes = 0;
	for (i = 0; i < 500000; i++) {
		unsigned any = (i * 7919u) % WR_LEN(port);

		used[port[any]] = false;
		port[any] = take(0);
	}
	printf("%.2f looks a port at random\n", (double)e.probes / 500000);
	assert_true(e.probes < 8 * 500000);
}

static void a_search_in_vain_is_not_repeated_at_once(void **state)
{
	struct wr_tuple t = to_server();
	uint64_t probes;

	begin(1, 0, 4);
	for (unsigned p = 2000; p <= 2999; p++)
		used[p] = true;
	assert_int_equal(wr_ephemeral_choose(&e, &t, 2000, 2999, is_free, NULL, 5),
	                 -EADDRNOTAVAIL);
	probes = e.probes;
	assert_int_equal(probes, 1000);
	assert_int_equal(wr_ephemeral_choose(&e, &t, 2000, 2999, is_free, NULL, 20004),
	                 -EADDRNOTAVAIL);
	assert_int_equal(e.probes, probes);
	used[2345] = false;
	assert_int_equal(wr_ephemeral_choose(&e, &t, 2000, 2999, is_free, NULL, 20005), 0);
	assert_int_equal(t.lport, 2345);
	/* Another range or destination is another matter. */
	assert_int_equal(wr_ephemeral_choose(&e, &t, 2000, 3000, is_free, NULL, 20005), 0);
	t.rport = 8;
	assert_int_equal(wr_ephemeral_choose(&e, &t, 2345, 2345, is_free, NULL, 20005), 0);
}

static void impossible_ranges_are_refused(void **state)
{
	struct wr_tuple t = to_server();

	begin(1, 0, 5);
	assert_int_equal(wr_ephemeral_choose(&e, &t, 0, 9, is_free, NULL, 0), -EINVAL);
	assert_int_equal(wr_ephemeral_choose(&e, &t, 9, 8, is_free, NULL, 0), -EINVAL);
	assert_int_equal(wr_ephemeral_choose(&e, &t, 65535, 65535, is_free, NULL, 0), 0);
	assert_int_equal(t.lport, 65535);
}

/* What one destination sees says nothing about another's ports. */
static void destinations_do_not_share_a_sequence(void **state)
{
	unsigned near = 0;

	begin(1, 0, 6);
	for (uint32_t i = 0; i < 1000; i++) {
		struct wr_tuple a = to_server(), b = to_server();

		b.raddr += i + 1;
		assert_int_equal(wr_ephemeral_choose(&e, &a, 0, 0, is_free, NULL, 0), 0);
		assert_int_equal(wr_ephemeral_choose(&e, &b, 0, 0, is_free, NULL, 0), 0);
		near += (uint16_t)(b.lport - a.lport + 64) < 128;
	}
	assert_true(near < 10); /* 2 of 1000 by chance */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sixty_thousand_ports_of_one_destination_cost_few_looks),
		cmocka_unit_test(every_core_gets_its_part_and_together_all),
		cmocka_unit_test(steady_state_costs_few_looks_at_nine_tenths),
		cmocka_unit_test(a_search_in_vain_is_not_repeated_at_once),
		cmocka_unit_test(impossible_ranges_are_refused),
		cmocka_unit_test(destinations_do_not_share_a_sequence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
