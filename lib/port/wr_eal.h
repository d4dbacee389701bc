/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_EAL_H
#define WR_EAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "wr_err.h"

#define WR_MAX_PORTS   8
#define WR_MAX_WORKERS 64

/* What the user asked for; every string is borrowed until wr_eal_start() returns. */
struct wr_eal_conf {
	const char *instance; /* names the runtime directory and the telemetry socket */
	/* as written: "tap:wr0", "0000:3b:00.0", "net_null0,size=64" */
	const char *ports[WR_MAX_PORTS];
	unsigned port_count;
	unsigned workers;          /* 0: one less than the CPUs allowed, at least one */
	const char *lcores;        /* CPU list for the workers, "2-5,8"; NULL: chosen */
	unsigned mem_mib;          /* 0: what the workers need, by the next two */
	unsigned worker_mib;       /* memory that one worker's pools and tables take */
	unsigned worker_plain_mib; /* without hugepages, which takes more; 0: the same */
	bool no_huge;              /* do not even try hugepages */
	const char *extra;         /* raw EAL arguments, split like a shell does; may be NULL */
	const char *log_level;     /* EAL log level; NULL: warnings */
	unsigned mtu;              /* bytes of IP packet that devices must carry; 0: 1500 */
	bool crowded;              /* there may be more workers than CPUs */
	bool client;               /* opens connections: memif asks, the peer serves */
};

/* What was found and chosen. */
struct wr_eal {
	char instance[64];
	unsigned workers;
	unsigned lcore[WR_MAX_WORKERS]; /* EAL lcore of worker i */
	int socket[WR_MAX_WORKERS];     /* its NUMA node; -1 if unknown */
	unsigned cpu[WR_MAX_WORKERS];   /* the CPU it is pinned to */
	unsigned control_cpu;           /* the main lcore's CPU: may be worker 0's */
	bool shares_cpu;                /* control and worker 0 share one CPU */
	bool one_file;                  /* another process maps our memory: it is one file */
	bool hugepages;
	bool hugepages_lack;             /* they were wanted, and too few are free */
	uint64_t hugepage_bytes;         /* size of one page, 0 without */
	unsigned mem_mib;                /* memory given to EAL */
	char devargs[WR_MAX_PORTS][256]; /* the EAL device of port i: "net_tap0,iface=wr0" */
	unsigned queues[WR_MAX_PORTS];   /* that port i may use, at most; 0: no limit */
	char device[WR_MAX_PORTS][64];   /* its name for rte_eth_dev_get_port_by_name() */
};

/* How many workers wr_eal_start() will choose. Returns 0, or a negative errno and *err. */
int wr_eal_workers(const struct wr_eal_conf *conf, unsigned *workers, struct wr_err *err);

/*
 * Checks root, /dev/net/tun, names, cores and memory first, each with a sentence of its
 * own, then starts EAL with the right arguments. Returns 0, or a negative errno and *err.
 * Call once, from the main thread.
 */
int wr_eal_start(const struct wr_eal_conf *conf, struct wr_eal *eal, struct wr_err *err);

/* Ends EAL: removes what it left in the runtime directory. */
void wr_eal_stop(void);

/* The readable block that says what was chosen: instance, cores, memory, hugepages. */
void wr_eal_print(FILE *out, const struct wr_eal *eal);

#endif /* WR_EAL_H */
