/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "load_rig.h"
#include "wr_test.h"

/* Two ways, and nothing else takes time. */
#define ROUND_TRIP_NS (2 * RIG_DELAY_NS)

static const struct wr_service *const echo[] = {&wr_service_echo, NULL};
static const struct wr_service *const discard[] = {&wr_service_discard, NULL};
static const struct wr_service *const nobody[] = {NULL};

static struct load_rig rig;

static void sizes(struct wr_sizes *sizes, const char *text)
{
	assert_int_equal(wr_sizes_parse(text, 65507, sizes), 0);
}

static void echo_sizes(const char *text)
{
	sizes(&rig.conf.request, text);
	rig.conf.response = rig.conf.request;
	rig.conf.protocol = WR_LOAD_ECHO;
}

/* ---- udp-rr ---- */

static void a_closed_loop_asks_when_it_has_the_answer(void **state)
{
	rig_conf(&rig, WR_LOAD_UDP_RR);
	rig_up(&rig, 1, echo);
	rig_run(&rig);
	assert_int_equal(RIG_COUNT(&rig, requests_sent), 100); /* 10 ms by 100 us */
	assert_int_equal(RIG_COUNT(&rig, responses), 100);
	assert_int_equal(RIG_COUNT(&rig, bytes_sent), 6400);
	assert_int_equal(RIG_COUNT(&rig, bytes_received), 6400);
	assert_int_equal(wr_load_stats(rig.load[0])->latency[WR_LATENCY_response].min,
	                 ROUND_TRIP_NS);
	assert_int_equal(wr_load_stats(rig.load[0])->latency[WR_LATENCY_response].max,
	                 ROUND_TRIP_NS);
	assert_int_equal(rig_timed(&rig, WR_LATENCY_service), 100);
	rig_down(&rig);
}

static void each_flow_has_as_many_under_way_as_the_pipeline(void **state)
{
	rig_conf(&rig, WR_LOAD_UDP_RR);
	rig.conf.pipeline = 5;
	rig.conf.set.connections = 30;
	rig_up(&rig, 1, echo);
	rig_run(&rig);
	assert_true(RIG_COUNT(&rig, responses) >= 99 * 150);
	assert_true(RIG_COUNT(&rig, responses) <= 100 * 150);
	rig_down(&rig);
}

static void an_open_loop_sends_what_is_planned(void **state)
{
	rig_conf(&rig, WR_LOAD_UDP_RR);
	rig.conf.set.connections = 8;
	rig.conf.set.rps = 20000;
	rig_up(&rig, 1, echo);
	rig_run(&rig);
	assert_int_equal(RIG_COUNT(&rig, requests_planned), 200);
	assert_int_equal(RIG_COUNT(&rig, requests_unsent), 0);
	assert_int_equal(RIG_COUNT(&rig, responses), 200);
	rig_down(&rig);
}

static void what_an_open_loop_cannot_send_is_unsent(void **state)
{
	rig_conf(&rig, WR_LOAD_UDP_RR);
	rig.conf.set.rps = 20000; /* one flow with 100 us a request does half */
	rig_up(&rig, 1, echo);
	rig_run(&rig);
	assert_in_range(RIG_COUNT(&rig, requests_planned), 199, 201);
	assert_in_range(RIG_COUNT(&rig, requests_unsent), 99, 101);
	/* The last one has waited half of the time. */
	assert_in_range(wr_load_stats(rig.load[0])->latency[WR_LATENCY_response].max,
	                WR_US(4900), WR_US(5200));
	assert_in_range(wr_load_stats(rig.load[0])->latency[WR_LATENCY_service].max,
	                ROUND_TRIP_NS, ROUND_TRIP_NS + WR_US(1));
	rig_down(&rig);
}

static void only_what_was_planned_in_the_measurement_counts(void **state)
{
	rig_conf(&rig, WR_LOAD_UDP_RR);
	rig.conf.set.connections = 10;
	rig.conf.set.rps = 10000;
	rig.conf.warmup_ns = WR_MS(20);
	rig.conf.schedule.ramp_ns = WR_MS(20);
	rig_up(&rig, 1, echo);
	rig_run(&rig);
	assert_int_equal(RIG_COUNT(&rig, responses), 100);
	assert_int_equal(RIG_COUNT(&rig, bytes_sent), 64 * (100 + 200 + 100));
	rig_down(&rig);
}

