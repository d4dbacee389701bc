/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Source: the client asks with one line, "N\n" for N bytes or "\n" for bytes without end, and
 * gets the pattern of wr_pattern.h from its beginning, as fast as it reads. After N bytes the
 * connection is closed. The client's FIN ends the line too, and a stream without end.
 */
#include "exchange.h"
#include "number.h"
#include "reactions.h"
#include "wr_pattern.h"

#define MOST ((uint64_t)1 << 62) /* bytes that can be asked for */

struct source {
	struct service_exchange x;
	bool asked, endless;
	uint8_t len;
	char line[24];
};

static struct source *source_of(const struct service_exchange *x)
{
	return (struct source *)(uintptr_t)x;
}

static void begin(struct service_exchange *x)
{
	service_exchange_request(x);
}

static bool is_idle(const struct service_exchange *x)
{
	return false;
}

/* The line is complete: the stream begins, and with it the connection's end. */
static enum service_step start(struct source *s)
{
	uint64_t bytes = UINT64_MAX;

	if (s->len && s->line[s->len - 1] == '\r')
		s->len--;
	s->endless = !s->len;
	if (s->len && !service_read_bytes(s->line, s->len, MOST, &bytes))
		return SERVICE_STEP_REFUSE;
	s->asked = true;
	s->x.stream = (struct service_stream) {.left = bytes};
	s->x.ends = true;
	return SERVICE_STEP_ON;
}

static enum service_step read_on(struct service_exchange *x)
{
	struct source *s = source_of(x);
	char c = *rte_pktmbuf_mtod(x->input, char *);

	rte_pktmbuf_adj(x->input, 1);
	if (c == '\n')
		return start(s);
	if (s->len == sizeof(s->line))
		return SERVICE_STEP_REFUSE;
	s->line[s->len++] = c;
	return SERVICE_STEP_ON;
}

static enum service_late look(struct service_exchange *x, bool stuck, uint64_t now_us)
{
	return SERVICE_LATE; /* half a line for a whole period */
}

static void on_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct service_exchange *x = service_record_of(c);

	if (x && !source_of(x)->asked && source_of(x)->len)
		service_exchange_step(x, start(source_of(x)));
	else if (!x || !source_of(x)->asked || source_of(x)->endless)
		wr_tcp_close(tcp, c);
}

static const struct service_exchange_ops ops = {
	.record_bytes = sizeof(struct source),
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
	.on_peer_closed = on_peer_closed,
	.on_closed = service_exchange_on_closed,
};

const struct wr_service wr_service_source = {
	.name = "source",
	.spec = "docs/services.md",
	.port = WR_SOURCE_PORT,
	.tcp = &events,
	.core_bytes = core_bytes,
	.core_begin = core_begin,
	.core_end = service_exchange_end,
	.run = service_exchange_run,
	.deadline = service_exchange_deadline,
};
