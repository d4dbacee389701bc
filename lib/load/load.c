/* SPDX-License-Identifier: BSD-3-Clause */
/* One core's generator: its memory, and the phases of a run. */

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#include "load.h"

const char *const wr_load_mode_name[WR_LOAD_MODES + 1] = {
	[WR_LOAD_RR] = "rr",     [WR_LOAD_CRR] = "crr",       [WR_LOAD_STREAM] = "stream",
	[WR_LOAD_HOLD] = "hold", [WR_LOAD_UDP_RR] = "udp-rr", [WR_LOAD_UDP_FLOOD] = "udp-flood",
	[WR_LOAD_HTTP] = "http", [WR_LOAD_SYN] = "syn",       [WR_LOAD_CONNECT] = "connect",
};

const char *const wr_load_phase_name[WR_LOAD_DONE + 1] = {
	[WR_LOAD_WAITING] = "waiting", [WR_LOAD_OPENING] = "opening",
	[WR_LOAD_READY] = "ready",     [WR_LOAD_RAMP] = "ramp",
	[WR_LOAD_WARMUP] = "warm-up",  [WR_LOAD_MEASURE] = "measure",
	[WR_LOAD_DRAIN] = "drain",     [WR_LOAD_CLOSING] = "closing",
	[WR_LOAD_DONE] = "done",
};

const struct wr_load_desc wr_load_desc[WR_LOAD_STAT_COUNT] = {
#define WR_LOAD(name, unit, help) {#name, unit, help},
#include "wr_load.def"
};

const struct wr_named wr_latency_desc[WR_LATENCY_COUNT] = {
#define WR_LATENCY(name, help) {#name, help},
#include "wr_latencies.def"
};

/* Connections that stay are opened without ramp or schedule. */
static const struct wr_schedule constant = {.kind = WR_SCHEDULE_CONSTANT};

/* ---- numbers ---- */

void wr_load_stats_sum(struct wr_load_stats *sum, const struct wr_load_stats *core)
{
	for (unsigned i = 0; i < WR_LOAD_STAT_COUNT; i++)
		sum->n[i] += wr_stat_read(&core->n[i]);
	for (unsigned i = 0; i < WR_REASON_COUNT; i++)
		sum->reason[i] += wr_stat_read(&core->reason[i]);
	sum->wanted += wr_stat_read(&core->wanted);
	sum->open += wr_stat_read(&core->open);
	sum->opening += wr_stat_read(&core->opening);
	sum->outstanding += wr_stat_read(&core->outstanding);
	for (unsigned i = 0; i < WR_LATENCY_COUNT; i++)
		wr_histogram_add(&sum->latency[i], &core->latency[i]);
}

const struct wr_load_stats *wr_load_stats(const struct wr_load *load)
{
	return &load->stats;
}

enum wr_load_phase wr_load_phase(const struct wr_load *load)
{
	return (enum wr_load_phase)__atomic_load_n(&load->phase, __ATOMIC_ACQUIRE);
}

void wr_load_opened(const struct wr_load *load, uint64_t *from_ns, uint64_t *until_ns)
{
	*from_ns = wr_stat_read(&load->begun_ns);
	*until_ns = wr_stat_read(&load->opened_ns);
}

void wr_load_window(const struct wr_load *load, uint64_t *from_ns, uint64_t *until_ns)
{
	*from_ns = wr_stat_read(&load->from_ns);
	*until_ns = wr_stat_read(&load->until_ns);
}

/* ---- life ---- */

static bool is_one_shot(const struct wr_load_conf *conf)
{
	return conf->mode == WR_LOAD_CRR || conf->mode == WR_LOAD_CONNECT ||
	       (conf->mode == WR_LOAD_HTTP && conf->http.close);
}

static const struct load_mode *mode_of(const struct wr_load_conf *conf)
{
	switch (conf->mode) {
	case WR_LOAD_STREAM:
		return &load_mode_stream;
	case WR_LOAD_UDP_RR:
		return &load_mode_udp_rr;
	case WR_LOAD_UDP_FLOOD:
		return &load_mode_udp_flood;
	case WR_LOAD_SYN:
		return &load_mode_syn;
	default:
		return is_one_shot(conf) ? &load_mode_one_shot : &load_mode_kept;
	}
}

/* Sizes that are the same for certain need no help of the server. */
static bool sizes_are_equal(const struct wr_load_conf *conf)
{
	return conf->request.least == conf->request.most &&
	       conf->response.least == conf->request.least &&
	       conf->response.most == conf->request.most;
}

