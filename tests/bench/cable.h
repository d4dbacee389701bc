/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two hosts of one core joined in memory, in their own time: that of the TSC, less the gaps
 * in which another program had the CPU, so that timers ring as often as on a core of our own.
 * The cable does what a NIC does: when
 * a frame arrives, its bytes are in a fresh buffer of the receiver, unless nobody else holds
 * the sender's, which then changes hands. What the cable costs is sampled, so that it can be
 * told from what the engines cost.
 */
#ifndef BENCH_CABLE_H
#define BENCH_CABLE_H

#include "host.h"
#include "wr_clock.h"

#define CABLE_FLIGHT 262144 /* frames each way; a power of two */

struct cable_lane {
	uint32_t head, count;
	struct rte_mbuf *frame[CABLE_FLIGHT];
};

struct cable {
	struct host host[2];
	struct cable_lane *to[2];
	struct wr_clock clock;
	uint64_t seen_ns, gaps_ns; /* the clock at the last look; what does not count */
	uint64_t rx_flags;         /* mbuf flags of a received frame */
	bool cut[2];               /* frames to that host are lost */
	/* Cost of the cable itself in those rounds that were sampled. */
	uint32_t round;
	uint32_t stamp_cycles; /* what reading the TSC costs */
	uint64_t cycles, frames;
	uint64_t lost; /* no buffer, or no place in the lane */
};

/* nic: frames arrive with checksums marked as good. The hosts are the caller's to start. */
void cable_init(struct cable *cable, bool nic);
void cable_free(struct cable *cable);

/* The hosts' time, ns. */
uint64_t cable_now(struct cable *cable);

/* One round of both hosts' loops. */
void cable_round(struct cable *cable);

#endif /* BENCH_CABLE_H */
