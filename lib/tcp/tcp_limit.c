/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Limits of listeners and sources. A source is looked up once when a connection opens and once
 * when it ends, in a table with room for a different source of each connection: so there is
 * always a record, and no packet costs more than a look.
 */

#include <errno.h>

#include <rte_malloc.h>

#include "tcp.h"

uint32_t tcp_limit_share(uint32_t limit, uint32_t cores, uint32_t core)
{
	uint32_t share = limit / cores + (core < limit % cores);

	return limit ? wr_max(share, 1) : 0;
}

int tcp_limits_init(struct wr_tcp *tcp, const struct wr_sipkey *key, int socket)
{
	struct tcp_limits *limits = &tcp->limits;
	uint32_t n = tcp->conf.connections;

	if (!tcp->conf.source_connections)
		return 0;
	limits->sources = wr_flow_new(n, key, socket);
	limits->source = rte_zmalloc_socket("tcp sources", n * sizeof(*limits->source),
	                                    WR_CACHE_LINE, socket);
	if (!limits->sources || !limits->source)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		limits->source[i].connections = i + 1;
	limits->source[n - 1].connections = UINT32_MAX;
	return 0;
}

void tcp_limits_fini(struct wr_tcp *tcp)
{
	wr_flow_free(tcp->limits.sources);
	rte_free(tcp->limits.source);
}

uint64_t tcp_limits_bytes(const struct wr_tcp_conf *conf)
{
	if (!conf->source_connections)
		return 0;
	return wr_flow_bytes(conf->connections) +
	       (uint64_t)conf->connections * sizeof(struct tcp_source);
}

bool tcp_listener_is_full(const struct wr_tcp *tcp, unsigned listener)
{
	uint32_t limit = tcp->conf.listener_connections;

	return limit && tcp->limits.open[listener] >= limit;
}

bool tcp_listener_is_crowded(const struct wr_tcp *tcp, unsigned listener)
{
	uint32_t limit = tcp->conf.listener_connections;

	return limit && tcp->limits.open[listener] + tcp->limits.half_open[listener] >= limit;
}

/* ---- sources ---- */

static struct wr_tuple key_of(uint32_t addr)
{
	return (struct wr_tuple) {.raddr = addr};
}

static bool match(const void *ctx, uint32_t value, const struct wr_tuple *tuple)
{
	const struct tcp_limits *limits = ctx;

	return limits->source[value].addr == tuple->raddr;
}

/* The index of its record, or WR_FLOW_NONE. */
static uint32_t find(const struct tcp_limits *limits, uint32_t addr, uint32_t *hash)
{
	const struct wr_tuple key = key_of(addr);

	*hash = wr_flow_hash(limits->sources, &key);
	return wr_flow_find(limits->sources, *hash, &key, match, limits);
}

bool tcp_source_is_full(const struct wr_tcp *tcp, uint32_t addr)
{
	const struct tcp_limits *limits = &tcp->limits;
	uint32_t hash, i;

	if (!limits->sources)
		return false;
	i = find(limits, addr, &hash);
	return i != WR_FLOW_NONE &&
	       limits->source[i].connections >= tcp->conf.source_connections;
}

static void enter_source(struct tcp_limits *limits, uint32_t addr)
{
	uint32_t hash, i = find(limits, addr, &hash);

	if (i != WR_FLOW_NONE) {
		limits->source[i].connections++;
		return;
	}
	i = limits->free_source;
	if (wr_flow_add(limits->sources, hash, i)) /* its bucket has no room: not counted */
		return;
	limits->free_source = limits->source[i].connections;
	limits->source[i] = (struct tcp_source) {addr, 1};
}

static void leave_source(struct tcp_limits *limits, uint32_t addr)
{
	uint32_t hash, i = find(limits, addr, &hash);

	if (i == WR_FLOW_NONE || --limits->source[i].connections)
		return;
	wr_flow_remove(limits->sources, hash, i);
	limits->source[i].connections = limits->free_source;
	limits->free_source = i;
}

void tcp_limits_enter(struct wr_tcp *tcp, const struct wr_tcb *c)
{
	tcp->limits.open[c->listener]++;
	if (tcp->limits.sources)
		enter_source(&tcp->limits, c->tuple.raddr);
}

void tcp_limits_leave(struct wr_tcp *tcp, const struct wr_tcb *c)
{
	if (c->listener == WR_TCB_NO_LISTENER)
		return;
	tcp->limits.open[c->listener]--;
	if (tcp->limits.sources)
		leave_source(&tcp->limits, c->tuple.raddr);
}
