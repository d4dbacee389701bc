/* SPDX-License-Identifier: BSD-3-Clause */
/* A test and its connections; and the orders that wait for room. On the control thread. */
#ifndef I3_SESSION_H
#define I3_SESSION_H

#include "i3_test.h"
#include "i3_worker.h"
#include "wr_iperf3.h"

#define I3_WORKERS_MAX 128
#define I3_TAG_CONTROL UINT16_MAX
#define I3_SOCKETS     4096 /* numbers for reports */
#define I3_SOCKET_LOW  5

/* A connection of a worker, as the control thread names it. */
struct i3_link {
	bool there; /* the record is ours until we order CLOSE or ABORT */
	bool ended; /* the connection behind it is gone */
	uint16_t worker;
	uint32_t index, generation;
	struct wr_tuple tuple;
	uint32_t age_us; /* at stamp_ns: the client's order of connecting */
	uint64_t stamp_ns;
};

/* An order that found the ring full. */
struct i3_waiting {
	struct i3_waiting *next;
	struct i3_order order;
};

struct i3_backlog {
	struct i3_waiting *first, **last;
};

struct i3_session {
	struct i3_test test; /* first: the test's functions find the session by it */
	struct wr_iperf3 *i3;
	struct i3_session *next;
	uint64_t number;
	struct i3_link control;
	struct i3_link *stream; /* test.streams of them, once there are parameters */
	unsigned arrived;       /* streams of which the cookie or hello came */
	/* Text for the control connection. */
	char *out;
	size_t out_at, out_bytes, out_room;
	uint64_t posted;                  /* bytes ordered to be sent so far */
	bool closing;                     /* the test is over; the rest is to be sent */
	uint64_t closing_ns;              /* since when */
	uint64_t stream_lost_ns;          /* a stream ended while it should not; 0: none */
	uint64_t busy_cycles, all_cycles; /* of the workers, at the start */
};

struct wr_iperf3 {
	const struct wr_iperf3_conf *conf;
	uint64_t now_ns;
	unsigned workers;
	struct i3_worker *worker[I3_WORKERS_MAX];
	struct wr_stats *stats[I3_WORKERS_MAX];
	struct i3_backlog backlog[I3_WORKERS_MAX];
	struct i3_session *session; /* newest first */
	unsigned sessions;          /* whose test is not over */
	uint64_t numbers;           /* sessions so far */
	unsigned finished;          /* tests that are over */
	bool over, stopping;
	enum wr_exit result;
	char why[256];
	struct wr_prng prng;
	uint64_t socket_used[I3_SOCKETS / 64];
};

/* Client: asks a worker to open the control connection. */
void i3_session_connect(struct i3_session *s);

extern const struct i3_test_ops i3_session_ops;

/* A session with its test begun, the newest; NULL: no memory. */
struct i3_session *i3_session_new(struct wr_iperf3 *i3, const struct i3_link *control,
                                  const char *cookie);
void i3_session_free(struct i3_session *s);

/* Sends what the control connection takes; closes it at the end. False: s can be freed. */
bool i3_session_flush(struct i3_session *s);

/* A stream came, in whatever order. */
void i3_session_arrived(struct i3_session *s, const struct i3_link *link);
/* A connection or flow that we asked for is there, or one that we accepted. */
void i3_session_opened(struct i3_session *s, unsigned stream, const struct i3_event *event,
                       uint16_t worker);
void i3_session_ended(struct i3_session *s, unsigned stream, const struct i3_event *event,
                      uint16_t worker);

/* Gives an order to a worker, now or when there is room. */
void i3_post(struct wr_iperf3 *i3, uint16_t worker, const struct i3_order *order);
/* The same to the record of a link. */
void i3_post_link(struct wr_iperf3 *i3, const struct i3_link *link, enum i3_order_kind kind);
void i3_post_waiting(struct wr_iperf3 *i3);

static inline uint64_t i3_tag(const struct i3_session *s, unsigned stream)
{
	return s->number << 16 | (stream & UINT16_MAX);
}

static inline const struct i3_counters *i3_link_counters(const struct wr_iperf3 *i3,
                                                         const struct i3_link *link)
{
	return &i3->worker[link->worker]->conn[link->index].n;
}

#endif /* I3_SESSION_H */
