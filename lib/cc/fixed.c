/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A window that never moves, for measuring: what a path does with so much in flight. No
 * congestion control at all (RFC 2914): for networks of one's own.
 */

#include "cc.h"

static void keep(struct wr_cc *cc)
{
	cc->cwnd = cc->fixed.segments * cc->smss;
}

static void fixed_init(struct wr_cc *cc, const struct wr_cc_start *start)
{
	cc->fixed.segments = start->segments;
	keep(cc);
}

static void fixed_on_ack(struct wr_cc *cc, const struct wr_cc_ack *ack)
{
	(void)ack;
	keep(cc); /* SMSS follows the path's MTU */
}

static void fixed_on_congestion(struct wr_cc *cc, const struct wr_cc_congestion *congestion)
{
	(void)congestion;
	keep(cc);
}

static void fixed_on_rto(struct wr_cc *cc, const struct wr_cc_rto *rto)
{
	(void)rto;
	keep(cc);
}

static void fixed_on_time(struct wr_cc *cc, uint64_t now_us)
{
	(void)now_us;
	keep(cc);
}

static void fixed_on_idle_restart(struct wr_cc *cc, uint32_t iw, uint64_t now_us)
{
	(void)iw;
	(void)now_us;
	keep(cc);
}

const struct wr_cc_ops wr_cc_fixed_ops = {
	.name = "fixed",
	.spec = "none",
	.segments = 64,
	.init = fixed_init,
	.on_ack = fixed_on_ack,
	.on_congestion = fixed_on_congestion,
	.on_leave_recovery = fixed_on_time,
	.on_rto = fixed_on_rto,
	.on_undo = fixed_on_time,
	.on_idle_restart = fixed_on_idle_restart,
};
