/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip_rig.h"

/* Classifies, checks the verdict and gives the buffer back. */
static void expect(struct rte_mbuf *m, enum wr_verdict verdict)
{
	struct wr_frame f;

	assert_int_equal(rig_classify(&rig, &f, m), verdict);
	if (verdict != WR_V_NEXT)
		assert_int_equal(f.carries, WR_CARRIES_NOTHING);
	rte_pktmbuf_free(f.m);
}

static struct rte_ipv4_hdr *header(struct rte_mbuf *m)
{
	return rig_at(m, 14);
}

static void a_plain_tcp_segment_goes_on(void **state)
{
	struct wr_frame f;

	assert_int_equal(rig_classify(&rig, &f, rig_tcp(&rig, WR_TCP_ACK, 10)), WR_V_NEXT);
	assert_int_equal(f.carries, WR_CARRIES_TCP);
	assert_int_equal(f.l3_off, 14);
	assert_int_equal(f.l4_off, 34);
	assert_int_equal(f.l4_len, 30);
	assert_int_equal(f.seg.text_off, 54);
	assert_int_equal(f.seg.text_len, 10);
	assert_int_equal(f.ttl, 64);
	assert_false(f.broadcast);
	assert_true(wr_tuple_eq(&f.tuple, &(struct wr_tuple) {US, PEER, 7, 4000}));
	rte_pktmbuf_free(f.m);
}

static void padding_is_trimmed(void **state)
{
	struct rte_mbuf *m = rig_tcp(&rig, WR_TCP_ACK, 0);
	struct wr_frame f;

	memset(rte_pktmbuf_append(m, 6), 0xff, 6);
	assert_int_equal(rig_classify(&rig, &f, m), WR_V_NEXT);
	assert_int_equal(f.m->pkt_len, 54);
	assert_int_equal(f.seg.text_len, 0);
	rte_pktmbuf_free(f.m);
}

static void ethernet_verdicts(void **state)
{
	struct rte_mbuf *m = rig_ether(&rig, RTE_ETHER_TYPE_IPV4, 0);

	rte_pktmbuf_trim(m, 1);
	expect(m, WR_V_eth_truncated);

	m = rig_tcp(&rig, WR_TCP_ACK, 0);
	((struct rte_ether_hdr *)rig_at(m, 0))->dst_addr = other_mac;
	expect(m, WR_V_eth_not_for_us);

	expect(rig_ether(&rig, RTE_ETHER_TYPE_IPV6, 46), WR_V_eth_unknown_type);
	expect(rig_ether(&rig, 46, 46), WR_V_eth_unknown_type); /* 802.3: a length */
	expect(rig_ether(&rig, RTE_ETHER_TYPE_VLAN, 3), WR_V_eth_truncated);
}

/* Puts a tag behind the Ethernet addresses. */
static struct rte_mbuf *tag(struct rte_mbuf *m, uint16_t tci)
{
	struct rte_vlan_hdr *vlan;

	rte_pktmbuf_prepend(m, 4);
	memmove(rig_at(m, 0), rig_at(m, 4), 12);
	((struct rte_ether_hdr *)rig_at(m, 0))->ether_type = RTE_BE16(RTE_ETHER_TYPE_VLAN);
	vlan = rig_at(m, 14);
	vlan->vlan_tci = rte_cpu_to_be_16(tci);
	return m;
}

static void a_priority_tag_is_accepted_and_a_vlan_is_not(void **state)
{
	struct wr_frame f;

	assert_int_equal(rig_classify(&rig, &f, tag(rig_tcp(&rig, WR_TCP_ACK, 4), 0xe000)),
	                 WR_V_NEXT);
	assert_int_equal(f.l3_off, 18);
	assert_int_equal(f.seg.text_off, 58);
	rte_pktmbuf_free(f.m);
	expect(tag(rig_tcp(&rig, WR_TCP_ACK, 4), 5), WR_V_eth_unknown_type);
	expect(tag(tag(rig_tcp(&rig, WR_TCP_ACK, 4), 0), 0), WR_V_eth_unknown_type);
}

