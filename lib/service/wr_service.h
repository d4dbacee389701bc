/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_SERVICE_H
#define WR_SERVICE_H

#include "wr_tcp.h"
#include "wr_udp.h"

/*
 * A service says what a connection is for. Adding one is a file with its events and a row
 * in wr_service_all[]. A service keeps its per-core state in what wr_service_new() gave,
 * never in file-scope variables, and never buffers without bound.
 */
struct wr_service {
	const char *name;                /* "echo" */
	const char *spec;                /* "RFC 862" */
	uint16_t port;                   /* the well-known one */
	const struct wr_tcp_events *tcp; /* NULL: not over TCP */
	wr_udp_handler udp;              /* NULL: not over UDP */
	bool udp_replies; /* its answers could answer each other: wr_udp_listener */
	bool nodelay;     /* Nagle off by default */
};

/*
 * What a service has at hand on one core: the `user` of its UDP handler, and wr_tcb_user()
 * of its connections until it sets another.
 */
struct wr_service_core {
	const struct wr_service *service;
	struct rte_mempool *pool; /* for text that it makes itself */
	struct wr_stats *stats;
};

extern const struct wr_service *const wr_service_all[]; /* ends with NULL */

/* Finds a service by name; NULL if there is none. */
const struct wr_service *wr_service_find(const char *name);

extern const struct wr_service wr_service_echo, wr_service_discard, wr_service_chargen;

#endif /* WR_SERVICE_H */
