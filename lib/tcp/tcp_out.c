/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Output: the only place that builds segments. Runs once a burst for each connection that
 * owes an ACK, may send text, or has something to send again.
 */

#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_memcpy.h>
#include <rte_tcp.h>

#include "tcb.h"

#define ECT0        2  /* in the TOS octet, RFC 3168 section 5 */
#define HEADERS_MAX 96 /* bytes: Ethernet with a tag, IPv4, TCP with all options */

enum { /* option kinds, RFC 9293, 7323, 2018 */
       OPT_NOP = 1,
       OPT_MSS = 2,
       OPT_WSCALE = 3,
       OPT_SACK_PERMITTED = 4,
       OPT_SACK = 5,
       OPT_TS = 8,
};

/* ---- options ---- */

static uint8_t *put32(uint8_t *p, uint32_t v)
{
	v = rte_cpu_to_be_32(v);
	memcpy(p, &v, sizeof(v));
	return p + sizeof(v);
}

static uint8_t *put_ts(uint8_t *p, uint32_t val, uint32_t ecr)
{
	p = put32(p, OPT_NOP << 24 | OPT_NOP << 16 | OPT_TS << 8 | 10);
	p = put32(p, val);
	return put32(p, ecr);
}

struct syn {
	uint16_t mss;
	uint8_t wscale;
	bool has_wscale, sack, ts;
	uint32_t ts_val, ts_ecr;
};

/* MSS, SACK-permitted, timestamps, window scale: the order and padding of Linux. */
static unsigned put_syn_options(uint8_t *start, const struct syn *syn)
{
	uint8_t *p = put32(start, (uint32_t)(OPT_MSS << 24 | 4 << 16) | syn->mss);

	if (syn->ts) {
		p = put32(p, (syn->sack ? OPT_SACK_PERMITTED << 24 | 2 << 16
		                        : OPT_NOP << 24 | OPT_NOP << 16) |
		                     OPT_TS << 8 | 10);
		p = put32(p, syn->ts_val);
		p = put32(p, syn->ts_ecr);
	} else if (syn->sack) {
		p = put32(p, OPT_NOP << 24 | OPT_NOP << 16 | OPT_SACK_PERMITTED << 8 | 2);
	}
	if (syn->has_wscale)
		p = put32(p,
		          (uint32_t)(OPT_NOP << 24 | OPT_WSCALE << 16 | 3 << 8) | syn->wscale);
	return (unsigned)(p - start);
}

static unsigned put_sack(uint8_t *p, const struct wr_sack *block, unsigned n)
{
	p = put32(p, OPT_NOP << 24 | OPT_NOP << 16 | OPT_SACK << 8 | (2 + 8 * n));
	for (unsigned i = 0; i < n; i++) {
		p = put32(p, block[i].left.n);
		p = put32(p, block[i].right.n);
	}
	return 4 + 8 * n;
}

/* ---- header ---- */

struct head {
	struct wr_seq seq, ack;
	uint16_t wnd;
	uint8_t flags;
	unsigned options_len;
	uint8_t options[40];
};

static void push_header(struct rte_mbuf *m, const struct wr_tuple *t, const struct head *head)
{
	unsigned len = (unsigned)sizeof(struct rte_tcp_hdr) + head->options_len;
	struct rte_tcp_hdr *h = (struct rte_tcp_hdr *)rte_pktmbuf_prepend(m, (uint16_t)len);

	h->src_port = rte_cpu_to_be_16(t->lport);
	h->dst_port = rte_cpu_to_be_16(t->rport);
	h->sent_seq = rte_cpu_to_be_32(head->seq.n);
	h->recv_ack = rte_cpu_to_be_32(head->ack.n);
	h->data_off = (uint8_t)(len << 2);
	h->tcp_flags = head->flags;
	h->rx_win = rte_cpu_to_be_16(head->wnd);
	h->cksum = 0; /* by wr_ip_output() */
	h->tcp_urp = 0;
	if (head->options_len)
		memcpy(h + 1, head->options, head->options_len);
}

static void send_ip(struct wr_tcp *tcp, struct rte_mbuf *m, const struct wr_tuple *t,
                    uint8_t tos, uint8_t ttl, uint16_t *hint, enum wr_cause cause)
{
	const struct wr_ip_out to = {
		.src = t->laddr,
		.dst = t->raddr,
		.proto = IPPROTO_TCP,
		.tos = tos,
		.ttl = ttl,
		.df = true,
		.cause = (uint8_t)cause,
		.hint = hint,
		.now_us = tcp->now_us,
	};

	WR_COUNT(tcp->stats, tcp_segments_out, 1);
	wr_ip_output(tcp->ip, m, &to);
}

