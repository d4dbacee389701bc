/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segment arrival: RFC 9293 section 3.10.7.4, one function for each of its steps, in its
 * order; the first four are in tcp_check.c. A step returns WR_V_NEXT to go on, or the verdict
 * that ends the processing. Nothing is sent here: flags and the pending list say what is owed;
 * but for ACKs that the next segment must not replace (tcp_ack.c).
 */

#include "tcp_in.h"
#include "tcp_accecn.h"
#include "tcp_ack.h"
#include "tcp_check.h"
#include "tcp_ecn.h"
#include "tcp_loss.h"
#include "tcp_open.h"
#include "tcp_reorder.h"
#include "tcp_stream.h"
#include "tcp_timer.h"
#include "tcp_tune.h"
#include "tcp_window.h"

void tcp_update_send_window(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg)
{
	uint32_t wnd = (uint32_t)seg->wnd << (seg->flags & WR_TCP_SYN ? 0 : c->snd_shift);

	/*
	 * A retransmission has an old SEG.SEQ, but if its ACK is new so is its window; and
	 * SND.WND, which counts from SND.UNA, must not move the edge by itself.
	 */
	if (wr_seq_lt(seg->seq, c->snd.wl1) && !wr_seq_lt(c->snd.una, seg->ack))
		return;
	c->snd.wl1 = seg->seq;
	if (wnd == c->snd.wnd)
		return;
	if (wnd > c->snd.wnd && wnd > c->max_wnd) /* never below SND.WND */
		c->max_wnd = wnd;
	if (wnd == 0)
		WR_COUNT(tcp->stats, tcp_zero_window_in, 1);
	if (wnd > c->snd.wnd || (c->flags & WR_TCB_PERSIST))
		tcb_pend(tcp, c);
	c->snd.wnd = wnd;
}

/* What the acknowledgement of our FIN moves. True: the connection is over. */
static bool fin_was_acked(struct wr_tcp *tcp, struct wr_tcb *c)
{
	switch (c->state) {
	case WR_TCP_FIN_WAIT_1:
		tcb_set_state(tcp, c, WR_TCP_FIN_WAIT_2);
		if (tcp->conf.fin_wait2_us)
			tcb_arm(tcp, c, wr_tick_after(tcp->now_tick, tcp->conf.fin_wait2_us));
		return false;
	case WR_TCP_CLOSING:
	case WR_TCP_LAST_ACK:
		tcb_finish(tcp, c);
		return true;
	default:
		return false;
	}
}

/* SYN-RECEIVED by simultaneous or fast open: our SYN is acknowledged. */
static enum wr_verdict complete_open(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f)
{
	const struct wr_seg *seg = &f->seg;
	bool fastopen = tcb_is_fastopen(c);

	if (wr_seq_le(seg->ack, c->iss) || wr_seq_lt(c->snd.nxt, seg->ack))
		return tcp_owe_reset(tcp, f, WR_V_tcp_ack_not_sent);
	tcb_set_state(tcp, c, WR_TCP_ESTABLISHED);
	if (fastopen) {
		tcp_fastopen_completed(tcp, c);
		return WR_V_NEXT;
	}
	tcp_fastopen_answered(tcp, c, seg);
	c->flags &= (uint16_t)~WR_TCB_RTO_ARMED;
	c->backoff = 0;
	c->snd.wl1 = seg->seq;
	c->snd.wnd = c->max_wnd = (uint32_t)seg->wnd
	                          << (seg->flags & WR_TCP_SYN ? 0 : c->snd_shift);
	tcb_arm_limits(tcp, c);
	tcb_pend(tcp, c); /* what the service gave, or its FIN, waits */
	if (!tcb_events(tcp, c)->on_open(tcp, c)) {
		wr_tcp_abort(tcp, c);
		return WR_V_tcp_refused;
	}
	return c->state == WR_TCP_CLOSED ? WR_V_tcp_accepted : WR_V_NEXT;
}

/* RFC 5961 section 5.2, MAY-12: an ACK older than any window we ever had is a guess. */
static bool ack_too_old(const struct wr_tcb *c, const struct wr_seg *seg)
{
	return wr_seq_span(seg->ack, c->snd.una) > c->max_wnd;
}

/* RFC 5681 section 2: the definition of a duplicate acknowledgement. */
static bool is_duplicate_ack(const struct wr_tcb *c, const struct wr_seg *seg, uint32_t old_wnd)
{
	return seg->len == 0 && wr_seq_eq(seg->ack, c->snd.una) && tcb_flight(c) > 0 &&
	       c->snd.wnd == old_wnd;
}

