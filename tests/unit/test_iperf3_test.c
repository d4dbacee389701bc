/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A test of iperf3 without sockets, workers and clock: what it writes goes into a buffer, or
 * to a second test, the other end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "i3_test.h"
#include "wr_base.h"
#include "wr_prng.h"
#include "wr_test.h"

#define PORTIONS 1 /* bytes that arrive at a time between two ends */

struct end {
	struct i3_test test; /* first */
	struct end *peer;    /* gets what this one writes; NULL: nobody */
	uint8_t out[65536];
	size_t out_bytes, passed;
	unsigned opened, started, stopped, dropped, hung_up;
	struct i3_sample sample[8];
	bool may_create;
	uint64_t now_ns;
};

static struct end *of(struct i3_test *t)
{
	return (struct end *)t;
}

static void fake_write(struct i3_test *t, const void *bytes, size_t n)
{
	struct end *e = of(t);

	assert_true(e->out_bytes + n <= sizeof(e->out));
	memcpy(e->out + e->out_bytes, bytes, n);
	e->out_bytes += n;
}

static void fake_open(struct i3_test *t, unsigned stream)
{
	of(t)->opened++;
}

static bool fake_may_create(struct i3_test *t)
{
	return of(t)->may_create;
}

static void fake_start(struct i3_test *t, unsigned stream)
{
	of(t)->started++;
}

static void fake_stop(struct i3_test *t, unsigned stream)
{
	of(t)->stopped++;
	of(t)->sample[stream].stopped = true;
}

static void fake_sample(struct i3_test *t, unsigned stream, struct i3_sample *out)
{
	*out = of(t)->sample[stream];
}

static void fake_drop(struct i3_test *t)
{
	of(t)->dropped++;
}

static double fake_busy(struct i3_test *t, uint64_t begin_ns)
{
	return 50;
}

static void fake_hang_up(struct i3_test *t)
{
	of(t)->hung_up++;
}

static const struct i3_test_ops fake = {
	.write = fake_write,
	.open = fake_open,
	.may_create = fake_may_create,
	.start = fake_start,
	.stop = fake_stop,
	.sample = fake_sample,
	.drop_streams = fake_drop,
	.busy = fake_busy,
	.hang_up = fake_hang_up,
};

static const char a_cookie[I3_COOKIE_BYTES] = "abcdefghijklmnopqrstuvwxyz2345672345";

struct printed {
	char *text;
	size_t bytes;
	struct i3_report_conf conf;
};

static void open_print(struct printed *p, bool json)
{
	p->text = NULL;
	p->conf = (struct i3_report_conf) {
		.out = open_memstream(&p->text, &p->bytes),
		.json = json,
		.format = 'a',
		.interval_s = 1,
		.host = "there",
		.version = "wringer",
		.system = "test",
	};
}

static void close_print(struct printed *p)
{
	fclose(p->conf.out);
	free(p->text);
}

static void begin(struct end *e, bool server, const struct i3_params *params,
                  const struct printed *printed)
{
	memset(e, 0, sizeof(*e));
	e->may_create = true;
	e->now_ns = WR_S(10);
	e->test.ops = &fake;
	e->test.server = server;
	e->test.cc = "reno";
	e->test.rcv_timeout_ns = WR_S(120);
	memcpy(e->test.cookie, a_cookie, I3_COOKIE_BYTES);
	if (params)
		e->test.params = *params;
	assert_int_equal(i3_test_begin(&e->test, &printed->conf, e->now_ns), 0);
}

static void give(struct end *e, const void *bytes, size_t n)
{
	i3_test_input(&e->test, bytes, n, e->now_ns);
}

static void give_state(struct end *e, int state)
{
	const int8_t byte = (int8_t)state;

	give(e, &byte, 1);
}

static void give_document(struct end *e, const char *text)
{
	const uint32_t n = __builtin_bswap32((uint32_t)strlen(text));

	give(e, &n, 4);
	give(e, text, strlen(text));
}

static const struct wr_tuple tuple = {1, 2, 3, 4};

static void stream_up(struct end *e)
{
	i3_test_stream_up(&e->test, &tuple, e->now_ns);
}

