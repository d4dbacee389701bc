/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scoreboard: marks on the buffers that were sent, and chains of those that are marked.
 *
 * Work for an ACK is bounded. A buffer is marked SACKED once, LOST once for each time it is
 * sent, and each mark costs the same. What is SACKed beyond the highest SACKed byte is found by
 * going on from there; below, from the highest gap, from where the last was found, or from
 * SND.UNA, hopping over runs of SACKed buffers; after WALK_MOST steps in vain the rest of the
 * ACK's news is left to later ACKs, which go on from there: that can only cost a needless
 * retransmission.
 */

#include "tcp_board.h"
#include "tcp.h"
#include "tcp_count.h"
#include "tcp_rack.h"
#include "tcp_rate.h"

#define WALK_MOST 256 /* buffers looked at for one ACK that are not newly marked */

#define LIMITED_TRANSMITS 2u /* RFC 3042 */

/* ---- attaching ---- */

struct wr_repair *tcp_repair_attach(struct wr_tcp *tcp, struct wr_tcb *c)
{
	uint32_t index = tcp->free_repair;

	if (c->flags & WR_TCB_LOSS)
		return c->repair;
	if (wr_unlikely(index == UINT32_MAX)) {
		WR_COUNT(tcp->stats, tcp_repairs_full, 1);
		return NULL;
	}
	c->repair = &tcp->repair[index];
	tcp->free_repair = c->repair->next_free;
	*c->repair = (struct wr_repair) {0};
	c->flags |= WR_TCB_LOSS;
	return c->repair;
}

void tcp_repair_detach(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (!(c->flags & WR_TCB_LOSS))
		return;
	c->repair->next_free = tcp->free_repair;
	tcp->free_repair = (uint32_t)(c->repair - tcp->repair);
	c->repair = NULL;
	c->flags &= (uint16_t)~WR_TCB_LOSS;
}

/* ---- chains ---- */

/* Behind `after`, or in front if that is NULL. */
static void chain_insert(struct wr_chain *chain, struct rte_mbuf *after, struct rte_mbuf *m)
{
	struct rte_mbuf *later = after ? wr_buf(after)->later : chain->first;

	wr_buf(m)->earlier = after;
	wr_buf(m)->later = later;
	if (after)
		wr_buf(after)->later = m;
	else
		chain->first = m;
	if (later)
		wr_buf(later)->earlier = m;
	else
		chain->last = m;
}

static void chain_remove(struct wr_chain *chain, struct rte_mbuf *m)
{
	struct wr_buf *b = wr_buf(m);

	if (b->earlier)
		wr_buf(b->earlier)->later = b->later;
	else
		chain->first = b->later;
	if (b->later)
		wr_buf(b->later)->earlier = b->earlier;
	else
		chain->last = b->earlier;
	b->earlier = b->later = NULL;
}

/* The one that holds b, which is LOST. */
static struct wr_chain *chain_of(struct wr_repair *r, const struct wr_buf *b)
{
	return b->flags & WR_BUF_REXMIT ? &r->again : &r->lost;
}

/* ---- marks ---- */

/*
 * Segments that left the network, by duplicates that tell of one each. Where these begin no
 * recovery, two let new text go beyond cwnd, RFC 3042. After a time-out they may be answers to
 * what was sent again in vain; but if a segment was only too long, they are of what was out.
 */
static uint32_t told_by_duplicates(const struct wr_tcb *c)
{
	uint32_t segments;

	if (c->flags & WR_TCB_RECOVERY)
		return c->dup_acks;
	if (!(c->flags & WR_TCB_RTO))
		return wr_min(c->dup_acks, LIMITED_TRANSMITS);
	if (!(c->rare & WR_TCB_PMTU))
		return 0;
	segments = (wr_seq_span(c->snd.una, c->recover) + c->cc.smss - 1) / c->cc.smss;
	return wr_min(c->dup_acks, segments);
}

uint32_t tcp_board_pipe(const struct wr_tcb *c)
{
	uint32_t flight = tcb_flight(c), gone;

	/* The FIN fills no pipe: behind text that is lost it would block a cwnd of one segment.
	 */
	gone = c->sacked + c->lost - c->rexmit + ((c->flags & WR_TCB_FIN_SENT) != 0);
	if (!(c->flags & WR_TCB_SACK))
		gone += told_by_duplicates(c) * c->cc.smss;
	return flight > gone ? flight - gone : 0;
}

