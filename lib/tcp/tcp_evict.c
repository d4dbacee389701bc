/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who must go. A peer may keep its window closed for ever (MUST-37), and ten thousand such
 * peers keep all buffers: sockstress, CVE-2008-4609. RFC 6429 lets a host end connections for
 * want of resources; those go that hold most and have made no progress for longest. And what a
 * service has closed is nobody's any more: how long it may linger, and how many of its kind,
 * is limited.
 *
 * While three quarters of the buffers are held all connections are looked at in passes, which
 * note what stands first in their queues; while seven eighths are, connections end in which
 * that has stood for too long. What is left meanwhile is for those that progress:
 * tcb_may_hold().
 */

#include "tcp_evict.h"
#include "tcp_board.h"
#include "tcp_reorder.h"
#include "tcp_segment.h"

#define PASS_LEAST   125   /* ticks: 16 ms, in which all connections are looked at once */
#define A_TICK       128   /* connections, in large tables: a million in a second */
#define SLICE_MOST   1024  /* of them at a time */
#define SLOW_MS      1000  /* without progress, beside four round trips */
#define DIRE_PART    8     /* of patience is left when nothing is left for newcomers */
#define STALLED_MOST 30000 /* ms: what is longer is not told apart */
#define ORPHAN_LEAST 7813  /* ticks: 1 s of closing, before it has to make room */
#define ORPHANS_SEEN 64    /* records looked at for one orphan */

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

/* How long m has been found first in its queue: ms. */
static uint32_t stalled_ms(const struct wr_tcp *tcp, struct rte_mbuf *m)
{
	uint16_t *first = &wr_buf(m)->first_ms;
	uint16_t stalled = (uint16_t)(tcp->now_ms - *first);

	if (*first == 0 || stalled > STALLED_MOST) {
		stalled = *first == 0 ? 0 : STALLED_MOST;
		*first = (uint16_t)(tcp->now_ms - stalled);
		*first = (uint16_t)(*first + (*first == 0));
	}
	return stalled;
}

/*
 * Does the peer take nothing, by its own word; or, if it never did, has its time run out? Who
 * took text before may be on a path that is down for a moment.
 */
static bool takes_nothing(const struct wr_tcb *c)
{
	if (c->flags & WR_TCB_PERSIST)
		return c->snd.wnd < wr_tcp_queued(c);
	return c->backoff && tcb_is_stranger(c);
}

/* ms without progress that are forgiven. */
static uint32_t patience_ms(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	uint32_t shut = tcp->conf.evict_shut_ms, trips = c->srtt_us / 250;
	bool dire = tcp_is_dire(tcp);

	if (takes_nothing(c))
		return dire ? shut / DIRE_PART : shut;
	if (dire && tcb_is_stranger(c))
		return shut / DIRE_PART + trips;
	return wr_max(shut, SLOW_MS) + trips;
}

/* The peer still has what came out of order, RFC 2018 section 8: that may be enough. */
static void let_go(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if ((c->flags & WR_TCB_REORDER) && c->reorder->pieces > c->sq_count) {
		WR_COUNT(tcp->stats, tcp_ooo_reneged, c->reorder->pieces);
		tcp_reorder_free(tcp, c);
	} else {
		reset(tcp, c, WR_REASON_evicted);
	}
}

static void look_at(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct tcp_evict *e = &tcp->evict;
	struct rte_mbuf *m = c->state == WR_TCP_CLOSED ? NULL : oldest_buffer(c);
	uint32_t stalled;
	uint64_t weight;

	if (!m)
		return;
	stalled = stalled_ms(tcp, m);
	if (stalled == 0 || stalled < patience_ms(tcp, c))
		return;
	weight = (uint64_t)stalled * tcb_held(c);
	if (weight >= e->limit && tcp_is_out(tcp) && wr_ip_out_room(tcp->ip) > TCP_OUT_RESERVE)
		let_go(tcp, c);
	else
		e->worst = weight > e->worst ? weight : e->worst;
}

static uint32_t pass_ticks(const struct wr_tcp *tcp)
{
	return wr_max(PASS_LEAST, tcp->conf.connections / A_TICK);
}

static void begin_pass(struct wr_tcp *tcp)
{
	struct tcp_evict *e = &tcp->evict;

	e->cursor = 0;
	e->began_tick = tcp->now_tick;
	e->limit = e->worst / 2;
	e->worst = 0;
}

/* How far the pass should be by now. */
static uint32_t due(const struct wr_tcp *tcp)
{
	uint64_t ticks, n;

	if (tcp_is_dire(tcp))
		return tcp->conf.connections;
	ticks = tcp->now_tick - tcp->evict.began_tick;
	n = tcp->conf.connections * ticks / pass_ticks(tcp) + 1;
	return n < tcp->conf.connections ? (uint32_t)n : tcp->conf.connections;
}

void tcp_evict_run(struct wr_tcp *tcp)
{
	struct tcp_evict *e = &tcp->evict;
	uint32_t age = tcp->now_tick - e->began_tick, pass = pass_ticks(tcp), to;
	bool done = e->cursor >= tcp->conf.connections;

	if ((done && (age >= pass || tcp_is_dire(tcp))) || age >= 4 * pass)
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
		end_orphan(tcp, NULL, ORPHAN_LEAST);
}
