/* SPDX-License-Identifier: BSD-3-Clause */
/* When acknowledgements leave. */
#ifndef WR_TCP_ACK_H
#define WR_TCP_ACK_H

#include "tcp.h"

/* Text is missing, or came twice: ACKs are prompt from now on, for a while. */
void tcp_ack_saw_trouble(const struct wr_tcp *tcp, struct wr_tcb *c);
/* May the ACK of a single segment wait? */
bool tcp_ack_may_wait(const struct wr_tcp *tcp, const struct wr_tcb *c);
/*
 * Text in order was received, the last `len` bytes of it now: acknowledged at once for every
 * second segment, else after delack_us, or a tick while ACKs are prompt.
 */
static inline void tcp_ack_owe_for_text(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t len)
{
	bool second = wr_seq_span(c->rcv.acked, c->rcv.nxt) > len;
	bool special = (c->flags & (WR_TCB_REORDER | WR_TCB_HELD)) || tcp->conf.quick_acks ||
	               tcp->conf.delack_us == 0;

	if (second || (wr_unlikely(special) && !tcp_ack_may_wait(tcp, c)))
		c->flags |= WR_TCB_ACK_NOW;
	else
		c->flags |= WR_TCB_DELACK;
	tcb_pend(tcp, c);
}
/* Text beyond a gap was received, before it is taken: a duplicate ACK. */
void tcp_ack_owe_for_gap(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg);
/* The peer's FIN was received; c's state is as before it. */
void tcp_ack_owe_for_fin(struct wr_tcp *tcp, struct wr_tcb *c);
/* Sends an ACK; what it was owed for is in it. */
void tcp_ack_send(struct wr_tcp *tcp, struct wr_tcb *c);
/* The ACK that is owed leaves ahead of what the burst brings, if there is room for it. */
void tcp_ack_send_now(struct wr_tcp *tcp, struct wr_tcb *c);
/* While ACKs are prompt: sends what is owed if a segment of `len` bytes must not replace it. */
void tcp_ack_send_ahead(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t len);
void tcp_ack_arm_delayed(struct wr_tcp *tcp, struct wr_tcb *c);

#endif /* WR_TCP_ACK_H */
