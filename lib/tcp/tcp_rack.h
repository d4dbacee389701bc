/* SPDX-License-Identifier: BSD-3-Clause */
/* RACK, RFC 8985 section 6: losses by time of transmission. */
#ifndef WR_TCP_RACK_H
#define WR_TCP_RACK_H

#include "tcp.h"

static inline bool tcp_uses_rack(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return tcp->conf.rack && (c->flags & WR_TCB_SACK);
}

/* b was delivered: steps 1 to 3. `high`: nothing above it was delivered before. */
void tcp_rack_delivered(const struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_buf *b,
                        struct wr_news *news, bool high);
/* Step 4: one more D-SACK, and the end of a recovery without any. */
void tcp_rack_saw_dsack(struct wr_tcb *c);
void tcp_rack_left_recovery(struct wr_tcb *c);
/* Step 5: marks what is lost, sets the reordering timer for what may be. */
void tcp_rack_detect(struct wr_tcp *tcp, struct wr_tcb *c);
/* Has so long passed since b was sent that it would be lost, had something later arrived? */
bool tcp_rack_timed_out(const struct wr_tcp *tcp, const struct wr_tcb *c,
                        const struct wr_buf *b);

#endif /* WR_TCP_RACK_H */
