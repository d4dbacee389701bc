/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "wr_ss.h"
#include "wr_test.h"

#define BIT(state) (1u << WR_TCP_##state)

static struct wr_tcp_filter filter;
static struct wr_err err;

/* Parses words separated by blanks. */
static int parse(const char *line)
{
	char *argv[16], *save = NULL, text[256];
	int argc = 0;

	snprintf(text, sizeof(text), "%s", line);
	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	return wr_ss_filter_parse(&filter, false, false, argc, argv, &err);
}

static void without_a_filter_the_states_are_those_of_ss(void **state)
{
	assert_int_equal(parse(""), 0);
	assert_int_equal(filter.states, BIT(SYN_SENT) | BIT(ESTABLISHED) | BIT(FIN_WAIT_1) |
	                                        BIT(FIN_WAIT_2) | BIT(CLOSE_WAIT) |
	                                        BIT(CLOSING) | BIT(LAST_ACK));
	assert_int_equal(wr_ss_filter_parse(&filter, true, false, 0, NULL, &err), 0);
	assert_true(filter.states & BIT(LISTEN) && filter.states & BIT(TIME_WAIT));
	assert_int_equal(wr_ss_filter_parse(&filter, false, true, 0, NULL, &err), 0);
	assert_int_equal(filter.states, BIT(LISTEN));
}

static void states_add_up_and_excluded_ones_go(void **state)
{
	assert_int_equal(parse("state established state time-wait"), 0);
	assert_int_equal(filter.states, BIT(ESTABLISHED) | BIT(TIME_WAIT));
	assert_int_equal(parse("state bucket exclude syn-recv"), 0);
	assert_int_equal(filter.states, BIT(TIME_WAIT));
	assert_int_equal(parse("state listening exclude all"), -EINVAL);
}

static void addresses_may_have_a_prefix_and_a_port(void **state)
{
	assert_int_equal(parse("dst 198.18.0.2:5001"), 0);
	assert_int_equal(filter.raddr, 0xc6120002);
	assert_int_equal(filter.rmask, UINT32_MAX);
	assert_int_equal(filter.rport, 5001);
	assert_int_equal(parse("src = 198.18.77.1/16"), 0);
	assert_int_equal(filter.laddr, 0xc6120000);
	assert_int_equal(filter.lmask, 0xffff0000);
	assert_int_equal(filter.lport, 0);
	assert_int_equal(parse("src *:7"), 0);
	assert_int_equal(filter.lmask, 0);
	assert_int_equal(filter.lport, 7);
}

static void ports_are_written_as_in_ss(void **state)
{
	static const char *const forms[] = {"sport = :7 and dport = :9",
	                                    "sport eq 7 dport == 9", "sport :7 dport :9"};

	for (unsigned i = 0; i < WR_LEN(forms); i++) {
		assert_int_equal(parse(forms[i]), 0);
		assert_int_equal(filter.lport, 7);
		assert_int_equal(filter.rport, 9);
	}
}

static void what_is_no_filter_is_a_usage_error_with_a_sentence(void **state)
{
	static const char *const wrong[] = {
		"state",      "state open",     "src",         "src 1.2.3",    "src 1.2.3.4/33",
		"sport = :0", "dport = :65536", "sport = :7x", "dst 1.2.3.4:", "colour green",
		"src fe80::1"};

	for (unsigned i = 0; i < WR_LEN(wrong); i++) {
		memset(&err, 0, sizeof(err));
		if (parse(wrong[i]) != -EINVAL)
			fail_msg("accepted: %s", wrong[i]);
		assert_int_equal(err.exit, WR_EXIT_USAGE);
		assert_int_equal(err.text[strlen(err.text) - 1], '.');
	}
}

static void a_query_survives_its_text_form(void **state)
{
	struct wr_ss_query before, after;
	char text[512];

	wr_ss_query_default(&before);
	assert_int_equal(wr_ss_query_format(text, sizeof(text), &before), 0);
	before.core = 3;
	before.cursor = UINT32_MAX - 1;
	before.skip = 63;
	before.every = 17;
	parse("state all src 198.18.0.0/15:7 dst 198.18.0.2:65535");
	before.filter = filter;
	assert_in_range(wr_ss_query_format(text, sizeof(text), &before), 1, sizeof(text) - 1);
	assert_int_equal(wr_ss_query_parse(&after, text), 0);
	assert_memory_equal(&before, &after, sizeof(before));
}

static void a_query_may_be_empty_and_may_not_be_nonsense(void **state)
{
	struct wr_ss_query query;

	assert_int_equal(wr_ss_query_parse(&query, NULL), 0);
	assert_int_equal(query.every, 1);
	assert_int_equal(wr_ss_query_parse(&query, "states=0x10,sport=7"), 0);
	assert_int_equal(query.filter.states, 0x10);
	assert_int_equal(wr_ss_query_parse(&query, "core"), -EINVAL);
	assert_int_equal(wr_ss_query_parse(&query, "core=-1"), -EINVAL);
	assert_int_equal(wr_ss_query_parse(&query, "core=1x"), -EINVAL);
	assert_int_equal(wr_ss_query_parse(&query, "sport=65536"), -EINVAL);
	assert_int_equal(wr_ss_query_parse(&query, "every=0"), -EINVAL);
	assert_int_equal(wr_ss_query_parse(&query, "corner=1"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_filter_the_states_are_those_of_ss),
		cmocka_unit_test(states_add_up_and_excluded_ones_go),
		cmocka_unit_test(addresses_may_have_a_prefix_and_a_port),
		cmocka_unit_test(ports_are_written_as_in_ss),
		cmocka_unit_test(what_is_no_filter_is_a_usage_error_with_a_sentence),
		cmocka_unit_test(a_query_survives_its_text_form),
		cmocka_unit_test(a_query_may_be_empty_and_may_not_be_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
