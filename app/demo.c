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
#define CLIENT_IP   "198.18.0.2/24"
#define SERVER_IP   0xc6120001

#define LOSS_PPM      10000 /* 1 % */
#define FRAMES_MOST   4096  /* under way in an impairment */
#define BACKLOG       4096  /* of the server: a load needs none */
#define LOOK_EVERY_NS WR_MS(5)
#define PAGE          "wringer-demo.html"

/* What the demonstration asks for where the user says nothing. */
struct preset {
	const char *name, *value;
};

static const struct preset needs[] = {
	{"port", "ring"},     {"ip", CLIENT_IP}, {"target", SERVER_ADDR}, {"no-huge", "on"},
	{"idle", "adaptive"}, {"cores", "1"},    {"seed", "1"},
};

/* In this order: of two that contradict each other, the first holds. */
static const struct preset wishes[] = {
	{"connections", "1000"}, {"cps", "500"},           {"rps", "10k"},
	{"pps", "10k"},          {"bitrate", "100M"},      {"ramp", "2s"},
	{"duration", "10s"},     {"request", "64-1000"},   {"protocol", "echo"},
	{"verify", "on"},        {"reconnect", "backoff"}, {"response-timeout", "5s"},
	{"drain", "15s"}, /* a SYN that is lost three times waits for seven */
};

/* Each has a whole window of text. */
static const struct preset streams = {"connections", "10"};

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
	      "  wringer demo --connections 10k --rps 50k --duration 30s\n"
	      "  wringer demo --mode http --http-close\n",
	      stdout);
}

/* ---- the two ends ---- */

/* A server as wringer serve makes it, with whatever the load's mode asks for. */
static void serve_all(struct wr_stack_conf *stack)
{
	struct wr_conf usual;

	wr_conf_default(&usual, WR_CONF_SERVE);
	stack->tcp.half_open = BACKLOG;
	stack->tcp.synack_retries = (uint8_t)usual.synack_retries;
	stack->tcp.syn_cookies = (uint8_t)usual.syn_cookies;
	stack->services = 0;
	for (const struct wr_service *const *s = wr_service_all; *s; s++)
		wr_stack_serve(stack, *s);
}

/* What that takes, which the client's stack has not. */
static uint64_t server_bytes(const struct wr_conf *conf)
{
	struct wr_stack_conf stack;
	uint64_t client_bytes;

	wr_conf_stack(conf, &stack);
	client_bytes = wr_stack_bytes(&stack);
	serve_all(&stack);
	return wr_stack_bytes(&stack) - client_bytes;
}

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
	serve_all(stack);
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
static int refuse_own(const struct wr_conf *conf, struct wr_err *err)
{
	static const char *const own[] = {"port", "ip"};

	for (size_t i = 0; i < WR_LEN(own); i++)
		if (wr_conf_is_given(conf, own[i]))
			return wr_conf_fail(
				conf, err, own[i],
				"both ends of the demonstration are in this process; leave "
				"it out, or use wringer load");
	return 0;
}

static int preset(struct wr_conf *conf, const struct preset *p, struct wr_err *err)
{
	static const struct wr_conf_origin from = {WR_CONF_PRESET, 0};

	return wr_conf_is_given(conf, p->name)
	               ? 0
	               : wr_conf_set(conf, &from, p->name, p->value, err);
}

/* Whether a load could be that, with what stands in files. */
static bool agrees(const struct wr_conf *conf)
{
	struct wr_load_conf load;
	struct wr_err ignored;

	if (wr_conf_load(conf, &load, &ignored) < 0)
		return false;
	load.file_bytes = 1;
	return wr_load_check(&load, &ignored) == 0;
}

/* What contradicts the user's own, such as a rate that his mode has not, is left out. */
static int wish(struct wr_conf *conf, const struct preset *p, struct wr_err *err)
{
	struct wr_conf with = *conf;
	int rc = preset(&with, p, err);

	if (rc == 0 && agrees(&with))
		*conf = with;
	return rc;
}

static int add_presets(struct wr_conf *conf, struct wr_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < WR_LEN(needs) && rc == 0; i++)
		rc = preset(conf, &needs[i], err);
	for (size_t i = 0; i < WR_LEN(wishes) && rc == 0; i++)
		rc = wish(conf, &wishes[i], err);
	return rc == 0 && conf->load.mode == WR_LOAD_STREAM ? wish(conf, &streams, err) : rc;
}

static int read_options(struct demo *demo, int *argc, char **argv, enum wr_conf_action *action,
                        struct wr_err *err)
{
	struct wr_conf *conf = &demo->job.conf;
	int rc;

	if (!take_page(demo, argc, argv))
		return wr_err_set(err, WR_EXIT_USAGE, -EINVAL, "--report wants a file's name");
	rc = wr_conf_args(conf, WR_CONF_LOAD, *argc, argv, action, err);
	if (rc == 0)
		rc = refuse_own(conf, err);
	return rc == 0 ? add_presets(conf, err) : rc;
}

static void cast(struct wr_job *job, struct wr_role *role)
{
	job->run.first = CLIENT;
	role->command = "demo";
	role->client = false;
	role->workers = 2;
	role->worker_bytes += server_bytes(&job->conf);
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
