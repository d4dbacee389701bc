/* SPDX-License-Identifier: BSD-3-Clause */
/* CUBIC against the formulas of RFC 9438 in double precision; Reno; a fixed window. */

#include <math.h>
#include <stdlib.h>

#include "cubic_rig.h"
#include "wr_prng.h"

static void cube_roots_are_exact(void **state)
{
	struct wr_prng prng;

	wr_prng_seed(&prng, 1);
	assert_int_equal(cc_cube_root(0), 0);
	assert_int_equal(cc_cube_root(UINT64_MAX), 2642245);
	for (unsigned i = 0; i < 200000; i++) {
		uint64_t n = wr_prng_u64(&prng) >> wr_prng_below(&prng, 64);
		uint64_t root = cc_cube_root(n);

		assert_true(root * root * root <= n);
		assert_true(root >= 2642245 || (root + 1) * (root + 1) * (root + 1) > n);
	}
}

/* Section 4.2 in segments and seconds. */
static double curve(double w_max, double cwnd_epoch, double t)
{
	double k = cbrt((w_max - cwnd_epoch) / 0.4);

	return 0.4 * (t - k) * (t - k) * (t - k) + w_max;
}

static void follow_curve(uint32_t segments, double seconds)
{
	uint64_t began;
	double w_max = segments, epoch;

	lose_at(segments);
	epoch = (double)cc.cwnd / SMSS;
	began = now_us + RTT / (cc.cwnd / (2 * SMSS)); /* the first ACK begins it */
	while ((double)(now_us - began) / 1e6 < seconds || now_us < began) {
		double t, says, is;

		round_trip(RTT);
		t = (double)(now_us - began) / 1e6;
		says = curve(w_max, epoch, t);
		is = (double)cc.cwnd / SMSS;
		/* cwnd follows the target of one round trip later with a lag of about one. */
		assert_true(fabs(is - says) < 0.01 * says);
	}
}

static void the_window_follows_the_cubic_curve(void **state)
{
	follow_curve(2000, 25); /* K = 11.4 s: concave, plateau, convex */
}

static void large_windows_follow_the_curve_too(void **state)
{
	follow_curve(100000, 60); /* 145 MB, K = 42 s */
}

static void a_loss_takes_three_tenths(void **state)
{
	lose_at(1000);
	assert_int_equal(cc.cwnd, 700 * SMSS);
	assert_int_equal(cc.ssthresh, 700 * SMSS);
	assert_int_equal(cc.cubic.w_max, 1000 * SMSS);
}

static void marks_take_three_tenths_too(void **state)
{
	const struct wr_cc_congestion mark = {now_us, 1000 * SMSS, WR_CC_ECN};

	cc.cwnd = 1000 * SMSS;
	wr_cc_ops(&cc)->on_congestion(&cc, &mark);
	assert_int_equal(cc.cwnd, 700 * SMSS);
}

/* Section 4.7: W_max = cwnd * (1 + beta) / 2 if the last plateau was not reached. */
static void a_second_loss_below_the_plateau_makes_room_for_others(void **state)
{
	lose_at(1000);
	cc.cwnd = 900 * SMSS;
	lose();
	assert_int_equal(cc.cubic.w_max, 765 * SMSS);
	cc.cwnd = 800 * SMSS;
	lose();
	assert_int_equal(cc.cubic.w_max, 800 * SMSS);
}

/* RFC 5681 (4): what was in flight counts, not what might have been. */
static void a_loss_of_an_idle_window_starts_from_what_was_used(void **state)
{
	const struct wr_cc_congestion loss = {now_us, 100 * SMSS, WR_CC_LOSS};

	cc.cwnd = 1000 * SMSS;
	wr_cc_ops(&cc)->on_congestion(&cc, &loss);
	assert_int_equal(cc.cwnd, 70 * SMSS);
}

static void the_window_never_falls_below_two_segments(void **state)
{
	lose_at(2);
	assert_int_equal(cc.cwnd, 2 * SMSS);
	cc.ssthresh = UINT32_MAX;
	cc.cwnd = 2 * SMSS;
	time_out(false);
	assert_int_equal(cc.cwnd, SMSS);
	assert_int_equal(cc.ssthresh, 2 * SMSS);
}

