/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stamp, in big-endian order:
 *
 *   0  "WRST"
 *   4  CRC-32C (RFC 3720) of the whole message, with zero in this place
 *   8  run
 *  12  connection
 *  16  sequence, 64 bits
 *  24  bytes of the message
 *  28  zero
 */
#include <string.h>

#include <rte_hash_crc.h>

#include "wr_base.h"
#include "wr_be.h"
#include "wr_stamp.h"

#define MAGIC 0x57525354 /* "WRST" */

enum {
	AT_MAGIC = 0,
	AT_CRC = 4,
	AT_RUN = 8,
	AT_CONNECTION = 12,
	AT_SEQUENCE = 16,
	AT_BYTES = 24
};

/*
 * Without the two inversions, which belong to the whole message. In words, as rte_hash_crc()
 * does, but of text that is not aligned.
 */
static uint32_t crc_add(uint32_t crc, const uint8_t *data, size_t n)
{
	uint64_t word;

	for (; n >= sizeof(word); n -= sizeof(word), data += sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		crc = rte_hash_crc_8byte(word, crc);
	}
	for (; n; n--)
		crc = rte_hash_crc_1byte(*data++, crc);
	return crc;
}

static uint32_t crc_of_head(const uint8_t *head)
{
	uint8_t copy[WR_STAMP_BYTES];

	memcpy(copy, head, sizeof(copy));
	wr_be32_put(copy + AT_CRC, 0);
	return crc_add(UINT32_MAX, copy, sizeof(copy));
}

void wr_stamp_write(uint8_t *message, const struct wr_stamp *stamp)
{
	uint32_t crc;

	memset(message, 0, WR_STAMP_BYTES);
	wr_be32_put(message + AT_MAGIC, MAGIC);
	wr_be32_put(message + AT_RUN, stamp->run);
	wr_be32_put(message + AT_CONNECTION, stamp->connection);
	wr_be32_put(message + AT_SEQUENCE, (uint32_t)(stamp->sequence >> 32));
	wr_be32_put(message + AT_SEQUENCE + 4, (uint32_t)stamp->sequence);
	wr_be32_put(message + AT_BYTES, stamp->bytes);
	crc = crc_add(UINT32_MAX, message, stamp->bytes);
	wr_be32_put(message + AT_CRC, ~crc);
}

void wr_stamp_begin(struct wr_stamp_check *check, uint32_t want)
{
	check->want = want;
	check->have = 0;
}

size_t wr_stamp_take(struct wr_stamp_check *check, const uint8_t *data, size_t n)
{
	size_t taken, head = 0;

	taken = n < check->want - check->have ? n : check->want - check->have;
	if (check->have < WR_STAMP_BYTES) {
		head = WR_STAMP_BYTES - check->have;
		head = taken < head ? taken : head;
		memcpy(check->head + check->have, data, head);
		if (check->have + head == WR_STAMP_BYTES)
			check->crc = crc_of_head(check->head);
	}
	if (taken > head)
		check->crc = crc_add(check->crc, data + head, taken - head);
	check->have += (uint32_t)taken;
	return taken;
}

static void read_stamp(const uint8_t *head, struct wr_stamp *stamp)
{
	stamp->run = wr_be32_get(head + AT_RUN);
	stamp->connection = wr_be32_get(head + AT_CONNECTION);
	stamp->sequence = (uint64_t)wr_be32_get(head + AT_SEQUENCE) << 32 |
	                  wr_be32_get(head + AT_SEQUENCE + 4);
	stamp->bytes = wr_be32_get(head + AT_BYTES);
}

/* The beginning of a message that broke off within its stamp. */
static bool is_cut_stamp(const struct wr_stamp_check *check, uint32_t run, uint32_t connection)
{
	uint8_t ours[AT_SEQUENCE];
	uint32_t n = wr_min(check->have, sizeof(ours));

	memcpy(ours, check->head, n);
	wr_be32_put(ours + AT_MAGIC, MAGIC);
	wr_be32_put(ours + AT_RUN, run);
	wr_be32_put(ours + AT_CONNECTION, connection);
	return n && !memcmp(ours, check->head, n);
}

enum wr_stamp_verdict wr_stamp_judge(const struct wr_stamp_check *check, uint32_t run,
                                     uint32_t connection, struct wr_stamp *stamp)
{
	const uint8_t *head = check->head;
	unsigned signs;

	memset(stamp, 0, sizeof(*stamp));
	if (check->have < WR_STAMP_BYTES)
		return is_cut_stamp(check, run, connection) ? WR_STAMP_TRUNCATED
		                                            : WR_STAMP_FOREIGN;
	read_stamp(head, stamp);
	signs = (wr_be32_get(head + AT_MAGIC) == MAGIC) + (stamp->run == run) +
	        (stamp->connection == connection);
	if (check->have == stamp->bytes && wr_be32_get(head + AT_CRC) == ~check->crc)
		return signs == 3 ? WR_STAMP_GOOD : WR_STAMP_FOREIGN;
	if (signs == 3 && check->have < stamp->bytes && check->have < check->want)
		return WR_STAMP_TRUNCATED;
	/* One wrong sign of three is damage; two are another run's. */
	return signs >= 2 ? WR_STAMP_CORRUPT : WR_STAMP_FOREIGN;
}
