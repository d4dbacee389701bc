/* SPDX-License-Identifier: BSD-3-Clause */
/* BBR on a simulated bottleneck: its phases, what it learns, and what loss does to it. */

#include "bbr.h"
#include "wr_prng.h"
#include "wr_test.h"

#define SMSS    1448u
#define RTT     20000u    /* us, of the empty path */
#define RATE    12500000u /* bytes per second: 100 Mbit/s */
#define BDP     (RATE / 1000000.0 * RTT)
#define PACKETS 65536

/* A packet on its way, with what tcp_rate.c notes on a buffer. */
struct packet {
	uint64_t sent_us, ack_us, delivered, delivered_us, first_sent_us;
	uint32_t lost, tx_in_flight;
	bool dropped, app_limited;
};

static struct {
	struct wr_cc cc;
	struct wr_cc_model model;
	struct packet packet[PACKETS];
	uint64_t head, tail; /* packets sent, packets acknowledged or found lost */
	uint64_t recover;    /* head when one was found lost: until then it is a recovery */
	uint64_t now_us, delivered, delivered_us, first_sent_us, link_free_us, next_us;
	uint32_t lost, in_flight, buffer, loss_ppm, rate, unsent;
	struct wr_prng luck;
	unsigned visits[BBR_PROBE_RTT + 1];
	uint64_t since_us[BBR_PROBE_RTT + 1];
} net;

static int start_each(void **state)
{
	const struct wr_cc_choice bbr = {&wr_cc_bbr_ops, 0};
	struct wr_cc_start start = {.now_us = 1000000, .iw = 10 * SMSS, .model = &net.model};

	(void)state;
	memset(&net, 0, sizeof(net));
	net.now_us = start.now_us;
	net.rate = RATE;
	net.buffer = (uint32_t)BDP;
	net.unsent = UINT32_MAX;
	net.cc.smss = SMSS;
	wr_prng_seed(&net.luck, 1);
	wr_cc_start(&net.cc, &bbr, &start);
	return 0;
}

static const struct wr_bbr *bbr(void)
{
	return &net.model.bbr;
}

static void transmit(void)
{
	struct packet *p = &net.packet[net.head++ % PACKETS];
	uint64_t leaves = net.link_free_us > net.now_us ? net.link_free_us : net.now_us;

	if (net.in_flight == 0)
		net.first_sent_us = net.delivered_us = net.now_us;
	net.in_flight += SMSS;
	if (net.unsent != UINT32_MAX)
		net.unsent--;
	*p = (struct packet) {
		.sent_us = net.now_us,
		.delivered = net.delivered,
		.delivered_us = net.delivered_us,
		.first_sent_us = net.first_sent_us,
		.lost = net.lost,
		.tx_in_flight = net.in_flight,
		.app_limited = net.unsent == 0,
	};
	p->dropped = (leaves - net.now_us) * net.rate / 1000000 > net.buffer ||
	             wr_prng_below(&net.luck, 1000000) < net.loss_ppm;
	if (!p->dropped)
		net.link_free_us = leaves + (uint64_t)SMSS * 1000000 / net.rate;
	p->ack_us = leaves + RTT; /* of a lost one: when those around it tell of it */
	net.next_us = net.next_us + 1000 < net.now_us ? net.now_us - 1000 : net.next_us;
	net.next_us += (uint64_t)SMSS * 1000000 / net.model.pace_bytes_per_s;
}

static void tell_lost(struct packet *p)
{
	net.lost += SMSS;
	if (net.tail > net.recover)
		net.recover = net.head;
	wr_cc_ops(&net.cc)->on_lost(&net.cc, &(struct wr_cc_lost) {
						     .now_us = net.now_us,
						     .total_delivered = net.delivered,
						     .bytes = SMSS,
						     .lost = net.lost - p->lost,
						     .tx_in_flight = p->tx_in_flight,
						     .app_limited = p->app_limited,
					     });
}

