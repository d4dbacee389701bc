/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_udp.h>

#include "impair_rig.h"

static unsigned bits_between(const struct rte_mbuf *m, const struct rte_mbuf *other)
{
	unsigned bits = 0;

	assert_int_equal(m->pkt_len, other->pkt_len);
	for (uint32_t i = 0; i < m->pkt_len; i++) {
		uint8_t a, b;

		memcpy(&a, rte_pktmbuf_read(m, i, 1, &a), 1);
		memcpy(&b, rte_pktmbuf_read(other, i, 1, &b), 1);
		if (i < L3)
			assert_int_equal(a, b);
		bits += (unsigned)__builtin_popcount(a ^ b);
	}
	return bits;
}

static bool sums_are_good(const struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, L3);

	return rte_raw_cksum(ip, sizeof(*ip)) == 0xffff &&
	       rte_ipv4_udptcp_cksum(ip, ip + 1) == 0;
}

static void damage_is_one_bit_behind_the_ethernet_header(void **state)
{
	struct rte_mbuf *clean = frame(0, LENGTH);

	begin("corrupt=100%");
	for (unsigned i = 0; i < 1000; i++) {
		struct rte_mbuf *m = frame(0, LENGTH);

		m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD |
		               RTE_MBUF_F_RX_RSS_HASH;
		push(m, 0);
		assert_ptr_equal(pull(0), m); /* ours alone: no copy is made */
		assert_int_equal(bits_between(clean, m), 1);
		assert_int_equal(m->ol_flags, 0); /* software has to look */
		rte_pktmbuf_free(m);
	}
	assert_int_equal(counted(WR_STAT_impair_rx_corrupted), 1000);
	rte_pktmbuf_free(clean);
}

static void damage_spares_a_buffer_that_somebody_else_holds(void **state)
{
	struct rte_mbuf *clean = frame(0, LENGTH), *held = frame(0, LENGTH), *m;

	begin("corrupt=100%");
	rte_mbuf_refcnt_update(held, 1);
	push(held, 0);
	m = pull(0);
	assert_ptr_not_equal(m, held);
	assert_int_equal(rte_mbuf_refcnt_read(held), 1);
	assert_int_equal(bits_between(clean, held), 0);
	assert_int_equal(bits_between(clean, m), 1);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(held);
	rte_pktmbuf_free(clean);
}

static void damage_finds_any_byte_of_a_chain_and_spares_all_of_its_buffers(void **state)
{
	begin("corrupt=100%");
	for (unsigned i = 0; i < 200; i++) {
		struct rte_mbuf *head = frame(1, LENGTH), *tail = frame(2, LENGTH);
		struct rte_mbuf *whole, *m;

		rte_mbuf_refcnt_update(tail, 1); /* queued text, as tcp keeps it */
		assert_int_equal(rte_pktmbuf_chain(head, tail), 0);
		whole = rte_pktmbuf_copy(head, pool, 0, UINT32_MAX);
		push(head, 0);
		m = pull(0);
		assert_int_equal(bits_between(whole, m), 1);
		assert_int_equal(rte_mbuf_refcnt_read(tail), 1);
		assert_int_equal(number_of(tail), 2);
		rte_pktmbuf_free(m);
		rte_pktmbuf_free(whole);
		rte_pktmbuf_free(tail);
	}
}

/* As wr_ip_send() leaves it to a port that makes checksums. */
static void leave_sums_to_nic(struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, L3);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);

	m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM;
	m->l2_len = L3;
	m->l3_len = sizeof(*ip);
	ip->hdr_checksum = 0;
	tcp->cksum = rte_ipv4_phdr_cksum(ip, m->ol_flags);
}

static void damage_comes_behind_the_checksums_that_a_nic_was_to_make(void **state)
{
	struct rte_mbuf *clean = frame(0, LENGTH);

	make("corrupt=100%", 1, WR_IMPAIR_TX, pool);
	assert_true(sums_are_good(clean));
	for (unsigned i = 0; i < 500; i++) {
		struct rte_mbuf *m = frame(0, LENGTH);

		leave_sums_to_nic(m);
		push(m, 0);
		m = pull(0);
		assert_int_equal(m->ol_flags, 0);
		assert_int_equal(bits_between(clean, m), 1);
		assert_false(sums_are_good(m));
		rte_pktmbuf_free(m);
	}
	rte_pktmbuf_free(clean);
}

static void too_short_a_frame_has_nothing_to_damage(void **state)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	begin("corrupt=100%,ecn=100%");
	memset(rte_pktmbuf_append(m, L3), 8, L3);
	push(m, 0);
	m = pull(0);
	assert_int_equal(counted(WR_STAT_impair_rx_corrupted), 0);
	assert_int_equal(counted(WR_STAT_impair_rx_no_mbuf), 0);
	rte_pktmbuf_free(m);
}

