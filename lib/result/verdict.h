/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_RESULT_VERDICT_H
#define WR_RESULT_VERDICT_H

#include "metric.h"

/* A setpoint: what was to be done, and what was. */
struct offer {
	const char *name; /* "rps" */
	enum wr_unit unit;
	double offered, achieved; /* per second of the measurement; connections: at once */
};

/* The share of an offer that must have been achieved. */
#define OFFER_LEAST 0.99

/* What a run is worth. */
struct verdict {
	struct offer offer[6];
	unsigned offers;
	char invalid[4][256]; /* sentences */
	unsigned invalids;
	char failure[4][256]; /* sentences */
	unsigned failures;
	struct wr_require_verdict require[WR_REQUIRES];
	unsigned missed; /* requirements */
	bool interrupted;
	char error[512]; /* what stopped it; "": nothing */
	enum wr_exit exit;
};

void verdict_take(struct verdict *verdict, const struct run *run,
                  const struct wr_result_conf *conf, const struct wr_result_end *end);

#endif /* WR_RESULT_VERDICT_H */
