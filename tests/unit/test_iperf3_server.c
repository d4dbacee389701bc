/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "iperf3_end.h"

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
