/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>

#include "load.h"
#include "wr_client.h"

/* The control thread's part of a load: waits, begins all cores at once, looks, concludes. */

#define ARP_EVERY_NS     WR_MS(100)
#define START_AHEAD_NS   WR_MS(20) /* all cores have heard of the start by then */
#define OPENING_SLACK_NS WR_S(10)
#define SERVER_WAIT_NS   WR_S(10) /* a snapshot comes every second, if the server gets a CPU */
#define SERVER_NAP_NS    50000000
#define HOST_BYTES       INET_ADDRSTRLEN

/* ---- life ---- */

static int meet_server(struct wr_run *run, struct wr_err *err)
{
	if (!run->conf->load.server_instance[0])
		return 0;
	run->server = wr_client_open(run->conf->load.server_instance, err);
	run->server_before = wr_snapshot_new();
	run->server_after = wr_snapshot_new();
	if (!run->server)
		return -ENOENT;
	if (!run->server_before || !run->server_after)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENOMEM,
		                  "there is no memory for the server's numbers; free some");
	return 0;
}

int wr_run_init(struct wr_run *run, const struct wr_conf *conf, const struct wr_load_conf *load,
                struct wr_result *result, struct wr_err *err)
{
	*run = (struct wr_run) {
		.conf = conf,
		.load = load,
		.result = result,
		.set = load->set,
		.sum = malloc(sizeof(*run->sum)),
		.now = wr_snapshot_new(),
	};
	wr_request_init(&run->request);
	wr_flood_init(run);
	if (!run->sum || !run->now)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENOMEM,
		                  "there is no memory for the numbers of the run; free some");
	return meet_server(run, err);
}

void wr_run_fini(struct wr_run *run)
{
	if (run->server)
		wr_client_close(run->server);
	wr_request_fini(&run->request);
	free(run->server_before);
	free(run->server_after);
	free(run->sum);
	free(run->now);
}

int wr_run_attach(struct wr_appliance *app, unsigned worker, struct wr_err *err)
{
	struct wr_run *run = app->role->arg;
	struct wr_worker *w = app->worker[worker];

	run->cores = app->eal.workers - run->first;
	if (worker < run->first)
		return 0;
	worker -= run->first;
	run->core[worker] =
		wr_load_new(run->load, w->stack, worker, run->cores, w->socket, err);
	return run->core[worker] ? wr_flood_attach(run, w, worker, err) : -ENOMEM;
}

void wr_run_detach(struct wr_appliance *app, unsigned worker)
{
	struct wr_run *run = app->role->arg;

	if (worker < run->first)
		return;
	wr_load_free(run->core[worker - run->first]);
	run->core[worker - run->first] = NULL;
	wr_flood_detach(run, worker - run->first);
}

/* ---- numbers ---- */

static struct wr_result_sample take_sample(struct wr_run *run, const struct wr_appliance *app)
{
	uint64_t now_ns = wr_clock_ns(&app->clock);

	memset(run->sum, 0, sizeof(*run->sum));
	for (unsigned i = 0; i < WR_LATENCY_COUNT; i++)
		wr_histogram_clear(&run->sum->latency[i]);
	for (unsigned i = 0; i < run->cores; i++)
		wr_load_stats_sum(run->sum, wr_load_stats(run->core[i]));
	wr_flood_sum(run, run->sum);
	wr_export_read(app->export, run->now, now_ns);
	return (struct wr_result_sample) {
		.time_ns = now_ns,
		.phase = run->phase,
		.set = run->set,
		.load = run->sum,
		.snapshot = run->now,
	};
}

/* Of the core that is furthest behind. */
static enum wr_load_phase slowest_phase(const struct wr_run *run)
{
	enum wr_load_phase phase = WR_LOAD_DONE;

	for (unsigned i = 0; i < run->cores; i++) {
		enum wr_load_phase own = wr_load_phase(run->core[i]);

		if (own < phase)
			phase = own;
	}
	return phase;
}

