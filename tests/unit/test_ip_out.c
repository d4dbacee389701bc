/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "ip_rig.h"

/* A transport header and `bytes` bytes of text in all, in buffers of `step`. */
static struct rte_mbuf *payload(uint32_t bytes, uint32_t step)
{
	struct rte_mbuf *head = NULL, *m;
	uint32_t off;

	for (off = 0; off < bytes; off += step) {
		uint32_t part = off + step < bytes ? step : bytes - off, i;

		m = rte_pktmbuf_alloc(pool);
		assert_non_null(m);
		assert_non_null(rte_pktmbuf_append(m, (uint16_t)part));
		for (i = 0; i < part; i++)
			*(uint8_t *)rig_at(m, i) = (uint8_t)wr_prng_u64(&rig.prng);
		if (head == NULL)
			head = m;
		else
			rte_pktmbuf_chain(head, m);
	}
	return head;
}

static const struct wr_ip_out tcp_to_peer = {
	.src = US,
	.dst = PEER,
	.proto = IPPROTO_TCP,
	.tos = 0x2a,
	.df = true,
	.cause = WR_CAUSE_tcp_data,
};

static const struct wr_ip_out udp_to_peer = {
	.src = US,
	.dst = PEER,
	.proto = IPPROTO_UDP,
	.cause = WR_CAUSE_udp_datagram,
};

