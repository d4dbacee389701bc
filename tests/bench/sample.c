/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "sample.h"

void sample_add(struct sample *sample, double value)
{
	if (sample->n < SAMPLE_MAX)
		sample->value[sample->n++] = value;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct sample sorted(const struct sample *sample)
{
	struct sample copy = *sample;

	qsort(copy.value, copy.n, sizeof(copy.value[0]), by_value);
	return copy;
}

static double middle(const struct sample *ordered)
{
	unsigned half = ordered->n / 2;

	if (ordered->n == 0)
		return 0;
	return ordered->n % 2 ? ordered->value[half]
	                      : (ordered->value[half - 1] + ordered->value[half]) / 2;
}

double sample_median(const struct sample *sample)
{
	const struct sample ordered = sorted(sample);

	return middle(&ordered);
}

json_t *sample_json(const struct sample *sample)
{
	const struct sample ordered = sorted(sample);
	json_t *values = json_array();

	for (unsigned i = 0; i < sample->n; i++)
		json_array_append_new(values, json_real(sample->value[i]));
	return json_pack("{s:f, s:f, s:f, s:o}", "median", middle(&ordered), "min",
	                 ordered.n ? ordered.value[0] : 0, "max",
	                 ordered.n ? ordered.value[ordered.n - 1] : 0, "values", values);
}
