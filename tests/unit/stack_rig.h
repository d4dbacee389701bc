/* SPDX-License-Identifier: BSD-3-Clause */
/* A server's stack and a client's on one wire, and connections that remember what befell them.
 */
#ifndef STACK_RIG_H
#define STACK_RIG_H

#include <string.h>

#include "craft.h"
#include "wire.h"
#include "wr_test.h"

#define SERVER      0
#define CLIENT      1
#define SERVER_ADDR 0xc6120001
#define CLIENT_ADDR 0xc6120002

/* A connection of the client, as its events saw it. */
struct seen {
	unsigned opened, peer_closed, closed;
	enum wr_reason reason;
	uint32_t bytes;
	bool polite; /* closes when the peer has */
};

static inline bool seen_open(struct wr_tcp *tcp, struct wr_tcb *c)
{
	((struct seen *)wr_tcb_user(c))->opened++;
	return true;
}

static inline bool seen_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	((struct seen *)wr_tcb_user(c))->bytes += m->pkt_len;
	rte_pktmbuf_free(m);
	return true;
}

static inline void seen_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
}

static inline void seen_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct seen *seen = wr_tcb_user(c);

	seen->peer_closed++;
	if (seen->polite)
		wr_tcp_close(tcp, c);
}

static inline void seen_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	struct seen *seen = wr_tcb_user(c);

	seen->closed++;
	seen->reason = reason;
}

static const struct wr_tcp_events seen_events = {
	.on_open = seen_open,
	.on_data = seen_data,
	.on_room = seen_room,
	.on_peer_closed = seen_peer_closed,
	.on_closed = seen_closed,
};

static inline struct wr_tcb *connect_to(struct wire *wire, unsigned host, unsigned core,
                                        uint32_t addr, uint16_t port, struct seen *seen)
{
	struct wr_tcp_connect to = {
		.raddr = addr,
		.rport = port,
		.events = &seen_events,
		.user = seen,
	};
	struct wr_tcb *c = NULL;

	wr_tcp_options_default(&to.options);
	assert_int_equal(wr_tcp_connect(wr_stack_tcp(wire->host[host].core[core]), &to, &c), 0);
	return c;
}

static inline void send_bytes(struct wire *wire, unsigned host, unsigned core, struct wr_tcb *c,
                              uint16_t bytes)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(wire->host[host].pool);

	assert_non_null(m);
	memset(rte_pktmbuf_append(m, bytes), 'x', bytes);
	assert_int_equal(wr_tcp_send(wr_stack_tcp(wire->host[host].core[core]), c, m), 0);
}

/* The server has `cores` cores and the echo service, the client one core. */
static inline struct wire *serve(unsigned cores)
{
	struct wr_stack_conf conf;

	wire_conf(&conf, SERVER);
	wr_stack_serve(&conf, &wr_service_echo);
	return wire_new(&conf, cores, 8191, 2047);
}

/* Frames as if from the client's address. */
static const struct craft_path from_client = {
	.smac = {{0x02, 0, 0, 0, 0, 2}},
	.dmac = {{0x02, 0, 0, 0, 0, 1}},
	.src = CLIENT_ADDR,
	.dst = SERVER_ADDR,
};

static inline uint64_t verdict(const struct wire *wire, unsigned host, unsigned core,
                               enum wr_verdict which)
{
	return wire->host[host].stats[core].verdict[which];
}

static inline uint64_t connections(struct wire *wire, unsigned host, enum wr_tcp_state state)
{
	struct wr_stats sum;

	wire_stats(wire, host, &sum);
	return sum.connections[state];
}

#endif /* STACK_RIG_H */