static uint16_t sum_of(struct rte_mbuf *m, uint8_t proto)
{
	uint32_t bytes = m->pkt_len - 34;
	uint8_t *copy = malloc(bytes + 1);
	uint64_t sum;

	wr_chain_copy(copy, m, 34, bytes);
	sum = rte_raw_cksum(copy, bytes) + (uint64_t)RTE_BE32(US) + RTE_BE32(PEER) +
	      rte_cpu_to_be_16(proto) + rte_cpu_to_be_16((uint16_t)bytes);
	free(copy);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void a_segment_gets_its_headers(void **state)
{
	struct rte_mbuf *m = payload(120, 1000), *out;
	const uint8_t *text = rig_at(m, 20);
	struct rte_ipv4_hdr *h;

	wr_ip_output(&rig.ip, m, &tcp_to_peer);
	out = rig_pop(&rig);
	assert_ptr_equal(out, m);
	assert_ptr_equal(rig_at(out, 54), text); /* not moved */
	assert_memory_equal(rig_at(out, 0), &peer_mac, 6);
	assert_memory_equal(rig_at(out, 6), &rig_mac, 6);
	h = rig_at(out, 14);
	assert_int_equal(h->version_ihl, 0x45);
	assert_int_equal(h->type_of_service, 0x2a);
	assert_int_equal(h->total_length, RTE_BE16(140));
	assert_int_equal(h->fragment_offset, RTE_BE16(RTE_IPV4_HDR_DF_FLAG));
	assert_int_equal(h->time_to_live, 64);
	assert_int_equal(rte_raw_cksum(h, 20), 0xffff);
	assert_int_equal(sum_of(out, IPPROTO_TCP), 0xffff);
	assert_int_equal(out->ol_flags, 0);
	assert_int_equal(rig.stats.cause[WR_CAUSE_tcp_data], 1);
	rte_pktmbuf_free(out);
}

static void software_sums_are_right_for_every_length_and_chain(void **state)
{
	uint32_t bytes, step;

	for (bytes = 20; bytes < 200; bytes += 3) {
		for (step = 20; step < 64; step++) {
			struct rte_mbuf *out;

			wr_ip_output(&rig.ip, payload(bytes, step), &tcp_to_peer);
			out = rig_pop(&rig);
			assert_int_equal(sum_of(out, IPPROTO_TCP), 0xffff);
			rte_pktmbuf_free(out);
		}
	}
}

static void offloads_leave_the_pseudo_header_sum(void **state)
{
	struct rte_mbuf *m = payload(100, 1000), *out;
	struct rte_tcp_hdr *tcp;

	rig.ip.conf.tx_ip_cksum = true;
	rig.ip.conf.tx_tcp_cksum = true;
	m->ol_flags = RTE_MBUF_F_RX_L4_CKSUM_GOOD | RTE_MBUF_F_RX_RSS_HASH;
	wr_ip_output(&rig.ip, m, &tcp_to_peer);
	out = rig_pop(&rig);
	assert_int_equal(out->ol_flags,
	                 RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM);
	assert_int_equal(out->l2_len, 14);
	assert_int_equal(out->l3_len, 20);
	tcp = rig_at(out, 34);
	assert_int_equal(((struct rte_ipv4_hdr *)rig_at(out, 14))->hdr_checksum, 0);
	assert_int_equal(tcp->cksum, rte_ipv4_phdr_cksum(rig_at(out, 14), out->ol_flags));
	rte_pktmbuf_free(out);
}

static void only_the_transport_that_the_port_sums_is_left_to_it(void **state)
{
	struct rte_mbuf *out;

	rig.ip.conf.tx_udp_cksum = true; /* virtio: UDP and TCP, but not the IPv4 header */
	wr_ip_output(&rig.ip, payload(100, 1000), &tcp_to_peer);
	out = rig_pop(&rig);
	assert_int_equal(out->ol_flags, 0);
	rte_pktmbuf_free(out);
	wr_ip_output(&rig.ip, payload(100, 1000), &udp_to_peer);
	out = rig_pop(&rig);
	assert_int_equal(out->ol_flags, RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM);
	assert_int_equal(rte_raw_cksum(rig_at(out, 14), 20), 0xffff);
	assert_int_equal(((struct rte_udp_hdr *)rig_at(out, 34))->dgram_cksum,
	                 rte_ipv4_phdr_cksum(rig_at(out, 14), out->ol_flags));
	rte_pktmbuf_free(out);
}

/* The sender keeps a reference and its own note of where the text is. */
static void a_buffer_can_be_sent_again(void **state)
{
	struct rte_mbuf *m = payload(100, 1000), *out;
	uint16_t text_off = m->data_off;
	unsigned i;

	for (i = 0; i < 3; i++) {
		rte_mbuf_refcnt_update(m, 1);
		m->data_off = text_off;
		m->data_len = 100;
		m->pkt_len = 100;
		wr_ip_output(&rig.ip, m, &tcp_to_peer);
		out = rig_pop(&rig);
		assert_int_equal(out->pkt_len, 134);
		assert_int_equal(sum_of(out, IPPROTO_TCP), 0xffff);
		rte_pktmbuf_free(out);
	}
	rte_pktmbuf_free(m);
}

static void a_udp_checksum_of_zero_is_sent_as_ones(void **state)
{
	struct rte_mbuf *m = payload(10, 100), *out;
	struct rte_udp_hdr *udp = rig_at(m, 0);
	uint32_t last;

	for (last = 0; last < 65536; last++) {
		memset(udp, 0, 8);
		*(uint16_t *)rig_at(m, 8) = (uint16_t)last;
		rte_mbuf_refcnt_update(m, 1);
		wr_ip_output(&rig.ip, m, &udp_to_peer);
		out = rig_pop(&rig);
		assert_int_not_equal(((struct rte_udp_hdr *)rig_at(out, 34))->dgram_cksum, 0);
		assert_int_equal(sum_of(out, IPPROTO_UDP), 0xffff);
		rte_pktmbuf_adj(m, 34);
		rte_pktmbuf_free(out);
	}
	rte_pktmbuf_free(m);
}

static void the_time_to_live_can_be_chosen(void **state)
{
	struct wr_ip_out to = tcp_to_peer;
	struct rte_mbuf *out;

	to.ttl = 9;
	wr_ip_output(&rig.ip, payload(20, 100), &to);
	out = rig_pop(&rig);
	assert_int_equal(((struct rte_ipv4_hdr *)rig_at(out, 14))->time_to_live, 9);
	rte_pktmbuf_free(out);
}

/* Puts fragments together by their offsets; returns the bytes of payload. */
static uint32_t gather(uint8_t *all, uint16_t mtu, unsigned *frames)
{
	uint32_t bytes = 0, end = 0;
	struct rte_mbuf *out;
	uint16_t id = 0;

	for (*frames = 0; (out = rig_pop(&rig)) != NULL; (*frames)++) {
		struct rte_ipv4_hdr *h = rig_at(out, 14);
		uint16_t where = rte_be_to_cpu_16(h->fragment_offset);
		uint32_t part = rte_be_to_cpu_16(h->total_length) - 20u;

		assert_true(out->pkt_len <= mtu + 14u);
		assert_int_equal(out->nb_segs, 1);
		assert_int_equal(out->pkt_len, part + 34);
		assert_int_equal(rte_raw_cksum(h, 20), 0xffff);
		if (*frames == 0)
			id = h->packet_id;
		assert_int_equal(h->packet_id, id);
		assert_int_equal((where & 0x1fff) * 8, bytes); /* in order */
		memcpy(all + bytes, rig_at(out, 34), part);
		bytes += part;
		if ((where & RTE_IPV4_HDR_MF_FLAG) == 0)
			end = bytes;
		rte_pktmbuf_free(out);
	}
	assert_int_equal(end, bytes);
	return bytes;
}

static void long_datagrams_are_cut_and_sum_up(void **state)
{
	static const uint16_t mtus[] = {576, 1280, 1500};
	static const uint32_t sizes[] = {1481, 1488, 2960, 2961, 9000, 65515};
	static uint8_t got[65536], want[65536];
	unsigned i, j, frames;

	for (i = 0; i < WR_LEN(mtus); i++) {
		for (j = 0; j < WR_LEN(sizes); j++) {
			uint32_t step = (mtus[i] - 20u) & ~7u;
			struct rte_mbuf *m = payload(sizes[j], 1999);
			uint64_t before = rig.stats.cause[WR_CAUSE_ip_fragment];

			wr_chain_copy(want, m, 0, sizes[j]);
			rig.ip.conf.mtu = mtus[i];
			wr_ip_output(&rig.ip, m, &udp_to_peer);
			assert_int_equal(gather(got, mtus[i], &frames), sizes[j]);
			assert_int_equal(frames, (sizes[j] + step - 1) / step);
			assert_int_equal(rig.stats.cause[WR_CAUSE_ip_fragment] - before,
			                 frames - 1);
			assert_memory_equal(got, want, 6);
			assert_memory_equal(got + 8, want + 8, sizes[j] - 8);
			rig_balance(&rig);
		}
	}
}

static void a_chain_is_copied_where_the_port_cannot_send_it(void **state)
{
	struct rte_mbuf *out;

	rig.ip.conf.multi_segs = false;
	wr_ip_output(&rig.ip, payload(300, 100), &tcp_to_peer);
	out = rig_pop(&rig);
	assert_int_equal(out->nb_segs, 1);
	assert_int_equal(out->pkt_len, 334);
	assert_int_equal(((struct rte_ipv4_hdr *)rig_at(out, 14))->fragment_offset,
	                 RTE_BE16(RTE_IPV4_HDR_DF_FLAG));
	assert_int_equal(sum_of(out, IPPROTO_TCP), 0xffff);
	assert_int_equal(rig.stats.cause[WR_CAUSE_ip_fragment], 0);
	rte_pktmbuf_free(out);
}

static void what_may_not_be_cut_is_dropped_and_counted(void **state)
{
	wr_ip_output(&rig.ip, payload(1481, 2000), &tcp_to_peer);
	assert_string_equal(rig_out(&rig), "");
	assert_int_equal(rig.stats.n[WR_STAT_tx_dropped], 1);
	rig_balance(&rig);
}

static void without_buffers_for_all_fragments_none_is_sent(void **state)
{
	struct rte_mbuf *m = payload(9000, 2000), *hoard[1024];
	unsigned n = 0;

	while ((hoard[n] = rte_pktmbuf_alloc(pool)) != NULL)
		n++;
	rte_pktmbuf_free(hoard[--n]);
	wr_ip_output(&rig.ip, m, &udp_to_peer);
	assert_string_equal(rig_out(&rig), "");
	assert_int_equal(rig.stats.n[WR_STAT_mbuf_alloc_failed], 7);
	rig_balance(&rig);
	rte_pktmbuf_free_bulk(hoard, n);
}

static void identifications_come_once_in_65536_and_in_no_order(void **state)
{
	static uint8_t seen[65536];
	struct rte_mbuf *m = payload(8, 100), *out;
	unsigned i, successors = 0;
	uint16_t last = 0;

	for (i = 0; i < 65536; i++) {
		uint16_t id;

		rte_mbuf_refcnt_update(m, 1);
		wr_ip_output(&rig.ip, m, &udp_to_peer);
		out = rig_pop(&rig);
		id = rte_be_to_cpu_16(((struct rte_ipv4_hdr *)rig_at(out, 14))->packet_id);
		assert_int_equal(seen[id]++, 0);
		successors += (uint16_t)(id - last) < 16;
		last = id;
		rte_pktmbuf_adj(m, 34);
		rte_pktmbuf_free(out);
	}
	rte_pktmbuf_free(m);
	assert_true(successors < 200);
}

/* RFC 6864 section 4.1: they are atomic, and would only tell how many were sent. */
static void packets_with_df_have_no_identification(void **state)
{
	struct rte_mbuf *out;

	for (unsigned i = 0; i < 3; i++) {
		wr_ip_output(&rig.ip, payload(100, 1000), &tcp_to_peer);
		out = rig_pop(&rig);
		assert_int_equal(((struct rte_ipv4_hdr *)rig_at(out, 14))->packet_id, 0);
		rte_pktmbuf_free(out);
	}
}

static void a_full_queue_drops_and_counts(void **state)
{
	struct rte_mbuf *m = payload(20, 100);
	unsigned i;

	for (i = 0; i < WR_OUTQ_SLOTS + 5; i++) {
		rte_mbuf_refcnt_update(m, 1);
		wr_ip_enqueue(&rig.ip, m, WR_CAUSE_tcp_ack);
	}
	assert_int_equal(wr_ip_out_room(&rig.ip), 0);
	assert_int_equal(rig.stats.n[WR_STAT_tx_dropped], 5);
	assert_int_equal(rte_mbuf_refcnt_read(m), WR_OUTQ_SLOTS + 1);
	rig_balance(&rig);
	rte_pktmbuf_free(m);
}

static void routes_and_addresses(void **state)
{
	assert_int_equal(wr_ip_source_for(&rig.ip, PEER), US);
	assert_int_equal(wr_ip_source_for(&rig.ip, ADDR(198, 18, 1, 7)), US2);
	assert_int_equal(wr_ip_source_for(&rig.ip, FAR), US);
	assert_true(wr_ip_is_local(&rig.ip, US2));
	assert_false(wr_ip_is_local(&rig.ip, PEER));
	assert_true(wr_ip_is_reachable(&rig.ip, PEER));
	assert_true(wr_ip_is_reachable(&rig.ip, FAR));
	assert_false(wr_ip_is_reachable(&rig.ip, US));
	assert_false(wr_ip_is_reachable(&rig.ip, 0));
	assert_false(wr_ip_is_reachable(&rig.ip, ADDR(255, 255, 255, 255)));
	assert_false(wr_ip_is_reachable(&rig.ip, ADDR(224, 0, 0, 1)));
	assert_false(wr_ip_is_reachable(&rig.ip, ADDR(198, 18, 0, 255)));
	assert_false(wr_ip_is_reachable(&rig.ip, ADDR(127, 0, 0, 1)));
	rig.ip.conf.gateway = 0;
	assert_false(wr_ip_is_reachable(&rig.ip, FAR));
	assert_int_equal(wr_ip_source_for(&rig.ip, FAR), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig_with_peer, close_rig)
		TEST(a_segment_gets_its_headers),
		TEST(software_sums_are_right_for_every_length_and_chain),
		TEST(offloads_leave_the_pseudo_header_sum),
		TEST(only_the_transport_that_the_port_sums_is_left_to_it),
		TEST(a_buffer_can_be_sent_again),
		TEST(a_udp_checksum_of_zero_is_sent_as_ones),
		TEST(the_time_to_live_can_be_chosen),
		TEST(long_datagrams_are_cut_and_sum_up),
		TEST(a_chain_is_copied_where_the_port_cannot_send_it),
		TEST(what_may_not_be_cut_is_dropped_and_counted),
		TEST(without_buffers_for_all_fragments_none_is_sent),
		TEST(identifications_come_once_in_65536_and_in_no_order),
		TEST(packets_with_df_have_no_identification),
		TEST(a_full_queue_drops_and_counts),
		TEST(routes_and_addresses),
	};

	wr_test_eal(64);
	pool = wr_test_pool("ip_out", 512, ROOM);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