static void it_ends_after_so_many_requests(void **state)
{
	rig_conf(&rig, WR_LOAD_UDP_RR);
	rig.conf.duration_ns = 0;
	rig.conf.requests = 1000;
	rig.conf.set.connections = 7;
	rig_up(&rig, 2, echo);
	rig_run(&rig);
	assert_int_equal(RIG_COUNT(&rig, requests_sent), 1000);
	assert_int_equal(RIG_COUNT(&rig, responses), 1000);
	rig_down(&rig);
}

static void it_thinks_between_response_and_request(void **state)
{
	rig_conf(&rig, WR_LOAD_UDP_RR);
	rig.conf.think_ns = WR_US(900);
	rig_up(&rig, 1, echo);
	rig_run(&rig);
	assert_in_range(RIG_COUNT(&rig, responses), 8,
	                10); /* 1 ms each, and a tick of timers */
	rig_down(&rig);
}

static unsigned by_port(const struct rte_mbuf *m, unsigned cores)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

	return frame[37] % cores;
}

static void answers_come_home_whatever_the_queue(void **state)
{
	rig_conf(&rig, WR_LOAD_UDP_RR);
	rig.conf.set.connections = 50;
	rig_up(&rig, 4, echo);
	rig.wire.host[0].steer = by_port;
	rig_run(&rig);
	for (unsigned i = 0; i < 4; i++)
		assert_true(wr_load_stats(rig.load[i])->n[WR_LOAD_STAT_responses] >= 99 * 12);
	assert_int_equal(RIG_COUNT(&rig, responses_unasked), 0);
	rig_down(&rig);
}

static void a_pool_of_addresses_shares_the_flows(void **state)
{
	rig_conf(&rig, WR_LOAD_UDP_RR);
	rig.conf.client[0] = (struct wr_load_client) {0xc6120001, 0xc6120001};
	rig.conf.clients = 1;
	rig.conf.port_low = 5000;
	rig.conf.port_high = 5009;
	rig.conf.set.connections = 10;
	rig_up(&rig, 1, echo);
	rig_run(&rig);
	assert_true(RIG_COUNT(&rig, responses) >= 990);
	rig_down(&rig);
}

static void too_few_ports_are_said_beforehand(void **state)
{
	struct wr_err err;

	rig_conf(&rig, WR_LOAD_UDP_RR);
	rig_up(&rig, 1, echo);
	wr_load_free(rig.load[0]);
	rig.conf.port_low = 5000;
	rig.conf.port_high = 5009;
	rig.conf.set.connections = 11;
	assert_null(
		wr_load_new(&rig.conf, rig.wire.host[0].core[0], 0, 1, SOCKET_ID_ANY, &err));
	assert_non_null(strstr(err.text, "10 of its 11 flows"));
	rig.cores = 0;
	rig_down(&rig);
}

static void long_messages_go_in_fragments(void **state)
{
	rig_conf(&rig, WR_LOAD_UDP_RR);
	echo_sizes("5000");
	rig.conf.verify = true;
	rig_up(&rig, 1, echo);
	rig_run(&rig);
	assert_int_equal(RIG_COUNT(&rig, responses), 100);
	assert_int_equal(RIG_COUNT(&rig, verified), 100);
	rig_down(&rig);
}

static void the_shortest_messages_are_answered_in_turn(void **state)
{
	rig_conf(&rig, WR_LOAD_UDP_RR);
	echo_sizes("1-3");
	rig.conf.pipeline = 8;
	rig_up(&rig, 1, echo);
	rig_run(&rig);
	assert_true(RIG_COUNT(&rig, responses) >= 99 * 8);
	assert_int_equal(RIG_COUNT(&rig, responses_unasked), 0);
	rig_down(&rig);
}

