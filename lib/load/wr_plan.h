/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_PLAN_H
#define WR_PLAN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * When things are due: arrivals of an open loop. A rate, shaped over time by a schedule, is
 * planned ahead of what happens, so that a late sender knows how late it is.
 */

/* The shape: a factor of the rate over the time since the end of the ramp. */
enum wr_schedule_kind {
	WR_SCHEDULE_CONSTANT,
	WR_SCHEDULE_STEP,  /* level after level; the last one stays */
	WR_SCHEDULE_SINE,  /* 1 + amplitude * sin(2 pi t / period) */
	WR_SCHEDULE_BURST, /* on for so long, then off, again and again */
};

#define WR_SCHEDULE_STEPS 32

struct wr_schedule {
	enum wr_schedule_kind kind;
	uint64_t ramp_ns; /* from 0 to its beginning in a straight line, first of all; 0: at
	                     once */
	unsigned steps;
	struct {
		uint64_t ns; /* how long it lasts */
		double factor;
	} step[WR_SCHEDULE_STEPS];
	uint64_t period_ns; /* of the sine */
	double amplitude;   /* 0 .. 1 */
	uint64_t on_ns, off_ns;
};

/*
 * Reads "constant", "step:10s=50%,10s=100%", "sine:60s,50%" or "burst:10ms/90ms" (on, off;
 * the rate holds while it is on). Returns 0 or -EINVAL; ramp_ns is left alone.
 */
int wr_schedule_parse(const char *text, struct wr_schedule *schedule);

/* Writes it as it would be read; size of 1024 is enough for any. */
void wr_schedule_format(const struct wr_schedule *schedule, char *buf, unsigned size);

/* The factor t_ns after the start, 0 and more. */
double wr_schedule_factor(const struct wr_schedule *schedule, uint64_t t_ns);

/* Arrivals due from the start until t_ns at a rate of 1/s: the factor's integral, seconds. */
double wr_schedule_integral(const struct wr_schedule *schedule, uint64_t t_ns);

/* The inverse: when the integral, in ns, comes to `work_ns`, ns; INFINITY: never. */
double wr_schedule_when(const struct wr_schedule *schedule, double work_ns);

#define WR_PLAN_LEGS 4

/* A time of one rate. */
struct wr_plan_leg {
	uint64_t from_ns;
	double rate;     /* arrivals a second of all cores */
	double gap_ns;   /* 1e9 / rate */
	double arrivals; /* of all cores, due before it */
	double work_ns;  /* the schedule's integral at its beginning */
	bool even;       /* its arrivals are gap_ns apart */
};

/*
 * One core's share of the arrivals: number core, core + cores, core + 2 cores, ... of a plan
 * that all cores make alike from the same start, so that together they are evenly spaced.
 */
struct wr_plan {
	const struct wr_schedule *schedule; /* borrowed */
	uint32_t core, cores;
	uint64_t start_ns;
	uint64_t next_ns;  /* when the next one is due; UINT64_MAX: never */
	uint64_t arrivals; /* taken so far */
	/* leg[0] has the next arrival, the last one is now: they differ while we are late. */
	unsigned legs;
	struct wr_plan_leg leg[WR_PLAN_LEGS];
};

/* rate: arrivals a second of all cores; 0: none. The first one is due at the start. */
void wr_plan_start(struct wr_plan *plan, const struct wr_schedule *schedule, double rate,
                   uint32_t core, uint32_t cores, uint64_t start_ns);

/*
 * From now on another rate; what was due before stays due. The cores stay evenly spaced if all
 * are given the same now_ns.
 */
void wr_plan_set_rate(struct wr_plan *plan, double rate, uint64_t now_ns);

static inline bool wr_plan_is_due(const struct wr_plan *plan, uint64_t now_ns)
{
	return plan->next_ns <= now_ns;
}

/* Takes the next arrival: when it is (or was) due, ns. There must be one. */
uint64_t wr_plan_take(struct wr_plan *plan);

/* Arrivals due until now_ns that were not taken: an estimate within one of a constant rate. */
uint64_t wr_plan_late(const struct wr_plan *plan, uint64_t now_ns);

#endif /* WR_PLAN_H */