static int last_written(const struct end *e)
{
	return e->out_bytes ? (int8_t)e->out[e->out_bytes - 1] : 0;
}

static void later(struct end *e, uint64_t ns)
{
	e->now_ns += ns;
	i3_test_tick(&e->test, e->now_ns);
}

/* ---- the server alone ---- */

struct server {
	struct printed printed;
	struct end end;
};

static struct server *server_running(const char *params, unsigned streams)
{
	struct server *s = calloc(1, sizeof(*s));

	open_print(&s->printed, false);
	begin(&s->end, true, NULL, &s->printed);
	assert_int_equal(last_written(&s->end), I3_PARAM_EXCHANGE);
	give_document(&s->end, params);
	assert_int_equal(last_written(&s->end), I3_CREATE_STREAMS);
	for (unsigned i = 0; i < streams; i++)
		stream_up(&s->end);
	assert_int_equal(s->end.test.phase, I3_PHASE_RUNNING);
	assert_int_equal(s->end.started, streams);
	assert_int_equal(last_written(&s->end), I3_TEST_RUNNING);
	return s;
}

static void server_free(struct server *s)
{
	i3_test_end(&s->end.test);
	close_print(&s->printed);
	free(s);
}

static void expect_error(struct end *e, enum i3_error number)
{
	const uint8_t *at = e->out + e->out_bytes - 9;

	assert_int_equal(e->test.phase, I3_PHASE_OVER);
	assert_true(e->test.failed);
	assert_int_equal(e->hung_up, 1);
	assert_int_equal((int8_t)at[0], I3_SERVER_ERROR);
	assert_int_equal(at[1] << 24 | at[2] << 16 | at[3] << 8 | at[4], number);
}

static void a_server_asks_counts_and_answers(void **state)
{
	struct server *s = server_running("{\"tcp\":true,\"time\":5,\"parallel\":2}", 2);

	s->end.sample[0].bytes = 1000;
	s->end.sample[1].bytes = 7;
	later(&s->end, WR_MS(2500));
	give_state(&s->end, I3_TEST_END);
	assert_int_equal(s->end.stopped, 2);
	assert_int_equal(s->end.test.phase, I3_PHASE_STOPPING);
	later(&s->end, WR_MS(1));
	assert_int_equal(s->end.dropped, 1); /* before the question */
	assert_int_equal(last_written(&s->end), I3_EXCHANGE_RESULTS);
	s->end.out_bytes = 0;
	give_document(&s->end,
	              "{\"cpu_util_total\":0,\"cpu_util_user\":0,\"cpu_util_system\":0,"
	              "\"sender_has_retransmits\":0,\"streams\":[]}");
	assert_int_equal(last_written(&s->end), I3_DISPLAY_RESULTS);
	s->end.out[s->end.out_bytes] = '\0';
	assert_non_null(strstr((char *)s->end.out + 4, "\"id\":1,\"bytes\":1000"));
	assert_non_null(strstr((char *)s->end.out + 4, "\"id\":3,\"bytes\":7"));
	assert_non_null(strstr((char *)s->end.out + 4, "\"sender_has_retransmits\":-1"));
	give_state(&s->end, I3_IPERF_DONE);
	assert_int_equal(s->end.hung_up, 1);
	assert_false(s->end.test.failed);
	server_free(s);
}

static void a_document_that_is_too_long_is_refused_by_its_length(void **state)
{
	struct server *s = calloc(1, sizeof(*s));
	const uint32_t length = __builtin_bswap32(I3_PARAMS_BYTES + 1);

	open_print(&s->printed, false);
	begin(&s->end, true, NULL, &s->printed);
	give(&s->end, &length, 4);
	expect_error(&s->end, I3_ERR_RECV_PARAMS);
	server_free(s);
}

static void wrong_parameters_end_the_test_with_an_error(void **state)
{
	struct server *s = calloc(1, sizeof(*s));

	open_print(&s->printed, false);
	begin(&s->end, true, NULL, &s->printed);
	give_document(&s->end, "{\"tcp\":true,\"parallel\":\"many\"}");
	expect_error(&s->end, I3_ERR_RECV_PARAMS);
	give_state(&s->end, I3_TEST_END); /* nobody listens any more */
	assert_int_equal(s->end.hung_up, 1);
	server_free(s);
}

