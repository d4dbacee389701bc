/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fields that frame a message: Content-Length, Transfer-Encoding, Connection, and what a
 * server must look at: Host, Expect. All others are read over.
 */
#include "http.h"

static const struct {
	const char *name;
	enum http_field field;
} fields[] = {
	{"connection", HTTP_CONNECTION},
	{"content-length", HTTP_CONTENT_LENGTH},
	{"expect", HTTP_EXPECT},
	{"host", HTTP_HOST},
	{"transfer-encoding", HTTP_TRANSFER_ENCODING},
};

bool http_word_is(const struct wr_http_head *h, const char *word)
{
	size_t len = strlen(word);

	return h->word_len == len && memcmp(h->word, word, len) == 0;
}

static enum http_field find(const struct wr_http_head *h)
{
	for (unsigned i = 0; i < WR_LEN(fields); i++)
		if (http_word_is(h, fields[i].name))
			return fields[i].field;
	return HTTP_OTHER_FIELD;
}

uint16_t http_field_begin(struct wr_http_head *h)
{
	h->field = (uint8_t)find(h);
	h->word_len = 0;
	h->space = false;
	if (++h->fields > WR_HTTP_FIELDS)
		return 431;
	switch (h->field) {
	case HTTP_CONTENT_LENGTH: /* RFC 9112 section 6.3: more than one is an attack */
		if (h->has_length)
			return 400;
		h->has_length = true;
		break;
	case HTTP_HOST: /* RFC 9112 section 3.2: exactly one */
		if (h->has_host && !h->is_response)
			return 400;
		h->has_host = true;
		break;
	case HTTP_TRANSFER_ENCODING:
		h->coded = true;
		break;
	}
	return 0;
}

static uint16_t length_char(struct wr_http_head *h, char c)
{
	if (http_is_space(c)) {
		h->space = h->word_len > 0;
		return 0;
	}
	if (!http_is_digit(c) || h->space)
		return 400;
	if (h->length > (UINT64_MAX - 9) / 10)
		return h->is_response ? 400 : 413;
	h->length = h->length * 10 + (uint64_t)(c - '0');
	h->word_len = 1;
	return 0;
}

/* One element of a list such as Connection's; empty ones are allowed, RFC 9110 section 5.6.1.
 */
static uint16_t element_end(struct wr_http_head *h)
{
	if (!h->word_len)
		return 0;
	switch (h->field) {
	case HTTP_CONNECTION:
		h->wants_close |= http_word_is(h, "close");
		h->wants_keep_alive |= http_word_is(h, "keep-alive");
		break;
	case HTTP_EXPECT:
		if (http_word_is(h, "100-continue"))
			h->expects_continue = true;
		else
			h->expects_more = true;
		break;
	case HTTP_TRANSFER_ENCODING: /* chunked is the last, and there only once */
		if (h->chunked)
			return 400;
		if (!http_word_is(h, "chunked"))
			return 501;
		h->chunked = true;
		break;
	}
	h->word_len = 0;
	h->space = false;
	return 0;
}

/* White space within an element makes it another word, never the one before it. */
static uint16_t list_char(struct wr_http_head *h, char c)
{
	if (c == ',')
		return element_end(h);
	if (http_is_space(c)) {
		h->space = h->word_len > 0;
		return 0;
	}
	if (h->space)
		h->word_len = WR_HTTP_WORD + 1;
	http_word_add(h, c);
	return 0;
}

uint16_t http_field_char(struct wr_http_head *h, char c)
{
	switch (h->field) {
	case HTTP_CONTENT_LENGTH:
		return length_char(h, c);
	case HTTP_CONNECTION:
	case HTTP_EXPECT:
	case HTTP_TRANSFER_ENCODING:
		return list_char(h, c);
	default:
		return 0;
	}
}

uint16_t http_field_end(struct wr_http_head *h)
{
	switch (h->field) {
	case HTTP_CONTENT_LENGTH:
		return h->word_len ? 0 : 400;
	case HTTP_CONNECTION:
	case HTTP_EXPECT:
	case HTTP_TRANSFER_ENCODING:
		return element_end(h);
	default:
		return 0;
	}
}

uint16_t http_fields_end(struct wr_http_head *h)
{
	/* RFC 9112 section 6.1: both lengths, or a coding in HTTP/1.0, is an attack. */
	if (h->coded && (h->has_length || !h->minor || !h->chunked))
		return 400;
	if (!h->is_response && h->minor && !h->has_host)
		return 400;
	h->keep_alive = !h->wants_close && (h->minor || h->wants_keep_alive);
	if (!h->minor) /* RFC 9110 section 10.1.1: an HTTP/1.0 expectation is ignored */
		h->expects_continue = h->expects_more = false;
	return 0;
}