static void begin_result(struct wr_run *run, const struct wr_appliance *app)
{
	struct wr_result_sample sample = take_sample(run, app);
	struct wr_err ignored;

	wr_result_begin(run->result, &sample);
	run->begun = true;
	run->next_line_ns = sample.time_ns + run->conf->load.interval_us * 1000;
	if (run->server)
		wr_client_snapshot(run->server, run->server_before, &ignored);
}

/* ---- what stops it ---- */

static const char *host(uint32_t addr, char buf[HOST_BYTES])
{
	struct in_addr in = {.s_addr = htonl(addr)};

	return inet_ntop(AF_INET, &in, buf, HOST_BYTES);
}

/* There is nothing more to do: err says why. Returns false, as look does. */
__attribute__((format(printf, 3, 4))) static bool give_up(struct wr_run *run, enum wr_exit exit,
                                                          const char *fmt, ...)
{
	char text[sizeof(run->err.text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	wr_err_set(&run->err, exit, 0, "%s", text);
	run->failed = true;
	return false;
}

static bool enter(struct wr_run *run, enum wr_run_stage stage, uint64_t now_ns)
{
	run->stage = stage;
	run->stage_ns = now_ns;
	return true;
}

static bool is_late(const struct wr_run *run, uint64_t now_ns)
{
	return now_ns - run->stage_ns >= run->conf->load.wait_us * 1000;
}

static double wait_s(const struct wr_run *run)
{
	return (double)run->conf->load.wait_us / 1e6;
}

static bool look_at_link(struct wr_run *run, struct wr_appliance *app, uint64_t now_ns)
{
	if (wr_port_link_is_up(&app->port))
		return enter(run, WR_RUN_ARP, now_ns);
	if (!is_late(run, now_ns))
		return true;
	return give_up(run, WR_EXIT_ENVIRONMENT,
	               "--port %s: the link is down and did not come up within %g s; look for "
	               "cable or peer%s, or give more time with --wait",
	               run->conf->port.spec[0], wait_s(run),
	               app->port.profile.peer_rings ? ", which refuses more queues than it has"
	                                            : "");
}

struct question {
	uint32_t dst;
	int rc;
};

static void ask_for_hop(struct wr_stack *stack, void *arg)
{
	struct question *question = arg;

	question->rc =
		wr_ip_resolve(wr_stack_ip(stack), question->dst, wr_stack_now_ns(stack) / 1000);
}

static bool no_route(struct wr_run *run)
{
	const struct wr_ip_addr *own = &run->conf->ip.addr[0];
	char target[HOST_BYTES], net[HOST_BYTES];

	return give_up(run, WR_EXIT_USAGE,
	               "there is no route to %s: it is on no network of ours, such as %s/%u; "
	               "give --gateway, or another --ip",
	               host(run->load->target, target), host(own->addr, net), own->prefix);
}

static bool is_on_link(const struct wr_run *run)
{
	for (unsigned i = 0; i < run->conf->ip.count; i++) {
		const struct wr_ip_addr *own = &run->conf->ip.addr[i];
		uint32_t mask = own->prefix ? UINT32_MAX << (32 - own->prefix) : 0;

		if (((own->addr ^ run->load->target) & mask) == 0)
			return true;
	}
	return false;
}

static bool arp_is_silent(struct wr_run *run)
{
	const struct wr_ip_addr *own = &run->conf->ip.addr[0];
	bool direct = is_on_link(run);
	char hop[HOST_BYTES], net[HOST_BYTES];

	return give_up(run, WR_EXIT_FAILED,
	               "%s%s does not answer ARP on %s within %g s; is it up and in %s/%u?",
	               direct ? "" : "the gateway ",
	               host(direct ? run->load->target : run->conf->gateway, hop),
	               run->conf->port.spec[0], wait_s(run), host(own->addr, net), own->prefix);
}

/* ---- beginning ---- */

static void begin_core(struct wr_stack *stack, void *arg)
{
	wr_load_begin(arg, wr_stack_now_ns(stack));
}

static bool stuck(struct wr_run *run, const struct wr_appliance *app, unsigned worker)
{
	return give_up(run, WR_EXIT_ENVIRONMENT,
	               "worker %u on CPU %u does not answer; look for what else runs on that "
	               "CPU",
	               run->first + worker, app->worker[run->first + worker]->cpu);
}

static bool begin(struct wr_run *run, struct wr_appliance *app, uint64_t now_ns)
{
	begin_result(run, app);
	for (unsigned i = 0; i < run->cores; i++)
		if (wr_appliance_call(app, run->first + i, begin_core, run->core[i]) < 0)
			return stuck(run, app, i);
	return enter(run, WR_RUN_OPENING, now_ns);
}

static bool look_for_hop(struct wr_run *run, struct wr_appliance *app, uint64_t now_ns)
{
	bool known = true;

	for (unsigned i = 0; i < run->cores; i++) {
		struct question question = {.dst = run->load->target};

		if (wr_appliance_call(app, run->first + i, ask_for_hop, &question) < 0)
			return stuck(run, app, i);
		if (question.rc == -ENETUNREACH)
			return no_route(run);
		known &= question.rc == 0;
	}
	if (known)
		return begin(run, app, now_ns);
	return is_late(run, now_ns) ? arp_is_silent(run) : true;
}

struct start {
	struct wr_load *load;
	uint64_t start_ns;
};

static void start_core(struct wr_stack *stack, void *arg)
{
	const struct start *start = arg;

	wr_load_start(start->load, start->start_ns);
}

static bool start_all(struct wr_run *run, struct wr_appliance *app)
{
	uint64_t start_ns = wr_clock_ns(&app->clock) + START_AHEAD_NS;

	for (unsigned i = 0; i < run->cores; i++) {
		struct start start = {run->core[i], start_ns};

		if (wr_appliance_call(app, run->first + i, start_core, &start) < 0 ||
		    wr_flood_start(run, app, i, start_ns) < 0)
			return stuck(run, app, i);
	}
	return enter(run, WR_RUN_GOING, start_ns);
}

/* The reason that most attempts ended with. */
static enum wr_reason chief_reason(const struct wr_load_stats *sum)
{
	unsigned chief = 0;

	for (unsigned i = 1; i < WR_REASON_COUNT; i++)
		if (sum->reason[i] > sum->reason[chief])
			chief = i;
	return (enum wr_reason)chief;
}

static bool nothing_opened(struct wr_run *run)
{
	enum wr_reason reason = chief_reason(run->sum);
	char target[HOST_BYTES];
	const char *why = wr_reason_desc[reason].help;

	host(run->load->target, target);
	if (run->sum->n[WR_LOAD_STAT_no_ports] && !run->sum->reason[reason])
		return give_up(run, WR_EXIT_USAGE,
		               "no connection to %s:%u could be opened: no source port is "
		               "free; widen --client-ports or give --client-ip",
		               target, run->load->port);
	if (reason == WR_REASON_refused)
		return give_up(run, WR_EXIT_FAILED,
		               "%s:%u refuses connections; is the server running, and is this "
		               "its port?",
		               target, run->load->port);
	return give_up(run, WR_EXIT_FAILED, "no connection to %s:%u could be opened: %s",
	               target, run->load->port, why);
}

/* As long as opening may take: by its rate, and the last attempt's time-out. */
static uint64_t opening_bound_ns(const struct wr_run *run)
{
	double s = run->set.cps > 0 ? 2 * (double)run->set.connections / run->set.cps : 0;

	return (uint64_t)(s * 1e9) + (uint64_t)run->load->tcp.connect_timeout_ms * 1000000 +
	       OPENING_SLACK_NS;
}

/* ---- while it goes ---- */

static void end_core(struct wr_stack *stack, void *arg)
{
	wr_load_end(arg, wr_stack_now_ns(stack));
}

static void end_all(struct wr_run *run, struct wr_appliance *app)
{
	for (unsigned i = 0; i < run->cores; i++)
		wr_appliance_call(app, run->first + i, end_core, run->core[i]);
}

/* Connections that should stay, none of which is left, and none will be opened again. */
static bool is_deserted(const struct wr_run *run)
{
	const struct wr_load_stats *sum = run->sum;

	return run->phase >= WR_LOAD_RAMP && run->phase <= WR_LOAD_MEASURE && run->keeps &&
	       run->load->reconnect == WR_LOAD_RECONNECT_NEVER && sum->open == 0 &&
	       sum->opening == 0;
}

/*
 * The measurement began and ended between two looks, which a CPU that others use can bring
 * about: what counted at the look before is where it began.
 */
static void mark_what_was_missed(struct wr_run *run)
{
	const struct wr_result_sample before = {
		.time_ns = run->now->time_ns,
		.phase = WR_LOAD_MEASURE,
		.set = run->set,
		.load = run->sum,
		.snapshot = run->now,
	};

	wr_result_mark(run->result, &before);
}

/* Where the measurement begins, or where it ends. */
static void mark_stalls(struct wr_run *run, const struct wr_appliance *app, bool ends)
{
	for (unsigned i = 0; i < run->cores; i++) {
		uint64_t cycles = wr_stat_read(&app->worker[run->first + i]->stalled_cycles);

		if (!ends)
			run->stalled_before[i] = cycles;
		run->stalled_cycles[i] = cycles - run->stalled_before[i];
	}
}

/* Of the core that stood still for longest. */
static uint64_t stalled_ns(const struct wr_run *run, const struct wr_appliance *app)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < run->cores; i++)
		if (run->stalled_cycles[i] > most)
			most = run->stalled_cycles[i];
	return (uint64_t)((double)most / (double)app->clock.hz * 1e9);
}

