/* SPDX-License-Identifier: BSD-3-Clause */
/* What there is to be asked for. */
#include <stdio.h>

#include "http.h"
#include "number.h"

#define BYTES_MOST ((uint64_t)1 << 40)

#define READ  (1u << WR_HTTP_GET | 1u << WR_HTTP_HEAD | 1u << WR_HTTP_OPTIONS)
#define WRITE (1u << WR_HTTP_POST | 1u << WR_HTTP_PUT | 1u << WR_HTTP_OPTIONS)

/* The rest of the path behind the page's name. */
struct rest {
	const char *text;
	size_t len;
};

/* RFC 9110 section 10.1.1: a client that waits for it is asked for the content. */
static uint32_t write_go_ahead(const struct http *h, char *out)
{
	bool waits = h->head.expects_continue && h->body.outcome != WR_HTTP_DONE;

	return waits ? http_write_continue(out) : 0;
}

static uint32_t root(struct http *h, char *out, const struct rest *rest)
{
	if (h->head.method == WR_HTTP_POST || h->head.method == WR_HTTP_PUT) {
		h->page = HTTP_PAGE_COUNT; /* http_page_end() answers */
		return write_go_ahead(h, out);
	}
	return http_write_page(h, out, "text/plain",
	                       "Wringer\n\n"
	                       "/bytes/N      N bytes; k, M, G of 1024\n"
	                       "/status/NNN   that status\n"
	                       "/echo         POST: your content\n"
	                       "/stats        numbers of this core\n"
	                       "/health       ok\n");
}

static uint32_t health(struct http *h, char *out, const struct rest *rest)
{
	return http_write_page(h, out, "text/plain", "ok\n");
}

static uint32_t stats(struct http *h, char *out, const struct rest *rest)
{
	return http_write_stats(h, out);
}

static uint32_t bytes(struct http *h, char *out, const struct rest *rest)
{
	uint64_t n;

	if (!service_read_bytes(rest->text, rest->len, BYTES_MOST, &n))
		return http_write_status(h, out, 404, NULL);
	if (h->head.method != WR_HTTP_HEAD)
		h->x.stream = (struct service_stream) {.left = n};
	return http_write_head(h, out, n);
}

static uint32_t status(struct http *h, char *out, const struct rest *rest)
{
	uint64_t n;

	if (rest->len != 3 || !service_read_bytes(rest->text, rest->len, 599, &n) || n < 200)
		return http_write_status(h, out, 404, NULL);
	return http_write_status(h, out, (unsigned)n, n == 405 ? "GET, HEAD, OPTIONS" : NULL);
}

/* Content of known length goes back as such, chunks go back as chunks. */
static uint32_t echo(struct http *h, char *out, const struct rest *rest)
{
	uint32_t at = write_go_ahead(h, out);

	h->page = HTTP_PAGE_ECHO;
	if (h->head.chunked)
		return at + http_write_chunked(h, out + at);
	return at + http_write_head(h, out + at, h->head.has_length ? h->head.length : 0);
}

static const struct page {
	const char *path; /* one that ends with a slash goes on */
	uint32_t methods; /* bit 1 << method */
	const char *allow;
	uint32_t (*begin)(struct http *h, char *out, const struct rest *rest);
} pages[] = {
	{"/", READ | WRITE, "GET, HEAD, POST, PUT, OPTIONS", root},
	{"", READ | WRITE, "GET, HEAD, POST, PUT, OPTIONS", root}, /* http://host */
	{"/bytes/", READ, "GET, HEAD, OPTIONS", bytes},
	{"/status/", READ, "GET, HEAD, OPTIONS", status},
	{"/echo", WRITE, "POST, PUT, OPTIONS", echo},
	{"/stats", READ, "GET, HEAD, OPTIONS", stats},
	{"/health", READ, "GET, HEAD, OPTIONS", health},
};

static const struct page *find(const struct wr_http_head *head, struct rest *rest)
{
	for (unsigned i = 0; i < WR_LEN(pages); i++) {
		size_t len = strlen(pages[i].path);
		bool goes_on = len > 1 && pages[i].path[len - 1] == '/';

		if (head->path_len > WR_HTTP_PATH || head->path_len < len ||
		    (head->path_len > len && !goes_on) ||
		    memcmp(head->path, pages[i].path, len) != 0)
			continue;
		*rest = (struct rest) {head->path + len, head->path_len - len};
		return &pages[i];
	}
	return NULL;
}

/* The answer does not wait for the content, so nobody knows what will follow: nothing may. */
static void close_if_content_comes(struct http *h)
{
	if (h->body.outcome != WR_HTTP_DONE)
		h->keep_alive = false;
}

static uint32_t fail(struct http *h, char *out, unsigned status, const char *allow)
{
	close_if_content_comes(h);
	return http_write_status(h, out, status, allow);
}

/* RFC 9110 section 9.3.7; "*" asks about the server as a whole. */
static uint32_t options(struct http *h, char *out, const char *allow)
{
	close_if_content_comes(h);
	return http_write_status(h, out, 204, allow);
}

uint32_t http_page_begin(struct http *h, char *out)
{
	const struct wr_http_head *head = &h->head;
	const struct page *page;
	struct rest rest;

	h->page = HTTP_PAGE_OTHER;
	if (head->method == WR_HTTP_OTHER)
		return fail(h, out, 501, NULL);
	if (head->expects_more)
		return fail(h, out, 417, NULL);
	if (head->method == WR_HTTP_OPTIONS && head->path_len == 1 && head->path[0] == '*')
		return options(h, out, "GET, HEAD, POST, PUT, OPTIONS");
	page = find(head, &rest);
	if (!page && head->method != WR_HTTP_CONNECT)
		return fail(h, out, 404, NULL);
	if (!page || head->method == WR_HTTP_CONNECT || !(page->methods >> head->method & 1))
		return fail(h, out, 405, page ? page->allow : "GET, HEAD, POST, PUT, OPTIONS");
	if (head->method == WR_HTTP_OPTIONS)
		return options(h, out, page->allow);
	if (!(WRITE >> head->method & 1))
		close_if_content_comes(h);
	return page->begin(h, out, &rest);
}

uint32_t http_page_end(struct http *h, char *out)
{
	char page[48];

	switch ((enum http_page)h->page) {
	case HTTP_PAGE_COUNT:
		snprintf(page, sizeof(page), "%llu bytes\n", (unsigned long long)h->body.bytes);
		return http_write_page(h, out, "text/plain", page);
	case HTTP_PAGE_ECHO:
		if (!h->head.chunked)
			break;
		memcpy(out, "0\r\n\r\n", 5);
		return 5;
	case HTTP_PAGE_OTHER:
		break;
	}
	return 0;
}
