/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_EXPORT_H
#define WR_EXPORT_H

#include <stdint.h>
#include <stdio.h>

#include <rte_mempool.h>

#include "wr_eal.h"
#include "wr_err.h"
#include "wr_port.h"
#include "wr_snapshot.h"
#include "wr_stack.h"
#include "wr_stats.h"

/*
 * Lets others see a running process: answers DPDK telemetry commands (/wringer/...) and, if
 * asked to, Prometheus scrapes. Both are served from the snapshot that the control thread
 * takes once a second, so that nobody reads the workers' cache lines more often.
 */
struct wr_export;

/* One worker. All pointers are borrowed until wr_export_stop(). */
struct wr_export_core {
	const struct wr_stats *stats;
	struct wr_stack *stack;         /* asked for its connections; NULL: cannot be asked */
	const struct rte_mempool *pool; /* its buffers; may be NULL */
	unsigned lcore, cpu;
	int socket; /* NUMA node; -1 if unknown */
};

/* Strings are copied, the ports are borrowed until wr_export_stop(). */
struct wr_export_conf {
	const char *instance;  /* as in the name of the runtime directory */
	const char *command;   /* "serve" */
	const char *version;   /* of Wringer */
	const char *revision;  /* of its source; NULL: unknown */
	const char *metrics;   /* "ADDR:PORT" of the Prometheus endpoint; NULL: none */
	uint64_t start_unix_s; /* wall time of the start, seconds since 1970 */
	uint64_t tsc_hz;
	unsigned control_cpu; /* where the endpoint's thread runs */
	struct wr_export_core core[WR_MAX_WORKERS];
	unsigned cores;
	const struct wr_port *port; /* array */
	unsigned ports;
	/* wr_port_counters(), or another source in tests; called by wr_export_tick(). */
	void (*port_counters)(const struct wr_port *port, struct wr_port_counters *out);
	/*
	 * The engine's clock, and a wait of some microseconds: for the bounded wait for a
	 * worker's answer. Called from telemetry threads.
	 */
	uint64_t (*now_ns)(void *arg);
	void (*nap)(void *arg, unsigned us);
	/*
	 * Other setpoints of what runs, "NAME=VALUE,...". Returns 0 and what is in force then,
	 * or a negative errno and a sentence. NULL: it has none. Called from telemetry threads.
	 */
	int (*set)(void *arg, const char *words, char *answer, size_t size);
	/*
	 * Writes further families of what runs to the Prometheus endpoint's page. NULL: there
	 * are none. Called from the endpoint's thread.
	 */
	void (*families)(void *arg, FILE *out);
	void *arg;
};

/*
 * Starts telemetry commands and the endpoint; EAL must be running. Call from the control
 * thread; there is one at a time in a process. Returns NULL and *err: usage for a bad
 * ADDR:PORT, environment if it cannot be bound or there is no memory.
 */
struct wr_export *wr_export_start(const struct wr_export_conf *conf, struct wr_err *err);

/*
 * Takes a snapshot and its rates. The control thread calls it about once a second, now_ns
 * being nanoseconds since the start; and once more when the workers have stopped, for the
 * report at exit.
 */
void wr_export_tick(struct wr_export *export, uint64_t now_ns);

/*
 * Reads the numbers of this instant into *out, without rates, and leaves the snapshot that
 * others see alone. For the thread that calls wr_export_tick().
 */
void wr_export_read(const struct wr_export *export, struct wr_snapshot *out, uint64_t now_ns);

/* The newest snapshot; for the thread that calls wr_export_tick(), until its next call. */
const struct wr_snapshot *wr_export_snapshot(const struct wr_export *export);

/*
 * Ends both. Call it when the workers have left their loops, and before their stacks are
 * freed: a worker may still be writing the answer to a question. NULL is no error.
 */
void wr_export_stop(struct wr_export *export);

#endif /* WR_EXPORT_H */
