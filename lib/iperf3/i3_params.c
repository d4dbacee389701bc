/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "i3_json.h"
#include "i3_params.h"
#include "i3_proto.h"

static int read_protocol(const struct i3_reader *from, struct i3_params *p)
{
	bool tcp = false, udp = false, sctp = false;
	int rc = i3_read_flag(from, "tcp", &tcp);

	rc = rc ? rc : i3_read_flag(from, "udp", &udp);
	rc = rc ? rc : i3_read_flag(from, "sctp", &sctp);
	if (rc)
		return rc;
	if (tcp == udp || sctp)
		return wr_err_set(from->err, WR_EXIT_FAILED, -EPROTONOSUPPORT,
		                  "%s: neither TCP nor UDP is asked for", from->what);
	p->udp = udp;
	return 0;
}

static int read_flags(const struct i3_reader *from, struct i3_params *p)
{
	const struct {
		const char *key;
		bool *out;
	} flags[] = {
		{"reverse", &p->reverse},
		{"bidirectional", &p->bidir},
		{"nodelay", &p->nodelay},
		{"get_server_output", &p->get_server_output},
		{"udp_counters_64bit", &p->udp_64bit},
		{"repeating_payload", &p->repeating},
		{"zerocopy", &p->zerocopy},
		{"dont_fragment", &p->dont_fragment},
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]) && rc == 0; i++)
		rc = i3_read_flag(from, flags[i].key, flags[i].out);
	return rc;
}

static int read_numbers(const struct i3_reader *from, struct i3_params *p)
{
	int64_t parallel = 1, omit = 0, time = 0, len, burst = 0, mss = 0, window = 0, tos = 0;
	int64_t bytes = 0, blocks = 0, rate = 0;
	const int64_t len_least = p->udp ? I3_UDP_LEN_LEAST : 1;
	const int64_t len_most = p->udp ? I3_UDP_LEN_MOST : I3_LEN_MOST;
	const struct {
		const char *key;
		enum i3_need need;
		int64_t least, most, *out;
	} numbers[] = {
		{"omit", I3_OPTIONAL, 0, I3_OMIT_MOST, &omit},
		{"time", I3_OPTIONAL, 0, I3_TIME_MOST, &time},
		{"num", I3_OPTIONAL, 0, INT64_MAX, &bytes},
		{"blockcount", I3_OPTIONAL, 0, INT64_MAX, &blocks},
		{"parallel", I3_OPTIONAL, 1, I3_PARALLEL, &parallel},
		{"len", I3_OPTIONAL, len_least, len_most, &len},
		{"bandwidth", I3_OPTIONAL, 0, INT64_MAX / 8, &rate},
		{"burst", I3_OPTIONAL, 0, I3_BURST_MOST, &burst},
		{"MSS", I3_OPTIONAL, 0, I3_MSS_MOST, &mss},
		{"window", I3_OPTIONAL, 0, INT32_MAX, &window},
		{"TOS", I3_OPTIONAL, 0, 255, &tos},
	};
	int rc = 0;

	len = p->udp ? 1460 : I3_TCP_LEN;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && rc == 0; i++)
		rc = i3_read_integer(from, numbers[i].key, numbers[i].need, numbers[i].least,
		                     numbers[i].most, numbers[i].out);
	if (rc)
		return rc;
	p->omit_s = (uint32_t)omit;
	p->time_s = (uint32_t)time;
	p->bytes = (uint64_t)bytes;
	p->blocks = (uint64_t)blocks;
	p->parallel = (uint32_t)parallel;
	p->len = (uint32_t)len;
	p->rate = (uint64_t)rate;
	p->burst = (uint32_t)burst;
	p->mss = (uint32_t)mss;
	p->window = (uint32_t)window;
	p->tos = (uint8_t)tos;
	return 0;
}

static int read_texts(const struct i3_reader *from, struct i3_params *p)
{
	int rc = i3_read_text(from, "title", p->title, sizeof(p->title));

	rc = rc ? rc : i3_read_text(from, "extra_data", p->extra_data, sizeof(p->extra_data));
	rc = rc ? rc : i3_read_text(from, "congestion", p->congestion, sizeof(p->congestion));
	return rc ? rc : i3_read_text(from, "client_version", p->version, sizeof(p->version));
}

int i3_params_parse(struct i3_params *p, const char *text, size_t bytes, struct wr_err *err)
{
	struct i3_reader from = {.what = "the client's parameters", .err = err};
	json_t *root = i3_parse(text, bytes, from.what, err);
	int rc;

	if (!root)
		return -EINVAL;
	from.object = root;
	memset(p, 0, sizeof(*p));
	rc = read_protocol(&from, p);
	rc = rc ? rc : read_flags(&from, p);
	rc = rc ? rc : read_numbers(&from, p);
	rc = rc ? rc : read_texts(&from, p);
	if (rc == 0 && p->reverse && p->bidir)
		rc = wr_err_set(err, WR_EXIT_FAILED, -EINVAL,
		                "%s: both reverse and bidirectional", from.what);
	json_decref(root);
	return rc;
}

static void put_count(json_t *root, const char *key, uint64_t value)
{
	if (value)
		json_object_set_new(root, key, json_integer((json_int_t)value));
}

static void put_text(json_t *root, const char *key, const char *value)
{
	if (value[0])
		json_object_set_new(root, key, json_string(value));
}

/* Flags that iperf3 writes as true, then those that it writes as 1. */
static void put_flags(json_t *root, const struct i3_params *p)
{
	if (p->nodelay)
		json_object_set_new(root, "nodelay", json_true());
	if (p->reverse)
		json_object_set_new(root, "reverse", json_true());
	if (p->bidir)
		json_object_set_new(root, "bidirectional", json_true());
	put_count(root, "get_server_output", p->get_server_output);
	put_count(root, "udp_counters_64bit", p->udp_64bit);
	put_count(root, "repeating_payload", p->repeating);
	put_count(root, "zerocopy", p->zerocopy);
	put_count(root, "dont_fragment", p->dont_fragment);
}

char *i3_params_print(const struct i3_params *p)
{
	json_t *root = json_object();
	char *text;

	json_object_set_new(root, p->udp ? "udp" : "tcp", json_true());
	json_object_set_new(root, "omit", json_integer(p->omit_s));
	json_object_set_new(root, "time", json_integer(p->time_s));
	json_object_set_new(root, "num", json_integer((json_int_t)p->bytes));
	json_object_set_new(root, "blockcount", json_integer((json_int_t)p->blocks));
	put_count(root, "MSS", p->mss);
	json_object_set_new(root, "parallel", json_integer(p->parallel));
	put_flags(root, p);
	put_count(root, "window", p->window);
	json_object_set_new(root, "len", json_integer(p->len));
	put_count(root, "bandwidth", p->rate);
	put_count(root, "burst", p->burst);
	put_count(root, "TOS", p->tos);
	put_text(root, "title", p->title);
	put_text(root, "extra_data", p->extra_data);
	put_text(root, "congestion", p->congestion);
	json_object_set_new(root, "pacing_timer", json_integer(1000));
	put_text(root, "client_version", p->version);
	text = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	return text;
}
