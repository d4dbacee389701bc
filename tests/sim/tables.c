/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "tables.h"

static const struct {
	const char *name;
	sim_table table;
} tables[] = {
	{"goodput", sim_table_goodput},
	{"fairness", sim_table_fairness},
	{"recovery", sim_table_recovery},
};

sim_table sim_table_named(const char *name)
{
	for (unsigned i = 0; i < WR_LEN(tables); i++)
		if (strcmp(tables[i].name, name) == 0)
			return tables[i].table;
	return NULL;
}

int sim_table_measure(struct sim_world *world, const struct sim_plan *plan, const char *what,
                      struct sim_result *result)
{
	sim_run(world, plan, NULL, NULL, result);
	if (!result->ok)
		fprintf(stderr, "%s: not so: %s\n", what, result->why);
	return result->ok ? 0 : -1;
}

/* The first line in which the two differ, or 0. */
static unsigned first_difference(FILE *got, FILE *want, char *got_line, char *want_line)
{
	for (unsigned line = 1;; line++) {
		bool more = fgets(got_line, TABLE_LINE, got);
		bool wanted = fgets(want_line, TABLE_LINE, want);

		if (!more && !wanted)
			return 0;
		if (!more || !wanted || strcmp(got_line, want_line))
			return line;
	}
}

int sim_table_run(struct sim_world *world, sim_table table, const char *golden)
{
	char got_line[TABLE_LINE] = "", want_line[TABLE_LINE] = "";
	FILE *want = golden ? fopen(golden, "r") : NULL, *got;
	unsigned line;

	if (!golden)
		return table(world, stdout);
	got = tmpfile();
	if (!want || !got || table(world, got)) {
		fprintf(stderr, "%s cannot be compared\n", golden);
		return -1;
	}
	rewind(got);
	line = first_difference(got, want, got_line, want_line);
	if (line)
		fprintf(stderr, "%s:%u is\n%sbut now it would be\n%s", golden, line, want_line,
		        got_line);
	fclose(got);
	fclose(want);
	return line ? -1 : 0;
}

double sim_table_sent_again(const struct sim_result *result)
{
	const uint64_t *n = result->stats[0].n;

	return 100.0 * (double)n[WR_STAT_tcp_bytes_rexmit] / (double)n[WR_STAT_tcp_bytes_out];
}
