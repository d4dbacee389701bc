/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "load_rig.h"
#include "wr_test.h"

#define CLIENT 0
#define SERVER 1
#define STEP   WR_MS(1)
#define LIMIT  WR_S(100)

/* ---- the wire ---- */

struct packet {
	struct rte_ipv4_hdr *ip;
	uint8_t *l4, *text;
	uint32_t bytes; /* of payload */
};

/* Of a TCP segment or UDP datagram; false: it is something else, or has no payload. */
static bool find_payload(const struct rte_mbuf *m, struct packet *p)
{
	const struct rte_ether_hdr *ether = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	uint32_t l4_bytes;

	if (ether->ether_type != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4))
		return false;
	p->ip = (struct rte_ipv4_hdr *)(uintptr_t)(ether + 1);
	p->l4 = (uint8_t *)p->ip + rte_ipv4_hdr_len(p->ip);
	if (p->ip->next_proto_id == IPPROTO_UDP)
		p->text = p->l4 + sizeof(struct rte_udp_hdr);
	else if (p->ip->next_proto_id == IPPROTO_TCP)
		p->text = p->l4 + (p->l4[12] >> 4) * 4;
	else
		return false;
	l4_bytes = rte_be_to_cpu_16(p->ip->total_length) - rte_ipv4_hdr_len(p->ip);
	p->bytes = l4_bytes - (uint32_t)(p->text - p->l4);
	return p->bytes > 0;
}

static void sign(struct packet *p)
{
	bool udp = p->ip->next_proto_id == IPPROTO_UDP;
	uint16_t *sum = (uint16_t *)(void *)(p->l4 + (udp ? 6 : 16));

	p->ip->hdr_checksum = 0;
	p->ip->hdr_checksum = rte_ipv4_cksum(p->ip);
	*sum = 0;
	*sum = rte_ipv4_udptcp_cksum(p->ip, p->l4);
}

static void corrupt(struct rte_mbuf *m)
{
	struct packet p;

	find_payload(m, &p);
	p.text[p.bytes - 1] ^= 0x55;
	sign(&p);
}

static void cut(struct rte_mbuf *m)
{
	struct rte_udp_hdr *udp;
	struct packet p;

	find_payload(m, &p);
	udp = (struct rte_udp_hdr *)(void *)p.l4;
	udp->dgram_len = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(udp->dgram_len) - 1));
	p.ip->total_length =
		rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(p.ip->total_length) - 1));
	rte_pktmbuf_trim(m, 1);
	sign(&p);
}

static void release_behind(struct load_rig *rig, unsigned to, struct rte_mbuf *m)
{
	wire_send(&rig->wire, to, m);
	wire_send(&rig->wire, to, rig->held[to]);
	rig->held[to] = NULL;
}

static bool pass(void *ctx, unsigned to, const struct rte_mbuf *m)
{
	struct load_rig *rig = ctx;
	enum rig_fate fate = RIG_PASS;
	struct rte_mbuf *copy;
	struct packet p;

	if (find_payload(m, &p) && rig->fate)
		fate = rig->fate(rig, to, rig->frames[to]++, m);
	rig->hurt += fate != RIG_PASS;
	if (fate == RIG_DROP)
		return false;
	if (fate == RIG_PASS && !rig->held[to])
		return true;
	copy = rte_pktmbuf_copy(m, rig->wire.host[to].pool, 0, UINT32_MAX);
	assert_non_null(copy);
	copy->ol_flags = 0;
	if (fate == RIG_HOLD && !rig->held[to]) {
		rig->held[to] = copy;
		return false;
	}
	if (fate == RIG_DOUBLE) {
		wire_send(&rig->wire, to, copy);
		return true;
	}
	if (fate == RIG_CORRUPT)
		corrupt(copy);
	if (fate == RIG_CUT)
		cut(copy);
	if (rig->held[to])
		release_behind(rig, to, copy);
	else
		wire_send(&rig->wire, to, copy);
	return false;
}

/* ---- both hosts ---- */

