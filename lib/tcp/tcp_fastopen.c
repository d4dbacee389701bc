/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_malloc.h>
#include <rte_memcpy.h>

#include "tcp_in.h"
#include "tcp_md5.h"
#include "tcp_open.h"
#include "tcp_rtt.h"
#include "tcp_timer.h"
#include "wr_path.h"

#define COOKIE_BYTES      8
#define RESET_COUNTS_US   (60 * 1000 * 1000)
#define WAYS              4  /* peers of a set */
#define SYN_OPTIONS       40 /* bytes that text in a SYN leaves to options, at most */
#define BLOCKED_US        (60 * 1000 * 1000ull)
#define BLOCKED_DOUBLINGS 6 /* about an hour at most */

/* A server, as one address of ours sees it: cookies are made of both addresses. */
struct tcp_fastopen_peer {
	uint64_t blocked_until_us; /* SYNs with the option were lost; 0: they were not */
	uint32_t laddr, raddr;     /* raddr 0: unused */
	uint16_t mss;              /* bytes, of the server's SYN-ACK */
	uint8_t losses;            /* in a row */
	struct wr_fastopen cookie; /* bytes 0: none */
};

/* ---- tables ---- */

static uint32_t sets_of(const struct wr_tcp_conf *conf)
{
	return rte_align32pow2((conf->fastopen_peers + WAYS - 1) / WAYS);
}

uint64_t tcp_fastopen_bytes(const struct wr_tcp_conf *conf)
{
	uint64_t peers = conf->fastopen_peers ? (uint64_t)sets_of(conf) * WAYS : 0;

	return peers * sizeof(struct tcp_fastopen_peer) +
	       (uint64_t)conf->fastopen_pending * sizeof(uint32_t);
}

int tcp_fastopen_init(struct wr_tcp *tcp, const struct wr_sipkey *key, int socket)
{
	const struct wr_tcp_conf *conf = &tcp->conf;
	struct tcp_fastopen *fast = &tcp->fastopen;

	fast->keys = conf->fastopen_keys;
	memcpy(fast->key, conf->fastopen_key, sizeof(fast->key));
	if (fast->keys == 0) {
		fast->keys = 1;
		fast->key[0] =
			(struct wr_sipkey) {wr_siphash24(key, 7, 0), wr_siphash24(key, 7, 1)};
	}
	if (conf->fastopen_pending) {
		fast->reset_tick = rte_zmalloc_socket("fast open resets",
		                                      conf->fastopen_pending * sizeof(uint32_t),
		                                      WR_CACHE_LINE, socket);
		if (!fast->reset_tick)
			return -ENOMEM;
	}
	if (!conf->fastopen_peers)
		return 0;
	fast->sets = sets_of(conf);
	fast->peer = rte_zmalloc_socket("fast open peers",
	                                (size_t)fast->sets * WAYS * sizeof(*fast->peer),
	                                WR_CACHE_LINE, socket);
	return fast->peer ? 0 : -ENOMEM;
}

void tcp_fastopen_fini(struct wr_tcp *tcp)
{
	rte_free(tcp->fastopen.reset_tick);
	rte_free(tcp->fastopen.peer);
}

/* ---- cookies ---- */

/* Both addresses as an IPv4 header from the client has them, read as one little-endian word. */
static uint64_t addresses(const struct wr_tuple *t)
{
	return (uint64_t)rte_bswap32(t->laddr) << 32 | rte_bswap32(t->raddr);
}

static uint64_t cookie_word(const struct wr_sipkey *key, const struct wr_tuple *t)
{
	return rte_cpu_to_le_64(wr_siphash24_word(key, addresses(t)));
}

void tcp_fastopen_cookie(const struct wr_tcp *tcp, const struct wr_tuple *tuple,
                         struct wr_fastopen *out)
{
	uint64_t word = cookie_word(&tcp->fastopen.key[0], tuple);

	out->bytes = COOKIE_BYTES;
	memcpy(out->cookie, &word, sizeof(word));
}

