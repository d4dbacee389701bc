/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "ip_rig.h"

#define ASK_PEER    "arp who-has 198.18.0.2 tell 198.18.0.1"
#define DATAGRAM(n) "198.18.0.1:7 > 198.18.0.2:4000 udp (" #n ")"

/* Sends a datagram of `bytes` bytes to dst. */
static void send_to(uint32_t dst, uint32_t bytes, uint16_t *hint, uint64_t now_us)
{
	struct wr_ip_out to = {
		.src = US,
		.dst = dst,
		.proto = IPPROTO_UDP,
		.df = true,
		.cause = WR_CAUSE_udp_datagram,
		.hint = hint,
		.now_us = now_us,
	};
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct rte_udp_hdr *udp;

	assert_non_null(rte_pktmbuf_append(m, (uint16_t)(8 + bytes)));
	udp = rig_at(m, 0);
	memset(udp, 0, 8 + bytes);
	udp->src_port = RTE_BE16(7);
	udp->dst_port = RTE_BE16(4000);
	udp->dgram_len = rte_cpu_to_be_16((uint16_t)(8 + bytes));
	wr_ip_output(&rig.ip, m, &to);
}

static enum wr_verdict reply_from(uint32_t addr, const struct rte_ether_addr *mac, uint64_t now)
{
	return rig_feed_arp(&rig, RTE_ARP_OP_REPLY, mac, addr, US, now);
}

/* The Ethernet address that a frame to dst has now. */
static struct rte_ether_addr mac_of(uint32_t dst, uint64_t now_us)
{
	struct rte_ether_addr mac;
	struct rte_mbuf *m;

	send_to(dst, 1, NULL, now_us);
	m = rig_pop(&rig);
	assert_non_null(m);
	mac = ((struct rte_ether_hdr *)rig_at(m, 0))->dst_addr;
	rte_pktmbuf_free(m);
	return mac;
}

static void a_request_for_us_is_answered_in_its_own_buffer(void **state)
{
	struct wr_frame f;
	struct rte_mbuf *m = rig_arp(&rig, RTE_ARP_OP_REQUEST, &peer_mac, PEER, US2), *out;
	struct rte_arp_hdr *arp;

	((struct rte_ether_hdr *)rig_at(m, 0))->dst_addr = all_macs;
	rig_classify(&rig, &f, m);
	assert_int_equal(wr_arp_input(&rig.ip, &f, false, 0), WR_V_arp_request);
	assert_null(f.m);
	out = rig_pop(&rig);
	assert_ptr_equal(out, m);
	assert_int_equal(out->pkt_len, 42);
	arp = rig_at(out, 14);
	assert_int_equal(arp->arp_opcode, RTE_BE16(RTE_ARP_OP_REPLY));
	assert_int_equal(arp->arp_data.arp_sip, RTE_BE32(US2));
	assert_int_equal(arp->arp_data.arp_tip, RTE_BE32(PEER));
	assert_memory_equal(&arp->arp_data.arp_sha, &rig_mac, 6);
	assert_memory_equal(&arp->arp_data.arp_tha, &peer_mac, 6);
	assert_memory_equal(rig_at(out, 0), &peer_mac, 6);
	assert_memory_equal(rig_at(out, 6), &rig_mac, 6);
	assert_int_equal(rig.stats.cause[WR_CAUSE_arp_reply], 1);
	rte_pktmbuf_free(out);
}

static void a_range_answers_for_each_address_and_announces_its_first(void **state)
{
	struct wr_ip_conf conf = rig_conf;

	rig_close(&rig);
	conf.ranges = 1;
	conf.range[0] = (struct wr_ip_range) {ADDR(198, 18, 5, 1), ADDR(198, 18, 5, 99)};
	rig_open(&rig, &conf, pool);
	assert_int_equal(rig_feed_arp(&rig, RTE_ARP_OP_REQUEST, &peer_mac, PEER,
	                              ADDR(198, 18, 5, 42), 0),
	                 WR_V_arp_request);
	assert_string_equal(rig_out(&rig), "arp 198.18.5.42 is-at 02:00:00:00:00:01");
	assert_int_equal(rig_feed_arp(&rig, RTE_ARP_OP_REQUEST, &peer_mac, PEER,
	                              ADDR(198, 18, 5, 100), 0),
	                 WR_V_arp_request_other);
	wr_arp_announce(&rig.ip, 0);
	rte_pktmbuf_free(rig_pop(&rig));
	rte_pktmbuf_free(rig_pop(&rig));
	assert_string_equal(rig_out(&rig), "arp who-has 198.18.5.1 tell 198.18.5.1");
	assert_string_equal(rig_out(&rig), "");
}

