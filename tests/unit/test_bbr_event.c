/* SPDX-License-Identifier: BSD-3-Clause */
/* BBR, one event at a time: what a whole path (test_bbr.c) does not tell apart. */

#include "bbr.h"
#include "wr_test.h"

#define SMSS 1000u
#define RATE 10000000u /* bytes per second */
#define RTT  20000u    /* us */
#define BDP  200000u   /* bytes */

static struct wr_cc cc;
static struct wr_cc_model model;
static struct wr_bbr *const b = &model.bbr;
static struct wr_cc_rate rate;
static struct wr_cc_ack ack;

/* In that state, on a path that is known; the next ACK says nothing new. */
static void known_path(enum bbr_state state)
{
	const struct wr_cc_choice bbr = {&wr_cc_bbr_ops, 0};
	const struct wr_cc_start start = {
		.now_us = 1000000, .iw = 10 * SMSS, .srtt_us = RTT, .model = &model};

	memset(&model, 0, sizeof(model));
	cc = (struct wr_cc) {.smss = SMSS};
	wr_cc_start(&cc, &bbr, &start);
	cc.cwnd = 2 * BDP;
	b->state = (uint8_t)state;
	b->pacing_gain = 100;
	b->cwnd_gain = 200;
	b->full_bw_reached = true;
	b->bw = b->max_bw[0] = b->max_bw[1] = RATE;
	b->min_rtt_us = b->probe_rtt_min_us = RTT;
	b->cycle_stamp_us = start.now_us;
	b->probe_wait_us = 2500000;
	b->next_round_delivered = 1000 * BDP;
	b->loss_round_delivered = UINT64_MAX;
	rate = (struct wr_cc_rate) {
		.bytes_per_s = RATE,
		.total_delivered = 1000 * BDP,
		.delivered = BDP,
		.newly_delivered = SMSS,
		.tx_in_flight = BDP,
	};
	ack = (struct wr_cc_ack) {.now_us = start.now_us,
	                          .acked = SMSS,
	                          .rtt_us = RTT,
	                          .srtt_us = RTT,
	                          .pipe = BDP};
	ack.rate = &rate;
}

static void hear(void)
{
	rate.total_delivered += rate.newly_delivered;
	wr_cc_ops(&cc)->on_ack(&cc, &ack);
}

static void hear_in_new_round(void)
{
	rate.prior_delivered = b->next_round_delivered;
	hear();
	rate.prior_delivered = 0;
}

static void the_bound_rises_by_a_segment_then_by_two(void **state)
{
	known_path(BBR_CRUISE);
	cc.cwnd = b->inflight_hi = 100 * SMSS;
	b->probe_up_rounds = 7; /* of the last time */
	b->probe_up_acks = 90 * SMSS;
	b->rounds_since_probe = 63;
	rate.tx_in_flight = 0;
	hear();
	assert_int_equal(b->state, BBR_REFILL);
	hear_in_new_round();
	assert_int_equal(b->state, BBR_UP);
	assert_int_equal(b->full_bw, RATE); /* growth counts from here */
	ack.cwnd_limited = true;
	rate.newly_delivered = 50 * SMSS;
	hear();
	assert_int_equal(b->inflight_hi, 100 * SMSS);
	hear();
	assert_int_equal(b->inflight_hi, 101 * SMSS);
	cc.cwnd = 101 * SMSS;
	hear();
	assert_int_equal(b->inflight_hi, 101 * SMSS);
	cc.cwnd = 90 * SMSS; /* the bound is not in the way */
	hear();
	assert_int_equal(b->inflight_hi, 101 * SMSS);
	cc.cwnd = 101 * SMSS;
	hear_in_new_round();
	assert_int_equal(b->inflight_hi, 102 * SMSS);
	rate.newly_delivered = 51 * SMSS;
	cc.cwnd = 102 * SMSS;
	hear();
	assert_int_equal(b->inflight_hi, 103 * SMSS);
}

static enum bbr_state after_rounds(unsigned rounds, uint32_t cwnd)
{
	known_path(BBR_CRUISE);
	cc.cwnd = cwnd;
	b->rounds_since_probe = (uint16_t)rounds;
	hear();
	return (enum bbr_state)b->state;
}

/* Section 5.3.3.5.3: Reno's turn, but 63 rounds at most. */
static void probing_begins_when_reno_would_have_had_its_turn(void **state)
{
	assert_int_equal(after_rounds(9, 10 * SMSS), BBR_CRUISE);
	assert_int_equal(after_rounds(10, 10 * SMSS), BBR_REFILL);
	assert_int_equal(after_rounds(62, 2 * BDP), BBR_CRUISE);
	assert_int_equal(after_rounds(63, 2 * BDP), BBR_REFILL);
	known_path(BBR_CRUISE);
	for (unsigned i = 0; i < 63; i++)
		hear_in_new_round();
	assert_int_equal(b->state, BBR_REFILL);
}

