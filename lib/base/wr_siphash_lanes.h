/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_SIPHASH_LANES_H
#define WR_SIPHASH_LANES_H

#include "wr_siphash.h"

/* SipHash-1-3 of eight messages at once, for bursts: a sixth of the instructions. */

#define WR_SIP_LANES 8

typedef uint64_t wr_sip_lanes __attribute__((vector_size(8 * WR_SIP_LANES)));

/* hash[i] = wr_siphash13(key, a[i], b[i]) */
static inline void wr_siphash13_lanes(const struct wr_sipkey *key, const wr_sip_lanes *a,
                                      const wr_sip_lanes *b, wr_sip_lanes *hash);

/* Inside; as their namesakes in wr_siphash.h. */

struct wr_sip_burst {
	wr_sip_lanes v0, v1, v2, v3;
};

static inline void wr_sip_burst_round(struct wr_sip_burst *s)
{
	s->v0 += s->v1;
	s->v1 = (s->v1 << 13 | s->v1 >> 51) ^ s->v0;
	s->v0 = s->v0 << 32 | s->v0 >> 32;
	s->v2 += s->v3;
	s->v3 = (s->v3 << 16 | s->v3 >> 48) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = (s->v3 << 21 | s->v3 >> 43) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = (s->v1 << 17 | s->v1 >> 47) ^ s->v2;
	s->v2 = s->v2 << 32 | s->v2 >> 32;
}

static inline void wr_sip_burst_word(struct wr_sip_burst *s, const wr_sip_lanes *word)
{
	s->v3 ^= *word;
	wr_sip_burst_round(s);
	s->v0 ^= *word;
}

static inline void wr_siphash13_lanes(const struct wr_sipkey *key, const wr_sip_lanes *a,
                                      const wr_sip_lanes *b, wr_sip_lanes *hash)
{
	const wr_sip_lanes none = {0}, end = none + (UINT64_C(16) << 56);
	struct wr_sip one = wr_sip_begin(key);
	struct wr_sip_burst s = {none + one.v0, none + one.v1, none + one.v2, none + one.v3};

	wr_sip_burst_word(&s, a);
	wr_sip_burst_word(&s, b);
	wr_sip_burst_word(&s, &end);
	s.v2 ^= 0xff;
	for (unsigned i = 0; i < 3; i++)
		wr_sip_burst_round(&s);
	*hash = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

#endif /* WR_SIPHASH_LANES_H */
