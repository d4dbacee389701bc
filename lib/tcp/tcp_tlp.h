/* SPDX-License-Identifier: BSD-3-Clause */
/* Tail loss probes, RFC 8985 section 7. */
#ifndef WR_TCP_TLP_H
#define WR_TCP_TLP_H

#include "tcp.h"

/* May a probe be sent when its time comes? */
bool tcp_tlp_is_due_some_time(const struct wr_tcp *tcp, const struct wr_tcb *c);
/* The tick of the probe time-out; not later than rto_tick. */
uint32_t tcp_tlp_tick(const struct wr_tcp *tcp, const struct wr_tcb *c);
/* Lets the wheel ring in time for the probe. */
void tcp_tlp_arm(struct wr_tcp *tcp, struct wr_tcb *c);
/* The same after sending and after ACKs, at almost no cost. */
static inline void tcp_tlp_check(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (!(c->rare & WR_TCB_WHEEL_PTO) &&
	    (tcb_flight(c) > c->cc.smss || c->rttvar_us > c->srtt_us / 4 + 50000))
		tcp_tlp_arm(tcp, c);
}
/* The probe time-out has come. */
void tcp_tlp_probe(struct wr_tcp *tcp, struct wr_tcb *c);
/* Section 7.4.2: did the probe repair a loss? `duplicate`: a pure ACK that tells nothing. */
void tcp_tlp_acked(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_news *news,
                   bool duplicate);

#endif /* WR_TCP_TLP_H */