const struct load_protocol *load_protocol_of(const struct wr_load_conf *conf)
{
	if (conf->mode == WR_LOAD_HTTP)
		return &load_protocol_http;
	if (conf->protocol == WR_LOAD_AUTO)
		return sizes_are_equal(conf) ? &load_protocol_echo : &load_protocol_sized;
	return conf->protocol == WR_LOAD_ECHO ? &load_protocol_echo : &load_protocol_sized;
}

static size_t state_bytes(const struct wr_load_conf *conf)
{
	const struct load_protocol *protocol = load_protocol_of(conf);

	return mode_of(conf)->requests && protocol->state_bytes ? protocol->state_bytes(conf)
	                                                        : 0;
}

uint64_t wr_load_bytes(const struct wr_load_conf *conf, uint32_t cores)
{
	const struct load_mode *mode = mode_of(conf);
	uint64_t clients = (conf->set.connections + cores - 1) / cores;

	return sizeof(struct wr_load) + load_payload_size(conf) +
	       (mode->clients ? load_clients_bytes(conf, cores) + clients * state_bytes(conf)
	                      : 0) +
	       (mode->bytes ? mode->bytes(conf, cores) : 0);
}

static int make(struct wr_load *load, int socket, struct wr_err *err)
{
	if (load_payload_init(load, socket))
		return -ENOMEM;
	if (load->mode->clients) {
		if (load_clients_init(load, socket))
			return -ENOMEM;
		load->state_bytes = state_bytes(load->conf);
		load->state =
			rte_zmalloc_socket("load state", load->clients * load->state_bytes + 1,
		                           WR_CACHE_LINE, socket);
		if (!load->state)
			return -ENOMEM;
	}
	if (load->mode->requests && load->protocol->init && load->protocol->init(load, socket))
		return -ENOMEM;
	return load->mode->init ? load->mode->init(load, socket, err) : 0;
}

static void no_memory(const struct wr_load_conf *conf, uint32_t cores, struct wr_err *err)
{
	wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENOMEM,
	           "there is no memory for the load generator's tables (%.1f MiB a core); ask "
	           "for fewer --connections or give more with --mem",
	           (double)wr_load_bytes(conf, cores) / (1 << 20));
}

static bool run(void *arg, uint64_t now_ns);
static uint64_t deadline(void *arg);

/* Fills what make() begins with. */
static void prepare(struct wr_load *load, const struct wr_load_conf *conf,
                    struct wr_stack *stack, uint32_t core, uint32_t cores, int socket)
{
	load->conf = conf;
	load->mode = mode_of(conf);
	load->protocol = load_protocol_of(conf);
	load->stack = stack;
	load->tcp = wr_stack_tcp(stack);
	load->pool = wr_stack_ip(stack)->pool;
	load->core = core;
	load->cores = cores;
	load->socket = socket;
	load->now_ns = wr_stack_now_ns(stack);
	load->set = conf->set;
	load->quota = conf->requests ? load_share(conf->requests, core, cores) : UINT64_MAX;
	wr_prng_seed(&load->prng, conf->seed + core);
	load_addrs_init(load);
	load->run = (uint32_t)(conf->seed ^ conf->seed >> 32);
	for (unsigned i = 0; i < WR_LATENCY_COUNT; i++)
		wr_histogram_clear(&load->stats.latency[i]);
}

/* Makes it ready to begin. Returns 0, or -ENOMEM and *err. */
static int build(struct wr_load *load, struct wr_err *err)
{
	err->exit = WR_EXIT_OK;
	if (make(load, load->socket, err)) {
		if (err->exit == WR_EXIT_OK)
			no_memory(load->conf, load->cores, err);
		return -ENOMEM;
	}
	wr_stat_set(&load->stats.wanted, load->wanted);
	return 0;
}

static void demolish(struct wr_load *load)
{
	if (load->mode->fini)
		load->mode->fini(load);
	if (load->protocol->fini)
		load->protocol->fini(load);
	if (load->mode->clients)
		load_clients_fini(load);
	load_payload_fini(load);
	rte_free(load->state);
}

struct wr_load *wr_load_new(const struct wr_load_conf *conf, struct wr_stack *stack,
                            uint32_t core, uint32_t cores, int socket, struct wr_err *err)
{
	struct wr_load *load = rte_zmalloc_socket("load", sizeof(*load), WR_CACHE_LINE, socket);
	const struct wr_stack_task task = {run, deadline, load};

	if (!load) {
		no_memory(conf, cores, err);
		return NULL;
	}
	prepare(load, conf, stack, core, cores, socket);
	if (build(load, err) < 0) {
		wr_load_free(load);
		return NULL;
	}
	if (wr_stack_add_task(stack, &task) < 0) {
		no_memory(conf, cores, err);
		wr_load_free(load);
		return NULL;
	}
	return load;
}

