/* SPDX-License-Identifier: BSD-3-Clause */
/* A segment: the only place that writes TCP headers, and options in the order of Linux. */

#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_tcp.h>

#include "tcp_accecn.h"
#include "tcp_ecn.h"
#include "tcp_isn.h"
#include "tcp_md5.h"
#include "tcp_reorder.h"
#include "tcp_rtt.h"
#include "tcp_segment.h"
#include "tcp_window.h"

#define TS_OPTION 12 /* bytes, with two of padding before it */

enum { /* option kinds, RFC 9293, 7323, 2018, 7413 */
       OPT_NOP = 1,
       OPT_MSS = 2,
       OPT_WSCALE = 3,
       OPT_SACK_PERMITTED = 4,
       OPT_SACK = 5,
       OPT_TS = 8,
       OPT_FASTOPEN = 34,
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
	bool has_wscale, sack, ts, is_signed, accecn;
	uint32_t ts_val, ts_ecr;
	const struct wr_fastopen *cookie; /* NULL: no such option */
};

static uint8_t *put_wscale(uint8_t *p, uint8_t wscale)
{
	return put32(p, (uint32_t)(OPT_NOP << 24 | OPT_WSCALE << 16 | 3 << 8) | wscale);
}

/* MSS, SACK-permitted, timestamps, window scale: the order and padding of Linux. */
static uint8_t *put_as_linux(uint8_t *p, const struct syn *syn)
{
	if (syn->ts) {
		p = put32(p, (syn->sack ? OPT_SACK_PERMITTED << 24 | 2 << 16
		                        : OPT_NOP << 24 | OPT_NOP << 16) |
		                     OPT_TS << 8 | 10);
		p = put32(p, syn->ts_val);
		p = put32(p, syn->ts_ecr);
	} else if (syn->sack) {
		p = put32(p, OPT_NOP << 24 | OPT_NOP << 16 | OPT_SACK_PERMITTED << 8 | 2);
	}
	return syn->has_wscale ? put_wscale(p, syn->wscale) : p;
}

/* MSS, window scale, SACK-permitted, timestamps; what is left over ends in zeros. */
static uint8_t *put_as_freebsd(uint8_t *p, const struct syn *syn)
{
	if (syn->has_wscale)
		p = put_wscale(p, syn->wscale);
	if (syn->ts) {
		p = put32(p, (syn->sack ? OPT_SACK_PERMITTED << 24 | 2 << 16
		                        : OPT_NOP << 24 | OPT_NOP << 16) |
		                     OPT_TS << 8 | 10);
		p = put32(p, syn->ts_val);
		return put32(p, syn->ts_ecr);
	}
	return syn->sack ? put32(p, OPT_SACK_PERMITTED << 24 | 2 << 16) : p;
}

