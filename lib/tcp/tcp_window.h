/* SPDX-License-Identifier: BSD-3-Clause */
/* The window that we offer. */
#ifndef WR_TCP_WINDOW_H
#define WR_TCP_WINDOW_H

#include "tcp.h"
#include "tcp_tune.h"

/* wr_tcp.plenty. */
uint32_t tcp_window_plenty(const struct wr_tcp_conf *conf);
/* The smallest scale that lets a 16-bit window say rcv_buf_max; or what is configured. */
uint8_t tcp_rcv_shift(const struct wr_tcp *tcp);
/* wr_tcp.window_step. */
uint32_t tcp_window_step(const struct wr_tcp_conf *conf);
/* tcp_free_window() where the window has grown, text waits or buffers may be short. */
uint32_t tcp_window_share(const struct wr_tcp *tcp, const struct wr_tcb *c);

/* Window that may be advertised: bytes from RCV.NXT on. */
static inline uint32_t tcp_free_window(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	if (wr_unlikely((c->flags & WR_TCB_HELD) || c->tuned || tcp->held >= tcp->plenty))
		return tcp_window_share(tcp, c);
	return wr_min(tcp->conf.rcv_buf, (uint32_t)UINT16_MAX << c->rcv_shift);
}

/* RFC 9293 3.8.6.2.2: the edge moves by a full segment, or half the buffer, or not at all. */
static inline bool tcp_window_moves(const struct wr_tcp *tcp, uint32_t now, uint32_t room)
{
	return room > now && room - now >= tcp->window_step;
}

/* Would a window update be worth a segment? RFC 9293 3.8.6.2.2. */
bool tcp_window_worth_telling(const struct wr_tcp *tcp, const struct wr_tcb *c);
/* Less than a segment is advertised, SEG.WND being `field`. */
void tcp_window_is_small(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t field);

/*
 * SEG.WND of the segment that leaves now. Its right edge never moves back (SHLD-14), but for
 * the rounding to the scale if there is no room to round up: else small segments would push
 * the edge on for ever. RCV.NXT+RCV.WND remains what was promised, RFC 7323 section 2.4.
 */
static inline uint16_t tcp_advertise(struct wr_tcp *tcp, struct wr_tcb *c)
{
	uint32_t now = tcb_rcv_wnd(c), room = tcp_free_window(tcp, c);
	uint32_t wnd = tcp_window_moves(tcp, now, room) ? room : now;
	uint32_t field = wnd >> c->rcv_shift;

	if (field << c->rcv_shift < now && (field + 1) << c->rcv_shift <= room)
		field++;
	field = wr_min(field, UINT16_MAX);
	if (field << c->rcv_shift > now)
		c->rcv.edge = wr_seq_add(c->rcv.nxt, field << c->rcv_shift);
	if (wr_unlikely(wnd < tcp->conf.mss || field == 0))
		tcp_window_is_small(tcp, c, field);
	return (uint16_t)field;
}

/* The service took text, or time has passed: may the window open, or is it to be looked at? */
void tcp_window_look(struct wr_tcp *tcp, struct wr_tcb *c);

/* Is it closed for want of buffers, not of room for this connection? */
static inline bool tcp_window_is_frozen(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	uint32_t held = c->flags & WR_TCB_HELD ? c->rcvq_bytes : 0;

	return tcb_rcv_wnd(c) < wr_min(tcp->conf.mss, tcp->conf.rcv_buf / 2) &&
	       tcp->conf.held_bufs && c->state >= WR_TCP_ESTABLISHED && !tcb_fin_received(c) &&
	       tcb_rcv_buf(tcp, c) >= held + tcp->conf.mss;
}

#endif /* WR_TCP_WINDOW_H */
