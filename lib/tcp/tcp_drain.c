/* SPDX-License-Identifier: BSD-3-Clause */
/* Shutdown in order. */

#include "tcb.h"

/* A listener's index stays valid: half-open records name it. */
static void stop_listening(struct wr_tcp *tcp)
{
	tcp->draining = true;
	wr_stat_set(&tcp->stats->connections[WR_TCP_LISTEN], 0);
}

/* Entry n of the half-open records, then of the connections. */
static void close_entry(struct wr_tcp *tcp, uint32_t n)
{
	if (n < tcp->conf.half_open) {
		if (tcp->half_open[n].used)
			tcp_half_open_end(tcp, n);
		return;
	}
	n -= tcp->conf.half_open;
	if (tcp->tcb[n].state != WR_TCP_CLOSED)
		wr_tcp_close(tcp, &tcp->tcb[n]);
}

void wr_tcp_drain(struct wr_tcp *tcp, uint32_t *cursor, unsigned budget, uint64_t now_us)
{
	uint32_t end = tcp->conf.half_open + tcp->conf.connections;

	tcp_set_time(tcp, now_us);
	if (!tcp->draining)
		stop_listening(tcp);
	while (budget-- && *cursor < end)
		close_entry(tcp, (*cursor)++);
	if (*cursor == end)
		*cursor = UINT32_MAX;
}
