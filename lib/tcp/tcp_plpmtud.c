/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Path MTU discovery without ICMP: RFC 4821, with the search of RFC 8899 section 5.3.
 *
 * Full segments that time out again and again, while nothing else is known, may be too long
 * for a router that says nothing: then they become shorter, and when text gets through again
 * the search goes upwards, by segments that are longer than the others and hold text that has
 * to be sent anyway. A probe that is lost alone is no sign of congestion (RFC 4821
 * section 7.5).
 */

#include <rte_memcpy.h>

#include "tcp.h"
#include "tcp_board.h"
#include "tcp_loss.h"
#include "tcp_out.h"
#include "tcp_pace.h"
#include "tcp_path.h"
#include "tcp_segment.h"

#define TRIES     2  /* probes of one length that are lost until it is too long */
#define EXACT     16 /* bytes: the search ends when so few are in doubt */
#define FOLLOWERS 3  /* segments behind a probe, whose ACKs tell that it is lost */

static struct tcp_path *path_of(struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return &tcp->path[c->path];
}

/* ---- downwards ---- */

/*
 * The next length to fall back to from `len` bytes; 0: none. RFC 4821 section 7.7: below what
 * every path takes to halves of it, as Linux, since nothing but our own losses is believed
 * here; but only after as many time-outs as longer segments would have needed to get there.
 */
static uint32_t next_below(const struct wr_tcp *tcp, const struct wr_tcb *c, uint32_t len)
{
	uint32_t least = WR_PATH_FLOOR - tcp_path_overhead(tcp, c);
	uint32_t floor = tcp->conf.mtu_floor_mss;

	if (len > tcp->conf.mtu_base_mss && tcp->conf.mtu_base_mss > least)
		return tcp->conf.mtu_base_mss;
	if (len > least)
		return least;
	if (len <= floor || c->backoff < tcp->conf.r1_rexmits + 2)
		return 0;
	return wr_max(len / 2, floor);
}

void tcp_path_timed_out(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct wr_path known = wr_path_get(tcp->ip, c->tuple.raddr, tcp->now_us);
	uint32_t mss = known.mtu - tcp_path_overhead(tcp, c);
	uint32_t len = wr_min(wr_buf(c->sq_head)->len, c->cc.smss);

	if (mss < c->cc.smss) { /* another connection was told */
		tcp_path_narrow(tcp, c, mss);
		return;
	}
	if (tcp->conf.mtu_probing == WR_TCP_MTU_PROBING_OFF || !tcp_is_past_r1(tcp, c))
		return;
	mss = next_below(tcp, c, len);
	if (mss == 0)
		return;
	tcp_path_narrow(tcp, c, mss);
	if (c->searching) {
		path_of(tcp, c)->proven = false;
		path_of(tcp, c)->due_tick = tcp->now_tick;
	}
	WR_COUNT(tcp->stats, tcp_mtu_black_holes, 1);
}

/*
 * Segments of `mss` bytes arrive: other connections to that host may know. Not if they are
 * shorter than those of any path: that has to be found by each.
 */
static void tell_others(struct wr_tcp *tcp, const struct wr_tcb *c, uint32_t mss)
{
	uint32_t mtu = mss + tcp_path_overhead(tcp, c);

	if (mtu >= WR_PATH_FLOOR)
		wr_path_put(tcp->ip, c->tuple.raddr, (uint16_t)mtu, tcp->now_us);
}

/* ---- upwards ---- */

/*
 * RFC 4821 section 7.4: a window waits until it has room for the probe and those behind it. One
 * that never grows, but in bytes with its segments, gets there in steps, from five segments on.
 */
static uint32_t what_fits(const struct wr_tcb *c, uint32_t len)
{
	const struct wr_cc_ops *ops = wr_cc_ops(&c->cc);
	uint32_t behind = FOLLOWERS * c->cc.smss, window;

	if (!ops->most)
		return len;
	window = ops->most(&c->cc);
	return window > behind + c->cc.smss ? wr_min(len, window - behind) : len;
}

/* What to try next; 0: the round is over. First the goal itself: most paths get well again. */
static uint32_t next_length(const struct wr_tcb *c, const struct tcp_path *p)
{
	if (p->high < c->cc.smss + EXACT && p->high != p->full)
		return 0;
	if (p->lost)
		return p->probe;
	return what_fits(c, p->halving ? (c->cc.smss + p->high + 1u) / 2 : p->high);
}

/* Moves `len` bytes from the buffers that begin with c->sq_next into `one`; returns the rest.
 */
static struct rte_mbuf *take_text(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *one,
                                  uint32_t len)
{
	struct rte_mbuf *m = c->sq_next;

	while (len) {
		struct wr_buf *b = wr_buf(m);
		uint32_t part = wr_min(b->len, len);
		struct rte_mbuf *next = b->next;

		rte_memcpy(rte_pktmbuf_append(one, (uint16_t)part),
		           (const char *)m->buf_addr + b->text_off, part);
		len -= part;
		if (part < b->len) {
			b->seq += part;
			b->len -= part;
			b->text_off = (uint16_t)(b->text_off + part);
			return m;
		}
		c->sq_count--;
		tcp_unhold(tcp, m);
		m = next;
	}
	return m;
}

