/* SPDX-License-Identifier: BSD-3-Clause */
#include "wr_base.h"
#include "wr_limit.h"
#include "wr_test.h"

#define SECOND  UINT64_C(1000000)
#define HOST(n) (0xc6120000u + (n))

static struct wr_limit limit;
static struct wr_prng prng;

static int start(void **state)
{
	wr_prng_seed(&prng, 7);
	wr_limit_init(&limit, &prng);
	return 0;
}

/* How many of `n` questions of a host are answered, one every step_us from from_us on. */
static unsigned ask(uint32_t per_s, uint32_t host, unsigned n, uint64_t from_us,
                    uint64_t step_us)
{
	unsigned answers = 0;

	for (unsigned i = 0; i < n; i++)
		answers += wr_limit_allows(&limit, per_s, host, from_us + i * step_us, &prng);
	return answers;
}

static void a_host_gets_its_part_and_no_more(void **state)
{
	static const uint32_t rate[] = {4, 16, 100, 1000, 10000, 1000000};

	for (unsigned i = 0; i < WR_LEN(rate); i++) {
		unsigned got = ask(rate[i], HOST(1), 100000, i * 10 * SECOND, 10);

		assert_true(got >= 1);
		assert_true(got <= rate[i] / WR_LIMIT_PART);
	}
}

static void one_a_second_is_not_none(void **state)
{
	assert_int_equal(ask(1, HOST(1), 1, 0, 0), 1);
	assert_int_equal(ask(1, HOST(1), 1, SECOND / 2, 0), 0);
	assert_int_equal(ask(1, HOST(1), 1, 2 * SECOND, 0), 1);
	assert_int_equal(ask(0, HOST(1), 10, 10 * SECOND, SECOND), 0);
}

/* CVE-2016-5696, CVE-2020-25705: whatever is asked in the name of others, a host sees the same.
 */
static void what_others_are_answered_changes_nothing(void **state)
{
	unsigned alone, beside = 0, got = 0, i;

	alone = ask(1000, HOST(1), 1000, 20 * SECOND, 700);
	start(state);
	for (i = 0; i < 1000; i++) { /* another's questions in between, ten for each */
		got += ask(1000, HOST(2), 10, 20 * SECOND + i * 700, 0);
		beside += ask(1000, HOST(1), 1, 20 * SECOND + i * 700, 0);
	}
	assert_true(alone > 100);
	assert_int_equal(got >= 100, 1);
	assert_int_equal(beside, alone);
}

/* No second, wherever it begins; and what is left cannot be counted to the last one. */
static void all_together_stay_below_the_limit_at_a_random_price(void **state)
{
	enum { STEPS = 3000, WINDOW = 1000, TRIES = 4 };
	static unsigned sum[STEPS];
	unsigned least = STEPS, most = 0, i, j;

	for (j = 0; j < TRIES; j++) {
		wr_prng_seed(&prng, 7 + j);
		wr_limit_init(&limit, &prng);
		for (i = 0; i < STEPS; i++) {
			sum[i] = (i ? sum[i - 1] : 0) +
			         ask(1000, HOST(wr_prng_below(&prng, 4096)), 1, i * 1000, 0) +
			         ask(1000, HOST(wr_prng_below(&prng, 4096)), 1, i * 1000, 0);
			if (i >= WINDOW)
				assert_true(sum[i] - sum[i - WINDOW] <= 1000);
		}
		least = wr_min(least, sum[STEPS - 1]);
		most = wr_max(most, sum[STEPS - 1]);
	}
	assert_true(least > 1500);
	assert_in_range(most - least, 5, 200);
}

static void groups_are_made_anew(void **state)
{
	uint32_t key = limit.key;

	ask(10, HOST(1), 1, 0, 0);
	assert_int_not_equal(limit.key, key);
	key = limit.key;
	ask(10, HOST(1), 1, 9 * SECOND, 0);
	assert_int_equal(limit.key, key);
	ask(10, HOST(1), 1, 10 * SECOND, 0);
	assert_int_not_equal(limit.key, key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_host_gets_its_part_and_no_more, start),
		cmocka_unit_test_setup(one_a_second_is_not_none, start),
		cmocka_unit_test_setup(what_others_are_answered_changes_nothing, start),
		cmocka_unit_test_setup(all_together_stay_below_the_limit_at_a_random_price,
	                               start),
		cmocka_unit_test_setup(groups_are_made_anew, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
