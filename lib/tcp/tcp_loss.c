/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Acknowledgements and loss: what was acknowledged, what was lost, when to send again.
 * RFC 6298 (timer), RFC 5681 and 6582 (duplicate ACKs without SACK), RFC 6675 (with SACK).
 * How much may be in the network is congestion control's business (cc/).
 */

#include "tcb.h"

#define DUP_THRESH 3 /* RFC 5681, RFC 6675 */

/* ---- round-trip time, RFC 6298 section 2 ---- */

void tcp_rtt_sample(struct wr_tcb *c, uint32_t rtt_us)
{
	if (rtt_us == 0)
		rtt_us = 1;
	if (c->srtt_us == 0) { /* (2.2) */
		c->srtt_us = rtt_us;
		c->rttvar_us = rtt_us / 2;
		return;
	}
	/* (2.3): RTTVAR first, with the old SRTT. */
	uint32_t error = rtt_us > c->srtt_us ? rtt_us - c->srtt_us : c->srtt_us - rtt_us;

	c->rttvar_us = c->rttvar_us - c->rttvar_us / 4 + error / 4;
	c->srtt_us = wr_max(c->srtt_us - c->srtt_us / 8 + rtt_us / 8, 1);
}

uint32_t tcp_rto_us(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	uint64_t rto;

	if (c->srtt_us)
		rto = (uint64_t)c->srtt_us + 4ull * c->rttvar_us;
	else if (c->syn_rexmits && c->state >= WR_TCP_ESTABLISHED)
		rto = 3 * 1000 * 1000; /* (5.7) */
	else
		rto = tcp->conf.rto_initial_us;
	if (rto < tcp->conf.rto_min_us)
		rto = tcp->conf.rto_min_us;
	rto <<= c->backoff;
	return rto > tcp->conf.rto_max_us ? tcp->conf.rto_max_us : (uint32_t)rto;
}

void tcp_arm_rto(struct wr_tcp *tcp, struct wr_tcb *c)
{
	uint32_t before = c->rto_tick;

	c->rto_tick = wr_tick_after(tcp->now_tick, tcp_rto_us(tcp, c));
	c->flags |= WR_TCB_RTO_ARMED;
	if ((c->rare & WR_TCB_WHEEL) && wr_tick_reached(before, c->rto_tick))
		return; /* the wheel's own lines stay cold */
	c->rare |= WR_TCB_WHEEL;
	tcb_arm(tcp, c, c->rto_tick);
}

/* ---- the scoreboard: flags on the buffers that were sent ---- */

uint32_t tcp_pipe(const struct wr_tcb *c)
{
	uint32_t flight = tcb_flight(c), gone;

	if (wr_likely(!(c->flags & WR_TCB_LOSS)))
		return flight;
	gone = c->sacked + c->lost - c->rexmit;
	/* Each duplicate tells of one that left the network; after a time-out they may be the
	 * answers to what was sent again in vain. */
	if (!(c->flags & (WR_TCB_SACK | WR_TCB_RTO)))
		gone += c->dup_acks * c->cc.smss;
	return flight > gone ? flight - gone : 0;
}

static void unmark(struct wr_tcb *c, struct wr_buf *b, uint8_t flags)
{
	flags &= b->flags;
	if (flags & WR_BUF_SACKED)
		c->sacked -= b->len;
	if (flags & WR_BUF_LOST)
		c->lost -= b->len;
	if (flags & WR_BUF_REXMIT)
		c->rexmit -= b->len;
	b->flags &= (uint8_t)~flags;
}

static void mark_lost(struct wr_tcb *c, struct wr_buf *b)
{
	if (!(b->flags & (WR_BUF_LOST | WR_BUF_SACKED))) {
		b->flags |= WR_BUF_LOST;
		c->lost += b->len;
	}
}

/* Walks the buffers that were sent: `m` each, oldest first. */
#define FOR_EACH_SENT(c, m)                                                                    \
	for ((m) = (c)->sq_head; (m) && (m) != (c)->sq_next; (m) = wr_buf(m)->next)

void tcp_mark_all_lost(struct wr_tcb *c)
{
	struct rte_mbuf *m;

	FOR_EACH_SENT(c, m)
	{
		unmark(c, wr_buf(m), WR_BUF_SACKED | WR_BUF_REXMIT);
		mark_lost(c, wr_buf(m));
	}
}

