/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "wr_ephemeral.h"

#define STEP_MAX    4 /* the counter grows by 1 .. STEP_MAX */
#define RETRY_IN_US 20000

void wr_ephemeral_init(struct wr_ephemeral *e, const struct wr_sipkey *key,
                       const struct wr_owner *owner, uint32_t core)
{
	memset(e, 0, sizeof(*e));
	e->key = *key;
	e->owner = owner;
	e->core = core;
	wr_prng_seed(&e->steps, wr_siphash24(key, core, 0));
	for (unsigned i = 0; i < WR_EPHEMERAL_SLOTS; i++)
		e->slot[i].next = (uint32_t)wr_prng_u64(&e->steps);
}

static bool comes_home(const struct wr_ephemeral *e, const struct wr_tuple *t)
{
	return wr_owner_of(e->owner, t) == e->core;
}

/*
 * Looks at `count` ports from low + start % count on, round the range; returns how many it took
 * to find one, or count + 1.
 */
static uint32_t search(struct wr_ephemeral *e, struct wr_tuple *t, uint32_t low, uint32_t count,
                       uint32_t start, wr_ephemeral_is_free is_free, void *ctx)
{
	uint32_t at = start % count;

	for (uint32_t n = 1; n <= count; n++) {
		t->lport = (uint16_t)(low + at);
		if (comes_home(e, t)) {
			e->probes++;
			if (is_free(ctx, t))
				return n;
		}
		at = at + 1 < count ? at + 1 : 0;
	}
	return count + 1;
}

int wr_ephemeral_choose(struct wr_ephemeral *e, struct wr_tuple *tuple, uint16_t low,
                        uint16_t high, wr_ephemeral_is_free is_free, void *ctx, uint64_t now_us)
{
	uint16_t first = low || high ? low : WR_EPHEMERAL_LOW;
	uint16_t last = low || high ? high : WR_EPHEMERAL_HIGH;
	uint32_t count = (uint32_t)last - first + 1, used;
	uint64_t destination = (uint64_t)tuple->laddr << 32 | tuple->raddr;
	uint64_t f = wr_siphash24(&e->key, destination,
	                          (uint64_t)first << 32 | (uint64_t)last << 16 | tuple->rport);
	uint32_t offset = (uint32_t)f, check = (uint32_t)(f >> 32);
	struct wr_ephemeral_slot *slot = &e->slot[check % WR_EPHEMERAL_SLOTS];

	if (first == 0 || first > last)
		return -EINVAL;
	if (slot->destination == check && now_us < slot->retry_us)
		return -EADDRNOTAVAIL;
	e->choices++;
	used = search(e, tuple, first, count, offset + slot->next, is_free, ctx);
	if (used > count) {
		slot->destination = check;
		slot->retry_us = now_us + RETRY_IN_US;
		return -EADDRNOTAVAIL;
	}
	slot->next += used + wr_prng_below(&e->steps, STEP_MAX);
	return 0;
}
