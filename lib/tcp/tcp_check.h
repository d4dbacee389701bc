/* SPDX-License-Identifier: BSD-3-Clause */
/* Is a segment acceptable? */
#ifndef WR_TCP_CHECK_H
#define WR_TCP_CHECK_H

#include "tcp.h"

/*
 * RFC 9293 3.10.7.4, first to fourth: WR_V_NEXT to go on, or the verdict that ends the
 * processing; what is owed for that is noted, and a reset has ended c.
 */
enum wr_verdict tcp_check(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_frame *f);

/* ACK for what was not acceptable: limited, so that two ends cannot keep it up for ever. */
void tcp_owe_limited_ack(struct wr_tcp *tcp, struct wr_tcb *c, uint16_t rare);

#endif /* WR_TCP_CHECK_H */
