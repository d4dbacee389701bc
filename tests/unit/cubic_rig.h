/* SPDX-License-Identifier: BSD-3-Clause */
/* CUBIC, its clock, and what befalls it. */
#ifndef CUBIC_RIG_H
#define CUBIC_RIG_H

#include "cc.h"
#include "wr_test.h"

#define SMSS 1448u
#define RTT  20000u /* us */

static struct wr_cc cc;
static uint64_t now_us;
static uint32_t una;

static inline void start_with(uint32_t iw)
{
	const struct wr_cc_choice cubic = {&wr_cc_cubic_ops, 0};
	const struct wr_cc_start start = {.now_us = now_us, .iw = iw};

	cc = (struct wr_cc) {.smss = SMSS};
	wr_cc_start(&cc, &cubic, &start);
	una = 0;
}

static inline int start_each(void **state)
{
	now_us = 1000000;
	start_with(10 * SMSS);
	return 0;
}

static inline void ack(uint32_t bytes, uint32_t rtt_us, bool limited)
{
	const struct wr_cc_ack event = {
		.now_us = now_us,
		.acked = bytes,
		.flight = cc.cwnd,
		.rtt_us = rtt_us,
		.srtt_us = RTT,
		.una = una + bytes,
		.nxt = una + bytes + cc.cwnd,
		.cwnd_limited = limited,
	};

	una += bytes;
	wr_cc_ops(&cc)->on_ack(&cc, &event);
}

/* A round trip in which a whole window is acknowledged, two segments an ACK. */
static inline void round_trip(uint32_t rtt_us)
{
	uint32_t window = cc.cwnd, acks = window / (2 * SMSS);
	uint64_t began_us = now_us;

	if (acks == 0)
		acks = 1;
	for (uint32_t i = 0; i < acks; i++) {
		now_us = began_us + (uint64_t)RTT * (i + 1) / acks;
		ack(window / acks, rtt_us, true);
	}
}

static inline void lose(void)
{
	const struct wr_cc_congestion loss = {now_us, cc.cwnd, WR_CC_LOSS};

	wr_cc_ops(&cc)->on_congestion(&cc, &loss);
	wr_cc_ops(&cc)->on_leave_recovery(&cc, now_us);
}

static inline void time_out(bool again)
{
	const struct wr_cc_rto rto = {now_us, cc.cwnd, again};

	wr_cc_ops(&cc)->on_rto(&cc, &rto);
}

static inline void lose_at(uint32_t segments)
{
	cc.cwnd = segments * SMSS;
	lose();
}

#define TEST(name) cmocka_unit_test_setup(name, start_each)

#endif /* CUBIC_RIG_H */
