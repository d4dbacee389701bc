/* SPDX-License-Identifier: BSD-3-Clause */
/* iperf3's JSON document, whole at the end or an event a line; ours stands under "wringer". */
#include <arpa/inet.h>
#include <time.h>

#include "i3_test.h"
#include "wr_base.h"

#define JSON(n) ((json_int_t)(n))

static json_t *part(struct i3_test *t, const char *name)
{
	struct i3_report *r = &t->report;
	json_t *object;

	if (!r->document)
		r->document = json_pack("{s:{s:[]}, s:[], s:{}}", "start", "connected",
		                        "intervals", "end");
	object = json_object_get(r->document, name);
	return object;
}

static void put(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

static json_t *address(uint32_t addr)
{
	const struct in_addr in = {htonl(addr)};
	char buf[INET_ADDRSTRLEN];

	return json_string(inet_ntop(AF_INET, &in, buf, sizeof(buf)));
}

/* --json-stream: {"event": ..., "data": ...} on a line. */
static void stream_out(struct i3_test *t, const char *event, json_t *data)
{
	const struct i3_report_conf *conf = t->report.conf;
	json_t *line;

	if (!conf->json_stream)
		return;
	line = json_pack("{s:s, s:O}", "event", event, "data", data);
	json_dumpf(line, conf->out, JSON_COMPACT | JSON_PRESERVE_ORDER);
	fputc('\n', conf->out);
	fflush(conf->out);
	json_decref(line);
}

/* ---- start ---- */

static json_t *timestamp(const struct i3_test *t)
{
	uint64_t now_ms = (t->report.conf->epoch_ns + t->now_ns) / WR_MS(1);
	time_t now_s = (time_t)(now_ms / 1000);
	char text[64];
	struct tm tm;

	gmtime_r(&now_s, &tm);
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return json_pack("{s:s, s:I, s:I}", "time", text, "timesecs", JSON(now_s),
	                 "timemillisecs", JSON(now_ms));
}

static void on_connect(struct i3_test *t)
{
	const struct i3_report_conf *conf = t->report.conf;
	json_t *start = part(t, "start");
	uint32_t window = t->params.window;

	put(start, "version", json_string(conf->version));
	put(start, "system_info", json_string(conf->system));
	put(start, "timestamp", timestamp(t));
	if (t->server)
		put(start, "accepted_connection",
		    json_pack("{s:o, s:i}", "host", address(t->control.raddr), "port",
		              t->control.rport));
	else
		put(start, "connecting_to",
		    json_pack("{s:s, s:i}", "host", conf->host, "port", t->control.rport));
	put(start, "cookie", json_string(t->cookie));
	if (!t->params.udp && t->params.mss)
		put(start, "tcp_mss", json_integer(t->params.mss));
	else if (!t->params.udp)
		put(start, "tcp_mss_default", json_integer(t->control_mss));
	put(start, "target_bitrate", json_integer(JSON(t->params.rate)));
	put(start, "sock_bufsize", json_integer(window));
	put(start, "sndbuf_actual", json_integer(conf->snd_buf));
	put(start, "rcvbuf_actual", json_integer(conf->rcv_buf));
	if (t->params.extra_data[0])
		put(t->report.document, "extra_data", json_string(t->params.extra_data));
	if (t->params.title[0])
		put(t->report.document, "title", json_string(t->params.title));
}

static void on_stream(struct i3_test *t, unsigned stream)
{
	const struct i3_stream *s = &t->stream[stream];

	json_array_append_new(json_object_get(part(t, "start"), "connected"),
	                      json_pack("{s:i, s:o, s:i, s:o, s:i}", "socket", s->socket,
	                                "local_host", address(s->tuple.laddr), "local_port",
	                                s->tuple.lport, "remote_host", address(s->tuple.raddr),
	                                "remote_port", s->tuple.rport));
}

static void on_start(struct i3_test *t)
{
	const struct i3_params *p = &t->params;
	json_t *start = part(t, "start");

	put(start, "test_start",
	    json_pack("{s:s, s:i, s:I, s:i, s:i, s:I, s:I, s:i, s:i, s:I, s:i, s:f}",
	              "protocol", p->udp ? "UDP" : "TCP", "num_streams", (int)p->parallel,
	              "blksize", JSON(p->len), "omit", (int)p->omit_s, "duration",
	              (int)p->time_s, "bytes", JSON(p->bytes), "blocks", JSON(p->blocks),
	              "reverse", p->reverse, "tos", p->tos, "target_bitrate", JSON(p->rate),
	              "bidir", p->bidir, "interval", t->report.conf->interval_s));
	stream_out(t, "start", start);
}

/* ---- intervals ---- */

static json_t *span(double start_s, double end_s, uint64_t bytes)
{
	double seconds = end_s - start_s;

	return json_pack("{s:f, s:f, s:f, s:I, s:f}", "start", start_s, "end", end_s, "seconds",
	                 seconds, "bytes", JSON(bytes), "bits_per_second",
	                 8 * i3_rate(bytes, seconds));
}

static void put_datagrams(json_t *object, double jitter_s, int64_t lost, int64_t packets)
{
	put(object, "jitter_ms", json_real(jitter_s * 1e3));
	put(object, "lost_packets", json_integer(lost));
	put(object, "packets", json_integer(packets));
	put(object, "lost_percent", json_real(i3_percent(lost, packets)));
}

static json_t *row_object(const struct i3_test *t, bool sender, int socket,
                          const struct i3_row *row)
{
	const struct i3_sample *level = &row->level;
	json_t *object = json_object();

	if (socket >= 0)
		put(object, "socket", json_integer(socket));
	json_object_update_new(object, span(row->start_s, row->end_s, row->bytes));
	if (t->params.udp && sender)
		put(object, "packets", json_integer(row->packets));
	else if (t->params.udp)
		put_datagrams(object, level->jitter_s, row->lost, row->packets);
	else if (sender)
		put(object, "retransmits", json_integer(row->rexmits));
	if (!t->params.udp && sender && socket >= 0) {
		put(object, "snd_cwnd", json_integer(JSON(level->cwnd)));
		put(object, "snd_wnd", json_integer(JSON(level->snd_wnd)));
		put(object, "rtt", json_integer(JSON(level->rtt_us)));
		put(object, "rttvar", json_integer(JSON(level->rttvar_us)));
		put(object, "pmtu", json_integer(t->report.conf->mtu));
	}
	put(object, "omitted", json_boolean(row->omitted));
	put(object, "sender", json_boolean(sender));
	return object;
}

static void on_interval(struct i3_test *t)
{
	struct i3_side side[2];
	unsigned sides = i3_report_sides(t, side);
	json_t *interval = json_object(), *streams = json_array();

	put(interval, "streams", streams);
	for (unsigned n = 0; n < sides; n++) {
		struct i3_row sum;

		for (unsigned i = 0; i < t->streams; i++)
			if (t->stream[i].sender == side[n].sender)
				json_array_append_new(streams, row_object(t, side[n].sender,
				                                          t->stream[i].socket,
				                                          &t->stream[i].row));
		i3_report_side_row(t, &side[n], &sum);
		put(interval, side[n].reverse_name ? "sum_bidir_reverse" : "sum",
		    row_object(t, side[n].sender, -1, &sum));
	}
	stream_out(t, "interval", interval);
	if (!t->report.conf->json_stream)
		json_array_append(part(t, "intervals"), interval);
	json_decref(interval);
}

static void on_omitted(struct i3_test *t)
{
}

/* ---- end ---- */

static json_t *udp_summary(const struct i3_stream *from, const struct i3_summary *s)
{
	int64_t packets = s->packets_sent ? s->packets_sent : s->packets_received;
	json_t *object = json_pack("{s:i}", "socket", from->socket);

	json_object_update_new(object, span(0, s->sender_s, s->sent));
	put_datagrams(object, s->jitter_s, s->lost, packets);
	put(object, "out_of_order", json_integer(s->out_of_order));
	put(object, "sender", json_boolean(from->sender));
	return object;
}

static json_t *sender_summary(const struct i3_stream *from, const struct i3_summary *s)
{
	json_t *object = json_pack("{s:i}", "socket", from->socket);
	uint64_t mean_us = from->rtts ? from->sum_rtt_us / from->rtts : 0;

	json_object_update_new(object, span(0, s->sender_s, s->sent));
	if (s->has_rexmits) {
		put(object, "retransmits", json_integer(s->rexmits));
		put(object, "max_snd_cwnd", json_integer(JSON(from->max_cwnd)));
		put(object, "max_snd_wnd", json_integer(JSON(from->max_snd_wnd)));
		put(object, "max_rtt", json_integer(JSON(from->max_rtt_us)));
		put(object, "min_rtt", json_integer(JSON(from->min_rtt_us)));
		put(object, "mean_rtt", json_integer(JSON(mean_us)));
	}
	put(object, "sender", json_boolean(from->sender));
	return object;
}

static json_t *stream_object(const struct i3_test *t, unsigned i)
{
	const struct i3_stream *from = &t->stream[i];
	struct i3_summary s;
	json_t *receiver;

	i3_report_stream_summary(t, i, &s);
	if (t->params.udp)
		return json_pack("{s:o}", "udp", udp_summary(from, &s));
	receiver = json_pack("{s:i}", "socket", from->socket);
	json_object_update_new(receiver, span(0, s.receiver_s, s.received));
	put(receiver, "sender", json_boolean(from->sender));
	return json_pack("{s:o, s:o}", "sender", sender_summary(from, &s), "receiver",
	                 receiver);
}

static const char *sum_name(const struct i3_side *side, const char *plain, const char *reverse)
{
	return side->reverse_name ? reverse : plain;
}

static void put_sums(const struct i3_test *t, json_t *end, const struct i3_side *side)
{
	json_t *sent, *received, *both;
	struct i3_summary s;

	i3_report_side_summary(t, side, &s);
	sent = span(0, s.sender_s, s.sent);
	received = span(0, s.receiver_s, s.received);
	if (t->params.udp) {
		int64_t packets = s.packets_sent ? s.packets_sent : s.packets_received;

		both = span(0, s.receiver_s, s.sent);
		put_datagrams(both, s.jitter_s, s.lost, packets);
		put(both, "sender", json_boolean(side->sender));
		put(end, sum_name(side, "sum", "sum_bidir_reverse"), both);
		put_datagrams(sent, 0, 0, s.packets_sent);
		put_datagrams(received, s.jitter_s, s.lost, s.packets_received);
		put(sent, "sender", json_true());
		put(received, "sender", json_false());
	} else {
		if (s.has_rexmits)
			put(sent, "retransmits", json_integer(s.rexmits));
		put(sent, "sender", json_boolean(side->sender));
		put(received, "sender", json_boolean(side->sender));
	}
	put(end, sum_name(side, "sum_sent", "sum_sent_bidir_reverse"), sent);
	put(end, sum_name(side, "sum_received", "sum_received_bidir_reverse"), received);
}

static void put_congestion(const struct i3_test *t, json_t *end, const struct i3_side *last)
{
	if (t->params.udp)
		return;
	put(end, last->sender ? "sender_tcp_congestion" : "receiver_tcp_congestion",
	    json_string(t->cc));
	if (t->results.congestion[0])
		put(end, last->sender ? "receiver_tcp_congestion" : "sender_tcp_congestion",
		    json_string(t->results.congestion));
}

static void on_results(struct i3_test *t)
{
	struct i3_side side[2];
	unsigned sides = i3_report_sides(t, side);
	json_t *end = part(t, "end"), *streams = json_array();

	put(end, "streams", streams);
	for (unsigned n = 0; n < sides; n++) {
		for (unsigned i = 0; i < t->streams; i++)
			if (t->stream[i].sender == side[n].sender)
				json_array_append_new(streams, stream_object(t, i));
		put_sums(t, end, &side[n]);
	}
	put(end, "cpu_utilization_percent",
	    json_pack("{s:f, s:f, s:f, s:f, s:f, s:f}", "host_total", t->cpu[0], "host_user",
	              t->cpu[1], "host_system", t->cpu[2], "remote_total", t->results.cpu[0],
	              "remote_user", t->results.cpu[1], "remote_system", t->results.cpu[2]));
	put_congestion(t, end, &side[sides - 1]);
}

static void on_server(struct i3_test *t)
{
	json_t *document = t->report.document;

	if (t->server || !document || !t->params.get_server_output)
		return;
	if (t->results.server_json) {
		json_object_set(document, "server_output_json", t->results.server_json);
		stream_out(t, "server_output_json", t->results.server_json);
	}
	if (t->results.server_text) {
		put(document, "server_output_text", json_string(t->results.server_text));
		stream_out(t, "server_output_text",
		           json_object_get(document, "server_output_text"));
	}
}

static void on_finish(struct i3_test *t)
{
	const struct i3_report_conf *conf = t->report.conf;
	json_t *end = part(t, "end"), *document = t->report.document;

	put(end, "wringer",
	    json_pack("{s:s, s:b}", "cpu_utilization", "share of busy polls of the workers",
	              "interrupted", t->interrupted));
	if (t->interrupted)
		put(document, "interrupted", json_true());
	if (t->failed)
		put(document, "error", json_string(t->why));
	stream_out(t, "end", end);
	if (t->failed)
		stream_out(t, "error", json_object_get(document, "error"));
	if (conf->json_stream)
		return;
	json_dumpf(document, conf->out, JSON_INDENT(4) | JSON_PRESERVE_ORDER);
	fputc('\n', conf->out);
	fflush(conf->out);
}

const struct i3_report_ops i3_doc_ops = {
	.connect = on_connect,
	.stream = on_stream,
	.start = on_start,
	.interval = on_interval,
	.omitted = on_omitted,
	.results = on_results,
	.server = on_server,
	.finish = on_finish,
};
