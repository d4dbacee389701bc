/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_byteorder.h>

#include "wr_pattern.h"

#define WORD sizeof(uint64_t)

static uint64_t word_in_memory(uint64_t k)
{
	return rte_cpu_to_le_64(wr_pattern_word(k));
}

/* Bytes up to the next whole word of the stream, or to the end of the piece. */
static size_t bytes_to_word(size_t len, uint64_t offset)
{
	size_t bytes = -offset % WORD;

	return bytes < len ? bytes : len;
}

/* The part of a word that begins at `offset`; the piece ends before the next. */
static void part_of_word(void *out, size_t len, uint64_t offset)
{
	uint64_t word = word_in_memory(offset / WORD);

	memcpy(out, (const char *)&word + offset % WORD, len);
}

void wr_pattern_fill(void *out, size_t len, uint64_t offset)
{
	size_t part = bytes_to_word(len, offset);
	uint8_t *at = out;
	uint64_t k;

	part_of_word(at, part, offset);
	at += part;
	len -= part;
	for (k = (offset + part) / WORD; len >= WORD; k++, at += WORD, len -= WORD) {
		uint64_t word = word_in_memory(k);

		memcpy(at, &word, WORD);
	}
	part_of_word(at, len, k * WORD);
}

static bool part_differs(const void *in, size_t len, uint64_t offset)
{
	uint8_t part[WORD];

	part_of_word(part, len, offset);
	return memcmp(in, part, len) != 0;
}

bool wr_pattern_differs(const void *in, size_t len, uint64_t offset)
{
	size_t part = bytes_to_word(len, offset);
	const uint8_t *at = in;
	uint64_t differs = part_differs(at, part, offset);
	uint64_t k;

	at += part;
	len -= part;
	for (k = (offset + part) / WORD; len >= WORD; k++, at += WORD, len -= WORD) {
		uint64_t word;

		memcpy(&word, at, WORD);
		differs |= word ^ word_in_memory(k);
	}
	return differs || part_differs(at, len, k * WORD);
}
