/* SPDX-License-Identifier: BSD-3-Clause */
/* Events of TCP connections: cookies, control connections, streams. */
#include <string.h>

#include <rte_memcpy.h>

#include "i3_worker.h"

#define CLOSE_MS 10000 /* a peer that does not take the rest is reset after so long */
#define HEADERS  52    /* IPv4 and TCP with timestamps */

/* ---- out ---- */

bool i3_tcp_text(struct i3_conn *conn, const char *text, uint16_t bytes)
{
	struct i3_worker *w = conn->worker;
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->pool);

	if (!m) {
		WR_COUNT(w->stats, mbuf_alloc_failed, 1);
		return false;
	}
	rte_memcpy(rte_pktmbuf_append(m, bytes), text, bytes);
	if (wr_tcp_send(w->tcp, conn->c, m)) {
		rte_pktmbuf_free(m);
		return false;
	}
	wr_stat_set(&conn->n.room, wr_tcp_room(w->tcp, conn->c));
	wr_stat_add(&conn->n.taken, bytes);
	return true;
}

void i3_tcp_configure(struct i3_conn *conn)
{
	struct wr_tcp_options options = conn->worker->options;

	options.nodelay = conn->role == I3_ROLE_CONTROL || conn->flow.nodelay;
	options.tos = conn->role == I3_ROLE_CONTROL ? 0 : conn->flow.tos;
	wr_tcp_set_options(conn->worker->tcp, conn->c, &options);
	i3_tcp_publish(conn);
}

void i3_tcp_close(struct i3_conn *conn)
{
	struct wr_tcp_options options = conn->worker->options;

	options.idle_timeout_ms = CLOSE_MS;
	wr_tcp_set_options(conn->worker->tcp, conn->c, &options);
	wr_tcp_resume(conn->worker->tcp, conn->c);
	if (conn->c)
		wr_tcp_close(conn->worker->tcp, conn->c);
}

int i3_tcp_connect(struct i3_conn *conn, uint32_t timeout_ms)
{
	struct i3_worker *w = conn->worker;
	struct wr_tcp_connect to = {
		.laddr = conn->tuple.laddr,
		.lport = conn->tuple.lport,
		.raddr = conn->tuple.raddr,
		.rport = conn->tuple.rport,
		.events = &i3_tcp_active,
		.user = conn,
		.options = w->options,
	};

	to.options.nodelay = conn->is_control || conn->flow.nodelay;
	to.options.tos = conn->is_control ? 0 : conn->flow.tos;
	to.options.connect_timeout_ms = timeout_ms;
	return wr_tcp_connect(w->tcp, &to, &conn->c);
}

void i3_tcp_publish(struct i3_conn *conn)
{
	struct i3_worker *w = conn->worker;
	struct wr_tcp_info info;

	if (!conn->c)
		return;
	wr_tcp_info_get(w->tcp, conn->c, &info);
	wr_stat_set(&conn->n.room, wr_tcp_room(w->tcp, conn->c));
	wr_stat_set(&conn->n.rexmits, info.rexmits);
	wr_stat_set(&conn->n.cwnd, info.cwnd);
	wr_stat_set(&conn->n.snd_wnd, info.snd_wnd);
	wr_stat_set(&conn->n.rtt_us, info.srtt_us);
	wr_stat_set(&conn->n.rttvar_us, info.rttvar_us);
	wr_stat_set(&conn->n.mss, info.mss);
}

/* ---- in ---- */

/* Passes text up, or keeps it until there is room. */
static bool pass_text(struct i3_conn *conn, struct rte_mbuf *m)
{
	struct i3_worker *w = conn->worker;
	uint32_t pieces = (m->data_len + I3_TEXT_BYTES - 1u) / I3_TEXT_BYTES;
	const char *text = rte_pktmbuf_mtod(m, const char *);
	uint32_t left = m->data_len;
	struct i3_event event;

	if ((conn->owed & (I3_OWED_COOKIE | I3_OWED_OPENED)) ||
	    rte_ring_free_count(w->events) < pieces) {
		i3_conn_owe(conn, I3_OWED_TEXT);
		return false;
	}
	i3_conn_fill_event(conn, I3_EVENT_TEXT, &event);
	while (left) {
		event.bytes = (uint16_t)wr_min(left, I3_TEXT_BYTES);
		memcpy(event.text, text, event.bytes);
		i3_ring_put(w->events, &event, sizeof(event));
		text += event.bytes;
		left -= event.bytes;
	}
	rte_pktmbuf_free(m);
	return true;
}