int wr_load_renew(struct wr_load *load, struct wr_err *err)
{
	const struct wr_load_conf *conf = load->conf;
	struct wr_stack *stack = load->stack;
	uint32_t core = load->core, cores = load->cores;
	int socket = load->socket;

	demolish(load);
	memset(load, 0, sizeof(*load));
	prepare(load, conf, stack, core, cores, socket);
	return build(load, err);
}

void wr_load_free(struct wr_load *load)
{
	if (!load)
		return;
	demolish(load);
	rte_free(load);
}

/* ---- phases ---- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void enter(struct wr_load *load, enum wr_load_phase phase)
{
	load->phase_ns = load->now_ns;
	__atomic_store_n(&load->phase, phase, __ATOMIC_RELEASE);
}

void wr_load_begin(struct wr_load *load, uint64_t now_ns)
{
	load->now_ns = now_ns;
	wr_stat_set(&load->begun_ns, now_ns);
	load->opens_rate = load->set.cps;
	if (load->mode->keeps)
		wr_plan_start(&load->opens, &constant, load->opens_rate, load->core,
		              load->cores, now_ns);
	enter(load, load->mode->keeps ? WR_LOAD_OPENING : WR_LOAD_READY);
}

void wr_load_start(struct wr_load *load, uint64_t start_ns)
{
	const struct wr_load_conf *conf = load->conf;

	load->start_ns = start_ns;
	load->warm_ns = start_ns + conf->schedule.ramp_ns;
	wr_stat_set(&load->until_ns,
	            conf->duration_ns ? load->warm_ns + conf->warmup_ns + conf->duration_ns
	                              : UINT64_MAX);
	wr_stat_set(&load->from_ns, load->warm_ns + conf->warmup_ns);
}

/* The measurement is over: nothing new begins. */
static void stop(struct wr_load *load, uint64_t end_ns)
{
	if (load->until_ns > end_ns)
		wr_stat_set(&load->until_ns, end_ns);
	if (load->mode->stop)
		load->mode->stop(load, end_ns);
	enter(load, WR_LOAD_DRAIN);
}

void wr_load_end(struct wr_load *load, uint64_t now_ns)
{
	load->now_ns = now_ns;
	if (load_is_running(load))
		stop(load, now_ns);
	else if (load->phase < WR_LOAD_DRAIN)
		enter(load, load->mode->clients ? WR_LOAD_CLOSING : WR_LOAD_DONE);
}

void wr_load_abort(struct wr_load *load)
{
	load->now_ns = wr_stack_now_ns(load->stack);
	if (load->phase == WR_LOAD_DONE)
		return;
	enter(load, WR_LOAD_CLOSING);
	if (load->mode->clients)
		load_abort_all(load);
	enter(load, WR_LOAD_DONE);
}

int wr_load_set(struct wr_load *load, const struct wr_load_setpoints *set, uint64_t now_ns)
{
	uint64_t wanted = load_share(set->connections, load->core, load->cores);

	if ((load->mode->clients || load->mode->requests) && wanted > load->clients)
		return -ENOSPC;
	load->now_ns = now_ns;
	load->set = *set;
	load->wanted = (uint32_t)wanted;
	wr_stat_set(&load->stats.wanted, wanted);
	if (load->mode->keeps) {
		load->opens_rate = set->cps;
		wr_plan_set_rate(&load->opens, set->cps, now_ns);
	}
	if (load_is_running(load) && load->mode->set)
		load->mode->set(load, now_ns);
	return 0;
}

/* ---- in each tick ---- */

static void step_before_the_run(struct wr_load *load)
{
	if (load->phase == WR_LOAD_OPENING && load->stats.open + load->gone >= load->wanted) {
		wr_stat_set(&load->opened_ns, load->now_ns);
		enter(load, WR_LOAD_READY);
	}
	if (load->start_ns && load->now_ns >= load->start_ns) {
		if (!load->opened_ns)
			wr_stat_set(&load->opened_ns, load->now_ns);
		if (load->mode->start)
			load->mode->start(load);
		enter(load, WR_LOAD_RAMP);
	}
}

static bool is_over(const struct wr_load *load)
{
	return load->now_ns >= load->until_ns || load->quota == 0;
}