static void results_of_unknown_streams_are_refused(void **state)
{
	struct server *s = server_running("{\"tcp\":true}", 1);

	give_state(&s->end, I3_TEST_END);
	later(&s->end, WR_MS(1));
	give_document(&s->end,
	              "{\"cpu_util_total\":0,\"cpu_util_user\":0,\"cpu_util_system\":0,"
	              "\"sender_has_retransmits\":0,\"streams\":[{\"id\":2,\"bytes\":0,"
	              "\"retransmits\":0,\"jitter\":0,\"errors\":0,\"packets\":0}]}");
	expect_error(&s->end, I3_ERR_RECV_RESULTS);
	server_free(s);
}

static void a_state_out_of_turn_ends_the_test(void **state)
{
	static const int wrong[] = {0,  5,   I3_TEST_START, I3_IPERF_DONE, I3_SERVER_TERMINATE,
	                            -1, -128};

	for (size_t i = 0; i < WR_LEN(wrong); i++) {
		struct server *s = server_running("{\"tcp\":true}", 1);

		give_state(&s->end, wrong[i]);
		expect_error(&s->end, I3_ERR_MESSAGE);
		server_free(s);
	}
}

static void a_client_that_goes_is_believed(void **state)
{
	struct server *s = server_running("{\"tcp\":true,\"reverse\":true}", 1);

	s->end.sample[0].bytes = 5;
	give_state(&s->end, I3_CLIENT_TERMINATE);
	assert_true(s->end.test.terminated);
	fflush(s->printed.conf.out);
	assert_non_null(strstr(s->printed.text, "sender"));
	assert_non_null(strstr(s->printed.text, "the client has terminated"));
	server_free(s);
}

static void a_silent_client_does_not_hold_a_test_for_ever(void **state)
{
	struct server *s = calloc(1, sizeof(*s));

	open_print(&s->printed, false);
	begin(&s->end, true, NULL, &s->printed);
	later(&s->end, WR_S(29));
	assert_int_equal(s->end.hung_up, 0);
	later(&s->end, WR_S(1));
	expect_error(&s->end, I3_ERR_NO_MESSAGE);
	server_free(s);
}

static void a_test_that_never_ends_is_ended(void **state)
{
	struct server *s = server_running("{\"tcp\":true,\"time\":5,\"omit\":2}", 1);

	for (unsigned i = 0; i < 46; i++) {
		s->end.sample[0].bytes++;
		later(&s->end, WR_S(1));
	}
	assert_int_equal(s->end.hung_up, 0);
	later(&s->end, WR_S(1));
	expect_error(&s->end, I3_ERR_NO_MESSAGE);
	server_free(s);
}

static void streams_through_which_nothing_comes_end_the_test(void **state)
{
	struct server *s = server_running("{\"tcp\":true}", 1);

	later(&s->end, WR_S(119));
	assert_int_equal(s->end.hung_up, 0);
	later(&s->end, WR_S(1));
	expect_error(&s->end, I3_ERR_NO_MESSAGE);
	server_free(s);
}

static void udp_streams_wait_for_their_turn(void **state)
{
	struct server *s = calloc(1, sizeof(*s));

	open_print(&s->printed, false);
	begin(&s->end, true, NULL, &s->printed);
	s->end.may_create = false;
	give_document(&s->end, "{\"udp\":true}");
	assert_int_equal(s->end.test.phase, I3_PHASE_QUEUED);
	later(&s->end, WR_MS(1));
	assert_int_equal(last_written(&s->end), I3_PARAM_EXCHANGE);
	s->end.may_create = true;
	later(&s->end, WR_MS(1));
	assert_int_equal(last_written(&s->end), I3_CREATE_STREAMS);
	server_free(s);
}

