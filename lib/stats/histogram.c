/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "wr_histogram.h"

#define TICKS_PER_HALF_DISTANCE 5

/* By how many bits the values of a slot are rounded. */
static uint32_t slot_shift(uint32_t slot)
{
	return slot < 2 * WR_HISTOGRAM_HALF ? 0 : slot / WR_HISTOGRAM_HALF - 1;
}

uint64_t wr_histogram_lowest(uint32_t slot)
{
	uint32_t shift = slot_shift(slot);

	return (uint64_t)(slot - shift * WR_HISTOGRAM_HALF) << shift;
}

uint64_t wr_histogram_highest(uint32_t slot)
{
	return wr_histogram_lowest(slot) + (UINT64_C(1) << slot_shift(slot)) - 1;
}

/* The value that stands for all of a slot, as HdrHistogram chooses it. */
static double slot_middle(uint32_t slot)
{
	return (double)(wr_histogram_lowest(slot) + (UINT64_C(1) << slot_shift(slot)) / 2);
}

void wr_histogram_clear(struct wr_histogram *h)
{
	memset(h, 0, sizeof(*h));
	h->min = UINT64_MAX;
}

void wr_histogram_add(struct wr_histogram *sum, const struct wr_histogram *h)
{
	uint64_t min = wr_stat_read(&h->min), max = wr_stat_read(&h->max);

	sum->sum += wr_stat_read(&h->sum);
	if (min < sum->min)
		sum->min = min;
	if (max > sum->max)
		sum->max = max;
	for (uint32_t i = 0; i < WR_HISTOGRAM_SLOTS; i++)
		sum->count[i] += wr_stat_read(&h->count[i]);
}

/* Finds the bounds of a histogram by its slots, within those of another that contains it. */
static void bound_by_slots(struct wr_histogram *h, const struct wr_histogram *whole)
{
	h->min = UINT64_MAX;
	h->max = 0;
	for (uint32_t i = 0; i < WR_HISTOGRAM_SLOTS; i++) {
		if (!h->count[i])
			continue;
		if (h->min == UINT64_MAX)
			h->min = wr_histogram_lowest(i);
		h->max = wr_histogram_highest(i);
	}
	if (h->min < whole->min)
		h->min = whole->min;
	if (h->max > whole->max)
		h->max = whole->max;
}

static uint64_t grown(uint64_t later, uint64_t earlier)
{
	return later > earlier ? later - earlier : 0;
}

void wr_histogram_between(struct wr_histogram *out, const struct wr_histogram *later,
                          const struct wr_histogram *earlier)
{
	out->sum = grown(later->sum, earlier->sum);
	for (uint32_t i = 0; i < WR_HISTOGRAM_SLOTS; i++)
		out->count[i] = grown(later->count[i], earlier->count[i]);
	bound_by_slots(out, later);
}

uint64_t wr_histogram_count(const struct wr_histogram *h)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < WR_HISTOGRAM_SLOTS; i++)
		count += wr_stat_read(&h->count[i]);
	return count;
}

double wr_histogram_mean(const struct wr_histogram *h)
{
	uint64_t count = wr_histogram_count(h);

	return count ? (double)wr_stat_read(&h->sum) / (double)count : 0;
}

/* The mean as it can be known from the slots alone: HdrHistogram keeps no exact sum. */
static double mean_of_slots(const struct wr_histogram *h, uint64_t count)
{
	double sum = 0;

	for (uint32_t i = 0; i < WR_HISTOGRAM_SLOTS; i++)
		if (h->count[i])
			sum += (double)h->count[i] * slot_middle(i);
	return count ? sum / (double)count : 0;
}

static double stdev_of_slots(const struct wr_histogram *h, uint64_t count)
{
	double mean = mean_of_slots(h, count), squares = 0;

	for (uint32_t i = 0; i < WR_HISTOGRAM_SLOTS; i++) {
		double deviation;

		if (!h->count[i])
			continue;
		deviation = slot_middle(i) - mean;
		squares += deviation * deviation * (double)h->count[i];
	}
	return count ? sqrt(squares / (double)count) : 0;
}

double wr_histogram_stdev(const struct wr_histogram *h)
{
	return stdev_of_slots(h, wr_histogram_count(h));
}

/*
 * How many values that percentile covers: the least number that is not fewer than `percent`
 * of them, at least one. A product a rounding error above a whole number is that number.
 */
static uint64_t rank_of(double percent, uint64_t count)
{
	double rank = fmin(fmax(percent, 0), 100) / 100 * (double)count;

	rank = ceil(rank * (1 - 4e-16));
	if (rank < 1)
		return 1;
	return rank < (double)count ? (uint64_t)rank : count;
}

uint64_t wr_histogram_percentile(const struct wr_histogram *h, double percent)
{
	uint64_t count = wr_histogram_count(h), seen = 0, rank, value;
	uint32_t slot = 0;

	if (!count)
		return 0;
	rank = rank_of(percent, count);
	while (slot < WR_HISTOGRAM_SLOTS - 1 && (seen += wr_stat_read(&h->count[slot])) < rank)
		slot++;
	/* The last slot has no upper bound. */
	value = slot < WR_HISTOGRAM_SLOTS - 1 ? wr_histogram_highest(slot) : UINT64_MAX;
	return value < h->max ? value : h->max;
}

uint64_t wr_histogram_beyond(const struct wr_histogram *h, double percent)
{
	uint64_t count = wr_histogram_count(h);

	return count ? count - rank_of(percent, count) : 0;
}

static void print_row(FILE *out, double value, double percentile, uint64_t seen)
{
	fprintf(out, "%12.3f %12f %12" PRIu64 " %12.2f\n", value, percentile, seen,
	        1 / (1 - percentile));
}

/* The next percentile to print: so many steps for each halving of what is left to 100. */
static double next_tick(double percent)
{
	double halvings = floor(log(100 / (100 - percent)) / log(2)) + 1;

	return percent + 100 / (TICKS_PER_HALF_DISTANCE * pow(2, halvings));
}

static void print_rows(const struct wr_histogram *h, FILE *out, double unit, uint64_t count)
{
	uint64_t seen = 0;
	double tick = 0, value = 0;

	for (uint32_t i = 0; seen < count; i++) {
		if (!h->count[i])
			continue;
		seen += h->count[i];
		value = (double)wr_histogram_highest(i) / unit;
		while (tick <= 100.0 * (double)seen / (double)count) {
			print_row(out, value, tick / 100, seen);
			tick = next_tick(tick);
			if (seen == count)
				break;
		}
	}
	print_row(out, value, 1, count);
}

void wr_histogram_print_hgrm(const struct wr_histogram *h, FILE *out, double unit,
                             const char *title)
{
	uint64_t count = wr_histogram_count(h);
	uint64_t max = count ? wr_histogram_highest(wr_histogram_slot(h->max)) : 0;

	fprintf(out, "# %s\n", title);
	fprintf(out, "%12s %12s %12s %12s\n\n", "Value", "Percentile", "TotalCount",
	        "1/(1-Percentile)");
	print_rows(h, out, unit, count);
	fprintf(out, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n",
	        mean_of_slots(h, count) / unit, stdev_of_slots(h, count) / unit);
	fprintf(out, "#[Max     = %12.3f, Total count    = %12" PRIu64 "]\n",
	        (double)max / unit, count);
	fprintf(out, "#[Buckets = %12d, SubBuckets     = %12d]\n",
	        WR_HISTOGRAM_MAX_BITS - WR_HISTOGRAM_SUB_BITS + 1, 1 << WR_HISTOGRAM_SUB_BITS);
}
