/* SPDX-License-Identifier: BSD-3-Clause */
/* The part of a test that runs on a worker: connections and flows that move bytes. */
#ifndef I3_WORKER_H
#define I3_WORKER_H

#include <stdalign.h>

#include "i3_link.h"
#include "i3_pace.h"
#include "i3_payload.h"
#include "i3_udp.h"
#include "wr_stack.h"

enum i3_role {
	I3_ROLE_FREE,
	I3_ROLE_OPENING,  /* by us: no handshake yet, or no answer to our hello */
	I3_ROLE_GREETING, /* the cookie is not complete */
	I3_ROLE_ASKED,    /* the control thread decides what it is */
	I3_ROLE_CONTROL,
	I3_ROLE_STREAM,
	I3_ROLE_CLOSING, /* text is thrown away */
};

/* What the control thread has not been told yet, in this order. */
enum {
	I3_OWED_COOKIE = 1 << 0,
	I3_OWED_OPENED = 1 << 1,
	I3_OWED_TEXT = 1 << 2, /* refused for want of room in the ring */
	I3_OWED_EOF = 1 << 3,
	I3_OWED_ENDED = 1 << 4,
};

/* A TCP connection or a UDP flow of one worker. */
struct i3_conn {
	struct i3_worker *worker;
	struct wr_tcb *c; /* NULL: UDP, or gone */
	uint64_t tag;
	uint32_t index, generation;
	uint32_t next_free;
	uint8_t role;    /* enum i3_role */
	uint8_t reason;  /* why it ended: enum wr_reason */
	uint16_t owed;   /* I3_OWED_* */
	bool is_owing;   /* stands in worker->owing[] */
	bool is_watched; /* stands in worker->watched[] */
	bool known;      /* the control thread names it: not freed before it says so */
	bool is_control; /* once opened */
	bool running;    /* it sends, or counts */
	bool blocked;    /* sender: waits for on_room */
	bool is_mapped;  /* UDP: stands in worker->flows */
	uint8_t greeting_bytes;
	char cookie[I3_COOKIE_BYTES];
	uint32_t age_us; /* passive: since its SYN came, at opened_ns */
	uint64_t opened_ns;
	struct rte_mbuf *text; /* behind the cookie, in the same segment */
	struct wr_tuple tuple;
	struct i3_flow flow;
	struct i3_pace pace;
	uint64_t left; /* of the quota, bytes */
	struct i3_udp_receiver receiver;
	alignas(WR_CACHE_LINE) struct i3_counters n;
};

struct i3_worker {
	struct wr_stack *stack;
	struct wr_tcp *tcp;
	struct wr_udp *udp;
	struct rte_mempool *pool;
	struct wr_stats *stats;
	struct rte_ring *orders;     /* control: puts, worker: takes */
	struct rte_ring *events;     /* worker: puts, control: takes */
	struct wr_flow_table *flows; /* UDP: tuple to index */
	struct i3_conn *conn;
	uint32_t conns;
	uint32_t first_free;
	uint32_t owing_count, watched_count;
	uint32_t *owing, *watched;     /* indices */
	uint64_t settle_ns;            /* when what is owed is tried again */
	uint64_t due_ns;               /* when a sender next has work; UINT64_MAX: never */
	uint64_t publish_ns;           /* when slow numbers are read again */
	struct wr_tcp_options options; /* of streams and control connections */
	struct i3_payload payload;
};

struct i3_worker_conf {
	struct wr_stack *stack;
	struct wr_stats *stats;
	struct rte_mempool *pool;
	uint16_t listen_port; /* TCP and UDP; 0: a client */
	uint32_t claim_addr;  /* a client's local address */
	uint32_t conns;       /* connections and flows, at most */
	int socket;           /* NUMA node */
	uint64_t seed;
};

/*
 * Makes the tables of one worker and hooks it into its stack, before the stack runs. NULL and
 * *err if that fails. To be freed after the worker has ended, before its stack is freed.
 */
struct i3_worker *i3_worker_new(const struct i3_worker_conf *conf, struct wr_err *err);
void i3_worker_free(struct i3_worker *w);

/* Bytes that it takes. */
uint64_t i3_worker_bytes(uint32_t conns);

/* ---- inside: i3_worker.c ---- */

/* A record in role `role`; NULL: none is free. */
struct i3_conn *i3_conn_new(struct i3_worker *w, enum i3_role role);
/* Frees it if the engine and the control thread have both let go. */
void i3_conn_put(struct i3_conn *conn);
void i3_conn_owe(struct i3_conn *conn, unsigned what);
/* Its slow numbers are read, and its sender is served, from time to time. */
void i3_conn_watch(struct i3_conn *conn);
void i3_conn_fill_event(const struct i3_conn *conn, enum i3_event_kind kind,
                        struct i3_event *event);

static inline uint64_t i3_now_ns(const struct i3_worker *w)
{
	return wr_stack_now_ns(w->stack);
}

/* ---- i3_tcp.c ---- */

extern const struct wr_tcp_events i3_tcp_passive, i3_tcp_active;

/* Opens a connection as ordered. 0 or a negative errno. */
int i3_tcp_connect(struct i3_conn *conn, uint32_t timeout_ms);
/* Sends a few bytes; false: the connection cannot take them. */
bool i3_tcp_text(struct i3_conn *conn, const char *text, uint16_t bytes);
void i3_tcp_configure(struct i3_conn *conn);
/* Gives the control thread what was kept back. */
void i3_tcp_deliver(struct i3_conn *conn);
void i3_tcp_publish(struct i3_conn *conn);
void i3_tcp_close(struct i3_conn *conn);

/* ---- i3_datagram.c ---- */

enum wr_verdict i3_datagram(struct wr_udp *udp, struct rte_mbuf *m, const struct wr_tuple *from,
                            uint8_t tos, void *user, uint64_t now_us);

int i3_udp_accept(struct i3_conn *conn);
int i3_udp_connect(struct i3_conn *conn);
void i3_udp_forget(struct i3_conn *conn);

/* ---- i3_send.c ---- */

/*
 * The stream is there. A receiver counts at once, since the peer may hear earlier that data
 * may flow; a sender waits for i3_flow_start().
 */
void i3_flow_open(struct i3_conn *conn);
void i3_flow_start(struct i3_conn *conn);
/* Sends what is due; moves worker->due_ns. False: there was nothing to do. */
bool i3_flow_send(struct i3_conn *conn, uint64_t now_ns);
/* The send queue has room again. */
void i3_flow_room(struct i3_conn *conn);

#endif /* I3_WORKER_H */
