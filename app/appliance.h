/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_APPLIANCE_H
#define WR_APPLIANCE_H

#include <stdio.h>

#include "worker.h"
#include "wr_conf.h"
#include "wr_eal.h"
#include "wr_export.h"
#include "wr_owner.h"

struct wr_appliance;

/*
 * What a command makes of an appliance, beyond the services of its configuration. Functions
 * may be NULL; all but attach run on the control thread while the workers run.
 */
struct wr_role {
	const char *command;   /* for those who look at it: "load" */
	unsigned workers;      /* so many, if need be on the same CPU; 0: as configured */
	bool client;           /* opens connections: asks at a memif, where the peer serves */
	uint64_t worker_bytes; /* memory of each worker besides stack and buffers */
	/* Changes what the stack of worker `worker` will be. */
	void (*shape)(struct wr_appliance *app, unsigned worker, struct wr_stack_conf *stack);
	/*
	 * Worker `worker` has its stack and does not run yet: adds tasks to it. Returns 0, or a
	 * negative errno and *err; undone by detach, also of workers that were not attached.
	 */
	int (*attach)(struct wr_appliance *app, unsigned worker, struct wr_err *err);
	void (*detach)(struct wr_appliance *app, unsigned worker); /* workers have stopped */
	/* Once every look_every_ns (0: 100 ms). False: the command has come to its end. */
	bool (*look)(struct wr_appliance *app, uint64_t now_ns);
	uint64_t look_every_ns;
	/*
	 * The first signal asks to stop: true if look will return false when it has. False, or
	 * NULL: it has. The second signal ends the process without more ado.
	 */
	bool (*stop)(struct wr_appliance *app, uint64_t now_ns);
	/*
	 * Other setpoints, "rps=2M,connections=500", from any thread. Returns 0 and those in
	 * force, or a negative errno and a sentence. NULL: it has none.
	 */
	int (*set)(struct wr_appliance *app, const char *words, char *answer, size_t size);
	/* Further families for Prometheus, from any thread. NULL: it has none. */
	void (*families)(struct wr_appliance *app, FILE *out);
	void *arg; /* for these functions */
};

/* A running process: EAL, the port, the workers and who looks at them. */
struct wr_appliance {
	const struct wr_conf *conf;
	const struct wr_role *role;
	struct wr_eal eal;
	struct wr_clock clock;
	struct wr_port port;
	struct wr_owner owner;
	struct rte_ring *inbox[WR_MAX_WORKERS];
	struct rte_mempool *pool[WR_MAX_WORKERS];
	struct wr_worker *worker[WR_MAX_WORKERS]; /* on its NUMA node */
	struct wr_export *export;
	struct wr_stack_message *message; /* one a worker: what it was asked last */
	unsigned launched;                /* workers that run */
	bool eal_runs, port_is_open;
	bool interrupted; /* a signal came */
};

/*
 * How many workers an appliance of this configuration will have. Returns 0, or a negative
 * errno and *err.
 */
int wr_appliance_workers(const struct wr_conf *conf, unsigned *workers, struct wr_err *err);

/*
 * Brings everything up to the point where the workers run. Returns 0, or a negative errno
 * and *err; then nothing is left running. conf and role are borrowed until
 * wr_appliance_stop().
 */
int wr_appliance_start(struct wr_appliance *app, const struct wr_role *role,
                       const struct wr_conf *conf, struct wr_err *err);

/*
 * Has a worker run call(stack, arg) between two bursts, and waits for it. From the control
 * thread. Returns 0, or -ETIMEDOUT if the worker does not begin with it within 5 s: then it
 * never will.
 */
int wr_appliance_call(struct wr_appliance *app, unsigned worker,
                      void (*call)(struct wr_stack *stack, void *arg), void *arg);

/* Ends the workers' loops and waits for them. */
void wr_appliance_halt(struct wr_appliance *app);

/* Begins them again. Returns 0, or a negative errno and *err. */
int wr_appliance_launch(struct wr_appliance *app, struct wr_err *err);

/*
 * Releases everything. Returns the last snapshot, to be freed, or NULL if there never was
 * one; its mbuf_in_use are the buffers that nobody gave back.
 */
struct wr_snapshot *wr_appliance_stop(struct wr_appliance *app);

/*
 * The control thread's work until the role or a signal says that it is the end: the role's
 * look, snapshots, lines of rates, the watchdog; then the drain, at whose end the workers
 * halt. The signals must be blocked since before the first thread was made:
 * wr_control_block_signals(). Returns whether the drain came to its end in time.
 */
bool wr_control_run(struct wr_appliance *app);
void wr_control_block_signals(void);

/* What was found and chosen, and the line that says that it answers. */
void wr_console_start(FILE *out, const struct wr_appliance *app);
void wr_console_ready(FILE *out, const struct wr_appliance *app);

/* The totals that the last line of rates was made from. */
struct wr_console_rates {
	uint64_t time_ns;
	uint64_t rx_frames, tx_frames, bytes_in, bytes_out, rexmit, busy, idle;
};

/* One line: rates since the line before. */
void wr_console_line(FILE *out, const struct wr_appliance *app, uint64_t now_ns,
                     struct wr_console_rates *before);

/* The numbers of the newest snapshot, as `wringer stats` prints them. */
void wr_console_now(FILE *out, const struct wr_appliance *app);

/* The report at exit, as text or JSON. */
void wr_console_end(FILE *out, const struct wr_conf *conf, const struct wr_snapshot *snapshot,
                    bool drained);

/* Prints the one sentence; with --json also as a document on standard output. */
void wr_console_error(const struct wr_conf *conf, const struct wr_err *err);

#endif /* WR_APPLIANCE_H */