/* By the key in use, or the one of before. */
static bool is_valid(const struct wr_tcp *tcp, const struct wr_tuple *tuple,
                     const struct wr_fastopen *cookie)
{
	uint64_t word;

	if (cookie->bytes != COOKIE_BYTES)
		return false;
	memcpy(&word, cookie->cookie, sizeof(word));
	for (unsigned i = 0; i < tcp->fastopen.keys; i++)
		if (cookie_word(&tcp->fastopen.key[i], tuple) == word)
			return true;
	return false;
}

/* Signed SYNs have no room for a cookie beside what else they say. */
static bool takes_part(const struct wr_tcp *tcp, const struct wr_frame *f, int listener)
{
	return tcp->listener[listener].options.fastopen && tcp->conf.fastopen_pending &&
	       !tcp_md5_has_key(tcp, &f->tuple);
}

bool tcp_fastopen_deserves(const struct wr_tcp *tcp, const struct wr_frame *f, int listener)
{
	struct wr_fastopen theirs;

	return takes_part(tcp, f, listener) && wr_tcp_parse_fastopen(&f->seg, &theirs) &&
	       !is_valid(tcp, &f->tuple, &theirs);
}

/* ---- server: pending connections ---- */

static bool is_full(struct wr_tcp *tcp)
{
	struct tcp_fastopen *fast = &tcp->fastopen;
	uint32_t most = tcp->conf.fastopen_pending;

	while (fast->resets &&
	       wr_tick_reached(fast->reset_tick[fast->reset_head], tcp->now_tick)) {
		fast->reset_head = (fast->reset_head + 1) % most;
		fast->resets--;
	}
	return fast->opening + fast->resets >= most;
}

void tcp_fastopen_left(struct wr_tcp *tcp)
{
	tcp->fastopen.opening--;
}

void tcp_fastopen_was_reset(struct wr_tcp *tcp)
{
	struct tcp_fastopen *fast = &tcp->fastopen;
	uint32_t next = fast->reset_head + fast->resets++; /* it is still one of `opening` */

	fast->reset_tick[next % tcp->conf.fastopen_pending] =
		wr_tick_after(tcp->now_tick, RESET_COUNTS_US);
}

/* ---- server: the SYN ---- */

/* The SYN-ACK, which acknowledges the text too, leaves with the next flush. */
static void enter_syn_received(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg)
{
	c->snd.una = c->snd.nxt = c->iss;
	c->snd.wl1 = seg->seq;
	c->snd.wnd = c->max_wnd = seg->wnd; /* never scaled on a SYN */
	wr_stat_add(&tcp->stats->connections[WR_TCP_SYN_RECEIVED], 1);
	tcp_count_transition(tcp, WR_TCP_LISTEN, WR_TCP_SYN_RECEIVED);
	c->state = WR_TCP_SYN_RECEIVED;
	c->state_tick = tcp->now_tick;
	tcp->fastopen.opening++;
	WR_COUNT(tcp->stats, tcp_fastopen_passive, 1);
	tcb_arm_limits(tcp, c);
	tcb_pend(tcp, c);
}

static enum wr_verdict take_text(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f)
{
	struct wr_seq before = c->rcv.nxt;
	enum wr_verdict v = tcp_process_text(tcp, c, f);

	if (!wr_seq_eq(c->rcv.nxt, before)) /* there may be no buffer to keep it in */
		c->rare |= WR_TCB_FAST;
	return v;
}

static enum wr_verdict open_at_once(struct wr_tcp *tcp, struct wr_frame *f, int listener)
{
	struct wr_seg *seg = &f->seg;
	struct wr_half_open h;
	struct wr_tcb *c;

	tcp_half_open_of(tcp, f, listener, &h);
	c = tcp_open_passively(tcp, &h, f->hash, WR_FLOW_NONE);
	if (!c)
		return WR_V_NEXT;
	enter_syn_received(tcp, c, seg);
	if (!tcb_events(tcp, c)->on_open(tcp, c)) {
		tcp_owe_reset(tcp, f, WR_V_tcp_refused); /* as of a closed port */
		tcb_end(tcp, c, WR_REASON_aborted);
		return WR_V_tcp_refused;
	}
	if (c->state == WR_TCP_CLOSED)
		return WR_V_tcp_accepted;
	seg->flags &= (uint8_t)~WR_TCP_SYN;
	seg->seq = c->rcv.nxt;
	seg->len--;
	return seg->len ? take_text(tcp, c, f) : WR_V_tcp_accepted;
}

