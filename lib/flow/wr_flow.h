/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_FLOW_H
#define WR_FLOW_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "wr_base.h"
#include "wr_siphash_lanes.h"

/*
 * The flow table of one core: 4-tuple -> a 32-bit value. A bucket is one cache line with
 * eight entries of a 16-bit tag and a value, and a link to an overflow bucket. The table
 * does not keep the tuple: whoever looks up compares it with the object that the value
 * names. The hash is keyed (SipHash-1-3), so collisions cannot be chosen from outside.
 */
struct wr_flow_table;

/* A connection's addresses as its owner sees them; host byte order. */
struct wr_tuple {
	uint32_t laddr, raddr; /* local and remote IPv4 address */
	uint16_t lport, rport; /* local and remote port */
};

#define WR_FLOW_NONE UINT32_MAX /* no value; never stored */

static inline bool wr_tuple_eq(const struct wr_tuple *a, const struct wr_tuple *b)
{
	return a->laddr == b->laddr && a->raddr == b->raddr && a->lport == b->lport &&
	       a->rport == b->rport;
}

/*
 * Makes a table for `flows` flows on NUMA node `socket` (-1: any); NULL if there is no
 * memory. It can hold at least that many unless an implausible number share a bucket.
 */
struct wr_flow_table *wr_flow_new(uint32_t flows, const struct wr_sipkey *key, int socket);
void wr_flow_free(struct wr_flow_table *table);
uint64_t wr_flow_bytes(uint32_t flows);

static inline uint32_t wr_flow_hash(const struct wr_flow_table *table,
                                    const struct wr_tuple *tuple);
/* Of eight tuples at once. */
static inline void wr_flow_hash_lanes(const struct wr_flow_table *table,
                                      const struct wr_tuple *const tuple[WR_SIP_LANES],
                                      uint32_t hash[WR_SIP_LANES]);

/* Brings the bucket of that hash into the cache. */
static inline void wr_flow_prefetch(const struct wr_flow_table *table, uint32_t hash);

/*
 * Whether the object that `value` names has this tuple. Must not change the table.
 */
typedef bool (*wr_flow_match)(const void *ctx, uint32_t value, const struct wr_tuple *tuple);

/*
 * The first value in the bucket whose tag fits, or WR_FLOW_NONE: likely the right one, good
 * enough to prefetch.
 */
static inline uint32_t wr_flow_guess(const struct wr_flow_table *table, uint32_t hash);

/*
 * The value for which match() holds, or WR_FLOW_NONE. Inline, so that a match() that the
 * caller's file defines costs no call.
 */
static inline uint32_t wr_flow_find(const struct wr_flow_table *table, uint32_t hash,
                                    const struct wr_tuple *tuple, wr_flow_match match,
                                    const void *ctx);

/* Adds an entry; the caller knows that there is none yet. Returns 0 or -ENOSPC. */
int wr_flow_add(struct wr_flow_table *table, uint32_t hash, uint32_t value);

/* Gives the entry (hash, old) a new value; false if there is no such entry. */
bool wr_flow_replace(struct wr_flow_table *table, uint32_t hash, uint32_t old, uint32_t value);

/* Removes the entry (hash, value); false if there is no such entry. */
bool wr_flow_remove(struct wr_flow_table *table, uint32_t hash, uint32_t value);

static inline uint32_t wr_flow_count(const struct wr_flow_table *table);

/*
 * Inside. Low bits of the hash choose the bucket, its high half is the tag. The entries of a
 * bucket and its overflow buckets stand without gaps: only the last bucket of a chain has
 * free entries, and they are its last.
 */
#define WR_FLOW_WAYS 8 /* entries of a bucket */

typedef uint16_t wr_flow_tags __attribute__((vector_size(16)));
typedef int8_t wr_flow_lanes __attribute__((vector_size(8)));

struct wr_flow_bucket {
	wr_flow_tags tag; /* 0: free */
	uint32_t value[WR_FLOW_WAYS];
	uint32_t link; /* index of the overflow bucket; 0: none */
	uint32_t unused[3];
};
static_assert(sizeof(struct wr_flow_bucket) == WR_CACHE_LINE, "one cache line");

