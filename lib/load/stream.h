/* SPDX-License-Identifier: BSD-3-Clause */
/* The text of mode stream: what is sent and what is expected to come. */
#ifndef WR_LOAD_STREAM_H
#define WR_LOAD_STREAM_H

#include "load.h"

/* Blocks of `request` bytes with a stamp each, one behind the other, by --verify. */
struct stream_blocks {
	uint64_t sending; /* number of the block that is being sent */
	uint64_t coming;  /* and of the one that should come */
	uint32_t bytes;   /* of the block that is being sent; 0: a new one begins */
	uint32_t sent;    /* of these */
	struct wr_once once;
	struct wr_stamp_check check;
	uint8_t head[WR_STAMP_BYTES]; /* of the block that is being sent */
};

/* What is known of a client's stream. */
struct stream {
	uint64_t sent, received; /* bytes on this connection */
	uint32_t segment;        /* bytes of text that fill one */
	bool asked;              /* down: the source was told to begin */
	bool held;               /* down: waits for its share of the rate with text refused */
	uint8_t tail[8];         /* up to a sink: what it said last */
	struct stream_blocks blocks[]; /* one, if they are verified */
};

enum stream_check {
	STREAM_CHECK_NOTHING,
	STREAM_CHECK_BLOCKS,  /* an echo gives them back */
	STREAM_CHECK_PATTERN, /* a source sends it */
	STREAM_CHECK_COUNT,   /* a sink says at the end how many bytes came */
};

enum stream_check stream_check_of(const struct wr_load_conf *conf);

/* ---- stream_text.c ---- */

/* Writes the next bytes of the client's text. */
void stream_write(struct wr_load *load, uint32_t n, struct stream *s, uint8_t *out,
                  uint32_t bytes);

/* Checks what came, as stream_check_of() says. */
void stream_check(struct wr_load *load, uint32_t n, struct stream *s, const uint8_t *text,
                  uint32_t bytes);

/* The connection has ended: what did not come. */
void stream_check_end(struct wr_load *load, struct stream *s);

#endif /* WR_LOAD_STREAM_H */
