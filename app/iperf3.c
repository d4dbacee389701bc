/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "appliance.h"
#include "commands.h"
#include "iperf3_flags.h"
#include "wr_iperf3.h"

#define LOOK_NS          WR_MS(1)
#define CONNS            4096 /* connections and flows of a worker */
#define EXIT_INTERRUPTED 130
#define UDP_HEADERS      28 /* bytes, with IPv4's */

/* One `wringer iperf3`. */
struct command {
	struct wr_iperf3_flags flags;
	struct wr_conf conf;
	struct wr_iperf3_conf iperf3;
	struct wr_iperf3 *tests;
	char system[512];
	bool started, failed;
	char why[256];
};

static void print_help(void)
{
	fputs("Usage: wringer iperf3 -s --port DEVICE --ip ADDR/LENGTH [options]\n"
	      "       wringer iperf3 -c HOST --port DEVICE --ip ADDR/LENGTH [options]\n"
	      "\n"
	      "iperf3's server, for many clients at once, and its client, from a device that "
	      "DPDK\n"
	      "drives. Options are iperf3's own and Wringer's; where both have one of a name "
	      "it "
	      "is\n"
	      "iperf3's, but for --port: that is the device, and the TCP port is -p.\n",
	      stdout);
	wr_iperf3_flags_help(stdout);
	wr_conf_print_help(stdout, WR_CONF_IPERF3);
}

/* ---- addresses ---- */

static int resolve(const char *name, uint32_t *addr, struct wr_err *err)
{
	const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	int rc = getaddrinfo(name, NULL, &hints, &found);

	if (rc)
		return wr_err_set(err, WR_EXIT_FAILED, -EHOSTUNREACH,
		                  "'%.128s' has no IPv4 address (%s)", name, gai_strerror(rc));
	*addr = ntohl(
		((const struct sockaddr_in *)(const void *)found->ai_addr)->sin_addr.s_addr);
	freeaddrinfo(found);
	return 0;
}

/* Our address towards the server: --bind, one on its network, or the first. */
static int choose_address(struct command *cmd, struct wr_err *err)
{
	const struct wr_conf *conf = &cmd->conf;
	uint32_t wish = 0, *laddr = &cmd->iperf3.laddr;
	int rc = cmd->flags.bind[0] ? resolve(cmd->flags.bind, &wish, err) : 0;

	if (rc)
		return rc;
	*laddr = conf->ip.addr[0].addr;
	for (unsigned i = 0; i < conf->ip.count; i++) {
		const struct wr_ip_addr *own = &conf->ip.addr[i];
		uint32_t mask = own->prefix ? ~UINT32_C(0) << (32 - own->prefix) : 0;

		if (wish ? own->addr == wish : !((own->addr ^ cmd->iperf3.raddr) & mask)) {
			*laddr = own->addr;
			return 0;
		}
	}
	if (wish)
		return wr_err_set(
			err, WR_EXIT_USAGE, -EADDRNOTAVAIL,
			"--bind: %.64s is none of our own addresses; add it with --ip",
			cmd->flags.bind);
	return 0;
}

/* ---- configuration ---- */

static int draw_seed(const struct wr_conf *conf, uint64_t *seed, struct wr_err *err)
{
	*seed = conf->seed;
	if (!*seed && getrandom(seed, sizeof(*seed), 0) != (ssize_t)sizeof(*seed))
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -errno,
		                  "the kernel gives no random numbers (%s)", strerror(errno));
	return 0;
}

static void fill_report(struct command *cmd, FILE *out)
{
	const struct wr_iperf3_flags *flags = &cmd->flags;
	struct utsname u;

	uname(&u);
	snprintf(cmd->system, sizeof(cmd->system), "%s %s %s %s %s", u.sysname, u.nodename,
	         u.release, u.version, u.machine);
	cmd->iperf3.report = (struct i3_report_conf) {
		.out = out,
		.json = flags->json,
		.json_stream = flags->json_stream,
		.verbose = flags->verbose,
		.flush = flags->flush || flags->server,
		.format = flags->format,
		.interval_s = flags->interval_s,
		.host = flags->host,
		.title = flags->params.title[0] ? flags->params.title : NULL,
		.version = "wringer " WR_VERSION,
		.system = cmd->system,
		.mtu = (int)cmd->conf.mtu,
		.snd_buf = (int)cmd->conf.snd_buf,
		.rcv_buf = (int)cmd->conf.rcv_buf,
	};
}

