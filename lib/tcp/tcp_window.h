/* SPDX-License-Identifier: BSD-3-Clause */
/* The window that we offer. */
#ifndef WR_TCP_WINDOW_H
#define WR_TCP_WINDOW_H

#include "tcp.h"
#include "tcp_tune.h"

/* wr_tcp.plenty. */
uint32_t tcp_window_plenty(const struct wr_tcp_conf *conf);
/* Window that may be advertised: bytes from RCV.NXT on. */
uint32_t tcp_free_window(const struct wr_tcp *tcp, const struct wr_tcb *c);
/* Would a window update be worth a segment? RFC 9293 3.8.6.2.2. */
bool tcp_window_worth_telling(const struct wr_tcp *tcp, const struct wr_tcb *c);
/* SEG.WND of the segment that leaves now; the right edge moves with it. */
uint16_t tcp_advertise(struct wr_tcp *tcp, struct wr_tcb *c);

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