/* Section 4.3: alpha = 9/17 segments a round trip until cwnd_prior, then 1. */
static void short_paths_grow_as_reno_would(void **state)
{
	double est;

	lose_at(20);
	est = (double)cc.cwnd / SMSS;
	for (unsigned i = 0; i < 40; i++) {
		uint32_t before = cc.cwnd;

		round_trip(RTT);
		est += (est < 20 ? 9.0 / 17 : 1) * before / cc.cwnd;
	}
	assert_true(fabs((double)cc.cwnd / SMSS - est) < 2);
}

/*
 * Section 4.3: W_est grows with each ACK, W_cubic(t) with time. Where the plateau is far above,
 * what a burst of ACKs adds at once is Reno's, and only then does the curve lead.
 */
static void a_burst_of_acks_adds_what_reno_would(void **state)
{
	const struct wr_cc_congestion loss = {now_us, 100 * SMSS, WR_CC_LOSS};

	start_with(400 * SMSS);
	cc.ssthresh = cc.cwnd;
	wr_cc_ops(&cc)->on_congestion(&cc, &loss);
	wr_cc_ops(&cc)->on_leave_recovery(&cc, now_us);
	assert_int_equal(cc.cwnd, 70 * SMSS);
	for (unsigned i = 0; i < 30; i++)
		ack(2 * SMSS, RTT, true);
	assert_true(cc.cwnd > 70 * SMSS && cc.cwnd < 71 * SMSS);
	now_us += RTT;
	for (unsigned i = 0; i < 30; i++)
		ack(2 * SMSS, RTT, true);
	assert_true(cc.cwnd > 72 * SMSS);
}

static void a_window_that_is_not_used_does_not_grow(void **state)
{
	lose_at(100);
	for (unsigned i = 0; i < 1000; i++) {
		now_us += 1000;
		ack(2 * SMSS, RTT, false);
	}
	assert_int_equal(cc.cwnd, 70 * SMSS);
	assert_int_equal(cc.ssthresh, 70 * SMSS);
}

/* Section 5.8: no leap to where the curve would be by now. */
static void idle_time_does_not_count(void **state)
{
	uint32_t before;

	lose_at(1000);
	for (unsigned i = 0; i < 10; i++)
		round_trip(RTT);
	before = cc.cwnd;
	now_us += 60 * 1000000;
	round_trip(RTT);
	assert_true(cc.cwnd - before < 40 * SMSS);
}

/* Section 4.5: the target is cut at 1.5 cwnd. */
static void a_round_trip_adds_half_a_window_at_most(void **state)
{
	uint32_t before;

	lose_at(1000);
	cc.cubic.stage = 0;
	round_trip(RTT);
	cc.cubic.epoch.elapsed_us = 3000 * 1000000u;
	before = cc.cwnd;
	ack(before, RTT, true);
	assert_int_equal(cc.cwnd, before + before / 2);
}

/* Section 4.8: K = 0 and W_max = cwnd in the first avoidance after a time-out. */
static void the_curve_begins_anew_after_a_time_out(void **state)
{
	cc.cwnd = 1000 * SMSS;
	time_out(false);
	assert_int_equal(cc.cwnd, SMSS);
	assert_int_equal(cc.ssthresh, 700 * SMSS);
	time_out(true);
	assert_int_equal(cc.ssthresh, 700 * SMSS);
	while (cc.cwnd < cc.ssthresh)
		round_trip(RTT);
	round_trip(RTT);
	assert_int_equal(cc.cubic.epoch.k, 0);
	assert_in_range(cc.cubic.w_max, 700 * SMSS, 1401 * SMSS);
}

/* RFC 5681 section 3.1: one segment an ACK at most. */
static void slow_start_after_a_time_out_counts_one_segment(void **state)
{
	cc.cwnd = 100 * SMSS;
	time_out(false);
	ack(50 * SMSS, RTT, true);
	assert_int_equal(cc.cwnd, 2 * SMSS);
}

/* RFC 3465 section 2.3: two, as no time-out has shown that bursts are lost. */
static void slow_start_up_to_a_known_threshold_counts_two(void **state)
{
	lose_at(1000);
	wr_cc_ops(&cc)->on_idle_restart(&cc, 10 * SMSS, now_us);
	ack(50 * SMSS, RTT, true);
	assert_int_equal(cc.cwnd, 12 * SMSS);
}

