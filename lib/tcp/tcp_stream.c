/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For services that think in streams of bytes, as sockets do: text is copied in and out, and a
 * connection can be let go as a whole. RFC 9293 sections 3.9.1.2 to 3.9.1.4.
 */

#include <rte_memcpy.h>

#include "tcp.h"
#include "tcp_in.h"
#include "tcp_out.h"
#include "tcp_segment.h"
#include "tcp_stream.h"

/* ---- SEND ---- */

/* Text moves up to what waits unsent, as far as that is no full segment. */
static uint32_t fill_tail(struct wr_tcb *c, const uint8_t *text, uint32_t len)
{
	struct rte_mbuf *tail = c->sq_tail;
	struct wr_buf *b;
	uint32_t n;

	if (!c->sq_next || !tcp_can_append(tail, 1))
		return 0;
	b = wr_buf(tail);
	n = b->len < c->cc.smss ? wr_min(len, c->cc.smss - b->len) : 0;
	n = wr_min(n, rte_pktmbuf_tailroom(tail));
	if (n == 0)
		return 0;
	rte_memcpy(rte_pktmbuf_append(tail, (uint16_t)n), text, n);
	b->len += n;
	c->sq_end = wr_seq_add(c->sq_end, n);
	return n;
}

/* One more buffer of text. 0: there is none. */
static uint32_t add_buffer(struct wr_tcp *tcp, struct wr_tcb *c, const uint8_t *text,
                           uint32_t len)
{
	struct rte_mbuf *m = tcp_new_buffer(tcp);
	uint32_t n;

	if (!m)
		return 0;
	n = wr_min(wr_min(len, c->cc.smss), rte_pktmbuf_tailroom(m));
	rte_memcpy(rte_pktmbuf_append(m, (uint16_t)n), text, n);
	tcp_enqueue(tcp, c, m);
	return n;
}

void tcp_send_corked(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (c->sq_next &&
	    (tcb_options(tcp, c)->cork || (wr_buf(c->sq_tail)->flags & WR_BUF_MORE)))
		tcp_send_one_new(tcp, c);
}

/*
 * Text was added to the queue. If it is no full segment and more is to follow, nothing happens:
 * it leaves with what follows, when an ACK comes, or when the persist timer rings.
 */
static void added(struct wr_tcp *tcp, struct wr_tcb *c, bool more)
{
	struct wr_buf *tail = wr_buf(c->sq_tail);

	if (more)
		tail->flags |= WR_BUF_MORE;
	else
		tail->flags &= (uint8_t)~WR_BUF_MORE;
	if (!more || wr_seq_span(c->snd.nxt, c->sq_end) >= c->cc.smss)
		tcb_pend(tcp, c);
	else if (tcb_flight(c) == 0)
		tcp_arm_persist(tcp, c);
}

uint32_t wr_tcp_write(struct wr_tcp *tcp, struct wr_tcb *c, const void *text, uint32_t len,
                      bool more)
{
	const uint8_t *from = text;
	uint32_t done, n;

	len = wr_min(len, wr_tcp_room(tcp, c));
	done = fill_tail(c, from, len);
	while (done < len && tcb_may_hold(tcp, c) &&
	       (n = add_buffer(tcp, c, from + done, len - done)) > 0)
		done += n;
	if (done)
		added(tcp, c, more);
	return done;
}

/* ---- RECEIVE ---- */

static uint32_t copy_held(const struct wr_tcb *c, uint8_t *to, uint32_t len)
{
	uint32_t done = 0;

	for (struct rte_mbuf *m = c->rcvq_head; m && done < len; m = wr_buf(m)->next) {
		uint32_t n = wr_min(len - done, m->data_len);

		if (to)
			rte_memcpy(to + done, rte_pktmbuf_mtod(m, void *), n);
		done += n;
	}
	return done;
}

static void drop_held(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t len)
{
	c->rcvq_bytes -= len;
	while (len) {
		struct rte_mbuf *m = c->rcvq_head;

		if (m->data_len > len) {
			rte_pktmbuf_adj(m, (uint16_t)len);
			return;
		}
		len -= m->data_len;
		c->rcvq_head = wr_buf(m)->next;
		if (!c->rcvq_head)
			c->rcvq_tail = NULL;
		c->rcvq_count--;
		tcp_unhold(tcp, m);
	}
}

uint32_t wr_tcp_peek(const struct wr_tcb *c, void *to, uint32_t len)
{
	return copy_held(c, to, len);
}

uint32_t wr_tcp_read(struct wr_tcp *tcp, struct wr_tcb *c, void *to, uint32_t len)
{
	uint32_t n = copy_held(c, to, len);

	if (n) {
		drop_held(tcp, c, n);
		tcp_text_taken(tcp, c);
	}
	return n;
}

/* ---- CLOSE of both directions ---- */

/* Nobody is there any more: text is refused, and then tcp_orphan_got_text() resets. */
static bool nobody_takes(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	return false;
}

static bool nobody_opens(struct wr_tcp *tcp, struct wr_tcb *c)
{
	return true;
}

static void nobody_hears(struct wr_tcp *tcp, struct wr_tcb *c)
{
}

static void nobody_mourns(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
}

static const struct wr_tcp_events orphan = {
	.on_open = nobody_opens,
	.on_data = nobody_takes,
	.on_room = nobody_hears,
	.on_peer_closed = nobody_hears,
	.on_closed = nobody_mourns,
};

bool tcp_is_orphan(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return tcb_events(tcp, c) == &orphan;
}

void wr_tcp_release(struct wr_tcp *tcp, struct wr_tcb *c)
{
	uint16_t index = tcp_profile_get(tcp, &orphan, tcb_options(tcp, c));
	bool unread = c->rcvq_head != NULL;

	if (c->state == WR_TCP_CLOSED) {
		if (index != UINT16_MAX)
			tcp_profile_put(tcp, index);
		return;
	}
	/* Without a profile of its own it could only tell a service that is gone. */
	if (index == UINT16_MAX) {
		wr_tcp_abort(tcp, c);
		return;
	}
	tcp_profile_put(tcp, c->profile);
	c->profile = (uint8_t)index;
	if (unread)
		wr_tcp_abort(tcp, c);
	else
		wr_tcp_close(tcp, c);
}
