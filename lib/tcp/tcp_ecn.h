/* SPDX-License-Identifier: BSD-3-Clause */
/* Explicit Congestion Notification, RFC 3168. */
#ifndef WR_TCP_ECN_H
#define WR_TCP_ECN_H

#include "tcp.h"

/* Does our SYN ask for ECN? */
bool tcp_ecn_asks(const struct wr_tcp *tcp, const struct wr_tcb *c);
/* Does the peer's SYN ask for ECN, and a connection with this `cc` agree? */
bool tcp_ecn_offered(const struct wr_tcp *tcp, const struct wr_cc_choice *cc,
                     const struct wr_seg *seg);
/* The answer to our SYN came, or the peer's own. */
void tcp_ecn_answered(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg);
/* Both sides want it. */
void tcp_ecn_agreed(struct wr_tcp *tcp, struct wr_tcb *c);
/* An ACK with ECN-Echo came, of a connection that agreed on ECN; SND.UNA is as before it. */
void tcp_ecn_echoed(struct wr_tcp *tcp, struct wr_tcb *c);
/* cwnd was reduced, for whatever reason: the next new text says CWR, section 6.1.2. */
void tcp_ecn_reduced(struct wr_tcb *c);
/* Were marks, or losses, of this window answered by a reduction already? Then one is enough. */
bool tcp_ecn_has_reduced(const struct wr_tcb *c);
/* A segment of such a connection; its ACK was taken, its text was not. */
void tcp_ecn_arrives(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_frame *f);
/* CWR if it is due; it counts as sent. */
uint8_t tcp_ecn_text_flags(struct wr_tcb *c);

#endif /* WR_TCP_ECN_H */