static void whoever_asks_for_us_need_not_be_asked(void **state)
{
	rig_meet_peer(&rig, 0);
	send_to(PEER, 1, NULL, 1);
	assert_string_equal(rig_out(&rig), DATAGRAM(1));
	assert_int_equal(rig.stats.n[WR_STAT_arp_entries], 1);
}

static void a_packet_waits_for_the_answer(void **state)
{
	send_to(PEER, 1, NULL, 0);
	assert_false(wr_ip_is_resolved(&rig.ip, PEER));
	assert_string_equal(rig_out(&rig), ASK_PEER);
	assert_string_equal(rig_out(&rig), "");
	assert_int_equal(rig.stats.n[WR_STAT_arp_waiting], 1);
	rig_balance(&rig);
	assert_int_equal(reply_from(PEER, &peer_mac, 5), WR_V_arp_reply);
	assert_string_equal(rig_out(&rig), DATAGRAM(1));
	assert_true(wr_ip_is_resolved(&rig.ip, PEER));
	assert_int_equal(rig.stats.n[WR_STAT_arp_waiting], 0);
	assert_memory_equal(&(struct rte_ether_addr[]) {mac_of(PEER, 6)}, &peer_mac, 6);
}

static void of_many_waiting_packets_the_newest_are_kept(void **state)
{
	uint32_t n;

	for (n = 1; n <= 6; n++)
		send_to(PEER, n, NULL, 0);
	assert_string_equal(rig_out(&rig), ASK_PEER);
	assert_int_equal(rig.stats.n[WR_STAT_arp_dropped], 2);
	assert_int_equal(rig.stats.n[WR_STAT_arp_waiting], 4);
	rig_balance(&rig);
	reply_from(PEER, &peer_mac, 5);
	assert_string_equal(rig_out(&rig), DATAGRAM(3));
	assert_string_equal(rig_out(&rig), DATAGRAM(4));
	assert_string_equal(rig_out(&rig), DATAGRAM(5));
	assert_string_equal(rig_out(&rig), DATAGRAM(6));
	assert_string_equal(rig_out(&rig), "");
}

static void a_dead_host_is_asked_once_a_second_and_given_up(void **state)
{
	unsigned asked = 0;
	uint64_t now;

	for (now = 0; now < 3 * SECOND; now += SECOND / 100) {
		send_to(PEER, 1, NULL, now);
		wr_ip_tick(&rig.ip, now);
		while (strcmp(rig_out(&rig), ASK_PEER) == 0)
			asked++;
	}
	assert_int_equal(asked, 3);
	assert_int_equal(wr_ip_deadline(&rig.ip), 3 * SECOND);
	wr_ip_tick(&rig.ip, 3 * SECOND);
	assert_int_equal(rig.stats.n[WR_STAT_arp_waiting], 0);
	assert_int_equal(rig.stats.n[WR_STAT_arp_dropped], 300);
	assert_int_equal(wr_ip_deadline(&rig.ip), UINT64_MAX);
	assert_false(wr_ip_is_resolved(&rig.ip, PEER));
	send_to(PEER, 1, NULL, 4 * SECOND);
	assert_string_equal(rig_out(&rig), ASK_PEER); /* there is always another chance */
}

