/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The golden table of goodput: each algorithm over a bottleneck of 100 Mbit/s,
 * by loss, round-trip time and queue. The simulator is deterministic, so the
 * table is too: it changes only with the engine, and then with a reason.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "goodput.h"

#define RATE_BPS 100000000ull
#define TEXT     30000000u

static const char *const algorithms[] = {"cubic", "reno", "dctcp", "bbr", "fixed:100"};
static const uint32_t losses_ppm[] = {0, 1000, 10000};
static const uint64_t rtts_ms[] = {20, 100};
static const uint32_t queues_percent[] = {25, 100}; /* of the bandwidth-delay product */

struct cell {
	const char *algorithm;
	uint32_t loss_ppm;
	uint64_t rtt_ms;
	uint32_t queue_percent;
};

static void prepare(struct sim_plan *plan, const struct cell *cell)
{
	uint64_t bdp = RATE_BPS / 8 * cell->rtt_ms / 1000;

	sim_plan_calm(plan, 1);
	plan->calm_ns = WR_S(10000); /* losses do not stop */
	plan->bound_ns = WR_S(1000);
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		struct sim_host_plan *host = &plan->host[i];

		plan->path[i].rate_bps = RATE_BPS;
		plan->path[i].delay_ns = WR_MS(cell->rtt_ms) / 2;
		plan->path[i].queue_bytes = (uint32_t)(bdp * cell->queue_percent / 100);
		host->rcv_buf = host->snd_buf = host->ooo_bytes = 4 << 20;
		host->ooo_pieces = 4096;
		host->tx_slots = 1024;
		if (!wr_cc_read(cell->algorithm, &host->cc))
			abort();
	}
	/* DCTCP has a queue that marks, at a quarter of it. */
	if (plan->host[0].cc.ops->marks)
		plan->path[0].mark_bytes = plan->path[0].queue_bytes / 4;
	plan->path[0].aqm = SIM_THRESHOLD;
	plan->path[0].loss_ppm = cell->loss_ppm;
	plan->flow[0].end[0].text = TEXT;
	plan->flow[0].end[0].chunk = 1448;
}

static int print_cell(struct sim_world *world, const struct cell *cell, FILE *out)
{
	struct sim_result result;
	struct sim_plan plan;

	prepare(&plan, cell);
	sim_run(world, &plan, NULL, NULL, &result);
	if (!result.ok) {
		fprintf(stderr, "%s, loss %" PRIu32 ", %" PRIu64 " ms: not so: %s\n",
		        cell->algorithm, cell->loss_ppm, cell->rtt_ms, result.why);
		return -1;
	}
	fprintf(out, "%-10s %4.1f %6" PRIu64 " %8.2f %10.1f %10.1f\n", cell->algorithm,
	        cell->loss_ppm / 1e4, cell->rtt_ms, cell->queue_percent / 1e2,
	        TEXT * 8e3 / (double)result.flow[0].done_ns,
	        100.0 * (double)result.stats[0].n[WR_STAT_tcp_bytes_rexmit] / TEXT);
	return 0;
}

static int print_table(struct sim_world *world, FILE *out)
{
	fputs("# 30 MB over 100 Mbit/s, from the first SYN on. Loss in %, RTT in ms, "
	      "queue in\n"
	      "# bandwidth-delay products, goodput in Mbit/s, text sent again in %. "
	      "dctcp has "
	      "a\n"
	      "# queue that marks at a quarter.\n"
	      "# cc       loss    rtt    queue    goodput   sent again\n",
	      out);
	for (unsigned a = 0; a < WR_LEN(algorithms); a++)
		for (unsigned r = 0; r < WR_LEN(rtts_ms); r++)
			for (unsigned q = 0; q < WR_LEN(queues_percent); q++)
				for (unsigned l = 0; l < WR_LEN(losses_ppm); l++) {
					const struct cell cell = {algorithms[a], losses_ppm[l],
					                          rtts_ms[r],
					                          queues_percent[q]};

					if (print_cell(world, &cell, out))
						return -1;
				}
	return 0;
}

/* The first line in which the two differ, or 0. */
static unsigned first_difference(FILE *got, FILE *want, char *got_line, char *want_line)
{
	for (unsigned line = 1;; line++) {
		bool more = fgets(got_line, GOODPUT_LINE, got);
		bool wanted = fgets(want_line, GOODPUT_LINE, want);

		if (!more && !wanted)
			return 0;
		if (!more || !wanted || strcmp(got_line, want_line))
			return line;
	}
}

int goodput_table(struct sim_world *world, const char *golden)
{
	char got_line[GOODPUT_LINE] = "", want_line[GOODPUT_LINE] = "";
	FILE *want = golden ? fopen(golden, "r") : NULL, *got;
	unsigned line;

	if (!golden)
		return print_table(world, stdout);
	got = tmpfile();
	if (!want || !got || print_table(world, got)) {
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
