/* SPDX-License-Identifier: BSD-3-Clause */
/* Loss by what was SACKed above: RFC 6675, IsLost(), where RACK is off. */
#ifndef WR_TCP_COUNT_H
#define WR_TCP_COUNT_H

#include "tcp.h"

/* m was SACKed, and has its mark. `before` is the buffer in front of it, or NULL. */
void tcp_count_sacked(struct wr_tcb *c, struct rte_mbuf *m, struct rte_mbuf *before);

/* m, the first, is acknowledged, and still has its marks. */
void tcp_count_acked(struct wr_tcb *c, struct rte_mbuf *m);

/* Marks went or came otherwise: all is looked at again. */
void tcp_count_anew(struct wr_tcb *c);

/* Marks what is lost. The work is bounded by what was marked since the last time. */
void tcp_mark_lost_by_count(struct wr_tcb *c);

#endif /* WR_TCP_COUNT_H */
