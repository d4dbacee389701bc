/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip_rig.h"

static void expect(struct rte_mbuf *m, const char *text)
{
	char line[256];

	assert_int_equal(wr_frame_print(line, sizeof(line), m), strlen(text));
	assert_string_equal(line, text);
	rte_pktmbuf_free(m);
}

static void a_segment_reads_like_packetdrill(void **state)
{
	expect(rig_tcp(&rig, WR_TCP_PSH | WR_TCP_ACK, 10),
	       "198.18.0.2:4000 > 198.18.0.1:7 P. 100:110(10) ack 200 win 65535");
	expect(rig_tcp(&rig, WR_TCP_SYN, 0),
	       "198.18.0.2:4000 > 198.18.0.1:7 S 100:100(0) win 65535");
	expect(rig_tcp(&rig, 0, 0), "198.18.0.2:4000 > 198.18.0.1:7 - 100:100(0) win 65535");
	expect(rig_tcp(&rig, 0xff, 0),
	       "198.18.0.2:4000 > 198.18.0.1:7 FSRP.UEW 100:100(0) ack 200 win 65535 urg 0");
}

static void long_segments_are_printed_with_their_true_length(void **state)
{
	expect(rig_chain(&rig, rig_tcp(&rig, WR_TCP_ACK, 1400), 33),
	       "198.18.0.2:4000 > 198.18.0.1:7 . 100:1500(1400) ack 200 win 65535");
}

static struct rte_mbuf *with_options(const uint8_t *options, unsigned bytes)
{
	struct rte_mbuf *m = rig_tcp(&rig, WR_TCP_ACK, bytes);

	memcpy(rig_at(m, 54), options, bytes);
	((struct rte_tcp_hdr *)rig_at(m, 34))->data_off = (uint8_t)((20 + bytes) / 4 << 4);
	return m;
}

static void options_are_named(void **state)
{
	static const uint8_t syn[] = {2, 4, 5, 180, 4, 2, 8, 10, 0, 0,
	                              0, 1, 0, 0,   0, 2, 1, 3,  3, 7};
	static const uint8_t sack[] = {1, 1, 5, 10, 0, 0, 0, 5, 0, 0, 0, 9, 200, 3, 1, 0};
	static const uint8_t md5[20] = {1, 1, 19, 18};
	static const uint8_t fast[] = {34, 2, 34, 6, 1, 2, 0xab, 0xcd};
	static const uint8_t accecn[] = {172, 8, 0, 4, 1, 0, 0, 7, 174, 5, 0, 0, 1, 172, 2, 1};
	static const uint8_t bad[] = {2, 0, 5, 180};

	expect(with_options(syn, 20),
	       "198.18.0.2:4000 > 198.18.0.1:7 . 100:100(0) ack 200 win 65535 "
	       "<mss 1460,sackOK,TS val 1 ecr 2,nop,wscale 7>");
	expect(with_options(sack, 16),
	       "198.18.0.2:4000 > 198.18.0.1:7 . 100:100(0) ack 200 win 65535 "
	       "<nop,nop,sack 5:9,kind 200 len 3,eol>");
	expect(with_options(md5, 20),
	       "198.18.0.2:4000 > 198.18.0.1:7 . 100:100(0) ack 200 win 65535 <nop,nop,md5>");
	expect(with_options(fast, 8), "198.18.0.2:4000 > 198.18.0.1:7 . 100:100(0) ack 200 win "
	                              "65535 <FO,FO 0102abcd>");
	expect(with_options(accecn, 16),
	       "198.18.0.2:4000 > 198.18.0.1:7 . 100:100(0) ack 200 win 65535 "
	       "<ECN0 e0b 1025 ceb 7,ECN1 e1b 1,ECN0,nop>");
	expect(with_options(bad, 4),
	       "198.18.0.2:4000 > 198.18.0.1:7 . 100:100(0) ack 200 win 65535 <malformed>");
}

static void other_protocols_have_words_too(void **state)
{
	struct rte_mbuf *m;

	expect(rig_udp(&rig, 4000, 7, 3), "198.18.0.2:4000 > 198.18.0.1:7 udp (3)");
	expect(rig_icmp(&rig, 8, 0, NULL, 56),
	       "198.18.0.2 > 198.18.0.1 icmp echo id 0 seq 0 (56)");
	expect(rig_icmp(&rig, 3, 4, NULL, 28),
	       "198.18.0.2 > 198.18.0.1 icmp type 3 code 4 (28)");
	expect(rig_ipv4(&rig, IPPROTO_SCTP, 5), "198.18.0.2 > 198.18.0.1 proto 132 (5)");
	expect(rig_arp(&rig, RTE_ARP_OP_REQUEST, &peer_mac, PEER, US),
	       "arp who-has 198.18.0.1 tell 198.18.0.2");
	expect(rig_arp(&rig, RTE_ARP_OP_REPLY, &peer_mac, PEER, US),
	       "arp 198.18.0.2 is-at 02:00:00:00:00:02");
	expect(rig_ether(&rig, RTE_ETHER_TYPE_IPV6, 40), "eth type 0x86dd (40)");
	m = rig_ipv4(&rig, IPPROTO_UDP, 16);
	((struct rte_ipv4_hdr *)rig_at(m, 14))->fragment_offset =
		RTE_BE16(RTE_IPV4_HDR_MF_FLAG | 3);
	expect(m, "198.18.0.2 > 198.18.0.1 frag proto 17 id 0 24:40 more");
}

static void what_does_not_fit_is_cut(void **state)
{
	struct rte_mbuf *m = rig_tcp(&rig, WR_TCP_ACK, 0);
	char line[100];
	size_t size;

	for (size = 1; size < sizeof(line); size++) {
		memset(line, 'x', sizeof(line));
		assert_true(wr_frame_print(line, size, m) < size);
		assert_int_equal(strlen(line), wr_frame_print(line, size, m));
		assert_int_equal(line[size], 'x');
	}
	assert_int_equal(wr_frame_print(line, 0, m), 0);
	rte_pktmbuf_free(m);
}

static void noise_is_printed(void **state)
{
	unsigned round, i;

	for (round = 0; round < 100000; round++) {
		struct rte_mbuf *m = rig_tcp(&rig, WR_TCP_ACK, 20);
		char line[256];

		for (i = wr_prng_below(&rig.prng, 6); i > 0; i--)
			*(uint8_t *)rig_at(m, 12 + wr_prng_below(&rig.prng, 50)) =
				(uint8_t)wr_prng_u64(&rig.prng);
		rte_pktmbuf_trim(m, (uint16_t)wr_prng_below(&rig.prng, 75));
		assert_true(wr_frame_print(line, sizeof(line), m) < sizeof(line));
		rte_pktmbuf_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)
		TEST(a_segment_reads_like_packetdrill),
		TEST(long_segments_are_printed_with_their_true_length),
		TEST(options_are_named),
		TEST(other_protocols_have_words_too),
		TEST(what_does_not_fit_is_cut),
		TEST(noise_is_printed),
	};

	wr_test_eal(64);
	pool = wr_test_pool("frame_print", 256, ROOM);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
