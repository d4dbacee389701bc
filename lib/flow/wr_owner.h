/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_OWNER_H
#define WR_OWNER_H

#include <stdint.h>

#include "wr_flow.h"

/*
 * Which core owns a flow: a pure function of the 4-tuple, the same on all cores.
 * Toeplitz over (source address, destination address, source port, destination port) of a
 * *received* frame, so that a NIC programmed with our key computes the same number.
 */
#define WR_RSS_KEY_BYTES 40
#define WR_RETA_SIZE     128 /* hash & 127 chooses the entry; entry i belongs to core i % cores */

extern const uint8_t wr_rss_key[WR_RSS_KEY_BYTES];

/* Lookup tables for software Toeplitz: read-only after wr_owner_init(), shared by all cores. */
struct wr_owner {
	uint32_t cores;             /* 1 or more */
	uint8_t core[WR_RETA_SIZE]; /* redirection table: the core of each entry */
	uint32_t byte[12][256];     /* contribution of each input byte to the hash */
};

/* cores: 1 .. 128. */
void wr_owner_init(struct wr_owner *owner, uint32_t cores);

/* The Toeplitz hash of frames that the remote end sends on this tuple. */
uint32_t wr_owner_hash(const struct wr_owner *owner, const struct wr_tuple *tuple);

/* The core, 0 .. cores-1, that owns a flow with this hash. */
static inline uint32_t wr_owner_of_hash(const struct wr_owner *owner, uint32_t hash)
{
	return owner->core[hash & (WR_RETA_SIZE - 1)];
}

/* The core that owns this tuple. Without ports (fragments, ICMP): give both as zero. */
static inline uint32_t wr_owner_of(const struct wr_owner *owner, const struct wr_tuple *tuple)
{
	return owner->cores == 1 ? 0 : wr_owner_of_hash(owner, wr_owner_hash(owner, tuple));
}

#endif /* WR_OWNER_H */
