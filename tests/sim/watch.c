/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The invariants of the wire: what any peer may expect of a TCP, checked on
 * every frame that leaves a host. Numbers are offsets from the initial sequence
 * numbers (SYN is 0, the first byte of text 1), so that they are ordered.
 */

#include <string.h>

#include "sim.h"

void sim_broken(struct sim *sim, const struct sim_flow *flow, unsigned from,
                const char *must_hold, uint32_t got, uint32_t limit)
{
	sim_fail(sim, "%s: flow %u from %u, %u against %u", must_hold, flow->index, from, got,
	         limit);
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

bool sim_is_ghost(const struct sim *sim, const struct sim_flow *flow)
{
	const struct sim_side *far = &flow->side[1];
	/* An echo's end tells nobody: it is over when its FIN is acknowledged. */
	bool echoed = flow->plan->echo && far->fin_sent && far->una == far->end;
	bool over = flow->end[0].closed || flow->end[1].closed || flow->was_reset || echoed;

	return over && (flow->plan->fastopen ||
	                sim_sends_cookies(&sim->plan->host[flow->plan->host[1]]));
}

/* ---- what arrives ---- */

static void note_arrived(struct sim_side *us, const struct sim_segment *seg)
{
	us->arrived[us->arrived_count++ % SIM_ARRIVED] = (struct sim_arrived) {
		.seq = seg->seq,
		.ack = seg->ack,
		.len = seg->text_len + !!(seg->flags & WR_TCP_SYN) +
	               !!(seg->flags & WR_TCP_FIN),
		.has_ack = seg->flags & WR_TCP_ACK,
	};
	us->unanswered++;
	us->heard = us->touched = true;
}

static void ack_arrives(const struct sim *sim, struct sim_flow *flow, unsigned to,
                        const struct sim_segment *seg)
{
	struct sim_side *us = &flow->side[to];
	uint32_t ack = seg->ack - us->iss, edge = ack + scaled(flow, !to, seg);
	uint32_t una = us->una;
	bool sack = us->offers_sack && flow->side[!to].offers_sack;

	if ((int32_t)(edge - us->edge_told) > 0)
		us->edge_told = edge;
	/* What our SYN carried and its answer did not take counts as not sent yet, RFC 7413. */
	if ((seg->flags & WR_TCP_SYN) && !us->any_ack && ack - 1 < us->end)
		us->end = ack;
	if ((int32_t)(ack - us->una) > 0 && ack <= us->end) {
		us->una = ack;
		us->moved_ns = sim->now_ns;
		sim_gathered_acked(&us->gathered, ack, sack ? 0 : us->dups);
		if (!us->recovery_end || ack >= us->recovery_end)
			us->dups = 0;
	} else if (ack == us->una) {
		us->dups++;
	}
	sim_cwnd_note_ack(us, seg, una);
}

void sim_watch_arrives(struct sim *sim, struct sim_core *core, const uint8_t *bytes, uint32_t n)
{
	unsigned to = core->host->side, from = !to;
	struct sim_segment seg;
	struct sim_flow *flow;
	struct sim_side *us;
	uint32_t at;

	core->inputs++;
	if (!sim_decode(bytes, n, &seg) || !(flow = sim_flow_of(sim, from, &seg)) ||
	    sim_is_ghost(sim, flow))
		return;
	us = &flow->side[to];
	if (seg.flags & WR_TCP_RST) {
		flow->resets_in++;
		flow->was_reset = true;
		return;
	}
	flow->others_in++;
	note_arrived(us, &seg);
	sim_watch_mark_arrives(flow, to, &seg);
	if (!core->host->plan->steer_badly) /* else it may take its time to the right core */
		sim_watch_sacks_arrive(flow, to, &seg);
	at = seg.seq - flow->side[from].iss + !!(seg.flags & WR_TCP_SYN);
	if (seg.text_len) {
		sim_spans_common(&us->got, at, at + seg.text_len, &us->twice);
		sim_spans_add(&us->got, at, at + seg.text_len);
	}
	if (seg.flags & WR_TCP_ACK)
		ack_arrives(sim, flow, to, &seg);
}

/* ---- what leaves ---- */

static void check_pattern(struct sim *sim, struct sim_flow *flow, unsigned from,
                          const struct sim_segment *seg, uint32_t at)
{
	unsigned reads = flow->plan->echo ? 0 : from;

	if (memcmp(seg->text, sim_text(flow, reads, at - 1), seg->text_len))
		sim_broken(sim, flow, from, "a segment carries the text of its numbers", at, 0);
}

/* Text with a SYN, RFC 7413: as it begins it is sent again if the peer did not take it. */
static void fast_text(struct sim *sim, struct sim_flow *flow, unsigned from,
                      const struct sim_segment *seg)
{
	struct sim_side *us = &flow->side[from];

	if ((seg->text_len || seg->has_cookie) && !flow->plan->fastopen)
		sim_broken(sim, flow, from, "SYNs have text only with Fast Open", seg->text_len,
		           0);
	if (!seg->text_len)
		return;
	if (!seg->has_cookie)
		sim_broken(sim, flow, from, "text with a SYN comes with a cookie", 0, 1);
	if (seg->text_len > flow->end[from].queued)
		sim_broken(sim, flow, from, "a SYN has text that was given", seg->text_len,
		           flow->end[from].queued);
	check_pattern(sim, flow, from, seg, 1);
	us->end = wr_max(us->end, 1 + seg->text_len);
}

/*
 * A connection begins; text may have come with the SYN that is answered, and the reset of a SYN
 * before that, which was refused, may wait for the NIC still.
 */
static void forget(struct sim_side *us, bool has_text)
{
	struct sim_side before = *us;

	memset(us, 0, sizeof(*us));
	if (!before.syn_seen) {
		memcpy(us->arrived, before.arrived, sizeof(us->arrived));
		us->arrived_count = before.arrived_count;
		us->unanswered = before.unanswered;
	}
	if (!has_text)
		return;
	us->got = before.got;
	us->twice = before.twice;
}

/* Hosts with one ISN for all: the peer's SYN came again when all was over. */
static bool begins_anew(const struct sim *sim, const struct sim_flow *flow, unsigned from,
                        const struct sim_segment *seg)
{
	const struct sim_side *us = &flow->side[from], *peer = &flow->side[!from];

	return sim->plan->host[flow->plan->host[from]].has_isn && us->any_ack &&
	       (seg->flags & WR_TCP_ACK) && (int32_t)(seg->ack - peer->iss - us->acked) < 0;
}

static void sent_syn(struct sim *sim, struct sim_flow *flow, unsigned from,
                     const struct sim_segment *seg)
{
	struct sim_side *us = &flow->side[from], *peer = &flow->side[!from];

	if (us->syn_seen && us->iss != seg->seq)
		flow->renumbered = true; /* its half-open record had expired */
	if (begins_anew(sim, flow, from, seg))
		flow->renumbered = true;
	if (!us->syn_seen || us->iss != seg->seq) {
		forget(us, flow->plan->fastopen && (seg->flags & WR_TCP_ACK));
		peer->got.count = peer->twice.count = 0;
		us->syn_seen = true;
		us->iss = seg->seq;
		us->end = 1;
		us->edge_told = 0;
	}
	us->asks_accecn |= seg->ae;
	if (!(seg->flags & WR_TCP_ACK)) {
		us->syn_wnd = seg->wnd;
		fast_text(sim, flow, from, seg);
	} else if (flow->plan->fastopen) {
		us->edge_told = wr_max(us->edge_told, 1 + peer->syn_wnd);
	}
	us->offers_ts = seg->has_ts;
	us->offers_sack = seg->has_sack_ok;
	us->offers_wscale = seg->has_wscale;
	us->shift = seg->wscale;
	us->mss = seg->mss;
	if (!seg->has_mss)
		sim_broken(sim, flow, from, "a SYN says the MSS", 0, 1);
	if (!(seg->flags & WR_TCP_ACK))
		return;
	if ((seg->has_ts && !peer->offers_ts) || (seg->has_sack_ok && !peer->offers_sack) ||
	    (seg->has_wscale && !peer->offers_wscale))
		sim_broken(sim, flow, from, "a SYN-ACK agrees only to what was offered", 1, 0);
}

static void check_options(struct sim *sim, struct sim_flow *flow, unsigned from,
                          const struct sim_segment *seg)
{
	const struct sim_side *us = &flow->side[from], *peer = &flow->side[!from];
	bool ts = us->offers_ts && peer->offers_ts;

	if (seg->has_mss || seg->has_wscale || seg->has_sack_ok)
		sim_broken(sim, flow, from, "MSS, window scale and SACK-permitted are for SYNs",
		           1, 0);
	if (seg->has_ts != ts)
		sim_broken(sim, flow, from, "timestamps are there iff agreed on", seg->has_ts,
		           ts);
	if (seg->sacks && !(us->offers_sack && peer->offers_sack))
		sim_broken(sim, flow, from, "SACK blocks only if agreed on", seg->sacks, 0);
}

static void check_ack(struct sim *sim, struct sim_flow *flow, unsigned from,
                      const struct sim_segment *seg)
{
	struct sim_side *us = &flow->side[from], *peer = &flow->side[!from];
	uint32_t ack = seg->ack - peer->iss, edge = ack + scaled(flow, from, seg);

	if (ack > peer->end)
		sim_broken(sim, flow, from, "only what was sent is acknowledged", ack,
		           peer->end);
	if (us->any_ack && (int32_t)(ack - us->acked) < 0)
		sim_broken(sim, flow, from, "an ACK never decreases", ack, us->acked);
	/* A SYN-ACK sent again cannot say more than 65535. */
	if (seg->flags & WR_TCP_SYN)
		edge = wr_max(edge, us->edge);
	/* But for the rounding to the scale, RFC 7323 section 2.4. */
	if (us->any_ack && (int32_t)(edge + rounding(flow, from) - us->edge) < 0)
		sim_broken(sim, flow, from, "the right edge of the window never retreats", edge,
		           us->edge);
	sim->updates_window = us->any_ack && ack == us->acked && edge > us->edge;
	us->any_ack = true;
	us->acked = ack;
	us->edge = wr_max(edge, us->edge);
}

bool sim_lost_inside(const struct sim *sim, const struct sim_flow *flow, unsigned side)
{
	const struct sim_host *host = &sim->host[flow->plan->host[side]];
	uint64_t lost = 0;

	for (unsigned i = 0; i < host->plan->cores; i++) {
		const uint64_t *n = host->core[i].stats.n;

		lost += n[WR_STAT_arp_dropped] + n[WR_STAT_tx_dropped] + n[WR_STAT_tx_refused];
	}
	return lost > 0;
}

/* New text leaves. */
static void note_new(const struct sim *sim, struct sim_flow *flow, unsigned from)
{
	const struct sim_host *host = &sim->host[flow->plan->host[from]];
	struct sim_side *us = &flow->side[from];

	us->sent_new = true;
	if (us->una == us->end && us->last_tx_ns != sim->now_ns)
		us->idle_ns = sim->now_ns - RTE_MAX(us->last_tx_ns, host->arp_ns);
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
			sim_broken(sim, flow, from, "no text goes beyond the peer's window",
			           behind, us->edge_told);
		if (seg->text_len + seg->options_len > peer->mss)
			sim_broken(sim, flow, from, "no segment is longer than the peer's MSS",
			           seg->text_len + seg->options_len, peer->mss);
		if (at > us->end && !sim_lost_inside(sim, flow, from))
			sim_broken(sim, flow, from, "text is sent without gaps", at, us->end);
		if (!(flow->plan->echo && from == 1) && behind - 1 == end->queued &&
		    !(seg->flags & WR_TCP_PSH))
			sim_broken(sim, flow, from, "PSH is on the last segment", behind, 0);
		check_pattern(sim, flow, from, seg, at);
	}
	if (fin && !(flow->plan->echo && from == 1) &&
	    (behind - 1 != end->queued || !end->closing))
		sim_broken(sim, flow, from, "a FIN follows the last byte", behind - 1,
		           end->queued);
	if (seg->text_len && behind > us->end) {
		note_new(sim, flow, from);
		sim_gathered_leaves(&us->gathered, behind);
	}
	if (seg->text_len)
		us->last_tx_ns = sim->now_ns;
	sim_cwnd_note_text(us, seg->text_len);
	us->fin_sent |= fin;
	us->end = wr_max(us->end, behind + fin);
}

