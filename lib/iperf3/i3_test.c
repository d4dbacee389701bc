/* SPDX-License-Identifier: BSD-3-Clause */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "i3_test.h"
#include "wr_base.h"

#define PHASE_NS WR_S(30)   /* a phase in which the peer is awaited lasts no longer */
#define STOP_NS  WR_MS(500) /* workers that do not stop are not waited for longer */
#define GRACE_NS WR_S(40)   /* a client may be so late with the end of a test */

static const struct i3_role_ops *role(const struct i3_test *t)
{
	return t->server ? &i3_server_role : &i3_client_role;
}

/* ---- life ---- */

int i3_test_begin(struct i3_test *t, const struct i3_report_conf *report, uint64_t now_ns)
{
	i3_report_init(&t->report, report);
	t->now_ns = t->phase_ns = now_ns;
	t->interval_ns = (uint64_t)(report->interval_s * 1e9);
	if (!t->server) {
		t->phase = I3_PHASE_CONNECT;
		return 0;
	}
	t->phase = I3_PHASE_PARAMS;
	i3_test_state(t, I3_PARAM_EXCHANGE);
	i3_test_expect_document(t);
	return 0;
}

void i3_test_end(struct i3_test *t)
{
	i3_report_fini(&t->report);
	if (t->has_results)
		i3_results_fini(&t->results);
	free(t->document);
	free(t->stream);
	t->document = NULL;
	t->stream = NULL;
}

void i3_test_phase(struct i3_test *t, enum i3_phase phase)
{
	t->phase = phase;
	t->phase_ns = t->now_ns;
}

int i3_test_make_streams(struct i3_test *t)
{
	t->streams = i3_params_streams(&t->params);
	t->stream = calloc(t->streams, sizeof(*t->stream));
	if (!t->stream)
		return -ENOMEM;
	for (unsigned i = 0; i < t->streams; i++) {
		t->stream[i].id = i3_stream_id(i);
		t->stream[i].sender = i3_params_client_sends(&t->params, i) != t->server;
	}
	return 0;
}

/* ---- output ---- */

void i3_test_state(struct i3_test *t, enum i3_state state)
{
	const int8_t byte = (int8_t)state;

	t->ops->write(t, &byte, 1);
}

