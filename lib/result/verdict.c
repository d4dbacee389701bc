/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "verdict.h"

__attribute__((format(printf, 3, 4))) static void say(char (*list)[256], unsigned *count,
                                                      const char *fmt, ...)
{
	va_list args;

	if (*count == 4)
		return;
	va_start(args, fmt);
	vsnprintf(list[(*count)++], sizeof(*list), fmt, args);
	va_end(args);
}

/* Whether a setpoint was in force, at the beginning or later. */
static bool is_set(double first, double last)
{
	return first > 0 || last > 0;
}

/* A row of numbers that were planned one by one: one more or less at an edge is no lack. */
static void offer_counted(struct verdict *v, const char *name, uint64_t planned, uint64_t done,
                          double seconds)
{
	if (planned == done + 1)
		done = planned;
	v->offer[v->offers++] = (struct offer) {name, WR_UNIT_RATE, (double)planned / seconds,
	                                        (double)done / seconds};
}

static void offer_bits(struct verdict *v, const struct run *run, const char *name,
                       enum wr_load_direction direction)
{
	double seconds = run_seconds(run);

	v->offer[v->offers++] =
		(struct offer) {name, WR_UNIT_BITS, run->offered_bits / seconds,
	                        8 * (double)run_bytes(run, direction) / seconds};
}

static void take_bitrate(struct verdict *v, const struct run *run)
{
	bool stream = run->load->mode == WR_LOAD_STREAM;
	enum wr_load_direction direction = stream ? run->load->direction : WR_LOAD_UP;

	if (direction & WR_LOAD_UP)
		offer_bits(v, run, direction == WR_LOAD_BOTH ? "bitrate.up" : "bitrate",
		           WR_LOAD_UP);
	if (direction & WR_LOAD_DOWN)
		offer_bits(v, run, direction == WR_LOAD_BOTH ? "bitrate.down" : "bitrate",
		           WR_LOAD_DOWN);
}

/* Whether connections stay, so that their number is a promise and not a bound. */
static bool connections_stay(const struct wr_load_conf *load)
{
	switch (load->mode) {
	case WR_LOAD_RR:
	case WR_LOAD_STREAM:
	case WR_LOAD_HOLD:
		return true;
	case WR_LOAD_HTTP:
		return !load->http.close;
	default:
		return false;
	}
}

/* Connections opened for attempts of the window, at most as many as were planned. */
static uint64_t opened(const struct run *run, uint64_t planned)
{
	uint64_t n = run->last.n[WR_LOAD_STAT_connections_opened] -
	             run->from.n[WR_LOAD_STAT_connections_opened];

	return n < planned ? n : planned;
}

static void take_offers(struct verdict *v, const struct run *run)
{
	const struct wr_load_setpoints *first = &run->load->set, *last = &run->until.set;
	bool udp = run->load->mode == WR_LOAD_UDP_RR;
	uint64_t planned = run_within(run, WR_LOAD_STAT_connections_planned);

	if (run_seconds(run) <= 0)
		return;
	if (connections_stay(run->load) && last->connections)
		v->offer[v->offers++] =
			(struct offer) {"connections", WR_UNIT_COUNT, (double)last->connections,
		                        (double)run->most_open};
	if (is_set(first->cps, last->cps) && planned)
		offer_counted(v, "cps", planned, opened(run, planned), run_marked_seconds(run));
	if (is_set(first->rps, last->rps))
		offer_counted(v, "rps", run_total(run, WR_LOAD_STAT_requests_planned),
		              run_total(run, udp ? WR_LOAD_STAT_requests_sent
		                                 : WR_LOAD_STAT_responses),
		              run_seconds(run));
	if (is_set(first->bitrate, last->bitrate) && run->load->mode != WR_LOAD_UDP_FLOOD)
		take_bitrate(v, run);
	else if (is_set(first->pps, last->pps) || is_set(first->bitrate, last->bitrate))
		offer_counted(v, "pps", run_total(run, WR_LOAD_STAT_packets_planned),
		              run_total(run, WR_LOAD_STAT_packets_sent), run_seconds(run));
}

static void find_invalid(struct verdict *v)
{
	for (unsigned i = 0; i < v->offers; i++) {
		const struct offer *o = &v->offer[i];

		if (o->achieved >= OFFER_LEAST * o->offered)
			continue;
		say(v->invalid, &v->invalids,
		    "Of %s %s offered, %s were achieved: %.1f %%, less than 99 %%.",
		    wr_number(o->unit, o->offered).text, o->name,
		    wr_number(o->unit, o->achieved).text, 100 * o->achieved / o->offered);
	}
}

/* What a core that stood still should have asked, and how late it saw answers, is not known. */
static void find_stalls(struct verdict *v, const struct run *run,
                        const struct wr_result_end *end)
{
	double stalled = (double)end->stalled_ns / 1e9;
	bool planned = false;

	for (unsigned i = 0; i < v->offers; i++)
		planned |= v->offer[i].unit != WR_UNIT_COUNT;
	if (planned && stalled > (1 - OFFER_LEAST) * run_seconds(run))
		say(v->invalid, &v->invalids,
		    "A core stood still for %.3f s of %.3f s, because something else ran on "
		    "its CPU.",
		    stalled, run_seconds(run));
}

