/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "load.h"

/* Bare SYNs beside a load: what legitimate connections are worth while a server is flooded. */

#define FLOOD_NS WR_S(UINT64_C(1000) * 3600) /* longer than any load: it ends with that */

static bool is_wanted(const struct wr_run *run)
{
	return run->conf->load.syn_flood > 0;
}

void wr_flood_init(struct wr_run *run)
{
	run->flood = *run->load;
	run->flood.mode = WR_LOAD_SYN;
	run->flood.set = (struct wr_load_setpoints) {.pps = run->conf->load.syn_flood};
	run->flood.schedule = (struct wr_schedule) {0};
	run->flood.warmup_ns = 0;
	run->flood.duration_ns = FLOOD_NS;
	run->flood.requests = 0;
	run->flood.seed = run->load->seed + 1;
}

uint64_t wr_flood_bytes(const struct wr_run *run, unsigned cores)
{
	return is_wanted(run) ? wr_load_bytes(&run->flood, cores) : 0;
}

int wr_flood_attach(struct wr_run *run, struct wr_worker *w, unsigned core, struct wr_err *err)
{
	if (!is_wanted(run))
		return 0;
	run->flood_core[core] =
		wr_load_new(&run->flood, w->stack, core, run->cores, w->socket, err);
	return run->flood_core[core] ? 0 : -ENOMEM;
}

void wr_flood_detach(struct wr_run *run, unsigned core)
{
	wr_load_free(run->flood_core[core]);
	run->flood_core[core] = NULL;
}

struct start {
	struct wr_load *flood;
	uint64_t start_ns;
};

static void start_core(struct wr_stack *stack, void *arg)
{
	const struct start *start = arg;

	wr_load_begin(start->flood, wr_stack_now_ns(stack));
	wr_load_start(start->flood, start->start_ns);
}

int wr_flood_start(struct wr_run *run, struct wr_appliance *app, unsigned core,
                   uint64_t start_ns)
{
	struct start start = {run->flood_core[core], start_ns};

	return is_wanted(run) ? wr_appliance_call(app, run->first + core, start_core, &start)
	                      : 0;
}

static void end_core(struct wr_stack *stack, void *arg)
{
	wr_load_end(arg, wr_stack_now_ns(stack));
}

void wr_flood_end(struct wr_run *run, struct wr_appliance *app)
{
	for (unsigned i = 0; is_wanted(run) && i < run->cores; i++)
		wr_appliance_call(app, run->first + i, end_core, run->flood_core[i]);
}

int wr_flood_renew(struct wr_run *run, unsigned core)
{
	if (!is_wanted(run))
		return 0;
	wr_load_abort(run->flood_core[core]);
	return wr_load_renew(run->flood_core[core], &run->err);
}

void wr_flood_sum(const struct wr_run *run, struct wr_load_stats *sum)
{
	static const enum wr_load_stat counted[] = {
		WR_LOAD_STAT_syns_sent,
		WR_LOAD_STAT_synacks_received,
		WR_LOAD_STAT_rsts_received,
	};

	for (unsigned i = 0; is_wanted(run) && i < run->cores; i++)
		for (unsigned n = 0; n < WR_LEN(counted); n++)
			sum->n[counted[n]] +=
				wr_stat_read(&wr_load_stats(run->flood_core[i])->n[counted[n]]);
}
