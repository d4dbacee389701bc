/* SPDX-License-Identifier: BSD-3-Clause */
/* Events in order of virtual time, and a run from its start to its end. */

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>

#include "sim.h"
#include "wr_buf.h"
#include "wr_test.h"

#define STEPS_MOST 20000000 /* a run that needs more spins */

struct rte_mempool *sim_world_pool(struct sim_world *world, unsigned host, enum sim_pool kind)
{
	uint16_t mtu = kind == SIM_POOL_SMALL ? 1500 : 9000;
	struct rte_mempool **pool = &world->pool[host][kind];
	char name[32];

	if (*pool)
		return *pool;
	snprintf(name, sizeof(name), "host%u_%u", host, kind);
	*pool = wr_buf_pool_new(name, world->pool_size[kind], mtu, SOCKET_ID_ANY);
	if (!*pool) {
		fprintf(stderr, "no pool: %s\n", rte_strerror(rte_errno));
		exit(EXIT_FAILURE);
	}
	return *pool;
}

void sim_world_init(struct sim_world *world)
{
	char name[24];

	world->pool_size[SIM_POOL_SMALL] = 4096;
	world->pool_size[SIM_POOL_LARGE] = 1024;
	world->pool_size[SIM_POOL_MANY] = 13000;
	for (unsigned host = 0; host < SIM_HOSTS; host++) {
		sim_world_pool(world, host, SIM_POOL_SMALL);
		sim_world_pool(world, host, SIM_POOL_LARGE);
		for (unsigned core = 0; core < SIM_CORES; core++) {
			snprintf(name, sizeof(name), "host%u", host);
			world->inbox[host][core] =
				wr_stack_inbox_new(name, core, SOCKET_ID_ANY);
			if (!world->inbox[host][core]) {
				fprintf(stderr, "no ring: %s\n", rte_strerror(rte_errno));
				exit(EXIT_FAILURE);
			}
		}
	}
}

void sim_fail(struct sim *sim, const char *fmt, ...)
{
	va_list args;

	if (sim->failed)
		return;
	sim->failed = true;
	va_start(args, fmt);
	vsnprintf(sim->why, sizeof(sim->why), fmt, args);
	va_end(args);
	sim_say(sim, "FAILED: %s", sim->why);
}

/* ---- events ---- */

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->serial < b->serial;
}

void sim_push(struct sim *sim, const struct sim_event *event)
{
	unsigned i = sim->events++;

	if (sim->events > sim->events_max) {
		sim->events_max = sim->events_max ? sim->events_max * 2 : 1024;
		sim->heap = realloc(sim->heap, sim->events_max * sizeof(*sim->heap));
		if (!sim->heap)
			abort();
	}
	sim->heap[i] = *event;
	sim->heap[i].serial = sim->serial++;
	for (; i && before(&sim->heap[i], &sim->heap[(i - 1) / 2]); i = (i - 1) / 2) {
		struct sim_event parent = sim->heap[(i - 1) / 2];

		sim->heap[(i - 1) / 2] = sim->heap[i];
		sim->heap[i] = parent;
	}
}

static struct sim_event pop(struct sim *sim)
{
	struct sim_event first = sim->heap[0], last = sim->heap[--sim->events];
	unsigned i = 0, child;

	while ((child = 2 * i + 1) < sim->events) {
		if (child + 1 < sim->events && before(&sim->heap[child + 1], &sim->heap[child]))
			child++;
		if (!before(&sim->heap[child], &last))
			break;
		sim->heap[i] = sim->heap[child];
		i = child;
	}
	sim->heap[i] = last;
	return first;
}

void sim_wake(struct sim *sim, struct sim_core *core, uint64_t at_ns)
{
	const struct sim_event event = {
		.at_ns = at_ns,
		.kind = SIM_STEP,
		.host = core->host->index,
		.core = core->index,
	};

	if (at_ns >= core->step_ns)
		return;
	core->step_ns = at_ns;
	sim_push(sim, &event);
}

static void happen(struct sim *sim, const struct sim_event *event)
{
	struct sim_core *core = &sim->host[event->host].core[event->core];

	if (event->kind == SIM_ARRIVAL) {
		sim_core_receive(sim, core, event->frame);
		return;
	}
	if (event->kind == SIM_ALARM) {
		sim_wake(sim, core, sim->now_ns);
		return;
	}
	/* Not if it was moved to an earlier time meanwhile. */
	if (event->at_ns != core->step_ns)
		return;
	sim_core_step(sim, core);
	/* What it handed over to its neighbour is worth a look. */
	for (unsigned i = 0; i < core->host->plan->cores; i++) {
		struct sim_core *other = &core->host->core[i];

		if (other != core && wr_stack_deadline(other->stack) == 0)
			sim_wake(sim, other, sim->now_ns);
	}
	if (++sim->steps > STEPS_MOST)
		sim_fail(sim, "a run ends in a bounded number of steps");
}

/* ---- a run ---- */

/* Cores look when a stretch of trouble begins or ends. */
static void set_alarms(struct sim *sim)
{
	for (unsigned i = 0; i < sim->plan->hosts; i++) {
		const struct sim_host_plan *plan = &sim->plan->host[i];
		const uint64_t at[] = {0,
		                       plan->starved.from_ns,
		                       plan->starved.to_ns,
		                       plan->tx_full.to_ns,
		                       plan->jump_at_ns,
		                       sim->plan->calm_ns};

		for (unsigned core = 0; core < plan->cores; core++) {
			for (unsigned k = 0; k < WR_LEN(at); k++) {
				const struct sim_event alarm = {
					.at_ns = at[k],
					.kind = SIM_ALARM,
					.host = i,
					.core = core,
				};

				sim_push(sim, &alarm);
			}
		}
	}
}

