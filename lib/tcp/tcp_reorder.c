/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text that came before its turn: runs of buffers that never overlap (the first copy of a byte
 * is kept), bounded by bytes with overhead and by count. What is in it is what SACK reports:
 * RFC 2018, RFC 2883.
 */

#include <rte_memcpy.h>

#include "tcp.h"
#include "tcp_reorder.h"
#include "tcp_run.h"
#include "tcp_tune.h"

#define OVERHEAD   256 /* bytes charged for each buffer besides its text */
#define PRUNE_MOST 16  /* buffers given up for one that comes */

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

static void charge(struct wr_tcp *tcp, struct wr_reorder *r, uint32_t len)
{
	r->bytes += len + OVERHEAD;
	r->pieces++;
	tcp->held++;
	WR_COUNT(tcp->stats, tcp_ooo_segments, 1);
}

static void uncharge(struct wr_tcp *tcp, struct wr_reorder *r, uint32_t len)
{
	r->bytes -= len + OVERHEAD;
	r->pieces--;
	tcp->held--;
	WR_COUNT(tcp->stats, tcp_ooo_segments, -1);
}

static void give_up(struct wr_tcp *tcp, struct wr_reorder *r, struct rte_mbuf *m)
{
	uncharge(tcp, r, wr_buf(m)->len);
	rte_pktmbuf_free(m);
}

static void give_up_chain(struct wr_tcp *tcp, struct wr_reorder *r, struct rte_mbuf *m)
{
	while (m) {
		struct rte_mbuf *next = wr_buf(m)->next;

		give_up(tcp, r, m);
		m = next;
	}
}

void tcp_reorder_free(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct wr_reorder *r = c->reorder;

	if (!r)
		return;
	give_up_chain(tcp, r, r->ready);
	while (r->root) {
		struct rte_mbuf *run = r->root;

		tcp_run_remove(tcp, r, run);
		give_up_chain(tcp, r, run);
	}
	detach(tcp, c);
}

/* The block around `seq`: a run. False: there is none any more. */
static bool block_around(struct wr_tcp *tcp, const struct wr_reorder *r, struct wr_seq seq,
                         struct wr_sack *out)
{
	struct rte_mbuf *beyond, *run = tcp_run_find(tcp, r, seq, &beyond);

	if (!run || wr_seq_le(tcp_run_end(run), seq))
		return false;
	*out = (struct wr_sack) {tcp_run_left(run), tcp_run_end(run)};
	return true;
}

/*
 * Remembers which block to report first. One that grows keeps its place, so that the others
 * are repeated (RFC 2018 section 4).
 */
static void touch(struct wr_reorder *r, struct rte_mbuf *run, struct wr_seq seq)
{
	unsigned n = r->recents < WR_SACK_MAX ? r->recents : WR_SACK_MAX - 1;

	if (r->recents && wr_seq_le(tcp_run_left(run), r->recent[0]) &&
	    wr_seq_lt(r->recent[0], tcp_run_end(run)))
		return;
	for (unsigned i = n; i > 0; i--)
		r->recent[i] = r->recent[i - 1];
	r->recent[0] = seq;
	r->recents = (uint8_t)(n + 1);
}

/* Cuts from the segment what the run before it has already. */
static void cut_front(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *before,
                      struct wr_seg *seg)
{
	uint32_t cut;

	if (!before || wr_seq_le(tcp_run_end(before), seg->seq))
		return;
	cut = wr_min(wr_seq_span(seg->seq, tcp_run_end(before)), seg->text_len);
	tcp_note_duplicate(tcp, c, seg->seq, wr_seq_add(seg->seq, cut));
	seg->seq = wr_seq_add(seg->seq, cut);
	seg->text_off = (uint16_t)(seg->text_off + cut);
	seg->text_len = (uint16_t)(seg->text_len - cut);
}

/* The run lies within the segment: its text moves there, as the first copy counts. */
static void swallow(struct wr_tcp *tcp, struct wr_reorder *r, struct rte_mbuf *run,
                    struct wr_frame *f)
{
	struct wr_seg *seg = &f->seg;

	tcp_run_remove(tcp, r, run);
	while (run) {
		const struct wr_buf *b = wr_buf(run);
		struct rte_mbuf *next = b->next;
		uint32_t at = wr_seq_span(seg->seq, wr_seq(b->seq));

		rte_memcpy(rte_pktmbuf_mtod_offset(f->m, char *, seg->text_off + at),
		           rte_pktmbuf_mtod(run, char *), b->len);
		if (b->flags & WR_BUF_FIN) { /* nothing follows it */
			seg->flags |= WR_TCP_FIN;
			seg->text_len = (uint16_t)(at + b->len);
		}
		give_up(tcp, r, run);
		run = next;
	}
}

/* What of the segment lies in runs from *beyond on: those it covers go, another cuts it. */
static void cut_behind(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf **beyond,
                       struct wr_frame *f)
{
	struct wr_seg *seg = &f->seg;

