/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reader.h"
#include "wr_base.h"
#include "wr_plan.h"

#define FACTOR_MOST 1000.0 /* as factor: 100,000 % */

static const struct unit {
	const char *name;
	uint64_t ns;
} units[] = {
	{"ns", 1},      {"us", 1000},    {"ms", 1000000},
	{"s", WR_S(1)}, {"m", WR_S(60)}, {"h", WR_S(3600)},
};

/* ---- reading ---- */

static bool take_time(const char **at, uint64_t *ns)
{
	double number;

	if (!take_number(at, &number))
		return false;
	for (unsigned i = 0; i < WR_LEN(units); i++) {
		size_t n = strlen(units[i].name);

		if (strspn(*at, "numsh") != n || strncmp(*at, units[i].name, n))
			continue;
		number = number * (double)units[i].ns + 0.5;
		*at += n;
		*ns = (uint64_t)fmin(number, 0x1p62);
		return number < 0x1p62;
	}
	return false;
}

static bool take_percent(const char **at, double *factor)
{
	if (!take_number(at, factor) || !take(at, "%"))
		return false;
	*factor /= 100;
	return *factor <= FACTOR_MOST;
}

static bool take_steps(const char **at, struct wr_schedule *s)
{
	s->kind = WR_SCHEDULE_STEP;
	s->steps = 0;
	do {
		if (s->steps == WR_SCHEDULE_STEPS || !take_time(at, &s->step[s->steps].ns) ||
		    !take(at, "=") || !take_percent(at, &s->step[s->steps].factor))
			return false;
		s->steps++;
	} while (take(at, ","));
	return true;
}

static bool take_sine(const char **at, struct wr_schedule *s)
{
	s->kind = WR_SCHEDULE_SINE;
	return take_time(at, &s->period_ns) && s->period_ns && take(at, ",") &&
	       take_percent(at, &s->amplitude) && s->amplitude <= 1;
}

static bool take_burst(const char **at, struct wr_schedule *s)
{
	s->kind = WR_SCHEDULE_BURST;
	return take_time(at, &s->on_ns) && s->on_ns && take(at, "/") &&
	       take_time(at, &s->off_ns);
}

static bool take_schedule(const char **at, struct wr_schedule *s)
{
	if (take(at, "step:"))
		return take_steps(at, s);
	if (take(at, "sine:"))
		return take_sine(at, s);
	if (take(at, "burst:"))
		return take_burst(at, s);
	s->kind = WR_SCHEDULE_CONSTANT;
	return take(at, "constant");
}

int wr_schedule_parse(const char *text, struct wr_schedule *schedule)
{
	struct wr_schedule s = {.ramp_ns = schedule->ramp_ns};

	if (!take_schedule(&text, &s) || *text)
		return -EINVAL;
	*schedule = s;
	return 0;
}

/* ---- writing ---- */

/* In the largest unit of which it is a whole number. */
static void put_time(FILE *out, uint64_t ns)
{
	unsigned i = WR_LEN(units) - 1;

	while (i && ns % units[i].ns)
		i--;
	if (!ns)
		i = 3;
	fprintf(out, "%" PRIu64 "%s", ns / units[i].ns, units[i].name);
}

static void put_percent(FILE *out, double factor)
{
	fprintf(out, "%.10g%%", factor * 100);
}

static void put_schedule(FILE *out, const struct wr_schedule *s)
{
	switch (s->kind) {
	case WR_SCHEDULE_CONSTANT:
		fputs("constant", out);
		break;
	case WR_SCHEDULE_STEP:
		for (unsigned i = 0; i < s->steps; i++) {
			fputs(i ? "," : "step:", out);
			put_time(out, s->step[i].ns);
			fputs("=", out);
			put_percent(out, s->step[i].factor);
		}
		break;
	case WR_SCHEDULE_SINE:
		fputs("sine:", out);
		put_time(out, s->period_ns);
		fputs(",", out);
		put_percent(out, s->amplitude);
		break;
	case WR_SCHEDULE_BURST:
		fputs("burst:", out);
		put_time(out, s->on_ns);
		fputs("/", out);
		put_time(out, s->off_ns);
		break;
	}
}

void wr_schedule_format(const struct wr_schedule *schedule, char *buf, unsigned size)
{
	FILE *out = fmemopen(buf, size, "w");

	buf[0] = 0;
	if (!out)
		return;
	put_schedule(out, schedule);
	fclose(out);
	buf[size - 1] = 0;
}
