/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The invariants of the wire: what any peer may expect of a TCP, checked on every frame that
 * leaves a host. Numbers are offsets from the initial sequence numbers (SYN is 0, the first
 * byte of text 1), so that they are ordered.
 */

#include <string.h>

#include "sim.h"

static void broken(struct sim *sim, const struct sim_flow *flow, unsigned from,
                   const char *must_hold, uint32_t got, uint32_t limit)
{
	sim_fail(sim, "%s: flow %u from %u, %u against %u", must_hold, flow->index, from, got,
	         limit);
}

static struct sim_flow *flow_of(struct sim *sim, unsigned from, const struct sim_segment *seg)
{
	return from == 0 ? sim_flow_by_port(sim, seg->sport, seg->dport)
	                 : sim_flow_by_port(sim, seg->dport, seg->sport);
}

/* ---- what has arrived ---- */

/* Adds [left, right) and joins it with what touches it. */
static void spans_add(struct sim_spans *s, uint32_t left, uint32_t right)
{
	unsigned first = 0, last;

	while (first < s->count && s->span[first].right < left)
		first++;
	for (last = first; last < s->count && s->span[last].left <= right; last++) {
		left = wr_min(left, s->span[last].left);
		right = wr_max(right, s->span[last].right);
	}
	if (last == first && s->count == WR_LEN(s->span))
		return; /* a gap too many: later checks are weaker */
	memmove(&s->span[first + 1], &s->span[last], (s->count - last) * sizeof(s->span[0]));
	s->count = s->count - last + first + 1;
	s->span[first].left = left;
	s->span[first].right = right;
}

static bool spans_hold(const struct sim_spans *s, uint32_t left, uint32_t right)
{
	if (s->count == WR_LEN(s->span))
		return true; /* not known any more */
	for (unsigned i = 0; i < s->count; i++)
		if (s->span[i].left <= left && right <= s->span[i].right)
			return true;
	return false;
}

static bool both_scale(const struct sim_flow *flow)
{
	return flow->side[0].offers_wscale && flow->side[1].offers_wscale;
}

static uint32_t scaled(const struct sim_flow *flow, unsigned from,
                       const struct sim_segment *seg)
{
	bool scale = both_scale(flow) && !(seg->flags & WR_TCP_SYN);

	return (uint32_t)seg->wnd << (scale ? flow->side[from].shift : 0);
}

static uint32_t rounding(const struct sim_flow *flow, unsigned from)
{
	return both_scale(flow) ? (1u << flow->side[from].shift) - 1 : 0;
}

void sim_watch_arrives(struct sim *sim, struct sim_core *core, const uint8_t *bytes, uint32_t n)
{
	unsigned to = core->host->index, from = !to;
	struct sim_segment seg;
	struct sim_flow *flow;
	struct sim_side *us;
	uint32_t at;

	if (!sim_decode(bytes, n, &seg) || !(flow = flow_of(sim, from, &seg)))
		return;
	us = &flow->side[to];
	if (seg.flags & WR_TCP_RST) {
		flow->resets_in++;
		return;
	}
	flow->others_in++;
	at = seg.seq - flow->side[from].iss + !!(seg.flags & WR_TCP_SYN);
	if (seg.text_len)
		spans_add(&us->got, at, at + seg.text_len);
	if (seg.flags & WR_TCP_ACK) {
		uint32_t edge = seg.ack - us->iss + scaled(flow, from, &seg);

		if ((int32_t)(edge - us->edge_told) > 0)
			us->edge_told = edge;
	}
}

/* ---- what leaves ---- */

static void sent_syn(struct sim *sim, struct sim_flow *flow, unsigned from,
                     const struct sim_segment *seg)
{
	struct sim_side *us = &flow->side[from], *peer = &flow->side[!from];

	if (us->syn_seen && us->iss != seg->seq)
		flow->renumbered = true; /* its half-open record had expired */
	if (!us->syn_seen || us->iss != seg->seq) {
		memset(us, 0, sizeof(*us));
		memset(&peer->got, 0, sizeof(peer->got));
		us->syn_seen = true;
		us->iss = seg->seq;
		us->end = 1;
		us->edge_told = 0;
	}
	us->offers_ts = seg->has_ts;
	us->offers_sack = seg->has_sack_ok;
	us->offers_wscale = seg->has_wscale;
	us->shift = seg->wscale;
	us->mss = seg->mss;
	if (!seg->has_mss)
		broken(sim, flow, from, "a SYN says the MSS", 0, 1);
	if (!(seg->flags & WR_TCP_ACK))
		return;
	if ((seg->has_ts && !peer->offers_ts) || (seg->has_sack_ok && !peer->offers_sack) ||
	    (seg->has_wscale && !peer->offers_wscale))
		broken(sim, flow, from, "a SYN-ACK agrees only to what was offered", 1, 0);
}

