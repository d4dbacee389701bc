/* SPDX-License-Identifier: BSD-3-Clause */
#include "flows.h"

#include <errno.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_malloc.h>

#include "wr_ephemeral.h"

#define ADDRESSES_TRY 8 /* of the pool, when there is no port */

#define UNREACHABLE      3 /* ICMP type */
#define PORT_UNREACHABLE 3 /* its code */

/* ---- finding ---- */

static uint32_t slots_for(uint64_t count)
{
	return (uint32_t)rte_align64pow2(2 * (count ? count : 1));
}

/* Where to begin to look; all flows have one remote end. */
static uint32_t place_of(const struct load_flows *flows, const struct wr_tuple *tuple)
{
	uint64_t key = (uint64_t)tuple->laddr << 16 | tuple->lport;

	return (uint32_t)(key * 0x9e3779b97f4a7c15 >> 32) & flows->mask;
}

uint32_t load_flows_find(const struct load_flows *flows, const struct wr_tuple *tuple)
{
	uint32_t place = place_of(flows, tuple);

	for (; flows->slot[place]; place = (place + 1) & flows->mask) {
		uint32_t n = flows->slot[place] - 1;

		if (wr_tuple_eq(&flows->flow[n].tuple, tuple))
			return n;
	}
	return UINT32_MAX;
}

static void add(struct load_flows *flows, const struct wr_tuple *tuple)
{
	uint32_t place = place_of(flows, tuple);

	while (flows->slot[place])
		place = (place + 1) & flows->mask;
	flows->flow[flows->count++].tuple = *tuple;
	flows->slot[place] = flows->count;
}

/* ---- making ---- */

static bool is_free(void *ctx, const struct wr_tuple *tuple)
{
	return load_flows_find(ctx, tuple) == UINT32_MAX;
}

static int choose(struct wr_load *load, struct load_flows *flows, struct wr_tuple *tuple)
{
	const struct wr_load_conf *conf = load->conf;
	unsigned tries = wr_max(wr_min(load->pool_addrs, ADDRESSES_TRY), 1);
	int rc = -EADDRNOTAVAIL;

	tuple->raddr = conf->target;
	tuple->rport = conf->port;
	for (unsigned i = 0; i < tries && rc == -EADDRNOTAVAIL; i++) {
		tuple->laddr =
			load->pool_addrs ? load_next_addr(load) : flows->claim.addr_first;
		rc = wr_udp_choose_port(flows->udp, tuple, conf->port_low, conf->port_high,
		                        is_free, flows, load->now_ns / 1000);
	}
	return rc;
}

static int choose_all(struct wr_load *load, struct load_flows *flows, uint32_t count,
                      struct wr_err *err)
{
	while (flows->count < count) {
		struct wr_tuple tuple;
		int rc = choose(load, flows, &tuple);

		if (rc)
			return wr_err_set(err, WR_EXIT_USAGE, rc,
			                  "core %u found source ports for %u of its %u flows; "
			                  "ask for fewer --connections, or give more "
			                  "--client-ip or a wider range of --client-ports",
			                  load->core, flows->count, count);
		add(flows, &tuple);
	}
	return 0;
}

/* All addresses and ports of the client; what lies between its ranges is nobody's. */
static int claim(struct wr_load *load, struct load_flows *flows, struct wr_err *err)
{
	const struct wr_load_conf *conf = load->conf;
	struct wr_udp_claim *c = &flows->claim;
	int rc;

	c->addr_first = c->addr_last = wr_ip_source_for(wr_stack_ip(load->stack), conf->target);
	for (unsigned i = 0; i < conf->clients; i++) {
		c->addr_first = i ? wr_min(c->addr_first, conf->client[i].first)
		                  : conf->client[i].first;
		c->addr_last =
			i ? wr_max(c->addr_last, conf->client[i].last) : conf->client[i].last;
	}
	c->port_low = conf->port_low ? conf->port_low : WR_EPHEMERAL_LOW;
	c->port_high = conf->port_high ? conf->port_high : WR_EPHEMERAL_HIGH;
	if (!c->addr_first)
		return wr_err_set(err, WR_EXIT_USAGE, -ENETUNREACH,
		                  "no address of ours has a route to the target; give --ip in "
		                  "its network, or --gateway");
	rc = wr_udp_claim(flows->udp, c);
	if (rc)
		return wr_err_set(err, WR_EXIT_USAGE, rc,
		                  "the client's UDP ports %u to %u are in use by somebody else "
		                  "here; give other --client-ports",
		                  c->port_low, c->port_high);
	return 0;
}

