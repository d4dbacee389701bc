/* SPDX-License-Identifier: BSD-3-Clause */
/* Round-trip times and the retransmission timer. */
#ifndef WR_TCP_RTT_H
#define WR_TCP_RTT_H

#include "tcp.h"

uint32_t tcp_rto_us(const struct wr_tcp *tcp, const struct wr_tcb *c);
void tcp_rtt_sample(struct wr_tcb *c, uint32_t rtt_us);
/* Starts or restarts the retransmission timer, RFC 6298 (5.1), (5.3). */
void tcp_arm_rto(struct wr_tcp *tcp, struct wr_tcb *c);

#endif /* WR_TCP_RTT_H */
