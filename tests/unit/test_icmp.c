/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip_rig.h"

static enum wr_verdict feed(struct rte_mbuf *m, struct wr_icmp_error *error)
{
	struct wr_icmp_error unused;
	enum wr_verdict verdict;
	struct wr_frame f;

	assert_int_equal(rig_classify(&rig, &f, m), WR_V_NEXT);
	assert_int_equal(f.carries, WR_CARRIES_ICMP);
	verdict = wr_icmp_input(&rig.ip, &f, 0, error != NULL ? error : &unused);
	rte_pktmbuf_free(f.m);
	return verdict;
}

static bool sums_are_right(struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *h = rig_at(m, 14);

	return rte_raw_cksum(h, 20) == 0xffff &&
	       rte_raw_cksum(rig_at(m, 34), rte_be_to_cpu_16(h->total_length) - 20u) == 0xffff;
}

static void an_echo_comes_back_in_its_own_buffer(void **state)
{
	uint8_t data[1472];
	uint32_t n;

	for (n = 0; n < sizeof(data); n++)
		data[n] = (uint8_t)(n * 7);
	for (n = 0; n <= sizeof(data); n += 23) {
		struct rte_mbuf *m = rig_icmp(&rig, 8, 0, data, n), *out;
		struct rte_ipv4_hdr *h = rig_at(m, 14);

		h->type_of_service = 0x28;
		rig_sum_ip(m);
		assert_int_equal(feed(m, NULL), WR_V_icmp_echo);
		out = rig_pop(&rig);
		assert_ptr_equal(out, m);
		h = rig_at(out, 14);
		assert_int_equal(h->type_of_service, 0x28);
		assert_int_equal(h->src_addr, RTE_BE32(US));
		assert_int_equal(h->dst_addr, RTE_BE32(PEER));
		assert_int_equal(*(uint8_t *)rig_at(out, 34), 0);
		assert_true(sums_are_right(out));
		assert_memory_equal(rig_at(out, 42), data, n);
		rte_pktmbuf_free(out);
	}
}

static void an_echo_to_all_is_ignored(void **state)
{
	struct rte_mbuf *m = rig_icmp(&rig, 8, 0, NULL, 8);
	struct rte_ipv4_hdr *h = rig_at(m, 14);

	h->dst_addr = RTE_BE32(ADDR(198, 18, 0, 255));
	rig_sum_ip(m);
	assert_int_equal(feed(m, NULL), WR_V_icmp_ignored);
	m = rig_icmp(&rig, 8, 0, NULL, 8);
	((struct rte_ether_hdr *)rig_at(m, 0))->dst_addr = all_macs;
	assert_int_equal(feed(m, NULL), WR_V_icmp_ignored);
	assert_string_equal(rig_out(&rig), "");
}

static void short_and_broken_messages_are_dropped(void **state)
{
	struct rte_mbuf *m = rig_ipv4(&rig, IPPROTO_ICMP, 7);

	assert_int_equal(feed(m, NULL), WR_V_icmp_truncated);
	m = rig_icmp(&rig, 8, 0, NULL, 9);
	*(uint8_t *)rig_at(m, 50) ^= 4;
	assert_int_equal(feed(m, NULL), WR_V_icmp_bad_checksum);
}

static void other_types_are_ignored(void **state)
{
	unsigned type;

	for (type = 0; type < 256; type++) {
		if (type == 3 || type == 8 || type == 11 || type == 12)
			continue;
		assert_int_equal(feed(rig_icmp(&rig, (uint8_t)type, 0, NULL, 28), NULL),
		                 WR_V_icmp_ignored);
	}
	assert_string_equal(rig_out(&rig), "");
}

/* What an error quotes: the head of a TCP segment that we sent to PEER. */
static struct rte_mbuf *quote(uint8_t *bytes)
{
	struct rte_mbuf *m = rig_tcp(&rig, WR_TCP_ACK, 0);
	struct rte_ipv4_hdr *h = rig_at(m, 14);
	struct rte_tcp_hdr *tcp = rig_at(m, 34);

