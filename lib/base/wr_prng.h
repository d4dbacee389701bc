/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_PRNG_H
#define WR_PRNG_H

#include <stdint.h>

/*
 * Seeded pseudo-random numbers (xoshiro256**): for choices that must be even, cheap and
 * repeatable from a seed. Not for secrets; keys come from the caller's seed through SipHash.
 */
struct wr_prng {
	uint64_t s[4];
};

/* Any seed will do, zero too: it is spread by splitmix64. */
void wr_prng_seed(struct wr_prng *prng, uint64_t seed);

uint64_t wr_prng_u64(struct wr_prng *prng);

/* An even choice among 0 .. bound-1; bound > 0. */
uint32_t wr_prng_below(struct wr_prng *prng, uint32_t bound);

#endif /* WR_PRNG_H */
