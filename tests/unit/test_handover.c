/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_ip.h>

#include "stack_rig.h"

static unsigned to_the_last_core(const struct rte_mbuf *m, unsigned cores)
{
	return cores - 1;
}

static void frames_on_the_wrong_core_reach_the_owner(void **state)
{
	struct wire *wire = serve(3);
	struct seen seen[20] = {0};
	struct wr_stats sum;

	wire->host[SERVER].steer = to_the_last_core;
	for (unsigned i = 0; i < WR_LEN(seen); i++) {
		struct wr_tcb *c = connect_to(wire, CLIENT, 0, SERVER_ADDR, 7, &seen[i]);

		wire_run(wire, WR_MS(20));
		assert_int_equal(seen[i].opened, 1);
		send_bytes(wire, CLIENT, 0, c, 1000);
		wire_run(wire, WR_MS(20));
		assert_int_equal(seen[i].bytes, 1000);
	}
	for (unsigned core = 0; core < 3; core++)
		assert_int_not_equal(
			wire->host[SERVER].stats[core].n[WR_STAT_tcp_passive_opens], 0);
	wire_stats(wire, SERVER, &sum);
	assert_int_not_equal(sum.n[WR_STAT_rx_handed_in], 0);
	wire_free(wire);
}

static void a_hash_of_the_nic_names_the_owner(void **state)
{
	struct wire *wire;
	struct wr_stack_conf conf;
	struct craft_tcp syn = {.sport = 4000, .dport = 7, .flags = 0x02, .wnd = 1000};
	struct rte_mbuf *m;

	wire_conf(&conf, SERVER);
	conf.hash_is_ours = true;
	wire = wire_new(&conf, 2, 1023, 1023);
	for (unsigned entry = 0; entry < 2; entry++) {
		m = craft_tcp(wire->host[SERVER].pool, &from_client, &syn);
		m->hash.rss = entry;
		m->ol_flags |= RTE_MBUF_F_RX_RSS_HASH;
		wire_inject(wire, SERVER, 0, m);
		assert_int_equal(verdict(wire, SERVER, 0, WR_V_core_handed_over), entry);
	}
	wire_run(wire, WR_MS(1));
	wire_free(wire);
}

static void a_full_inbox_is_counted_and_costs_no_buffer(void **state)
{
	struct wire *wire = serve(2);
	struct craft_tcp syn = {.dport = 9, .flags = 0x02, .wnd = 1000};
	uint64_t over = 0, full = 0;

	for (uint16_t port = 1; port < 12000 && full < 10; port++) {
		syn.sport = port;
		wire_inject(wire, SERVER, 0,
		            craft_tcp(wire->host[SERVER].pool, &from_client, &syn));
		while (wr_stack_tick(wire->host[SERVER].core[0], wire->now_ns)) {
			struct rte_mbuf *m[WR_STACK_BURST];
			unsigned n =
				wr_stack_output(wire->host[SERVER].core[0], m, WR_STACK_BURST);

			rte_pktmbuf_free_bulk(m, n);
		}
		over = verdict(wire, SERVER, 0, WR_V_core_handed_over);
		full = verdict(wire, SERVER, 0, WR_V_core_handover_full);
	}
	assert_int_equal(full, 10);
	assert_true(over >= 1024);
	wire_run(wire, WR_S(2));
	assert_int_equal(wire->host[SERVER].stats[1].n[WR_STAT_rx_handed_in],
	                 over + verdict(wire, SERVER, 1, WR_V_arp_news));
	wire_free(wire);
}