static void unmark(struct wr_tcb *c, struct rte_mbuf *m)
{
	struct wr_buf *b = wr_buf(m);

	if (b->flags & WR_BUF_SACKED) {
		c->sacked -= b->len;
		c->repair->segs_sacked--;
	}
	if (b->flags & WR_BUF_LOST) {
		chain_remove(chain_of(c->repair, b), m);
		c->lost -= b->len;
	}
	if (b->flags & WR_BUF_REXMIT)
		c->rexmit -= b->len;
	b->flags &= (uint8_t) ~(WR_BUF_SACKED | WR_BUF_LOST | WR_BUF_REXMIT);
}

/* To be sent again behind `after`, or first if that is NULL. */
static void mark_lost_behind(struct wr_tcb *c, struct rte_mbuf *m, struct rte_mbuf *after)
{
	wr_buf(m)->flags |= WR_BUF_LOST;
	c->lost += wr_buf(m)->len;
	chain_insert(&c->repair->lost, after, m);
}

void tcp_mark_lost(struct wr_tcb *c, struct rte_mbuf *m)
{
	if (!(wr_buf(m)->flags & (WR_BUF_LOST | WR_BUF_SACKED)))
		mark_lost_behind(c, m, c->repair->lost.last);
}

void tcp_mark_lost_again(struct wr_tcb *c, struct rte_mbuf *m, struct rte_mbuf **after)
{
	struct wr_buf *b = wr_buf(m);

	chain_remove(&c->repair->again, m);
	b->flags &= (uint8_t)~WR_BUF_REXMIT;
	c->rexmit -= b->len;
	chain_insert(&c->repair->lost, *after, m);
	*after = m;
}

void tcp_board_sent_again(struct wr_tcb *c, struct rte_mbuf *m)
{
	struct wr_repair *r = c->repair;
	struct wr_buf *b = wr_buf(m);

	if (!(c->flags & WR_TCB_LOSS) || !(b->flags & WR_BUF_LOST))
		return;
	chain_remove(chain_of(r, b), m);
	if (!(b->flags & WR_BUF_REXMIT)) {
		b->flags |= WR_BUF_REXMIT;
		c->rexmit += b->len;
	}
	chain_insert(&r->again, r->again.last, m);
}

void tcp_board_split(struct wr_tcb *c, struct rte_mbuf *m, struct rte_mbuf *rest)
{
	if (wr_buf(m)->flags & WR_BUF_LOST)
		chain_insert(chain_of(c->repair, wr_buf(m)), m, rest);
}

struct rte_mbuf *tcp_next_lost(const struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct wr_repair *r = c->repair;
	struct rte_mbuf *tail = c->sq_tail;

	if (r->lost.first)
		return r->frto == WR_FRTO_NEW ? NULL : r->lost.first;
	/* NextSeg (4): nothing lost, nothing new: the tail once, in case it was lost too.
	 * RACK finds that out by itself. */
	if (tcp_uses_rack(tcp, c) || !(c->flags & WR_TCB_RECOVERY) ||
	    !(c->flags & WR_TCB_SACK) || c->sq_next || (c->rare & WR_TCB_RESCUED))
		return NULL;
	c->rare |= WR_TCB_RESCUED;
	return tail && !(wr_buf(tail)->flags & (WR_BUF_SACKED | WR_BUF_REXMIT)) ? tail : NULL;
}

/* ---- what is acknowledged ---- */

void tcp_board_acked(const struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m,
                     struct wr_news *news)
{
	struct wr_repair *r = c->repair;
	struct wr_buf *b = wr_buf(m);

	if (!(b->flags & WR_BUF_SACKED))
		tcp_rack_delivered(tcp, c, b, news, r->top == NULL);
	if (!tcp_uses_rack(tcp, c))
		tcp_count_acked(c, m);
	unmark(c, m);
	if (r->top == m)
		r->top = NULL;
	if (r->hint == m)
		r->hint = NULL;
	if (r->ahead == m)
		r->ahead = NULL;
	if (r->below == m)
		r->below = NULL;
	if (r->passed == m)
		r->passed = NULL;
}

