/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_SERVICE_H
#define WR_SERVICE_H

#include "wr_prng.h"
#include "wr_tcp.h"
#include "wr_udp.h"

struct wr_service_core;

/* What a service is told of the core that it starts on. */
struct wr_service_conf {
	uint32_t connections;        /* of TCP on this core, at most */
	uint32_t core, cores;        /* this one; how many there are */
	uint32_t bufs;               /* packet buffers of this core; 0: not known yet */
	uint64_t request_timeout_us; /* see wr_service.request_timeout_us; 0: never */
};

/*
 * A service says what a connection is for. Adding one is a file with its events and a row
 * in wr_service_all[]. A service keeps its per-core state in core->state, never in file-scope
 * variables, allocates nothing after start, and never buffers without bound. What it leaves
 * NULL, it does not need.
 */
struct wr_service {
	const char *name;                /* "echo" */
	const char *spec;                /* "RFC 862" */
	uint16_t port;                   /* the well-known one */
	const struct wr_tcp_events *tcp; /* NULL: not over TCP */
	wr_udp_handler udp;              /* NULL: not over UDP */
	bool udp_replies;         /* its answers could answer each other: wr_udp_listener */
	bool nodelay;             /* Nagle off by default */
	uint32_t idle_timeout_ms; /* of its connections, if the configuration says nothing */

	/* Bytes of core->state, which is there, zeroed, before core_begin(). */
	uint64_t (*core_bytes)(const struct wr_service_conf *conf);
	void (*core_begin)(struct wr_service_core *core, const struct wr_service_conf *conf);
	/* The stack ends; connections are gone without a word. Gives back buffers. */
	void (*core_end)(struct wr_service_core *core);

	/* Work that no frame asks for: as struct wr_stack_task, times in us. */
	bool (*run)(struct wr_service_core *core, uint64_t now_us);
	uint64_t (*deadline)(const struct wr_service_core *core);

	/* What the same listener told from another core. Takes m. */
	void (*on_news)(struct wr_service_core *core, struct rte_mbuf *m);
};

/*
 * What a service has at hand on one core, once for each listener: the `user` of its UDP
 * handler, and wr_tcb_user() of its connections until it sets another.
 */
struct wr_service_core {
	const struct wr_service *service;
	struct rte_mempool *pool; /* for text that it makes itself */
	struct wr_stats *stats;
	void *state; /* of core_bytes() bytes, or NULL */
	struct wr_tcp *tcp;
	struct wr_udp *udp;
	struct wr_prng *prng;
	const uint64_t *now_us; /* the time of this round */
	uint32_t core, cores;
	/*
	 * Tells the same listener on all other cores: each gets a copy of m's data (one buffer)
	 * by on_news. The caller keeps m. Copies that a full inbox or an empty pool does not
	 * take are lost, counted in service_news_lost.
	 */
	void (*tell)(struct wr_service_core *core, const struct rte_mbuf *m);
	void *stack; /* tell's own */
};

extern const struct wr_service *const wr_service_all[]; /* ends with NULL */

/* Finds a service by name; NULL if there is none. */
const struct wr_service *wr_service_find(const char *name);

extern const struct wr_service wr_service_echo, wr_service_discard, wr_service_chargen;
extern const struct wr_service wr_service_http, wr_service_message, wr_service_chat;
extern const struct wr_service wr_service_rr, wr_service_sink, wr_service_source;
extern const struct wr_service wr_service_match;

#endif /* WR_SERVICE_H */
