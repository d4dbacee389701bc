/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BENCH_SAMPLE_H
#define BENCH_SAMPLE_H

#include <jansson.h>

/* The same figure measured several times. */
#define SAMPLE_MAX 128

struct sample {
	unsigned n;
	double value[SAMPLE_MAX];
};

/* What does not fit any more is left out. */
void sample_add(struct sample *sample, double value);

/* The middle value, or the mean of the two in the middle; 0 of no values. */
double sample_median(const struct sample *sample);

/* {"median", "min", "max", "values"}: a new reference. */
json_t *sample_json(const struct sample *sample);

#endif /* BENCH_SAMPLE_H */
