/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_RESULT_METRIC_H
#define WR_RESULT_METRIC_H

#include "run.h"
#include "wr_number.h"

/* The numbers of a run that have a name of their own: for thresholds and comparisons. */

enum metric_kind { METRIC_SPECIAL, METRIC_STAT, METRIC_REASON, METRIC_LATENCY };
enum metric_part { PART_PERCENTILE, PART_MIN, PART_MEAN, PART_STDEV, PART_MAX };

struct metric {
	enum metric_kind kind;
	enum wr_unit unit;
	unsigned index;        /* of the special, the counter, the reason or the latency */
	bool of_mode;          /* a latency: the one that the mode is about */
	enum metric_part part; /* of a latency */
	double percent;
};

/* False: there is no such name. */
bool metric_find(const char *name, struct metric *metric);

/* False: the run has no such number, as a latency without enough samples. */
bool metric_value(const struct metric *metric, const struct run *run, double *value);

/* A value by its name, 0 if the run does not have it. */
double metric_get(const char *name, const struct run *run);

/* Connections that failed or broke; and everything that should not have happened. */
uint64_t metric_failed(const struct run *run);
uint64_t metric_errors(const struct run *run);

/* Of the core that was busy most, in the window: 0 .. 1. */
double metric_busy(const struct run *run);

#endif /* WR_RESULT_METRIC_H */
