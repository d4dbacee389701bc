/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Acknowledgements and loss: what was acknowledged, what was lost, when to send again. With
 * SACK RFC 8985 finds what is lost (tcp_rack.c) or, if RACK is off, RFC 6675; without SACK
 * duplicate ACKs do, RFC 5681 and 6582. The marks stand on the buffers (tcp_board.c). How much
 * may be in the network is congestion control's business (cc/) and, during recovery, PRR's
 * (tcp_prr.c).
 */

#include "tcp_loss.h"
#include "tcp.h"
#include "tcp_board.h"
#include "tcp_count.h"
#include "tcp_ecn.h"
#include "tcp_out.h"
#include "tcp_path.h"
#include "tcp_prr.h"
#include "tcp_rack.h"
#include "tcp_rate.h"
#include "tcp_rtt.h"
#include "tcp_segment.h"
#include "tcp_tlp.h"
#include "tcp_undo.h"

#define R1_LEAST 3 /* retransmissions, SHLD-10 */

/* ---- recovery ---- */

/* An algorithm that does not lower ssthresh keeps cwnd to itself. */
static bool uses_prr(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return tcp->conf.prr && (c->flags & WR_TCB_SACK) && c->cc.ssthresh != UINT32_MAX;
}

/*
 * Without SACK each duplicate lets a segment leave. Only as many count as segments were out
 * when recovery began, or at the last partial ACK: who forges more earns nothing, RFC 5681
 * section 3.2 (4).
 */
static void limit_duplicates(struct wr_tcb *c)
{
	uint32_t segments = (tcb_flight(c) + c->cc.smss - 1) / c->cc.smss;

	c->repair->dup_limit = (uint8_t)wr_min(segments, UINT8_MAX);
}

static bool duplicate_counts(const struct wr_tcb *c)
{
	uint8_t limit = c->flags & WR_TCB_RECOVERY ? c->repair->dup_limit : UINT8_MAX;

	return c->dup_acks < limit;
}

/* RFC 3168 section 6.1.2: once for what is lost and what is marked of one window. */
static void reduce_for_loss(struct wr_tcp *tcp, struct wr_tcb *c)
{
	const struct wr_cc_congestion congestion = {tcp->now_us, tcb_flight(c), WR_CC_LOSS};

	if (tcp_ecn_has_reduced(c))
		return;
	tcp_undo_begin(c);
	wr_cc_ops(&c->cc)->on_congestion(&c->cc, &congestion);
	tcp_ecn_reduced(c);
}

static void enter_recovery(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_seq before)
{
	reduce_for_loss(tcp, c);
	c->flags |= WR_TCB_RECOVERY;
	c->rare |= WR_TCB_FIRST;
	c->recover = c->snd.nxt;
	c->repair->tlp = c->repair->uncut = false;
	limit_duplicates(c);
	if (!tcp_uses_rack(tcp, c))
		tcp_mark_lost(c, c->sq_head);
	tcp_prr_begin(c, before);
	WR_COUNT(tcp->stats, tcp_fast_recoveries, 1);
}

static void maybe_enter_recovery(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_seq before)
{
	bool news;

	if ((c->flags & (WR_TCB_RECOVERY | WR_TCB_RTO)) || !tcb_has_sent_text(c))
		return;
	news = c->lost > c->rexmit;
	if (!(c->flags & WR_TCB_SACK))
		/*
		 * RFC 6582 section 3.2 step 2: all of the last recovery is acknowledged. A
		 * point that seems to lie ahead is 2 GiB old.
		 */
		news = c->dup_acks >= TCP_DUP_THRESH &&
		       !wr_seq_in(c->recover, c->snd.una, tcb_flight(c) + 1);
	else if (!tcp_uses_rack(tcp, c))
		news |= c->dup_acks >= TCP_DUP_THRESH;
	if (news && !(c->searching && tcp_path_lost_probe(tcp, c)))
		enter_recovery(tcp, c, before);
}

