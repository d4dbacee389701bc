/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip_rig.h"
#include "wr_path.h"

#define AGE (600 * SECOND)

static uint16_t mtu_of(uint32_t dst, uint64_t now_us)
{
	return wr_path_get(&rig.ip, dst, now_us).mtu;
}

static void an_unknown_path_takes_what_the_port_takes(void **state)
{
	assert_int_equal(mtu_of(PEER, 0), 1500);
	assert_false(wr_path_get(&rig.ip, PEER, 0).cut);
}

static void what_was_told_holds_for_that_host_alone(void **state)
{
	wr_path_put(&rig.ip, PEER, 1400, 0);
	assert_int_equal(mtu_of(PEER, 1), 1400);
	assert_int_equal(mtu_of(PEER2, 1), 1500);
	wr_path_put(&rig.ip, PEER, 1300, 1);
	assert_int_equal(mtu_of(PEER, 2), 1300);
	wr_path_put(&rig.ip, PEER, 1500, 2);
	assert_int_equal(mtu_of(PEER, 3), 1500);
	assert_int_equal(rig.stats.n[WR_STAT_ip_paths], 0);
}

/* RFC 1191 section 6.3. */
static void it_is_forgotten_after_ten_minutes(void **state)
{
	wr_path_put(&rig.ip, PEER, 1400, 5);
	wr_path_put(&rig.ip, PEER2, 600, 6);
	assert_int_equal(mtu_of(PEER, AGE + 4), 1400);
	assert_int_equal(mtu_of(PEER, AGE + 5), 1500);
	assert_int_equal(rig.ip.mtu_least, 600);
	wr_ip_tick(&rig.ip, AGE + 5);
	assert_int_equal(rig.stats.n[WR_STAT_ip_paths], 1);
	wr_ip_tick(&rig.ip, AGE + 6);
	assert_int_equal(rig.stats.n[WR_STAT_ip_paths], 0);
	assert_int_equal(rig.ip.mtu_least, 1500);
}

/* RFC 5927 section 7.2, and Linux' min_pmtu. */
static void nothing_below_the_floor_is_believed(void **state)
{
	static const uint16_t told[] = {0, 1, 67, 68, 296, 551};

	for (unsigned i = 0; i < WR_LEN(told); i++) {
		wr_path_put(&rig.ip, PEER, told[i], i);
		assert_int_equal(mtu_of(PEER, i), 552);
		assert_true(wr_path_get(&rig.ip, PEER, i).cut);
	}
	wr_path_put(&rig.ip, PEER, 552, 9);
	assert_int_equal(mtu_of(PEER, 9), 552);
	assert_false(wr_path_get(&rig.ip, PEER, 9).cut);
}

static void the_table_is_bounded_and_forgets_the_oldest(void **state)
{
	uint32_t i, known = 0;

	for (i = 0; i < 1000; i++)
		wr_path_put(&rig.ip, FAR + i, 1400, i);
	assert_int_equal(mtu_of(FAR + 999, 1000), 1400);
	for (i = 0; i < 1000; i++)
		known += mtu_of(FAR + i, 1000) == 1400;
	assert_true(known <= rig_conf.paths);
	assert_int_equal(rig.stats.n[WR_STAT_ip_paths], known);
}

static void plateaus_are_those_of_rfc_1191(void **state)
{
	assert_int_equal(wr_path_plateau_below(65535), 32000);
	assert_int_equal(wr_path_plateau_below(9000), 8166);
	assert_int_equal(wr_path_plateau_below(1500), 1492);
	assert_int_equal(wr_path_plateau_below(1492), 1006);
	assert_int_equal(wr_path_plateau_below(1006), 552);
	assert_int_equal(wr_path_plateau_below(0), 552);
}

/* A UDP header and text. */
static struct rte_mbuf *datagram(uint16_t bytes)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	memset(rte_pktmbuf_append(m, bytes), 0, bytes);
	return m;
}