/* A block that an honest receiver can report: above UNA, not beyond what was sent. */
static bool plausible(const struct wr_tcb *c, const struct wr_sack *s)
{
	return wr_seq_lt(s->left, s->right) && wr_seq_le(c->snd.una, s->left) &&
	       wr_seq_le(s->right, c->snd.nxt);
}

/* RFC 2883: the first block is below the ACK, or within the second block. */
static bool is_dsack(const struct wr_tcb *c, const struct wr_seg *seg, const struct wr_sack *s)
{
	struct wr_sack second;

	if (wr_seq_lt(s->left, seg->ack))
		return wr_seq_lt(s->left, s->right) && wr_seq_le(s->right, c->snd.nxt);
	if (seg->sack_count < 2)
		return false;
	second = wr_tcp_sack(seg, 1);
	return wr_seq_le(second.left, s->left) && wr_seq_le(s->right, second.right);
}

void tcp_count_dsack(struct wr_tcp *tcp, const struct wr_tcb *c, const struct wr_seg *seg)
{
	struct wr_sack first = wr_tcp_sack(seg, 0);

	if (is_dsack(c, seg, &first))
		WR_COUNT(tcp->stats, tcp_dsack_received, 1);
}

/* Marks what the segment's SACK blocks cover. Returns whether anything was new. */
static bool take_sack(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg)
{
	struct wr_sack block[WR_SACK_MAX];
	unsigned blocks = 0;
	uint32_t before = c->sacked;
	struct rte_mbuf *m;

	for (unsigned i = 0; i < seg->sack_count; i++) {
		struct wr_sack s = wr_tcp_sack(seg, i);

		if (i == 0 && is_dsack(c, seg, &s))
			WR_COUNT(tcp->stats, tcp_dsack_received, 1);
		else if (plausible(c, &s))
			block[blocks++] = s;
		else
			WR_COUNT(tcp->stats, tcp_sack_invalid, 1);
	}
	if (blocks == 0)
		return false;
	FOR_EACH_SENT(c, m)
	{
		struct wr_buf *b = wr_buf(m);
		struct wr_seq left = wr_seq(b->seq), right = wr_seq(b->seq + b->len);

		if (b->flags & WR_BUF_SACKED)
			continue;
		for (unsigned i = 0; i < blocks; i++) {
			if (wr_seq_le(block[i].left, left) &&
			    wr_seq_le(right, block[i].right)) {
				unmark(c, b, WR_BUF_LOST | WR_BUF_REXMIT);
				b->flags |= WR_BUF_SACKED;
				c->sacked += b->len;
				break;
			}
		}
	}
	return c->sacked != before;
}

/* RFC 6675 IsLost(): enough above it was received. Marks all that are. */
static void update_lost(struct wr_tcb *c)
{
	uint32_t above = c->sacked, runs = 0;
	bool in_run = false;
	struct rte_mbuf *m;

	FOR_EACH_SENT(c, m)
	{ /* discontiguous sequences that were SACKed */
		bool sacked = wr_buf(m)->flags & WR_BUF_SACKED;

		runs += sacked && !in_run;
		in_run = sacked;
	}
	in_run = false;
	FOR_EACH_SENT(c, m)
	{
		struct wr_buf *b = wr_buf(m);
		bool sacked = b->flags & WR_BUF_SACKED;

		if (in_run && !sacked)
			runs--;
		in_run = sacked;
		if (sacked) {
			above -= b->len;
			continue;
		}
		if (runs < DUP_THRESH && above <= (DUP_THRESH - 1) * c->cc.smss)
			return; /* above only falls from here on */
		mark_lost(c, b);
	}
}

struct rte_mbuf *tcp_next_lost(struct wr_tcb *c)
{
	struct rte_mbuf *m, *tail = NULL;

	if (c->lost > c->rexmit) {
		FOR_EACH_SENT(c, m)
		if ((wr_buf(m)->flags & (WR_BUF_LOST | WR_BUF_REXMIT)) == WR_BUF_LOST)
			return m;
	}
	/* NextSeg (4): nothing lost, nothing new: the tail once, in case it was lost too. */
	if ((c->flags & (WR_TCB_RECOVERY | WR_TCB_SACK)) != (WR_TCB_RECOVERY | WR_TCB_SACK) ||
	    c->sq_next || (c->rare & WR_TCB_RESCUED))
		return NULL;
	c->rare |= WR_TCB_RESCUED;
	FOR_EACH_SENT(c, m)
	tail = m;
	return tail && !(wr_buf(tail)->flags & (WR_BUF_SACKED | WR_BUF_REXMIT)) ? tail : NULL;
}

