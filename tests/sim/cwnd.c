/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "cwnd.h"

#define CUBIC_C    0.4 /* segments / s^3, RFC 9438 section 5.1 */
#define CUBIC_BETA 0.7
#define DCTCP_G    (1.0 / 16)

/* ---- Reno ---- */

/* RFC 3465 section 2.2: L is 2, or 1 after a time-out. */
static void slow_start(struct sim_cwnd *ref, double acked)
{
	ref->cwnd += fmin(acked, (ref->after_rto ? 1 : 2) * ref->mss);
}

/* RFC 3465 section 2.1: a segment for each window. */
static void reno_acked(struct sim_cwnd *ref, double acked)
{
	if (ref->cwnd < ref->ssthresh) {
		slow_start(ref, acked);
		return;
	}
	ref->after_rto = false;
	ref->acked += acked;
	if (ref->acked >= ref->cwnd) {
		ref->acked -= ref->cwnd;
		ref->cwnd += ref->mss;
	}
}

static void remember(struct sim_cwnd *ref)
{
	ref->before = ref->cwnd;
	ref->ssthresh_before = ref->ssthresh;
	ref->acked = 0;
	ref->cuts++;
}

/* RFC 5681 (4). */
static double half_of(const struct sim_cwnd *ref, double flight)
{
	return fmax(floor(flight / 2), 2 * ref->mss);
}

/* ---- CUBIC ---- */

/* Figure 1. */
static double w_cubic(const struct sim_cwnd *ref, double t)
{
	return CUBIC_C * ref->mss * pow(t - ref->k, 3) + ref->w_max;
}

static void begin_epoch(struct sim_cwnd *ref, double now)
{
	ref->epoch = true;
	ref->exact = false;
	ref->blind |= ref->w_max < 0;
	ref->after_rto = false;
	ref->w_max = fmax(ref->w_max, ref->cwnd);
	ref->k = cbrt((ref->w_max - ref->cwnd) / ref->mss / CUBIC_C);
	ref->t = 0;
	ref->last = now;
	ref->w_est = ref->cwnd;
}

/* Section 4.3; alpha is 1 from the window before the reduction on. */
static void advance_reno(struct sim_cwnd *ref, double acked)
{
	double alpha = 3 * (1 - CUBIC_BETA) / (1 + CUBIC_BETA);

	if (ref->w_est >= ref->ssthresh / CUBIC_BETA)
		alpha = 1;
	ref->w_est += alpha * ref->mss * acked / ref->cwnd;
}

/* Sections 4.2 to 4.5; time in which cwnd was not used does not count, 5.8. */
static void cubic_avoid(struct sim_cwnd *ref, const struct sim_cwnd_ack *ack)
{
	double target;

	if (!ref->epoch)
		begin_epoch(ref, ack->now);
	ref->t += fmin(ack->now - ref->last, ack->srtt > 0 ? 2 * ack->srtt : INFINITY);
	ref->last = ack->now;
	advance_reno(ref, ack->acked);
	if (w_cubic(ref, ref->t) < ref->w_est) {
		ref->cwnd = fmax(ref->cwnd, ref->w_est);
		return;
	}
	target = fmin(fmax(w_cubic(ref, ref->t + ack->srtt), ref->cwnd), 1.5 * ref->cwnd);
	ref->cwnd += (target - ref->cwnd) * fmin(ack->acked / ref->cwnd, 1);
}

static void cubic_acked(struct sim_cwnd *ref, const struct sim_cwnd_ack *ack)
{
	if (ref->cwnd >= ref->ssthresh)
		cubic_avoid(ref, ack);
	else if (ref->reduced || ref->ssthresh < SIM_ENDLESS)
		slow_start(ref, ack->acked);
	else /* HyStart++ may want less, down to a quarter: RFC 9406 section 4.2 */
		ref->cwnd += fmin(ack->acked, ref->burst * ref->mss);
}

/* Section 4.6: of what was used. */
static double cubic_less(const struct sim_cwnd *ref, double flight)
{
	return fmax(floor(CUBIC_BETA * fmin(flight, ref->cwnd)), 2 * ref->mss);
}

