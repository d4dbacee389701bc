/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>

#include <rte_mempool.h>

#include "wr_base.h"
#include "wr_flow.h"
#include "wr_prng.h"
#include "wr_test.h"

#define OBJECTS 400

static const struct wr_sipkey key = {1, 2};

/* The objects that values name; twice, so that a value can be replaced by another. */
static bool same_tuple(const void *ctx, uint32_t value, const struct wr_tuple *tuple)
{
	const struct wr_tuple *objects = ctx;

	return wr_tuple_eq(&objects[value % OBJECTS], tuple);
}

static struct wr_tuple nth_tuple(uint32_t n)
{
	return (struct wr_tuple) {0xc6120001, 0xc6120002, 7, (uint16_t)n};
}

/* The table beside the plainest of models. */
struct pair {
	struct wr_flow_table *table;
	struct wr_tuple tuple[OBJECTS];
	uint32_t hash[OBJECTS];
	uint32_t value[OBJECTS]; /* i, i + OBJECTS or WR_FLOW_NONE */
	uint32_t count;
};

static void begin(struct pair *pair, uint32_t flows)
{
	pair->table = wr_flow_new(flows, &key, SOCKET_ID_ANY);
	pair->count = 0;
	assert_non_null(pair->table);
	for (uint32_t i = 0; i < OBJECTS; i++) {
		pair->tuple[i] = nth_tuple(i);
		pair->hash[i] = wr_flow_hash(pair->table, &pair->tuple[i]);
		pair->value[i] = WR_FLOW_NONE;
	}
}

static void check(const struct pair *pair, uint32_t i)
{
	uint32_t found = wr_flow_find(pair->table, pair->hash[i], &pair->tuple[i], same_tuple,
	                              pair->tuple);

	assert_int_equal(found, pair->value[i]);
}

static void add(struct pair *pair, uint32_t i)
{
	assert_int_equal(wr_flow_add(pair->table, pair->hash[i], i), 0);
	pair->value[i] = i;
	pair->count++;
}

static void replace(struct pair *pair, uint32_t i)
{
	uint32_t old = pair->value[i];
	uint32_t other = (old + OBJECTS) % (2 * OBJECTS);

	assert_false(wr_flow_replace(pair->table, pair->hash[i], other, 0));
	assert_true(wr_flow_replace(pair->table, pair->hash[i], old, other));
	pair->value[i] = other;
}

static void remove_one(struct pair *pair, uint32_t i)
{
	assert_true(wr_flow_remove(pair->table, pair->hash[i], pair->value[i]));
	assert_false(wr_flow_remove(pair->table, pair->hash[i], pair->value[i]));
	pair->value[i] = WR_FLOW_NONE;
	pair->count--;
}

static void random_step(struct pair *pair, struct wr_prng *prng, uint32_t adds_of_eight)
{
	uint32_t i = wr_prng_below(prng, OBJECTS);

	check(pair, i);
	if (pair->value[i] == WR_FLOW_NONE) {
		assert_false(wr_flow_remove(pair->table, pair->hash[i], i));
		if (wr_prng_below(prng, 8) < adds_of_eight)
			add(pair, i);
	} else if (wr_prng_below(prng, 2)) {
		replace(pair, i);
	} else if (wr_prng_below(prng, 8) >= adds_of_eight) {
		remove_one(pair, i);
	}
	check(pair, i);
	assert_int_equal(wr_flow_count(pair->table), pair->count);
}

/* Fills and drains in turns, and looks at every object now and then. */
static void run_random(struct pair *pair, uint64_t seed)
{
	struct wr_prng prng;

	wr_prng_seed(&prng, seed);
	for (unsigned round = 0; round < 40; round++) {
		for (unsigned step = 0; step < 2000; step++)
			random_step(pair, &prng, round % 2 ? 1 : 7);
		for (uint32_t i = 0; i < OBJECTS; i++)
			check(pair, i);
	}
	wr_flow_free(pair->table);
}

static void random_use_agrees_with_the_model(void **state)
{
	struct pair pair;

	begin(&pair, OBJECTS);
	run_random(&pair, 1);
}

/* Three buckets, each a long chain, and five tags. */
static void colliding_hashes_agree_with_the_model(void **state)
{
	struct pair pair;

	begin(&pair, 4000);
	for (uint32_t i = 0; i < OBJECTS; i++)
		pair.hash[i] = i % 5 << 16 | i % 3;
	run_random(&pair, 2);
}

static void equal_hashes_agree_with_the_model(void **state)
{
	struct pair pair;

	begin(&pair, 16000);
	for (uint32_t i = 0; i < OBJECTS; i++)
		pair.hash[i] = 0;
	run_random(&pair, 3);
}

/* Adds flows of one hash until the table refuses; returns how many it took. */
static uint32_t fill(struct wr_flow_table *table, uint32_t hash)
{
	uint32_t n = 0;

	while (wr_flow_add(table, hash, n) == 0)
		n++;
	assert_int_equal(wr_flow_add(table, hash, n), -ENOSPC);
	assert_int_equal(wr_flow_count(table), n);
	return n;
}

static bool is_value(const void *ctx, uint32_t value, const struct wr_tuple *tuple)
{
	return value == *(const uint32_t *)ctx;
}

