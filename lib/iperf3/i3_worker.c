/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <rte_malloc.h>

#include "i3_worker.h"

#define RING_SLOTS    1024
#define ORDERS_ROUND  64         /* orders in one tick */
#define PUBLISH_EVERY WR_MS(10)  /* slow numbers are read so often */
#define SETTLE_EVERY  WR_US(100) /* what found the ring full is tried again so often */
#define GREETING_MS   10000      /* a connection without a cookie lives so long */

/* ---- records ---- */

struct i3_conn *i3_conn_new(struct i3_worker *w, enum i3_role role)
{
	struct i3_conn *conn;
	uint32_t generation;

	if (w->first_free == I3_NO_INDEX)
		return NULL;
	conn = &w->conn[w->first_free];
	w->first_free = conn->next_free;
	generation = conn->generation;
	memset(conn, 0, sizeof(*conn));
	conn->worker = w;
	conn->index = (uint32_t)(conn - w->conn);
	conn->generation = generation;
	conn->role = (uint8_t)role;
	return conn;
}

static void drop_from(uint32_t *list, uint32_t *count, uint32_t index)
{
	for (uint32_t i = 0; i < *count; i++) {
		if (list[i] == index) {
			list[i] = list[--*count];
			return;
		}
	}
}

void i3_conn_put(struct i3_conn *conn)
{
	struct i3_worker *w = conn->worker;

	if (conn->c || conn->known || conn->role == I3_ROLE_FREE)
		return;
	if (conn->flow.udp)
		i3_udp_forget(conn);
	if (conn->is_owing)
		drop_from(w->owing, &w->owing_count, conn->index);
	if (conn->is_watched)
		drop_from(w->watched, &w->watched_count, conn->index);
	rte_pktmbuf_free(conn->text);
	conn->text = NULL;
	conn->role = I3_ROLE_FREE;
	conn->generation++;
	conn->next_free = w->first_free;
	w->first_free = conn->index;
}

void i3_conn_owe(struct i3_conn *conn, unsigned what)
{
	struct i3_worker *w = conn->worker;

	conn->owed |= (uint16_t)what;
	w->settle_ns = 0;
	if (conn->is_owing)
		return;
	conn->is_owing = true;
	w->owing[w->owing_count++] = conn->index;
}

void i3_conn_watch(struct i3_conn *conn)
{
	struct i3_worker *w = conn->worker;

	if (conn->is_watched)
		return;
	conn->is_watched = true;
	w->watched[w->watched_count++] = conn->index;
}

/* ---- events ---- */

void i3_conn_fill_event(const struct i3_conn *conn, enum i3_event_kind kind,
                        struct i3_event *event)
{
	memset(event, 0, offsetof(struct i3_event, text));
	event->kind = (uint8_t)kind;
	event->reason = conn->reason;
	event->index = conn->index;
	event->generation = conn->generation;
	event->mss = (uint32_t)conn->n.mss;
	event->age_us = conn->age_us;
	event->stamp_ns = conn->opened_ns;
	event->tag = conn->tag;
	event->tuple = conn->tuple;
}

static bool tell(struct i3_conn *conn, enum i3_event_kind kind)
{
	struct i3_event event;

	i3_conn_fill_event(conn, kind, &event);
	if (kind == I3_EVENT_COOKIE) {
		memcpy(event.text, conn->cookie, I3_COOKIE_BYTES);
		event.bytes = I3_COOKIE_BYTES;
	}
	return i3_ring_put(conn->worker->events, &event, sizeof(event));
}

