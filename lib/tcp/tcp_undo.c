/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Was it a mistake? A retransmission was needless if its original is acknowledged: the
 * timestamp echoed tells (RFC 3522), or a D-SACK (RFC 2883, 3708), or, after a time-out, that
 * text is acknowledged that was not sent again (RFC 5682). Then congestion
 * control takes its reduction back: RFC 4015, and as in Linux without its limit on bursts,
 * since the flight is still there.
 */

#include "tcp_undo.h"
#include "tcp.h"
#include "tcp_board.h"

#define FRTO_NEW_SEGMENTS 2u /* RFC 5682 section 2.1 (2.b) */

void tcp_undo_begin(struct wr_tcb *c)
{
	if (c->flags & (WR_TCB_RECOVERY | WR_TCB_RTO))
		return;
	c->may_undo = true;
	c->undo_una = c->snd.una;
	/* What an earlier recovery sent again is still out: it may be reported as well. */
	c->undo_pending =
		(uint16_t)wr_min((c->rexmit + c->cc.smss - 1) / c->cc.smss, UINT16_MAX);
}

void tcp_undo_sent_again(const struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct wr_repair *r = c->repair;

	if (!r->has_rexmit_ts) { /* by a probe too: its copy is not the original */
		r->has_rexmit_ts = true;
		r->rexmit_ts = tcp_ts_now(tcp, c->ts_offset);
	}
	if (c->may_undo && (c->flags & (WR_TCB_RECOVERY | WR_TCB_RTO)) &&
	    c->undo_pending < UINT16_MAX)
		c->undo_pending++;
}

/* Nothing was lost; what has not been sent again need not be. */
static void undo(struct wr_tcp *tcp, struct wr_tcb *c)
{
	wr_cc_ops(&c->cc)->on_undo(&c->cc, tcp->now_us);
	c->may_undo = false;
	/* Nothing of this window has been answered any more. */
	c->cwr_end = wr_seq_add(c->snd.una, (uint32_t)-1);
	/* What looked like a loss was late, and so may others be. */
	if ((c->flags & WR_TCB_RECOVERY) && c->reordering == 0)
		c->reordering = 1;
	c->flags &= (uint16_t) ~(WR_TCB_RECOVERY | WR_TCB_RTO);
	c->rare &= (uint16_t) ~(WR_TCB_FIRST | WR_TCB_RESCUED | WR_TCB_PMTU);
	c->dup_acks = 0;
	c->repair->frto = WR_FRTO_OFF;
	tcp_board_forget_lost(c);
	c->repair->has_rexmit_ts &= c->rexmit > 0;
	WR_COUNT(tcp->stats, tcp_undone, 1);
}

/* 0 comes from peers that do not echo, unless our own clock was there a while ago. */
static bool is_echo(const struct wr_tcp *tcp, const struct wr_tcb *c, uint32_t ts_ecr)
{
	return ts_ecr || tcp_ts_now(tcp, c->ts_offset) <= tcp->conf.rto_max_us / 1000;
}

bool tcp_undo_by_timestamp(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_news *news)
{
	const struct wr_repair *r = c->repair;
	const struct wr_seg *seg = news->seg;
	struct wr_seq una_before = wr_seq_add(c->snd.una, -news->acked);

	/* Only the first ACK of new text can tell: it is of what was sent again first. */
	if (!(c->flags & (WR_TCB_RECOVERY | WR_TCB_RTO)) || !c->may_undo || news->acked == 0 ||
	    !wr_seq_eq(una_before, c->undo_una) || !r->has_rexmit_ts)
		return false;
	if (!(c->flags & WR_TCB_TS) || !seg->has_ts || !is_echo(tcp, c, seg->ts_ecr) ||
	    (int32_t)(seg->ts_ecr - r->rexmit_ts) >= 0)
		return false;
	c->backoff = 0;
	undo(tcp, c);
	return true;
}

void tcp_undo_by_dsack(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_news *news)
{
	uint32_t segments;

	if (!news->has_dsack || !c->may_undo || c->undo_pending == 0 ||
	    wr_seq_lt(news->dsack.left, c->undo_una))
		return;
	segments = (wr_seq_span(news->dsack.left, news->dsack.right) + c->cc.smss - 1) /
	           c->cc.smss;
	c->reordering = (uint8_t)wr_max(c->reordering, 1);
	c->undo_pending -= (uint16_t)wr_min(segments, c->undo_pending);
	if (c->undo_pending == 0)
		undo(tcp, c);
}

/* Would new text leave if it were its turn? */
static bool can_send_new(const struct wr_tcb *c)
{
	uint32_t unsent = wr_seq_span(c->snd.nxt, c->sq_end), flight = tcb_flight(c);

	return c->sq_next && unsent >= c->cc.smss && c->snd.wnd >= flight + c->cc.smss;
}

bool tcp_frto_waits(const struct wr_tcb *c)
{
	return c->repair->frto == WR_FRTO_NEW &&
	       wr_seq_span(c->recover, c->snd.nxt) >= FRTO_NEW_SEGMENTS * c->cc.smss;
}

/*
 * (3.a): the loss was real, and text that was lost may fill the pipe. What has just left for
 * the first time is unacknowledged as all else, and sent again behind it, unless SACK can tell
 * of it: a peer may have kept nothing that came out of order, and nothing else would tell.
 */
static void loss_was_real(struct wr_tcb *c, bool told_by_sack)
{
	c->repair->frto = WR_FRTO_OFF;
	c->rare |= WR_TCB_FIRST;
	if (told_by_sack)
		return;
	tcp_mark_all_lost(c, false);
	c->recover = c->snd.nxt;
}

/* Section 3.1, and 2.1 without SACK: the same but for what `original` can be known from. */
void tcp_frto_step(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_news *news,
                   bool duplicate)
{
	struct wr_repair *r = c->repair;

	if (r->frto == WR_FRTO_OFF || !(c->flags & WR_TCB_RTO))
		return;
	if (news->original && !news->again && c->may_undo) { /* (3.b) */
		c->backoff = 0;
		undo(tcp, c);
	} else if (r->frto == WR_FRTO_NEW) {
		if (duplicate || news->sacked || news->acked)
			loss_was_real(c, (c->flags & WR_TCB_SACK) && !duplicate);
	} else if (news->acked && wr_seq_lt(c->snd.una, c->recover)) { /* (2.b) */
		c->recover = c->snd.nxt;
		r->frto = can_send_new(c) ? WR_FRTO_NEW : WR_FRTO_OFF;
	} else if (news->acked || (duplicate && !(c->flags & WR_TCB_SACK))) { /* (2.a) */
		r->frto = WR_FRTO_OFF;
	}
}