static void arp_news_reach_all_cores(void **state)
{
	struct wire *wire = serve(3);
	struct craft_path nine = from_client;
	uint64_t before;
	struct seen seen[2] = {0};

	before = verdict(wire, SERVER, 2, WR_V_arp_news);
	nine.src = 0xc6120009;
	nine.smac.addr_bytes[5] = 9;
	wire_inject(wire, SERVER, 1,
	            craft_arp(wire->host[SERVER].pool, &from_client, RTE_ARP_OP_REQUEST));
	wire_run(wire, WR_MS(1));
	assert_int_equal(verdict(wire, SERVER, 0, WR_V_arp_news), 1);
	assert_int_equal(verdict(wire, SERVER, 1, WR_V_arp_request), 1);
	assert_int_equal(verdict(wire, SERVER, 2, WR_V_arp_news), before + 1);

	/* Two cores ask; both answers come to core 0. */
	connect_to(wire, SERVER, 1, 0xc6120009, 7, &seen[0]);
	connect_to(wire, SERVER, 2, 0xc6120009, 7, &seen[1]);
	wire_run(wire, WR_MS(1));
	assert_int_equal(wire->host[SERVER].stats[1].n[WR_STAT_arp_waiting], 1);
	assert_int_equal(wire->host[SERVER].stats[2].n[WR_STAT_arp_waiting], 1);
	wire_inject(wire, SERVER, 0,
	            craft_arp(wire->host[SERVER].pool, &nine, RTE_ARP_OP_REPLY));
	wire_run(wire, WR_MS(1));
	assert_int_equal(wire->host[SERVER].stats[1].n[WR_STAT_arp_waiting], 0);
	assert_int_equal(wire->host[SERVER].stats[2].n[WR_STAT_arp_waiting], 0);
	wire_free(wire);
}

/* Keeps the last TCP frame that the server sent. */
struct capture {
	struct rte_mempool *pool;
	struct rte_mbuf *last;
};

static bool keep_last_tcp(void *ctx, unsigned to, const struct rte_mbuf *m)
{
	struct capture *capture = ctx;
	const struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, void *, sizeof(struct rte_ether_hdr));
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, void *);

	if (to != CLIENT || eth->ether_type != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) ||
	    ip->next_proto_id != IPPROTO_TCP)
		return true;
	rte_pktmbuf_free(capture->last);
	capture->last = rte_pktmbuf_copy(m, capture->pool, 0, UINT32_MAX);
	return false;
}

static void an_icmp_error_reaches_the_owner_of_the_quoted_flow(void **state)
{
	struct wire *wire = serve(2);
	struct capture capture = {.pool = wire->host[CLIENT].pool};
	struct seen seen = {0};

	wire->pass = keep_last_tcp;
	wire->ctx = &capture;
	connect_to(wire, SERVER, 1, CLIENT_ADDR, 4242, &seen);
	wire_run(wire, WR_MS(10));
	assert_non_null(capture.last);
	wire_inject(wire, SERVER, 0,
	            craft_icmp_error(wire->host[SERVER].pool, &from_client, 3, 3, 0,
	                             capture.last, 28));
	wire_run(wire, WR_MS(10));
	assert_int_equal(verdict(wire, SERVER, 0, WR_V_core_handed_over), 1);
	assert_int_equal(verdict(wire, SERVER, 1, WR_V_icmp_error_hard), 1);
	assert_int_equal(seen.closed, 1);
	assert_int_equal(seen.reason, WR_REASON_unreachable);
	rte_pktmbuf_free(capture.last);
	wire_free(wire);
}

static unsigned in_turn(const struct rte_mbuf *m, unsigned cores)
{
	const struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, void *, sizeof(struct rte_ether_hdr));

	return (rte_be_to_cpu_16(ip->fragment_offset) & 0x1fff) / 100 % cores;
}

static enum wr_verdict count_bytes(struct wr_udp *udp, struct rte_mbuf *m,
                                   const struct wr_tuple *from, uint8_t tos, void *user,
                                   uint64_t now_us)
{
	*(uint32_t *)user += m->pkt_len;
	rte_pktmbuf_free(m);
	return WR_V_udp_delivered;
}

static void ask_by_udp(struct wr_udp *udp, struct rte_mbuf *m, const struct wr_tuple *to,
                       uint64_t now_ns)
{
	assert_non_null(m);
	memset(rte_pktmbuf_append(m, 8000), 'y', 8000);
	wr_udp_send(udp, m, to, 0, now_ns / 1000);
}