static void a_needless_reduction_is_undone(void **state)
{
	lose_at(1000);
	wr_cc_ops(&cc)->on_undo(&cc, now_us);
	assert_int_equal(cc.cwnd, 1000 * SMSS);
	assert_int_equal(cc.ssthresh, UINT32_MAX);
	lose_at(900);
	round_trip(RTT);
	lose_at(1000);
	time_out(false);
	wr_cc_ops(&cc)->on_undo(&cc, now_us);
	assert_int_equal(cc.cwnd, 700 * SMSS);
	assert_int_equal(cc.ssthresh, 700 * SMSS);
	assert_int_equal(cc.cubic.w_max, 1000 * SMSS);
}

/* The epoch has begun, its numbers have taken the place of what was saved. */
static void a_late_undo_takes_back_the_three_tenths(void **state)
{
	lose_at(1000);
	round_trip(RTT);
	wr_cc_ops(&cc)->on_undo(&cc, now_us);
	assert_in_range(cc.cwnd, 999 * SMSS, 1001 * SMSS);
}

static void idle_connections_restart_with_the_initial_window(void **state)
{
	lose_at(1000);
	wr_cc_ops(&cc)->on_idle_restart(&cc, 10 * SMSS, now_us);
	assert_int_equal(cc.cwnd, 10 * SMSS);
	assert_int_equal(cc.ssthresh, 700 * SMSS);
}

/* In slow start up to ssthresh, and one ACK more: what an old epoch knew moves nothing. */
static void assert_grows_from_ssthresh(void)
{
	while (cc.cwnd < cc.ssthresh)
		ack(2 * SMSS, RTT, true);
	ack(2 * SMSS, RTT, true);
	assert_true(cc.cwnd <= cc.ssthresh + 4 * SMSS);
}

static void after_silence_no_window_of_before_is_resumed_at_once(void **state)
{
	lose_at(30);
	for (unsigned i = 0; i < 200; i++)
		round_trip(RTT);
	assert_true(cc.cwnd > 60 * SMSS);
	wr_cc_ops(&cc)->on_idle_restart(&cc, 10 * SMSS, now_us);
	assert_grows_from_ssthresh();
}

static void nor_is_it_after_a_second_time_out(void **state)
{
	lose_at(30);
	time_out(false);
	while (cc.cwnd < 60 * SMSS)
		round_trip(RTT);
	time_out(true);
	assert_int_equal(cc.cwnd, SMSS);
	assert_grows_from_ssthresh();
	assert_true(cc.cubic.epoch.w_est < 30 * SMSS);
}

static void start_reno(void)
{
	const struct wr_cc_choice reno = {&wr_cc_reno_ops, 0};
	const struct wr_cc_start start = {.now_us = now_us, .iw = 10 * SMSS};

	cc = (struct wr_cc) {.smss = SMSS};
	wr_cc_start(&cc, &reno, &start);
}

/* RFC 3465 section 2.1: bytes of a window of 40 segments are no windows of 10. */
static void reno_forgets_in_silence_what_it_counted(void **state)
{
	start_reno();
	cc.cwnd = 80 * SMSS;
	lose();
	ack(39 * SMSS, RTT, true);
	wr_cc_ops(&cc)->on_idle_restart(&cc, 10 * SMSS, now_us);
	cc.ssthresh = cc.cwnd;
	ack(SMSS, RTT, true);
	assert_int_equal(cc.cwnd, 10 * SMSS);
}

/* RFC 3465 section 2.3. */
static void reno_counts_one_segment_after_each_time_out(void **state)
{
	start_reno();
	cc.cwnd = 40 * SMSS;
	time_out(false);
	while (cc.cwnd <= cc.ssthresh)
		ack(2 * SMSS, RTT, true);
	time_out(true);
	ack(2 * SMSS, RTT, true);
	assert_int_equal(cc.cwnd, 2 * SMSS);
}

/* ---- names ---- */