void rig_conf(struct load_rig *rig, enum wr_load_mode mode)
{
	struct wr_load_conf *conf = &rig->conf;

	memset(rig, 0, sizeof(*rig));
	conf->mode = mode;
	conf->target = 0xc6120002;
	conf->port = 7;
	conf->set.connections = 1;
	conf->duration_ns = WR_MS(10);
	assert_int_equal(wr_sizes_parse("64", 65507, &conf->request), 0);
	conf->response = conf->request;
	conf->direction = WR_LOAD_UP;
	conf->pipeline = 1;
	conf->drain_ns = WR_S(1);
	conf->seed = 1;
	wr_tcp_options_default(&conf->tcp);
	conf->tcp.nodelay = true;
}

void rig_up(struct load_rig *rig, unsigned cores, const struct wr_service *const *services)
{
	struct wr_stack_conf client, server;
	struct wr_err err;

	wire_conf(&client, CLIENT);
	client.tcp.held_bufs = rig->held_bufs;
	wire_conf(&server, SERVER);
	for (; *services; services++)
		wr_stack_serve(&server, *services);
	rig->wire.delay_ns = RIG_DELAY_NS;
	rig->wire.pass = pass;
	rig->wire.ctx = rig;
	wire_attach(&rig->wire, CLIENT, &client, cores, 4095);
	wire_attach(&rig->wire, SERVER, &server, 1, 4095);
	wire_meet(&rig->wire);
	rig->cores = cores;
	if (wr_load_check(&rig->conf, &err))
		fail_msg("%s", err.text);
	for (unsigned i = 0; i < cores; i++) {
		rig->load[i] = wr_load_new(&rig->conf, rig->wire.host[CLIENT].core[i], i, cores,
		                           SOCKET_ID_ANY, &err);
		if (!rig->load[i])
			fail_msg("%s", err.text);
	}
}

void rig_start(struct load_rig *rig)
{
	for (unsigned i = 0; i < rig->cores; i++)
		wr_load_begin(rig->load[i], rig->wire.now_ns);
	wire_run(&rig->wire, STEP);
	for (unsigned i = 0; i < rig->cores; i++)
		wr_load_start(rig->load[i], rig->wire.now_ns + STEP);
}

static bool is_done(const struct load_rig *rig)
{
	for (unsigned i = 0; i < rig->cores; i++)
		if (wr_load_phase(rig->load[i]) != WR_LOAD_DONE)
			return false;
	return true;
}

void rig_finish(struct load_rig *rig)
{
	uint64_t end_ns = rig->wire.now_ns + LIMIT;

	while (!is_done(rig)) {
		wire_run(&rig->wire, STEP);
		assert_true(rig->wire.now_ns < end_ns);
	}
}

void rig_run(struct load_rig *rig)
{
	rig_start(rig);
	rig_finish(rig);
}

/* ---- numbers ---- */

uint64_t rig_count(const struct load_rig *rig, enum wr_load_stat stat)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < rig->cores; i++)
		sum += wr_load_stats(rig->load[i])->n[stat];
	return sum;
}

uint64_t rig_reason(const struct load_rig *rig, enum wr_reason reason)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < rig->cores; i++)
		sum += wr_load_stats(rig->load[i])->reason[reason];
	return sum;
}

uint64_t rig_timed(const struct load_rig *rig, enum wr_latency latency)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < rig->cores; i++)
		sum += wr_histogram_count(&wr_load_stats(rig->load[i])->latency[latency]);
	return sum;
}

static void check_accounts(const struct load_rig *rig)
{
	uint64_t sent = RIG_COUNT(rig, requests_sent);

	assert_int_equal(RIG_COUNT(rig, requests_planned),
	                 sent + RIG_COUNT(rig, requests_unsent));
	assert_int_equal(sent, RIG_COUNT(rig, responses) + RIG_COUNT(rig, responses_timed_out) +
	                               RIG_COUNT(rig, responses_missing));
	for (unsigned i = 0; i < rig->cores; i++) {
		assert_int_equal(wr_load_stats(rig->load[i])->outstanding, 0);
		assert_int_equal(wr_load_stats(rig->load[i])->open, 0);
		assert_int_equal(wr_load_stats(rig->load[i])->opening, 0);
	}
}

void rig_down(struct load_rig *rig)
{
	check_accounts(rig);
	for (unsigned i = 0; i < rig->cores; i++)
		wr_load_free(rig->load[i]);
	for (unsigned to = 0; to < 2; to++)
		rte_pktmbuf_free(rig->held[to]);
	wire_free(&rig->wire);
}
