/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Match: a sink that looks. Text must be the pattern of wr_pattern.h from its beginning; the
 * first piece that is not ends the connection by a reset. After the peer's FIN it says how many
 * bytes were right, as sink does.
 */
#include "reactions.h"
#include "wr_pattern.h"

static bool on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	uintptr_t bytes = (uintptr_t)wr_tcb_user(c);

	if (wr_pattern_differs(rte_pktmbuf_mtod(m, uint8_t *), m->data_len, bytes)) {
		WR_COUNT(wr_tcp_ip(tcp)->stats, service_refused, 1);
		wr_tcp_abort(tcp, c);
		return false; /* m is the caller's */
	}
	service_count_text(tcp, c, m);
	return true;
}

static const struct wr_tcp_events events = {
	.on_open = service_count_from_zero,
	.on_data = on_data,
	.on_room = service_ignore_room,
	.on_peer_closed = service_tell_total,
	.on_closed = service_ignore_end,
};

const struct wr_service wr_service_match = {
	.name = "match",
	.spec = "docs/services.md",
	.port = 5206,
	.tcp = &events,
};
