/* SPDX-License-Identifier: BSD-3-Clause */
/* How many connections listeners and remote addresses have, where that is limited. */
#ifndef WR_TCP_LIMIT_H
#define WR_TCP_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "wr_flow.h"
#include "wr_siphash.h"

#define WR_TCP_LISTENERS 64

/* A remote address with open connections. */
struct tcp_source {
	uint32_t addr;
	uint32_t connections; /* while unused: index of the next unused one */
};

struct tcp_limits {
	uint32_t open[WR_TCP_LISTENERS], half_open[WR_TCP_LISTENERS];
	struct tcp_source *source;     /* as many as there can be connections */
	struct wr_flow_table *sources; /* by address; NULL: they are not limited */
	uint32_t free_source;
};

struct wr_tcb;
struct wr_tcp_conf;
struct wr_tcp;

/*
 * What core `core` of `cores` has of a limit for all of them, 0: none. Flows are spread by
 * their hash, about evenly. Together not more than `limit`; but each has one at least.
 */
uint32_t tcp_limit_share(uint32_t limit, uint32_t cores, uint32_t core);

/* Memory for conf's limits. Returns 0 or -ENOMEM; then too tcp_limits_fini() frees it. */
int tcp_limits_init(struct wr_tcp *tcp, const struct wr_sipkey *key, int socket);
void tcp_limits_fini(struct wr_tcp *tcp);
uint64_t tcp_limits_bytes(const struct wr_tcp_conf *conf);

/* Has the listener all the connections that it may have? */
bool tcp_listener_is_full(const struct wr_tcp *tcp, unsigned listener);
/* Has it with the half-open ones? */
bool tcp_listener_is_crowded(const struct wr_tcp *tcp, unsigned listener);
/* Has that address? */
bool tcp_source_is_full(const struct wr_tcp *tcp, uint32_t addr);

/* c->listener opened c; c ends. */
void tcp_limits_enter(struct wr_tcp *tcp, const struct wr_tcb *c);
void tcp_limits_leave(struct wr_tcp *tcp, const struct wr_tcb *c);

#endif /* WR_TCP_LIMIT_H */
