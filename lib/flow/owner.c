/* SPDX-License-Identifier: BSD-3-Clause */
#include <assert.h>

#include "wr_owner.h"

/* The key of Microsoft's RSS specification, the default of many drivers. */
const uint8_t wr_rss_key[WR_RSS_KEY_BYTES] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

/* The 32 bits of the key that begin at this bit: what a set input bit contributes. */
static uint32_t key_window(unsigned bit)
{
	uint64_t window = 0;

	for (unsigned i = 0; i < 5; i++)
		window = window << 8 | wr_rss_key[bit / 8 + i];
	return (uint32_t)(window >> (8 - bit % 8));
}

static uint32_t contribution(unsigned position, unsigned byte)
{
	uint32_t hash = 0;

	for (unsigned bit = 0; bit < 8; bit++)
		if (byte & 0x80u >> bit)
			hash ^= key_window(position * 8 + bit);
	return hash;
}

void wr_owner_init(struct wr_owner *owner, uint32_t cores)
{
	assert(cores >= 1 && cores <= WR_RETA_SIZE);
	owner->cores = cores;
	for (uint32_t i = 0; i < WR_RETA_SIZE; i++)
		owner->core[i] = (uint8_t)(i % cores);
	for (unsigned position = 0; position < WR_LEN(owner->byte); position++)
		for (unsigned byte = 0; byte < WR_LEN(owner->byte[0]); byte++)
			owner->byte[position][byte] = contribution(position, byte);
}

static uint32_t hash_word(const uint32_t byte[][256], uint32_t word)
{
	return byte[0][word >> 24] ^ byte[1][word >> 16 & 0xff] ^ byte[2][word >> 8 & 0xff] ^
	       byte[3][word & 0xff];
}

uint32_t wr_owner_hash(const struct wr_owner *owner, const struct wr_tuple *tuple)
{
	return hash_word(owner->byte + 0, tuple->raddr) ^
	       hash_word(owner->byte + 4, tuple->laddr) ^
	       hash_word(owner->byte + 8, (uint32_t)tuple->rport << 16 | tuple->lport);
}