/* Sends `bytes` to PEER; returns the frames that leave, and the flags and length of the first.
 */
static unsigned emit(uint16_t bytes, uint8_t proto, bool df, uint16_t *flags, uint16_t *total)
{
	const struct wr_ip_out to = {.src = US,
	                             .dst = PEER,
	                             .proto = proto,
	                             .df = df,
	                             .cause = WR_CAUSE_udp_datagram,
	                             .now_us = 1};
	struct rte_mbuf *out;
	unsigned n = 0;

	wr_ip_output(&rig.ip, datagram(bytes), &to);
	for (; (out = rig_pop(&rig)) != NULL; n++) {
		const struct rte_ipv4_hdr *h = rig_at(out, 14);

		if (n == 0) {
			*flags = rte_be_to_cpu_16(h->fragment_offset);
			*total = rte_be_to_cpu_16(h->total_length);
		}
		assert_int_equal(rte_raw_cksum(h, 20), 0xffff);
		rte_pktmbuf_free(out);
	}
	return n;
}

static void datagrams_are_cut_to_the_path(void **state)
{
	uint16_t flags, total;

	assert_int_equal(emit(1400, IPPROTO_UDP, false, &flags, &total), 1);
	assert_int_equal(flags, 0);
	wr_path_put(&rig.ip, PEER2, 600, 0); /* another's */
	assert_int_equal(emit(1400, IPPROTO_UDP, false, &flags, &total), 1);
	wr_path_put(&rig.ip, PEER, 1000, 0);
	assert_int_equal(emit(1400, IPPROTO_UDP, false, &flags, &total), 2);
	assert_int_equal(flags, RTE_IPV4_HDR_MF_FLAG);
	assert_int_equal(total, 20 + 976);
	assert_int_equal(emit(980, IPPROTO_UDP, false, &flags, &total), 1);
	assert_int_equal(total, 1000);
}

/* TCP knows what it does: it may be probing. */
static void with_df_the_path_is_left_to_the_caller(void **state)
{
	uint16_t flags, total;

	wr_path_put(&rig.ip, PEER, 1000, 0);
	assert_int_equal(emit(1400, IPPROTO_TCP, true, &flags, &total), 1);
	assert_int_equal(flags, RTE_IPV4_HDR_DF_FLAG);
	assert_int_equal(total, 1420);
}

static void a_path_below_the_floor_loses_df_and_nothing_is_lost(void **state)
{
	uint16_t flags, total;

	wr_path_put(&rig.ip, PEER, 300, 0);
	assert_int_equal(emit(532, IPPROTO_TCP, true, &flags, &total), 1);
	assert_int_equal(flags, 0);
	assert_int_equal(total, 552);
	assert_int_equal(emit(20, IPPROTO_TCP, true, &flags, &total), 1);
	assert_int_equal(flags, 0);
	/* What is out in longer segments still is cut here. */
	assert_int_equal(emit(1480, IPPROTO_TCP, true, &flags, &total), 3);
	wr_path_put(&rig.ip, PEER, 1500, 0);
	assert_int_equal(emit(532, IPPROTO_TCP, true, &flags, &total), 1);
	assert_int_equal(flags, RTE_IPV4_HDR_DF_FLAG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig_with_peer, close_rig)
		TEST(an_unknown_path_takes_what_the_port_takes),
		TEST(what_was_told_holds_for_that_host_alone),
		TEST(it_is_forgotten_after_ten_minutes),
		TEST(nothing_below_the_floor_is_believed),
		TEST(the_table_is_bounded_and_forgets_the_oldest),
		TEST(plateaus_are_those_of_rfc_1191),
		TEST(datagrams_are_cut_to_the_path),
		TEST(with_df_the_path_is_left_to_the_caller),
		TEST(a_path_below_the_floor_loses_df_and_nothing_is_lost),
	};

	wr_test_eal(64);
	pool = wr_test_pool("path", 256, ROOM);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