static void leave_recovery(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (c->flags & WR_TCB_RECOVERY)
		wr_cc_ops(&c->cc)->on_leave_recovery(&c->cc, tcp->now_us);
	tcp_rack_left_recovery(c);
	c->flags &= (uint16_t) ~(WR_TCB_RECOVERY | WR_TCB_RTO);
	c->rare &= (uint16_t) ~(WR_TCB_FIRST | WR_TCB_RESCUED | WR_TCB_PMTU);
	c->dup_acks = 0;
	c->repair->reneged = false;
	c->repair->frto = WR_FRTO_OFF;
	/* An ACK of what is out again still must not look like one of an original. */
	c->repair->has_rexmit_ts &= c->rexmit > 0;
	if (!tcp_uses_rack(tcp, c))
		tcp_board_forget_lost(c);
}

/* RFC 6582 section 3.2 step 3: without SACK, a partial ACK shows the next hole. */
static void partial_ack_without_sack(struct wr_tcb *c, uint32_t acked)
{
	uint32_t segments = acked / c->cc.smss;
	struct wr_buf *b = wr_buf(c->sq_head);
	struct rte_mbuf *front = NULL;

	if (segments > 1)
		c->dup_acks -= (uint8_t)wr_min(c->dup_acks, segments - 1);
	limit_duplicates(c);
	if (b->flags & WR_BUF_REXMIT)
		tcp_mark_lost_again(c, c->sq_head, &front);
	tcp_mark_lost(c, c->sq_head);
	c->rare |= WR_TCB_FIRST;
}

/*
 * The peer's ACK ends where a SACKed buffer begins: it threw away what it had reported, as RFC
 * 2018 section 8 allows. All is sent again. If it does so once more before that is repaired,
 * only what it turns out to lack is, or each of its ACKs could cost a look at the whole queue.
 */
static void check_reneging(struct wr_tcp *tcp, struct wr_tcb *c)
{
	const struct wr_cc_rto rto = {tcp->now_us, tcb_flight(c), false};

	if (!tcb_has_sent_text(c) || !(wr_buf(c->sq_head)->flags & WR_BUF_SACKED))
		return;
	WR_COUNT(tcp->stats, tcp_sack_reneged, 1);
	c->rare |= WR_TCB_FIRST;
	if (c->repair->reneged) {
		tcp_board_take_back(tcp, c);
		return;
	}
	c->repair->reneged = true;
	if (!(c->flags & WR_TCB_RTO) || c->repair->uncut) {
		wr_cc_ops(&c->cc)->on_rto(&c->cc, &rto);
		tcp_ecn_reduced(c);
	}
	c->repair->uncut = false;
	tcp_mark_all_lost(c, true);
	c->flags &= (uint16_t)~WR_TCB_RECOVERY;
	c->flags |= WR_TCB_RTO;
	c->may_undo = false;
	c->repair->frto = WR_FRTO_OFF;
	c->recover = c->snd.nxt;
}

/*
 * All of a recovery without SACK is acknowledged. The duplicates beyond what this ACK covers
 * tell of text behind it that arrived, though what follows the ACK has not: nobody will tell
 * again, so they count for the next recovery.
 */
static void leave_newreno(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t acked)
{
	uint32_t segments = (acked + c->cc.smss - 1) / c->cc.smss, told = c->dup_acks;

	leave_recovery(tcp, c);
	if (told < segments + TCP_DUP_THRESH - 1 || !tcb_has_sent_text(c))
		return;
	c->dup_acks = (uint8_t)(told - (segments - 1));
	c->recover = wr_seq_add(c->snd.una, (uint32_t)-1);
}

/* Is the recovery over, or was it needless? */
static void advance_recovery(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_news *news,
                             bool duplicate)
{
	check_reneging(tcp, c);
	if (c->searching)
		tcp_path_acked(tcp, c);
	tcp_tlp_acked(tcp, c, news, duplicate);
	if (news->has_dsack)
		tcp_rack_saw_dsack(c);
	tcp_undo_by_dsack(tcp, c, news);
	if (!tcp_undo_by_timestamp(tcp, c, news))
		tcp_frto_step(tcp, c, news, duplicate);
	if (!news->acked)
		return;
	if (!(c->flags & (WR_TCB_RECOVERY | WR_TCB_RTO)))
		c->dup_acks = 0;
	else if (wr_seq_lt(c->snd.una, c->recover))
		return;
	else if ((c->flags & WR_TCB_RECOVERY) && !(c->flags & WR_TCB_SACK))
		leave_newreno(tcp, c, news->acked);
	else
		leave_recovery(tcp, c);
}

