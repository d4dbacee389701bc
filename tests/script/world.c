/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rte_arp.h>

#include "world.h"

#define ROUNDS_NOW 64 /* of the engine's loop without time passing */

bool world_wrong(struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (!w->wrong[0]) {
		va_start(ap, fmt);
		vsnprintf(w->wrong, sizeof(w->wrong), fmt, ap);
		va_end(ap);
	}
	return false;
}

uint8_t world_text_byte(uint32_t n, bool ours)
{
	uint8_t byte = (uint8_t)(n * 2654435761u >> 24);

	return ours ? byte : (uint8_t)~byte;
}

void world_init(struct world *w, struct rte_mempool *pool, struct rte_mempool *peer_pool)
{
	memset(w, 0, sizeof(*w));
	w->pool = pool;
	w->peer_pool = peer_pool;
	w->start_ns = w->now_ns = WR_S(1000);
	w->peer_isn = 0x10000000;
	w->chunk = 1000;
	w->first_quota = UINT32_MAX;
	w->answers_arp = true;
	w->conf = (struct wr_stack_conf) {
		.ip =
			{
				.addr = {{.addr = WORLD_ADDR, .prefix = 24},
	                                 {.addr = WORLD_SECOND, .prefix = 24}},
				.addrs = 2,
				.mtu = 1500,
				.mac = WORLD_MAC,
				.multi_segs = true,
				.neighbours = 16,
				.reassemblies = 4,
				.paths = 16,
				.path_age_us = 600 * UINT64_C(1000000),
				.arp_age_us = UINT64_C(1) << 50,
				.icmp_errors_per_s = 1000,
				.ttl = 64,
				.socket = SOCKET_ID_ANY,
			},
		.pool = pool,
		.owner = &w->owner,
		.key = {0x0706050403020100, 0x0f0e0d0c0b0a0908},
		.seed = 1,
		.socket = SOCKET_ID_ANY,
	};
	wr_tcp_conf_default(&w->conf.tcp, 1500);
	w->conf.tcp.rcv_buf_max = w->conf.tcp.snd_buf_max = 0;
	w->conf.tcp.connections = 64;
	w->conf.tcp.half_open = 32;
	w->conf.tcp.time_waits = 32;
	w->conf.tcp.reorders = 16;
	w->conf.tcp.repairs = 64;
	wr_tcp_options_default(&w->options);
	wr_owner_init(&w->owner, 1);
}

static bool give_key(struct world *w)
{
	struct wr_tcp_md5_key key = {.lport = WORLD_LPORT, .raddr = WORLD_PEER, .prefix = 32};
	int rc;

	key.bytes = (uint8_t)strlen(w->md5_key);
	memcpy(key.key, w->md5_key, key.bytes);
	rc = wr_tcp_md5_add(wr_stack_tcp(w->stack), &key);
	return rc ? world_wrong(w, "md5_key: %s", strerror(-rc)) : true;
}

bool world_start(struct world *w)
{
	struct wr_err err = {.text = ""};

	w->stack = wr_stack_new(&w->conf, &w->stats, w->now_ns, &err);
	if (!w->stack)
		return world_wrong(w, "%s", err.text);
	if (w->md5_key[0] && !give_key(w))
		return false;
	if (w->answers_arp) /* then it has been met already */
		world_receive_arp(w, RTE_ARP_OP_REQUEST);
	world_run_until(w, w->now_ns, false);
	return true;
}

/* Who came into a state and did not leave it is there. */
static void check_states(struct world *w)
{
	for (unsigned state = WR_TCP_SYN_SENT; state < WR_TCP_STATE_COUNT; state++) {
		uint64_t there = 0;

		for (unsigned other = 0; other < WR_TCP_STATE_COUNT; other++)
			there += w->stats.transition[other][state] -
			         w->stats.transition[state][other];
		if (there != w->stats.connections[state])
			world_wrong(w, "%lld came into %s and stayed, %llu are there",
			            (long long)there, wr_tcp_state_name[state],
			            (unsigned long long)w->stats.connections[state]);
	}
}

bool world_end(struct world *w)
{
	int64_t in, out;
	unsigned missing;

	world_feed(w);
	if (!w->stack)
		return true;
	rte_pktmbuf_free_bulk(w->burst, w->burst_count);
	wr_stack_tick(w->stack, w->now_ns);
	in = wr_stats_unbalanced_in(&w->stats);
	out = wr_stats_unbalanced_out(&w->stats);
	check_states(w);
	wr_stack_free(w->stack);
	w->stack = NULL;
	if (in || out)
		world_wrong(w, "the books do not balance: in %lld, out %lld", (long long)in,
		            (long long)out);
	missing = rte_mempool_in_use_count(w->pool) + rte_mempool_in_use_count(w->peer_pool);
	if (missing)
		world_wrong(w, "%u buffers are missing", missing);
	return !w->wrong[0];
}

/* ---- time ---- */

/* Without buffers the engine is busy trying: time must pass all the same. */
static void run_now(struct world *w)
{
	for (unsigned rounds = 0; rounds < ROUNDS_NOW; rounds++) {
		bool busy = wr_stack_tick(w->stack, w->now_ns);

		busy |= world_transmit(w);
		if (!busy)
			return;
	}
}

void world_run_until(struct world *w, uint64_t time_ns, bool stop)
{
	for (;;) {
		uint64_t next;

		run_now(w);
		if (w->now_ns >= time_ns || (stop && w->sent_count))
			return;
		next = wr_stack_deadline(w->stack);
		/* A deadline that has passed must not stop the clock. */
		w->now_ns = RTE_MIN(RTE_MAX(next, w->now_ns + 10000), time_ns);
	}
}

/* ---- memory ---- */

void world_starve(struct world *w, unsigned left)
{
	while (w->starved_count < WORLD_BUFFERS && rte_mempool_avail_count(w->pool) > left)
		w->starved[w->starved_count++] = rte_pktmbuf_alloc(w->pool);
}

void world_feed(struct world *w)
{
	rte_pktmbuf_free_bulk(w->starved, w->starved_count);
	w->starved_count = 0;
}
