/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Output: which segments leave, and when. Runs once a burst for each connection that owes an
 * ACK, may send text, or has something to send again.
 */

#include <rte_memcpy.h>

#include "tcp.h"
#include "tcp_ack.h"
#include "tcp_board.h"
#include "tcp_evict.h"
#include "tcp_out.h"
#include "tcp_pace.h"
#include "tcp_path.h"
#include "tcp_rate.h"
#include "tcp_rtt.h"
#include "tcp_segment.h"
#include "tcp_stream.h"
#include "tcp_tlp.h"
#include "tcp_undo.h"
#include "tcp_window.h"

#define HEADERS_MAX 96 /* bytes: Ethernet with a tag, IPv4, TCP with all options */

/* ---- text ---- */

/* NULL: no buffer. */
static __rte_noinline struct rte_mbuf *copy_of_text(struct wr_tcp *tcp,
                                                    const struct rte_mbuf *m,
                                                    const struct wr_buf *b)
{
	struct rte_mbuf *copy = tcp_new_buffer(tcp);

	if (copy)
		rte_memcpy(rte_pktmbuf_append(copy, (uint16_t)b->len),
		           (const char *)m->buf_addr + b->text_off, b->len);
	return copy;
}

/*
 * Sends the text of m. In place if nobody else holds the buffer: the headers go into its
 * headroom and the queue keeps a reference. Else (a driver still has it from before, or the
 * text is shared) a copy leaves.
 */
static __rte_always_inline bool send_text(struct wr_tcp *tcp, struct wr_tcb *c,
                                          struct rte_mbuf *m, uint8_t flags,
                                          enum wr_cause cause)
{
	struct wr_buf *b = wr_buf(m);
	struct rte_mbuf *out = m;

	if (wr_likely(rte_mbuf_refcnt_read(m) == 1 && RTE_MBUF_DIRECT(m) &&
	              b->text_off >= HEADERS_MAX)) {
		m->data_off = b->text_off;
		m->data_len = (uint16_t)b->len;
		m->pkt_len = b->len;
		rte_mbuf_refcnt_update(m, 1);
	} else {
		out = copy_of_text(tcp, m, b);
		if (!out)
			return false;
	}
	b->sent_us = (uint32_t)tcp->now_us;
	if (wr_unlikely(c->flags & WR_TCB_RECOVERY))
		c->repair->prr_out += b->len;
	if (wr_unlikely(c->cc.timed)) {
		tcp_rate_sent(tcp, c, b);
		tcp_pace_sent(tcp, c, b->len);
	}
	c->last_tx_tick = tcp->now_tick;
	tcp_send_segment(tcp, c, out, &(struct tcp_text) {wr_seq(b->seq), b->len, flags},
	                 cause);
	return true;
}

/* Is m the last text, and our FIN right behind it? Then they leave together again. */
static uint8_t fin_behind(const struct wr_tcb *c, const struct wr_buf *b)
{
	return (c->flags & WR_TCB_FIN_SENT) && b->seq + b->len == c->sq_end.n ? WR_TCP_FIN : 0;
}

/* Cuts m in two so that the first part has `len` bytes. False: no buffer, or too many. */
static __rte_noinline bool split(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m,
                                 uint32_t len)
{
	struct wr_buf *first = wr_buf(m), *second;
	struct rte_mbuf *rest = c->sq_count < WR_TCP_QUEUE_MOST ? tcp_new_buffer(tcp) : NULL;

	if (!rest)
		return false;
	second = wr_buf(rest);
	rte_memcpy(rte_pktmbuf_append(rest, (uint16_t)(first->len - len)),
	           (const char *)m->buf_addr + first->text_off + len, first->len - len);
	*second = *first;
	second->earlier = second->later = NULL;
	second->text_off = rest->data_off;
	second->seq += len;
	second->len -= len;
	first->len = len;
	first->flags &= (uint8_t) ~(WR_BUF_PUSH | WR_BUF_MORE);
	first->next = rest;
	if (second->next && second->next == c->sq_next)
		wr_buf(c->sq_next)->earlier = rest;
	if (c->sq_tail == m)
		c->sq_tail = rest;
	c->sq_count++;
	tcp->held++;
	return true;
}

