/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sink: takes text as fast as it comes and, after the peer's FIN, says how many bytes it was,
 * as a big-endian 64-bit number, and closes. Over UDP it throws datagrams away.
 */
#include "reactions.h"
#include "stream.h"
#include "wr_pattern.h"

static bool on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	service_count_text(tcp, c, m);
	return true;
}

static enum wr_verdict on_datagram(struct wr_udp *udp, struct rte_mbuf *m,
                                   const struct wr_tuple *from, uint8_t tos, void *user,
                                   uint64_t now_us)
{
	WR_COUNT(udp->stats, sink_bytes, m->pkt_len);
	rte_pktmbuf_free(m);
	return WR_V_udp_delivered;
}

static const struct wr_tcp_events events = {
	.on_open = service_count_from_zero,
	.on_data = on_data,
	.on_room = service_ignore_room,
	.on_peer_closed = service_tell_total,
	.on_closed = service_ignore_end,
};

const struct wr_service wr_service_sink = {
	.name = "sink",
	.spec = "docs/services.md",
	.port = WR_SINK_PORT,
	.tcp = &events,
	.udp = on_datagram,
};
