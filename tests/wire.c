/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include <rte_arp.h>

#include "craft.h"
#include "wire.h"
#include "wr_buf.h"
#include "wr_test.h"

void wire_conf(struct wr_stack_conf *conf, unsigned host)
{
	memset(conf, 0, sizeof(*conf));
	conf->ip = (struct wr_ip_conf) {
		.addr = {{.addr = 0xc6120001 + host, .prefix = 24}},
		.addrs = 1,
		.mtu = 1500,
		.mac = {{0x02, 0, 0, 0, 0, (uint8_t)(host + 1)}},
		.multi_segs = true,
		.neighbours = 64,
		.reassemblies = 16,
		.paths = 16,
		.path_age_us = 600 * UINT64_C(1000000),
		.arp_age_us = 60000000,
		.icmp_errors_per_s = 1000,
		.ttl = 64,
		.socket = SOCKET_ID_ANY,
	};
	wr_tcp_conf_default(&conf->tcp, conf->ip.mtu);
	/* So that what is bounded has a size that tests can name. */
	conf->tcp.rcv_buf_max = conf->tcp.snd_buf_max = 0;
	conf->tcp.connections = 256;
	conf->tcp.half_open = 256;
	conf->tcp.time_waits = 256;
	conf->tcp.reorders = 32;
	conf->tcp.repairs = 32;
	conf->key = (struct wr_sipkey) {0x0706050403020100, 0x0f0e0d0c0b0a0908 + host};
	conf->seed = 1 + host;
	conf->socket = SOCKET_ID_ANY;
}

void wire_attach(struct wire *wire, unsigned host, const struct wr_stack_conf *conf,
                 unsigned cores, unsigned buffers)
{
	static unsigned serial; /* names of pools and rings are unique in EAL */
	struct wire_host *h = &wire->host[host];
	struct wr_err err;
	char name[16];

	memset(h, 0, sizeof(*h));
	snprintf(name, sizeof(name), "wire%u", serial++);
	h->cores = cores;
	h->pool_size = buffers;
	h->pool = wr_buf_pool_new(name, buffers, conf->ip.mtu, SOCKET_ID_ANY);
	assert_non_null(h->pool);
	wr_owner_init(&h->owner, cores);
	h->conf = *conf;
	h->conf.pool = h->pool;
	h->conf.owner = &h->owner;
	h->conf.inbox = cores > 1 ? h->inbox : NULL;
	for (unsigned i = 0; cores > 1 && i < cores; i++) {
		h->inbox[i] = wr_stack_inbox_new(name, i, SOCKET_ID_ANY);
		assert_non_null(h->inbox[i]);
	}
	for (unsigned i = 0; i < cores; i++) {
		h->conf.core = i;
		h->core[i] = wr_stack_new(&h->conf, &h->stats[i], wire->now_ns, &err);
		if (!h->core[i])
			fail_msg("%s", err.text);
	}
}

/* What a NIC does: the bytes leave, the sender's buffer is free or stays with who holds it. */
static struct rte_mbuf *through_a_nic(struct rte_mbuf *m, struct rte_mempool *pool)
{
	struct rte_mbuf *copy;

	if (rte_mbuf_refcnt_read(m) == 1 && m->nb_segs == 1 && RTE_MBUF_DIRECT(m)) {
		m->ol_flags = 0;
		return m;
	}
	copy = rte_pktmbuf_copy(m, pool, 0, UINT32_MAX);
	rte_pktmbuf_free(m);
	if (copy)
		copy->ol_flags = 0;
	return copy;
}

static void lane_put(struct wire_lane *lane, struct rte_mbuf *m, uint64_t due_ns)
{
	assert_true(lane->count < WIRE_FLIGHT);
	lane->frame[(lane->head + lane->count++) % WIRE_FLIGHT] =
		(struct wire_frame) {m, due_ns};
}

void wire_send(struct wire *wire, unsigned to, struct rte_mbuf *m)
{
	lane_put(&wire->to[to], m, wire->now_ns + wire->delay_ns);
}

static bool transmit(struct wire *wire, unsigned host, struct wr_stack *stack)
{
	unsigned peer = !host;
	struct rte_mbuf *frame[WR_STACK_BURST];
	unsigned n, total = 0;

	while ((n = wr_stack_output(stack, frame, WR_LEN(frame)))) {
		total += n;
		for (unsigned i = 0; i < n; i++) {
			struct rte_mbuf *m = frame[i];

			if (!wire->host[peer].cores ||
			    (wire->pass && !wire->pass(wire->ctx, peer, m))) {
				rte_pktmbuf_free(m);
				continue;
			}
			m = through_a_nic(m, wire->host[peer].pool);
			if (m)
				lane_put(&wire->to[peer], m, wire->now_ns + wire->delay_ns);
		}
	}
	return total;
}

void wire_inject(struct wire *wire, unsigned host, unsigned core, struct rte_mbuf *m)
{
	wr_stack_input(wire->host[host].core[core], &m, 1, wire->now_ns);
}