static void find_losses(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_news *news)
{
	if (tcp_uses_rack(tcp, c))
		tcp_rack_detect(tcp, c);
	else if ((c->flags & WR_TCB_SACK) && c->sacked)
		tcp_mark_lost_by_count(c);
	else if (news->acked && (c->flags & WR_TCB_RECOVERY) && tcb_has_sent_text(c))
		partial_ack_without_sack(c, news->acked);
}

/* One ACK while repair is attached, after what it acknowledges was freed. */
static void repair(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_news *news, bool duplicate)
{
	uint32_t lost, delivered;

	advance_recovery(tcp, c, news, duplicate);
	lost = c->lost - c->rexmit;
	find_losses(tcp, c, news);
	maybe_enter_recovery(tcp, c, news->before);
	delivered = wr_seq_span(news->before, wr_seq_add(c->snd.una, c->sacked));
	if ((c->flags & WR_TCB_RECOVERY) && uses_prr(tcp, c))
		tcp_prr_update(c, delivered, news->acked && c->lost - c->rexmit <= lost);
	if (!c->sacked && !c->lost && !c->dup_acks && !c->repair->tlp && !c->repair->ahead &&
	    !tcp_path_is_probing(tcp, c) && !(c->flags & (WR_TCB_RECOVERY | WR_TCB_RTO)))
		tcp_repair_detach(tcp, c);
	tcb_pend(tcp, c);
}

void tcp_reo_expired(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct wr_seq now = wr_seq_add(c->snd.una, c->sacked);
	bool recovering = c->flags & WR_TCB_RECOVERY;

	tcp_rack_detect(tcp, c);
	maybe_enter_recovery(tcp, c, now);
	if (!recovering && (c->flags & WR_TCB_RECOVERY) && uses_prr(tcp, c))
		tcp_prr_update(c, c->cc.smss, false);
	tcb_pend(tcp, c);
}

/* ---- acknowledgements ---- */

/* The oldest buffer is acknowledged in part: it begins at SND.UNA from now on. */
static void cut_acked(struct wr_tcb *c, struct wr_buf *b)
{
	uint32_t part = wr_seq_span(wr_seq(b->seq), c->snd.una);

	if (!wr_seq_lt(wr_seq(b->seq), c->snd.una))
		return;
	if (c->flags & WR_TCB_LOSS)
		tcp_board_acked_part(c, b, part);
	b->seq += part;
	b->len -= part;
	b->text_off = (uint16_t)(b->text_off + part);
}

/*
 * Frees what is acknowledged; returns the newest RTT sample, 0 if there is none (Karn). `news`
 * is only there while repair is attached.
 */
static __rte_always_inline uint32_t free_acked(struct wr_tcp *tcp, struct wr_tcb *c,
                                               struct wr_news *news)
{
	uint32_t rtt_us = 0;

	while (c->sq_head && c->sq_head != c->sq_next) {
		struct rte_mbuf *m = c->sq_head;
		struct wr_buf *b = wr_buf(m);

		if (!wr_seq_le(wr_seq(b->seq + b->len), c->snd.una)) {
			if (wr_unlikely(c->cc.timed))
				tcp_rate_part(tcp, c, b);
			cut_acked(c, b);
			break;
		}
		if (wr_unlikely(c->cc.timed) && !(b->flags & WR_BUF_SACKED))
			tcp_rate_delivered(tcp, c, b, b->len);
		if (wr_unlikely(news != NULL))
			tcp_board_acked(tcp, c, m, news);
		if (b->rexmits == 0)
			rtt_us = (uint32_t)tcp->now_us - b->sent_us;
		c->sq_head = b->next;
		c->sq_count--;
		tcp_unhold(tcp, m);
	}
	if (!c->sq_head)
		c->sq_tail = NULL;
	/* What lay behind a hole that was filled now has been there for longer. */
	if (wr_unlikely(news != NULL))
		return news->again ? 0 : news->rtt_us;
	return rtt_us;
}