struct rte_mbuf *tcp_last_sent(const struct wr_tcb *c)
{
	if (!c->sq_next)
		return c->sq_tail;
	return c->sq_head == c->sq_next ? NULL : wr_buf(c->sq_next)->earlier;
}

bool tcp_send_again(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m,
                    enum wr_cause cause)
{
	struct wr_buf *b = wr_buf(m);
	uint8_t flags;

	if (wr_ip_out_room(tcp->ip) < TCP_OUT_RESERVE)
		return false;
	if (b->len > c->cc.smss) {
		if (!split(tcp, c, m, c->cc.smss))
			return false;
		tcp_board_split(c, m, b->next);
	}
	flags = fin_behind(c, b);
	if (!tcp->conf.push_bursts || (b->flags & WR_BUF_PUSH))
		flags |= WR_TCP_PSH; /* the receiver has been waiting for it */
	if (!send_text(tcp, c, m, flags, cause))
		return false;
	if (b->rexmits < UINT8_MAX)
		b->rexmits++;
	if (wr_unlikely(c->searching))
		tcp_path_sent_again(tcp, c);
	if (c->flags & WR_TCB_LOSS) {
		tcp_board_sent_again(c, m);
		tcp_undo_sent_again(tcp, c);
	}
	c->rexmits++;
	WR_COUNT(tcp->stats, tcp_bytes_rexmit, b->len);
	/* What is sent again first has an RTO of its own, as in RFC 6582 section 4. */
	if (m == c->sq_head || !(c->flags & WR_TCB_RTO_ARMED))
		tcp_arm_rto(tcp, c);
	return true;
}

/*
 * To cut text for a short path takes one more buffer each time, which its ACK frees. A service
 * may have filled the share with what waits: that is not held against what leaves until
 * buffers are short.
 */
static bool may_cut(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return !tcp_is_short(tcp) || tcb_may_hold(tcp, c);
}

/*
 * To send m again it may have to be cut: of a flight cut to crumbs, and told to be received but
 * for its first, thirty for one. If that must not be, the ACK of what is out already is waited
 * for; the first, if it is to be sent, always is.
 */
static bool may_send_again(const struct wr_tcp *tcp, const struct wr_tcb *c, struct rte_mbuf *m)
{
	const uint8_t marks = wr_buf(c->sq_head)->flags & (WR_BUF_LOST | WR_BUF_REXMIT);

	return wr_likely(wr_buf(m)->len <= c->cc.smss) || marks == WR_BUF_LOST ||
	       may_cut(tcp, c);
}

/* Sends lost segments again while the pipe has room. False: no room to send. */
static bool send_lost(struct wr_tcp *tcp, struct wr_tcb *c)
{
	enum wr_cause cause = c->rare & WR_TCB_PMTU   ? WR_CAUSE_tcp_rexmit_pmtu
	                      : c->flags & WR_TCB_RTO ? WR_CAUSE_tcp_rexmit_rto
	                                              : WR_CAUSE_tcp_rexmit_fast;
	struct rte_mbuf *m;

	while ((m = tcp_next_lost(tcp, c)) != NULL) {
		uint32_t len = wr_min(wr_buf(m)->len, c->cc.smss);

		if (tcp_pipe(c) + len > c->cc.cwnd && !(c->rare & WR_TCB_FIRST))
			return true;
		if (!may_send_again(tcp, c, m) ||
		    (wr_unlikely(c->cc.timed) && !tcp_pace_allows(tcp, c)))
			return true;
		if (!tcp_send_again(tcp, c, m, cause))
			return false;
		c->rare &= (uint16_t)~WR_TCB_FIRST;
	}
	return true;
}

/*
 * How much of a buffer that `ahead` bytes go before may leave now; 0: nothing. RFC 9293
 * 3.8.6.2.1, 3.7.4.
 */
