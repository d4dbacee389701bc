/* SPDX-License-Identifier: BSD-3-Clause */
/* The line a second: the columns that a mode is about, in the units that people know. */
#include <inttypes.h>

#include "text.h"

static double rate(const struct interval *interval, enum wr_load_stat stat)
{
	double seconds = interval_seconds(interval);

	return seconds > 0 ? (double)interval->n[stat] / seconds : 0;
}

static void print_rate(FILE *out, const char *name, const struct interval *interval,
                       enum wr_load_stat stat)
{
	fprintf(out, "  %s %s", name, wr_number(WR_UNIT_RATE, rate(interval, stat)).text);
}

/* Of what is counted only in the measurement: before it, nothing is known. */
static void print_measured(FILE *out, const char *name, const struct interval *interval,
                           enum wr_load_stat stat)
{
	if (interval_counts(interval))
		print_rate(out, name, interval, stat);
	else
		fprintf(out, "  %s -", name);
}

static void print_time(FILE *out, const char *name, uint64_t ns)
{
	if (ns)
		fprintf(out, " %s %s", name, wr_number(WR_UNIT_TIME, (double)ns).text);
}

static void print_latency(FILE *out, const struct brief *latency)
{
	if (!latency->count)
		return;
	fputc(' ', out);
	print_time(out, "p50", latency->p50);
	print_time(out, "p99", latency->p99);
	print_time(out, "p99.9", latency->p999);
	print_time(out, "max", latency->max);
}

static double busiest(const struct interval *interval)
{
	double most = 0;

	for (unsigned i = 0; i < interval->cores; i++)
		if (interval->busy[i] > most)
			most = interval->busy[i];
	return most;
}

/* What went wrong in this interval, if anything did. */
static void print_trouble(FILE *out, const struct interval *interval)
{
	static const struct {
		const char *name;
		enum wr_load_stat stat;
	} troubles[] = {
		{"failed", WR_LOAD_STAT_connections_failed},
		{"broken", WR_LOAD_STAT_connections_broken},
		{"timeout", WR_LOAD_STAT_responses_timed_out},
		{"missing", WR_LOAD_STAT_responses_missing},
		{"corrupt", WR_LOAD_STAT_corrupt},
		{"lost", WR_LOAD_STAT_lost},
		{"no-ports", WR_LOAD_STAT_no_ports},
	};

	for (unsigned i = 0; i < WR_LEN(troubles); i++)
		if (interval->n[troubles[i].stat])
			fprintf(out, "  %s %" PRIu64, troubles[i].name,
			        interval->n[troubles[i].stat]);
}

static void print_tail(FILE *out, const struct interval *interval)
{
	print_trouble(out, interval);
	fprintf(out, "  retr %" PRIu64 "  drop %" PRIu64 "  busy %.0f%%", interval->rexmit,
	        interval->drops, 100 * busiest(interval));
	if (interval->phase != WR_LOAD_MEASURE)
		fprintf(out, "  (%s)", wr_load_phase_name[interval->phase]);
	fputc('\n', out);
}

static void print_http(FILE *out, const struct interval *interval)
{
	static const struct {
		const char *name;
		enum wr_load_stat stat;
		bool always;
	} classes[] = {
		{"2xx", WR_LOAD_STAT_http_2xx, true},     {"3xx", WR_LOAD_STAT_http_3xx, false},
		{"4xx", WR_LOAD_STAT_http_4xx, true},     {"5xx", WR_LOAD_STAT_http_5xx, true},
		{"bad", WR_LOAD_STAT_http_broken, false},
	};

	for (unsigned i = 0; i < WR_LEN(classes); i++)
		if (classes[i].always || interval->n[classes[i].stat])
			print_rate(out, classes[i].name, interval, classes[i].stat);
}

