/* SPDX-License-Identifier: BSD-3-Clause */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_malloc.h>

#include "appliance.h"
#include "revision.h"
#include "wr_buf.h"

#define MIB ((uint64_t)1 << 20)

/* Polling goes on for so long after the last work; a shared CPU is needed by others. */
#define PATIENCE_NS        WR_US(100)
#define PATIENCE_SHARED_NS WR_US(10)

/* A worker answers a call between two bursts, unless it is stuck. */
#define CALL_BOUND_NS WR_S(5)
#define CALL_NAP_US   20

static_assert(WR_CONF_PORTS <= WR_MAX_PORTS, "every device that can be named");

static unsigned mib(uint64_t bytes)
{
	return (unsigned)((bytes + MIB - 1) / MIB);
}

/* Memory of one worker: with hugepages of 2 MiB, and without. */
static void size_worker(const struct wr_conf *conf, uint64_t further, struct wr_eal_conf *eal)
{
	struct wr_stack_conf stack;
	unsigned bufs = wr_conf_bufs(conf);
	uint16_t mtu = (uint16_t)conf->mtu;
	uint64_t tables;

	wr_conf_stack(conf, &stack);
	tables = wr_stack_bytes(&stack) + wr_wire_bytes(conf) + sizeof(struct wr_worker) +
	         further + MIB;
	eal->worker_mib = mib(tables + wr_buf_pool_bytes(bufs, mtu));
	eal->worker_plain_mib = mib(tables + wr_buf_pool_bytes_paged(bufs, mtu, 4096));
}

static const char *if_set(const char *text)
{
	return text[0] ? text : NULL;
}

static void fill_eal(const struct wr_conf *conf, struct wr_eal_conf *eal)
{
	*eal = (struct wr_eal_conf) {
		.instance = if_set(conf->instance),
		.port_count = conf->port.count,
		.workers = (unsigned)conf->cores,
		.lcores = if_set(conf->lcores),
		.mem_mib = mib(conf->mem_bytes),
		.no_huge = conf->no_huge,
		.extra = if_set(conf->eal),
		.log_level = conf->verbose ? "info" : NULL,
		.mtu = (unsigned)conf->mtu,
	};
	for (unsigned i = 0; i < conf->port.count; i++)
		eal->ports[i] = conf->port.spec[i];
}

int wr_appliance_workers(const struct wr_conf *conf, unsigned *workers, struct wr_err *err)
{
	struct wr_eal_conf eal;

	fill_eal(conf, &eal);
	return wr_eal_workers(&eal, workers, err);
}

static int start_eal(struct wr_appliance *app, struct wr_err *err)
{
	struct wr_eal_conf eal;
	int rc;

	fill_eal(app->conf, &eal);
	eal.client = app->role->client;
	if (app->role->workers) {
		eal.workers = app->role->workers;
		eal.crowded = true;
	}
	size_worker(app->conf, app->role->worker_bytes, &eal);
	rc = wr_eal_start(&eal, &app->eal, err);
	app->eal_runs = rc == 0;
	return rc;
}

static int no_memory(struct wr_err *err, const char *what, unsigned worker)
{
	return wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENOMEM,
	                  "worker %u: there is no memory for %s (%s); give more with --mem, or "
	                  "fewer --bufs or --connections",
	                  worker, what, rte_strerror(rte_errno));
}

static int make_pools(struct wr_appliance *app, struct wr_err *err)
{
	const struct wr_conf *conf = app->conf;

	for (unsigned i = 0; i < app->eal.workers; i++) {
		char name[RTE_MEMPOOL_NAMESIZE];

		snprintf(name, sizeof(name), "wr_pool%u", i);
		app->pool[i] = wr_buf_pool_new(name, wr_conf_bufs(conf), (uint16_t)conf->mtu,
		                               app->eal.socket[i]);
		if (!app->pool[i])
			return no_memory(err, "its packet buffers", i);
		app->inbox[i] = wr_stack_inbox_new("wr", i, app->eal.socket[i]);
		if (!app->inbox[i])
			return no_memory(err, "its inbox", i);
	}
	return 0;
}