static void arp_is_spared_as_it_has_no_checksum(void **state)
{
	struct rte_mbuf *clean = frame(0, LENGTH), *m = frame(0, LENGTH);

	begin("corrupt=100%");
	set_type(rte_pktmbuf_mtod_offset(clean, uint8_t *, 12), RTE_ETHER_TYPE_ARP);
	set_type(rte_pktmbuf_mtod_offset(m, uint8_t *, 12), RTE_ETHER_TYPE_ARP);
	push(m, 0);
	m = pull(0);
	assert_int_equal(bits_between(clean, m), 0);
	assert_int_equal(counted(WR_STAT_impair_rx_corrupted), 0);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(clean);
}

static uint8_t *tos_of(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, uint8_t *, L3 + 1);
}

static void set_tos(struct rte_mbuf *m, uint8_t tos)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, L3);

	ip->type_of_service = tos;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

static void only_ecn_capable_packets_are_marked_and_their_checksum_stays_good(void **state)
{
	begin("ecn=100%");
	for (unsigned tos = 0; tos < 256; tos++) {
		struct rte_mbuf *m = frame(0, LENGTH);
		bool capable = (tos & 3) == 1 || (tos & 3) == 2;
		uint64_t before = counted(WR_STAT_impair_rx_marked);

		set_tos(m, (uint8_t)tos);
		push(m, 0);
		m = pull(0);
		assert_int_equal(*tos_of(m), capable ? tos | 3 : tos);
		assert_true(sums_are_good(m));
		assert_int_equal(counted(WR_STAT_impair_rx_marked) - before, capable);
		rte_pktmbuf_free(m);
	}
}

static void a_mark_spares_a_buffer_that_somebody_else_holds(void **state)
{
	struct rte_mbuf *held = frame(0, LENGTH), *m;

	begin("ecn=100%");
	rte_mbuf_refcnt_update(held, 1);
	push(held, 0);
	m = pull(0);
	assert_int_equal(*tos_of(held), 2);
	assert_int_equal(*tos_of(m), 3);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(held);
}

static void a_packet_behind_a_vlan_tag_is_marked_and_arp_is_not(void **state)
{
	struct rte_mbuf *tagged = frame(0, LENGTH), *arp = frame(0, LENGTH);
	uint8_t *p;

	begin("ecn=100%");
	assert_non_null(rte_pktmbuf_prepend(tagged, 4));
	p = rte_pktmbuf_mtod(tagged, uint8_t *);
	memmove(p, p + 4, 12);
	set_type(p + 12, RTE_ETHER_TYPE_VLAN);
	set_type(p + 14, 0);
	push(tagged, 0);
	tagged = pull(0);
	assert_int_equal(rte_pktmbuf_mtod(tagged, uint8_t *)[L3 + 4 + 1], 3);
	set_type(rte_pktmbuf_mtod_offset(arp, uint8_t *, 12), RTE_ETHER_TYPE_ARP);
	push(arp, 0);
	arp = pull(0);
	assert_int_equal(counted(WR_STAT_impair_rx_marked), 1);
	rte_pktmbuf_free(tagged);
	rte_pktmbuf_free(arp);
}

static void a_duplicate_follows_at_once_in_a_buffer_of_its_own(void **state)
{
	struct rte_mbuf *m[3];

	begin("duplicate=100%,delay=1ms");
	push(frame(9, LENGTH), 0);
	assert_int_equal(wr_impair_pull(impair, m, 3, WR_MS(1)), 2);
	assert_int_equal(bits_between(m[0], m[1]), 0);
	memset(rte_pktmbuf_mtod(m[0], void *), 0, LENGTH);
	assert_int_equal(number_of(m[1]), 9);
	rte_pktmbuf_free_bulk(m, 2);
	assert_balanced();
}

#define TEST(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(damage_is_one_bit_behind_the_ethernet_header),
		TEST(damage_spares_a_buffer_that_somebody_else_holds),
		TEST(damage_finds_any_byte_of_a_chain_and_spares_all_of_its_buffers),
		TEST(damage_comes_behind_the_checksums_that_a_nic_was_to_make),
		TEST(too_short_a_frame_has_nothing_to_damage),
		TEST(arp_is_spared_as_it_has_no_checksum),
		TEST(only_ecn_capable_packets_are_marked_and_their_checksum_stays_good),
		TEST(a_mark_spares_a_buffer_that_somebody_else_holds),
		TEST(a_packet_behind_a_vlan_tag_is_marked_and_arp_is_not),
		TEST(a_duplicate_follows_at_once_in_a_buffer_of_its_own),
	};

	wr_test_eal(64);
	pool = wr_test_pool("impair", 2047, 2048);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
