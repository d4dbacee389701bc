/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "i3_json.h"
#include "i3_results.h"

#define WHAT "the peer's results"

/* A number that may be unknown. Peers that count in unsigned numbers write -1 as 2^64 - 1. */
static int read_known(const struct i3_reader *from, const char *key, int64_t *out)
{
	double number = -1;
	int rc = i3_read_number(from, key, I3_MANDATORY, &number);

	if (rc)
		return rc;
	*out = number >= 0 && number < 9.2e18 ? (int64_t)number : -1;
	return 0;
}

static int read_stream(const json_t *object, struct i3_stream_result *s, struct wr_err *err)
{
	const struct i3_reader from = {object, WHAT, err};
	int64_t id = 0, bytes = 0;
	int rc;

	if (!json_is_object(object))
		return wr_err_set(err, WR_EXIT_FAILED, -EINVAL,
		                  WHAT ": an element of \"streams\" is not an object");
	rc = i3_read_integer(&from, "id", I3_MANDATORY, 1, INT32_MAX, &id);
	rc = rc ? rc : i3_read_integer(&from, "bytes", I3_MANDATORY, 0, INT64_MAX, &bytes);
	rc = rc ? rc : read_known(&from, "retransmits", &s->retransmits);
	rc = rc ? rc : i3_read_number(&from, "jitter", I3_MANDATORY, &s->jitter_s);
	rc = rc ? rc
	        : i3_read_integer(&from, "errors", I3_MANDATORY, INT64_MIN, INT64_MAX,
	                          &s->errors);
	rc = rc ? rc
	        : i3_read_integer(&from, "packets", I3_MANDATORY, 0, INT64_MAX, &s->packets);
	rc = rc ? rc
	        : i3_read_integer(&from, "omitted_errors", I3_OPTIONAL, INT64_MIN, INT64_MAX,
	                          &s->omitted_errors);
	rc = rc ? rc
	        : i3_read_integer(&from, "omitted_packets", I3_OPTIONAL, INT64_MIN, INT64_MAX,
	                          &s->omitted_packets);
	rc = rc ? rc : i3_read_number(&from, "start_time", I3_OPTIONAL, &s->start_s);
	rc = rc ? rc : i3_read_number(&from, "end_time", I3_OPTIONAL, &s->end_s);
	s->id = (int)id;
	s->bytes = (uint64_t)bytes;
	s->has_times =
		json_object_get(object, "start_time") && json_object_get(object, "end_time");
	return rc;
}

static int read_streams(const struct i3_reader *from, struct i3_results *r)
{
	const json_t *list = json_object_get(from->object, "streams");
	size_t n = json_array_size(list);
	int rc = 0;

	if (!json_is_array(list) || n > I3_STREAMS)
		return wr_err_set(from->err, WR_EXIT_FAILED, -EINVAL,
		                  WHAT ": \"streams\" is not a list of at most %d", I3_STREAMS);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = read_stream(json_array_get(list, i), &r->stream[i], from->err);
	r->streams = (unsigned)n;
	return rc;
}

static int read_server_output(const struct i3_reader *from, struct i3_results *r)
{
	json_t *text = json_object_get(from->object, "server_output_text");

	if (text && !json_is_string(text))
		return wr_err_set(from->err, WR_EXIT_FAILED, -EINVAL,
		                  WHAT ": \"server_output_text\" is not a text");
	if (text)
		r->server_text = strdup(json_string_value(text));
	r->server_json = json_incref(json_object_get(from->object, "server_output_json"));
	return 0;
}

static int read_all(const struct i3_reader *from, struct i3_results *r)
{
	static const char *const cpu[] = {"cpu_util_total", "cpu_util_user", "cpu_util_system"};
	int64_t has = -1;
	int rc = 0;

	for (unsigned i = 0; i < 3 && rc == 0; i++)
		rc = i3_read_number(from, cpu[i], I3_MANDATORY, &r->cpu[i]);
	rc = rc ? rc : read_known(from, "sender_has_retransmits", &has);
	rc = rc ? rc
	        : i3_read_text(from, "congestion_used", r->congestion, sizeof(r->congestion));
	rc = rc ? rc : read_streams(from, r);
	rc = rc ? rc : read_server_output(from, r);
	r->sender_has_retransmits = (int)has;
	return rc;
}

int i3_results_parse(struct i3_results *r, const char *text, size_t bytes, struct wr_err *err)
{
	json_t *root = i3_parse(text, bytes, WHAT, err);
	const struct i3_reader from = {root, WHAT, err};
	int rc;

	memset(r, 0, sizeof(*r));
	if (!root)
		return -EINVAL;
	rc = read_all(&from, r);
	json_decref(root);
	return rc;
}

void i3_results_fini(struct i3_results *r)
{
	free(r->server_text);
	json_decref(r->server_json);
	r->server_text = NULL;
	r->server_json = NULL;
}

static json_t *print_stream(const struct i3_stream_result *s)
{
	return json_pack("{s:i, s:I, s:I, s:f, s:I, s:I, s:I, s:I, s:f, s:f}", "id", s->id,
	                 "bytes", (json_int_t)s->bytes, "retransmits",
	                 (json_int_t)s->retransmits, "jitter", s->jitter_s, "errors",
	                 (json_int_t)s->errors, "omitted_errors", (json_int_t)s->omitted_errors,
	                 "packets", (json_int_t)s->packets, "omitted_packets",
	                 (json_int_t)s->omitted_packets, "start_time", s->start_s, "end_time",
	                 s->end_s);
}

char *i3_results_print(const struct i3_results *r)
{
	json_t *root, *list = json_array();
	char *text;

	for (unsigned i = 0; i < r->streams; i++)
		json_array_append_new(list, print_stream(&r->stream[i]));
	root = json_pack("{s:f, s:f, s:f, s:i}", "cpu_util_total", r->cpu[0], "cpu_util_user",
	                 r->cpu[1], "cpu_util_system", r->cpu[2], "sender_has_retransmits",
	                 r->sender_has_retransmits);
	if (r->congestion[0])
		json_object_set_new(root, "congestion_used", json_string(r->congestion));
	if (r->server_text)
		json_object_set_new(root, "server_output_text", json_string(r->server_text));
	if (r->server_json)
		json_object_set(root, "server_output_json", r->server_json);
	json_object_set_new(root, "streams", list);
	text = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	return text;
}
