/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_SNAPSHOT_H
#define WR_SNAPSHOT_H

#include <stdint.h>

#include "wr_eal.h"
#include "wr_port.h"
#include "wr_stats.h"

/* Of one worker core. */
struct wr_snapshot_core {
	struct wr_stats stats;
	uint32_t lcore;          /* EAL lcore */
	uint32_t cpu;            /* CPU it is pinned to */
	int32_t socket;          /* NUMA node; -1 if unknown */
	uint32_t busy_ppm;       /* share of the last interval's cycles that was busy, 1e-6 */
	uint32_t pool_objects;   /* buffers of its pool; 0 if it has none */
	uint32_t pool_available; /* of these, free */
};

/* Of one port. */
struct wr_snapshot_port {
	char spec[64];                    /* as the user wrote it: "tap:wr0" */
	char driver[32];                  /* "net_tap" */
	uint32_t link_mbps;               /* 0: unknown */
	struct wr_port_counters counters; /* since it was opened */
	struct wr_port_counters rate;     /* per second of the last interval */
};

/*
 * All numbers of a process at one instant (of each core: within a burst of it). Whoever shows
 * numbers, in whatever format and whichever process, shows one of these. Some 200 KiB: not
 * for the stack.
 */
struct wr_snapshot {
	char instance[64];     /* the process's name */
	char command[16];      /* what it does: "serve" */
	char version[32];      /* of Wringer */
	char revision[64];     /* of its source; may be empty */
	char dpdk[32];         /* DPDK's version */
	uint64_t start_unix_s; /* when it started, seconds since 1970 */
	uint64_t tsc_hz;       /* cycles a second */
	uint64_t sequence;     /* 1 for the process's first, then one more each */
	uint64_t begun;        /* of the last one begun when this was looked at: its sequence */
	uint64_t time_ns;      /* since the start */
	uint64_t interval_ns;  /* since the snapshot before; 0: there is none, and no rates */
	uint32_t cores, ports;
	struct wr_snapshot_core core[WR_MAX_WORKERS];
	struct wr_snapshot_port port[WR_MAX_PORTS];
	struct wr_stats sum; /* of all cores */
	struct wr_stats
		rate; /* of the sum's counters, per second of the last interval; gauges: 0 */
};

/* An empty snapshot; NULL if there is no memory. Release it with free(). */
struct wr_snapshot *wr_snapshot_new(void);

/*
 * Fills in what follows from the cores' and ports' numbers: the sum, and with the snapshot
 * `before` of the same process (NULL: none) the interval, rates and busy shares.
 */
void wr_snapshot_derive(struct wr_snapshot *snapshot, const struct wr_snapshot *before);

/* Frames that DROP verdicts, full queues and NICs took, all cores and ports. */
uint64_t wr_snapshot_drops(const struct wr_snapshot *snapshot);

#endif /* WR_SNAPSHOT_H */
