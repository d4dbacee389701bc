/* SPDX-License-Identifier: BSD-3-Clause */
#include "worker.h"

int wr_worker_run(void *worker)
{
	struct wr_worker *w = worker;
	uint64_t begin = wr_clock_cycles(), end;

	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		struct rte_mbuf *frames[WR_STACK_BURST];
		uint64_t now_ns = wr_clock_ns(w->clock);
		unsigned n = wr_wire_rx(w, frames, now_ns);
		bool timed = n && wr_stack_is_timed(w->stack), busy = n;

		if (timed)
			wr_stat_add(&w->stats.cycles[WR_STAGE_rx], wr_clock_cycles() - begin);
		wr_stack_input(w->stack, frames, n, now_ns);
		busy |= wr_stack_tick(w->stack, now_ns);
		end = timed ? wr_clock_cycles() : 0;
		busy |= wr_wire_tx(w, now_ns);
		if (timed)
			wr_stat_add(&w->stats.cycles[WR_STAGE_tx], wr_clock_cycles() - end);
		if (busy)
			w->idle.since_ns = now_ns;
		else
			wr_idle_rest(&w->idle, now_ns, wr_wire_deadline(w));
		end = wr_clock_cycles();
		wr_stat_add(&w->stats.n[busy ? WR_STAT_cycles_busy : WR_STAT_cycles_idle],
		            end - begin);
		if (wr_unlikely(end - begin > w->stall_cycles) && (busy || !w->idle.adaptive))
			wr_stat_add(&w->stalled_cycles, end - begin);
		WR_COUNT(&w->stats, polls, 1);
		WR_COUNT(&w->stats, polls_empty, !busy);
		begin = end;
	}
	return 0;
}
