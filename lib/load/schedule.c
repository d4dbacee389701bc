/* SPDX-License-Identifier: BSD-3-Clause */
/* Times and integrals are in ns, as doubles: exact for 104 days. */
#include <assert.h>
#include <math.h>

#include "wr_base.h"
#include "wr_plan.h"

#define TURN (2 * M_PI)

static double full_turns(double x_ns, double period_ns)
{
	return floor(x_ns / period_ns);
}

/* ---- steps ---- */

static double step_factor(const struct wr_schedule *s, double t_ns)
{
	for (unsigned i = 0; i + 1 < s->steps; i++) {
		if (t_ns < (double)s->step[i].ns)
			return s->step[i].factor;
		t_ns -= (double)s->step[i].ns;
	}
	return s->step[s->steps - 1].factor;
}

static double step_integral(const struct wr_schedule *s, double t_ns)
{
	double sum = 0;

	for (unsigned i = 0; i + 1 < s->steps; i++) {
		double ns = fmin(t_ns, (double)s->step[i].ns);

		sum += ns * s->step[i].factor;
		t_ns -= ns;
	}
	return sum + t_ns * s->step[s->steps - 1].factor;
}

static double step_when(const struct wr_schedule *s, double work_ns)
{
	double factor = s->step[s->steps - 1].factor;
	double t_ns = 0;

	for (unsigned i = 0; i + 1 < s->steps; i++) {
		double done = (double)s->step[i].ns * s->step[i].factor;

		if (work_ns < done)
			return t_ns + work_ns / s->step[i].factor;
		work_ns -= done;
		t_ns += (double)s->step[i].ns;
	}
	return factor > 0 ? t_ns + work_ns / factor : INFINITY;
}

/* ---- sine ---- */

static double sine_factor(const struct wr_schedule *s, double t_ns)
{
	double period = (double)s->period_ns;

	return 1 + s->amplitude * sin(TURN * (t_ns / period - full_turns(t_ns, period)));
}

static double sine_integral(const struct wr_schedule *s, double t_ns)
{
	double period = (double)s->period_ns;
	double turn = t_ns / period - full_turns(t_ns, period);

	return t_ns + s->amplitude * period / TURN * (1 - cos(TURN * turn));
}

/* Newton's method within brackets, as the slope may be 0. */
static double sine_when(const struct wr_schedule *s, double work_ns)
{
	double period = (double)s->period_ns;
	double turns = full_turns(work_ns, period);
	double want = work_ns - turns * period;
	double low = 0, high = period, t = want;

	for (unsigned i = 0; i < 64; i++) {
		double sine, cosine, miss;

		sincos(TURN * t / period, &sine, &cosine);
		miss = t + s->amplitude * period / TURN * (1 - cosine) - want;
		if (fabs(miss) < 0.1)
			break;
		if (miss > 0)
			high = t;
		else
			low = t;
		t -= miss / (1 + s->amplitude * sine);
		if (!(t > low && t < high))
			t = (low + high) / 2;
	}
	return turns * period + t;
}

/* ---- bursts ---- */

static double burst_factor(const struct wr_schedule *s, double t_ns)
{
	double period = (double)(s->on_ns + s->off_ns);

	return t_ns - full_turns(t_ns, period) * period < (double)s->on_ns;
}

static double burst_integral(const struct wr_schedule *s, double t_ns)
{
	double period = (double)(s->on_ns + s->off_ns);
	double turns = full_turns(t_ns, period);

	return turns * (double)s->on_ns + fmin(t_ns - turns * period, (double)s->on_ns);
}

/* What falls on the end of a burst, but for rounding, begins the next one. */
static double burst_when(const struct wr_schedule *s, double work_ns)
{
	double on = (double)s->on_ns;
	double turns = full_turns(work_ns + 0.5, on);

	return turns * (double)(s->on_ns + s->off_ns) + fmax(work_ns - turns * on, 0);
}

/* ---- any of them, after the ramp ---- */

static double shape_factor(const struct wr_schedule *s, double t_ns)
{
	switch (s->kind) {
	case WR_SCHEDULE_STEP:
		return step_factor(s, t_ns);
	case WR_SCHEDULE_SINE:
		return sine_factor(s, t_ns);
	case WR_SCHEDULE_BURST:
		return burst_factor(s, t_ns);
	case WR_SCHEDULE_CONSTANT:
		break;
	}
	return 1;
}

static double shape_integral(const struct wr_schedule *s, double t_ns)
{
	switch (s->kind) {
	case WR_SCHEDULE_STEP:
		return step_integral(s, t_ns);
	case WR_SCHEDULE_SINE:
		return sine_integral(s, t_ns);
	case WR_SCHEDULE_BURST:
		return burst_integral(s, t_ns);
	case WR_SCHEDULE_CONSTANT:
		break;
	}
	return t_ns;
}

static double shape_when(const struct wr_schedule *s, double work_ns)
{
	switch (s->kind) {
	case WR_SCHEDULE_STEP:
		return step_when(s, work_ns);
	case WR_SCHEDULE_SINE:
		return sine_when(s, work_ns);
	case WR_SCHEDULE_BURST:
		return burst_when(s, work_ns);
	case WR_SCHEDULE_CONSTANT:
		break;
	}
	return work_ns;
}

/* Where the ramp leads to. */
static double first_factor(const struct wr_schedule *s)
{
	return s->kind == WR_SCHEDULE_STEP ? s->step[0].factor : 1;
}

double wr_schedule_factor(const struct wr_schedule *schedule, uint64_t t_ns)
{
	if (t_ns < schedule->ramp_ns)
		return first_factor(schedule) * (double)t_ns / (double)schedule->ramp_ns;
	return shape_factor(schedule, (double)(t_ns - schedule->ramp_ns));
}

double wr_schedule_integral(const struct wr_schedule *schedule, uint64_t t_ns)
{
	double t = (double)t_ns, ramp = (double)schedule->ramp_ns, work;

	if (t < ramp)
		work = first_factor(schedule) * t * t / ramp / 2;
	else
		work = first_factor(schedule) * ramp / 2 + shape_integral(schedule, t - ramp);
	return work / 1e9;
}

double wr_schedule_when(const struct wr_schedule *schedule, double work_ns)
{
	double ramp = (double)schedule->ramp_ns, factor = first_factor(schedule);
	double ramp_work = factor * ramp / 2;

	if (work_ns < ramp_work)
		return sqrt(2 * ramp * work_ns / factor);
	return ramp + shape_when(schedule, work_ns - ramp_work);
}