static void room_is_left_below_the_bound(void **state)
{
	known_path(BBR_DOWN);
	b->inflight_hi = 100 * SMSS;
	rate.tx_in_flight = 0;
	ack.pipe = 85 * SMSS + 1;
	hear();
	assert_int_equal(b->state, BBR_DOWN);
	assert_int_equal(cc.cwnd, 100 * SMSS);
	ack.pipe = 85 * SMSS;
	hear();
	assert_int_equal(b->state, BBR_CRUISE);
	assert_int_equal(cc.cwnd, 85 * SMSS);
	b->inflight_hi = 6 * SMSS; /* a segment at least */
	assert_int_equal(bbr_inflight_with_headroom(&cc, b), 5 * SMSS);
	b->inflight_hi = 4 * SMSS;
	assert_int_equal(bbr_inflight_with_headroom(&cc, b), 4 * SMSS);
}

static void a_bound_in_the_way_is_no_full_pipe(void **state)
{
	known_path(BBR_UP);
	cc.cwnd = b->inflight_hi = 100 * SMSS;
	rate.tx_in_flight = 0;
	b->full_bw_now = ack.cwnd_limited = true;
	b->probe_up_cnt = UINT32_MAX;
	hear();
	assert_int_equal(b->state, BBR_UP);
	assert_int_equal(b->full_bw, RATE);
	b->full_bw_now = true;
	ack.cwnd_limited = false;
	hear();
	assert_int_equal(b->state, BBR_DOWN);
}

static void too_many_losses_end_the_probing(void **state)
{
	known_path(BBR_UP);
	b->probe_samples = true;
	ack.pipe = 2 * BDP;
	rate.tx_in_flight = 100 * SMSS;
	rate.lost = 2 * SMSS;
	hear();
	assert_int_equal(b->state, BBR_UP);
	rate.lost++;
	rate.app_limited = true;
	hear();
	assert_int_equal(b->state, BBR_DOWN);
	assert_int_equal(b->inflight_hi, UINT32_MAX); /* less was sent than might have been */

	known_path(BBR_UP);
	b->probe_samples = true;
	rate.tx_in_flight = 100 * SMSS;
	rate.lost = 3 * SMSS;
	hear();
	assert_int_equal(b->inflight_hi, 140 * SMSS); /* Beta of the target, if that is more */
	assert_false(b->probe_samples);
	rate.tx_in_flight = 190 * SMSS;
	rate.lost = 9 * SMSS; /* of the same probing */
	hear();
	assert_int_equal(b->inflight_hi, 140 * SMSS);
	rate.lost = 0;
	hear();
	assert_int_equal(b->inflight_hi, 190 * SMSS); /* so much got through */
}

static struct wr_cc_lost lose(uint32_t bytes, uint32_t lost, uint32_t in_flight)
{
	const struct wr_cc_lost event = {.now_us = ack.now_us,
	                                 .total_delivered = rate.total_delivered,
	                                 .bytes = bytes,
	                                 .lost = lost,
	                                 .tx_in_flight = in_flight};

	wr_cc_ops(&cc)->on_lost(&cc, &event);
	return event;
}

/* What was in flight when two in a hundred were lost, not when the news came. */
static void the_bound_is_where_losses_passed_the_threshold(void **state)
{
	known_path(BBR_UP);
	lose(2 * SMSS, 7 * SMSS, 301 * SMSS); /* not while probing */
	assert_int_equal(b->inflight_hi, UINT32_MAX);
	b->probe_samples = true;
	lose(2 * SMSS, 7 * SMSS, 301 * SMSS);
	assert_int_equal(b->inflight_hi, 299 * SMSS + 980 * 100 / 98);
	known_path(BBR_UP);
	b->probe_samples = true;
	lose(SMSS, 9 * SMSS, 301 * SMSS);
	assert_int_equal(b->inflight_hi, 300 * SMSS);
}

static void the_first_loss_begins_a_round(void **state)
{
	uint64_t first;

	known_path(BBR_CRUISE);
	first = lose(SMSS, SMSS, BDP).total_delivered;
	rate.total_delivered += BDP;
	lose(SMSS, 2 * SMSS, BDP);
	assert_int_equal(b->loss_round_delivered, first);
	assert_int_equal(b->losses_in_round, 2);
}