static void cubic_lost(struct sim_cwnd *ref, double flight)
{
	ref->w_max_before = ref->w_max;
	if (ref->w_max >= 0)
		ref->w_max =
			ref->cwnd < ref->w_max ? ref->cwnd * (1 + CUBIC_BETA) / 2 : ref->cwnd;
	ref->cwnd = ref->ssthresh = cubic_less(ref, flight);
	ref->epoch = false;
	ref->reduced = true;
}

/* ---- DCTCP ---- */

/* RFC 8257 section 3.3. */
static void count_marks(struct sim_cwnd *ref, const struct sim_cwnd_ack *ack)
{
	if (!ref->has_window)
		ref->window_end = ack->end;
	ref->has_window = true;
	ref->window_acked += ack->acked;
	ref->window_marked += ack->ece ? ack->acked : 0;
	if (ack->una <= ref->window_end)
		return;
	ref->alpha += DCTCP_G * (ref->window_marked / ref->window_acked - ref->alpha);
	ref->window_end = ack->end;
	ref->window_acked = ref->window_marked = 0;
}

/* ---- events ---- */

void sim_cwnd_acked(struct sim_cwnd *ref, const struct sim_cwnd_ack *ack)
{
	if (ref->kind == SIM_CWND_DCTCP)
		count_marks(ref, ack);
	if (ack->recovering || !ack->limited || ack->ece)
		return;
	if (ref->kind == SIM_CWND_CUBIC)
		cubic_acked(ref, ack);
	else
		reno_acked(ref, ack->acked);
}

void sim_cwnd_lost(struct sim_cwnd *ref, double flight)
{
	remember(ref);
	if (ref->kind == SIM_CWND_CUBIC)
		cubic_lost(ref, flight);
	else /* what limited transmit sent does not count: RFC 5681 section 3.2 (2) */
		ref->cwnd = ref->ssthresh = half_of(ref, fmin(flight, ref->cwnd));
}

void sim_cwnd_marked(struct sim_cwnd *ref, double flight)
{
	if (ref->kind != SIM_CWND_DCTCP) {
		sim_cwnd_lost(ref, flight);
		return;
	}
	ref->acked = 0;
	ref->cuts++;
	ref->cwnd = fmax(ref->cwnd * (1 - ref->alpha / 2), 2 * ref->mss);
	ref->ssthresh = ref->cwnd;
}

void sim_cwnd_timed_out(struct sim_cwnd *ref, double flight, bool again)
{
	double less =
		ref->kind == SIM_CWND_CUBIC ? cubic_less(ref, flight) : half_of(ref, flight);

	if (!again) {
		remember(ref);
		ref->w_max_before = ref->w_max;
		ref->ssthresh = less;
	} else if (ref->epoch) {
		ref->before = ref->ssthresh_before = floor(ref->ssthresh / CUBIC_BETA);
		ref->w_max_before = ref->w_max;
	}
	ref->w_max = 0; /* RFC 9438 section 4.8 */
	ref->epoch = false;
	ref->reduced = true;
	ref->after_rto = true;
	ref->acked = 0;
	ref->cwnd = ref->mss;
	ref->exact = true;
}

/* RFC 4015 section 3.2; RFC 9438 section 4.9, by ssthresh alone once an epoch has begun. */
void sim_cwnd_undone(struct sim_cwnd *ref)
{
	double cwnd = ref->before, ssthresh = ref->ssthresh_before;

	if (ref->kind == SIM_CWND_CUBIC && ref->epoch)
		cwnd = ssthresh = floor(ref->ssthresh / CUBIC_BETA);
	else if (ref->kind == SIM_CWND_CUBIC)
		ref->w_max = ref->w_max_before;
	if (ref->kind != SIM_CWND_CUBIC || !ref->epoch) {
		ref->after_rto = false;
		ref->before = ref->ssthresh_before = 0;
		ref->reduced = false;
	}
	ref->exact = false;
	ref->cwnd = fmax(ref->cwnd, cwnd);
	ref->ssthresh = fmax(ref->ssthresh, ssthresh);
}

void sim_cwnd_restarted(struct sim_cwnd *ref, double iw)
{
	ref->epoch &= ref->cwnd <= iw;
	ref->cwnd = fmin(ref->cwnd, iw);
	ref->acked = 0;
}