static void put32(uint8_t *out, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		out[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t get32(const uint8_t *in)
{
	return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

void i3_test_write_document(struct i3_test *t, char *document)
{
	size_t n = document ? strlen(document) : 0;
	uint8_t length[4];

	put32(length, (uint32_t)n);
	t->ops->write(t, length, sizeof(length));
	t->ops->write(t, document, n);
	free(document);
}

/* ---- ends ---- */

static void finish(struct i3_test *t)
{
	i3_test_phase(t, I3_PHASE_OVER);
	t->report.ops->finish(t);
	t->ops->hang_up(t);
}

void i3_test_done(struct i3_test *t)
{
	finish(t);
}

void i3_test_fail(struct i3_test *t, enum i3_error number, int error, const char *fmt, ...)
{
	va_list args;

	if (t->phase == I3_PHASE_OVER)
		return;
	va_start(args, fmt);
	vsnprintf(t->why, sizeof(t->why), fmt, args);
	va_end(args);
	t->failed = true;
	if (t->server && number) {
		uint8_t numbers[8];

		i3_test_state(t, I3_SERVER_ERROR);
		put32(numbers, (uint32_t)number);
		put32(numbers + 4, (uint32_t)error);
		t->ops->write(t, numbers, sizeof(numbers));
	}
	finish(t);
}

/* Reports what there is, as at a regular end. */
static void report_now(struct i3_test *t)
{
	if (t->phase != I3_PHASE_RUNNING && t->phase != I3_PHASE_STOPPING)
		return;
	for (unsigned i = 0; i < t->streams; i++)
		t->ops->stop(t, i);
	i3_measure_interval(t);
	t->end_ns = t->now_ns;
	t->cpu[0] = t->cpu[1] = t->ops->busy(t, t->begin_ns);
	t->report.ops->results(t);
}

void i3_test_lost(struct i3_test *t, const char *why, uint64_t now_ns)
{
	t->now_ns = now_ns;
	if (t->phase == I3_PHASE_OVER)
		return;
	if (t->phase == I3_PHASE_DISPLAY) {
		i3_test_done(t); /* there was nothing left to say */
		return;
	}
	report_now(t);
	i3_test_fail(t, 0, 0, "%s", why);
}

/* The peer says that it goes. */
static void terminated(struct i3_test *t)
{
	t->terminated = true;
	report_now(t);
	i3_test_fail(t, 0, 0, "the %s has terminated", t->server ? "client" : "server");
}

void i3_test_interrupt(struct i3_test *t, uint64_t now_ns)
{
	t->now_ns = now_ns;
	if (t->phase == I3_PHASE_OVER)
		return;
	t->interrupted = true;
	report_now(t);
	if (t->phase != I3_PHASE_CONNECT)
		i3_test_state(t, t->server ? I3_SERVER_TERMINATE : I3_CLIENT_TERMINATE);
	i3_test_fail(t, 0, 0, "interrupt - the %s has terminated",
	             t->server ? "server" : "client");
}

/* ---- input ---- */

void i3_test_expect_document(struct i3_test *t)
{
	t->input = I3_IN_DOCUMENT;
	t->head_bytes = 0;
	free(t->document);
	t->document = NULL;
}

/* Takes what is missing of `want` bytes; true: they are complete. */
static bool gather_head(struct i3_test *t, const uint8_t **in, size_t *n, uint32_t want)
{
	while (t->head_bytes < want && *n) {
		t->head[t->head_bytes++] = *(*in)++;
		--*n;
	}
	return t->head_bytes == want;
}

static void begin_document(struct i3_test *t)
{
	uint32_t most = role(t)->document_most(t);

	t->document_length = get32(t->head);
	t->document_bytes = 0;
	if (t->document_length == 0 || t->document_length > most) {
		i3_test_fail(t,
		             t->phase == I3_PHASE_PARAMS ? I3_ERR_RECV_PARAMS
		                                         : I3_ERR_RECV_RESULTS,
		             0, "a document of %u bytes is announced, at most %u are taken",
		             t->document_length, most);
		return;
	}
	t->document = malloc(t->document_length);
	if (!t->document)
		i3_test_fail(t, I3_ERR_RECV_PARAMS, ENOMEM,
		             "there is no memory for a document");
}

static void take_document(struct i3_test *t, const uint8_t **in, size_t *n)
{
	size_t part = t->document_length - t->document_bytes;
	char *document;

	part = part < *n ? part : *n;
	memcpy(t->document + t->document_bytes, *in, part);
	t->document_bytes += (uint32_t)part;
	*in += part;
	*n -= part;
	if (t->document_bytes < t->document_length)
		return;
	document = t->document;
	t->document = NULL;
	t->input = I3_IN_STATE;
	role(t)->on_document(t, document, t->document_length);
	free(document);
}

static void take_state(struct i3_test *t, int state)
{
	if (state == (t->server ? I3_CLIENT_TERMINATE : I3_SERVER_TERMINATE))
		terminated(t);
	else
		role(t)->on_state(t, state);
}

static void take_error(struct i3_test *t)
{
	i3_test_fail(t, 0, 0, "the server reports error %d (%s)", (int)get32(t->head),
	             strerror((int)get32(t->head + 4)));
}

void i3_test_input(struct i3_test *t, const void *bytes, size_t n, uint64_t now_ns)
{
	const uint8_t *in = bytes;

	t->now_ns = now_ns;
	while (n && t->phase != I3_PHASE_OVER) {
		switch (t->input) {
		case I3_IN_STATE:
			n--;
			take_state(t, (int8_t)*in++);
			break;
		case I3_IN_DOCUMENT:
			if (t->document)
				take_document(t, &in, &n);
			else if (gather_head(t, &in, &n, 4))
				begin_document(t);
			break;
		case I3_IN_ERROR:
			if (gather_head(t, &in, &n, 8))
				take_error(t);
			break;
		}
	}
}

void i3_test_stream_up(struct i3_test *t, const struct wr_tuple *tuple, uint64_t now_ns)
{
	struct i3_stream *s = &t->stream[t->up];

	assert(t->up < t->streams);
	t->now_ns = now_ns;
	s->up = true;
	s->tuple = *tuple;
	t->report.ops->stream(t, t->up++);
	role(t)->on_stream(t);
}

/* ---- time ---- */

void i3_test_run(struct i3_test *t)
{
	i3_test_phase(t, I3_PHASE_RUNNING);
	t->begin_ns = t->start_ns = t->last_ns = t->heard_ns = t->now_ns;
	t->omitting = t->params.omit_s > 0;
	t->report.ops->start(t);
	for (unsigned i = 0; i < t->streams; i++)
		t->ops->start(t, i);
}

void i3_test_stop(struct i3_test *t)
{
	i3_test_phase(t, I3_PHASE_STOPPING);
	for (unsigned i = 0; i < t->streams; i++)
		t->ops->stop(t, i);
}

static bool is_stopped(const struct i3_sample *s)
{
	return s->stopped;
}

static void tick_stopping(struct i3_test *t)
{
	if (!i3_measure_all(t, is_stopped) && t->now_ns - t->phase_ns < STOP_NS)
		return;
	i3_measure_interval(t);
	t->end_ns = t->now_ns;
	t->cpu[0] = t->cpu[1] = t->ops->busy(t, t->begin_ns);
	role(t)->on_stopped(t);
}

/* Whether a receiver hears nothing for too long. */
static void watch_silence(struct i3_test *t)
{
	uint64_t bytes = i3_measure_bytes(t, false) + i3_measure_bytes(t, true);

	if (bytes != t->heard_bytes) {
		t->heard_bytes = bytes;
		t->heard_ns = t->now_ns;
	}
	if (t->now_ns - t->heard_ns >= t->rcv_timeout_ns)
		i3_test_fail(t, I3_ERR_NO_MESSAGE, 0, "no data moved for %u s",
		             (unsigned)(t->rcv_timeout_ns / WR_S(1)));
}

static void watch_end(struct i3_test *t)
{
	uint64_t most_ns = WR_S(t->params.time_s + t->params.omit_s) + GRACE_NS;

	if (t->params.time_s && t->now_ns - t->begin_ns >= most_ns)
		i3_test_fail(t, I3_ERR_NO_MESSAGE, 0, "the test did not end in time");
}

static void tick_running(struct i3_test *t)
{
	if (t->omitting && t->now_ns - t->start_ns >= WR_S(t->params.omit_s))
		i3_measure_restart(t);
	role(t)->on_tick(t);
	if (t->phase == I3_PHASE_RUNNING && t->interval_ns &&
	    t->now_ns - t->last_ns >= t->interval_ns)
		i3_measure_interval(t);
	if (t->phase == I3_PHASE_RUNNING)
		watch_silence(t);
	if (t->phase == I3_PHASE_RUNNING)
		watch_end(t);
}

void i3_test_tick(struct i3_test *t, uint64_t now_ns)
{
	t->now_ns = now_ns;
	switch (t->phase) {
	case I3_PHASE_OVER:
		return;
	case I3_PHASE_RUNNING:
		tick_running(t);
		return;
	case I3_PHASE_STOPPING:
		tick_stopping(t);
		return;
	case I3_PHASE_QUEUED:
		role(t)->on_tick(t);
		break;
	default:
		break;
	}
	if (t->phase != I3_PHASE_OVER && t->phase != I3_PHASE_CONNECT &&
	    now_ns - t->phase_ns >= PHASE_NS)
		i3_test_fail(t, I3_ERR_NO_MESSAGE, 0, "the %s was silent for %u s",
		             t->server ? "client" : "server", (unsigned)(PHASE_NS / WR_S(1)));
}
