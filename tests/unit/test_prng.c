/* SPDX-License-Identifier: BSD-3-Clause */
#include "wr_base.h"
#include "wr_prng.h"
#include "wr_test.h"

/* The first numbers of the authors' xoshiro256starstar.c from the state 1, 2, 3, 4. */
static void numbers_are_those_of_the_reference(void **state)
{
	static const uint64_t expected[] = {
		11520,
		0,
		1509978240,
		1215971899390074240,
		1216172134540287360,
		607988272756665600,
	};
	struct wr_prng prng = {.s = {1, 2, 3, 4}};

	for (unsigned i = 0; i < WR_LEN(expected); i++)
		assert_int_equal(wr_prng_u64(&prng), expected[i]);
}

/* The first numbers of the authors' splitmix64.c from the state 1234567. */
static void a_seed_is_spread_by_splitmix64(void **state)
{
	static const uint64_t expected[] = {
		6457827717110365317,
		3203168211198807973,
		9817491932198370423u,
		4593380528125082431,
	};
	struct wr_prng prng;

	wr_prng_seed(&prng, 1234567);
	for (unsigned i = 0; i < WR_LEN(expected); i++)
		assert_int_equal(prng.s[i], expected[i]);
}

static void seed_zero_is_a_good_seed(void **state)
{
	struct wr_prng prng;

	wr_prng_seed(&prng, 0);
	assert_int_not_equal(wr_prng_u64(&prng), 0);
	assert_int_not_equal(wr_prng_u64(&prng), wr_prng_u64(&prng));
}

/*
 * By modulo the first third would come up twice as often as the others; by a product without
 * drawing again, every third number.
 */
static void choices_below_a_bound_are_even(void **state)
{
	const uint32_t bound = 3u << 30;
	const unsigned draws = 300000;
	unsigned third[3] = {0}, residue[3] = {0};
	struct wr_prng prng;

	wr_prng_seed(&prng, 1);
	for (unsigned i = 0; i < draws; i++) {
		uint32_t n = wr_prng_below(&prng, bound);

		assert_true(n < bound);
		third[n >> 30]++;
		residue[n % 3]++;
	}
	for (unsigned i = 0; i < 3; i++) {
		assert_in_range(third[i], draws / 3 - 1500, draws / 3 + 1500);
		assert_in_range(residue[i], draws / 3 - 1500, draws / 3 + 1500);
	}
}

static void a_choice_of_one_is_zero(void **state)
{
	struct wr_prng prng;

	wr_prng_seed(&prng, 2);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(wr_prng_below(&prng, 1), 0);
}

static void every_choice_comes_up(void **state)
{
	unsigned seen[7] = {0};
	struct wr_prng prng;

	wr_prng_seed(&prng, 3);
	for (unsigned i = 0; i < 7000; i++)
		seen[wr_prng_below(&prng, 7)]++;
	for (unsigned i = 0; i < 7; i++)
		assert_in_range(seen[i], 850, 1150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_those_of_the_reference),
		cmocka_unit_test(a_seed_is_spread_by_splitmix64),
		cmocka_unit_test(seed_zero_is_a_good_seed),
		cmocka_unit_test(choices_below_a_bound_are_even),
		cmocka_unit_test(a_choice_of_one_is_zero),
		cmocka_unit_test(every_choice_comes_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