static __rte_always_inline uint32_t allowed(const struct wr_tcp *tcp, const struct wr_tcb *c,
                                            uint32_t len, uint32_t pipe, uint32_t ahead)
{
	uint32_t flight = tcb_flight(c) + ahead;
	uint32_t unsent = wr_seq_span(c->snd.nxt, c->sq_end) - ahead;
	const struct wr_tcp_options *options;
	uint32_t room = c->snd.wnd > flight ? c->snd.wnd - flight : 0;
	uint32_t want = wr_min(len, c->cc.smss);

	if (pipe + want > c->cc.cwnd)
		return 0;
	if (want > room) /* the window cuts: only if it is worth it, else override by timer */
		return room && room >= c->max_wnd / 2 ? room : 0;
	if (want == c->cc.smss || unsent >= c->cc.smss)
		return want;
	/* Nagle: one small segment in flight at a time; what ends the stream goes. */
	options = tcb_options(tcp, c);
	if (((flight && !options->nodelay) || options->cork) && !(c->flags & WR_TCB_CLOSE))
		return 0;
	return want;
}

static void fin_leaves(struct wr_tcp *tcp, struct wr_tcb *c)
{
	c->flags |= WR_TCB_FIN_SENT;
	c->snd.nxt = wr_seq_add(c->snd.nxt, 1);
	tcb_set_state(tcp, c,
	              c->state == WR_TCP_CLOSE_WAIT ? WR_TCP_LAST_ACK : WR_TCP_FIN_WAIT_1);
	tcp_orphan_one_more(tcp, c);
}

static void restart_after_idle(struct wr_tcp *tcp, struct wr_tcb *c)
{
	uint64_t idle_us = (uint64_t)(tcp->now_tick - c->last_tx_tick) << WR_TICK_SHIFT;
	/* While the window is closed the doublings are of its probes, which are no text. */
	unsigned probes = c->flags & WR_TCB_PERSIST ? c->backoff : 0;

	if (wr_unlikely(idle_us > tcp->conf.rto_min_us) &&
	    idle_us > tcp_rto_us(tcp, c) >> probes)
		wr_cc_ops(&c->cc)->on_idle_restart(
			&c->cc, wr_cc_initial_window(c->cc.smss, tcp->conf.iw_segments),
			tcp->now_us);
}

/* The first of a flight leaves: R2 does not count the silence before it. */
static void start_rto(struct wr_tcp *tcp, struct wr_tcb *c)
{
	bool first = !(c->flags & WR_TCB_RTO_ARMED);

	tcp_arm_rto(tcp, c);
	if (c->backoff && first)
		c->stalled_tick = c->rto_tick;
}

/* m was the first that was not sent: the next one is. */
static __rte_always_inline void first_was_sent(struct wr_tcb *c, struct rte_mbuf *m)
{
	c->sq_next = wr_buf(m)->next;
	if (c->sq_next)
		wr_buf(c->sq_next)->earlier = m;
}

static __rte_always_inline bool send_next(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t len,
                                          uint8_t flags)
{
	struct rte_mbuf *m = c->sq_next;
	struct wr_buf *b = wr_buf(m);
	bool last;

	if (wr_ip_out_room(tcp->ip) < TCP_OUT_RESERVE)
		return false;
	if (len < b->len && !split(tcp, c, m, len))
		return false;
	last = b->next == NULL;
	if (last && !(b->flags & WR_BUF_MORE))
		flags |= WR_TCP_PSH; /* MUST-61 */
	if (last && (c->flags & WR_TCB_CLOSE) && !tcb_is_fastopen(c))
		flags |= WR_TCP_PSH | WR_TCP_FIN;
	if (flags & WR_TCP_PSH)
		b->flags |= WR_BUF_PUSH;
	if (!send_text(tcp, c, m, flags, WR_CAUSE_tcp_data))
		return false;
	WR_COUNT(tcp->stats, tcp_bytes_out, len);
	first_was_sent(c, m);
	c->snd.nxt = wr_seq_add(c->snd.nxt, len);
	if (flags & WR_TCP_FIN)
		fin_leaves(tcp, c);
	/* The window opened: the next timer is an RTO. */
	if (wr_unlikely(c->flags & WR_TCB_PERSIST)) {
		c->flags &= (uint16_t) ~(WR_TCB_PERSIST | WR_TCB_RTO_ARMED);
		c->backoff = 0;
	}
	if (!(c->flags & WR_TCB_RTO_ARMED))
		start_rto(tcp, c);
	return true;
}

