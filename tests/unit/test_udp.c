/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "ip_rig.h"
#include "wr_udp.h"

static struct rte_mempool *pool;
static struct rig rig;
static struct wr_udp udp;
static struct wr_tuple last_from;
static uint32_t last_bytes;

static enum wr_verdict echo(struct wr_udp *u, struct rte_mbuf *m, const struct wr_tuple *from,
			    uint8_t tos, void *user, uint64_t now_us)
{
	last_from = *from;
	last_bytes = m->pkt_len;
	wr_udp_send(u, m, from, tos, now_us);
	return WR_V_udp_delivered;
}

static enum wr_verdict swallow(struct wr_udp *u, struct rte_mbuf *m,
			       const struct wr_tuple *from, uint8_t tos, void *user,
			       uint64_t now_us)
{
	last_from = *from;
	rte_pktmbuf_free(m);
	return *(const enum wr_verdict *)user;
}

static enum wr_verdict delivered = WR_V_udp_delivered, no_mbuf = WR_V_udp_no_mbuf;

static int open_rig(void **state)
{
	static const struct wr_udp_listener listener[] = {
		{.port = 7, .replies = true, .handler = echo},
		{.port = 5007, .replies = true, .handler = echo},
		{.port = 9, .handler = swallow, .user = &delivered},
		{.port = 11, .handler = swallow, .user = &no_mbuf},
	};
	unsigned i;

	rig_open(&rig, &rig_conf, pool);
	rig_meet_peer(&rig, 0);
	wr_udp_init(&udp, &rig.ip);
	for (i = 0; i < WR_LEN(listener); i++)
		assert_int_equal(wr_udp_listen(&udp, &listener[i]), 0);
	return 0;
}

static int close_rig(void **state)
{
	rig_close(&rig);
	return 0;
}

static enum wr_verdict feed(struct rte_mbuf *m)
{
	enum wr_verdict verdict;
	struct wr_frame f;

	assert_int_equal(rig_classify(&rig, &f, m), WR_V_NEXT);
	assert_int_equal(f.carries, WR_CARRIES_UDP);
	verdict = wr_udp_input(&udp, &f, 0);
	rte_pktmbuf_free(f.m);
	return verdict;
}

static void a_datagram_is_echoed_in_its_own_buffer(void **state)
{
	uint32_t n;

	for (n = 0; n <= 1472; n += 92) {
		struct rte_mbuf *m = rig_udp(&rig, 4000, 7, n), *out;
		uint16_t sum;

		assert_int_equal(feed(m), WR_V_udp_delivered);
		assert_int_equal(last_bytes, n);
		out = rig_pop(&rig);
		assert_ptr_equal(out, m);
		assert_int_equal(out->pkt_len, 42 + n);
		sum = ((struct rte_udp_hdr *)rig_at(out, 34))->dgram_cksum;
		((struct rte_udp_hdr *)rig_at(out, 34))->dgram_cksum = 0;
		assert_int_equal(sum, rig_l4_sum(out));
		assert_int_equal(((struct rte_udp_hdr *)rig_at(out, 34))->src_port,
				 RTE_BE16(7));
		rte_pktmbuf_free(out);
	}
	assert_int_equal(rig.stats.n[WR_STAT_udp_datagrams_in], 17);
	assert_int_equal(rig.stats.n[WR_STAT_udp_bytes_in], 92 * 16 * 17 / 2);
	assert_int_equal(rig.stats.n[WR_STAT_udp_datagrams_out], 17);
	assert_int_equal(rig.stats.n[WR_STAT_udp_bytes_out], 92 * 16 * 17 / 2);
}

static void the_answer_comes_from_the_address_that_was_asked(void **state)
{
	struct rte_mbuf *m = rig_udp(&rig, 4000, 7, 2);
	struct rte_udp_hdr *h = rig_at(m, 34);

	((struct rte_ipv4_hdr *)rig_at(m, 14))->dst_addr = RTE_BE32(US2);
	rig_sum_ip(m);
	h->dgram_cksum = 0; /* no checksum is fine too */
	assert_int_equal(feed(m), WR_V_udp_delivered);
	assert_string_equal(rig_out(&rig), "198.18.1.1:7 > 198.18.0.2:4000 udp (2)");
}

static void lengths_are_checked(void **state)
{
	struct rte_mbuf *m = rig_ipv4(&rig, IPPROTO_UDP, 7);

	assert_int_equal(feed(m), WR_V_udp_truncated);
	m = rig_udp(&rig, 4000, 7, 4);
	((struct rte_udp_hdr *)rig_at(m, 34))->dgram_len = RTE_BE16(7);
	assert_int_equal(feed(m), WR_V_udp_bad_length);
	m = rig_udp(&rig, 4000, 7, 4);
	((struct rte_udp_hdr *)rig_at(m, 34))->dgram_len = RTE_BE16(13);
	assert_int_equal(feed(m), WR_V_udp_bad_length);
}

