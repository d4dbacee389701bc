/* SPDX-License-Identifier: BSD-3-Clause */
/* Text of wr_pattern.h, sent as fast as the peer takes it. */
#ifndef WR_SERVICE_STREAM_H
#define WR_SERVICE_STREAM_H

#include "wr_service.h"

struct service_stream {
	uint64_t offset; /* of the next byte, in the pattern */
	uint64_t left;   /* bytes */
};

enum service_sent {
	SERVICE_SENT_ALL,
	SERVICE_SENT_SOME, /* on_room will come */
	SERVICE_SENT_NONE, /* there is no buffer, and no acknowledgement will come */
};

/* A buffer to write text to; NULL: the pool is empty, counted. */
struct rte_mbuf *service_buffer(struct wr_service_core *core);

/* Bytes of text that fill a segment without being cut. */
uint32_t service_segment(const struct wr_service_core *core);

/*
 * Sends m, which stays the caller's unless the result is SERVICE_SENT_ALL. Once we closed the
 * connection, by a drain, nobody waits for text: it is thrown away.
 */
enum service_sent service_send(struct wr_service_core *core, struct wr_tcb *c,
                               struct rte_mbuf *m);

enum service_sent service_stream_send(struct wr_service_core *core, struct wr_tcb *c,
                                      struct service_stream *stream);

#endif /* WR_SERVICE_STREAM_H */
