/* SPDX-License-Identifier: BSD-3-Clause */
/* Senders: paced or as fast as it goes, TCP and UDP. */
#include "i3_worker.h"

#define BATCH      32         /* datagrams of one stream in one tick */
#define PIECES     64         /* segments of one paced stream in one tick */
#define ROOM_LEAST 1024       /* frames that stay free in the output queue */
#define FRAGMENTS  64         /* of one datagram, at most, for that */
#define AGAIN_NS   WR_US(100) /* no buffers, or no room in the output queue */

static void due_at(struct i3_worker *w, uint64_t ns)
{
	if (ns < w->due_ns)
		w->due_ns = ns;
}

static bool is_sender(const struct i3_conn *conn)
{
	return conn->running && conn->flow.sender && !(conn->flow.quota && conn->left == 0);
}

static void account(struct i3_conn *conn, uint32_t bytes)
{
	wr_stat_add(&conn->n.bytes, bytes);
	if (conn->flow.quota)
		conn->left -= bytes < conn->left ? bytes : conn->left;
}

void i3_flow_open(struct i3_conn *conn)
{
	conn->role = I3_ROLE_STREAM;
	conn->running = !conn->flow.sender;
	i3_conn_watch(conn);
}

void i3_flow_start(struct i3_conn *conn)
{
	struct i3_worker *w = conn->worker;
	uint64_t now_ns = i3_now_ns(w);

	if (conn->role != I3_ROLE_STREAM)
		return;
	conn->running = true;
	conn->left = conn->flow.quota;
	if (conn->flow.rate)
		i3_pace_start(&conn->pace, conn->flow.rate, now_ns);
	due_at(w, now_ns);
}

/* ---- TCP ---- */

/*
 * Bytes of the next segment. Without Nagle a block that is shorter than a segment leaves as
 * it is.
 */
static uint32_t segment_bytes(const struct i3_conn *conn)
{
	uint32_t bytes = (uint32_t)conn->n.mss;

	if (conn->flow.mss && conn->flow.mss < bytes)
		bytes = conn->flow.mss;
	if (conn->flow.nodelay || conn->flow.rate)
		bytes = wr_min(bytes, conn->flow.len);
	if (conn->flow.quota && conn->left < bytes)
		bytes = (uint32_t)conn->left;
	return bytes;
}

/* False: it must wait for an acknowledgement, or for a buffer. */
static bool send_segment(struct i3_conn *conn)
{
	struct i3_worker *w = conn->worker;
	uint32_t bytes = segment_bytes(conn);
	struct rte_mbuf *m = NULL;

	if (wr_tcp_room(w->tcp, conn->c) >= bytes) {
		m = i3_payload_make(&w->payload, w->pool, conn->flow.repeating, bytes);
		if (!m)
			WR_COUNT(w->stats, mbuf_alloc_failed, 1);
		if (m && wr_tcp_send(w->tcp, conn->c, m) == 0) {
			account(conn, bytes);
			return true;
		}
		rte_pktmbuf_free(m);
	}
	conn->blocked = wr_tcp_want_room(w->tcp, conn->c);
	if (!conn->blocked)
		due_at(w, i3_now_ns(w) + AGAIN_NS);
	return false;
}

static bool fill_queue(struct i3_conn *conn)
{
	bool sent = false;

	while (is_sender(conn) && send_segment(conn))
		sent = true;
	return sent;
}

static bool send_paced(struct i3_conn *conn, uint64_t now_ns)
{
	unsigned n = 0;

	while (n < PIECES && is_sender(conn) && conn->pace.next_ns <= now_ns) {
		uint32_t bytes = segment_bytes(conn);

		if (!send_segment(conn))
			return n > 0;
		i3_pace_sent(&conn->pace, bytes, now_ns);
		n++;
	}
	if (is_sender(conn))
		due_at(conn->worker, conn->pace.next_ns);
	return n > 0;
}

void i3_flow_room(struct i3_conn *conn)
{
	conn->blocked = false;
	if (!is_sender(conn))
		return;
	if (conn->flow.rate)
		due_at(conn->worker, conn->pace.next_ns);
	else
		fill_queue(conn);
}

/* ---- UDP ---- */

static bool send_datagram(struct i3_conn *conn, uint64_t now_ns)
{
	struct i3_worker *w = conn->worker;
	struct i3_udp_header header = {now_ns, conn->n.packets + 1};
	struct rte_mbuf *m;

	if (wr_ip_out_room(wr_stack_ip(w->stack)) < ROOM_LEAST + FRAGMENTS)
		return false;
	m = i3_payload_make(&w->payload, w->pool, conn->flow.repeating, conn->flow.len);
	if (!m) {
		WR_COUNT(w->stats, mbuf_alloc_failed, 1);
		return false;
	}
	i3_udp_put(rte_pktmbuf_mtod(m, uint8_t *), conn->flow.is_64bit, &header);
	wr_udp_send(w->udp, m, &conn->tuple, conn->flow.tos, now_ns / 1000);
	wr_stat_add(&conn->n.packets, 1);
	account(conn, conn->flow.len);
	return true;
}

static bool send_datagrams(struct i3_conn *conn, uint64_t now_ns)
{
	unsigned n = 0;

	while (n < BATCH && is_sender(conn)) {
		if (conn->flow.rate && conn->pace.next_ns > now_ns)
			break;
		for (uint32_t i = 0; i < wr_max(conn->flow.burst, 1) && is_sender(conn); i++) {
			if (!send_datagram(conn, now_ns)) {
				due_at(conn->worker, now_ns + AGAIN_NS);
				return n > 0;
			}
			if (conn->flow.rate)
				i3_pace_sent(&conn->pace, conn->flow.len, now_ns);
			n++;
		}
	}
	if (is_sender(conn))
		due_at(conn->worker, conn->flow.rate ? conn->pace.next_ns : now_ns);
	return n > 0;
}

bool i3_flow_send(struct i3_conn *conn, uint64_t now_ns)
{
	if (!is_sender(conn) || conn->blocked)
		return false;
	if (conn->flow.udp)
		return send_datagrams(conn, now_ns);
	if (!conn->c)
		return false;
	return conn->flow.rate ? send_paced(conn, now_ns) : fill_queue(conn);
}
