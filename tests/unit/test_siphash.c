/* SPDX-License-Identifier: BSD-3-Clause */
#include "wr_siphash_lanes.h"
#include "wr_test.h"

/* The bytes 00 .. 0f, which are the key and the message of the published vectors. */
static const struct wr_sipkey counting = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

/* vectors_sip64[16] of the authors' reference implementation. */
static void siphash24_gives_the_published_number(void **state)
{
	assert_int_equal(wr_siphash24(&counting, counting.k0, counting.k1), 0x3f2acc7f57c29bdb);
}

/* vectors_sip64[8]: the message 00 .. 07. */
static void siphash24_of_one_word_gives_the_published_number(void **state)
{
	assert_int_equal(wr_siphash24_word(&counting, counting.k0), 0x93f5f5799a932462);
}

/* vectors_sip64[24]: the message 00 .. 17. */
static void siphash24_of_three_words_gives_the_published_number(void **state)
{
	uint64_t hash = wr_siphash24_3(&counting, counting.k0, counting.k1, 0x1716151413121110);

	assert_int_equal(hash, 0xb8ad50c6f649af94);
}

/* CPython 3.11 hashes bytes by SipHash-1-3: hash(bytes(range(16))) under PYTHONHASHSEED=0. */
static void siphash13_gives_the_number_of_another_implementation(void **state)
{
	const struct wr_sipkey zero = {0, 0};

	assert_int_equal(wr_siphash13(&zero, counting.k0, counting.k1), 0x8972188433a5c5b7);
}

static void eight_at_once_are_those_one_by_one(void **state)
{
	wr_sip_lanes a, b, hash;

	for (unsigned i = 0; i < WR_SIP_LANES; i++) {
		a[i] = wr_siphash24(&counting, i, 0);
		b[i] = wr_siphash24(&counting, i, 1);
	}
	wr_siphash13_lanes(&counting, &a, &b, &hash);
	for (unsigned i = 0; i < WR_SIP_LANES; i++)
		assert_int_equal(hash[i], wr_siphash13(&counting, a[i], b[i]));
}

static void every_bit_of_key_and_message_matters(void **state)
{
	uint64_t before = wr_siphash13(&counting, 1, 2);

	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t flip = UINT64_C(1) << bit;
		struct wr_sipkey k0 = {counting.k0 ^ flip, counting.k1};
		struct wr_sipkey k1 = {counting.k0, counting.k1 ^ flip};

		assert_int_not_equal(wr_siphash13(&counting, 1 ^ flip, 2), before);
		assert_int_not_equal(wr_siphash13(&counting, 1, 2 ^ flip), before);
		assert_int_not_equal(wr_siphash13(&k0, 1, 2), before);
		assert_int_not_equal(wr_siphash13(&k1, 1, 2), before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash24_gives_the_published_number),
		cmocka_unit_test(siphash24_of_one_word_gives_the_published_number),
		cmocka_unit_test(siphash24_of_three_words_gives_the_published_number),
		cmocka_unit_test(siphash13_gives_the_number_of_another_implementation),
		cmocka_unit_test(eight_at_once_are_those_one_by_one),
		cmocka_unit_test(every_bit_of_key_and_message_matters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
