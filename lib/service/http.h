/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of the http service: a connection, and what its pages may do. */
#ifndef WR_SERVICE_HTTP_H
#define WR_SERVICE_HTTP_H

#include "exchange.h"
#include "wr_http.h"

#define HTTP_ROOM 512 /* bytes of a response's head with a small page, at most */

enum http_phase {
	HTTP_READS_HEAD,
	HTTP_FAILS,  /* the head is bad: an answer is to be written */
	HTTP_BEGINS, /* the head is complete: likewise */
	HTTP_READS_BODY,
	HTTP_ENDS, /* the content is complete: likewise */
};

/* What is done with the content of a request. */
enum http_page {
	HTTP_PAGE_COUNT, /* counted, and the answer tells */
	HTTP_PAGE_ECHO,  /* sent back */
	HTTP_PAGE_OTHER, /* counted for nobody */
};

struct http {
	struct service_exchange x;
	uint8_t phase;
	uint8_t page;
	bool keep_alive; /* after this response */
	uint16_t error;  /* the status that answers a bad request */
	struct wr_http_head head;
	struct wr_http_body body;
};

static inline struct http *http_of(const struct service_exchange *x)
{
	return (struct http *)(uintptr_t)x;
}

/* ---- http_write.c: all write to HTTP_ROOM bytes that service_exchange_room() gave ---- */

/* A complete response: a head and a page of one line. `allow`: methods of a 405, or NULL. */
uint32_t http_write_status(struct http *h, char *out, unsigned status, const char *allow);

/* A complete response of status 200 with this text. */
uint32_t http_write_page(struct http *h, char *out, const char *type, const char *page);

/* The head of a response of status 200 whose content of `bytes` bytes follows. */
uint32_t http_write_head(struct http *h, char *out, uint64_t bytes);

/* The same for content in chunks. */
uint32_t http_write_chunked(struct http *h, char *out);

/* 100 Continue, RFC 9110 section 10.1.1. */
uint32_t http_write_continue(char *out);

/* The numbers of this core as a JSON page. */
uint32_t http_write_stats(struct http *h, char *out);

/* ---- http_page.c ---- */

/*
 * Answers the request whose head is complete, as far as the head says: a response, or the
 * beginning of one, or nothing yet, as the content decides. `out` has HTTP_ROOM bytes.
 */
uint32_t http_page_begin(struct http *h, char *out);

/* The content of the request is complete: what remains to be answered. */
uint32_t http_page_end(struct http *h, char *out);

#endif /* WR_SERVICE_HTTP_H */