static void look_at_phase(struct wr_run *run, struct wr_appliance *app, uint64_t now_ns)
{
	enum wr_load_phase phase = slowest_phase(run);
	struct wr_result_sample sample;

	if (phase != run->phase) {
		if (run->phase < WR_LOAD_MEASURE && phase > WR_LOAD_MEASURE)
			mark_what_was_missed(run);
		if (run->phase <= WR_LOAD_MEASURE && phase > WR_LOAD_MEASURE)
			mark_stalls(run, app, true);
		else if (phase == WR_LOAD_MEASURE)
			mark_stalls(run, app, false);
		if (run->phase < WR_LOAD_DRAIN && phase >= WR_LOAD_DRAIN)
			wr_flood_end(run, app);
		run->phase = phase;
		sample = take_sample(run, app);
		wr_result_mark(run->result, &sample);
	}
	if (now_ns < run->next_line_ns)
		return;
	run->next_line_ns += run->conf->load.interval_us * 1000;
	sample = take_sample(run, app);
	wr_result_second(run->result, &sample);
	if (is_deserted(run) && !run->failed) {
		char target[HOST_BYTES];

		give_up(run, WR_EXIT_FAILED,
		        "%s:%u ended all connections before the end of the run: %s",
		        host(run->load->target, target), run->load->port,
		        wr_reason_desc[chief_reason(run->sum)].help);
		end_all(run, app);
	}
}

