/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result_rig.h"

static void rates_are_of_the_measurement_alone(void **state)
{
	assert_int_equal(run(3, RATE), WR_EXIT_OK);
	assert_true(near(number("end/window/seconds"), 3));
	assert_true(near(number("end/window/from_s"), 1));
	assert_true(near(number("end/rates/responses_per_s"), RATE));
	assert_true(near(number("end/rates/bits_per_s"), 2 * 64 * 8 * RATE));
	assert_true(near(number("end/busy/0"), 0.7));
	assert_true(json_is_true(member("valid")));
	assert_int_equal(json_array_size(member("intervals")), 4);
	assert_string_equal(json_string_value(member("intervals/0/phase")),
	                    wr_load_phase_name[WR_LOAD_WARMUP]);
	assert_true(near(number("intervals/2/rates/responses_per_s"), RATE));
}

/* Ten requests are done before anybody looks. */
static void a_measurement_too_short_for_a_sample_counts(void **state)
{
	const struct wr_result_end end = {.measured_ns = WR_MS(2)};

	begin();
	open_connections();
	t.sample.time_ns += WR_MS(10);
	count(WR_LOAD_STAT_requests_planned, 10);
	count(WR_LOAD_STAT_requests_sent, 10);
	count(WR_LOAD_STAT_responses, 10);
	wr_result_end(t.result, now(WR_LOAD_DONE), &end);
	json_decref(t.document);
	t.document = json_deep_copy(wr_result_document(t.result));
	assert_int_equal(wr_result_close(t.result), WR_EXIT_OK);
	assert_true(near(number("end/rates/responses_per_s"), 5000));
}

static void latencies_are_told_with_count_and_histogram(void **state)
{
	uint64_t sum = 0;
	const json_t *slot;
	size_t i;

	run(3, RATE);
	assert_true(number("end/latency/response/count") == 3 * RATE);
	assert_true(number("end/latency/response/min_ns") == 10000);
	assert_true(number("end/latency/response/max_ns") == 10000 + 10 * (RATE - 1));
	assert_true(near(number("end/latency/response/p50_ns"), 10000 + 10 * (RATE / 2)));
	json_array_foreach(member("end/latency/response/histogram_ns"), i, slot) sum +=
		(uint64_t)json_integer_value(json_array_get(slot, 1));
	assert_int_equal(sum, 3 * RATE);
	assert_null(member("end/latency/connect"));
}

static void percentiles_without_enough_samples_are_left_out(void **state)
{
	run(3, RATE);
	assert_non_null(member("end/latency/response/p99_ns"));
	assert_null(member("end/latency/response/p99.9_ns"));
	assert_null(member("end/latency/response/p99.99_ns"));
	fflush(t.conf.live);
	assert_says(t.live, "  p99.9                 -");
}

static void an_offer_that_was_not_achieved_is_invalid(void **state)
{
	assert_int_equal(run(3, RATE * 98 / 100), WR_EXIT_INVALID);
	assert_true(json_is_false(member("valid")));
	assert_string_equal(json_string_value(member("invalid_because/0")),
	                    "Of 1.00k rps offered, 980 were achieved: 98.0 %, less than 99 %.");
	assert_true(number("exit_code") == WR_EXIT_INVALID);
}

static void an_offer_achieved_to_99_percent_is_valid(void **state)
{
	assert_int_equal(run(3, RATE * 99 / 100), WR_EXIT_OK);
	assert_true(near(number("offers/1/ratio"), 0.99));
}

static void a_bitrate_is_an_offer_too(void **state)
{
	t.load.mode = WR_LOAD_STREAM;
	t.load.direction = WR_LOAD_UP;
	t.load.set = (struct wr_load_setpoints) {.connections = 8, .bitrate = 64 * 8 * RATE};
	t.sample.set = t.load.set;
	assert_int_equal(run(3, RATE * 98 / 100), WR_EXIT_INVALID);
	assert_string_equal(json_string_value(member("offers/1/name")), "bitrate");
	assert_true(near(number("offers/1/offered"), 64 * 8 * RATE));
	assert_true(near(number("offers/1/ratio"), 0.98));
}

