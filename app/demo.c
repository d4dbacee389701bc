/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>

#include "commands.h"
#include "load.h"
#include "wr_html.h"

/*
 * wringer demo: what a load run looks like, without NIC, root or hugepages. Two workers share
 * one net_ring device: each receives what the other sends. Worker 0 is the server, worker 1
 * the client; half way, its network begins to lose frames.
 */

#define SERVER 0
#define CLIENT 1

#define SERVER_ADDR "198.18.0.1"
#define CLIENT_IP   "--ip=198.18.0.2/24"
#define SERVER_IP   0xc6120001

#define LOSS_PPM      10000 /* 1 % */
#define FRAMES_MOST   4096  /* under way in an impairment */
#define BACKLOG       4096  /* of the server: a load needs none */
#define BACKLOG_BYTES 128   /* of each: record, timer and place in the flow table */
#define LOOK_EVERY_NS WR_MS(5)
#define PAGE          "wringer-demo.html"
#define ARGS_MOST     96

/* What the demonstration asks for, before what the user adds. */
static const char *const presets[] = {
	"--port=ring",
	CLIENT_IP,
	"--no-huge",
	"--idle=adaptive",
	"--connections=1000",
	"--cps=500",
	"--rps=10k",
	"--ramp=2s",
	"--duration=10s",
	"--request=64-1000",
	"--protocol=echo",
	"--verify",
	"--reconnect=backoff",
	"--response-timeout=5s",
	"--seed=1",
	"--cores=1",
	SERVER_ADDR,
};

struct demo {
	struct wr_job job;
	struct wr_owner owner; /* each end has one core */
	const char *page;
	bool lossy;
};

static struct demo *demo_of(const struct wr_appliance *app)
{
	return container_of((struct wr_run *)app->role->arg, struct demo, job.run);
}

static void print_help(void)
{
	fputs("Usage: wringer demo [--report FILE] [--name value]...\n"
	      "\n"
	      "A server and a client in one process, joined in memory: no root, no hugepages, "
	      "no\n"
	      "NIC. Opens 1,000 connections, asks 10,000 verified requests a second, loses 1 % "
	      "of\n"
	      "the frames from half of the time on, and writes an HTML page of the results.\n"
	      "\n"
	      "  --report FILE  the page (default " PAGE ")\n"
	      "\n"
	      "Options of `wringer load` change what it does:\n"
	      "\n"
	      "  wringer demo --connections 10k --rps 50k --duration 30s\n",
	      stdout);
}

/* ---- the two ends ---- */

static void shape(struct wr_appliance *app, unsigned worker, struct wr_stack_conf *stack)
{
	struct demo *demo = demo_of(app);

	app->worker[worker]->tx_queue = (uint16_t)(worker ^ 1);
	wr_owner_init(&demo->owner, 1);
	stack->owner = &demo->owner;
	stack->core = 0;
	stack->inbox = NULL;
	stack->ip.mac.addr_bytes[5] ^= (uint8_t)worker;
	if (worker == CLIENT)
		return;
	stack->ip.addr[0].addr = SERVER_IP;
	stack->tcp.half_open = BACKLOG;
	stack->services = 0;
	wr_stack_serve(stack, &wr_service_echo);
}

static int attach(struct wr_appliance *app, unsigned worker, struct wr_err *err)
{
	const struct wr_impair_conf untouched = {.limit = FRAMES_MOST};
	struct wr_worker *w = app->worker[worker];

	for (unsigned side = 0; worker == CLIENT && side < WR_IMPAIR_SIDES; side++) {
		const struct wr_impair_env env = {
			.side = side,
			.pool = w->pool,
			.stats = &w->stats,
			.seed = app->conf->seed,
			.socket = w->socket,
		};

		if (w->impair[side]) /* the user has asked for another network */
			continue;
		w->impair[side] = wr_impair_new(&untouched, &env);
		if (!w->impair[side])
			return wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENOMEM,
			                  "there is no memory for the demonstration; give more "
			                  "with --mem");
	}
	return wr_run_attach(app, worker, err);
}

/* ---- half way ---- */

static void lose_frames(struct wr_stack *stack, void *arg)
{
	const struct wr_impair_conf lossy = {.loss = LOSS_PPM, .limit = FRAMES_MOST};
	struct wr_worker *w = arg;

	for (unsigned side = 0; side < WR_IMPAIR_SIDES; side++)
		wr_impair_set(w->impair[side], &lossy);
}

static bool is_half_way(const struct demo *demo, uint64_t now_ns)
{
	uint64_t from_ns, until_ns;

	wr_load_window(demo->job.run.core[0], &from_ns, &until_ns);
	return demo->job.run.phase == WR_LOAD_MEASURE && until_ns != UINT64_MAX &&
	       now_ns >= from_ns + (until_ns - from_ns) / 2;
}

static bool look(struct wr_appliance *app, uint64_t now_ns)
{
	struct demo *demo = demo_of(app);

	if (!demo->lossy && !app->conf->impair[0] && is_half_way(demo, now_ns)) {
		demo->lossy = true;
		wr_appliance_call(app, CLIENT, lose_frames, app->worker[CLIENT]);
		if (!demo->job.conf.quiet)
			fputs("--- from here on 1 % of the frames are lost, each way ---\n",
			      stderr);
	}
	return wr_run_look(app, now_ns);
}

