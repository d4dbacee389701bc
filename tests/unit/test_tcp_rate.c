/* SPDX-License-Identifier: BSD-3-Clause */
/* Samples of the delivery rate: which packet's, over which time, and when text had run out. */

#include "tcp.h"
#include "tcp_rate.h"
#include "wr_test.h"

static struct {
	struct wr_tcp tcp;
	struct wr_stats stats;
	struct wr_tcb c;
	struct wr_rate rate;
} rig;

static int begin(void **state)
{
	memset(&rig, 0, sizeof(rig));
	rig.tcp.stats = &rig.stats;
	rig.tcp.tcb = &rig.c;
	rig.tcp.rate = &rig.rate;
	rig.tcp.now_us = 1000000;
	rig.c.cc.cwnd = 10000;
	return 0;
}

static void pass(uint32_t us)
{
	rig.tcp.now_us += us;
}

static struct wr_buf send_1000(void)
{
	struct wr_buf b = {.seq = rig.c.snd.nxt.n, .len = 1000};

	tcp_rate_sent(&rig.tcp, &rig.c, &b);
	b.sent_us = (uint32_t)rig.tcp.now_us;
	rig.c.snd.nxt = wr_seq_add(rig.c.snd.nxt, b.len);
	return b;
}

static void deliver(const struct wr_buf *b)
{
	tcp_rate_delivered(&rig.tcp, &rig.c, b, b->len);
}

static void acknowledge(const struct wr_buf *b)
{
	deliver(b);
	rig.c.snd.una = wr_seq_add(rig.c.snd.una, b->len);
	tcp_rate_ack(&rig.tcp, &rig.c, b->len, 0);
}

static void a_sample_is_of_the_packet_sent_last(void **state)
{
	struct wr_buf first = send_1000(), second, third;

	pass(10);
	second = send_1000();
	third = send_1000(); /* at the same time: the higher number is the later one */
	pass(1000);
	deliver(&second);
	assert_int_equal(rig.rate.seq, 1000);
	deliver(&first);
	assert_int_equal(rig.rate.seq, 1000);
	deliver(&third);
	assert_int_equal(rig.rate.seq, 2000);
	deliver(&second);
	assert_int_equal(rig.rate.seq, 2000);
	assert_int_equal(rig.rate.newly, 4000);
	assert_int_equal(rig.rate.first_sent_us, 1000010);
}

static void its_time_is_the_longer_of_sending_and_acknowledging(void **state)
{
	struct wr_buf first = send_1000(), second, third;

	pass(300);
	second = send_1000();
	pass(50);
	acknowledge(&first);
	pass(20);
	third = send_1000();
	deliver(&second); /* sent 300 behind what was delivered last, acknowledged 370 */
	assert_int_equal(rig.rate.interval_us, 370);
	assert_int_equal(rig.rate.prior_delivered, 0);
	pass(30);
	deliver(&third); /* sent 370 behind the first, acknowledged 50 */
	assert_int_equal(rig.rate.interval_us, 370);
	assert_int_equal(rig.rate.prior_delivered, 1000);
}

static void after_silence_time_begins_anew(void **state)
{
	struct wr_buf first = send_1000(), second;

	pass(100);
	acknowledge(&first);
	pass(5000000);
	second = send_1000();
	assert_int_equal(second.first_sent_us, (uint32_t)rig.tcp.now_us);
	assert_int_equal(second.delivered_us, (uint32_t)rig.tcp.now_us);
	assert_int_equal(second.tx_in_flight, 1000);
	assert_int_equal(second.delivered, 1000);
}

static void text_that_runs_out_limits_what_is_in_flight_then(void **state)
{
	struct wr_buf first, second, third;

	first = send_1000();
	second = send_1000();
	tcp_rate_ran_dry(&rig.tcp, &rig.c);
	assert_int_equal(rig.rate.app_limited_until, 2000);
	third = send_1000();
	assert_false(first.flags & WR_BUF_APP_LIMITED);
	assert_true(third.flags & WR_BUF_APP_LIMITED);
	acknowledge(&first);
	acknowledge(&second);
	assert_int_equal(rig.rate.app_limited_until, 2000); /* up to there, and beyond it not */
	acknowledge(&third);
	assert_int_equal(rig.rate.app_limited_until, 0);
	assert_false(send_1000().flags & WR_BUF_APP_LIMITED);
}

static void before_the_first_text_it_has_run_out_too(void **state)
{
	struct wr_buf first;

	tcp_rate_ran_dry(&rig.tcp, &rig.c);
	assert_int_equal(rig.rate.app_limited_until, 1);
	first = send_1000();
	assert_true(first.flags & WR_BUF_APP_LIMITED);
	acknowledge(&first);
	assert_int_equal(rig.rate.app_limited_until, 0);
}

