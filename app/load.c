/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "commands.h"
#include "load.h"
#include "revision.h"

/* `wringer load`: the command line, what it asks for, and how it ends. */

#define LOOK_EVERY_NS WR_MS(5)
#define FILE_MOST     (64u << 20) /* bytes of a payload file */

/* All that one load consists of. */
struct command {
	struct wr_conf conf;
	struct wr_load_conf load;
	struct wr_require require[WR_REQUIRES];
	unsigned requires, workers;
	uint8_t *file;   /* the payload; NULL: none */
	json_t *machine; /* the result has it too */
	struct wr_result_conf report;
};

static void print_help(void)
{
	fputs("Usage: wringer load TARGET --port DEVICE --ip ADDR/LENGTH [--name value]...\n"
	      "\n"
	      "Loads the TCP or UDP server at TARGET from a device that DPDK drives, and "
	      "measures.\n"
	      "TARGET is ADDR, ADDR:PORT or http://ADDR[:PORT]/PATH.\n"
	      "\n"
	      "  wringer load 198.18.0.9:7 --port tap:wr0 --ip 198.18.0.1/24\n"
	      "  wringer load 198.18.0.9 --mode rr --connections 1000 --rps 200k "
	      "--duration 30s \\\n"
	      "          --port 0000:3b:00.0 --ip 198.18.0.1/24 --require 'p99<50us' --json\n"
	      "  wringer load http://198.18.0.9/index.html --connections 100 --port tap:wr0 "
	      "\\\n"
	      "          --ip 198.18.0.1/24\n"
	      "\n"
	      "A rate (--cps, --rps, --bitrate, --pps) is planned and latency counts from the "
	      "plan;\n"
	      "without one, each connection asks again as soon as it is answered.\n"
	      "docs/load.md tells of modes, setpoints and results.\n"
	      "\n"
	      "Exit codes: 0 done, 1 the test failed, 2 command line, 3 environment, 4 a "
	      "--require\n"
	      "was missed, 5 the measurement is invalid, 130 interrupted.\n",
	      stdout);
	wr_conf_print_help(stdout, WR_CONF_LOAD);
}

/* ---- what it needs beside keys ---- */

static int read_requires(struct command *command, struct wr_err *err)
{
	const struct wr_conf_text_list *list = &command->conf.load.require;
	int rc = 0;

	static_assert(WR_CONF_TEXTS <= WR_REQUIRES, "every threshold that can be given");
	for (unsigned i = 0; i < list->count && rc == 0; i++)
		rc = wr_require_parse(list->text[i], &command->require[i], err);
	command->requires = list->count;
	return rc;
}

static int refuse_file(const char *path, const char *why, struct wr_err *err)
{
	return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
	                  "--payload: '%s' %s; name a file of 1 byte to 64 MiB", path, why);
}

static int read_file(struct command *command, struct wr_err *err)
{
	const char *path = command->conf.load.payload + strlen("file:");
	FILE *in;

	if (command->load.payload != WR_LOAD_FILE)
		return 0;
	in = fopen(path, "r");
	if (!in)
		return refuse_file(path, strerror(errno), err);
	command->file = malloc(FILE_MOST + 1);
	if (command->file)
		command->load.file_bytes = fread(command->file, 1, FILE_MOST + 1, in);
	command->load.file = command->file;
	fclose(in);
	if (!command->load.file_bytes)
		return refuse_file(path, "gives no bytes", err);
	return command->load.file_bytes > FILE_MOST ? refuse_file(path, "is too long", err) : 0;
}

/* The seed names the run: without one of the user's, the kernel gives it. JSON's integers have
 * a sign. */
static int draw_seed(struct command *command, struct wr_err *err)
{
	uint64_t *seed = &command->load.seed;

	if (*seed)
		return 0;
	if (getrandom(seed, sizeof(*seed), 0) == (ssize_t)sizeof(*seed)) {
		*seed &= INT64_MAX;
		return 0;
	}
	return wr_err_set(err, WR_EXIT_ENVIRONMENT, -errno,
	                  "the kernel gives no random numbers (%s); give --seed",
	                  strerror(errno));
}

/* Each core has its own connections, so that there are as many of them at least. */
static int spread(struct command *command, struct wr_err *err)
{
	struct wr_conf *conf = &command->conf;
	uint64_t *connections = &command->load.set.connections;
	int rc = wr_appliance_workers(conf, &command->workers, err);

	if (rc < 0 || *connections >= command->workers)
		return rc;
	if (!conf->load.connections) {
		*connections = command->workers;
	} else if (!conf->cores && !conf->lcores[0]) {
		command->workers = (unsigned)*connections;
		conf->cores = *connections;
	} else {
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "--connections: %llu cannot be spread over %u cores; give "
		                  "more, or fewer --cores",
		                  (unsigned long long)*connections, command->workers);
	}
	return 0;
}

static int prepare(struct command *command, struct wr_err *err)
{
	int rc = wr_conf_load(&command->conf, &command->load, err);

	if (rc == 0)
		rc = spread(command, err);
	if (rc == 0) {
		wr_conf_size_load(&command->conf, &command->load, command->workers);
		rc = wr_conf_check(&command->conf, err);
	}
	if (rc == 0)
		rc = wr_load_check(&command->load, err);
	if (rc == 0)
		rc = read_requires(command, err);
	if (rc == 0)
		rc = read_file(command, err);
	return rc == 0 ? draw_seed(command, err) : rc;
}

/* ---- what it tells ---- */

static const char *if_set(const char *text)
{
	return text[0] ? text : NULL;
}

