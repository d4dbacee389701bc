/* SPDX-License-Identifier: BSD-3-Clause */
/* The simulator's command. */

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "cuts.h"
#include "labels.h"
#include "scenarios.h"
#include "tables.h"
#include "wr_test.h"

static const char usage[] =
	"usage: wringer_sim --scenarios                    every named situation, a test each\n"
	"       wringer_sim --list                         their names\n"
	"       wringer_sim --seeds 1-2000                 swarm testing\n"
	"       wringer_sim --fresh 500                    seeds that nobody has seen yet\n"
	"       wringer_sim --fresh 1000000 --seconds 60 --failures 1\n"
	"                                                  for so long, until so many fail\n"
	"       wringer_sim --seed N --trace --pcap FILE   one of them, looked at closely\n"
	"       wringer_sim --seed N --cuts WHAT           without some: what a failure "
	"prints\n"
	"       wringer_sim --scenario NAME --seed N --trace\n"
	"       wringer_sim --table NAME [--golden FILE]   goodput, fairness, recovery; is it "
	"the\n"
	"                                                  file's?\n";

struct options {
	uint64_t first, last;
	const struct sim_scenario *scenario;
	const char *pcap;
	const char *golden;
	sim_table table;
	bool scenarios, list, trace, closely;
	struct sim_cuts cuts;
	unsigned failures_most, seconds_most;
};

static void make_plan(const struct sim_scenario *scenario, struct sim_plan *plan, uint64_t seed)
{
	if (!scenario) {
		sim_plan_draw(plan, seed);
		return;
	}
	sim_plan_calm(plan, seed);
	scenario->prepare(plan);
}

/* Runs it once more and keeps what was on the wire; false: not all of it. */
static bool keep_pcap(struct sim_world *world, const struct sim_plan *plan, const char *path,
                      bool trace)
{
	FILE *pcap = path ? fopen(path, "wb") : NULL;
	struct sim_result result;
	bool kept = pcap || !path;

	if (!kept)
		perror(path);
	sim_run(world, plan, pcap, trace ? stdout : NULL, &result);
	if (pcap && fclose(pcap)) {
		perror(path);
		kept = false;
	}
	return kept;
}

/* Runs it with ever less around the failure, and tells how to see what is left. */
static void tell_shortened(struct sim_world *world, const struct sim_scenario *scenario,
                           const struct sim_plan *plan, const struct sim_result *result)
{
	struct sim_plan shortened = *plan;
	struct sim_result left = *result;
	struct sim_cuts cuts = {0};
	char text[SIM_CUTS_TEXT], path[128];
	unsigned runs = sim_shorten(world, plan, &cuts, &left);

	sim_cuts_write(&cuts, text);
	sim_cuts_apply(&cuts, &shortened);
	if (sim_labels_failed(&left))
		sim_labels_tell(world, &shortened);
	snprintf(path, sizeof(path), "sim-%s-%" PRIu64 "-short.pcap",
	         scenario ? scenario->name : "seed", plan->seed);
	keep_pcap(world, &shortened, path, false);
	fprintf(stderr,
	        "  shortened by %u runs from %" PRIu64 " frames and %u faults to %" PRIu64
	        " and %u (%s):\n  wringer_sim%s%s --seed %" PRIu64 " --trace --cuts '%s'\n",
	        runs, result->frames, result->faults, left.frames, left.faults, path,
	        scenario ? " --scenario " : "", scenario ? scenario->name : "", plan->seed,
	        text);
}

static void tell_failure(struct sim_world *world, const struct sim_scenario *scenario,
                         const struct sim_plan *plan, const struct sim_result *result)
{
	char path[128];

	snprintf(path, sizeof(path), "sim-%s-%" PRIu64 ".pcap",
	         scenario ? scenario->name : "seed", plan->seed);
	keep_pcap(world, plan, path, false);
	fprintf(stderr, "seed %" PRIu64 ", after %.6f s: not so: %s (%s)\n", plan->seed,
	        (double)result->end_ns / 1e9, result->why, path);
	if (sim_labels_failed(result))
		sim_labels_tell(world, plan);
	tell_shortened(world, scenario, plan, result);
}

/* ---- named situations, as tests ---- */

static struct sim_world *the_world(void **state)
{
	static struct sim_world world;