	h->src_addr = RTE_BE32(US);
	h->dst_addr = RTE_BE32(PEER);
	tcp->src_port = RTE_BE16(7);
	tcp->dst_port = RTE_BE16(4000);
	memcpy(bytes, h, 28);
	return m;
}

static void an_error_with_8_quoted_bytes_is_understood(void **state)
{
	struct wr_icmp_error error;
	uint8_t quoted[28];
	struct rte_mbuf *m;

	rte_pktmbuf_free(quote(quoted));
	m = rig_icmp(&rig, 3, 4, quoted, 28);
	*(rte_be16_t *)rig_at(m, 34 + 6) = RTE_BE16(1400);
	((struct rte_icmp_hdr *)rig_at(m, 34))->icmp_cksum = 0;
	((struct rte_icmp_hdr *)rig_at(m, 34))->icmp_cksum =
		(uint16_t)~rte_raw_cksum(rig_at(m, 34), 36);
	assert_int_equal(feed(m, &error), WR_V_NEXT);
	assert_true(wr_tuple_eq(&error.tuple, &(struct wr_tuple) {US, PEER, 7, 4000}));
	assert_int_equal(error.type, 3);
	assert_int_equal(error.code, 4);
	assert_int_equal(error.mtu, 1400);
	assert_int_equal(error.proto, IPPROTO_TCP);
	assert_int_equal(error.seq.n, 100);
	assert_int_equal(feed(rig_icmp(&rig, 11, 0, quoted, 28), &error), WR_V_NEXT);
	assert_int_equal(error.type, 11);
	assert_int_equal(error.mtu, 0);
}

static void errors_with_less_are_truncated(void **state)
{
	uint8_t quoted[28];
	unsigned n;

	rte_pktmbuf_free(quote(quoted));
	for (n = 0; n < 28; n++)
		assert_int_equal(feed(rig_icmp(&rig, 3, 1, quoted, n), NULL),
		                 WR_V_icmp_truncated);
	quoted[0] = 0x46; /* its options are not all there */
	assert_int_equal(feed(rig_icmp(&rig, 3, 1, quoted, 28), NULL), WR_V_icmp_truncated);
	quoted[0] = 0x65;
	assert_int_equal(feed(rig_icmp(&rig, 3, 1, quoted, 28), NULL), WR_V_icmp_truncated);
}

static void errors_about_others_packets_are_stale(void **state)
{
	uint8_t quoted[28];

	rte_pktmbuf_free(quote(quoted));
	quoted[15] = 77; /* not our source */
	assert_int_equal(feed(rig_icmp(&rig, 3, 1, quoted, 28), NULL), WR_V_icmp_error_stale);
	quoted[15] = 1;
	quoted[9] = IPPROTO_ICMP;
	assert_int_equal(feed(rig_icmp(&rig, 3, 1, quoted, 28), NULL), WR_V_icmp_ignored);
	quoted[9] = IPPROTO_TCP;
	quoted[7] = 9; /* a later fragment: no ports in it */
	assert_int_equal(feed(rig_icmp(&rig, 3, 1, quoted, 28), NULL), WR_V_icmp_ignored);
}

/* Sends port unreachable about m and gives it back to the pool. */
static void send_error(struct rte_mbuf *m, uint64_t now_us)
{
	struct wr_frame f;

	rig_classify(&rig, &f, m);
	wr_icmp_send_error(&rig.ip, &f, 3, 3, now_us);
	rte_pktmbuf_free(f.m);
}

static void an_error_quotes_what_fits_576_bytes(void **state)
{
	struct rte_mbuf *m = rig_udp(&rig, 4000, 9999, 1000), *out;
	struct wr_frame f;

	rig_classify(&rig, &f, m);
	wr_icmp_send_error(&rig.ip, &f, 3, 3, 0);
	out = rig_pop(&rig);
	assert_non_null(out);
	assert_int_equal(out->pkt_len, 14 + 576);
	assert_true(sums_are_right(out));
	assert_memory_equal(rig_at(out, 42), rig_at(f.m, 14), 548);
	assert_int_equal(rig.stats.cause[WR_CAUSE_icmp_error], 1);
	rte_pktmbuf_free(out);
	rte_pktmbuf_free(f.m);
	send_error(rig_udp(&rig, 4000, 9999, 0), SECOND);
	assert_string_equal(rig_out(&rig), "198.18.0.1 > 198.18.0.2 icmp type 3 code 3 (28)");
}