static void check_options(struct sim *sim, struct sim_flow *flow, unsigned from,
                          const struct sim_segment *seg)
{
	const struct sim_side *us = &flow->side[from], *peer = &flow->side[!from];
	bool ts = us->offers_ts && peer->offers_ts;

	if (seg->has_mss || seg->has_wscale || seg->has_sack_ok)
		broken(sim, flow, from, "MSS, window scale and SACK-permitted are for SYNs", 1,
		       0);
	if (seg->has_ts != ts)
		broken(sim, flow, from, "timestamps are there iff agreed on", seg->has_ts, ts);
	if (seg->sacks && !(us->offers_sack && peer->offers_sack))
		broken(sim, flow, from, "SACK blocks only if agreed on", seg->sacks, 0);
}

static void check_sacks(struct sim *sim, struct sim_flow *flow, unsigned from,
                        const struct sim_segment *seg)
{
	const struct sim_side *us = &flow->side[from];
	uint32_t iss = flow->side[!from].iss, ack = seg->ack - iss;

	for (unsigned i = 0; i < seg->sacks; i++) {
		uint32_t left = seg->sack[i].left - iss, right = seg->sack[i].right - iss;

		if (left >= right)
			broken(sim, flow, from, "a SACK block has a length", left, right);
		else if (!spans_hold(&us->got, left, right))
			broken(sim, flow, from, "a SACK block tells of text that came", left,
			       right);
		else if (i > 0 && left <= ack)
			broken(sim, flow, from, "a SACK block lies above the ACK", left, ack);
	}
}

static void check_ack(struct sim *sim, struct sim_flow *flow, unsigned from,
                      const struct sim_segment *seg)
{
	struct sim_side *us = &flow->side[from], *peer = &flow->side[!from];
	uint32_t ack = seg->ack - peer->iss, edge = ack + scaled(flow, from, seg);

	if (ack > peer->end)
		broken(sim, flow, from, "only what was sent is acknowledged", ack, peer->end);
	if (us->any_ack && (int32_t)(ack - us->acked) < 0)
		broken(sim, flow, from, "an ACK never decreases", ack, us->acked);
	/* A SYN-ACK sent again cannot say more than 65535. */
	if (seg->flags & WR_TCP_SYN)
		edge = wr_max(edge, us->edge);
	/* But for the rounding to the scale, RFC 7323 section 2.4. */
	if (us->any_ack && (int32_t)(edge + rounding(flow, from) - us->edge) < 0)
		broken(sim, flow, from, "the right edge of the window never retreats", edge,
		       us->edge);
	us->any_ack = true;
	us->acked = ack;
	us->edge = wr_max(edge, us->edge);
}

static void check_pattern(struct sim *sim, struct sim_flow *flow, unsigned from,
                          const struct sim_segment *seg, uint32_t at)
{
	unsigned reads = flow->plan->echo ? 0 : from;

	for (uint32_t i = 0; i < seg->text_len; i++) {
		if (seg->text[i] != sim_text(flow, reads, at - 1 + i)) {
			broken(sim, flow, from, "a segment carries the text of its numbers",
			       at + i, 0);
			return;
		}
	}
}

/* Frames that never reached the NIC: they leave gaps. */
static bool lost_inside(const struct sim_host *host)
{
	uint64_t lost = 0;

	for (unsigned i = 0; i < host->plan->cores; i++) {
		const uint64_t *n = host->core[i].stats.n;

		lost += n[WR_STAT_arp_dropped] + n[WR_STAT_tx_dropped] + n[WR_STAT_tx_refused];
	}
	return lost > 0;
}

/* Text: its place, its bytes, its size, and PSH on the last of it. */
static void check_text(struct sim *sim, struct sim_flow *flow, unsigned from,
                       const struct sim_segment *seg)
{
	struct sim_side *us = &flow->side[from], *peer = &flow->side[!from];
	const struct sim_end *end = &flow->end[from];
	uint32_t at = seg->seq - us->iss, behind = at + seg->text_len;
	bool fin = seg->flags & WR_TCP_FIN;

	if (seg->text_len) {
		if (behind > us->edge_told)
			broken(sim, flow, from, "no text goes beyond the peer's window", behind,
			       us->edge_told);
		if (seg->text_len + (seg->has_ts ? 12 : 0) > peer->mss)
			broken(sim, flow, from, "no segment is longer than the peer's MSS",
			       seg->text_len, peer->mss);
		if (at > us->end && !lost_inside(&sim->host[from]))
			broken(sim, flow, from, "text is sent without gaps", at, us->end);
		if (!(flow->plan->echo && from == 1) && behind - 1 == end->queued &&
		    !(seg->flags & WR_TCP_PSH))
			broken(sim, flow, from, "PSH is on the last segment", behind, 0);
		check_pattern(sim, flow, from, seg, at);
	}
	if (fin && !(flow->plan->echo && from == 1) &&
	    (behind - 1 != end->queued || !end->closing))
		broken(sim, flow, from, "a FIN follows the last byte", behind - 1, end->queued);
	us->end = wr_max(us->end, behind + fin);
}

