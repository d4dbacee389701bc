/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "wr_base.h"
#include "wr_pattern.h"
#include "wr_test.h"

#define STREAM 4096

static void a_piece_is_the_same_wherever_it_is_cut(void **state)
{
	uint8_t whole[STREAM], piece[STREAM];

	wr_pattern_fill(whole, sizeof(whole), 0);
	for (size_t at = 0; at < 40; at++) {
		for (size_t len = 0; len < 40; len++) {
			memset(piece, 0, sizeof(piece));
			wr_pattern_fill(piece, len, at);
			assert_memory_equal(piece, whole + at, len);
			assert_int_equal(piece[len], 0);
			assert_false(wr_pattern_differs(whole + at, len, at));
		}
	}
}

static void words_are_little_endian_and_as_documented(void **state)
{
	uint8_t out[16];
	uint64_t word = 0;

	wr_pattern_fill(out, sizeof(out), 8 * (uint64_t)123456789);
	for (unsigned i = 0; i < 8; i++)
		word |= (uint64_t)out[i] << 8 * i;
	assert_true(word == wr_pattern_word(123456789));
	assert_true(wr_pattern_word(1) == 0x9e3779b9e17d05ac);
}

static void every_changed_byte_is_found(void **state)
{
	const uint64_t offset = ((uint64_t)1 << 40) + 3;
	uint8_t text[100];

	wr_pattern_fill(text, sizeof(text), offset);
	for (size_t i = 0; i < sizeof(text); i++) {
		text[i] ^= 0x10;
		assert_true(wr_pattern_differs(text, sizeof(text), offset));
		text[i] ^= 0x10;
	}
	assert_false(wr_pattern_differs(text, sizeof(text), offset));
}

static void a_shifted_stream_is_found(void **state)
{
	uint8_t text[64];

	wr_pattern_fill(text, sizeof(text), 1000);
	for (uint64_t shift = 1; shift < ((uint64_t)1 << 62); shift *= 2) {
		assert_true(wr_pattern_differs(text, sizeof(text), 1000 + shift));
		assert_true(wr_pattern_differs(text, 8, 1000 + shift));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_piece_is_the_same_wherever_it_is_cut),
		cmocka_unit_test(words_are_little_endian_and_as_documented),
		cmocka_unit_test(every_changed_byte_is_found),
		cmocka_unit_test(a_shifted_stream_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
