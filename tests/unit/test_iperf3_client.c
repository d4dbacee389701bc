/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "iperf3_end.h"

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
	assert_non_null(json_object_get(json_object_get(document, "start"), "connecting_to"));
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(json_object_get(document, "end"), "sum_sent"),
				 "bytes")),
	                 4711);
	json_decref(document);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_busy_server_is_reported),
		cmocka_unit_test(the_numbers_of_a_servers_error_are_told),
		cmocka_unit_test(the_servers_word_may_overtake_the_last_stream),
		cmocka_unit_test(a_server_that_answers_out_of_turn_is_refused),
		cmocka_unit_test(an_interrupted_client_says_so_and_tells_the_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
