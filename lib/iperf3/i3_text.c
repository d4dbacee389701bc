/* SPDX-License-Identifier: BSD-3-Clause */
/* The layout of iperf3's text, column by column: there are parsers for it. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <time.h>

#include "i3_test.h"
#include "i3_units.h"
#include "wr_base.h"

#define SEPARATOR "- - - - - - - - - - - - - - - - - - - - - - - - -\n"
#define INTERVAL  " Interval           Transfer     Bitrate"
#define DATAGRAMS "         Jitter    Lost/Total Datagrams"

struct words {
	char id[16];
	char transfer[I3_UNITS_BYTES], rate[I3_UNITS_BYTES];
};

/* "[  5]" or "[SUM]", and two numbers with units. */
static void spell(const struct i3_test *t, struct words *w, int socket, uint64_t bytes,
                  double seconds)
{
	if (socket < 0)
		snprintf(w->id, sizeof(w->id), "[SUM]");
	else
		snprintf(w->id, sizeof(w->id), "[%3d]", socket);
	i3_units(w->transfer, sizeof(w->transfer), (double)bytes, 'A');
	i3_units(w->rate, sizeof(w->rate), i3_rate(bytes, seconds), t->report.conf->format);
}

static const char *address(uint32_t addr, char *buf, size_t size)
{
	const struct in_addr in = {htonl(addr)};

	return inet_ntop(AF_INET, &in, buf, (socklen_t)size);
}

static void print_times(struct i3_test *t)
{
	time_t now_s = (time_t)((t->report.conf->epoch_ns + t->now_ns) / WR_S(1));
	char text[64];
	struct tm tm;

	gmtime_r(&now_s, &tm);
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	i3_report_print(&t->report, "Time: %s\n", text);
}

static void on_connect(struct i3_test *t)
{
	struct i3_report *r = &t->report;
	char addr[INET_ADDRSTRLEN];

	if (r->conf->verbose)
		print_times(t);
	if (t->server) {
		i3_report_print(r, "Accepted connection from %s, port %u\n",
		                address(t->control.raddr, addr, sizeof(addr)),
		                t->control.rport);
	} else {
		i3_report_print(r, "Connecting to host %s, port %u\n", r->conf->host,
		                t->control.rport);
		if (t->params.reverse)
			i3_report_print(r, "Reverse mode, remote host %s is sending\n",
			                r->conf->host);
	}
	if (!r->conf->verbose)
		return;
	i3_report_print(r, "      Cookie: %s\n", t->cookie);
	if (!t->params.udp)
		i3_report_print(r, "      TCP MSS: %u%s\n",
		                t->params.mss ? t->params.mss : t->control_mss,
		                t->params.mss ? "" : " (default)");
	if (t->params.rate)
		i3_report_print(r, "      Target Bitrate: %llu\n",
		                (unsigned long long)t->params.rate);
}

static void on_stream(struct i3_test *t, unsigned stream)
{
	const struct i3_stream *s = &t->stream[stream];
	char local[INET_ADDRSTRLEN], remote[INET_ADDRSTRLEN];

	i3_report_print(&t->report, "[%3d] local %s port %u connected to %s port %u\n",
	                s->socket, address(s->tuple.laddr, local, sizeof(local)),
	                s->tuple.lport, address(s->tuple.raddr, remote, sizeof(remote)),
	                s->tuple.rport);
}

static void on_start(struct i3_test *t)
{
	const struct i3_params *p = &t->params;
	char end[64];

	if (!t->report.conf->verbose)
		return;
	if (p->bytes)
		snprintf(end, sizeof(end), "%llu bytes to send", (unsigned long long)p->bytes);
	else if (p->blocks)
		snprintf(end, sizeof(end), "%llu blocks to send",
		         (unsigned long long)p->blocks);
	else
		snprintf(end, sizeof(end), "%u second test", p->time_s);
	i3_report_print(&t->report,
	                "Starting Test: protocol: %s, %u streams, %u byte blocks, omitting %u "
	                "seconds, %s, tos %u\n",
	                p->udp ? "UDP" : "TCP", p->parallel, p->len, p->omit_s, end, p->tos);
}

/* ---- intervals ---- */

static bool sends(const struct i3_test *t)
{
	return t->params.bidir || t->server == t->params.reverse;
}

static void interval_header(struct i3_test *t)
{
	const char *role = t->params.bidir ? "[Role]" : "";
	const char *more = "";

	if (!t->params.udp)
		more = sends(t) ? "         Retr  Cwnd" : "";
	else if (t->params.bidir || !sends(t))
		more = DATAGRAMS;
	else
		more = "         Total Datagrams";
	i3_report_print(&t->report, "[ ID]%s" INTERVAL "%s\n", role, more);
}

