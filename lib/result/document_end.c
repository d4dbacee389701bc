/* SPDX-License-Identifier: BSD-3-Clause */
/* The part of the document that is known at the end: totals, latencies, drops, the server. */
#include <stdio.h>

#include "document.h"
#include "wr_drop.h"
#include "wr_slug.h"

static void put(json_t *object, const char *name, uint64_t n)
{
	json_object_set_new(object, name, json_integer((json_int_t)n));
}

static void put_real(json_t *object, const char *name, double n)
{
	json_object_set_new(object, name, json_real(n));
}

static json_t *put_object(json_t *object, const char *name)
{
	json_t *inner = json_object();

	json_object_set_new(object, name, inner);
	return inner;
}

static uint64_t grown(uint64_t until, uint64_t from)
{
	return until > from ? until - from : 0;
}

static void put_window(json_t *end, const struct run *run)
{
	json_t *window = put_object(end, "window");
	double seconds = run_seconds(run);

	put_real(window, "seconds", seconds);
	if (seconds <= 0)
		return;
	put_real(window, "from_s", (double)grown(run->from.time_ns, run->first.time_ns) / 1e9);
	put_real(window, "until_s",
	         (double)grown(run->until.time_ns, run->first.time_ns) / 1e9);
}

static void put_rates(json_t *end, const struct run *run)
{
	static const char *const names[][2] = {
		{"rps", "responses_per_s"},
		{"cps", "connections_per_s"},
		{"pps", "packets_per_s"},
		{"bitrate", "bits_per_s"},
		{"bitrate.up", "bits_up_per_s"},
		{"bitrate.down", "bits_down_per_s"},
		{"loss", "loss"},
		{"busy", "busy"},
	};
	json_t *rates = put_object(end, "rates");
	struct metric metric;
	double value;

	for (unsigned i = 0; i < WR_LEN(names); i++)
		if (metric_find(names[i][0], &metric) && metric_value(&metric, run, &value))
			put_real(rates, names[i][1], value);
}

static void put_percentiles(json_t *object, const struct wr_histogram *h)
{
	static const struct {
		const char *name;
		double percent;
	} percentiles[] = {
		{"p50_ns", 50},       {"p75_ns", 75},         {"p90_ns", 90},
		{"p95_ns", 95},       {"p99_ns", 99},         {"p99.9_ns", 99.9},
		{"p99.99_ns", 99.99}, {"p99.999_ns", 99.999},
	};

	for (unsigned i = 0; i < WR_LEN(percentiles); i++)
		if (wr_histogram_beyond(h, percentiles[i].percent) >= PERCENTILE_BEYOND)
			put(object, percentiles[i].name,
			    wr_histogram_percentile(h, percentiles[i].percent));
}

static void put_latency(json_t *object, const struct wr_histogram *h)
{
	json_t *slots;

	put(object, "count", wr_histogram_count(h));
	put(object, "min_ns", h->min);
	put_real(object, "mean_ns", wr_histogram_mean(h));
	put_real(object, "stdev_ns", wr_histogram_stdev(h));
	put_percentiles(object, h);
	put(object, "max_ns", h->max);
	slots = json_array();
	json_object_set_new(object, "histogram_ns", slots);
	for (uint32_t i = 0; i < WR_HISTOGRAM_SLOTS; i++)
		if (h->count[i])
			json_array_append_new(
				slots, json_pack("[I, I]", (json_int_t)wr_histogram_highest(i),
			                         (json_int_t)h->count[i]));
}

static void put_drops(json_t *end, const struct run *run)
{
	json_t *drops = put_object(end, "drops");
	struct wr_drop first, last;

	for (unsigned i = 0; i < WR_DROPS; i++) {
		if (!wr_drop_of_core(&run->stats_first, i, &first) ||
		    !wr_drop_of_core(&run->stats_last, i, &last))
			continue;
		if (last.frames > first.frames)
			put(drops, last.reason, last.frames - first.frames);
	}
	for (unsigned i = 0; i < WR_PORT_DROPS; i++) {
		wr_drop_of_port(&run->port_first, i, &first);
		wr_drop_of_port(&run->port_last, i, &last);
		if (last.frames > first.frames)
			put(drops, last.reason, last.frames - first.frames);
	}
}

static void put_engine(json_t *end, const struct run *run)
{
	const struct wr_stats *first = &run->stats_first, *last = &run->stats_last;
	json_t *object = put_object(end, "engine");

	for (unsigned i = 0; i < WR_STAT_COUNT; i++)
		if (wr_stat_desc[i].kind == WR_COUNTER && last->n[i] > first->n[i])
			put(object, wr_stat_desc[i].name, last->n[i] - first->n[i]);
	object = put_object(end, "causes");
	for (unsigned i = 0; i < WR_CAUSE_COUNT; i++)
		if (last->cause[i] > first->cause[i])
			put(object, wr_cause_desc[i].name, last->cause[i] - first->cause[i]);
	object = put_object(end, "stages");
	for (unsigned i = 0; i < WR_STAGE_COUNT; i++)
		if (last->cycles[i] > first->cycles[i])
			put(object, wr_stage_desc[i].name, last->cycles[i] - first->cycles[i]);
	put(end, "stage_frames", grown(last->cycles_frames, first->cycles_frames));
	object = put_object(end, "books");
	put(object, "in", (uint64_t)wr_stats_unbalanced_in(last));
	put(object, "out", (uint64_t)wr_stats_unbalanced_out(last));
}

