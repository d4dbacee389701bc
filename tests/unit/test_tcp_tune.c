/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows: arithmetic up to 1 GiB, scales, and what holds growth back. */

#include "tcp.h"
#include "tcp_tune.h"
#include "tcp_window.h"
#include "wr_test.h"

#define GIB (1u << 30)

struct rig {
	struct wr_tcp tcp;
	struct wr_tcb tcb[4];
	struct wr_tune tune[2];
	struct wr_stats stats;
};

static struct rig rig;

static void begin(uint32_t first, uint32_t most)
{
	memset(&rig, 0, sizeof(rig));
	rig.tcp.stats = &rig.stats;
	rig.tcp.tcb = rig.tcb;
	rig.tcp.tune = rig.tune;
	rig.tune[0].next_free = 1;
	rig.tune[1].next_free = UINT32_MAX;
	rig.tcp.conf = (struct wr_tcp_conf) {
		.rcv_buf = first,
		.rcv_buf_max = most,
		.snd_buf = first,
		.snd_buf_max = most,
		.wscale_offer = WR_TCP_WSCALE_AUTO,
		.mss = 1460,
		.tunes = 2,
	};
	rig.tcp.window_step = tcp_window_step(&rig.tcp.conf);
	for (unsigned i = 0; i < WR_LEN(rig.tcb); i++) {
		rig.tcb[i].state = WR_TCP_ESTABLISHED;
		rig.tcb[i].rcv_shift = tcp_rcv_shift(&rig.tcp) & 15u;
	}
}

/* A segment comes after `us`; the service takes `bytes` at once. */
static void round_trip(struct wr_tcb *c, uint32_t us, uint32_t bytes)
{
	const struct wr_seg seg = {.text_len = 1460};

	tcp_set_time(&rig.tcp, rig.tcp.now_us + us);
	c->rcv.nxt = wr_seq_add(c->rcv.nxt, bytes);
	tcp_advertise(&rig.tcp, c);
	tcp_tune_arrives(&rig.tcp, c, &seg);
}

static void scale_follows_the_largest_window(void **state)
{
	begin(256 << 10, 256 << 10);
	assert_int_equal(tcp_rcv_shift(&rig.tcp), 3);
	begin(256 << 10, 6 << 20);
	assert_int_equal(tcp_rcv_shift(&rig.tcp), 7);
	begin(256 << 10, GIB);
	assert_int_equal(tcp_rcv_shift(&rig.tcp), 14);
	begin(GIB, 0);
	assert_int_equal(tcp_rcv_shift(&rig.tcp), 14);
}

static void windows_are_told_up_to_a_gibibyte(void **state)
{
	struct wr_tcb *c = &rig.tcb[0];
	uint32_t most = (uint32_t)UINT16_MAX << 14;

	begin(GIB, 0);
	for (uint64_t nxt = 0; nxt < UINT64_C(1) << 33; nxt += UINT64_C(700000001)) {
		c->rcv.nxt = wr_seq((uint32_t)nxt);
		if (wr_seq_lt(c->rcv.edge, c->rcv.nxt))
			c->rcv.edge = c->rcv.nxt;
		assert_int_equal(tcp_advertise(&rig.tcp, c), UINT16_MAX);
		assert_int_equal(tcb_rcv_wnd(c), most);
	}
	/* Text that waits shrinks it, and the edge stays. */
	c->flags |= WR_TCB_HELD;
	c->rcvq_bytes = 600000000;
	c->rcv.nxt = wr_seq_add(c->rcv.nxt, c->rcvq_bytes);
	assert_in_range(tcp_advertise(&rig.tcp, c), (most - 600000000) >> 14,
	                ((most - 600000000) >> 14) + 1);
	assert_in_range(tcb_rcv_wnd(c), most - 600000000, most - 600000000 + (1 << 14));
}

static void window_grows_to_a_gibibyte_round_by_round(void **state)
{
	struct wr_tcb *c = &rig.tcb[0];
	unsigned rounds = 0;

	begin(256 << 10, GIB);
	c->srtt_us = 200000;
	c->rcv.edge = wr_seq_add(c->rcv.nxt, 256 << 10);
	tcp_tune_attach(&rig.tcp, c);
	assert_true(c->tuned);
	for (; tcb_rcv_buf(&rig.tcp, c) < GIB && rounds < 40; rounds++) {
		uint32_t before = tcb_rcv_buf(&rig.tcp, c);

		round_trip(c, 200000, tcb_rcv_wnd(c)); /* a sender that fills it */
		assert_true(tcb_rcv_buf(&rig.tcp, c) >= before);
		assert_true(tcb_rcv_buf(&rig.tcp, c) <= GIB);
	}
	assert_in_range(rounds, 4, 20);
	round_trip(c, 200000, tcb_rcv_wnd(c));
	assert_int_equal(tcb_rcv_wnd(c), (uint32_t)UINT16_MAX << 14);
}

