/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "tables.h"

#define CUBIC_C    0.4 /* segments / s^3: RFC 9438 section 4.1 */
#define CUBIC_BETA 0.7

/* Segments in flight that fill the path without a queue. */
static double bdp(const struct sim_theory *path)
{
	return path->rate_bps / 8 / TABLE_WIRE * path->rtt_s;
}

static double bottleneck(const struct sim_theory *path)
{
	return path->rate_bps * TABLE_MSS / TABLE_WIRE * (1 - path->loss);
}

/* Of a mean window. */
static double of_window(const struct sim_theory *path, double segments)
{
	return fmin(segments * TABLE_MSS * 8 / path->rtt_s, bottleneck(path));
}

/* Mathis, Semke, Mahdavi, Ott 1997, each segment acknowledged for itself. */
static double reno_window(double loss)
{
	return sqrt(1.5 / loss);
}

/* RFC 9438 section 5.1, figure 9, and section 4.3: not less than Reno. */
static double cubic_window(double loss, double rtt_s)
{
	double own = pow(CUBIC_C * (3 + CUBIC_BETA) / (4 * (1 - CUBIC_BETA)), 0.25) *
	             pow(rtt_s / loss, 0.75);

	return fmax(own, reno_window(loss));
}

/*
 * A sawtooth that only the queue's end stops: from beta of the largest window to it, a segment
 * a round trip times alpha. Text sent over time taken; a full queue makes round trips longer.
 */
static double linear_sawtooth(const struct sim_theory *path, double beta, double alpha)
{
	double fits = bdp(path), most = fits * (1 + path->queue), text = 0, time = 0;

	for (double window = beta * most; window < most; window += alpha) {
		text += window;
		time += path->rtt_s * fmax(1, window / fits);
	}
	return text * TABLE_MSS * 8 / time;
}

/* The same along the curve of RFC 9438 section 4.2. */
static double cubic_sawtooth(const struct sim_theory *path)
{
	double fits = bdp(path), most = fits * (1 + path->queue), sum = 0;
	double k = cbrt(most * (1 - CUBIC_BETA) / CUBIC_C), step = k / 1000;

	for (unsigned i = 0; i < 1000; i++) {
		double t = i * step - k;

		sum += fmin(fits, CUBIC_C * t * t * t + most);
	}
	return sum / 1000 / fits * bottleneck(path);
}

/* What the end of the queue alone would allow. */
static double without_loss(const struct sim_theory *path)
{
	double friendly = 3 * (1 - CUBIC_BETA) / (1 + CUBIC_BETA);

	if (path->cc->ops->marks)
		return bottleneck(path);
	if (path->cc->ops == &wr_cc_cubic_ops)
		return fmax(cubic_sawtooth(path), linear_sawtooth(path, CUBIC_BETA, friendly));
	return linear_sawtooth(path, 0.5, 1);
}

double sim_theory_goodput(const struct sim_theory *path)
{
	const struct wr_cc_ops *ops = path->cc->ops;
	double window;

	if (ops == &wr_cc_fixed_ops)
		return of_window(path, path->cc->segments * (1 - path->loss));
	if (ops->model)
		return bottleneck(path);
	if (path->loss <= 0)
		return without_loss(path);
	window = ops == &wr_cc_cubic_ops ? cubic_window(path->loss, path->rtt_s)
	                                 : reno_window(path->loss);
	return fmin(of_window(path, window), without_loss(path));
}