static void whoever_wants_to_send_can_ask_first_and_learns_of_a_dead_host(void **state)
{
	uint64_t t;

	assert_int_equal(wr_ip_resolve(&rig.ip, FAR + 1, 0), -EINPROGRESS); /* the gateway */
	assert_string_equal(rig_out(&rig), "arp who-has 198.18.0.254 tell 198.18.0.1");
	assert_int_equal(wr_ip_resolve(&rig.ip, US, 0), -ENETUNREACH);
	assert_int_equal(wr_ip_resolve(&rig.ip, PEER2, 0), -EINPROGRESS);
	assert_int_equal(wr_ip_resolve(&rig.ip, PEER2, 0), -EINPROGRESS);
	assert_string_equal(rig_out(&rig), "arp who-has 198.18.0.3 tell 198.18.0.1");
	assert_string_equal(rig_out(&rig), "");
	for (t = SECOND; t <= 3 * SECOND; t += SECOND) {
		assert_false(wr_ip_gave_up(&rig.ip, PEER2, 1));
		wr_ip_tick(&rig.ip, t);
		while (*rig_out(&rig))
			;
	}
	assert_true(wr_ip_gave_up(&rig.ip, PEER2, 3 * SECOND - 1));
	assert_false(wr_ip_gave_up(&rig.ip, PEER2, 3 * SECOND));
	assert_int_equal(wr_ip_resolve(&rig.ip, PEER2, t), -EHOSTUNREACH);
	assert_string_equal(rig_out(&rig), "arp who-has 198.18.0.3 tell 198.18.0.1");
	assert_int_equal(rig_feed_arp(&rig, RTE_ARP_OP_REPLY, &other_mac, PEER2, US, t),
	                 WR_V_arp_reply);
	assert_false(wr_ip_gave_up(&rig.ip, PEER2, 1));
	assert_int_equal(wr_ip_resolve(&rig.ip, PEER2, t), 0);
}

static void an_aged_entry_in_use_is_asked_itself_and_still_used(void **state)
{
	struct rte_mbuf *m;

	rig_meet_peer(&rig, 0);
	send_to(PEER, 1, NULL, 31 * SECOND);
	m = rig_pop(&rig);
	assert_memory_equal(rig_at(m, 0), &peer_mac, 6);
	rte_pktmbuf_free(m);
	assert_int_equal(rig.stats.cause[WR_CAUSE_arp_request], 1);
	assert_string_equal(rig_out(&rig), DATAGRAM(1));
	assert_int_equal(reply_from(PEER, &peer_mac, 31 * SECOND), WR_V_arp_reply);
	send_to(PEER, 1, NULL, 40 * SECOND);
	assert_int_equal(rig.stats.cause[WR_CAUSE_arp_request], 1);
	assert_string_equal(rig_out(&rig), DATAGRAM(1));
}

static void an_entry_that_no_longer_answers_is_not_used(void **state)
{
	struct rte_mbuf *m;

	rig_meet_peer(&rig, 0);
	send_to(PEER, 1, NULL, 31 * SECOND);
	wr_ip_tick(&rig.ip, 32 * SECOND);
	wr_ip_tick(&rig.ip, 33 * SECOND);
	assert_string_equal(rig_out(&rig), ASK_PEER);
	assert_string_equal(rig_out(&rig), DATAGRAM(1));
	assert_string_equal(rig_out(&rig), ASK_PEER);
	m = rig_pop(&rig); /* the last chance is a broadcast */
	assert_memory_equal(rig_at(m, 0), &all_macs, 6);
	rte_pktmbuf_free(m);
	wr_ip_tick(&rig.ip, 34 * SECOND);
	assert_false(wr_ip_is_resolved(&rig.ip, PEER));
	send_to(PEER, 2, NULL, 34 * SECOND);
	assert_string_equal(rig_out(&rig), ASK_PEER);
	assert_string_equal(rig_out(&rig), "");
}

static void a_suspect_is_asked_again_but_not_twice_a_second(void **state)
{
	rig_meet_peer(&rig, 0);
	wr_ip_suspect(&rig.ip, PEER, SECOND);
	wr_ip_suspect(&rig.ip, PEER, SECOND + 1);
	reply_from(PEER, &peer_mac, SECOND + 2);
	wr_ip_suspect(&rig.ip, PEER, SECOND + 3);
	assert_string_equal(rig_out(&rig), ASK_PEER);
	assert_string_equal(rig_out(&rig), "");
	wr_ip_suspect(&rig.ip, PEER, 2 * SECOND);
	assert_string_equal(rig_out(&rig), ASK_PEER);
	wr_ip_suspect(&rig.ip, PEER2, 2 * SECOND); /* nobody knows it: nothing to ask again */
	assert_string_equal(rig_out(&rig), "");
}

static void the_gateway_is_asked_for_far_hosts(void **state)
{
	send_to(FAR, 1, NULL, 0);
	assert_string_equal(rig_out(&rig), "arp who-has 198.18.0.254 tell 198.18.0.1");
	reply_from(GATEWAY, &other_mac, 1);
	assert_string_equal(rig_out(&rig), "198.18.0.1:7 > 198.19.5.5:4000 udp (1)");
	assert_true(wr_ip_is_resolved(&rig.ip, FAR));
}