enum wr_verdict tcp_fastopen_syn(struct wr_tcp *tcp, struct wr_frame *f, int listener)
{
	struct wr_fastopen theirs;
	enum wr_verdict v;

	if (!takes_part(tcp, f, listener) || !wr_tcp_parse_fastopen(&f->seg, &theirs))
		return WR_V_NEXT;
	if (theirs.bytes == 0) {
		WR_COUNT(tcp->stats, tcp_fastopen_cookie_reqd, 1);
		return WR_V_NEXT;
	}
	if (!is_valid(tcp, &f->tuple, &theirs)) {
		WR_COUNT(tcp->stats, tcp_fastopen_passive_fail, 1);
		return WR_V_NEXT;
	}
	if (is_full(tcp)) {
		WR_COUNT(tcp->stats, tcp_fastopen_listen_overflow, 1);
		return WR_V_NEXT;
	}
	v = tcp_open_allowed(tcp, (unsigned)listener, f);
	return v == WR_V_NEXT ? open_at_once(tcp, f, listener) : v;
}

void tcp_fastopen_completed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	c->flags &= (uint16_t)~WR_TCB_RTO_ARMED;
	c->backoff = 0;
	if (c->syn_rexmits == 0)
		tcp_rtt_sample(c, (tcp->now_tick - c->opened_tick) << WR_TICK_SHIFT);
	WR_COUNT(tcp->stats, tcp_passive_opens, 1);
	tcb_arm_limits(tcp, c);
	if (tcb_flight(c)) /* the answer, whose timer was the SYN-ACK's so far */
		tcp_arm_rto(tcp, c);
	tcb_pend(tcp, c); /* a FIN may have waited */
}

/* ---- client: what is known of servers ---- */

static struct tcp_fastopen_peer *set_of(const struct wr_tcp *tcp, const struct wr_tuple *t)
{
	uint64_t hash = wr_siphash13(&tcp->tuple_key, addresses(t), 0);

	return &tcp->fastopen.peer[(hash & (tcp->fastopen.sets - 1)) * WAYS];
}

/* NULL: nothing is known. */
static struct tcp_fastopen_peer *find_peer(const struct wr_tcp *tcp, const struct wr_tuple *t)
{
	struct tcp_fastopen_peer *p = set_of(tcp, t);

	for (unsigned i = 0; i < WAYS; i++, p++)
		if (p->raddr == t->raddr && p->laddr == t->laddr)
			return p;
	return NULL;
}

/* The peer's record; a new one takes a free place, or that of another as time chooses. */
static struct tcp_fastopen_peer *get_peer(const struct wr_tcp *tcp, const struct wr_tuple *t)
{
	struct tcp_fastopen_peer *p = find_peer(tcp, t), *set = set_of(tcp, t);

	if (p)
		return p;
	p = &set[tcp->now_tick % WAYS];
	for (unsigned i = 0; i < WAYS && p->raddr; i++)
		if (set[i].raddr == 0)
			p = &set[i];
	*p = (struct tcp_fastopen_peer) {.laddr = t->laddr, .raddr = t->raddr};
	return p;
}

static bool is_blocked(const struct wr_tcp *tcp, const struct tcp_fastopen_peer *p)
{
	return p && p->blocked_until_us > tcp->now_us;
}

/* Has c asked, or does it want to? */
static bool wants(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return tcp->fastopen.peer && tcb_options(tcp, c)->fastopen && !tcb_is_signed(tcp, c);
}

/* Text that a SYN can carry to that server, options at their longest; bytes. */
static uint32_t syn_room(const struct wr_tcp *tcp, const struct wr_tcb *c, uint16_t mss_peer)
{
	uint32_t mtu = wr_path_get(tcp->ip, c->tuple.raddr, tcp->now_us).mtu;
	uint32_t mss = wr_min(mss_peer, tcp_mss_offer(tcp, tcb_options(tcp, c)));

	mss = wr_min(mss, mtu - 40);
	return mss > SYN_OPTIONS ? mss - SYN_OPTIONS : 0;
}