/* Makes the next buffer to be sent `len` bytes long, or longer. False: no buffer. */
static bool gather(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t len)
{
	struct rte_mbuf *before, *one, *rest;
	struct wr_buf *b;

	if (wr_buf(c->sq_next)->len >= len)
		return true;
	one = tcp_new_buffer(tcp);
	if (!one)
		return false;
	if (rte_pktmbuf_tailroom(one) < len) {
		rte_pktmbuf_free(one);
		return false;
	}
	b = wr_buf(one);
	*b = *wr_buf(c->sq_next);
	b->flags = 0;
	b->len = len;
	b->text_off = one->data_off;
	before = tcp_last_sent(c);
	rest = take_text(tcp, c, one, len);
	b->next = rest; /* may_probe(): there is some */
	*(before ? &wr_buf(before)->next : &c->sq_head) = one;
	c->sq_next = one;
	c->sq_count++;
	tcp->held++;
	return true;
}

/*
 * Is this a moment at which the loss of one segment would be understood? Without SACK duplicate
 * ACKs of where the last recovery ended tell nothing, RFC 6582 section 3.2.
 */
static bool may_probe(const struct wr_tcp *tcp, const struct wr_tcb *c, uint32_t len)
{
	uint32_t all = len + FOLLOWERS * c->cc.smss;

	if (!(c->flags & WR_TCB_SACK) && wr_seq_eq(c->snd.nxt, c->recover))
		return false;
	return wr_seq_span(c->snd.nxt, c->sq_end) >= all && c->cc.cwnd >= all &&
	       c->snd.wnd >= tcb_flight(c) + len &&
	       !wr_path_get(tcp->ip, c->tuple.raddr, tcp->now_us).cut;
}

static void send_probe(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t len)
{
	struct tcp_path *p = path_of(tcp, c);
	struct wr_seq seq = c->snd.nxt;

	if (!gather(tcp, c, len) || !tcp_repair_attach(tcp, c))
		return;
	if (!tcp_send_next(tcp, c, len, 0))
		return;
	p->out = true;
	p->probe = (uint16_t)len;
	p->probe_seq = seq;
	WR_COUNT(tcp->stats, tcp_mtu_probes, 1);
}

bool tcp_path_probe(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct tcp_path *p = path_of(tcp, c);
	uint32_t len;

	if (c->flags & (WR_TCB_LOSS | WR_TCB_RECOVERY | WR_TCB_RTO | WR_TCB_PERSIST))
		return true;
	if (!p->proven) { /* text got through again */
		p->proven = true;
		tell_others(tcp, c, c->cc.smss);
	}
	if (c->backoff || !wr_tick_reached(p->due_tick, tcp->now_tick))
		return true;
	len = next_length(c, p);
	if (len == 0) {
		tcp_path_rest(tcp, p);
		return true;
	}
	if (!may_probe(tcp, c, len) || (c->cc.timed && !tcp_pace_allows(tcp, c)))
		return true;
	if (tcb_flight(c) + len > c->cc.cwnd)
		return false;
	send_probe(tcp, c, len);
	return true;
}

/* ---- what became of it ---- */

bool tcp_path_is_probing(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return c->searching && tcp->path[c->path].out;
}

void tcp_path_sent_again(struct wr_tcp *tcp, const struct wr_tcb *c)
{
	path_of(tcp, c)->out = false;
}

/* Longer segments are good for all connections to that host. */
void tcp_path_acked(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct tcp_path *p = path_of(tcp, c);

	if (!p->out || !wr_seq_le(wr_seq_add(p->probe_seq, p->probe), c->snd.una))
		return;
	p->out = false;
	p->lost = 0;
	c->cc.smss = p->probe;
	/*
	 * They may have been cut since the probe left; RFC 5681 section 3.1: LW, and equation
	 * 4. With less than a segment nothing would ever leave.
	 */
	c->cc.cwnd = wr_max(c->cc.cwnd, c->cc.smss);
	c->cc.ssthresh = wr_max(c->cc.ssthresh, 2u * c->cc.smss);
	if (p->probe < p->full) {
		tell_others(tcp, c, p->probe);
		return;
	}
	wr_path_put(tcp->ip, c->tuple.raddr, UINT16_MAX, tcp->now_us);
	tcp_path_detach(tcp, c);
}

void tcp_path_probe_failed(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t high)
{
	struct tcp_path *p = path_of(tcp, c);

	p->out = false;
	p->lost = 0;
	p->halving = high + 1 == p->probe; /* else it was told, and may be right */
	p->high = (uint16_t)high;
	WR_COUNT(tcp->stats, tcp_mtu_probes_lost, 1);
	tcp_path_send_again(tcp, c, c->cc.smss);
}

bool tcp_path_lost_probe(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct tcp_path *p = path_of(tcp, c);

	if (!p->out || !wr_seq_eq(c->snd.una, p->probe_seq) || c->lost - c->rexmit > p->probe)
		return false;
	if (p->lost + 1 == TRIES) {
		tcp_path_probe_failed(tcp, c, p->probe - 1u);
		return true;
	}
	p->out = false;
	p->lost++;
	WR_COUNT(tcp->stats, tcp_mtu_probes_lost, 1);
	tcp_path_send_again(tcp, c, c->cc.smss);
	return true;
}