/* The first 37 bytes; what stands behind them in the same segment waits for the decision. */
static void take_cookie(struct i3_conn *conn, struct rte_mbuf *m)
{
	uint32_t n = wr_min(I3_COOKIE_BYTES - conn->greeting_bytes, m->data_len);

	memcpy(conn->cookie + conn->greeting_bytes, rte_pktmbuf_mtod(m, char *), n);
	conn->greeting_bytes = (uint8_t)(conn->greeting_bytes + n);
	if (conn->greeting_bytes == I3_COOKIE_BYTES) {
		conn->role = I3_ROLE_ASKED;
		conn->known = true;
		i3_tcp_publish(conn);
		i3_conn_owe(conn, I3_OWED_COOKIE);
	}
	if (n < m->data_len) {
		rte_pktmbuf_adj(m, (uint16_t)n);
		conn->text = m;
	} else {
		rte_pktmbuf_free(m);
	}
}

static bool on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	struct i3_conn *conn = wr_tcb_user(c);

	switch (conn->role) {
	case I3_ROLE_GREETING:
		take_cookie(conn, m);
		return true;
	case I3_ROLE_ASKED:
		return false;
	case I3_ROLE_CONTROL:
		return !conn->text && pass_text(conn, m);
	case I3_ROLE_STREAM:
		if (wr_likely(conn->running && !conn->flow.sender))
			wr_stat_add(&conn->n.bytes, m->data_len);
		break;
	default:
		break;
	}
	rte_pktmbuf_free(m);
	return true;
}

void i3_tcp_deliver(struct i3_conn *conn)
{
	struct rte_mbuf *text = conn->text;

	if (text && conn->role == I3_ROLE_CONTROL && !pass_text(conn, text))
		return;
	if (text && conn->role != I3_ROLE_CONTROL)
		rte_pktmbuf_free(text);
	conn->text = NULL;
	if (conn->c)
		wr_tcp_resume(conn->worker->tcp, conn->c);
}

/* ---- life ---- */

static bool on_greeted(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct i3_worker *w = wr_tcb_user(c);
	struct i3_conn *conn = i3_conn_new(w, I3_ROLE_GREETING);
	struct wr_tcp_info info;

	wr_tcb_set_user(c, conn);
	if (!conn)
		return false;
	wr_tcp_info_get(tcp, c, &info);
	conn->c = c;
	conn->age_us = (uint32_t)info.age_us;
	conn->opened_ns = i3_now_ns(w);
	wr_tcb_tuple(c, &conn->tuple);
	return true;
}

static bool on_connected(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct i3_conn *conn = wr_tcb_user(c);

	wr_tcb_tuple(c, &conn->tuple);
	if (conn->is_control) {
		conn->role = I3_ROLE_CONTROL;
		i3_conn_watch(conn);
	} else {
		i3_flow_open(conn);
	}
	i3_tcp_publish(conn);
	i3_conn_owe(conn, I3_OWED_OPENED);
	return i3_tcp_text(conn, conn->cookie, I3_COOKIE_BYTES);
}

static void on_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct i3_conn *conn = wr_tcb_user(c);

	if (conn->role == I3_ROLE_STREAM)
		i3_flow_room(conn);
}

static void on_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct i3_conn *conn = wr_tcb_user(c);

	if (conn->known)
		i3_conn_owe(conn, I3_OWED_EOF);
	if (conn->role != I3_ROLE_CONTROL)
		wr_tcp_close(tcp, c);
}

static void on_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	struct i3_conn *conn = wr_tcb_user(c);

	if (!conn)
		return; /* there was no record for it */
	conn->c = NULL;
	conn->reason = (uint8_t)reason;
	conn->running = false;
	if (conn->known)
		i3_conn_owe(conn, I3_OWED_ENDED);
	else
		i3_conn_put(conn);
}

/* A passive connection that never opened has no record. */
const struct wr_tcp_events i3_tcp_passive = {
	.on_open = on_greeted,
	.on_data = on_data,
	.on_room = on_room,
	.on_peer_closed = on_peer_closed,
	.on_closed = on_closed,
};

const struct wr_tcp_events i3_tcp_active = {
	.on_open = on_connected,
	.on_data = on_data,
	.on_room = on_room,
	.on_peer_closed = on_peer_closed,
	.on_closed = on_closed,
};