static void without_a_route_a_packet_is_dropped_and_counted(void **state)
{
	rig.ip.conf.gateway = 0;
	send_to(FAR, 1, NULL, 0);
	send_to(US2, 1, NULL, 0); /* what is for ourselves does not go to a wire */
	assert_string_equal(rig_out(&rig), "");
	assert_int_equal(rig.stats.n[WR_STAT_arp_dropped], 2);
	rig_balance(&rig);
}

static void a_second_network_asks_from_its_own_address(void **state)
{
	send_to(ADDR(198, 18, 1, 9), 1, NULL, 0);
	assert_string_equal(rig_out(&rig), "arp who-has 198.18.1.9 tell 198.18.1.1");
}

static void replies_that_nobody_asked_for_change_nothing(void **state)
{
	assert_int_equal(reply_from(PEER, &peer_mac, 0), WR_V_arp_unsolicited);
	assert_int_equal(rig.stats.n[WR_STAT_arp_entries], 0);
	rig_meet_peer(&rig, 0);
	assert_int_equal(reply_from(PEER, &other_mac, 1), WR_V_arp_unsolicited);
	assert_memory_equal(&(struct rte_ether_addr[]) {mac_of(PEER, 2)}, &peer_mac, 6);
}

static void announcements_update_only_what_is_stale(void **state)
{
	rig_meet_peer(&rig, 0);
	assert_int_equal(rig_feed_arp(&rig, RTE_ARP_OP_REQUEST, &other_mac, PEER, PEER, 1),
	                 WR_V_arp_unsolicited);
	assert_memory_equal(&(struct rte_ether_addr[]) {mac_of(PEER, 2)}, &peer_mac, 6);
	assert_int_equal(
		rig_feed_arp(&rig, RTE_ARP_OP_REQUEST, &other_mac, PEER, PEER, 31 * SECOND),
		WR_V_arp_unsolicited);
	assert_memory_equal(&(struct rte_ether_addr[]) {mac_of(PEER, 31 * SECOND)}, &other_mac,
	                    6);
	rig_feed_arp(&rig, RTE_ARP_OP_REQUEST, &other_mac, PEER2, PEER2, 31 * SECOND);
	assert_int_equal(rig.stats.n[WR_STAT_arp_entries], 1);
}

static void requests_for_others_are_theirs(void **state)
{
	assert_int_equal(rig_feed_arp(&rig, RTE_ARP_OP_REQUEST, &peer_mac, PEER, PEER2, 0),
	                 WR_V_arp_request_other);
	assert_int_equal(rig.stats.n[WR_STAT_arp_entries], 0);
	assert_string_equal(rig_out(&rig), "");
}

static void a_probe_for_our_address_is_answered_and_not_learnt(void **state)
{
	assert_int_equal(rig_feed_arp(&rig, RTE_ARP_OP_REQUEST, &peer_mac, 0, US, 0),
	                 WR_V_arp_request);
	assert_string_equal(rig_out(&rig), "arp 198.18.0.1 is-at 02:00:00:00:00:01");
	assert_int_equal(rig.stats.n[WR_STAT_arp_entries], 0);
}

static void a_conflict_is_answered_once_in_ten_seconds(void **state)
{
	uint64_t now;
	unsigned said = 0;

	for (now = 0; now < 21 * SECOND; now += SECOND) {
		assert_int_equal(
			rig_feed_arp(&rig, RTE_ARP_OP_REPLY, &other_mac, US, PEER, now),
			WR_V_arp_conflict);
		while (strcmp(rig_out(&rig), "arp who-has 198.18.0.1 tell 198.18.0.1") == 0)
			said++;
	}
	assert_int_equal(said, 3);
	assert_int_equal(rig_feed_arp(&rig, RTE_ARP_OP_REQUEST, &rig_mac, US, US, now),
	                 WR_V_arp_unsolicited); /* our own announcement, come back */
}

