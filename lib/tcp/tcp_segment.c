/* SPDX-License-Identifier: BSD-3-Clause */
/* A segment: the only place that writes TCP headers, and options in the order of Linux. */

#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_tcp.h>

#include "tcp.h"

#define ECT0 2 /* in the TOS octet, RFC 3168 section 5 */

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

struct rte_mbuf *tcp_new_buffer(struct wr_tcp *tcp)
{
	struct rte_mbuf *m = wr_buf_alloc(tcp->ip->pool);

	if (wr_unlikely(!m))
		WR_COUNT(tcp->stats, mbuf_alloc_failed, 1);
	return m;
}

/* ---- segments of a connection ---- */

/* What every segment of an open connection carries; the ACK that was owed is in it. */
static void fill_head(struct wr_tcp *tcp, struct wr_tcb *c, struct head *head,
                      struct wr_seq seq, uint8_t flags)
{
	head->seq = seq;
	head->ack = c->rcv.nxt;
	head->flags = flags | WR_TCP_ACK | (c->cc.ece ? WR_TCP_ECE : 0);
	head->wnd = tcp_advertise(tcp, c);
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

	n = tcp_reorder_blocks(tcp, c, block, wr_min(max, WR_SACK_MAX));
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
	struct rte_mbuf *m = tcp_new_buffer(tcp);
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

void tcp_send_segment(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m,
                      const struct tcp_text *text, enum wr_cause cause)
{
	struct head head;
	uint8_t ect = 0;

	fill_head(tcp, c, &head, text->seq, text->flags);
	if (wr_unlikely(owes_sack(c)) && text->len < c->cc.smss)
		add_sack(tcp, c, &head, c->cc.smss - text->len);
	/* Section 6.1.5: text sent again is not marked. */
	if (wr_unlikely(c->cc.ecn) && cause == WR_CAUSE_tcp_data) {
		head.flags |= tcp_ecn_text_flags(c);
		ect = ECT0;
	}
	push_header(m, &c->tuple, &head);
	send_tcb(tcp, c, m, ect, cause);
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
	struct rte_mbuf *m = tcp_new_buffer(tcp);

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
	struct rte_mbuf *m = tcp_new_buffer(tcp);

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
	m = tcp_new_buffer(tcp);
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
	m = tcp_new_buffer(tcp);
	if (!m)
		return;
	if (owed->ts) {
		put_ts(head.options, owed->ts_val, owed->ts_ecr);
		head.options_len = 12;
	}
	push_header(m, &owed->tuple, &head);
	send_ip(tcp, m, &owed->tuple, owed->tos & 0xfc, 0, NULL, (enum wr_cause)owed->cause);
}
