/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "attack.h"
#include "wr_test.h"

#define VICTIM    0
#define HONEST    1
#define MESSAGE   1400 /* bytes */
#define PEACE     WR_MS(100)
#define FOR_EVER  WR_S(400) /* more than R2, TIME-WAIT and every limit of attack_conf() */
#define BUFFERS   8191
#define A_TURN    64 /* frames of the attacker until time passes */
#define A_TURN_NS WR_US(64)
#define STEP_NS   WR_US(16) /* after so long the second client opens again */

static const struct rte_ether_addr gateway_mac = {{0x02, 0, 0, 0, 0, 0xfe}};

static uint8_t message_byte(uint64_t message, uint32_t i)
{
	return (uint8_t)(message * 31 + i * 7);
}

static void say(struct attack_client *client, struct wr_tcp *tcp)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(client->attack->wire.host[HONEST].pool);
	uint8_t *text;

	assert_non_null(m);
	text = (uint8_t *)rte_pktmbuf_append(m, MESSAGE);
	for (uint32_t i = 0; i < MESSAGE; i++)
		text[i] = message_byte(client->done, i);
	assert_int_equal(wr_tcp_send(tcp, client->c, m), 0);
}

static bool on_open(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct attack_client *client = wr_tcb_user(c);

	client->c = c;
	say(client, tcp);
	return true;
}

static void note_pause(struct attack_client *client)
{
	uint64_t now_ns = client->attack->wire.now_ns, pause_ns = now_ns - client->done_ns;

	if (client->done_ns && pause_ns > client->longest_ns)
		client->longest_ns = pause_ns;
	client->done_ns = now_ns;
}

static bool on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	struct attack_client *client = wr_tcb_user(c);
	const uint8_t *text = rte_pktmbuf_mtod(m, uint8_t *);

	for (uint32_t i = 0; i < m->data_len; i++)
		client->broken += text[i] != message_byte(client->done, client->heard + i);
	client->heard += m->data_len;
	rte_pktmbuf_free(m);
	if (client->heard < MESSAGE)
		return true;
	client->heard = 0;
	client->done++;
	note_pause(client);
	if (client->reconnects || client->stopped)
		wr_tcp_close(tcp, c);
	else
		say(client, tcp);
	return true;
}

static void on_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
}

static void on_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c)
{
}

static void client_open(struct attack_client *client);

static void on_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	struct attack_client *client = wr_tcb_user(c);

	client->c = NULL;
	client->broken += reason != WR_REASON_finished;
}

static const struct wr_tcp_events events = {
	.on_open = on_open,
	.on_data = on_data,
	.on_room = on_room,
	.on_peer_closed = on_peer_closed,
	.on_closed = on_closed,
};

static void client_open(struct attack_client *client)
{
	struct wr_tcp_connect to = {
		.raddr = ATTACK_VICTIM,
		.rport = 7,
		.events = &events,
		.user = client,
	};

	wr_tcp_options_default(&to.options);
	to.options.nodelay = true;
	assert_int_equal(wr_tcp_connect(wr_stack_tcp(client->attack->wire.host[HONEST].core[0]),
	                                &to, &client->c),
	                 0);
}

/* Frames to the attacker end here; those to the honest host go on. */
static bool pass(void *ctx, unsigned to, const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, void *);
	const struct rte_ipv4_hdr *ip = (const void *)(eth + 1);
	struct attack *a = ctx;

	if (to != HONEST || rte_is_broadcast_ether_addr(&eth->dst_addr) ||
	    rte_is_same_ether_addr(&eth->dst_addr, &a->wire.host[HONEST].conf.ip.mac))
		return true;
	a->frames_out++;
	a->bytes_out += m->pkt_len;
	if (eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4) &&
	    ip->next_proto_id == IPPROTO_TCP)
		a->resets_out +=
			((const struct rte_tcp_hdr *)(ip + 1))->tcp_flags & RTE_TCP_RST_FLAG
				? 1
				: 0;
	if (a->on_frame)
		a->on_frame(a, m);
	return false;
}

void attack_conf(struct wr_stack_conf *conf)
{
	wire_conf(conf, VICTIM);
	conf->ip.gateway = ATTACK_GATEWAY;
	conf->ip.arp_age_us = UINT64_C(1) << 50;
	wr_stack_serve(conf, &wr_service_echo);
	wr_stack_serve(conf, &wr_service_discard);
	wr_stack_serve(conf, &wr_service_chargen);
	for (unsigned i = 0; i < conf->services; i++)
		conf->service[i].options.idle_timeout_ms = 60000;
	conf->tcp.held_bufs = BUFFERS / 2;
	conf->tcp.evict_shut_ms = 100;
}

struct craft_path attack_path(uint32_t from)
{
	struct craft_path path = {
		.smac = gateway_mac,
		.dmac = {{0x02, 0, 0, 0, 0, 1}},
		.src = from,
		.dst = ATTACK_VICTIM,
	};