static void malformed_packets_are_refused(void **state)
{
	static const unsigned byte[] = {14 + 1, 14 + 2, 14 + 4, 14 + 5, 14 + 7, 14 + 8};
	struct wr_frame f;
	unsigned i;

	for (i = 0; i < WR_LEN(byte) + 1; i++) {
		struct rte_mbuf *m = rig_arp(&rig, RTE_ARP_OP_REQUEST, &peer_mac, PEER, US);

		if (i < WR_LEN(byte))
			*(uint8_t *)rig_at(m, byte[i]) ^= 0x41;
		else
			rte_pktmbuf_trim(m, 19); /* one byte short */
		rig_classify(&rig, &f, m);
		assert_int_equal(wr_arp_input(&rig.ip, &f, false, 0), WR_V_arp_malformed);
		rte_pktmbuf_free(f.m);
	}
	assert_int_equal(rig_feed_arp(&rig, RTE_ARP_OP_REQUEST, &all_macs, PEER, US, 0),
	                 WR_V_arp_malformed);
	assert_int_equal(
		rig_feed_arp(&rig, RTE_ARP_OP_REQUEST, &peer_mac, ADDR(224, 0, 0, 1), US, 0),
		WR_V_arp_malformed);
}

static void news_teach_but_are_not_answered(void **state)
{
	struct wr_frame f;

	send_to(PEER, 1, NULL, 0);
	rig_out(&rig);
	rig_classify(&rig, &f, rig_arp(&rig, RTE_ARP_OP_REPLY, &peer_mac, PEER, US));
	assert_int_equal(wr_arp_input(&rig.ip, &f, true, 1), WR_V_arp_news);
	rte_pktmbuf_free(f.m);
	assert_string_equal(rig_out(&rig), DATAGRAM(1));
	rig_classify(&rig, &f, rig_arp(&rig, RTE_ARP_OP_REQUEST, &other_mac, PEER2, US));
	assert_int_equal(wr_arp_input(&rig.ip, &f, true, 1), WR_V_arp_news);
	rte_pktmbuf_free(f.m);
	assert_string_equal(rig_out(&rig), "");
	assert_int_equal(rig.stats.n[WR_STAT_arp_entries], 2);
	send_to(PEER2, 2, NULL, 1);
	assert_string_equal(rig_out(&rig), "198.18.0.1:7 > 198.18.0.3:4000 udp (2)");
}

static void a_full_table_evicts_who_was_not_used_longest(void **state)
{
	uint16_t hint = 0;
	uint32_t i;

	for (i = 0; i < 8; i++) {
		send_to(ADDR(198, 18, 0, 10 + i), 1, NULL, i);
		reply_from(ADDR(198, 18, 0, 10 + i), &peer_mac, i);
	}
	send_to(ADDR(198, 18, 0, 10), 1, &hint, 3 * SECOND); /* used again */
	while (*rig_out(&rig) != '\0')
		;
	send_to(ADDR(198, 18, 0, 20), 1, NULL, 3 * SECOND);
	assert_int_equal(rig.stats.n[WR_STAT_arp_evicted], 1);
	assert_int_equal(rig.stats.n[WR_STAT_arp_entries], 8);
	rig_out(&rig);
	send_to(ADDR(198, 18, 0, 10), 1, &hint, 3 * SECOND);
	assert_string_equal(rig_out(&rig), "198.18.0.1:7 > 198.18.0.10:4000 udp (1)");
	send_to(ADDR(198, 18, 0, 11), 1, NULL, 3 * SECOND); /* the evicted one */
	assert_string_equal(rig_out(&rig), "arp who-has 198.18.0.11 tell 198.18.0.1");
}

static void askers_do_not_push_out_who_is_in_use(void **state)
{
	uint32_t i;

	for (i = 0; i < 8; i++) {
		send_to(ADDR(198, 18, 0, 10 + i), 1, NULL, i);
		reply_from(ADDR(198, 18, 0, 10 + i), &peer_mac, i);
	}
	for (i = 0; i < 100; i++)
		rig_feed_arp(&rig, RTE_ARP_OP_REQUEST, &other_mac, ADDR(198, 18, 0, 100 + i),
		             US, SECOND);
	assert_int_equal(rig.stats.n[WR_STAT_arp_evicted], 0);
	rig_feed_arp(&rig, RTE_ARP_OP_REQUEST, &other_mac, ADDR(198, 18, 0, 100), US,
	             9 * SECOND);
	assert_int_equal(rig.stats.n[WR_STAT_arp_evicted], 1);
}

