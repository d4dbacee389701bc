/* SPDX-License-Identifier: BSD-3-Clause */
/* DCTCP's estimate and cut against RFC 8257 in double precision. */

#include <math.h>

#include "cc.h"
#include "wr_prng.h"
#include "wr_test.h"

#define SMSS 1448u

static struct wr_cc cc;
static uint32_t una;

/* The RFC's text, section 3.3, in double precision. */
static struct {
	double alpha, acked, marked;
	uint32_t window_end;
	bool begun;
} oracle;

static int start_each(void **state)
{
	const struct wr_cc_choice dctcp = {&wr_cc_dctcp_ops, 0};
	const struct wr_cc_start start = {.now_us = 1, .iw = 10 * SMSS};

	(void)state;
	cc = (struct wr_cc) {.smss = SMSS};
	wr_cc_start(&cc, &dctcp, &start);
	cc.cwnd = cc.ssthresh = 100 * SMSS;
	una = 1000;
	oracle.begun = false;
	return 0;
}

static void oracle_takes(const struct wr_cc_ack *ack)
{
	if (!oracle.begun) {
		oracle.begun = true;
		oracle.window_end = ack->nxt;
		oracle.alpha = 1;
		oracle.acked = oracle.marked = 0;
	}
	oracle.acked += ack->acked;
	oracle.marked += ack->marked;
	if (ack->una <= oracle.window_end)
		return;
	oracle.alpha = oracle.alpha * 15 / 16 + oracle.marked / oracle.acked / 16;
	oracle.window_end = ack->nxt;
	oracle.acked = oracle.marked = 0;
}

/* A window of 100 segments is acknowledged, `marked` of them with echoes. */
static void window(uint32_t marked, bool limited)
{
	uint32_t nxt = una + 100 * SMSS;

	for (uint32_t i = 0; i < 100; i++) {
		struct wr_cc_ack ack = {.acked = SMSS, .flight = 100 * SMSS};

		una += SMSS;
		ack.una = una;
		ack.nxt = nxt + (i + 1) * SMSS;
		ack.marked = i < marked ? ack.acked : 0;
		ack.cwnd_limited = limited && !ack.marked;
		oracle_takes(&ack);
		wr_cc_ops(&cc)->on_ack(&cc, &ack);
	}
}

static double alpha(void)
{
	return (double)cc.dctcp.alpha / (1 << 20);
}

static void reduce(enum wr_cc_cause cause)
{
	const struct wr_cc_congestion congestion = {1, cc.cwnd, cause};

	wr_cc_ops(&cc)->on_congestion(&cc, &congestion);
}

static void alpha_begins_at_one(void **state)
{
	assert_true(alpha() == 1);
}

/* Section 3.3: Alpha = Alpha * (1 - g) + g * M, once a window. */
static void alpha_follows_the_share_of_marks(void **state)
{
	struct wr_prng prng;

	wr_prng_seed(&prng, 7);
	for (unsigned i = 0; i < 500; i++) {
		window(i < 250 ? wr_prng_below(&prng, 101) : i % 5, false);
		assert_true(fabs(alpha() - oracle.alpha) < 0.0001);
	}
}

static void alpha_ends_at_the_share(void **state)
{
	for (unsigned i = 0; i < 200; i++)
		window(25, false);
	assert_true(fabs(alpha() - 0.25) < 0.01);
}

static void alpha_ends_at_nothing_without_marks(void **state)
{
	for (unsigned i = 0; i < 400; i++)
		window(0, false);
	assert_int_equal(cc.dctcp.alpha, 0);
	reduce(WR_CC_ECN);
	assert_int_equal(cc.cwnd, 100 * SMSS);
}

/* Section 3.3 (9): cwnd = cwnd * (1 - Alpha / 2). */
static void the_cut_is_half_of_alpha(void **state)
{
	for (unsigned i = 0; i < 200; i++)
		window(10, false);
	reduce(WR_CC_ECN);
	assert_true(fabs((double)cc.cwnd / SMSS - 95) < 0.5);
	assert_int_equal(cc.ssthresh, cc.cwnd);
}

/* Section 3.5. */
static void a_loss_halves_whatever_alpha_is(void **state)
{
	for (unsigned i = 0; i < 400; i++)
		window(0, false);
	reduce(WR_CC_LOSS);
	assert_int_equal(cc.cwnd, 50 * SMSS);
}

/* Section 3.4. */
static void growth_is_one_segment_a_window(void **state)
{
	window(0, true);
	window(0, true);
	assert_in_range(cc.cwnd, 101 * SMSS, 102 * SMSS);
}

static void two_segments_are_left(void **state)
{
	for (unsigned i = 0; i < 20; i++)
		reduce(WR_CC_ECN);
	assert_int_equal(cc.cwnd, 2 * SMSS);
}

#define TEST(name) cmocka_unit_test_setup(name, start_each)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(alpha_begins_at_one),
		TEST(alpha_follows_the_share_of_marks),
		TEST(alpha_ends_at_the_share),
		TEST(alpha_ends_at_nothing_without_marks),
		TEST(the_cut_is_half_of_alpha),
		TEST(a_loss_halves_whatever_alpha_is),
		TEST(growth_is_one_segment_a_window),
		TEST(two_segments_are_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