static void fragments_of_one_datagram_meet_on_one_core(void **state)
{
	struct wire *wire = serve(3);
	const struct wr_tuple to = {CLIENT_ADDR, SERVER_ADDR, 5000, 7};
	uint32_t bytes = 0;
	const struct wr_udp_listener listener = {
		.port = 5000, .handler = count_bytes, .user = &bytes};
	struct wr_udp *udp = wr_stack_udp(wire->host[CLIENT].core[0]);
	struct rte_mempool *big = wr_test_pool("big", 16, 9000);
	struct wr_stats sum;

	wire->host[SERVER].steer = in_turn;
	assert_int_equal(wr_udp_listen(udp, &listener), 0);
	/* The owner of the fragments knows the asker from the news of another core. */
	ask_by_udp(udp, rte_pktmbuf_alloc(big), &to, wire->now_ns);
	wire_run(wire, WR_MS(100));
	wire_stats(wire, SERVER, &sum);
	assert_int_equal(sum.n[WR_STAT_rx_reassembled], 1);
	assert_int_equal(sum.verdict[WR_V_udp_delivered], 1);
	assert_int_not_equal(sum.verdict[WR_V_core_handed_over], 0);
	assert_int_equal(bytes, 8000);
	wire_free(wire);
	assert_int_equal(rte_mempool_avail_count(big), 16);
}

/* A UDP client on one core. */
struct asker {
	unsigned answers, errors;
};

static enum wr_verdict take_answer(struct wr_udp *udp, struct rte_mbuf *m,
                                   const struct wr_tuple *from, uint8_t tos, void *user,
                                   uint64_t now_us)
{
	((struct asker *)user)->answers++;
	rte_pktmbuf_free(m);
	return WR_V_udp_delivered;
}

static void take_error(struct wr_udp *udp, const struct wr_icmp_error *error, void *user,
                       uint64_t now_us)
{
	((struct asker *)user)->errors++;
}

/* Sends `n` datagrams from each core of the server's host to a port of the client's. */
static void ask_from_all_cores(struct wire *wire, struct asker *asker, unsigned n,
                               uint16_t rport)
{
	for (unsigned core = 0; core < wire->host[SERVER].cores; core++) {
		struct wr_udp *udp = wr_stack_udp(wire->host[SERVER].core[core]);
		const struct wr_udp_claim claim = {
			.addr_first = SERVER_ADDR,
			.addr_last = SERVER_ADDR,
			.port_low = 20000,
			.port_high = 29999,
			.handler = take_answer,
			.on_error = take_error,
			.user = &asker[core],
		};

		assert_int_equal(wr_udp_claim(udp, &claim), 0);
		for (unsigned i = 0; i < n; i++) {
			struct wr_tuple t = {SERVER_ADDR, CLIENT_ADDR, 0, rport};
			struct rte_mbuf *m = rte_pktmbuf_alloc(wire->host[SERVER].pool);

			assert_int_equal(wr_udp_choose_port(udp, &t, claim.port_low,
			                                    claim.port_high, NULL, NULL,
			                                    wire->now_ns / 1000),
			                 0);
			assert_non_null(m);
			memset(rte_pktmbuf_append(m, 8), 'u', 8);
			wr_udp_send(udp, m, &t, 0, wire->now_ns / 1000);
		}
	}
}

static enum wr_verdict send_back(struct wr_udp *udp, struct rte_mbuf *m,
                                 const struct wr_tuple *from, uint8_t tos, void *user,
                                 uint64_t now_us)
{
	wr_udp_send(udp, m, from, 0, now_us);
	return WR_V_udp_delivered;
}

