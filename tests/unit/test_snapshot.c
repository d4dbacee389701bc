/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "wr_base.h"
#include "wr_snapshot.h"
#include "wr_test.h"

static struct wr_snapshot *two_cores(uint64_t time_ns)
{
	struct wr_snapshot *s = wr_snapshot_new();

	assert_non_null(s);
	s->cores = 2;
	s->ports = 1;
	s->time_ns = time_ns;
	return s;
}

static void the_sum_is_of_all_cores(void **state)
{
	struct wr_snapshot *s = two_cores(WR_S(1));

	s->core[0].stats.n[WR_STAT_rx_frames] = 3;
	s->core[1].stats.n[WR_STAT_rx_frames] = 4;
	s->core[1].stats.transition[WR_TCP_CLOSED][WR_TCP_SYN_SENT] = 5;
	wr_snapshot_derive(s, NULL);
	assert_int_equal(s->sum.n[WR_STAT_rx_frames], 7);
	assert_int_equal(s->sum.transition[WR_TCP_CLOSED][WR_TCP_SYN_SENT], 5);
	free(s);
}

static void the_first_snapshot_has_no_rates(void **state)
{
	struct wr_snapshot *s = two_cores(WR_S(1));

	s->core[0].stats.n[WR_STAT_rx_frames] = 3;
	wr_snapshot_derive(s, NULL);
	assert_int_equal(s->sequence, 1);
	assert_int_equal(s->interval_ns, 0);
	assert_int_equal(s->rate.n[WR_STAT_rx_frames], 0);
	free(s);
}

static void rates_are_growth_per_second(void **state)
{
	struct wr_snapshot *before = two_cores(WR_S(1)), *s = two_cores(WR_S(1) + WR_MS(500));

	before->core[0].stats.n[WR_STAT_rx_frames] = 100;
	before->port[0].counters.ipackets = 100;
	wr_snapshot_derive(before, NULL);
	s->core[0].stats.n[WR_STAT_rx_frames] = 150;
	s->core[1].stats.verdict[WR_V_tcp_accepted] = 7;
	s->port[0].counters.ipackets = 160;
	wr_snapshot_derive(s, before);
	assert_int_equal(s->sequence, 2);
	assert_int_equal(s->interval_ns, WR_MS(500));
	assert_int_equal(s->rate.n[WR_STAT_rx_frames], 100);
	assert_int_equal(s->rate.verdict[WR_V_tcp_accepted], 14);
	assert_int_equal(s->port[0].rate.ipackets, 120);
	free(before);
	free(s);
}

static void gauges_have_no_rate(void **state)
{
	struct wr_snapshot *before = two_cores(WR_S(1)), *s = two_cores(WR_S(2));

	wr_snapshot_derive(before, NULL);
	s->core[0].stats.n[WR_STAT_mbuf_in_use] = 50;
	s->core[0].stats.connections[WR_TCP_ESTABLISHED] = 9;
	wr_snapshot_derive(s, before);
	assert_int_equal(s->sum.n[WR_STAT_mbuf_in_use], 50);
	assert_int_equal(s->rate.n[WR_STAT_mbuf_in_use], 0);
	assert_int_equal(s->rate.connections[WR_TCP_ESTABLISHED], 0);
	free(before);
	free(s);
}

static void busy_is_the_share_of_the_last_interval(void **state)
{
	struct wr_snapshot *before = two_cores(WR_S(1)), *s = two_cores(WR_S(2));

	before->core[0].stats.n[WR_STAT_cycles_busy] = 1000000;
	wr_snapshot_derive(before, NULL);
	s->core[0].stats.n[WR_STAT_cycles_busy] = 1000000 + 250;
	s->core[0].stats.n[WR_STAT_cycles_idle] = 750;
	wr_snapshot_derive(s, before);
	assert_int_equal(s->core[0].busy_ppm, 250000);
	assert_int_equal(s->core[1].busy_ppm, 0);
	free(before);
	free(s);
}

static void drops_are_verdicts_queues_and_nics(void **state)
{
	struct wr_snapshot *s = two_cores(WR_S(1));

	s->core[0].stats.verdict[WR_V_tcp_bad_checksum] = 1;
	s->core[0].stats.verdict[WR_V_tcp_accepted] = 1000;
	s->core[1].stats.n[WR_STAT_tx_dropped] = 10;
	s->port[0].counters.imissed = 100;
	wr_snapshot_derive(s, NULL);
	assert_int_equal(wr_snapshot_drops(s), 111);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sum_is_of_all_cores),
		cmocka_unit_test(the_first_snapshot_has_no_rates),
		cmocka_unit_test(rates_are_growth_per_second),
		cmocka_unit_test(gauges_have_no_rate),
		cmocka_unit_test(busy_is_the_share_of_the_last_interval),
		cmocka_unit_test(drops_are_verdicts_queues_and_nics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