struct wr_flow_table {
	struct wr_flow_bucket *bucket; /* first those of the hash, then those for overflow */
	struct wr_sipkey key;
	uint32_t mask; /* buckets of the hash - 1 */
	uint32_t free; /* first free overflow bucket; 0: none */
	uint32_t count;
};

static inline uint16_t wr_flow_tag(uint32_t hash)
{
	uint16_t tag = (uint16_t)(hash >> 16);

	return tag ? tag : 1;
}

/* Bit 8 * i is set if entry i has that tag. */
static inline uint64_t wr_flow_hits(const struct wr_flow_bucket *bucket, uint16_t tag)
{
	wr_flow_tags wanted = {tag, tag, tag, tag, tag, tag, tag, tag};
	wr_flow_lanes equal = __builtin_convertvector(bucket->tag == wanted, wr_flow_lanes);

	return (uint64_t)equal & UINT64_C(0x0101010101010101);
}

/* The entry of the lowest hit; hits are not 0. */
static inline unsigned wr_flow_hit(uint64_t hits)
{
	return (unsigned)__builtin_ctzll(hits) / 8;
}

static inline struct wr_flow_bucket *wr_flow_bucket(const struct wr_flow_table *table,
                                                    uint32_t hash)
{
	return &table->bucket[hash & table->mask];
}

static inline uint64_t wr_flow_addresses(const struct wr_tuple *tuple)
{
	return (uint64_t)tuple->laddr << 32 | tuple->raddr;
}

static inline uint64_t wr_flow_ports(const struct wr_tuple *tuple)
{
	return (uint64_t)tuple->lport << 16 | tuple->rport;
}

static inline uint32_t wr_flow_hash(const struct wr_flow_table *table,
                                    const struct wr_tuple *tuple)
{
	return (uint32_t)wr_siphash13(&table->key, wr_flow_addresses(tuple),
	                              wr_flow_ports(tuple));
}

static inline void wr_flow_hash_lanes(const struct wr_flow_table *table,
                                      const struct wr_tuple *const tuple[WR_SIP_LANES],
                                      uint32_t hash[WR_SIP_LANES])
{
	wr_sip_lanes addresses, ports, all;

	for (unsigned i = 0; i < WR_SIP_LANES; i++) {
		addresses[i] = wr_flow_addresses(tuple[i]);
		ports[i] = wr_flow_ports(tuple[i]);
	}
	wr_siphash13_lanes(&table->key, &addresses, &ports, &all);
	for (unsigned i = 0; i < WR_SIP_LANES; i++)
		hash[i] = (uint32_t)all[i];
}

static inline void wr_flow_prefetch(const struct wr_flow_table *table, uint32_t hash)
{
	__builtin_prefetch(wr_flow_bucket(table, hash));
}

static inline uint32_t wr_flow_guess(const struct wr_flow_table *table, uint32_t hash)
{
	const struct wr_flow_bucket *bucket = wr_flow_bucket(table, hash);
	uint64_t hits = wr_flow_hits(bucket, wr_flow_tag(hash));

	if (wr_likely(hits))
		return bucket->value[wr_flow_hit(hits)];
	if (bucket->link)
		__builtin_prefetch(&table->bucket[bucket->link]);
	return WR_FLOW_NONE;
}

static inline uint32_t wr_flow_find(const struct wr_flow_table *table, uint32_t hash,
                                    const struct wr_tuple *tuple, wr_flow_match match,
                                    const void *ctx)
{
	const struct wr_flow_bucket *bucket = wr_flow_bucket(table, hash);
	uint16_t tag = wr_flow_tag(hash);

	for (;;) {
		for (uint64_t hits = wr_flow_hits(bucket, tag); hits; hits &= hits - 1) {
			uint32_t value = bucket->value[wr_flow_hit(hits)];

			if (wr_likely(match(ctx, value, tuple)))
				return value;
		}
		if (wr_likely(!bucket->link))
			return WR_FLOW_NONE;
		bucket = &table->bucket[bucket->link];
	}
}

static inline uint32_t wr_flow_count(const struct wr_flow_table *table)
{
	return table->count;
}

#endif /* WR_FLOW_H */
