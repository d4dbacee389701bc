/* SPDX-License-Identifier: BSD-3-Clause */
/* Flows that share a bottleneck of 40 Mbit/s: within and between algorithms. */

#include <math.h>
#include <stdlib.h>

#include "tables.h"

#define RATE_BPS 40000000ull
#define RTT_MS   40

/* Flows with even numbers have the first algorithm, the others the second. */
static const char *const mixes[][2] = {
	{"cubic", "cubic"},       {"reno", "reno"},  {"bbr", "bbr"},   {"dctcp", "dctcp"},
	{"fixed:10", "fixed:10"}, {"cubic", "reno"}, {"bbr", "cubic"}, {"bbr", "reno"},
};

static const unsigned numbers[] = {2, 8, 32};

static void prepare(struct sim_plan *plan, const char *const mix[2], unsigned flows)
{
	sim_plan_calm(plan, flows);
	plan->until_ns = plan->calm_ns = WR_S(45);
	plan->flows = flows;
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		struct sim_path_plan *path = &plan->path[i];
		struct sim_host_plan *host = &plan->host[i];

		path->rate_bps = RATE_BPS;
		path->delay_ns = WR_MS(RTT_MS) / 2;
		path->queue_bytes = RATE_BPS / 8 * RTT_MS / 1000;
		host->connections = 2 * flows;
		host->rcv_buf = host->snd_buf = flows > 8 ? 96 << 10 : 384 << 10;
		host->ooo_bytes = 512 << 10;
		host->tx_slots = 1024;
		host->rates = true;
	}
	for (unsigned i = 0; i < flows; i++) {
		struct sim_flow_plan *flow = &plan->flow[i];

		flow->start_ns = i * WR_MS(1000) / flows;
		flow->end[0].text = 1u << 30;
		flow->end[0].chunk = TABLE_MSS;
		if (!wr_cc_read(mix[i & 1], &flow->cc))
			abort();
	}
	if (plan->flow[0].cc.ops->marks) {
		plan->path[0].aqm = SIM_THRESHOLD;
		plan->path[0].mark_bytes = plan->path[0].queue_bytes / 4;
	}
}

static double goodput(const struct sim_plan *plan, const struct sim_result *result, unsigned i)
{
	return (result->flow[i].received - result->flow[i].third) * 8e9 * 1.5 /
	       (double)plan->until_ns;
}

/* Jain, Chiu, Hawe 1984, of every step-th flow from `first` on. */
static double jain(const struct sim_plan *plan, const struct sim_result *result, unsigned first,
                   unsigned step)
{
	double sum = 0, squares = 0;
	unsigned n = 0;

	for (unsigned i = first; i < plan->flows; i += step, n++) {
		double bps = goodput(plan, result, i);

		sum += bps;
		squares += bps * bps;
	}
	return sum * sum / (n * squares);
}

/* Is it less fair than it might be, and why? docs/congestion.md has the long version. */
static char reason(const char *const mix[2], double fair, double share)
{
	bool mixed = mix[0] != mix[1];

	if (fair > 0.9 && (!mixed || (share > 0.45 && share < 0.55)))
		return ' ';
	if (!mixed)
		return 0;
	return mix[0][0] == 'b' ? 'e' : 'd';
}

static int print_row(struct sim_world *world, const char *const mix[2], unsigned flows,
                     FILE *out)
{
	double first = 0, all = 0, within, total;
	struct sim_result result;
	struct sim_plan plan;
	char why;

	prepare(&plan, mix, flows);
	if (sim_table_measure(world, &plan, mix[0], &result))
		return -1;
	for (unsigned i = 0; i < flows; i++) {
		all += goodput(&plan, &result, i);
		if (!(i & 1))
			first += goodput(&plan, &result, i);
	}
	total = jain(&plan, &result, 0, 1);
	within = fmin(jain(&plan, &result, 0, 2), jain(&plan, &result, 1, 2));
	why = reason(mix, mix[0] == mix[1] ? total : within, first / all);
	fprintf(out, "%-9s %-9s %4u %7.3f %8.3f %7.2f %c %8.2f %9.2f\n", mix[0], mix[1], flows,
	        total, within, first / all, why ? why : '?', all / 1e6,
	        sim_table_sent_again(&result));
	if (!why)
		fprintf(stderr, "%s: unfair without a reason\n", mix[0]);
	return why ? 0 : -1;
}

int sim_table_fairness(struct sim_world *world, FILE *out)
{
	int worst = 0;

	fputs("# Flows of two algorithms over 40 Mbit/s, 40 ms, a queue of one "
	      "bandwidth-delay\n"
	      "# product, in the last 30 of 45 s: Jain's index of all, the lower of the two "
	      "within an\n"
	      "# algorithm, the share of the first (0.50 is fair), goodput of all in Mbit/s, "
	      "text\n"
	      "# sent again in %. Letters: docs/congestion.md.\n"
	      "# cc      cc          flows  jain  within   share      all  sent again\n",
	      out);
	for (unsigned m = 0; m < WR_LEN(mixes); m++)
		for (unsigned n = 0; n < WR_LEN(numbers); n++)
			worst |= print_row(world, mixes[m], numbers[n], out);
	return worst;
}
