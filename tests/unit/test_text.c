/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wr_base.h"
#include "wr_test.h"
#include "wr_text.h"

static struct wr_snapshot *example(void)
{
	struct wr_snapshot *s = wr_snapshot_new(), *before = wr_snapshot_new();
	struct wr_stats *stats;

	assert_non_null(s);
	assert_non_null(before);
	strcpy(s->instance, "one");
	strcpy(s->command, "serve");
	s->cores = 1;
	s->time_ns = WR_S(10);
	before->time_ns = WR_S(9);
	stats = &s->core[0].stats;
	stats->n[WR_STAT_rx_frames] = 500;
	stats->verdict[WR_V_tcp_accepted] = 490;
	stats->verdict[WR_V_tcp_paws] = 10;
	stats->cause[WR_CAUSE_tcp_rexmit_rto] = 4;
	stats->n[WR_STAT_tx_frames] = 4;
	stats->connections[WR_TCP_ESTABLISHED] = 3;
	stats->cycles[WR_STAGE_process] = 3000;
	stats->cycles_frames = 10;
	wr_snapshot_derive(s, before);
	free(before);
	return s;
}

typedef void (*writer)(FILE *out, const struct wr_snapshot *s);

/* Whether the writer says so, blanks squeezed. */
static bool says(writer write, const struct wr_snapshot *s, const char *wanted)
{
	char *text = NULL, *to;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	bool found;

	assert_non_null(out);
	write(out, s);
	fclose(out);
	to = text;
	for (const char *from = text; *from; from++)
		if (*from != ' ' || from[1] != ' ')
			*to++ = *from;
	*to = '\0';
	found = strstr(text, wanted);
	free(text);
	return found;
}

static void rates_of_stats_are_of_the_last_interval(void **state)
{
	struct wr_snapshot *s = example();

	assert_true(says(wr_text_stats, s, "rx_frames 500 500 "));
	free(s);
}

static void rates_of_the_summary_are_of_the_whole_run(void **state)
{
	struct wr_snapshot *s = example();

	assert_true(says(wr_text_summary, s, "rx_frames 500 50 "));
	free(s);
}

static void what_happened_is_listed_and_what_did_not_is_not(void **state)
{
	struct wr_snapshot *s = example();

	assert_true(says(wr_text_stats, s, "tcp_accepted 490 "));
	assert_true(says(wr_text_stats, s, "tcp_rexmit_rto 4 "));
	assert_true(says(wr_text_stats, s, "ESTABLISHED 3 "));
	assert_true(says(wr_text_stats, s,
	                 "Frames lost, by reason total per second\n tcp_paws 10 "));
	assert_false(says(wr_text_stats, s, "tcp_bad_checksum"));
	free(s);
}

static void stages_are_given_per_frame(void **state)
{
	struct wr_snapshot *s = example();

	assert_true(says(wr_text_stats, s, "process 300.0 100.0% "));
	free(s);
}

static void the_books_are_shown_balanced_or_not(void **state)
{
	struct wr_snapshot *s = example();

	assert_true(says(wr_text_summary, s, "in: 0 out: 0\n"));
	s->sum.n[WR_STAT_rx_frames]--;
	assert_true(says(wr_text_summary, s, "in: -1 out: 0\n"));
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_of_stats_are_of_the_last_interval),
		cmocka_unit_test(rates_of_the_summary_are_of_the_whole_run),
		cmocka_unit_test(what_happened_is_listed_and_what_did_not_is_not),
		cmocka_unit_test(stages_are_given_per_frame),
		cmocka_unit_test(the_books_are_shown_balanced_or_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