static void what_follows_the_datagram_is_cut_off(void **state)
{
	struct rte_mbuf *m = rig_udp(&rig, 4000, 7, 10);
	struct rte_udp_hdr *h = rig_at(m, 34);

	h->dgram_len = RTE_BE16(12);
	h->dgram_cksum = 0;
	assert_int_equal(feed(m), WR_V_udp_delivered);
	assert_int_equal(last_bytes, 4);
	assert_string_equal(rig_out(&rig), "198.18.0.1:7 > 198.18.0.2:4000 udp (4)");
}

static void checksums_are_verified_unless_the_port_did(void **state)
{
	struct rte_mbuf *m = rig_udp(&rig, 4000, 7, 4);

	*(uint8_t *)rig_at(m, 43) ^= 1;
	assert_int_equal(feed(m), WR_V_udp_bad_checksum);
	rig.ip.conf.rx_l4_cksum = true;
	m = rig_udp(&rig, 4000, 7, 4);
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_BAD;
	assert_int_equal(feed(m), WR_V_udp_bad_checksum);
	m = rig_udp(&rig, 4000, 9, 4);
	*(uint8_t *)rig_at(m, 43) ^= 1;
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
	assert_int_equal(feed(m), WR_V_udp_delivered);
}

static void a_closed_port_is_unreachable(void **state)
{
	assert_int_equal(feed(rig_udp(&rig, 4000, 8, 4)), WR_V_udp_no_listener);
	assert_string_equal(rig_out(&rig), "198.18.0.1 > 198.18.0.2 icmp type 3 code 3 (32)");
}

static void ports_that_would_answer_back_are_refused(void **state)
{
	static const uint16_t port[] = {0, 7, 13, 17, 19, 37, 5007};
	unsigned i;

	for (i = 0; i < WR_LEN(port); i++) {
		assert_int_equal(feed(rig_udp(&rig, port[i], 7, 4)), WR_V_udp_reflector);
		assert_int_equal(feed(rig_udp(&rig, port[i], 5007, 4)), WR_V_udp_reflector);
		assert_int_equal(feed(rig_udp(&rig, port[i], 9, 4)), WR_V_udp_delivered);
	}
	assert_string_equal(rig_out(&rig), "");
	assert_int_equal(feed(rig_udp(&rig, 9, 7, 4)), WR_V_udp_delivered);
}

static void the_handlers_verdict_stands(void **state)
{
	assert_int_equal(feed(rig_udp(&rig, 4000, 11, 4)), WR_V_udp_no_mbuf);
	assert_int_equal(rig.stats.n[WR_STAT_udp_datagrams_in], 0);
}

static void a_listener_on_an_address_goes_before_one_on_any(void **state)
{
	const struct wr_udp_listener on_us2 = {
		.addr = US2, .port = 7, .handler = swallow, .user = &delivered};
	struct rte_mbuf *m = rig_udp(&rig, 4000, 7, 4);

	assert_int_equal(wr_udp_listen(&udp, &on_us2), 0);
	((struct rte_ipv4_hdr *)rig_at(m, 14))->dst_addr = RTE_BE32(US2);
	rig_sum_ip(m);
	((struct rte_udp_hdr *)rig_at(m, 34))->dgram_cksum = 0;
	assert_int_equal(feed(m), WR_V_udp_delivered);
	assert_int_equal(last_from.laddr, US2);
	assert_string_equal(rig_out(&rig), "");
}

static void listeners_are_counted_and_unique(void **state)
{
	struct wr_udp_listener l = {.port = 7, .handler = echo};
	unsigned i;

	assert_int_equal(wr_udp_listen(&udp, &l), -EADDRINUSE);
	for (i = udp.listeners; i < WR_UDP_LISTENERS; i++) {
		l.port = (uint16_t)(1000 + i);
		assert_int_equal(wr_udp_listen(&udp, &l), 0);
	}
	l.port = 999;
	assert_int_equal(wr_udp_listen(&udp, &l), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)
		TEST(a_datagram_is_echoed_in_its_own_buffer),
		TEST(the_answer_comes_from_the_address_that_was_asked),
		TEST(lengths_are_checked),
		TEST(what_follows_the_datagram_is_cut_off),
		TEST(checksums_are_verified_unless_the_port_did),
		TEST(a_closed_port_is_unreachable),
		TEST(ports_that_would_answer_back_are_refused),
		TEST(the_handlers_verdict_stands),
		TEST(a_listener_on_an_address_goes_before_one_on_any),
		TEST(listeners_are_counted_and_unique),
	};

	wr_test_eal(64);
	pool = wr_test_pool("udp", 256, ROOM);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