/* One line; socket < 0: of the sum. */
static void interval_line(struct i3_test *t, const struct i3_side *side, int socket,
                          const struct i3_row *row)
{
	struct i3_report *r = &t->report;
	const char *omitted = row->omitted ? "(omitted)" : "";
	struct words w;
	char cwnd[I3_UNITS_BYTES];

	spell(t, &w, socket, row->bytes, row->end_s - row->start_s);
	if (t->params.udp && side->sender)
		i3_report_print(r, "%s%s %6.2f-%-6.2f sec  %s  %s/sec %s %lld  %s\n", w.id,
		                side->tag, row->start_s, row->end_s, w.transfer, w.rate,
		                t->params.bidir ? "          " : "", (long long)row->packets,
		                omitted);
	else if (t->params.udp)
		i3_report_print(r,
		                "%s%s %6.2f-%-6.2f sec  %s  %s/sec  %5.3f ms  %lld/%lld "
		                "(%.2g%%)  %s\n",
		                w.id, side->tag, row->start_s, row->end_s, w.transfer, w.rate,
		                row->level.jitter_s * 1e3, (long long)row->lost,
		                (long long)row->packets, i3_percent(row->lost, row->packets),
		                omitted);
	else if (!side->sender)
		i3_report_print(r, "%s%s %6.2f-%-6.2f sec  %s  %s/sec                  %s\n",
		                w.id, side->tag, row->start_s, row->end_s, w.transfer, w.rate,
		                omitted);
	else if (socket < 0)
		i3_report_print(r, "%s%s %6.2f-%-6.2f sec  %s  %s/sec  %3lld             %s\n",
		                w.id, side->tag, row->start_s, row->end_s, w.transfer, w.rate,
		                (long long)row->rexmits, omitted);
	else
		i3_report_print(r, "%s%s %6.2f-%-6.2f sec  %s  %s/sec  %3lld   %s       %s\n",
		                w.id, side->tag, row->start_s, row->end_s, w.transfer, w.rate,
		                (long long)row->rexmits,
		                i3_units(cwnd, sizeof(cwnd), (double)row->level.cwnd, 'A'),
		                omitted);
}

static void on_interval(struct i3_test *t)
{
	struct i3_side side[2];
	unsigned sides = i3_report_sides(t, side);
	struct i3_row sum;

	if (!t->report.had_interval)
		interval_header(t);
	else if (t->params.parallel > 1)
		i3_report_print(&t->report, SEPARATOR);
	for (unsigned n = 0; n < sides; n++) {
		for (unsigned i = 0; i < t->streams; i++)
			if (t->stream[i].sender == side[n].sender)
				interval_line(t, &side[n], t->stream[i].socket,
				              &t->stream[i].row);
		if (t->params.parallel < 2)
			continue;
		i3_report_side_row(t, &side[n], &sum);
		interval_line(t, &side[n], -1, &sum);
	}
}

static void on_omitted(struct i3_test *t)
{
	if (t->report.conf->verbose)
		i3_report_print(&t->report, "Finished omit period, starting real test\n");
}

/* ---- the end ---- */

static void results_header(struct i3_test *t)
{
	const char *role = t->params.bidir ? "[Role]" : "";
	const char *more = DATAGRAMS;

	i3_report_print(&t->report, SEPARATOR);
	if (t->report.conf->verbose)
		i3_report_print(&t->report, "Test Complete. Summary Results:\n");
	if (!t->params.udp) {
		bool told = t->has_results && t->results.sender_has_retransmits == 1;

		more = sends(t) || told ? "         Retr" : "";
	}
	i3_report_print(&t->report, "[ ID]%s" INTERVAL "%s\n", role, more);
}

static void sender_line(struct i3_test *t, const struct i3_side *side, int socket,
                        const struct i3_summary *s)
{
	struct i3_report *r = &t->report;
	struct words w;

	spell(t, &w, socket, s->sent, s->sender_s);
	if (t->params.udp)
		i3_report_print(r,
		                "%s%s %6.2f-%-6.2f sec  %s  %s/sec  %5.3f ms  %d/%lld "
		                "(%.2g%%)  sender\n",
		                w.id, side->tag, 0.0, s->sender_s, w.transfer, w.rate, 0.0, 0,
		                (long long)s->packets_sent, 0.0);
	else if (s->has_rexmits)
		i3_report_print(r,
		                "%s%s %6.2f-%-6.2f sec  %s  %s/sec  %3lld             sender\n",
		                w.id, side->tag, 0.0, s->sender_s, w.transfer, w.rate,
		                (long long)s->rexmits);
	else
		i3_report_print(r,
		                "%s%s %6.2f-%-6.2f sec  %s  %s/sec                  sender\n",
		                w.id, side->tag, 0.0, s->sender_s, w.transfer, w.rate);
}

