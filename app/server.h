/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_SERVER_H
#define WR_SERVER_H

#include <stdio.h>

#include "worker.h"
#include "wr_conf.h"
#include "wr_eal.h"
#include "wr_export.h"
#include "wr_owner.h"

/* A running process: EAL, the port, the workers and who looks at them. */
struct wr_server {
	const struct wr_conf *conf;
	struct wr_eal eal;
	struct wr_clock clock;
	struct wr_port port;
	struct wr_owner owner;
	struct rte_ring *inbox[WR_MAX_WORKERS];
	struct rte_mempool *pool[WR_MAX_WORKERS];
	struct wr_worker *worker[WR_MAX_WORKERS]; /* on its NUMA node */
	struct wr_export *export;
	unsigned launched; /* workers that run */
	bool eal_runs, port_is_open;
};

/*
 * Brings everything up to the point where the workers answer. Returns 0, or a negative errno
 * and *err; then nothing is left running. conf is borrowed until wr_server_stop().
 */
int wr_server_start(struct wr_server *server, const struct wr_conf *conf, struct wr_err *err);

/* Ends the workers' loops and waits for them. */
void wr_server_halt(struct wr_server *server);

/*
 * Releases everything. Returns the last snapshot, to be freed, or NULL if there never was
 * one; its mbuf_in_use are the buffers that nobody gave back.
 */
struct wr_snapshot *wr_server_stop(struct wr_server *server);

/*
 * The control thread's work until a signal asks to stop: snapshots, lines of rates, the
 * watchdog; then the drain, at whose end the workers halt. The signals must be blocked since
 * before the first thread was made: wr_control_block_signals(). Returns whether the drain
 * came to its end in time.
 */
bool wr_control_run(struct wr_server *server);
void wr_control_block_signals(void);

/* What was found and chosen, and the line that says that it answers. */
void wr_report_start(FILE *out, const struct wr_server *server);
void wr_report_ready(FILE *out, const struct wr_server *server);

/* The totals that the last line of rates was made from. */
struct wr_report_rates {
	uint64_t time_ns;
	uint64_t rx_frames, tx_frames, bytes_in, bytes_out, rexmit, busy, idle;
};

/* One line: rates since the line before. */
void wr_report_line(FILE *out, const struct wr_server *server, uint64_t now_ns,
                    struct wr_report_rates *before);

/* The numbers of the newest snapshot, as `wringer stats` prints them. */
void wr_report_now(FILE *out, const struct wr_server *server);

/* The report at exit, as text or JSON. */
void wr_report_end(FILE *out, const struct wr_conf *conf, const struct wr_snapshot *snapshot,
                   bool drained);

/* Prints the one sentence; with --json also as a document on standard output. */
void wr_report_error(const struct wr_conf *conf, const struct wr_err *err);

#endif /* WR_SERVER_H */
