/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of an impairment, shared by the files of this directory. */
#ifndef WR_IMPAIR_INSIDE_H
#define WR_IMPAIR_INSIDE_H

#include "wr_impair.h"
#include "wr_prng.h"

/* ---- impair_queue.c: frames that wait for their time ---- */

struct impair_entry {
	uint64_t due_ns;
	int64_t serial; /* order among those due together */
	struct rte_mbuf *m;
};

/* A binary heap: the earliest entry is entry[0]. */
struct impair_queue {
	struct impair_entry *entry;
	uint32_t count, size;
	int64_t back, front; /* serials of the next put and of the last put_front */
};

/* The queue must have room: count < size. */
void impair_queue_put(struct impair_queue *q, struct rte_mbuf *m, uint64_t due_ns);

/* The queue must have room for all n, which become the first, in their order. */
void impair_queue_put_front(struct impair_queue *q, struct rte_mbuf *const *frames, unsigned n);

/* The earliest; the queue must not be empty. */
struct rte_mbuf *impair_queue_take(struct impair_queue *q);

/* ---- impair_harm.c: what changes bytes ---- */

/*
 * Both replace *m by a copy from pool if somebody else holds its buffers. -ENOMEM: there is no
 * buffer for the copy, and *m is as before.
 */

/*
 * Flips one bit behind the Ethernet header; checksums that a NIC would make are made before.
 * -ENOENT: there is none, or it is ARP, which has no checksum and would teach wrong addresses.
 */
int impair_corrupt(struct rte_mbuf **m, struct rte_mempool *pool, struct wr_prng *prng);

/* Whether it is an IPv4 packet that says ECN-capable and is not marked yet. */
bool impair_may_mark(const struct rte_mbuf *m);

/* Marks such a packet: congestion experienced. */
int impair_mark(struct rte_mbuf **m, struct rte_mempool *pool);

#endif /* WR_IMPAIR_INSIDE_H */
