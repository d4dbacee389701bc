/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagrams that ask for no answer: at --pps or --bitrate in an open loop, or as fast as the
 * output queue empties. Answers, if there are any, are counted.
 */

#include <errno.h>

#include <rte_malloc.h>

#include "flows.h"
#include "packets.h"

struct flood {
	struct load_flows flows;
	struct load_packets packets;
	uint32_t next;
};

static uint32_t flows_of(const struct wr_load_conf *conf, uint32_t core, uint32_t cores)
{
	return wr_max((uint32_t)load_share(conf->set.connections, core, cores), 1);
}

static uint64_t bytes(const struct wr_load_conf *conf, uint32_t cores)
{
	return sizeof(struct flood) + load_flows_bytes(flows_of(conf, 0, cores));
}

static enum wr_verdict on_datagram(struct wr_udp *udp, struct rte_mbuf *m,
                                   const struct wr_tuple *from, uint8_t tos, void *user,
                                   uint64_t now_us)
{
	struct wr_load *load = user;

	LOAD_COUNT(load, datagrams_received, 1);
	LOAD_COUNT(load, bytes_received, m->pkt_len);
	rte_pktmbuf_free(m);
	return WR_V_udp_delivered;
}

static int init(struct wr_load *load, int socket, struct wr_err *err)
{
	struct flood *flood =
		rte_zmalloc_socket("load flood", sizeof(*flood), WR_CACHE_LINE, socket);

	load->own = flood;
	if (!flood)
		return -ENOMEM;
	return load_flows_init(load, &flood->flows,
	                       flows_of(load->conf, load->core, load->cores), socket,
	                       on_datagram, load_flows_on_error, err);
}

static void fini(struct wr_load *load)
{
	struct flood *flood = load->own;

	if (flood)
		load_flows_fini(&flood->flows);
	rte_free(flood);
}

static double rate_of(const struct wr_load *load)
{
	if (load->set.pps > 0)
		return load->set.pps;
	return load->set.bitrate / 8 / wr_sizes_mean(&load->conf->request);
}

static void start(struct wr_load *load)
{
	load_packets_start(load, &((struct flood *)load->own)->packets, rate_of(load));
}

static void set(struct wr_load *load, uint64_t now_ns)
{
	load_packets_set(&((struct flood *)load->own)->packets, rate_of(load), now_ns);
}

static void stop(struct wr_load *load, uint64_t end_ns)
{
	load_packets_stop(load, &((struct flood *)load->own)->packets, end_ns);
}

static bool send_one(struct wr_load *load)
{
	struct flood *flood = load->own;
	uint32_t size = wr_sizes_draw(&load->conf->request, &load->prng);
	struct rte_mbuf *m = load_datagram(load, size, NULL);

	if (!m)
		return false;
	LOAD_COUNT(load, datagrams_sent, 1);
	load_flow_send(load, &flood->flows, flood->next, m);
	flood->next = flood->next + 1 == flood->flows.count ? 0 : flood->next + 1;
	return true;
}

static bool run(struct wr_load *load, uint64_t now_ns)
{
	return load_packets_run(load, &((struct flood *)load->own)->packets, send_one, now_ns);
}

static uint64_t deadline(const struct wr_load *load)
{
	return load_packets_deadline(load, &((const struct flood *)load->own)->packets);
}

const struct load_mode load_mode_udp_flood = {
	.bytes = bytes,
	.init = init,
	.fini = fini,
	.start = start,
	.set = set,
	.run = run,
	.deadline = deadline,
	.stop = stop,
};
