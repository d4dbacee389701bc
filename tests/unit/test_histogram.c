/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hgrm_golden.h"
#include "wr_histogram.h"
#include "wr_test.h"

#define MANY 200000

static struct wr_histogram one, other, result;

static int clear_all(void **state)
{
	wr_histogram_clear(&one);
	wr_histogram_clear(&other);
	wr_histogram_clear(&result);
	return 0;
}

/* Values of many magnitudes, the same for every judge. */
static uint64_t draw(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return (*x >> 24) >> (*x % 37);
}

static void record(struct wr_histogram *h, unsigned n)
{
	uint64_t x = 88172645463325252ull;

	for (unsigned i = 0; i < n; i++)
		wr_histogram_record(h, draw(&x));
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void slots_follow_each_other_without_a_gap(void **state)
{
	uint64_t next = 0;

	for (uint32_t i = 0; i < WR_HISTOGRAM_SLOTS; i++) {
		assert_int_equal(wr_histogram_lowest(i), next);
		assert_int_equal(wr_histogram_slot(wr_histogram_lowest(i)), i);
		assert_int_equal(wr_histogram_slot(wr_histogram_highest(i)), i);
		next = wr_histogram_highest(i) + 1;
	}
	assert_int_equal(next, WR_HISTOGRAM_MOST + 1);
}

static void a_slot_is_narrower_than_a_thousandth(void **state)
{
	for (uint32_t i = 0; i < WR_HISTOGRAM_SLOTS; i++) {
		uint64_t width = wr_histogram_highest(i) - wr_histogram_lowest(i);

		assert_true(width * 1000 < wr_histogram_lowest(i) || width == 0);
	}
}

static void percentiles_are_those_of_a_sorted_list(void **state)
{
	static const double percents[] = {0,  0.001, 1,    10,    50,     75,      90,
	                                  95, 99,    99.9, 99.99, 99.999, 99.9999, 100};
	uint64_t *all = malloc(MANY * sizeof(*all)), x = 88172645463325252ull;

	assert_non_null(all);
	for (unsigned i = 0; i < MANY; i++) {
		all[i] = draw(&x);
		wr_histogram_record(&one, all[i]);
	}
	qsort(all, MANY, sizeof(*all), by_value);
	for (size_t i = 0; i < WR_LEN(percents); i++) {
		long double exact = (long double)percents[i] * MANY / 100;
		uint64_t rank = (uint64_t)ceill(exact - 1e-6l), judge, value;

		judge = all[rank ? rank - 1 : 0];
		value = wr_histogram_percentile(&one, percents[i]);
		assert_true(value >= judge);
		assert_int_equal(wr_histogram_slot(value), wr_histogram_slot(judge));
		assert_int_equal(wr_histogram_beyond(&one, percents[i]),
		                 MANY - (rank ? rank : 1));
	}
	assert_int_equal(wr_histogram_percentile(&one, 100), all[MANY - 1]);
	free(all);
}

static void mean_and_deviation_are_those_of_the_list(void **state)
{
	double sum = 0, squares = 0, mean;
	uint64_t x = 88172645463325252ull;

	record(&one, MANY);
	for (unsigned i = 0; i < MANY; i++)
		sum += (double)draw(&x);
	mean = sum / MANY;
	x = 88172645463325252ull;
	for (unsigned i = 0; i < MANY; i++) {
		double deviation = (double)draw(&x) - mean;

		squares += deviation * deviation;
	}
	assert_true(fabs(wr_histogram_mean(&one) / mean - 1) < 1e-12);
	assert_true(fabs(wr_histogram_stdev(&one) / sqrt(squares / MANY) - 1) < 1e-3);
}

static void a_percentile_is_not_above_the_maximum(void **state)
{
	wr_histogram_record(&one, 1000001);
	assert_int_equal(wr_histogram_percentile(&one, 50), 1000001);
	assert_int_equal(wr_histogram_percentile(&one, 100), 1000001);
}

static void a_value_beyond_the_last_slot_is_kept_as_the_maximum(void **state)
{
	wr_histogram_record(&one, UINT64_C(1) << 50);
	assert_int_equal(wr_histogram_count(&one), 1);
	assert_int_equal(one.count[WR_HISTOGRAM_SLOTS - 1], 1);
	assert_int_equal(wr_histogram_percentile(&one, 99), UINT64_C(1) << 50);
}

static void an_empty_histogram_has_no_numbers(void **state)
{
	assert_int_equal(wr_histogram_count(&one), 0);
	assert_int_equal(wr_histogram_percentile(&one, 50), 0);
	assert_int_equal(wr_histogram_beyond(&one, 50), 0);
	assert_true(wr_histogram_mean(&one) == 0);
	assert_true(wr_histogram_stdev(&one) == 0);
}

static void a_sum_is_as_if_one_had_recorded_all(void **state)
{
	record(&one, 1000);
	wr_histogram_record(&other, 7);
	wr_histogram_record(&other, WR_HISTOGRAM_MOST);
	record(&result, 1000);
	wr_histogram_record(&result, 7);
	wr_histogram_record(&result, WR_HISTOGRAM_MOST);
	wr_histogram_add(&one, &other);
	assert_memory_equal(&one, &result, sizeof(one));
}

static void between_two_readings_is_what_was_recorded_meanwhile(void **state)
{
	record(&one, 1000);
	other = one;
	wr_histogram_record(&one, 5000);
	wr_histogram_record(&one, 9001);
	wr_histogram_between(&result, &one, &other);
	assert_int_equal(wr_histogram_count(&result), 2);
	assert_int_equal(result.sum, 14001);
	assert_int_equal(wr_histogram_slot(result.min), wr_histogram_slot(5000));
	assert_int_equal(wr_histogram_slot(result.max), wr_histogram_slot(9001));
	wr_histogram_between(&result, &one, &one);
	assert_int_equal(wr_histogram_count(&result), 0);
	assert_int_equal(result.min, UINT64_MAX);
	assert_int_equal(result.max, 0);
}

static char *print(const struct wr_histogram *h)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	wr_histogram_print_hgrm(h, out, 1000, "response, us");
	fclose(out);
	return text;
}

static void the_distribution_is_printed_as_hdr_histogram_does(void **state)
{
	static const char title[] = "# response, us\n";
	char *text;

	record(&one, 750);
	text = print(&one);
	assert_memory_equal(text, title, strlen(title));
	assert_string_equal(text + strlen(title), hdr_histogram_c_750);
	free(text);
}

static void the_distribution_of_nothing_is_one_row(void **state)
{
	char *text = print(&one);

	assert_non_null(strstr(text, "       0.000     1.000000            0          inf\n"));
	assert_non_null(strstr(text, "Total count    =            0]"));
	assert_null(strstr(text, "nan"));
	free(text);
}

#define TEST(name) cmocka_unit_test_setup(name, clear_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(slots_follow_each_other_without_a_gap),
		TEST(a_slot_is_narrower_than_a_thousandth),
		TEST(percentiles_are_those_of_a_sorted_list),
		TEST(mean_and_deviation_are_those_of_the_list),
		TEST(a_percentile_is_not_above_the_maximum),
		TEST(a_value_beyond_the_last_slot_is_kept_as_the_maximum),
		TEST(an_empty_histogram_has_no_numbers),
		TEST(a_sum_is_as_if_one_had_recorded_all),
		TEST(between_two_readings_is_what_was_recorded_meanwhile),
		TEST(the_distribution_is_printed_as_hdr_histogram_does),
		TEST(the_distribution_of_nothing_is_one_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
