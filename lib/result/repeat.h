/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_RESULT_REPEAT_H
#define WR_RESULT_REPEAT_H

#include <jansson.h>

#include "verdict.h"

/* The main numbers of several runs: median, range and spread of each, never only a mean. */

#define REPEAT_METRICS 12

struct repeat {
	unsigned runs;
	double *value; /* [run * REPEAT_METRICS + metric], NAN: not known */
};

int repeat_init(struct repeat *repeat, unsigned runs);
void repeat_fini(struct repeat *repeat);
void repeat_add(struct repeat *repeat, const struct run *run);

/* {"rps": {"values": [...], "median": ..., "min": ..., "max": ..., "spread": ...}} */
json_t *repeat_document(const struct repeat *repeat);
void repeat_print(FILE *out, const struct repeat *repeat);

#endif /* WR_RESULT_REPEAT_H */
