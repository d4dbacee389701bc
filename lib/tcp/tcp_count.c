/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 6675 section 4, IsLost(): what has DupThresh stretches SACKed above it, or more than
 * DupThresh - 1 segments, is lost. Bytes and stretches are counted as they are marked, behind
 * the place up to which all is SACKed or LOST: each ACK goes on from there, and no buffer is
 * passed twice.
 */

#include "tcp_count.h"
#include "tcp_board.h"

static bool is_sacked(struct rte_mbuf *m)
{
	return m && (wr_buf(m)->flags & WR_BUF_SACKED);
}

static bool is_counted(const struct wr_repair *r, struct rte_mbuf *m)
{
	return !r->passed || wr_seq_lt(wr_seq(wr_buf(r->passed)->seq), wr_seq(wr_buf(m)->seq));
}

void tcp_count_sacked(struct wr_tcb *c, struct rte_mbuf *m, struct rte_mbuf *before)
{
	struct wr_repair *r = c->repair;

	if (!is_counted(r, m))
		return;
	r->above += wr_buf(m)->len;
	r->runs++;
	r->runs -= is_sacked(before) && is_counted(r, before);
	r->runs -= is_sacked(wr_buf(m)->next);
}

/* The first that is counted, and SACKed, no longer is. */
static void discount(struct wr_repair *r, struct rte_mbuf *m)
{
	r->above -= wr_buf(m)->len;
	r->runs -= !is_sacked(wr_buf(m)->next);
}

void tcp_count_acked(struct wr_tcb *c, struct rte_mbuf *m)
{
	if (is_sacked(m) && is_counted(c->repair, m))
		discount(c->repair, m);
}

void tcp_count_anew(struct wr_tcb *c)
{
	c->repair->passed = NULL;
	c->repair->miscounted = true;
}

static void count(struct wr_tcb *c)
{
	struct wr_repair *r = c->repair;

	r->above = r->runs = 0;
	for (struct rte_mbuf *m = c->sq_head; m && m != c->sq_next; m = wr_buf(m)->next) {
		if (!is_sacked(m))
			continue;
		r->above += wr_buf(m)->len;
		r->runs += !is_sacked(wr_buf(m)->next);
	}
	r->miscounted = false;
}

void tcp_mark_lost_by_count(struct wr_tcb *c)
{
	struct wr_repair *r = c->repair;
	struct rte_mbuf *m;

	if (r->miscounted)
		count(c);
	m = r->passed ? wr_buf(r->passed)->next : c->sq_head;
	for (; m && m != c->sq_next; m = wr_buf(m)->next) {
		if (is_sacked(m))
			discount(r, m);
		else if (r->runs >= TCP_DUP_THRESH ||
		         r->above > (TCP_DUP_THRESH - 1) * c->cc.smss)
			tcp_mark_lost(c, m);
		else if (!(wr_buf(m)->flags & WR_BUF_LOST))
			return; /* there is only less above the others */
		r->passed = m;
	}
}
