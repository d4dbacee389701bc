/* SPDX-License-Identifier: BSD-3-Clause */
/* A run with made-up numbers, second by second, and what becomes of it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wr_base.h"
#include "wr_result.h"
#include "wr_test.h"

#define RATE 1000 /* requests a second of the made-up generator */

static struct {
	struct wr_load_conf load;
	struct wr_result_conf conf;
	struct wr_result *result;
	struct wr_load_stats *stats;
	struct wr_snapshot *snapshot;
	struct wr_result_sample sample;
	struct wr_require require[4];
	char *out, *log, *live;
	size_t bytes[3];
	char folder[32], path[64];
	json_t *document;
} t;

static char *words[] = {"wringer", "load", "198.18.0.1:7", "--rps", "1000", NULL};

static int set_up(void **state)
{
	memset(&t, 0, sizeof(t));
	t.stats = wr_test_zalloc(sizeof(*t.stats));
	for (unsigned i = 0; i < WR_LATENCY_COUNT; i++)
		wr_histogram_clear(&t.stats->latency[i]);
	t.snapshot = wr_snapshot_new();
	t.snapshot->cores = 1;
	t.load = (struct wr_load_conf) {
		.mode = WR_LOAD_RR,
		.set = {.connections = 8, .rps = RATE},
		.duration_ns = WR_S(5),
		.seed = 42,
	};
	t.conf = (struct wr_result_conf) {
		.argc = 5,
		.argv = words,
		.load = &t.load,
		.target = "198.18.0.1:7",
		.version = "0.1.0",
		.start_unix_ns = WR_S(1700000000),
		.require = t.require,
		.out = open_memstream(&t.out, &t.bytes[0]),
		.log = open_memstream(&t.log, &t.bytes[1]),
		.live = open_memstream(&t.live, &t.bytes[2]),
	};
	t.sample.set = t.load.set;
	strcpy(t.folder, P_tmpdir "/wr_result_XXXXXX");
	return mkdtemp(t.folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[64];

	json_decref(t.document);
	fclose(t.conf.out);
	fclose(t.conf.log);
	fclose(t.conf.live);
	free(t.out);
	free(t.log);
	free(t.live);
	free(t.stats);
	free(t.snapshot);
	snprintf(command, sizeof(command), "rm -rf %s", t.folder);
	return system(command);
}

static const char *in_folder(const char *name)
{
	snprintf(t.path, sizeof(t.path), "%s/%s", t.folder, name);
	return t.path;
}

static void require(const char *text)
{
	struct wr_err err;

	assert_int_equal(wr_require_parse(text, &t.require[t.conf.requires ++], &err), 0);
}

static const struct wr_result_sample *now(enum wr_load_phase phase)
{
	t.sample.phase = phase;
	t.sample.load = t.stats;
	t.snapshot->sum = t.snapshot->core[0].stats;
	t.sample.snapshot = t.snapshot;
	return &t.sample;
}

static void count(enum wr_load_stat stat, uint64_t n)
{
	t.stats->n[stat] += n;
}

/* A second goes by in which so many of the requests that were due are answered. */
static void second(enum wr_load_phase phase, unsigned answered)
{
	t.sample.time_ns += WR_S(1);
	if (phase == WR_LOAD_MEASURE) {
		count(WR_LOAD_STAT_requests_planned, RATE);
		count(WR_LOAD_STAT_requests_sent, answered);
		count(WR_LOAD_STAT_responses, answered);
		for (unsigned i = 0; i < answered; i++)
			wr_histogram_record(&t.stats->latency[WR_LATENCY_response],
			                    10000 + 10 * i);
	}
	count(WR_LOAD_STAT_bytes_sent, 64 * answered);
	count(WR_LOAD_STAT_bytes_received, 64 * answered);
	t.snapshot->core[0].stats.n[WR_STAT_cycles_busy] += 700;
	t.snapshot->core[0].stats.n[WR_STAT_cycles_idle] += 300;
	wr_result_second(t.result, now(phase));
}

static void begin(void)
{
	struct wr_err err = {0};

	t.result = wr_result_new(&t.conf, &err);
	if (!t.result)
		fail_msg("%s", err.text);
}

static void open_connections(void)
{
	wr_result_begin(t.result, now(WR_LOAD_OPENING));
	count(WR_LOAD_STAT_connections_attempted, 8);
	count(WR_LOAD_STAT_connections_opened, 8);
	t.stats->open = 8;
}

/* A run of 1 s warm-up and `seconds` of measurement; its exit code. */
static enum wr_exit run_with(unsigned seconds, unsigned answered, struct wr_result_end end)
{
	enum wr_exit code;

	open_connections();
	wr_result_mark(t.result, now(WR_LOAD_WARMUP));
	second(WR_LOAD_WARMUP, answered);
	wr_result_mark(t.result, now(WR_LOAD_MEASURE));
	for (unsigned i = 0; i < seconds; i++)
		second(WR_LOAD_MEASURE, answered);
	wr_result_mark(t.result, now(WR_LOAD_DRAIN));
	code = wr_result_end(t.result, now(WR_LOAD_DONE), &end);
	json_decref(t.document);
	t.document = json_deep_copy(wr_result_document(t.result));
	return code;
}

static enum wr_exit run(unsigned seconds, unsigned answered)
{
	begin();
	run_with(seconds, answered, (struct wr_result_end) {0});
	return wr_result_close(t.result);
}

/* "end.rates.responses_per_s" of the document; NULL: it has none. */
static const json_t *member(const char *path)
{
	const json_t *value = t.document;
	char name[64];
	size_t n;

	for (; *path; path += n + (path[n] == '/')) {
		n = strcspn(path, "/");
		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		value = json_is_array(value) ? json_array_get(value, (size_t)atoi(name))
		                             : json_object_get(value, name);
	}
	return value;
}

static double number(const char *path)
{
	if (!json_is_number(member(path)))
		fail_msg("there is no %s", path);
	return json_number_value(member(path));
}

static bool near(double a, double b)
{
	return a > b * 0.999 && a < b * 1.001;
}

static void assert_says(const char *text, const char *wanted)
{
	if (!strstr(text, wanted))
		fail_msg("no '%s' in: %s", wanted, text);
}

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

static void a_path_that_cannot_be_written_is_told_before_the_run(void **state)
{
	struct wr_err err = {0};

	t.conf.json = "/nowhere/at/all.json";
	assert_null(wr_result_new(&t.conf, &err));
	assert_int_equal(err.exit, WR_EXIT_ENVIRONMENT);
	assert_says(err.text, "'/nowhere/at/all.json'");
	t.conf.json = NULL;
	t.conf.csv = t.folder;
	assert_null(wr_result_new(&t.conf, &err));
	assert_says(err.text, t.folder);
	t.conf.csv = NULL;
	t.conf.hgrm = "/nowhere/at/all";
	assert_null(wr_result_new(&t.conf, &err));
	assert_says(err.text, "/nowhere/at/all");
}

static void two_formats_on_standard_output_are_refused(void **state)
{
	struct wr_err err = {0};

	t.conf.json = "-";
	t.conf.json_stream = true;
	assert_null(wr_result_new(&t.conf, &err));
	assert_int_equal(err.exit, WR_EXIT_USAGE);
}

static void a_full_disk_sends_the_document_elsewhere(void **state)
{
	struct stat st;

	t.conf.json = "/dev/full";
	assert_int_equal(run(1, RATE), WR_EXIT_FAILED);
	fflush(t.conf.log);
	assert_says(t.log, "'/dev/full': No space left on device");
	fflush(t.conf.out);
	json_decref(t.document);
	t.document = json_loads(t.out, 0, NULL);
	assert_true(near(number("end/rates/responses_per_s"), RATE));
	assert_int_equal(stat("/dev/full", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
}

static void a_full_disk_under_the_csv_file_is_told_once(void **state)
{
	const char *first;

	t.conf.csv = "/dev/full";
	assert_int_equal(run(3, RATE), WR_EXIT_FAILED);
	fflush(t.conf.log);
	first = strstr(t.log, "No space left");
	assert_non_null(first);
	assert_null(strstr(first + 1, "No space left"));
}

static void an_old_document_stays_until_the_new_one_is_complete(void **state)
{
	FILE *old = fopen(in_folder("r.json"), "w");

	fputs("old", old);
	fclose(old);
	t.conf.json = t.path;
	begin();
	old = fopen(t.path, "r");
	assert_int_equal(fgetc(old), 'o');
	fclose(old);
	run_with(1, RATE, (struct wr_result_end) {0});
	wr_result_close(t.result);
	old = fopen(t.path, "r");
	assert_int_equal(fgetc(old), '{');
	fclose(old);
	assert_int_equal(access(in_folder("r.json.part"), F_OK), -1);
}

static unsigned lines_of(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned lines = 0;

	assert_non_null(file);
	for (int c; (c = fgetc(file)) != EOF;)
		lines += c == '\n';
	fclose(file);
	return lines;
}

static void csv_grows_by_a_row_a_second(void **state)
{
	t.conf.csv = in_folder("r.csv");
	begin();
	assert_int_equal(lines_of(t.path), 1);
	open_connections();
	second(WR_LOAD_MEASURE, RATE);
	assert_int_equal(lines_of(t.path), 2);
	second(WR_LOAD_MEASURE, RATE);
	assert_int_equal(lines_of(t.path), 3);
	wr_result_end(t.result, now(WR_LOAD_DONE), &(struct wr_result_end) {0});
	wr_result_close(t.result);
}

static void a_stream_is_one_event_a_line(void **state)
{
	static const char *const events[] = {"start", "interval", "interval", "end"};
	char *line;

	t.conf.json_stream = true;
	run(1, RATE);
	fflush(t.conf.out);
	line = strtok(t.out, "\n");
	for (unsigned i = 0; i < WR_LEN(events); i++) {
		json_t *event = json_loads(line, 0, NULL);

		assert_non_null(event);
		assert_string_equal(json_string_value(json_object_get(event, "event")),
		                    events[i]);
		json_decref(event);
		line = strtok(NULL, "\n");
	}
	assert_null(line);
}

static void each_latency_has_its_hgrm_file(void **state)
{
	char path[80];

	t.conf.hgrm = in_folder("h");
	run(1, RATE);
	snprintf(path, sizeof(path), "%s/h-response.hgrm", t.folder);
	assert_true(lines_of(path) > 20);
	snprintf(path, sizeof(path), "%s/h-connect.hgrm", t.folder);
	assert_int_equal(access(path, F_OK), -1);
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

static void counters_of_both_ends_are_compared(void **state)
{
	struct wr_snapshot *before = wr_snapshot_new(), *after = wr_snapshot_new();
	struct wr_result_end end = {.server_before = before, .server_after = after};

	strcpy(after->instance, "server");
	before->sum.n[WR_STAT_tcp_passive_opens] = 100;
	after->sum.n[WR_STAT_tcp_passive_opens] = 107;
	begin();
	run_with(1, RATE, end);
	wr_result_close(t.result);
	assert_string_equal(json_string_value(member("server/compared/0/name")),
	                    "tcp_connections");
	assert_true(number("server/compared/0/client") == 8);
	assert_true(number("server/compared/0/server") == 7);
	assert_true(number("server/compared/0/difference") == -1);
	free(before);
	free(after);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rates_are_of_the_measurement_alone),
		TEST(a_measurement_too_short_for_a_sample_counts),
		TEST(latencies_are_told_with_count_and_histogram),
		TEST(percentiles_without_enough_samples_are_left_out),
		TEST(an_offer_that_was_not_achieved_is_invalid),
		TEST(an_offer_achieved_to_99_percent_is_valid),
		TEST(connections_that_were_never_open_are_an_offer_missed),
		TEST(a_missed_requirement_is_exit_code_4),
		TEST(a_requirement_on_what_was_not_measured_is_missed),
		TEST(broken_connections_fail_the_test),
		TEST(a_requirement_on_errors_takes_the_place_of_none_at_all),
		TEST(a_target_that_never_answers_fails_with_the_reason),
		TEST(an_interrupt_ends_with_130_and_a_whole_document),
		TEST(an_error_half_way_loses_nothing),
		TEST(an_early_error_is_a_document_too),
		TEST(a_path_that_cannot_be_written_is_told_before_the_run),
		TEST(two_formats_on_standard_output_are_refused),
		TEST(a_full_disk_sends_the_document_elsewhere),
		TEST(a_full_disk_under_the_csv_file_is_told_once),
		TEST(an_old_document_stays_until_the_new_one_is_complete),
		TEST(csv_grows_by_a_row_a_second),
		TEST(a_stream_is_one_event_a_line),
		TEST(each_latency_has_its_hgrm_file),
		TEST(repeats_are_told_with_median_and_spread),
		TEST(the_line_of_a_second_has_the_columns_of_the_mode),
		TEST(a_stream_is_shown_as_iperf3_shows_it),
		TEST(a_long_run_keeps_a_bounded_number_of_intervals),
		TEST(prometheus_gets_what_counted_until_the_last_second),
		TEST(counters_of_both_ends_are_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