static void answers_and_errors_of_udp_come_home_to_the_core_that_asked(void **state)
{
	struct wire *wire = serve(3);
	const struct wr_udp_listener peer = {.port = 4000, .handler = send_back};
	struct asker asker[3] = {0};

	wire->host[SERVER].steer = to_the_last_core;
	assert_int_equal(wr_udp_listen(wr_stack_udp(wire->host[CLIENT].core[0]), &peer), 0);
	ask_from_all_cores(wire, asker, 4, 4000);
	wire_run(wire, WR_MS(10));
	for (unsigned core = 0; core < 3; core++) {
		const struct wr_udp_claim claim = {SERVER_ADDR, SERVER_ADDR, 20000, 29999,
		                                   NULL,        NULL,        NULL};

		assert_int_equal(asker[core].answers, 4);
		wr_udp_release(wr_stack_udp(wire->host[SERVER].core[core]), &claim);
	}
	ask_from_all_cores(wire, asker, 2, 4001);
	wire_run(wire, WR_MS(10));
	for (unsigned core = 0; core < 3; core++)
		assert_int_equal(asker[core].errors, 2);
	wire_free(wire);
}

static void an_owned_listener_serves_a_flow_on_one_core(void **state)
{
	struct wire *wire = serve(2);
	struct asker asker[2] = {0};

	for (unsigned core = 0; core < 2; core++) {
		const struct wr_udp_listener l = {.port = 5201,
		                                  .owned = true,
		                                  .handler = take_answer,
		                                  .user = &asker[core]};

		assert_int_equal(wr_udp_listen(wr_stack_udp(wire->host[SERVER].core[core]), &l),
		                 0);
	}
	for (unsigned core = 0; core < 2; core++) /* the same flow, on either queue */
		wire_inject(
			wire, SERVER, core,
			craft_udp(wire->host[SERVER].pool, &from_client, 4000, 5201, "x", 1));
	wire_run(wire, WR_MS(1));
	assert_int_equal(asker[0].answers + asker[1].answers, 2);
	assert_int_equal(asker[0].answers * asker[1].answers, 0);
	wire_free(wire);
}

static void fragments_of_a_segment_reach_the_owner_of_its_flow(void **state)
{
	struct wire *wire = serve(2);
	struct rte_mempool *pool = wire->host[SERVER].pool;

	for (uint16_t port = 3000; port < 3016; port++) {
		struct craft_tcp syn = {.sport = port, .dport = 7, .flags = 2, .wnd = 1000};
		struct craft_ip first = {.proto = IPPROTO_TCP, .id = port};
		struct craft_ip last = first;
		const uint8_t *tcp;
		struct rte_mbuf *m;

		syn.text = "sixteen bytes...";
		syn.text_len = 16;
		m = craft_tcp(pool, &from_client, &syn);
		tcp = rte_pktmbuf_mtod_offset(m, void *, 34);
		first.fragment = RTE_IPV4_HDR_MF_FLAG;
		last.fragment = 3; /* 24 bytes */
		wire_inject(wire, SERVER, 0, craft_ip(pool, &from_client, &first, tcp, 24));
		wire_inject(wire, SERVER, 1, craft_ip(pool, &from_client, &last, tcp + 24, 12));
		rte_pktmbuf_free(m);
		wire_run(wire, WR_MS(1));
	}
	assert_int_not_equal(verdict(wire, SERVER, 0, WR_V_tcp_syn_received), 0);
	assert_int_not_equal(verdict(wire, SERVER, 1, WR_V_tcp_syn_received), 0);
	assert_int_equal(verdict(wire, SERVER, 0, WR_V_tcp_syn_received) +
	                         verdict(wire, SERVER, 1, WR_V_tcp_syn_received),
	                 16);
	wire_free(wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_on_the_wrong_core_reach_the_owner),
		cmocka_unit_test(a_hash_of_the_nic_names_the_owner),
		cmocka_unit_test(a_full_inbox_is_counted_and_costs_no_buffer),
		cmocka_unit_test(arp_news_reach_all_cores),
		cmocka_unit_test(an_icmp_error_reaches_the_owner_of_the_quoted_flow),
		cmocka_unit_test(fragments_of_one_datagram_meet_on_one_core),
		cmocka_unit_test(answers_and_errors_of_udp_come_home_to_the_core_that_asked),
		cmocka_unit_test(an_owned_listener_serves_a_flow_on_one_core),
		cmocka_unit_test(fragments_of_a_segment_reach_the_owner_of_its_flow),
	};

	return cmocka_run_group_tests(tests, wr_test_start, NULL);
}
