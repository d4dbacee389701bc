/* SPDX-License-Identifier: BSD-3-Clause */
/* What acknowledgements and time-outs tell, and what follows. */
#ifndef WR_TCP_LOSS_H
#define WR_TCP_LOSS_H

#include "tcp.h"

/* An ACK that moved SND.UNA by `acked` bytes from FlightSize `flight`. */
void tcp_acked(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg, uint32_t acked,
               uint32_t flight);
/* An ACK that did not. `duplicate`: by the definition of RFC 5681. */
void tcp_not_advanced(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg,
                      bool duplicate);
/* With nothing in flight an ACK can only tell of a needless retransmission, RFC 2883. */
void tcp_acked_again(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg);
/* Calls on_room, if there is enough. */
void tcp_offer_room(struct wr_tcp *tcp, struct wr_tcb *c);
/* Has what is sent again or probed been without success for R2, or the user's time-out? */
bool tcp_gives_up(const struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason *reason);
/* Has what is sent again been without success for R1, or is this the last time before R2? */
bool tcp_is_past_r1(const struct wr_tcp *tcp, const struct wr_tcb *c);
/*
 * All that is out is lost, of FlightSize `flight` bytes: cwnd is the loss window, and it is
 * sent again by slow start, RFC 5681 section 3.1. Repair is attached. `again`: a reduction of
 * cwnd has paid for it.
 */
void tcp_go_back(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t flight, bool again);
/* The retransmission timer rang. */
void tcp_rto_expired(struct wr_tcp *tcp, struct wr_tcb *c);
/* RACK's reordering timer rang, RFC 8985 6.2 step 5. */
void tcp_reo_expired(struct wr_tcp *tcp, struct wr_tcb *c);

#endif /* WR_TCP_LOSS_H */