static bool look_at_opening(struct wr_run *run, struct wr_appliance *app, uint64_t now_ns)
{
	look_at_phase(run, app, now_ns);
	if (run->phase < WR_LOAD_READY && now_ns - run->stage_ns < opening_bound_ns(run))
		return true;
	if (run->phase >= WR_LOAD_DRAIN) /* ended by a signal */
		return enter(run, WR_RUN_GOING, now_ns);
	take_sample(run, app);
	run->keeps = run->sum->wanted > 0 && run->sum->n[WR_LOAD_STAT_connections_attempted];
	if (run->keeps && run->sum->open == 0)
		return nothing_opened(run);
	return start_all(run, app);
}

/* ---- the end ---- */

/* A snapshot of the server that was begun after now; it takes one every second. */
static bool ask_server(struct wr_run *run, const struct wr_appliance *app)
{
	uint64_t until_ns = wr_clock_ns(&app->clock) + SERVER_WAIT_NS, begun;
	struct wr_err ignored;

	if (!run->server || wr_client_snapshot(run->server, run->server_after, &ignored) < 0)
		return false;
	begun = run->server_after->begun;
	while (run->server_after->sequence <= begun) {
		nanosleep(&(struct timespec) {.tv_nsec = SERVER_NAP_NS}, NULL);
		if (wr_client_snapshot(run->server, run->server_after, &ignored) < 0 ||
		    wr_clock_ns(&app->clock) > until_ns)
			return false;
	}
	return true;
}

