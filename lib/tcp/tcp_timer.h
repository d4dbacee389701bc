/* SPDX-License-Identifier: BSD-3-Clause */
/* The timers of a connection. */
#ifndef WR_TCP_TIMER_H
#define WR_TCP_TIMER_H

#include "tcp.h"

void tcb_ring(struct wr_tcp *tcp, struct wr_tcb *c);
/* Arms the wheel for the earliest deadline that is not covered by a ring already. */
void tcb_arm(struct wr_tcp *tcp, const struct wr_tcb *c, uint32_t tick);
/* Starts what an established connection needs: keep-alive, idle and total time-outs. */
void tcb_arm_limits(struct wr_tcp *tcp, const struct wr_tcb *c);
/* What ss shows: the timer that acts next. */
const char *tcb_timer_name(const struct wr_tcp *tcp, const struct wr_tcb *c, uint64_t *in_us);

#endif /* WR_TCP_TIMER_H */