static void tell_delivered(const struct packet *p)
{
	uint64_t interval_us;
	struct wr_cc_rate rate;
	struct wr_cc_ack ack = {.now_us = net.now_us, .acked = SMSS, .rate = &rate};

	net.delivered += SMSS;
	net.delivered_us = net.now_us;
	net.first_sent_us = p->sent_us;
	interval_us = RTE_MAX(p->sent_us - p->first_sent_us, net.now_us - p->delivered_us);
	rate = (struct wr_cc_rate) {
		.total_delivered = net.delivered,
		.prior_delivered = p->delivered,
		.delivered = (uint32_t)(net.delivered - p->delivered),
		.newly_delivered = SMSS,
		.lost = net.lost - p->lost,
		.tx_in_flight = p->tx_in_flight,
		.app_limited = p->app_limited,
	};
	if (interval_us >= RTT)
		rate.bytes_per_s = rate.delivered * 1000000ull / interval_us;
	ack.rtt_us = ack.srtt_us = (uint32_t)(net.now_us - p->sent_us);
	ack.pipe = net.in_flight;
	ack.in_recovery = net.tail <= net.recover;
	ack.cwnd_limited = net.in_flight + 2 * SMSS > net.cc.cwnd;
	wr_cc_ops(&net.cc)->on_ack(&net.cc, &ack);
}

static void acknowledge(void)
{
	while (net.tail != net.head) {
		struct packet *p = &net.packet[net.tail % PACKETS];

		if (p->ack_us > net.now_us)
			return;
		net.tail++;
		net.in_flight -= SMSS;
		if (p->dropped)
			tell_lost(p);
		else
			tell_delivered(p);
	}
}

/* Runs the network; 100 us are a step. Counts the visits to each state. */
static void run_ms(unsigned ms)
{
	for (unsigned step = 0; step < ms * 10; step++) {
		unsigned before = bbr()->state;

		net.now_us += 100;
		acknowledge();
		while (net.unsent && net.in_flight + SMSS <= net.cc.cwnd &&
		       net.next_us <= net.now_us)
			transmit();
		if (bbr()->state != before) {
			net.visits[bbr()->state]++;
			net.since_us[bbr()->state] = net.now_us;
		}
	}
}

static double delivered_share(unsigned ms)
{
	uint64_t before = net.delivered;

	run_ms(ms);
	return (double)(net.delivered - before) * 1000 / ms / net.rate;
}

static void the_first_round_trip_sets_the_first_pace(void **state)
{
	net.unsent = 1; /* too little to measure a bandwidth by */
	run_ms(RTT / 1000 + 2);
	assert_in_range(net.model.pace_bytes_per_s, 10 * SMSS * 2.7 / (RTT / 1e6) * 0.95,
	                10 * SMSS * 2.8 / (RTT / 1e6));
}

static void a_path_without_a_sample_holds_the_initial_window(void **state)
{
	assert_int_equal(bbr_bdp(&net.cc, bbr(), RATE, 100), 10 * SMSS);
	run_ms(RTT / 1000 + 2);
	assert_int_equal(bbr_bdp(&net.cc, bbr(), 0, 100), 10 * SMSS);
	assert_in_range(bbr_bdp(&net.cc, bbr(), RATE, 100), BDP, 1.01 * BDP);
}

static void startup_finds_the_bandwidth_and_drains(void **state)
{
	assert_int_equal(bbr()->state, BBR_STARTUP);
	run_ms(500);
	assert_true(bbr()->full_bw_reached);
	assert_int_equal(net.visits[BBR_DRAIN], 1);
	assert_true(bbr_is_probe_bw(bbr()));
	assert_true((double)bbr_max_bw(bbr()) > 0.95 * RATE);
	assert_true((double)bbr_max_bw(bbr()) < 1.05 * RATE);
	assert_in_range(bbr()->min_rtt_us, RTT, RTT + 300);
}

/* The rate grows by 2.77 a round trip: from 10 segments to the bandwidth in some ten. */
static void startup_takes_few_round_trips(void **state)
{
	run_ms(300);
	assert_int_not_equal(bbr()->state, BBR_STARTUP);
}

/* Section 5.3.1.3: more than 2 %, and six at least, of a round in recovery. */
static void a_startup_that_loses_much_is_over(void **state)
{
	net.loss_ppm = 100000;
	while (bbr()->state == BBR_STARTUP)
		run_ms(1);
	assert_true(bbr()->inflight_hi < 3 * BDP);
	assert_true(net.now_us < 1000000 + 12 * RTT);
}

static void one_that_loses_little_goes_on(void **state)
{
	net.loss_ppm = 5000;
	net.buffer = UINT32_MAX;
	while (bbr()->state == BBR_STARTUP)
		run_ms(1);
	assert_int_equal(bbr()->inflight_hi, UINT32_MAX);
}

static void the_path_is_used_and_its_queue_is_short(void **state)
{
	double share;
	uint64_t queue_us;

	run_ms(1000);
	share = delivered_share(4000);
	assert_true(share > 0.93);
	queue_us = net.link_free_us > net.now_us ? net.link_free_us - net.now_us : 0;
	assert_true(queue_us < RTT);
}

