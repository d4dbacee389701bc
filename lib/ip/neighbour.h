/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_NEIGHBOUR_H
#define WR_NEIGHBOUR_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wr_base.h"
#include "wr_ip.h"

/*
 * The table of neighbours: hosts on our links, their Ethernet addresses, and the packets that
 * wait for these. arp.c decides what is asked and believed. The table has a fixed number of
 * entries, found by hash. What is asked stands in a queue in the order of asking, which is the
 * order of repeating, since all wait the same time; all entries stand in the order of their
 * last use, of which the oldest is evicted from a full table. Addresses are in host order.
 */

#define NEIGHBOUR_NONE    UINT16_MAX
#define NEIGHBOUR_WAITING 4 /* packets that wait for one; RFC 1122 2.3.2.2: at least one */

/* Ordered: from REACHABLE on, the Ethernet address is good enough to send to. */
enum neighbour_state {
	NEIGHBOUR_FREE,
	NEIGHBOUR_FAILED,     /* asked in vain, or not asked yet */
	NEIGHBOUR_INCOMPLETE, /* asked for the first time */
	NEIGHBOUR_REACHABLE,  /* confirmed less than arp_age_us ago */
	NEIGHBOUR_STALE,      /* not confirmed for so long, and not used since */
	NEIGHBOUR_PROBING,    /* asked whether it is still there */
};

enum neighbour_queue {
	NEIGHBOURS_BY_USE,
	NEIGHBOURS_BY_ASKING,
	NEIGHBOUR_QUEUES,
};

struct neighbour_link {
	uint16_t prev, next; /* indices */
};

struct neighbour {
	uint32_t addr;
	uint8_t state;            /* enum neighbour_state */
	uint8_t tries;            /* requests sent since the last answer */
	uint8_t waiting;          /* packets in wait[] */
	bool asking;              /* is in the queue BY_ASKING */
	struct rte_ether_hdr eth; /* what goes in front of a packet to it */
	uint16_t same_hash;       /* next entry of the bucket; of the free list */
	uint64_t used_us;
	uint64_t confirmed_us;
	uint64_t ask_us; /* no request before; in BY_ASKING: when the next is due */
	struct neighbour_link link[NEIGHBOUR_QUEUES];
	/* Oldest first; their data begin with the Ethernet header, which is to be filled. */
	struct rte_mbuf *wait[NEIGHBOUR_WAITING];
	uint64_t failed_us; /* asked in vain until then; 0: not since it last answered */
} __rte_cache_aligned;

static_assert(offsetof(struct neighbour, link) <= WR_CACHE_LINE, "sending touches one line");

struct neighbour_list {
	uint16_t head, tail; /* indices */
};

struct wr_neighbours {
	struct neighbour *entry;
	uint16_t *bucket; /* of mask + 1 */
	uint32_t mask;
	uint32_t key; /* odd: multiplicative hashing with a secret factor */
	uint32_t waiting;
	uint32_t size; /* entries, those that are free included */
	uint16_t free;
	uint16_t count;
	struct neighbour_list list[NEIGHBOUR_QUEUES];
};

/* Makes ip->neighbours. Returns 0 or -ENOMEM; then too neighbours_fini() frees it. */
int neighbours_init(struct wr_ip *ip);
void neighbours_fini(struct wr_ip *ip);
uint64_t neighbours_bytes(const struct wr_ip_conf *conf);

/* NULL: unknown. */
struct neighbour *neighbour_find(const struct wr_neighbours *t, uint32_t addr);

/* The entry that the caller remembers, if it is still that of addr. hint may be NULL. */
static inline struct neighbour *neighbour_hinted(const struct wr_neighbours *t, uint32_t addr,
                                                 const uint16_t *hint)
{
	if (wr_likely(hint != NULL && *hint < t->size && t->entry[*hint].addr == addr))
		return &t->entry[*hint];
	return NULL;
}

/*
 * An entry in state FAILED for an address that has none, if need be in place of the one that
 * was not used for the longest time.
 */
struct neighbour *neighbour_new(struct wr_ip *ip, uint32_t addr, uint64_t now_us);

/* Is there an entry that is free, or was not used for longer than idle_us? */
bool neighbours_have_room(const struct wr_neighbours *t, uint64_t now_us, uint64_t idle_us);

/* It becomes the last to be evicted. */
void neighbour_use(struct wr_neighbours *t, struct neighbour *e, uint64_t now_us);

/* Was asked, and waits for an answer until due_us, which is not before that of others. */
void neighbour_await(struct wr_neighbours *t, struct neighbour *e, uint64_t due_us);
/* Waits no longer, if it did. */
void neighbour_await_none(struct wr_neighbours *t, struct neighbour *e);
/* The first whose answer is due; NULL: none is awaited. */
struct neighbour *neighbours_awaited(const struct wr_neighbours *t);

/* Keeps a packet, and owns it, until its neighbour answers: of too many, the newest. */
void neighbour_keep(struct wr_ip *ip, struct neighbour *e, struct rte_mbuf *m);
/* Sends what was kept to e->eth. */
void neighbour_send_kept(struct wr_ip *ip, struct neighbour *e);
/* Frees what was kept. */
void neighbour_drop_kept(struct wr_ip *ip, struct neighbour *e);

/* Text that was acknowledged in part may put the header at an odd address. */
static inline void neighbour_put_ether(char *at, const struct neighbour *e)
{
	memcpy(at, &e->eth, sizeof(e->eth));
}

#endif /* WR_NEIGHBOUR_H */
