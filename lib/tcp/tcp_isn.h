/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the numbers of a connection begin. */
#ifndef WR_TCP_ISN_H
#define WR_TCP_ISN_H

#include "tcp.h"

/* Both from one hash of the tuple: 32 bits for the ISN, the other 32 for timestamps. */
struct wr_seq tcp_isn(const struct wr_tcp *tcp, const struct wr_tuple *tuple,
                      uint32_t *ts_offset);
uint32_t tcp_ts_offset(const struct wr_tcp *tcp, const struct wr_tuple *tuple);

#endif /* WR_TCP_ISN_H */
