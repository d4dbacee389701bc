/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client of the benchmarks: asks the echo service, one request outstanding on each
 * connection. Each request is new text in a fresh buffer of the pool.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include "host.h"

#define CLIENT_BYTES    64   /* of a request */
#define CLIENT_UDP_PORT 4000 /* where the answers to datagrams arrive */

enum client_mode {
	CLIENT_RR,  /* the next request follows the answer */
	CLIENT_CRR, /* connect, request, answer, close */
	CLIENT_UDP, /* as RR, without connections */
	CLIENT_IDLE /* opens connections and leaves them */
};

struct client {
	struct host *host;
	enum client_mode mode;
	uint64_t connects; /* connections asked for */
	uint64_t opened, closed;
	uint64_t failed; /* of those closed: not in order */
	uint64_t replies;
	uint64_t bytes; /* of answers */
	uint64_t no_buf;
	bool go; /* requests may be sent */
	struct wr_tcb **tcb;
	uint32_t tcbs, tcbs_max;
	char text[CLIENT_BYTES];
};

void client_init(struct client *client, enum client_mode mode, uint32_t connections);
void client_free(struct client *client);

/* Binds it to its host. */
void client_attach(struct client *client, struct host *host);

/* Opens one more connection; false: not now. */
bool client_connect(struct client *client);

/* Sends a first request on connection i; false: no buffer. */
bool client_request(struct client *client, uint32_t i);

/* Sends a request by UDP from the client's address i, modulo their number; false: no buffer. */
bool client_datagram(struct client *client, uint32_t i, uint64_t now_ns);

#endif /* BENCH_CLIENT_H */
