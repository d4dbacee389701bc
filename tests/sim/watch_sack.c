/* SPDX-License-Identifier: BSD-3-Clause */
/* What SACK blocks say, RFC 2018 and 2883, and what is sent again nevertheless. */

#include "sim.h"

#define HOLES_MOST 64 /* among so many the engine overlooks nothing */

/* RFC 2883 section 4: the first block lies below the ACK, or within the second. */
static bool is_dsack(const struct sim_segment *seg)
{
	uint32_t left = seg->sack[0].left, right = seg->sack[0].right;

	if (!seg->sacks)
		return false;
	if ((int32_t)(left - seg->ack) < 0)
		return true;
	return seg->sacks > 1 && (int32_t)(left - seg->sack[1].left) >= 0 &&
	       (int32_t)(right - seg->sack[1].right) <= 0;
}

static void check_dsack(struct sim *sim, struct sim_flow *flow, unsigned from, uint32_t left,
                        uint32_t right)
{
	if (left >= right)
		sim_broken(sim, flow, from, "a SACK block has a length", left, right);
	else if (!sim_spans_hold(&flow->side[from].twice, left, right))
		sim_broken(sim, flow, from, "a D-SACK tells of text that came twice", left,
		           right);
}

static void check_block(struct sim *sim, struct sim_flow *flow, unsigned from, uint32_t left,
                        uint32_t right, uint32_t ack)
{
	if (left >= right)
		sim_broken(sim, flow, from, "a SACK block has a length", left, right);
	else if (!sim_spans_hold(&flow->side[from].got, left, right))
		sim_broken(sim, flow, from, "a SACK block tells of text that came", left,
		           right);
	else if (left <= ack)
		sim_broken(sim, flow, from, "a SACK block lies above the ACK", left, ack);
}

void sim_watch_sacks(struct sim *sim, struct sim_flow *flow, unsigned from,
                     const struct sim_segment *seg)
{
	const struct sim_host_plan *plan = &sim->plan->host[flow->plan->host[from]];
	uint64_t most = plan->ooo_bytes * sim_host_growth(plan);
	uint32_t iss = flow->side[!from].iss, kept = 0;

	for (unsigned i = 0; i < seg->sacks; i++) {
		uint32_t left = seg->sack[i].left - iss, right = seg->sack[i].right - iss;

		if (i == 0 && is_dsack(seg)) {
			check_dsack(sim, flow, from, left, right);
			continue;
		}
		check_block(sim, flow, from, left, right, seg->ack - iss);
		kept += right - left;
	}
	if (kept > most)
		sim_broken(sim, flow, from, "what is kept out of order is bounded", kept,
		           (uint32_t)most);
}

/* ---- what the sender was told ---- */

/* Up to where all text has come. */
static uint32_t prefix(const struct sim_spans *got)
{
	return got->count && got->span[0].left <= 1 ? got->span[0].right : 1;
}

/* Would the engine take its ACK, or is it old? */
static bool is_current(const struct sim_flow *flow, struct sim_side *us, unsigned to,
                       const struct sim_segment *seg)
{
	uint32_t at = seg->seq - flow->side[!to].iss;

	if (seg->has_ts) {
		if (us->any_ts && (int32_t)(seg->ts_val - us->ts_seen) < 0)
			return false;
		us->any_ts = true;
		us->ts_seen = seg->ts_val;
	}
	return (seg->flags & WR_TCP_ACK) && (int32_t)(seg->ack - us->iss - us->una) >= 0 &&
	       at >= prefix(&us->got);
}

void sim_watch_sacks_arrive(struct sim_flow *flow, unsigned to, const struct sim_segment *seg)
{
	struct sim_side *us = &flow->side[to];
	uint32_t ack = seg->ack - us->iss;

	if (!is_current(flow, us, to, seg))
		return;
	/* RFC 2018 section 8: the peer has thrown away what it had reported; nothing
	 * it says in the same breath is believed. */
	if (sim_spans_hold(&us->told, ack, ack + 1)) {
		us->told.count = 0;
		return;
	}
	for (unsigned i = is_dsack(seg); i < seg->sacks; i++)
		sim_spans_add(&us->told, seg->sack[i].left - us->iss,
		              seg->sack[i].right - us->iss);
}

/*
 * Time-outs, peers that reneged, and what could not be noted as all records of repairs were
 * in use, of all connections of this end's host.
 */
static uint64_t forgotten(const struct sim *sim, const struct sim_flow *flow, unsigned side)
{
	const struct sim_host *host = &sim->host[flow->plan->host[side]];
	uint64_t sum = 0;

	for (unsigned i = 0; i < host->plan->cores; i++)
		sum += host->core[i].stats.n[WR_STAT_tcp_rto_fired] +
		       host->core[i].stats.n[WR_STAT_tcp_sack_reneged] +
		       host->core[i].stats.n[WR_STAT_tcp_repairs_full];
	return sum;
}

/* What waits for ARP leaves with the answer, whatever was SACKed meanwhile. */
static bool may_have_waited(const struct sim_host *host)
{
	for (unsigned i = 0; i < host->plan->cores; i++)
		if (host->core[i].arp_waited)
			return true;
	return false;
}

void sim_watch_again(struct sim *sim, struct sim_flow *flow, unsigned from,
                     const struct sim_segment *seg)
{
	const struct sim_host *host = &sim->host[flow->plan->host[from]];
	struct sim_side *us = &flow->side[from];
	uint32_t at = seg->seq - us->iss, behind = at + seg->text_len;
	uint64_t now = forgotten(sim, flow, from);

	if (now != us->forgotten)
		us->told.count = 0;
	us->forgotten = now;
	/* The engine's work for an ACK is bounded: among many holes it may overlook news. */
	if (sim_host_is_punctual(host) && !may_have_waited(host) &&
	    us->told.count <= HOLES_MOST && sim_spans_hold(&us->told, at, behind))
		sim_broken(sim, flow, from, "text that was SACKed is not sent again", at,
		           behind);
}