static int fill_iperf3(struct command *cmd, FILE *out, struct wr_err *err)
{
	const struct wr_iperf3_flags *flags = &cmd->flags;

	cmd->iperf3 = (struct wr_iperf3_conf) {
		.server = flags->server,
		.port = flags->port,
		.cc = cmd->conf.cc.ops->name,
		.conns = CONNS,
		.rcv_timeout_ns = WR_MS(flags->rcv_timeout_ms),
		.max_tests = flags->exclusive ? 1 : flags->max_tests,
		.one_off = flags->one_off,
		.params = flags->params,
		.cport = flags->cport,
		.connect_timeout_ms = flags->connect_timeout_ms,
	};
	fill_report(cmd, out);
	if (flags->params.dont_fragment && flags->params.len + UDP_HEADERS > cmd->conf.mtu)
		return wr_err_set(
			err, WR_EXIT_USAGE, -EMSGSIZE,
			"-l: datagrams of %u bytes do not fit into an MTU of %u; leave "
			"out --dont-fragment",
			flags->params.len, (unsigned)cmd->conf.mtu);
	if (flags->client && resolve(flags->host, &cmd->iperf3.raddr, err))
		return -EHOSTUNREACH;
	if (choose_address(cmd, err))
		return -EADDRNOTAVAIL;
	return draw_seed(&cmd->conf, &cmd->iperf3.seed, err);
}

/* ---- the role ---- */

static uint64_t epoch_ns(uint64_t now_ns)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * WR_S(1) + (uint64_t)ts.tv_nsec - now_ns;
}

static int attach(struct wr_appliance *app, unsigned worker, struct wr_err *err)
{
	struct command *cmd = app->role->arg;
	struct wr_worker *w = app->worker[worker];
	uint64_t now_ns = wr_clock_ns(&app->clock);

	if (worker == 0) {
		cmd->iperf3.owner = &app->owner;
		cmd->iperf3.report.epoch_ns = epoch_ns(now_ns);
		cmd->tests = wr_iperf3_new(&cmd->iperf3, now_ns);
	}
	if (!cmd->tests)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENOMEM,
		                  "there is no memory for tests; free some");
	return wr_iperf3_attach(cmd->tests, worker, w->stack, &w->stats, w->pool, w->socket,
	                        err);
}

/* The tables of all workers go with the first, before any stack is freed. */
static void detach(struct wr_appliance *app, unsigned worker)
{
	struct command *cmd = app->role->arg;

	wr_iperf3_free(cmd->tests);
	cmd->tests = NULL;
}

static bool look(struct wr_appliance *app, uint64_t now_ns)
{
	struct command *cmd = app->role->arg;
	bool goes_on;

	if (!cmd->started) {
		cmd->started = true;
		wr_iperf3_start(cmd->tests, now_ns);
	}
	goes_on = wr_iperf3_run(cmd->tests, now_ns);
	if (!goes_on)
		cmd->failed = wr_iperf3_result(cmd->tests, cmd->why) != WR_EXIT_OK;
	return goes_on;
}

static bool stop(struct wr_appliance *app, uint64_t now_ns)
{
	struct command *cmd = app->role->arg;

	wr_iperf3_interrupt(cmd->tests, now_ns);
	return true;
}

static void print_ready(const struct command *cmd, const struct wr_appliance *app)
{
	if (!cmd->flags.server)
		return;
	fprintf(stderr, "ready %s: iperf3 on port %u of %s with %u worker%s\n",
	        app->eal.instance, cmd->flags.port, cmd->conf.port.spec[0], app->eal.workers,
	        app->eal.workers == 1 ? "" : "s");
	fflush(stderr);
}

