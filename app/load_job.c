/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "load.h"
#include "revision.h"

/* One load from its options to its result: what it needs beside keys, and how it ends. */

#define LOOK_EVERY_NS WR_MS(5)
#define FILE_MOST     (64u << 20) /* bytes of a payload file */

/* ---- what it needs beside keys ---- */

static int read_requires(struct wr_job *job, struct wr_err *err)
{
	const struct wr_conf_text_list *list = &job->conf.load.require;
	int rc = 0;

	static_assert(WR_CONF_TEXTS <= WR_REQUIRES, "every threshold that can be given");
	for (unsigned i = 0; i < list->count && rc == 0; i++)
		rc = wr_require_parse(list->text[i], &job->require[i], err);
	job->requires = list->count;
	return rc;
}

static int refuse_file(const char *path, const char *why, struct wr_err *err)
{
	return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
	                  "--payload: '%s': %s; name a file of 1 byte to 64 MiB", path, why);
}

static int read_file(struct wr_job *job, struct wr_err *err)
{
	const char *path = job->conf.load.payload + strlen("file:");
	FILE *in;

	if (job->load.payload != WR_LOAD_FILE)
		return 0;
	in = fopen(path, "r");
	if (!in)
		return refuse_file(path, strerror(errno), err);
	job->file = malloc(FILE_MOST + 1);
	if (job->file)
		job->load.file_bytes = fread(job->file, 1, FILE_MOST + 1, in);
	job->load.file = job->file;
	fclose(in);
	if (!job->load.file_bytes)
		return refuse_file(path, "it gives no bytes", err);
	return job->load.file_bytes > FILE_MOST ? refuse_file(path, "it is too long", err) : 0;
}

/* The seed names the run: without one of the user's, the kernel gives it. JSON's integers have
 * a sign. */
static int draw_seed(struct wr_job *job, struct wr_err *err)
{
	uint64_t *seed = &job->load.seed;

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
static int spread(struct wr_job *job, struct wr_err *err)
{
	struct wr_conf *conf = &job->conf;
	uint64_t *connections = &job->load.set.connections;
	int rc = job->workers ? 0 : wr_appliance_workers(conf, &job->workers, err);

	if (rc < 0 || *connections >= job->workers)
		return rc;
	if (!conf->load.connections) {
		*connections = job->workers;
	} else if (!conf->cores && !conf->lcores[0]) {
		job->workers = (unsigned)*connections;
		conf->cores = *connections;
	} else {
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL,
		                  "--connections: %llu cannot be spread over %u cores; give "
		                  "more, or fewer --cores",
		                  (unsigned long long)*connections, job->workers);
	}
	return 0;
}

static int prepare(struct wr_job *job, struct wr_err *err)
{
	int rc = wr_conf_load(&job->conf, &job->load, err);

	if (rc == 0) {
		job->conf.load.mode = job->load.mode; /* of a URL */
		rc = spread(job, err);
	}
	if (rc == 0) {
		wr_conf_size_load(&job->conf, &job->load, job->workers);
		rc = wr_conf_check(&job->conf, err);
	}
	if (rc == 0)
		rc = read_file(job, err);
	if (rc == 0)
		rc = wr_load_check(&job->load, err);
	if (rc == 0)
		rc = read_requires(job, err);
	return rc == 0 ? draw_seed(job, err) : rc;
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

static void fill_report(struct wr_job *job, int argc, char **argv)
{
	const struct wr_conf *conf = &job->conf;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	json_decref(job->machine);
	job->machine = wr_machine_new();
	job->report = (struct wr_result_conf) {
		.argc = argc + 1, /* with the program's name, which is in front of argv[0] */
		.argv = argv - 1,
		.load = &job->load,
		.target = if_set(conf->load.target),
		.version = WR_VERSION,
		.revision = if_set(WR_REVISION),
		.config = wr_console_config(conf),
		.machine = json_incref(job->machine),
		.start_unix_ns = (uint64_t)now.tv_sec * WR_S(1) + (uint64_t)now.tv_nsec,
		.runs = (unsigned)conf->load.repeat,
		.live = live_stream(conf),
		.json = if_set(conf->load.json),
		.json_stream = conf->load.json_stream,
		.csv = if_set(conf->load.csv),
		.hgrm = if_set(conf->load.hgrm),
		.out = stdout,
		.log = stderr,
		.require = job->require,
		.requires = job->requires,
	};
}

static void print_ready(const struct wr_job *job, const struct wr_appliance *app)
{
	fprintf(stderr, "ready %s: %s to %s through %s with %u worker%s\n", app->eal.instance,
	        wr_load_mode_name[job->load.mode], job->conf.load.target,
	        job->conf.port.spec[0], app->eal.workers, app->eal.workers == 1 ? "" : "s");
	fflush(stderr);
}

/* ---- the load ---- */

/* Returns 0 when the result knows how it went; else *err says why nothing began. */
static int go(struct wr_job *job, struct wr_err *err)
{
	struct wr_role role = {
		.command = "load",
		.client = true,
		.worker_bytes = wr_load_bytes(&job->load, job->workers) +
	                        wr_flood_bytes(&job->run, job->workers),
		.attach = wr_run_attach,
		.detach = wr_run_detach,
		.look = wr_run_look,
		.look_every_ns = LOOK_EVERY_NS,
		.stop = wr_run_stop,
		.set = wr_run_set,
		.families = wr_run_families,
		.arg = &job->run,
	};
	struct wr_appliance app;
	int rc;

	if (job->cast)
		job->cast(job, &role);
	rc = wr_appliance_start(&app, &role, &job->conf, err);
	if (rc < 0)
		return rc;
	if (job->conf.verbose)
		wr_console_start(stderr, &app);
	wr_machine_add(job->machine, &app);
	print_ready(job, &app);
	wr_control_run(&app);
	wr_run_conclude(&job->run, &app);
	free(wr_appliance_stop(&app));
	return 0;
}

static enum wr_exit load(struct wr_job *job, int argc, char **argv, struct wr_err *err)
{
	enum wr_exit code, shown = WR_EXIT_OK;
	struct wr_result *result;
	int rc;

	fill_report(job, argc, argv);
	result = wr_result_new(&job->report, err);
	if (!result)
		return err->exit;
	rc = wr_run_init(&job->run, &job->conf, &job->load, result, err);
	if (rc == 0)
		rc = go(job, err);
	if (rc == 0 && job->show)
		shown = job->show(job, result);
	wr_run_fini(&job->run);
	code = wr_result_close(result);
	if (rc < 0)
		return err->exit;
	return shown == WR_EXIT_OK ? code : shown;
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

enum wr_exit wr_job_tell(struct wr_job *job, int argc, char **argv, const struct wr_err *err)
{
	fill_report(job, argc, argv);
	find_outputs(&job->report, argc, argv);
	return wr_result_error(&job->report, err);
}

enum wr_exit wr_job_run(struct wr_job *job, int argc, char **argv, struct wr_err *err)
{
	enum wr_exit code;

	if (prepare(job, err) < 0)
		return wr_job_tell(job, argc, argv, err);
	wr_control_block_signals();
	err->exit = WR_EXIT_OK;
	code = load(job, argc, argv, err);
	return err->exit == WR_EXIT_OK ? code : wr_job_tell(job, argc, argv, err);
}

void wr_job_fini(struct wr_job *job)
{
	json_decref(job->machine);
	free(job->file);
}