/* Tells what is owed, in order; false: the ring is full. */
static bool settle(struct i3_conn *conn)
{
	static const struct {
		uint16_t owed;
		enum i3_event_kind kind;
	} order[] = {
		{I3_OWED_COOKIE, I3_EVENT_COOKIE}, {I3_OWED_OPENED, I3_EVENT_OPENED},
		{I3_OWED_TEXT, I3_EVENT_TEXT},     {I3_OWED_EOF, I3_EVENT_EOF},
		{I3_OWED_ENDED, I3_EVENT_ENDED},
	};

	for (unsigned i = 0; i < WR_LEN(order); i++) {
		if (!(conn->owed & order[i].owed))
			continue;
		if (order[i].owed != I3_OWED_TEXT) {
			if (!tell(conn, order[i].kind))
				return false;
			conn->owed &= (uint16_t)~order[i].owed;
			continue;
		}
		conn->owed &= (uint16_t)~I3_OWED_TEXT;
		i3_tcp_deliver(conn);
		if (conn->owed & I3_OWED_TEXT)
			return false;
	}
	return true;
}

/* Those that find the ring full wait a little, until the control thread has taken some. */
static bool settle_all(struct i3_worker *w, uint64_t now_ns)
{
	if (!w->owing_count || now_ns < w->settle_ns)
		return false;
	for (uint32_t i = 0; i < w->owing_count;) {
		struct i3_conn *conn = &w->conn[w->owing[i]];

		if (!settle(conn)) {
			i++;
			continue;
		}
		if (conn->role == I3_ROLE_FREE) /* and off the list */
			continue;
		conn->is_owing = false;
		w->owing[i] = w->owing[--w->owing_count];
		i3_conn_put(conn);
	}
	w->settle_ns = now_ns + SETTLE_EVERY;
	return true;
}

/* ---- orders ---- */

/* A connection that could not be made is reported like one that ended. */
static void fail(struct i3_conn *conn, int rc)
{
	conn->reason = rc == -ENETUNREACH ? WR_REASON_unreachable : WR_REASON_no_memory;
	conn->role = I3_ROLE_CLOSING;
	i3_conn_owe(conn, I3_OWED_ENDED);
}

static void open_conn(struct i3_worker *w, const struct i3_order *order)
{
	struct i3_conn *conn = i3_conn_new(w, I3_ROLE_OPENING);
	int rc;

	if (!conn) {
		const struct i3_event event = {
			.kind = I3_EVENT_ENDED,
			.reason = WR_REASON_no_memory,
			.index = I3_NO_INDEX,
			.tag = order->tag,
			.tuple = order->tuple,
		};

		i3_ring_put(w->events, &event, sizeof(event));
		return;
	}
	conn->tag = order->tag;
	conn->tuple = order->tuple;
	conn->flow = order->flow;
	conn->known = true;
	conn->is_control = order->is_control;
	memcpy(conn->cookie, order->text, I3_COOKIE_BYTES);
	if (order->kind == I3_ORDER_CONNECT)
		rc = i3_tcp_connect(conn, order->timeout_ms);
	else if (order->kind == I3_ORDER_UDP_CONNECT)
		rc = i3_udp_connect(conn);
	else
		rc = i3_udp_accept(conn);
	if (rc)
		fail(conn, rc);
}

/* What the control thread decided about a connection that has greeted. */
static void decide(struct i3_conn *conn, const struct i3_order *order)
{
	if (conn->role != I3_ROLE_ASKED)
		return;
	conn->tag = order->tag;
	conn->flow = order->flow;
	if (order->kind == I3_ORDER_STREAM) {
		i3_flow_open(conn);
	} else {
		conn->role = I3_ROLE_CONTROL;
		i3_conn_watch(conn);
	}
	if (conn->c)
		i3_tcp_configure(conn);
	i3_conn_owe(conn, I3_OWED_TEXT);
}

static void give_up(struct i3_conn *conn, enum i3_order_kind kind)
{
	struct wr_tcb *c = conn->c;

	conn->known = false;
	conn->running = false;
	conn->owed = 0;
	conn->role = I3_ROLE_CLOSING;
	if (c && kind == I3_ORDER_ABORT)
		wr_tcp_abort(conn->worker->tcp, c);
	else if (c)
		i3_tcp_close(conn);
	if (conn->role != I3_ROLE_FREE)
		i3_conn_put(conn);
}

