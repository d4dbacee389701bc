/* SPDX-License-Identifier: BSD-3-Clause */
/* Pacing, of connections that are timed. */
#ifndef WR_TCP_PACE_H
#define WR_TCP_PACE_H

#include "tcp.h"

/* May text leave now? If not, the wheel rings when it may. */
bool tcp_pace_allows(struct wr_tcp *tcp, const struct wr_tcb *c);
/* The wheel rang, perhaps for something else: is there text that may leave? Else as above. */
bool tcp_pace_is_due(struct wr_tcp *tcp, const struct wr_tcb *c);
void tcp_pace_sent(struct wr_tcp *tcp, const struct wr_tcb *c, uint32_t bytes);

#endif /* WR_TCP_PACE_H */
