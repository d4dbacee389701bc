/* SPDX-License-Identifier: BSD-3-Clause */
#include "wr_base.h"
#include "wr_clock.h"
#include "wr_test.h"

static void the_clock_starts_at_zero_and_never_goes_back(void **state)
{
	struct wr_clock clock;
	uint64_t last = 0;

	wr_clock_init(&clock);
	assert_true(wr_clock_ns(&clock) < WR_S(1));
	for (unsigned i = 0; i < 100000; i++) {
		uint64_t now = wr_clock_ns(&clock);

		assert_true(now >= last);
		last = now;
	}
	assert_true(last > 0);
}

static void ten_years_do_not_overflow(void **state)
{
	const uint64_t ten_years = 10ull * 365 * 24 * 3600; /* seconds */
	struct wr_clock clock;
	uint64_t ns;

	wr_clock_init(&clock);
	clock.start = wr_clock_cycles() - clock.hz * ten_years;
	ns = wr_clock_ns(&clock);
	assert_in_range(ns / WR_S(1), ten_years - 1, ten_years + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clock_starts_at_zero_and_never_goes_back),
		cmocka_unit_test(ten_years_do_not_overflow),
	};

	wr_test_eal(32); /* measures the frequency of the TSC */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
