/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_APP_LOAD_H
#define WR_APP_LOAD_H

#include <pthread.h>

#include "appliance.h"
#include "wr_load.h"
#include "wr_result.h"

/* How far a load has come. */
enum wr_run_stage {
	WR_RUN_LINK,    /* waits for the link */
	WR_RUN_ARP,     /* waits for the next hop's answer */
	WR_RUN_OPENING, /* connections that stay are being opened */
	WR_RUN_GOING,   /* from the ramp to the end of the last connection */
};

enum wr_request_state { WR_REQUEST_NONE, WR_REQUEST_ASKED, WR_REQUEST_ANSWERED };

/* Setpoints that a telemetry thread brings to the control thread; all under the lock. */
struct wr_request {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum wr_request_state state;
	char words[512];  /* "rps=2M,connections=500" */
	char answer[512]; /* what is in force then, or a sentence */
	int rc;
};

/* One `wringer load`, of one run or several. The control thread's, but for core[]. */
struct wr_run {
	const struct wr_conf *conf;
	const struct wr_load_conf *load;
	struct wr_result *result;
	struct wr_load *core[WR_MAX_WORKERS]; /* of each worker from `first` on */
	unsigned first, cores;
	struct wr_load_conf flood;                  /* of bare SYNs beside it */
	struct wr_load *flood_core[WR_MAX_WORKERS]; /* NULL: none */

	enum wr_run_stage stage;
	enum wr_load_phase phase; /* of the core that is furthest behind */
	uint64_t stage_ns;        /* when the stage began */
	uint64_t next_line_ns;
	unsigned done; /* runs that came to their end */
	bool keeps;    /* its connections are opened once and stay */
	/* Of each worker: cycles in which it stood still, until the measurement and in it. */
	uint64_t stalled_before[WR_MAX_WORKERS], stalled_cycles[WR_MAX_WORKERS];
	bool begun;  /* the result knows of this run */
	bool failed; /* err says what stopped it */
	struct wr_err err;

	struct wr_load_setpoints set; /* in force now */
	struct wr_request request;    /* other ones */
	struct wr_load_stats *sum;    /* of all cores, newest */
	struct wr_snapshot *now;      /* of the process, newest */

	struct wr_client *server; /* --server-instance; NULL: not asked for */
	struct wr_snapshot *server_before, *server_after;
};

/* Takes memory, and the connection to --server-instance. Returns 0, or an errno and *err. */
int wr_run_init(struct wr_run *run, const struct wr_conf *conf, const struct wr_load_conf *load,
                struct wr_result *result, struct wr_err *err);
void wr_run_fini(struct wr_run *run);

/*
 * load_flood.c: the SYNs of --syn-flood, by a generator of their own on each core. They begin
 * and end with the load; without the option these do nothing. `core` counts from run->first.
 */
void wr_flood_init(struct wr_run *run);
int wr_flood_attach(struct wr_run *run, struct wr_worker *w, unsigned core, struct wr_err *err);
void wr_flood_detach(struct wr_run *run, unsigned core);
uint64_t wr_flood_bytes(const struct wr_run *run, unsigned cores);
/* On the control thread. Returns 0, or -ETIMEDOUT if the worker does not answer. */
int wr_flood_start(struct wr_run *run, struct wr_appliance *app, unsigned core,
                   uint64_t start_ns);
void wr_flood_end(struct wr_run *run, struct wr_appliance *app);
/* For another run; the workers rest. Returns 0, or -ENOMEM and run->err. */
int wr_flood_renew(struct wr_run *run, unsigned core);
/* Adds what it sent, and what answered. */
void wr_flood_sum(const struct wr_run *run, struct wr_load_stats *sum);

/* The part of struct wr_role; its arg is the struct wr_run. */
int wr_run_attach(struct wr_appliance *app, unsigned worker, struct wr_err *err);
void wr_run_detach(struct wr_appliance *app, unsigned worker);
bool wr_run_look(struct wr_appliance *app, uint64_t now_ns);
bool wr_run_stop(struct wr_appliance *app, uint64_t now_ns);

int wr_run_set(struct wr_appliance *app, const char *words, char *answer, size_t size);

/* The families of the load for Prometheus; from any thread. */
void wr_run_families(struct wr_appliance *app, FILE *out);

void wr_request_init(struct wr_request *request);
void wr_request_fini(struct wr_request *request);

/* On the control thread: carries out what is asked for, if anything is. */
void wr_request_answer(struct wr_run *run, struct wr_appliance *app);

/* When the control loop has ended, by itself or by a signal: tells the result the end. */
void wr_run_conclude(struct wr_run *run, struct wr_appliance *app);

/* One load from its options to its result. */
struct wr_job {
	struct wr_conf conf; /* as it was read */
	struct wr_load_conf load;
	struct wr_require require[WR_REQUIRES];
	unsigned requires;
	unsigned workers; /* that load; 0: as configured */
	uint8_t *file;    /* the payload; NULL: none */
	json_t *machine;  /* the result has it too */
	struct wr_result_conf report;
	struct wr_run run;
	/* Both may be NULL. Changes the role, whose arg stays run. */
	void (*cast)(struct wr_job *job, struct wr_role *role);
	/* Shows the result elsewhere too, and says itself what went wrong; its exit code. */
	enum wr_exit (*show)(struct wr_job *job, const struct wr_result *result);
};

/*
 * Runs what conf asks for and tells what came of it, also what went wrong. argc and argv are
 * the command line without the program's name, which stands before argv[0]. Returns the exit
 * code.
 */
enum wr_exit wr_job_run(struct wr_job *job, int argc, char **argv, struct wr_err *err);

/* Tells why a job could not be read, also as a document wherever one was asked for. */
enum wr_exit wr_job_tell(struct wr_job *job, int argc, char **argv, const struct wr_err *err);
void wr_job_fini(struct wr_job *job);

/* The JSON echo of the configuration. */
json_t *wr_console_config(const struct wr_conf *conf);

/* What this machine is; and, when it runs, what the appliance found there. */
json_t *wr_machine_new(void);
void wr_machine_add(json_t *machine, const struct wr_appliance *app);

#endif /* WR_APP_LOAD_H */
