/* SPDX-License-Identifier: BSD-3-Clause */
/* Reno with appropriate byte counting: RFC 5681, RFC 3465 (L = 2). */

#include "cc.h"

static void reno_init(struct wr_cc *cc, const struct wr_cc_start *start)
{
	(void)cc;
	(void)start;
}

static void reno_on_ack(struct wr_cc *cc, const struct wr_cc_ack *ack)
{
	if (ack->in_recovery || !ack->cwnd_limited)
		return; /* RFC 5681 3.2; RFC 7661: no growth unless it was used */

	if (cc->cwnd < cc->ssthresh) { /* slow start, RFC 3465 section 2.2, and 2.3 for L */
		cc_slow_start(cc, ack->acked, cc->reno.after_rto ? 1 : 2);
		return;
	}
	cc->reno.after_rto = 0;

	/* Congestion avoidance: one SMSS per window, RFC 3465 section 2.1. */
	cc->reno.acked += ack->acked;
	if (cc->reno.acked >= cc->cwnd) {
		cc->reno.acked -= cc->cwnd;
		cc->cwnd = cc_add(cc->cwnd, cc->smss);
	}
}

/* RFC 5681 (4). */
static void halve(struct wr_cc *cc, uint32_t flight)
{
	cc_save(cc, &cc->reno.saved);
	cc->ssthresh = wr_max(flight / 2, 2 * cc->smss);
	cc->reno.acked = 0;
}

/* Limited transmit sends beyond cwnd: that does not count, RFC 5681 section 3.2 (2). */
static void reno_on_congestion(struct wr_cc *cc, const struct wr_cc_congestion *congestion)
{
	halve(cc, cc_used(cc, congestion->flight));
	cc->cwnd = cc->ssthresh;
}

static void reno_on_leave_recovery(struct wr_cc *cc, uint64_t now_us)
{
	(void)now_us;
	cc->cwnd = cc->ssthresh;
}

static void reno_on_rto(struct wr_cc *cc, const struct wr_cc_rto *rto)
{
	if (!rto->again)
		halve(cc, rto->flight);
	cc->reno.after_rto = 1;
	cc->reno.acked = 0;
	cc->cwnd = cc->smss; /* the loss window LW, RFC 5681 3.1 */
}

static void reno_on_undo(struct wr_cc *cc, uint64_t now_us)
{
	(void)now_us;
	cc_restore(cc, &cc->reno.saved);
	cc->reno.saved.cwnd = cc->reno.saved.ssthresh = 0;
	cc->reno.after_rto = 0;
}

static void reno_on_idle_restart(struct wr_cc *cc, uint32_t iw, uint64_t now_us)
{
	(void)now_us;
	cc_restart(cc, iw);
	cc->reno.acked = 0; /* what a larger window counted would let this one grow at once */
}

const struct wr_cc_ops wr_cc_reno_ops = {
	.name = "reno",
	.spec = "RFC 5681, RFC 3465",
	.init = reno_init,
	.on_ack = reno_on_ack,
	.on_congestion = reno_on_congestion,
	.on_leave_recovery = reno_on_leave_recovery,
	.on_rto = reno_on_rto,
	.on_undo = reno_on_undo,
	.on_idle_restart = reno_on_idle_restart,
};
