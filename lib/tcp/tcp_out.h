/* SPDX-License-Identifier: BSD-3-Clause */
/* What may leave, and when. */
#ifndef WR_TCP_OUT_H
#define WR_TCP_OUT_H

#include "tcp.h"

/* Sends what windows, Nagle and recovery allow, and the ACK owed. False: no room to send. */
bool tcp_output(struct wr_tcp *tcp, struct wr_tcb *c);
/* The sent buffer with the highest sequence number; NULL: no text is out. */
struct rte_mbuf *tcp_last_sent(const struct wr_tcb *c);
/* Sends again the sent buffer m. False: no buffer, or the output queue is full. */
bool tcp_send_again(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m,
                    enum wr_cause cause);
/* Sends the first `len` bytes of the next buffer. False: no room to send, or no buffer. */
bool tcp_send_next(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t len, uint8_t flags);
/* Sends one segment of unsent text whatever cwnd and Nagle say. False: nothing left. */
bool tcp_send_one_new(struct wr_tcp *tcp, struct wr_tcb *c);

#endif /* WR_TCP_OUT_H */
