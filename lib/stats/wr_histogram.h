/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_HISTOGRAM_H
#define WR_HISTOGRAM_H

#include <stdint.h>
#include <stdio.h>

#include "wr_base.h"
#include "wr_stats.h"

/*
 * A log-linear histogram with the layout of HdrHistogram: three significant digits, values
 * from 1 to 2^40 - 1 (18 minutes in ns). One core records, others read it while it does.
 */
#define WR_HISTOGRAM_SUB_BITS 11 /* 2048 sub-buckets: any value within 1/1024 */
#define WR_HISTOGRAM_MAX_BITS 40
#define WR_HISTOGRAM_HALF     (1u << (WR_HISTOGRAM_SUB_BITS - 1))
#define WR_HISTOGRAM_SLOTS                                                                     \
	((WR_HISTOGRAM_MAX_BITS - WR_HISTOGRAM_SUB_BITS + 2) * WR_HISTOGRAM_HALF)
#define WR_HISTOGRAM_MOST ((UINT64_C(1) << WR_HISTOGRAM_MAX_BITS) - 1)

struct wr_histogram {
	uint64_t min, max; /* as recorded, exactly; of an empty one: UINT64_MAX, 0 */
	uint64_t sum;      /* of all values, exactly */
	uint64_t count[WR_HISTOGRAM_SLOTS];
};

/* The slot of a value; values beyond the last count there. */
static inline uint32_t wr_histogram_slot(uint64_t value)
{
	uint32_t bucket;

	if (wr_unlikely(value > WR_HISTOGRAM_MOST))
		value = WR_HISTOGRAM_MOST;
	bucket = 63 - (uint32_t)__builtin_clzll(value | (2 * WR_HISTOGRAM_HALF - 1)) -
	         (WR_HISTOGRAM_SUB_BITS - 1);
	return bucket * WR_HISTOGRAM_HALF + (uint32_t)(value >> bucket);
}

static inline void wr_histogram_record(struct wr_histogram *h, uint64_t value)
{
	wr_stat_add(&h->count[wr_histogram_slot(value)], 1);
	wr_stat_add(&h->sum, value);
	if (wr_unlikely(value < h->min))
		wr_stat_set(&h->min, value);
	if (wr_unlikely(value > h->max))
		wr_stat_set(&h->max, value);
}

/* The lowest and highest value that count in this slot. */
uint64_t wr_histogram_lowest(uint32_t slot);
uint64_t wr_histogram_highest(uint32_t slot);

void wr_histogram_clear(struct wr_histogram *h);

/* Adds what another has recorded, which may go on meanwhile. */
void wr_histogram_add(struct wr_histogram *sum, const struct wr_histogram *h);

/*
 * What was recorded between two readings of one histogram: *out = later - earlier. Its
 * min and max are those of its slots, as exact ones are not known.
 */
void wr_histogram_between(struct wr_histogram *out, const struct wr_histogram *later,
                          const struct wr_histogram *earlier);

uint64_t wr_histogram_count(const struct wr_histogram *h);
double wr_histogram_mean(const struct wr_histogram *h);  /* 0 if empty */
double wr_histogram_stdev(const struct wr_histogram *h); /* of the population; 0 if empty */

/*
 * The value that `percent` (0..100) of the values do not exceed: the highest of its slot, at
 * most the maximum; no interpolation. 0 if empty.
 */
uint64_t wr_histogram_percentile(const struct wr_histogram *h, double percent);

/* Values beyond that percentile: a percentile with fewer than 10 of them says little. */
uint64_t wr_histogram_beyond(const struct wr_histogram *h, double percent);

/*
 * Writes the percentile distribution as HdrHistogram does (.hgrm), values divided by `unit`
 * (1000: microseconds of nanoseconds) with 3 decimals, 5 ticks a half distance, after a
 * comment line with `title`.
 */
void wr_histogram_print_hgrm(const struct wr_histogram *h, FILE *out, double unit,
                             const char *title);

#endif /* WR_HISTOGRAM_H */
