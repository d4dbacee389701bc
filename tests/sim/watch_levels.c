/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the engine says of a connection, after a round in which it had to do
 * with it, against what the wire says: windows, what is in flight, reductions,
 * time-outs.
 */

#include "sim.h"

#define RTO_LEAST_US   200000
#define PIECE_OVERHEAD 256 /* bytes that a piece kept out of order counts for, at least */

/* ---- asking ---- */

static const struct wr_cc_choice *choice_of(const struct sim *sim, const struct sim_flow *flow,
                                            unsigned side)
{
	bool own = flow->plan->cc.ops && !(flow->plan->echo && side == 1);

	return own ? &flow->plan->cc : &sim->plan->host[flow->plan->host[side]].cc;
}

static bool ask(struct sim *sim, struct sim_core *core, const struct sim_flow *flow,
                struct wr_tcp_info *info)
{
	struct wr_tcp *tcp = wr_stack_tcp(core->stack);
	unsigned side = core->host->side;
	const struct sim_end *end = &flow->end[side];
	const struct wr_tcp_filter filter = {
		.raddr = sim->plan->host[flow->plan->host[!side]].addr,
		.rmask = UINT32_MAX,
		.lport = flow->port[side],
		.rport = flow->port[!side],
	};
	uint32_t cursor = 0;

	if (end->c && end->core == core)
		wr_tcp_info_get(tcp, end->c, info);
	else if (!(flow->plan->echo && side == 1) ||
	         !wr_tcp_dump(tcp, &filter, 1, &cursor, UINT32_MAX, info, 1,
	                      core->host->plan->clock_us + sim->now_ns / 1000))
		return false;
	return info->state >= WR_TCP_ESTABLISHED;
}

/* ---- congestion ---- */

static uint32_t sum_above(const struct sim_spans *s, uint32_t from)
{
	uint32_t bytes = 0;

	for (unsigned i = 0; i < s->count; i++)
		if (s->span[i].right > from)
			bytes += s->span[i].right - wr_max(s->span[i].left, from);
	return bytes;
}

/*
 * New text leaves only if what is in flight stays within cwnd. But for a probe,
 * RFC 8985 7.3, whatever is in flight, and one segment for each of two duplicate ACKs, RFC
 * 3042. What is lost may be in flight again: then this says less. Without SACK only the engine
 * knows what duplicates stand for.
 */
static void check_flight(struct sim *sim, struct sim_flow *flow, unsigned side,
                         const struct wr_tcp_info *info, bool probed)
{
	const struct sim_side *us = &flow->side[side];
	uint32_t gone = wr_max(sum_above(&us->told, us->una), info->sacked) + info->lost;
	uint32_t flight = us->end - us->una - wr_min(us->end - us->una, gone);
	uint32_t cwnd = wr_max(us->cwnd, info->cwnd);
	uint32_t more = wr_min(us->dups, 2);

	if (probed || (!info->sack && (us->dups || gone || us->recovery_end || info->recovery)))
		return;
	if (flight > cwnd + more * info->mss + 1) /* a FIN fills no pipe */
		sim_broken(sim, flow, side, "FlightSize stays within cwnd", flight, cwnd);
}

/*
 * RFC 3168 section 6.1.2: one reduction for what is lost or marked of a window.
 * Excused are time-outs, peers that renege, probes that repaired a loss of
 * before (RFC 8985 7.4.2), and reductions after one that was undone; and DCTCP
 * cuts for marks in its own way.
 */
static void check_cuts(struct sim *sim, struct sim_flow *flow, unsigned side,
                       const struct wr_tcp_info *info, bool excused, bool repaired)
{
	struct sim_side *us = &flow->side[side];

	if (info->ssthresh > us->ssthresh) /* undone */
		us->cut_end = 0;
	if (info->ssthresh >= us->ssthresh || info->ssthresh >= us->cwnd ||
	    choice_of(sim, flow, side)->ops->marks)
		return;
	sim_say(sim, "flow %u end %u, %s: ssthresh %u to %u, cwnd %u to %u", flow->index, side,
	        info->cc, us->ssthresh, info->ssthresh, us->cwnd, info->cwnd);
	if (us->una < us->cut_end && !excused)
		sim_broken(sim, flow, side, "cwnd is reduced once a window at most",
		           info->ssthresh, us->ssthresh);
	us->cut_end = repaired ? 0 : us->round_end;
}

/* RFC 5681 section 4.1: what is sent after a silence begins at the initial window. */
static void check_restart(struct sim *sim, struct sim_flow *flow, unsigned side,
                          const struct wr_tcp_info *info)
{
	const struct sim_side *us = &flow->side[side];
	const struct wr_cc_ops *ops = choice_of(sim, flow, side)->ops;
	uint32_t segments = sim->plan->host[flow->plan->host[side]].iw_segments;
	uint32_t iw = wr_cc_initial_window(info->mss, segments);

	if (ops == &wr_cc_fixed_ops || ops->model ||
	    !sim_host_restarts(&sim->plan->host[flow->plan->host[side]]))
		return;
	if (us->idle_ns > info->rto_us * UINT64_C(1000) + WR_MS(1) &&
	    info->cwnd > iw + 2 * info->mss) /* ACKs of this round may have come behind it */
		sim_broken(sim, flow, side, "cwnd restarts after an idle time", info->cwnd, iw);
}