	(void)state;
	if (!world.pool[0][0])
		sim_world_init(&world);
	return &world;
}

static void run_scenario(void **state)
{
	const struct sim_scenario *scenario = *state;
	struct sim_world *world = the_world(state);
	struct sim_result result;
	struct sim_plan plan;

	for (uint64_t seed = 1; seed <= scenario->seeds; seed++) {
		const char *wrong = NULL;

		make_plan(scenario, &plan, seed);
		sim_run_thrice(world, &plan, &result);
		if (result.ok && scenario->judge)
			wrong = scenario->judge(&plan, &result);
		if (wrong)
			fail_msg("seed %" PRIu64 ": %s", seed, wrong);
		if (!result.ok) {
			tell_failure(world, scenario, &plan, &result);
			fail_msg("seed %" PRIu64 ": %s", seed, result.why);
		}
	}
}

static int run_scenarios(void)
{
	const struct sim_scenario *s;
	struct CMUnitTest *test;
	unsigned n = 0;
	int failed;

	while (sim_scenario(n))
		n++;
	test = calloc(n, sizeof(*test));
	for (unsigned i = 0; (s = sim_scenario(i)); i++)
		test[i] = (struct CMUnitTest) {
			.name = s->name,
			.test_func = run_scenario,
			.initial_state = (void *)(uintptr_t)s,
		};
	failed = _cmocka_run_group_tests("sim", test, n, NULL, NULL);
	free(test);
	return failed;
}

/* ---- seeds ---- */

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What few seeds come to: it must have been tried. */
static void tell_rare(const struct wr_stats *sum)
{
	printf("%" PRIu64 " connections were opened by a SYN with text, %" PRIu64
	       " by a cookie; limits refused %" PRIu64 " segments; %" PRIu64
	       " flights were proven lost by the answer to a probe\n",
	       sum->n[WR_STAT_tcp_fastopen_passive], sum->n[WR_STAT_tcp_cookies_accepted],
	       sum->verdict[WR_V_tcp_listener_full] + sum->verdict[WR_V_tcp_source_full],
	       sum->n[WR_STAT_tcp_tlp_proofs]);
}

static int run_seeds(const struct options *options)
{
	struct sim_world *world = the_world(NULL);
	double start = seconds(), took = 0;
	uint64_t frames = 0, runs = 0, relabelled = 0, work = 0, judged = 0, learned = 0;
	struct wr_stats sum = {0};
	unsigned failures = 0;

	for (uint64_t seed = options->first; seed <= options->last; seed++) {
		struct sim_result result;
		struct sim_plan plan;

		make_plan(options->scenario, &plan, seed);
		sim_run_thrice(world, &plan, &result);
		frames += 2 * result.frames;
		relabelled += result.relabelled;
		for (unsigned i = 0; i < plan.hosts; i++)
			wr_stats_sum(&sum, &result.stats[i]);
		judged += result.judged;
		learned += result.learned;
		work = RTE_MAX(work, result.work_most);
		runs++;
		if (!result.ok) {
			tell_failure(world, options->scenario, &plan, &result);
			failures++;
		}
		took = seconds() - start;
		if (failures == options->failures_most ||
		    (options->seconds_most && took > options->seconds_most))
			break;
	}
	printf("seeds %" PRIu64 "-%" PRIu64 ": %" PRIu64 " ran, %u failed; each twice, %" PRIu64
	       " frames; %" PRIu64 " with other labels too, %.1f seeds/s\n",
	       options->first, options->first + runs - 1, runs, failures, frames, relabelled,
	       (double)runs / took);
	printf("cwnd was recomputed after %" PRIu64 " rounds, learnt in %" PRIu64 "\n", judged,
	       learned);
	tell_rare(&sum);
	if (work)
		printf("a frame took %" PRIu64 " basic blocks at most\n", work);
	return failures > 0;
}

static int look_closely(const struct options *options)
{
	struct sim_world *world = the_world(NULL);
	struct sim_result result;
	struct sim_plan plan;
	bool kept;

	make_plan(options->scenario, &plan, options->first);
	sim_cuts_apply(&options->cuts, &plan);
	kept = keep_pcap(world, &plan, options->pcap, options->trace);
	sim_run_thrice(world, &plan, &result);
	printf("seed %" PRIu64 ": %s%s\n", options->first,
	       result.ok ? "good" : "not so: ", result.why);
	if (sim_labels_failed(&result))
		sim_labels_tell(world, &plan);
	return result.ok ? (kept ? 0 : 3) : 1;
}