static void who_has_text_or_no_room_has_not_run_out(void **state)
{
	struct rte_mbuf waits;

	send_1000();
	rig.c.sq_next = &waits;
	tcp_rate_ran_dry(&rig.tcp, &rig.c);
	rig.c.sq_next = NULL;
	rig.c.lost = 1000; /* and not yet sent again */
	tcp_rate_ran_dry(&rig.tcp, &rig.c);
	rig.c.lost = 0;
	rig.c.cc.cwnd = 1000;
	tcp_rate_ran_dry(&rig.tcp, &rig.c);
	assert_int_equal(rig.rate.app_limited_until, 0);
	rig.c.cc.cwnd = 1001;
	tcp_rate_ran_dry(&rig.tcp, &rig.c);
	assert_int_equal(rig.rate.app_limited_until, 1000);
}

static void an_ack_within_a_packet_delivers_what_it_covers(void **state)
{
	struct wr_buf b = send_1000();

	tcp_rate_part(&rig.tcp, &rig.c, &b);
	assert_int_equal(rig.rate.delivered, 0);
	rig.c.snd.una = wr_seq(300);
	tcp_rate_part(&rig.tcp, &rig.c, &b);
	assert_int_equal(rig.rate.delivered, 300);
	b.flags |= WR_BUF_SACKED; /* counted already */
	tcp_rate_part(&rig.tcp, &rig.c, &b);
	assert_int_equal(rig.rate.delivered, 300);
}

static void the_shortest_round_trip_is_kept(void **state)
{
	static const uint32_t rtt_us[][2] = {
		{0, 0}, {500, 500}, {700, 500}, {0, 500}, {499, 499}};

	for (unsigned i = 0; i < WR_LEN(rtt_us); i++) {
		tcp_rate_ack(&rig.tcp, &rig.c, 0, rtt_us[i][0]);
		assert_int_equal(rig.rate.min_rtt_us, rtt_us[i][1]);
	}
}

/* ACKs that came in a bunch would tell of a path faster than it is. */
static void a_time_shorter_than_any_round_trip_gives_no_rate(void **state)
{
	struct wr_cc_start start = {.now_us = 1, .iw = 10000, .model = &rig.rate.model};
	const struct wr_bbr *bbr = &rig.rate.model.bbr;
	struct wr_cc_choice choice;
	struct wr_buf first, second;

	rig.c.cc.smss = 1000;
	assert_true(wr_cc_read("bbr", &choice));
	wr_cc_start(&rig.c.cc, &choice, &start);
	rig.rate.min_rtt_us = 1000;
	first = send_1000();
	second = send_1000();
	pass(999);
	acknowledge(&first);
	assert_int_equal(bbr->bw, 0);
	pass(1);
	acknowledge(&second);
	assert_int_equal(bbr->bw, 2000000);
}

/* BBR looks at what was lost beside each packet that is acknowledged. */
static void only_what_was_lost_since_a_packet_left_counts_beside_it(void **state)
{
	struct wr_cc_start start = {.now_us = 1, .iw = 10000, .model = &rig.rate.model};
	struct wr_bbr *bbr = &rig.rate.model.bbr;
	struct wr_cc_choice choice;
	struct wr_buf before, behind;

	rig.c.cc.smss = 1000;
	assert_true(wr_cc_read("bbr", &choice));
	wr_cc_start(&rig.c.cc, &choice, &start);
	bbr->full_bw_reached = bbr->probe_samples = true;
	before = send_1000();
	rig.rate.lost = 3000;
	behind = send_1000();
	pass(1000);
	acknowledge(&behind);
	assert_true(bbr->probe_samples);
	acknowledge(&before);
	assert_false(bbr->probe_samples); /* it is too much, and the probe is over */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_sample_is_of_the_packet_sent_last, begin),
		cmocka_unit_test_setup(its_time_is_the_longer_of_sending_and_acknowledging,
	                               begin),
		cmocka_unit_test_setup(after_silence_time_begins_anew, begin),
		cmocka_unit_test_setup(text_that_runs_out_limits_what_is_in_flight_then, begin),
		cmocka_unit_test_setup(before_the_first_text_it_has_run_out_too, begin),
		cmocka_unit_test_setup(who_has_text_or_no_room_has_not_run_out, begin),
		cmocka_unit_test_setup(the_shortest_round_trip_is_kept, begin),
		cmocka_unit_test_setup(a_time_shorter_than_any_round_trip_gives_no_rate, begin),
		cmocka_unit_test_setup(only_what_was_lost_since_a_packet_left_counts_beside_it,
	                               begin),
		cmocka_unit_test_setup(an_ack_within_a_packet_delivers_what_it_covers, begin),
	};

	return cmocka_run_group_tests_name("tcp_rate", tests, NULL, NULL);
}
