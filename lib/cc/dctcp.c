/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DCTCP, RFC 8257, sender side: the window falls by the share of text that was marked, once a
 * window. Growth, and what a loss costs, are Reno's (sections 3.4 and 3.5). For networks
 * whose queues mark early and whose hosts all do it.
 */

#include "cc.h"

#define ONE     (1u << 20) /* alpha and shares of marked text are in 2^-20 */
#define G_SHIFT 4          /* g = 1/16, section 4.2 */

static void dctcp_init(struct wr_cc *cc, const struct wr_cc_start *start)
{
	(void)start;
	cc->dctcp.alpha = ONE; /* section 4.2: a first mark halves, as with Reno */
}

/* Section 3.3 (8) to (12): once a window. */
static void end_window(struct wr_cc_dctcp *d, uint32_t nxt)
{
	uint32_t share = (uint32_t)((uint64_t)d->marked * ONE / d->acked);
	uint32_t least = d->alpha >> G_SHIFT;

	/* What rounds to nothing would leave a rest of alpha for ever. */
	d->alpha = d->alpha - (least ? least : d->alpha) + (share >> G_SHIFT);
	d->alpha = wr_min(d->alpha, ONE);
	d->window_end = nxt;
	d->acked = d->marked = 0;
}

static void dctcp_on_ack(struct wr_cc *cc, const struct wr_cc_ack *ack)
{
	struct wr_cc_dctcp *d = &cc->dctcp;

	if (d->acked == 0 && d->window_end == 0)
		d->window_end = ack->nxt;
	d->acked = cc_add(d->acked, ack->acked);
	d->marked = cc_add(d->marked, wr_min(ack->marked, ack->acked));
	if ((int32_t)(ack->una - d->window_end) > 0)
		end_window(d, ack->nxt);
	wr_cc_reno_ops.on_ack(cc, ack);
}

static void dctcp_on_congestion(struct wr_cc *cc, const struct wr_cc_congestion *congestion)
{
	uint64_t cut;

	if (congestion->cause == WR_CC_LOSS) {
		wr_cc_reno_ops.on_congestion(cc, congestion);
		return;
	}
	cut = (uint64_t)cc->cwnd * cc->dctcp.alpha / (2 * ONE); /* section 3.3 (9) */
	cc->cwnd = wr_max(cc->cwnd - (uint32_t)cut, 2 * cc->smss);
	cc->ssthresh = cc->cwnd;
	cc->reno.acked = 0;
}

static void dctcp_on_leave_recovery(struct wr_cc *cc, uint64_t now_us)
{
	wr_cc_reno_ops.on_leave_recovery(cc, now_us);
}

static void dctcp_on_rto(struct wr_cc *cc, const struct wr_cc_rto *rto)
{
	wr_cc_reno_ops.on_rto(cc, rto);
}

static void dctcp_on_undo(struct wr_cc *cc, uint64_t now_us)
{
	wr_cc_reno_ops.on_undo(cc, now_us);
}

static void dctcp_on_idle_restart(struct wr_cc *cc, uint32_t iw, uint64_t now_us)
{
	wr_cc_reno_ops.on_idle_restart(cc, iw, now_us);
}

const struct wr_cc_ops wr_cc_dctcp_ops = {
	.name = "dctcp",
	.spec = "RFC 8257",
	.every_ack = true,
	.marks = true,
	.init = dctcp_init,
	.on_ack = dctcp_on_ack,
	.on_congestion = dctcp_on_congestion,
	.on_leave_recovery = dctcp_on_leave_recovery,
	.on_rto = dctcp_on_rto,
	.on_undo = dctcp_on_undo,
	.on_idle_restart = dctcp_on_idle_restart,
};