static void ample_windows_stay_as_they_are(void **state)
{
	struct wr_tcb *c = &rig.tcb[0];

	begin(256 << 10, GIB);
	c->srtt_us = 1000;
	tcp_tune_attach(&rig.tcp, c);
	round_trip(c, 1000, 20000);
	assert_false(c->tuned);
	assert_int_equal(tcb_rcv_buf(&rig.tcp, c), 256 << 10);
}

static void what_the_service_does_not_take_does_not_count(void **state)
{
	struct wr_tcb *c = &rig.tcb[0];

	begin(256 << 10, GIB);
	c->srtt_us = 1000;
	c->rcv.edge = wr_seq_add(c->rcv.nxt, 256 << 10);
	tcp_tune_attach(&rig.tcp, c);
	c->flags |= WR_TCB_HELD;
	c->rcvq_bytes = 200000;
	round_trip(c, 1000, 200000);
	assert_int_equal(tcb_rcv_buf(&rig.tcp, c), 256 << 10);
}

static void short_memory_shrinks_what_may_be_promised_but_no_edge(void **state)
{
	struct wr_tcb *c = &rig.tcb[0];
	struct wr_seq edge;
	uint32_t before;

	begin(256 << 10, 16 << 20);
	c->srtt_us = 100000;
	c->rcv.edge = wr_seq_add(c->rcv.nxt, 256 << 10);
	tcp_tune_attach(&rig.tcp, c);
	while (tcb_rcv_buf(&rig.tcp, c) < 16 << 20)
		round_trip(c, 100000, tcb_rcv_wnd(c));
	tcp_advertise(&rig.tcp, c);
	edge = c->rcv.edge;
	rig.tcp.conf.held_bufs = 1000;
	rig.tcp.held = 800;
	assert_true(tcp_is_short(&rig.tcp));
	before = tcb_rcv_buf(&rig.tcp, c);
	for (unsigned i = 0; i < 100 && c->tuned; i++) {
		round_trip(c, 100000, 1460);
		assert_true(wr_seq_le(edge, c->rcv.edge));
	}
	assert_true(tcb_rcv_buf(&rig.tcp, c) < before);
	assert_int_equal(tcb_rcv_buf(&rig.tcp, c), 256 << 10);
	assert_int_equal(c->rcv.edge.n, edge.n);
	/* Then it is what is left of the share: 200 buffers, a quarter of them. */
	c->rcv.nxt = wr_seq_add(edge, (uint32_t)-1000);
	tcp_advertise(&rig.tcp, c);
	assert_in_range(tcb_rcv_wnd(c), 49 * 1460, 50 * 1460);
}

static void records_of_silent_connections_are_taken(void **state)
{
	begin(256 << 10, GIB);
	for (unsigned i = 0; i < 3; i++)
		tcp_tune_attach(&rig.tcp, &rig.tcb[i]);
	assert_true(rig.tcb[0].tuned && rig.tcb[1].tuned);
	assert_false(rig.tcb[2].tuned);
	tcp_set_time(&rig.tcp, 3000000);
	rig.tcb[1].last_rx_tick = rig.tcp.now_tick;
	tcp_tune_attach(&rig.tcp, &rig.tcb[2]);
	assert_true(rig.tcb[1].tuned && rig.tcb[2].tuned);
	assert_false(rig.tcb[0].tuned);
}

static void queue_for_sending_follows_the_congestion_window(void **state)
{
	struct wr_tcb *c = &rig.tcb[0];

	begin(256 << 10, GIB);
	c->cc.cwnd = 14600;
	assert_int_equal(wr_tcp_room(&rig.tcp, c), 256 << 10);
	c->sq_end = wr_seq_add(c->snd.una, 200000);
	assert_int_equal(wr_tcp_room(&rig.tcp, c), (256 << 10) - 200000);
	c->cc.cwnd = 25000000;
	assert_int_equal(wr_tcp_room(&rig.tcp, c), 50000000 - 200000);
	c->cc.cwnd = UINT32_MAX;
	assert_int_equal(wr_tcp_room(&rig.tcp, c), GIB - 200000);
	c->sq_end = wr_seq_add(c->snd.una, GIB - 1);
	c->sq_count = 741000;
	assert_int_equal(wr_tcp_room(&rig.tcp, c), 1);
	rig.tcp.conf.held_bufs = 1000;
	rig.tcp.held = 800;
	assert_int_equal(wr_tcp_room(&rig.tcp, c), 0);
}

/* Text that comes at `ms`, and echoes what we sent at `echo_ms`. */
static void hear_echo(struct wr_tcb *c, uint32_t ms, uint32_t echo_ms)
{
	const struct wr_seg seg = {.text_len = 1460, .has_ts = true, .ts_ecr = echo_ms};

	tcp_set_time(&rig.tcp, UINT64_C(1000) * ms);
	tcp_tune_arrives(&rig.tcp, c, &seg);
}

