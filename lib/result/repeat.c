/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "repeat.h"

static const char *const names[REPEAT_METRICS] = {
	"rps", "cps", "pps",   "bitrate", "loss",   "mean",
	"p50", "p99", "p99.9", "max",     "errors", "busy",
};

/* Of one metric, over the runs that have it. */
struct spread {
	unsigned count;
	double median, min, max;
	double spread; /* (max - min) / median; 0 if there is none */
};

int repeat_init(struct repeat *repeat, unsigned runs)
{
	repeat->runs = 0;
	repeat->value = calloc((size_t)runs * REPEAT_METRICS, sizeof(*repeat->value));
	return repeat->value ? 0 : -ENOMEM;
}

void repeat_fini(struct repeat *repeat)
{
	free(repeat->value);
	repeat->value = NULL;
}

void repeat_add(struct repeat *repeat, const struct run *run)
{
	double *row = &repeat->value[repeat->runs++ * REPEAT_METRICS];
	struct metric metric;

	for (unsigned i = 0; i < REPEAT_METRICS; i++)
		if (!metric_find(names[i], &metric) || !metric_value(&metric, run, &row[i]))
			row[i] = NAN;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static struct spread spread_of(const struct repeat *repeat, unsigned metric)
{
	double *sorted = calloc(repeat->runs + 1, sizeof(*sorted));
	struct spread s = {0};

	for (unsigned i = 0; sorted && i < repeat->runs; i++) {
		double value = repeat->value[i * REPEAT_METRICS + metric];

		if (!isnan(value))
			sorted[s.count++] = value;
	}
	if (s.count) {
		qsort(sorted, s.count, sizeof(*sorted), by_value);
		s.min = sorted[0];
		s.max = sorted[s.count - 1];
		s.median = (sorted[(s.count - 1) / 2] + sorted[s.count / 2]) / 2;
		s.spread = s.median > 0 ? (s.max - s.min) / s.median : 0;
	}
	free(sorted);
	return s;
}

json_t *repeat_document(const struct repeat *repeat)
{
	json_t *document = json_object();

	for (unsigned m = 0; m < REPEAT_METRICS; m++) {
		struct spread s = spread_of(repeat, m);
		json_t *values, *object;

		if (!s.count)
			continue;
		object = json_pack("{s:f, s:f, s:f, s:f}", "median", s.median, "min", s.min,
		                   "max", s.max, "spread", s.spread);
		values = json_array();
		for (unsigned i = 0; i < repeat->runs; i++) {
			double value = repeat->value[i * REPEAT_METRICS + m];

			json_array_append_new(values,
			                      isnan(value) ? json_null() : json_real(value));
		}
		json_object_set_new(object, "values", values);
		json_object_set_new(document, names[m], object);
	}
	return document;
}

void repeat_print(FILE *out, const struct repeat *repeat)
{
	fprintf(out,
	        "- - - - - - - - - - - - - - - - - - - - - - - - -\n%-12s %5s %14s %14s "
	        "%14s %9s\n",
	        "All runs", "runs", "median", "least", "most", "spread");
	for (unsigned m = 0; m < REPEAT_METRICS; m++) {
		struct spread s = spread_of(repeat, m);
		struct metric metric;

		if (!s.count || s.max <= 0 || !metric_find(names[m], &metric))
			continue;
		fprintf(out, "  %-10s %5u %14s %14s %14s %8.1f%%\n", names[m], s.count,
		        wr_number(metric.unit, s.median).text,
		        wr_number(metric.unit, s.min).text, wr_number(metric.unit, s.max).text,
		        100 * s.spread);
	}
	fflush(out);
}
