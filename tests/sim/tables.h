/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Golden tables: what each algorithm gives, beside what theory says. The simulator is
 * deterministic, so the tables are too: they change only with the engine, and then with a
 * reason. What is further than a tenth from theory has a letter, which docs/congestion.md
 * explains; a row that has none where one is due is an error.
 */
#ifndef WR_SIM_TABLES_H
#define WR_SIM_TABLES_H

#include "sim.h"

#define TABLE_LINE 256  /* characters of a line, at most */
#define TABLE_MSS  1448 /* bytes of text of a segment */
#define TABLE_WIRE 1514 /* bytes of its frame */

/* Prints a table; -1: a run failed, or a deviation has no reason, and it was said. */
typedef int (*sim_table)(struct sim_world *world, FILE *out);

int sim_table_goodput(struct sim_world *world, FILE *out);
int sim_table_fairness(struct sim_world *world, FILE *out);
int sim_table_recovery(struct sim_world *world, FILE *out);

/* NULL: there is none of that name. */
sim_table sim_table_named(const char *name);
/* Prints the table, or compares it with the file `golden`. Returns 0, or -1 and says why. */
int sim_table_run(struct sim_world *world, sim_table table, const char *golden);

/* Runs a plan; -1: an invariant was broken, and it was said. */
int sim_table_measure(struct sim_world *world, const struct sim_plan *plan, const char *what,
                      struct sim_result *result);

/* Text sent again by the first host, in % of what it sent. */
double sim_table_sent_again(const struct sim_result *result);

/* ---- theory.c: goodput in bit/s of one flow over a path ---- */

struct sim_theory {
	const struct wr_cc_choice *cc;
	double rate_bps; /* of the bottleneck, all bytes of frames */
	double rtt_s;    /* without queue */
	double queue;    /* in bandwidth-delay products */
	double loss;     /* of segments: a share */
};

double sim_theory_goodput(const struct sim_theory *path);

#endif /* WR_SIM_TABLES_H */
