/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RACK: what was sent before something that arrived, and did not arrive within a reordering
 * window after it, is lost. RFC 8985 section 6, step by step.
 *
 * Text sent once lies in the send queue in the order of its transmission, text sent again in a
 * chain of its own in that order. Both are walked from the oldest on until one is not lost yet;
 * what is lost is not met again until it has been sent again.
 */

#include "tcp_rack.h"
#include "tcp.h"
#include "tcp_board.h"
#include "tcp_timer.h"

#define PERSIST 16 /* recoveries without a D-SACK until the window shrinks again */

static uint32_t age_us(const struct wr_tcp *tcp, const struct wr_buf *b)
{
	return (uint32_t)tcp->now_us - b->sent_us;
}

/* Which of two transmissions was later? RACK_sent_after(). */
static bool sent_after(uint32_t xmit_us, struct wr_seq end, const struct wr_buf *b)
{
	if (xmit_us != b->sent_us)
		return (int32_t)(xmit_us - b->sent_us) > 0;
	return wr_seq_lt(wr_seq(b->seq + b->len), end);
}

/* Does the ACK answer an earlier transmission than the last, or may it? */
static bool is_ambiguous(const struct wr_tcp *tcp, const struct wr_tcb *c,
                         const struct wr_buf *b, const struct wr_seg *seg)
{
	uint64_t sent_us = tcp->now_us - age_us(tcp, b);
	uint32_t sent_ts = (uint32_t)(sent_us / 1000) + c->ts_offset;

	if (b->rexmits == 0)
		return false;
	if ((c->flags & WR_TCB_TS) && seg->has_ts && (int32_t)(seg->ts_ecr - sent_ts) < 0)
		return true;
	return age_us(tcp, b) < c->min_rtt_us;
}

/* Steps 1 to 3. */
/* b arrived although text above it was delivered before. */
static void note_reordering(struct wr_tcb *c, const struct wr_buf *b)
{
	uint32_t segments = 1;

	if (c->repair->top)
		segments =
			(wr_buf(c->repair->top)->seq + wr_buf(c->repair->top)->len - b->seq) /
			c->cc.smss;
	segments = wr_min(wr_max(segments, 1), UINT8_MAX);
	if (segments > c->reordering)
		c->reordering = (uint8_t)segments;
}

void tcp_rack_delivered(const struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_buf *b,
                        struct wr_news *news, bool high)
{
	struct wr_repair *r = c->repair;
	struct wr_seq end = wr_seq(b->seq + b->len);
	uint32_t rtt_us = wr_max(age_us(tcp, b), 1);

	if (b->rexmits == 0) {
		news->rtt_us = rtt_us;
		news->original |= wr_seq_le(end, c->recover);
		if (!high)
			note_reordering(c, b);
		if (c->min_rtt_us == 0 || rtt_us < c->min_rtt_us)
			c->min_rtt_us = rtt_us;
	} else {
		news->again = true;
		if (is_ambiguous(tcp, c, b, news->seg))
			return;
	}
	r->rtt_us = rtt_us;
	if (!r->delivered || !sent_after(r->xmit_us, r->end_seq, b)) {
		r->delivered = true;
		r->xmit_us = b->sent_us;
		r->end_seq = end;
	}
}

/* Step 4: grows by a quarter of min_RTT for every round trip with a D-SACK. */
void tcp_rack_saw_dsack(struct wr_tcb *c)
{
	if (c->rack_persist == PERSIST && wr_seq_lt(c->snd.una, c->dsack_round))
		return;
	c->dsack_round = c->snd.nxt;
	c->rack_persist = PERSIST;
	if (c->rack_steps < UINT8_MAX)
		c->rack_steps++;
}

void tcp_rack_left_recovery(struct wr_tcb *c)
{
	/* An old path's minimum is forgotten in the same time. */
	if (c->min_rtt_us && c->srtt_us > c->min_rtt_us)
		c->min_rtt_us += (c->srtt_us - c->min_rtt_us) / PERSIST;
	if (c->rack_persist && --c->rack_persist == 0)
		c->rack_steps = 0;
}

static uint32_t reo_wnd_us(const struct wr_tcb *c)
{
	uint64_t wnd = (c->rack_steps + 1ull) * (c->min_rtt_us / 4);

	if (!c->reordering && ((c->flags & (WR_TCB_RECOVERY | WR_TCB_RTO)) ||
	                       c->repair->segs_sacked >= TCP_DUP_THRESH))
		return 0;
	return wnd < c->srtt_us ? (uint32_t)wnd : c->srtt_us;
}

bool tcp_rack_timed_out(const struct wr_tcp *tcp, const struct wr_tcb *c,
                        const struct wr_buf *b)
{
	uint32_t rtt_us = c->repair->delivered ? c->repair->rtt_us : c->srtt_us;

	return age_us(tcp, b) >= rtt_us + reo_wnd_us(c);
}

/*
 * Is b lost? If not now, *wait_us becomes the time until it is, unless there is an earlier one;
 * true also if b was not sent before something that arrived, so that nobody waits.
 */
static bool not_lost_yet(const struct wr_tcp *tcp, const struct wr_tcb *c,
                         const struct wr_buf *b, uint32_t deadline_us, uint32_t *wait_us)
{
	const struct wr_repair *r = c->repair;

	if (!sent_after(r->xmit_us, r->end_seq, b))
		return true;
	if (age_us(tcp, b) >= deadline_us)
		return false;
	*wait_us = wr_min(*wait_us, deadline_us - age_us(tcp, b));
	return true;
}

/* Step 5. The timer is for the first that may be lost, not the last: so nothing is walked. */
void tcp_rack_detect(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct wr_repair *r = c->repair;
	uint32_t deadline_us = r->rtt_us + reo_wnd_us(c), wait_us = UINT32_MAX;
	struct rte_mbuf *m, *after = NULL;

	r->reo_armed = false;
	if (!r->delivered)
		return;
	while ((m = r->again.first) && !not_lost_yet(tcp, c, wr_buf(m), deadline_us, &wait_us))
		tcp_mark_lost_again(c, m, &after);
	m = r->passed ? wr_buf(r->passed)->next : c->sq_head;
	for (; m && m != c->sq_next; m = wr_buf(m)->next) {
		if (!(wr_buf(m)->flags & (WR_BUF_SACKED | WR_BUF_LOST))) {
			if (not_lost_yet(tcp, c, wr_buf(m), deadline_us, &wait_us))
				break;
			tcp_mark_lost(c, m);
		}
		r->passed = m;
	}
	if (wait_us == UINT32_MAX)
		return;
	r->reo_armed = true;
	r->reo_tick = wr_tick_after(tcp->now_tick, wait_us);
	tcb_arm(tcp, c, r->reo_tick);
}
