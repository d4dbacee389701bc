/* SPDX-License-Identifier: BSD-3-Clause */
/* Intervals, the omitted time, and results as they cross the wire. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "i3_test.h"
#include "wr_base.h"

static void note_rtt(struct i3_stream *s, const struct i3_sample *now)
{
	s->max_cwnd = now->cwnd > s->max_cwnd ? now->cwnd : s->max_cwnd;
	s->max_snd_wnd = now->snd_wnd > s->max_snd_wnd ? now->snd_wnd : s->max_snd_wnd;
	if (now->rtt_us == 0)
		return;
	s->max_rtt_us = now->rtt_us > s->max_rtt_us ? now->rtt_us : s->max_rtt_us;
	if (s->min_rtt_us == 0 || now->rtt_us < s->min_rtt_us)
		s->min_rtt_us = now->rtt_us;
	s->sum_rtt_us += now->rtt_us;
	s->rtts++;
}

static void close_row(struct i3_test *t, unsigned i)
{
	struct i3_stream *s = &t->stream[i];
	struct i3_sample now;

	t->ops->sample(t, i, &now);
	s->row = (struct i3_row) {
		.start_s = i3_test_seconds(t, t->last_ns),
		.end_s = i3_test_seconds(t, t->now_ns),
		.bytes = now.bytes - s->last.bytes,
		.packets = (int64_t)(now.packets - s->last.packets),
		.lost = (int64_t)(now.lost - s->last.lost),
		.rexmits = (int64_t)(now.rexmits - s->last.rexmits),
		.level = now,
		.omitted = t->omitting,
	};
	s->last = now;
	if (s->sender && !t->params.udp)
		note_rtt(s, &now);
}

/* A very short interval at the end in which nothing moved is not worth a line. */
static bool is_worth_a_line(const struct i3_test *t)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < t->streams; i++)
		bytes += t->stream[i].row.bytes;
	return t->interval_ns && (bytes > 0 || t->now_ns - t->last_ns >= t->interval_ns / 10);
}

void i3_measure_interval(struct i3_test *t)
{
	for (unsigned i = 0; i < t->streams; i++)
		close_row(t, i);
	if (is_worth_a_line(t)) {
		t->report.ops->interval(t);
		t->report.had_interval = true;
	}
	t->last_ns = t->now_ns;
}

void i3_measure_restart(struct i3_test *t)
{
	if (t->now_ns - t->last_ns >= t->interval_ns / 10)
		i3_measure_interval(t);
	t->omitting = false;
	t->start_ns = t->last_ns = t->now_ns;
	for (unsigned i = 0; i < t->streams; i++) {
		struct i3_stream *s = &t->stream[i];

		t->ops->sample(t, i, &s->base);
		s->last = s->base;
		s->max_cwnd = s->max_snd_wnd = s->max_rtt_us = s->min_rtt_us = 0;
		s->sum_rtt_us = s->rtts = 0;
	}
	t->report.ops->omitted(t);
}

uint64_t i3_measure_bytes(struct i3_test *t, bool sent)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < t->streams; i++) {
		struct i3_sample now;

		if (t->stream[i].sender != sent)
			continue;
		t->ops->sample(t, i, &now);
		bytes += now.bytes - t->stream[i].base.bytes;
	}
	return bytes;
}

bool i3_measure_all(struct i3_test *t, bool (*is)(const struct i3_sample *))
{
	for (unsigned i = 0; i < t->streams; i++) {
		struct i3_sample now;

		t->ops->sample(t, i, &now);
		if (!is(&now))
			return false;
	}
	return true;
}

/* ---- results ---- */

static void fill_result(const struct i3_test *t, const struct i3_stream *s,
                        struct i3_stream_result *r)
{
	bool counts = s->sender && !t->params.udp;

	*r = (struct i3_stream_result) {
		.id = s->id,
		.bytes = s->last.bytes - s->base.bytes,
		.retransmits = counts ? (int64_t)(s->last.rexmits - s->base.rexmits) : -1,
		.jitter_s = s->last.jitter_s,
		.errors = (int64_t)s->last.lost,
		.packets = (int64_t)s->last.packets,
		.omitted_errors = (int64_t)s->base.lost,
		.omitted_packets = (int64_t)s->base.packets,
		.end_s = i3_test_seconds(t, t->end_ns),
	};
}

void i3_test_send_results(struct i3_test *t)
{
	struct i3_results *r = calloc(1, sizeof(*r));
	bool sends = false;

	if (!r) {
		i3_test_fail(t, I3_ERR_RECV_RESULTS, ENOMEM, "there is no memory for results");
		return;
	}
	memcpy(r->cpu, t->cpu, sizeof(r->cpu));
	for (unsigned i = 0; i < t->streams; i++) {
		fill_result(t, &t->stream[i], &r->stream[i]);
		sends |= t->stream[i].sender;
	}
	r->streams = t->streams;
	r->sender_has_retransmits = sends ? !t->params.udp : -1;
	if (!t->params.udp)
		snprintf(r->congestion, sizeof(r->congestion), "%s", t->cc);
	if (t->server && t->params.get_server_output) {
		t->report.ops->server(t);
		r->server_text = t->report.kept;
		r->server_json = t->report.document;
	}
	i3_test_write_document(t, i3_results_print(r));
	free(r);
}

static struct i3_stream *find(struct i3_test *t, int id)
{
	for (unsigned i = 0; i < t->streams; i++)
		if (t->stream[i].id == id)
			return &t->stream[i];
	return NULL;
}

bool i3_test_read_results(struct i3_test *t, const char *text, size_t n)
{
	struct wr_err err;

	if (t->has_results)
		i3_results_fini(&t->results);
	t->has_results = true;
	if (i3_results_parse(&t->results, text, n, &err)) {
		i3_test_fail(t, I3_ERR_RECV_RESULTS, EINVAL, "%.250s", err.text);
		return false;
	}
	for (unsigned i = 0; i < t->results.streams; i++) {
		struct i3_stream *s = find(t, t->results.stream[i].id);

		if (!s) {
			i3_test_fail(t, I3_ERR_RECV_RESULTS, EINVAL,
			             "the peer's results: there is no stream %d",
			             t->results.stream[i].id);
			return false;
		}
		s->peer = t->results.stream[i];
		s->has_peer = true;
	}
	return true;
}
