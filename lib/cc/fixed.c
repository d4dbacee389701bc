/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A window that does not move, for measuring: what a path does with so much in flight. No
 * congestion control (RFC 2914): for networks of one's own. Only a time-out, when nothing is
 * known to be in flight any more, empties it. Then it fills by slow start, but until all of
 * that flight is acknowledged only to a half of it, and to a half of that after each further
 * time-out: else a queue too short for the window would lose the same text again and again.
 */

#include "cc.h"

static uint32_t window(const struct wr_cc *cc)
{
	return cc->fixed.segments * cc->smss; /* SMSS follows the path's MTU */
}

static void fixed_init(struct wr_cc *cc, const struct wr_cc_start *start)
{
	cc->fixed.segments = start->segments;
	cc->cwnd = window(cc);
}

static void fixed_on_ack(struct wr_cc *cc, const struct wr_cc_ack *ack)
{
	struct wr_cc_fixed *f = &cc->fixed;

	f->to_repair -= wr_min(f->to_repair, ack->acked);
	cc->cwnd = wr_min(cc_add(cc->cwnd, ack->acked),
	                  f->to_repair ? wr_min(f->half, window(cc)) : window(cc));
}

static void fixed_on_congestion(struct wr_cc *cc, const struct wr_cc_congestion *congestion)
{
	(void)cc;
	(void)congestion;
}

static void fixed_on_leave_recovery(struct wr_cc *cc, uint64_t now_us)
{
	(void)now_us;
	cc->cwnd = window(cc);
}

static void fixed_on_rto(struct wr_cc *cc, const struct wr_cc_rto *rto)
{
	struct wr_cc_fixed *f = &cc->fixed;
	uint32_t full = f->to_repair ? wr_min(f->half, rto->flight) : rto->flight;

	f->half = wr_max(full / 2, 2 * cc->smss);
	f->to_repair = rto->flight;
	cc->cwnd = cc->smss;
}

static void fixed_on_undo(struct wr_cc *cc, uint64_t now_us)
{
	(void)now_us;
	cc->fixed.to_repair = 0;
	cc->cwnd = window(cc);
}

static void fixed_on_idle_restart(struct wr_cc *cc, uint32_t iw, uint64_t now_us)
{
	(void)iw;
	(void)now_us;
	cc->cwnd = window(cc);
}

const struct wr_cc_ops wr_cc_fixed_ops = {
	.name = "fixed",
	.spec = "none",
	.segments = 64,
	.every_ack = true,
	.most = window,
	.init = fixed_init,
	.on_ack = fixed_on_ack,
	.on_congestion = fixed_on_congestion,
	.on_leave_recovery = fixed_on_leave_recovery,
	.on_rto = fixed_on_rto,
	.on_undo = fixed_on_undo,
	.on_idle_restart = fixed_on_idle_restart,
};