/* RFC 7323 section 4: a timestamp tells which transmission was answered. */
static uint32_t rtt_by_timestamp(const struct wr_tcp *tcp, const struct wr_tcb *c,
                                 const struct wr_seg *seg)
{
	uint32_t ms = tcp_ts_now(tcp, c->ts_offset) - seg->ts_ecr;

	if (!(c->flags & WR_TCB_TS) || !seg->has_ts || ms > tcp->conf.rto_max_us / 1000)
		return 0;
	return wr_max(ms, 1) * 1000;
}

void tcp_offer_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (wr_tcp_room(tcp, c) < tcp->conf.snd_buf / 2)
		return;
	c->flags &= (uint16_t)~WR_TCB_WANT_ROOM;
	tcb_events(tcp, c)->on_room(tcp, c);
}

static void count_acked(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_seq ack, uint32_t acked)
{
	if (wr_unlikely((ack.n ^ c->snd.una.n) >> 31)) {
		c->acked_base += wr_seq_span(c->acked_seq, ack);
		c->acked_seq = ack;
	}
	/* The FIN takes a sequence number, but is not text. */
	WR_COUNT(tcp->stats, tcp_bytes_acked,
	         acked - ((c->flags & WR_TCB_FIN_SENT) && wr_seq_eq(ack, c->snd.nxt)));
	c->snd.una = ack;
}

/* Ends the back-off, RFC 6298 (5.7): what was doubled is the RTO before this sample. */
static void take_rtt(struct wr_tcb *c, uint32_t rtt_us)
{
	tcp_rtt_sample(c, rtt_us);
	c->backoff = 0;
}

/*
 * What cwnd may grow by: of `acked` bytes, if conf.grow_by_news, those that the peer did not
 * tell of before by SACK (`sacked` bytes then) or duplicates.
 */
static uint32_t growth(const struct wr_tcp *tcp, const struct wr_tcb *c, uint32_t acked,
                       uint32_t sacked)
{
	uint32_t told;

	if (wr_likely(!(c->flags & WR_TCB_LOSS)) || !tcp->conf.grow_by_news)
		return acked;
	told = c->flags & WR_TCB_SACK ? sacked - wr_min(c->sacked, sacked)
	                              : (uint32_t)c->dup_acks * c->cc.smss;
	return acked - wr_min(told, acked - 1);
}

/* `heard`: while repair is attached; `sacked`: bytes that were SACKed before then. */
static __rte_always_inline void new_acked(struct wr_tcp *tcp, struct wr_tcb *c,
                                          const struct wr_seg *seg, uint32_t acked,
                                          uint32_t flight, struct wr_news *heard,
                                          uint32_t sacked)
{
	/* Several ACKs of one burst come before the sender could fill the window again. */
	bool limited = c->cc.limited || flight + c->cc.smss > c->cc.cwnd;
	uint32_t rtt_us;

	count_acked(tcp, c, seg->ack, acked);
	rtt_us = free_acked(tcp, c, heard);
	if (wr_unlikely(rtt_us == 0))
		rtt_us = rtt_by_timestamp(tcp, c, seg);
	if (rtt_us)
		take_rtt(c, rtt_us);

	if (limited || c->cc.every_ack) {
		uint32_t marked =
			wr_unlikely(c->cc.ecn) ? tcp_ecn_marked(tcp, c, seg, acked) : 0;
		const struct wr_cc_ack ack = {
			.now_us = tcp->now_us,
			.acked = growth(tcp, c, acked, sacked),
			.flight = flight,
			.rtt_us = rtt_us,
			.srtt_us = c->srtt_us,
			.una = c->snd.una.n,
			.nxt = c->snd.nxt.n,
			.in_recovery = c->flags & WR_TCB_RECOVERY,
			.cwnd_limited = limited && !marked, /* RFC 3168 section 6.1.2 */
			.marked = marked,
			.burst = tcp->conf.ss_burst,
		};

		wr_cc_ops(&c->cc)->on_ack(&c->cc, &ack);
		if (rtt_us && (c->min_rtt_us == 0 || rtt_us < c->min_rtt_us))
			c->min_rtt_us = rtt_us;
	}
	if (wr_unlikely(heard != NULL)) {
		tcp_board_sack(tcp, c, heard);
		repair(tcp, c, heard, false);
	}
	if (wr_unlikely(c->cc.timed))
		tcp_rate_ack(tcp, c, acked, rtt_us);

	if (tcb_flight(c) == 0) { /* RFC 6298 (5.2) */
		c->flags &= (uint16_t) ~(WR_TCB_RTO_ARMED | WR_TCB_PERSIST);
	} else {
		tcp_arm_rto(tcp, c); /* (5.3) */
		tcp_tlp_check(tcp, c);
	}
	/* Karn: the RTO stays, and may be longer than R2. That counts from its end on. */
	if (wr_unlikely(c->backoff))
		c->stalled_tick = c->rto_tick;
	if (c->sq_next || (c->flags & (WR_TCB_LOSS | WR_TCB_CLOSE)))
		tcb_pend(tcp, c);
	if (wr_unlikely(c->flags & WR_TCB_WANT_ROOM))
		tcp_offer_room(tcp, c);
}