static void no_error_about_errors_broadcasts_and_later_fragments(void **state)
{
	struct rte_mbuf *m = rig_icmp(&rig, 3, 1, NULL, 28);

	send_error(m, 0);
	send_error(rig_icmp(&rig, 5, 1, NULL, 28), 0);
	send_error(rig_icmp(&rig, 200, 1, NULL, 28), 0);
	m = rig_udp(&rig, 4000, 9999, 8);
	((struct rte_ether_hdr *)rig_at(m, 0))->dst_addr = all_macs;
	send_error(m, 0);
	m = rig_udp(&rig, 4000, 9999, 8);
	((struct rte_ipv4_hdr *)rig_at(m, 14))->dst_addr = RTE_BE32(ADDR(255, 255, 255, 255));
	rig_sum_ip(m);
	send_error(m, 0);
	m = rig_udp(&rig, 4000, 9999, 8);
	((struct rte_ipv4_hdr *)rig_at(m, 14))->fragment_offset = RTE_BE16(4);
	rig_sum_ip(m);
	send_error(m, 0);
	assert_string_equal(rig_out(&rig), "");
	send_error(rig_icmp(&rig, 8, 0, NULL, 8), 0); /* an echo is no error */
	assert_string_equal(rig_out(&rig), "198.18.0.1 > 198.18.0.2 icmp type 3 code 3 (36)");
}

static void no_second_sees_more_errors_than_the_limit(void **state)
{
	enum { SLOTS = 100, ROUNDS = 1000 };
	unsigned sent[ROUNDS] = {0}, i, j;

	for (i = 0; i < ROUNDS; i++) {
		unsigned sum = 0;

		/* quiet, then a flood from many hosts */
		for (j = 0; j < (i < 250 ? 0 : 5); j++) {
			struct rte_mbuf *m = rig_udp(&rig, 4000, 9999, 0);
			struct rte_ipv4_hdr *h = rig_at(m, 14);

			h->src_addr = rte_cpu_to_be_32(PEER + 1 + (5 * i + j) % 200);
			rig_sum_ip(m);
			((struct rte_udp_hdr *)rig_at(m, 34))->dgram_cksum = 0;
			send_error(m, i * SECOND / SLOTS);
		}
		sent[i] = (unsigned)rig.stats.cause[WR_CAUSE_icmp_error];
		for (j = 0; j < i; j++)
			while (*rig_out(&rig) != '\0')
				;
		sum = sent[i] - (i < SLOTS ? 0 : sent[i - SLOTS]);
		assert_true(sum <= rig_conf.icmp_errors_per_s);
	}
	assert_true(rig.stats.cause[WR_CAUSE_icmp_error] > 60);
	assert_int_equal(rig.stats.cause[WR_CAUSE_icmp_error] +
	                         rig.stats.n[WR_STAT_icmp_errors_limited],
	                 750 * 5);
	rig.ip.conf.icmp_errors_per_s = 0;
	send_error(rig_udp(&rig, 4000, 9999, 0), 100 * SECOND);
	assert_string_equal(rig_out(&rig), "");
}

