/* SPDX-License-Identifier: BSD-3-Clause */
/* The UDP flows of one core: addresses and ports of ours whose replies come to this core. */
#ifndef WR_LOAD_FLOWS_H
#define WR_LOAD_FLOWS_H

#include "load.h"

/* A flow, and what udp-rr keeps of it. */
struct load_flow {
	alignas(WR_CACHE_LINE) struct wr_tuple tuple;
	uint8_t waiting;     /* places that it has in the queue of the idle */
	bool armed;          /* its timer rings, not later than the oldest request's time-out */
	uint64_t next;       /* number of the next request */
	uint64_t used;       /* bit i: the request in place i is under way */
	struct wr_once once; /* numbers that were answered */
	uint64_t think_ns;   /* when it has thought enough; UINT64_MAX: it does not think */
};
static_assert(sizeof(struct load_flow) == 64, "one cache line");

struct load_flows {
	struct load_flow *flow;
	uint32_t count;
	uint32_t *slot; /* hash table of flow numbers + 1, half empty; 0: nobody */
	uint32_t mask;
	struct wr_udp *udp;
	struct wr_udp_claim claim;
};

/*
 * Makes `count` flows to the target, and claims their addresses and ports for handler. Returns
 * 0; -ENOMEM; or another negative errno and *err: no route or not enough ports.
 */
int load_flows_init(struct wr_load *load, struct load_flows *flows, uint32_t count, int socket,
                    wr_udp_handler handler, wr_udp_error_handler on_error, struct wr_err *err);
void load_flows_fini(struct load_flows *flows);
uint64_t load_flows_bytes(uint64_t count);

/* The number of the flow with this tuple; UINT32_MAX: there is none. */
uint32_t load_flows_find(const struct load_flows *flows, const struct wr_tuple *tuple);

/*
 * A datagram with the first `bytes` bytes of the payload: in m, if that is a buffer that can be
 * used again, which is taken in any case, or NULL. NULL: there are no buffers, counted.
 */
struct rte_mbuf *load_datagram(struct wr_load *load, uint32_t bytes, struct rte_mbuf *m);

/* Sends it. */
void load_flow_send(struct wr_load *load, struct load_flows *flows, uint32_t n,
                    struct rte_mbuf *m);

/* An ICMP error: counted by reason. */
void load_flows_on_error(struct wr_udp *udp, const struct wr_icmp_error *error, void *user,
                         uint64_t now_us);

#endif /* WR_LOAD_FLOWS_H */
