/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Echo, RFC 862: what comes goes back, in the buffer in which it came. A peer that does not
 * read fills its send queue, then our receive window: nothing is stored beyond these two.
 */
#include <errno.h>

#include "reactions.h"

static bool on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	switch (wr_tcp_send(tcp, c, m)) {
	case 0:
		return true;
	case -EPIPE: /* closed from our side, by a drain: nobody waits for an echo */
		rte_pktmbuf_free(m);
		return true;
	default:
		return false;
	}
}

static void on_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
	wr_tcp_resume(tcp, c);
}

/* DSCP goes back as it came; the ECN bits belong to the path of one packet. */
static enum wr_verdict on_datagram(struct wr_udp *udp, struct rte_mbuf *m,
                                   const struct wr_tuple *from, uint8_t tos, void *user,
                                   uint64_t now_us)
{
	wr_udp_send(udp, m, from, tos & 0xfc, now_us);
	return WR_V_udp_delivered;
}

static const struct wr_tcp_events events = {
	.on_open = service_accept,
	.on_data = on_data,
	.on_room = on_room,
	.on_peer_closed = service_close_too,
	.on_closed = service_ignore_end,
};

const struct wr_service wr_service_echo = {
	.name = "echo",
	.spec = "RFC 862",
	.port = 7,
	.tcp = &events,
	.udp = on_datagram,
	.udp_replies = true,
	.nodelay = true,
};
