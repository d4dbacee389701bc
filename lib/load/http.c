/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests and responses of HTTP/1.1, RFC 9110 and 9112. The head of a request is written once;
 * only the length of a POST's body differs, in a field of fixed width. Bodies of responses are
 * thrown away; with --verify, /bytes/N must give N bytes of wr_pattern.h.
 */

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_malloc.h>

#include "load.h"
#include "wr_http.h"
#include "wr_pattern.h"

#define HEAD_ROOM   2048
#define LENGTH_WIDE 10 /* digits, padded with spaces on the left: optional white space */
#define BYTES_PAGE  "/bytes/"
#define PORT_HTTP   80

/* What is known of a client's response. */
struct response {
	struct wr_http_head head;
	struct wr_http_body body;
	bool in_body;
	bool differs; /* from what was expected, so far */
};

/* ---- requests ---- */

static void put_host(char *out, size_t size, const struct wr_load_conf *conf)
{
	uint32_t a = conf->target;

	if (conf->http.host[0])
		snprintf(out, size, "%s", conf->http.host);
	else if (conf->port == PORT_HTTP)
		snprintf(out, size, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255,
		         a & 255);
	else
		snprintf(out, size, "%u.%u.%u.%u:%u", a >> 24, a >> 16 & 255, a >> 8 & 255,
		         a & 255, conf->port);
}

/* Writes the head to `out`; returns its length. The length of the body is left blank. */
static uint32_t put_head(char *out, size_t size, const struct wr_load_conf *conf)
{
	const struct wr_load_http *http = &conf->http;
	char host[sizeof(http->host)];
	int n;

	put_host(host, sizeof(host), conf);
	n = snprintf(out, size,
	             "%s %s HTTP/1.1\r\n"
	             "Host: %s\r\n"
	             "%s%s%s%*s%s"
	             "\r\n",
	             http->post ? "POST" : "GET", http->path[0] ? http->path : "/", host,
	             http->close ? "Connection: close\r\n" : "", http->headers,
	             http->post ? "Content-Length:" : "", http->post ? LENGTH_WIDE + 1 : 0, "",
	             http->post ? "\r\n" : "");
	assert(n > 0 && (size_t)n < size); /* its parts are bounded by struct wr_load_http */
	return (uint32_t)n;
}

static int init(struct wr_load *load, int socket)
{
	load->head = rte_zmalloc_socket("load head", HEAD_ROOM, WR_CACHE_LINE, socket);
	if (!load->head)
		return -ENOMEM;
	load->head_bytes = put_head(load->head, HEAD_ROOM, load->conf);
	return 0;
}

static void fini(struct wr_load *load)
{
	rte_free(load->head);
}

static size_t state_bytes(const struct wr_load_conf *conf)
{
	return (sizeof(struct response) + 7) & ~(size_t)7;
}

static void begin_response(struct response *response)
{
	wr_http_response_begin(&response->head);
	response->in_body = false;
	response->differs = false;
}

static void open_client(struct wr_load *load, uint32_t n)
{
	begin_response(load_state(load, n));
}

static void begin(struct wr_load *load, uint32_t n, uint32_t number, struct load_request *r)
{
	r->bytes = load->head_bytes;
	if (load->conf->http.post)
		r->bytes += wr_sizes_draw(&load->conf->request, &load->prng);
}

/* Writes the length of the body where put_head() has left room for it. */
static void set_length(struct wr_load *load, uint32_t body_bytes)
{
	char digits[LENGTH_WIDE + 1];
	char *at = load->head + load->head_bytes - strlen("\r\n\r\n") - LENGTH_WIDE;

	snprintf(digits, sizeof(digits), "%*" PRIu32, LENGTH_WIDE, body_bytes);
	memcpy(at, digits, LENGTH_WIDE);
}

static void write_request(struct wr_load *load, uint32_t n, const struct load_request *r,
                          uint32_t offset, uint8_t *out, uint32_t bytes)
{
	uint32_t part = 0;

	if (offset < load->head_bytes) {
		part = wr_min(bytes, load->head_bytes - offset);
		if (load->conf->http.post)
			set_length(load, r->bytes - load->head_bytes);
		memcpy(out, load->head + offset, part);
	}
	if (part < bytes)
		memcpy(out + part, load->payload + offset + part - load->head_bytes,
		       bytes - part);
}

/* ---- responses ---- */

/* Whether the content of this response can be foretold. */
static bool is_foretold(const struct wr_load *load, const struct response *response)
{
	const struct wr_load_conf *conf = load->conf;

	return conf->verify && !conf->http.post && response->head.status == 200 &&
	       !strncmp(conf->http.path, BYTES_PAGE, sizeof(BYTES_PAGE) - 1);
}