/* ---- recovery ---- */

static void enter_recovery(struct wr_tcp *tcp, struct wr_tcb *c)
{
	const struct wr_cc_congestion congestion = {tcp->now_us, tcb_flight(c), WR_CC_LOSS};

	c->flags |= WR_TCB_RECOVERY | WR_TCB_LOSS;
	c->rare |= WR_TCB_FIRST;
	c->rare &= (uint16_t)~WR_TCB_RESCUED;
	c->recover = c->snd.nxt;
	mark_lost(c, wr_buf(c->sq_head));
	wr_cc_ops(&c->cc)->on_congestion(&c->cc, &congestion);
	WR_COUNT(tcp->stats, tcp_fast_recoveries, 1);
}

static void maybe_enter_recovery(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if ((c->flags & (WR_TCB_RECOVERY | WR_TCB_RTO)) || !c->sq_head ||
	    c->sq_head == c->sq_next)
		return;
	if (c->flags & WR_TCB_SACK) {
		if (c->lost || c->dup_acks >= DUP_THRESH)
			enter_recovery(tcp, c);
	} else if (c->dup_acks >= DUP_THRESH &&
	           !wr_seq_in(c->recover, c->snd.una, tcb_flight(c) + 1)) {
		/*
		 * RFC 6582 section 3.2 step 2: all of the last recovery is acknowledged. A
		 * point that seems to lie ahead is 2 GiB old.
		 */
		enter_recovery(tcp, c);
	}
}

static void forget_losses(struct wr_tcb *c)
{
	struct rte_mbuf *m;

	FOR_EACH_SENT(c, m)
	unmark(c, wr_buf(m), WR_BUF_LOST | WR_BUF_REXMIT);
	c->dup_acks = 0;
	c->rare &= (uint16_t) ~(WR_TCB_FIRST | WR_TCB_RESCUED | WR_TCB_PMTU);
}

static void leave_recovery(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (c->flags & WR_TCB_RECOVERY)
		wr_cc_ops(&c->cc)->on_leave_recovery(&c->cc, tcp->now_us);
	c->flags &= (uint16_t) ~(WR_TCB_RECOVERY | WR_TCB_RTO);
	forget_losses(c);
}

/* RFC 6582 section 3.2 step 3: without SACK, a partial ACK shows the next hole. */
static void partial_ack_without_sack(struct wr_tcb *c, uint32_t acked)
{
	uint32_t segments = acked / c->cc.smss;
	struct wr_buf *b = wr_buf(c->sq_head);

	if (segments > 1)
		c->dup_acks -= (uint8_t)wr_min(c->dup_acks, segments - 1);
	unmark(c, b, WR_BUF_REXMIT);
	mark_lost(c, b);
	c->rare |= WR_TCB_FIRST;
}

/* SND.UNA moved while losses are under repair. */
static void advance_recovery(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg,
                             uint32_t acked)
{
	bool repairing = c->flags & (WR_TCB_RECOVERY | WR_TCB_RTO);

	if (seg->sack_count && (c->flags & WR_TCB_SACK))
		take_sack(tcp, c, seg);
	if (repairing && wr_seq_le(c->recover, c->snd.una)) {
		leave_recovery(tcp, c);
		repairing = false;
	}
	if (!repairing)
		c->dup_acks = 0;
	if ((c->flags & WR_TCB_SACK) && c->sacked)
		update_lost(c);
	else if ((c->flags & WR_TCB_RECOVERY) && c->sq_head && c->sq_head != c->sq_next)
		partial_ack_without_sack(c, acked);
	maybe_enter_recovery(tcp, c);
	if (!c->sacked && !c->lost && !(c->flags & (WR_TCB_RECOVERY | WR_TCB_RTO)))
		c->flags &= (uint16_t)~WR_TCB_LOSS;
}

/* ---- acknowledgements ---- */