/* Fifth, check the ACK field. */
static enum wr_verdict check_ack(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f)
{
	const struct wr_seg *seg = &f->seg;
	uint32_t flight = tcb_flight(c), old_wnd = c->snd.wnd;

	if (wr_unlikely(!(seg->flags & WR_TCP_ACK)))
		return WR_V_tcp_no_ack;
	if (wr_unlikely(c->state == WR_TCP_SYN_RECEIVED)) {
		enum wr_verdict v = complete_open(tcp, c, f);

		if (v != WR_V_NEXT)
			return v;
	}
	if (wr_unlikely(wr_seq_lt(c->snd.nxt, seg->ack))) {
		tcp_owe_limited_ack(tcp, c, WR_TCB_CHALLENGE);
		return WR_V_tcp_ack_not_sent;
	}
	if (wr_seq_lt(seg->ack, c->snd.una)) {
		if (!ack_too_old(c, seg)) {            /* reordered: its text still counts, */
			if (seg->sack_count && flight) /* and what it says was received */
				tcp_not_advanced(tcp, c, seg, false);
			return WR_V_NEXT;
		}
		tcp_owe_limited_ack(tcp, c, WR_TCB_CHALLENGE);
		return WR_V_tcp_ack_too_old;
	}

	tcp_update_send_window(tcp, c, seg);
	if (wr_unlikely(c->cc.ecn))
		tcp_ecn_feedback(tcp, c, seg, is_duplicate_ack(c, seg, old_wnd));
	if (!wr_seq_eq(seg->ack, c->snd.una)) {
		tcp_acked(tcp, c, seg, wr_seq_span(c->snd.una, seg->ack), flight);
		if (c->state == WR_TCP_CLOSED)
			return WR_V_tcp_ack_accepted; /* a service ended it in on_room */
		if (tcb_fin_acked(c) && fin_was_acked(tcp, c))
			return WR_V_tcp_ack_accepted;
	} else if (flight) {
		tcp_not_advanced(tcp, c, seg, is_duplicate_ack(c, seg, old_wnd));
	} else if (wr_unlikely((c->flags & WR_TCB_LOSS) ||
	                       (seg->sack_count && (c->flags & WR_TCB_SACK)))) {
		tcp_acked_again(tcp, c, seg);
	}
	return WR_V_NEXT;
}

/* Sixth, check the URG bit: ignored; urgent data is delivered in line, RFC 6093. */

/* Hangs refused text behind what waits already; small pieces share a buffer. */
static void hold(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	struct rte_mbuf *tail = c->rcvq_tail;
	uint32_t len = m->data_len;

	c->flags |= WR_TCB_HELD;
	c->rcvq_bytes += len;
	if (tail && tcp_can_append(tail, len)) {
		rte_memcpy(rte_pktmbuf_mtod_offset(tail, char *, tail->data_len),
		           rte_pktmbuf_mtod(m, char *), len);
		tail->data_len = (uint16_t)(tail->data_len + len);
		tail->pkt_len = tail->data_len;
		rte_pktmbuf_free(m);
		WR_COUNT(tcp->stats, tcp_coalesced, 1);
		return;
	}
	wr_buf(m)->next = NULL;
	wr_buf(m)->first_ms = 0;
	if (tail)
		wr_buf(tail)->next = m;
	else
		c->rcvq_head = m;
	c->rcvq_tail = m;
	c->rcvq_count++;
	tcp->held++;
}

/* Offers text that is kept already: sent back, it needs no new share of the buffers. */
static bool offer_kept(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	bool taken;

	tcp->offered = m;
	taken = tcb_events(tcp, c)->on_data(tcp, c, m);
	tcp->offered = NULL;
	return taken;
}

/* Gives m, whose data is text in order that was kept until now, to the service. */
static void deliver_kept(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	if ((c->flags & WR_TCB_HELD) || !offer_kept(tcp, c, m)) {
		if (c->state == WR_TCP_CLOSED)
			rte_pktmbuf_free(m); /* aborted instead of taking it */
		else
			hold(tcp, c, m);
	}
}

/*
 * The same for text that just came. What the service takes and is done with needs no share,
 * whatever waits to be sent: two ends that both send would wait for each other for ever.
 * False: m is still the caller's, as there is no share to keep it in, or as the service
 * aborted the connection.
 */
static __rte_always_inline bool deliver(struct wr_tcp *tcp, struct wr_tcb *c,
                                        struct rte_mbuf *m)
{
	if (!(c->flags & WR_TCB_HELD) && tcb_events(tcp, c)->on_data(tcp, c, m))
		return true;
	if (c->state == WR_TCP_CLOSED || tcp_is_orphan(tcp, c) || !tcb_may_hold(tcp, c))
		return false;
	hold(tcp, c, m);
	return true;
}