static void flows_can_be_fewer_and_more_while_it_runs(void **state)
{
	struct wr_load_setpoints set;
	uint64_t before;

	rig_conf(&rig, WR_LOAD_UDP_RR);
	rig.conf.duration_ns = WR_MS(40);
	rig.conf.set.connections = 10;
	rig_up(&rig, 1, echo);
	rig_start(&rig);
	wire_run(&rig.wire, WR_MS(11));
	set = rig.conf.set;
	set.connections = 2;
	assert_int_equal(wr_load_set(rig.load[0], &set, rig.wire.now_ns), 0);
	wire_run(&rig.wire, WR_MS(1));
	before = RIG_COUNT(&rig, responses);
	wire_run(&rig.wire, WR_MS(10));
	assert_in_range(RIG_COUNT(&rig, responses) - before, 198, 202);
	set.connections = 11;
	assert_int_equal(wr_load_set(rig.load[0], &set, rig.wire.now_ns), -ENOSPC);
	set.connections = 8;
	assert_int_equal(wr_load_set(rig.load[0], &set, rig.wire.now_ns), 0);
	wire_run(&rig.wire, WR_MS(1));
	before = RIG_COUNT(&rig, responses);
	wire_run(&rig.wire, WR_MS(10));
	assert_in_range(RIG_COUNT(&rig, responses) - before, 792, 808);
	rig_finish(&rig);
	rig_down(&rig);
}

static void a_rate_can_be_changed_while_it_runs(void **state)
{
	struct wr_load_setpoints set;

	rig_conf(&rig, WR_LOAD_UDP_RR);
	rig.conf.duration_ns = WR_MS(30);
	rig.conf.set.connections = 10;
	rig.conf.set.rps = 1000;
	rig_up(&rig, 1, echo);
	rig_start(&rig);
	wire_run(&rig.wire, WR_MS(11));
	set = rig.conf.set;
	set.rps = 10000;
	assert_int_equal(wr_load_set(rig.load[0], &set, rig.wire.now_ns), 0);
	rig_finish(&rig);
	assert_in_range(RIG_COUNT(&rig, responses), 209, 211);
	rig_down(&rig);
}

/* ---- what goes wrong ---- */

/* To the client: number 10 has a fate, the others pass. */
static enum rig_fate tenth_fate;

static enum rig_fate tenth(struct load_rig *r, unsigned to, unsigned n,
                           const struct rte_mbuf *m)
{
	return to == 0 && n == 10 ? tenth_fate : RIG_PASS;
}

static void run_with(enum rig_fate fate, bool verify)
{
	rig_conf(&rig, WR_LOAD_UDP_RR);
	rig.conf.verify = verify;
	rig.conf.pipeline = 4;
	rig.conf.response_timeout_ns = WR_MS(2);
	rig.fate = tenth;
	tenth_fate = fate;
	rig_up(&rig, 1, echo);
	rig_run(&rig);
	assert_int_equal(rig.hurt, fate != RIG_PASS);
}

#define ERRORS(rig)                                                                            \
	(RIG_COUNT(rig, corrupt) + RIG_COUNT(rig, lost) + RIG_COUNT(rig, duplicate) +          \
	 RIG_COUNT(rig, reordered) + RIG_COUNT(rig, truncated) + RIG_COUNT(rig, foreign) +     \
	 RIG_COUNT(rig, responses_late) + RIG_COUNT(rig, responses_unasked))

static void what_comes_back_whole_is_verified(void **state)
{
	run_with(RIG_PASS, true);
	assert_int_equal(RIG_COUNT(&rig, verified), RIG_COUNT(&rig, requests_sent));
	assert_int_equal(ERRORS(&rig), 0);
	rig_down(&rig);
}

static void a_lost_answer_is_lost(void **state)
{
	run_with(RIG_DROP, true);
	assert_int_equal(RIG_COUNT(&rig, lost), 1);
	assert_int_equal(ERRORS(&rig), 1);
	assert_int_equal(RIG_COUNT(&rig, responses_timed_out), 1);
	assert_int_equal(RIG_COUNT(&rig, verified), RIG_COUNT(&rig, requests_sent) - 1);
	/* The others of its pipeline went on. */
	assert_true(RIG_COUNT(&rig, responses) > 360);
	rig_down(&rig);
}

static void a_doubled_answer_is_a_duplicate(void **state)
{
	run_with(RIG_DOUBLE, true);
	assert_int_equal(RIG_COUNT(&rig, duplicate), 1);
	assert_int_equal(ERRORS(&rig), 1);
	rig_down(&rig);
}

static void an_overtaken_answer_is_reordered(void **state)
{
	run_with(RIG_HOLD, true);
	assert_int_equal(RIG_COUNT(&rig, reordered), 1);
	assert_int_equal(ERRORS(&rig), 1);
	assert_int_equal(RIG_COUNT(&rig, verified), RIG_COUNT(&rig, requests_sent));
	rig_down(&rig);
}