void tcp_board_acked_part(struct wr_tcb *c, struct wr_buf *b, uint32_t part)
{
	c->sacked -= b->flags & WR_BUF_SACKED ? part : 0;
	c->lost -= b->flags & WR_BUF_LOST ? part : 0;
	c->rexmit -= b->flags & WR_BUF_REXMIT ? part : 0;
}

/* ---- what is SACKed ---- */

/* Not reversed, not beyond what was sent. */
static bool was_sent(const struct wr_tcb *c, const struct wr_sack *s)
{
	return wr_seq_lt(s->left, s->right) && wr_seq_le(s->right, c->snd.nxt);
}

/*
 * A block that an honest receiver can report, RFC 2018 section 3: it is isolated, so that the
 * byte at SND.UNA is missing. Linux takes no others either.
 */
static bool plausible(const struct wr_tcb *c, const struct wr_sack *s)
{
	return was_sent(c, s) && wr_seq_lt(c->snd.una, s->left);
}

bool tcp_is_dsack(const struct wr_tcb *c, const struct wr_seg *seg, const struct wr_sack *s)
{
	struct wr_sack second;

	/* The first block is below the ACK as a whole, or within the second block. */
	if (!was_sent(c, s))
		return false;
	if (wr_seq_le(s->right, seg->ack))
		return true;
	if (seg->sack_count < 2)
		return false;
	second = wr_tcp_sack(seg, 1);
	return plausible(c, &second) && wr_seq_le(second.left, s->left) &&
	       wr_seq_le(s->right, second.right);
}

/* The segment's plausible blocks, lowest first. */
static unsigned collect(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_news *news,
                        struct wr_sack *block)
{
	unsigned n = 0;

	for (unsigned i = 0; i < news->seg->sack_count; i++) {
		struct wr_sack s = wr_tcp_sack(news->seg, i);
		unsigned at = n;

		if (i == 0 && tcp_is_dsack(c, news->seg, &s)) {
			WR_COUNT(tcp->stats, tcp_dsack_received, 1);
			news->has_dsack = tcp->conf.dsack;
			news->dsack = s;
			continue;
		}
		if (!plausible(c, &s)) {
			WR_COUNT(tcp->stats, tcp_sack_invalid, 1);
			continue;
		}
		for (; at > 0 && wr_seq_lt(s.left, block[at - 1].left); at--)
			block[at] = block[at - 1];
		block[at] = s;
		n++;
	}
	return n;
}

/*
 * Where news of this block begin: one block of the last ACK told of the rest. Two that meet
 * within a buffer would not do: neither covered that.
 */
static struct wr_seq first_news(const struct wr_repair *r, const struct wr_sack *s)
{
	struct wr_seq from = s->left;

	for (unsigned i = 0; i < r->seen; i++)
		if (wr_seq_le(r->block[i].left, s->left) && wr_seq_lt(from, r->block[i].right))
			from = r->block[i].right;
	return from;
}

static struct wr_seq end_of(const struct rte_mbuf *m)
{
	const struct wr_buf *b = wr_buf((struct rte_mbuf *)(uintptr_t)m);

	return wr_seq(b->seq + b->len);
}

static bool ends_by(const struct rte_mbuf *m, struct wr_seq seq)
{
	return m && wr_seq_le(end_of(m), seq);
}

/* The last buffer that is known to lie before `from`; NULL: none is. */
static struct rte_mbuf *walk_behind(const struct wr_tcb *c, struct wr_seq from)
{
	const struct wr_repair *r = c->repair;
	struct rte_mbuf *const place[] = {r->ahead, r->top, r->below, r->hint};
	struct rte_mbuf *best = NULL;

	for (unsigned i = 0; i < RTE_DIM(place); i++)
		if (ends_by(place[i], from) &&
		    (!best || wr_seq_lt(end_of(best), end_of(place[i]))))
			best = place[i];
	return best;
}

/* The last of the run of SACKed buffers that m is in, or one on the way there. */
static struct rte_mbuf *run_end(const struct wr_tcb *c, struct rte_mbuf *m, unsigned *steps)
{
	struct rte_mbuf *start = m, *next;

