/* SPDX-License-Identifier: BSD-3-Clause */
/* Shutdown in order. */

#include "tcp.h"
#include "tcp_half_open.h"

/* A listener's index stays valid: half-open records name it. */
static void stop_listening(struct wr_tcp *tcp)
{
	tcp->draining = true;
	wr_stat_set(&tcp->stats->connections[WR_TCP_LISTEN], 0);
}

/* Entry n of the half-open records, then of the connections. */
static void end_entry(struct wr_tcp *tcp, uint32_t n,
                      void (*end)(struct wr_tcp *tcp, struct wr_tcb *c))
{
	if (n < tcp->conf.half_open) {
		if (tcp->half_open[n].used)
			tcp_half_open_end(tcp, n);
		return;
	}
	n -= tcp->conf.half_open;
	if (tcp->tcb[n].state != WR_TCP_CLOSED)
		end(tcp, &tcp->tcb[n]);
}

static void end_entries(struct wr_tcp *tcp, uint32_t *cursor, unsigned budget, uint64_t now_us,
                        void (*end)(struct wr_tcp *tcp, struct wr_tcb *c))
{
	uint32_t entries = tcp->conf.half_open + tcp->conf.connections;

	tcp_set_time(tcp, now_us);
	if (!tcp->draining)
		stop_listening(tcp);
	while (budget-- && *cursor < entries)
		end_entry(tcp, (*cursor)++, end);
	if (*cursor == entries)
		*cursor = UINT32_MAX;
}

void wr_tcp_drain(struct wr_tcp *tcp, uint32_t *cursor, unsigned budget, uint64_t now_us)
{
	end_entries(tcp, cursor, budget, now_us, wr_tcp_close);
}

void wr_tcp_abort_all(struct wr_tcp *tcp, uint32_t *cursor, unsigned budget, uint64_t now_us)
{
	end_entries(tcp, cursor, budget, now_us, wr_tcp_abort);
}
