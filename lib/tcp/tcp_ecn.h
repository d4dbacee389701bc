/* SPDX-License-Identifier: BSD-3-Clause */
/* Explicit Congestion Notification: RFC 3168, and where both want it RFC 9768. */
#ifndef WR_TCP_ECN_H
#define WR_TCP_ECN_H

#include "tcp.h"

struct tcp_accecn_out;

/* ---- the handshake ---- */

/* The flags of our SYN: what it asks for. */
uint16_t tcp_ecn_syn_flags(const struct wr_tcp *tcp, const struct wr_tcb *c);
/* What a connection with this `cc` agrees on if f is the SYN that opens it. */
enum tcp_ecn tcp_ecn_offered(const struct wr_tcp *tcp, const struct wr_cc_choice *cc,
                             const struct wr_seg *seg);
/* The same of the ACK that answers a cookie, which had kept `classic` of the SYN. */
enum tcp_ecn tcp_ecn_remembered(const struct wr_tcp *tcp, const struct wr_seg *seg,
                                bool classic);
/* The flags of the SYN-ACK of what is kept in *h. */
uint16_t tcp_ecn_synack_flags(const struct wr_half_open *h);
/* The same of a connection that is in full already; `again`: it was sent before. */
uint16_t tcp_ecn_own_synack_flags(struct wr_tcp *tcp, struct wr_tcb *c, bool again);
/*
 * The SYN of a half-open connection came again. False: it is valid, but asks for another kind
 * of ECN than the one before; RFC 9768 section 3.1.5 has the connection reset.
 */
bool tcp_ecn_syn_again(const struct wr_tcp *tcp, struct wr_half_open *h,
                       const struct wr_frame *f);
/* After so many SYN-ACKs without an answer, is it perhaps the ECN in them? */
static inline bool tcp_ecn_gives_up(unsigned retries)
{
	return retries > 1;
}
/* The answer to our SYN came, or the peer's own. */
void tcp_ecn_answered(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_frame *f);
/* What is kept in *h became the connection c. */
void tcp_ecn_accepted(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_half_open *h);

/* ---- feedback: of connections that agreed on ECN ---- */

/* An ACK came that is in order; SND.UNA is as before it. RFC 5681: is it a duplicate? */
void tcp_ecn_feedback(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg,
                      bool duplicate);
/* Bytes of those `acked` by it that it says came marked. */
uint32_t tcp_ecn_marked(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg,
                        uint32_t acked);
/* It told of marks: slows down, once a window. False: not before recovery is over. */
bool tcp_ecn_echoed(struct wr_tcp *tcp, struct wr_tcb *c);
/* cwnd was reduced, for whatever reason: the next new text says CWR, section 6.1.2. */
void tcp_ecn_reduced(struct wr_tcb *c);
/* Were marks, or losses, of this window answered by a reduction already? Then one is enough. */
bool tcp_ecn_has_reduced(const struct wr_tcb *c);

/* ---- segments of such connections ---- */

/* Steps 7 and 8 of RFC 9293 section 3.10.7.4 for one that came. */
enum wr_verdict tcp_ecn_process_text(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f);
/* New text leaves: adds to its flags. Returns the ECN field of its IP header. */
uint8_t tcp_ecn_marks_text(struct wr_tcp *tcp, struct wr_tcb *c, uint16_t *flags);

#endif /* WR_TCP_ECN_H */
