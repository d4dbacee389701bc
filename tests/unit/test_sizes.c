/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "wr_base.h"
#include "wr_sizes.h"
#include "wr_test.h"

#define LIMIT 65507
#define DRAWS 400000

static struct wr_sizes sizes_of(const char *text, uint32_t limit)
{
	struct wr_sizes s;

	assert_int_equal(wr_sizes_parse(text, limit, &s), 0);
	return s;
}

static const char *const forms[] = {
	"0",
	"64",
	"64-1400",
	"1-1",
	"64:7,576:4,1500:1",
	"normal:1000,200",
	"exp:1000",
	"pareto:1.2,100",
	"pareto:1,100",
	"pareto:3,50",
	"normal:100,200",
	"exp:30000",
};

static void sizes_are_written_as_they_are_read(void **state)
{
	char text[256];

	for (unsigned i = 0; i < WR_LEN(forms); i++) {
		struct wr_sizes s = sizes_of(forms[i], LIMIT);

		wr_sizes_format(&s, text, sizeof(text));
		assert_string_equal(text, forms[i]);
	}
}

static void draws_have_the_mean_that_is_said(void **state)
{
	struct wr_prng prng;

	wr_prng_seed(&prng, 1);
	for (unsigned i = 0; i < WR_LEN(forms); i++) {
		struct wr_sizes s = sizes_of(forms[i], LIMIT);
		double sum = 0, squares = 0, mean, deviation;

		for (unsigned n = 0; n < DRAWS; n++) {
			double bytes = wr_sizes_draw(&s, &prng);

			assert_true(bytes >= s.least && bytes <= s.most);
			sum += bytes;
			squares += bytes * bytes;
		}
		mean = sum / DRAWS;
		deviation = sqrt(fmax(squares / DRAWS - mean * mean, 0) / DRAWS);
		if (!(fabs(mean - wr_sizes_mean(&s)) <= 4 * deviation + 0.02))
			fail_msg("%s: %f, not %f", forms[i], mean, wr_sizes_mean(&s));
	}
}

static void choices_come_by_their_weights(void **state)
{
	struct wr_sizes s = sizes_of("64:7,576:4,1500:1", LIMIT);
	unsigned count[3] = {0};
	struct wr_prng prng;

	wr_prng_seed(&prng, 2);
	for (unsigned n = 0; n < 120000; n++) {
		uint32_t bytes = wr_sizes_draw(&s, &prng);

		assert_true(bytes == 64 || bytes == 576 || bytes == 1500);
		count[bytes == 64 ? 0 : bytes == 576 ? 1 : 2]++;
	}
	assert_true(abs((int)count[0] - 70000) < 1000);
	assert_true(abs((int)count[1] - 40000) < 1000);
	assert_true(abs((int)count[2] - 10000) < 500);
}

static void imix_is_the_payload_of_its_frames(void **state)
{
	struct wr_sizes s = sizes_of("imix", LIMIT);

	assert_int_equal(s.kind, WR_SIZES_CHOICE);
	assert_int_equal(s.value[0] + 46, 64);
	assert_int_equal(s.value[1] + 46, 594);
	assert_int_equal(s.value[2] + 46, 1518);
	assert_int_equal(s.weights, 12);
}

static void every_size_of_a_range_comes(void **state)
{
	struct wr_sizes s = sizes_of("10-13", LIMIT);
	unsigned seen = 0;
	struct wr_prng prng;

	wr_prng_seed(&prng, 3);
	for (unsigned n = 0; n < 1000; n++)
		seen |= 1u << wr_sizes_draw(&s, &prng);
	assert_int_equal(seen, 0xf << 10);
}

static void suffixes_count_in_1024(void **state)
{
	struct wr_sizes s = sizes_of("2k-1M", 2 << 20);

	assert_int_equal(s.least, 2048);
	assert_int_equal(s.most, 1 << 20);
	s = sizes_of("1Ki-2Mi", 2 << 20);
	assert_int_equal(s.least, 1024);
	assert_int_equal(s.most, 2 << 20);
	s = sizes_of("1.5K", LIMIT);
	assert_int_equal(s.least, 1536);
}

static void a_heavy_tail_ends_at_the_limit(void **state)
{
	struct wr_sizes s = sizes_of("pareto:0.5,100", 5000);
	struct wr_prng prng;
	uint32_t most = 0;

	wr_prng_seed(&prng, 4);
	for (unsigned n = 0; n < 10000; n++)
		most = wr_max(most, wr_sizes_draw(&s, &prng));
	assert_int_equal(most, 5000);
	assert_int_equal(s.most, 5000);
}

static void a_seed_gives_the_same_sizes_again(void **state)
{
	struct wr_sizes s = sizes_of("exp:1000", LIMIT);
	struct wr_prng a, b;

	wr_prng_seed(&a, 5);
	wr_prng_seed(&b, 5);
	for (unsigned n = 0; n < 1000; n++)
		assert_int_equal(wr_sizes_draw(&s, &a), wr_sizes_draw(&s, &b));
}

static void what_is_no_size_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"x",
		"-1",
		"64b",
		"64 ",
		"1.5",
		"100-50",
		"64-",
		"64:",
		"64:0",
		"64:1.5",
		"64:1,",
		"64:1,65",
		"normal:100",
		"normal:0,5",
		"normal:5,0",
		"exp:",
		"exp:0",
		"pareto:0,5",
		"pareto:1.2",
		"poisson:5",
		"1e400",
		"64:1000001",
		"infinity",
		"64i",
		"1Kii",
		"0x40",
		"1:1,1:1,1:1,1:1,1:1,1:1,1:1,1:1,1:1,1:1,1:1,1:1,1:1,1:1,1:1,1:1,1:1",
	};
	struct wr_sizes s = {.least = 7};

	for (unsigned i = 0; i < WR_LEN(texts); i++)
		if (wr_sizes_parse(texts[i], LIMIT, &s) != -EINVAL)
			fail_msg("%s", texts[i]);
	assert_int_equal(s.least, 7);
}

static void no_size_is_beyond_the_limit(void **state)
{
	static const char *const texts[] = {
		"65508",     "64-1M",          "64:1,65508:1", "normal:70000,1",
		"exp:70000", "pareto:2,70000", "8000000000",
	};
	struct wr_sizes s;

	for (unsigned i = 0; i < WR_LEN(texts); i++)
		assert_int_equal(wr_sizes_parse(texts[i], LIMIT, &s), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_written_as_they_are_read),
		cmocka_unit_test(draws_have_the_mean_that_is_said),
		cmocka_unit_test(choices_come_by_their_weights),
		cmocka_unit_test(imix_is_the_payload_of_its_frames),
		cmocka_unit_test(every_size_of_a_range_comes),
		cmocka_unit_test(suffixes_count_in_1024),
		cmocka_unit_test(a_heavy_tail_ends_at_the_limit),
		cmocka_unit_test(a_seed_gives_the_same_sizes_again),
		cmocka_unit_test(what_is_no_size_is_refused),
		cmocka_unit_test(no_size_is_beyond_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