static void the_omitted_time_counts_for_nothing(void **state)
{
	struct server *s = server_running("{\"udp\":true,\"omit\":1,\"time\":2}", 1);

	s->end.sample[0] = (struct i3_sample) {.bytes = 1000, .packets = 10, .lost = 2};
	later(&s->end, WR_S(1));
	assert_false(s->end.test.omitting);
	s->end.sample[0] = (struct i3_sample) {.bytes = 1500, .packets = 15, .lost = 3};
	later(&s->end, WR_S(2));
	give_state(&s->end, I3_TEST_END);
	later(&s->end, 0);
	s->end.out_bytes = 0;
	give_document(&s->end,
	              "{\"cpu_util_total\":0,\"cpu_util_user\":0,\"cpu_util_system\":0,"
	              "\"sender_has_retransmits\":0,\"streams\":[]}");
	s->end.out[s->end.out_bytes] = '\0';
	assert_non_null(strstr((char *)s->end.out + 4, "\"bytes\":500,"));
	assert_non_null(
		strstr((char *)s->end.out + 4, "\"packets\":15,\"omitted_packets\":10"));
	assert_non_null(strstr((char *)s->end.out + 4, "\"errors\":3,\"omitted_errors\":2"));
	fflush(s->printed.conf.out);
	assert_non_null(strstr(s->printed.text, "(omitted)"));
	assert_non_null(strstr(s->printed.text, "1/5 (20%)  receiver"));
	server_free(s);
}

/* ---- both ends ---- */

/* Passes on what was written, in portions. True: there was something. */
static bool pass(struct end *from, struct end *to)
{
	bool any = false;

	while (from->passed < from->out_bytes) {
		size_t n = from->out_bytes - from->passed;

		n = n < PORTIONS ? n : PORTIONS;
		from->passed += n;
		i3_test_input(&to->test, from->out + from->passed - n, n, to->now_ns);
		any = true;
	}
	return any;
}

static void talk(struct end *client, struct end *server)
{
	bool any = true;

	while (any) {
		any = pass(client, server);
		any |= pass(server, client);
		while (client->test.up < client->opened) {
			stream_up(server);
			stream_up(client);
			any = true;
		}
	}
}

static void tick_both(struct end *a, struct end *b, uint64_t ns)
{
	later(a, ns);
	later(b, ns);
	talk(a->test.server ? b : a, a->test.server ? a : b);
}

static void two_ends_agree(const struct i3_params *params)
{
	struct printed client_says, server_says;
	struct end *client = calloc(1, sizeof(*client)), *server = calloc(1, sizeof(*server));
	unsigned streams = i3_params_streams(params);
	json_t *document;

	open_print(&client_says, true);
	open_print(&server_says, false);
	begin(client, false, params, &client_says);
	begin(server, true, NULL, &server_says);
	i3_test_connected(&client->test, client->now_ns);
	talk(client, server);
	assert_int_equal(client->test.phase, I3_PHASE_RUNNING);
	assert_int_equal(client->started, streams);
	for (unsigned i = 0; i < streams; i++) {
		client->sample[i].bytes = 1000 * (i + 1);
		server->sample[i].bytes = 1000 * (i + 1);
	}
	tick_both(client, server, WR_S(1));
	tick_both(client, server, WR_S(1));
	tick_both(client, server, 0);
	tick_both(client, server, 0);
	assert_int_equal(client->hung_up, 1);
	assert_int_equal(server->hung_up, 1);
	assert_false(client->test.failed || server->test.failed);
	fflush(client_says.conf.out);
	document = json_loads(client_says.text, 0, NULL);
	assert_non_null(document);
	assert_int_equal(
		json_array_size(json_object_get(json_object_get(document, "end"), "streams")),
		streams);
	json_decref(document);
	for (unsigned i = 0; i < streams; i++) {
		assert_int_equal(client->test.stream[i].peer.bytes, 1000 * (i + 1));
		assert_int_equal(server->test.stream[i].peer.bytes, 1000 * (i + 1));
	}
	i3_test_end(&client->test);
	i3_test_end(&server->test);
	close_print(&client_says);
	close_print(&server_says);
	free(client);
	free(server);
}

static void our_two_ends_agree_byte_by_byte(void **state)
{
	struct i3_params p = {.parallel = 2, .time_s = 2, .version = "3.12"};

	for (unsigned udp = 0; udp < 2; udp++) {
		for (unsigned direction = 0; direction < 3; direction++) {
			p.udp = udp;
			p.rate = udp ? 1000000 : 0;
			p.reverse = direction == 1;
			p.bidir = direction == 2;
			two_ends_agree(&p);
		}
	}
}