/* Frees what is acknowledged; returns the newest RTT sample, 0 if there is none (Karn). */
static uint32_t free_acked(struct wr_tcp *tcp, struct wr_tcb *c)
{
	uint32_t rtt_us = 0;

	while (c->sq_head && c->sq_head != c->sq_next) {
		struct rte_mbuf *m = c->sq_head;
		struct wr_buf *b = wr_buf(m);

		if (!wr_seq_le(wr_seq(b->seq + b->len), c->snd.una)) {
			uint32_t part = wr_seq_span(wr_seq(b->seq), c->snd.una);

			if (wr_seq_lt(wr_seq(b->seq), c->snd.una)) {
				uint8_t flags = b->flags;

				unmark(c, b, flags); /* the sums follow the length */
				b->seq += part;
				b->len -= part;
				b->text_off = (uint16_t)(b->text_off + part);
				b->flags = flags & (uint8_t)~WR_BUF_SACKED;
				c->lost += b->flags & WR_BUF_LOST ? b->len : 0;
				c->rexmit += b->flags & WR_BUF_REXMIT ? b->len : 0;
			}
			break;
		}
		unmark(c, b, WR_BUF_SACKED | WR_BUF_LOST | WR_BUF_REXMIT);
		if (b->rexmits == 0)
			rtt_us = (uint32_t)tcp->now_us - b->sent_us;
		c->sq_head = b->next;
		c->sq_count--;
		tcp_unhold(tcp, m);
	}
	if (!c->sq_head)
		c->sq_tail = NULL;
	return rtt_us;
}

/* RFC 7323 section 4: a timestamp tells which transmission was answered. */
static uint32_t rtt_by_timestamp(const struct wr_tcp *tcp, const struct wr_tcb *c,
                                 const struct wr_seg *seg)
{
	uint32_t ms = tcp_ts_now(tcp, c->ts_offset) - seg->ts_ecr;

	if (!(c->flags & WR_TCB_TS) || !seg->has_ts || seg->ts_ecr == 0 ||
	    ms > tcp->conf.rto_max_us / 1000)
		return 0;
	return wr_max(ms, 1) * 1000;
}

static void offer_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (wr_tcp_room(tcp, c) < tcp->conf.snd_buf / 2)
		return;
	c->flags &= (uint16_t)~WR_TCB_WANT_ROOM;
	tcb_events(tcp, c)->on_room(tcp, c);
}

void tcp_acked(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg, uint32_t acked,
               uint32_t flight)
{
	/* Several ACKs of one burst come before the sender could fill the window again. */
	bool limited = c->cc.limited || flight + c->cc.smss > c->cc.cwnd;
	bool ece = (seg->flags & WR_TCP_ECE) && c->cc.ecn;
	uint32_t rtt_us;

	if (wr_unlikely((seg->ack.n ^ c->snd.una.n) >> 31)) {
		c->acked_base += wr_seq_span(c->acked_seq, seg->ack);
		c->acked_seq = seg->ack;
	}
	/* The FIN takes a sequence number, but is not text. */
	WR_COUNT(tcp->stats, tcp_bytes_acked,
	         acked - ((c->flags & WR_TCB_FIN_SENT) && wr_seq_eq(seg->ack, c->snd.nxt)));
	c->snd.una = seg->ack;
	rtt_us = free_acked(tcp, c);
	if (wr_unlikely(rtt_us == 0))
		rtt_us = rtt_by_timestamp(tcp, c, seg);
	if (rtt_us) {
		tcp_rtt_sample(c, rtt_us);
		c->backoff = 0;
	}

	if (limited || c->cc.every_ack) {
		const struct wr_cc_ack ack = {
			.now_us = tcp->now_us,
			.acked = acked,
			.flight = flight,
			.rtt_us = rtt_us,
			.srtt_us = c->srtt_us,
			.una = c->snd.una.n,
			.nxt = c->snd.nxt.n,
			.in_recovery = c->flags & WR_TCB_RECOVERY,
			.cwnd_limited = limited && !ece, /* RFC 3168 section 6.1.2 */
			.ece = ece,
		};

		wr_cc_ops(&c->cc)->on_ack(&c->cc, &ack);
	}
	if (wr_unlikely((c->flags & WR_TCB_LOSS) || (seg->sack_count && tcb_flight(c)))) {
		c->flags |= WR_TCB_LOSS;
		advance_recovery(tcp, c, seg, acked);
	}

	if (tcb_flight(c) == 0) /* RFC 6298 (5.2) */
		c->flags &= (uint16_t) ~(WR_TCB_RTO_ARMED | WR_TCB_PERSIST);
	else
		tcp_arm_rto(tcp, c); /* (5.3) */
	/* Karn: the RTO stays, and may be longer than R2. That counts from its end on. */
	if (wr_unlikely(c->backoff))
		c->stalled_tick = c->rto_tick;
	if (c->sq_next || (c->flags & (WR_TCB_LOSS | WR_TCB_CLOSE)))
		tcb_pend(tcp, c);
	if (wr_unlikely(c->flags & WR_TCB_WANT_ROOM))
		offer_room(tcp, c);
}

