/* SPDX-License-Identifier: BSD-3-Clause */
/* Discard, RFC 863: whatever comes is thrown away, and nothing is answered. */
#include "wr_service.h"

static bool on_open(struct wr_tcp *tcp, struct wr_tcb *c)
{
	return true;
}

static bool on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	rte_pktmbuf_free(m);
	return true;
}

static void on_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
}

static void on_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	wr_tcp_close(tcp, c);
}

static void on_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
}

static enum wr_verdict on_datagram(struct wr_udp *udp, struct rte_mbuf *m,
                                   const struct wr_tuple *from, uint8_t tos, void *user,
                                   uint64_t now_us)
{
	rte_pktmbuf_free(m);
	return WR_V_udp_delivered;
}

static const struct wr_tcp_events events = {
	.on_open = on_open,
	.on_data = on_data,
	.on_room = on_room,
	.on_peer_closed = on_peer_closed,
	.on_closed = on_closed,
};

const struct wr_service wr_service_discard = {
	.name = "discard",
	.spec = "RFC 863",
	.port = 9,
	.tcp = &events,
	.udp = on_datagram,
};
