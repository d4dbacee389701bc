/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Heads of requests and responses, RFC 9112 sections 3 to 5: one state per place in the
 * grammar, one function a state, each of which reads as far as it can.
 */
#include "http.h"

enum state {
	START, /* empty lines before a request, section 2.2 */
	START_LF,
	METHOD,
	TARGET, /* its first character */
	SCHEME,
	SCHEME_SLASHES,
	AUTHORITY,
	PATH,
	QUERY,
	VERSION,
	VERSION_END, /* of a request */
	STATUS,
	REASON,
	LINE_LF,
	FIELD_START,
	NAME,
	VALUE,
	END_LF,
	STATES
};

#define EMPTY_LINES 8 /* bytes of them before a request */

typedef const char *(*reader)(struct wr_http_head *h, const char *at, const char *end);

static const char *bad(struct wr_http_head *h, uint16_t status, const char *at)
{
	h->outcome = WR_HTTP_BAD;
	h->error = status;
	return at;
}

static const char *bad_if(struct wr_http_head *h, uint16_t status, const char *at)
{
	return status ? bad(h, status, at) : at;
}

static void enter(struct wr_http_head *h, enum state state)
{
	h->state = (uint8_t)state;
	h->word_len = 0;
}

/* The next character must be `c`, and then `then` follows. */
static const char *expect(struct wr_http_head *h, const char *at, char c, enum state then)
{
	if (*at != c)
		return bad(h, 400, at);
	enter(h, then);
	return at + 1;
}

static const char *in_start(struct wr_http_head *h, const char *at, const char *end)
{
	if (*at == '\r' && h->bytes < EMPTY_LINES)
		return expect(h, at, '\r', START_LF);
	enter(h, METHOD);
	return at;
}

static const char *in_start_lf(struct wr_http_head *h, const char *at, const char *end)
{
	return expect(h, at, '\n', START);
}

static const struct {
	const char *name;
	enum wr_http_method method;
} methods[] = {
	{"GET", WR_HTTP_GET},         {"HEAD", WR_HTTP_HEAD},     {"POST", WR_HTTP_POST},
	{"PUT", WR_HTTP_PUT},         {"DELETE", WR_HTTP_DELETE}, {"OPTIONS", WR_HTTP_OPTIONS},
	{"CONNECT", WR_HTTP_CONNECT}, {"TRACE", WR_HTTP_TRACE},   {"PATCH", WR_HTTP_PATCH},
};

/* Methods are case-sensitive, RFC 9110 section 9.1. */
static enum wr_http_method method_of(const struct wr_http_head *h)
{
	for (unsigned i = 0; i < WR_LEN(methods); i++)
		if (strlen(methods[i].name) == h->word_len &&
		    memcmp(methods[i].name, h->word, h->word_len) == 0)
			return methods[i].method;
	return WR_HTTP_OTHER;
}

static const char *in_method(struct wr_http_head *h, const char *at, const char *end)
{
	for (; at < end && http_is(*at, HTTP_TOKEN); at++) {
		if (h->word_len == WR_HTTP_WORD)
			return bad(h, 501, at);
		h->word[h->word_len++] = *at;
	}
	if (at == end)
		return at;
	if (*at != ' ' || !h->word_len)
		return bad(h, 400, at);
	h->method = (uint8_t)method_of(h);
	enter(h, TARGET);
	return at + 1;
}

/* The four forms of section 3.2: origin, absolute, authority, asterisk. */
static const char *in_target(struct wr_http_head *h, const char *at, const char *end)
{
	if (!http_is(*at, HTTP_TARGET))
		return bad(h, 400, at);
	if (h->method == WR_HTTP_CONNECT)
		enter(h, AUTHORITY);
	else if (*at == '/' || *at == '*')
		enter(h, PATH);
	else
		enter(h, SCHEME);
	return at;
}

static const char *in_scheme(struct wr_http_head *h, const char *at, const char *end)
{
	for (; at < end && http_is(*at, HTTP_TARGET); at++) {
		if (*at == ':') {
			enter(h, SCHEME_SLASHES);
			return at + 1;
		}
	}
	return at < end ? bad(h, 400, at) : at;
}

static const char *in_scheme_slashes(struct wr_http_head *h, const char *at, const char *end)
{
	if (*at != '/')
		return bad(h, 400, at);
	if (++h->word_len == 2)
		enter(h, AUTHORITY);
	return at + 1;
}

/* What ends a target: a space, and HTTP/0.9 is not spoken. */
static const char *target_end(struct wr_http_head *h, const char *at)
{
	if (*at != ' ')
		return bad(h, 400, at);
	enter(h, VERSION);
	return at + 1;
}

static const char *in_authority(struct wr_http_head *h, const char *at, const char *end)
{
	for (; at < end && http_is(*at, HTTP_TARGET); at++) {
		if (*at == '/' || *at == '?') {
			enter(h, *at == '/' ? PATH : QUERY);
			return at;
		}
	}
	return at < end ? target_end(h, at) : at;
}

static const char *in_path(struct wr_http_head *h, const char *at, const char *end)
{
	for (; at < end && http_is(*at, HTTP_TARGET); at++) {
		if (*at == '?' || *at == '#') {
			enter(h, QUERY);
			return at;
		}
		if (h->path_len < WR_HTTP_PATH)
			h->path[h->path_len] = *at;
		h->path_len++;
	}
	return at < end ? target_end(h, at) : at;
}

