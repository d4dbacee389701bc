/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wr_base.h"
#include "wr_prometheus.h"
#include "wr_test.h"

#define LINES_MAX 8192

/* What wr_prometheus_write() says of a snapshot, line by line. */
struct exposition {
	char *text;
	size_t bytes;
	char *line[LINES_MAX];
	unsigned lines;
};

static struct wr_snapshot *example(void)
{
	struct wr_snapshot *s = wr_snapshot_new();
	uint64_t n = 1;

	assert_non_null(s);
	s->cores = 2;
	s->ports = 1;
	strcpy(s->port[0].spec, "odd \"name\" \\");
	for (unsigned c = 0; c < s->cores; c++) /* each number its own */
		for (unsigned i = 0; i < sizeof(struct wr_stats) / sizeof(n); i++)
			((uint64_t *)&s->core[c].stats)[i] = 1000000 + n++;
	wr_snapshot_derive(s, NULL);
	return s;
}

static void expose(struct exposition *e, const struct wr_snapshot *s)
{
	FILE *out = open_memstream(&e->text, &e->bytes);
	char *save = NULL;

	assert_non_null(out);
	wr_prometheus_write(out, s);
	fclose(out);
	assert_int_equal(e->text[e->bytes - 1], '\n');
	e->lines = 0;
	for (char *l = strtok_r(e->text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		assert_in_range(e->lines, 0, LINES_MAX - 1);
		e->line[e->lines++] = l;
	}
}

static int setup(void **state)
{
	struct exposition *e = calloc(1, sizeof(*e));
	struct wr_snapshot *s = example();

	expose(e, s);
	free(s);
	*state = e;
	return 0;
}

static int teardown(void **state)
{
	struct exposition *e = *state;

	free(e->text);
	free(e);
	return 0;
}

/* The name in a line: up to the labels or value. */
static size_t name_length(const char *line)
{
	return strcspn(line, "{ ");
}

static void every_sample_follows_the_help_and_type_of_its_name(void **state)
{
	const struct exposition *e = *state;
	const char *family = "";
	size_t len = 0;

	for (unsigned i = 0; i < e->lines; i++) {
		if (strncmp(e->line[i], "# HELP ", 7) == 0) {
			family = e->line[i] + 7;
			len = name_length(family);
			assert_true(strlen(family) > len + 1); /* some text */
			assert_int_equal(strncmp(e->line[++i], "# TYPE ", 7), 0);
			assert_memory_equal(e->line[i] + 7, family, len + 1);
			continue;
		}
		assert_int_equal(name_length(e->line[i]), len);
		assert_memory_equal(e->line[i], family, len);
	}
}

static void no_family_and_no_sample_comes_twice(void **state)
{
	const struct exposition *e = *state;

	for (unsigned i = 0; i < e->lines; i++) {
		const char *value = strrchr(e->line[i], ' ');
		size_t len = (size_t)(value - e->line[i]);

		if (strncmp(e->line[i], "# TYPE", 6) == 0 ||
		    strncmp(e->line[i], "# HELP", 6) == 0)
			len = 7 + name_length(e->line[i] + 7) + 1;
		for (unsigned k = 0; k < i; k++)
			if (strncmp(e->line[i], e->line[k], len + 1) == 0)
				fail_msg("twice: %s", e->line[i]);
	}
}

static void counters_and_only_they_end_in_total(void **state)
{
	const struct exposition *e = *state;

	for (unsigned i = 0; i < e->lines; i++) {
		const char *name = e->line[i] + 7;
		size_t len = name_length(name);

		if (strncmp(e->line[i], "# TYPE ", 7) != 0)
			continue;
		assert_int_equal(strcmp(name + len, " counter") == 0,
		                 strncmp(name + len - 6, "_total", 6) == 0);
	}
}

/* Each number of both cores is distinct, so that each must be found as a value. */
static bool has_value(const struct exposition *e, uint64_t n)
{
	for (unsigned i = 0; i < e->lines; i++)
		if (e->line[i][0] != '#' &&
		    strtoull(strrchr(e->line[i], ' ') + 1, NULL, 10) == n)
			return true;
	return false;
}

static void every_number_of_every_core_is_there(void **state)
{
	const struct exposition *e = *state;
	struct wr_snapshot *s = example();

	for (unsigned c = 0; c < s->cores; c++) {
		const struct wr_stats *stats = &s->core[c].stats;

		for (unsigned i = 0; i < WR_STAT_COUNT; i++)
			if (!has_value(e, stats->n[i]))
				fail_msg("%s of core %u is missing", wr_stat_desc[i].name, c);
		for (unsigned i = 0; i < WR_VERDICT_COUNT; i++)
			assert_true(has_value(e, stats->verdict[i]));
		for (unsigned i = 0; i < WR_CAUSE_COUNT; i++)
			assert_true(has_value(e, stats->cause[i]));
		for (unsigned i = 0; i < WR_REASON_COUNT; i++)
			assert_true(has_value(e, stats->reason[i]));
		for (unsigned i = 0; i < WR_TCP_STATE_COUNT; i++)
			assert_true(has_value(e, stats->connections[i]));
		for (unsigned i = 0; i < WR_STAGE_COUNT; i++)
			assert_true(has_value(e, stats->cycles[i]));
	}
	free(s);
}

static bool has_line(const struct exposition *e, const char *start)
{
	for (unsigned i = 0; i < e->lines; i++)
		if (strncmp(e->line[i], start, strlen(start)) == 0)
			return true;
	return false;
}

static void the_names_are_those_of_the_documentation(void **state)
{
	static const char *const wanted[] = {
		"wringer_build_info{version=\"",
		"wringer_start_time_seconds ",
		"wringer_tcp_connections{core=\"1\",state=\"fin_wait_1\"} ",
		"wringer_packets_dropped_total{core=\"0\",direction=\"in\",reason=\"tcp_paws\"}"
		" ",
		"wringer_packets_dropped_total{port=\"0\",direction=\"in\",reason=\"nic_"
		"missed\"} 0",
		"wringer_books_unbalanced_frames{core=\"0\",direction=\"in\"} ",
		"wringer_tcp_retransmitted_segments_total{core=\"0\",cause=\"rto\"} ",
		"wringer_tcp_transitions_total{from=\"established\",to=\"close_wait\"} ",
		"wringer_lcore_busy_cycles_total{core=\"0\",lcore=\"0\",socket=\"0\"} ",
		"wringer_mempool_available_objects{pool=\"core0\"} 0",
	};

	for (unsigned i = 0; i < WR_LEN(wanted); i++)
		if (!has_line(*state, wanted[i]))
			fail_msg("missing: %s", wanted[i]);
}

static void label_values_are_escaped(void **state)
{
	assert_true(has_line(
		*state,
		"wringer_port_info{port=\"0\",spec=\"odd \\\"name\\\" \\\\\",driver=\"\"} 1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_sample_follows_the_help_and_type_of_its_name),
		cmocka_unit_test(no_family_and_no_sample_comes_twice),
		cmocka_unit_test(counters_and_only_they_end_in_total),
		cmocka_unit_test(every_number_of_every_core_is_there),
		cmocka_unit_test(the_names_are_those_of_the_documentation),
		cmocka_unit_test(label_values_are_escaped),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