static void check_reset(struct sim *sim, struct sim_flow *flow, unsigned from)
{
	if (flow->resets_in && !flow->others_in && !flow->end[from].aborted)
		broken(sim, flow, from, "no reset answers a reset", 1, 0);
}

static void check_segment(struct sim *sim, struct sim_flow *flow, unsigned from,
                          const struct sim_segment *seg)
{
	if (seg->flags & WR_TCP_SYN)
		sent_syn(sim, flow, from, seg);
	/* Nor are the numbers known if a SYN was lost inside its host. */
	if (flow->renumbered || !flow->side[from].syn_seen ||
	    (!flow->side[!from].syn_seen && (seg->flags & WR_TCP_ACK)))
		return;
	if (!(seg->flags & WR_TCP_SYN)) {
		check_options(sim, flow, from, seg);
		check_text(sim, flow, from, seg);
		check_sacks(sim, flow, from, seg);
	}
	if (seg->flags & WR_TCP_ACK)
		check_ack(sim, flow, from, seg);
	else if (!(seg->flags & WR_TCP_SYN))
		broken(sim, flow, from, "every segment but the first has an ACK", 0, 1);
}

void sim_watch_sent(struct sim *sim, unsigned from, const uint8_t *bytes, uint32_t n)
{
	struct sim_segment seg;
	struct sim_flow *flow;

	if (bytes[12] != 0x08 || bytes[13] != 0x00)
		return;
	if (!sim_decode(bytes, n, &seg)) {
		sim_fail(sim, "what is sent is well-formed");
		return;
	}
	if (!seg.sums_good)
		sim_fail(sim, "checksums are right");
	if (!seg.options_good)
		sim_fail(sim, "options are well-formed");
	flow = flow_of(sim, from, &seg);
	if (!flow) {
		sim_fail(sim, "segments belong to a connection: ports %u, %u", seg.sport,
		         seg.dport);
		return;
	}
	if (seg.flags & WR_TCP_RST)
		check_reset(sim, flow, from);
	else
		check_segment(sim, flow, from, &seg);
}

/* ---- what wr_tcp_dump() shows ---- */

static bool dump(struct sim *sim, struct sim_core *core, const struct sim_flow *flow,
                 struct wr_tcp_info *info)
{
	unsigned side = core->host->index;
	const struct wr_tcp_filter filter = {
		.lport = flow->port[side],
		.rport = flow->port[!side],
	};
	uint32_t cursor = 0;

	return flow->started &&
	       wr_tcp_dump(wr_stack_tcp(core->stack), &filter, 1, &cursor, UINT32_MAX, info, 1,
	                   sim->plan->start_us + sim->now_ns / 1000) == 1;
}

/* Bytes of sequence space, of text and FIN, that left once or more. */
static uint64_t sent(const struct wr_tcp_info *info)
{
	return info->bytes_acked + info->send_q - info->unsent;
}

void sim_watch_step_begins(struct sim *sim, struct sim_core *core)
{
	core->probes_before = core->stats.n[WR_STAT_tcp_tlp_probes];
	for (unsigned i = 0; i < sim->plan->flows; i++) {
		struct sim_flow *flow = &sim->flow[i];
		struct wr_tcp_info info;

		flow->resets_in = flow->others_in = 0;
		flow->cwnd_before = UINT32_MAX;
		if (!dump(sim, core, flow, &info))
			continue;
		flow->cwnd_before = info.cwnd;
		flow->sent_before = sent(&info);
	}
}

void sim_watch_step(struct sim *sim, struct sim_core *core)
{
	bool probed = core->stats.n[WR_STAT_tcp_tlp_probes] != core->probes_before;

	for (unsigned i = 0; i < sim->plan->flows; i++) {
		struct sim_flow *flow = &sim->flow[i];
		unsigned side = core->host->index;
		struct wr_tcp_info info;
		uint32_t flight;

		if (flow->cwnd_before == UINT32_MAX || !dump(sim, core, flow, &info) ||
		    info.state < WR_TCP_ESTABLISHED)
			continue;
		flight = info.send_q - info.unsent;
		if (info.recv_q > core->host->plan->rcv_buf)
			broken(sim, flow, side, "what waits for the application is bounded",
			       info.recv_q, core->host->plan->rcv_buf);
		/*
		 * A limited transmit may be on its way: RFC 3042. A cut by marks leaves more in
		 * flight than cwnd, but nothing is added to it but by a probe: RFC 8985 7.3.
		 */
		if (!probed && sent(&info) > flow->sent_before && info.sack && !info.lost &&
		    !info.sacked && info.unsent &&
		    flight > wr_max(flow->cwnd_before, info.cwnd) + 2 * info.mss)
			broken(sim, flow, side, "FlightSize stays within cwnd", flight,
			       info.cwnd);
	}
	if (core->stats.n[WR_STAT_tcp_ooo_segments] >
	    core->host->plan->ooo_pieces * (uint64_t)sim->plan->flows)
		sim_fail(sim, "what is kept out of order is bounded");
}
