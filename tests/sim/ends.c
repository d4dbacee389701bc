/* SPDX-License-Identifier: BSD-3-Clause */
/* Which ends of a connection are good ones. */

#include "sim.h"

static bool is_aborted(const struct sim_flow *flow)
{
	return flow->plan->end[0].abort_ns != SIM_NEVER ||
	       flow->plan->end[1].abort_ns != SIM_NEVER;
}

/* Nothing came of the near end's ACK and text until the far end no longer waited for it. */
static bool has_expired(const struct sim *sim, const struct sim_flow *flow)
{
	const struct sim_host *far = &sim->host[flow->plan->host[1]];
	uint64_t expired = 0;

	for (unsigned i = 0; i < far->plan->cores; i++)
		expired += far->core[i].stats.n[WR_STAT_tcp_half_open_expired];
	return expired && !flow->end[1].opened && flow->side[0].una <= 1;
}

/*
 * A host that keeps no half-open connection, or for whom it took too long, resets who sends it
 * the second segment before the first, which has the cookie: RFC 9293 section 3.10.7.2.
 */
static bool is_misunderstood(const struct sim_flow *flow)
{
	const struct sim_end *near = &flow->end[0];
	const struct sim_host_plan *far = &near->sim->plan->host[flow->plan->host[1]];

	return near->closed && near->reason == WR_REASON_reset_by_peer && !near->received &&
	       (sim_sends_cookies(far) || has_expired(near->sim, flow));
}

/* ---- limits ---- */

static uint32_t share(uint32_t limit, unsigned cores)
{
	return limit / cores ? limit / cores : 1;
}

static bool is_same(const struct sim_flow_plan *a, const struct sim_flow_plan *b, unsigned side)
{
	return a->host[side] == b->host[side];
}

/* Could others have had what a core of the far host has for this listener or this source? */
static bool may_be_refused(const struct sim_flow *flow)
{
	const struct sim_plan *plan = flow->end[0].sim->plan;
	const struct sim_host_plan *far = &plan->host[flow->plan->host[1]];
	uint32_t here = 0, from = 0;

	for (unsigned i = 0; i < plan->flows; i++) {
		const struct sim_flow_plan *other = &plan->flow[i];

		if (other->off || other->simultaneous || !is_same(other, flow->plan, 1))
			continue;
		here += other->rport == flow->plan->rport;
		from += is_same(other, flow->plan, 0);
	}
	if (flow->plan->simultaneous)
		return false;
	return (far->knobs.listener_connections &&
	        here > share(far->knobs.listener_connections, far->cores)) ||
	       (far->knobs.source_connections &&
	        from > share(far->knobs.source_connections, far->cores));
}

/* Has its far host refused anybody? */
static bool has_refused(const struct sim_flow *flow)
{
	const struct sim *sim = flow->end[0].sim;
	const struct sim_host *far = &sim->host[flow->plan->host[1]];
	uint64_t n = 0;

	for (unsigned i = 0; i < far->plan->cores; i++) {
		const uint64_t *verdict = far->core[i].stats.verdict;

		n += verdict[WR_V_tcp_listener_full] + verdict[WR_V_tcp_source_full] +
		     verdict[WR_V_tcp_backlog_full] + verdict[WR_V_tcp_cookie_sent];
	}
	return n > 0;
}

/*
 * Where listeners and sources have limits, the far end of a connection may never open. A source
 * that has its share is reset, as it connects or, if others were faster, when its handshake is
 * complete. A full listener says nothing, so that SYNs, or what follows the handshake, go
 * without an answer until R2; what follows a cookie that was not taken is reset.
 */
static bool is_turned_away(const struct sim_flow *flow)
{
	const struct sim_end *near = &flow->end[0], *far = &flow->end[1];

	if (!near->closed || near->received || !may_be_refused(flow) || !has_refused(flow))
		return false;
	if (far->opened && far->open_ns < near->close_ns)
		return false;
	switch (near->reason) {
	case WR_REASON_refused:
	case WR_REASON_connect_timeout:
		return !near->opened;
	case WR_REASON_reset_by_peer:
	case WR_REASON_rexmit_timeout:
	case WR_REASON_keepalive_timeout:
		return near->opened;
	default:
		return false;
	}
}

/* ---- the end ---- */

/* Nothing is asked of what both ends had. */
static bool is_exempt(const struct sim_flow *flow)
{
	return is_aborted(flow) || is_misunderstood(flow) || is_turned_away(flow);
}

bool sim_apps_done(const struct sim *sim)
{
	for (unsigned i = 0; i < sim->plan->flows; i++) {
		const struct sim_flow *flow = &sim->flow[i];
		const struct sim_end *far = &flow->end[1];

		if (flow->plan->off)
			continue;
		if (!flow->end[0].closed)
			return false;
		if (flow->plan->echo || far->closed)
			continue;
		if (!is_exempt(flow) || far->opened)
			return false;
	}
	return true;
}

/* It kept buffers that others lacked, and for a second nothing of its text was acknowledged. */
static bool had_to_go(const struct sim_end *end)
{
	const struct sim_side *us = &end->flow->side[end->side];

	return end->closed && end->reason == WR_REASON_evicted && end->scarce &&
	       us->una < us->end &&
	       end->close_ns - RTE_MAX(us->moved_ns, end->open_ns) >= WR_S(1);
}

/*
 * Other good ends: our FIN, or an ACK, came after the peer's TIME-WAIT was over, which had all
 * of ours, and a reset throws away what was not yet read; or a simultaneous open was not,
 * because one SYN was there before the other host had called.
 */
static bool is_excused(const struct sim_end *end)
{
	const struct sim_end *far = &end->flow->end[!end->side];

	if (had_to_go(end) || (had_to_go(far) && end->reason == WR_REASON_reset_by_peer))
		return true;
	if (end->flow->plan->simultaneous && !end->opened)
		return end->reason == WR_REASON_refused;
	if (end->reason != WR_REASON_reset_by_peer || !end->closing)
		return false;
	return (end->eof && end->received == end->expected) ||
	       (far->closed && far->reason == WR_REASON_finished);
}

static void check_end(struct sim *sim, const struct sim_end *end)
{
	unsigned flow = end->flow->index, side = end->side;

	if (!end->closed)
		sim_fail(sim,
		         "every connection ends in time: flow %u end %u, %s, "
		         "sent %u of %u, received %u of %u%s",
		         flow, side, end->opened ? "open" : "never opened", end->queued,
		         end->plan->text, end->received, end->expected,
		         end->eof ? ", end seen" : "");
	else if (is_excused(end))
		return;
	else if (end->reason != WR_REASON_finished)
		sim_fail(sim, "a connection ends because it is finished: flow %u end %u, %s",
		         flow, side, wr_reason_desc[end->reason].name);
	else if (end->received != end->expected || !end->eof)
		sim_fail(sim, "all text and the end are delivered: flow %u end %u, %u of %u",
		         flow, side, end->received, end->expected);
}

void sim_apps_check_end(struct sim *sim)
{
	for (unsigned i = 0; i < sim->plan->flows; i++) {
		const struct sim_flow *flow = &sim->flow[i];

		if (flow->plan->off || is_exempt(flow))
			continue;
		check_end(sim, &flow->end[0]);
		if (!flow->plan->echo)
			check_end(sim, &flow->end[1]);
	}
}
