/* SPDX-License-Identifier: BSD-3-Clause */
/* Round-trip time and the retransmission timer: RFC 6298. */

#include "tcp_rtt.h"
#include "tcp.h"
#include "tcp_timer.h"

/* Section 2. */
void tcp_rtt_sample(struct wr_tcb *c, uint32_t rtt_us)
{
	c->rare &= (uint16_t)~WR_TCB_NO_PROBE;
	if (rtt_us == 0)
		rtt_us = 1;
	if (c->srtt_us == 0) { /* (2.2) */
		c->srtt_us = rtt_us;
		c->rttvar_us = rtt_us / 2;
		return;
	}
	/* (2.3): RTTVAR first, with the old SRTT. */
	uint32_t error = rtt_us > c->srtt_us ? rtt_us - c->srtt_us : c->srtt_us - rtt_us;

	c->rttvar_us = c->rttvar_us - c->rttvar_us / 4 + error / 4;
	c->srtt_us = wr_max(c->srtt_us - c->srtt_us / 8 + rtt_us / 8, 1);
}

static __rte_always_inline uint32_t rto_us(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	uint64_t rto;

	if (wr_likely(c->srtt_us))
		rto = (uint64_t)c->srtt_us +
		      RTE_MAX(4ull * c->rttvar_us, tcp->conf.rto_slack_us);
	else if (c->syn_rexmits && c->state >= WR_TCP_ESTABLISHED)
		rto = 3 * 1000 * 1000; /* (5.7) */
	else
		rto = tcp->conf.rto_initial_us;
	if (rto < tcp->conf.rto_min_us)
		rto = tcp->conf.rto_min_us;
	rto <<= c->backoff;
	return rto > tcp->conf.rto_max_us ? tcp->conf.rto_max_us : (uint32_t)rto;
}

uint32_t tcp_rto_us(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return rto_us(tcp, c);
}

void tcp_arm_rto(struct wr_tcp *tcp, struct wr_tcb *c)
{
	uint32_t before = c->rto_tick;

	c->rto_tick = wr_tick_after(tcp->now_tick, rto_us(tcp, c));
	c->flags |= WR_TCB_RTO_ARMED;
	if ((c->rare & WR_TCB_WHEEL) && wr_tick_reached(before, c->rto_tick))
		return; /* the wheel's own lines stay cold */
	c->rare |= WR_TCB_WHEEL;
	tcb_arm(tcp, c, c->rto_tick);
}