static void a_chain_is_joined(void **state)
{
	struct wr_frame f;
	uint32_t step;

	for (step = 1; step < 64; step++) {
		struct rte_mbuf *m = rig_chain(&rig, rig_tcp(&rig, WR_TCP_ACK, 10), step);

		assert_int_equal(rig_classify(&rig, &f, m), WR_V_NEXT);
		assert_int_equal(f.m->nb_segs, 1);
		assert_int_equal(f.seg.text_len, 10);
		rte_pktmbuf_free(f.m);
	}
}

/* A TCP segment in two buffers that together are longer than one. */
static void a_chain_too_long_for_a_buffer_is_scattered(void **state)
{
	struct rte_mbuf *m = rig_tcp(&rig, WR_TCP_ACK, 1000);
	struct rte_mbuf *more = rte_pktmbuf_alloc(pool);

	rte_pktmbuf_append(more, 2000);
	header(m)->total_length = RTE_BE16(3040);
	rig_sum_ip(m);
	rte_pktmbuf_chain(m, more);
	expect(m, WR_V_eth_scattered);
}

static void a_long_udp_chain_goes_on_with_its_headers_in_front(void **state)
{
	struct rte_mbuf *m = rig_udp(&rig, 4000, 7, 1000);
	struct rte_mbuf *more = rte_pktmbuf_alloc(pool);
	struct wr_frame f;

	rte_pktmbuf_append(more, 2000);
	header(m)->total_length = RTE_BE16(3028 - 10);
	rig_sum_ip(m);
	rte_pktmbuf_chain(m, more);
	assert_int_equal(rig_classify(&rig, &f, m), WR_V_NEXT);
	assert_int_equal(f.carries, WR_CARRIES_UDP);
	assert_int_equal(f.m->pkt_len, 14 + 3028 - 10);
	assert_int_equal(f.tuple.rport, 4000);
	rte_pktmbuf_free(f.m);
}

static void headers_split_over_a_long_chain_are_scattered(void **state)
{
	struct rte_mbuf *m = rig_chain(&rig, rig_udp(&rig, 4000, 7, 1000), 40);
	struct rte_mbuf *more = rte_pktmbuf_alloc(pool);

	rte_pktmbuf_append(more, 2000);
	rte_pktmbuf_chain(m, more);
	expect(m, WR_V_eth_scattered);
}

static void without_a_buffer_to_join_a_chain_is_scattered(void **state)
{
	struct rte_mbuf *m = rig_chain(&rig, rig_tcp(&rig, WR_TCP_ACK, 10), 40), *hoard[512];
	unsigned n = 0;

	while ((hoard[n] = rte_pktmbuf_alloc(pool)) != NULL)
		n++;
	expect(m, WR_V_eth_scattered);
	assert_int_equal(rig.stats.n[WR_STAT_mbuf_alloc_failed], 1);
	rte_pktmbuf_free_bulk(hoard, n);
}

static void ip_header_verdicts(void **state)
{
	struct rte_mbuf *m = rig_ether(&rig, RTE_ETHER_TYPE_IPV4, 19);

	expect(m, WR_V_ip_truncated);

	m = rig_tcp(&rig, WR_TCP_ACK, 0);
	header(m)->version_ihl = 0x65;
	rig_sum_ip(m);
	expect(m, WR_V_ip_bad_version);

	m = rig_tcp(&rig, WR_TCP_ACK, 0);
	header(m)->version_ihl = 0x44;
	expect(m, WR_V_ip_bad_header_length);
	m = rig_tcp(&rig, WR_TCP_ACK, 0);
	header(m)->version_ihl = 0x4f;
	expect(m, WR_V_ip_bad_header_length);

	m = rig_tcp(&rig, WR_TCP_ACK, 0);
	header(m)->hdr_checksum ^= 0x0100;
	expect(m, WR_V_ip_bad_checksum);

	m = rig_tcp(&rig, WR_TCP_ACK, 0);
	header(m)->total_length = RTE_BE16(41);
	rig_sum_ip(m);
	expect(m, WR_V_ip_bad_total_length);
	m = rig_tcp(&rig, WR_TCP_ACK, 0);
	header(m)->total_length = RTE_BE16(19);
	rig_sum_ip(m);
	expect(m, WR_V_ip_bad_total_length);
}