/* "connect_timeout 12, refused 3": how connections ended that should not have. */
static void name_reasons(const struct run *run, char *text, size_t size)
{
	size_t n = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < WR_REASON_COUNT && n < size; i++) {
		uint64_t count = i == WR_REASON_finished ? 0 : run_reason(run, i);

		if (count)
			n += (size_t)snprintf(text + n, size - n, "%s%s %" PRIu64,
			                      n ? ", " : "", wr_reason_desc[i].name, count);
	}
}

static bool wants_responses(const struct run *run)
{
	return run_latency(run->load) == WR_LATENCY_response;
}

/* Nothing at all worked: an error, whatever the thresholds are. */
static bool find_silence(struct verdict *v, const struct run *run, const char *reasons)
{
	uint64_t attempts = run_total(run, WR_LOAD_STAT_connections_attempted);
	uint64_t requests = run_total(run, WR_LOAD_STAT_requests_sent);

	if (run->load->mode != WR_LOAD_SYN && attempts &&
	    !run_total(run, WR_LOAD_STAT_connections_opened) && !run->most_open) {
		say(v->failure, &v->failures,
		    "None of %" PRIu64 " connection attempts succeeded%s%s.", attempts,
		    reasons[0] ? ": " : "", reasons);
		return true;
	}
	if (wants_responses(run) && requests && !run_total(run, WR_LOAD_STAT_responses)) {
		say(v->failure, &v->failures, "None of %" PRIu64 " requests was answered.",
		    requests);
		return true;
	}
	return false;
}

/* Whether a threshold of the user takes the place of our own: no errors. */
static bool user_judges_errors(const struct wr_result_conf *conf)
{
	for (unsigned i = 0; i < conf->requires; i++)
		if (strcmp(conf->require[i].metric, "errors") == 0 ||
		    strcmp(conf->require[i].metric, "failed") == 0)
			return true;
	return false;
}

/* The counters that make errors, one sentence for the connections and one for the rest. */
static void find_errors(struct verdict *v, const struct run *run, const char *reasons)
{
	static const enum wr_load_stat stats[] = {
		WR_LOAD_STAT_responses_timed_out,
		WR_LOAD_STAT_responses_missing,
		WR_LOAD_STAT_responses_unasked,
		WR_LOAD_STAT_http_4xx,
		WR_LOAD_STAT_http_5xx,
		WR_LOAD_STAT_http_broken,
		WR_LOAD_STAT_corrupt,
		WR_LOAD_STAT_lost,
		WR_LOAD_STAT_duplicate,
		WR_LOAD_STAT_reordered,
		WR_LOAD_STAT_truncated,
		WR_LOAD_STAT_foreign,
	};
	uint64_t failed = metric_failed(run);
	char text[200] = "";
	size_t n = 0;

	if (failed)
		say(v->failure, &v->failures, "%" PRIu64 " connections failed%s%s.", failed,
		    reasons[0] ? ": " : "", reasons);
	if (metric_errors(run) == failed)
		return;
	for (unsigned i = 0; i < WR_LEN(stats) && n < sizeof(text); i++) {
		uint64_t count = run_total(run, stats[i]);

		if (count)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %" PRIu64,
			                      n ? ", " : "", wr_load_desc[stats[i]].name,
			                      count);
	}
	say(v->failure, &v->failures, "Not all was as it should be: %s.", text);
}

static void find_failures(struct verdict *v, const struct run *run,
                          const struct wr_result_conf *conf)
{
	char reasons[200];

	name_reasons(run, reasons, sizeof(reasons));
	if (!find_silence(v, run, reasons) && metric_errors(run) && !user_judges_errors(conf))
		find_errors(v, run, reasons);
	if (!v->failures && run_seconds(run) <= 0 && !v->error[0])
		say(v->failure, &v->failures, "The measurement did not begin%s.",
		    v->interrupted ? " before the interrupt" : "");
}

static void judge_requirements(struct verdict *v, const struct run *run,
                               const struct wr_result_conf *conf)
{
	for (unsigned i = 0; i < conf->requires; i++) {
		struct metric metric;
		double value = 0;
		bool has = metric_find(conf->require[i].metric, &metric) &&
		           metric_value(&metric, run, &value);

		v->require[i] = wr_require_judge(&conf->require[i], has, value);
		v->missed += !v->require[i].met;
	}
}

static enum wr_exit exit_code(const struct verdict *v, const struct wr_result_end *end)
{
	if (end->err)
		return end->err->exit;
	if (v->interrupted)
		return WR_EXIT_INTERRUPTED;
	if (v->interrupted)
		return WR_EXIT_INTERRUPTED;
	if (v->failures)
		return WR_EXIT_FAILED;
	if (v->invalids)
		return WR_EXIT_INVALID;
	return v->missed ? WR_EXIT_THRESHOLD : WR_EXIT_OK;
}

void verdict_take(struct verdict *v, const struct run *run, const struct wr_result_conf *conf,
                  const struct wr_result_end *end)
{
	memset(v, 0, sizeof(*v));
	v->interrupted = end->interrupted;
	if (end->err)
		snprintf(v->error, sizeof(v->error), "%s", end->err->text);
	take_offers(v, run);
	find_invalid(v);
	find_stalls(v, run, end);
	find_failures(v, run, conf);
	judge_requirements(v, run, conf);
	v->exit = exit_code(v, end);
}
