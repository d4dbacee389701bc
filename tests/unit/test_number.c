/* SPDX-License-Identifier: BSD-3-Clause */
#include "wr_base.h"
#include "wr_number.h"
#include "wr_test.h"

#define SAYS(unit, value, words) assert_string_equal(wr_number(unit, value).text, words)

static void three_digits_and_a_unit(void **state)
{
	SAYS(WR_UNIT_RATE, 4021234, "4.02M");
	SAYS(WR_UNIT_RATE, 0, "0");
	SAYS(WR_UNIT_RATE, 7, "7");
	SAYS(WR_UNIT_RATE, 0.25, "0.25");
	SAYS(WR_UNIT_RATE, 1000, "1.00k");
	SAYS(WR_UNIT_TIME, 11230, "11.2us");
	SAYS(WR_UNIT_TIME, 850, "850ns");
	SAYS(WR_UNIT_TIME, 1.5e9, "1.50s");
	SAYS(WR_UNIT_TIME, 210e3, "210us");
	SAYS(WR_UNIT_BITS, 9.9e9, "9.90 Gbit/s");
	SAYS(WR_UNIT_SHARE, 0.63, "63%");
	SAYS(WR_UNIT_SHARE, 0.12345, "12.35%");
}

static void what_rounds_to_a_thousand_is_one_of_the_next_unit(void **state)
{
	SAYS(WR_UNIT_RATE, 999.4, "999");
	SAYS(WR_UNIT_RATE, 999.6, "1.00k");
	SAYS(WR_UNIT_TIME, 999999, "1.00ms");
	SAYS(WR_UNIT_RATE, 9.996e6, "10.0M");
	SAYS(WR_UNIT_RATE, 99.96e6, "100M");
}

static void transfers_read_as_those_of_iperf3(void **state)
{
	assert_string_equal(wr_number_transfer(1.18 * 0x1p30).text, "1.18 GBytes");
	assert_string_equal(wr_number_bitrate(10.1e9).text, "10.1 Gbits/sec");
	assert_string_equal(wr_number_bitrate(940e6).text, "940 Mbits/sec");
}

static double number(enum wr_unit unit, const char *text)
{
	double value = -1;

	assert_true(wr_number_read(unit, text, &value));
	return value;
}

static void numbers_are_read_with_their_units(void **state)
{
	assert_true(number(WR_UNIT_TIME, "50us") == 50000);
	assert_true(number(WR_UNIT_TIME, "1.5 ms") == 1.5e6);
	assert_true(number(WR_UNIT_TIME, "0") == 0);
	assert_true(number(WR_UNIT_RATE, "1M") == 1e6);
	assert_true(number(WR_UNIT_RATE, "20k/s") == 20e3);
	assert_true(number(WR_UNIT_BITS, "9.4G") == 9.4e9);
	assert_true(number(WR_UNIT_BITS, "9.4Gbps") == 9.4e9);
	assert_true(number(WR_UNIT_BITS, "100Mbit/s") == 100e6);
	assert_true(number(WR_UNIT_SHARE, "1%") == 0.01);
	assert_true(number(WR_UNIT_SHARE, "0.5") == 0.5);
	assert_true(number(WR_UNIT_COUNT, "3") == 3);
}

static void what_is_no_number_of_the_unit_is_refused(void **state)
{
	static const struct {
		enum wr_unit unit;
		const char *text;
	} bad[] = {
		{WR_UNIT_TIME, "50"},   {WR_UNIT_TIME, "50 parsecs"}, {WR_UNIT_TIME, ""},
		{WR_UNIT_TIME, "us"},   {WR_UNIT_RATE, "1us"},        {WR_UNIT_RATE, "inf"},
		{WR_UNIT_RATE, "nan"},  {WR_UNIT_BITS, "1%"},         {WR_UNIT_SHARE, "1k"},
		{WR_UNIT_COUNT, "1Mx"},
	};
	double value;

	for (unsigned i = 0; i < WR_LEN(bad); i++)
		assert_false(wr_number_read(bad[i].unit, bad[i].text, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_digits_and_a_unit),
		cmocka_unit_test(what_rounds_to_a_thousand_is_one_of_the_next_unit),
		cmocka_unit_test(transfers_read_as_those_of_iperf3),
		cmocka_unit_test(numbers_are_read_with_their_units),
		cmocka_unit_test(what_is_no_number_of_the_unit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