	for (; *steps; m = next, (*steps)--) {
		next = wr_buf(m)->later ? wr_buf(m)->later : wr_buf(m)->next;
		if (!next || next == c->sq_next || !(wr_buf(next)->flags & WR_BUF_SACKED))
			break;
	}
	if (start != m)
		wr_buf(start)->later = m; /* the next walk is shorter */
	return m;
}

/* m is the highest: behind the one before, if there is a gap, may follow what was late. */
static void new_top(struct wr_repair *r, struct rte_mbuf *m)
{
	if (r->top && wr_buf(r->top)->next != m)
		r->below = r->top;
	r->top = m;
	if (ends_by(r->ahead, end_of(m)))
		r->ahead = NULL;
}

/* `before` is the buffer in front of m, or NULL. */
static void mark_sacked(const struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m,
                        struct rte_mbuf *before, struct wr_news *news)
{
	struct wr_repair *r = c->repair;
	struct wr_buf *b = wr_buf(m);
	bool high = !r->top || wr_seq_lt(end_of(r->top), end_of(m));

	tcp_rack_delivered(tcp, c, b, news, high);
	if (wr_unlikely(c->cc.timed))
		tcp_rate_delivered(tcp, c, b, b->len);
	unmark(c, m);
	b->earlier = b->later = NULL;
	b->flags |= WR_BUF_SACKED;
	c->sacked += b->len;
	r->segs_sacked++;
	if (!tcp_uses_rack(tcp, c))
		tcp_count_sacked(c, m, before);
	if (high)
		new_top(r, m);
	else
		r->hint = m;
	news->sacked = true;
}

/* The walk for a block ends at m in vain: the next ACK goes on from there. */
static void walk_later(struct wr_repair *r, struct rte_mbuf *m, struct wr_seq from)
{
	if (!ends_by(m, from))
		return;
	if (!r->top || ends_by(r->top, end_of(m)))
		r->ahead = m;
	else
		r->hint = m;
}

/* A walk over what one block tells of. */
struct walk {
	const struct wr_sack *block;
	struct wr_seq from;      /* where its news begin */
	struct rte_mbuf *before; /* in front of the next; NULL: that is the first */
	struct rte_mbuf *late;   /* where it was left off; NULL: nowhere */
};

/* False: all of it is known. */
static bool walk_begin(const struct wr_tcb *c, const struct wr_sack *s, struct walk *w)
{
	*w = (struct walk) {.block = s, .from = first_news(c->repair, s)};
	if (!wr_seq_lt(w->from, s->right))
		return false;
	w->before = walk_behind(c, w->from);
	return true;
}

static bool is_news(struct rte_mbuf *m, const struct wr_sack *s)
{
	const struct wr_buf *b = wr_buf(m);

	return !(b->flags & WR_BUF_SACKED) && wr_seq_le(s->left, wr_seq(b->seq)) &&
	       wr_seq_le(end_of(m), s->right);
}

/*
 * The next buffer that the block covers and that is not marked, NULL if there is none; `steps`
 * are left for others. Whoever has it makes it `before`.
 */
static struct rte_mbuf *walk_on(const struct wr_tcb *c, struct walk *w, unsigned *steps)
{
	struct rte_mbuf *m = w->before ? wr_buf(w->before)->next : c->sq_head;

	while (m && m != c->sq_next && wr_seq_lt(wr_seq(wr_buf(m)->seq), w->block->right)) {
		if (is_news(m, w->block))
			return m;
		if (*steps == 0) {
			w->late = m;
			break;
		}
		(*steps)--;
		if (wr_buf(m)->flags & WR_BUF_SACKED)
			m = run_end(c, m, steps);
		w->before = m;
		m = wr_buf(m)->next;
	}
	return NULL;
}

static void take_block(const struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_sack *s,
                       struct wr_news *news, unsigned *steps)
{
	struct rte_mbuf *m;
	struct walk w;

	if (!walk_begin(c, s, &w))
		return;
	for (; (m = walk_on(c, &w, steps)); w.before = m)
		mark_sacked(tcp, c, m, w.before, news);
	if (w.late)
		walk_later(c->repair, w.late, w.from);
}

static void count_block(const struct wr_tcb *c, const struct wr_sack *s,
                        struct tcp_board_news *news, unsigned *steps)
{
	struct rte_mbuf *m;
	struct walk w;