static int open_port(struct wr_appliance *app, struct wr_err *err)
{
	const struct wr_conf *conf = app->conf;
	const struct wr_port_conf port = {
		.spec = conf->port.spec[0],
		.device = app->eal.device[0],
		.profile_file = if_set(conf->driver_config),
		.queues = app->eal.workers,
		.most_queues = app->eal.queues[0],
		.mtu = (uint16_t)conf->mtu,
	};
	int rc = wr_port_open(&app->port, &port, app->pool, err);

	app->port_is_open = rc == 0;
	return rc;
}

/* Secrets come from the kernel; from --seed only to repeat a test. */
static int draw_secrets(const struct wr_conf *conf, struct wr_stack_conf *stack,
                        struct wr_err *err)
{
	uint64_t drawn[3] = {conf->seed, conf->seed + 1, conf->seed + 2};

	if (!conf->seed && getrandom(drawn, sizeof(drawn), 0) != (ssize_t)sizeof(drawn))
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -errno,
		                  "the kernel gives no random numbers (%s); try again when the "
		                  "machine has gathered some",
		                  strerror(errno));
	stack->key = (struct wr_sipkey) {drawn[0], drawn[1]};
	stack->seed = drawn[2];
	return 0;
}

static void fill_port_facts(const struct wr_port *port, struct wr_stack_conf *stack)
{
	stack->ip.mac = port->mac;
	stack->ip.mtu = port->mtu;
	stack->ip.tx_ip_cksum = port->tx_ip_cksum;
	stack->ip.tx_tcp_cksum = port->tx_tcp_cksum;
	stack->ip.tx_udp_cksum = port->tx_udp_cksum;
	stack->ip.rx_ip_cksum = port->rx_ip_cksum;
	stack->ip.rx_l4_cksum = port->rx_l4_cksum;
	stack->ip.multi_segs = port->multi_segs;
	stack->hash_is_ours = port->hash_is_ours;
}

static int make_worker(struct wr_appliance *app, unsigned i, const struct wr_stack_conf *all,
                       struct wr_err *err)
{
	struct wr_stack_conf own = *all, *stack = &own;
	const struct wr_eal *eal = &app->eal;
	struct wr_worker *w =
		rte_zmalloc_socket("wr_worker", sizeof(*w), WR_CACHE_LINE, eal->socket[i]);

	if (!w)
		return no_memory(err, "its numbers", i);
	app->worker[i] = w;
	w->port = &app->port;
	w->clock = &app->clock;
	w->pool = app->pool[i];
	w->queue = w->tx_queue = (uint16_t)i;
	w->lcore = eal->lcore[i];
	w->cpu = eal->cpu[i];
	w->socket = eal->socket[i];
	/*
	 * A full burst each way takes a tap up to 3 ms. Workers that share a CPU are
	 * interrupted as a matter of course.
	 */
	w->stall_cycles = app->role->workers ? UINT64_MAX : app->clock.hz / 200;
	w->idle.adaptive = app->conf->idle == WR_CONF_ADAPTIVE || eal->shares_cpu;
	w->idle.patience_ns = eal->shares_cpu ? PATIENCE_SHARED_NS : PATIENCE_NS;
	stack->core = i;
	stack->pool = w->pool;
	stack->ip.socket = stack->socket = w->socket;
	if (app->role->shape)
		app->role->shape(app, i, stack);
	w->stack = wr_stack_new(stack, &w->stats, wr_clock_ns(&app->clock), err);
	if (!w->stack || wr_wire_open(w, app->conf, stack->seed, err) < 0)
		return -ENOMEM;
	return app->role->attach ? app->role->attach(app, i, err) : 0;
}