/*
 * Text in order comes first: for want of buffers, what the connection keeps out of order is
 * given up for it, RFC 2018 section 8. The peer still has that text; but only what closes the
 * gap would ever free the buffers that it takes.
 */
static bool deliver_instead(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	if (c->state == WR_TCP_CLOSED || !(c->flags & WR_TCB_REORDER))
		return false;
	WR_COUNT(tcp->stats, tcp_ooo_reneged, c->reorder->pieces);
	tcp_reorder_free(tcp, c);
	return deliver(tcp, c, m);
}

static void tell_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (c->rcvq_head) {
		c->rare |= WR_TCB_EOF_OWED;
		return;
	}
	c->rare &= (uint16_t)~WR_TCB_EOF_OWED;
	tcb_events(tcp, c)->on_peer_closed(tcp, c);
}

void tcp_text_taken(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (!c->rcvq_head) {
		c->flags &= (uint16_t)~WR_TCB_HELD;
		if (c->rare & WR_TCB_EOF_OWED)
			tell_peer_closed(tcp, c);
	}
	if (!c->rcvq_head && (c->state == WR_TCP_TIME_WAIT ||
	                      (c->state == WR_TCP_LAST_ACK && tcb_fin_acked(c)))) {
		tcb_finish(tcp, c); /* had waited for the service */
		return;
	}
	if (c->state != WR_TCP_CLOSED)
		tcp_window_look(tcp, c);
}

void tcp_deliver_held(struct wr_tcp *tcp, struct wr_tcb *c)
{
	while (c->rcvq_head && c->state != WR_TCP_CLOSED) {
		struct rte_mbuf *m = c->rcvq_head;
		uint32_t len = m->data_len;

		c->rcvq_head = wr_buf(m)->next;
		if (!c->rcvq_head)
			c->rcvq_tail = NULL;
		c->rcvq_count--;
		tcp->held--;
		c->rcvq_bytes -= len;
		if (offer_kept(tcp, c, m))
			continue;
		if (c->state == WR_TCP_CLOSED) {
			rte_pktmbuf_free(m);
			return;
		}
		wr_buf(m)->next = c->rcvq_head;
		c->rcvq_head = m;
		if (!c->rcvq_tail)
			c->rcvq_tail = m;
		c->rcvq_count++;
		tcp->held++;
		c->rcvq_bytes += len;
		break;
	}
	if (c->state != WR_TCP_CLOSED)
		tcp_text_taken(tcp, c);
}

/* RCV.NXT moves on by len bytes. */
static void advance(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t len)
{
	struct wr_seq nxt = wr_seq_add(c->rcv.nxt, len);

	if (wr_unlikely((nxt.n ^ c->rcv.nxt.n) >> tcp->stream_shift)) {
		tcp_tune_attach(tcp, c);
		/* Keeps 64-bit totals: twice a lap would do. */
		c->in_base += wr_seq_span(c->in_seq, nxt);
		c->in_seq = nxt;
	}
	c->rcv.nxt = nxt;
	WR_COUNT(tcp->stats, tcp_bytes_in, len);
}

/* Eighth, the FIN bit: everything before it was received. */
static void fin_in_order(struct wr_tcp *tcp, struct wr_tcb *c)
{
	c->rcv.nxt = wr_seq_add(c->rcv.nxt, 1);
	if (wr_seq_lt(c->rcv.edge, c->rcv.nxt))
		c->rcv.edge = c->rcv.nxt;
	tcp_ack_owe_for_fin(tcp, c);
	if (wr_unlikely(c->flags & WR_TCB_REORDER)) /* beyond the end nothing is waited for */
		tcp_reorder_free(tcp, c);
	switch (c->state) {
	case WR_TCP_ESTABLISHED:
		tcb_set_state(tcp, c, WR_TCP_CLOSE_WAIT);
		break;
	case WR_TCP_FIN_WAIT_1: /* had our FIN been acknowledged: FIN-WAIT-2 by now */
		tcb_set_state(tcp, c, WR_TCP_CLOSING);
		break;
	case WR_TCP_FIN_WAIT_2:
		tell_peer_closed(tcp, c);
		if (c->state != WR_TCP_CLOSED)
			tcb_finish(tcp, c);
		return;
	default:
		return;
	}
	tell_peer_closed(tcp, c);
}

