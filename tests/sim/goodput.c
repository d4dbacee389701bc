/* SPDX-License-Identifier: BSD-3-Clause */
/* Each algorithm alone over a bottleneck of 20 Mbit/s, by loss, round-trip time and queue. */

#include <math.h>
#include <stdlib.h>

#include "tables.h"

#define RATE_BPS 20000000ull

static const char *const algorithms[] = {"cubic", "reno", "dctcp", "bbr", "fixed:60"};
static const uint64_t rtts_ms[] = {20, 100};
static const uint32_t queues_percent[] = {25, 100}; /* of the bandwidth-delay product */

/* Losses of text: at equal distances, as the formulas assume; or by chance. */
static const struct loss {
	const char *name;
	uint32_t every, ppm;
	double share;
} losses[] = {
	{"0", 0, 0, 0},
	{"1/1000", 1000, 0, 0.001},
	{"1/100", 100, 0, 0.01},
	{"~1/50", 0, 20000, 0.02},
};

struct cell {
	const char *algorithm;
	const struct loss *loss;
	uint64_t rtt_ms;
	uint32_t queue_percent;
	struct wr_cc_choice cc;
};

static void prepare(struct sim_plan *plan, const struct cell *cell)
{
	uint64_t bdp = RATE_BPS / 8 * cell->rtt_ms / 1000;

	sim_plan_calm(plan, 1);
	plan->until_ns = cell->rtt_ms > 50 ? WR_S(75) : WR_S(36);
	plan->calm_ns = plan->until_ns; /* losses do not stop */
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		struct sim_host_plan *host = &plan->host[i];

		plan->path[i].rate_bps = RATE_BPS;
		plan->path[i].delay_ns = WR_MS(cell->rtt_ms) / 2;
		plan->path[i].queue_bytes = (uint32_t)(bdp * cell->queue_percent / 100);
		host->rcv_buf = host->snd_buf = host->ooo_bytes = 2 << 20;
		host->ooo_pieces = 4096;
		host->tx_slots = 1024;
		host->cc = cell->cc;
	}
	/* DCTCP has a queue that marks, at a quarter of it. */
	if (cell->cc.ops->marks) {
		plan->path[0].aqm = SIM_THRESHOLD;
		plan->path[0].mark_bytes = plan->path[0].queue_bytes / 4;
	}
	plan->path[0].loss_ppm = cell->loss->ppm;
	plan->path[0].every = cell->loss->every;
	plan->flow[0].end[0].text = 1u << 30;
	plan->flow[0].end[0].chunk = TABLE_MSS;
}

/* Why it is not what theory says; docs/congestion.md has the long version. */
static char reason(const struct cell *cell)
{
	if (cell->loss->share == 0 || cell->cc.ops == &wr_cc_fixed_ops)
		return 0;
	if (cell->cc.ops->model)
		return 'a';
	return cell->loss->every ? 'b' : 'c';
}

static int print_cell(struct sim_world *world, const struct cell *cell, FILE *out)
{
	const struct sim_theory theory = {
		.cc = &cell->cc,
		.rate_bps = RATE_BPS,
		.rtt_s = (double)cell->rtt_ms / 1e3,
		.queue = cell->queue_percent / 1e2,
		.loss = cell->loss->share,
	};
	double bps, says = sim_theory_goodput(&theory);
	struct sim_result result;
	struct sim_plan plan;
	char why = ' ';

	prepare(&plan, cell);
	if (sim_table_measure(world, &plan, cell->algorithm, &result))
		return -1;
	bps = (result.flow[0].received - result.flow[0].third) * 8e9 * 1.5 /
	      (double)plan.until_ns;
	if (fabs(bps / says - 1) > 0.1)
		why = reason(cell);
	fprintf(out, "%-9s %7s %5u %6.2f %9.2f %8.2f %6.2f %c %9.2f\n", cell->algorithm,
	        cell->loss->name, (unsigned)cell->rtt_ms, theory.queue, bps / 1e6, says / 1e6,
	        bps / says, why ? why : '?', sim_table_sent_again(&result));
	if (!why)
		fprintf(stderr, "%s: a deviation without a reason\n", cell->algorithm);
	return why ? 0 : -1;
}

int sim_table_goodput(struct sim_world *world, FILE *out)
{
	int worst = 0;

	fputs("# Goodput over 20 Mbit/s, in the last two thirds of 36 s (RTT 20 ms) or 75 s. "
	      "Loss\n"
	      "# of segments, ~ by chance; RTT in ms, queue in bandwidth-delay products, "
	      "goodput\n"
	      "# and theory in Mbit/s, text sent again in %. dctcp has a queue that marks at "
	      "a\n"
	      "# quarter. Letters: docs/congestion.md.\n"
	      "# cc       loss   rtt  queue   goodput   theory  ratio  sent again\n",
	      out);
	for (unsigned a = 0; a < WR_LEN(algorithms); a++)
		for (unsigned r = 0; r < WR_LEN(rtts_ms); r++)
			for (unsigned q = 0; q < WR_LEN(queues_percent); q++)
				for (unsigned l = 0; l < WR_LEN(losses); l++) {
					struct cell cell = {algorithms[a],
					                    &losses[l],
					                    rtts_ms[r],
					                    queues_percent[q],
					                    {0}};

					if (!wr_cc_read(cell.algorithm, &cell.cc))
						abort();
					worst |= print_cell(world, &cell, out);
				}
	return worst;
}
