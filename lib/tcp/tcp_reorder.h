/* SPDX-License-Identifier: BSD-3-Clause */
/* Text out of order. */
#ifndef WR_TCP_REORDER_H
#define WR_TCP_REORDER_H

#include "tcp.h"

/* Keeps f's text, which begins beyond RCV.NXT; takes the buffer if it does. */
enum wr_verdict tcp_reorder_add(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f);
/* The next piece if RCV.NXT has reached it, unlinked, its data trimmed to what is new. */
struct rte_mbuf *tcp_reorder_next(struct wr_tcp *tcp, struct wr_tcb *c);
/* Blocks to report, newest first; up to max. Includes a D-SACK if one is due, and clears it. */
unsigned tcp_reorder_blocks(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_sack *out,
                            unsigned max);
void tcp_reorder_free(struct wr_tcp *tcp, struct wr_tcb *c);
/* A D-SACK block for text received twice, RFC 2883. */
void tcp_note_duplicate(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_seq left,
                        struct wr_seq right);

#endif /* WR_TCP_REORDER_H */
