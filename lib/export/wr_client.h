/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_CLIENT_H
#define WR_CLIENT_H

#include <jansson.h>

#include "wr_err.h"
#include "wr_snapshot.h"
#include "wr_ss.h"
#include "wr_stack.h"

/*
 * Talks to the telemetry socket of a running process, from another process and without EAL.
 * One thread uses a client.
 */
struct wr_client;

#define WR_CLIENT_PREFIX "wringer-" /* of runtime directories: wringer-INSTANCE */

/*
 * Connects to that instance; NULL: to the only one there is. Returns NULL and *err:
 * environment if it does not run or there is none, usage if there are several. Sockets of
 * processes that are gone do not count.
 */
struct wr_client *wr_client_open(const char *instance, struct wr_err *err);
void wr_client_close(struct wr_client *client);

/* Sends "/command" or "/command,params". Returns the answer's value, which the caller owns, or
 * NULL and *err. */
json_t *wr_client_ask(struct wr_client *client, const char *command, const char *params,
                      struct wr_err *err);

/* Rebuilds the process's newest snapshot. Returns 0, or a negative errno and *err. */
int wr_client_snapshot(struct wr_client *client, struct wr_snapshot *out, struct wr_err *err);

/* A page of connections. */
struct wr_client_page {
	struct wr_tcp_info info[WR_ASK_PAGE];
	unsigned count;
	json_t *reply; /* holds the words in info */
};

/*
 * The page at query's cursor; moves query to the next one: its cursor is UINT32_MAX after a
 * core's last. Returns 0, or a negative errno and *err. Release the page when done with it.
 */
int wr_client_connections(struct wr_client *client, struct wr_ss_query *query,
                          struct wr_client_page *page, struct wr_err *err);
void wr_client_page_release(struct wr_client_page *page);

#endif /* WR_CLIENT_H */