static int make_workers(struct wr_appliance *app, struct wr_err *err)
{
	struct wr_stack_conf stack;
	unsigned workers = app->eal.workers;
	int rc;

	app->message = calloc(workers, sizeof(*app->message));
	if (!app->message)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENOMEM,
		                  "there is no memory to talk to the workers; free some");
	wr_conf_stack(app->conf, &stack);
	fill_port_facts(&app->port, &stack);
	rc = draw_secrets(app->conf, &stack, err);
	wr_owner_init(&app->owner, workers);
	stack.owner = &app->owner;
	stack.inbox = workers > 1 ? app->inbox : NULL;
	stack.cycles = wr_clock_cycles;
	for (unsigned i = 0; i < workers && rc == 0; i++)
		rc = make_worker(app, i, &stack, err);
	if (rc == 0)
		wr_arp_announce(wr_stack_ip(app->worker[0]->stack),
		                wr_clock_ns(&app->clock) / 1000);
	return rc;
}

static uint64_t now_ns(void *arg)
{
	const struct wr_appliance *app = arg;

	return wr_clock_ns(&app->clock);
}

static void nap(void *arg, unsigned us)
{
	nanosleep(&(struct timespec) {us / 1000000, (long)(us % 1000000) * 1000}, NULL);
}

static int change(void *arg, const char *words, char *answer, size_t size)
{
	struct wr_appliance *app = arg;

	return app->role->set(app, words, answer, size);
}

static void families(void *arg, FILE *out)
{
	struct wr_appliance *app = arg;

	app->role->families(app, out);
}

static int start_export(struct wr_appliance *app, struct wr_err *err)
{
	const struct wr_conf *conf = app->conf;
	struct wr_export_conf out = {
		.instance = app->eal.instance,
		.command = app->role->command,
		.version = WR_VERSION,
		.revision = if_set(WR_REVISION),
		.start_unix_s = (uint64_t)time(NULL),
		.tsc_hz = app->clock.hz,
		.control_cpu = app->eal.control_cpu,
		.cores = app->eal.workers,
		.port = &app->port,
		.ports = 1,
		.port_counters = wr_port_counters,
		.now_ns = now_ns,
		.nap = nap,
		.set = app->role->set ? change : NULL,
		.families = app->role->families ? families : NULL,
		.arg = app,
	};
	char metrics[32];

	if (conf->metrics.port) {
		wr_conf_format_endpoint(&conf->metrics, metrics, sizeof(metrics));
		out.metrics = metrics;
	}
	for (unsigned i = 0; i < out.cores; i++) {
		const struct wr_worker *w = app->worker[i];

		out.core[i] = (struct wr_export_core) {
			.stats = &w->stats,
			.stack = w->stack,
			.pool = w->pool,
			.lcore = w->lcore,
			.cpu = w->cpu,
			.socket = w->socket,
		};
	}
	app->export = wr_export_start(&out, err);
	return app->export ? 0 : -EIO;
}

int wr_appliance_launch(struct wr_appliance *app, struct wr_err *err)
{
	for (unsigned i = 0; i < app->eal.workers; i++) {
		struct wr_worker *w = app->worker[i];
		int rc;

		w->stop = false;
		rc = rte_eal_remote_launch(wr_worker_run, w, w->lcore);

		if (rc < 0)
			return wr_err_set(err, WR_EXIT_ENVIRONMENT, rc,
			                  "lcore %u does not take work (%s); choose other CPUs "
			                  "with --lcores",
			                  w->lcore, strerror(-rc));
		app->launched++;
	}
	return 0;
}