static void obey(struct i3_worker *w, const struct i3_order *order)
{
	struct i3_conn *conn = order->index < w->conns ? &w->conn[order->index] : NULL;

	switch (order->kind) {
	case I3_ORDER_CONNECT:
	case I3_ORDER_UDP_ACCEPT:
	case I3_ORDER_UDP_CONNECT:
		open_conn(w, order);
		return;
	default:
		break;
	}
	if (!conn || conn->role == I3_ROLE_FREE || conn->generation != order->generation)
		return;
	switch (order->kind) {
	case I3_ORDER_CONTROL:
	case I3_ORDER_STREAM:
		decide(conn, order);
		break;
	case I3_ORDER_SEND:
		if (conn->c && !i3_tcp_text(conn, order->text, order->bytes))
			wr_tcp_abort(w->tcp, conn->c);
		break;
	case I3_ORDER_START:
		i3_flow_start(conn);
		break;
	case I3_ORDER_STOP:
		conn->running = false;
		i3_tcp_publish(conn);
		wr_stat_set(&conn->n.stopped, 1);
		break;
	default:
		give_up(conn, (enum i3_order_kind)order->kind);
	}
}

static bool obey_all(struct i3_worker *w)
{
	struct i3_order order;
	unsigned n = 0;

	while (n < ORDERS_ROUND && i3_ring_take(w->orders, &order, sizeof(order))) {
		obey(w, &order);
		n++;
	}
	return n > 0;
}

/* ---- the task ---- */

static bool serve_senders(struct i3_worker *w, uint64_t now_ns)
{
	bool busy = false;

	if (now_ns < w->due_ns)
		return false;
	w->due_ns = UINT64_MAX;
	for (uint32_t i = 0; i < w->watched_count; i++)
		busy |= i3_flow_send(&w->conn[w->watched[i]], now_ns);
	return busy;
}

static void publish(struct i3_worker *w, uint64_t now_ns)
{
	if (now_ns < w->publish_ns)
		return;
	w->publish_ns = now_ns + PUBLISH_EVERY;
	for (uint32_t i = 0; i < w->watched_count; i++)
		i3_tcp_publish(&w->conn[w->watched[i]]);
}

