/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HTTP/1.1 and 1.0, RFC 9110 and 9112: persistent connections, pipelining, answers of any size
 * without buffering them, content that is counted or sent back. What cannot be understood is
 * answered once, and the connection closed: what follows could be anybody's.
 */
#include <stdio.h>

#include "http.h"
#include "reactions.h"

#define CHUNK_ROOM 16 /* bytes around the content of a chunk, at most */

static void begin(struct service_exchange *x)
{
	wr_http_request_begin(&http_of(x)->head);
}

static bool is_idle(const struct service_exchange *x)
{
	const struct http *h = http_of(x);

	return h->phase == HTTP_READS_HEAD && !h->head.bytes;
}

static enum service_step fail(struct http *h, unsigned status)
{
	char *out = service_exchange_room(&h->x, HTTP_ROOM);

	if (!out)
		return SERVICE_STEP_FLUSH;
	h->keep_alive = false;
	h->x.ends = true;
	service_exchange_wrote(&h->x, http_write_status(h, out, status, NULL));
	return SERVICE_STEP_ON;
}

static void read_head(struct http *h)
{
	struct rte_mbuf *m = h->x.input;
	struct wr_http_head *head = &h->head;
	size_t taken;

	if (!head->bytes)
		service_exchange_request(&h->x);
	taken = wr_http_head_parse(head, rte_pktmbuf_mtod(m, char *), m->data_len);
	rte_pktmbuf_adj(m, (uint16_t)taken);
	if (head->outcome == WR_HTTP_MORE)
		return;
	WR_COUNT(h->x.r.core->stats, http_requests, 1);
	if (head->outcome == WR_HTTP_BAD) {
		h->error = head->error;
		h->phase = HTTP_FAILS;
		return;
	}
	h->keep_alive = head->keep_alive;
	wr_http_body_begin(&h->body, head, (enum wr_http_method)head->method);
	h->phase = HTTP_BEGINS;
}

/* The response is written: on to the next request. */
static void next(struct http *h)
{
	h->x.ends = !h->keep_alive;
	h->phase = HTTP_READS_HEAD;
	wr_http_request_begin(&h->head);
}

static enum service_step begin_response(struct http *h)
{
	char *out = service_exchange_room(&h->x, HTTP_ROOM);

	if (!out)
		return SERVICE_STEP_FLUSH;
	service_exchange_wrote(&h->x, http_page_begin(h, out));
	if (h->page == HTTP_PAGE_OTHER)
		next(h);
	else
		h->phase = h->body.outcome == WR_HTTP_DONE ? HTTP_ENDS : HTTP_READS_BODY;
	return SERVICE_STEP_ON;
}

static enum service_step end_response(struct http *h)
{
	char *out = service_exchange_room(&h->x, HTTP_ROOM);

	if (!out)
		return SERVICE_STEP_FLUSH;
	service_exchange_wrote(&h->x, http_page_end(h, out));
	next(h);
	return SERVICE_STEP_ON;
}

/* Reads up to `most` bytes of the body; the content among them is at *content. */
static size_t read_body(struct http *h, size_t most, const char **content)
{
	struct rte_mbuf *m = h->x.input;
	size_t taken, len;

	taken = wr_http_body_parse(&h->body, rte_pktmbuf_mtod(m, char *),
	                           most < m->data_len ? most : m->data_len, content, &len);
	rte_pktmbuf_adj(m, (uint16_t)taken);
	if (h->body.outcome == WR_HTTP_DONE) {
		h->phase = HTTP_ENDS;
	} else if (h->body.outcome == WR_HTTP_BAD) {
		h->error = 400;
		h->phase = HTTP_FAILS;
	}
	return len;
}

/* A piece of content becomes a piece of the answer, in a chunk of its own if that has chunks.
 */
static enum service_step echo(struct http *h)
{
	uint32_t segment = service_segment(h->x.r.core), size = 0;
	char *out = service_exchange_room(&h->x, 2 * CHUNK_ROOM);
	const char *content;
	size_t len;

	if (!out)
		return SERVICE_STEP_FLUSH;
	len = read_body(h, segment - h->x.out->data_len - CHUNK_ROOM, &content);
	if (h->phase == HTTP_FAILS)
		return SERVICE_STEP_REFUSE; /* a part of the answer is sent already */
	if (!len)
		return SERVICE_STEP_ON;
	if (h->head.chunked)
		size = (uint32_t)snprintf(out, CHUNK_ROOM, "%zx\r\n", len);
	memcpy(out + size, content, len);
	size += (uint32_t)len;
	if (h->head.chunked) {
		memcpy(out + size, "\r\n", 2);
		size += 2;
	}
	service_exchange_wrote(&h->x, size);
	return SERVICE_STEP_ON;
}

static enum service_step read_content(struct http *h)
{
	const char *content;

	if (h->page == HTTP_PAGE_ECHO)
		return echo(h);
	read_body(h, SIZE_MAX, &content);
	return SERVICE_STEP_ON;
}

static enum service_step read_on(struct service_exchange *x)
{
	struct http *h = http_of(x);
	enum service_step step = SERVICE_STEP_ON;

	if (h->phase == HTTP_READS_HEAD)
		read_head(h);
	else if (h->phase == HTTP_READS_BODY)
		step = read_content(h);
	if (step != SERVICE_STEP_ON)
		return step;
	switch ((enum http_phase)h->phase) {
	case HTTP_FAILS:
		return fail(h, h->error);
	case HTTP_BEGINS:
		step = begin_response(h);
		return step == SERVICE_STEP_ON && h->phase == HTTP_ENDS ? end_response(h)
		                                                        : step;
	case HTTP_ENDS:
		return end_response(h);
	case HTTP_READS_HEAD:
	case HTTP_READS_BODY:
		break;
	}
	return SERVICE_STEP_ON;
}

/* A head has one period, a body as long as it moves. */
static enum service_late look(struct service_exchange *x, bool stuck, uint64_t now_us)
{
	struct http *h = http_of(x);
	uint64_t period_us =
		((struct service_exchange_core *)x->r.core->state)->records.period_us;

	if (h->phase != HTTP_READS_HEAD)
		return stuck ? SERVICE_LATE : SERVICE_IN_TIME;
	if (now_us - x->r.begun_us < period_us)
		return SERVICE_IN_TIME;
	return fail(h, 408) == SERVICE_STEP_ON ? SERVICE_LATE_ANSWERED : SERVICE_LATE;
}

static const struct service_exchange_ops ops = {
	.record_bytes = sizeof(struct http),
	.begin = begin,
	.read = read_on,
	.is_idle = is_idle,
	.look = look,
};

static uint64_t core_bytes(const struct wr_service_conf *conf)
{
	return service_exchange_bytes(&ops, conf);
}

static void core_begin(struct wr_service_core *core, const struct wr_service_conf *conf)
{
	service_exchange_begin(core, &ops, conf);
}

static const struct wr_tcp_events events = {
	.on_open = service_accept,
	.on_data = service_exchange_on_data,
	.on_room = service_exchange_on_room,
	.on_peer_closed = service_exchange_on_peer_closed,
	.on_closed = service_exchange_on_closed,
};

const struct wr_service wr_service_http = {
	.name = "http",
	.spec = "RFC 9112",
	.port = 80,
	.tcp = &events,
	.nodelay = true,
	.idle_timeout_ms = 60000,
	.core_bytes = core_bytes,
	.core_begin = core_begin,
	.core_end = service_exchange_end,
	.run = service_exchange_run,
	.deadline = service_exchange_deadline,
};