/* A round of recovery, six losses and more than 2 %: section 5.3.1.3. */
static enum bbr_state startup_after(bool in_recovery, uint8_t losses, uint32_t lost)
{
	known_path(BBR_STARTUP);
	b->full_bw_reached = false;
	b->loss_round_delivered = 0;
	b->losses_in_round = losses;
	rate.lost = lost;
	ack.in_recovery = in_recovery;
	hear();
	assert_int_equal(b->losses_in_round, 0);
	return (enum bbr_state)b->state;
}

static void startup_ends_for_many_losses_alone(void **state)
{
	assert_int_equal(startup_after(false, 6, BDP / 10), BBR_STARTUP);
	assert_int_equal(startup_after(true, 5, BDP / 10), BBR_STARTUP);
	assert_int_equal(startup_after(true, 6, BDP / 50), BBR_STARTUP);
	assert_int_not_equal(startup_after(true, 6, BDP / 10), BBR_STARTUP);
}

static void startup_neither_slows_nor_stops_before_there_is_a_sample(void **state)
{
	known_path(BBR_STARTUP);
	b->full_bw_reached = false;
	model.pace_bytes_per_s = 2 * RATE;
	rate.total_delivered = SMSS;
	cc.cwnd = 3 * BDP;
	hear();
	assert_int_equal(model.pace_bytes_per_s, 2 * RATE);
	assert_int_equal(cc.cwnd, 3 * BDP + SMSS);
	b->full_bw_reached = true;
	b->state = BBR_CRUISE;
	hear();
	assert_int_equal(model.pace_bytes_per_s, RATE / 100 * 99);
	assert_int_equal(model.quantum, RATE / 100 * 99 / 1000);
	assert_in_range(cc.cwnd, 2 * BDP, 2 * BDP + 2 * SMSS);
}

static void losses_of_a_round_lower_the_short_term_bounds(void **state)
{
	static const enum bbr_state probing[] = {BBR_STARTUP, BBR_REFILL, BBR_UP};

	known_path(BBR_CRUISE);
	b->loss_in_round = true;
	b->loss_round_delivered = 0;
	rate.bytes_per_s = RATE / 2;
	hear();
	assert_int_equal(b->bw_lo, RATE / 100 * 70);
	assert_int_equal(b->inflight_lo, 2 * BDP / 100 * 70);
	assert_int_equal(cc.cwnd, 2 * BDP / 100 * 70);
	assert_int_equal(b->bw_latest, RATE / 2);
	b->loss_in_round = true;
	hear(); /* of the same round */
	assert_int_equal(b->bw_lo, RATE / 100 * 70);
	b->loss_in_round = true; /* no less than what arrived */
	b->loss_round_delivered = 0;
	rate.delivered = 2 * BDP;
	hear();
	assert_int_equal(b->inflight_lo, 2 * BDP);

	for (unsigned i = 0; i < WR_LEN(probing); i++) {
		known_path(probing[i]);
		b->loss_in_round = true;
		b->loss_round_delivered = 0;
		hear();
		assert_int_equal(b->inflight_lo, UINT32_MAX);
	}
}

static void each_round_of_losses_has_signals_of_its_own(void **state)
{
	known_path(BBR_CRUISE);
	b->loss_round_delivered = 0;
	b->bw_latest = 2 * RATE;
	b->inflight_latest = 3 * BDP;
	hear();
	assert_int_equal(b->bw_latest, RATE);
	assert_int_equal(b->inflight_latest, BDP);
}

static void the_pipe_is_full_after_three_rounds_without_growth(void **state)
{
	known_path(BBR_STARTUP);
	b->full_bw_reached = false;
	b->full_bw = RATE;
	rate.bytes_per_s = RATE / 100 * 125; /* so much is growth */
	hear_in_new_round();
	assert_int_equal(b->full_bw, RATE / 100 * 125);
	rate.app_limited = true;
	for (unsigned i = 0; i < 3; i++)
		hear_in_new_round();
	assert_int_equal(b->full_bw_count, 0);
	rate.app_limited = false;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(b->state, BBR_STARTUP);
		hear_in_new_round();
	}
	assert_int_not_equal(b->state, BBR_STARTUP);
}

