/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include <rte_common.h>
#include <rte_malloc.h>

#include "wr_flow.h"

#define OVERFLOW_LEAST 16 /* buckets: enough for every chance in a small table */

/*
 * Buckets of the hash: at most half of the entries are in use, so that one bucket in 50 or
 * fewer overflows (Poisson, mean 4).
 */
static uint32_t hash_buckets(uint32_t flows)
{
	return (uint32_t)rte_align64pow2(wr_max(flows / (WR_FLOW_WAYS / 2), 1));
}

/* Three times what chance asks for in a table that holds `flows`. */
static uint32_t overflow_buckets(uint32_t flows)
{
	return hash_buckets(flows) / 16 + OVERFLOW_LEAST;
}

uint64_t wr_flow_bytes(uint32_t flows)
{
	uint64_t buckets = (uint64_t)hash_buckets(flows) + overflow_buckets(flows);

	return sizeof(struct wr_flow_table) + buckets * sizeof(struct wr_flow_bucket);
}

static void chain_free_buckets(struct wr_flow_table *table, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n - 1; i++)
		table->bucket[i].link = i + 1;
	table->free = first;
}

struct wr_flow_table *wr_flow_new(uint32_t flows, const struct wr_sipkey *key, int socket)
{
	uint64_t bytes = wr_flow_bytes(flows) - sizeof(struct wr_flow_table);
	struct wr_flow_table *table;

	table = rte_zmalloc_socket("wr_flow", sizeof(*table), WR_CACHE_LINE, socket);
	if (!table)
		return NULL;
	table->bucket = rte_zmalloc_socket("wr_flow", bytes, WR_CACHE_LINE, socket);
	if (!table->bucket) {
		rte_free(table);
		return NULL;
	}
	table->key = *key;
	table->mask = hash_buckets(flows) - 1;
	chain_free_buckets(table, hash_buckets(flows), overflow_buckets(flows));
	return table;
}

void wr_flow_free(struct wr_flow_table *table)
{
	if (!table)
		return;
	rte_free(table->bucket);
	rte_free(table);
}

static struct wr_flow_bucket *last_of_chain(const struct wr_flow_table *table,
                                            struct wr_flow_bucket *bucket)
{
	while (bucket->link)
		bucket = &table->bucket[bucket->link];
	return bucket;
}

/* Links a free bucket behind a full one; NULL if there is none. */
static struct wr_flow_bucket *extend(struct wr_flow_table *table, struct wr_flow_bucket *full)
{
	struct wr_flow_bucket *bucket = &table->bucket[table->free];

	if (!table->free)
		return NULL;
	full->link = table->free;
	table->free = bucket->link;
	bucket->link = 0;
	return bucket;
}

int wr_flow_add(struct wr_flow_table *table, uint32_t hash, uint32_t value)
{
	struct wr_flow_bucket *bucket = last_of_chain(table, wr_flow_bucket(table, hash));
	uint64_t gaps = wr_flow_hits(bucket, 0);
	unsigned i = 0;

	if (gaps) {
		i = wr_flow_hit(gaps);
	} else {
		bucket = extend(table, bucket);
		if (!bucket)
			return -ENOSPC;
	}
	bucket->tag[i] = wr_flow_tag(hash);
	bucket->value[i] = value;
	table->count++;
	return 0;
}

/* The bucket and entry of (hash, value); NULL if there is none. */
static struct wr_flow_bucket *locate(const struct wr_flow_table *table, uint32_t hash,
                                     uint32_t value, unsigned *entry)
{
	struct wr_flow_bucket *bucket = wr_flow_bucket(table, hash);
	uint16_t tag = wr_flow_tag(hash);

	for (;;) {
		for (uint64_t hits = wr_flow_hits(bucket, tag); hits; hits &= hits - 1) {
			*entry = wr_flow_hit(hits);
			if (bucket->value[*entry] == value)
				return bucket;
		}
		if (!bucket->link)
			return NULL;
		bucket = &table->bucket[bucket->link];
	}
}

bool wr_flow_replace(struct wr_flow_table *table, uint32_t hash, uint32_t old, uint32_t value)
{
	unsigned entry;
	struct wr_flow_bucket *bucket = locate(table, hash, old, &entry);

	if (!bucket)
		return false;
	bucket->value[entry] = value;
	return true;
}

static unsigned entries_used(const struct wr_flow_bucket *bucket)
{
	uint64_t gaps = wr_flow_hits(bucket, 0);

	return gaps ? wr_flow_hit(gaps) : WR_FLOW_WAYS;
}

/* Gives an empty last bucket back, unless it is the one of the hash. */
static void shorten(struct wr_flow_table *table, struct wr_flow_bucket *first,
                    const struct wr_flow_bucket *empty)
{
	struct wr_flow_bucket *before = first;
	uint32_t index = (uint32_t)(empty - table->bucket);

	if (empty == first)
		return;
	while (before->link != index)
		before = &table->bucket[before->link];
	before->link = 0;
	table->bucket[index].link = table->free;
	table->free = index;
}

/* The last entry of the chain fills the gap. */
bool wr_flow_remove(struct wr_flow_table *table, uint32_t hash, uint32_t value)
{
	unsigned entry, end;
	struct wr_flow_bucket *bucket = locate(table, hash, value, &entry);
	struct wr_flow_bucket *last;

	if (!bucket)
		return false;
	last = last_of_chain(table, bucket);
	end = entries_used(last) - 1;
	bucket->tag[entry] = last->tag[end];
	bucket->value[entry] = last->value[end];
	last->tag[end] = 0;
	if (end == 0)
		shorten(table, wr_flow_bucket(table, hash), last);
	table->count--;
	return true;
}