/* The gap was filled: what was kept behind it follows. */
static void deliver_reordered(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct rte_mbuf *m;

	while (c->reorder && (m = tcp_reorder_next(tcp, c)) != NULL) {
		bool fin = wr_buf(m)->flags & WR_BUF_FIN;

		if (m->data_len) {
			advance(tcp, c, m->data_len);
			deliver_kept(tcp, c, m);
		} else {
			rte_pktmbuf_free(m);
		}
		if (c->state == WR_TCP_CLOSED)
			return;
		if (fin) {
			fin_in_order(tcp, c);
			return;
		}
	}
}

/* Cuts the segment to what is new and in the window. False: nothing is left. */
static bool trim(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_seg *seg)
{
	uint32_t room;

	if (wr_seq_lt(seg->seq, c->rcv.nxt)) {
		uint32_t old = wr_seq_span(seg->seq, c->rcv.nxt);

		/* Simultaneous open: the SYN is the first byte. */
		if (seg->flags & WR_TCP_SYN) {
			seg->flags &= (uint8_t)~WR_TCP_SYN;
			seg->seq = wr_seq_add(seg->seq, 1);
			seg->len--;
			old--;
		}
		if (old) {
			uint32_t cut = wr_min(old, seg->text_len);

			tcp_note_duplicate(tcp, c, seg->seq, wr_seq_add(seg->seq, cut));
			tcb_owe_ack(tcp, c); /* sent again: our ACK was lost */
			seg->seq = c->rcv.nxt;
			seg->text_off = (uint16_t)(seg->text_off + cut);
			seg->text_len = (uint16_t)(seg->text_len - cut);
			seg->len -= old;
		}
	}
	room = wr_seq_span(seg->seq, c->rcv.edge);
	if (wr_seq_lt(c->rcv.edge, seg->seq))
		room = 0;
	if (seg->text_len > room) {
		seg->text_len = (uint16_t)room;
		seg->flags &= (uint8_t)~WR_TCP_FIN;
		tcb_owe_ack(tcp, c);
	}
	return seg->text_len || (seg->flags & WR_TCP_FIN);
}

/* RFC 9293 SHLD-3: text for nobody is lost, and its sender is told. */
static enum wr_verdict reset_orphan(struct wr_tcp *tcp, struct wr_tcb *c,
                                    const struct wr_frame *f)
{
	tcp_owe_reset(tcp, f, WR_V_tcp_after_close);
	tcb_end(tcp, c, WR_REASON_aborted);
	return WR_V_tcp_after_close;
}

static enum wr_verdict not_delivered(struct wr_tcp *tcp, struct wr_tcb *c,
                                     const struct wr_frame *f)
{
	if (c->state == WR_TCP_CLOSED)
		return WR_V_tcp_accepted;
	if (tcp_is_orphan(tcp, c))
		return reset_orphan(tcp, c, f);
	return WR_V_tcp_no_mbuf; /* not acknowledged: it comes again */
}

/* Text that begins at RCV.NXT and ends in the window. WR_V_NEXT: the service has it. */
static __rte_always_inline enum wr_verdict take_text(struct wr_tcp *tcp, struct wr_tcb *c,
                                                     struct wr_frame *f)
{
	const struct wr_seg *seg = &f->seg;
	struct rte_mbuf *m = f->m;

	m->data_off = (uint16_t)(m->data_off + seg->text_off);
	m->data_len = seg->text_len;
	m->pkt_len = seg->text_len;
	if (wr_unlikely(!deliver(tcp, c, m) && !deliver_instead(tcp, c, m)))
		return not_delivered(tcp, c, f);
	f->m = NULL;
	advance(tcp, c, seg->text_len);
	if (wr_unlikely(c->state == WR_TCP_CLOSED))
		return WR_V_tcp_accepted;
	tcp_ack_owe_for_text(tcp, c, seg->text_len);
	return WR_V_NEXT;
}

/* Seventh, process the segment text, and eighth, the FIN bit. */
enum wr_verdict tcp_process_text(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f)
{
	struct wr_seg *seg = &f->seg;

	if (seg->len == 0)
		return WR_V_tcp_ack_accepted;
	if (tcb_fin_received(c))
		return WR_V_tcp_after_close;
	if (wr_unlikely(c->prompt))
		tcp_ack_send_ahead(tcp, c, seg->text_len);
	if (!wr_seq_eq(seg->seq, c->rcv.nxt) || seg->text_len > tcb_rcv_wnd(c)) {
		if (!trim(tcp, c, seg))
			return tcb_rcv_wnd(c) ? WR_V_tcp_duplicate : WR_V_tcp_not_in_window;
		if (!wr_seq_eq(seg->seq, c->rcv.nxt)) {
			if (seg->text_len && tcp_is_orphan(tcp, c))
				return reset_orphan(tcp, c, f);
			tcp_ack_owe_for_gap(tcp, c, seg);
			return tcp_reorder_add(tcp, c, f);
		}
	}