static void lumps_of_acks_widen_the_window(void **state)
{
	known_path(BBR_CRUISE);
	b->extra_acked[0] = 20 * SMSS;
	cc.cwnd = 10 * BDP;
	hear();
	assert_int_equal(cc.cwnd, 2 * BDP + 20 * SMSS);

	known_path(BBR_CRUISE); /* less than the path has */
	ack.now_us += RTT;
	hear();
	assert_int_equal(b->extra_acked[1], SMSS);

	known_path(BBR_CRUISE); /* in no time, no more than cwnd, for ten rounds and ten more */
	rate.newly_delivered = 5 * BDP;
	hear();
	assert_int_equal(b->extra_acked[1], 2 * BDP);
	b->extra_acked_delivered = 0;
	rate.newly_delivered = 0;
	for (unsigned i = 0; i < 19; i++)
		hear_in_new_round();
	assert_int_equal(RTE_MAX(b->extra_acked[0], b->extra_acked[1]), 2 * BDP);
	hear_in_new_round();
	assert_int_equal(RTE_MAX(b->extra_acked[0], b->extra_acked[1]), 0);
}

static void what_an_application_did_not_fill_counts_if_it_was_more(void **state)
{
	known_path(BBR_CRUISE);
	rate.app_limited = true;
	rate.bytes_per_s = 2 * RATE;
	hear();
	assert_int_equal(bbr_max_bw(b), 2 * RATE);
	b->max_bw[1] = 0;
	b->max_bw[0] = RATE;
	bbr_advance_max_bw(b); /* a cycle that taught nothing */
	assert_int_equal(bbr_max_bw(b), RATE);
	rate.bytes_per_s = RATE / 2;
	hear();
	assert_int_equal(b->max_bw[1], 0);
}

/* Section 5.5.6: two cycles of probing, of which one that did not fill the path is none. */
static void a_cycle_that_filled_the_path_ends_the_one_before(void **state)
{
	known_path(BBR_DOWN);
	ack.pipe = 2 * BDP;
	rate.app_limited = true;
	b->ack_phase = BBR_ACKS_PROBE_STOPPING;
	hear_in_new_round();
	assert_int_equal(b->max_bw[1], RATE);
	rate.app_limited = false;
	b->ack_phase = BBR_ACKS_PROBE_STOPPING;
	hear_in_new_round();
	assert_int_equal(b->max_bw[1], 0);
}

static void the_pipe_needs_room_for_bursts(void **state)
{
	uint32_t down;

	known_path(BBR_DOWN);
	down = bbr_inflight(&cc, b, RATE, 100);
	b->state = BBR_UP;
	assert_int_equal(bbr_inflight(&cc, b, RATE, 100), down + 2 * SMSS);
	model.quantum = 65536;
	b->state = BBR_DOWN;
	assert_int_equal(bbr_inflight(&cc, b, RATE / 10, 100), 3 * 65536);
}

static void the_round_trip_time_is_looked_for_and_cwnd_comes_back(void **state)
{
	known_path(BBR_CRUISE);
	ack.now_us += BBR_PROBE_RTT_EVERY_US + 1;
	ack.rtt_us = 0;
	b->cycle_stamp_us = ack.now_us;
	b->probe_rtt_done_us = 1;
	b->idle_restart = true; /* silence was as good, section 5.3.4.3 */
	hear();
	assert_int_equal(b->state, BBR_CRUISE);
	assert_false(b->idle_restart);
	hear();
	assert_int_equal(b->state, BBR_PROBE_RTT);
	assert_in_range(b->prior_cwnd, 2 * BDP, 2 * BDP + SMSS);
	assert_int_equal(cc.cwnd, BDP / 2);
	hear_in_new_round();
	assert_int_equal(b->state, BBR_PROBE_RTT); /* too much is out still */
	ack.pipe = BDP / 2;
	hear();
	ack.now_us += BBR_PROBE_RTT_LASTS_US + 1;
	ack.rtt_us = RTT + 1;
	hear();
	assert_int_equal(b->state, BBR_PROBE_RTT); /* and a round */
	ack.now_us += RTT;
	ack.rtt_us = 0;
	b->inflight_lo = BDP;
	hear_in_new_round();
	assert_int_equal(b->state, BBR_CRUISE);
	assert_int_equal(b->probe_rtt_min_stamp_us, ack.now_us);
	assert_in_range(cc.cwnd, 2 * BDP, 2 * BDP + 2 * SMSS);
	assert_int_equal(b->probe_rtt_min_us, RTT + 1); /* the old one is too old */
	assert_int_equal(b->min_rtt_us, RTT);
	hear();
	assert_int_equal(b->state, BBR_CRUISE);
	ack.now_us += BBR_MIN_RTT_US;
	ack.pipe = BDP;
	hear();
	assert_int_equal(b->min_rtt_us, RTT + 1);
}

