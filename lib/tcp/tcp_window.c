/* SPDX-License-Identifier: BSD-3-Clause */
/* The window that we offer: RFC 9293 sections 3.8.6.2.2 and RFC 7323 section 2.4. */

#include "tcp.h"
#include "tcp_timer.h"
#include "tcp_tune.h"
#include "tcp_window.h"

#define FROZEN_TICKS 1563 /* 200 ms */

/* Bytes that the connection may promise to take by its share of the buffers. */
static uint64_t share_left(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	/* Its own send queue counts once: two ends that send must not close on each other. */
	uint32_t used = tcp->held + tcb_held(c) - c->sq_count, limit = tcp->conf.held_bufs;

	if (limit == 0)
		return UINT64_MAX;
	/*
	 * Each buffer makes one more held and one less free, see tcb_may_hold(): half. And
	 * half of that, as segments may be short.
	 */
	return used < limit ? (limit - used) / 4 * (uint64_t)tcp->conf.mss : 0;
}

uint32_t tcp_window_plenty(const struct wr_tcp_conf *conf)
{
	/* The connection may hold all that is held, which then counts twice. */
	uint32_t needs = 4 * (conf->rcv_buf / conf->mss + 1);

	if (conf->held_bufs == 0)
		return UINT32_MAX;
	return conf->held_bufs > needs ? (conf->held_bufs - needs) / 2 : 0;
}

/* Is the connection's share of the buffers less than `room`? */
static bool is_short(const struct wr_tcp *tcp, const struct wr_tcb *c, uint32_t room)
{
	if (wr_likely(tcp->held < tcp->plenty && !c->tuned))
		return false;
	return share_left(tcp, c) < room;
}

uint32_t tcp_free_window(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	uint32_t held = c->flags & WR_TCB_HELD ? c->rcvq_bytes : 0;
	uint32_t most = tcb_rcv_buf(tcp, c), room = most > held ? most - held : 0;
	uint32_t cap = (uint32_t)UINT16_MAX << c->rcv_shift;

	if (wr_unlikely(is_short(tcp, c, room))) {
		/* Four segments, while the service takes all: it may wait for them to go on. */
		uint32_t few = wr_max(4u * tcp->conf.mss, 1u << c->rcv_shift);
		uint32_t least = c->flags & WR_TCB_HELD ? 0 : few;
		uint32_t share = wr_max((uint32_t)share_left(tcp, c), least);

		room = wr_min(room, wr_max(share, tcb_rcv_wnd(c)));
	}
	return wr_min(room, cap);
}

/* RFC 9293 3.8.6.2.2: the edge moves by a full segment, or half the buffer, or not at all. */
static bool edge_moves(const struct wr_tcp *tcp, uint32_t now, uint32_t room)
{
	return room > now && room - now >= wr_min(tcp->conf.rcv_buf / 2, tcp->conf.mss);
}

bool tcp_window_worth_telling(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	uint32_t now = tcb_rcv_wnd(c), room = tcp_free_window(tcp, c);

	return edge_moves(tcp, now, room) &&
	       (now < tcp->conf.mss || room - now >= tcb_rcv_buf(tcp, c) / 2);
}

/* Nobody says when the others' buffers are free again: it is looked at from time to time. */
void tcp_window_look(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (tcb_fin_received(c))
		return;
	if (tcp_window_worth_telling(tcp, c)) {
		c->flags |= WR_TCB_WNDUP;
		tcb_pend(tcp, c);
	} else if (tcp_window_is_frozen(tcp, c)) {
		tcb_arm(tcp, c, tcp->now_tick + FROZEN_TICKS);
	}
}

/*
 * SEG.WND of the segment that leaves now. Its right edge never moves back (SHLD-14), but for
 * the rounding to the scale if there is no room to round up: else small segments would push
 * the edge on for ever. RCV.NXT+RCV.WND remains what was promised, RFC 7323 section 2.4.
 */
uint16_t tcp_advertise(struct wr_tcp *tcp, struct wr_tcb *c)
{
	uint32_t now = tcb_rcv_wnd(c), room = tcp_free_window(tcp, c);
	uint32_t wnd = edge_moves(tcp, now, room) ? room : now;
	uint32_t field = wnd >> c->rcv_shift;

	if (field << c->rcv_shift < now && (field + 1) << c->rcv_shift <= room)
		field++;
	field = wr_min(field, UINT16_MAX);
	if (field == 0)
		WR_COUNT(tcp->stats, tcp_zero_window_out, 1);
	if (field << c->rcv_shift > now)
		c->rcv.edge = wr_seq_add(c->rcv.nxt, field << c->rcv_shift);
	if (wr_unlikely(wnd < tcp->conf.mss) && tcp_window_is_frozen(tcp, c))
		tcb_arm(tcp, c, tcp->now_tick + FROZEN_TICKS);
	return (uint16_t)field;
}
