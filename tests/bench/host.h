/* SPDX-License-Identifier: BSD-3-Clause */
/* One end of a benchmark: an engine with its pool, as `wringer serve` makes one. */
#ifndef BENCH_HOST_H
#define BENCH_HOST_H

#include "wr_stack.h"

#define HOST_SERVER 0
#define HOST_CLIENT 1

#define HOST_SERVER_ADDR  0xc6120001 /* 198.18.0.1 */
#define HOST_CLIENT_ADDR  0xc6120101 /* 198.18.1.1 and those behind it */
#define HOST_CLIENT_ADDRS 8          /* one address has too few ports */

struct host {
	struct wr_stack *stack;
	struct wr_stats stats;
	struct rte_mempool *pool;
	struct wr_owner owner;
	struct wr_stack_conf conf;
};

/*
 * The defaults of the engine, for `which` (HOST_*) and tables of so many connections. nic:
 * checksums are the port's business.
 */
void host_conf(struct wr_stack_conf *conf, unsigned which, uint32_t connections, bool nic);

/* Makes the engine and a pool of `bufs` buffers, or ends the program with a sentence. */
void host_start(struct host *host, const char *name, const struct wr_stack_conf *conf,
                unsigned bufs, uint64_t now_ns);
void host_stop(struct host *host);

/*
 * Starts EAL with mem_mib of memory and these lcores (EAL's syntax): on hugepages if enough
 * are free, and returns whether; else on ordinary pages. Ends the program if it cannot.
 */
bool host_eal(unsigned mem_mib, const char *lcores);

#endif /* BENCH_HOST_H */
