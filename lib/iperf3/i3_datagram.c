/* SPDX-License-Identifier: BSD-3-Clause */
/* UDP: hellos, and the datagrams of streams. */
#include <errno.h>
#include <string.h>

#include "i3_worker.h"

#define HELLO_BYTES 4

static bool match(const void *ctx, uint32_t value, const struct wr_tuple *tuple)
{
	const struct i3_worker *w = ctx;

	return wr_tuple_eq(&w->conn[value].tuple, tuple);
}

static struct i3_conn *find(struct i3_worker *w, const struct wr_tuple *tuple)
{
	uint32_t hash = wr_flow_hash(w->flows, tuple);
	uint32_t index = wr_flow_find(w->flows, hash, tuple, match, w);

	return index == WR_FLOW_NONE ? NULL : &w->conn[index];
}

static bool is_free(void *ctx, const struct wr_tuple *tuple)
{
	return !find(ctx, tuple);
}

static int map(struct i3_conn *conn)
{
	struct i3_worker *w = conn->worker;
	int rc = wr_flow_add(w->flows, wr_flow_hash(w->flows, &conn->tuple), conn->index);

	conn->is_mapped = rc == 0;
	return rc;
}

void i3_udp_forget(struct i3_conn *conn)
{
	struct i3_worker *w = conn->worker;

	if (conn->is_mapped)
		wr_flow_remove(w->flows, wr_flow_hash(w->flows, &conn->tuple), conn->index);
	conn->is_mapped = false;
}

/* Sends one of the two words of the hello, in our own byte order as iperf3 does. */
static int send_word(struct i3_conn *conn, uint32_t word)
{
	struct i3_worker *w = conn->worker;
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->pool);

	if (!m) {
		WR_COUNT(w->stats, mbuf_alloc_failed, 1);
		return -ENOMEM;
	}
	memcpy(rte_pktmbuf_append(m, HELLO_BYTES), &word, HELLO_BYTES);
	wr_udp_send(w->udp, m, &conn->tuple, conn->flow.tos, i3_now_ns(w) / 1000);
	return 0;
}

int i3_udp_accept(struct i3_conn *conn)
{
	int rc = find(conn->worker, &conn->tuple) ? -EADDRINUSE : map(conn);

	if (rc)
		return rc;
	i3_flow_open(conn);
	i3_conn_owe(conn, I3_OWED_OPENED);
	return send_word(conn, I3_UDP_REPLY);
}

int i3_udp_connect(struct i3_conn *conn)
{
	struct i3_worker *w = conn->worker;
	uint16_t port = conn->tuple.lport;
	int rc = wr_udp_choose_port(w->udp, &conn->tuple, port, port, is_free, w,
	                            i3_now_ns(w) / 1000);

	if (rc == 0)
		rc = map(conn);
	return rc ? rc : send_word(conn, I3_UDP_HELLO);
}

/* A server answers in its own byte order, and old ones with another number. */
static bool is_reply(const struct rte_mbuf *m)
{
	uint32_t word;

	if (m->pkt_len < HELLO_BYTES || m->data_len < HELLO_BYTES)
		return false;
	memcpy(&word, rte_pktmbuf_mtod(m, const char *), HELLO_BYTES);
	return word == I3_UDP_REPLY || word == I3_UDP_REPLY_LEGACY ||
	       word == __builtin_bswap32(I3_UDP_REPLY) ||
	       word == __builtin_bswap32(I3_UDP_REPLY_LEGACY);
}

static void count(struct i3_conn *conn, const struct rte_mbuf *m)
{
	unsigned bytes = i3_udp_header_bytes(conn->flow.is_64bit);
	struct i3_udp_receiver *r = &conn->receiver;
	struct i3_udp_header header;
	uint8_t room[I3_UDP_HEADER_64];
	const uint8_t *from = rte_pktmbuf_read(m, 0, bytes, room);

	if (!from)
		return; /* no header: nobody's datagram */
	i3_udp_get(from, conn->flow.is_64bit, &header);
	i3_udp_receive(r, &header, i3_now_ns(conn->worker));
	wr_stat_add(&conn->n.bytes, m->pkt_len);
	wr_stat_set(&conn->n.packets, r->highest);
	wr_stat_set(&conn->n.lost, r->lost);
	wr_stat_set(&conn->n.out_of_order, r->out_of_order);
	wr_stat_set(&conn->n.jitter_ns, (uint64_t)r->jitter_ns);
}

static void answer(struct i3_conn *conn, const struct rte_mbuf *m)
{
	if (conn->role == I3_ROLE_OPENING && is_reply(m)) {
		i3_flow_open(conn);
		i3_conn_owe(conn, I3_OWED_OPENED);
	} else if (conn->running && !conn->flow.sender) {
		count(conn, m);
	}
}

/* Somebody new: the control thread knows whether a test waits for it. */
static void pass_hello(struct i3_worker *w, const struct rte_mbuf *m,
                       const struct wr_tuple *from)
{
	const struct i3_event event = {
		.kind = I3_EVENT_HELLO,
		.index = I3_NO_INDEX,
		.tuple = *from,
	};

	if (m->pkt_len == HELLO_BYTES)
		i3_ring_put(w->events, &event, sizeof(event));
}

enum wr_verdict i3_datagram(struct wr_udp *udp, struct rte_mbuf *m, const struct wr_tuple *from,
                            uint8_t tos, void *user, uint64_t now_us)
{
	struct i3_worker *w = user;
	struct i3_conn *conn = find(w, from);

	if (wr_likely(conn != NULL))
		answer(conn, m);
	else
		pass_hello(w, m, from);
	rte_pktmbuf_free(m);
	return WR_V_udp_delivered;
}
