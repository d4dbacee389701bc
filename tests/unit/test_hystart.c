/* SPDX-License-Identifier: BSD-3-Clause */
/* HyStart++, RFC 9406, as CUBIC has it. */

#include "cubic_rig.h"

static void slow_start_doubles_while_the_delay_stays(void **state)
{
	for (unsigned i = 0; i < 5; i++)
		round_trip(RTT + i % 2 * 1000);
	assert_in_range(cc.cwnd, 310 * SMSS, 320 * SMSS);
	assert_int_equal(cc.ssthresh, UINT32_MAX);
}

/* L = 8: an ACK of very much adds eight segments. */
static void an_acknowledgement_adds_eight_segments_at_most(void **state)
{
	ack(100 * SMSS, RTT, true);
	assert_int_equal(cc.cwnd, 18 * SMSS);
}

static void a_delay_that_grows_slows_growth_to_a_quarter(void **state)
{
	uint32_t before;

	for (unsigned i = 0; i < 3; i++)
		round_trip(RTT);
	round_trip(RTT + 5000); /* beyond the threshold of 4 ms */
	assert_true(cc.cubic.hystart.css);
	before = cc.cwnd;
	round_trip(RTT + 5000);
	assert_in_range(cc.cwnd, before / 100 * 122, before / 100 * 126);
	assert_int_equal(cc.ssthresh, UINT32_MAX);
}

/* The RFC's thresholds: an eighth of the round-trip time, 4 ms at least, 16 ms at most. */
static bool leaves_at(uint32_t rtt_us, uint32_t more_us)
{
	start_with(100 * SMSS);
	round_trip(rtt_us);
	round_trip(rtt_us);
	round_trip(rtt_us + more_us);
	return cc.cubic.hystart.css;
}

static void thresholds_are_those_of_the_rfc(void **state)
{
	assert_false(leaves_at(8000, 3900));
	assert_true(leaves_at(8000, 4000));
	assert_false(leaves_at(80000, 9900));
	assert_true(leaves_at(80000, 10000));
	assert_false(leaves_at(400000, 15900));
	assert_true(leaves_at(400000, 16000));
}

static void fewer_than_eight_samples_decide_nothing(void **state)
{
	start_with(14 * SMSS); /* seven ACKs a round */
	round_trip(RTT);
	una -= 1; /* the round does not end */
	for (unsigned i = 0; i < 7; i++)
		ack(SMSS, 10 * RTT, true);
	assert_false(cc.cubic.hystart.css);
}

static void five_rounds_of_delay_end_slow_start(void **state)
{
	unsigned rounds = 0;

	start_with(100 * SMSS);
	round_trip(RTT);
	round_trip(RTT);
	while (cc.ssthresh == UINT32_MAX && rounds < 20) {
		round_trip(RTT + 5000);
		rounds++;
	}
	assert_int_equal(rounds, 6); /* one that finds it, five in CSS */
	assert_in_range(cc.ssthresh, cc.cwnd - cc.cwnd / 10, cc.cwnd);
}

static void delay_that_falls_again_resumes_slow_start(void **state)
{
	uint32_t before;

	start_with(100 * SMSS);
	round_trip(RTT);
	round_trip(RTT);
	round_trip(RTT + 5000);
	assert_true(cc.cubic.hystart.css);
	round_trip(RTT);
	assert_false(cc.cubic.hystart.css);
	before = cc.cwnd;
	round_trip(RTT);
	assert_in_range(cc.cwnd, before / 100 * 198, before / 100 * 202);
}

/* In the first rounds of delay: start_with() a window that gives more than eight ACKs a round.
 */
static void find_delay(void)
{
	round_trip(RTT);
	round_trip(RTT);
	round_trip(RTT + 5000);
	assert_true(cc.cubic.hystart.css);
}

static void fewer_than_eight_samples_do_not_resume_it(void **state)
{
	start_with(100 * SMSS);
	find_delay();
	for (unsigned i = 0; i < 20; i++)
		ack(SMSS, 0, true); /* of what was sent again: no sample */
	for (unsigned i = 0; i < 7; i++) {
		ack(SMSS, RTT, true);
		assert_true(cc.cubic.hystart.css);
	}
	ack(SMSS, RTT, true);
	assert_false(cc.cubic.hystart.css);
}

static void delay_that_comes_back_has_five_rounds_again(void **state)
{
	unsigned rounds = 0;

	start_with(50 * SMSS);
	find_delay();
	for (unsigned i = 0; i < 3; i++)
		round_trip(RTT + 5000);
	round_trip(RTT);
	assert_false(cc.cubic.hystart.css);
	while (cc.ssthresh == UINT32_MAX && rounds < 20) {
		round_trip(RTT + 5000);
		rounds++;
	}
	assert_int_equal(rounds, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(slow_start_doubles_while_the_delay_stays),
		TEST(an_acknowledgement_adds_eight_segments_at_most),
		TEST(a_delay_that_grows_slows_growth_to_a_quarter),
		TEST(thresholds_are_those_of_the_rfc),
		TEST(fewer_than_eight_samples_decide_nothing),
		TEST(five_rounds_of_delay_end_slow_start),
		TEST(delay_that_falls_again_resumes_slow_start),
		TEST(fewer_than_eight_samples_do_not_resume_it),
		TEST(delay_that_comes_back_has_five_rounds_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