static __rte_noinline void acked_in_trouble(struct wr_tcp *tcp, struct wr_tcb *c,
                                            const struct wr_seg *seg, uint32_t acked,
                                            uint32_t flight)
{
	struct wr_news news = {
		.seg = seg,
		.acked = acked,
		.before = wr_seq_add(c->snd.una, c->sacked),
	};
	uint32_t sacked = c->sacked;

	new_acked(tcp, c, seg, acked, flight, tcp_repair_attach(tcp, c) ? &news : NULL, sacked);
}

void tcp_acked(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg, uint32_t acked,
               uint32_t flight)
{
	if (wr_unlikely((c->flags & WR_TCB_LOSS) || seg->sack_count))
		acked_in_trouble(tcp, c, seg, acked, flight);
	else
		new_acked(tcp, c, seg, acked, flight, NULL, 0);
}

/* An ACK of nothing new: its SACK blocks, its being a duplicate. */
static void hear(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg, bool duplicate)
{
	struct wr_news news = {
		.seg = seg,
		.before = wr_seq_add(c->snd.una, c->sacked),
	};

	if (!tcp_repair_attach(tcp, c))
		return;
	tcp_board_sack(tcp, c, &news);
	if (news.rtt_us && !news.again)
		take_rtt(c, news.rtt_us);
	/* With SACK an ACK counts that tells of new text received, RFC 6675 section 2. */
	if ((c->flags & WR_TCB_SACK ? news.sacked : duplicate && tcb_flight(c)) &&
	    duplicate_counts(c))
		c->dup_acks++;
	repair(tcp, c, &news, duplicate && !seg->sack_count);
	if (wr_unlikely(c->cc.timed))
		tcp_rate_ack(tcp, c, 0, news.again ? 0 : news.rtt_us);
}

void tcp_not_advanced(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg,
                      bool duplicate)
{
	bool sack = (c->flags & WR_TCB_SACK) && seg->sack_count;

	if (sack || (duplicate && !(c->flags & WR_TCB_SACK)) || (c->flags & WR_TCB_LOSS))
		hear(tcp, c, seg, duplicate);
}

void tcp_acked_again(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg)
{
	hear(tcp, c, seg, seg->len == 0);
}

/* ---- retransmission time-out, RFC 6298 (5.4) to (5.7) ---- */

static uint64_t r2_us(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	uint32_t user_ms = tcb_options(tcp, c)->user_timeout_ms;

	return user_ms ? user_ms * 1000ull : tcp->conf.r2_us;
}

static uint64_t stalled_us(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	if (wr_tick_reached(tcp->now_tick, c->stalled_tick))
		return 0;
	return (uint64_t)(tcp->now_tick - c->stalled_tick) << WR_TICK_SHIFT;
}

/*
 * What the service has closed is tried a number of times. A shut window has no other answer;
 * but text that was taken since the last time-out is progress, though Karn's rule keeps the
 * RTO doubled.
 */