	while (*beyond && seg->text_len) {
		struct wr_seq left = tcp_run_left(*beyond), right = tcp_run_end(*beyond);
		struct wr_seq end = wr_seq_add(seg->seq, seg->text_len);

		if (wr_seq_le(end, left))
			return;
		if (wr_seq_lt(end, right)) {
			tcp_note_duplicate(tcp, c, left, end);
			seg->text_len = (uint16_t)wr_seq_span(seg->seq, left);
			seg->flags &= (uint8_t)~WR_TCP_FIN;
			return;
		}
		tcp_note_duplicate(tcp, c, left, right);
		swallow(tcp, c->reorder, *beyond, f);
		tcp_run_find(tcp, c->reorder, seg->seq, beyond);
	}
}

/* What is said for the first window holds in proportion for one that has grown. */
static uint64_t grown(const struct wr_tcp *tcp, const struct wr_tcb *c, uint32_t limit)
{
	if (wr_likely(!c->tuned))
		return limit;
	return (uint64_t)limit * tcb_rcv_buf(tcp, c) / tcp->conf.rcv_buf;
}

static bool has_room(const struct wr_tcp *tcp, const struct wr_tcb *c, uint32_t len)
{
	const struct wr_reorder *r = c->reorder;

	return r->pieces < grown(tcp, c, tcp->conf.ooo_pieces) &&
	       (uint64_t)r->bytes + len + OVERHEAD <= grown(tcp, c, tcp->conf.ooo_bytes) &&
	       tcb_may_hold(tcp, c);
}

/*
 * Text that is nearer to RCV.NXT is worth more: what lies beyond it gives way, from the far
 * end, RFC 2018 section 8. The peer still has that text.
 */
static bool make_room(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg)
{
	struct wr_reorder *r = c->reorder;
	struct wr_seq end = wr_seq_add(seg->seq, seg->text_len);

	for (unsigned i = 0; i < PRUNE_MOST; i++) {
		if (has_room(tcp, c, seg->text_len))
			return true;
		if (!r->top || wr_seq_lt(tcp_run_left(r->top), end))
			return false;
		give_up(tcp, r, tcp_run_cut_last(tcp, r, r->top));
		WR_COUNT(tcp->stats, tcp_ooo_pruned, 1);
	}
	return has_room(tcp, c, seg->text_len);
}

/* Small text that continues the last piece of a run moves into that buffer. */
static bool copy_behind(struct wr_tcp *tcp, struct wr_reorder *r, struct rte_mbuf *run,
                        struct rte_mbuf *m)
{
	struct rte_mbuf *last = wr_buf(run)->run.last;
	uint32_t len = wr_buf(m)->len;

	if (!tcp_can_append(last, len))
		return false;
	rte_memcpy(rte_pktmbuf_append(last, (uint16_t)len), rte_pktmbuf_mtod(m, char *), len);
	wr_buf(last)->len += len;
	wr_buf(last)->flags |= wr_buf(m)->flags;
	wr_buf(run)->run.end += len;
	r->bytes += len;
	rte_pktmbuf_free(m);
	WR_COUNT(tcp->stats, tcp_coalesced, 1);
	return true;
}

static bool ends_with_fin(struct rte_mbuf *run)
{
	return wr_buf(wr_buf(run)->run.last)->flags & WR_BUF_FIN;
}

/* Makes m, which overlaps nothing, part of a run or one of its own; returns that run. */
static struct rte_mbuf *insert(struct wr_tcp *tcp, struct wr_reorder *r,
                               struct rte_mbuf *before, struct rte_mbuf *m,
                               struct rte_mbuf *beyond)
{
	struct wr_buf *b = wr_buf(m);
	bool fin = b->flags & WR_BUF_FIN;
	bool follows = before && tcp_run_end(before).n == b->seq;
	bool leads = beyond && b->seq + b->len == tcp_run_left(beyond).n && !fin;
	uint32_t len = b->len;

	if (follows && copy_behind(tcp, r, before, m)) {
		m = before;
	} else {
		charge(tcp, r, len);
		if (follows) {
			tcp_run_append(before, m);
			m = before;
		} else if (leads) {
			tcp_run_prepend(tcp, r, beyond, m);
			return m;
		} else {
			tcp_run_add(tcp, r, m);
		}
	}
	if (follows && leads)
		tcp_run_join(tcp, r, before, beyond);
	return m;
}

/* Takes the segment's text out of the frame. */
static struct rte_mbuf *take_text(struct wr_frame *f)
{
	const struct wr_seg *seg = &f->seg;
	struct rte_mbuf *m = f->m;

	m->data_off = (uint16_t)(m->data_off + seg->text_off);
	m->data_len = seg->text_len;
	m->pkt_len = seg->text_len;
	*wr_buf(m) = (struct wr_buf) {
		.seq = seg->seq.n,
		.len = seg->text_len,
		.flags = seg->flags & WR_TCP_FIN ? WR_BUF_FIN : 0,
	};
	f->m = NULL;
	return m;
}

