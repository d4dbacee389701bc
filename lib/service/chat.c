/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Chat: a line of one client goes to all other clients, of all cores, with its number before
 * it. Each core keeps its own clients; what they write goes to the other cores as news. A
 * client that does not read loses lines, and after LOST_MOST lost lines its connection.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_memcpy.h>

#include "reactions.h"
#include "record.h"
#include "stream.h"

#define CLIENTS_MOST 1024       /* on a core */
#define LINE_MOST    512        /* bytes of a line; the rest of a longer one is left out */
#define QUEUE_MOST   (64 << 10) /* bytes that wait for a client, at most */
#define LOST_MOST    1000       /* lines that a client may lose */
#define LEAVERS      64         /* clients whose leaving is still to be told, at most */

struct client {
	struct service_record r;
	uint32_t number; /* of all cores' clients; none has it again */
	uint32_t lost;   /* lines that were not sent to it */
	uint16_t len;    /* of the line so far */
	bool too_long;   /* the rest of the line is thrown away */
	char line[LINE_MOST];
};

struct chat {
	struct service_records records;
	uint32_t joined; /* clients so far */
	bool doomed;     /* a client is to be thrown out */
	uint32_t leavers;
	uint32_t leaver[LEAVERS]; /* their numbers */
};

#define RECORDS_AT RTE_CACHE_LINE_ROUNDUP(sizeof(struct chat))

static struct chat *state_of(const struct wr_service_core *core)
{
	return core->state;
}

/* ---- to all ---- */

static uint32_t lines_in(const struct rte_mbuf *m)
{
	const char *text = rte_pktmbuf_mtod(m, const char *);
	uint32_t lines = 0;

	for (uint32_t i = 0; i < m->data_len; i++)
		lines += text[i] == '\n';
	return lines;
}

/* Each client gets a buffer of its own: the engine writes headers into it. */
static bool send_copy(struct client *to, const struct rte_mbuf *lines)
{
	struct wr_service_core *core = to->r.core;
	struct rte_mbuf *m;
	int rc;

	if (wr_tcp_queued(to->r.c) + lines->data_len > QUEUE_MOST)
		return false;
	m = service_buffer(core);
	if (!m)
		return false;
	rte_memcpy(rte_pktmbuf_append(m, lines->data_len),
	           rte_pktmbuf_mtod(lines, const char *), lines->data_len);
	rc = wr_tcp_send(core->tcp, to->r.c, m);
	if (rc)
		rte_pktmbuf_free(m);
	return !rc || rc == -EPIPE; /* it is leaving: it loses nothing */
}

static void tell_client(struct client *to, const struct rte_mbuf *lines)
{
	uint32_t n;

	if (send_copy(to, lines))
		return;
	n = lines_in(lines);
	to->lost += n;
	WR_COUNT(to->r.core->stats, chat_lines_lost, n);
	if (to->lost > LOST_MOST)
		state_of(to->r.core)->doomed = true;
}

/* All clients of this core but one; but: NULL: all. */
static void tell_core(struct wr_service_core *core, const struct client *but,
                      const struct rte_mbuf *lines)
{
	struct client *to;
	uint32_t cursor = 0;

	while ((to = service_record_next(&state_of(core)->records, &cursor)))
		if (to != but)
			tell_client(to, lines);
}

/* All clients of all cores but one. Frees the lines. */
static void tell_all(struct wr_service_core *core, const struct client *but,
                     struct rte_mbuf *lines)
{
	if (lines->data_len) {
		tell_core(core, but, lines);
		core->tell(core, lines);
	}
	rte_pktmbuf_free(lines);
}

static void on_news(struct wr_service_core *core, struct rte_mbuf *m)
{
	tell_core(core, NULL, m);
	rte_pktmbuf_free(m);
}

/* A line of the service itself about a client. */
static struct rte_mbuf *remark(struct wr_service_core *core, const char *form, uint32_t number)
{
	struct rte_mbuf *m = service_buffer(core);
	char text[64];
	int len = snprintf(text, sizeof(text), form, number);

	if (m)
		memcpy(rte_pktmbuf_append(m, (uint16_t)len), text, (size_t)len);
	return m;
}

/* ---- clients ---- */

static bool on_open(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct wr_service_core *core = service_core_of(c);
	struct chat *chat = state_of(core);
	struct client *client = service_record_take(&chat->records, core, c);
	struct rte_mbuf *m;

	if (!client) {
		WR_COUNT(core->stats, service_refused, 1);
		return false;
	}
	client->number = core->core + 1 + core->cores * chat->joined++;
	m = remark(core, "* welcome, you are [%u]\n", client->number);
	if (m && wr_tcp_send(tcp, c, m))
		rte_pktmbuf_free(m);
	m = remark(core, "* [%u] joined\n", client->number);
	if (m)
		tell_all(core, client, m);
	return true;
}

