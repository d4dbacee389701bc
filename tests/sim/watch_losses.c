/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a round brought to a core besides ACKs, by its counters: they do not say to which
 * connection. If that cannot be known, the reference of cwnd is not sure of any.
 */

#include "sim.h"

bool sim_core_is_blocked(const struct sim_core *core)
{
	return core->stats.n[WR_STAT_tx_staged] || core->stats.n[WR_STAT_arp_waiting] ||
	       core->host->hoarded || core->host->plan->refuse_ppm;
}

/* How often the core has met `loss`. */
static uint64_t met(const struct sim_core *core, enum sim_loss loss)
{
	const uint64_t *n = core->stats.n;

	switch (loss) {
	case SIM_LOSS_FAST:
		return n[WR_STAT_tcp_fast_recoveries];
	case SIM_LOSS_TIMEOUT:
		return n[WR_STAT_tcp_rto_fired];
	case SIM_LOSS_PROBED:
		return n[WR_STAT_tcp_tlp_repairs];
	case SIM_LOSS_PROVEN:
		return n[WR_STAT_tcp_tlp_proofs];
	case SIM_LOSS_MARKED:
		return n[WR_STAT_tcp_ecn_reductions];
	case SIM_LOSS_UNDONE:
		return n[WR_STAT_tcp_undone];
	case SIM_LOSS_OTHER:
		return n[WR_STAT_tcp_sack_reneged] + n[WR_STAT_tcp_repairs_full] +
		       n[WR_STAT_tcp_mtu_told] + n[WR_STAT_tcp_mtu_black_holes] +
		       n[WR_STAT_tcp_mtu_probes] + n[WR_STAT_tcp_mtu_probes_lost];
	default:
		return 0;
	}
}

/* Nobody looks at its segments any more: what the counters tell of may be its own. */
static bool is_hidden(const struct sim *sim, const struct sim_flow *flow)
{
	return flow->renumbered || sim_is_ghost(sim, flow);
}

/* Has what it sends to wait? */
static bool is_paced(const struct sim_host_plan *plan, const struct sim_flow *flow)
{
	return plan->pacing || plan->cc.ops->model ||
	       (flow->plan->cc.ops && flow->plan->cc.ops->model);
}

void sim_watch_losses(struct sim *sim, struct sim_core *core)
{
	unsigned side = core->host->side, touched = 0, others = 0;
	bool late = sim_core_is_blocked(core) || !sim_host_is_punctual(core->host);
	uint64_t probes = core->stats.n[WR_STAT_tcp_tlp_probes];

	core->losses = 0;
	core->loss = SIM_LOSS_NONE;
	for (enum sim_loss loss = SIM_LOSS_FAST; loss <= SIM_LOSS_OTHER; loss++) {
		uint64_t now = met(core, loss), more = now - core->losses_seen[loss];

		core->losses_seen[loss] = now;
		core->losses += loss == SIM_LOSS_OTHER ? 2 * more : more;
		core->loss = more ? loss : core->loss;
	}
	core->probed = probes != core->probes_seen;
	core->probes_seen = probes;
	if (core->losses == 0)
		return;
	for (unsigned i = 0; i < sim->plan->flows; i++) {
		const struct sim_side *us = &sim->flow[i].side[side];
		bool waits;

		if (!sim_host_is_of(core->host, &sim->flow[i]))
			continue;
		touched += us->touched;
		waits = late || is_paced(core->host->plan, &sim->flow[i]);
		others +=
			!us->touched && ((us->known && waits) || is_hidden(sim, &sim->flow[i]));
	}
	for (unsigned i = 0; i < sim->plan->flows && (touched != 1 || others); i++)
		if (sim_host_is_of(core->host, &sim->flow[i]))
			sim->flow[i].side[side].model.sure = false;
}