/* A TCP segment with the given addresses. */
static struct rte_mbuf *between(uint32_t src, uint32_t dst)
{
	struct rte_mbuf *m = rig_tcp(&rig, WR_TCP_SYN, 0);

	header(m)->src_addr = rte_cpu_to_be_32(src);
	header(m)->dst_addr = rte_cpu_to_be_32(dst);
	rig_sum_ip(m);
	((struct rte_tcp_hdr *)rig_at(m, 34))->cksum = 0;
	((struct rte_tcp_hdr *)rig_at(m, 34))->cksum = rig_l4_sum(m);
	return m;
}

static void impossible_sources_are_dropped(void **state)
{
	static const uint32_t bad[] = {
		ADDR(0, 0, 0, 0),
		ADDR(0, 1, 2, 3),
		ADDR(127, 0, 0, 1),
		ADDR(224, 0, 0, 1),
		ADDR(255, 255, 255, 255),
		ADDR(240, 0, 0, 1),
		ADDR(198, 18, 0, 255),
		ADDR(198, 18, 0, 0),
		ADDR(198, 18, 1, 255),
		US2, /* our own other address */
		US,  /* LAND */
	};
	unsigned i;

	for (i = 0; i < WR_LEN(bad); i++)
		expect(between(bad[i], US), WR_V_ip_bad_source);
	expect(between(FAR, US), WR_V_NEXT);
	expect(between(PEER, US2), WR_V_NEXT);
}

static void other_destinations_are_not_for_us(void **state)
{
	expect(between(PEER, ADDR(198, 18, 0, 9)), WR_V_ip_not_for_us);
	expect(between(PEER, FAR), WR_V_ip_not_for_us);
	expect(between(PEER, ADDR(127, 0, 0, 1)), WR_V_ip_not_for_us);
}

static void every_address_of_a_range_is_ours(void **state)
{
	static const struct {
		uint32_t addr;
		bool ours;
	} row[] = {
		{ADDR(198, 18, 5, 9), false},   {ADDR(198, 18, 5, 10), true},
		{ADDR(198, 18, 5, 77), true},   {ADDR(198, 18, 5, 200), true},
		{ADDR(198, 18, 5, 201), false}, {ADDR(198, 18, 7, 1), true},
		{ADDR(198, 18, 7, 2), false},   {US, true},
	};
	struct wr_ip_conf conf = rig_conf;
	unsigned i;

	rig_close(&rig);
	conf.ranges = 2;
	conf.range[0] = (struct wr_ip_range) {ADDR(198, 18, 5, 10), ADDR(198, 18, 5, 200)};
	conf.range[1] = (struct wr_ip_range) {ADDR(198, 18, 7, 1), ADDR(198, 18, 7, 1)};
	rig_open(&rig, &conf, pool);
	for (i = 0; i < WR_LEN(row); i++) {
		struct rte_mbuf *m = rig_ipv4(&rig, IPPROTO_UDP, 8);
		struct rte_ipv4_hdr *h = rig_at(m, 14);

		h->dst_addr = rte_cpu_to_be_32(row[i].addr);
		rig_sum_ip(m);
		expect(m, row[i].ours ? WR_V_NEXT : WR_V_ip_not_for_us);
		m = rig_ipv4(&rig, IPPROTO_UDP, 8);
		h = rig_at(m, 14);
		h->src_addr = rte_cpu_to_be_32(row[i].addr);
		rig_sum_ip(m);
		expect(m, row[i].ours ? WR_V_ip_bad_source : WR_V_NEXT);
		assert_int_equal(wr_ip_is_reachable(&rig.ip, row[i].addr), !row[i].ours);
	}
	assert_int_equal(wr_ip_source_for(&rig.ip, PEER), US);
}