int load_flows_init(struct wr_load *load, struct load_flows *flows, uint32_t count, int socket,
                    wr_udp_handler handler, wr_udp_error_handler on_error, struct wr_err *err)
{
	int rc;

	*flows = (struct load_flows) {
		.mask = slots_for(count) - 1,
		.claim = {.handler = handler, .on_error = on_error, .user = load},
	};
	flows->flow = rte_zmalloc_socket("load flows",
	                                 (size_t)wr_max(count, 1) * sizeof(*flows->flow),
	                                 WR_CACHE_LINE, socket);
	flows->slot = rte_zmalloc_socket("load flow slots",
	                                 (size_t)slots_for(count) * sizeof(*flows->slot),
	                                 WR_CACHE_LINE, socket);
	if (!flows->flow || !flows->slot)
		return -ENOMEM;
	flows->udp = wr_stack_udp(load->stack);
	rc = claim(load, flows, err);
	if (rc) {
		flows->udp = NULL;
		return rc;
	}
	return choose_all(load, flows, count, err);
}

void load_flows_fini(struct load_flows *flows)
{
	if (flows->udp)
		wr_udp_release(flows->udp, &flows->claim);
	rte_free(flows->flow);
	rte_free(flows->slot);
}

uint64_t load_flows_bytes(uint64_t count)
{
	return count * sizeof(struct load_flow) + slots_for(count) * sizeof(uint32_t);
}

/* ---- sending ---- */

/* Fills a chain that begins with m; false: there are no buffers. */
static bool fill(struct wr_load *load, struct rte_mbuf *m, uint32_t bytes)
{
	struct rte_mbuf *last = m;

	for (uint32_t at = 0;;) {
		uint32_t part = wr_min(bytes - at, rte_pktmbuf_tailroom(last));

		memcpy(rte_pktmbuf_mtod(last, char *), load->payload + at, part);
		last->data_len = (uint16_t)part;
		m->pkt_len += part;
		at += part;
		if (at == bytes)
			return true;
		last->next = rte_pktmbuf_alloc(load->pool);
		if (!last->next)
			return false;
		last = last->next;
		m->nb_segs++;
	}
}

static bool can_be_reused(const struct rte_mbuf *m)
{
	return RTE_MBUF_DIRECT(m) && m->nb_segs == 1 && rte_mbuf_refcnt_read(m) == 1;
}

struct rte_mbuf *load_datagram(struct wr_load *load, uint32_t bytes, struct rte_mbuf *m)
{
	if (m && !can_be_reused(m)) {
		rte_pktmbuf_free(m);
		m = NULL;
	}
	if (m)
		rte_pktmbuf_reset(m);
	else
		m = rte_pktmbuf_alloc(load->pool);
	if (m && fill(load, m, bytes))
		return m;
	rte_pktmbuf_free(m);
	LOAD_COUNT(load, no_buffers, 1);
	return NULL;
}

void load_flow_send(struct wr_load *load, struct load_flows *flows, uint32_t n,
                    struct rte_mbuf *m)
{
	LOAD_COUNT(load, bytes_sent, m->pkt_len);
	wr_udp_send(flows->udp, m, &flows->flow[n].tuple, load->conf->tcp.tos,
	            load->now_ns / 1000);
}

void load_flows_on_error(struct wr_udp *udp, const struct wr_icmp_error *error, void *user,
                         uint64_t now_us)
{
	struct wr_load *load = user;
	bool refused = error->type == UNREACHABLE && error->code == PORT_UNREACHABLE;

	wr_stat_add(&load->stats.reason[refused ? WR_REASON_refused : WR_REASON_unreachable],
	            1);
}
