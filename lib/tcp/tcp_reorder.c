/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text that came before its turn: a list of buffers in order of sequence number that never
 * overlap (the first copy of a byte is kept), bounded by bytes with overhead and by count.
 * What is in it is what SACK reports: RFC 2018, RFC 2883.
 */

#include <rte_memcpy.h>

#include "tcp.h"

#define OVERHEAD 256 /* bytes charged for each buffer besides its text */

static struct wr_reorder *attach(struct wr_tcp *tcp, struct wr_tcb *c)
{
	uint32_t index = tcp->free_reorder;

	if (c->reorder || index == UINT32_MAX)
		return c->reorder;
	c->reorder = &tcp->reorder[index];
	tcp->free_reorder = c->reorder->next_free;
	*c->reorder = (struct wr_reorder) {0};
	c->flags |= WR_TCB_REORDER;
	return c->reorder;
}

static void detach(struct wr_tcp *tcp, struct wr_tcb *c)
{
	c->reorder->next_free = tcp->free_reorder;
	tcp->free_reorder = (uint32_t)(c->reorder - tcp->reorder);
	c->reorder = NULL;
	c->flags &= (uint16_t)~WR_TCB_REORDER;
}

static void uncharge(struct wr_tcp *tcp, struct wr_reorder *r, uint32_t len)
{
	r->bytes -= len + OVERHEAD;
	r->pieces--;
	tcp->held--;
	WR_COUNT(tcp->stats, tcp_ooo_segments, -1);
}

void tcp_reorder_free(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct wr_reorder *r = c->reorder;

	if (!r)
		return;
	while (r->head) {
		struct rte_mbuf *m = r->head;

		r->head = wr_buf(m)->next;
		uncharge(tcp, r, wr_buf(m)->len);
		rte_pktmbuf_free(m);
	}
	detach(tcp, c);
}

static struct wr_seq left_of(const struct wr_buf *b)
{
	return wr_seq(b->seq);
}

static struct wr_seq right_of(const struct wr_buf *b)
{
	return wr_seq(b->seq + b->len);
}

/* The block around `seq`: pieces that touch each other. False: there is none any more. */
static bool block_around(const struct wr_reorder *r, struct wr_seq seq, struct wr_sack *out)
{
	bool open = false;

	for (struct rte_mbuf *m = r->head; m; m = wr_buf(m)->next) {
		const struct wr_buf *b = wr_buf(m);

		if (b->len == 0)
			continue; /* a FIN alone is not text */
		if (open && wr_seq_eq(out->right, left_of(b))) {
			out->right = right_of(b);
			continue;
		}
		if (open && wr_seq_le(out->left, seq) && wr_seq_lt(seq, out->right))
			return true;
		out->left = left_of(b);
		out->right = right_of(b);
		open = true;
	}
	return open && wr_seq_le(out->left, seq) && wr_seq_lt(seq, out->right);
}

/*
 * Remembers which block to report first. One that grows keeps its place, so that the others
 * are repeated (RFC 2018 section 4).
 */
static void touch(struct wr_reorder *r, struct wr_seq seq)
{
	unsigned n = r->recents < WR_SACK_MAX ? r->recents : WR_SACK_MAX - 1;
	struct wr_sack block = {0};

	if (r->recents && block_around(r, r->recent[0], &block) && wr_seq_le(block.left, seq) &&
	    wr_seq_lt(seq, block.right))
		return;
	for (unsigned i = n; i > 0; i--)
		r->recent[i] = r->recent[i - 1];
	r->recent[0] = seq;
	r->recents = (uint8_t)(n + 1);
}

/* Small text that continues the piece before it moves into that buffer. */
static bool join(struct wr_tcp *tcp, struct wr_reorder *r, struct rte_mbuf *before,
                 struct rte_mbuf *m, uint32_t len, bool fin)
{
	struct wr_buf *b = before ? wr_buf(before) : NULL;

	if (!b || right_of(b).n != wr_buf(m)->seq || (b->flags & WR_BUF_FIN) ||
	    !tcp_can_append(before, len))
		return false;
	rte_memcpy(rte_pktmbuf_append(before, (uint16_t)len), rte_pktmbuf_mtod(m, char *), len);
	b->len += len;
	r->bytes += len;
	if (fin)
		b->flags |= WR_BUF_FIN;
	rte_pktmbuf_free(m);
	WR_COUNT(tcp->stats, tcp_coalesced, 1);
	return true;
}

/* Cuts from [seq, seq+len) what pieces from *link on already have at its front. */
static void cut_front(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_buf *before,
                      struct wr_seg *seg)
{
	uint32_t cut;

	if (!before || wr_seq_le(right_of(before), seg->seq))
		return;
	cut = wr_min(wr_seq_span(seg->seq, right_of(before)), seg->text_len);
	tcp_note_duplicate(tcp, c, seg->seq, wr_seq_add(seg->seq, cut));
	seg->seq = wr_seq_add(seg->seq, cut);
	seg->text_off = (uint16_t)(seg->text_off + cut);
	seg->text_len = (uint16_t)(seg->text_len - cut);
}

/*
 * Drops pieces that the new segment covers whole, once their text stands in it: the first
 * copy counts. Cuts its end at a piece that it reaches into.
 */
static void cut_behind(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf **link,
                       struct wr_frame *f)
{
	struct wr_seg *seg = &f->seg;

