/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Match: a sink that looks. Text must be the pattern of wr_pattern.h from its beginning; the
 * first piece that is not ends the connection by a reset. After the peer's FIN it says how many
 * bytes were right, as sink does.
 */
#include "reactions.h"
#include "wr_pattern.h"

/* wr_tcb_user() is the number of bytes so far, so a connection needs no record. */
static bool on_open(struct wr_tcp *tcp, struct wr_tcb *c)
{
	wr_tcb_set_user(c, NULL);
	return true;
}

static bool on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	uintptr_t bytes = (uintptr_t)wr_tcb_user(c);

	if (wr_pattern_differs(rte_pktmbuf_mtod(m, uint8_t *), m->data_len, bytes)) {
		WR_COUNT(wr_tcp_ip(tcp)->stats, service_refused, 1);
		wr_tcp_abort(tcp, c);
		return false; /* m is the caller's */
	}
	WR_COUNT(wr_tcp_ip(tcp)->stats, sink_bytes, m->data_len);
	wr_tcb_set_user(c, (void *)(bytes + m->data_len));
	rte_pktmbuf_free(m);
	return true;
}

static void on_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	service_tell_total(tcp, c, (uintptr_t)wr_tcb_user(c));
}

static const struct wr_tcp_events events = {
	.on_open = on_open,
	.on_data = on_data,
	.on_room = service_ignore_room,
	.on_peer_closed = on_peer_closed,
	.on_closed = service_ignore_end,
};

const struct wr_service wr_service_match = {
	.name = "match",
	.spec = "docs/services.md",
	.port = 5206,
	.tcp = &events,
};