	if (from >> 8 == ATTACK_VICTIM >> 8)
		path.smac.addr_bytes[5] = (uint8_t)from;
	return path;
}

struct rte_mempool *attack_pool(struct attack *a)
{
	return a->wire.host[VICTIM].pool;
}

void attack_wait(struct attack *a, uint64_t ns)
{
	uint64_t end_ns = a->wire.now_ns + ns;

	do {
		uint64_t left = end_ns - a->wire.now_ns;

		wire_run(&a->wire, left < STEP_NS ? left : STEP_NS);
		for (unsigned i = 0; i < 2; i++) {
			if (!a->client[i].c && !a->client[i].stopped)
				client_open(&a->client[i]);
		}
	} while (a->wire.now_ns < end_ns);
}

void attack_frame(struct attack *a, struct rte_mbuf *m)
{
	a->bytes_in += m->pkt_len;
	wire_inject(&a->wire, VICTIM, 0, m);
	if (++a->frames_in % A_TURN == 0)
		attack_wait(a, A_TURN_NS);
}

void attack_segment(struct attack *a, uint32_t from, const struct craft_tcp *tcp)
{
	const struct craft_path path = attack_path(from);

	attack_frame(a, craft_tcp(attack_pool(a), &path, tcp));
}

void attack_judge_from_here(struct attack *a)
{
	a->began_ns = a->wire.now_ns;
	for (unsigned i = 0; i < 2; i++)
		a->began[i] = a->client[i].done;
}

static void introduce(struct attack *a, uint32_t addr)
{
	const struct craft_path path = attack_path(addr);

	wire_inject(&a->wire, VICTIM, 0, craft_arp(attack_pool(a), &path, RTE_ARP_OP_REQUEST));
}

void attack_open(struct attack *a, const struct wr_stack_conf *conf)
{
	struct wr_stack_conf own;

	memset(a, 0, sizeof(*a));
	a->wire.now_ns = WR_S(1000);
	a->wire.delay_ns = WR_US(50);
	a->wire.pass = pass;
	a->wire.ctx = a;
	attack_conf(&own);
	wire_attach(&a->wire, VICTIM, conf ? conf : &own, 1, BUFFERS);
	wire_conf(&own, HONEST);
	own.tcp.time_wait_us = 1000000;
	wire_attach(&a->wire, HONEST, &own, 1, 1023);
	wire_meet(&a->wire);
	introduce(a, ATTACK_GATEWAY);
	for (unsigned i = 0; i < 2; i++) {
		a->client[i] = (struct attack_client) {.attack = a, .reconnects = i == 1};
		client_open(&a->client[i]);
	}
	attack_wait(a, WR_MS(1));
	a->began[0] = a->client[0].done;
	a->began[1] = a->client[1].done;
	attack_wait(a, PEACE);
	for (unsigned i = 0; i < 2; i++) {
		a->at_peace[i] = a->client[i].done - a->began[i];
		assert_true(a->at_peace[i] >= 100);
	}
	attack_judge_from_here(a);
	a->frames_out = a->bytes_out = a->resets_out = 0;
}

void attack_judge(struct attack *a)
{
	uint64_t ns = a->wire.now_ns - a->began_ns;

	for (unsigned i = 0; i < 2; i++) {
		uint64_t done = a->client[i].done - a->began[i];
		uint64_t peace = a->at_peace[i] * ns / PEACE;

		if (a->client[i].broken)
			fail_msg("an honest client was disturbed %ju times",
			         (uintmax_t)a->client[i].broken);
		if (done + 2 < peace - peace / 20)
			fail_msg("client %u got %ju messages through, at peace %ju", i,
			         (uintmax_t)done, (uintmax_t)peace);
	}
}

const struct wr_stats *attack_stats(struct attack *a)
{
	return &a->wire.host[VICTIM].stats[0];
}

void attack_close(struct attack *a)
{
	const struct wr_stats *stats = attack_stats(a);
	uint32_t connections = a->wire.host[VICTIM].conf.tcp.connections;

	a->client[0].stopped = a->client[1].stopped = true;
	attack_wait(a, WR_MS(10));
	wire_run(&a->wire, FOR_EVER);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(a->client[i].broken, 0);
	for (unsigned s = WR_TCP_LISTEN + 1; s < WR_TCP_STATE_COUNT; s++) {
		if (stats->connections[s])
			fail_msg("%ju connections are still %s",
			         (uintmax_t)stats->connections[s], wr_tcp_state_name[s]);
	}
	assert_int_equal(stats->n[WR_STAT_tcp_connections_free], connections);
	assert_int_equal(stats->n[WR_STAT_tcp_ooo_segments], 0);
	assert_int_equal(stats->n[WR_STAT_arp_waiting], 0);
	assert_int_equal(rte_mempool_in_use_count(attack_pool(a)), 0);
	wire_free(&a->wire);
}