static void tcp_to_all_is_dropped_in_silence(void **state)
{
	static const uint32_t all[] = {ADDR(255, 255, 255, 255), ADDR(198, 18, 0, 255),
	                               ADDR(198, 18, 0, 0), ADDR(224, 0, 0, 1), 0};
	unsigned i;

	for (i = 0; i < WR_LEN(all); i++)
		expect(between(PEER, all[i]), WR_V_ip_broadcast);
}

static void tcp_in_a_broadcast_frame_is_refused(void **state)
{
	struct rte_mbuf *m = rig_tcp(&rig, WR_TCP_SYN, 0);

	((struct rte_ether_hdr *)rig_at(m, 0))->dst_addr = all_macs;
	expect(m, WR_V_tcp_bad_address);
	m = rig_udp(&rig, 4000, 7, 4);
	((struct rte_ether_hdr *)rig_at(m, 0))->dst_addr = all_macs;
	expect(m, WR_V_ip_broadcast);
}

static void tcp_from_port_zero_is_refused(void **state)
{
	struct rte_mbuf *m = rig_tcp(&rig, WR_TCP_SYN, 0);
	struct rte_tcp_hdr *tcp = rig_at(m, 34);

	tcp->src_port = 0;
	tcp->cksum = 0;
	tcp->cksum = rig_l4_sum(m);
	expect(m, WR_V_tcp_bad_address);
}

/* A segment whose IPv4 header has these 8 bytes of options. */
static struct rte_mbuf *with_options(const uint8_t options[8])
{
	struct rte_mbuf *m = rig_tcp(&rig, WR_TCP_ACK, 0);

	rte_pktmbuf_append(m, 8);
	memmove(rig_at(m, 42), rig_at(m, 34), 20);
	memcpy(rig_at(m, 34), options, 8);
	header(m)->version_ihl = 0x47;
	header(m)->total_length = RTE_BE16(48);
	rig_sum_ip(m);
	return m;
}