int wr_appliance_start(struct wr_appliance *app, const struct wr_role *role,
                       const struct wr_conf *conf, struct wr_err *err)
{
	static int (*const steps[])(struct wr_appliance *, struct wr_err *) = {
		start_eal,    make_pools,   open_port,
		make_workers, start_export, wr_appliance_launch,
	};
	int rc = 0;

	memset(app, 0, sizeof(*app));
	app->conf = conf;
	app->role = role;
	for (size_t i = 0; i < WR_LEN(steps) && rc == 0; i++) {
		rc = steps[i](app, err);
		if (i == 0 && rc == 0)
			wr_clock_init(&app->clock);
	}
	if (rc < 0)
		free(wr_appliance_stop(app));
	return rc;
}

/* Until the worker has done with the message, or the time is over: false. */
static bool await(const struct wr_appliance *app, const struct wr_stack_message *message,
                  uint64_t until_ns)
{
	while (!__atomic_load_n(&message->done, __ATOMIC_ACQUIRE)) {
		if (wr_clock_ns(&app->clock) >= until_ns)
			return false;
		nap(NULL, CALL_NAP_US);
	}
	return true;
}

int wr_appliance_call(struct wr_appliance *app, unsigned worker,
                      void (*call)(struct wr_stack *stack, void *arg), void *arg)
{
	struct wr_stack_message *message = &app->message[worker];
	uint64_t until_ns = wr_clock_ns(&app->clock) + CALL_BOUND_NS;

	/* An earlier one that was taken back may lie in the mailbox still. */
	if (message->call && !await(app, message, until_ns))
		return -ETIMEDOUT;
	message->ask = WR_ASK_CALL;
	message->call = call;
	message->arg = arg;
	while (wr_stack_post(app->worker[worker]->stack, message))
		nap(NULL, CALL_NAP_US);
	if (await(app, message, until_ns))
		return 0;
	if (wr_stack_retract(message))
		return -ETIMEDOUT;
	await(app, message, UINT64_MAX);
	return 0;
}

void wr_appliance_halt(struct wr_appliance *app)
{
	for (unsigned i = 0; i < app->launched; i++)
		wr_worker_stop(app->worker[i]);
	for (unsigned i = 0; i < app->launched; i++)
		rte_eal_wait_lcore(app->worker[i]->lcore);
	app->launched = 0;
}

static struct wr_snapshot *last_snapshot(struct wr_appliance *app)
{
	struct wr_snapshot *last = wr_snapshot_new();

	wr_export_tick(app->export, wr_clock_ns(&app->clock));
	if (last)
		*last = *wr_export_snapshot(app->export);
	return last;
}

static void free_workers(struct wr_appliance *app)
{
	for (unsigned i = 0; i < app->eal.workers; i++) {
		if (app->role->detach)
			app->role->detach(app, i);
		if (app->worker[i]) {
			wr_wire_close(app->worker[i]);
			wr_stack_free(app->worker[i]->stack);
		}
		rte_free(app->worker[i]);
		wr_stack_inbox_free(app->inbox[i]);
	}
}

/* Whoever had a buffer has given it back by now. */
static void free_pools(struct wr_appliance *app, struct wr_snapshot *last)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < app->eal.workers; i++) {
		uint64_t lost = 0;

		if (app->pool[i])
			lost = rte_mempool_in_use_count(app->pool[i]);
		if (last) {
			WR_LEVEL(&last->core[i].stats, mbuf_in_use, lost);
			last->core[i].pool_available =
				last->core[i].pool_objects - (uint32_t)lost;
		}
		all += lost;
		rte_mempool_free(app->pool[i]);
	}
	if (last)
		WR_LEVEL(&last->sum, mbuf_in_use, all);
}

struct wr_snapshot *wr_appliance_stop(struct wr_appliance *app)
{
	struct wr_snapshot *last = NULL;

	wr_appliance_halt(app);
	if (app->export)
		last = last_snapshot(app);
	wr_export_stop(app->export);
	if (app->port_is_open)
		wr_port_close(&app->port);
	if (app->eal_runs) {
		free_workers(app);
		free_pools(app, last);
		wr_eal_stop();
	}
	free(app->message);
	memset(app, 0, sizeof(*app));
	return last;
}
