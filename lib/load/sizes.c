/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reader.h"
#include "wr_base.h"
#include "wr_sizes.h"

/* UDP payloads of the simple IMIX: frames of 64, 594 and 1518 bytes. */
#define IMIX "18:7,548:4,1472:1"

/* ---- reading ---- */

/* What a suffix stands for: k or K, M, with or without i; none: 1. */
static double take_suffix(const char **at)
{
	double unit = 1;

	if (take(at, "k") || take(at, "K"))
		unit = 1024;
	else if (take(at, "M"))
		unit = 1024 * 1024;
	if (unit > 1)
		take(at, "i");
	return unit;
}

/* What is beyond 32 bits is as large as can be said. */
static bool take_bytes(const char **at, uint32_t *bytes)
{
	double number;

	if (!take_number(at, &number))
		return false;
	number *= take_suffix(at);
	*bytes = (uint32_t)fmin(number, UINT32_MAX);
	return number == floor(number);
}

static bool take_weight(const char **at, uint32_t *weight)
{
	double number;

	if (!take_number(at, &number) || number < 1 || number > 1000000)
		return false;
	*weight = (uint32_t)number;
	return *weight == number;
}

static bool take_choices(const char **at, struct wr_sizes *s, uint32_t first)
{
	s->kind = WR_SIZES_CHOICE;
	s->least = UINT32_MAX;
	s->value[0] = first;
	for (unsigned i = 0;; i++) {
		if (!take(at, ":") || !take_weight(at, &s->weight[i]))
			return false;
		s->least = wr_min(s->least, s->value[i]);
		s->most = wr_max(s->most, s->value[i]);
		s->weights += s->weight[i];
		s->choices = i + 1;
		if (!take(at, ","))
			return true;
		if (s->choices == WR_SIZES_CHOICES || !take_bytes(at, &s->value[i + 1]))
			return false;
	}
}

static bool take_values(const char **at, struct wr_sizes *s)
{
	uint32_t first;

	if (!take_bytes(at, &first))
		return false;
	if (**at == ':')
		return take_choices(at, s, first);
	s->kind = WR_SIZES_FIXED;
	s->least = s->most = first;
	if (!take(at, "-"))
		return true;
	s->kind = WR_SIZES_UNIFORM;
	return take_bytes(at, &s->most) && s->least <= s->most;
}

static bool take_bytes_as_double(const char **at, double *number)
{
	uint32_t bytes;

	if (!take_bytes(at, &bytes) || !bytes)
		return false;
	*number = bytes;
	return true;
}

/* The distributions without an end of their own: from 1 byte, or the least, to the limit. */
static bool take_distribution(const char **at, struct wr_sizes *s, uint32_t limit)
{
	s->least = 1;
	s->most = limit;
	if (take(at, "normal:")) {
		s->kind = WR_SIZES_NORMAL;
		return take_bytes_as_double(at, &s->a) && take(at, ",") &&
		       take_bytes_as_double(at, &s->b);
	}
	if (take(at, "exp:")) {
		s->kind = WR_SIZES_EXP;
		return take_bytes_as_double(at, &s->a);
	}
	s->kind = WR_SIZES_PARETO;
	if (!take(at, "pareto:") || !take_number(at, &s->a) || s->a < 0.1 || s->a > 100 ||
	    !take(at, ",") || !take_bytes_as_double(at, &s->b))
		return false;
	s->least = (uint32_t)s->b;
	s->most = wr_max(limit, s->least);
	return true;
}

int wr_sizes_parse(const char *text, uint32_t limit, struct wr_sizes *sizes)
{
	struct wr_sizes s = {0};
	bool is_read;

	if (!strcmp(text, "imix"))
		text = IMIX;
	is_read = *text >= 'a' && *text <= 'z' ? take_distribution(&text, &s, limit)
	                                       : take_values(&text, &s);
	if (!is_read || *text)
		return -EINVAL;
	if (s.most > limit || s.a > limit)
		return -ERANGE;
	*sizes = s;
	return 0;
}

/* ---- writing ---- */

static void put_choices(const struct wr_sizes *s, char *buf, unsigned size)
{
	unsigned used = 0;

	for (unsigned i = 0; i < s->choices && used < size; i++)
		used += (unsigned)snprintf(buf + used, size - used, "%s%u:%u", i ? "," : "",
		                           s->value[i], s->weight[i]);
}

