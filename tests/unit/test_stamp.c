/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "wr_base.h"
#include "wr_stamp.h"
#include "wr_test.h"

#define RUN        0xfeedbeef
#define CONNECTION 77
#define BYTES      150

static const struct wr_stamp ours = {.run = RUN,
                                     .connection = CONNECTION,
                                     .sequence = UINT64_C(0x123456789a),
                                     .bytes = BYTES};

static void message_write(uint8_t *message, const struct wr_stamp *stamp)
{
	for (unsigned i = 0; i < stamp->bytes; i++)
		message[i] = (uint8_t)(i * 7);
	wr_stamp_write(message, stamp);
}

/* The verdict on the first `have` bytes, which come in pieces of `piece` bytes. */
static enum wr_stamp_verdict judge(const uint8_t *message, uint32_t have, uint32_t piece,
                                   struct wr_stamp *stamp)
{
	struct wr_stamp_check check;

	wr_stamp_begin(&check, BYTES);
	for (uint32_t at = 0; at < have; at += piece) {
		uint32_t n = wr_min(piece, have - at);

		assert_int_equal(wr_stamp_take(&check, message + at, n), n);
	}
	return wr_stamp_judge(&check, RUN, CONNECTION, stamp);
}

static void a_message_is_good_however_it_is_cut(void **state)
{
	uint8_t message[BYTES];
	struct wr_stamp stamp;

	message_write(message, &ours);
	for (uint32_t piece = 1; piece <= BYTES; piece++) {
		assert_int_equal(judge(message, BYTES, piece, &stamp), WR_STAMP_GOOD);
		assert_memory_equal(&stamp, &ours, sizeof(stamp));
	}
}

static void only_its_own_bytes_are_taken(void **state)
{
	uint8_t text[BYTES + 50] = {0};
	struct wr_stamp_check check;

	message_write(text, &ours);
	wr_stamp_begin(&check, BYTES);
	assert_int_equal(wr_stamp_take(&check, text, 20), 20);
	assert_int_equal(wr_stamp_take(&check, text + 20, BYTES + 30), BYTES - 20);
	assert_int_equal(wr_stamp_take(&check, text, 1), 0);
	assert_int_equal(check.have, BYTES);
}

static void the_sum_is_crc32c(void **state)
{
	const struct wr_stamp stamp = {1, 2, 3, WR_STAMP_BYTES};
	uint8_t message[WR_STAMP_BYTES];
	uint32_t crc = UINT32_MAX;

	wr_stamp_write(message, &stamp);
	for (unsigned i = 0; i < sizeof(message); i++) {
		crc ^= i >= 4 && i < 8 ? 0 : message[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	crc = ~crc;
	assert_int_equal(message[4], crc >> 24);
	assert_int_equal(message[5], crc >> 16 & 0xff);
	assert_int_equal(message[6], crc >> 8 & 0xff);
	assert_int_equal(message[7], crc & 0xff);
	assert_memory_equal(message, "WRST", 4);
}

static void every_flipped_bit_is_corruption(void **state)
{
	uint8_t message[BYTES];
	struct wr_stamp stamp;

	message_write(message, &ours);
	for (unsigned bit = 0; bit < BYTES * 8; bit++) {
		message[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(judge(message, BYTES, 64, &stamp), WR_STAMP_CORRUPT);
		message[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void every_message_cut_short_is_truncated(void **state)
{
	uint8_t message[BYTES];
	struct wr_stamp stamp;

	message_write(message, &ours);
	for (uint32_t have = 1; have < BYTES; have++)
		assert_int_equal(judge(message, have, 40, &stamp), WR_STAMP_TRUNCATED);
}

static void what_has_no_stamp_is_foreign(void **state)
{
	uint8_t message[BYTES] = {0};
	struct wr_stamp stamp;

	assert_int_equal(judge(message, BYTES, 64, &stamp), WR_STAMP_FOREIGN);
	assert_int_equal(judge(message, 10, 64, &stamp), WR_STAMP_FOREIGN);
	assert_int_equal(judge(message, 0, 64, &stamp), WR_STAMP_FOREIGN);
	memset(message, 'x', sizeof(message));
	assert_int_equal(judge(message, BYTES, 64, &stamp), WR_STAMP_FOREIGN);
}

static void a_whole_message_of_somebody_else_is_foreign(void **state)
{
	struct wr_stamp other = ours, stamp;
	uint8_t message[BYTES];

	other.connection++;
	message_write(message, &other);
	assert_int_equal(judge(message, BYTES, 64, &stamp), WR_STAMP_FOREIGN);
	assert_int_equal(stamp.connection, CONNECTION + 1);
	other = ours;
	other.run++;
	message_write(message, &other);
	assert_int_equal(judge(message, BYTES, 64, &stamp), WR_STAMP_FOREIGN);
	other.connection++;
	message_write(message, &other);
	assert_int_equal(judge(message, 100, 64, &stamp), WR_STAMP_FOREIGN);
	assert_int_equal(judge(message, 20, 64, &stamp), WR_STAMP_FOREIGN);
}

static void the_least_message_is_a_stamp(void **state)
{
	const struct wr_stamp least = {RUN, CONNECTION, 5, WR_STAMP_BYTES};
	uint8_t message[WR_STAMP_BYTES];
	struct wr_stamp_check check;
	struct wr_stamp stamp;

	wr_stamp_write(message, &least);
	wr_stamp_begin(&check, WR_STAMP_BYTES);
	wr_stamp_take(&check, message, sizeof(message));
	assert_int_equal(wr_stamp_judge(&check, RUN, CONNECTION, &stamp), WR_STAMP_GOOD);
	assert_int_equal(stamp.sequence, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_good_however_it_is_cut),
		cmocka_unit_test(only_its_own_bytes_are_taken),
		cmocka_unit_test(the_sum_is_crc32c),
		cmocka_unit_test(every_flipped_bit_is_corruption),
		cmocka_unit_test(every_message_cut_short_is_truncated),
		cmocka_unit_test(what_has_no_stamp_is_foreign),
		cmocka_unit_test(a_whole_message_of_somebody_else_is_foreign),
		cmocka_unit_test(the_least_message_is_a_stamp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