static void connections_that_were_never_open_are_an_offer_missed(void **state)
{
	t.load.set.connections = t.sample.set.connections = 9;
	assert_int_equal(run(3, RATE), WR_EXIT_INVALID);
	assert_string_equal(json_string_value(member("offers/0/name")), "connections");
}

static void a_missed_requirement_is_exit_code_4(void **state)
{
	require("p99<15us");
	require("rps>=1k");
	assert_int_equal(run(3, RATE), WR_EXIT_THRESHOLD);
	assert_true(json_is_false(member("requirements/0/met")));
	assert_true(near(number("requirements/0/value"), 19900));
	assert_true(json_is_true(member("requirements/1/met")));
	fflush(t.conf.live);
	assert_says(t.live, "MISSED p99<15us: p99 is 19.9us\n");
}

static void a_requirement_on_what_was_not_measured_is_missed(void **state)
{
	require("p99.999<1s");
	assert_int_equal(run(3, RATE), WR_EXIT_THRESHOLD);
	assert_true(json_is_null(member("requirements/0/value")));
}

static void broken_connections_fail_the_test(void **state)
{
	begin();
	count(WR_LOAD_STAT_connections_broken, 0);
	open_connections();
	wr_result_mark(t.result, now(WR_LOAD_MEASURE));
	second(WR_LOAD_MEASURE, RATE);
	count(WR_LOAD_STAT_connections_broken, 2);
	t.stats->reason[WR_REASON_reset_by_peer] = 2;
	wr_result_mark(t.result, now(WR_LOAD_DRAIN));
	assert_int_equal(
		wr_result_end(t.result, now(WR_LOAD_DONE), &(struct wr_result_end) {0}),
		WR_EXIT_FAILED);
	wr_result_close(t.result);
	fflush(t.conf.live);
	assert_says(t.live, "FAILED: 2 connections failed: reset_by_peer 2.\n");
}

static void a_requirement_on_errors_takes_the_place_of_none_at_all(void **state)
{
	require("errors<10");
	count(WR_LOAD_STAT_connections_broken, 0);
	begin();
	open_connections();
	wr_result_mark(t.result, now(WR_LOAD_MEASURE));
	second(WR_LOAD_MEASURE, RATE);
	count(WR_LOAD_STAT_connections_broken, 2);
	wr_result_mark(t.result, now(WR_LOAD_DRAIN));
	wr_result_end(t.result, now(WR_LOAD_DONE), &(struct wr_result_end) {0});
	assert_int_equal(wr_result_close(t.result), WR_EXIT_OK);
}

static void a_target_that_never_answers_fails_with_the_reason(void **state)
{
	begin();
	wr_result_begin(t.result, now(WR_LOAD_OPENING));
	count(WR_LOAD_STAT_connections_attempted, 8);
	count(WR_LOAD_STAT_connections_failed, 8);
	t.stats->reason[WR_REASON_connect_timeout] = 8;
	t.sample.time_ns += WR_S(1);
	assert_int_equal(
		wr_result_end(t.result, now(WR_LOAD_DONE), &(struct wr_result_end) {0}),
		WR_EXIT_FAILED);
	wr_result_close(t.result);
	fflush(t.conf.live);
	assert_says(t.live,
	            "FAILED: None of 8 connection attempts succeeded: connect_timeout 8.\n");
}

static void an_interrupt_ends_with_130_and_a_whole_document(void **state)
{
	t.conf.json = "-";
	begin();
	assert_int_equal(run_with(1, RATE, (struct wr_result_end) {.interrupted = true}),
	                 WR_EXIT_INTERRUPTED);
	assert_int_equal(wr_result_close(t.result), WR_EXIT_INTERRUPTED);
	json_decref(t.document);
	fflush(t.conf.out);
	t.document = json_loads(t.out, 0, NULL);
	assert_true(json_is_true(member("interrupted")));
	assert_true(number("exit_code") == 130);
}

static void an_error_half_way_loses_nothing(void **state)
{
	struct wr_err err = {WR_EXIT_ENVIRONMENT, "The port is gone."};

	t.conf.json = in_folder("r.json");
	begin();
	run_with(1, RATE, (struct wr_result_end) {.err = &err});
	assert_int_equal(wr_result_close(t.result), WR_EXIT_ENVIRONMENT);
	json_decref(t.document);
	t.document = json_load_file(in_folder("r.json"), 0, NULL);
	assert_string_equal(json_string_value(member("error")), "The port is gone.");
	assert_true(near(number("end/rates/responses_per_s"), RATE));
}

