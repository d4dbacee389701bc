/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "result_rig.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_path_that_cannot_be_written_is_told_before_the_run),
		TEST(two_formats_on_standard_output_are_refused),
		TEST(a_full_disk_sends_the_document_elsewhere),
		TEST(a_full_disk_under_the_csv_file_is_told_once),
		TEST(an_old_document_stays_until_the_new_one_is_complete),
		TEST(csv_grows_by_a_row_a_second),
		TEST(a_stream_is_one_event_a_line),
		TEST(each_latency_has_its_hgrm_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