static void ip_options_are_checked_and_ignored(void **state)
{
	static const uint8_t source_route[] = {131, 7, 4, 198, 18, 0, 9, 0};
	static const uint8_t strict[] = {1, 137, 7, 4, 198, 18, 0, 9};
	static const uint8_t zero_len[] = {7, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t too_long[] = {1, 7, 8, 0, 0, 0, 0, 0};
	static const uint8_t no_len[] = {1, 1, 1, 1, 1, 1, 1, 7};
	static const uint8_t record_route[] = {7, 7, 4, 0, 0, 0, 0, 0};
	static const uint8_t unknown_kind[] = {200, 8, 131, 0, 0, 0, 0, 0};
	static const uint8_t after_end[] = {0, 131, 7, 4, 0, 0, 0, 0};
	struct wr_frame f;

	expect(with_options(source_route), WR_V_ip_source_route);
	expect(with_options(strict), WR_V_ip_source_route);
	expect(with_options(zero_len), WR_V_ip_bad_options);
	expect(with_options(too_long), WR_V_ip_bad_options);
	expect(with_options(no_len), WR_V_ip_bad_options);
	expect(with_options(unknown_kind), WR_V_NEXT);
	expect(with_options(after_end), WR_V_NEXT);
	assert_int_equal(rig_classify(&rig, &f, with_options(record_route)), WR_V_NEXT);
	assert_int_equal(f.l4_off, 42);
	assert_int_equal(f.seg.text_off, 62);
	rte_pktmbuf_free(f.m);
}

static void a_low_ttl_is_no_reason_to_drop(void **state)
{
	struct rte_mbuf *m = rig_tcp(&rig, WR_TCP_ACK, 0);

	header(m)->time_to_live = 0;
	rig_sum_ip(m);
	expect(m, WR_V_NEXT);
}

static void the_type_of_service_is_passed_on(void **state)
{
	struct rte_mbuf *m = rig_tcp(&rig, WR_TCP_ACK, 0);
	struct wr_frame f;

	header(m)->type_of_service = 0xb9;
	rig_sum_ip(m);
	assert_int_equal(rig_classify(&rig, &f, m), WR_V_NEXT);
	assert_int_equal(f.tos, 0xb9);
	rte_pktmbuf_free(f.m);
}

static void other_protocols_and_fragments_are_told_apart(void **state)
{
	struct wr_frame f;
	struct rte_mbuf *m = rig_ipv4(&rig, IPPROTO_SCTP, 20);

	assert_int_equal(rig_classify(&rig, &f, m), WR_V_NEXT);
	assert_int_equal(f.carries, WR_CARRIES_OTHER);
	rte_pktmbuf_free(f.m);

	m = rig_ipv4(&rig, IPPROTO_TCP, 8);
	header(m)->fragment_offset = RTE_BE16(RTE_IPV4_HDR_MF_FLAG);
	rig_sum_ip(m);
	assert_int_equal(rig_classify(&rig, &f, m), WR_V_NEXT);
	assert_int_equal(f.carries, WR_CARRIES_FRAGMENT);
	rte_pktmbuf_free(f.m);

	m = rig_ipv4(&rig, IPPROTO_UDP, 8);
	header(m)->fragment_offset = RTE_BE16(9);
	header(m)->dst_addr = RTE_BE32(ADDR(198, 18, 0, 255));
	rig_sum_ip(m);
	expect(m, WR_V_ip_broadcast);
}

static void tcp_verdicts_of_the_header(void **state)
{
	struct rte_mbuf *m = rig_ipv4(&rig, IPPROTO_TCP, 19);

	expect(m, WR_V_tcp_truncated);

	m = rig_tcp(&rig, WR_TCP_ACK, 0);
	((struct rte_tcp_hdr *)rig_at(m, 34))->data_off = 6 << 4;
	expect(m, WR_V_tcp_bad_offset);

	m = rig_tcp(&rig, WR_TCP_ACK, 9);
	*(uint8_t *)rig_at(m, 62) ^= 1;
	expect(m, WR_V_tcp_bad_checksum);
}

/* A kernel that leaves the checksum to its interface puts the pseudo-header's sum there. */
static void a_tcp_checksum_left_to_a_device_has_its_own_verdict(void **state)
{
	struct rte_mbuf *m = rig_tcp(&rig, WR_TCP_ACK, 9);
	struct rte_tcp_hdr *tcp = rig_at(m, 34);

	tcp->cksum = rte_ipv4_phdr_cksum(header(m), 0);
	expect(m, WR_V_tcp_unfinished_checksum);
	m = rig_tcp(&rig, WR_TCP_ACK, 9);
	tcp = rig_at(m, 34);
	tcp->cksum = (rte_be16_t)~rte_ipv4_phdr_cksum(header(m), 0);
	expect(m, WR_V_tcp_bad_checksum);
}

static void flags_that_no_segment_has_are_refused(void **state)
{
	unsigned flags;

	for (flags = 0; flags < 256; flags++) {
		bool bad = (flags & 0x3f) == 0;

		expect(rig_tcp(&rig, (uint8_t)flags, 0), bad ? WR_V_tcp_bad_flags : WR_V_NEXT);
	}
}

static void the_ports_word_on_checksums_counts_only_if_it_is_to_be_believed(void **state)
{
	struct rte_mbuf *m;

	m = rig_tcp(&rig, WR_TCP_ACK, 0);
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_BAD | RTE_MBUF_F_RX_IP_CKSUM_BAD;
	expect(m, WR_V_NEXT); /* it knows nothing, and the sums are right */

	rig.ip.conf.rx_ip_cksum = true;
	rig.ip.conf.rx_l4_cksum = true;
	m = rig_tcp(&rig, WR_TCP_ACK, 0);
	m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_BAD;
	expect(m, WR_V_ip_bad_checksum);
	m = rig_tcp(&rig, WR_TCP_ACK, 0);
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_BAD;
	expect(m, WR_V_tcp_bad_checksum);
	m = rig_tcp(&rig, WR_TCP_ACK, 0);
	((struct rte_tcp_hdr *)rig_at(m, 34))->cksum = 0;
	header(m)->hdr_checksum = 0;
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	expect(m, WR_V_NEXT);
	m = rig_tcp(&rig, WR_TCP_ACK, 0);
	((struct rte_tcp_hdr *)rig_at(m, 34))->cksum = 0;
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE; /* good data, sum unfinished */
	expect(m, WR_V_NEXT);
	m = rig_tcp(&rig, WR_TCP_ACK, 0);
	((struct rte_tcp_hdr *)rig_at(m, 34))->cksum = 0; /* unknown: checked here */
	expect(m, WR_V_tcp_bad_checksum);
}

/* Frames of noise and frames with a few bytes changed: whatever it is, it has a verdict. */
static void noise_is_classified(void **state)
{
	unsigned round, i;

	for (round = 0; round < 100000; round++) {
		struct rte_mbuf *m = rig_tcp(&rig, WR_TCP_ACK, 20);
		uint32_t cut = wr_prng_below(&rig.prng, 75);
		struct wr_frame f;

		for (i = wr_prng_below(&rig.prng, 4); i > 0; i--)
			*(uint8_t *)rig_at(m, wr_prng_below(&rig.prng, 74)) =
				(uint8_t)wr_prng_u64(&rig.prng);
		rte_pktmbuf_trim(m, (uint16_t)cut);
		if (m->pkt_len >= 34 &&
		    (*(uint8_t *)rig_at(m, 14) & 15) * 4u <= m->pkt_len - 14)
			rig_sum_ip(m);
		if (m->pkt_len == 0) {
			rte_pktmbuf_free(m);
			continue;
		}
		m = rig_chain(&rig, m, 1 + wr_prng_below(&rig.prng, 80));
		rig_classify(&rig, &f, m);
		assert_true(f.verdict <= WR_V_NEXT);
		assert_true(f.l4_off + f.l4_len <= f.m->pkt_len);
		rte_pktmbuf_free(f.m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)
		TEST(a_plain_tcp_segment_goes_on),
		TEST(padding_is_trimmed),
		TEST(ethernet_verdicts),
		TEST(a_priority_tag_is_accepted_and_a_vlan_is_not),
		TEST(a_chain_is_joined),
		TEST(a_chain_too_long_for_a_buffer_is_scattered),
		TEST(a_long_udp_chain_goes_on_with_its_headers_in_front),
		TEST(headers_split_over_a_long_chain_are_scattered),
		TEST(without_a_buffer_to_join_a_chain_is_scattered),
		TEST(ip_header_verdicts),
		TEST(impossible_sources_are_dropped),
		TEST(other_destinations_are_not_for_us),
		TEST(every_address_of_a_range_is_ours),
		TEST(tcp_to_all_is_dropped_in_silence),
		TEST(tcp_in_a_broadcast_frame_is_refused),
		TEST(tcp_from_port_zero_is_refused),
		TEST(ip_options_are_checked_and_ignored),
		TEST(a_low_ttl_is_no_reason_to_drop),
		TEST(the_type_of_service_is_passed_on),
		TEST(other_protocols_and_fragments_are_told_apart),
		TEST(tcp_verdicts_of_the_header),
		TEST(a_tcp_checksum_left_to_a_device_has_its_own_verdict),
		TEST(flags_that_no_segment_has_are_refused),
		TEST(the_ports_word_on_checksums_counts_only_if_it_is_to_be_believed),
		TEST(noise_is_classified),
	};

	wr_test_eal(64);
	pool = wr_test_pool("ip_in", 256, ROOM);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
