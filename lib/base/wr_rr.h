/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_RR_H
#define WR_RR_H

#include <stdbool.h>
#include <stdint.h>

#include "wr_be.h"

/*
 * Requests and responses of sizes on demand, the protocol between the rr service and the load
 * generator. A request begins with a header of four big-endian 32-bit words:
 *
 *   0  "WRRR"
 *   4  bytes of the request in all, this header included; 16 at least
 *   8  bytes of the response in all; 0: there is none
 *  12  a tag, the client's own
 *
 * and goes on with anything. The response begins with the first WR_RR_COPIED bytes of the
 * request, or with all of a shorter one, as far as they fit; every further byte, at index i of
 * the response, is byte i of wr_pattern.h. Requests may be sent ahead: responses come in order.
 * A response longer than the header therefore says its own length in word 2.
 *
 * Over UDP a datagram is a request, whose true length counts instead of word 1.
 */
#define WR_RR_PORT   5203
#define WR_RR_MAGIC  0x57525252 /* "WRRR" */
#define WR_RR_HEADER 16         /* bytes */
#define WR_RR_COPIED 64         /* bytes of a request that come back: header and stamp */

struct wr_rr {
	uint32_t request_bytes, response_bytes, tag;
};

/* Reads the header at `text` (WR_RR_HEADER bytes); false: it is none. */
static inline bool wr_rr_read(struct wr_rr *rr, const void *text)
{
	const uint8_t *at = text;

	rr->request_bytes = wr_be32_get(at + 4);
	rr->response_bytes = wr_be32_get(at + 8);
	rr->tag = wr_be32_get(at + 12);
	return wr_be32_get(at) == WR_RR_MAGIC && rr->request_bytes >= WR_RR_HEADER;
}

static inline void wr_rr_write(void *text, const struct wr_rr *rr)
{
	uint8_t *at = text;

	wr_be32_put(at, WR_RR_MAGIC);
	wr_be32_put(at + 4, rr->request_bytes);
	wr_be32_put(at + 8, rr->response_bytes);
	wr_be32_put(at + 12, rr->tag);
}

#endif /* WR_RR_H */