static const char *in_query(struct wr_http_head *h, const char *at, const char *end)
{
	while (at < end && http_is(*at, HTTP_TARGET))
		at++;
	return at < end ? target_end(h, at) : at;
}

static const char http_1[] = "HTTP/1.";

/* HTTP/x.y; a name in another case or another major version is not ours. */
static const char *in_version(struct wr_http_head *h, const char *at, const char *end)
{
	static const unsigned major = 5, minor = sizeof(http_1) - 1;

	for (; at < end && h->word_len < minor; at++, h->word_len++) {
		if (*at == http_1[h->word_len])
			continue;
		return bad(h, h->word_len == major && http_is_digit(*at) ? 505 : 400, at);
	}
	if (at == end)
		return at;
	if (!http_is_digit(*at))
		return bad(h, 400, at);
	h->minor = *at > '0'; /* a later 1.x is read as 1.1, RFC 9110 section 6.2 */
	enter(h, h->is_response ? STATUS : VERSION_END);
	return at + 1;
}

static const char *in_version_end(struct wr_http_head *h, const char *at, const char *end)
{
	return expect(h, at, '\r', LINE_LF);
}

/* " 200", then " reason" or nothing. */
static const char *in_status(struct wr_http_head *h, const char *at, const char *end)
{
	for (; at < end && h->word_len < 4; at++, h->word_len++) {
		if (h->word_len ? !http_is_digit(*at) : *at != ' ')
			return bad(h, 400, at);
		if (h->word_len)
			h->status = (uint16_t)(h->status * 10 + *at - '0');
	}
	if (at == end)
		return at;
	if (h->status < 100 || (*at != ' ' && *at != '\r'))
		return bad(h, 400, at);
	enter(h, REASON);
	return at;
}

static const char *in_reason(struct wr_http_head *h, const char *at, const char *end)
{
	while (at < end && http_is(*at, HTTP_VALUE))
		at++;
	return at < end ? expect(h, at, '\r', LINE_LF) : at;
}

static const char *in_line_lf(struct wr_http_head *h, const char *at, const char *end)
{
	return expect(h, at, '\n', FIELD_START);
}

/* A line that begins with white space would be obsolete folding, section 5.2. */
static const char *in_field_start(struct wr_http_head *h, const char *at, const char *end)
{
	if (*at == '\r')
		return expect(h, at, '\r', END_LF);
	enter(h, NAME);
	return at;
}

static const char *in_name(struct wr_http_head *h, const char *at, const char *end)
{
	for (; at < end && http_is(*at, HTTP_TOKEN); at++)
		http_word_add(h, *at);
	if (at == end)
		return at;
	if (*at != ':' || !h->word_len)
		return bad(h, 400, at);
	h->state = VALUE;
	return bad_if(h, http_field_begin(h), at + 1);
}

static const char *in_value(struct wr_http_head *h, const char *at, const char *end)
{
	uint16_t status = 0;

	if (h->field == HTTP_OTHER_FIELD || h->field == HTTP_HOST) {
		while (at < end && http_is(*at, HTTP_VALUE))
			at++;
	}
	for (; at < end && http_is(*at, HTTP_VALUE) && !status; at++)
		status = http_field_char(h, *at);
	if (at == end || status)
		return bad_if(h, status, at);
	status = *at == '\r' ? http_field_end(h) : 400;
	enter(h, LINE_LF);
	return bad_if(h, status, at + 1);
}

static const char *in_end_lf(struct wr_http_head *h, const char *at, const char *end)
{
	uint16_t status = *at == '\n' ? http_fields_end(h) : 400;

	h->outcome = WR_HTTP_DONE;
	return bad_if(h, status, at + 1);
}

static const reader readers[STATES] = {
	[START] = in_start,
	[START_LF] = in_start_lf,
	[METHOD] = in_method,
	[TARGET] = in_target,
	[SCHEME] = in_scheme,
	[SCHEME_SLASHES] = in_scheme_slashes,
	[AUTHORITY] = in_authority,
	[PATH] = in_path,
	[QUERY] = in_query,
	[VERSION] = in_version,
	[VERSION_END] = in_version_end,
	[STATUS] = in_status,
	[REASON] = in_reason,
	[LINE_LF] = in_line_lf,
	[FIELD_START] = in_field_start,
	[NAME] = in_name,
	[VALUE] = in_value,
	[END_LF] = in_end_lf,
};

void wr_http_request_begin(struct wr_http_head *head)
{
	memset(head, 0, sizeof(*head));
	head->state = START;
}

void wr_http_response_begin(struct wr_http_head *head)
{
	memset(head, 0, sizeof(*head));
	head->is_response = true;
	head->state = VERSION;
}

/* What is too long: the first line, or the fields. */
static uint16_t too_long(const struct wr_http_head *h)
{
	return h->state < VERSION ? 414 : 431;
}

/*
 * A head that would become too long is cut where the limit is, so that the outcome does not
 * depend on how the text comes.
 */
size_t wr_http_head_parse(struct wr_http_head *head, const char *text, size_t len)
{
	size_t allowed = WR_HTTP_HEAD_BYTES - head->bytes;
	const char *at = text, *end = text + (len < allowed ? len : allowed);

	while (at < end && head->outcome == WR_HTTP_MORE) {
		const char *from = at;

		at = readers[head->state](head, at, end);
		head->bytes = (uint16_t)(head->bytes + (at - from));
	}
	if (head->outcome == WR_HTTP_MORE && head->bytes == WR_HTTP_HEAD_BYTES)
		bad(head, too_long(head), at);
	return (size_t)(at - text);
}
