/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef I3_LINK_H
#define I3_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_ring.h>

#include "i3_proto.h"
#include "wr_flow.h"
#include "wr_stats.h"

/*
 * What crosses between the control thread, where the tests live, and a worker, which moves
 * bytes: orders down, events up, each by a ring of values. A connection is named by its place
 * in the worker's table and a generation, so that a late order does not hit its successor.
 */
#define I3_TEXT_BYTES 160 /* of a control connection, in one order or event */
#define I3_NO_INDEX   UINT32_MAX

/* What a stream moves. */
struct i3_flow {
	bool udp;
	bool sender;
	bool is_64bit;  /* packet numbers */
	bool repeating; /* payload of digits */
	bool nodelay;
	uint8_t tos;
	uint16_t mss;   /* TCP: segments no longer than this; 0: no such limit */
	uint32_t len;   /* bytes of a datagram or block */
	uint32_t burst; /* datagrams at a time when paced */
	uint64_t rate;  /* bits/s; 0: as fast as it goes */
	uint64_t quota; /* bytes to send; 0: until it is stopped */
};

enum i3_order_kind {
	I3_ORDER_CONTROL,    /* the greeted connection controls a test */
	I3_ORDER_STREAM,     /* the greeted connection is a stream */
	I3_ORDER_CONNECT,    /* open a TCP connection, greet, then as flow or control */
	I3_ORDER_UDP_ACCEPT, /* a UDP flow from that tuple, and answer its hello */
	I3_ORDER_UDP_CONNECT,
	I3_ORDER_SEND,  /* text on a control connection */
	I3_ORDER_START, /* data may flow */
	I3_ORDER_STOP,  /* no more sending or counting */
	I3_ORDER_CLOSE, /* close in order and forget the record */
	I3_ORDER_ABORT, /* reset and forget the record */
};

struct i3_order {
	uint8_t kind;
	bool is_control; /* of CONNECT */
	uint16_t bytes;  /* of text */
	uint32_t index, generation;
	uint64_t tag; /* what the control thread knows the connection by */
	struct wr_tuple tuple;
	uint32_t timeout_ms; /* of CONNECT; 0: the engine's own */
	struct i3_flow flow;
	char text[I3_TEXT_BYTES]; /* of SEND; of CONNECT: the cookie */
};

enum i3_event_kind {
	I3_EVENT_COOKIE, /* a connection sent its cookie: what is it? */
	I3_EVENT_HELLO,  /* a datagram from an unknown tuple asks for a stream */
	I3_EVENT_OPENED, /* what CONNECT, UDP_CONNECT or UDP_ACCEPT asked for is there */
	I3_EVENT_TEXT,   /* of a control connection */
	I3_EVENT_EOF,    /* the peer sends no more */
	I3_EVENT_ENDED,  /* the connection is gone, or never came to be; the record is kept */
};

struct i3_event {
	uint8_t kind;
	uint8_t reason;             /* of ENDED: enum wr_reason */
	uint16_t bytes;             /* of text */
	uint32_t index, generation; /* I3_NO_INDEX: there is no record */
	uint32_t mss;               /* of COOKIE and OPENED: bytes of a full segment */
	uint32_t age_us;            /* of COOKIE: since its SYN came, at stamp_ns */
	uint64_t stamp_ns;
	uint64_t tag;
	struct wr_tuple tuple;
	char text[I3_TEXT_BYTES]; /* of TEXT; of COOKIE: the cookie */
};

static_assert(sizeof(struct i3_order) % 8 == 0 && sizeof(struct i3_event) % 8 == 0,
              "elements of rings");

/*
 * The numbers of one connection. Worker: writes; control: reads, at any time until it has
 * ordered CLOSE or ABORT.
 */
struct i3_counters {
	uint64_t bytes;   /* sent or received */
	uint64_t packets; /* sent, or the highest number received */
	uint64_t lost, out_of_order;
	uint64_t jitter_ns;
	uint64_t rexmits;            /* segments sent again */
	uint64_t stopped;            /* STOP was obeyed: the numbers move no more */
	uint64_t taken, room;        /* control: bytes sent so far; bytes that it takes now */
	uint64_t cwnd, snd_wnd, mss; /* bytes */
	uint64_t rtt_us, rttvar_us;
};

static inline bool i3_ring_put(struct rte_ring *ring, const void *element, unsigned bytes)
{
	return rte_ring_enqueue_elem(ring, (void *)(uintptr_t)element, bytes) == 0;
}

static inline bool i3_ring_take(struct rte_ring *ring, void *element, unsigned bytes)
{
	return rte_ring_dequeue_elem(ring, element, bytes) == 0;
}

#endif /* I3_LINK_H */
