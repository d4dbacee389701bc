/* SPDX-License-Identifier: BSD-3-Clause */
#include "wr_base.h"
#include "wr_prng.h"

/* splitmix64: Steele, Lea and Flood 2014. */
static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static uint64_t rotate_left(uint64_t x, unsigned bits)
{
	return (x << bits) | (x >> (64 - bits));
}

void wr_prng_seed(struct wr_prng *prng, uint64_t seed)
{
	for (unsigned i = 0; i < WR_LEN(prng->s); i++)
		prng->s[i] = splitmix64(&seed);
}

/* xoshiro256**: Blackman and Vigna 2018. */
uint64_t wr_prng_u64(struct wr_prng *prng)
{
	uint64_t *s = prng->s;
	uint64_t result = rotate_left(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate_left(s[3], 45);
	return result;
}

/*
 * The high word of a product is even but for 2^32 mod bound values of the low word, which
 * are drawn again: Lemire 2019.
 */
uint32_t wr_prng_below(struct wr_prng *prng, uint32_t bound)
{
	uint64_t product = (wr_prng_u64(prng) >> 32) * bound;

	if (wr_unlikely((uint32_t)product < bound)) {
		uint32_t uneven = -bound % bound;

		while ((uint32_t)product < uneven)
			product = (wr_prng_u64(prng) >> 32) * bound;
	}
	return (uint32_t)(product >> 32);
}
