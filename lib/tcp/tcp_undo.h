/* SPDX-License-Identifier: BSD-3-Clause */
/* Reductions that were needless. */
#ifndef WR_TCP_UNDO_H
#define WR_TCP_UNDO_H

#include "tcp.h"

/* cwnd is about to be reduced; no news while losses are under repair already. */
void tcp_undo_begin(struct wr_tcb *c);
/* A segment was sent again. */
void tcp_undo_sent_again(const struct wr_tcp *tcp, struct wr_tcb *c);
/* RFC 3522: does the first ACK of new text answer the original? Then undoes all. */
bool tcp_undo_by_timestamp(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_news *news);
/* RFC 2883, 3708: all that was sent again was received twice. */
void tcp_undo_by_dsack(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_news *news);
/* RFC 5682: one step for an ACK after a time-out. */
void tcp_frto_step(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_news *news,
                   bool duplicate);
/* RFC 5682 (2.b): has all new text left that may before the next ACK? Repair is attached. */
bool tcp_frto_waits(const struct wr_tcb *c);

#endif /* WR_TCP_UNDO_H */