static void a_changed_answer_is_corrupt(void **state)
{
	run_with(RIG_CORRUPT, true);
	assert_int_equal(RIG_COUNT(&rig, corrupt), 1);
	assert_int_equal(ERRORS(&rig), 1);
	assert_int_equal(RIG_COUNT(&rig, verified), RIG_COUNT(&rig, requests_sent) - 1);
	rig_down(&rig);
}

static void an_answer_cut_short_is_truncated(void **state)
{
	run_with(RIG_CUT, true);
	assert_int_equal(RIG_COUNT(&rig, truncated), 1);
	assert_int_equal(ERRORS(&rig), 1);
	rig_down(&rig);
}

static void without_verification_loss_and_doubles_are_seen_too(void **state)
{
	run_with(RIG_DROP, false);
	assert_int_equal(RIG_COUNT(&rig, responses_timed_out), 1);
	assert_int_equal(ERRORS(&rig), 0);
	rig_down(&rig);
	run_with(RIG_DOUBLE, false);
	assert_int_equal(RIG_COUNT(&rig, responses_unasked), 1);
	assert_int_equal(ERRORS(&rig), 1);
	rig_down(&rig);
}

/* What is sent in the first 100 us after the loss must not come again: it is held long. */
static enum rig_fate hold_first(struct load_rig *r, unsigned to, unsigned n,
                                const struct rte_mbuf *m)
{
	return to == 0 && n == 0 ? RIG_HOLD : RIG_PASS;
}

static void an_answer_after_its_time_is_late_and_not_lost(void **state)
{
	rig_conf(&rig, WR_LOAD_UDP_RR);
	rig.conf.verify = true;
	rig.conf.response_timeout_ns = WR_MS(2);
	rig.fate = hold_first;
	rig_up(&rig, 1, echo);
	rig_run(&rig); /* the second one lets it go, after the time-out of the first */
	assert_int_equal(RIG_COUNT(&rig, responses_timed_out), 1);
	assert_int_equal(RIG_COUNT(&rig, responses_late), 1);
	assert_int_equal(RIG_COUNT(&rig, lost), 0);
	assert_int_equal(RIG_COUNT(&rig, reordered), 1);
	assert_int_equal(RIG_COUNT(&rig, verified), RIG_COUNT(&rig, requests_sent));
	rig_down(&rig);
}

static void what_is_under_way_at_the_end_is_given_up(void **state)
{
	rig_conf(&rig, WR_LOAD_UDP_RR);
	rig.conf.set.connections = 20;
	rig.conf.verify = true;
	rig.conf.drain_ns = WR_MS(10);
	rig.conf.response_timeout_ns = WR_S(10);
	rig_up(&rig, 1, discard);
	rig.conf.port = 9;
	rig_run(&rig);
	assert_int_equal(RIG_COUNT(&rig, requests_sent), 20);
	assert_int_equal(RIG_COUNT(&rig, responses_timed_out), 20);
	assert_int_equal(RIG_COUNT(&rig, lost), 20);
	rig_down(&rig);
}

static void a_closed_port_is_refused(void **state)
{
	rig_conf(&rig, WR_LOAD_UDP_RR);
	rig.conf.drain_ns = WR_MS(10);
	rig_up(&rig, 1, nobody);
	rig_run(&rig);
	assert_int_equal(rig_reason(&rig, WR_REASON_refused), 1);
	assert_int_equal(RIG_COUNT(&rig, responses_timed_out), 1);
	rig_down(&rig);
}

/* ---- udp-flood ---- */

static void a_flood_has_its_rate(void **state)
{
	rig_conf(&rig, WR_LOAD_UDP_FLOOD);
	rig.conf.set.pps = 100000;
	rig.conf.set.connections = 3;
	rig_up(&rig, 2, echo);
	rig_run(&rig);
	wire_run(&rig.wire, WR_MS(1));
	assert_int_equal(RIG_COUNT(&rig, datagrams_sent), 1000);
	assert_int_equal(RIG_COUNT(&rig, datagrams_received), 1000);
	assert_int_equal(RIG_COUNT(&rig, bytes_sent), 64000);
	assert_int_equal(RIG_COUNT(&rig, packets_planned), 1000);
	assert_int_equal(RIG_COUNT(&rig, packets_sent), 1000);
	assert_int_equal(RIG_COUNT(&rig, packets_unsent), 0);
	rig_down(&rig);
}

