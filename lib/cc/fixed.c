/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A window that does not move, for measuring: what a path does with so much in flight. No
 * congestion control (RFC 2914): for networks of one's own. Only a time-out, when nothing is
 * known to be in flight any more, empties it; then it fills by slow start.
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
	cc->cwnd = wr_min(cc_add(cc->cwnd, ack->acked), window(cc));
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
	(void)rto;
	cc->cwnd = cc->smss;
}

static void fixed_on_undo(struct wr_cc *cc, uint64_t now_us)
{
	(void)now_us;
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
	.init = fixed_init,
	.on_ack = fixed_on_ack,
	.on_congestion = fixed_on_congestion,
	.on_leave_recovery = fixed_on_leave_recovery,
	.on_rto = fixed_on_rto,
	.on_undo = fixed_on_undo,
	.on_idle_restart = fixed_on_idle_restart,
};
