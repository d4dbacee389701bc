/* SPDX-License-Identifier: BSD-3-Clause */
/* Message bodies: RFC 9112 sections 6.3 (whose length it is) and 7.1 (chunks). */
#include "http.h"

enum state {
	SIZE,
	SIZE_END, /* white space, an extension, or the end of the line */
	EXTENSION,
	SIZE_LF,
	DATA,
	DATA_CR,
	DATA_LF,
	TRAILER_START,
	TRAILER,
	TRAILER_LF,
	END_LF,
};

#define SIZE_DIGITS   15   /* hexadecimal ones, so that no size overflows */
#define FRAMING_BYTES 4096 /* of a chunk's line, or of all trailers, at most */

static enum wr_http_body_kind kind_of(const struct wr_http_head *h, enum wr_http_method method)
{
	if (h->is_response &&
	    (method == WR_HTTP_HEAD || h->status < 200 || h->status == 204 ||
	     h->status == 304 || (method == WR_HTTP_CONNECT && h->status < 300)))
		return WR_HTTP_BODY_NONE;
	if (h->chunked)
		return WR_HTTP_BODY_CHUNKED;
	if (h->has_length)
		return h->length ? WR_HTTP_BODY_LENGTH : WR_HTTP_BODY_NONE;
	return h->is_response ? WR_HTTP_BODY_TO_END : WR_HTTP_BODY_NONE;
}

void wr_http_body_begin(struct wr_http_body *body, const struct wr_http_head *head,
                        enum wr_http_method method)
{
	enum wr_http_body_kind kind = kind_of(head, method);

	*body = (struct wr_http_body) {
		.outcome = kind == WR_HTTP_BODY_NONE ? WR_HTTP_DONE : WR_HTTP_MORE,
		.kind = (uint8_t)kind,
		.state = kind == WR_HTTP_BODY_CHUNKED ? SIZE : DATA,
		.left = kind == WR_HTTP_BODY_LENGTH ? head->length : 0,
	};
}

static void fail(struct wr_http_body *b)
{
	b->outcome = WR_HTTP_BAD;
}

static void expect(struct wr_http_body *b, char is, char must, enum state then)
{
	if (is == must)
		b->state = (uint8_t)then;
	else
		fail(b);
}

static unsigned hex(char c)
{
	return http_is_digit(c) ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

static void in_size(struct wr_http_body *b, char c)
{
	if (http_is(c, HTTP_HEX) && b->digits < SIZE_DIGITS) {
		b->left = b->left << 4 | hex(c);
		b->digits++;
		return;
	}
	if (!b->digits)
		fail(b);
	else if (c == '\r')
		b->state = SIZE_LF;
	else if (c == ';')
		b->state = EXTENSION;
	else if (http_is_space(c))
		b->state = SIZE_END;
	else
		fail(b);
}

static void in_size_end(struct wr_http_body *b, char c)
{
	if (c == ';')
		b->state = EXTENSION;
	else if (!http_is_space(c))
		expect(b, c, '\r', SIZE_LF);
}

static void in_text(struct wr_http_body *b, char c, enum state then)
{
	if (!http_is(c, HTTP_VALUE))
		expect(b, c, '\r', then);
}

static void size_lf(struct wr_http_body *b, char c)
{
	expect(b, c, '\n', b->left ? DATA : TRAILER_START);
	b->framing = 0;
	b->digits = 0;
}

/* One character of framing. */
static void framing(struct wr_http_body *b, char c)
{
	if (++b->framing > FRAMING_BYTES) {
		fail(b);
		return;
	}
	switch ((enum state)b->state) {
	case SIZE:
		in_size(b, c);
		break;
	case SIZE_END:
		in_size_end(b, c);
		break;
	case EXTENSION:
		in_text(b, c, SIZE_LF);
		break;
	case SIZE_LF:
		size_lf(b, c);
		break;
	case DATA: /* content: not here */
		break;
	case DATA_CR:
		expect(b, c, '\r', DATA_LF);
		break;
	case DATA_LF:
		expect(b, c, '\n', SIZE);
		break;
	case TRAILER_START:
		if (http_is(c, HTTP_TOKEN))
			b->state = TRAILER;
		else
			expect(b, c, '\r', END_LF);
		break;
	case TRAILER:
		in_text(b, c, TRAILER_LF);
		break;
	case TRAILER_LF:
		expect(b, c, '\n', TRAILER_START);
		break;
	case END_LF:
		b->outcome = c == '\n' ? WR_HTTP_DONE : WR_HTTP_BAD;
		break;
	}
}

static size_t content_of(struct wr_http_body *b, size_t len)
{
	if (b->kind == WR_HTTP_BODY_TO_END) {
		b->bytes += len;
		return len;
	}
	if (len > b->left)
		len = (size_t)b->left;
	b->bytes += len;
	b->left -= len;
	if (!b->left) {
		if (b->kind == WR_HTTP_BODY_LENGTH)
			b->outcome = WR_HTTP_DONE;
		b->state = DATA_CR;
	}
	return len;
}

size_t wr_http_body_parse(struct wr_http_body *body, const char *text, size_t len,
                          const char **content, size_t *content_len)
{
	size_t at = 0;

	*content = text;
	*content_len = 0;
	while (at < len && body->outcome == WR_HTTP_MORE && body->state != DATA)
		framing(body, text[at++]);
	if (at < len && body->outcome == WR_HTTP_MORE) {
		*content = text + at;
		*content_len = content_of(body, len - at);
		at += *content_len;
	}
	return at;
}