bool tcp_fastopen_asks(struct wr_tcp *tcp, const struct wr_tcb *c, struct wr_fastopen *out,
                       uint32_t *bytes)
{
	uint32_t queued = wr_seq_span(c->snd.una, c->sq_end) - 1;
	const struct tcp_fastopen_peer *p;

	*bytes = 0;
	if (!wants(tcp, c))
		return false;
	p = find_peer(tcp, &c->tuple);
	if (is_blocked(tcp, p))
		return false;
	*out = p ? p->cookie : (struct wr_fastopen) {.bytes = 0};
	if (out->bytes)
		*bytes = wr_min(queued, syn_room(tcp, c, p->mss));
	return true;
}

void tcp_fastopen_append(const struct wr_tcb *c, struct rte_mbuf *m, uint32_t bytes)
{
	const struct rte_mbuf *from = c->sq_head;

	while (bytes) {
		const struct wr_buf *b = (const struct wr_buf *)(from + 1);
		uint32_t n = wr_min(b->len, bytes);

		rte_memcpy(rte_pktmbuf_append(m, (uint16_t)n),
		           (const char *)from->buf_addr + b->text_off, n);
		bytes -= n;
		from = b->next;
	}
}

/* ---- client: the answer ---- */

/*
 * Section 4.1.3.1: the SYN was lost until it left without the option: for a while, longer with
 * each such loss, nobody asks this server again.
 */
static void block(struct wr_tcp *tcp, struct tcp_fastopen_peer *p)
{
	p->blocked_until_us = tcp->now_us + (BLOCKED_US << p->losses);
	if (p->losses < BLOCKED_DOUBLINGS)
		p->losses++;
	WR_COUNT(tcp->stats, tcp_fastopen_blackhole, 1);
}

static void learn(struct wr_tcp *tcp, const struct wr_tcb *c, const struct wr_seg *seg,
                  bool all_taken)
{
	struct tcp_fastopen_peer *p = find_peer(tcp, &c->tuple);
	struct wr_fastopen cookie;

	if (is_blocked(tcp, p))
		return;
	if (wr_tcp_parse_fastopen(seg, &cookie) && cookie.bytes) {
		p = get_peer(tcp, &c->tuple);
		p->cookie = cookie;
		p->mss = (uint16_t)wr_max(c->mss_peer, tcp->conf.mss_min);
		p->losses = 0;
	} else if (c->syn_rexmits && !all_taken) {
		block(tcp, get_peer(tcp, &c->tuple));
	} else if (p && all_taken) {
		p->losses = 0;
	}
}

/* Frees the first `bytes` of the queue, none of which counts as sent. */
static void free_taken(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t bytes)
{
	while (bytes) {
		struct rte_mbuf *m = c->sq_head;
		struct wr_buf *b = wr_buf(m);

		if (bytes < b->len) {
			b->seq += bytes;
			b->len -= bytes;
			b->text_off = (uint16_t)(b->text_off + bytes);
			break;
		}
		bytes -= b->len;
		c->sq_head = b->next;
		c->sq_count--;
		tcp_unhold(tcp, m);
	}
	c->sq_next = c->sq_head;
	if (!c->sq_head)
		c->sq_tail = NULL;
}

void tcp_fastopen_answered(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg)
{
	struct wr_seq first = wr_seq_add(c->iss, 1);
	uint32_t sent = wr_seq_span(first, c->snd.nxt);
	uint32_t taken = wr_seq_span(first, seg->ack);

	if (wants(tcp, c))
		learn(tcp, c, seg, sent && taken == sent);
	c->snd.una = c->snd.nxt = seg->ack;
	c->acked_seq = first;
	if (!sent)
		return;
	free_taken(tcp, c, taken);
	WR_COUNT(tcp->stats, tcp_bytes_out, taken);
	WR_COUNT(tcp->stats, tcp_bytes_acked, taken);
	if (taken < sent) {
		WR_COUNT(tcp->stats, tcp_fastopen_active_fail, 1);
		return;
	}
	WR_COUNT(tcp->stats, tcp_fastopen_active, 1);
	c->rare |= WR_TCB_FAST;
}
