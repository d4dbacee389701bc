/* SPDX-License-Identifier: BSD-3-Clause */
/* The window that we offer: RFC 9293 sections 3.8.6.2.2 and RFC 7323 section 2.4. */

#include "tcp_window.h"
#include "tcp.h"
#include "tcp_timer.h"
#include "tcp_tune.h"

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

uint8_t tcp_rcv_shift(const struct wr_tcp *tcp)
{
	uint32_t most = wr_max(tcp->conf.rcv_buf, tcp->conf.rcv_buf_max);
	uint8_t shift = 0;

	if (tcp->conf.wscale_offer != WR_TCP_WSCALE_AUTO)
		return tcp->conf.wscale_offer;
	while (shift < 14 && most >> shift > UINT16_MAX)
		shift++;
	return shift;
}

uint32_t tcp_window_step(const struct wr_tcp_conf *conf)
{
	return wr_min(conf->rcv_buf / 2, conf->mss);
}

uint32_t tcp_window_share(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	uint32_t held = c->flags & WR_TCB_HELD ? c->rcvq_bytes : 0;
	uint32_t most = tcb_rcv_buf(tcp, c), room = most > held ? most - held : 0;
	uint32_t cap = (uint32_t)UINT16_MAX << c->rcv_shift;

	if ((c->tuned || tcp->held >= tcp->plenty) && share_left(tcp, c) < room) {
		/* Four segments, while the service takes all: it may wait for them to go on. */
		uint32_t few = wr_max(4u * tcp->conf.mss, 1u << c->rcv_shift);
		uint32_t least = c->flags & WR_TCB_HELD ? 0 : few;
		uint32_t share = wr_max((uint32_t)share_left(tcp, c), least);

		room = wr_min(room, wr_max(share, tcb_rcv_wnd(c)));
	}
	return wr_min(room, cap);
}

bool tcp_window_worth_telling(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	uint32_t now = tcb_rcv_wnd(c), room = tcp_free_window(tcp, c);

	return tcp_window_moves(tcp, now, room) &&
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

void tcp_window_is_small(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t field)
{
	if (field == 0)
		WR_COUNT(tcp->stats, tcp_zero_window_out, 1);
	if (tcp_window_is_frozen(tcp, c))
		tcb_arm(tcp, c, tcp->now_tick + FROZEN_TICKS);
}