static void an_early_error_is_a_document_too(void **state)
{
	struct wr_err err = {WR_EXIT_USAGE, "There is no such mode"};

	t.conf.json = "-";
	assert_int_equal(wr_result_error(&t.conf, &err), WR_EXIT_USAGE);
	t.document = json_loads(t.out, 0, NULL);
	assert_string_equal(json_string_value(member("error")), "There is no such mode");
	assert_string_equal(json_string_value(member("start/command/1")), "load");
	fflush(t.conf.log);
	assert_string_equal(t.log, "wringer: There is no such mode.\n");
}

static void repeats_are_told_with_median_and_spread(void **state)
{
	t.conf.runs = 3;
	t.conf.json = "-";
	begin();
	run_with(1, RATE, (struct wr_result_end) {0});
	run_with(1, RATE - 10, (struct wr_result_end) {0});
	run_with(1, RATE - 5, (struct wr_result_end) {0});
	assert_int_equal(wr_result_close(t.result), WR_EXIT_OK);
	json_decref(t.document);
	fflush(t.conf.out);
	t.document = json_loads(t.out, 0, NULL);
	assert_string_equal(json_string_value(member("kind")), "wringer-load-repeat");
	assert_int_equal(json_array_size(member("runs")), 3);
	assert_true(near(number("repeat/rps/median"), RATE - 5));
	assert_true(near(number("repeat/rps/min"), RATE - 10));
	assert_true(near(number("repeat/rps/max"), RATE));
	assert_true(near(number("repeat/rps/values/1"), RATE - 10));
	assert_true(near(number("runs/2/end/latency/response/count"), RATE - 5));
	fflush(t.conf.live);
	assert_says(t.live, "All runs");
}

static void the_line_of_a_second_has_the_columns_of_the_mode(void **state)
{
	run(1, RATE);
	fflush(t.conf.live);
	assert_says(t.live, "[  0] 0.00-1.00 s  rps -  cps 8  retr 0  drop 0  busy 70%  (");
	assert_says(t.live, "[  0] 1.00-2.00 s  rps 1.00k  cps 0  p50 15.0us p99 19.9us max "
	                    "20.0us  retr 0  drop 0  busy 70%\n");
}

static void a_stream_is_shown_as_iperf3_shows_it(void **state)
{
	t.load.mode = WR_LOAD_STREAM;
	t.load.direction = WR_LOAD_UP;
	t.load.set = t.sample.set = (struct wr_load_setpoints) {.connections = 8};
	run(1, 2000000);
	fflush(t.conf.live);
	assert_says(t.live,
	            "[ ID] Interval            Transfer      Bitrate            Retr\n");
	assert_says(t.live, "[SUM]   1.00-2.00   sec    122 MBytes  1.02 Gbits/sec      0");
}

static void a_long_run_keeps_a_bounded_number_of_intervals(void **state)
{
	size_t rows;

	begin();
	open_connections();
	wr_result_mark(t.result, now(WR_LOAD_MEASURE));
	for (unsigned i = 0; i < 7300; i++)
		second(WR_LOAD_MEASURE, 0);
	wr_result_mark(t.result, now(WR_LOAD_DRAIN));
	wr_result_end(t.result, now(WR_LOAD_DONE), &(struct wr_result_end) {0});
	t.document = json_deep_copy(wr_result_document(t.result));
	wr_result_close(t.result);
	rows = json_array_size(member("intervals"));
	assert_int_equal(rows, 3600 + 50);
	for (size_t i = 1; i < rows; i++) {
		const json_t *before = json_array_get(member("intervals"), i - 1);
		const json_t *row = json_array_get(member("intervals"), i);

		assert_true(json_number_value(json_object_get(before, "until_s")) ==
		            json_number_value(json_object_get(row, "from_s")));
	}
}

