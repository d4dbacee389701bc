/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who must go. A peer may keep its window closed for ever (MUST-37), and ten thousand such
 * peers keep all buffers: sockstress, CVE-2008-4609. RFC 6429 lets a host end connections for
 * want of resources; those go that have made no progress for longest. And what a service has
 * closed is nobody's any more: how long it may linger, and how many of its kind, is limited.
 */

#include "tcp.h"
#include "tcp_evict.h"
#include "tcp_segment.h"

#define PASS_TICKS   7813 /* 1 s: in which all connections are looked at once */
#define SLICE_MOST   1024 /* of them at a time */
#define AGE_LEAST    4    /* passes without progress, before a connection may be ended */
#define ORPHANS_SEEN 64   /* records looked at for one orphan */

/* ---- buffers ---- */

/* As long as it stays the same there is no progress. */
static struct rte_mbuf *oldest_buffer(const struct wr_tcb *c)
{
	if (c->sq_head)
		return c->sq_head;
	if (c->flags & WR_TCB_HELD)
		return c->rcvq_head;
	return c->flags & WR_TCB_REORDER ? c->reorder->root : NULL;
}

static void reset(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	if (c->state > WR_TCP_SYN_SENT)
		tcp_send_control(tcp, c, c->snd.nxt, WR_TCP_RST, WR_CAUSE_tcp_rst);
	tcb_end(tcp, c, reason);
}

static void look_at(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct tcp_evict *e = &tcp->evict;
	struct rte_mbuf *m = c->state == WR_TCP_CLOSED ? NULL : oldest_buffer(c);

	if (!m)
		return;
	if (wr_buf(m)->age < UINT8_MAX)
		wr_buf(m)->age++;
	e->oldest = wr_max(e->oldest, wr_buf(m)->age);
	if (wr_buf(m)->age >= e->age && tcp_is_out(tcp))
		reset(tcp, c, WR_REASON_evicted);
}

static void begin_pass(struct wr_tcp *tcp)
{
	struct tcp_evict *e = &tcp->evict;

	e->cursor = 0;
	e->began_tick = tcp->now_tick;
	e->age = wr_max(AGE_LEAST, e->oldest);
	e->oldest = 0;
}

/* How far the pass should be by now. */
static uint32_t due(const struct wr_tcp *tcp)
{
	uint64_t ticks = tcp->now_tick - tcp->evict.began_tick;
	uint64_t n = tcp->conf.connections * ticks / PASS_TICKS + 1;

	return n < tcp->conf.connections ? (uint32_t)n : tcp->conf.connections;
}

void tcp_evict_run(struct wr_tcp *tcp)
{
	struct tcp_evict *e = &tcp->evict;
	uint32_t age = tcp->now_tick - e->began_tick, to;

	if ((e->cursor >= tcp->conf.connections && age >= PASS_TICKS) || age >= 4 * PASS_TICKS)
		begin_pass(tcp);
	to = wr_min(due(tcp), e->cursor + SLICE_MOST);
	for (; e->cursor < to; e->cursor++)
		look_at(tcp, &tcp->tcb[e->cursor]);
}

/* ---- orphans ---- */

static bool is_orphan(const struct wr_tcb *c)
{
	return c->state == WR_TCP_FIN_WAIT_1 || c->state == WR_TCP_FIN_WAIT_2 ||
	       c->state == WR_TCP_CLOSING || c->state == WR_TCP_LAST_ACK;
}

static uint64_t orphans(const struct wr_tcp *tcp)
{
	const uint64_t *level = tcp->stats->connections;

	return level[WR_TCP_FIN_WAIT_1] + level[WR_TCP_FIN_WAIT_2] + level[WR_TCP_CLOSING] +
	       level[WR_TCP_LAST_ACK];
}

/* Of some that come next in the table, ends the one that has been closing for longest. */
static void end_orphan(struct wr_tcp *tcp, const struct wr_tcb *but, uint32_t least_ticks)
{
	struct wr_tcb *worst = NULL;

	for (unsigned i = 0; i < ORPHANS_SEEN; i++) {
		struct wr_tcb *c = &tcp->tcb[tcp->evict.orphan++ % tcp->conf.connections];

		if (c == but || !is_orphan(c) || tcp->now_tick - c->state_tick < least_ticks)
			continue;
		if (!worst || wr_tick_reached(c->state_tick, worst->state_tick))
			worst = c;
	}
	if (worst)
		reset(tcp, worst, WR_REASON_orphaned);
}

void tcp_orphan_one_more(struct wr_tcp *tcp, const struct wr_tcb *c)
{
	if (wr_unlikely(tcp->conf.orphans && orphans(tcp) > tcp->conf.orphans))
		end_orphan(tcp, c, 0);
}

void tcp_orphan_make_room(struct wr_tcp *tcp)
{
	if (tcp->free_tcbs <= wr_min(tcp->conf.connections / 8, ORPHANS_SEEN) &&
	    orphans(tcp) > 0)
		end_orphan(tcp, NULL, PASS_TICKS);
}
