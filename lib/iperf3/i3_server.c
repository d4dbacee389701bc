/* SPDX-License-Identifier: BSD-3-Clause */
/* The server's part of the protocol. */
#include <errno.h>

#include "i3_test.h"
#include "wr_base.h"

/* Parameters are good: the client may open its streams, unless it is another test's turn. */
static void create_streams(struct i3_test *t)
{
	if (!t->ops->may_create(t)) {
		if (t->phase != I3_PHASE_QUEUED)
			i3_test_phase(t, I3_PHASE_QUEUED);
		return;
	}
	i3_test_phase(t, I3_PHASE_STREAMS);
	i3_test_state(t, I3_CREATE_STREAMS);
}

static void on_document(struct i3_test *t, const char *text, size_t n)
{
	struct wr_err err;
	int rc;

	if (t->phase == I3_PHASE_RESULTS) {
		if (!i3_test_read_results(t, text, n))
			return;
		t->report.ops->results(t);
		i3_test_send_results(t);
		i3_test_phase(t, I3_PHASE_DISPLAY);
		i3_test_state(t, I3_DISPLAY_RESULTS);
		return;
	}
	rc = i3_params_parse(&t->params, text, n, &err);
	if (rc) {
		i3_test_fail(t, I3_ERR_RECV_PARAMS, -rc, "%.250s", err.text);
		return;
	}
	rc = i3_test_make_streams(t);
	if (rc) {
		i3_test_fail(t, I3_ERR_RECV_PARAMS, -rc, "there is no memory for the streams");
		return;
	}
	t->report.keep = t->params.get_server_output;
	t->report.ops->connect(t);
	create_streams(t);
}

/* The last stream arrived: clocks start, data may flow. */
static void on_stream(struct i3_test *t)
{
	if (t->up < t->streams)
		return;
	i3_test_state(t, I3_TEST_START);
	i3_test_run(t);
	i3_test_state(t, I3_TEST_RUNNING);
}

/*
 * The streams end before the client is asked for its results: iperf3 may wait for a whole
 * block, or the end, of each before it reads the question.
 */
static void on_stopped(struct i3_test *t)
{
	t->ops->drop_streams(t);
	i3_test_phase(t, I3_PHASE_RESULTS);
	i3_test_state(t, I3_EXCHANGE_RESULTS);
	i3_test_expect_document(t);
}

static void on_state(struct i3_test *t, int state)
{
	if (state == I3_TEST_END && t->phase == I3_PHASE_RUNNING)
		i3_test_stop(t);
	else if (state == I3_IPERF_DONE && t->phase == I3_PHASE_DISPLAY)
		i3_test_done(t);
	else
		i3_test_fail(t, I3_ERR_MESSAGE, 0, "received an unknown control message (%d)",
		             state);
}

static void on_tick(struct i3_test *t)
{
	if (t->phase == I3_PHASE_QUEUED)
		create_streams(t);
}

static uint32_t document_most(const struct i3_test *t)
{
	return t->phase == I3_PHASE_RESULTS ? I3_RESULTS_BYTES * wr_max(t->streams, 1)
	                                    : I3_PARAMS_BYTES;
}

const struct i3_role_ops i3_server_role = {
	.on_state = on_state,
	.on_document = on_document,
	.on_stream = on_stream,
	.on_stopped = on_stopped,
	.on_tick = on_tick,
	.document_most = document_most,
};
