/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

#define LATE_S 0.1 /* by how much marks may be late */

int run_init(struct run *run, const struct wr_load_conf *load)
{
	memset(run, 0, sizeof(*run));
	run->load = load;
	run->base = aligned_alloc(WR_CACHE_LINE, sizeof(*run->base));
	run->before = aligned_alloc(WR_CACHE_LINE, sizeof(*run->before));
	if (!run->base || !run->before || intervals_init(&run->intervals)) {
		run_fini(run);
		return -ENOMEM;
	}
	return 0;
}

void run_fini(struct run *run)
{
	free(run->base);
	free(run->before);
	free(run->intervals.row);
	run->base = run->before = NULL;
	run->intervals.row = NULL;
}

/* struct wr_port_counters is 64-bit numbers from end to end. */
static void add_ports(struct wr_port_counters *sum, const struct wr_snapshot *snapshot)
{
	uint64_t *to = (uint64_t *)sum;

	memset(sum, 0, sizeof(*sum));
	for (unsigned i = 0; i < snapshot->ports; i++) {
		const uint64_t *from = (const uint64_t *)&snapshot->port[i].counters;

		for (unsigned k = 0; k < sizeof(*sum) / sizeof(*to); k++)
			to[k] += from[k];
	}
}

void run_begin(struct run *run, const struct wr_result_sample *sample)
{
	totals_take(&run->first, sample);
	run->prev = run->last = run->first;
	run->has_until = false;
	run->measured_ns = 0;
	run->phase = sample->phase;
	run->start_ns = sample->time_ns;
	memset(run->in_phase, 0, sizeof(run->in_phase));
	run->offered_bits = 0;
	run->most_open = sample->load->open;
	*run->base = *run->before = *sample->load;
	run->stats_first = sample->snapshot->sum;
	add_ports(&run->port_first, sample->snapshot);
	run->intervals.count = 0;
	run->intervals.joined = 1;
	run->has_from = sample->phase == WR_LOAD_MEASURE;
	run->from = run->first;
}

/* What the setpoints without a plan of their own have offered since the last sample. */
static void offer(struct run *run, uint64_t now_ns)
{
	const struct wr_schedule *schedule = &run->load->schedule;
	uint64_t from = run->last.time_ns, start = run->start_ns;
	double whole;

	if (run->phase != WR_LOAD_MEASURE || now_ns <= from || from < start)
		return;
	whole = wr_schedule_integral(schedule, now_ns - start) -
	        wr_schedule_integral(schedule, from - start);
	run->offered_bits += run->last.set.bitrate * whole;
}

/* Takes note of a sample of any kind: the phase until now, and the window's edges. */
static void advance(struct run *run, const struct wr_result_sample *sample)
{
	enum wr_load_phase phase = sample->phase;

	if (sample->time_ns > run->last.time_ns)
		run->in_phase[run->phase] += sample->time_ns - run->last.time_ns;
	offer(run, sample->time_ns);
	totals_take(&run->last, sample);
	if (run->last.open > run->most_open)
		run->most_open = run->last.open;
	if (run->phase < WR_LOAD_RAMP && phase >= WR_LOAD_RAMP)
		run->start_ns = sample->time_ns;
	if (!run->has_from && phase == WR_LOAD_MEASURE) {
		run->from = run->last;
		run->has_from = true;
	}
	if (run->has_from && !run->has_until && phase > WR_LOAD_MEASURE) {
		run->until = run->last;
		run->has_until = true;
	}
	run->phase = phase;
}

void run_mark(struct run *run, const struct wr_result_sample *sample)
{
	advance(run, sample);
}

static enum wr_load_phase longest_phase(struct run *run)
{
	enum wr_load_phase longest = run->phase;

	for (unsigned i = 0; i <= WR_LOAD_DONE; i++)
		if (run->in_phase[i] > run->in_phase[longest])
			longest = i;
	memset(run->in_phase, 0, sizeof(run->in_phase));
	return longest;
}

enum wr_latency run_latency(const struct wr_load_conf *load)
{
	switch (load->mode) {
	case WR_LOAD_RR:
	case WR_LOAD_CRR:
	case WR_LOAD_UDP_RR:
	case WR_LOAD_HTTP:
		return WR_LATENCY_response;
	case WR_LOAD_HOLD:
		return load->set.rps > 0 ? WR_LATENCY_response : WR_LATENCY_connect;
	case WR_LOAD_CONNECT:
		return WR_LATENCY_connect;
	default:
		return WR_LATENCY_COUNT;
	}
}

const struct interval *run_second(struct run *run, const struct wr_result_sample *sample)
{
	enum wr_latency latency = run_latency(run->load);
	struct interval interval;

	advance(run, sample);
	interval_take(&interval, &run->prev, &run->last, run->first.time_ns);
	interval.phase = longest_phase(run);
	if (latency < WR_LATENCY_COUNT) {
		wr_histogram_between(&run->scratch, &sample->load->latency[latency],
		                     &run->before->latency[latency]);
		brief_take(&interval.latency, &run->scratch);
	}
	run->prev = run->last;
	*run->before = *sample->load;
	intervals_add(&run->intervals, &interval);
	run->scratch_interval = interval;
	return &run->scratch_interval;
}

/* The latencies of the run; exact bounds if the histograms were empty when it began. */
static void take_latencies(struct run *run, const struct wr_load_stats *load)
{
	for (unsigned i = 0; i < WR_LATENCY_COUNT; i++) {
		if (run->base->latency[i].max || wr_histogram_count(&run->base->latency[i]))
			wr_histogram_between(&run->latency[i], &load->latency[i],
			                     &run->base->latency[i]);
		else
			run->latency[i] = load->latency[i];
	}
}

void run_end(struct run *run, const struct wr_result_sample *sample)
{
	advance(run, sample);
	if (!run->has_from && run->measured_ns) { /* too short for a sample of its own */
		run->from = run->first;
		run->has_from = true;
	}
	if (run->has_from && !run->has_until) {
		run->until = run->last;
		run->has_until = true;
	}
	run->stats_last = sample->snapshot->sum;
	add_ports(&run->port_last, sample->snapshot);
	take_latencies(run, sample->load);
}

double run_seconds(const struct run *run)
{
	double marked = run_marked_seconds(run), exact = (double)run->measured_ns / 1e9;

	/* A window that ends far beyond the last mark was never measured to its end. */
	return marked > 0 && exact > 0 && exact < marked + LATE_S ? exact : marked;
}

double run_marked_seconds(const struct run *run)
{
	if (!run->has_until || run->until.time_ns <= run->from.time_ns)
		return 0;
	return (double)(run->until.time_ns - run->from.time_ns) / 1e9;
}

static uint64_t grown(uint64_t until, uint64_t from)
{
	return until > from ? until - from : 0;
}

uint64_t run_within(const struct run *run, enum wr_load_stat stat)
{
	return run->has_until ? grown(run->until.n[stat], run->from.n[stat]) : 0;
}

uint64_t run_total(const struct run *run, enum wr_load_stat stat)
{
	return grown(run->last.n[stat], run->first.n[stat]);
}

uint64_t run_reason(const struct run *run, enum wr_reason reason)
{
	return grown(run->last.reason[reason], run->first.reason[reason]);
}

uint64_t run_bytes(const struct run *run, enum wr_load_direction direction)
{
	uint64_t bytes = 0;

	if (direction & WR_LOAD_UP)
		bytes += run_within(run, WR_LOAD_STAT_bytes_sent);
	if (direction & WR_LOAD_DOWN)
		bytes += run_within(run, WR_LOAD_STAT_bytes_received);
	return bytes;
}