bool tcp_send_next(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t len, uint8_t flags)
{
	return send_next(tcp, c, len, flags);
}

bool tcp_send_one_new(struct wr_tcp *tcp, struct wr_tcb *c)
{
	uint32_t flight = tcb_flight(c), len;

	if (!c->sq_next)
		return false;
	len = wr_min(wr_buf(c->sq_next)->len, c->cc.smss);
	return flight + len <= c->snd.wnd && tcp_send_next(tcp, c, len, 0);
}

/* Will nothing follow the next `len` bytes at once? What waits in the receiver may go on then.
 */
static __rte_noinline bool ends_burst(const struct wr_tcp *tcp, const struct wr_tcb *c,
                                      uint32_t len)
{
	const struct wr_buf *b = wr_buf(c->sq_next);
	uint32_t rest = b->len - len;

	if (rest == 0 && b->next)
		rest = wr_buf(b->next)->len;
	return rest && allowed(tcp, c, rest, tcp_pipe(c) + len, len) == 0;
}

/*
 * PSH for the next `len` bytes, if conf.push_bursts asks for it, as the end of *sent segments
 * that leave together: of half of cwnd at most.
 */
static uint8_t push_of_burst(const struct wr_tcp *tcp, const struct wr_tcb *c, uint32_t len,
                             unsigned *sent)
{
	unsigned n = ++*sent;

	if (!tcp->conf.push_bursts)
		return 0;
	if (c->cc.cwnd < (2 * n + 2) * c->cc.smss)
		*sent = 0;
	else if (!ends_burst(tcp, c, len))
		return 0;
	return n > 1 ? WR_TCP_PSH : 0;
}

/* Was it cwnd that held us back? */
static bool is_limited(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	uint32_t flight = tcb_flight(c);

	if (tcp->conf.grow_half && c->cc.cwnd < c->cc.ssthresh)
		return flight > c->cc.cwnd / 2;
	return flight + c->cc.smss > c->cc.cwnd;
}

/* Sends new text while windows allow. False: no room to send or no buffer. */
static __rte_always_inline bool send_new(struct wr_tcp *tcp, struct wr_tcb *c)
{
	unsigned sent = 0;

	if (tcp->conf.idle_restart && wr_seq_eq(c->snd.una, c->snd.nxt))
		restart_after_idle(tcp, c);
	if (wr_unlikely(c->searching) && !tcp_path_probe(tcp, c)) {
		c->cc.limited = true;
		return true;
	}
	while (c->sq_next) {
		uint32_t whole = wr_buf(c->sq_next)->len;
		uint32_t len = allowed(tcp, c, whole, tcp_pipe(c), 0);

		if (wr_unlikely(c->flags & WR_TCB_LOSS) && tcp_frto_waits(c))
			break;
		if (len == 0 || (wr_unlikely(c->cc.timed) && !tcp_pace_allows(tcp, c)))
			break;
		if (len < whole && tcb_flight(c) && !may_cut(tcp, c))
			break; /* an ACK frees some */
		/* What is no full segment does not follow others: more is to come. */
		if (sent && len < c->cc.smss && (wr_buf(c->sq_next)->flags & WR_BUF_MORE))
			break;
		if (!send_next(tcp, c, len, push_of_burst(tcp, c, len, &sent)))
			return false;
		if (wr_unlikely((c->flags & (WR_TCB_LOSS | WR_TCB_RECOVERY | WR_TCB_RTO)) ==
		                WR_TCB_LOSS) &&
		    c->dup_acks)
			WR_COUNT(tcp->stats, tcp_limited_transmits, 1);
	}
	c->cc.limited = is_limited(tcp, c);
	if (c->flags & WR_TCB_RTO_ARMED)
		tcp_tlp_check(tcp, c);
	if (wr_unlikely(c->cc.timed))
		tcp_rate_ran_dry(tcp, c);
	return true;
}

