/* SPDX-License-Identifier: BSD-3-Clause */
/* Samples of the delivery rate, of connections that are timed. */
#ifndef WR_TCP_RATE_H
#define WR_TCP_RATE_H

#include "tcp.h"

/* The record of a connection that is timed. */
static inline struct wr_rate *tcp_rate_of(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return &tcp->rate[tcb_index(tcp, c)];
}

/* b is about to leave. */
void tcp_rate_sent(struct wr_tcp *tcp, const struct wr_tcb *c, struct wr_buf *b);
/* Nothing is left to send, perhaps. */
void tcp_rate_ran_dry(struct wr_tcp *tcp, const struct wr_tcb *c);
/* The peer has `bytes` of b, by SACK or ACK; said once for each. */
void tcp_rate_delivered(const struct wr_tcp *tcp, const struct wr_tcb *c,
                        const struct wr_buf *b, uint32_t bytes);
void tcp_rate_part(const struct wr_tcp *tcp, const struct wr_tcb *c, const struct wr_buf *b);
/* An ACK was worked through, losses found: makes the sample, tells congestion control. */
void tcp_rate_ack(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t acked, uint32_t rtt_us);

#endif /* WR_TCP_RATE_H */
