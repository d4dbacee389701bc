/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "stream.h"

#include "wr_pattern.h"

#define HEADERS 52 /* IPv4 and TCP with timestamps: what a full segment loses to them */

struct rte_mbuf *service_buffer(struct wr_service_core *core)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(core->pool);

	if (wr_unlikely(!m))
		WR_COUNT(core->stats, mbuf_alloc_failed, 1);
	return m;
}

uint32_t service_segment(const struct wr_service_core *core)
{
	return core->udp->ip->conf.mtu - HEADERS;
}

static enum service_sent wait_for_room(struct wr_service_core *core, struct wr_tcb *c)
{
	return wr_tcp_want_room(core->tcp, c) ? SERVICE_SENT_SOME : SERVICE_SENT_NONE;
}

enum service_sent service_send(struct wr_service_core *core, struct wr_tcb *c,
                               struct rte_mbuf *m)
{
	int rc = wr_tcp_send(core->tcp, c, m);

	if (rc == -EPIPE)
		rte_pktmbuf_free(m);
	return rc && rc != -EPIPE ? wait_for_room(core, c) : SERVICE_SENT_ALL;
}

/* Room is asked for before the text is made, as it would be made in vain. */
enum service_sent service_stream_send(struct wr_service_core *core, struct wr_tcb *c,
                                      struct service_stream *stream)
{
	uint32_t segment = service_segment(core);

	while (stream->left) {
		uint32_t bytes = stream->left < segment ? (uint32_t)stream->left : segment;
		struct rte_mbuf *m;
		int rc;

		if (wr_tcp_room(core->tcp, c) < bytes && wr_tcp_want_room(core->tcp, c))
			return SERVICE_SENT_SOME;
		m = service_buffer(core);
		if (!m)
			return wait_for_room(core, c);
		wr_pattern_fill(rte_pktmbuf_append(m, (uint16_t)bytes), bytes, stream->offset);
		rc = wr_tcp_send(core->tcp, c, m);
		if (rc) {
			rte_pktmbuf_free(m);
			if (rc != -EPIPE)
				return wait_for_room(core, c);
			stream->left = 0;
			break;
		}
		stream->offset += bytes;
		stream->left -= bytes;
		WR_COUNT(core->stats, source_bytes, bytes);
	}
	return SERVICE_SENT_ALL;
}