	if (!walk_begin(c, s, &w))
		return;
	for (; (m = walk_on(c, &w, steps)); w.before = m) {
		news->segments++;
		news->bytes += wr_buf(m)->len;
	}
}

struct tcp_board_news tcp_board_count_news(const struct wr_tcb *c, const struct wr_seg *seg)
{
	struct tcp_board_news news = {0};
	unsigned steps = WALK_MOST;

	if (!(c->flags & WR_TCB_SACK))
		return news;
	for (unsigned i = 0; i < seg->sack_count; i++) {
		struct wr_sack s = wr_tcp_sack(seg, i);
		uint32_t bytes = wr_seq_span(s.left, s.right);

		if (!plausible(c, &s) || !wr_seq_lt(seg->ack, s.left) ||
		    (i == 0 && tcp_is_dsack(c, seg, &s)))
			continue;
		if (c->flags & WR_TCB_LOSS) {
			count_block(c, &s, &news, &steps);
			continue;
		}
		news.segments += (bytes + c->cc.smss - 1) / c->cc.smss;
		news.bytes += bytes;
	}
	return news;
}

void tcp_board_sack(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_news *news)
{
	struct wr_repair *r = c->repair;
	struct wr_sack block[WR_SACK_MAX];
	unsigned blocks, steps = WALK_MOST;

	if (news->seg->sack_count == 0 || !(c->flags & WR_TCB_SACK))
		return;
	blocks = collect(tcp, c, news, block);
	for (unsigned i = 0; i < blocks; i++)
		take_block(tcp, c, &block[i], news, &steps);
	r->seen = 0;
	for (unsigned i = 0; i < blocks && steps; i++)
		r->block[r->seen++] = block[i];
}

void tcp_board_take_back(const struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct rte_mbuf *m = c->sq_head;

	if (!tcp_uses_rack(tcp, c))
		tcp_count_acked(c, m);
	unmark(c, m);
	if (c->repair->top == m)
		c->repair->top = NULL;
	mark_lost_behind(c, m, NULL);
}

/* ---- what is lost all at once: work for each buffer, once for an event ---- */

/* Walks the buffers that were sent: `m` each, oldest first. */
#define FOR_EACH_SENT(c, m)                                                                    \
	for ((m) = (c)->sq_head; (m) && (m) != (c)->sq_next; (m) = wr_buf(m)->next)

void tcp_mark_all_lost(struct wr_tcb *c, bool reneged)
{
	struct rte_mbuf *m;

	FOR_EACH_SENT(c, m)
	{
		if (!reneged && (wr_buf(m)->flags & WR_BUF_SACKED))
			continue;
		unmark(c, m);
		tcp_mark_lost(c, m);
	}
	tcp_count_anew(c);
	if (!reneged)
		return;
	c->repair->top = c->repair->below = c->repair->hint = c->repair->ahead = NULL;
	c->repair->seen = 0;
}

void tcp_mark_longer_lost(struct wr_tcb *c, uint32_t len)
{
	struct rte_mbuf *m;

	FOR_EACH_SENT(c, m)
	{
		const struct wr_buf *b = wr_buf(m);

		if (b->len <= len || (b->flags & WR_BUF_SACKED))
			continue;
		unmark(c, m);
		tcp_mark_lost(c, m);
	}
	tcp_count_anew(c);
}

void tcp_mark_timed_out(const struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct rte_mbuf *m;

	if (!tcp_uses_rack(tcp, c)) {
		tcp_mark_all_lost(c, false);
		return;
	}
	FOR_EACH_SENT(c, m)
	{
		const struct wr_buf *b = wr_buf(m);

		if ((b->flags & WR_BUF_SACKED) ||
		    (m != c->sq_head && !tcp_rack_timed_out(tcp, c, b)))
			continue;
		unmark(c, m);
		tcp_mark_lost(c, m);
	}
}

void tcp_board_forget_lost(struct wr_tcb *c)
{
	if (!c->repair->lost.first)
		return; /* nor is anything to be counted anew */
	while (c->repair->lost.first)
		unmark(c, c->repair->lost.first);
	tcp_count_anew(c);
}
