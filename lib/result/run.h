/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_RESULT_RUN_H
#define WR_RESULT_RUN_H

#include "wr_result.h"

/* Inside lib/result: the numbers of one run, and what is made from them. */

/* All that has counted until an instant, without the histograms. */
struct totals {
	uint64_t time_ns;
	uint64_t n[WR_LOAD_STAT_COUNT];
	uint64_t reason[WR_REASON_COUNT];
	uint64_t open, opening, outstanding; /* gauges */
	uint64_t state[WR_TCP_STATE_COUNT];  /* gauge: connections, all of this process */
	uint64_t rexmit;                     /* segments sent again */
	uint64_t drops;                      /* frames */
	struct wr_load_setpoints set;
	unsigned cores;
	uint64_t busy[WR_MAX_WORKERS], cycles[WR_MAX_WORKERS]; /* TSC, since the start */
};

void totals_take(struct totals *totals, const struct wr_result_sample *sample);

#define PERCENTILE_BEYOND 10 /* a percentile with fewer values beyond it is not told */

/* Some percentiles of one latency, ns; 0: not known, for lack of values. */
struct brief {
	uint64_t count, p50, p90, p99, p999, max;
	double mean;
};

void brief_take(struct brief *brief, const struct wr_histogram *h);

/* What happened between two samples. Times are of the run: ns since its beginning. */
struct interval {
	uint64_t from_ns, until_ns;
	enum wr_load_phase phase; /* that lasted longest in it */
	uint64_t n[WR_LOAD_STAT_COUNT];
	uint64_t open, opening, outstanding;
	uint64_t state[WR_TCP_STATE_COUNT];
	uint64_t rexmit, drops;
	struct wr_load_setpoints set;
	struct brief latency;
	unsigned cores;
	float busy[WR_MAX_WORKERS]; /* share of the cycles, 0 .. 1 */
};

void interval_take(struct interval *interval, const struct totals *from,
                   const struct totals *until, uint64_t start_ns);

/* Makes one interval of two that follow each other: sums, and the worst of percentiles. */
void interval_join(struct interval *first, const struct interval *second);

double interval_seconds(const struct interval *interval);

/* Whether requests and datagrams were counted at all: not before the measurement. */
bool interval_counts(const struct interval *interval);

/* The intervals of a run: bounded, by joining neighbours when there are too many. */
#define INTERVALS 7200

struct intervals {
	struct interval *row;
	unsigned count;
	unsigned joined; /* how many seconds make a row */
	unsigned filled; /* of the last row */
};

int intervals_init(struct intervals *intervals);
void intervals_add(struct intervals *intervals, const struct interval *interval);

struct run {
	const struct wr_load_conf *load; /* borrowed */
	unsigned number;                 /* 0 for the first */
	struct totals first, prev, last; /* at its beginning, last second, latest sample */
	struct totals from, until;       /* the window: where the measurement began and ended */
	bool has_from, has_until;
	uint64_t measured_ns; /* exact length of the measurement; 0: not known */
	enum wr_load_phase phase;
	uint64_t start_ns;                   /* where the schedule began */
	uint64_t in_phase[WR_LOAD_DONE + 1]; /* ns of the interval that goes on */
	double offered_bits;                 /* by setpoint and schedule, in the window */
	uint64_t most_open;
	struct wr_load_stats *base, *before; /* at its beginning; at the last second */
	struct wr_histogram latency[WR_LATENCY_COUNT]; /* of the run; filled at its end */
	struct wr_histogram scratch;
	struct interval scratch_interval;
	struct wr_stats stats_first, stats_last;       /* all cores */
	struct wr_port_counters port_first, port_last; /* all ports */
	struct intervals intervals;
};

/* The phases of a run; returns 0 or -ENOMEM. */
int run_init(struct run *run, const struct wr_load_conf *load);
void run_fini(struct run *run);
void run_begin(struct run *run, const struct wr_result_sample *sample);
void run_mark(struct run *run, const struct wr_result_sample *sample);
/* Valid until the next second. */
const struct interval *run_second(struct run *run, const struct wr_result_sample *sample);
void run_end(struct run *run, const struct wr_result_sample *sample);

/* Length of the measurement, for what counts only if it was planned within; 0: none. */
double run_seconds(const struct run *run);
/* Time between the marks, for what run_within() gives; 0: none. */
double run_marked_seconds(const struct run *run);
/* A counter within the window, by the marks. */
uint64_t run_within(const struct run *run, enum wr_load_stat stat);
/* A counter of the whole run. */
uint64_t run_total(const struct run *run, enum wr_load_stat stat);
uint64_t run_reason(const struct run *run, enum wr_reason reason);
/* The latency that a mode is about; WR_LATENCY_COUNT: none. */
enum wr_latency run_latency(const struct wr_load_conf *load);

/* Payload bytes that this direction's rate is about, within the window. */
uint64_t run_bytes(const struct run *run, enum wr_load_direction direction);

#endif /* WR_RESULT_RUN_H */