static void what_a_recovery_took_comes_back(void **state)
{
	const struct wr_cc_congestion loss = {ack.now_us, BDP, WR_CC_LOSS};
	const struct wr_cc_congestion mark = {ack.now_us, BDP, WR_CC_ECN};

	known_path(BBR_CRUISE);
	wr_cc_ops(&cc)->on_congestion(&cc, &mark);
	assert_true(b->loss_in_round);
	wr_cc_ops(&cc)->on_congestion(&cc, &loss);
	cc.cwnd = 5 * SMSS;
	wr_cc_ops(&cc)->on_leave_recovery(&cc, ack.now_us);
	assert_int_equal(cc.cwnd, 2 * BDP);

	wr_cc_ops(&cc)->on_rto(&cc, &(struct wr_cc_rto) {.now_us = ack.now_us});
	assert_int_equal(cc.cwnd, SMSS);
	wr_cc_ops(&cc)->on_rto(&cc, &(struct wr_cc_rto) {.now_us = ack.now_us, .again = true});
	assert_int_equal(b->prior_cwnd, 2 * BDP);
	b->inflight_lo = BDP;
	wr_cc_ops(&cc)->on_undo(&cc, ack.now_us);
	assert_int_equal(cc.cwnd, 2 * BDP);
	assert_int_equal(b->inflight_lo, UINT32_MAX);
	assert_false(b->loss_in_round);
}

static void after_silence_the_known_pace_is_kept(void **state)
{
	known_path(BBR_UP);
	model.pace_bytes_per_s = 2 * RATE;
	wr_cc_ops(&cc)->on_idle_restart(&cc, 10 * SMSS, ack.now_us + 1000);
	assert_true(b->idle_restart);
	assert_int_equal(b->extra_acked_start_us, ack.now_us + 1000);
	assert_int_equal(model.pace_bytes_per_s, RATE / 100 * 99);
	b->bw = 100ull * RATE;
	wr_cc_ops(&cc)->on_idle_restart(&cc, 10 * SMSS, ack.now_us + 2000);
	assert_int_equal(model.quantum, 65536);
}

static void a_new_cycle_forgets_the_signals_of_the_last(void **state)
{
	known_path(BBR_UP);
	b->full_bw_now = b->loss_in_round = true;
	b->losses_in_round = 3;
	hear();
	assert_int_equal(b->state, BBR_DOWN);
	assert_false(b->loss_in_round);
	assert_int_equal(b->losses_in_round, 0);
}

/* Of connections that share a path each waits for another time: 2 to 3 s. */
static void waits_for_the_next_probing_differ(void **state)
{
	uint32_t least = UINT32_MAX, most = 0;

	for (unsigned i = 0; i < 20; i++) {
		known_path(BBR_UP);
		b->full_bw_now = true;
		b->next_round_delivered += i * 1448;
		rate.total_delivered += i * 1448;
		hear();
		least = wr_min(least, b->probe_wait_us);
		most = wr_max(most, b->probe_wait_us);
	}
	assert_in_range(least, 2000000, 2300000);
	assert_in_range(most, 2700000, 2999999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bound_rises_by_a_segment_then_by_two),
		cmocka_unit_test(probing_begins_when_reno_would_have_had_its_turn),
		cmocka_unit_test(room_is_left_below_the_bound),
		cmocka_unit_test(a_bound_in_the_way_is_no_full_pipe),
		cmocka_unit_test(too_many_losses_end_the_probing),
		cmocka_unit_test(the_bound_is_where_losses_passed_the_threshold),
		cmocka_unit_test(the_first_loss_begins_a_round),
		cmocka_unit_test(startup_ends_for_many_losses_alone),
		cmocka_unit_test(startup_neither_slows_nor_stops_before_there_is_a_sample),
		cmocka_unit_test(losses_of_a_round_lower_the_short_term_bounds),
		cmocka_unit_test(each_round_of_losses_has_signals_of_its_own),
		cmocka_unit_test(the_pipe_is_full_after_three_rounds_without_growth),
		cmocka_unit_test(lumps_of_acks_widen_the_window),
		cmocka_unit_test(what_an_application_did_not_fill_counts_if_it_was_more),
		cmocka_unit_test(a_cycle_that_filled_the_path_ends_the_one_before),
		cmocka_unit_test(the_pipe_needs_room_for_bursts),
		cmocka_unit_test(the_round_trip_time_is_looked_for_and_cwnd_comes_back),
		cmocka_unit_test(what_a_recovery_took_comes_back),
		cmocka_unit_test(after_silence_the_known_pace_is_kept),
		cmocka_unit_test(a_new_cycle_forgets_the_signals_of_the_last),
		cmocka_unit_test(waits_for_the_next_probing_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