/* ---- the page ---- */

static int refuse_page(const char *page, int error, struct wr_err *err)
{
	return wr_err_set(err, WR_EXIT_ENVIRONMENT, -error,
	                  "%s cannot be written (%s); name another file with --report", page,
	                  strerror(error));
}

/* Before the run: whether there is a file, or a folder for it, that may be written. */
static int try_page(const char *page, struct wr_err *err)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(page, '/');

	if (access(page, W_OK) == 0)
		return 0;
	if (errno != ENOENT)
		return refuse_page(page, errno, err);
	snprintf(folder, sizeof(folder), "%.*s/.", slash ? (int)(slash - page) : 1,
	         slash ? page : ".");
	return access(folder, W_OK) == 0 ? 0 : refuse_page(page, errno, err);
}

static enum wr_exit write_page(struct wr_job *job, const struct wr_result *result)
{
	const struct demo *demo = container_of(job, struct demo, job);
	const struct wr_html_input input = {
		.name = "wringer demo",
		.document = (json_t *)wr_result_document(result),
	};
	struct wr_err err;
	int rc;

	if (!input.document)
		return WR_EXIT_OK;
	rc = wr_html_save(demo->page, &input, 1);
	if (rc < 0) {
		refuse_page(demo->page, -rc, &err);
		fprintf(stderr, "wringer: %s.\n", err.text);
		return err.exit;
	}
	if (!job->conf.quiet)
		fprintf(stderr, "\nThe page of this run: %s\n", demo->page);
	return WR_EXIT_OK;
}

/* ---- the command ---- */

/* Takes --report out of the user's options; false: its value is missing. */
static bool take_page(struct demo *demo, int *argc, char **argv)
{
	int kept = 1;

	demo->page = PAGE;
	for (int i = 1; i < *argc; i++) {
		if (strncmp(argv[i], "--report=", 9) == 0)
			demo->page = argv[i] + 9;
		else if (strcmp(argv[i], "--report") == 0 && i + 1 < *argc)
			demo->page = argv[++i];
		else if (strcmp(argv[i], "--report") == 0)
			return false;
		else
			argv[kept++] = argv[i];
	}
	*argc = kept;
	return demo->page[0] != '\0';
}

/* The demonstration has one device and the addresses of both ends. */
static int refuse_own(int argc, char **argv, struct wr_err *err)
{
	static const char *const own[] = {"--port", "--ip"};

	for (int i = 1; i < argc; i++)
		for (size_t k = 0; k < WR_LEN(own); k++) {
			size_t n = strlen(own[k]);

			if (strncmp(argv[i], own[k], n) == 0 &&
			    (!argv[i][n] || argv[i][n] == '='))
				return wr_err_set(
					err, WR_EXIT_USAGE, -EINVAL,
					"%s: both ends of the demonstration are in this "
					"process; leave it out, or use wringer load",
					own[k]);
		}
	return 0;
}

static int read_options(struct demo *demo, int *argc, char **argv, enum wr_conf_action *action,
                        struct wr_err *err)
{
	const char *all[ARGS_MOST] = {argv[0]};
	int n = 1;

	if (!take_page(demo, argc, argv))
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL, "--report wants a file's name");
	if (*argc > ARGS_MOST - (int)WR_LEN(presets) - 1)
		return wr_err_set(err, WR_EXIT_USAGE, -E2BIG, "there are too many options");
	if (refuse_own(*argc, argv, err) < 0)
		return -EINVAL;
	for (size_t i = 0; i < WR_LEN(presets); i++)
		all[n++] = presets[i];
	for (int i = 1; i < *argc; i++)
		all[n++] = argv[i];
	return wr_conf_args(&demo->job.conf, WR_CONF_LOAD, n, (char *const *)all, action, err);
}

static void cast(struct wr_job *job, struct wr_role *role)
{
	job->run.first = CLIENT;
	role->command = "demo";
	role->client = false;
	role->workers = 2;
	role->worker_bytes += BACKLOG * BACKLOG_BYTES;
	role->shape = shape;
	role->attach = attach;
	role->look = look;
}

int wr_app_demo(int argc, char **argv)
{
	struct demo *demo = calloc(1, sizeof(*demo));
	struct wr_err err = {.exit = WR_EXIT_OK};
	enum wr_exit code = WR_EXIT_OK;
	enum wr_conf_action action;

	if (!demo)
		return WR_EXIT_ENVIRONMENT;
	demo->job.workers = 1;
	demo->job.cast = cast;
	demo->job.show = write_page;
	if (read_options(demo, &argc, argv, &action, &err) < 0)
		code = wr_job_tell(&demo->job, argc, argv, &err);
	else if (action == WR_CONF_HELP)
		print_help();
	else if (action == WR_CONF_PRINT)
		wr_conf_print(stdout, &demo->job.conf);
	else if (try_page(demo->page, &err) < 0)
		code = wr_job_tell(&demo->job, argc, argv, &err);
	else
		code = wr_job_run(&demo->job, argc, argv, &err);
	wr_job_fini(&demo->job);
	free(demo);
	return (int)code;
}