/* `ect`: 0, or ECT(0). */
static void send_tcb(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m, uint8_t ect,
                     enum wr_cause cause)
{
	const struct wr_tcp_options *options = tcb_options(tcp, c);

	send_ip(tcp, m, &c->tuple, (options->tos & 0xfc) | ect, options->ttl, &c->neigh, cause);
}

static struct rte_mbuf *new_buffer(struct wr_tcp *tcp)
{
	struct rte_mbuf *m = wr_buf_alloc(tcp->ip->pool);

	if (wr_unlikely(!m))
		WR_COUNT(tcp->stats, mbuf_alloc_failed, 1);
	return m;
}

/* ---- receive window ---- */

/* Bytes that the connection may promise to take by its share of the buffers. */
static uint64_t share_left(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	/* Its own send queue counts once: two ends that send must not close on each other. */
	uint32_t used = tcp->held + tcb_held(c) - c->sq_count, limit = tcp->conf.held_bufs;

	if (limit == 0)
		return UINT64_MAX;
	/*
	 * Each buffer makes one more held and one less free, see tcb_may_hold(): half. And
	 * half of that, as segments may be short.
	 */
	return used < limit ? (limit - used) / 4 * (uint64_t)tcp->conf.mss : 0;
}

uint32_t tcp_free_window(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	uint32_t held = c->flags & WR_TCB_HELD ? c->rcvq_bytes : 0;
	uint32_t room = tcp->conf.rcv_buf > held ? tcp->conf.rcv_buf - held : 0;
	uint32_t cap = (uint32_t)UINT16_MAX << c->rcv_shift;

	if (wr_unlikely(share_left(tcp, c) < room)) {
		/* Four segments, while the service takes all: it may wait for them to go on. */
		uint32_t least = c->flags & WR_TCB_HELD ? 0 : 4u * tcp->conf.mss;
		uint32_t share = wr_max((uint32_t)share_left(tcp, c), least);

		room = wr_min(room, wr_max(share, tcb_rcv_wnd(c)));
	}
	return wr_min(room, cap);
}

/* RFC 9293 3.8.6.2.2: the edge moves by a full segment, or half the buffer, or not at all. */
static bool edge_moves(const struct wr_tcp *tcp, uint32_t now, uint32_t room)
{
	return room > now && room - now >= wr_min(tcp->conf.rcv_buf / 2, tcp->conf.mss);
}

bool tcp_window_worth_telling(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	uint32_t now = tcb_rcv_wnd(c), room = tcp_free_window(tcp, c);

	return edge_moves(tcp, now, room) &&
	       (now < tcp->conf.mss || room - now >= tcp->conf.rcv_buf / 2);
}

/*
 * SEG.WND of the segment that leaves now. Its right edge never moves back (SHLD-14), but for
 * the rounding to the scale if there is no room to round up: else small segments would push
 * the edge on for ever. RCV.NXT+RCV.WND remains what was promised, RFC 7323 section 2.4.
 */
static uint16_t advertise(struct wr_tcp *tcp, struct wr_tcb *c)
{
	uint32_t now = tcb_rcv_wnd(c), room = tcp_free_window(tcp, c);
	uint32_t wnd = edge_moves(tcp, now, room) ? room : now;
	uint32_t field = wnd >> c->rcv_shift;

	if (field << c->rcv_shift < now && (field + 1) << c->rcv_shift <= room)
		field++;
	field = wr_min(field, UINT16_MAX);
	if (field == 0)
		WR_COUNT(tcp->stats, tcp_zero_window_out, 1);
	if (field << c->rcv_shift > now)
		c->rcv.edge = wr_seq_add(c->rcv.nxt, field << c->rcv_shift);
	return (uint16_t)field;
}

/* ---- segments of a connection ---- */

/* What every segment of an open connection carries; the ACK that was owed is in it. */
static void fill_head(struct wr_tcp *tcp, struct wr_tcb *c, struct head *head,
                      struct wr_seq seq, uint8_t flags)
{
	head->seq = seq;
	head->ack = c->rcv.nxt;
	head->flags = flags | WR_TCP_ACK | (c->cc.ece ? WR_TCP_ECE : 0);
	head->wnd = advertise(tcp, c);
	head->options_len = 0;
	if (c->flags & WR_TCB_TS) {
		put_ts(head->options, tcp_ts_now(tcp, c->ts_offset), c->ts_recent);
		head->options_len = 12;
	}
	c->rcv.acked = c->rcv.nxt;
	c->flags &= (uint16_t) ~(WR_TCB_ACK_NOW | WR_TCB_DELACK | WR_TCB_WNDUP);
	c->rare &= (uint16_t)~WR_TCB_DELACK_ARMED;
}

