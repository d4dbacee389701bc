/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CUBIC, RFC 9438, in integers; slow start by HyStart++, RFC 9406. Windows are in bytes where
 * the RFC has segments. Time t counts only while cwnd was what held the sender back (section
 * 5.8): between two such ACKs two round trips pass at most.
 */

#include "cc.h"

enum stage { /* what the union in struct wr_cc_cubic holds */
	     SLOW_START,
	     EPOCH,
	     REDUCED,
};

#define BETA_NUM 7 /* beta_cubic = 0.7 */
#define BETA_DEN 10

/* alpha_cubic = 3 * (1 - beta) / (1 + beta) = 9 / 17, section 4.3 */
#define ALPHA_NUM 9
#define ALPHA_DEN 17

/*
 * C = 0.4 segments / s^3. With time in units of 1024 us, that many units cubed are one
 * segment: (10^6 / 1024)^3 / 0.4.
 */
#define UNIT_SHIFT      10
#define CUBE_OF_SEGMENT 2328306437ull
#define DISTANCE_MAX    (1u << 17) /* units: two minutes from the plateau; 900,000 segments */

/* Newton's method from above, then exactly. */
uint32_t cc_cube_root(uint64_t n)
{
	unsigned bits = n ? 64 - (unsigned)__builtin_clzll(n) : 0;
	uint64_t x = 1ull << (bits + 2) / 3, y;

	if (n == 0)
		return 0;
	while ((y = (2 * x + n / (x * x)) / 3) < x)
		x = y;
	return (uint32_t)x;
}

/* C * d^3 in bytes. */
static uint32_t cube(const struct wr_cc *cc, uint32_t d)
{
	uint64_t c = wr_min(d, DISTANCE_MAX);
	uint64_t bytes = (c * c * c >> 10) * cc->smss / (CUBE_OF_SEGMENT >> 10);

	return bytes > INT32_MAX ? INT32_MAX : (uint32_t)bytes;
}

/* Figure 1: W_cubic(t) = C * (t - K)^3 + W_max. */
static uint32_t w_cubic(const struct wr_cc *cc, uint64_t t_us)
{
	const struct wr_cc_cubic *q = &cc->cubic;
	uint32_t t = (uint32_t)(t_us >> UNIT_SHIFT), below;

	if (t >= q->epoch.k)
		return cc_add(q->w_max, cube(cc, t - q->epoch.k));
	below = cube(cc, q->epoch.k - t);
	return q->w_max > below ? q->w_max - below : 0;
}

/*
 * Section 4.2: K = cbrt((W_max - cwnd_epoch) / C); at or above W_max the plateau is here. It is
 * rounded up, so that W_cubic(0) is not ahead of W_est.
 */
static void begin_epoch(struct wr_cc *cc, uint32_t now_us)
{
	struct wr_cc_cubic *q = &cc->cubic;
	uint32_t below = q->w_max > cc->cwnd ? q->w_max - cc->cwnd : 0;

	if (below == 0)
		q->w_max = cc->cwnd;
	q->stage = EPOCH;
	q->after_rto = false;
	q->fraction = 0;
	q->epoch.k = below ? cc_cube_root(below * CUBE_OF_SEGMENT / cc->smss) + 1 : 0;
	q->epoch.elapsed_us = 0;
	q->epoch.last_us = now_us;
	q->epoch.w_est = cc->cwnd;
	q->epoch.est_rest = 0;
}

static void advance_time(struct wr_cc_cubic *q, const struct wr_cc_ack *ack)
{
	uint32_t gap = (uint32_t)ack->now_us - q->epoch.last_us;

	q->epoch.last_us = (uint32_t)ack->now_us;
	if (ack->srtt_us)
		gap = wr_min(gap, cc_add(ack->srtt_us, ack->srtt_us));
	q->epoch.elapsed_us = cc_add(q->epoch.elapsed_us, gap);
}

/*
 * Section 4.3: W_est += alpha * segments_acked / cwnd; alpha is 1 from cwnd_prior on. To the
 * byte: by whole segments it would seem to be behind W_cubic(t), and lose a part of one with
 * each reduction.
 */
static void advance_reno(struct wr_cc *cc, uint32_t acked)
{
	struct wr_cc_cubic *q = &cc->cubic;
	uint32_t prior = cc_share(cc->ssthresh, BETA_DEN, BETA_NUM);
	uint64_t window =
		q->epoch.w_est < prior ? cc_share(cc->cwnd, ALPHA_DEN, ALPHA_NUM) : cc->cwnd;
	uint64_t grown = (uint64_t)acked * cc->smss + q->epoch.est_rest;

	q->epoch.w_est = cc_add(q->epoch.w_est, (uint32_t)(grown / window));
	q->epoch.est_rest = (uint32_t)(grown % window);
}

/* Sections 4.4 and 4.5: cwnd += (target - cwnd) / cwnd for each segment acknowledged. */
static void approach(struct wr_cc *cc, uint32_t target, uint32_t acked)
{
	struct wr_cc_cubic *q = &cc->cubic;
	uint32_t most = cc_add(cc->cwnd, cc->cwnd / 2);
	uint64_t step;

	target = wr_min(wr_max(target, cc->cwnd), most);
	/* A window's worth at most: below 2^31 * 2^32. */
	step = (uint64_t)(target - cc->cwnd) * wr_min(acked, cc->cwnd);
	step = (step / cc->cwnd << 16) + (step % cc->cwnd << 16) / cc->cwnd + q->fraction;
	q->fraction = (uint16_t)step;
	cc->cwnd = cc_add(cc->cwnd, (uint32_t)(step >> 16));
}

