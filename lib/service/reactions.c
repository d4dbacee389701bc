/* SPDX-License-Identifier: BSD-3-Clause */
#include "reactions.h"

bool service_accept(struct wr_tcp *tcp, struct wr_tcb *c)
{
	return true;
}

bool service_throw_away(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	rte_pktmbuf_free(m);
	return true;
}

void service_close_too(struct wr_tcp *tcp, struct wr_tcb *c)
{
	wr_tcp_close(tcp, c);
}

void service_ignore_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
}

void service_ignore_end(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
}
