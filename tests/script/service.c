/* SPDX-License-Identifier: BSD-3-Clause */
/* The service of a packet script: the engine's events, and the calls that the script makes. */
#include <string.h>

#include "world.h"

static struct world *world_of(const struct wr_tcb *c, struct world_flow **flow)
{
	struct world *w = wr_tcb_user(c);
	struct wr_tuple tuple;

	wr_tcb_tuple(c, &tuple);
	*flow = &w->flow[(tuple.rport - WORLD_RPORT) % WORLD_FLOWS];
	return w;
}

static bool on_open(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct world_flow *flow;
	struct world *w = world_of(c, &flow);

	flow->c = c;
	flow->opened++;
	flow->quota = w->first_quota;
	return !w->refuses;
}

static bool on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	struct world_flow *flow;
	const uint8_t *text = rte_pktmbuf_mtod(m, uint8_t *);

	world_of(c, &flow);
	if (flow->quota < m->data_len)
		return false;
	for (unsigned i = 0; i < m->data_len; i++)
		flow->corrupt |= text[i] != world_text_byte(1 + flow->delivered + i, false);
	flow->delivered += m->data_len;
	if (flow->quota != UINT32_MAX)
		flow->quota -= m->data_len;
	rte_pktmbuf_free(m);
	return true;
}

/* Hands over what the script told the service to send, as far as there is room. */
static void go_on_sending(struct world *w, struct wr_tcp *tcp, struct world_flow *flow)
{
	while (flow->to_send) {
		uint32_t bytes = wr_min(flow->to_send, w->chunk);
		struct rte_mbuf *m = rte_pktmbuf_alloc(w->pool);
		uint8_t *text;

		if (!m) {
			world_wrong(w, "the service found no buffer");
			return;
		}
		text = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)bytes);
		for (uint32_t i = 0; i < bytes; i++)
			text[i] = world_text_byte(1 + flow->queued + i, true);
		if (wr_tcp_send(tcp, flow->c, m)) {
			rte_pktmbuf_free(m);
			return;
		}
		flow->to_send -= bytes;
		flow->queued += bytes;
	}
	if (flow->close_after)
		wr_tcp_close(tcp, flow->c);
}

static void on_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct world_flow *flow;
	struct world *w = world_of(c, &flow);

	go_on_sending(w, tcp, flow);
}

static void on_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct world_flow *flow;

	world_of(c, &flow);
	flow->eof++;
}

static void on_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	struct world_flow *flow;

	world_of(c, &flow);
	flow->c = NULL;
	flow->closed++;
	flow->reason = reason;
}

static const struct wr_tcp_events events = {
	.on_open = on_open,
	.on_data = on_data,
	.on_room = on_room,
	.on_peer_closed = on_peer_closed,
	.on_closed = on_closed,
};

bool world_listen(struct world *w)
{
	const struct wr_tcp_listener listener = {
		.port = WORLD_LPORT, .events = &events, .user = w, .options = w->options};
	int rc = wr_tcp_listen(wr_stack_tcp(w->stack), &listener);

	return rc ? world_wrong(w, "listen: %s", strerror(-rc)) : true;
}

bool world_connect(struct world *w, unsigned flow)
{
	const struct wr_tcp_connect to = {
		.laddr = w->laddr,
		.lport = WORLD_LPORT,
		.raddr = WORLD_PEER,
		.rport = (uint16_t)(WORLD_RPORT + flow),
		.events = &events,
		.user = w,
		.options = w->options,
	};
	int rc = wr_tcp_connect(wr_stack_tcp(w->stack), &to, &w->flow[flow].c);

	return rc ? world_wrong(w, "connect: %s", strerror(-rc)) : true;
}

static bool has_connection(struct world *w, unsigned flow)
{
	return w->flow[flow].c ? true : world_wrong(w, "the service has no such connection");
}

bool world_send(struct world *w, unsigned flow, uint32_t bytes)
{
	if (!has_connection(w, flow))
		return false;
	w->flow[flow].to_send += bytes;
	go_on_sending(w, wr_stack_tcp(w->stack), &w->flow[flow]);
	return true;
}

bool world_close(struct world *w, unsigned flow)
{
	if (!has_connection(w, flow))
		return false;
	if (w->flow[flow].to_send)
		w->flow[flow].close_after = true;
	else
		wr_tcp_close(wr_stack_tcp(w->stack), w->flow[flow].c);
	return true;
}

bool world_abort(struct world *w, unsigned flow)
{
	if (!has_connection(w, flow))
		return false;
	wr_tcp_abort(wr_stack_tcp(w->stack), w->flow[flow].c);
	return true;
}

bool world_read(struct world *w, unsigned flow, uint32_t bytes)
{
	if (!has_connection(w, flow))
		return false;
	w->flow[flow].quota = bytes;
	wr_tcp_resume(wr_stack_tcp(w->stack), w->flow[flow].c);
	return true;
}

bool world_set_options(struct world *w, unsigned flow)
{
	if (!has_connection(w, flow))
		return false;
	wr_tcp_set_options(wr_stack_tcp(w->stack), w->flow[flow].c, &w->options);
	return true;
}

bool world_info(struct world *w, unsigned flow, struct wr_tcp_info *info)
{
	const struct wr_tcp_filter filter = {
		.states = UINT32_MAX & ~(1u << WR_TCP_LISTEN),
		.rport = (uint16_t)(WORLD_RPORT + flow),
	};
	uint32_t cursor = 0;

	while (cursor != UINT32_MAX) {
		if (wr_tcp_dump(wr_stack_tcp(w->stack), &filter, 1, &cursor, 4096, info, 1,
		                w->now_ns / 1000))
			return true;
	}
	return false;
}