/* Others are told in the next round: this may be in the midst of telling them something. */
static void on_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	struct client *client = service_record_of(c);
	struct chat *chat;

	if (!client)
		return;
	chat = state_of(client->r.core);
	if (chat->leavers < LEAVERS)
		chat->leaver[chat->leavers++] = client->number;
	service_record_give(&chat->records, client);
}

/* ---- lines ---- */

/* The lines of one buffer go out together. */
struct batch {
	struct client *from;
	struct rte_mbuf *lines; /* NULL: none yet */
};

static void end_batch(struct batch *batch)
{
	if (batch->lines)
		tell_all(batch->from->r.core, batch->from, batch->lines);
	batch->lines = NULL;
}

static void end_line(struct batch *batch)
{
	struct client *from = batch->from;
	struct wr_service_core *core = from->r.core;
	uint32_t len = from->len;
	char prefix[16];
	int prefix_len;

	if (len && from->line[len - 1] == '\r')
		len--;
	from->len = 0;
	from->too_long = false;
	if (!len)
		return;
	prefix_len = snprintf(prefix, sizeof(prefix), "[%u] ", from->number);
	if (batch->lines &&
	    batch->lines->data_len + len + sizeof(prefix) > service_segment(core))
		end_batch(batch);
	if (!batch->lines)
		batch->lines = service_buffer(core);
	WR_COUNT(core->stats, chat_lines, 1);
	if (!batch->lines)
		return;
	memcpy(rte_pktmbuf_append(batch->lines, (uint16_t)prefix_len), prefix,
	       (size_t)prefix_len);
	memcpy(rte_pktmbuf_append(batch->lines, (uint16_t)len), from->line, len);
	*rte_pktmbuf_append(batch->lines, 1) = '\n';
}

/* What would steer the readers' terminals is not passed on. */
static char harmless(char c)
{
	return ((uint8_t)c < ' ' && c != '\t' && c != '\r') || c == 0x7f ? '?' : c;
}

static bool on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	struct client *from = service_record_of(c);
	struct batch batch = {.from = from};
	const char *text = rte_pktmbuf_mtod(m, char *);

	for (uint32_t i = 0; i < m->data_len; i++) {
		if (text[i] == '\n')
			end_line(&batch);
		else if (from->len < LINE_MOST && !from->too_long)
			from->line[from->len++] = harmless(text[i]);
		else
			from->too_long = true;
	}
	end_batch(&batch);
	rte_pktmbuf_free(m);
	return true;
}

/* ---- life and time ---- */

static uint32_t clients_of(const struct wr_service_conf *conf)
{
	return wr_min(conf->connections, CLIENTS_MOST);
}

static uint64_t core_bytes(const struct wr_service_conf *conf)
{
	return RECORDS_AT + (uint64_t)clients_of(conf) * sizeof(struct client);
}

static void core_begin(struct wr_service_core *core, const struct wr_service_conf *conf)
{
	service_records_init(&state_of(core)->records, (char *)core->state + RECORDS_AT,
	                     clients_of(conf), sizeof(struct client), 0);
}

static void throw_out(struct wr_service_core *core)
{
	struct client *client;
	uint32_t cursor = 0;

	state_of(core)->doomed = false;
	while ((client = service_record_next(&state_of(core)->records, &cursor))) {
		if (client->lost <= LOST_MOST)
			continue;
		WR_COUNT(core->stats, service_timeouts, 1);
		wr_tcp_abort(core->tcp, client->r.c);
	}
}

static bool run(struct wr_service_core *core, uint64_t now_us)
{
	struct chat *chat = state_of(core);
	bool busy = chat->doomed || chat->leavers;

	if (chat->doomed)
		throw_out(core);
	while (chat->leavers) {
		struct rte_mbuf *m =
			remark(core, "* [%u] left\n", chat->leaver[--chat->leavers]);

		if (m)
			tell_all(core, NULL, m);
	}
	return busy;
}

static uint64_t deadline(const struct wr_service_core *core)
{
	const struct chat *chat = core->state;

	return chat->doomed || chat->leavers ? 0 : UINT64_MAX;
}

static const struct wr_tcp_events events = {
	.on_open = on_open,
	.on_data = on_data,
	.on_room = service_ignore_room,
	.on_peer_closed = service_close_too,
	.on_closed = on_closed,
};

const struct wr_service wr_service_chat = {
	.name = "chat",
	.spec = "docs/services.md",
	.port = 7002,
	.tcp = &events,
	.nodelay = true,
	.core_bytes = core_bytes,
	.core_begin = core_begin,
	.run = run,
	.deadline = deadline,
	.on_news = on_news,
};
