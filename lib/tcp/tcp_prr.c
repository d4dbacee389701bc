/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Proportional rate reduction: during recovery, what is sent is in proportion to what is
 * delivered, so that the window shrinks to ssthresh within a round trip, smoothly. RFC 6937 as
 * revised by RFC 9937, with its names.
 *
 * Nothing is counted that the scoreboard knows: prr_delivered and RecoverFS are distances from
 * prr_base.
 */

#include "tcp_prr.h"
#include "tcp.h"
#include "tcp_board.h"

void tcp_prr_begin(struct wr_tcb *c, struct wr_seq before)
{
	c->repair->prr_base = before;
	c->repair->prr_out = 0;
}

/* What may leave now, by the reduction in proportion: inflight is still above ssthresh. */
static int64_t in_proportion(const struct wr_tcb *c, uint32_t prr_delivered)
{
	uint64_t recover_fs = wr_max(wr_seq_span(c->repair->prr_base, c->recover), 1);
	uint64_t target = (uint64_t)prr_delivered * c->cc.ssthresh;

	return (int64_t)((target + recover_fs - 1) / recover_fs) - c->repair->prr_out;
}

/* The conservative bound, or, while recovery goes well, the slow-start bound. */
static int64_t catching_up(const struct wr_tcb *c, uint32_t prr_delivered, uint32_t delivered,
                           uint32_t inflight, bool safe)
{
	int64_t sndcnt = (int64_t)prr_delivered - c->repair->prr_out;

	if (sndcnt < delivered)
		sndcnt = delivered;
	if (safe)
		sndcnt += c->cc.smss;
	return wr_min((uint32_t)sndcnt, c->cc.ssthresh - inflight);
}

void tcp_prr_update(struct wr_tcb *c, uint32_t delivered, bool safe)
{
	uint32_t inflight = tcp_pipe(c);
	uint32_t prr_delivered =
		wr_seq_span(c->repair->prr_base, wr_seq_add(c->snd.una, c->sacked));
	int64_t sndcnt;

	if (delivered == 0)
		return;
	if (inflight > c->cc.ssthresh)
		sndcnt = in_proportion(c, prr_delivered);
	else
		sndcnt = catching_up(c, prr_delivered, delivered, inflight, safe);
	if (sndcnt < 0)
		sndcnt = 0;
	if (c->repair->prr_out == 0 && sndcnt == 0)
		sndcnt = c->cc.smss; /* the fast retransmit */
	c->cc.cwnd = wr_max(inflight + (uint32_t)sndcnt, c->cc.smss);
}
