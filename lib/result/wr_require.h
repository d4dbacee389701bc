/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_REQUIRE_H
#define WR_REQUIRE_H

#include <stdbool.h>

#include "wr_err.h"

/*
 * A threshold that a run must hold: "p99<50us", "rps>=1M", "loss==0", "busy<80%",
 * "connect.p99.9<=2ms". METRIC OP VALUE, blanks allowed around OP.
 */
enum wr_require_op {
	WR_LESS,
	WR_LESS_EQUAL,
	WR_GREATER,
	WR_GREATER_EQUAL,
	WR_EQUAL,
	WR_NOT_EQUAL
};

#define WR_REQUIRES 32 /* of a run, at most */

struct wr_require {
	char text[96];   /* as the user wrote it */
	char metric[48]; /* "p99", "connect.p99", "rps": see wr_metric.h */
	enum wr_require_op op;
	double value; /* in the metric's unit: ns, 1/s, bit/s, a share from 0 to 1, a count */
};

/* What became of it. */
struct wr_require_verdict {
	bool has_value; /* false: the run has no such number, and the requirement is missed */
	double value;
	bool met;
};

/* Reads one. Returns 0, or -EINVAL and *err, a sentence that lists what is possible. */
int wr_require_parse(const char *text, struct wr_require *require, struct wr_err *err);

/* has_value: whether the run has the metric at all; value: what it is, then. */
struct wr_require_verdict wr_require_judge(const struct wr_require *require, bool has_value,
                                           double value);

const char *wr_require_op_text(enum wr_require_op op); /* "<=" */

#endif /* WR_REQUIRE_H */