static void echoes_tell_the_round_trip(void **state)
{
	struct wr_tcb *c = &rig.tcb[0];
	const struct wr_tune *t = &rig.tune[0];

	begin(256 << 10, GIB);
	tcp_set_time(&rig.tcp, 100000 * 1000);
	c->flags |= WR_TCB_TS;
	c->srtt_us = 20000000; /* that of the handshake: so that no round ends */
	tcp_tune_attach(&rig.tcp, c);
	hear_echo(c, 100100, 100000);
	assert_int_equal(t->rtt_us, 100000); /* the first: instead of the handshake's */
	hear_echo(c, 100150, 100000);
	assert_int_equal(t->rtt_us, 100000); /* the same echo: no sample */
	hear_echo(c, 100280, 100100);
	assert_int_equal(t->rtt_us, 110000); /* longer: an eighth of it */
	hear_echo(c, 100320, 100280);
	assert_int_equal(t->rtt_us, 40000); /* shorter: at once */
	hear_echo(c, 100330, 100330);
	assert_int_equal(t->rtt_us, 1000); /* within a tick of the clock */
}

/* Without timestamps: the window is used up, and so a round trip is over, at the longest. */
static void whole_windows_tell_the_round_trip_too(void **state)
{
	struct wr_tcb *c = &rig.tcb[0];
	const struct wr_tune *t = &rig.tune[0];

	begin(256 << 10, GIB);
	c->srtt_us = 20000000; /* that of the handshake: so that no round ends */
	c->rcv.edge = wr_seq_add(c->rcv.nxt, 100000);
	tcp_tune_attach(&rig.tcp, c);
	round_trip(c, 10000, 99999);
	assert_int_equal(t->rtt_us, 20000000); /* a byte is missing */
	round_trip(c, 20000, 1);
	assert_int_equal(t->rtt_us, 30000); /* the first: instead of the handshake's */
	round_trip(c, 40000, tcb_rcv_wnd(c));
	assert_int_equal(t->rtt_us, 30000); /* longer: the sender had paused */
	round_trip(c, 25000, tcb_rcv_wnd(c));
	assert_int_equal(t->rtt_us, 25000);
}

static void echoes_of_long_ago_are_not_believed(void **state)
{
	struct wr_tcb *c = &rig.tcb[0];
	const struct wr_tune *t = &rig.tune[0];
	const struct wr_seg bare = {.text_len = 1460, .ts_ecr = 99999}; /* no option */

	begin(256 << 10, GIB);
	tcp_set_time(&rig.tcp, 100000 * 1000);
	c->flags |= WR_TCB_TS;
	c->srtt_us = 30000;
	tcp_tune_attach(&rig.tcp, c);
	hear_echo(c, 100001, 40000);
	hear_echo(c, 100002, 200000); /* one that was never sent */
	tcp_tune_arrives(&rig.tcp, c, &bare);
	assert_false(t->measured);
	assert_int_equal(t->rtt_us, 30000);
	hear_echo(c, 100003, 40003); /* a minute still is */
	assert_int_equal(t->rtt_us, 60000000);
}

static void zero_is_an_echo_where_our_clock_passed_it(void **state)
{
	struct wr_tcb *c = &rig.tcb[0];
	const struct wr_tune *t = &rig.tune[0];

	begin(256 << 10, GIB);
	tcp_set_time(&rig.tcp, 100000 * 1000);
	c->flags |= WR_TCB_TS;
	c->srtt_us = 20000000;
	c->ts_offset = (uint32_t)-100000; /* 0 now */
	tcp_tune_attach(&rig.tcp, c);
	hear_echo(c, 100070, 0);
	assert_true(t->measured);
	assert_int_equal(t->rtt_us, 70000);
}

static void a_wish_is_twice_what_was_taken_and_more_while_it_grows(void **state)
{
	assert_int_equal(tcp_tune_wish(1000000, 1000000, 1000), 2016000);
	assert_int_equal(tcp_tune_wish(500000, 1000000, 1000), 1016000);
	assert_int_equal(tcp_tune_wish(2000000, 1000000, 1000), 3 * 4016000);
	assert_int_equal(tcp_tune_wish(GIB, 1, 1460), UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scale_follows_the_largest_window),
		cmocka_unit_test(windows_are_told_up_to_a_gibibyte),
		cmocka_unit_test(window_grows_to_a_gibibyte_round_by_round),
		cmocka_unit_test(ample_windows_stay_as_they_are),
		cmocka_unit_test(what_the_service_does_not_take_does_not_count),
		cmocka_unit_test(short_memory_shrinks_what_may_be_promised_but_no_edge),
		cmocka_unit_test(records_of_silent_connections_are_taken),
		cmocka_unit_test(queue_for_sending_follows_the_congestion_window),
		cmocka_unit_test(echoes_tell_the_round_trip),
		cmocka_unit_test(whole_windows_tell_the_round_trip_too),
		cmocka_unit_test(echoes_of_long_ago_are_not_believed),
		cmocka_unit_test(zero_is_an_echo_where_our_clock_passed_it),
		cmocka_unit_test(a_wish_is_twice_what_was_taken_and_more_while_it_grows),
	};

	return cmocka_run_group_tests_name("tcp_tune", tests, NULL, NULL);
}
