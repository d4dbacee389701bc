/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Message: each message is a big-endian 32-bit length n, 1 to MESSAGE_MOST, and n bytes; it
 * comes back, in the buffers in which it came, as soon as it is complete. Any other length ends
 * the connection, and so does a message for which the core has no buffers to keep.
 */
#include <errno.h>
#include <string.h>

#include <rte_memcpy.h>

#include "reactions.h"
#include "record.h"
#include "stream.h"
#include "wr_buf.h"

#define MESSAGE_MOST (1 << 20)
#define HEADER       4

/* Small pieces are copied behind the one before, so that they do not bind a buffer each. */
#define SMALL 256

/* Where in a message the text is. */
struct place {
	uint8_t header_bytes; /* read so far */
	uint32_t length;      /* of the message, once the header is complete */
	uint32_t left;        /* of it */
};

struct message {
	struct service_record r;
	struct place place;
	bool waits, peer_closed;
	uint32_t ready, held;          /* buffers of complete messages; of all */
	struct rte_mbuf *first, *last; /* linked by wr_buf() */
};

struct message_core {
	struct service_records records;
	uint32_t held, held_most; /* buffers that all connections keep */
};

#define RECORDS_AT RTE_CACHE_LINE_ROUNDUP(sizeof(struct message_core))

static struct message_core *state_of(const struct wr_service_core *core)
{
	return core->state;
}

/* ---- buffers ---- */

static void append(struct message *x, struct rte_mbuf *m)
{
	struct message_core *state = state_of(x->r.core);

	wr_buf(m)->next = NULL;
	if (x->last)
		wr_buf(x->last)->next = m;
	else
		x->first = m;
	x->last = m;
	x->held++;
	state->held++;
}

static struct rte_mbuf *take_first(struct message *x)
{
	struct rte_mbuf *m = x->first;

	x->first = wr_buf(m)->next;
	if (!x->first)
		x->last = NULL;
	x->held--;
	state_of(x->r.core)->held--;
	return m;
}

static void drop_buffers(struct message *x)
{
	while (x->first)
		rte_pktmbuf_free(take_first(x));
	x->ready = 0;
}

static void give_back(struct message *x)
{
	drop_buffers(x);
	service_record_give(&state_of(x->r.core)->records, x);
}

/* Keeps a part of a message that is not complete. */
static void keep_part(struct message *x, struct rte_mbuf *m)
{
	struct rte_mbuf *last = x->last;

	if (last && x->held > x->ready && m->data_len <= SMALL &&
	    rte_mbuf_refcnt_read(last) == 1 && rte_pktmbuf_tailroom(last) >= m->data_len) {
		rte_memcpy(rte_pktmbuf_append(last, m->data_len), rte_pktmbuf_mtod(m, char *),
		           m->data_len);
		rte_pktmbuf_free(m);
		return;
	}
	append(x, m);
}

/* Takes what follows `at` in m to a buffer of its own; NULL: there is none. */
static struct rte_mbuf *split(struct wr_service_core *core, struct rte_mbuf *m, uint32_t at)
{
	struct rte_mbuf *rest = service_buffer(core);
	uint32_t bytes = m->data_len - at;

	if (!rest)
		return NULL;
	rte_memcpy(rte_pktmbuf_append(rest, (uint16_t)bytes),
	           rte_pktmbuf_mtod_offset(m, char *, at), bytes);
	rte_pktmbuf_trim(m, (uint16_t)bytes);
	return rest;
}

/* ---- framing ---- */

struct scan {
	uint32_t messages; /* that end in this text */
	uint32_t end;      /* behind the last of them */
	bool bad;
};

static struct scan scan(struct place *p, const uint8_t *text, uint32_t len)
{
	struct scan s = {0};

	for (uint32_t at = 0; at < len;) {
		uint32_t part;

		if (p->header_bytes < HEADER) {
			p->length = p->length << 8 | text[at++];
			if (++p->header_bytes < HEADER)
				continue;
			p->left = p->length;
			if (!p->left || p->left > MESSAGE_MOST) {
				s.bad = true;
				break;
			}
			continue;
		}
		part = wr_min(p->left, len - at);
		at += part;
		p->left -= part;
		if (!p->left) {
			s.messages++;
			s.end = at;
			*p = (struct place) {0};
		}
	}
	return s;
}

/* ---- the course of a connection ---- */

static void refuse(struct wr_service_core *core, struct wr_tcb *c)
{
	WR_COUNT(core->stats, service_refused, 1);
	wr_tcp_abort(core->tcp, c);
}