/* N of /bytes/N. */
static uint64_t foretold_bytes(const struct wr_load *load)
{
	char *end;
	uint64_t n = strtoull(load->conf->http.path + sizeof(BYTES_PAGE) - 1, &end, 10);

	switch (*end) {
	case 'k':
	case 'K':
		return n << 10;
	case 'M':
		return n << 20;
	case 'G':
		return n << 30;
	default:
		return n;
	}
}

static void count_status(struct wr_load *load, const struct load_request *r, unsigned status)
{
	static const enum wr_load_stat stat[] = {
		WR_LOAD_STAT_http_1xx, WR_LOAD_STAT_http_2xx, WR_LOAD_STAT_http_3xx,
		WR_LOAD_STAT_http_4xx, WR_LOAD_STAT_http_5xx,
	};

	if (!r->measured)
		return;
	if (status >= 100 && status < 600)
		wr_stat_add(&load->stats.n[stat[status / 100 - 1]], 1);
	else
		LOAD_COUNT(load, http_broken, 1);
}

static enum load_took broken(struct wr_load *load)
{
	LOAD_COUNT(load, http_broken, 1);
	return LOAD_TOOK_BROKEN;
}

/* The response is complete. */
static enum load_took finish(struct wr_load *load, uint32_t n, struct response *response)
{
	bool keep_alive = response->head.keep_alive;

	if (is_foretold(load, response) && response->body.bytes != foretold_bytes(load))
		LOAD_COUNT(load, truncated, 1);
	else if (response->differs)
		LOAD_COUNT(load, corrupt, 1);
	else if (load->conf->verify)
		LOAD_COUNT(load, verified, 1);
	begin_response(response);
	return keep_alive ? LOAD_TOOK_WHOLE : LOAD_TOOK_LAST;
}

/* The head is complete: of the response, or of an interim one before it. */
static enum load_took take_head(struct wr_load *load, uint32_t n, struct load_request *r)
{
	struct response *response = load_state(load, n);
	unsigned status = response->head.status;

	count_status(load, r, status);
	if (status >= 100 && status < 200 && status != 101) {
		wr_http_response_begin(&response->head);
		return LOAD_TOOK_MORE;
	}
	wr_http_body_begin(&response->body, &response->head,
	                   load->conf->http.post ? WR_HTTP_POST : WR_HTTP_GET);
	response->in_body = true;
	return response->body.outcome == WR_HTTP_DONE ? finish(load, n, response)
	                                              : LOAD_TOOK_MORE;
}

static void check_content(struct wr_load *load, struct response *response, const char *content,
                          size_t len)
{
	if (len && is_foretold(load, response) &&
	    wr_pattern_differs(content, len, response->body.bytes - len))
		response->differs = true;
}

static enum load_took take(struct wr_load *load, uint32_t n, struct load_request *r,
                           const uint8_t *text, uint32_t bytes, uint32_t *used)
{
	struct response *response = load_state(load, n);
	const char *at = (const char *)text, *end = at + bytes, *content;
	enum load_took took = LOAD_TOOK_MORE;
	uint8_t outcome;
	size_t len;

	while (at < end && took == LOAD_TOOK_MORE) {
		if (response->in_body) {
			at += wr_http_body_parse(&response->body, at, (size_t)(end - at),
			                         &content, &len);
			check_content(load, response, content, len);
			outcome = response->body.outcome;
			if (outcome == WR_HTTP_DONE)
				took = finish(load, n, response);
		} else {
			at += wr_http_head_parse(&response->head, at, (size_t)(end - at));
			outcome = response->head.outcome;
			if (outcome == WR_HTTP_DONE)
				took = take_head(load, n, r);
		}
		if (outcome == WR_HTTP_BAD)
			took = broken(load);
	}
	*used = (uint32_t)(at - (const char *)text);
	return took;
}

/* Of a response without a length the end of the connection is the end. */
static bool ends(struct wr_load *load, uint32_t n, struct load_request *r)
{
	struct response *response = load_state(load, n);

	if (!response->in_body || response->body.kind != WR_HTTP_BODY_TO_END)
		return false;
	finish(load, n, response);
	return true;
}

const struct load_protocol load_protocol_http = {
	.init = init,
	.fini = fini,
	.state_bytes = state_bytes,
	.open = open_client,
	.begin = begin,
	.write = write_request,
	.take = take,
	.ends = ends,
	.missed = load_missed,
};