static void a_full_table_refuses_and_gives_all_room_back(void **state)
{
	struct wr_flow_table *table = wr_flow_new(100, &key, SOCKET_ID_ANY);
	uint32_t first = 0;

	for (uint32_t hash = 0; hash < 5; hash++) {
		uint32_t n = fill(table, hash);

		assert_true(n >= 100);
		if (!first)
			first = n;
		assert_int_equal(n, first);
		for (uint32_t i = 0; i < n; i++) {
			uint32_t found = wr_flow_find(table, hash, NULL, is_value, &i);

			assert_int_equal(found, i);
		}
		for (uint32_t i = 0; i < n; i++)
			assert_true(wr_flow_remove(table, hash, i * 7 % n));
		assert_int_equal(wr_flow_count(table), 0);
	}
	wr_flow_free(table);
}

static void one_full_bucket_leaves_room_in_the_others(void **state)
{
	struct wr_flow_table *table = wr_flow_new(100, &key, SOCKET_ID_ANY);

	fill(table, 0);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(wr_flow_add(table, 1, i), 0);
	assert_int_equal(wr_flow_add(table, 1, 8), -ENOSPC);
	wr_flow_free(table);
}

static struct wr_tuple many(uint32_t i)
{
	return (struct wr_tuple) {0xc6120001, 0xc6120002 + (i >> 12), 7, (uint16_t)(i & 0xfff)};
}

/* The sizes beside a power of two have the highest load. */
static void a_table_holds_what_it_was_made_for(void **state)
{
	static const uint32_t sizes[] = {0, 1, 7, 8, 9, 100, 1023, 1024, 20000, 65536, 131072};

	for (unsigned s = 0; s < WR_LEN(sizes); s++) {
		for (uint64_t k = 0; k < 10; k++) {
			struct wr_sipkey keys = {k, s};
			struct wr_flow_table *table =
				wr_flow_new(sizes[s], &keys, SOCKET_ID_ANY);

			assert_non_null(table);
			for (uint32_t i = 0; i < sizes[s]; i++) {
				struct wr_tuple tuple = many(i);
				uint32_t hash = wr_flow_hash(table, &tuple);

				assert_int_equal(wr_flow_add(table, hash, i), 0);
			}
			assert_int_equal(wr_flow_count(table), sizes[s]);
			wr_flow_free(table);
		}
	}
}

static void a_guess_is_mostly_right(void **state)
{
	const uint32_t flows = 16384;
	struct wr_flow_table *table = wr_flow_new(flows, &key, SOCKET_ID_ANY);
	uint32_t right = 0, none = 0;

	for (uint32_t i = 0; i < flows; i++) {
		struct wr_tuple tuple = many(i);

		assert_int_equal(wr_flow_add(table, wr_flow_hash(table, &tuple), i), 0);
	}
	for (uint32_t i = 0; i < 2 * flows; i++) {
		struct wr_tuple tuple = many(i);
		uint32_t hash = wr_flow_hash(table, &tuple);
		uint32_t guess;

		wr_flow_prefetch(table, hash);
		guess = wr_flow_guess(table, hash);
		right += i < flows && guess == i;
		none += i >= flows && guess == WR_FLOW_NONE;
	}
	assert_in_range(right, flows * 98 / 100, flows);
	assert_in_range(none, flows * 99 / 100, flows);
	wr_flow_free(table);
}

static void each_field_and_the_key_change_the_hash(void **state)
{
	const struct wr_sipkey other = {1, 3};
	struct wr_flow_table *table = wr_flow_new(1, &key, SOCKET_ID_ANY);
	struct wr_flow_table *keyed = wr_flow_new(1, &other, SOCKET_ID_ANY);
	const struct wr_tuple tuple = {1, 2, 3, 4};
	const struct wr_tuple changed[] = {
		{9, 2, 3, 4}, {1, 9, 3, 4}, {1, 2, 9, 4}, {1, 2, 3, 9}, {2, 1, 4, 3},
	};
	uint32_t hash = wr_flow_hash(table, &tuple);

	for (unsigned i = 0; i < WR_LEN(changed); i++) {
		assert_false(wr_tuple_eq(&tuple, &changed[i]));
		assert_int_not_equal(wr_flow_hash(table, &changed[i]), hash);
	}
	assert_int_not_equal(wr_flow_hash(keyed, &tuple), hash);
	wr_flow_free(table);
	wr_flow_free(keyed);
}

static void sizing_tells_what_a_table_takes(void **state)
{
	assert_in_range(wr_flow_bytes(1 << 20), 16u << 20, 18u << 20);
	wr_flow_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_use_agrees_with_the_model),
		cmocka_unit_test(colliding_hashes_agree_with_the_model),
		cmocka_unit_test(equal_hashes_agree_with_the_model),
		cmocka_unit_test(a_full_table_refuses_and_gives_all_room_back),
		cmocka_unit_test(one_full_bucket_leaves_room_in_the_others),
		cmocka_unit_test(a_table_holds_what_it_was_made_for),
		cmocka_unit_test(a_guess_is_mostly_right),
		cmocka_unit_test(each_field_and_the_key_change_the_hash),
		cmocka_unit_test(sizing_tells_what_a_table_takes),
	};

	wr_test_eal(64);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
