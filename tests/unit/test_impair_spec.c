/* SPDX-License-Identifier: BSD-3-Clause */
#include "impair_rig.h"

static void every_item_is_read(void **state)
{
	struct wr_impair_conf c =
		conf_of("loss=1%,burst=0.5%/25%,delay=20ms±5ms,reorder=2%/3ms,"
	                "duplicate=0.25%,corrupt=0.1%,rate=100M,queue=64K,"
	                "ecn=5%,limit=4k");

	assert_int_equal(c.loss, 10000);
	assert_int_equal(c.burst_begin, 5000);
	assert_int_equal(c.burst_end, 250000);
	assert_int_equal(c.delay_ns, WR_MS(20));
	assert_int_equal(c.jitter_ns, WR_MS(5));
	assert_int_equal(c.reorder, 20000);
	assert_int_equal(c.hold_ns, WR_MS(3));
	assert_int_equal(c.duplicate, 2500);
	assert_int_equal(c.corrupt, 1000);
	assert_int_equal(c.rate_bps, 100000000);
	assert_int_equal(c.queue_bytes, 65536);
	assert_int_equal(c.mark, 50000);
	assert_int_equal(c.limit, 4000);
	assert_int_equal(conf_of("delay=1.5ms+-0.25ms").jitter_ns, WR_US(250));
	assert_int_equal(conf_of("delay=0.000001s").delay_ns, WR_US(1));
	assert_int_equal(conf_of("rate=2.5G").rate_bps, 2500000000);
	assert_int_equal(conf_of("rate=1M").queue_bytes, 256 << 10);
	assert_int_equal(conf_of("reorder=1%").hold_ns, WR_MS(1));
	c = conf_of("none");
	assert_true(wr_impair_is_none(&c));
	c = conf_of("loss=0%,limit=64");
	assert_true(wr_impair_is_none(&c));
}

static void nonsense_gets_a_sentence_that_names_the_item_and_the_remedy(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"", "is no impairment; write loss="},
		{"loss", "'loss' cannot be; give a percentage"},
		{"loss=", "'loss=' cannot be"},
		{"loss=1", "'loss=1' cannot be"},
		{"loss=101%", "'loss=101%' cannot be"},
		{"loss=-1%", "'loss=-1%' cannot be"},
		{"loss=1.%", "cannot be"},
		{"loss=0.00001%", "steps of 0.0001%"},
		{"loss=99999999999999999999%", "cannot be"},
		{"loss=1%%", "cannot be"},
		{"loss=1% ", "cannot be"},
		{"loss=1%,", "'' is no impairment"},
		{"loss=1%,,delay=1ms", "'' is no impairment"},
		{"loss=1%,loss=2%", "loss is given twice"},
		{"los=1%", "'los=1%' is no impairment"},
		{"losses=1%", "'losses=1%' is no impairment"},
		{"none,loss=1%", "'none' is no impairment"},
		{"burst=1%", "begins and ends, such as 1%/25%"},
		{"burst=1%/0%", "'burst=1%/0%' cannot be"},
		{"delay=20", "'delay=20' cannot be; give a time"},
		{"delay=61s", "up to 60s"},
		{"delay=5ms±6ms", "a jitter that is no longer"},
		{"delay=5ms±", "cannot be"},
		{"delay=0.5ns", "cannot be"},
		{"reorder=1%/", "'reorder=1%/' cannot be"},
		{"rate=999", "from 1k to 400G"},
		{"rate=401G", "from 1k to 400G"},
		{"rate=18446744073709551616", "cannot be"},
		{"rate=100Mbps", "cannot be"},
		{"queue=64K", "queue is that of rate"},
		{"queue=0,rate=1M", "'queue=0' cannot be"},
		{"queue=257M,rate=1M", "up to 256M"},
		{"limit=63", "from 64 to 1048576"},
		{"limit=2M", "from 64 to 1048576"},
		{"loss=1111111111111111111111111111111111111111111111111111111111111111111%",
	         "cannot be"},
	};

	for (unsigned i = 0; i < WR_LEN(bad); i++) {
		struct wr_impair_conf conf;
		struct wr_err err = {.text = ""};

		if (wr_impair_parse(bad[i].text, &conf, &err) == 0)
			fail_msg("'%s' is taken", bad[i].text);
		if (!strstr(err.text, bad[i].says))
			fail_msg("'%s' gives: %s", bad[i].text, err.text);
		assert_int_equal(err.exit, WR_EXIT_USAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_item_is_read),
		cmocka_unit_test(nonsense_gets_a_sentence_that_names_the_item_and_the_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
