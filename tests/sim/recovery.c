/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long a burst of losses hurts: a flow whose window is the peer's, so that nothing else is
 * lost, over 20 Mbit/s.
 */

#include <stdlib.h>

#include "tables.h"

#define RATE_BPS 20000000ull
#define RTT_MS   50
#define WINDOW   (90 * TABLE_MSS) /* a little more than the path holds */
#define AT       3000000u         /* where in the text the burst begins */

static const char *const algorithms[] = {"cubic", "reno", "dctcp", "bbr", "fixed:90"};
static const unsigned bursts[] = {1, 10, 40, 90}; /* segments; 90: all of a window */

static void prepare(struct sim_plan *plan, const char *algorithm, unsigned burst, bool sack)
{
	sim_plan_calm(plan, 1);
	plan->calm_ns = WR_S(1000);
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		struct sim_host_plan *host = &plan->host[i];

		plan->path[i].rate_bps = RATE_BPS;
		plan->path[i].delay_ns = WR_MS(RTT_MS) / 2;
		host->rcv_buf = WINDOW;
		host->snd_buf = 4 * WINDOW;
		host->sack = sack;
		host->tx_slots = 1024;
		if (!wr_cc_read(algorithm, &host->cc))
			abort();
	}
	plan->path[0].rule[0] = (struct sim_rule) {SIM_FROM, burst, AT};
	plan->flow[0].end[0].text = 2 * (AT + burst * TABLE_MSS);
	plan->flow[0].end[0].chunk = TABLE_MSS;
}

/* Round trips until the last lost segment is there, after the first was sent. */
static double says(unsigned burst, bool sack)
{
	double sending = burst * TABLE_WIRE * 8e3 / RATE_BPS / RTT_MS;

	if (burst * TABLE_MSS >= WINDOW) /* a time-out, 1 RTT and 200 ms, then slow start */
		return 1 + 200.0 / RTT_MS + 7.5;
	/* The sender learns of the last loss when what follows it is acknowledged. */
	return sack ? 1.5 + sending : burst + 0.5 + sending;
}

/* docs/congestion.md has the long version. */
static char reason(unsigned burst, bool sack, double ratio)
{
	if (ratio > 0.9 && ratio < 1.1)
		return ' ';
	if (burst * TABLE_MSS >= WINDOW)
		return 'f';
	return sack ? 'g' : 0;
}

static int print_row(struct sim_world *world, const char *algorithm, unsigned burst, bool sack,
                     FILE *out)
{
	struct sim_result clean, result;
	struct sim_plan plan;
	double repaired, expected = says(burst, sack);
	uint64_t again;
	char why;

	prepare(&plan, algorithm, burst, sack);
	if (sim_table_measure(world, &plan, algorithm, &result))
		return -1;
	plan.path[0].rule[0].count = 0;
	if (sim_table_measure(world, &plan, algorithm, &clean))
		return -1;
	repaired = (double)(result.flow[0].half_ns - result.caught_ns) / 1e6 / RTT_MS;
	again = result.stats[0].n[WR_STAT_tcp_bytes_rexmit];
	why = reason(burst, sack, repaired / expected);
	fprintf(out, "%-9s %4s %6u %9.1f %7.1f %6.2f %c %10.0f %8.2f %5u\n", algorithm,
	        sack ? "sack" : "-", burst, repaired, expected, repaired / expected,
	        why ? why : '?',
	        ((double)result.flow[0].done_ns - (double)clean.flow[0].done_ns) / 1e6,
	        (double)again / TABLE_MSS / burst,
	        (unsigned)result.stats[0].n[WR_STAT_tcp_rto_fired]);
	if (!why)
		fprintf(stderr, "%s: a deviation without a reason\n", algorithm);
	return why ? 0 : -1;
}

int sim_table_recovery(struct sim_world *world, FILE *out)
{
	int worst = 0;

	fputs("# A burst of consecutive segments is lost once, over 20 Mbit/s and 50 ms: round "
	      "trips\n"
	      "# from the first loss until all is repaired, what theory says, milliseconds "
	      "that the\n"
	      "# whole transfer took longer, segments sent again for each lost, time-outs. "
	      "Letters:\n"
	      "# docs/congestion.md.\n"
	      "# cc             burst  repaired  theory  ratio   cost in ms  again   RTOs\n",
	      out);
	for (unsigned a = 0; a < WR_LEN(algorithms); a++)
		for (unsigned sack = 2; sack-- > 0;)
			for (unsigned b = 0; b < WR_LEN(bursts); b++)
				worst |= print_row(world, algorithms[a], bursts[b], sack, out);
	return worst;
}