/* ---- command line ---- */

static uint64_t take_number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 0);

	if (n && !*end && text[0] != '-')
		return n;
	fprintf(stderr, "%s is not a whole number above 0\n", text);
	exit(2);
}

static const struct sim_scenario *find_scenario(const char *name)
{
	const struct sim_scenario *s;

	for (unsigned i = 0; (s = sim_scenario(i)); i++)
		if (strcmp(s->name, name) == 0)
			return s;
	fprintf(stderr, "there is no scenario %s; --list lists them\n", name);
	exit(2);
}

static void take_range(struct options *options, const char *text)
{
	char *end;

	options->first = options->last = strtoull(text, &end, 0);
	if (*end == '-')
		options->last = strtoull(end + 1, &end, 0);
	if (*end || end == text || options->last < options->first) {
		fprintf(stderr, "%s is not a seed or a range of seeds as 1-2000\n", text);
		exit(2);
	}
}

/* `count` seeds from a place that nobody has been to. */
static void take_fresh(struct options *options, const char *count)
{
	uint32_t place;

	if (getrandom(&place, sizeof(place), 0) != sizeof(place))
		place = (uint32_t)time(NULL);
	options->first = (uint64_t)place << 20;
	options->last = options->first + take_number(count) - 1;
	printf("seeds from %" PRIu64 " on\n", options->first);
	fflush(stdout);
}

static void take_cuts(struct options *options, const char *text)
{
	if (sim_cuts_read(&options->cuts, text))
		return;
	fprintf(stderr, "these cuts cannot be read: %s\n", text);
	exit(2);
}

static void take_table(struct options *options, const char *name)
{
	options->table = sim_table_named(name);
	if (options->table)
		return;
	fprintf(stderr, "there is no table %s\n", name);
	exit(2);
}

static void take(struct options *options, int c)
{
	switch (c) {
	case 's':
		take_range(options, optarg);
		break;
	case 'r':
		take_fresh(options, optarg);
		break;
	case 'w':
		options->seconds_most = (unsigned)take_number(optarg);
		break;
	case 'c':
		take_cuts(options, optarg);
		options->closely = true;
		break;
	case 'n':
		options->scenario = find_scenario(optarg);
		break;
	case 'a':
		options->scenarios = true;
		break;
	case 'l':
		options->list = true;
		break;
	case 'p':
		options->pcap = optarg;
		break;
	case 't':
		options->trace = true;
		break;
	case 'f':
		options->failures_most = (unsigned)take_number(optarg);
		break;
	case 'b':
		take_table(options, optarg);
		break;
	case 'g':
		options->golden = optarg;
		break;
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		fputs(usage, stderr);
		exit(2);
	}
}

static void take_arguments(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{"seeds", required_argument, NULL, 's'},
		{"seed", required_argument, NULL, 's'},
		{"fresh", required_argument, NULL, 'r'},
		{"seconds", required_argument, NULL, 'w'},
		{"cuts", required_argument, NULL, 'c'},
		{"scenario", required_argument, NULL, 'n'},
		{"scenarios", no_argument, NULL, 'a'},
		{"list", no_argument, NULL, 'l'},
		{"pcap", required_argument, NULL, 'p'},
		{"trace", no_argument, NULL, 't'},
		{"failures", required_argument, NULL, 'f'},
		{"table", required_argument, NULL, 'b'},
		{"golden", required_argument, NULL, 'g'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int c;

	*options = (struct options) {.first = 1, .last = 100, .failures_most = 10};
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		take(options, c);
}

static void list_scenarios(void)
{
	const struct sim_scenario *s;

	for (unsigned i = 0; (s = sim_scenario(i)); i++)
		puts(s->name);
}

int main(int argc, char **argv)
{
	struct options options;

	take_arguments(argc, argv, &options);
	if (options.list) {
		list_scenarios();
		return 0;
	}
	wr_test_eal(768);
	if (options.table)
		return sim_table_run(the_world(NULL), options.table, options.golden) != 0;
	if (options.scenarios)
		return run_scenarios();
	if (options.trace || options.pcap || options.closely)
		return look_closely(&options);
	return run_seeds(&options);
}
