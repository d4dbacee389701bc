/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs of text out of order, in a tree. */
#ifndef WR_TCP_RUN_H
#define WR_TCP_RUN_H

#include "tcp.h"

/* A run is named by its first buffer: from `left` up to, not including, `end`. */
static inline struct wr_seq tcp_run_left(struct rte_mbuf *run)
{
	return wr_seq(wr_buf(run)->seq);
}

static inline struct wr_seq tcp_run_end(struct rte_mbuf *run)
{
	return wr_seq(wr_buf(run)->run.end);
}

/* The run that begins last of those not beyond seq, and the one after it; NULL: none. */
struct rte_mbuf *tcp_run_find(struct wr_tcp *tcp, const struct wr_reorder *r, struct wr_seq seq,
                              struct rte_mbuf **beyond);
struct rte_mbuf *tcp_run_lowest(struct wr_tcp *tcp, const struct wr_reorder *r);
/* m becomes a run of its own. No run begins at the same sequence number. */
void tcp_run_add(struct wr_tcp *tcp, struct wr_reorder *r, struct rte_mbuf *m);
/* The run leaves the tree; its chain is the caller's. */
void tcp_run_remove(struct wr_tcp *tcp, struct wr_reorder *r, struct rte_mbuf *run);
/* m follows the run without a gap. */
void tcp_run_append(struct rte_mbuf *run, struct rte_mbuf *m);
/* The run follows m without a gap: from now on it is named by m. */
void tcp_run_prepend(struct wr_tcp *tcp, struct wr_reorder *r, struct rte_mbuf *run,
                     struct rte_mbuf *m);
/* `next` follows the run without a gap: both are one. */
void tcp_run_join(struct wr_tcp *tcp, struct wr_reorder *r, struct rte_mbuf *run,
                  struct rte_mbuf *next);
/* Takes off the run's last buffer; with it the run, if there is no other. */
struct rte_mbuf *tcp_run_cut_last(struct wr_tcp *tcp, struct wr_reorder *r,
                                  struct rte_mbuf *run);

#endif /* WR_TCP_RUN_H */
