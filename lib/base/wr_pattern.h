/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_PATTERN_H
#define WR_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where Wringer's services take and send streams, by themselves. */
#define WR_SINK_PORT   5204
#define WR_SOURCE_PORT 5205

/*
 * The payload that both ends know: byte i of a stream is a function of i alone, so that
 * either end can make or check any piece of it, and text that is lost, doubled, shifted or
 * mixed up shows. The stream is made of 64-bit words in little-endian order; word k holds the
 * bytes 8k to 8k + 7 and is wr_pattern_word(k). It does not repeat within 2^63 bytes.
 */
static inline uint64_t wr_pattern_word(uint64_t k)
{
	uint64_t w = k * 0x9e3779b97f4a7c15;

	return w ^ w >> 32;
}

/* Writes the bytes of the stream from `offset` on. */
void wr_pattern_fill(void *out, size_t len, uint64_t offset);

/* Whether the len bytes at `in` are not those of the stream from `offset` on. */
bool wr_pattern_differs(const void *in, size_t len, uint64_t offset);

#endif /* WR_PATTERN_H */
