/* SPDX-License-Identifier: BSD-3-Clause */
/* The scoreboard: what is SACKed, lost, sent again. */
#ifndef WR_TCP_BOARD_H
#define WR_TCP_BOARD_H

#include "tcp.h"

/* Repair state, attached if it was not. NULL: all are in use; then only time-outs repair. */
struct wr_repair *tcp_repair_attach(struct wr_tcp *tcp, struct wr_tcb *c);
/* All marks are gone from the buffers, or the buffers are. */
void tcp_repair_detach(struct wr_tcp *tcp, struct wr_tcb *c);
/* tcp_pipe() while repair is attached. */
uint32_t tcp_board_pipe(const struct wr_tcb *c);
/* Bytes thought to be in the network: RFC 6675 section 4, SetPipe. */
static inline uint32_t tcp_pipe(const struct wr_tcb *c)
{
	return wr_likely(!(c->flags & WR_TCB_LOSS)) ? tcb_flight(c) : tcp_board_pipe(c);
}

/* The next buffer to send again, or NULL: RFC 6675 NextSeg (1) and (4). */
struct rte_mbuf *tcp_next_lost(const struct wr_tcp *tcp, struct wr_tcb *c);
void tcp_mark_lost(struct wr_tcb *c, struct rte_mbuf *m);
/* What was sent again is lost once more: before all others, behind *after if that is set. */
void tcp_mark_lost_again(struct wr_tcb *c, struct rte_mbuf *m, struct rte_mbuf **after);
/* m, marked or not, was sent again just now. */
void tcp_board_sent_again(struct wr_tcb *c, struct rte_mbuf *m);
/* m was cut in two: `rest` takes part in what m does. */
void tcp_board_split(struct wr_tcb *c, struct rte_mbuf *m, struct rte_mbuf *rest);
/* m is acknowledged and goes, or its first `part` bytes are and it stays. */
void tcp_board_acked(const struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m,
                     struct wr_news *news);
void tcp_board_acked_part(struct wr_tcb *c, struct wr_buf *b, uint32_t part);
/* Marks what the SACK blocks cover, and finds a D-SACK. */
void tcp_board_sack(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_news *news);
/* What the SACK blocks of seg tell of for the first time. */
struct tcp_board_news {
	uint32_t segments, bytes;
};

struct tcp_board_news tcp_board_count_news(const struct wr_tcb *c, const struct wr_seg *seg);
/* Everything sent is to be sent again; what is SACKed too if the peer forgot it. */
void tcp_mark_all_lost(struct wr_tcb *c, bool reneged);
/* The peer forgot the oldest: it is to be sent again, first of all. */
void tcp_board_take_back(const struct wr_tcp *tcp, struct wr_tcb *c);
/* What was sent in more than `len` bytes, and is not SACKed, is to be sent again. */
void tcp_mark_longer_lost(struct wr_tcb *c, uint32_t len);
/* A time-out: what is SACKed stays so, RFC 6675 5.1; the rest is lost if it is old enough. */
void tcp_mark_timed_out(const struct wr_tcp *tcp, struct wr_tcb *c);
/* Was not lost after all, unless sent again already. */
void tcp_board_forget_lost(struct wr_tcb *c);
/* RFC 2883: is the first block of the segment a D-SACK? */
bool tcp_is_dsack(const struct wr_tcb *c, const struct wr_seg *seg, const struct wr_sack *s);

#endif /* WR_TCP_BOARD_H */