/* As many blocks as fit into `room` bytes of options. */
static void add_sack(struct wr_tcp *tcp, struct wr_tcb *c, struct head *head, uint32_t room)
{
	struct wr_sack block[WR_SACK_MAX];
	uint32_t left = wr_min(room, 40 - head->options_len);
	unsigned max = left < 4 ? 0 : (left - 4) / 8, n;
	bool dsack = c->rare & WR_TCB_DSACK;

	n = tcp_reorder_blocks(c, block, wr_min(max, WR_SACK_MAX));
	if (n == 0)
		return;
	head->options_len += put_sack(head->options + head->options_len, block, n);
	if (dsack)
		WR_COUNT(tcp->stats, tcp_dsack_sent, 1);
}

static bool owes_sack(const struct wr_tcb *c)
{
	return (c->flags & WR_TCB_SACK) &&
	       ((c->flags & WR_TCB_REORDER) || (c->rare & WR_TCB_DSACK));
}

void tcp_send_control(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_seq seq, uint8_t flags,
                      enum wr_cause cause)
{
	struct rte_mbuf *m = new_buffer(tcp);
	struct head head;

	if (!m) {
		tcb_owe_ack(tcp, c); /* tried again at the next flush */
		return;
	}
	fill_head(tcp, c, &head, seq, flags);
	if (owes_sack(c) && !(flags & WR_TCP_RST))
		add_sack(tcp, c, &head, sizeof(head.options));
	push_header(m, &c->tuple, &head);
	send_tcb(tcp, c, m, 0, cause);
}

/* RFC 3168 section 6.1.1: the SYN asks with both flags, the SYN-ACK agrees with one. */
static uint8_t ecn_setup(const struct wr_tcp *tcp, const struct wr_tcb *c, bool reply)
{
	if (reply)
		return c->cc.ecn ? WR_TCP_ECE : 0;
	return tcp_ecn_asks(tcp, c) ? WR_TCP_ECE | WR_TCP_CWR : 0;
}

void tcp_send_syn(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_cause cause)
{
	bool reply = c->state == WR_TCP_SYN_RECEIVED;
	const struct syn syn = {
		.mss = tcp->conf.mss,
		.wscale = tcp_rcv_shift(tcp),
		.has_wscale = tcp->conf.wscale && (!reply || c->rcv_shift || c->snd_shift),
		.sack = reply ? c->flags & WR_TCB_SACK : tcp->conf.sack,
		.ts = reply ? c->flags & WR_TCB_TS : tcp->conf.timestamps,
		.ts_val = tcp_ts_now(tcp, c->ts_offset),
		.ts_ecr = reply ? c->ts_recent : 0,
	};
	struct head head = {
		.seq = c->iss,
		.ack = reply ? c->rcv.nxt : wr_seq(0),
		.wnd = (uint16_t)wr_min(tcp->conf.rcv_buf, UINT16_MAX),
		.flags = WR_TCP_SYN | (reply ? WR_TCP_ACK : 0) | ecn_setup(tcp, c, reply),
	};
	struct rte_mbuf *m = new_buffer(tcp);

	c->snd.nxt = wr_seq_add(c->iss, 1);
	tcp_arm_rto(tcp, c);
	c->flags &= (uint16_t) ~(WR_TCB_ACK_NOW | WR_TCB_DELACK);
	if (!m)
		return; /* the timer tries again */
	head.options_len = put_syn_options(head.options, &syn);
	push_header(m, &c->tuple, &head);
	send_tcb(tcp, c, m, 0, cause);
}

bool tcp_send_bare_syn(struct wr_tcp *tcp, const struct wr_tuple *tuple)
{
	uint32_t ts_offset;
	struct head head = {
		.seq = tcp_isn(tcp, tuple, &ts_offset),
		.wnd = (uint16_t)wr_min(tcp->conf.rcv_buf, UINT16_MAX),
		.flags = WR_TCP_SYN,
	};
	const struct syn syn = {
		.mss = tcp->conf.mss,
		.wscale = tcp_rcv_shift(tcp),
		.has_wscale = tcp->conf.wscale,
		.sack = tcp->conf.sack,
		.ts = tcp->conf.timestamps,
		.ts_val = tcp_ts_now(tcp, ts_offset),
	};
	struct rte_mbuf *m = new_buffer(tcp);

	if (!m)
		return false;
	head.options_len = put_syn_options(head.options, &syn);
	push_header(m, tuple, &head);
	send_ip(tcp, m, tuple, 0, 0, NULL, WR_CAUSE_tcp_syn_bare);
	return true;
}