static void algorithms_are_chosen_by_name(void **state)
{
	struct wr_cc_choice choice;
	char text[32];

	assert_true(wr_cc_read("cubic", &choice));
	assert_ptr_equal(choice.ops, &wr_cc_cubic_ops);
	assert_true(wr_cc_read("fixed:100", &choice));
	assert_int_equal(choice.segments, 100);
	wr_cc_write(&choice, text, sizeof(text));
	assert_string_equal(text, "fixed:100");
	assert_true(wr_cc_read("fixed:9", &choice));
	assert_int_equal(choice.segments, 9);
	assert_false(wr_cc_read("fixed:+9", &choice));
	assert_false(wr_cc_read("fixed:0", &choice));
	assert_false(wr_cc_read("fixed:65536", &choice));
	assert_false(wr_cc_read("fixed:", &choice));
	assert_false(wr_cc_read("fixed:1x", &choice));
	assert_false(wr_cc_read("reno:3", &choice));
	assert_false(wr_cc_read("cub", &choice));
	assert_false(wr_cc_read("", &choice));
}

static void a_fixed_window_stays_but_for_time_outs(void **state)
{
	const struct wr_cc_choice choice = {&wr_cc_fixed_ops, 64};
	const struct wr_cc_start start = {.now_us = now_us, .iw = 10 * SMSS};

	cc = (struct wr_cc) {.smss = SMSS};
	wr_cc_start(&cc, &choice, &start);
	round_trip(RTT);
	lose();
	wr_cc_ops(&cc)->on_idle_restart(&cc, 10 * SMSS, now_us);
	assert_int_equal(cc.cwnd, 64 * SMSS);
	time_out(false);
	assert_int_equal(cc.cwnd, SMSS);
	for (unsigned i = 0; i < 8; i++)
		round_trip(RTT);
	assert_int_equal(cc.cwnd, 64 * SMSS);
}

static void acknowledge(uint32_t segments)
{
	const struct wr_cc_ack ack = {.now_us = now_us, .acked = SMSS};

	while (segments--)
		wr_cc_ops(&cc)->on_ack(&cc, &ack);
}

/* A queue that is too short for the window would lose the same text for ever. */
static void a_fixed_window_repairs_with_half_of_what_timed_out(void **state)
{
	const struct wr_cc_choice choice = {&wr_cc_fixed_ops, 64};
	const struct wr_cc_start start = {.now_us = now_us, .iw = 10 * SMSS};
	struct wr_cc_rto rto = {.now_us = now_us, .flight = 64 * SMSS};

	cc = (struct wr_cc) {.smss = SMSS};
	wr_cc_start(&cc, &choice, &start);
	wr_cc_ops(&cc)->on_rto(&cc, &rto);
	acknowledge(40);
	assert_int_equal(cc.cwnd, 32 * SMSS);
	rto.flight = 24 * SMSS;
	rto.again = true;
	wr_cc_ops(&cc)->on_rto(&cc, &rto);
	assert_int_equal(cc.cwnd, SMSS);
	acknowledge(23);
	assert_int_equal(cc.cwnd, 12 * SMSS);
	acknowledge(64);
	assert_int_equal(cc.cwnd, 64 * SMSS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(cube_roots_are_exact),
		TEST(the_window_follows_the_cubic_curve),
		TEST(large_windows_follow_the_curve_too),
		TEST(a_loss_takes_three_tenths),
		TEST(marks_take_three_tenths_too),
		TEST(a_second_loss_below_the_plateau_makes_room_for_others),
		TEST(a_loss_of_an_idle_window_starts_from_what_was_used),
		TEST(the_window_never_falls_below_two_segments),
		TEST(short_paths_grow_as_reno_would),
		TEST(a_burst_of_acks_adds_what_reno_would),
		TEST(a_window_that_is_not_used_does_not_grow),
		TEST(idle_time_does_not_count),
		TEST(a_round_trip_adds_half_a_window_at_most),
		TEST(the_curve_begins_anew_after_a_time_out),
		TEST(slow_start_after_a_time_out_counts_one_segment),
		TEST(slow_start_up_to_a_known_threshold_counts_two),
		TEST(a_needless_reduction_is_undone),
		TEST(a_late_undo_takes_back_the_three_tenths),
		TEST(idle_connections_restart_with_the_initial_window),
		TEST(after_silence_no_window_of_before_is_resumed_at_once),
		TEST(nor_is_it_after_a_second_time_out),
		TEST(reno_forgets_in_silence_what_it_counted),
		TEST(reno_counts_one_segment_after_each_time_out),
		TEST(algorithms_are_chosen_by_name),
		TEST(a_fixed_window_stays_but_for_time_outs),
		TEST(a_fixed_window_repairs_with_half_of_what_timed_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
