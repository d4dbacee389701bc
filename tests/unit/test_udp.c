/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "ip_rig.h"
#include "wr_udp.h"

static struct wr_udp udp;
static struct wr_owner one_core;
static const struct wr_sipkey key = {1, 2};
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

static int open_udp(void **state)
{
	static const struct wr_udp_listener listener[] = {
		{.port = 7, .replies = true, .handler = echo},
		{.port = 5007, .replies = true, .handler = echo},
		{.port = 9, .handler = swallow, .user = &delivered},
		{.port = 11, .handler = swallow, .user = &no_mbuf},
	};
	unsigned i;

	open_rig_with_peer(state);
	wr_udp_init(&udp, &rig.ip, &one_core, 0, &key);
	for (i = 0; i < WR_LEN(listener); i++)
		assert_int_equal(wr_udp_listen(&udp, &listener[i]), 0);
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
	m = rig_udp(&rig, 4000, 7, 4);
	((struct rte_udp_hdr *)rig_at(m, 34))->dgram_cksum =
		rte_ipv4_phdr_cksum(rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, 14), 0);
	assert_int_equal(feed(m), WR_V_udp_unfinished_checksum);
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

/* ---- clients ---- */

static unsigned errors;
static struct wr_icmp_error last_error;

static void note_error(struct wr_udp *u, const struct wr_icmp_error *error, void *user,
                       uint64_t now_us)
{
	errors++;
	last_error = *error;
	assert_ptr_equal(user, &delivered);
}

static const struct wr_udp_claim client = {
	.addr_first = US,
	.addr_last = US,
	.port_low = 5000,
	.port_high = 5999,
	.handler = swallow,
	.on_error = note_error,
	.user = &delivered,
};

static void a_claim_gets_what_comes_to_its_ports(void **state)
{
	assert_int_equal(feed(rig_udp(&rig, 53, 5000, 4)), WR_V_udp_no_listener);
	rte_pktmbuf_free(rig_pop(&rig));
	assert_int_equal(wr_udp_claim(&udp, &client), 0);
	assert_int_equal(feed(rig_udp(&rig, 53, 5000, 4)), WR_V_udp_delivered);
	assert_int_equal(feed(rig_udp(&rig, 7, 5999, 4)), WR_V_udp_delivered);
	assert_int_equal(last_from.lport, 5999);
	assert_int_equal(feed(rig_udp(&rig, 53, 4999, 4)), WR_V_udp_no_listener);
	assert_int_equal(feed(rig_udp(&rig, 53, 6000, 4)), WR_V_udp_no_listener);
	wr_udp_release(&udp, &client);
	assert_int_equal(feed(rig_udp(&rig, 53, 5000, 4)), WR_V_udp_no_listener);
	while (*rig_out(&rig))
		;
}

static void a_listener_goes_before_a_claim(void **state)
{
	assert_int_equal(wr_udp_claim(&udp, &client), 0);
	assert_int_equal(feed(rig_udp(&rig, 4000, 5007, 4)), WR_V_udp_delivered);
	assert_string_equal(rig_out(&rig), "198.18.0.1:5007 > 198.18.0.2:4000 udp (4)");
}

static void claims_are_counted_and_do_not_overlap(void **state)
{
	struct wr_udp_claim c = client;
	unsigned i;

	assert_int_equal(wr_udp_claim(&udp, &client), 0);
	c.port_low = c.port_high = 5999;
	assert_int_equal(wr_udp_claim(&udp, &c), -EADDRINUSE);
	c.addr_first = c.addr_last = US2;
	assert_int_equal(wr_udp_claim(&udp, &c), 0);
	c.port_low = 6001;
	c.port_high = 6000;
	assert_int_equal(wr_udp_claim(&udp, &c), -EINVAL);
	for (i = udp.claims; i < WR_UDP_CLAIMS; i++) {
		c.port_low = c.port_high = (uint16_t)(7000 + i);
		assert_int_equal(wr_udp_claim(&udp, &c), 0);
	}
	c.port_low = c.port_high = 8000;
	assert_int_equal(wr_udp_claim(&udp, &c), -ENOSPC);
}

static void errors_reach_who_sent_the_datagram(void **state)
{
	struct wr_icmp_error error = {
		.tuple = {.laddr = US, .raddr = PEER, .lport = 5001, .rport = 53},
		.type = 3,
		.code = 3,
		.proto = IPPROTO_UDP,
	};

	errors = 0;
	assert_int_equal(wr_udp_icmp_error(&udp, &error, 0), WR_V_icmp_error_stale);
	assert_int_equal(wr_udp_claim(&udp, &client), 0);
	assert_int_equal(wr_udp_icmp_error(&udp, &error, 0), WR_V_icmp_error_soft);
	assert_int_equal(errors, 1);
	assert_int_equal(last_error.tuple.lport, 5001);
	error.tuple.lport = 7; /* a service that does not want to know */
	assert_int_equal(wr_udp_icmp_error(&udp, &error, 0), WR_V_icmp_error_soft);
	assert_int_equal(errors, 1);
}

static bool is_even(void *ctx, const struct wr_tuple *tuple)
{
	return tuple->lport % 2 == 0;
}

static void a_chosen_port_is_free_of_listeners_and_of_the_callers_own(void **state)
{
	struct wr_tuple t = {.laddr = US, .raddr = PEER, .rport = 53};
	unsigned i;

	for (i = 0; i < 100; i++) {
		assert_int_equal(wr_udp_choose_port(&udp, &t, 5006, 5009, is_even, NULL, 0), 0);
		assert_true(t.lport == 5006 || t.lport == 5008);
		assert_int_equal(wr_udp_choose_port(&udp, &t, 5006, 5008, NULL, NULL, 0), 0);
		assert_int_not_equal(t.lport, 5007);
	}
	assert_int_equal(wr_udp_choose_port(&udp, &t, 5007, 5007, NULL, NULL, 0),
	                 -EADDRNOTAVAIL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_udp, close_rig)
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
		TEST(a_claim_gets_what_comes_to_its_ports),
		TEST(a_listener_goes_before_a_claim),
		TEST(claims_are_counted_and_do_not_overlap),
		TEST(errors_reach_who_sent_the_datagram),
		TEST(a_chosen_port_is_free_of_listeners_and_of_the_callers_own),
	};

	wr_test_eal(64);
	wr_owner_init(&one_core, 1);
	pool = wr_test_pool("udp", 256, ROOM);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