/* ---- the client alone ---- */

struct client {
	struct printed printed;
	struct end end;
};

static struct client *client_connected(const struct i3_params *params)
{
	struct client *c = calloc(1, sizeof(*c));

	open_print(&c->printed, true);
	begin(&c->end, false, params, &c->printed);
	i3_test_connected(&c->end.test, c->end.now_ns);
	return c;
}

static json_t *client_end(struct client *c)
{
	json_t *document;

	assert_int_equal(c->end.hung_up, 1);
	fflush(c->printed.conf.out);
	document = json_loads(c->printed.text, 0, NULL);
	assert_non_null(document);
	i3_test_end(&c->end.test);
	close_print(&c->printed);
	free(c);
	return document;
}

static void expect_client_error(struct client *c, const char *why)
{
	json_t *document = client_end(c);

	assert_non_null(strstr(json_string_value(json_object_get(document, "error")), why));
	json_decref(document);
}

static const struct i3_params plain = {.parallel = 1, .time_s = 10, .version = "3.12"};

static void a_busy_server_is_reported(void **state)
{
	struct client *c = client_connected(&plain);

	give_state(&c->end, I3_ACCESS_DENIED);
	expect_client_error(c, "busy");
}

static void the_numbers_of_a_servers_error_are_told(void **state)
{
	static const uint8_t error[] = {0xfe, 0, 0, 0, 103, 0, 0, 0, 111};
	struct client *c = client_connected(&plain);

	for (size_t i = 0; i < sizeof(error); i++)
		give(&c->end, &error[i], 1);
	expect_client_error(c, "error 103 (Connection refused)");
}

static void the_servers_word_may_overtake_the_last_stream(void **state)
{
	struct client *c = client_connected(&plain);

	give_state(&c->end, I3_PARAM_EXCHANGE);
	give_state(&c->end, I3_CREATE_STREAMS);
	assert_int_equal(c->end.opened, 1);
	give_state(&c->end, I3_TEST_START);
	give_state(&c->end, I3_TEST_RUNNING);
	assert_int_equal(c->end.test.phase, I3_PHASE_STREAMS);
	stream_up(&c->end);
	assert_int_equal(c->end.test.phase, I3_PHASE_RUNNING);
	i3_test_lost(&c->end.test, "gone", c->end.now_ns);
	expect_client_error(c, "gone");
}

static void a_server_that_answers_out_of_turn_is_refused(void **state)
{
	static const int wrong[] = {I3_CREATE_STREAMS,   I3_TEST_START,      I3_TEST_RUNNING,
	                            I3_EXCHANGE_RESULTS, I3_DISPLAY_RESULTS, 77};

	for (size_t i = 0; i < WR_LEN(wrong); i++) {
		struct client *c = client_connected(&plain);

		give_state(&c->end, wrong[i]);
		expect_client_error(c, "unknown control message");
	}
}

static void an_interrupted_client_says_so_and_tells_the_server(void **state)
{
	struct client *c = client_connected(&plain);
	json_t *document;

	give_state(&c->end, I3_PARAM_EXCHANGE);
	give_state(&c->end, I3_CREATE_STREAMS);
	stream_up(&c->end);
	give_state(&c->end, I3_TEST_RUNNING);
	c->end.sample[0].bytes = 4711;
	later(&c->end, WR_S(3));
	i3_test_interrupt(&c->end.test, c->end.now_ns);
	assert_int_equal(last_written(&c->end), I3_CLIENT_TERMINATE);
	document = client_end(c);
	assert_true(json_is_true(json_object_get(document, "interrupted")));
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(json_object_get(document, "end"), "sum_sent"),
				 "bytes")),
	                 4711);
	json_decref(document);
}

/* ---- anything at all ---- */