void tcp_not_advanced(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg,
                      bool duplicate)
{
	bool news = false;

	if ((c->flags & WR_TCB_SACK) && seg->sack_count) {
		c->flags |= WR_TCB_LOSS;
		news = take_sack(tcp, c, seg);
		update_lost(c);
	}
	/* With SACK an ACK counts that tells of new text received, RFC 6675 section 2. */
	if (c->flags & WR_TCB_SACK ? news : duplicate) {
		c->flags |= WR_TCB_LOSS;
		if (c->dup_acks < UINT8_MAX)
			c->dup_acks++;
	}
	if (!(c->flags & WR_TCB_LOSS))
		return;
	maybe_enter_recovery(tcp, c);
	tcb_pend(tcp, c);
}

/* ---- retransmission time-out, RFC 6298 (5.4) to (5.7) ---- */

/*
 * R2, or the user's own limit: has this been tried for too long? A closed window is no
 * failure as long as the peer answers (MUST-37, SHLD-17): then R2 counts from the last
 * attempt that was answered.
 */
bool tcp_gives_up(const struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason *reason)
{
	uint64_t user_us = tcb_options(tcp, c)->user_timeout_ms * 1000ull;
	uint64_t stalled_us;

	if (c->snd.wnd == 0 && wr_tick_reached(c->stalled_tick, c->last_rx_tick))
		c->stalled_tick = tcp->now_tick;
	stalled_us = (uint64_t)(tcp->now_tick - c->stalled_tick) << WR_TICK_SHIFT;

	*reason = user_us ? WR_REASON_user_timeout : WR_REASON_rexmit_timeout;
	return stalled_us >= (user_us ? user_us : tcp->conf.r2_us);
}

void tcp_rto_expired(struct wr_tcp *tcp, struct wr_tcb *c)
{
	const struct wr_cc_rto rto = {tcp->now_us, tcb_flight(c), c->flags & WR_TCB_RTO};
	enum wr_reason reason;

	if (c->backoff == 0)
		c->stalled_tick = tcp->now_tick - wr_tick_after(0, tcp_rto_us(tcp, c));
	if (tcp_gives_up(tcp, c, &reason)) {
		if (!wr_ip_is_resolved(tcp->ip, c->tuple.raddr))
			reason = WR_REASON_no_route;
		tcb_end(tcp, c, reason);
		return;
	}
	WR_COUNT(tcp->stats, tcp_rto_fired, 1);
	if (c->backoff < 15)
		c->backoff++;
	if (c->backoff == tcp->conf.r1_rexmits)
		wr_ip_suspect(tcp->ip, c->tuple.raddr, tcp->now_us);

	wr_cc_ops(&c->cc)->on_rto(&c->cc, &rto);
	tcp_mark_all_lost(c); /* RFC 2018 section 8: SACKs are forgotten */
	c->dup_acks = 0;
	c->recover = c->snd.nxt;
	c->flags |= WR_TCB_RTO | WR_TCB_LOSS;
	c->flags &= (uint16_t)~WR_TCB_RECOVERY;
	c->rare &= (uint16_t)~WR_TCB_PMTU;
	c->rare |= WR_TCB_FIRST;
	tcp_arm_rto(tcp, c);
	if (c->sq_head && c->sq_head != c->sq_next) {
		tcb_pend(tcp, c);
	} else { /* only the FIN is out */
		c->rexmits++;
		tcp_send_control(tcp, c, wr_seq_add(c->snd.nxt, (uint32_t)-1), WR_TCP_FIN,
		                 WR_CAUSE_tcp_fin_rexmit);
	}
}
