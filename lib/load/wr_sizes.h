/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_SIZES_H
#define WR_SIZES_H

#include <stdint.h>

#include "wr_prng.h"

/* Sizes of messages, fixed or from a distribution. */

#define WR_SIZES_CHOICES 16

enum wr_sizes_kind {
	WR_SIZES_FIXED,   /* "64" */
	WR_SIZES_UNIFORM, /* "64-1400" */
	WR_SIZES_CHOICE,  /* "64:7,576:4,1500:1": values and weights (IMIX) */
	WR_SIZES_NORMAL,  /* "normal:1000,200": mean, deviation; cut at 1 and the limit */
	WR_SIZES_EXP,     /* "exp:1000": exponential with that mean */
	WR_SIZES_PARETO, /* "pareto:1.2,100": shape, least: heavy-tailed as the web's objects */
};

struct wr_sizes {
	enum wr_sizes_kind kind;
	uint32_t least, most; /* bytes: what can come at all */
	double a, b;          /* the parameters */
	unsigned choices;
	uint32_t value[WR_SIZES_CHOICES];
	uint32_t weight[WR_SIZES_CHOICES], weights; /* and their sum */
};

/*
 * Reads one of the forms above, or "imix": the UDP payloads of frames of 64, 594 and 1518
 * bytes, 7:4:1. Sizes take k, M (1024) or Ki, Mi. limit: no size beyond it.
 * Returns 0, -EINVAL or -ERANGE.
 */
int wr_sizes_parse(const char *text, uint32_t limit, struct wr_sizes *sizes);
void wr_sizes_format(const struct wr_sizes *sizes, char *buf, unsigned size);

uint32_t wr_sizes_draw_slow(const struct wr_sizes *sizes, struct wr_prng *prng);

static inline uint32_t wr_sizes_draw(const struct wr_sizes *sizes, struct wr_prng *prng)
{
	return sizes->kind == WR_SIZES_FIXED ? sizes->least : wr_sizes_draw_slow(sizes, prng);
}

double wr_sizes_mean(const struct wr_sizes *sizes);

#endif /* WR_SIZES_H */