	while (*link && seg->text_len) {
		struct rte_mbuf *m = *link;
		struct wr_buf *b = wr_buf(m);
		struct wr_seq end = wr_seq_add(seg->seq, seg->text_len);

		if (wr_seq_le(end, left_of(b)))
			return;
		if (wr_seq_lt(end, right_of(b))) {
			tcp_note_duplicate(tcp, c, left_of(b), end);
			seg->text_len = (uint16_t)wr_seq_span(seg->seq, left_of(b));
			seg->flags &= (uint8_t)~WR_TCP_FIN;
			return;
		}
		tcp_note_duplicate(tcp, c, left_of(b), right_of(b));
		rte_memcpy(rte_pktmbuf_mtod_offset(f->m, char *,
		                                   seg->text_off +
		                                           wr_seq_span(seg->seq, left_of(b))),
		           rte_pktmbuf_mtod(m, char *), b->len);
		if (b->flags & WR_BUF_FIN)
			seg->flags |= WR_TCP_FIN;
		*link = b->next;
		uncharge(tcp, c->reorder, b->len);
		rte_pktmbuf_free(m);
	}
}

static bool has_room(const struct wr_tcp *tcp, const struct wr_tcb *c, uint32_t len)
{
	return c->reorder->pieces < tcp->conf.ooo_pieces &&
	       c->reorder->bytes + len + OVERHEAD <= tcp->conf.ooo_bytes &&
	       tcb_may_hold(tcp, c);
}

enum wr_verdict tcp_reorder_add(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f)
{
	struct wr_reorder *r = attach(tcp, c);
	struct rte_mbuf **link, *before = NULL, *m = f->m;
	struct wr_seg *seg = &f->seg;
	struct wr_buf *b = wr_buf(m);
	bool fin;

	if (!r)
		return WR_V_tcp_out_of_order_full;
	for (link = &r->head; *link && wr_seq_le(left_of(wr_buf(*link)), seg->seq);
	     link = &wr_buf(*link)->next)
		before = *link;
	if (seg->text_len) {
		cut_front(tcp, c, before ? wr_buf(before) : NULL, seg);
		if (seg->text_len == 0) {
			touch(r, wr_seq(wr_buf(before)->seq));
			return WR_V_tcp_duplicate;
		}
		cut_behind(tcp, c, link, f);
	}
	if (!has_room(tcp, c, seg->text_len)) {
		if (!r->head)
			detach(tcp, c);
		return WR_V_tcp_out_of_order_full;
	}

	fin = seg->flags & WR_TCP_FIN;
	m->data_off = (uint16_t)(m->data_off + seg->text_off);
	m->data_len = seg->text_len;
	m->pkt_len = seg->text_len;
	f->m = NULL;
	*b = (struct wr_buf) {.seq = seg->seq.n, .len = seg->text_len};
	if (!join(tcp, r, before, m, seg->text_len, fin)) {
		b->next = *link;
		b->flags = fin ? WR_BUF_FIN : 0;
		*link = m;
		r->bytes += b->len + OVERHEAD;
		r->pieces++;
		tcp->held++;
		WR_COUNT(tcp->stats, tcp_ooo_segments, 1);
	}
	if (seg->text_len)
		touch(r, seg->seq);
	return WR_V_tcp_out_of_order;
}

struct rte_mbuf *tcp_reorder_next(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct wr_reorder *r = c->reorder;
	struct rte_mbuf *m = r->head;
	struct wr_buf *b;

	if (!m || wr_seq_lt(c->rcv.nxt, left_of(wr_buf(m))))
		return NULL;
	b = wr_buf(m);
	r->head = b->next;
	uncharge(tcp, r, b->len);
	if (wr_seq_lt(left_of(b), c->rcv.nxt)) {
		uint32_t old = wr_min(wr_seq_span(left_of(b), c->rcv.nxt), b->len);

		tcp_note_duplicate(tcp, c, left_of(b), wr_seq_add(left_of(b), old));
		rte_pktmbuf_adj(m, (uint16_t)old);
		b->seq += old;
		b->len -= old;
	}
	if (!r->head)
		detach(tcp, c);
	return m;
}

void tcp_note_duplicate(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_seq left,
                        struct wr_seq right)
{
	if (!tcp->conf.dsack || !(c->flags & WR_TCB_SACK) || wr_seq_eq(left, right) ||
	    (c->rare & WR_TCB_DSACK))
		return;
	c->rare |= WR_TCB_DSACK;
	c->dsack = (struct wr_sack) {left, right};
}

static bool reported(const struct wr_sack *out, unsigned n, const struct wr_sack *s)
{
	for (unsigned i = 0; i < n; i++)
		if (wr_seq_eq(out[i].left, s->left) && wr_seq_eq(out[i].right, s->right))
			return true;
	return false;
}

unsigned tcp_reorder_blocks(struct wr_tcb *c, struct wr_sack *out, unsigned max)
{
	const struct wr_reorder *r = c->reorder;
	unsigned n = 0, first;

	if ((c->rare & WR_TCB_DSACK) && max) {
		out[n++] = c->dsack;
		c->rare &= (uint16_t)~WR_TCB_DSACK;
	}
	first = n;
	for (unsigned i = 0; r && i < r->recents && n < max; i++) {
		struct wr_sack s;

		if (block_around(r, r->recent[i], &s) && !reported(out + first, n - first, &s))
			out[n++] = s;
	}
	return n;
}
