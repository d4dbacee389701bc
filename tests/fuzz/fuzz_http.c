/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HTTP heads and bodies: the same text, in one piece and cut at random, comes to the same end.
 * Input: one byte of kind, four of a seed for the cuts, then the text.
 */
#include <string.h>

#include <rte_common.h>

#include "fuzz.h"
#include "wr_base.h"
#include "wr_http.h"
#include "wr_prng.h"

struct reading {
	struct wr_http_head head;
	struct wr_http_body body;
	size_t at;        /* bytes taken */
	uint64_t content; /* bytes */
	uint32_t hash;    /* of the content */
};

/* How the text comes: in pieces of 1 .. `most` bytes. */
struct cutter {
	struct wr_prng prng;
	uint32_t most;
};

static size_t next_piece(struct cutter *cutter, size_t left)
{
	return RTE_MIN(left, (size_t)1 + wr_prng_below(&cutter->prng, cutter->most));
}

static void take_content(struct reading *r, const char *content, size_t len)
{
	for (size_t i = 0; i < len; i++)
		r->hash = (r->hash ^ (uint8_t)content[i]) * 16777619;
	r->content += len;
}

static void read_head(struct reading *r, struct cutter *cutter, const char *text, size_t size)
{
	while (r->at < size && r->head.outcome == WR_HTTP_MORE) {
		size_t piece = next_piece(cutter, size - r->at);
		size_t taken = wr_http_head_parse(&r->head, text + r->at, piece);

		FUZZ_HOLDS(taken <= piece);
		FUZZ_HOLDS(r->head.outcome != WR_HTTP_MORE || taken == piece);
		r->at += taken;
	}
}

static void read_body(struct reading *r, struct cutter *cutter, const char *text, size_t size)
{
	while (r->at < size && r->body.outcome == WR_HTTP_MORE) {
		size_t piece = next_piece(cutter, size - r->at), len = 0;
		const char *content = NULL;
		size_t taken =
			wr_http_body_parse(&r->body, text + r->at, piece, &content, &len);

		FUZZ_HOLDS(taken <= piece && len <= taken);
		FUZZ_HOLDS(taken > 0 || r->body.outcome != WR_HTTP_MORE);
		FUZZ_HOLDS(len == 0 ||
		           (content >= text + r->at && content + len <= text + r->at + taken));
		take_content(r, content, len);
		r->at += taken;
	}
	FUZZ_HOLDS(r->body.outcome == WR_HTTP_BAD || r->body.bytes == r->content);
}

static void read_message(struct reading *r, bool is_response, enum wr_http_method method,
                         struct cutter *cutter, const char *text, size_t size)
{
	memset(r, 0, sizeof(*r));
	if (is_response)
		wr_http_response_begin(&r->head);
	else
		wr_http_request_begin(&r->head);
	read_head(r, cutter, text, size);
	if (r->head.outcome != WR_HTTP_DONE)
		return;
	wr_http_body_begin(&r->body, &r->head, is_response ? method : r->head.method);
	read_body(r, cutter, text, size);
}

static void check_same_head(const struct wr_http_head *a, const struct wr_http_head *b)
{
	FUZZ_HOLDS(a->outcome == b->outcome);
	if (a->outcome == WR_HTTP_BAD)
		FUZZ_HOLDS(a->error == b->error);
	if (a->outcome != WR_HTTP_DONE)
		return;
	FUZZ_HOLDS(a->method == b->method && a->minor == b->minor && a->status == b->status);
	FUZZ_HOLDS(a->keep_alive == b->keep_alive && a->chunked == b->chunked);
	FUZZ_HOLDS(a->has_length == b->has_length && a->length == b->length);
	FUZZ_HOLDS(a->has_host == b->has_host && a->expects_more == b->expects_more);
	FUZZ_HOLDS(a->expects_continue == b->expects_continue);
	FUZZ_HOLDS(a->path_len == b->path_len);
	FUZZ_HOLDS(memcmp(a->path, b->path, RTE_MIN(a->path_len, (uint16_t)WR_HTTP_PATH)) == 0);
	/* Never two readings of where the message ends, RFC 9112 section 6.3. */
	FUZZ_HOLDS(!(a->chunked && a->has_length));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input in = {bytes, size};
	uint8_t kind = fuzz_u8(&in);
	struct cutter whole = {.most = UINT32_MAX}, cut = {.most = 1u << (kind >> 5)};
	bool is_response = kind & 1;
	enum wr_http_method method = (kind >> 1) % (WR_HTTP_OTHER + 1);
	struct reading a, b;

	wr_prng_seed(&whole.prng, 0);
	wr_prng_seed(&cut.prng, fuzz_u32(&in));
	read_message(&a, is_response, method, &whole, (const char *)in.at, in.left);
	read_message(&b, is_response, method, &cut, (const char *)in.at, in.left);
	check_same_head(&a.head, &b.head);
	FUZZ_HOLDS(a.body.outcome == b.body.outcome);
	if (a.head.outcome == WR_HTTP_BAD || a.body.outcome == WR_HTTP_BAD)
		return 0;
	FUZZ_HOLDS(a.at == b.at && a.content == b.content && a.hash == b.hash);
	return 0;
}