void tcp_arm_persist(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (c->flags & WR_TCB_PERSIST)
		return;
	c->flags |= WR_TCB_PERSIST;
	c->backoff = 0;
	tcp_arm_rto(tcp, c);
}

/* A FIN without text. It may pass the right edge by one, but not meet a closed window. */
static void send_fin(struct wr_tcp *tcp, struct wr_tcb *c)
{
	fin_leaves(tcp, c);
	tcp_send_control(tcp, c, wr_seq_add(c->snd.nxt, (uint32_t)-1), WR_TCP_FIN,
	                 WR_CAUSE_tcp_fin);
	if (c->flags & WR_TCB_PERSIST) {
		c->flags &= (uint16_t)~WR_TCB_PERSIST;
		c->backoff = 0;
	}
	start_rto(tcp, c);
}

/*
 * Opened by its SYN: the SYN-ACK, and again for what is not acceptable; then what the service
 * sends. Its FIN waits for ESTABLISHED, RFC 9293 section 3.10.4.
 */
static bool output_fastopen(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (wr_seq_eq(c->snd.nxt, c->iss))
		tcp_send_syn(tcp, c, WR_CAUSE_tcp_synack);
	else if (c->rare & WR_TCB_DUP_ACK)
		tcp_send_syn(tcp, c, WR_CAUSE_tcp_synack_rexmit);
	else if (c->flags & WR_TCB_ACK_NOW)
		tcp_ack_send(tcp, c);
	c->rare &= (uint16_t) ~(WR_TCB_CHALLENGE | WR_TCB_DUP_ACK);
	return !c->sq_next || send_new(tcp, c);
}

/* SYN-SENT and SYN-RECEIVED by active open: the SYN, and ACKs of what is not acceptable. */
static __rte_noinline bool output_opening(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (tcb_is_fastopen(c))
		return output_fastopen(tcp, c);
	if (wr_seq_eq(c->snd.nxt, c->iss))
		tcp_send_syn(tcp, c, WR_CAUSE_tcp_syn);
	else if ((c->flags & WR_TCB_ACK_NOW) && c->state == WR_TCP_SYN_RECEIVED)
		tcp_ack_send(tcp, c);
	return true;
}

bool tcp_output(struct wr_tcp *tcp, struct wr_tcb *c)
{
	bool fin_due;

	if (wr_ip_out_room(tcp->ip) < TCP_OUT_RESERVE)
		return false;
	if (wr_unlikely(c->state <= WR_TCP_SYN_RECEIVED))
		return output_opening(tcp, c);
	if ((c->flags & WR_TCB_LOSS) && !send_lost(tcp, c))
		return false;
	if (c->sq_next && !send_new(tcp, c))
		return false;
	fin_due = (c->flags & (WR_TCB_CLOSE | WR_TCB_FIN_SENT)) == WR_TCB_CLOSE;
	if (fin_due && !c->sq_next && c->snd.wnd)
		send_fin(tcp, c);
	else if ((c->sq_next || fin_due) && tcb_flight(c) == 0)
		tcp_arm_persist(tcp, c);

	if ((c->flags & WR_TCB_WNDUP) && !tcp_window_worth_telling(tcp, c))
		c->flags &= (uint16_t)~WR_TCB_WNDUP;
	/* Text that left is no duplicate ACK, RFC 5681 section 2, and has no room for SACK. */
	if (wr_unlikely(c->rare & WR_TCB_DUP_ACK))
		c->flags |= WR_TCB_ACK_NOW;
	if (c->flags & (WR_TCB_ACK_NOW | WR_TCB_WNDUP)) {
		tcp_ack_send(tcp, c);
		if (c->flags & WR_TCB_ACK_NOW)
			return false; /* no buffer */
	}
	c->rare &= (uint16_t) ~(WR_TCB_CHALLENGE | WR_TCB_DUP_ACK);
	if (c->flags & WR_TCB_DELACK)
		tcp_ack_arm_delayed(tcp, c);
	return true;
}