static void check_limits(struct sim *sim, struct sim_core *core, struct sim_flow *flow,
                         const struct wr_tcp_info *info)
{
	const struct wr_cc_choice *cc = choice_of(sim, flow, core->host->side);
	unsigned side = core->host->side;
	struct sim_side *us = &flow->side[side];
	uint32_t most = wr_max(core->host->plan->rcv_buf, core->host->plan->rcv_buf_max);

	/* It may have begun with longer ones, and been told better before this look. */
	us->mss_most = wr_max(wr_max(us->mss_most, info->mss), flow->side[!side].mss);
	if (info->recv_q > most)
		sim_broken(sim, flow, side, "what waits for the application is bounded",
		           info->recv_q, most);
	if (info->rto_us < RTO_LEAST_US)
		sim_broken(sim, flow, side, "a retransmission time-out lasts 200 ms at least",
		           info->rto_us, RTO_LEAST_US);
	if (cc->ops == &wr_cc_fixed_ops && info->cwnd > cc->segments * us->mss_most)
		sim_broken(sim, flow, side, "a fixed window does not grow", info->cwnd,
		           cc->segments * us->mss_most);
}

static void check_levels(struct sim *sim, struct sim_core *core, struct sim_flow *flow,
                         const struct wr_tcp_info *info)
{
	unsigned side = core->host->side;
	struct sim_side *us = &flow->side[side];
	const uint64_t *n = core->stats.n;
	uint64_t rtos = n[WR_STAT_tcp_rto_fired], probes = n[WR_STAT_tcp_tlp_probes];
	uint64_t excuses = rtos + n[WR_STAT_tcp_undone] + n[WR_STAT_tcp_sack_reneged];
	uint64_t repairs = n[WR_STAT_tcp_tlp_repairs];
	bool new_text = us->sent_new && sim_host_is_punctual(core->host);

	check_limits(sim, core, flow, info);
	if (us->known && !flow->renumbered) {
		if (new_text && rtos == us->rtos)
			check_flight(sim, flow, side, info, probes != us->probes);
		check_cuts(sim, flow, side, info, excuses != us->excuses,
		           repairs != us->repairs);
		if (new_text)
			check_restart(sim, flow, side, info);
	}
	us->known = true;
	us->round_end = us->end;
	us->cwnd = info->cwnd;
	us->ssthresh = info->ssthresh;
	us->rtos = rtos;
	us->probes = probes;
	us->excuses = excuses;
	us->repairs = repairs;
}

/* How many times its first size a receive window may have; what is out of order as well. */
uint64_t sim_host_growth(const struct sim_host_plan *plan)
{
	return plan->rcv_buf_max / plan->rcv_buf + 1;
}

/* ---- a round ---- */

/* Do frames wait for ARP, or in vain? TCP takes them for sent. */
static void note_unresolved(const struct sim *sim, struct sim_core *core)
{
	uint64_t dropped = core->stats.n[WR_STAT_arp_dropped];
	uint64_t waiting = core->stats.n[WR_STAT_arp_waiting];

	if (waiting || dropped != core->arp_dropped_seen)
		core->host->arp_ns = sim->now_ns;
	if (waiting && !core->arp_waited)
		core->arp_from_ns = sim->now_ns;
	if (!waiting && core->arp_waited) {
		core->host->arp_from_ns = core->arp_from_ns;
		core->host->arp_to_ns = sim->now_ns;
	}
	core->arp_dropped_seen = dropped;
	core->arp_waited = waiting;
}

void sim_watch_round(struct sim *sim, struct sim_core *core)
{
	const struct sim_host_plan *plan = core->host->plan;
	unsigned side = core->host->side, pieces;
	struct wr_tcp_info info;
	bool given;

	sim_watch_losses(sim, core);
	sim_watch_limits(sim, core);
	for (unsigned i = 0; i < sim->plan->flows; i++) {
		struct sim_flow *flow = &sim->flow[i];
		struct sim_side *us = &flow->side[side];

		if (!flow->started || !sim_host_is_of(core->host, flow))
			continue;
		given = us->given != flow->end[side].queued;
		us->given = flow->end[side].queued;
		if (!us->touched && !given)
			continue;
		if (!ask(sim, core, flow, &info)) {
			us->touched = false;
			continue;
		}
		if (!us->touched) {
			sim_watch_cwnd_given(core, us, &info);
			continue;
		}
		sim_plain_info(sim, flow, side, &info);
		check_levels(sim, core, flow, &info);
		sim_watch_marks(sim, flow, side, &info);
		sim_watch_cwnd(sim, core, flow, &info, choice_of(sim, flow, side)->ops);
		us->touched = us->sent_new = false;
		us->idle_ns = 0;
	}
	note_unresolved(sim, core);
	pieces = wr_min(plan->ooo_pieces, plan->ooo_bytes / PIECE_OVERHEAD + 1);
	if (core->stats.n[WR_STAT_tcp_ooo_segments] >
	    pieces * sim_host_growth(plan) * (uint64_t)sim->plan->flows)
		sim_fail(sim, "what is kept out of order is bounded");
}
