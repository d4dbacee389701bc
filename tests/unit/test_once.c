/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "wr_base.h"
#include "wr_prng.h"
#include "wr_stamp.h"
#include "wr_test.h"

static uint64_t skipped;

static enum wr_once_verdict see(struct wr_once *once, uint64_t sequence)
{
	return wr_once_see(once, sequence, &skipped);
}

static void numbers_in_order_are_new_and_skip_none(void **state)
{
	struct wr_once once = {0};

	for (uint64_t i = 0; i < 1000; i++) {
		assert_int_equal(see(&once, i), WR_ONCE_NEW);
		assert_int_equal(skipped, 0);
	}
}

static void what_is_skipped_is_late_once_and_then_a_duplicate(void **state)
{
	struct wr_once once = {0};

	assert_int_equal(see(&once, 0), WR_ONCE_NEW);
	assert_int_equal(see(&once, 4), WR_ONCE_NEW);
	assert_int_equal(skipped, 3);
	for (uint64_t i = 3; i >= 1; i--) {
		assert_int_equal(see(&once, i), WR_ONCE_LATE);
		assert_int_equal(skipped, 0);
		assert_int_equal(see(&once, i), WR_ONCE_DUPLICATE);
	}
	assert_int_equal(see(&once, 0), WR_ONCE_DUPLICATE);
	assert_int_equal(see(&once, 4), WR_ONCE_DUPLICATE);
}

static void the_first_ones_can_be_missing(void **state)
{
	struct wr_once once = {0};

	assert_int_equal(see(&once, 2), WR_ONCE_NEW);
	assert_int_equal(skipped, 2);
	assert_int_equal(see(&once, 0), WR_ONCE_LATE);
	assert_int_equal(see(&once, 1), WR_ONCE_LATE);
}

static void the_window_is_of_64_numbers(void **state)
{
	struct wr_once once = {0};

	see(&once, 0);
	see(&once, 65);
	assert_int_equal(skipped, 64);
	assert_int_equal(see(&once, 1), WR_ONCE_DUPLICATE); /* too old to tell */
	assert_int_equal(see(&once, 2), WR_ONCE_LATE);
	assert_int_equal(see(&once, 2), WR_ONCE_DUPLICATE);
}

static void a_great_leap_empties_the_window(void **state)
{
	struct wr_once once = {0};

	for (uint64_t i = 0; i < 100; i++)
		see(&once, i);
	assert_int_equal(see(&once, UINT64_C(1) << 40), WR_ONCE_NEW);
	assert_int_equal(skipped, (UINT64_C(1) << 40) - 100);
	for (uint64_t i = 1; i < 64; i++)
		assert_int_equal(see(&once, (UINT64_C(1) << 40) - i), WR_ONCE_LATE);
	assert_int_equal(see(&once, (UINT64_C(1) << 40) - 64), WR_ONCE_DUPLICATE);
}

static void skipped_less_late_is_what_is_missing(void **state)
{
	enum { NUMBERS = 100000 };
	struct wr_once once = {0};
	uint64_t *number = calloc(NUMBERS, sizeof(*number));
	uint64_t missing = 0, new = 0, late = 0, kept = 0;
	struct wr_prng prng;

	wr_prng_seed(&prng, 1);
	assert_non_null(number);
	for (uint64_t i = 0; i < NUMBERS; i++) {
		if (wr_prng_below(&prng, 10) || i == NUMBERS - 1)
			number[kept++] = i;
	}
	/* Swaps within less than the window. */
	for (uint64_t i = 0; i + 32 < kept; i += 32) {
		uint64_t j = i + wr_prng_below(&prng, 31), n = number[j];

		number[j] = number[j + 1];
		number[j + 1] = n;
	}
	for (uint64_t i = 0; i < kept; i++) {
		enum wr_once_verdict verdict = see(&once, number[i]);

		missing += skipped;
		new += verdict == WR_ONCE_NEW;
		late += verdict == WR_ONCE_LATE;
	}
	assert_int_equal(new + late, kept);
	assert_true(late > 1000);
	assert_int_equal(missing - late, NUMBERS - kept);
	free(number);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_in_order_are_new_and_skip_none),
		cmocka_unit_test(what_is_skipped_is_late_once_and_then_a_duplicate),
		cmocka_unit_test(the_first_ones_can_be_missing),
		cmocka_unit_test(the_window_is_of_64_numbers),
		cmocka_unit_test(a_great_leap_empties_the_window),
		cmocka_unit_test(skipped_less_late_is_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