static uint64_t longest_wait_ns(const struct sim_plan *plan)
{
	uint64_t longest_us = 0;

	for (unsigned i = 0; i < plan->hosts; i++)
		longest_us = RTE_MAX(longest_us, plan->host[i].time_wait_us);
	return longest_us * 1000;
}

static void run_until(struct sim *sim, uint64_t end_ns)
{
	while (sim->events && !sim->failed && sim->heap[0].at_ns <= end_ns) {
		struct sim_event event = pop(sim);

		sim->now_ns = event.at_ns;
		happen(sim, &event);
	}
	sim->now_ns = end_ns;
}

/* A measurement: what had come after a third of the time, and at its end. */
static void measure(struct sim *sim, struct sim_result *result)
{
	run_until(sim, sim->plan->until_ns / 3);
	for (unsigned i = 0; i < sim->plan->flows; i++)
		result->flow[i].third = sim->flow[i].end[1].received;
	run_until(sim, sim->plan->until_ns);
}

/* Until all is said, and then until TIME-WAIT is over on both sides. */
static void run_events(struct sim *sim)
{
	uint64_t end_ns = sim->plan->calm_ns + sim->plan->bound_ns;
	bool done = false;

	while (sim->events && !sim->failed) {
		struct sim_event event;

		if (sim->heap[0].at_ns > end_ns)
			break;
		event = pop(sim);
		sim->now_ns = event.at_ns;
		happen(sim, &event);
		if (!done && sim_apps_done(sim)) {
			done = true;
			sim_say(sim, "all connections are closed");
			end_ns = RTE_MAX(sim->now_ns, sim->plan->calm_ns) +
			         2 * longest_wait_ns(sim->plan) + 130 * WR_S(1);
		}
	}
	if (!sim->failed)
		sim->now_ns = end_ns;
}

static void free_events(struct sim *sim)
{
	for (unsigned i = 0; i < sim->events; i++)
		if (sim->heap[i].kind == SIM_ARRIVAL)
			free(sim->heap[i].frame);
	free(sim->heap);
}

static void report(struct sim *sim, struct sim_result *result)
{
	for (unsigned i = 0; i < sim->plan->hosts; i++) {
		for (unsigned core = 0; core < sim->plan->host[i].cores; core++) {
			const struct wr_stats *stats = &sim->host[i].core[core].stats;

			wr_stats_sum(&result->stats[i], stats);
			sim->hash = sim_digest(sim->hash, stats, sizeof(*stats));
		}
	}
	for (unsigned i = 0; i < sim->plan->flows; i++) {
		result->flow[i].half_ns = sim->flow[i].end[1].half_ns;
		result->flow[i].done_ns = sim->flow[i].end[1].done_ns;
		result->flow[i].received = sim->flow[i].end[1].received;
		for (unsigned side = 0; side < SIM_SIDES; side++) {
			result->flow[i].port[side] = sim->flow[i].port[side];
			result->flow[i].iss[side] = sim->flow[i].side[side].iss;
		}
	}
	result->hash = sim->hash;
	result->plain_hash = sim->plain.hash;
	result->meetings = sim->plain.meetings;
	result->frames = sim->frames;
	result->faults = sim->faults;
	result->caught_ns = sim->caught_ns;
	result->work_most = sim->work_most;
	result->judged = sim->judged;
	result->learned = sim->learned;
	result->end_ns = sim->now_ns;
}

static int set_up(struct sim *sim)
{
	wr_prng_seed(&sim->luck, sim->plan->seed ^ 0x6c75636b);
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		sim->path[i].plan = &sim->plan->path[i];
		sim->path[i].side = i;
	}
	for (unsigned i = 0; i < sim->plan->hosts; i++)
		if (sim_host_init(sim, i))
			return -1;
	if (sim_apps_init(sim))
		return -1;
	set_alarms(sim);
	return 0;
}

static void run_to_the_end(struct sim *sim)
{
	run_events(sim);
	sim_apps_check_end(sim);
	for (unsigned i = 0; i < sim->plan->hosts && !sim->failed; i++)
		sim_host_check_empty(sim, &sim->host[i]);
}

static struct sim *make(struct sim_world *world, const struct sim_plan *plan)
{
	struct sim *sim = calloc(1, sizeof(*sim));

	if (!sim)
		abort();
	sim->plan = plan;
	sim->world = world;
	return sim;
}

static void run(struct sim *sim, struct sim_result *result)
{
	const struct sim_plan *plan = sim->plan;

	memset(result, 0, sizeof(*result));
	if (!set_up(sim)) {
		if (plan->until_ns)
			measure(sim, result);
		else
			run_to_the_end(sim);
	}
	free_events(sim);
	report(sim, result);
	for (unsigned i = 0; i < plan->hosts; i++)
		sim_host_fini(&sim->host[i]);
	result->ok = !sim->failed;
	memcpy(result->why, sim->why, sizeof(result->why));
	free(sim);
}

void sim_run(struct sim_world *world, const struct sim_plan *plan, FILE *pcap, FILE *trace,
             struct sim_result *result)
{
	struct sim *sim = make(world, plan);

	sim->pcap = pcap;
	sim->trace = trace;
	if (pcap)
		sim_pcap_begin(pcap);
	run(sim, result);
}

void sim_run_plain(struct sim_world *world, const struct sim_plan *plan, FILE *plain,
                   struct sim_result *result)
{
	struct sim *sim = make(world, plan);

	sim->plain.out = plain;
	run(sim, result);
}
