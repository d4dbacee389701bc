/* SPDX-License-Identifier: BSD-3-Clause */
#include "stream.h"

#include <string.h>

#include <rte_byteorder.h>

#include "wr_pattern.h"

#define PORT_CHARGEN 19

enum stream_check stream_check_of(const struct wr_load_conf *conf)
{
	if (!conf->verify)
		return STREAM_CHECK_NOTHING;
	if (conf->direction == WR_LOAD_DOWN)
		return conf->port == PORT_CHARGEN ? STREAM_CHECK_NOTHING : STREAM_CHECK_PATTERN;
	if (conf->direction == WR_LOAD_UP && conf->port == WR_SINK_PORT)
		return STREAM_CHECK_COUNT;
	return STREAM_CHECK_BLOCKS;
}

/* ---- sending ---- */

/* Bytes of a client's block by its number: who checks it draws the same size. */
static uint32_t block_bytes(const struct wr_load *load, uint32_t n, uint64_t number)
{
	const struct wr_sizes *sizes = &load->conf->request;
	struct wr_prng prng;

	if (sizes->kind == WR_SIZES_FIXED)
		return sizes->least;
	wr_prng_seed(&prng,
	             load->conf->seed ^ (uint64_t)load_client_name(load, n) << 40 ^ number);
	return wr_sizes_draw(sizes, &prng);
}

static void begin_block(struct wr_load *load, uint32_t n, struct stream_blocks *b)
{
	b->bytes = block_bytes(load, n, b->sending);
	b->sent = 0;
	wr_stamp_write(load->payload, &(struct wr_stamp) {
					      .run = load->run,
					      .connection = load_client_name(load, n),
					      .sequence = b->sending,
					      .bytes = b->bytes,
				      });
	memcpy(b->head, load->payload, sizeof(b->head));
}

static void write_blocks(struct wr_load *load, uint32_t n, struct stream_blocks *b,
                         uint8_t *out, uint32_t bytes)
{
	while (bytes) {
		const uint8_t *from = load->payload;
		uint32_t part;

		if (!b->bytes)
			begin_block(load, n, b);
		part = wr_min(bytes, b->bytes - b->sent);
		if (b->sent < sizeof(b->head)) {
			part = wr_min(part, (uint32_t)sizeof(b->head) - b->sent);
			from = b->head;
		}
		memcpy(out, from + b->sent, part);
		out += part;
		bytes -= part;
		b->sent += part;
		if (b->sent == b->bytes) {
			b->sending++;
			b->bytes = 0;
		}
	}
}

void stream_write(struct wr_load *load, uint32_t n, struct stream *s, uint8_t *out,
                  uint32_t bytes)
{
	if (stream_check_of(load->conf) == STREAM_CHECK_BLOCKS)
		write_blocks(load, n, s->blocks, out, bytes);
	else
		memcpy(out, load->payload + s->sent % (load->payload_bytes - bytes + 1), bytes);
}

/* ---- receiving ---- */

static void judge(struct wr_load *load, uint32_t n, struct stream_blocks *b)
{
	struct wr_stamp stamp;

	switch (wr_stamp_judge(&b->check, load->run, load_client_name(load, n), &stamp)) {
	case WR_STAMP_GOOD:
		load_count_once(load, &b->once, stamp.sequence);
		break;
	case WR_STAMP_CORRUPT:
		LOAD_COUNT(load, corrupt, 1);
		load_see_once(&b->once, b->coming);
		break;
	case WR_STAMP_TRUNCATED:
		LOAD_COUNT(load, truncated, 1);
		load_see_once(&b->once, b->coming);
		break;
	case WR_STAMP_FOREIGN:
		LOAD_COUNT(load, foreign, 1);
		break;
	}
}

static void check_blocks(struct wr_load *load, uint32_t n, struct stream_blocks *b,
                         const uint8_t *text, uint32_t bytes)
{
	while (bytes) {
		uint32_t took;

		if (b->check.have == b->check.want)
			wr_stamp_begin(&b->check, block_bytes(load, n, b->coming));
		took = (uint32_t)wr_stamp_take(&b->check, text, bytes);
		text += took;
		bytes -= took;
		if (b->check.have == b->check.want) {
			judge(load, n, b);
			b->coming++;
		}
	}
}

static void check_pattern(struct wr_load *load, struct stream *s, const uint8_t *text,
                          uint32_t bytes)
{
	if (wr_pattern_differs(text, bytes, s->received))
		LOAD_COUNT(load, corrupt, 1);
	else
		LOAD_COUNT(load, verified, 1);
}

/* Keeps the last bytes that came. */
static void keep_tail(struct stream *s, const uint8_t *text, uint32_t bytes)
{
	uint32_t n = wr_min(bytes, sizeof(s->tail));

	memmove(s->tail, s->tail + n, sizeof(s->tail) - n);
	memcpy(s->tail + sizeof(s->tail) - n, text + bytes - n, n);
}

void stream_check(struct wr_load *load, uint32_t n, struct stream *s, const uint8_t *text,
                  uint32_t bytes)
{
	switch (stream_check_of(load->conf)) {
	case STREAM_CHECK_NOTHING:
		break;
	case STREAM_CHECK_BLOCKS:
		check_blocks(load, n, s->blocks, text, bytes);
		break;
	case STREAM_CHECK_PATTERN:
		check_pattern(load, s, text, bytes);
		break;
	case STREAM_CHECK_COUNT:
		keep_tail(s, text, bytes);
		break;
	}
	s->received += bytes;
}

/* ---- the end ---- */

static void check_blocks_end(struct wr_load *load, const struct stream_blocks *b)
{
	bool cut = b->check.have != b->check.want;

	/* The end of the run cuts the last one at our side too. */
	if (cut && !(b->coming == b->sending && b->check.have == b->sent))
		LOAD_COUNT(load, truncated, 1);
	if (b->sending > b->coming + cut)
		LOAD_COUNT(load, lost, b->sending - b->coming - cut);
}

static void check_count(struct wr_load *load, const struct stream *s)
{
	uint64_t count;

	memcpy(&count, s->tail, sizeof(count));
	if (s->received != sizeof(count))
		LOAD_COUNT(load, lost, 1);
	else if (rte_be_to_cpu_64(count) < s->sent)
		LOAD_COUNT(load, truncated, 1);
	else if (rte_be_to_cpu_64(count) > s->sent)
		LOAD_COUNT(load, corrupt, 1);
	else
		LOAD_COUNT(load, verified, 1);
}

void stream_check_end(struct wr_load *load, struct stream *s)
{
	switch (stream_check_of(load->conf)) {
	case STREAM_CHECK_BLOCKS:
		check_blocks_end(load, s->blocks);
		break;
	case STREAM_CHECK_COUNT:
		check_count(load, s);
		break;
	default:
		break;
	}
}
