/* SPDX-License-Identifier: BSD-3-Clause */
/* The summary after a run: offers, latencies, what happened, the verdict. */
#include <inttypes.h>
#include <string.h>

#include "text.h"

static const char rule[] = "- - - - - - - - - - - - - - - - - - - - - - - - -\n";

static void print_rates(FILE *out, const struct run *run)
{
	static const struct {
		const char *name;
		enum wr_unit unit;
		unsigned modes; /* bits: where it is of interest */
	} rates[] = {
		{"rps", WR_UNIT_RATE,
	         1 << WR_LOAD_RR | 1 << WR_LOAD_CRR | 1 << WR_LOAD_UDP_RR | 1 << WR_LOAD_HTTP},
		{"cps", WR_UNIT_RATE, 1 << WR_LOAD_CRR | 1 << WR_LOAD_CONNECT},
		{"pps", WR_UNIT_RATE, 1 << WR_LOAD_UDP_FLOOD | 1 << WR_LOAD_SYN},
		{"bitrate", WR_UNIT_BITS,
	         ~(1u << WR_LOAD_SYN | 1u << WR_LOAD_CONNECT | 1u << WR_LOAD_HOLD)},
		{"loss", WR_UNIT_SHARE, 1 << WR_LOAD_UDP_RR | 1 << WR_LOAD_UDP_FLOOD},
		{"connections", WR_UNIT_COUNT, ~0u},
		{"busy", WR_UNIT_SHARE, ~0u},
	};
	struct metric metric;
	double value;

	for (unsigned i = 0; i < WR_LEN(rates); i++)
		if (rates[i].modes & 1u << run->load->mode &&
		    metric_find(rates[i].name, &metric) && metric_value(&metric, run, &value))
			fprintf(out, "  %-22s %14s\n", rates[i].name,
			        wr_number(rates[i].unit, value).text);
}

/* The closing lines of iperf3. */
static void print_iperf(FILE *out, const struct run *run)
{
	double seconds = run_marked_seconds(run);

	for (unsigned d = WR_LOAD_UP; d <= WR_LOAD_DOWN; d++) {
		double bytes = (double)run_bytes(run, d);

		if (!(run->load->direction & d) || seconds <= 0)
			continue;
		fprintf(out, "[SUM] %6.2f-%-6.2f sec  %12s  %14s  %5" PRIu64 "  %s\n", 0.0,
		        seconds, wr_number_transfer(bytes).text,
		        wr_number_bitrate(8 * bytes / seconds).text,
		        d == WR_LOAD_UP ? run->last.rexmit - run->first.rexmit : 0,
		        d == WR_LOAD_UP ? "sender" : "receiver");
	}
}

/* Without a plan of arrivals, a slow server is asked less. */
static void print_caveat(FILE *out, const struct run *run)
{
	const struct wr_load_setpoints *set = &run->load->set;

	if (run_latency(run->load) == WR_LATENCY_response && !(set->rps > 0) && !(set->cps > 0))
		fputs("\n  No rate was set: each request waited for the answer before it, so "
		      "the "
		      "latencies are those\n  of a server that is never asked more than it can "
		      "do. Set --rps or --cps for others.\n",
		      out);
}

static void print_offers(FILE *out, const struct verdict *verdict)
{
	if (!verdict->offers)
		return;
	fprintf(out, "\n  %-22s %14s %14s\n", "", "offered", "achieved");
	for (unsigned i = 0; i < verdict->offers; i++) {
		const struct offer *offer = &verdict->offer[i];

		fprintf(out, "  %-22s %14s %14s %9.2f %%\n", offer->name,
		        wr_number(offer->unit, offer->offered).text,
		        wr_number(offer->unit, offer->achieved).text,
		        offer->offered > 0 ? 100 * offer->achieved / offer->offered : 100);
	}
}

static const char *const rows[] = {"min", "mean", "stdev", "p50",    "p75",     "p90",
                                   "p95", "p99",  "p99.9", "p99.99", "p99.999", "max"};

static void print_latency_row(FILE *out, const struct run *run, const char *row)
{
	fprintf(out, "  %-10s", row);
	for (unsigned i = 0; i < WR_LATENCY_COUNT; i++) {
		struct metric metric;
		char name[48];
		double value;

		if (!wr_histogram_count(&run->latency[i]))
			continue;
		snprintf(name, sizeof(name), "%s.%s", wr_latency_desc[i].name, row);
		if (metric_find(name, &metric) && metric_value(&metric, run, &value))
			fprintf(out, " %12s", wr_number(WR_UNIT_TIME, value).text);
		else
			fprintf(out, " %12s", "-");
	}
	fputc('\n', out);
}