static void print_columns(FILE *out, const struct run *run, const struct interval *interval)
{
	switch (run->load->mode) {
	case WR_LOAD_HOLD:
		fprintf(out, "  open %" PRIu64 " opening %" PRIu64, interval->open,
		        interval->opening);
		print_rate(out, "cps", interval, WR_LOAD_STAT_connections_opened);
		if (interval->n[WR_LOAD_STAT_responses])
			print_rate(out, "rps", interval, WR_LOAD_STAT_responses);
		break;
	case WR_LOAD_CONNECT:
		print_rate(out, "cps", interval, WR_LOAD_STAT_connections_opened);
		break;
	case WR_LOAD_UDP_FLOOD:
		print_measured(out, "pps", interval, WR_LOAD_STAT_datagrams_sent);
		fprintf(out, "  %s",
		        wr_number(WR_UNIT_BITS, 8 * rate(interval, WR_LOAD_STAT_bytes_sent))
		                .text);
		print_measured(out, "back", interval, WR_LOAD_STAT_datagrams_received);
		break;
	case WR_LOAD_SYN:
		print_rate(out, "syn/s", interval, WR_LOAD_STAT_syns_sent);
		print_rate(out, "synack/s", interval, WR_LOAD_STAT_synacks_received);
		print_rate(out, "rst/s", interval, WR_LOAD_STAT_rsts_received);
		break;
	default:
		print_measured(out, "rps", interval, WR_LOAD_STAT_responses);
		if (run->load->mode != WR_LOAD_UDP_RR)
			print_rate(out, "cps", interval, WR_LOAD_STAT_connections_opened);
		if (run->load->mode == WR_LOAD_HTTP)
			print_http(out, interval);
	}
	print_latency(out, &interval->latency);
}

/* One direction of a stream, in iperf3's columns. */
static void print_direction(FILE *out, const struct interval *interval, const char *role,
                            enum wr_load_stat bytes)
{
	fprintf(out, "[SUM]%s %6.2f-%-6.2f sec  %12s  %14s  ", role,
	        (double)interval->from_ns / 1e9, (double)interval->until_ns / 1e9,
	        wr_number_transfer((double)interval->n[bytes]).text,
	        wr_number_bitrate(8 * rate(interval, bytes)).text);
	if (bytes == WR_LOAD_STAT_bytes_sent)
		fprintf(out, "%5" PRIu64, interval->rexmit);
	else
		fprintf(out, "%5s", "");
	fprintf(out, "  open %" PRIu64, interval->open);
	print_trouble(out, interval);
	fprintf(out, "  drop %" PRIu64 "  busy %.0f%%", interval->drops,
	        100 * busiest(interval));
	if (interval->phase != WR_LOAD_MEASURE)
		fprintf(out, "  (%s)", wr_load_phase_name[interval->phase]);
	fputc('\n', out);
}

static void print_stream(FILE *out, const struct run *run, const struct interval *interval)
{
	bool both = run->load->direction == WR_LOAD_BOTH;

	if (run->load->direction & WR_LOAD_UP)
		print_direction(out, interval, both ? "[TX-C]" : "", WR_LOAD_STAT_bytes_sent);
	if (run->load->direction & WR_LOAD_DOWN)
		print_direction(out, interval, both ? "[RX-C]" : "",
		                WR_LOAD_STAT_bytes_received);
}

void text_head(FILE *out, const struct run *run, const char *target)
{
	bool both = run->load->direction == WR_LOAD_BOTH;

	if (run->number == 0)
		fprintf(out, "%s%s%s, seed %" PRIu64 "\n", wr_load_mode_name[run->load->mode],
		        target ? " to " : "", target ? target : "", run->load->seed);
	if (run->load->mode == WR_LOAD_STREAM)
		fprintf(out,
		        "[ ID]%s Interval            Transfer      Bitrate            Retr\n",
		        both ? "[Role]" : "");
	fflush(out);
}

void text_line(FILE *out, const struct run *run, const struct interval *interval)
{
	if (run->load->mode == WR_LOAD_STREAM) {
		print_stream(out, run, interval);
	} else {
		fprintf(out, "[%3u] %.2f-%.2f s", run->number, (double)interval->from_ns / 1e9,
		        (double)interval->until_ns / 1e9);
		print_columns(out, run, interval);
		print_tail(out, interval);
	}
	fflush(out);
}
