/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_EPHEMERAL_H
#define WR_EPHEMERAL_H

#include <stdbool.h>
#include <stdint.h>

#include "wr_flow.h"
#include "wr_owner.h"
#include "wr_prng.h"

/*
 * Source ports that nobody off the path can guess and whose replies come to this core:
 * RFC 6056, algorithms 4 and 5 together. For each destination (local address, remote address
 * and port) a search starts at a keyed offset plus a counter that grows by random steps, so
 * ports go round the range: those freed long ago come first, and a choice costs about one look
 * a core until the range is nearly used up. One core owns about 1/cores of the ports of a
 * destination: that is its capacity.
 */
#define WR_EPHEMERAL_LOW   1024
#define WR_EPHEMERAL_HIGH  65535
#define WR_EPHEMERAL_SLOTS 1024 /* counters, which destinations share by hash */

struct wr_ephemeral_slot {
	uint32_t next;        /* counter, from a random start */
	uint32_t destination; /* of which no port was free, by hash */
	uint64_t retry_us;    /* before then it is not searched again */
};

struct wr_ephemeral {
	struct wr_sipkey key;
	const struct wr_owner *owner;
	uint32_t core;
	struct wr_prng steps;
	uint64_t choices, probes; /* ports asked for; ports looked at in use or not */
	struct wr_ephemeral_slot slot[WR_EPHEMERAL_SLOTS];
};

/* owner is borrowed; `core` is this core. `key` is a secret of this use alone. */
void wr_ephemeral_init(struct wr_ephemeral *e, const struct wr_sipkey *key,
                       const struct wr_owner *owner, uint32_t core);

/* Whether nobody uses this tuple. */
typedef bool (*wr_ephemeral_is_free)(void *ctx, const struct wr_tuple *tuple);

/*
 * Sets tuple->lport to a port from low to high (0 and 0: 1024 .. 65535) that is free and owned
 * by this core. Returns 0; -EINVAL: low is 0 or above high; -EADDRNOTAVAIL: there is none. A
 * search in vain looks at the whole range, so it is not repeated within 20 ms for the same
 * destination: until then the answer is the same.
 */
int wr_ephemeral_choose(struct wr_ephemeral *e, struct wr_tuple *tuple, uint16_t low,
                        uint16_t high, wr_ephemeral_is_free is_free, void *ctx,
                        uint64_t now_us);

#endif /* WR_EPHEMERAL_H */
