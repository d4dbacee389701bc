/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_byteorder.h>

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

bool service_count_from_zero(struct wr_tcp *tcp, struct wr_tcb *c)
{
	wr_tcb_set_user(c, NULL);
	return true;
}

void service_count_text(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	WR_COUNT(wr_tcp_ip(tcp)->stats, sink_bytes, m->data_len);
	wr_tcb_set_user(c, (void *)((uintptr_t)wr_tcb_user(c) + m->data_len));
	rte_pktmbuf_free(m);
}

void service_tell_total(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct wr_ip *ip = wr_tcp_ip(tcp);
	struct rte_mbuf *m = rte_pktmbuf_alloc(ip->pool);
	uint64_t text = rte_cpu_to_be_64((uintptr_t)wr_tcb_user(c));

	if (!m) {
		WR_COUNT(ip->stats, mbuf_alloc_failed, 1);
		wr_tcp_abort(tcp, c);
		return;
	}
	memcpy(rte_pktmbuf_append(m, sizeof(text)), &text, sizeof(text));
	if (wr_tcp_send(tcp, c, m))
		rte_pktmbuf_free(m);
	wr_tcp_close(tcp, c);
}

void service_ignore_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
}

void service_ignore_end(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
}