static unsigned put_syn_options(const struct wr_tcp *tcp, uint8_t *start, const struct syn *syn)
{
	uint8_t *p = put32(start, (uint32_t)(OPT_MSS << 24 | 4 << 16) | syn->mss);

	p = tcp->conf.option_order == WR_TCP_ORDER_FREEBSD ? put_as_freebsd(p, syn)
	                                                   : put_as_linux(p, syn);
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

/* What the usual segment carries. */
struct head {
	struct wr_seq seq, ack;
	uint16_t wnd;
	uint16_t flags; /* WR_TCP_* */
	bool ts;        /* timestamps, before other options */
	uint32_t ts_val, ts_ecr;
};

struct options {
	unsigned bytes;
	uint8_t text[40];
};

static unsigned options_bytes(const struct head *head, const struct options *options)
{
	return options->bytes + (head->ts ? TS_OPTION : 0);
}

/* With `bytes` bytes of options; returns the place of those behind the timestamps. */
static __rte_always_inline uint8_t *push_head(struct rte_mbuf *m, const struct wr_tuple *t,
                                              const struct head *head, unsigned bytes)
{
	unsigned len = (unsigned)sizeof(struct rte_tcp_hdr) + bytes;
	struct rte_tcp_hdr *h = (struct rte_tcp_hdr *)rte_pktmbuf_prepend(m, (uint16_t)len);
	uint8_t *options = (uint8_t *)(h + 1);
	uint16_t offset_and_flags;

	h->src_port = rte_cpu_to_be_16(t->lport);
	h->dst_port = rte_cpu_to_be_16(t->rport);
	h->sent_seq = rte_cpu_to_be_32(head->seq.n);
	h->recv_ack = rte_cpu_to_be_32(head->ack.n);
	/* The offset in four bits, and AE, go before the other flags. */
	offset_and_flags = rte_cpu_to_be_16((uint16_t)(len << 10 | head->flags));
	memcpy(&h->data_off, &offset_and_flags, sizeof(offset_and_flags));
	h->rx_win = rte_cpu_to_be_16(head->wnd);
	h->cksum = 0; /* by wr_ip_output() */
	h->tcp_urp = 0;
	return head->ts ? put_ts(options, head->ts_val, head->ts_ecr) : options;
}

static void push_header(struct rte_mbuf *m, const struct wr_tuple *t, const struct head *head,
                        const struct options *options)
{
	uint8_t *behind = push_head(m, t, head, options_bytes(head, options));

	memcpy(behind, options->text, options->bytes);
}

/* RFC 7413 section 2, padded as Linux does. */
static unsigned put_cookie(uint8_t *p, const struct wr_fastopen *cookie)
{
	unsigned bytes = 2u + cookie->bytes, padded = (bytes + 3) & ~3u;

	p[0] = OPT_FASTOPEN;
	p[1] = (uint8_t)bytes;
	memcpy(p + 2, cookie->cookie, cookie->bytes);
	memset(p + bytes, OPT_NOP, padded - bytes);
	return padded;
}

/* Room for a signature comes first. */
static void begin_options(struct options *options, bool is_signed)
{
	options->bytes = 0;
	if (is_signed) {
		tcp_md5_reserve(options->text);
		options->bytes = TCP_MD5_OPTION;
	}
}

/* Of a SYN-ACK. */
static void put_first_accecn(struct options *options)
{
	unsigned room = (unsigned)sizeof(options->text) - options->bytes;

	options->bytes += tcp_accecn_put_first(options->text + options->bytes, room);
}

/* A SYN or SYN-ACK. */
static void push_syn(const struct wr_tcp *tcp, struct rte_mbuf *m, const struct wr_tuple *t,
                     const struct head *head, const struct syn *syn)
{
	struct options options;

	begin_options(&options, syn->is_signed);
	options.bytes += put_syn_options(tcp, options.text + options.bytes, syn);
	if (syn->cookie)
		options.bytes += put_cookie(options.text + options.bytes, syn->cookie);
	if (syn->accecn)
		put_first_accecn(&options);
	push_header(m, t, head, &options);
	if (syn->is_signed)
		tcp_md5_sign(tcp, t, m);
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

/*
 * What every segment of an open connection carries, `flags` beside ACK; the ACK that was owed
 * is in it.
 */
static __rte_always_inline struct head head_of(struct wr_tcp *tcp, struct wr_tcb *c,
                                               struct wr_seq seq, uint8_t flags)
{
	const struct head head = {
		.seq = seq,
		.ack = c->rcv.nxt,
		.wnd = tcp_advertise(tcp, c),
		.flags = flags | WR_TCP_ACK | (c->cc.ece ? WR_TCP_ECE : 0),
		.ts = c->flags & WR_TCB_TS,
		.ts_val = tcp_ts_now(tcp, c->ts_offset),
		.ts_ecr = c->ts_recent,
	};

	c->rcv.acked = c->rcv.nxt;
	c->flags &= (uint16_t) ~(WR_TCB_ACK_NOW | WR_TCB_DELACK | WR_TCB_WNDUP);
	c->rare &= (uint16_t)~WR_TCB_DELACK_ARMED;
	return head;
}

/* As many blocks as fit into `room` bytes of options. */
static void add_sack(struct wr_tcp *tcp, struct wr_tcb *c, struct options *options,
                     uint32_t room)
{
	struct wr_sack block[WR_SACK_MAX];
	unsigned max = room < 4 ? 0 : (room - 4) / 8, n;
	bool dsack = c->rare & WR_TCB_DSACK;

	n = tcp_reorder_blocks(tcp, c, block, wr_min(max, WR_SACK_MAX));
	if (n == 0)
		return;
	options->bytes += put_sack(options->text + options->bytes, block, n);
	if (dsack)
		WR_COUNT(tcp->stats, tcp_dsack_sent, 1);
}

/* Are timestamps all the options that its segments carry, and marks nothing to it? */
static bool is_plain(const struct wr_tcb *c)
{
	return (c->flags & (WR_TCB_TS | WR_TCB_REORDER)) == WR_TCB_TS &&
	       !(c->rare & WR_TCB_DSACK) && !c->cc.ecn;
}

static bool owes_sack(const struct wr_tcb *c)
{
	return (c->flags & WR_TCB_SACK) &&
	       ((c->flags & WR_TCB_REORDER) || (c->rare & WR_TCB_DSACK));
}

/* Option bytes that are kept for SACK: two blocks go before AccECN, RFC 9768 3.2.3.3. */
static uint32_t sack_reserve(const struct wr_tcb *c)
{
	uint32_t blocks = (c->rare & WR_TCB_DSACK) != 0;

	if (!owes_sack(c))
		return 0;
	if (c->flags & WR_TCB_REORDER)
		blocks += c->reorder->pieces;
	return 4 + 8 * wr_min(blocks, 2);
}

/* ACE field and option, in `room` bytes; returns how many are left. */
static uint32_t add_accecn(struct wr_tcp *tcp, struct wr_tcb *c, struct head *head,
                           struct options *options, uint32_t len, uint32_t room)
{
	uint32_t reserve = sack_reserve(c), used;
	const struct tcp_accecn_out out = {
		.seq = head->seq,
		.len = len,
		.is_ack = len == 0 && !(head->flags & (WR_TCP_FIN | WR_TCP_RST)),
		.has_sack = reserve > 0,
		.at = options->text + options->bytes,
		.room = room - wr_min(room, reserve),
	};

	head->flags |= wr_tcp_ace_flags(tcp_accecn_ace(tcp, c, &out));
	if (head->flags & WR_TCP_RST)
		return 0;
	used = tcp_accecn_put(tcp, c, &out);
	options->bytes += used;
	/* An ACK that tells of marks on ACKs alone has no blocks, section 3.2.2.5.1. */
	return tcp_accecn_is_bare(tcp, c) ? 0 : room - used;
}

/* What timestamps and a signature leave room for, beside `len` bytes of text. */
static void add_options(struct wr_tcp *tcp, struct wr_tcb *c, struct head *head,
                        struct options *options, uint32_t len)
{
	uint32_t room = (uint32_t)sizeof(options->text) - options_bytes(head, options);

	if (len)
		room = wr_min(room, c->cc.smss - wr_min(len, c->cc.smss));
	if (c->cc.accecn)
		room = add_accecn(tcp, c, head, options, len, room);
	if (owes_sack(c) && !(head->flags & WR_TCP_RST))
		add_sack(tcp, c, options, room);
}

void tcp_send_control(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_seq seq, uint8_t flags,
                      enum wr_cause cause)
{
	struct rte_mbuf *m = tcp_new_buffer(tcp);
	bool is_signed = tcb_is_signed(tcp, c);
	struct options options;
	struct head head;

	if (!m) {
		tcb_owe_ack(tcp, c); /* tried again at the next flush */
		return;
	}
	head = head_of(tcp, c, seq, flags);
	begin_options(&options, is_signed);
	if (wr_unlikely(!is_plain(c)))
		add_options(tcp, c, &head, &options, 0);
	push_header(m, &c->tuple, &head, &options);
	if (wr_unlikely(is_signed))
		tcp_md5_sign(tcp, &c->tuple, m);
	send_tcb(tcp, c, m, 0, cause);
}

static __rte_noinline void send_with_options(struct wr_tcp *tcp, struct wr_tcb *c,
                                             struct rte_mbuf *m, const struct tcp_text *text,
                                             enum wr_cause cause)
{
	struct head head = head_of(tcp, c, text->seq, text->flags);
	bool is_signed = tcb_is_signed(tcp, c);
	struct options options;
	uint8_t ect = 0;

	begin_options(&options, is_signed);
	add_options(tcp, c, &head, &options, text->len);
	/* RFC 3168 section 6.1.5: text sent again is not marked. */
	if (c->cc.ecn && cause == WR_CAUSE_tcp_data)
		ect = tcp_ecn_marks_text(tcp, c, &head.flags);
	push_header(m, &c->tuple, &head, &options);
	if (is_signed)
		tcp_md5_sign(tcp, &c->tuple, m);
	send_tcb(tcp, c, m, ect, cause);
}

void tcp_send_segment(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m,
                      const struct tcp_text *text, enum wr_cause cause)
{
	struct head head;

	if (wr_unlikely(!is_plain(c))) {
		send_with_options(tcp, c, m, text, cause);
		return;
	}
	head = head_of(tcp, c, text->seq, text->flags);
	head.ts = true;
	push_head(m, &c->tuple, &head, TS_OPTION);
	send_tcb(tcp, c, m, 0, cause);
}

void tcp_send_syn(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_cause cause)
{
	bool reply = c->state == WR_TCP_SYN_RECEIVED, is_signed = tcb_is_signed(tcp, c);
	bool first = wr_seq_eq(c->snd.nxt, c->iss);
	bool again = cause == WR_CAUSE_tcp_synack_rexmit;
	struct wr_fastopen cookie;
	uint32_t bytes = 0; /* of text */
	bool asks = first && !reply && tcb_options(tcp, c)->fastopen &&
	            tcp_fastopen_asks(tcp, c, &cookie, &bytes);
	const struct syn syn = {
		.mss = tcp_mss_offer(tcp, tcb_options(tcp, c)),
		.wscale = tcp_rcv_shift(tcp),
		.has_wscale = tcp->conf.wscale && (!reply || c->rcv_shift || c->snd_shift),
		.sack = reply ? c->flags & WR_TCB_SACK : tcp->conf.sack,
		.ts = reply ? c->flags & WR_TCB_TS : tcp->conf.timestamps && !is_signed,
		.is_signed = is_signed,
		.ts_val = tcp_ts_now(tcp, c->ts_offset),
		.ts_ecr = reply ? c->ts_recent : 0,
		.cookie = asks ? &cookie : NULL,
		.accecn = reply && c->cc.accecn && !again,
	};
	struct head head = {
		.seq = c->iss,
		.ack = reply ? c->rcv.nxt : wr_seq(0),
		.wnd = (uint16_t)(reply ? tcb_rcv_wnd(c) : tcp_first_window(tcp)),
		.flags = WR_TCP_SYN,
	};
	struct rte_mbuf *m = tcp_new_buffer(tcp);

	if (first)
		c->snd.nxt = wr_seq_add(c->iss, m ? 1 + bytes : 1);
	if (first && tcb_is_fastopen(c)) /* text may follow at once */
		c->snd.una = c->snd.nxt;
	if (reply)
		c->rcv.acked = c->rcv.nxt;
	tcp_arm_rto(tcp, c);
	c->flags &= (uint16_t) ~(WR_TCB_ACK_NOW | WR_TCB_DELACK);
	if (!m)
		return; /* the timer tries again */
	head.flags |= reply ? WR_TCP_ACK | tcp_ecn_own_synack_flags(tcp, c, again)
	                    : tcp_ecn_syn_flags(tcp, c);
	tcp_fastopen_append(c, m, bytes);
	push_syn(tcp, m, &c->tuple, &head, &syn);
	send_tcb(tcp, c, m, 0, cause);
}

bool tcp_send_bare_syn(struct wr_tcp *tcp, const struct wr_tuple *tuple)
{
	bool is_signed = tcp_md5_has_key(tcp, tuple);
	uint32_t ts_offset;
	struct head head = {
		.seq = tcp_isn(tcp, tuple, &ts_offset),
		.wnd = tcp_first_window(tcp),
		.flags = WR_TCP_SYN,
	};
	const struct syn syn = {
		.mss = tcp->conf.mss,
		.wscale = tcp_rcv_shift(tcp),
		.has_wscale = tcp->conf.wscale,
		.sack = tcp->conf.sack,
		.ts = tcp->conf.timestamps && !is_signed,
		.is_signed = is_signed,
		.ts_val = tcp_ts_now(tcp, ts_offset),
	};
	struct rte_mbuf *m = tcp_new_buffer(tcp);

	if (!m)
		return false;
	push_syn(tcp, m, tuple, &head, &syn);
	send_ip(tcp, m, tuple, 0, 0, NULL, WR_CAUSE_tcp_syn_bare);
	return true;
}

static void send_synack(struct wr_tcp *tcp, const struct wr_owed *owed)
{
	struct wr_half_open *h = &tcp->half_open[owed->half_open];
	const struct wr_tcp_options *options = &tcp->listener[h->listener].options;
	struct wr_fastopen cookie;
	struct syn syn = {
		.mss = tcp_mss_offer(tcp, options),
		.wscale = tcp_rcv_shift(tcp),
		.has_wscale = h->wscale && tcp->conf.wscale,
		.sack = h->sack && tcp->conf.sack,
		.ts = h->ts,
		.is_signed = tcp_md5_has_key(tcp, &h->tuple),
		.ts_val = tcp_ts_now(tcp, h->ts_offset),
		.ts_ecr = h->ts_recent,
		.accecn = h->ecn == TCP_ECN_ACCURATE && owed->cause == WR_CAUSE_tcp_synack,
	};
	struct head head = {
		.seq = h->iss,
		.ack = wr_seq_add(h->irs, 1),
		.wnd = tcp_first_window(tcp),
		.flags = WR_TCP_SYN | WR_TCP_ACK | tcp_ecn_synack_flags(h),
	};
	struct rte_mbuf *m;

	if (!h->used || !wr_tuple_eq(&h->tuple, &owed->tuple))
		return; /* ended within the same burst */
	if (h->grants && owed->cause == WR_CAUSE_tcp_synack) {
		tcp_fastopen_cookie(tcp, &h->tuple, &cookie);
		syn.cookie = &cookie;
	}
	m = tcp_new_buffer(tcp);
	if (!m)
		return; /* the record's timer tries again */
	push_syn(tcp, m, &h->tuple, &head, &syn);
	send_ip(tcp, m, &h->tuple, options->tos & 0xfc, options->ttl, &h->neigh,
	        (enum wr_cause)owed->cause);
}

/* Of a SYN-ACK whose number is a cookie. */
static unsigned put_cookie_options(const struct wr_tcp *tcp, uint8_t *start,
                                   const struct wr_owed *owed)
{
	const struct syn syn = {
		.mss = tcp_mss_offer(tcp, &tcp->listener[owed->listener].options),
		.wscale = tcp_rcv_shift(tcp),
		.has_wscale = owed->wscale,
		.sack = owed->sack,
		.ts = owed->ts,
		.ts_val = owed->ts_val,
		.ts_ecr = owed->ts_ecr,
	};

	return put_syn_options(tcp, start, &syn);
}

void tcp_send_owed(struct wr_tcp *tcp, const struct wr_owed *owed)
{
	struct head head = {
		.seq = owed->seq,
		.ack = owed->ack,
		.wnd = owed->wnd,
		.flags = owed->flags,
		.ts = owed->ts && !(owed->flags & WR_TCP_SYN),
		.ts_val = owed->ts_val,
		.ts_ecr = owed->ts_ecr,
	};
	bool is_signed = tcp_md5_has_key(tcp, &owed->tuple);
	struct options options;
	struct rte_mbuf *m;

	if (owed->half_open != UINT32_MAX) {
		send_synack(tcp, owed);
		return;
	}
	m = tcp_new_buffer(tcp);
	if (!m)
		return;
	begin_options(&options, is_signed);
	if (owed->flags & WR_TCP_SYN)
		options.bytes += put_cookie_options(tcp, options.text + options.bytes, owed);
	if (owed->accecn)
		put_first_accecn(&options);
	push_header(m, &owed->tuple, &head, &options);
	if (is_signed)
		tcp_md5_sign(tcp, &owed->tuple, m);
	send_ip(tcp, m, &owed->tuple, owed->tos & 0xfc, owed->ttl, NULL,
	        (enum wr_cause)owed->cause);
}