static bool is_stdout(const char *path)
{
	return strcmp(path, "-") == 0;
}

/* Lines for humans go where no document goes. */
static FILE *live_stream(const struct wr_conf *conf)
{
	const struct wr_conf_load *load = &conf->load;

	if (conf->quiet)
		return NULL;
	return is_stdout(load->json) || is_stdout(load->csv) || load->json_stream ? stderr
	                                                                          : stdout;
}

static void fill_report(struct command *command, int argc, char **argv)
{
	const struct wr_conf *conf = &command->conf;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	json_decref(command->machine);
	command->machine = wr_machine_new();
	command->report = (struct wr_result_conf) {
		.argc = argc + 1, /* with the program's name, which is in front of argv[0] */
		.argv = argv - 1,
		.load = &command->load,
		.target = if_set(conf->load.target),
		.version = WR_VERSION,
		.revision = if_set(WR_REVISION),
		.config = wr_report_config(conf),
		.machine = json_incref(command->machine),
		.start_unix_ns = (uint64_t)now.tv_sec * WR_S(1) + (uint64_t)now.tv_nsec,
		.runs = (unsigned)conf->load.repeat,
		.live = live_stream(conf),
		.json = if_set(conf->load.json),
		.json_stream = conf->load.json_stream,
		.csv = if_set(conf->load.csv),
		.hgrm = if_set(conf->load.hgrm),
		.out = stdout,
		.log = stderr,
		.require = command->require,
		.requires = command->requires,
	};
}

static void print_ready(const struct command *command, const struct wr_appliance *app)
{
	fprintf(stderr, "ready %s: %s to %s through %s with %u worker%s\n", app->eal.instance,
	        wr_load_mode_name[command->load.mode], command->conf.load.target,
	        command->conf.port.spec[0], app->eal.workers, app->eal.workers == 1 ? "" : "s");
	fflush(stderr);
}

/* ---- the load ---- */

/* Returns 0 when the result knows how it went; else *err says why nothing began. */
static int go(struct command *command, struct wr_run *run, struct wr_err *err)
{
	const struct wr_role role = {
		.command = "load",
		.client = true,
		.worker_bytes = wr_load_bytes(&command->load, command->workers),
		.attach = wr_run_attach,
		.detach = wr_run_detach,
		.look = wr_run_look,
		.look_every_ns = LOOK_EVERY_NS,
		.stop = wr_run_stop,
		.set = wr_run_set,
		.families = wr_run_families,
		.arg = run,
	};
	struct wr_appliance app;
	int rc = wr_appliance_start(&app, &role, &command->conf, err);

	if (rc < 0)
		return rc;
	if (command->conf.verbose)
		wr_report_start(stderr, &app);
	wr_machine_add(command->machine, &app);
	print_ready(command, &app);
	wr_control_run(&app);
	wr_run_conclude(run, &app);
	free(wr_appliance_stop(&app));
	return 0;
}

static enum wr_exit load(struct command *command, int argc, char **argv, struct wr_err *err)
{
	struct wr_result *result;
	struct wr_run run;
	enum wr_exit code;
	int rc;

	fill_report(command, argc, argv);
	result = wr_result_new(&command->report, err);
	if (!result)
		return err->exit;
	rc = wr_run_init(&run, &command->conf, &command->load, result, err);
	if (rc == 0)
		rc = go(command, &run, err);
	wr_run_fini(&run);
	code = wr_result_close(result);
	return rc < 0 ? err->exit : code;
}

/* Where results were to go, by the words behind the mistake that nobody has read. */
static void find_outputs(struct wr_result_conf *report, int argc, char **argv)
{
	static const char json[] = "--json=";

	for (int i = 1; i < argc && !report->json && !report->json_stream; i++) {
		if (strcmp(argv[i], "--json") == 0)
			report->json = "-";
		else if (strncmp(argv[i], json, strlen(json)) == 0)
			report->json = argv[i] + strlen(json);
		else
			report->json_stream = strcmp(argv[i], "--json-stream") == 0;
	}
}

/* The sentence, and a document wherever one was asked for. */
static enum wr_exit tell(struct command *command, int argc, char **argv,
                         const struct wr_err *err)
{
	fill_report(command, argc, argv);
	find_outputs(&command->report, argc, argv);
	return wr_result_error(&command->report, err);
}

static enum wr_exit run(struct command *command, int argc, char **argv, struct wr_err *err)
{
	enum wr_exit code;

	if (prepare(command, err) < 0)
		return tell(command, argc, argv, err);
	wr_control_block_signals();
	err->exit = WR_EXIT_OK;
	code = load(command, argc, argv, err);
	return err->exit == WR_EXIT_OK ? code : tell(command, argc, argv, err);
}

int wr_app_load(int argc, char **argv)
{
	struct command *command = calloc(1, sizeof(*command));
	struct wr_err err = {.exit = WR_EXIT_OK};
	enum wr_exit code = WR_EXIT_OK;
	enum wr_conf_action action;

	if (!command)
		return WR_EXIT_ENVIRONMENT;
	if (wr_conf_args(&command->conf, WR_CONF_LOAD, argc, argv, &action, &err) < 0)
		code = tell(command, argc, argv, &err);
	else if (action == WR_CONF_HELP)
		print_help();
	else if (action == WR_CONF_PRINT)
		wr_conf_print(stdout, &command->conf);
	else if (action == WR_CONF_MARKDOWN)
		wr_conf_print_markdown(stdout);
	else
		code = run(command, argc, argv, &err);
	json_decref(command->machine);
	free(command->file);
	free(command);
	return (int)code;
}
