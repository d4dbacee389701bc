/* SPDX-License-Identifier: BSD-3-Clause */
/* Who goes when buffers or orphans are too many. */
#ifndef WR_TCP_EVICT_H
#define WR_TCP_EVICT_H

#include "tcp.h"

#define TCP_EVICT_US 1000 /* while buffers are short, a slice of the pass so often */

/* While buffers are short: goes on with the pass. */
void tcp_evict_run(struct wr_tcp *tcp);
/* The service closed c, and our FIN is on its way: too many such? */
void tcp_orphan_one_more(struct wr_tcp *tcp, const struct wr_tcb *c);
/* A connection is about to open: one that is closing may have to make room for the next. */
void tcp_orphan_make_room(struct wr_tcp *tcp);

#endif /* WR_TCP_EVICT_H */
