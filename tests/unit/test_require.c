/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "wr_base.h"
#include "wr_require.h"
#include "wr_test.h"

static struct wr_require parsed(const char *text)
{
	struct wr_require require;
	struct wr_err err;

	assert_int_equal(wr_require_parse(text, &require, &err), 0);
	return require;
}

static void a_threshold_is_a_metric_an_operator_and_a_value(void **state)
{
	struct wr_require r = parsed("p99<50us");

	assert_string_equal(r.metric, "p99");
	assert_int_equal(r.op, WR_LESS);
	assert_true(r.value == 50000);
	r = parsed(" connect.p99.9 <= 2 ms ");
	assert_string_equal(r.metric, "connect.p99.9");
	assert_int_equal(r.op, WR_LESS_EQUAL);
	assert_true(r.value == 2e6);
	r = parsed("rps>=1M");
	assert_int_equal(r.op, WR_GREATER_EQUAL);
	assert_true(r.value == 1e6);
	assert_true(parsed("bitrate>9.4G").value == 9.4e9);
	assert_true(parsed("loss==0").value == 0);
	assert_true(parsed("loss<1%").value == 0.01);
}

static void all_that_is_counted_can_be_required(void **state)
{
	static const char *const texts[] = {
		"cps>1",
		"pps>1",
		"corrupt==0",
		"http_5xx==0",
		"refused!=0",
		"retransmits<10",
		"failed==0",
		"errors<1k",
		"max<1s",
		"mean<1ms",
		"stdev<1ms",
		"service.min>1us",
		"first_byte.p99.999<1s",
		"p99.999<1s",
		"busy<80%",
		"timeouts==0",
		"drops==0",
		"bitrate.up>1G",
		"connections>=1M",
		"responses_late==0",
	};

	for (unsigned i = 0; i < WR_LEN(texts); i++)
		parsed(texts[i]);
}

static void refused(const char *text, const char *why)
{
	struct wr_require require;
	struct wr_err err = {0};

	assert_int_equal(wr_require_parse(text, &require, &err), -EINVAL);
	assert_int_equal(err.exit, WR_EXIT_USAGE);
	if (!strstr(err.text, why))
		fail_msg("'%s': %s", text, err.text);
	assert_int_equal(err.text[strlen(err.text) - 1], '.');
}

static void what_parses_to_nothing_is_refused_in_a_sentence(void **state)
{
	refused("", "METRIC OP VALUE");
	refused("p99", "METRIC OP VALUE");
	refused("<50us", "METRIC OP VALUE");
	refused("p99<", "METRIC OP VALUE");
	refused("p99=50us", "METRIC OP VALUE");
	refused("latency<50us", "rps, cps");
	refused("p<50us", "rps, cps");
	refused("p100<50us", "rps, cps");
	refused("p0<50us", "rps, cps");
	refused("p9x<50us", "rps, cps");
	refused("lunch.p99<50us", "rps, cps");
	refused("p99<50", "ns, us, ms or s");
	refused("rps>1us", "k, M or G");
	refused("p99<50us,", "is no value");
}

static void a_text_of_any_length_is_read_safely(void **state)
{
	struct wr_require require;
	struct wr_err err;
	char text[5000];

	memset(text, 'p', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(wr_require_parse(text, &require, &err), -EINVAL);
	text[100] = '<';
	assert_int_equal(wr_require_parse(text, &require, &err), -EINVAL);
	text[10] = '<';
	assert_int_equal(wr_require_parse(text, &require, &err), -EINVAL);
}

static bool met(const char *text, double value)
{
	struct wr_require require = parsed(text);

	return wr_require_judge(&require, true, value).met;
}

static void every_operator_does_what_it_says(void **state)
{
	assert_true(met("rps<10", 9));
	assert_false(met("rps<10", 10));
	assert_true(met("rps<=10", 10));
	assert_false(met("rps<=10", 11));
	assert_true(met("rps>10", 11));
	assert_false(met("rps>10", 10));
	assert_true(met("rps>=10", 10));
	assert_false(met("rps>=10", 9));
	assert_true(met("rps==10", 10));
	assert_false(met("rps==10", 9));
	assert_true(met("rps!=10", 9));
	assert_false(met("rps!=10", 10));
}

static void a_metric_without_data_is_missed(void **state)
{
	struct wr_require require = parsed("p99<50us");
	struct wr_require_verdict v = wr_require_judge(&require, false, 0);

	assert_false(v.has_value);
	assert_false(v.met);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_threshold_is_a_metric_an_operator_and_a_value),
		cmocka_unit_test(all_that_is_counted_can_be_required),
		cmocka_unit_test(what_parses_to_nothing_is_refused_in_a_sentence),
		cmocka_unit_test(a_text_of_any_length_is_read_safely),
		cmocka_unit_test(every_operator_does_what_it_says),
		cmocka_unit_test(a_metric_without_data_is_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