/* The run that begins at the segment or before it; most text comes behind all other. */
static struct rte_mbuf *find_place(struct wr_tcp *tcp, struct wr_reorder *r, struct wr_seq seq,
                                   struct rte_mbuf **beyond)
{
	*beyond = NULL;
	if (r->top && wr_seq_le(tcp_run_left(r->top), seq))
		return r->top;
	return tcp_run_find(tcp, r, seq, beyond);
}

/* Text that a run has whole, or a FIN within it or known. The FIN may still be news. */
static bool is_known(struct rte_mbuf *run, const struct wr_seg *seg, bool had_text)
{
	if (!run || seg->text_len)
		return false;
	return had_text || wr_seq_lt(seg->seq, tcp_run_end(run)) ||
	       (wr_seq_eq(seg->seq, tcp_run_end(run)) && ends_with_fin(run));
}

static enum wr_verdict note_known(struct wr_reorder *r, struct rte_mbuf *run,
                                  const struct wr_seg *seg, bool had_text)
{
	if ((seg->flags & WR_TCP_FIN) && wr_seq_eq(seg->seq, tcp_run_end(run)))
		wr_buf(wr_buf(run)->run.last)->flags |= WR_BUF_FIN;
	if (had_text)
		touch(r, run, tcp_run_left(run));
	return WR_V_tcp_duplicate;
}

static enum wr_verdict add(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f)
{
	struct wr_seg *seg = &f->seg;
	struct wr_reorder *r = c->reorder;
	bool has_text = seg->text_len;
	struct rte_mbuf *beyond, *run = find_place(tcp, r, seg->seq, &beyond);

	if (has_text)
		cut_front(tcp, c, run, seg);
	if (is_known(run, seg, has_text))
		return note_known(r, run, seg, has_text);
	if (run && wr_seq_eq(tcp_run_end(run), seg->seq) && ends_with_fin(run))
		return WR_V_tcp_after_close;
	if (!has_room(tcp, c, seg->text_len)) {
		if (!make_room(tcp, c, seg))
			return WR_V_tcp_out_of_order_full;
		run = find_place(tcp, r, seg->seq, &beyond);
	}
	cut_behind(tcp, c, &beyond, f);
	run = insert(tcp, r, run, take_text(f), beyond);
	if (has_text)
		touch(r, run, seg->seq);
	return WR_V_tcp_out_of_order;
}

enum wr_verdict tcp_reorder_add(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f)
{
	enum wr_verdict v;

	if (!attach(tcp, c))
		return WR_V_tcp_out_of_order_full;
	v = add(tcp, c, f);
	if (c->reorder->pieces == 0)
		detach(tcp, c);
	return v;
}

/* The lowest run leaves the tree when RCV.NXT has reached it. */
static bool make_ready(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct wr_reorder *r = c->reorder;
	struct rte_mbuf *run;

	if (r->ready)
		return true;
	run = tcp_run_lowest(tcp, r);
	if (!run || wr_seq_lt(c->rcv.nxt, tcp_run_left(run)))
		return false;
	tcp_run_remove(tcp, r, run);
	r->ready = run;
	return true;
}

struct rte_mbuf *tcp_reorder_next(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct wr_reorder *r = c->reorder;
	struct rte_mbuf *m;
	struct wr_seq left;
	struct wr_buf *b;

	if (!make_ready(tcp, c))
		return NULL;
	m = r->ready;
	b = wr_buf(m);
	left = wr_seq(b->seq);
	r->ready = b->next;
	uncharge(tcp, r, b->len);
	if (wr_seq_lt(left, c->rcv.nxt)) {
		uint32_t old = wr_min(wr_seq_span(left, c->rcv.nxt), b->len);

		tcp_note_duplicate(tcp, c, left, wr_seq_add(left, old));
		rte_pktmbuf_adj(m, (uint16_t)old);
		b->seq += old;
		b->len -= old;
	}
	if (r->pieces == 0)
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

/*
 * The D-SACK that is due, if it still is one: what came twice beyond RCV.NXT may have been
 * given up since, and its block would then say that it is here. Returns the blocks written.
 */
static unsigned report_duplicate(struct wr_tcp *tcp, const struct wr_tcb *c,
                                 struct wr_sack *out)
{
	struct wr_sack around;

	if (wr_seq_le(c->rcv.nxt, c->dsack.left) &&
	    (!c->reorder || !block_around(tcp, c->reorder, c->dsack.left, &around) ||
	     !wr_seq_le(c->dsack.right, around.right)))
		return 0;
	*out = c->dsack;
	return 1;
}

unsigned tcp_reorder_blocks(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_sack *out,
                            unsigned max)
{
	const struct wr_reorder *r = c->reorder;
	unsigned n = 0, first;

	if ((c->rare & WR_TCB_DSACK) && max) {
		n = report_duplicate(tcp, c, out);
		c->rare &= (uint16_t)~WR_TCB_DSACK;
	}
	first = n;
	for (unsigned i = 0; r && i < r->recents && n < max; i++) {
		struct wr_sack s;

		if (block_around(tcp, r, r->recent[i], &s) &&
		    !reported(out + first, n - first, &s))
			out[n++] = s;
	}
	return n;
}
