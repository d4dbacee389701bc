/* SPDX-License-Identifier: BSD-3-Clause */
/* AccECN, RFC 9768: what either end says of marks, against what the path marked. */

#include "sim.h"

#define LAP         8  /* the ACE field counts modulo so much */
#define MUCH_STRIDE 16 /* eighths of packets: half of what the engine calls gathering */
#define UNTOLD      3 /* marks at most that an ACK tells of, as each third has one of its own */

/*
 * An ACK of nothing new. Without a time nobody can say which of several left last, RFC 9768
 * section 3.2.2.2; without SACK nor of how many packets those told that were lost, and what was
 * told with an option is not told again. The engine goes by their number; those that are lost,
 * come late or with another window are not among them.
 */
static bool hides_marks(const struct sim_flow *flow, const struct sim_segment *seg,
                        uint32_t acked)
{
	const uint8_t flags = seg->flags & (WR_TCP_SYN | WR_TCP_ACK | WR_TCP_FIN);
	bool sack = flow->side[0].offers_sack && flow->side[1].offers_sack;

	return flags == WR_TCP_ACK && !(seg->has_ts && sack) && !seg->text_len &&
	       seg->ack == acked;
}

void sim_watch_mark_leaves(struct sim_flow *flow, unsigned from, const struct sim_segment *seg)
{
	struct sim_side *us = &flow->side[from], *peer = &flow->side[!from];

	peer->repeats_left += hides_marks(flow, seg, us->acked + peer->iss);
}

void sim_watch_mark_arrives(struct sim_flow *flow, unsigned to, const struct sim_segment *seg)
{
	const uint8_t both = WR_TCP_SYN | WR_TCP_ACK;
	struct sim_side *us = &flow->side[to];

	if (seg->ecn == WR_CE && (seg->flags & both) != WR_TCP_SYN)
		us->marks_came++;
	us->repeats_came +=
		hides_marks(flow, seg, us->una + us->iss) && seg->wnd == us->wnd_came;
	us->wnd_came = seg->wnd;
}

/* Marks at most that ACKs told of whose number is not known. */
static uint32_t unheard(const struct sim_side *us)
{
	uint32_t left = us->repeats_left;

	return UNTOLD * (left - wr_min(us->repeats_came, left));
}

void sim_gathered_leaves(struct sim_gathered *g, uint32_t behind)
{
	g->behind[g->left++ % SIM_TEXTS] = behind;
	if (g->left - g->acked > SIM_TEXTS)
		g->acked = g->left - SIM_TEXTS;
}

void sim_gathered_acked(struct sim_gathered *g, uint32_t ack, unsigned told)
{
	unsigned before = g->acked, packets, own;

	while (g->acked != g->left && g->behind[g->acked % SIM_TEXTS] <= ack)
		g->acked++;
	packets = g->acked - before;
	if (packets == 0)
		return;
	own = packets - wr_min(told, packets - 1);
	g->stride = g->stride ? (7 * g->stride + 8 * own) / 8 : 8 * own;
	if (g->stride > MUCH_STRIDE)
		g->laps += packets / LAP;
}

void sim_watch_mark_option(struct sim *sim, struct sim_flow *flow, unsigned from,
                           const struct sim_segment *seg)
{
	const struct sim_side *us = &flow->side[from], *peer = &flow->side[!from];
	bool asks = (seg->flags & WR_TCP_SYN) && !(seg->flags & WR_TCP_ACK);

	if (seg->has_accecn && (asks || !(us->asks_accecn || peer->asks_accecn)))
		sim_broken(sim, flow, from, "the option of AccECN only if agreed on", 1, 0);
}

void sim_watch_marks(struct sim *sim, struct sim_flow *flow, unsigned side,
                     const struct wr_tcp_info *info)
{
	struct sim_side *us = &flow->side[side], *peer = &flow->side[!side];

	us->accecn = info->accecn;
	us->marks_counted = info->received_ce;
	if (!info->accecn || !peer->accecn || flow->renumbered)
		return;
	if (info->received_ce > us->marks_came)
		sim_broken(sim, flow, side, "no more marks are counted than came",
		           info->received_ce, us->marks_came);
	/* What the peer counted last it took with it, if that ended it. */
	if (info->flight || us->una != us->end || flow->end[!side].closed)
		return;
	/*
	 * What an ACK of many packets hides is taken for the worst: laps, but no fewer. Unless
	 * the peer gathers its ACKs, or tells of marks by ACKs that are not to be believed:
	 * then no lap is suspected.
	 */
	if ((info->delivered_ce - peer->marks_counted) % LAP ||
	    info->delivered_ce + us->gathered.laps * LAP + unheard(us) < peer->marks_counted)
		sim_broken(sim, flow, side, "once all is acknowledged its marks are known",
		           info->delivered_ce, peer->marks_counted);
}