/* What a peer might send, right or wrong, in pieces; the test must end or wait, no more. */
static unsigned random_bytes(struct wr_prng *prng, uint8_t *out)
{
	static const int8_t states[] = {1, 2, 4, 9, 10, 11, 12, 13, 14, 16, -1, -2, 77};
	static const char *const documents[] = {
		"{\"tcp\":true,\"parallel\":3}",
		"{\"udp\":true,\"bidirectional\":true,\"omit\":1}",
		"{\"cpu_util_total\":0,\"cpu_util_user\":0,\"cpu_util_system\":0,"
		"\"sender_has_retransmits\":1,\"streams\":[{\"id\":1,\"bytes\":3,"
		"\"retransmits\":0,\"jitter\":0,\"errors\":-9,\"packets\":1}]}",
	};
	const char *document = documents[wr_prng_below(prng, WR_LEN(documents))];
	unsigned n = (unsigned)strlen(document);

	if (wr_prng_below(prng, 2)) {
		out[0] = (uint8_t)states[wr_prng_below(prng, WR_LEN(states))];
		return 1;
	}
	memcpy(out, &(uint32_t) {__builtin_bswap32(n)}, 4);
	memcpy(out + 4, document, n);
	if (wr_prng_below(prng, 4) == 0)
		out[wr_prng_below(prng, n + 4)] = (uint8_t)wr_prng_u64(prng);
	return n + 4;
}

static void shake(struct end *e, struct wr_prng *prng)
{
	uint8_t bytes[512];

	for (unsigned step = 0; step < 40 && e->test.phase != I3_PHASE_OVER; step++) {
		unsigned n = random_bytes(prng, bytes);

		give(e, bytes, n);
		if (e->test.phase == I3_PHASE_STREAMS && e->test.up < e->test.streams &&
		    (e->test.server || e->opened))
			stream_up(e);
		for (unsigned i = 0; i < WR_LEN(e->sample); i++)
			e->sample[i].bytes += wr_prng_below(prng, 5000);
		if (e->test.phase != I3_PHASE_OVER)
			later(e, WR_MS(wr_prng_below(prng, 1500)));
	}
	if (e->test.phase != I3_PHASE_OVER)
		i3_test_interrupt(&e->test, e->now_ns);
	assert_int_equal(e->hung_up, 1);
}

static void any_bytes_lead_to_an_end_and_a_whole_document(void **state)
{
	struct i3_params p = plain;
	struct wr_prng prng;

	for (unsigned seed = 0; seed < 3000; seed++) {
		struct printed printed;
		struct end *e = calloc(1, sizeof(*e));
		json_t *document;

		wr_prng_seed(&prng, seed);
		p.parallel = 1 + wr_prng_below(&prng, 3);
		p.udp = wr_prng_below(&prng, 2);
		open_print(&printed, true);
		begin(e, seed & 1, seed & 1 ? NULL : &p, &printed);
		if (!e->test.server)
			i3_test_connected(&e->test, e->now_ns);
		shake(e, &prng);
		fflush(printed.conf.out);
		document = json_loads(printed.text, 0, NULL);
		assert_non_null(document);
		json_decref(document);
		i3_test_end(&e->test);
		close_print(&printed);
		free(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_asks_counts_and_answers),
		cmocka_unit_test(a_document_that_is_too_long_is_refused_by_its_length),
		cmocka_unit_test(wrong_parameters_end_the_test_with_an_error),
		cmocka_unit_test(results_of_unknown_streams_are_refused),
		cmocka_unit_test(a_state_out_of_turn_ends_the_test),
		cmocka_unit_test(a_client_that_goes_is_believed),
		cmocka_unit_test(a_silent_client_does_not_hold_a_test_for_ever),
		cmocka_unit_test(a_test_that_never_ends_is_ended),
		cmocka_unit_test(streams_through_which_nothing_comes_end_the_test),
		cmocka_unit_test(udp_streams_wait_for_their_turn),
		cmocka_unit_test(the_omitted_time_counts_for_nothing),
		cmocka_unit_test(our_two_ends_agree_byte_by_byte),
		cmocka_unit_test(a_busy_server_is_reported),
		cmocka_unit_test(the_numbers_of_a_servers_error_are_told),
		cmocka_unit_test(the_servers_word_may_overtake_the_last_stream),
		cmocka_unit_test(a_server_that_answers_out_of_turn_is_refused),
		cmocka_unit_test(an_interrupted_client_says_so_and_tells_the_server),
		cmocka_unit_test(any_bytes_lead_to_an_end_and_a_whole_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
