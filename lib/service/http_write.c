/* SPDX-License-Identifier: BSD-3-Clause */
/* Heads and small pages, RFC 9110. There is no clock here, so no Date (section 6.6.1). */
#include <stdio.h>

#include "http.h"

static const struct {
	uint16_t status;
	const char *reason;
} reasons[] = {
	{200, "OK"},
	{204, "No Content"},
	{206, "Partial Content"},
	{301, "Moved Permanently"},
	{302, "Found"},
	{304, "Not Modified"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{408, "Request Timeout"},
	{413, "Content Too Large"},
	{414, "URI Too Long"},
	{417, "Expectation Failed"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{503, "Service Unavailable"},
	{505, "HTTP Version Not Supported"},
};

static const char *reason_of(unsigned status)
{
	for (unsigned i = 0; i < WR_LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Other";
}

static char *put(char *at, const char *text)
{
	size_t len = strlen(text);

	memcpy(at, text, len);
	return at + len;
}

static char *put_number(char *at, uint64_t n)
{
	char digits[20];
	unsigned i = sizeof(digits);

	do {
		digits[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	memcpy(at, digits + i, sizeof(digits) - i);
	return at + sizeof(digits) - i;
}

static void count(struct http *h, unsigned status)
{
	struct wr_stats *stats = h->x.r.core->stats;

	switch (status / 100) {
	case 2:
		WR_COUNT(stats, http_2xx, 1);
		break;
	case 3:
		WR_COUNT(stats, http_3xx, 1);
		break;
	case 4:
		WR_COUNT(stats, http_4xx, 1);
		break;
	case 5:
		WR_COUNT(stats, http_5xx, 1);
		break;
	}
}

/* Status line and the fields of every response; the head is not ended. */
static char *begin(struct http *h, char *at, unsigned status)
{
	count(h, status);
	at = put(at, "HTTP/1.1 ");
	at = put_number(at, status);
	at = put(at, " ");
	at = put(at, reason_of(status));
	at = put(at, "\r\nServer: wringer\r\n");
	if (!h->keep_alive)
		at = put(at, "Connection: close\r\n");
	else if (!h->head.minor)
		at = put(at, "Connection: keep-alive\r\n");
	return at;
}

static char *put_length(char *at, uint64_t bytes)
{
	at = put(at, "Content-Length: ");
	at = put_number(at, bytes);
	return put(at, "\r\n");
}

static char *put_page(const struct http *h, char *at, const char *type, const char *page)
{
	at = put(at, "Content-Type: ");
	at = put(at, type);
	at = put(at, "\r\n");
	at = put_length(at, strlen(page));
	at = put(at, "\r\n");
	return h->head.method == WR_HTTP_HEAD ? at : put(at, page);
}

/* RFC 9110 sections 15.3.5 and 15.4.5: these never have content. */
static bool has_content(unsigned status)
{
	return status != 204 && status != 304;
}

uint32_t http_write_status(struct http *h, char *out, unsigned status, const char *allow)
{
	char page[64];
	char *at = begin(h, out, status);

	if (allow) {
		at = put(at, "Allow: ");
		at = put(at, allow);
		at = put(at, "\r\n");
	}
	snprintf(page, sizeof(page), "%u %s\n", status, reason_of(status));
	at = has_content(status) ? put_page(h, at, "text/plain", page) : put(at, "\r\n");
	return (uint32_t)(at - out);
}

uint32_t http_write_page(struct http *h, char *out, const char *type, const char *page)
{
	return (uint32_t)(put_page(h, begin(h, out, 200), type, page) - out);
}

uint32_t http_write_head(struct http *h, char *out, uint64_t bytes)
{
	char *at = put(begin(h, out, 200), "Content-Type: application/octet-stream\r\n");

	return (uint32_t)(put(put_length(at, bytes), "\r\n") - out);
}

uint32_t http_write_chunked(struct http *h, char *out)
{
	char *at = put(begin(h, out, 200), "Content-Type: application/octet-stream\r\n");

	return (uint32_t)(put(at, "Transfer-Encoding: chunked\r\n\r\n") - out);
}

uint32_t http_write_continue(char *out)
{
	return (uint32_t)(put(out, "HTTP/1.1 100 Continue\r\n\r\n") - out);
}

uint32_t http_write_stats(struct http *h, char *out)
{
	static const enum wr_stat shown[] = {
		WR_STAT_http_requests, WR_STAT_http_2xx,     WR_STAT_http_4xx,
		WR_STAT_http_5xx,      WR_STAT_tcp_bytes_in, WR_STAT_tcp_bytes_out,
	};
	const struct wr_service_core *core = h->x.r.core;
	char page[256];
	char *at = put(page, "{\"core\":");

	at = put_number(at, core->core);
	for (unsigned i = 0; i < WR_LEN(shown); i++) {
		at = put(at, ",\"");
		at = put(at, wr_stat_desc[shown[i]].name);
		at = put(at, "\":");
		at = put_number(at, core->stats->n[shown[i]]);
	}
	at = put(at, "}\n");
	*at = 0;
	return http_write_page(h, out, "application/json", page);
}
