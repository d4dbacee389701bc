/* SPDX-License-Identifier: BSD-3-Clause */
/* What services call: RFC 9293 section 3.9.1, and options of a connection. */

#include <errno.h>

#include <rte_memcpy.h>

#include "tcp.h"
#include "tcp_in.h"
#include "tcp_segment.h"
#include "tcp_stream.h"
#include "tcp_timer.h"

#define SEND_BUFFERS_MIN  4096 /* that a send queue may have, however small they are */
#define SEND_BUFFER_BYTES 64   /* of text a buffer, at least, in longer queues */

/*
 * Bytes of text that may be queued: twice what the network takes, so that the queue never runs
 * dry while acknowledgements are under way.
 */
static uint32_t send_limit(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	uint32_t first = tcp->conf.snd_buf, most = tcp->conf.snd_buf_max;

	if (wr_likely(c->cc.cwnd <= first / 2) || most <= first || tcp_is_short(tcp))
		return first;
	return c->cc.cwnd < most / 2 ? 2 * c->cc.cwnd : most;
}

static uint32_t buffers_limit(uint32_t bytes)
{
	return wr_min(wr_max(bytes / SEND_BUFFER_BYTES, SEND_BUFFERS_MIN), WR_TCP_QUEUE_MOST);
}

uint32_t wr_tcp_room(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	uint32_t queued = wr_seq_span(c->snd.una, c->sq_end), limit;

	if ((c->flags & WR_TCB_CLOSE) || c->state == WR_TCP_CLOSED)
		return 0;
	if (wr_likely(queued < tcp->conf.snd_buf / 2 && c->sq_count < SEND_BUFFERS_MIN))
		return tcp->conf.snd_buf - queued; /* or more: who fills that may ask again */
	limit = send_limit(tcp, c);
	if (wr_seq_lt(c->sq_end, c->snd.una) || c->sq_count >= buffers_limit(limit))
		return 0;
	return queued < limit ? limit - queued : 0;
}

uint32_t wr_tcp_queued(const struct wr_tcb *c)
{
	return wr_seq_lt(c->snd.una, c->sq_end) ? wr_seq_span(c->snd.una, c->sq_end) : 0;
}

/* Small text moves into the buffer before it while that one has not been sent. */
static __rte_noinline bool append_to_tail(struct wr_tcp *tcp, struct wr_tcb *c,
                                          struct rte_mbuf *m)
{
	struct rte_mbuf *tail = c->sq_tail;
	uint32_t len = m->data_len;
	struct wr_buf *b;

	if (!tcp_can_append(tail, len))
		return false;
	b = wr_buf(tail);
	if (b->len + len > c->cc.smss)
		return false;
	rte_memcpy(rte_pktmbuf_append(tail, (uint16_t)len), rte_pktmbuf_mtod(m, char *), len);
	b->len += len;
	rte_pktmbuf_free(m);
	WR_COUNT(tcp->stats, tcp_coalesced, 1);
	return true;
}

void tcp_enqueue(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	*wr_buf(m) = (struct wr_buf) {
		.seq = c->sq_end.n,
		.len = m->data_len,
		.text_off = m->data_off,
		.earlier = c->sq_tail,
	};
	if (c->sq_tail)
		wr_buf(c->sq_tail)->next = m;
	else
		c->sq_head = m;
	c->sq_tail = m;
	if (!c->sq_next)
		c->sq_next = m;
	c->sq_count++;
	tcp->held++;
	c->sq_end = wr_seq_add(c->sq_end, m->data_len);
}

int wr_tcp_send(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	uint32_t len = m->data_len;

	if ((c->flags & WR_TCB_CLOSE) || c->state == WR_TCP_CLOSED)
		return -EPIPE;
	/* An empty queue takes any one buffer, or a longer one would wait for ever. */
	if ((wr_tcp_room(tcp, c) < len && c->sq_head) ||
	    (m != tcp->offered && !tcb_may_hold(tcp, c))) {
		c->flags |= WR_TCB_WANT_ROOM;
		return -ENOBUFS;
	}
	if (wr_unlikely(c->sq_next != NULL) && append_to_tail(tcp, c, m))
		c->sq_end = wr_seq_add(c->sq_end, len);
	else
		tcp_enqueue(tcp, c, m);
	tcb_pend(tcp, c);
	return 0;
}

bool wr_tcp_want_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (!c->sq_head)
		return false;
	c->flags |= WR_TCB_WANT_ROOM;
	return true;
}

void wr_tcp_close(struct wr_tcp *tcp, struct wr_tcb *c)
{
	switch (c->state) {
	case WR_TCP_SYN_SENT:
		tcb_end(tcp, c, WR_REASON_aborted);
		break;
	case WR_TCP_SYN_RECEIVED:
	case WR_TCP_ESTABLISHED:
	case WR_TCP_CLOSE_WAIT:
		c->flags |= WR_TCB_CLOSE;
		tcb_pend(tcp, c);
		break;
	default: /* closed already */
		break;
	}
}

void wr_tcp_abort(struct wr_tcp *tcp, struct wr_tcb *c)
{
	switch (c->state) {
	case WR_TCP_CLOSED:
		return;
	case WR_TCP_SYN_SENT:
	case WR_TCP_CLOSING:
	case WR_TCP_TIME_WAIT:
	case WR_TCP_LAST_ACK: /* RFC 9293 3.10.5: nobody waits for a reset */
		break;
	default:
		tcp_send_control(tcp, c, c->snd.nxt, WR_TCP_RST, WR_CAUSE_tcp_rst);
	}
	tcb_end(tcp, c, WR_REASON_aborted);
}

void wr_tcp_resume(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (c->state != WR_TCP_CLOSED)
		tcp_deliver_held(tcp, c);
}

void *wr_tcb_user(const struct wr_tcb *c)
{
	return c->user;
}

void wr_tcb_set_user(struct wr_tcb *c, void *user)
{
	c->user = user;
}

void wr_tcb_tuple(const struct wr_tcb *c, struct wr_tuple *tuple)
{
	*tuple = c->tuple;
}

enum wr_tcp_state wr_tcb_state(const struct wr_tcb *c)
{
	return (enum wr_tcp_state)c->state;
}

void wr_tcp_set_options(struct wr_tcp *tcp, struct wr_tcb *c,
                        const struct wr_tcp_options *options)
{
	uint16_t index = tcp_profile_get(tcp, tcb_events(tcp, c), options);

	if (index == UINT16_MAX || c->state == WR_TCP_CLOSED) {
		if (index != UINT16_MAX)
			tcp_profile_put(tcp, index);
		return;
	}
	tcp_profile_put(tcp, c->profile);
	c->profile = (uint8_t)index;
	if (options->cork && options->nodelay)
		tcp_send_corked(tcp, c);
	tcb_arm_limits(tcp, c);
	tcb_pend(tcp, c);
}