static void send_synack(struct wr_tcp *tcp, const struct wr_owed *owed)
{
	struct wr_half_open *h = &tcp->half_open[owed->half_open];
	const struct wr_tcp_options *options = &tcp->listener[h->listener].options;
	const struct syn syn = {
		.mss = tcp->conf.mss,
		.wscale = tcp_rcv_shift(tcp),
		.has_wscale = h->wscale && tcp->conf.wscale,
		.sack = h->sack && tcp->conf.sack,
		.ts = h->ts,
		.ts_val = tcp_ts_now(tcp, h->ts_offset),
		.ts_ecr = h->ts_recent,
	};
	struct head head = {
		.seq = h->iss,
		.ack = wr_seq_add(h->irs, 1),
		.wnd = (uint16_t)wr_min(tcp->conf.rcv_buf, UINT16_MAX),
		.flags = WR_TCP_SYN | WR_TCP_ACK | (h->ecn ? WR_TCP_ECE : 0),
	};
	struct rte_mbuf *m;

	if (!h->used || !wr_tuple_eq(&h->tuple, &owed->tuple))
		return; /* ended within the same burst */
	m = new_buffer(tcp);
	if (!m)
		return; /* the record's timer tries again */
	head.options_len = put_syn_options(head.options, &syn);
	push_header(m, &h->tuple, &head);
	send_ip(tcp, m, &h->tuple, options->tos & 0xfc, options->ttl, &h->neigh,
	        (enum wr_cause)owed->cause);
}

void tcp_send_owed(struct wr_tcp *tcp, const struct wr_owed *owed)
{
	struct head head = {
		.seq = owed->seq,
		.ack = owed->ack,
		.wnd = owed->wnd,
		.flags = owed->flags,
	};
	struct rte_mbuf *m;

	if (owed->half_open != UINT32_MAX) {
		send_synack(tcp, owed);
		return;
	}
	m = new_buffer(tcp);
	if (!m)
		return;
	if (owed->ts) {
		put_ts(head.options, owed->ts_val, owed->ts_ecr);
		head.options_len = 12;
	}
	push_header(m, &owed->tuple, &head);
	send_ip(tcp, m, &owed->tuple, owed->tos & 0xfc, 0, NULL, (enum wr_cause)owed->cause);
}

/* ---- text ---- */

/*
 * Sends the text of m. In place if nobody else holds the buffer: the headers go into its
 * headroom and the queue keeps a reference. Else (a driver still has it from before, or the
 * text is shared) a copy leaves.
 */
static bool send_text(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m, uint8_t flags,
                      enum wr_cause cause)
{
	struct wr_buf *b = wr_buf(m);
	struct rte_mbuf *out = m;
	struct head head;
	uint8_t ect = 0;

	if (wr_likely(rte_mbuf_refcnt_read(m) == 1 && RTE_MBUF_DIRECT(m) &&
	              b->text_off >= HEADERS_MAX)) {
		m->data_off = b->text_off;
		m->data_len = (uint16_t)b->len;
		m->pkt_len = b->len;
		rte_mbuf_refcnt_update(m, 1);
	} else {
		out = new_buffer(tcp);
		if (!out)
			return false;
		rte_memcpy(rte_pktmbuf_append(out, (uint16_t)b->len),
		           (const char *)m->buf_addr + b->text_off, b->len);
	}
	fill_head(tcp, c, &head, wr_seq(b->seq), flags);
	if (wr_unlikely(owes_sack(c)) && b->len < c->cc.smss)
		add_sack(tcp, c, &head, c->cc.smss - b->len);
	/* Section 6.1.5: text sent again is not marked. */
	if (wr_unlikely(c->cc.ecn) && cause == WR_CAUSE_tcp_data) {
		head.flags |= tcp_ecn_text_flags(c);
		ect = ECT0;
	}
	push_header(out, &c->tuple, &head);
	b->sent_us = (uint32_t)tcp->now_us;
	if (wr_unlikely(c->flags & WR_TCB_RECOVERY))
		c->repair->prr_out += b->len;
	if (wr_unlikely(c->cc.timed)) {
		tcp_rate_sent(tcp, c, b);
		tcp_pace_sent(tcp, c, b->len);
	}
	c->last_tx_tick = tcp->now_tick;
	send_tcb(tcp, c, out, ect, cause);
	return true;
}

