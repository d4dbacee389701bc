/* SPDX-License-Identifier: BSD-3-Clause */
#include "worker.h"

#define TX_BURSTS 4 /* a round, at most, so that reception gets its turn */

static unsigned transmit(struct wr_worker *w)
{
	struct rte_mbuf *frames[WR_STACK_BURST];
	uint64_t refused = 0;
	unsigned n = wr_stack_output(w->stack, frames, WR_STACK_BURST), sent;

	if (!n)
		return 0;
	sent = wr_port_tx(w->port, w->queue, frames, (uint16_t)n, &refused);
	if (wr_unlikely(refused))
		wr_stack_refused(w->stack, (unsigned)refused);
	if (wr_unlikely(sent < n))
		wr_stack_unsent(w->stack, frames + sent, n - sent);
	return sent;
}

int wr_worker_run(void *worker)
{
	struct wr_worker *w = worker;
	uint64_t begin = wr_clock_cycles(), end;

	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		struct rte_mbuf *frames[WR_STACK_BURST];
		uint64_t now_ns = wr_clock_ns(w->clock), lost = 0;
		uint16_t n =
			wr_port_rx(w->port, w->queue, frames, WR_STACK_BURST, w->pool, &lost);
		bool timed = n && wr_stack_is_timed(w->stack), busy = n;

		if (timed)
			wr_stat_add(&w->stats.cycles[WR_STAGE_rx], wr_clock_cycles() - begin);
		WR_COUNT(&w->stats, rx_no_mbuf, lost);
		wr_stack_input(w->stack, frames, n, now_ns);
		busy |= wr_stack_tick(w->stack, now_ns);
		end = timed ? wr_clock_cycles() : 0;
		for (unsigned i = 0, sent = WR_STACK_BURST;
		     i < TX_BURSTS && sent == WR_STACK_BURST; i++)
			busy |= (sent = transmit(w)) > 0;
		if (timed)
			wr_stat_add(&w->stats.cycles[WR_STAGE_tx], wr_clock_cycles() - end);
		if (busy)
			w->idle.since_ns = now_ns;
		else
			wr_idle_rest(&w->idle, now_ns, wr_stack_deadline(w->stack));
		end = wr_clock_cycles();
		wr_stat_add(&w->stats.n[busy ? WR_STAT_cycles_busy : WR_STAT_cycles_idle],
		            end - begin);
		WR_COUNT(&w->stats, polls, 1);
		WR_COUNT(&w->stats, polls_empty, !busy);
		begin = end;
	}
	return 0;
}