void wr_sizes_format(const struct wr_sizes *sizes, char *buf, unsigned size)
{
	switch (sizes->kind) {
	case WR_SIZES_FIXED:
		snprintf(buf, size, "%u", sizes->least);
		break;
	case WR_SIZES_UNIFORM:
		snprintf(buf, size, "%u-%u", sizes->least, sizes->most);
		break;
	case WR_SIZES_CHOICE:
		put_choices(sizes, buf, size);
		break;
	case WR_SIZES_NORMAL:
		snprintf(buf, size, "normal:%.0f,%.0f", sizes->a, sizes->b);
		break;
	case WR_SIZES_EXP:
		snprintf(buf, size, "exp:%.0f", sizes->a);
		break;
	case WR_SIZES_PARETO:
		snprintf(buf, size, "pareto:%.10g,%.0f", sizes->a, sizes->b);
		break;
	}
}

/* ---- drawing ---- */

/* Above 0, at most 1. */
static double draw_unit(struct wr_prng *prng)
{
	return (double)((wr_prng_u64(prng) >> 11) + 1) * 0x1p-53;
}

/* Box and Muller 1958. */
static double draw_normal(struct wr_prng *prng)
{
	double radius = sqrt(-2 * log(draw_unit(prng)));

	return radius * cos(2 * M_PI * draw_unit(prng));
}

static uint32_t draw_choice(const struct wr_sizes *s, struct wr_prng *prng)
{
	uint32_t draw = wr_prng_below(prng, s->weights);
	unsigned i = 0;

	while (draw >= s->weight[i])
		draw -= s->weight[i++];
	return s->value[i];
}

static uint32_t cut(const struct wr_sizes *s, double bytes)
{
	return (uint32_t)lround(fmin(fmax(bytes, s->least), s->most));
}

uint32_t wr_sizes_draw_slow(const struct wr_sizes *sizes, struct wr_prng *prng)
{
	switch (sizes->kind) {
	case WR_SIZES_FIXED:
		break;
	case WR_SIZES_UNIFORM:
		if (sizes->most - sizes->least == UINT32_MAX)
			return (uint32_t)wr_prng_u64(prng);
		return sizes->least + wr_prng_below(prng, sizes->most - sizes->least + 1);
	case WR_SIZES_CHOICE:
		return draw_choice(sizes, prng);
	case WR_SIZES_NORMAL:
		return cut(sizes, sizes->a + sizes->b * draw_normal(prng));
	case WR_SIZES_EXP:
		return cut(sizes, -sizes->a * log(draw_unit(prng)));
	case WR_SIZES_PARETO:
		return cut(sizes, sizes->b * pow(draw_unit(prng), -1 / sizes->a));
	}
	return sizes->least;
}

/* ---- means: of what is drawn, cut at both ends ---- */

static double mean_of_choices(const struct wr_sizes *s)
{
	double sum = 0;

	for (unsigned i = 0; i < s->choices; i++)
		sum += (double)s->value[i] * s->weight[i];
	return sum / s->weights;
}

/* The mean of max(X - z, 0) of a standard normal X. */
static double normal_beyond(double z)
{
	return exp(-z * z / 2) / sqrt(2 * M_PI) - z * erfc(z / M_SQRT2) / 2;
}

/* Cut at both ends: what the lower cut adds, what the upper one takes. */
static double mean_of_normal(const struct wr_sizes *s)
{
	double low = (s->least - s->a) / s->b, high = (s->most - s->a) / s->b;

	return s->a + s->b * (normal_beyond(-low) - normal_beyond(high));
}

/* The integral of the chance to be beyond x, over all x up to the upper cut. */
static double mean_of_exp(const struct wr_sizes *s)
{
	double least = s->least, most = s->most;

	return least + s->a * (exp(-least / s->a) - exp(-most / s->a));
}

static double mean_of_pareto(const struct wr_sizes *s)
{
	double shape = s->a, times = s->most / s->b;

	if (fabs(shape - 1) < 1e-9)
		return s->b * (1 + log(times));
	return s->b * (1 + (1 - pow(times, 1 - shape)) / (shape - 1));
}

double wr_sizes_mean(const struct wr_sizes *sizes)
{
	switch (sizes->kind) {
	case WR_SIZES_FIXED:
		break;
	case WR_SIZES_UNIFORM:
		return ((double)sizes->least + sizes->most) / 2;
	case WR_SIZES_CHOICE:
		return mean_of_choices(sizes);
	case WR_SIZES_NORMAL:
		return mean_of_normal(sizes);
	case WR_SIZES_EXP:
		return mean_of_exp(sizes);
	case WR_SIZES_PARETO:
		return mean_of_pareto(sizes);
	}
	return sizes->least;
}