static void avoid(struct wr_cc *cc, const struct wr_cc_ack *ack)
{
	struct wr_cc_cubic *q = &cc->cubic;

	if (q->stage != EPOCH)
		begin_epoch(cc, (uint32_t)ack->now_us);
	advance_time(q, ack);
	advance_reno(cc, ack->acked);
	if (w_cubic(cc, q->epoch.elapsed_us) < q->epoch.w_est) /* the Reno-friendly region */
		cc->cwnd = wr_max(cc->cwnd, q->epoch.w_est);
	else
		approach(cc, w_cubic(cc, (uint64_t)q->epoch.elapsed_us + ack->srtt_us),
		         ack->acked);
}

static void slow_start(struct wr_cc *cc, const struct wr_cc_ack *ack)
{
	struct wr_cc_cubic *q = &cc->cubic;

	if (cc->ssthresh != UINT32_MAX || q->stage != SLOW_START) {
		cc_slow_start(cc, ack->acked, q->after_rto ? 1 : 2);
		return;
	}
	if (hystart_on_ack(&q->hystart, cc, ack))
		cc->ssthresh = cc->cwnd;
}

static void cubic_on_ack(struct wr_cc *cc, const struct wr_cc_ack *ack)
{
	if (ack->in_recovery || !ack->cwnd_limited)
		return; /* section 5.8; RFC 7661: no growth unless it was used */
	if (cc->cwnd < cc->ssthresh)
		slow_start(cc, ack);
	else
		avoid(cc, ack);
}

static void save(struct wr_cc *cc)
{
	struct wr_cc_cubic *q = &cc->cubic;

	q->stage = REDUCED;
	q->fraction = 0;
	cc_save(cc, &q->saved.before);
	q->saved.w_max = q->w_max;
}

/* Section 4.6. */
static uint32_t reduced(const struct wr_cc *cc, uint32_t flight)
{
	return wr_max(cc_share(cc_used(cc, flight), BETA_NUM, BETA_DEN), 2 * cc->smss);
}

static void cubic_on_congestion(struct wr_cc *cc, const struct wr_cc_congestion *congestion)
{
	struct wr_cc_cubic *q = &cc->cubic;

	save(cc);
	/* Section 4.7: fast convergence, as others seem to need room. */
	if (cc->cwnd < q->w_max)
		q->w_max = cc_share(cc->cwnd, BETA_DEN + BETA_NUM, 2 * BETA_DEN);
	else
		q->w_max = cc->cwnd;
	cc->ssthresh = reduced(cc, congestion->flight);
	cc->cwnd = cc->ssthresh;
}

static void cubic_on_leave_recovery(struct wr_cc *cc, uint64_t now_us)
{
	(void)now_us;
	cc->cwnd = cc->ssthresh;
}

/* What an epoch that ends began from, as far as ssthresh tells. */
static struct wr_cc_saved before_epoch(const struct wr_cc *cc)
{
	uint32_t prior = cc_share(cc->ssthresh, BETA_DEN, BETA_NUM);

	return (struct wr_cc_saved) {prior, prior};
}

/*
 * Section 4.8: the next epoch begins on its own plateau. So it does when what was sent after a
 * time-out times out in its turn; what the epoch thought Reno would have is of the past.
 */
static void cubic_on_rto(struct wr_cc *cc, const struct wr_cc_rto *rto)
{
	struct wr_cc_cubic *q = &cc->cubic;

	if (!rto->again) {
		save(cc);
		cc->ssthresh = reduced(cc, rto->flight);
	} else if (q->stage == EPOCH) {
		q->stage = REDUCED;
		q->saved.before = before_epoch(cc);
		q->saved.w_max = q->w_max;
	}
	q->w_max = 0;
	q->after_rto = true;
	cc->cwnd = cc->smss;
}

/* Section 4.9. Once the next epoch has begun, cwnd before it is known by ssthresh alone. */
static void cubic_on_undo(struct wr_cc *cc, uint64_t now_us)
{
	struct wr_cc_cubic *q = &cc->cubic;
	const struct wr_cc_saved derived = before_epoch(cc);

	(void)now_us;
	if (q->stage != REDUCED) {
		cc_restore(cc, &derived);
		return;
	}
	cc_restore(cc, &q->saved.before);
	q->w_max = q->saved.w_max;
	q->after_rto = false;
	q->stage = SLOW_START; /* or avoidance, which then begins an epoch */
	q->hystart = (struct wr_hystart) {.css_base_us = UINT32_MAX};
}

/* Slow start repeats the way up; another epoch begins there. */
static void cubic_on_idle_restart(struct wr_cc *cc, uint32_t iw, uint64_t now_us)
{
	struct wr_cc_cubic *q = &cc->cubic;

	(void)now_us;
	if (cc->cwnd > iw && q->stage == EPOCH) {
		q->stage = SLOW_START;
		q->hystart = (struct wr_hystart) {.css_base_us = UINT32_MAX};
	}
	cc_restart(cc, iw);
}

static void cubic_init(struct wr_cc *cc, const struct wr_cc_start *start)
{
	(void)start;
	cc->cubic.hystart.css_base_us = UINT32_MAX;
}

const struct wr_cc_ops wr_cc_cubic_ops = {
	.name = "cubic",
	.spec = "RFC 9438, RFC 9406",
	.init = cubic_init,
	.on_ack = cubic_on_ack,
	.on_congestion = cubic_on_congestion,
	.on_leave_recovery = cubic_on_leave_recovery,
	.on_rto = cubic_on_rto,
	.on_undo = cubic_on_undo,
	.on_idle_restart = cubic_on_idle_restart,
};