/* Is m the last text, and our FIN right behind it? Then they leave together again. */
static uint8_t fin_behind(const struct wr_tcb *c, const struct wr_buf *b)
{
	return (c->flags & WR_TCB_FIN_SENT) && b->seq + b->len == c->sq_end.n ? WR_TCP_FIN : 0;
}

/* Cuts m in two so that the first part has `len` bytes. False: no buffer, or too many. */
static bool split(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m, uint32_t len)
{
	struct wr_buf *first = wr_buf(m), *second;
	struct rte_mbuf *rest = c->sq_count < UINT16_MAX ? new_buffer(tcp) : NULL;

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
	first->next = rest;
	if (c->sq_tail == m)
		c->sq_tail = rest;
	c->sq_count++;
	tcp->held++;
	return true;
}

bool tcp_send_again(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m,
                    enum wr_cause cause)
{
	struct wr_buf *b = wr_buf(m);

	if (wr_ip_out_room(tcp->ip) < TCP_OUT_RESERVE)
		return false;
	if (b->len > c->cc.smss) {
		if (!split(tcp, c, m, c->cc.smss))
			return false;
		tcp_board_split(c, m, b->next);
	}
	if (!send_text(tcp, c, m, fin_behind(c, b) | WR_TCP_PSH, cause))
		return false;
	if (b->rexmits < UINT8_MAX)
		b->rexmits++;
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
		if (wr_unlikely(c->cc.timed) && !tcp_pace_allows(tcp, c))
			return true;
		if (!tcp_send_again(tcp, c, m, cause))
			return false;
		c->rare &= (uint16_t)~WR_TCB_FIRST;
	}
	return true;
}

/* How much of the next buffer may leave now; 0: nothing. RFC 9293 3.8.6.2.1, 3.7.4. */
static uint32_t allowed(const struct wr_tcp *tcp, const struct wr_tcb *c, uint32_t len,
                        uint32_t pipe)
{
	uint32_t flight = tcb_flight(c);
	uint32_t unsent = wr_seq_span(c->snd.nxt, c->sq_end);
	uint32_t room = c->snd.wnd > flight ? c->snd.wnd - flight : 0;
	uint32_t want = wr_min(len, c->cc.smss);

	if (pipe + want > c->cc.cwnd)
		return 0;
	if (want > room) /* the window cuts: only if it is worth it, else override by timer */
		return room && room >= c->max_wnd / 2 ? room : 0;
	if (want == c->cc.smss || unsent >= c->cc.smss)
		return want;
	/* Nagle: one small segment in flight at a time; what ends the stream goes. */
	if (flight && !(c->flags & WR_TCB_CLOSE) && !tcb_options(tcp, c)->nodelay)
		return 0;
	return want;
}

static void fin_leaves(struct wr_tcp *tcp, struct wr_tcb *c)
{
	c->flags |= WR_TCB_FIN_SENT;
	c->snd.nxt = wr_seq_add(c->snd.nxt, 1);
	tcb_set_state(tcp, c,
	              c->state == WR_TCP_CLOSE_WAIT ? WR_TCP_LAST_ACK : WR_TCP_FIN_WAIT_1);
}

