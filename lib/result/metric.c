/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "metric.h"

static bool is_udp(const struct run *run)
{
	return run->load->mode == WR_LOAD_UDP_RR || run->load->mode == WR_LOAD_UDP_FLOOD;
}

static bool per_second(uint64_t n, double seconds, double *value)
{
	if (seconds <= 0)
		return false;
	*value = (double)n / seconds;
	return true;
}

static bool rps(const struct run *run, double *value)
{
	return per_second(run_total(run, WR_LOAD_STAT_responses), run_seconds(run), value);
}

static bool cps(const struct run *run, double *value)
{
	return per_second(run_within(run, WR_LOAD_STAT_connections_opened),
	                  run_marked_seconds(run), value);
}

static bool pps(const struct run *run, double *value)
{
	if (run->load->mode != WR_LOAD_UDP_FLOOD && run->load->mode != WR_LOAD_SYN)
		return per_second(run_within(run, WR_LOAD_STAT_datagrams_sent),
		                  run_marked_seconds(run), value);
	return per_second(run_total(run, WR_LOAD_STAT_packets_sent), run_seconds(run), value);
}

static bool bits(const struct run *run, enum wr_load_direction direction, double *value)
{
	return per_second(8 * run_bytes(run, direction), run_marked_seconds(run), value);
}

static bool bitrate(const struct run *run, double *value)
{
	bool one_way = run->load->mode == WR_LOAD_STREAM;

	return bits(run, one_way ? run->load->direction : WR_LOAD_BOTH, value);
}

static bool bitrate_up(const struct run *run, double *value)
{
	return bits(run, WR_LOAD_UP, value);
}

static bool bitrate_down(const struct run *run, double *value)
{
	return bits(run, WR_LOAD_DOWN, value);
}

/* Requests without a response; of a flood, only if anything came back at all. */
static bool loss(const struct run *run, double *value)
{
	uint64_t sent = run_total(run, WR_LOAD_STAT_requests_sent);
	uint64_t came = run_total(run, WR_LOAD_STAT_responses);

	if (run->load->mode == WR_LOAD_UDP_FLOOD) {
		sent = run_total(run, WR_LOAD_STAT_datagrams_sent);
		came = run_total(run, WR_LOAD_STAT_datagrams_received);
		if (!came)
			return false;
	}
	if (!sent)
		return false;
	*value = came < sent ? (double)(sent - came) / (double)sent : 0;
	return true;
}

double metric_busy(const struct run *run)
{
	const struct totals *from = run->has_from ? &run->from : &run->first;
	const struct totals *until = run->has_until ? &run->until : &run->last;
	double most = 0;

	for (unsigned i = 0; i < until->cores; i++) {
		double cycles = (double)(until->cycles[i] - from->cycles[i]);
		double busy = (double)(until->busy[i] - from->busy[i]);

		if (cycles > 0 && busy / cycles > most)
			most = busy / cycles;
	}
	return most;
}

static bool busy(const struct run *run, double *value)
{
	*value = metric_busy(run);
	return run->last.cores > 0;
}

static bool connections(const struct run *run, double *value)
{
	*value = (double)run->most_open;
	return true;
}

uint64_t metric_failed(const struct run *run)
{
	return run_total(run, WR_LOAD_STAT_connections_failed) +
	       run_total(run, WR_LOAD_STAT_connections_broken);
}

static bool failed(const struct run *run, double *value)
{
	*value = (double)metric_failed(run);
	return true;
}

/* A datagram without an answer is loss; a request on a connection without one is an error. */
uint64_t metric_errors(const struct run *run)
{
	static const enum wr_load_stat always[] = {
		WR_LOAD_STAT_responses_unasked, WR_LOAD_STAT_http_4xx,  WR_LOAD_STAT_http_5xx,
		WR_LOAD_STAT_http_broken,       WR_LOAD_STAT_corrupt,   WR_LOAD_STAT_lost,
		WR_LOAD_STAT_duplicate,         WR_LOAD_STAT_truncated, WR_LOAD_STAT_foreign,
	};
	static const enum wr_load_stat of_tcp[] = {
		WR_LOAD_STAT_responses_timed_out,
		WR_LOAD_STAT_responses_missing,
		WR_LOAD_STAT_reordered,
	};
	uint64_t errors = metric_failed(run);

	for (unsigned i = 0; i < WR_LEN(always); i++)
		errors += run_total(run, always[i]);
	for (unsigned i = 0; i < WR_LEN(of_tcp) && !is_udp(run); i++)
		errors += run_total(run, of_tcp[i]);
	return errors;
}

static bool errors(const struct run *run, double *value)
{
	*value = (double)metric_errors(run);
	return true;
}

static bool timeouts(const struct run *run, double *value)
{
	static const enum wr_reason reasons[] = {
		WR_REASON_connect_timeout,   WR_REASON_rexmit_timeout, WR_REASON_user_timeout,
		WR_REASON_keepalive_timeout, WR_REASON_idle_timeout,   WR_REASON_total_timeout,
		WR_REASON_fin_wait_timeout,
	};
	uint64_t sum = run_total(run, WR_LOAD_STAT_responses_timed_out);

	for (unsigned i = 0; i < WR_LEN(reasons); i++)
		sum += run_reason(run, reasons[i]);
	*value = (double)sum;
	return true;
}

