/* SPDX-License-Identifier: BSD-3-Clause */
/* Where listeners and sources have limits, no core has more connections of one than its share.
 */

#include "sim.h"

#define DUMPED 64

/* As tcp_limit_share() says: together not more than the limit, but each has one at least. */
static uint32_t share_of(uint32_t limit, const struct sim_core *core)
{
	unsigned cores = core->host->plan->cores;
	uint32_t share = limit / cores + (core->index < limit % cores);

	return wr_max(share, 1);
}

/* Was it opened by a listener? */
static bool is_passive(const struct sim *sim, const struct sim_core *core,
                       const struct wr_tcp_info *info)
{
	if (info->state < WR_TCP_ESTABLISHED || info->state == WR_TCP_TIME_WAIT)
		return false;
	for (unsigned i = 0; i < sim->plan->flows; i++) {
		const struct sim_flow_plan *flow = &sim->plan->flow[i];

		if (flow->host[1] == core->host->index && flow->rport == info->tuple.lport)
			return !flow->simultaneous;
	}
	return false;
}

static void check_one(struct sim *sim, struct sim_core *core, const struct wr_tcp_info *info,
                      unsigned n, unsigned i)
{
	const struct sim_knobs *knobs = &core->host->plan->knobs;
	uint32_t here = 0, from = 0;

	for (unsigned k = 0; k < n; k++) {
		if (!is_passive(sim, core, &info[k]))
			continue;
		here += info[k].tuple.lport == info[i].tuple.lport;
		from += info[k].tuple.raddr == info[i].tuple.raddr;
	}
	if (knobs->listener_connections && here > share_of(knobs->listener_connections, core))
		sim_fail(sim, "no listener has more connections than it may: host %u, %u",
		         core->host->index, here);
	if (knobs->source_connections && from > share_of(knobs->source_connections, core))
		sim_fail(sim, "no source has more connections than it may: host %u, %u",
		         core->host->index, from);
}

void sim_watch_limits(struct sim *sim, struct sim_core *core)
{
	const struct sim_host_plan *plan = core->host->plan;
	const struct wr_tcp_filter all = {0};
	struct wr_tcp_info info[DUMPED];
	uint32_t cursor = 0;
	unsigned n;

	if (!plan->knobs.listener_connections && !plan->knobs.source_connections)
		return;
	n = wr_tcp_dump(wr_stack_tcp(core->stack), &all, 1, &cursor, UINT32_MAX, info,
	                WR_LEN(info), plan->clock_us + sim->now_ns / 1000);
	for (unsigned i = 0; i < n; i++)
		if (is_passive(sim, core, &info[i]))
			check_one(sim, core, info, n, i);
}