	if (seg->text_len) {
		enum wr_verdict v = take_text(tcp, c, f);

		if (v != WR_V_NEXT)
			return v;
	}
	if (seg->flags & WR_TCP_FIN)
		fin_in_order(tcp, c);
	else if (wr_unlikely(c->flags & WR_TCB_REORDER))
		deliver_reordered(tcp, c);
	return WR_V_tcp_accepted;
}

/* All steps, in their order. */
static __rte_noinline enum wr_verdict any_arrives(struct wr_tcp *tcp, struct wr_tcb *c,
                                                  struct wr_frame *f)
{
	const struct wr_seg *seg = &f->seg;
	enum wr_verdict v = tcp_check(tcp, c, f);

	if (v != WR_V_NEXT) {
		if (c->cc.accecn)
			tcp_accecn_rejected(tcp, c, f);
		return v;
	}

	v = check_ack(tcp, c, f);
	if (v != WR_V_NEXT)
		return v;
	/*
	 * RFC 7323 section 4.3 (2): only a segment at the left edge moves TS.Recent. After the
	 * ACK, as a guess that RFC 5961 rejects must not shut out the peer by its timestamp.
	 */
	if (seg->has_ts && wr_seq_le(seg->seq, c->rcv.acked))
		c->ts_recent = seg->ts_val;
	c->last_rx_tick = tcp->now_tick;
	if (wr_unlikely(c->rare & (WR_TCB_PROBING | WR_TCB_IDLE_LONG))) {
		c->probes = 0;
		c->rare &= (uint16_t) ~(WR_TCB_PROBING | WR_TCB_IDLE_LONG);
	}
	if (wr_unlikely(c->tuned))
		tcp_tune_arrives(tcp, c, seg);
	if (wr_unlikely(c->cc.ecn))
		return tcp_ecn_process_text(tcp, c, f);
	return tcp_process_text(tcp, c, f);
}

/*
 * Header prediction, after Van Jacobson: is it the next segment of an established connection
 * with timestamps and SACK, as nearly all are? It begins at RCV.NXT and ends in the window, has
 * ACK, at most PSH beside it and a timestamp that is not older; its ACK is of what is in
 * flight; and nothing is lost, out of order, probed, tuned or marked that it could bear on.
 * Then every check of the steps above lets it pass.
 */
static bool is_predicted(const struct wr_tcb *c, const struct wr_seg *seg)
{
	const unsigned agreed = WR_TCB_TS | WR_TCB_SACK;

	return c->state == WR_TCP_ESTABLISHED &&
	       (c->flags & (agreed | WR_TCB_LOSS | WR_TCB_REORDER)) == agreed &&
	       (seg->flags & ~WR_TCP_PSH) == WR_TCP_ACK && seg->has_ts && !seg->sack_count &&
	       wr_seq_eq(seg->seq, c->rcv.nxt) && seg->text_len <= tcb_rcv_wnd(c) &&
	       (int32_t)(seg->ts_val - c->ts_recent) >= 0 &&
	       wr_seq_span(c->snd.una, seg->ack) <= tcb_flight(c) &&
	       !(c->rare & (WR_TCB_PROBING | WR_TCB_IDLE_LONG)) && !c->tuned && !c->prompt &&
	       !c->cc.ecn;
}

/* What is left of the steps for such a segment. */
static enum wr_verdict predicted_arrives(struct wr_tcp *tcp, struct wr_tcb *c,
                                         struct wr_frame *f)
{
	const struct wr_seg *seg = &f->seg;
	enum wr_verdict v;

	tcp_update_send_window(tcp, c, seg);
	if (!wr_seq_eq(seg->ack, c->snd.una)) {
		tcp_acked(tcp, c, seg, wr_seq_span(c->snd.una, seg->ack), tcb_flight(c));
		if (wr_unlikely(c->state == WR_TCP_CLOSED))
			return WR_V_tcp_ack_accepted; /* a service ended it in on_room */
	}
	if (wr_seq_le(seg->seq, c->rcv.acked))
		c->ts_recent = seg->ts_val;
	c->last_rx_tick = tcp->now_tick;
	if (seg->text_len == 0)
		return WR_V_tcp_ack_accepted;
	v = take_text(tcp, c, f);
	return v == WR_V_NEXT ? WR_V_tcp_accepted : v;
}

enum wr_verdict tcp_segment_arrives(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f)
{
	return wr_likely(is_predicted(c, &f->seg)) ? predicted_arrives(tcp, c, f)
	                                           : any_arrives(tcp, c, f);
}
