/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs: text out of order without a gap, a chain of buffers. The notes on its first buffer
 * stand for the run. Runs of a connection form a treap by sequence number, whose priorities a
 * peer cannot guess: so to find a place costs about the logarithm of their number, in whatever
 * order they come.
 */

#include "tcp_run.h"
#include "tcp.h"

static struct rte_mbuf **lower(struct rte_mbuf *m)
{
	return &wr_buf(m)->earlier;
}

static struct rte_mbuf **higher(struct rte_mbuf *m)
{
	return &wr_buf(m)->later;
}

static bool is_before(struct rte_mbuf *m, struct rte_mbuf *other)
{
	return wr_seq_lt(tcp_run_left(m), tcp_run_left(other));
}

static bool outranks(struct rte_mbuf *m, struct rte_mbuf *other)
{
	return wr_buf(m)->run.rank >= wr_buf(other)->run.rank;
}

/* Where a run's parent, or the root, says where it is. */
static struct rte_mbuf **link_of(struct wr_tcp *tcp, struct wr_reorder *r, struct rte_mbuf *m)
{
	struct rte_mbuf **link = &r->root;

	for (; *link != m; link = is_before(m, *link) ? lower(*link) : higher(*link))
		WR_COUNT(tcp->stats, tcp_ooo_steps, 1);
	return link;
}

struct rte_mbuf *tcp_run_find(struct wr_tcp *tcp, const struct wr_reorder *r, struct wr_seq seq,
                              struct rte_mbuf **beyond)
{
	struct rte_mbuf *before = NULL, *m = r->root;

	*beyond = NULL;
	while (m) {
		WR_COUNT(tcp->stats, tcp_ooo_steps, 1);
		if (wr_seq_le(tcp_run_left(m), seq)) {
			before = m;
			m = *higher(m);
		} else {
			*beyond = m;
			m = *lower(m);
		}
	}
	return before;
}

struct rte_mbuf *tcp_run_lowest(struct wr_tcp *tcp, const struct wr_reorder *r)
{
	struct rte_mbuf *m = r->root;

	for (; m && *lower(m); m = *lower(m))
		WR_COUNT(tcp->stats, tcp_ooo_steps, 1);
	return m;
}

static struct rte_mbuf *highest(struct wr_tcp *tcp, const struct wr_reorder *r)
{
	struct rte_mbuf *m = r->root;

	for (; m && *higher(m); m = *higher(m))
		WR_COUNT(tcp->stats, tcp_ooo_steps, 1);
	return m;
}

void tcp_run_add(struct wr_tcp *tcp, struct wr_reorder *r, struct rte_mbuf *m)
{
	struct wr_buf *b = wr_buf(m);
	struct rte_mbuf **link = &r->root, **less = lower(m), **more = higher(m), *rest;

	b->run.last = m;
	b->run.end = b->seq + b->len;
	b->run.rank = (uint32_t)wr_siphash24(&tcp->tuple_key, b->seq, r->pieces);
	while (*link && outranks(*link, m)) {
		WR_COUNT(tcp->stats, tcp_ooo_steps, 1);
		link = is_before(m, *link) ? lower(*link) : higher(*link);
	}
	rest = *link;
	*link = m;
	while (rest) { /* what it outranks is parted at it */
		WR_COUNT(tcp->stats, tcp_ooo_steps, 1);
		if (is_before(rest, m)) {
			*less = rest;
			less = higher(rest);
			rest = *less;
		} else {
			*more = rest;
			more = lower(rest);
			rest = *more;
		}
	}
	*less = *more = NULL;
	if (!r->top || is_before(r->top, m))
		r->top = m;
}

void tcp_run_remove(struct wr_tcp *tcp, struct wr_reorder *r, struct rte_mbuf *m)
{
	struct rte_mbuf **link = link_of(tcp, r, m), *less = *lower(m), *more = *higher(m);

	while (less && more) {
		WR_COUNT(tcp->stats, tcp_ooo_steps, 1);
		if (outranks(less, more)) {
			*link = less;
			link = higher(less);
			less = *link;
		} else {
			*link = more;
			link = lower(more);
			more = *link;
		}
	}
	*link = less ? less : more;
	*lower(m) = *higher(m) = NULL;
	if (r->top == m)
		r->top = highest(tcp, r);
}

void tcp_run_append(struct rte_mbuf *run, struct rte_mbuf *m)
{
	struct wr_buf *b = wr_buf(run);

	wr_buf(b->run.last)->next = m;
	wr_buf(m)->earlier = b->run.last;
	wr_buf(m)->next = wr_buf(m)->later = NULL;
	b->run.last = m;
	b->run.end = wr_buf(m)->seq + wr_buf(m)->len;
}

void tcp_run_prepend(struct wr_tcp *tcp, struct wr_reorder *r, struct rte_mbuf *run,
                     struct rte_mbuf *m)
{
	struct wr_buf *b = wr_buf(m), *old = wr_buf(run);

	*link_of(tcp, r, run) = m;
	b->earlier = old->earlier;
	b->later = old->later;
	b->run = old->run;
	b->next = run;
	old->earlier = m;
	old->later = NULL;
	if (r->top == run)
		r->top = m;
}

void tcp_run_join(struct wr_tcp *tcp, struct wr_reorder *r, struct rte_mbuf *run,
                  struct rte_mbuf *next)
{
	struct wr_buf *b = wr_buf(run);

	tcp_run_remove(tcp, r, next);
	wr_buf(b->run.last)->next = next;
	wr_buf(next)->earlier = b->run.last;
	b->run.last = wr_buf(next)->run.last;
	b->run.end = wr_buf(next)->run.end;
	if (!r->top || is_before(r->top, run))
		r->top = run;
}

struct rte_mbuf *tcp_run_cut_last(struct wr_tcp *tcp, struct wr_reorder *r,
                                  struct rte_mbuf *run)
{
	struct wr_buf *b = wr_buf(run);
	struct rte_mbuf *last = b->run.last;

	if (last == run) {
		tcp_run_remove(tcp, r, run);
		return run;
	}
	b->run.last = wr_buf(last)->earlier;
	wr_buf(b->run.last)->next = NULL;
	b->run.end = wr_buf(last)->seq;
	return last;
}