static void step_of_the_run(struct wr_load *load)
{
	if (load->phase == WR_LOAD_RAMP && load->now_ns >= load->warm_ns)
		enter(load, WR_LOAD_WARMUP);
	if (load->phase == WR_LOAD_WARMUP && load->now_ns >= load->from_ns)
		enter(load, WR_LOAD_MEASURE);
	if (is_over(load))
		stop(load, earlier(load->now_ns, load->until_ns));
}

static bool time_is_over(const struct wr_load *load)
{
	return load->now_ns >= load->phase_ns + load->conf->drain_ns;
}

static bool drain(struct wr_load *load)
{
	bool drained = !load->mode->is_drained || load->mode->is_drained(load);

	if (!drained && !time_is_over(load))
		return false;
	if (!drained && load->mode->give_up)
		load->mode->give_up(load);
	enter(load, load->mode->clients ? WR_LOAD_CLOSING : WR_LOAD_DONE);
	return true;
}

static bool close_down(struct wr_load *load)
{
	uint32_t cursor = load->close_cursor;
	bool closed = load_close_all(load);

	if (!closed && time_is_over(load)) {
		load->aborting = true;
		load->close_cursor = 0;
		load->phase_ns = load->now_ns;
	}
	if (closed)
		enter(load, WR_LOAD_DONE);
	return closed || load->close_cursor > cursor;
}

/* Connections that should be open and are not. */
static bool tend_clients(struct wr_load *load)
{
	bool busy = load_timers_run(load, load->now_ns);

	if (load->mode->keeps || load_is_running(load))
		busy |= load_open_due(load, load->now_ns);
	if (load->mode->keeps)
		busy |= load_shrink(load);
	return busy;
}

static bool run(void *arg, uint64_t now_ns)
{
	struct wr_load *load = arg;
	bool busy = false;

	load->now_ns = now_ns;
	switch (load->phase) {
	case WR_LOAD_WAITING:
	case WR_LOAD_DONE:
		return false;
	case WR_LOAD_OPENING:
	case WR_LOAD_READY:
		step_before_the_run(load);
		return load->mode->clients && load->mode->keeps && tend_clients(load);
	case WR_LOAD_RAMP:
	case WR_LOAD_WARMUP:
	case WR_LOAD_MEASURE:
		step_of_the_run(load);
		if (!load_is_running(load))
			return true;
		if (load->mode->clients)
			busy = tend_clients(load);
		return (load->mode->run && load->mode->run(load, now_ns)) || busy;
	case WR_LOAD_DRAIN:
		if (load->mode->clients)
			busy = load_timers_run(load, now_ns);
		return drain(load) || busy;
	default:
		busy = load_timers_run(load, now_ns);
		return close_down(load) || busy;
	}
}

static uint64_t timers_deadline(const struct wr_load *load)
{
	uint32_t tick;
	int32_t ahead;

	if (!load->mode->clients || !wr_wheel_next(load->wheel, &tick))
		return UINT64_MAX;
	ahead = (int32_t)(tick - wr_tick_now(load->now_ns / 1000));
	return ahead <= 0 ? load->now_ns
	                  : load->now_ns + ((uint64_t)(uint32_t)ahead << WR_TICK_SHIFT) * 1000;
}

static uint64_t phase_deadline(const struct wr_load *load)
{
	switch (load->phase) {
	case WR_LOAD_OPENING:
	case WR_LOAD_READY:
		return load->start_ns ? load->start_ns : UINT64_MAX;
	case WR_LOAD_RAMP:
		return load->warm_ns;
	case WR_LOAD_WARMUP:
		return load->from_ns;
	case WR_LOAD_MEASURE:
		return load->until_ns;
	case WR_LOAD_CLOSING:
		if (load->close_cursor < load->clients &&
		    (load->closing < LOAD_CLOSING_MOST || load->aborting))
			return load->now_ns;
		/* fall through */
	case WR_LOAD_DRAIN:
		return load->phase_ns + load->conf->drain_ns;
	default:
		return UINT64_MAX;
	}
}

static uint64_t deadline(void *arg)
{
	const struct wr_load *load = arg;
	uint64_t ns = phase_deadline(load);

	if (load->phase == WR_LOAD_WAITING || load->phase == WR_LOAD_DONE)
		return UINT64_MAX;
	ns = earlier(ns, timers_deadline(load));
	if (load->mode->clients && load->phase < WR_LOAD_DRAIN &&
	    (load->mode->keeps || load_is_running(load)))
		ns = earlier(ns, load_open_deadline(load));
	if (load_is_running(load) && load->mode->deadline)
		ns = earlier(ns, load->mode->deadline(load));
	return ns;
}
