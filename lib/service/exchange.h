/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections of requests and answers, for http and rr: what is read comes from the buffer in
 * which it was received, what is written collects in one buffer until that is full or there
 * is nothing left to read; long answers are streams. An answer that the peer does not take
 * stops the reading of further requests: then the engine keeps them, and its window closes.
 */
#ifndef WR_SERVICE_EXCHANGE_H
#define WR_SERVICE_EXCHANGE_H

#include "record.h"
#include "stream.h"

/* The beginning of the record of each connection. */
struct service_exchange {
	struct service_record r;
	struct rte_mbuf *input;       /* what is being read; its data begin at the next byte */
	struct rte_mbuf *out;         /* what was written and not sent yet */
	struct service_stream stream; /* follows out */
	bool ends;                    /* after what was written, the connection is closed */
	bool closed;                  /* it is: what comes is thrown away, a while */
	bool pending;                 /* an answer did not fit into out */
	bool waits;                   /* for room: reads nothing until then */
	bool peer_closed;
	uint32_t thrown_away; /* bytes */
};

enum service_step {
	SERVICE_STEP_ON,     /* something was read */
	SERVICE_STEP_FLUSH,  /* out must be sent first */
	SERVICE_STEP_REFUSE, /* nonsense: the connection is reset */
};

enum service_late {
	SERVICE_IN_TIME,
	SERVICE_LATE, /* the connection is reset */
	SERVICE_LATE_ANSWERED,
};

struct service_exchange_ops {
	uint32_t record_bytes; /* of a record that begins with a struct service_exchange */
	void (*begin)(struct service_exchange *x);
	/*
	 * Reads from x->input by rte_pktmbuf_adj(), or, after SERVICE_STEP_FLUSH, writes first
	 * what did not fit; then there may be no input. Not called while x->stream lasts.
	 */
	enum service_step (*read)(struct service_exchange *x);
	/* Whether no request has been begun. */
	bool (*is_idle)(const struct service_exchange *x);
	/*
	 * A request has been begun and is not complete, once a period: whether it takes too
	 * long. `stuck`: next to nothing came since the last look. May write an answer.
	 */
	enum service_late (*look)(struct service_exchange *x, bool stuck, uint64_t now_us);
};

/* The beginning of core->state. */
struct service_exchange_core {
	const struct service_exchange_ops *ops;
	struct service_records records;
};

uint64_t service_exchange_bytes(const struct service_exchange_ops *ops,
                                const struct wr_service_conf *conf);
void service_exchange_begin(struct wr_service_core *core,
                            const struct service_exchange_ops *ops,
                            const struct wr_service_conf *conf);

/* Goes on after a step that no text caused, or refuses it. x may be gone afterwards. */
void service_exchange_step(struct service_exchange *x, enum service_step step);

/* Events and functions of the service. */
bool service_exchange_on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m);
void service_exchange_on_room(struct wr_tcp *tcp, struct wr_tcb *c);
void service_exchange_on_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c);
void service_exchange_on_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason);
void service_exchange_end(struct wr_service_core *core);
bool service_exchange_run(struct wr_service_core *core, uint64_t now_us);
uint64_t service_exchange_deadline(const struct wr_service_core *core);

/*
 * Room for `bytes` bytes of answer, at most a segment (or 512), to be made part of it by
 * service_exchange_wrote(); NULL: send first, SERVICE_STEP_FLUSH.
 */
char *service_exchange_room(struct service_exchange *x, uint32_t bytes);
void service_exchange_wrote(struct service_exchange *x, uint32_t bytes);

/* The first byte of a request was read. */
static inline void service_exchange_request(struct service_exchange *x)
{
	x->r.begun_us = *x->r.core->now_us;
}

#endif /* WR_SERVICE_EXCHANGE_H */