static int conclude(const struct command *cmd, bool interrupted)
{
	bool tell = cmd->failed && !(cmd->flags.server && interrupted);

	if (tell)
		fprintf(stderr, "wringer: iperf3: %s.\n", cmd->why);
	if (interrupted)
		return cmd->flags.server ? WR_EXIT_OK : EXIT_INTERRUPTED;
	return cmd->failed ? WR_EXIT_FAILED : WR_EXIT_OK;
}

static int run(struct command *cmd, struct wr_err *err)
{
	const struct wr_role role = {
		.command = "iperf3",
		.client = cmd->flags.client,
		.worker_bytes = wr_iperf3_worker_bytes(CONNS),
		.attach = attach,
		.detach = detach,
		.look = look,
		.look_every_ns = LOOK_NS,
		.stop = stop,
		.arg = cmd,
	};
	struct wr_appliance app;
	bool interrupted;

	wr_control_block_signals();
	if (wr_appliance_start(&app, &role, &cmd->conf, err) < 0)
		return err->exit;
	if (cmd->flags.verbose && !cmd->conf.quiet)
		wr_console_start(stderr, &app);
	print_ready(cmd, &app);
	wr_control_run(&app);
	interrupted = app.interrupted;
	free(wr_appliance_stop(&app));
	return conclude(cmd, interrupted);
}

/* ---- command line ---- */

static FILE *open_output(const struct wr_iperf3_flags *flags, struct wr_err *err)
{
	FILE *out = flags->logfile[0] ? fopen(flags->logfile, "a") : stdout;

	if (!out)
		wr_err_set(err, WR_EXIT_ENVIRONMENT, -errno, "--logfile: %.128s: %s",
		           flags->logfile, strerror(errno));
	return out;
}

static int run_with_output(struct command *cmd, struct wr_err *err)
{
	FILE *out = open_output(&cmd->flags, err);
	int rc;

	if (!out)
		return err->exit;
	if (cmd->flags.params.udp && !cmd->flags.has_rate)
		fputs("wringer: iperf3: UDP at 1 Mbit/s, as iperf3 does; -b sets the rate, -b "
		      "0 "
		      "is as fast as it goes.\n",
		      stderr);
	rc = fill_iperf3(cmd, out, err) ? (int)err->exit : run(cmd, err);
	if (out != stdout && fclose(out))
		fprintf(stderr, "wringer: --logfile: %s: %s.\n", cmd->flags.logfile,
		        strerror(errno));
	return rc;
}

static int read_command_line(struct command *cmd, int argc, char **argv,
                             enum wr_conf_action *action, struct wr_err *err)
{
	int rc = wr_iperf3_flags_read(&cmd->flags, argc, argv, err);

	*action = WR_CONF_HELP;
	if (rc || cmd->flags.help)
		return rc;
	rc = wr_conf_args(&cmd->conf, WR_CONF_IPERF3, cmd->flags.argc, cmd->flags.argv, action,
	                  err);
	if (rc == 0 && *action == WR_CONF_RUN)
		rc = wr_conf_check(&cmd->conf, err);
	return rc;
}

int wr_app_iperf3(int argc, char **argv)
{
	struct command *cmd = calloc(1, sizeof(*cmd));
	struct wr_err err = {.exit = WR_EXIT_ENVIRONMENT};
	enum wr_conf_action action = WR_CONF_RUN;
	int rc = WR_EXIT_OK;

	if (!cmd)
		return WR_EXIT_ENVIRONMENT;
	err.exit = WR_EXIT_OK;
	if (read_command_line(cmd, argc, argv, &action, &err) == 0) {
		if (action == WR_CONF_HELP)
			print_help();
		else if (action == WR_CONF_PRINT)
			wr_conf_print(stdout, &cmd->conf);
		else if (action == WR_CONF_MARKDOWN)
			wr_conf_print_markdown(stdout);
		else
			rc = run_with_output(cmd, &err);
	}
	if (err.exit != WR_EXIT_OK) {
		cmd->conf.json = cmd->flags.json;
		wr_console_error(&cmd->conf, &err);
		rc = (int)err.exit;
	}
	free(cmd);
	return rc;
}