/* An evicted entry gives up the packets that wait for it, and its place in the queue. */
static void evicting_who_is_asked_leaves_nothing_behind(void **state)
{
	uint32_t i;

	for (i = 0; i < 200; i++)
		send_to(ADDR(198, 18, 0, 10 + i), 1, NULL, i);
	assert_int_equal(rig.stats.n[WR_STAT_arp_waiting], 8);
	assert_int_equal(rig.stats.n[WR_STAT_arp_dropped], 192);
	rig_balance(&rig);
	for (i = 1; i < 9; i++)
		wr_ip_tick(&rig.ip, i * SECOND);
	assert_int_equal(rig.stats.n[WR_STAT_arp_waiting], 0);
	assert_int_equal(wr_ip_deadline(&rig.ip), UINT64_MAX);
}

static void a_hint_is_remembered_and_checked(void **state)
{
	uint16_t hint = 7;

	rig_meet_peer(&rig, 0);
	send_to(PEER, 1, &hint, 0);
	assert_string_equal(rig_out(&rig), DATAGRAM(1));
	assert_int_not_equal(hint, 7);
	hint = UINT16_MAX;
	send_to(PEER, 1, &hint, 0);
	assert_string_equal(rig_out(&rig), DATAGRAM(1));
}

static void every_address_is_announced(void **state)
{
	struct rte_mbuf *m;

	wr_arp_announce(&rig.ip, 0);
	m = rig_pop(&rig);
	assert_memory_equal(rig_at(m, 0), &all_macs, 6);
	rte_pktmbuf_free(m);
	assert_string_equal(rig_out(&rig), "arp who-has 198.18.1.1 tell 198.18.1.1");
	assert_int_equal(rig.stats.cause[WR_CAUSE_arp_announce], 2);
}

static void without_a_buffer_nothing_is_asked_and_a_failure_counted(void **state)
{
	struct rte_mbuf *hoard[512];
	unsigned n = 0;

	rig_meet_peer(&rig, 0);
	while ((hoard[n] = rte_pktmbuf_alloc(pool)) != NULL)
		n++;
	wr_ip_suspect(&rig.ip, PEER, SECOND);
	assert_int_equal(rig.stats.n[WR_STAT_mbuf_alloc_failed], 1);
	rte_pktmbuf_free_bulk(hoard, n);
	wr_ip_tick(&rig.ip, 2 * SECOND);
	assert_string_equal(rig_out(&rig), ASK_PEER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)
		TEST(a_request_for_us_is_answered_in_its_own_buffer),
		TEST(a_range_answers_for_each_address_and_announces_its_first),
		TEST(whoever_asks_for_us_need_not_be_asked),
		TEST(a_packet_waits_for_the_answer),
		TEST(of_many_waiting_packets_the_newest_are_kept),
		TEST(a_dead_host_is_asked_once_a_second_and_given_up),
		TEST(whoever_wants_to_send_can_ask_first_and_learns_of_a_dead_host),
		TEST(an_aged_entry_in_use_is_asked_itself_and_still_used),
		TEST(an_entry_that_no_longer_answers_is_not_used),
		TEST(a_suspect_is_asked_again_but_not_twice_a_second),
		TEST(the_gateway_is_asked_for_far_hosts),
		TEST(without_a_route_a_packet_is_dropped_and_counted),
		TEST(a_second_network_asks_from_its_own_address),
		TEST(replies_that_nobody_asked_for_change_nothing),
		TEST(announcements_update_only_what_is_stale),
		TEST(requests_for_others_are_theirs),
		TEST(a_probe_for_our_address_is_answered_and_not_learnt),
		TEST(a_conflict_is_answered_once_in_ten_seconds),
		TEST(malformed_packets_are_refused),
		TEST(news_teach_but_are_not_answered),
		TEST(a_full_table_evicts_who_was_not_used_longest),
		TEST(askers_do_not_push_out_who_is_in_use),
		TEST(evicting_who_is_asked_leaves_nothing_behind),
		TEST(a_hint_is_remembered_and_checked),
		TEST(every_address_is_announced),
		TEST(without_a_buffer_nothing_is_asked_and_a_failure_counted),
	};

	wr_test_eal(64);
	pool = wr_test_pool("arp", 256, ROOM);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
