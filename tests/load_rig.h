/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A load generator on host 0 of a memory wire, a server on host 1: who loses, doubles, delays
 * or damages what on the way is the test's choice.
 */
#ifndef LOAD_RIG_H
#define LOAD_RIG_H

#include "wire.h"
#include "wr_load.h"

#define RIG_DELAY_NS WR_US(50) /* one way */

/* What is done to a frame. */
enum rig_fate {
	RIG_PASS,
	RIG_DROP,
	RIG_DOUBLE,
	RIG_HOLD,    /* it comes after the next one of its direction */
	RIG_CORRUPT, /* the last byte of the payload, and checksums made good */
	RIG_CUT,     /* the last byte of the payload is missing; UDP */
};

struct load_rig {
	struct wire wire;
	struct wr_load_conf conf;
	struct wr_load *load[WIRE_CORES];
	unsigned cores;
	unsigned held_bufs; /* that the client's connections may keep; 0: no limit */
	/* Fate of the n-th frame with payload to host `to`, from 0; NULL: all pass. */
	enum rig_fate (*fate)(struct load_rig *rig, unsigned to, unsigned n,
	                      const struct rte_mbuf *m);
	unsigned frames[2]; /* with payload, to host 0 and 1 */
	struct rte_mbuf *held[2];
	unsigned hurt; /* frames that did not just pass */
};

/* Defaults: one connection, 64 bytes, closed loop, to port 7 of host 1, for 10 ms. */
void rig_conf(struct load_rig *rig, enum wr_load_mode mode);

/* The server offers these services, NULL at the end; the client has rig->conf. */
void rig_up(struct load_rig *rig, unsigned cores, const struct wr_service *const *services);

/* Begins, and lets time pass until it is done; fails the test if that takes 100 s. */
void rig_run(struct load_rig *rig);
void rig_start(struct load_rig *rig);
void rig_finish(struct load_rig *rig);

uint64_t rig_count(const struct load_rig *rig, enum wr_load_stat stat);
#define RIG_COUNT(rig, name) rig_count(rig, WR_LOAD_STAT_##name)

uint64_t rig_reason(const struct load_rig *rig, enum wr_reason reason);
/* Values that were recorded. */
uint64_t rig_timed(const struct load_rig *rig, enum wr_latency latency);

/* Ends: all requests are accounted for, books balance, no buffer is missing. */
void rig_down(struct load_rig *rig);

#endif /* LOAD_RIG_H */