static void a_flood_s_warm_up_is_sent_and_not_measured(void **state)
{
	rig_conf(&rig, WR_LOAD_UDP_FLOOD);
	rig.conf.set.pps = 100000;
	rig.conf.warmup_ns = rig.conf.duration_ns;
	rig_up(&rig, 1, echo);
	rig_run(&rig);
	assert_int_equal(RIG_COUNT(&rig, datagrams_sent), 2000);
	assert_int_equal(RIG_COUNT(&rig, packets_planned), 1000);
	assert_int_equal(RIG_COUNT(&rig, packets_sent), 1000);
	rig_down(&rig);
}

static void a_flood_has_its_bit_rate(void **state)
{
	rig_conf(&rig, WR_LOAD_UDP_FLOOD);
	rig.conf.set.bitrate = 80e6;
	sizes(&rig.conf.request, "imix");
	rig_up(&rig, 1, nobody);
	rig_run(&rig);
	assert_in_range(RIG_COUNT(&rig, bytes_sent), 80000, 120000);
	assert_true(rig_reason(&rig, WR_REASON_refused) > 0);
	rig_down(&rig);
}

/* Not on the wire, whose time would never go on. */
static void a_flood_without_a_rate_is_bounded_by_the_queue(void **state)
{
	struct rte_mbuf *frame[WR_STACK_BURST];
	struct wr_stack *stack;
	uint64_t now_ns;

	rig_conf(&rig, WR_LOAD_UDP_FLOOD);
	rig_up(&rig, 1, nobody);
	stack = rig.wire.host[0].core[0];
	rig_start(&rig);
	now_ns = rig.wire.now_ns + WR_MS(1);
	for (unsigned i = 1; i <= 10; i++) {
		for (unsigned k = 0; k < 5; k++)
			wr_stack_tick(stack, now_ns++);
		assert_int_equal(RIG_COUNT(&rig, datagrams_sent), i * 64);
		assert_int_equal(wr_stack_output(stack, frame, 64), 64);
		rte_pktmbuf_free_bulk(frame, 64);
	}
	wr_load_end(rig.load[0], now_ns);
	rig_finish(&rig);
	rig_down(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_closed_loop_asks_when_it_has_the_answer),
		cmocka_unit_test(each_flow_has_as_many_under_way_as_the_pipeline),
		cmocka_unit_test(an_open_loop_sends_what_is_planned),
		cmocka_unit_test(what_an_open_loop_cannot_send_is_unsent),
		cmocka_unit_test(only_what_was_planned_in_the_measurement_counts),
		cmocka_unit_test(it_ends_after_so_many_requests),
		cmocka_unit_test(it_thinks_between_response_and_request),
		cmocka_unit_test(answers_come_home_whatever_the_queue),
		cmocka_unit_test(a_pool_of_addresses_shares_the_flows),
		cmocka_unit_test(too_few_ports_are_said_beforehand),
		cmocka_unit_test(long_messages_go_in_fragments),
		cmocka_unit_test(the_shortest_messages_are_answered_in_turn),
		cmocka_unit_test(flows_can_be_fewer_and_more_while_it_runs),
		cmocka_unit_test(a_rate_can_be_changed_while_it_runs),
		cmocka_unit_test(what_comes_back_whole_is_verified),
		cmocka_unit_test(a_lost_answer_is_lost),
		cmocka_unit_test(a_doubled_answer_is_a_duplicate),
		cmocka_unit_test(an_overtaken_answer_is_reordered),
		cmocka_unit_test(a_changed_answer_is_corrupt),
		cmocka_unit_test(an_answer_cut_short_is_truncated),
		cmocka_unit_test(without_verification_loss_and_doubles_are_seen_too),
		cmocka_unit_test(an_answer_after_its_time_is_late_and_not_lost),
		cmocka_unit_test(what_is_under_way_at_the_end_is_given_up),
		cmocka_unit_test(a_closed_port_is_refused),
		cmocka_unit_test(a_flood_has_its_rate),
		cmocka_unit_test(a_flood_s_warm_up_is_sent_and_not_measured),
		cmocka_unit_test(a_flood_has_its_bit_rate),
		cmocka_unit_test(a_flood_without_a_rate_is_bounded_by_the_queue),
	};

	return cmocka_run_group_tests(tests, wr_test_start, NULL);
}
