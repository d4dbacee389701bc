/* SPDX-License-Identifier: BSD-3-Clause */
#include "wr_limit.h"

#include <string.h>

#include "wr_base.h"

#define NS_PER_S       UINT64_C(1000000000)
#define REKEY_EVERY_NS (10 * NS_PER_S)

/* Holds an eighth of a second's answers, and gets the rest in the course of it. */
struct bucket {
	uint32_t price_ns; /* of an answer, at least */
	uint64_t depth_ns; /* credit, at most */
};

static struct bucket bucket_of(uint32_t per_s)
{
	uint32_t burst = per_s / 8 + 1;
	uint64_t price = NS_PER_S / (per_s > burst ? per_s - burst : 1);

	return (struct bucket) {(uint32_t)price, (burst - 1) * price};
}

static bool has_credit(const struct bucket *b, uint64_t full_ns, uint64_t now_ns)
{
	return full_ns <= now_ns + b->depth_ns;
}

static void spend(uint64_t *full_ns, uint64_t price_ns, uint64_t now_ns)
{
	if (*full_ns < now_ns)
		*full_ns = now_ns;
	*full_ns += price_ns;
}

void wr_limit_init(struct wr_limit *limit, struct wr_prng *prng)
{
	memset(limit, 0, sizeof(*limit));
	limit->key = (uint32_t)wr_prng_u64(prng) | 1;
}

/* Whoever has found a host of another's group may make use of that for a moment only. */
static void rekey(struct wr_limit *limit, uint64_t now_ns, struct wr_prng *prng)
{
	if (now_ns < limit->rekey_ns)
		return;
	limit->rekey_ns = now_ns + REKEY_EVERY_NS;
	limit->key = (uint32_t)wr_prng_u64(prng) | 1;
}

bool wr_limit_allows(struct wr_limit *limit, uint32_t per_s, uint32_t addr, uint64_t now_us,
                     struct wr_prng *prng)
{
	const struct bucket all = bucket_of(per_s);
	const struct bucket part = bucket_of(wr_max(per_s / WR_LIMIT_PART, 1));
	uint64_t now_ns = now_us * 1000, *group_ns;

	if (per_s == 0)
		return false;
	rekey(limit, now_ns, prng);
	group_ns = &limit->group_ns[(addr * limit->key) >> 24];
	if (!has_credit(&part, *group_ns, now_ns) || !has_credit(&all, limit->all_ns, now_ns))
		return false;
	spend(group_ns, part.price_ns, now_ns);
	spend(&limit->all_ns, all.price_ns + wr_prng_below(prng, all.price_ns + 1), now_ns);
	return true;
}
