/* SPDX-License-Identifier: BSD-3-Clause */
/* A run with made-up numbers, second by second. */
#ifndef RESULT_RIG_H
#define RESULT_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
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

static inline const char *in_folder(const char *name)
{
	snprintf(t.path, sizeof(t.path), "%s/%s", t.folder, name);
	return t.path;
}

static inline void require(const char *text)
{
	struct wr_err err;

	assert_int_equal(wr_require_parse(text, &t.require[t.conf.requires ++], &err), 0);
}

static inline const struct wr_result_sample *now(enum wr_load_phase phase)
{
	t.sample.phase = phase;
	t.sample.load = t.stats;
	t.snapshot->sum = t.snapshot->core[0].stats;
	t.sample.snapshot = t.snapshot;
	return &t.sample;
}

static inline void count(enum wr_load_stat stat, uint64_t n)
{
	t.stats->n[stat] += n;
}

/* A second goes by in which so many of the requests that were due are answered. */
static inline void second(enum wr_load_phase phase, unsigned answered)
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

static inline void begin(void)
{
	struct wr_err err = {0};

	t.result = wr_result_new(&t.conf, &err);
	if (!t.result)
		fail_msg("%s", err.text);
}

static inline void open_connections(void)
{
	wr_result_begin(t.result, now(WR_LOAD_OPENING));
	count(WR_LOAD_STAT_connections_attempted, 8);
	count(WR_LOAD_STAT_connections_opened, 8);
	t.stats->open = 8;
}

/* A run of 1 s warm-up and `seconds` of measurement; its exit code. */
static inline enum wr_exit run_with(unsigned seconds, unsigned answered,
                                    struct wr_result_end end)
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

static inline enum wr_exit run(unsigned seconds, unsigned answered)
{
	begin();
	run_with(seconds, answered, (struct wr_result_end) {0});
	return wr_result_close(t.result);
}

/* "end.rates.responses_per_s" of the document; NULL: it has none. */
static inline const json_t *member(const char *path)
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

static inline double number(const char *path)
{
	if (!json_is_number(member(path)))
		fail_msg("there is no %s", path);
	return json_number_value(member(path));
}

static inline bool near(double a, double b)
{
	return a > b * 0.999 && a < b * 1.001;
}

static inline void assert_says(const char *text, const char *wanted)
{
	if (!strstr(text, wanted))
		fail_msg("no '%s' in: %s", wanted, text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif /* RESULT_RIG_H */