static void print_latencies(FILE *out, const struct run *run)
{
	bool any = false;

	for (unsigned i = 0; i < WR_LATENCY_COUNT; i++) {
		if (!wr_histogram_count(&run->latency[i]))
			continue;
		fprintf(out, any ? " %12s" : "\n  Latency    %12s", wr_latency_desc[i].name);
		any = true;
	}
	if (!any)
		return;
	fprintf(out, "\n  %-10s", "count");
	for (unsigned i = 0; i < WR_LATENCY_COUNT; i++)
		if (wr_histogram_count(&run->latency[i]))
			fprintf(out, " %12" PRIu64, wr_histogram_count(&run->latency[i]));
	fputc('\n', out);
	for (unsigned i = 0; i < WR_LEN(rows); i++)
		print_latency_row(out, run, rows[i]);
	fprintf(out, "  (-: fewer than %d values beyond it)\n", PERCENTILE_BEYOND);
}

static void print_counters(FILE *out, const struct run *run)
{
	uint64_t rexmit = run->last.rexmit - run->first.rexmit;
	uint64_t drops = run->last.drops - run->first.drops;

	fputc('\n', out);
	for (unsigned i = 0; i < WR_LOAD_STAT_COUNT; i++)
		if (run_total(run, i))
			fprintf(out, "  %-22s %14" PRIu64 "  %s\n", wr_load_desc[i].name,
			        run_total(run, i), wr_load_desc[i].help);
	for (unsigned i = 0; i < WR_REASON_COUNT; i++)
		if (run_reason(run, i))
			fprintf(out, "  ended: %-15s %14" PRIu64 "  %s\n",
			        wr_reason_desc[i].name, run_reason(run, i),
			        wr_reason_desc[i].help);
	if (rexmit)
		fprintf(out, "  %-22s %14" PRIu64 "  TCP segments sent again\n", "retransmits",
		        rexmit);
	if (drops)
		fprintf(out, "  %-22s %14" PRIu64 "  Frames lost on this side\n", "drops",
		        drops);
}

static void print_server(FILE *out, const json_t *server)
{
	const json_t *row;
	size_t i;

	fprintf(out, "\n  %-26s %16s %16s %12s\n", "Counted by", "client", "server",
	        "difference");
	json_array_foreach(json_object_get(server, "compared"), i, row)
	{
		json_int_t client = json_integer_value(json_object_get(row, "client"));
		json_int_t theirs = json_integer_value(json_object_get(row, "server"));

		if (client || theirs)
			fprintf(out, "  %-26s %16lld %16lld %+12lld\n",
			        json_string_value(json_object_get(row, "name")), client, theirs,
			        theirs - client);
	}
}

/* Exactly once, if it was verified and nothing else came out. */
static void print_proof(FILE *out, const struct run *run)
{
	uint64_t good = run_total(run, WR_LOAD_STAT_verified);

	if (run->load->verify && good && !metric_errors(run) &&
	    good == run_total(run, WR_LOAD_STAT_requests_sent))
		fprintf(out,
		        "\nVerified: each of %" PRIu64 " messages came back once, unharmed.\n",
		        good);
}

static void print_requirement(FILE *out, const struct wr_require *require,
                              const struct wr_require_verdict *judged)
{
	struct metric metric;

	fprintf(out, "  %-6s %s: ", judged->met ? "met" : "MISSED", require->text);
	if (judged->has_value && metric_find(require->metric, &metric))
		fprintf(out, "%s is %s\n", require->metric,
		        wr_number(metric.unit, judged->value).text);
	else
		fprintf(out, "the run has no such number, or too few samples for it\n");
}

static void print_verdict(FILE *out, const struct wr_result_conf *conf, const struct verdict *v)
{
	if (conf->requires)
		fputc('\n', out);
	for (unsigned i = 0; i < conf->requires; i++)
		print_requirement(out, &conf->require[i], &v->require[i]);
	fputc('\n', out);
	if (v->interrupted)
		fputs("Interrupted before its time.\n", out);
	for (unsigned i = 0; i < v->failures; i++)
		fprintf(out, "FAILED: %s\n", v->failure[i]);
	for (unsigned i = 0; i < v->invalids; i++)
		fprintf(out, "INVALID: %s\n", v->invalid[i]);
	if (v->exit == WR_EXIT_OK)
		fputs(v->offers ? "Valid: what was offered was achieved.\n" : "Done.\n", out);
}

void text_summary(FILE *out, const struct run *run, const struct wr_result_conf *conf,
                  const struct verdict *verdict, const json_t *server)
{
	fputs(rule, out);
	if (run->load->mode == WR_LOAD_STREAM)
		print_iperf(out, run);
	fprintf(out, "%s%s%s, measured for %.2f s\n", wr_load_mode_name[run->load->mode],
	        conf->target ? " to " : "", conf->target ? conf->target : "", run_seconds(run));
	print_rates(out, run);
	if (run_seconds(run) > 0) {
		print_offers(out, verdict);
		print_caveat(out, run);
	}
	print_latencies(out, run);
	print_counters(out, run);
	if (server)
		print_server(out, server);
	print_proof(out, run);
	print_verdict(out, conf, verdict);
	fflush(out);
}