static void probing_goes_round(void **state)
{
	run_ms(15000);
	assert_true(net.visits[BBR_REFILL] >= 3);
	assert_true(net.visits[BBR_UP] >= 3);
	assert_true(net.visits[BBR_CRUISE] >= 3);
	assert_true(net.visits[BBR_DOWN] >= 3);
	assert_int_equal(net.visits[BBR_STARTUP], 0);
}

/* Section 5.3.4: every 5 s, unless a sample as low came by itself, half the BDP for 200 ms. */
static void the_round_trip_time_is_looked_for(void **state)
{
	uint64_t entered, left;

	while (bbr()->state != BBR_PROBE_RTT && net.now_us < 20000000)
		run_ms(1);
	assert_int_equal(bbr()->state, BBR_PROBE_RTT);
	entered = net.now_us;
	run_ms(100);
	assert_true(net.in_flight <= BDP / 2 + 2 * SMSS);
	while (bbr()->state == BBR_PROBE_RTT)
		run_ms(1);
	left = net.now_us;
	assert_in_range(left - entered, 200000, 300000);
	assert_int_equal(bbr()->state, BBR_CRUISE);
	assert_true(delivered_share(1000) > 0.9);
}

/*
 * Of Reno 7 % would be left. bw_shortterm falls by what each round loses, until the next
 * probing: about 63 rounds.
 */
static void one_loss_in_100_costs_little(void **state)
{
	net.loss_ppm = 10000;
	run_ms(2000);
	assert_true(delivered_share(5000) > 0.75);
}

/* Beyond 2 % what is in flight is bounded. */
static void many_losses_bound_what_is_in_flight(void **state)
{
	net.loss_ppm = 100000;
	run_ms(8000);
	assert_int_not_equal(bbr()->inflight_hi, UINT32_MAX);
	assert_true(net.cc.cwnd < 2 * BDP);
}

/* A buffer of a tenth: the bound is found, the loss is small. */
static void a_shallow_buffer_is_not_flooded(void **state)
{
	uint32_t lost;
	uint64_t delivered;

	net.buffer = (uint32_t)(BDP / 10);
	run_ms(3000);
	lost = net.lost;
	delivered = net.delivered;
	assert_true(delivered_share(10000) > 0.7);
	assert_true(net.lost - lost < (net.delivered - delivered) / 50);
}

static void more_bandwidth_is_found(void **state)
{
	run_ms(3000);
	net.rate = 2 * RATE;
	run_ms(12000);
	assert_true((double)bbr_max_bw(bbr()) > 1.8 * RATE);
}

static void less_bandwidth_is_learnt_in_two_cycles(void **state)
{
	run_ms(3000);
	net.rate = RATE / 2;
	run_ms(12000);
	assert_true((double)bbr_max_bw(bbr()) < 0.6 * RATE);
}

static void an_application_that_sends_little_teaches_nothing(void **state)
{
	uint64_t before;

	run_ms(1000);
	before = bbr_max_bw(bbr());
	for (unsigned i = 0; i < 500; i++) {
		net.unsent = 1;
		run_ms(20);
	}
	assert_true((double)bbr_max_bw(bbr()) > 0.9 * (double)before);
}

static void the_window_holds_four_segments_at_least(void **state)
{
	net.rate = 20000;
	net.loss_ppm = 300000;
	run_ms(20000);
	assert_true(net.cc.cwnd >= 4 * SMSS);
}

#define TEST(name) cmocka_unit_test_setup(name, start_each)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_round_trip_sets_the_first_pace),
		TEST(a_path_without_a_sample_holds_the_initial_window),
		TEST(startup_finds_the_bandwidth_and_drains),
		TEST(startup_takes_few_round_trips),
		TEST(a_startup_that_loses_much_is_over),
		TEST(one_that_loses_little_goes_on),
		TEST(the_path_is_used_and_its_queue_is_short),
		TEST(probing_goes_round),
		TEST(the_round_trip_time_is_looked_for),
		TEST(one_loss_in_100_costs_little),
		TEST(many_losses_bound_what_is_in_flight),
		TEST(a_shallow_buffer_is_not_flooded),
		TEST(more_bandwidth_is_found),
		TEST(less_bandwidth_is_learnt_in_two_cycles),
		TEST(an_application_that_sends_little_teaches_nothing),
		TEST(the_window_holds_four_segments_at_least),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
