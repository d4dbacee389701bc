/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdlib.h>

#include "exposition.h"

#define BUCKETS 21 /* 1 us, 2 us, ... 1.05 s */

void exposition_init(struct exposition *exposition)
{
	pthread_mutex_init(&exposition->lock, NULL);
	exposition->text = NULL;
}

void exposition_fini(struct exposition *exposition)
{
	free(exposition->text);
	pthread_mutex_destroy(&exposition->lock);
}

static void head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP wringer_%s %s\n# TYPE wringer_%s %s\n", name, help, name, type);
}

static void write_counters(FILE *out, const struct wr_load_stats *load)
{
	for (unsigned i = 0; i < WR_LOAD_STAT_COUNT; i++) {
		char name[80];

		snprintf(name, sizeof(name), "load_%s_total", wr_load_desc[i].name);
		head(out, name, "counter", wr_load_desc[i].help);
		fprintf(out, "wringer_%s %" PRIu64 "\n", name, load->n[i]);
	}
}

/* Values that are certainly not above the bound: a slot across it counts in the next. */
static void write_buckets(FILE *out, const char *op, const struct wr_histogram *h)
{
	uint64_t seen = 0, count = wr_histogram_count(h);
	uint32_t slot = 0;

	for (unsigned b = 0; b < BUCKETS; b++) {
		uint64_t bound_ns = UINT64_C(1000) << b;

		while (slot < WR_HISTOGRAM_SLOTS && wr_histogram_highest(slot) <= bound_ns)
			seen += h->count[slot++];
		fprintf(out,
		        "wringer_request_latency_seconds_bucket{op=\"%s\",le=\"%.6f\"} %" PRIu64
		        "\n",
		        op, (double)bound_ns / 1e9, seen);
	}
	fprintf(out,
	        "wringer_request_latency_seconds_bucket{op=\"%s\",le=\"+Inf\"} %" PRIu64 "\n"
	        "wringer_request_latency_seconds_sum{op=\"%s\"} %.9f\n"
	        "wringer_request_latency_seconds_count{op=\"%s\"} %" PRIu64 "\n",
	        op, count, op, (double)h->sum / 1e9, op, count);
}

static void write_latencies(FILE *out, const struct wr_load_stats *load)
{
	head(out, "request_latency_seconds", "histogram",
	     "Latencies of a load; response counts from the planned time");
	for (unsigned i = 0; i < WR_LATENCY_COUNT; i++)
		write_buckets(out, wr_latency_desc[i].name, &load->latency[i]);
}

static void write_quantile(FILE *out, const char *quantile, uint64_t ns)
{
	if (ns)
		fprintf(out, "wringer_request_latency_quantile_seconds{q=\"%s\"} %.9f\n",
		        quantile, (double)ns / 1e9);
}

static void write_interval(FILE *out, const struct run *run, const struct interval *interval)
{
	double seconds = interval_seconds(interval);
	uint64_t planned = interval->n[WR_LOAD_STAT_requests_planned];
	uint64_t done = interval->n[WR_LOAD_STAT_responses];

	head(out, "request_latency_quantile_seconds", "gauge",
	     "Latency that the mode is about, in the last interval");
	write_quantile(out, "0.5", interval->latency.p50);
	write_quantile(out, "0.9", interval->latency.p90);
	write_quantile(out, "0.99", interval->latency.p99);
	write_quantile(out, "0.999", interval->latency.p999);
	head(out, "offered_rate_requests", "gauge",
	     "Requests planned per second, last interval");
	fprintf(out, "wringer_offered_rate_requests %.3f\n",
	        seconds > 0 ? (double)planned / seconds : 0);
	head(out, "achieved_rate_requests", "gauge", "Responses per second, last interval");
	fprintf(out, "wringer_achieved_rate_requests %.3f\n",
	        seconds > 0 ? (double)done / seconds : 0);
	head(out, "load_connections", "gauge", "Connections of the load");
	fprintf(out,
	        "wringer_load_connections{state=\"open\"} %" PRIu64 "\n"
	        "wringer_load_connections{state=\"opening\"} %" PRIu64 "\n",
	        interval->open, interval->opening);
	head(out, "test_running", "gauge", "1 while the test goes on");
	fprintf(out, "wringer_test_running{kind=\"load\",mode=\"%s\"} %d\n",
	        wr_load_mode_name[run->load->mode], run->phase < WR_LOAD_DONE);
}

void exposition_render(struct exposition *exposition, const struct run *run,
                       const struct wr_load_stats *load, const struct interval *interval)
{
	char *text = NULL, *before;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return;
	write_counters(out, load);
	write_latencies(out, load);
	write_interval(out, run, interval);
	if (fclose(out)) {
		free(text);
		return;
	}
	pthread_mutex_lock(&exposition->lock);
	before = exposition->text;
	exposition->text = text;
	pthread_mutex_unlock(&exposition->lock);
	free(before);
}

void exposition_copy(struct exposition *exposition, FILE *out)
{
	pthread_mutex_lock(&exposition->lock);
	if (exposition->text)
		fputs(exposition->text, out);
	pthread_mutex_unlock(&exposition->lock);
}