/* Gives each core what its queue received by now, in one burst. */
static bool receive(struct wire *wire, unsigned host)
{
	struct wire_host *h = &wire->host[host];
	struct wire_lane *lane = &wire->to[host];
	struct rte_mbuf *frame[WIRE_CORES][WR_STACK_BURST];
	unsigned n[WIRE_CORES] = {0}, total = 0;

	while (lane->count && lane->frame[lane->head].due_ns <= wire->now_ns &&
	       total < WR_STACK_BURST) {
		struct rte_mbuf *m = lane->frame[lane->head].m;
		unsigned core = h->steer ? h->steer(m, h->cores) : 0;

		frame[core][n[core]++] = m;
		total++;
		lane->head = (lane->head + 1) % WIRE_FLIGHT;
		lane->count--;
	}
	for (unsigned i = 0; i < h->cores; i++)
		wr_stack_input(h->core[i], frame[i], n[i], wire->now_ns);
	return total;
}

/* One round of every core's loop; false when nobody had anything to do. */
static bool round_of_all(struct wire *wire)
{
	bool busy = false;

	for (unsigned host = 0; host < 2; host++) {
		struct wire_host *h = &wire->host[host];

		busy |= receive(wire, host);
		for (unsigned i = 0; i < h->cores; i++) {
			busy |= wr_stack_tick(h->core[i], wire->now_ns);
			busy |= transmit(wire, host, h->core[i]);
		}
	}
	return busy;
}

static uint64_t next_event(const struct wire *wire, uint64_t end_ns)
{
	uint64_t next = end_ns;

	for (unsigned host = 0; host < 2; host++) {
		const struct wire_host *h = &wire->host[host];
		const struct wire_lane *lane = &wire->to[host];

		if (lane->count)
			next = RTE_MIN(next, lane->frame[lane->head].due_ns);
		for (unsigned i = 0; i < h->cores; i++)
			next = RTE_MIN(next, wr_stack_deadline(h->core[i]));
	}
	return next;
}

void wire_run(struct wire *wire, uint64_t ns)
{
	uint64_t end_ns = wire->now_ns + ns;

	for (;;) {
		uint64_t next;

		for (unsigned rounds = 0; round_of_all(wire); rounds++)
			assert_true(rounds < 1000000);
		next = next_event(wire, end_ns);
		if (next >= end_ns)
			break;
		/* A deadline may be early by a tick, and must not stop the clock. */
		wire->now_ns = RTE_MAX(next, wire->now_ns + 1000);
	}
	wire->now_ns = end_ns;
	while (round_of_all(wire))
		;
}

void wire_meet(struct wire *wire)
{
	for (unsigned host = 0; host < 2; host++) {
		const struct wr_ip_conf *me = &wire->host[host].conf.ip;
		const struct wr_ip_conf *peer = &wire->host[!host].conf.ip;
		const struct craft_path path = {
			.smac = peer->mac,
			.dmac = me->mac,
			.src = peer->addr[0].addr,
			.dst = me->addr[0].addr,
		};

		wire_inject(wire, host, 0,
		            craft_arp(wire->host[host].pool, &path, RTE_ARP_OP_REQUEST));
	}
	wire_run(wire, WR_MS(1));
}

struct wire *wire_new(const struct wr_stack_conf *server, unsigned cores, unsigned buffers,
                      unsigned client_buffers)
{
	static struct wire wire;
	struct wr_stack_conf client;

	memset(&wire, 0, sizeof(wire));
	wire.now_ns = WR_S(1000);
	wire.delay_ns = WR_US(50);
	wire_attach(&wire, 0, server, cores, buffers);
	wire_conf(&client, 1);
	wire_attach(&wire, 1, &client, 1, client_buffers);
	wire_meet(&wire);
	return &wire;
}

void wire_stats(struct wire *wire, unsigned host, struct wr_stats *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (unsigned i = 0; i < wire->host[host].cores; i++)
		wr_stats_sum(sum, &wire->host[host].stats[i]);
}

uint64_t wire_stat(struct wire *wire, unsigned host, enum wr_stat stat)
{
	struct wr_stats sum;

	wire_stats(wire, host, &sum);
	return sum.n[stat];
}

static void lane_free(struct wire_lane *lane)
{
	for (; lane->count; lane->count--, lane->head = (lane->head + 1) % WIRE_FLIGHT)
		rte_pktmbuf_free(lane->frame[lane->head].m);
}

static void host_check_books(struct wire *wire, unsigned host)
{
	struct wr_stats sum;

	/* Frames given out last count as sent with the next round. */
	for (unsigned i = 0; i < wire->host[host].cores; i++)
		wr_stack_tick(wire->host[host].core[i], wire->now_ns);
	wire_stats(wire, host, &sum);
	assert_int_equal(wr_stats_unbalanced_in(&sum), 0);
	assert_int_equal(wr_stats_unbalanced_out(&sum), 0);
}

void wire_free(struct wire *wire)
{
	for (unsigned host = 0; host < 2; host++) {
		lane_free(&wire->to[host]);
		host_check_books(wire, host);
	}
	for (unsigned host = 0; host < 2; host++) {
		for (unsigned i = 0; i < wire->host[host].cores; i++)
			wr_stack_free(wire->host[host].core[i]);
	}
	for (unsigned host = 0; host < 2; host++) {
		struct wire_host *h = &wire->host[host];

		if (!h->cores)
			continue;
		assert_int_equal(rte_mempool_avail_count(h->pool), h->pool_size);
		rte_mempool_free(h->pool);
		for (unsigned i = 0; i < h->cores; i++)
			wr_stack_inbox_free(h->inbox[i]);
		h->cores = 0;
	}
}
