/* SPDX-License-Identifier: BSD-3-Clause */
/* Segments as they are built and leave. */
#ifndef WR_TCP_SEGMENT_H
#define WR_TCP_SEGMENT_H

#include "tcp.h"

/* NULL: the pool is empty, and that is counted. */
struct rte_mbuf *tcp_new_buffer(struct wr_tcp *tcp);

struct tcp_text {
	struct wr_seq seq;
	uint32_t len;
	uint8_t flags; /* WR_TCP_*, beside ACK */
};

/* Sends m, which holds `text` and has room for headers before it; the ACK owed is in it. */
void tcp_send_segment(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m,
                      const struct tcp_text *text, enum wr_cause cause);
/* Sends a segment without text, at SND.NXT or seq. */
void tcp_send_control(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_seq seq, uint8_t flags,
                      enum wr_cause cause);
/* SYN or SYN-ACK of a full connection. */
void tcp_send_syn(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_cause cause);
/* A SYN of no connection. False: no buffer. */
bool tcp_send_bare_syn(struct wr_tcp *tcp, const struct wr_tuple *tuple);
/* Sends a segment of no connection. */
void tcp_send_owed(struct wr_tcp *tcp, const struct wr_owed *owed);

#endif /* WR_TCP_SEGMENT_H */
