/* SPDX-License-Identifier: BSD-3-Clause */
/* Opens: segments for which there is no connection yet. */
#ifndef WR_TCP_OPEN_H
#define WR_TCP_OPEN_H

#include "tcp.h"

/* RFC 9293 3.10.7.1 and .2: CLOSED and LISTEN. */
enum wr_verdict tcp_no_connection(struct wr_tcp *tcp, struct wr_frame *f);
/* 3.10.7.3. */
enum wr_verdict tcp_syn_sent(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f);
/* What a record of the SYN f to that listener says. */
void tcp_half_open_of(struct wr_tcp *tcp, const struct wr_frame *f, int listener,
                      struct wr_half_open *out);
/* Is f, which acknowledges, the answer to a cookie? Then *out is what that says. */
bool tcp_cookie_came(const struct wr_tcp *tcp, const struct wr_frame *f, int listener,
                     struct wr_half_open *out);
/* May the sender of f open a connection of that listener? WR_V_NEXT; or a limit's verdict. */
enum wr_verdict tcp_open_allowed(struct wr_tcp *tcp, unsigned listener,
                                 const struct wr_frame *f);
/*
 * A connection, its state still CLOSED, of what the record says, in the flow table as
 * tcb_new() does it. NULL: no room.
 */
struct wr_tcb *tcp_open_passively(struct wr_tcp *tcp, const struct wr_half_open *h,
                                  uint32_t hash, uint32_t instead);
/* f is the last ACK of its handshake: ESTABLISHED, the service told, the text delivered. */
enum wr_verdict tcp_open_completed(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f);
/*
 * The SYN f to a listener, on the tuple of a TIME-WAIT record that still stands. A cookie,
 * whose number is any, may do if timestamps tell the connections apart.
 */
enum wr_verdict tcp_listen_again(struct wr_tcp *tcp, struct wr_frame *f, bool cookie_may_do);
/* Owes a reset in answer to f, RFC 9293 3.5.2, within the rate limit. */
enum wr_verdict tcp_owe_reset(struct wr_tcp *tcp, const struct wr_frame *f, enum wr_verdict v);

#endif /* WR_TCP_OPEN_H */