static void prometheus_gets_what_counted_until_the_last_second(void **state)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	begin();
	open_connections();
	wr_result_mark(t.result, now(WR_LOAD_MEASURE));
	second(WR_LOAD_MEASURE, RATE);
	wr_result_metrics(t.result, out);
	fclose(out);
	assert_says(text, "\nwringer_load_responses_total 1000\n");
	assert_says(text,
	            "wringer_request_latency_seconds_bucket{op=\"response\",le=\"0.000008\"} "
	            "0\n");
	assert_says(text,
	            "wringer_request_latency_seconds_bucket{op=\"response\",le=\"0.000032\"} "
	            "1000\n");
	assert_says(text, "wringer_request_latency_seconds_count{op=\"response\"} 1000\n");
	assert_says(text, "wringer_request_latency_quantile_seconds{q=\"0.99\"} 0.0000199");
	assert_says(text, "wringer_achieved_rate_requests 1000.000\n");
	assert_says(text, "wringer_load_connections{state=\"open\"} 8\n");
	free(text);
	wr_result_end(t.result, now(WR_LOAD_DONE), &(struct wr_result_end) {0});
	wr_result_close(t.result);
}

static void drops_before_the_run_are_not_told(void **state)
{
	t.snapshot->core[0].stats.verdict[WR_V_tcp_bad_checksum] = 3;
	begin();
	open_connections();
	t.snapshot->core[0].stats.verdict[WR_V_tcp_bad_checksum] = 10;
	second(WR_LOAD_MEASURE, RATE);
	wr_result_end(t.result, now(WR_LOAD_DONE), &(struct wr_result_end) {0});
	t.document = json_deep_copy(wr_result_document(t.result));
	wr_result_close(t.result);
	assert_true(number("end/drops/tcp_bad_checksum") == 7);
}

static void counters_of_both_ends_are_compared(void **state)
{
	struct wr_snapshot *before = wr_snapshot_new(), *after = wr_snapshot_new();
	struct wr_result_end end = {.server_before = before, .server_after = after};

	strcpy(after->instance, "server");
	before->sum.n[WR_STAT_tcp_passive_opens] = 100;
	after->sum.n[WR_STAT_tcp_passive_opens] = 107;
	before->sum.verdict[WR_V_tcp_bad_checksum] = 3;
	after->sum.verdict[WR_V_tcp_bad_checksum] = 10;
	begin();
	run_with(1, RATE, end);
	wr_result_close(t.result);
	assert_string_equal(json_string_value(member("server/compared/0/name")),
	                    "tcp_connections");
	assert_true(number("server/compared/0/client") == 8);
	assert_true(number("server/compared/0/server") == 7);
	assert_true(number("server/compared/0/difference") == -1);
	assert_true(number("server/drops/tcp_bad_checksum") == 7);
	free(before);
	free(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rates_are_of_the_measurement_alone),
		TEST(a_measurement_too_short_for_a_sample_counts),
		TEST(latencies_are_told_with_count_and_histogram),
		TEST(percentiles_without_enough_samples_are_left_out),
		TEST(an_offer_that_was_not_achieved_is_invalid),
		TEST(an_offer_achieved_to_99_percent_is_valid),
		TEST(a_bitrate_is_an_offer_too),
		TEST(connections_that_were_never_open_are_an_offer_missed),
		TEST(a_missed_requirement_is_exit_code_4),
		TEST(a_requirement_on_what_was_not_measured_is_missed),
		TEST(broken_connections_fail_the_test),
		TEST(a_requirement_on_errors_takes_the_place_of_none_at_all),
		TEST(a_target_that_never_answers_fails_with_the_reason),
		TEST(an_interrupt_ends_with_130_and_a_whole_document),
		TEST(an_error_half_way_loses_nothing),
		TEST(an_early_error_is_a_document_too),
		TEST(repeats_are_told_with_median_and_spread),
		TEST(the_line_of_a_second_has_the_columns_of_the_mode),
		TEST(a_stream_is_shown_as_iperf3_shows_it),
		TEST(a_long_run_keeps_a_bounded_number_of_intervals),
		TEST(prometheus_gets_what_counted_until_the_last_second),
		TEST(drops_before_the_run_are_not_told),
		TEST(counters_of_both_ends_are_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
