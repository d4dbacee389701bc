/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_SEQ_H
#define WR_SEQ_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A TCP sequence number: a point on a circle of 2^32 bytes, not an integer.
 * The struct makes `a < b` a compile error; use the comparisons below, which
 * hold while the two points are less than 2^31 apart (RFC 9293 section 3.4).
 */
struct wr_seq {
	uint32_t n;
};

static inline struct wr_seq wr_seq(uint32_t n)
{
	return (struct wr_seq) {n};
}

static inline struct wr_seq wr_seq_add(struct wr_seq s, uint32_t bytes)
{
	return wr_seq(s.n + bytes);
}

/* Bytes from a forward to b. */
static inline uint32_t wr_seq_span(struct wr_seq a, struct wr_seq b)
{
	return b.n - a.n;
}

static inline bool wr_seq_eq(struct wr_seq a, struct wr_seq b)
{
	return a.n == b.n;
}

static inline bool wr_seq_lt(struct wr_seq a, struct wr_seq b)
{
	return (int32_t)(a.n - b.n) < 0;
}

static inline bool wr_seq_le(struct wr_seq a, struct wr_seq b)
{
	return !wr_seq_lt(b, a);
}

/* first =< s < first + bytes: the RFC's favourite test. */
static inline bool wr_seq_in(struct wr_seq s, struct wr_seq first, uint32_t bytes)
{
	return s.n - first.n < bytes;
}

#endif /* WR_SEQ_H */
