/* SPDX-License-Identifier: BSD-3-Clause */
/* Text between the service and the queues. */
#ifndef WR_TCP_STREAM_H
#define WR_TCP_STREAM_H

#include "tcp.h"

/* Text that waited for more to follow has waited long enough. */
void tcp_send_corked(struct wr_tcp *tcp, struct wr_tcb *c);
/* m, with text, becomes the end of the send queue. */
void tcp_enqueue(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m);
/* Nothing is in flight and nothing may leave: a timer asks again, MUST-36. */
void tcp_arm_persist(struct wr_tcp *tcp, struct wr_tcb *c);

/* Was it released? Then text that comes is lost, and the peer must know. */
bool tcp_is_orphan(const struct wr_tcp *tcp, const struct wr_tcb *c);

#endif /* WR_TCP_STREAM_H */