/* From the first core's beginning to the last one's end; 0: not measured to an end. */
static uint64_t measured_ns(const struct wr_run *run)
{
	uint64_t first = UINT64_MAX, last = 0;

	for (unsigned i = 0; i < run->cores; i++) {
		uint64_t from_ns, until_ns;

		wr_load_window(run->core[i], &from_ns, &until_ns);
		if (from_ns == 0 || until_ns == UINT64_MAX)
			return 0;
		first = from_ns < first ? from_ns : first;
		last = until_ns > last ? until_ns : last;
	}
	return last > first ? last - first : 0;
}

void wr_run_conclude(struct wr_run *run, struct wr_appliance *app)
{
	struct wr_result_end end = {
		.interrupted = app->interrupted,
		.err = run->failed ? &run->err : NULL,
		.measured_ns = measured_ns(run),
		.stalled_ns = stalled_ns(run, app),
	};
	struct wr_result_sample sample;

	if (!run->begun && run->done)
		return;
	if (!run->begun)
		begin_result(run, app);
	if (ask_server(run, app)) {
		end.server_before = run->server_before;
		end.server_after = run->server_after;
	}
	sample = take_sample(run, app);
	wr_result_end(run->result, &sample, &end);
	run->begun = false;
	run->done++;
}

/* The next of several runs: the workers rest while their generators are made anew. */
static bool repeat(struct wr_run *run, struct wr_appliance *app, uint64_t now_ns)
{
	wr_run_conclude(run, app);
	if (run->done >= run->conf->load.repeat || run->failed || app->interrupted)
		return false;
	wr_appliance_halt(app);
	for (unsigned i = 0; i < run->cores; i++)
		if (wr_load_renew(run->core[i], &run->err) < 0 || wr_flood_renew(run, i) < 0)
			run->failed = true;
	if (wr_appliance_launch(app, &run->err) < 0)
		run->failed = true;
	run->phase = WR_LOAD_WAITING;
	run->set = run->load->set;
	return !run->failed && enter(run, WR_RUN_ARP, now_ns);
}

static bool look_at_run(struct wr_run *run, struct wr_appliance *app, uint64_t now_ns)
{
	look_at_phase(run, app, now_ns);
	return run->phase != WR_LOAD_DONE || repeat(run, app, now_ns);
}

bool wr_run_look(struct wr_appliance *app, uint64_t now_ns)
{
	struct wr_run *run = app->role->arg;

	wr_request_answer(run, app);
	switch (run->stage) {
	case WR_RUN_LINK:
		if (!run->stage_ns)
			run->stage_ns = now_ns;
		return look_at_link(run, app, now_ns);
	case WR_RUN_ARP:
		return look_for_hop(run, app, now_ns);
	case WR_RUN_OPENING:
		return look_at_opening(run, app, now_ns);
	case WR_RUN_GOING:
		return look_at_run(run, app, now_ns);
	}
	return false;
}

bool wr_run_stop(struct wr_appliance *app, uint64_t now_ns)
{
	struct wr_run *run = app->role->arg;

	if (run->stage < WR_RUN_OPENING)
		return false;
	end_all(run, app);
	return true;
}

void wr_run_families(struct wr_appliance *app, FILE *out)
{
	const struct wr_run *run = app->role->arg;

	wr_result_metrics(run->result, out);
}