static void restart_after_idle(struct wr_tcp *tcp, struct wr_tcb *c)
{
	uint64_t idle_us = (uint64_t)(tcp->now_tick - c->last_tx_tick) << WR_TICK_SHIFT;

	if (idle_us > tcp_rto_us(tcp, c))
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

/* Sends the first `len` bytes of the next buffer. False: no room to send or no buffer. */
static bool send_next(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t len)
{
	struct rte_mbuf *m = c->sq_next;
	struct wr_buf *b = wr_buf(m);
	uint8_t flags = 0;
	bool last;

	if (wr_ip_out_room(tcp->ip) < TCP_OUT_RESERVE)
		return false;
	if (len < b->len && !split(tcp, c, m, len))
		return false;
	last = b->next == NULL;
	if (last)
		flags = WR_TCP_PSH; /* MUST-61 */
	if (last && (c->flags & WR_TCB_CLOSE))
		flags |= WR_TCP_FIN;
	if (!send_text(tcp, c, m, flags, WR_CAUSE_tcp_data))
		return false;
	WR_COUNT(tcp->stats, tcp_bytes_out, len);
	c->sq_next = b->next;
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

bool tcp_send_one_new(struct wr_tcp *tcp, struct wr_tcb *c)
{
	uint32_t flight = tcb_flight(c), len;

	if (!c->sq_next)
		return false;
	len = wr_min(wr_buf(c->sq_next)->len, c->cc.smss);
	return flight + len <= c->snd.wnd && send_next(tcp, c, len);
}

/* Sends new text while windows allow. False: no room to send or no buffer. */
static bool send_new(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (tcp->conf.idle_restart && wr_seq_eq(c->snd.una, c->snd.nxt))
		restart_after_idle(tcp, c);
	while (c->sq_next) {
		uint32_t whole = wr_buf(c->sq_next)->len;
		uint32_t len = allowed(tcp, c, whole, tcp_pipe(c));

		if (len == 0 || (wr_unlikely(c->cc.timed) && !tcp_pace_allows(tcp, c)))
			break;
		if (len < whole && tcb_flight(c) && !tcb_may_hold(tcp, c))
			break; /* an ACK frees some */
		if (!send_next(tcp, c, len))
			return false;
		if (wr_unlikely((c->flags & (WR_TCB_LOSS | WR_TCB_RECOVERY | WR_TCB_RTO)) ==
		                WR_TCB_LOSS) &&
		    c->dup_acks)
			WR_COUNT(tcp->stats, tcp_limited_transmits, 1);
	}
	c->cc.limited = tcb_flight(c) + c->cc.smss > c->cc.cwnd;
	if (c->flags & WR_TCB_RTO_ARMED)
		tcp_tlp_check(tcp, c);
	if (wr_unlikely(c->cc.timed))
		tcp_rate_ran_dry(tcp, c);
	return true;
}

/* Nothing in flight and the window forbids more: ask from time to time, MUST-36. */
static void arm_persist(struct wr_tcp *tcp, struct wr_tcb *c)
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

static void send_ack(struct wr_tcp *tcp, struct wr_tcb *c)
{
	enum wr_cause cause = WR_CAUSE_tcp_ack;

	if (!(c->flags & WR_TCB_ACK_NOW))
		cause = WR_CAUSE_tcp_window;
	else if (c->rare & WR_TCB_CHALLENGE)
		cause = WR_CAUSE_tcp_challenge;
	else if (c->rare & WR_TCB_DUP_ACK)
		cause = WR_CAUSE_tcp_ack_dup;
	else if ((c->rare & WR_TCB_DELACK_ARMED) &&
	         wr_tick_reached(c->delack_tick, tcp->now_tick))
		cause = WR_CAUSE_tcp_ack_delayed;
	tcp_send_control(tcp, c, c->snd.nxt, 0, cause);
}

/* SYN-SENT and SYN-RECEIVED by active open: the SYN, and ACKs of what is not acceptable. */
static bool output_opening(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (wr_seq_eq(c->snd.nxt, c->iss))
		tcp_send_syn(tcp, c, WR_CAUSE_tcp_syn);
	else if ((c->flags & WR_TCB_ACK_NOW) && c->state == WR_TCP_SYN_RECEIVED)
		send_ack(tcp, c);
	return true;
}

/* Nothing carried the ACK: it has delack_us from now. */
static void arm_delack(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (c->rare & WR_TCB_DELACK_ARMED)
		return;
	c->rare |= WR_TCB_DELACK_ARMED;
	c->delack_tick = wr_tick_after(tcp->now_tick, tcp->conf.delack_us);
	tcb_arm(tcp, c, c->delack_tick);
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
		arm_persist(tcp, c);

	if ((c->flags & WR_TCB_WNDUP) && !tcp_window_worth_telling(tcp, c))
		c->flags &= (uint16_t)~WR_TCB_WNDUP;
	/* Text that left is no duplicate ACK, RFC 5681 section 2, and has no room for SACK. */
	if (wr_unlikely(c->rare & WR_TCB_DUP_ACK))
		c->flags |= WR_TCB_ACK_NOW;
	if (c->flags & (WR_TCB_ACK_NOW | WR_TCB_WNDUP)) {
		send_ack(tcp, c);
		if (c->flags & WR_TCB_ACK_NOW)
			return false; /* no buffer */
	}
	c->rare &= (uint16_t) ~(WR_TCB_CHALLENGE | WR_TCB_DUP_ACK);
	if (c->flags & WR_TCB_DELACK)
		arm_delack(tcp, c);
	return true;
}