static void put_cores(json_t *end, const struct run *run)
{
	const struct totals *from = run->has_from ? &run->from : &run->first;
	const struct totals *until = run->has_until ? &run->until : &run->last;
	json_t *busy = json_array();

	json_object_set_new(end, "busy", busy);
	for (unsigned i = 0; i < until->cores; i++) {
		double cycles = (double)grown(until->cycles[i], from->cycles[i]);
		double spent = (double)grown(until->busy[i], from->busy[i]);

		json_array_append_new(busy, json_real(cycles > 0 ? spent / cycles : 0));
	}
}

json_t *document_end(const struct run *run, const struct verdict *verdict)
{
	json_t *end = json_object(), *object;

	put_window(end, run);
	put_rates(end, run);
	object = put_object(end, "latency");
	for (unsigned i = 0; i < WR_LATENCY_COUNT; i++)
		if (wr_histogram_count(&run->latency[i]))
			put_latency(put_object(object, wr_latency_desc[i].name),
			            &run->latency[i]);
	object = put_object(end, "counters");
	for (unsigned i = 0; i < WR_LOAD_STAT_COUNT; i++)
		put(object, wr_load_desc[i].name, run_total(run, i));
	object = put_object(end, "reasons");
	for (unsigned i = 0; i < WR_REASON_COUNT; i++)
		put(object, wr_reason_desc[i].name, run_reason(run, i));
	put(end, "most_connections_open", run->most_open);
	put(end, "failed", metric_failed(run));
	put(end, "errors", metric_errors(run));
	put(end, "retransmitted_segments", grown(run->last.rexmit, run->first.rexmit));
	put_drops(end, run);
	put_cores(end, run);
	put_engine(end, run);
	return end;
}

/* A number that both sides count, each in its own way. */
static void put_pair(json_t *rows, const char *name, uint64_t client, uint64_t server)
{
	json_array_append_new(rows, json_pack("{s:s, s:I, s:I, s:I}", "name", name, "client",
	                                      (json_int_t)client, "server", (json_int_t)server,
	                                      "difference", (json_int_t)(server - client)));
}

json_t *document_server(const struct run *run, const struct wr_snapshot *before,
                        const struct wr_snapshot *after)
{
	static const struct {
		const char *name;
		enum wr_stat client, server;
	} pairs[] = {
		{"tcp_bytes_to_server", WR_STAT_tcp_bytes_acked, WR_STAT_tcp_bytes_in},
		{"tcp_bytes_to_client", WR_STAT_tcp_bytes_in, WR_STAT_tcp_bytes_acked},
		{"udp_datagrams_to_server", WR_STAT_udp_datagrams_out,
	         WR_STAT_udp_datagrams_in},
		{"udp_datagrams_to_client", WR_STAT_udp_datagrams_in,
	         WR_STAT_udp_datagrams_out},
		{"frames_to_server", WR_STAT_tx_frames, WR_STAT_rx_frames},
		{"frames_to_client", WR_STAT_rx_frames, WR_STAT_tx_frames},
	};
	const uint64_t *c0 = run->stats_first.n, *c1 = run->stats_last.n;
	const uint64_t *s0 = before->sum.n, *s1 = after->sum.n;
	json_t *server = json_object(), *rows = json_array(), *drops;
	struct wr_drop first, last;

	json_object_set_new(server, "instance", json_string(after->instance));
	json_object_set_new(server, "version", json_string(after->version));
	json_object_set_new(server, "compared", rows);
	put_pair(rows, "tcp_connections", run_total(run, WR_LOAD_STAT_connections_opened),
	         grown(s1[WR_STAT_tcp_passive_opens], s0[WR_STAT_tcp_passive_opens]));
	for (unsigned i = 0; i < WR_LEN(pairs); i++)
		put_pair(rows, pairs[i].name, grown(c1[pairs[i].client], c0[pairs[i].client]),
		         grown(s1[pairs[i].server], s0[pairs[i].server]));
	put(server, "retransmitted_bytes",
	    grown(s1[WR_STAT_tcp_bytes_rexmit], s0[WR_STAT_tcp_bytes_rexmit]));
	drops = put_object(server, "drops");
	for (unsigned i = 0; i < WR_DROPS; i++)
		if (wr_drop_of_core(&before->sum, i, &first) &&
		    wr_drop_of_core(&after->sum, i, &last) && last.frames > first.frames)
			put(drops, last.reason, last.frames - first.frames);
	return server;
}