static bool run(void *arg, uint64_t now_ns)
{
	struct i3_worker *w = arg;
	bool busy = obey_all(w);

	busy |= settle_all(w, now_ns);
	busy |= serve_senders(w, now_ns);
	publish(w, now_ns);
	return busy;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t deadline(void *arg)
{
	struct i3_worker *w = arg;
	uint64_t ns = w->due_ns;

	if (!rte_ring_empty(w->orders))
		return 0;
	if (w->owing_count)
		ns = sooner(ns, w->settle_ns);
	if (w->watched_count)
		ns = sooner(ns, w->publish_ns);
	return ns;
}

/* ---- life ---- */

/* Without a name in DPDK's list: several may live in one process. */
static struct rte_ring *new_ring(unsigned bytes, int socket)
{
	ssize_t size = rte_ring_get_memsize_elem(bytes, RING_SLOTS);
	struct rte_ring *ring =
		rte_zmalloc_socket("wr_i3_ring", (size_t)size, WR_CACHE_LINE, socket);

	if (ring &&
	    rte_ring_init(ring, "wr_i3_ring", RING_SLOTS, RING_F_SP_ENQ | RING_F_SC_DEQ)) {
		rte_free(ring);
		return NULL;
	}
	return ring;
}

static bool make_tables(struct i3_worker *w, const struct i3_worker_conf *conf)
{
	const struct wr_sipkey key = {conf->seed, ~conf->seed};
	int socket = conf->socket;

	w->orders = new_ring(sizeof(struct i3_order), socket);
	w->events = new_ring(sizeof(struct i3_event), socket);
	w->flows = wr_flow_new(conf->conns, &key, socket);
	w->conn = rte_zmalloc_socket("wr_i3_conn", conf->conns * sizeof(*w->conn),
	                             WR_CACHE_LINE, socket);
	w->owing =
		rte_zmalloc_socket("wr_i3_owing", conf->conns * sizeof(*w->owing), 0, socket);
	w->watched = rte_zmalloc_socket("wr_i3_watched", conf->conns * sizeof(*w->watched), 0,
	                                socket);
	if (!w->orders || !w->events || !w->flows || !w->conn || !w->owing || !w->watched)
		return false;
	for (uint32_t i = 0; i < conf->conns; i++)
		w->conn[i].next_free = i + 1 < conf->conns ? i + 1 : I3_NO_INDEX;
	w->conns = conf->conns;
	return true;
}

static int listen_both(struct i3_worker *w, uint16_t port)
{
	struct wr_tcp_listener tcp = {
		.port = port,
		.events = &i3_tcp_passive,
		.user = w,
		.options = w->options,
	};
	const struct wr_udp_listener udp = {
		.port = port,
		.replies = true,
		.owned = true,
		.handler = i3_datagram,
		.user = w,
	};
	int rc;

	tcp.options.idle_timeout_ms = GREETING_MS;
	rc = wr_tcp_listen(w->tcp, &tcp);
	return rc ? rc : wr_udp_listen(w->udp, &udp);
}

static int claim_ports(struct i3_worker *w, uint32_t addr)
{
	const struct wr_udp_claim claim = {
		.addr_first = addr,
		.addr_last = addr,
		.port_low = 1,
		.port_high = UINT16_MAX,
		.handler = i3_datagram,
		.user = w,
	};

	return wr_udp_claim(w->udp, &claim);
}

static int hook(struct i3_worker *w, const struct i3_worker_conf *conf, struct wr_err *err)
{
	const struct wr_stack_task task = {run, deadline, w};
	int rc = conf->listen_port ? listen_both(w, conf->listen_port)
	                           : claim_ports(w, conf->claim_addr);

	if (rc)
		return wr_err_set(err, WR_EXIT_USAGE, rc,
		                  "iperf3: port %u is taken by another service; choose another "
		                  "with -p",
		                  conf->listen_port);
	rc = wr_stack_add_task(conf->stack, &task);
	if (rc)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, rc,
		                  "iperf3: the engine takes no more tasks");
	return 0;
}

uint64_t i3_worker_bytes(uint32_t conns)
{
	return sizeof(struct i3_worker) + wr_flow_bytes(conns) +
	       conns * (sizeof(struct i3_conn) + 2 * sizeof(uint32_t)) +
	       RING_SLOTS * (sizeof(struct i3_order) + sizeof(struct i3_event)) + 4096;
}

struct i3_worker *i3_worker_new(const struct i3_worker_conf *conf, struct wr_err *err)
{
	struct i3_worker *w =
		rte_zmalloc_socket("wr_i3_worker", sizeof(*w), WR_CACHE_LINE, conf->socket);

	if (!w || !make_tables(w, conf)) {
		wr_err_set(
			err, WR_EXIT_ENVIRONMENT, -ENOMEM,
			"iperf3: there is no memory for %u connections; give more with --mem",
			conf->conns);
		i3_worker_free(w);
		return NULL;
	}
	w->stack = conf->stack;
	w->tcp = wr_stack_tcp(conf->stack);
	w->udp = wr_stack_udp(conf->stack);
	w->pool = conf->pool;
	w->stats = conf->stats;
	w->due_ns = UINT64_MAX;
	wr_tcp_options_default(&w->options);
	i3_payload_init(&w->payload, conf->seed);
	if (hook(w, conf, err)) {
		i3_worker_free(w);
		return NULL;
	}
	return w;
}

void i3_worker_free(struct i3_worker *w)
{
	if (!w)
		return;
	for (uint32_t i = 0; i < w->conns; i++)
		rte_pktmbuf_free(w->conn[i].text);
	rte_free(w->orders);
	rte_free(w->events);
	wr_flow_free(w->flows);
	rte_free(w->conn);
	rte_free(w->owing);
	rte_free(w->watched);
	rte_free(w);
}
