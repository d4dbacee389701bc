/* SPDX-License-Identifier: BSD-3-Clause */
/* What algorithms share. Not for users of the library. */
#ifndef WR_CC_PRIVATE_H
#define WR_CC_PRIVATE_H

#include "wr_base.h"
#include "wr_cc.h"

/* num / den of a window, without overflow. */
static inline uint32_t cc_share(uint32_t bytes, uint32_t num, uint32_t den)
{
	return (uint32_t)((uint64_t)bytes * num / den);
}

/* a + b, stops at UINT32_MAX. */
static inline uint32_t cc_add(uint32_t a, uint32_t b)
{
	return a + b < a ? UINT32_MAX : a + b;
}

/* cwnd += min(N, limit * SMSS): RFC 5681 (2) with byte counting, RFC 3465. */
static inline void cc_slow_start(struct wr_cc *cc, uint32_t acked, uint32_t limit)
{
	cc->cwnd = cc_add(cc->cwnd, wr_min(acked, limit * cc->smss));
}

/* The window a reduction starts from: what was in flight, not what might have been. */
static inline uint32_t cc_used(const struct wr_cc *cc, uint32_t flight)
{
	return wr_min(flight, cc->cwnd);
}

static inline void cc_save(const struct wr_cc *cc, struct wr_cc_saved *saved)
{
	*saved = (struct wr_cc_saved) {cc->cwnd, cc->ssthresh};
}

/* RFC 4015 section 3.2 and RFC 9438 section 4.9: as it was, if that is more. */
static inline void cc_restore(struct wr_cc *cc, const struct wr_cc_saved *saved)
{
	cc->cwnd = wr_max(cc->cwnd, saved->cwnd);
	cc->ssthresh = wr_max(cc->ssthresh, saved->ssthresh);
}

/* Restarts after idle: RFC 5681 section 4.1. */
static inline void cc_restart(struct wr_cc *cc, uint32_t iw)
{
	cc->cwnd = wr_min(cc->cwnd, iw);
}

/* An ACK in the first slow start; grows cwnd. True: it is time to leave slow start. */
bool hystart_on_ack(struct wr_hystart *h, struct wr_cc *cc, const struct wr_cc_ack *ack);

/* The cube root of n, rounded down. */
uint32_t cc_cube_root(uint64_t n);

#endif /* WR_CC_PRIVATE_H */
