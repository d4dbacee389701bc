/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Buffers run out at every place: a scenario with all that takes a buffer runs again and again,
 * and each time another allocation fails, one or all from there on for a while. Nothing may be
 * lost but time: the books balance, every buffer comes back, and a connection afterwards works.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_ip.h>
#include <rte_mempool.h>
#include <rte_tcp.h>

#include "craft.h"
#include "wire.h"
#include "wr_buf.h"
#include "wr_test.h"

#define BUFFERS 1023
#define ADDR_US 0xc6120001u
#define MALLORY 0xc6120009u

/* A pool whose n-th allocation fails, and `more` behind it. */
static struct {
	void *free[BUFFERS + 1];
	unsigned count;
	uint64_t taken; /* allocations so far */
	uint64_t fail_at, more;
	bool armed;
} store;

static int store_alloc(struct rte_mempool *pool)
{
	store.count = 0;
	return 0;
}

static void store_free(struct rte_mempool *pool)
{
}

static int store_put(struct rte_mempool *pool, void *const *objects, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		store.free[store.count++] = objects[i];
	return 0;
}

static int store_get(struct rte_mempool *pool, void **objects, unsigned n)
{
	if (store.armed) {
		uint64_t which = store.taken++;

		if (which >= store.fail_at && which <= store.fail_at + store.more)
			return -ENOBUFS;
	}
	if (store.count < n)
		return -ENOBUFS;
	for (unsigned i = 0; i < n; i++)
		objects[i] = store.free[--store.count];
	return 0;
}

static unsigned store_count(const struct rte_mempool *pool)
{
	return store.count;
}

static const struct rte_mempool_ops scarce_ops = {
	.name = "wr_scarce",
	.alloc = store_alloc,
	.free = store_free,
	.enqueue = store_put,
	.dequeue = store_get,
	.get_count = store_count,
};

static struct rte_mempool *pool, *plain;

static void make_pools(void)
{
	uint16_t room = RTE_PKTMBUF_HEADROOM + 2048;
	struct rte_pktmbuf_pool_private private = {.mbuf_data_room_size = room,
	                                           .mbuf_priv_size = WR_BUF_PRIV_BYTES};

	assert_true(rte_mempool_register_ops(&scarce_ops) >= 0);
	pool = rte_mempool_create_empty(
		"scarce", BUFFERS, (unsigned)sizeof(struct rte_mbuf) + WR_BUF_PRIV_BYTES + room,
		0, sizeof(private), SOCKET_ID_ANY, 0);
	assert_non_null(pool);
	assert_int_equal(rte_mempool_set_ops_byname(pool, "wr_scarce", NULL), 0);
	rte_pktmbuf_pool_init(pool, &private);
	assert_true(rte_mempool_populate_default(pool) > 0);
	rte_mempool_obj_iter(pool, rte_pktmbuf_init, NULL);
	plain = wr_test_pool("plain", BUFFERS, 2048);
}

/* ---- one engine, and frames that are given to it ---- */

static struct {
	struct wr_stack *stack;
	struct wr_stats stats;
	struct wr_owner owner;
	uint64_t now_ns;
	uint32_t isn; /* of the last SYN-ACK */
	uint32_t nxt; /* behind the last segment sent */
	unsigned sent;
} host;

static void note(const struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, void *, 14);
	const struct rte_tcp_hdr *tcp = (const void *)(ip + 1);
	uint32_t text = m->pkt_len - 34 - (tcp->data_off >> 4) * 4;

	if (m->data_len < 54 || ip->next_proto_id != IPPROTO_TCP)
		return;
	host.nxt = rte_be_to_cpu_32(tcp->sent_seq) + text;
	if (tcp->tcp_flags == (WR_TCP_SYN | WR_TCP_ACK))
		host.isn = host.nxt++;
}

static void collect(void)
{
	struct rte_mbuf *m[WR_STACK_BURST];
	unsigned n;

	wr_stack_tick(host.stack, host.now_ns);
	while ((n = wr_stack_output(host.stack, m, WR_LEN(m)))) {
		for (unsigned i = 0; i < n; i++) {
			note(m[i]);
			rte_pktmbuf_free(m[i]);
		}
		host.sent += n;
	}
}

static void pass_time(uint64_t ns)
{
	for (uint64_t end = host.now_ns + ns; host.now_ns < end; host.now_ns += ns / 10)
		collect();
	collect();
}

static void give(struct rte_mbuf *m)
{
	wr_stack_input(host.stack, &m, 1, host.now_ns);
	collect();
}

static const struct craft_path path = {
	.smac = {{0x02, 0, 0, 0, 0, 9}},
	.dmac = {{0x02, 0, 0, 0, 0, 1}},
	.src = MALLORY,
	.dst = ADDR_US,
};

static void segment(uint16_t port, uint32_t seq, uint32_t ack, uint8_t flags, const char *text,
                    uint16_t bytes)
{
	const struct craft_tcp tcp = {.sport = port,
	                              .dport = 7,
	                              .seq = seq,
	                              .ack = ack,
	                              .flags = flags,
	                              .wnd = 60000,
	                              .text = text,
	                              .text_len = bytes};

	give(craft_tcp(plain, &path, &tcp));
}

