/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Each arrival's time is computed from its number, not from the one before, so that nothing
 * adds up: a double holds both exactly, for days at 100 M/s.
 */
#include <assert.h>
#include <math.h>

#include "wr_base.h"
#include "wr_plan.h"

#define NEVER 0x1p62 /* ns, not to overflow */

/* The number of our next arrival, among those of all cores. */
static double next_number(const struct wr_plan *plan)
{
	return (double)(int64_t)(plan->core + plan->arrivals * plan->cores);
}

static double work_at(const struct wr_plan *plan, uint64_t now_ns)
{
	return now_ns > plan->start_ns
	               ? wr_schedule_integral(plan->schedule, now_ns - plan->start_ns) * 1e9
	               : 0;
}

/* Arrivals of all cores that are due before now_ns. */
static double due_before(const struct wr_plan *plan, uint64_t now_ns)
{
	const struct wr_plan_leg *leg = &plan->leg[plan->legs - 1];
	double work;

	while (leg > plan->leg && leg->from_ns > now_ns)
		leg--;
	if (leg->even)
		work = (double)(int64_t)(now_ns - leg->from_ns);
	else
		work = work_at(plan, now_ns) - leg->work_ns;
	return leg->arrivals + leg->rate * work / 1e9;
}

static void leg_set_rate(struct wr_plan_leg *leg, double rate)
{
	leg->rate = rate;
	leg->gap_ns = rate > 0 ? 1e9 / rate : INFINITY;
}

static void leg_add(struct wr_plan *plan, double rate, double arrivals, uint64_t from_ns)
{
	const struct wr_schedule *s = plan->schedule;
	struct wr_plan_leg *leg = &plan->leg[plan->legs++];

	*leg = (struct wr_plan_leg) {
		.from_ns = from_ns,
		.arrivals = arrivals,
		.work_ns = work_at(plan, from_ns),
		.even = s->kind == WR_SCHEDULE_CONSTANT &&
	                from_ns >= plan->start_ns + s->ramp_ns,
	};
	leg_set_rate(leg, rate);
}

static void leg_drop(struct wr_plan *plan)
{
	plan->legs--;
	for (unsigned i = 0; i < plan->legs; i++)
		plan->leg[i] = plan->leg[i + 1];
}

/* Who is late by so many changes of rate gets the mean of the last two for what is due. */
static void legs_merge(struct wr_plan *plan, double due, uint64_t now_ns)
{
	struct wr_plan_leg *leg = &plan->leg[plan->legs-- - 2];
	double work = work_at(plan, now_ns) - leg->work_ns;

	leg_set_rate(leg, work > 0 ? (due - leg->arrivals) * 1e9 / work : 0);
}

static void find_next(struct wr_plan *plan)
{
	const struct wr_plan_leg *leg = plan->leg;
	double number = next_number(plan), when;

	while (wr_unlikely(plan->legs > 1) && number >= plan->leg[1].arrivals)
		leg_drop(plan);
	when = (number - leg->arrivals) * leg->gap_ns;
	if (wr_unlikely(!(when < NEVER))) {
		plan->next_ns = UINT64_MAX;
		return;
	}
	if (wr_likely(leg->even)) {
		plan->next_ns = leg->from_ns + (uint64_t)(int64_t)(when + 0.5);
		return;
	}
	when = wr_schedule_when(plan->schedule, leg->work_ns + when);
	plan->next_ns = when < NEVER ? plan->start_ns + (uint64_t)(when + 0.5) : UINT64_MAX;
}

void wr_plan_start(struct wr_plan *plan, const struct wr_schedule *schedule, double rate,
                   uint32_t core, uint32_t cores, uint64_t start_ns)
{
	assert(core < cores);
	*plan = (struct wr_plan) {
		.schedule = schedule,
		.core = core,
		.cores = cores,
		.start_ns = start_ns,
	};
	leg_add(plan, rate, 0, start_ns);
	find_next(plan);
}

void wr_plan_set_rate(struct wr_plan *plan, double rate, uint64_t now_ns)
{
	const struct wr_plan_leg *last = &plan->leg[plan->legs - 1];
	double due;

	if (now_ns < last->from_ns)
		now_ns = last->from_ns;
	due = due_before(plan, now_ns);
	if (next_number(plan) >= due)
		plan->legs = 0;
	else if (plan->legs == WR_PLAN_LEGS)
		legs_merge(plan, due, now_ns);
	leg_add(plan, rate, due, now_ns);
	find_next(plan);
}

uint64_t wr_plan_take(struct wr_plan *plan)
{
	uint64_t due_ns = plan->next_ns;

	assert(due_ns != UINT64_MAX);
	plan->arrivals++;
	find_next(plan);
	return due_ns;
}

uint64_t wr_plan_late(const struct wr_plan *plan, uint64_t now_ns)
{
	double late;

	if (!wr_plan_is_due(plan, now_ns))
		return 0;
	late = (due_before(plan, now_ns) - next_number(plan)) / plan->cores;
	return late > 0 ? (uint64_t)late + 1 : 1;
}
