/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of the parsers, shared by the files of this directory. */
#ifndef WR_HTTP_INSIDE_H
#define WR_HTTP_INSIDE_H

#include <string.h>

#include "wr_base.h"
#include "wr_http.h"

/* ---- chars.c: what a character may be part of ---- */

enum http_char {
	HTTP_TOKEN = 1 << 0,  /* tchar, RFC 9110 section 5.6.2 */
	HTTP_TARGET = 1 << 1, /* of a request target: visible ASCII */
	HTTP_VALUE = 1 << 2,  /* of a field value, a reason or a chunk extension */
	HTTP_HEX = 1 << 3,
};

extern const uint8_t http_chars[256];

static inline bool http_is(char c, enum http_char kind)
{
	return http_chars[(uint8_t)c] & kind;
}

static inline bool http_is_space(char c)
{
	return c == ' ' || c == '\t';
}

static inline bool http_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- field.c: what a field means ---- */

enum http_field {
	HTTP_OTHER_FIELD,
	HTTP_CONNECTION,
	HTTP_CONTENT_LENGTH,
	HTTP_EXPECT,
	HTTP_HOST,
	HTTP_TRANSFER_ENCODING,
};

/* Adds to the name or token that is being read; what does not fit is counted as one more. */
static inline void http_word_add(struct wr_http_head *h, char c)
{
	if (c >= 'A' && c <= 'Z')
		c = (char)(c | 0x20);
	if (h->word_len < WR_HTTP_WORD)
		h->word[h->word_len++] = c;
	else
		h->word_len = WR_HTTP_WORD + 1;
}

bool http_word_is(const struct wr_http_head *h, const char *word);

/*
 * The events of a field: its name ends, a character of its value comes, its value ends.
 * All return 0, or the status that answers a bad one.
 */
uint16_t http_field_begin(struct wr_http_head *h);
uint16_t http_field_char(struct wr_http_head *h, char c);
uint16_t http_field_end(struct wr_http_head *h);

/* All fields were read: what they mean together. */
uint16_t http_fields_end(struct wr_http_head *h);

#endif /* WR_HTTP_INSIDE_H */