static void start(void)
{
	struct wr_stack_conf conf;
	struct wr_err err;

	wire_conf(&conf, 0);
	wr_stack_serve(&conf, &wr_service_echo);
	wr_stack_serve(&conf, &wr_service_chargen);
	conf.pool = pool;
	conf.owner = &host.owner;
	conf.tcp.held_bufs = 256;
	conf.ip.arp_age_us = UINT64_C(1) << 50;
	memset(&host, 0, sizeof(host));
	host.now_ns = WR_S(1000);
	wr_owner_init(&host.owner, 1);
	host.stack = wr_stack_new(&conf, &host.stats, host.now_ns, &err);
	assert_non_null(host.stack);
	collect();
	give(craft_arp(plain, &path, RTE_ARP_OP_REQUEST));
}

static void stop(void)
{
	store.armed = false;
	pass_time(WR_S(400));
	assert_int_equal(wr_stats_unbalanced_in(&host.stats), 0);
	assert_int_equal(wr_stats_unbalanced_out(&host.stats), 0);
	wr_stack_free(host.stack);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	assert_int_equal(rte_mempool_in_use_count(plain), 0);
}

/* A connection that gets an answer. */
static void must_work(uint16_t port)
{
	unsigned before;

	/* Whoever did not acknowledge for long is asked for, and may be gone. */
	give(craft_arp(plain, &path, RTE_ARP_OP_REQUEST));
	segment(port, 100, 0, WR_TCP_SYN, NULL, 0);
	segment(port, 101, host.isn + 1, WR_TCP_ACK, NULL, 0);
	before = host.sent;
	segment(port, 101, host.isn + 1, WR_TCP_ACK | WR_TCP_PSH, "hello", 5);
	assert_int_equal(host.sent - before, 1);
	segment(port, 106, host.isn + 6, WR_TCP_RST, NULL, 0);
}

/* Handshake, text in and out of order, losses, chains, closes, resets, ICMP, UDP, fragments. */
static void scenario(void)
{
	static const char text[1400];
	static const uint8_t whole[2000] = {0x13, 0x88, 0, 7, 2000 >> 8, 2000 & 255};
	const struct craft_ip first = {.proto = 17, .id = 5, .fragment = 0x2000};
	const struct craft_ip last = {.proto = 17, .id = 5, .fragment = 1400 / 8};
	const uint8_t ping[108] = {8, 0, 0xf7, 0xff};
	const struct craft_ip icmp = {.proto = 1};
	uint32_t iss;

	segment(5000, 100, 0, WR_TCP_SYN, NULL, 0);
	pass_time(WR_S(2)); /* the SYN-ACK again */
	iss = host.isn;
	segment(5000, 101, iss + 1, WR_TCP_ACK | WR_TCP_PSH, text, 1000);
	segment(5000, 2101, iss + 1, WR_TCP_ACK, text, 1000);
	segment(5000, 4101, iss + 1, WR_TCP_ACK, text, 300);
	segment(5000, 1101, iss + 1, WR_TCP_ACK, text, 1000);
	segment(5000, 1, iss + 1, WR_TCP_ACK, text, 5);        /* a duplicate */
	segment(5000, 99000, iss + 1, WR_TCP_RST, NULL, 0);    /* ignored */
	segment(5000, 3102, iss + 1, WR_TCP_RST, NULL, 0);     /* challenged */
	pass_time(WR_S(3));                                    /* all is sent again */
	segment(5000, 3101, iss + 501, WR_TCP_ACK, text, 999); /* a partial ACK */
	segment(5000, 4100, host.nxt, WR_TCP_ACK, text, 1);
	pass_time(WR_S(5));
	for (unsigned i = 0; i < 5; i++)
		segment(5000, 4401, host.nxt, WR_TCP_ACK, NULL, 0);
	segment(5000, 4401, host.nxt, WR_TCP_ACK | WR_TCP_FIN, NULL, 0);
	pass_time(WR_S(3));
	segment(5000, 4402, host.nxt + 1, WR_TCP_ACK, NULL, 0);
	segment(5001, 1, 1, WR_TCP_ACK, NULL, 0); /* a reset */
	give(craft_udp(plain, &path, 5000, 7, text, 1400));
	give(craft_udp(plain, &path, 5000, 19, text, 400));
	give(craft_udp(plain, &path, 5000, 4444, text, 10)); /* unreachable */
	give(craft_ip(plain, &path, &icmp, ping, sizeof(ping)));
	give(craft_ip(plain, &path, &first, whole, 1400));
	give(craft_ip(plain, &path, &last, whole + 1400, 600));
	pass_time(WR_S(40));
}

static uint64_t count_allocations(void)
{
	store.armed = true;
	store.taken = 0;
	store.fail_at = UINT64_MAX;
	store.more = 0;
	start();
	store.taken = 0;
	scenario();
	must_work(6000);
	stop();
	return store.taken;
}

static void fail_each(uint64_t more)
{
	uint64_t n = count_allocations();

	assert_true(n > 20);
	for (uint64_t i = 0; i < n; i++) {
		store.armed = false;
		start();
		store.taken = 0;
		store.fail_at = i;
		store.more = more;
		store.armed = true;
		scenario();
		store.armed = false;
		must_work(6000);
		stop();
	}
}

static void each_allocation_may_fail(void **state)
{
	fail_each(0);
}

static void after_each_allocation_there_may_be_none_for_a_while(void **state)
{
	fail_each(1);
	fail_each(7);
	fail_each(UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_allocation_may_fail),
		cmocka_unit_test(after_each_allocation_there_may_be_none_for_a_while),
	};

	wr_test_eal(128);
	make_pools();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