/* Sends what is complete. x may be gone afterwards. */
static void send_ready(struct message *x)
{
	struct wr_service_core *core = x->r.core;
	struct wr_tcb *c = x->r.c;

	x->waits = false;
	while (x->ready && !x->waits) {
		struct rte_mbuf *next = wr_buf(x->first)->next;
		uint32_t len = x->first->data_len;

		switch (service_send(core, c, x->first)) {
		case SERVICE_SENT_ALL: /* the note of what follows was the engine's to write */
			x->r.moved += len;
			x->first = next;
			if (!next)
				x->last = NULL;
			x->ready--;
			x->held--;
			state_of(core)->held--;
			break;
		case SERVICE_SENT_SOME:
			x->waits = true;
			break;
		case SERVICE_SENT_NONE:
			wr_tcp_abort(core->tcp, c);
			return;
		}
	}
	if (x->waits || x->held) {
		service_watch(&state_of(core)->records, x);
		return;
	}
	if (x->peer_closed)
		wr_tcp_close(core->tcp, c);
	give_back(x);
}

/* Text of which not all is complete, or behind such. Takes m. */
static void keep(struct message *x, struct rte_mbuf *m, const struct scan *s)
{
	struct wr_service_core *core = x->r.core;
	const struct message_core *state = state_of(core);

	x->r.moved += m->data_len;
	if (s->end) {
		struct rte_mbuf *rest = NULL;

		if (s->end < m->data_len) {
			rest = split(core, m, s->end);
			if (!rest) {
				rte_pktmbuf_free(m);
				wr_tcp_abort(core->tcp, x->r.c);
				return;
			}
		}
		append(x, m);
		x->ready = x->held;
		WR_COUNT(core->stats, messages_echoed, s->messages);
		m = rest;
	}
	if (m)
		keep_part(x, m);
	if (state->held > state->held_most)
		refuse(core, x->r.c);
	else
		send_ready(x);
}

static bool on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	struct wr_service_core *core = service_core_of(c);
	struct message *x = service_record_of(c);
	struct place place = x ? x->place : (struct place) {0};
	struct scan s;

	if (x && x->waits)
		return false;
	s = scan(&place, rte_pktmbuf_mtod(m, uint8_t *), m->data_len);
	if (!s.bad && !x && s.end == m->data_len) {
		int rc = wr_tcp_send(tcp, c, m);

		if (rc == -EPIPE)
			rte_pktmbuf_free(m);
		if (!rc)
			WR_COUNT(core->stats, messages_echoed, s.messages);
		return !rc || rc == -EPIPE;
	}
	if (!s.bad && !x)
		x = service_record_take(&state_of(core)->records, core, c);
	if (s.bad || !x) {
		rte_pktmbuf_free(m);
		refuse(core, c);
		return true;
	}
	x->place = place;
	keep(x, m, &s);
	return true;
}

static void on_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct message *x = service_record_of(c);

	if (x && x->waits) {
		send_ready(x);
		x = service_record_of(c);
	}
	if (!x || !x->waits)
		wr_tcp_resume(tcp, c);
}

/* What is complete is sent first; half a message is forgotten. */
static void on_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct message *x = service_record_of(c);

	if (x && x->waits)
		x->peer_closed = true;
	else
		wr_tcp_close(tcp, c);
}

static void on_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	struct message *x = service_record_of(c);

	if (x)
		give_back(x);
}

/* ---- life and time ---- */

static uint64_t core_bytes(const struct wr_service_conf *conf)
{
	return RECORDS_AT +
	       (uint64_t)service_records_for(conf->connections) * sizeof(struct message);
}

static void core_begin(struct wr_service_core *core, const struct wr_service_conf *conf)
{
	struct message_core *state = core->state;

	service_records_init(&state->records, (char *)core->state + RECORDS_AT,
	                     service_records_for(conf->connections), sizeof(struct message),
	                     conf->request_timeout_us);
	state->held_most = conf->bufs / 4;
}

static void core_end(struct wr_service_core *core)
{
	struct message *x;
	uint32_t cursor = 0;

	while ((x = service_record_next(&state_of(core)->records, &cursor)))
		drop_buffers(x);
}

static bool look(void *record, uint64_t now_us)
{
	struct message *x = record;
	struct wr_service_core *core = x->r.core;

	if (!service_is_stuck(&state_of(core)->records, x))
		return true;
	WR_COUNT(core->stats, service_timeouts, 1);
	wr_tcp_abort(core->tcp, x->r.c);
	return false;
}

static bool run(struct wr_service_core *core, uint64_t now_us)
{
	return service_watch_run(&state_of(core)->records, now_us, look);
}

static uint64_t deadline(const struct wr_service_core *core)
{
	return service_watch_deadline(&state_of(core)->records);
}

static const struct wr_tcp_events events = {
	.on_open = service_accept,
	.on_data = on_data,
	.on_room = on_room,
	.on_peer_closed = on_peer_closed,
	.on_closed = on_closed,
};

const struct wr_service wr_service_message = {
	.name = "message",
	.spec = "docs/services.md",
	.port = 7001,
	.tcp = &events,
	.nodelay = true,
	.core_bytes = core_bytes,
	.core_begin = core_begin,
	.core_end = core_end,
	.run = run,
	.deadline = deadline,
};
