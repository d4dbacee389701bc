/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pacing: text leaves at the rate that congestion control asks for. The wheel rings when the
 * next may leave; what the ring was late is made up for, up to a burst.
 */

#include "tcp_pace.h"
#include "tcp.h"
#include "tcp_rate.h"
#include "tcp_timer.h"

#define BURST_NS   1000000 /* BBR.send_quantum: what a millisecond makes */
#define PIPE_LEAST 4       /* segments: BBRMinPipeCwnd */

static uint64_t by_round(const struct wr_tcb *c, uint64_t bytes)
{
	return c->srtt_us ? bytes * 1000000 / c->srtt_us : 0;
}

/*
 * Bytes per second; 0: no pace. No less than the smallest window of a model brings by its ACKs:
 * after long silence its samples say next to nothing, and at that pace there would be no
 * others. Without a model, as Linux has it: twice cwnd a round trip in slow start, else 1.2
 * times.
 */
static uint64_t pace(const struct wr_tcb *c, const struct wr_rate *r)
{
	uint32_t percent = c->cc.cwnd < c->cc.ssthresh ? 200 : 120;
	uint64_t asked = r->model.pace_bytes_per_s;

	if (!wr_cc_ops(&c->cc)->model)
		return by_round(c, (uint64_t)c->cc.cwnd * percent / 100);
	return asked ? RTE_MAX(asked, by_round(c, PIPE_LEAST * c->cc.smss)) : 0;
}

static uint64_t time_ns(uint64_t bytes, uint64_t bytes_per_s)
{
	return bytes * 1000000000 / bytes_per_s;
}

bool tcp_pace_allows(struct wr_tcp *tcp, const struct wr_tcb *c)
{
	const struct wr_rate *r = tcp_rate_of(tcp, c);
	uint64_t now_ns = tcp->now_us * 1000;

	if (r->next_ns <= now_ns)
		return true;
	tcb_arm(tcp, c, wr_tick_after(0, r->next_ns / 1000 + 1));
	return false;
}

bool tcp_pace_is_due(struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return (c->sq_next || c->lost > c->rexmit) && tcp_pace_allows(tcp, c);
}

void tcp_pace_sent(struct wr_tcp *tcp, const struct wr_tcb *c, uint32_t bytes)
{
	struct wr_rate *r = tcp_rate_of(tcp, c);
	uint64_t rate = pace(c, r), now_ns = tcp->now_us * 1000, burst_ns;

	if (rate == 0)
		return;
	burst_ns = time_ns(2ull * c->cc.smss, rate);
	burst_ns = burst_ns > BURST_NS ? burst_ns : BURST_NS;
	if (r->next_ns + burst_ns < now_ns)
		r->next_ns = now_ns - burst_ns;
	r->next_ns += time_ns(bytes, rate);
}
