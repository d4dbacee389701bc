/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_SIPHASH_H
#define WR_SIPHASH_H

#include <stdint.h>

/* A secret of 128 bits. */
struct wr_sipkey {
	uint64_t k0, k1;
};

/*
 * SipHash of two 64-bit words (16 bytes, little-endian), Aumasson and Bernstein.
 * 2-4 for what an attacker may study (initial sequence numbers, RFC 6528; cookies);
 * 1-3 for hash tables, where only flooding must be prevented.
 */
static inline uint64_t wr_siphash24(const struct wr_sipkey *key, uint64_t a, uint64_t b);
static inline uint64_t wr_siphash13(const struct wr_sipkey *key, uint64_t a, uint64_t b);

/* The same of one word (8 bytes, little-endian). */
static inline uint64_t wr_siphash24_word(const struct wr_sipkey *key, uint64_t a);

/* And of three (24 bytes). */
static inline uint64_t wr_siphash24_3(const struct wr_sipkey *key, uint64_t a, uint64_t b,
                                      uint64_t c);

/* Inline, because a hash is taken of every segment. */

struct wr_sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t wr_sip_rotate(uint64_t x, unsigned bits)
{
	return (x << bits) | (x >> (64 - bits));
}

static inline void wr_sip_round(struct wr_sip *s)
{
	s->v0 += s->v1;
	s->v1 = wr_sip_rotate(s->v1, 13) ^ s->v0;
	s->v0 = wr_sip_rotate(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = wr_sip_rotate(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = wr_sip_rotate(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = wr_sip_rotate(s->v1, 17) ^ s->v2;
	s->v2 = wr_sip_rotate(s->v2, 32);
}

static inline void wr_sip_word(struct wr_sip *s, uint64_t word, unsigned rounds)
{
	s->v3 ^= word;
	for (unsigned i = 0; i < rounds; i++)
		wr_sip_round(s);
	s->v0 ^= word;
}

static inline struct wr_sip wr_sip_begin(const struct wr_sipkey *key)
{
	return (struct wr_sip) {
		.v0 = key->k0 ^ 0x736f6d6570736575,
		.v1 = key->k1 ^ 0x646f72616e646f6d,
		.v2 = key->k0 ^ 0x6c7967656e657261,
		.v3 = key->k1 ^ 0x7465646279746573,
	};
}

static inline uint64_t wr_sip_end(struct wr_sip *s, uint64_t message_bytes,
                                  unsigned word_rounds, unsigned last_rounds)
{
	wr_sip_word(s, message_bytes << 56, word_rounds);
	s->v2 ^= 0xff;
	for (unsigned i = 0; i < last_rounds; i++)
		wr_sip_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

static inline uint64_t wr_siphash(const struct wr_sipkey *key, uint64_t a, uint64_t b,
                                  unsigned word_rounds, unsigned last_rounds)
{
	struct wr_sip s = wr_sip_begin(key);

	wr_sip_word(&s, a, word_rounds);
	wr_sip_word(&s, b, word_rounds);
	return wr_sip_end(&s, 16, word_rounds, last_rounds);
}

static inline uint64_t wr_siphash24_word(const struct wr_sipkey *key, uint64_t a)
{
	struct wr_sip s = wr_sip_begin(key);

	wr_sip_word(&s, a, 2);
	return wr_sip_end(&s, 8, 2, 4);
}

static inline uint64_t wr_siphash24_3(const struct wr_sipkey *key, uint64_t a, uint64_t b,
                                      uint64_t c)
{
	struct wr_sip s = wr_sip_begin(key);

	wr_sip_word(&s, a, 2);
	wr_sip_word(&s, b, 2);
	wr_sip_word(&s, c, 2);
	return wr_sip_end(&s, 24, 2, 4);
}

static inline uint64_t wr_siphash24(const struct wr_sipkey *key, uint64_t a, uint64_t b)
{
	return wr_siphash(key, a, b, 2, 4);
}

static inline uint64_t wr_siphash13(const struct wr_sipkey *key, uint64_t a, uint64_t b)
{
	return wr_siphash(key, a, b, 1, 3);
}

#endif /* WR_SIPHASH_H */