/* CVE-2020-25705: with forged sources, who counts his own errors learns of no open port. */
static void what_others_are_told_changes_nothing_for_a_host(void **state)
{
	enum { ROUNDS = 300 };
	unsigned told[2] = {0}, i, j, beside;

	rig.ip.conf.icmp_errors_per_s = 1000;
	for (beside = 0; beside < 2; beside++) {
		wr_prng_seed(&rig.prng, 3);
		wr_limit_init(&rig.ip.icmp_limit, &rig.prng);
		for (i = 0; i < ROUNDS; i++) {
			uint64_t now = (beside * 100 + 1) * SECOND + i * 500;
			uint64_t before;

			for (j = 0; beside && j < 10; j++) {
				struct rte_mbuf *m = rig_udp(&rig, 4000, 9999, 0);

				((struct rte_ipv4_hdr *)rig_at(m, 14))->src_addr =
					RTE_BE32(PEER2);
				rig_sum_ip(m);
				send_error(m, now);
			}
			before = rig.stats.cause[WR_CAUSE_icmp_error];
			send_error(rig_udp(&rig, 4000, 9999, 0), now);
			told[beside] +=
				(unsigned)(rig.stats.cause[WR_CAUSE_icmp_error] - before);
			while (*rig_out(&rig) != '\0')
				;
		}
	}
	assert_true(told[0] >= 30 && told[0] < ROUNDS);
	assert_int_equal(told[1], told[0]);
}

static void without_a_buffer_no_error_is_sent(void **state)
{
	struct rte_mbuf *m = rig_udp(&rig, 4000, 9999, 0), *hoard[512];
	unsigned n = 0;

	while ((hoard[n] = rte_pktmbuf_alloc(pool)) != NULL)
		n++;
	send_error(m, 0);
	assert_int_equal(rig.stats.n[WR_STAT_mbuf_alloc_failed], 1);
	rte_pktmbuf_free_bulk(hoard, n);
}

/* Longer than the MTU: the answer needs fresh buffers, and none are there. */
static void a_long_echo_without_buffers_is_limited(void **state)
{
	struct rte_mbuf *m = rig_icmp(&rig, 8, 0, NULL, 1800), *hoard[512];
	unsigned n = 0;

	while ((hoard[n] = rte_pktmbuf_alloc(pool)) != NULL)
		n++;
	assert_int_equal(feed(m, NULL), WR_V_icmp_echo_limited);
	assert_string_equal(rig_out(&rig), "");
	assert_int_equal(rig.stats.cause[WR_CAUSE_icmp_echo_reply], 1);
	assert_int_equal(rig.stats.n[WR_STAT_tx_dropped], 1);
	rte_pktmbuf_free_bulk(hoard, n);
}

static void noise_is_survived(void **state)
{
	unsigned round, i;

	for (round = 0; round < 50000; round++) {
		struct wr_icmp_error error;
		struct rte_mbuf *m;
		struct wr_frame f;
		uint8_t quoted[28];

		rte_pktmbuf_free(quote(quoted));
		for (i = wr_prng_below(&rig.prng, 3); i > 0; i--)
			quoted[wr_prng_below(&rig.prng, 28)] = (uint8_t)wr_prng_u64(&rig.prng);
		m = rig_icmp(&rig, (uint8_t)wr_prng_below(&rig.prng, 16), 0, quoted,
		             wr_prng_below(&rig.prng, 29));
		rig_classify(&rig, &f, m);
		wr_icmp_input(&rig.ip, &f, round * SECOND, &error);
		rte_pktmbuf_free(f.m);
		rte_pktmbuf_free(rig_pop(&rig));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig_with_peer, close_rig)
		TEST(an_echo_comes_back_in_its_own_buffer),
		TEST(an_echo_to_all_is_ignored),
		TEST(short_and_broken_messages_are_dropped),
		TEST(other_types_are_ignored),
		TEST(an_error_with_8_quoted_bytes_is_understood),
		TEST(errors_with_less_are_truncated),
		TEST(errors_about_others_packets_are_stale),
		TEST(an_error_quotes_what_fits_576_bytes),
		TEST(no_error_about_errors_broadcasts_and_later_fragments),
		TEST(no_second_sees_more_errors_than_the_limit),
		TEST(what_others_are_told_changes_nothing_for_a_host),
		TEST(without_a_buffer_no_error_is_sent),
		TEST(a_long_echo_without_buffers_is_limited),
		TEST(noise_is_survived),
	};

	wr_test_eal(64);
	pool = wr_test_pool("icmp", 256, ROOM);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