static bool retransmits(const struct run *run, double *value)
{
	*value = (double)(run->last.rexmit - run->first.rexmit);
	return true;
}

static bool drops(const struct run *run, double *value)
{
	*value = (double)(run->last.drops - run->first.drops);
	return true;
}

static const struct {
	const char *name;
	enum wr_unit unit;
	bool (*get)(const struct run *run, double *value);
} specials[] = {
	{"rps", WR_UNIT_RATE, rps},
	{"cps", WR_UNIT_RATE, cps},
	{"pps", WR_UNIT_RATE, pps},
	{"bitrate", WR_UNIT_BITS, bitrate},
	{"bitrate.up", WR_UNIT_BITS, bitrate_up},
	{"bitrate.down", WR_UNIT_BITS, bitrate_down},
	{"loss", WR_UNIT_SHARE, loss},
	{"busy", WR_UNIT_SHARE, busy},
	{"connections", WR_UNIT_COUNT, connections},
	{"failed", WR_UNIT_COUNT, failed},
	{"errors", WR_UNIT_COUNT, errors},
	{"timeouts", WR_UNIT_COUNT, timeouts},
	{"retransmits", WR_UNIT_COUNT, retransmits},
	{"drops", WR_UNIT_COUNT, drops},
};

static bool find_special(const char *name, struct metric *metric)
{
	for (unsigned i = 0; i < WR_LEN(specials); i++) {
		if (strcmp(specials[i].name, name) != 0)
			continue;
		*metric = (struct metric) {METRIC_SPECIAL, specials[i].unit, .index = i};
		return true;
	}
	return false;
}

static bool find_counter(const char *name, struct metric *metric)
{
	for (unsigned i = 0; i < WR_LOAD_STAT_COUNT; i++) {
		if (strcmp(wr_load_desc[i].name, name) != 0)
			continue;
		*metric = (struct metric) {METRIC_STAT, WR_UNIT_COUNT, .index = i};
		return true;
	}
	for (unsigned i = 0; i < WR_REASON_COUNT; i++) {
		if (strcmp(wr_reason_desc[i].name, name) != 0)
			continue;
		*metric = (struct metric) {METRIC_REASON, WR_UNIT_COUNT, .index = i};
		return true;
	}
	return false;
}

/* "p99.9", "min", ... */
static bool read_part(const char *text, struct metric *metric)
{
	static const char *const names[] = {[PART_MIN] = "min",
	                                    [PART_MEAN] = "mean",
	                                    [PART_STDEV] = "stdev",
	                                    [PART_MAX] = "max"};
	char *end;

	for (unsigned i = PART_MIN; i < WR_LEN(names); i++) {
		if (strcmp(names[i], text) != 0)
			continue;
		metric->part = i;
		return true;
	}
	if (text[0] != 'p' || text[1] < '0' || text[1] > '9' ||
	    strspn(text + 1, "0123456789.") != strlen(text + 1))
		return false;
	metric->part = PART_PERCENTILE;
	metric->percent = strtod(text + 1, &end);
	return !*end && metric->percent > 0 && metric->percent < 100;
}

static bool find_latency(const char *name, struct metric *metric)
{
	*metric = (struct metric) {METRIC_LATENCY, WR_UNIT_TIME, .of_mode = true};
	for (unsigned i = 0; i < WR_LATENCY_COUNT; i++) {
		size_t n = strlen(wr_latency_desc[i].name);

		if (strncmp(name, wr_latency_desc[i].name, n) != 0 || name[n] != '.')
			continue;
		metric->of_mode = false;
		metric->index = i;
		return read_part(name + n + 1, metric);
	}
	return read_part(name, metric);
}

bool metric_find(const char *name, struct metric *metric)
{
	return find_special(name, metric) || find_counter(name, metric) ||
	       find_latency(name, metric);
}

static bool latency_value(const struct metric *metric, const struct run *run, double *value)
{
	unsigned which = metric->of_mode ? run_latency(run->load) : metric->index;
	const struct wr_histogram *h = &run->latency[which];

	if (which >= WR_LATENCY_COUNT || !wr_histogram_count(h))
		return false;
	switch (metric->part) {
	case PART_MIN:
		*value = (double)h->min;
		return true;
	case PART_MAX:
		*value = (double)h->max;
		return true;
	case PART_MEAN:
		*value = wr_histogram_mean(h);
		return true;
	case PART_STDEV:
		*value = wr_histogram_stdev(h);
		return true;
	default:
		*value = (double)wr_histogram_percentile(h, metric->percent);
		return wr_histogram_beyond(h, metric->percent) >= PERCENTILE_BEYOND;
	}
}

bool metric_value(const struct metric *metric, const struct run *run, double *value)
{
	switch (metric->kind) {
	case METRIC_SPECIAL:
		return specials[metric->index].get(run, value);
	case METRIC_STAT:
		*value = (double)run_total(run, metric->index);
		return true;
	case METRIC_REASON:
		*value = (double)run_reason(run, metric->index);
		return true;
	default:
		return latency_value(metric, run, value);
	}
}

double metric_get(const char *name, const struct run *run)
{
	struct metric metric;
	double value;

	if (metric_find(name, &metric) && metric_value(&metric, run, &value))
		return value;
	return 0;
}