static bool is_orphan_tried_enough(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	if (!(c->flags & WR_TCB_CLOSE) || !tcp->conf.orphan_retries ||
	    c->backoff < tcp->conf.orphan_retries)
		return false;
	return (c->flags & WR_TCB_PERSIST) || stalled_us(tcp, c) > tcp_rto_us(tcp, c) / 2;
}

/*
 * R2, or the user's own limit: has this been tried for too long? A closed window is no
 * failure as long as the peer answers (MUST-37, SHLD-17): then R2 counts from the last
 * attempt that was answered. The user's limit counts on, RFC 5482 and RFC 6429.
 */
bool tcp_gives_up(const struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason *reason)
{
	bool user = tcb_options(tcp, c)->user_timeout_ms;

	if (is_orphan_tried_enough(tcp, c)) {
		*reason = WR_REASON_orphaned;
		return true;
	}
	if (!user && c->snd.wnd == 0 && wr_tick_reached(c->stalled_tick, c->last_rx_tick))
		c->stalled_tick = tcp->now_tick;
	/* The end of an RTO that a shorter one has replaced may lie ahead. */
	if (wr_tick_reached(tcp->now_tick, c->stalled_tick))
		c->stalled_tick = tcp->now_tick;
	*reason = user ? WR_REASON_user_timeout : WR_REASON_rexmit_timeout;
	return stalled_us(tcp, c) >= r2_us(tcp, c);
}

/*
 * R1 as a count, but below R2, RFC 1122 section 4.2.3.5: if that comes first, what is to be
 * done at R1 is done with the last retransmission, unless it is one of the first.
 */
bool tcp_is_past_r1(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	if (c->backoff >= tcp->conf.r1_rexmits)
		return true;
	return c->backoff >= R1_LEAST &&
	       (is_orphan_tried_enough(tcp, c) ||
	        stalled_us(tcp, c) + tcp_rto_us(tcp, c) >= r2_us(tcp, c));
}

void tcp_go_back(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t flight, bool again)
{
	const struct wr_cc_rto rto = {tcp->now_us, flight, again};
	struct wr_repair *r = c->repair;

	wr_cc_ops(&c->cc)->on_rto(&c->cc, &rto);
	tcp_ecn_reduced(c);
	r->tlp = r->uncut = r->reneged = r->reo_armed = false;
	c->recover = c->snd.nxt;
	c->flags |= WR_TCB_RTO;
	c->flags &= (uint16_t)~WR_TCB_RECOVERY;
	tcp_mark_timed_out(tcp, c);
	c->dup_acks = 0;
	r->frto = WR_FRTO_OFF;
	c->rare &= (uint16_t)~WR_TCB_PMTU;
	c->rare |= WR_TCB_FIRST;
	tcb_pend(tcp, c);
}

/* What is lost now, and how it is repaired: go back, with a doubt (RFC 5682) the first time. */
static void repair_by_timeout(struct wr_tcp *tcp, struct wr_tcb *c)
{
	bool again = c->flags & WR_TCB_RTO;

	tcp_undo_begin(c);
	tcp_go_back(tcp, c, tcb_flight(c), tcb_is_cut(c));
	if (tcp->conf.frto && !again)
		c->repair->frto = WR_FRTO_FIRST;
}

void tcp_rto_expired(struct wr_tcp *tcp, struct wr_tcb *c)
{
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
	if (c->backoff <= tcp->conf.r1_rexmits && tcp_is_past_r1(tcp, c))
		wr_ip_suspect(tcp->ip, c->tuple.raddr, tcp->now_us);

	if (!tcb_has_sent_text(c)) { /* only the FIN is out */
		c->rexmits++;
		tcp_send_control(tcp, c, wr_seq_add(c->snd.nxt, (uint32_t)-1), WR_TCP_FIN,
		                 WR_CAUSE_tcp_fin_rexmit);
		tcp_arm_rto(tcp, c);
		return;
	}
	tcp_path_timed_out(tcp, c);
	if (tcp_repair_attach(tcp, c)) {
		repair_by_timeout(tcp, c);
	} else {
		tcp_send_again(tcp, c, c->sq_head, WR_CAUSE_tcp_rexmit_rto);
	}
	tcp_arm_rto(tcp, c);
}
