/* SPDX-License-Identifier: BSD-3-Clause */
/* Which connection, or what else with its tuple, a segment is for. */
#ifndef WR_TCP_LOOKUP_H
#define WR_TCP_LOOKUP_H

#include "tcp.h"

/* The tuple of what a value of the flow table names, which is not WR_FLOW_NONE. */
static inline const struct wr_tuple *tcp_tuple_of(const struct wr_tcp *tcp, uint32_t value)
{
	uint32_t index = value & WR_FLOW_INDEX;

	switch (value >> 30) {
	case WR_FLOW_TCB:
		return &tcp->tcb[index].tuple;
	case WR_FLOW_HALF_OPEN:
		return &tcp->half_open[index].tuple;
	default:
		return &tcp->time_wait[index].tuple;
	}
}

/* Looks a tuple up; WR_FLOW_NONE if there is none. */
uint32_t tcp_find(const struct wr_tcp *tcp, uint32_t hash, const struct wr_tuple *tuple);

/* The two lines of the established path. */
static inline void tcb_prefetch(const struct wr_tcb *c)
{
	__builtin_prefetch(c, 1);
	__builtin_prefetch(&c->sq_head, 1);
}

#endif /* WR_TCP_LOOKUP_H */
