/* SPDX-License-Identifier: BSD-3-Clause */
/* Proportional rate reduction, RFC 6937 as revised. */
#ifndef WR_TCP_PRR_H
#define WR_TCP_PRR_H

#include "tcp.h"

void tcp_prr_begin(struct wr_tcb *c, struct wr_seq before);
/* `delivered` bytes by this ACK; `safe`: SND.UNA advanced and nothing new was lost. */
void tcp_prr_update(struct wr_tcb *c, uint32_t delivered, bool safe);

#endif /* WR_TCP_PRR_H */
