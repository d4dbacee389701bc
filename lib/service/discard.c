/* SPDX-License-Identifier: BSD-3-Clause */
/* Discard, RFC 863: whatever comes is thrown away, and nothing is answered. */
#include "reactions.h"

static enum wr_verdict on_datagram(struct wr_udp *udp, struct rte_mbuf *m,
                                   const struct wr_tuple *from, uint8_t tos, void *user,
                                   uint64_t now_us)
{
	rte_pktmbuf_free(m);
	return WR_V_udp_delivered;
}

static const struct wr_tcp_events events = {
	.on_open = service_accept,
	.on_data = service_throw_away,
	.on_room = service_ignore_room,
	.on_peer_closed = service_close_too,
	.on_closed = service_ignore_end,
};

const struct wr_service wr_service_discard = {
	.name = "discard",
	.spec = "RFC 863",
	.port = 9,
	.tcp = &events,
	.udp = on_datagram,
};
