/* SPDX-License-Identifier: BSD-3-Clause */
/* Receive windows that grow. */
#ifndef WR_TCP_TUNE_H
#define WR_TCP_TUNE_H

#include "tcp.h"

/* A stream may have begun: looks how wide the window should be, if there is a record left. */
void tcp_tune_attach(struct wr_tcp *tcp, struct wr_tcb *c);
void tcp_tune_detach(struct wr_tcp *tcp, struct wr_tcb *c);
/* A segment of a connection that is tuned; its text was not taken yet. */
void tcp_tune_arrives(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg);
/* Bytes of window for a round in which `copied` were taken, and `before` in the best before. */
uint32_t tcp_tune_wish(uint32_t copied, uint32_t before, uint32_t mss);

/* The receive window at most, now: bytes. */
static inline uint32_t tcb_rcv_buf(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return wr_unlikely(c->tuned) ? tcp->tune[c->tune].target : tcp->conf.rcv_buf;
}

#endif /* WR_TCP_TUNE_H */
