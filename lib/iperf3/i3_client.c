/* SPDX-License-Identifier: BSD-3-Clause */
/* The client's part of the protocol: it decides when the test ends. */
#include <errno.h>

#include "i3_test.h"
#include "wr_base.h"

#define DRY_NS WR_S(2)

void i3_test_connected(struct i3_test *t, uint64_t now_ns)
{
	t->now_ns = now_ns;
	i3_test_phase(t, I3_PHASE_PARAMS);
}

/* UDP datagrams fill a segment of the control connection unless -l says otherwise. */
static void choose_len(struct i3_test *t)
{
	if (t->params.len)
		return;
	t->params.len = I3_TCP_LEN;
	if (t->params.udp)
		t->params.len = t->control_mss >= I3_UDP_LEN_LEAST ? t->control_mss : 1460;
}

static void send_params(struct i3_test *t)
{
	choose_len(t);
	if (i3_test_make_streams(t)) {
		i3_test_fail(t, 0, ENOMEM, "there is no memory for the streams");
		return;
	}
	i3_test_write_document(t, i3_params_print(&t->params));
	t->report.ops->connect(t);
	i3_test_phase(t, I3_PHASE_STREAMS);
}

/*
 * Data may flow when the server says so and the last stream is there: a stream may be heard
 * of later than the server's word, which comes another way.
 */
static void run_if_ready(struct i3_test *t)
{
	if (t->up == t->streams && t->told_running)
		i3_test_run(t);
}

/* Streams are opened one after another: their order is their name. */
static void on_stream(struct i3_test *t)
{
	if (t->up < t->streams)
		t->ops->open(t, t->up);
	else
		run_if_ready(t);
}

static void display(struct i3_test *t)
{
	t->report.ops->results(t);
	t->report.ops->server(t);
	i3_test_phase(t, I3_PHASE_DISPLAY);
	i3_test_state(t, I3_IPERF_DONE);
	i3_test_done(t);
}

static void on_error_state(struct i3_test *t, int state)
{
	switch (state) {
	case I3_ACCESS_DENIED:
		i3_test_fail(t, 0, 0, "the server is busy running a test. try again later");
		break;
	case I3_SERVER_ERROR:
		t->input = I3_IN_ERROR;
		t->head_bytes = 0;
		break;
	default:
		i3_test_fail(t, 0, 0, "received an unknown control message (%d)", state);
	}
}

static void on_state(struct i3_test *t, int state)
{
	if (state == I3_PARAM_EXCHANGE && t->phase == I3_PHASE_PARAMS) {
		send_params(t);
	} else if (state == I3_CREATE_STREAMS && t->phase == I3_PHASE_STREAMS && !t->up) {
		t->phase_ns = t->now_ns;
		t->ops->open(t, 0);
	} else if (state == I3_TEST_START && t->phase == I3_PHASE_STREAMS && t->stream) {
		t->phase_ns = t->now_ns;
	} else if (state == I3_TEST_RUNNING && t->phase == I3_PHASE_STREAMS && t->stream) {
		t->told_running = true;
		run_if_ready(t);
	} else if (state == I3_EXCHANGE_RESULTS && t->phase == I3_PHASE_RESULTS) {
		t->phase_ns = t->now_ns;
		i3_test_send_results(t);
		i3_test_expect_document(t);
	} else if (state == I3_DISPLAY_RESULTS && t->phase == I3_PHASE_RESULTS &&
	           t->has_results) {
		display(t);
	} else {
		on_error_state(t, state);
	}
}

static void on_document(struct i3_test *t, const char *text, size_t n)
{
	i3_test_read_results(t, text, n);
}

/* Whether the streams of one direction have moved what -n or -k ask for. */
static bool has_moved(struct i3_test *t, bool sent)
{
	uint64_t bytes = t->params.bytes;
	uint64_t moved = i3_measure_bytes(t, sent);

	if (t->params.blocks)
		bytes = t->params.blocks * t->params.len;
	return bytes && moved >= bytes;
}

/* A server that has sent all, of which not all came, says nothing. */
static bool is_dry(const struct i3_test *t)
{
	return (t->params.bytes || t->params.blocks) && t->params.udp && t->heard_bytes &&
	       t->now_ns - t->heard_ns >= DRY_NS;
}

static void on_tick(struct i3_test *t)
{
	bool timed = t->params.time_s && !t->params.bytes && !t->params.blocks;

	if (t->omitting)
		return;
	if ((timed && t->now_ns - t->start_ns >= WR_S(t->params.time_s)) ||
	    has_moved(t, true) || has_moved(t, false) || is_dry(t))
		i3_test_stop(t);
}

static void on_stopped(struct i3_test *t)
{
	i3_test_phase(t, I3_PHASE_RESULTS);
	i3_test_state(t, I3_TEST_END);
}

static uint32_t document_most(const struct i3_test *t)
{
	return I3_RESULTS_BYTES * wr_max(t->streams, 1);
}

const struct i3_role_ops i3_client_role = {
	.on_state = on_state,
	.on_document = on_document,
	.on_stream = on_stream,
	.on_stopped = on_stopped,
	.on_tick = on_tick,
	.document_most = document_most,
};