static void receiver_line(struct i3_test *t, const struct i3_side *side, int socket,
                          const struct i3_summary *s)
{
	struct words w;

	spell(t, &w, socket, s->received, s->receiver_s);
	if (t->params.udp)
		i3_report_print(&t->report,
		                "%s%s %6.2f-%-6.2f sec  %s  %s/sec  %5.3f ms  %lld/%lld "
		                "(%.2g%%)  receiver\n",
		                w.id, side->tag, 0.0, s->receiver_s, w.transfer, w.rate,
		                s->jitter_s * 1e3, (long long)s->lost,
		                (long long)s->packets_received,
		                i3_percent(s->lost, s->packets_received));
	else
		i3_report_print(&t->report,
		                "%s%s %6.2f-%-6.2f sec  %s  %s/sec                  receiver\n",
		                w.id, side->tag, 0.0, s->receiver_s, w.transfer, w.rate);
}

/* A server does not tell what only the client knows. */
static void result_lines(struct i3_test *t, const struct i3_side *side, int socket,
                         const struct i3_summary *s)
{
	if (!t->server || side->sender)
		sender_line(t, side, socket, s);
	if (t->params.udp && s->out_of_order > 0 && socket >= 0)
		i3_report_print(&t->report,
		                "[SUM]%s %4.1f-%4.1f sec  %lld datagrams received "
		                "out-of-order\n",
		                side->tag, 0.0, s->receiver_s, (long long)s->out_of_order);
	if (!t->server || !side->sender)
		receiver_line(t, side, socket, s);
}

static void print_cpu(struct i3_test *t)
{
	bool first = sends(t);

	i3_report_print(&t->report,
	                "CPU Utilization: local/%s %.1f%% (%.1f%%u/%.1f%%s), remote/%s %.1f%% "
	                "(%.1f%%u/%.1f%%s)\n",
	                first ? "sender" : "receiver", t->cpu[0], t->cpu[1], t->cpu[2],
	                first ? "receiver" : "sender", t->results.cpu[0], t->results.cpu[1],
	                t->results.cpu[2]);
	if (t->params.udp)
		return;
	i3_report_print(&t->report, "%s_tcp_congestion %s\n", first ? "snd" : "rcv", t->cc);
	if (t->results.congestion[0])
		i3_report_print(&t->report, "%s_tcp_congestion %s\n", first ? "rcv" : "snd",
		                t->results.congestion);
}

static void on_results(struct i3_test *t)
{
	struct i3_side side[2];
	unsigned sides = i3_report_sides(t, side);
	struct i3_summary s;

	results_header(t);
	for (unsigned n = 0; n < sides; n++) {
		for (unsigned i = 0; i < t->streams; i++) {
			if (t->stream[i].sender != side[n].sender)
				continue;
			i3_report_stream_summary(t, i, &s);
			result_lines(t, &side[n], t->stream[i].socket, &s);
		}
		if (t->params.parallel < 2)
			continue;
		i3_report_side_summary(t, &side[n], &s);
		result_lines(t, &side[n], -1, &s);
	}
	if (t->report.conf->verbose)
		print_cpu(t);
}

static void on_server(struct i3_test *t)
{
	struct i3_report *r = &t->report;
	char *json;

	if (t->server) {
		i3_report_print(r, "CPU utilization above is the share of busy polls of the "
		                   "workers.\n");
		return;
	}
	if (!t->params.get_server_output)
		return; /* old servers remember another client's wish */
	if (t->results.server_text)
		fprintf(r->conf->out, "\nServer output:\n%s\n", t->results.server_text);
	if (!t->results.server_json)
		return;
	json = json_dumps(t->results.server_json, JSON_INDENT(4) | JSON_PRESERVE_ORDER);
	fprintf(r->conf->out, "\nServer JSON output:\n%s\n", json ? json : "");
	free(json);
}

static void on_finish(struct i3_test *t)
{
	if (t->server && t->failed)
		i3_report_print(&t->report, "iperf3: error - %s\n", t->why);
	if (!t->server && !t->failed) {
		i3_report_print(&t->report, "\n");
		i3_report_print(&t->report, "iperf Done.\n");
	}
	fflush(t->report.conf->out);
}

const struct i3_report_ops i3_text_ops = {
	.connect = on_connect,
	.stream = on_stream,
	.start = on_start,
	.interval = on_interval,
	.omitted = on_omitted,
	.results = on_results,
	.server = on_server,
	.finish = on_finish,
};