/* Is it sent again? Until what was sent by then is acknowledged, text beyond is beyond. */
static void note_again(struct sim_side *us, const struct sim_segment *seg)
{
	us->again = seg->text_len && seg->seq - us->iss < us->end;
	if (us->recovery_end && us->una >= us->recovery_end)
		us->recovery_end = 0;
	if (us->again && !us->recovery_end)
		us->recovery_end = us->end;
}

static void check_segment(struct sim *sim, struct sim_flow *flow, unsigned from,
                          const struct sim_segment *seg)
{
	if (seg->flags & WR_TCP_SYN)
		sent_syn(sim, flow, from, seg);
	/* With Fast Open text may leave before a SYN-ACK that there was no buffer for. */
	flow->renumbered |= flow->plan->fastopen && !flow->side[from].syn_seen;
	/* Nor are the numbers known if a SYN was lost inside its host. */
	if (flow->renumbered || !flow->side[from].syn_seen ||
	    (!flow->side[!from].syn_seen && (seg->flags & WR_TCP_ACK)))
		return;
	flow->side[from].touched = true;
	sim_watch_times(sim, flow, from, seg);
	if (!(seg->flags & WR_TCP_SYN)) {
		check_options(sim, flow, from, seg);
		sim_watch_mark_option(sim, flow, from, seg);
		sim_watch_mark_leaves(flow, from, seg);
		note_again(&flow->side[from], seg);
		if (flow->side[from].again)
			sim_watch_again(sim, flow, from, seg);
		check_text(sim, flow, from, seg);
		sim_watch_sacks(sim, flow, from, seg);
	}
	if (seg->flags & WR_TCP_ACK)
		check_ack(sim, flow, from, seg);
	else if (!(seg->flags & WR_TCP_SYN))
		sim_broken(sim, flow, from, "every segment but the first has an ACK", 0, 1);
}

void sim_watch_sent(struct sim *sim, unsigned from, const uint8_t *bytes, uint32_t n)
{
	struct sim_segment seg;
	struct sim_flow *flow;

	sim->updates_window = false;
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
	flow = sim_flow_of(sim, from, &seg);
	if (!flow) {
		sim_fail(sim, "segments belong to a connection: ports %u, %u", seg.sport,
		         seg.dport);
		return;
	}
	if (sim_is_ghost(sim, flow))
		return;
	sim_watch_signature(sim, flow, from, &seg, bytes);
	/* Of an echo's end nobody hears but by its reset; others are over when one arrives. */
	flow->was_reset |= (seg.flags & WR_TCP_RST) && flow->plan->echo;
	if (seg.flags & WR_TCP_RST)
		sim_watch_reset(sim, flow, from, &seg);
	else
		check_segment(sim, flow, from, &seg);
	if (sim->failed)
		sim_note(sim, from, "WRONG", bytes, n);
}

void sim_watch_step_begins(struct sim *sim)
{
	for (unsigned i = 0; i < sim->plan->flows; i++)
		sim->flow[i].resets_in = sim->flow[i].others_in = 0;
}
