/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

void totals_take(struct totals *t, const struct wr_result_sample *sample)
{
	const struct wr_load_stats *load = sample->load;
	const struct wr_snapshot *s = sample->snapshot;

	memset(t, 0, sizeof(*t));
	t->time_ns = sample->time_ns;
	t->set = sample->set;
	memcpy(t->n, load->n, sizeof(t->n));
	memcpy(t->reason, load->reason, sizeof(t->reason));
	t->open = load->open;
	t->opening = load->opening;
	t->outstanding = load->outstanding;
	memcpy(t->state, s->sum.connections, sizeof(t->state));
	t->rexmit = wr_stats_rexmits(&s->sum);
	t->drops = wr_snapshot_drops(s);
	t->cores = s->cores;
	for (unsigned i = 0; i < s->cores; i++) {
		t->busy[i] = s->core[i].stats.n[WR_STAT_cycles_busy];
		t->cycles[i] = t->busy[i] + s->core[i].stats.n[WR_STAT_cycles_idle];
	}
}

/* 0 if there are too few values beyond it. */
static uint64_t percentile(const struct wr_histogram *h, double percent)
{
	if (wr_histogram_beyond(h, percent) < PERCENTILE_BEYOND)
		return 0;
	return wr_histogram_percentile(h, percent);
}

void brief_take(struct brief *brief, const struct wr_histogram *h)
{
	*brief = (struct brief) {
		.count = wr_histogram_count(h),
		.p50 = percentile(h, 50),
		.p90 = percentile(h, 90),
		.p99 = percentile(h, 99),
		.p999 = percentile(h, 99.9),
		.max = h->max,
		.mean = wr_histogram_mean(h),
	};
}

static uint64_t grown(uint64_t until, uint64_t from)
{
	return until > from ? until - from : 0;
}

void interval_take(struct interval *i, const struct totals *from, const struct totals *until,
                   uint64_t start_ns)
{
	memset(i, 0, sizeof(*i));
	i->from_ns = grown(from->time_ns, start_ns);
	i->until_ns = grown(until->time_ns, start_ns);
	for (unsigned k = 0; k < WR_LOAD_STAT_COUNT; k++)
		i->n[k] = grown(until->n[k], from->n[k]);
	i->open = until->open;
	i->opening = until->opening;
	i->outstanding = until->outstanding;
	memcpy(i->state, until->state, sizeof(i->state));
	i->rexmit = grown(until->rexmit, from->rexmit);
	i->drops = grown(until->drops, from->drops);
	i->set = until->set;
	i->cores = until->cores;
	for (unsigned k = 0; k < until->cores; k++) {
		uint64_t cycles = grown(until->cycles[k], from->cycles[k]);

		if (cycles)
			i->busy[k] = (float)((double)grown(until->busy[k], from->busy[k]) /
			                     (double)cycles);
	}
}

double interval_seconds(const struct interval *interval)
{
	return (double)(interval->until_ns - interval->from_ns) / 1e9;
}

bool interval_counts(const struct interval *interval)
{
	return interval->phase >= WR_LOAD_MEASURE || interval->n[WR_LOAD_STAT_responses] ||
	       interval->n[WR_LOAD_STAT_datagrams_sent];
}

static void worst(uint64_t *a, uint64_t b)
{
	if (b > *a)
		*a = b;
}

static void brief_join(struct brief *a, const struct brief *b)
{
	double count = (double)(a->count + b->count);

	if (count > 0)
		a->mean = (a->mean * (double)a->count + b->mean * (double)b->count) / count;
	a->count += b->count;
	worst(&a->p50, b->p50);
	worst(&a->p90, b->p90);
	worst(&a->p99, b->p99);
	worst(&a->p999, b->p999);
	worst(&a->max, b->max);
}

void interval_join(struct interval *a, const struct interval *b)
{
	double first = interval_seconds(a), second = interval_seconds(b);

	for (unsigned k = 0; k < WR_LOAD_STAT_COUNT; k++)
		a->n[k] += b->n[k];
	for (unsigned k = 0; k < b->cores && first + second > 0; k++)
		a->busy[k] =
			(float)((a->busy[k] * first + b->busy[k] * second) / (first + second));
	a->until_ns = b->until_ns;
	a->phase = b->phase;
	a->open = b->open;
	a->opening = b->opening;
	a->outstanding = b->outstanding;
	memcpy(a->state, b->state, sizeof(a->state));
	a->rexmit += b->rexmit;
	a->drops += b->drops;
	a->set = b->set;
	a->cores = b->cores;
	brief_join(&a->latency, &b->latency);
}

int intervals_init(struct intervals *intervals)
{
	*intervals = (struct intervals) {.joined = 1};
	intervals->row = calloc(INTERVALS, sizeof(*intervals->row));
	return intervals->row ? 0 : -ENOMEM;
}

/* Makes room: two rows become one. */
static void halve(struct intervals *intervals)
{
	for (unsigned i = 0; i < INTERVALS / 2; i++) {
		struct interval joined = intervals->row[2 * i];

		interval_join(&joined, &intervals->row[2 * i + 1]);
		intervals->row[i] = joined;
	}
	intervals->count = INTERVALS / 2;
	intervals->joined *= 2;
	intervals->filled = intervals->joined;
}

void intervals_add(struct intervals *intervals, const struct interval *interval)
{
	if (intervals->count && intervals->filled < intervals->joined) {
		interval_join(&intervals->row[intervals->count - 1], interval);
		intervals->filled++;
		return;
	}
	if (intervals->count == INTERVALS) {
		halve(intervals);
		intervals_add(intervals, interval);
		return;
	}
	intervals->row[intervals->count++] = *interval;
	intervals->filled = 1;
}
