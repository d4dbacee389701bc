/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include <rte_memcpy.h>
#include <rte_prefetch.h>

#include "cable.h"

#define SAMPLED_ROUNDS 16         /* one of so many is timed; a power of two */
#define GAP_NS         WR_US(100) /* a round never takes so long by itself */
#define TX_BURSTS      4          /* a round, at most, as the worker's loop */

/* The least time between two readings of the TSC. */
static uint32_t stamp_cost(void)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < 1000; i++) {
		uint64_t begin = wr_clock_cycles(), cycles = wr_clock_cycles() - begin;

		if (cycles < least)
			least = cycles;
	}
	return (uint32_t)least;
}

void cable_init(struct cable *cable, bool nic)
{
	memset(cable, 0, sizeof(*cable));
	wr_clock_init(&cable->clock);
	cable->rx_flags = nic ? RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD : 0;
	cable->stamp_cycles = stamp_cost();
	for (unsigned i = 0; i < 2; i++) {
		cable->to[i] = aligned_alloc(WR_CACHE_LINE, sizeof(*cable->to[i]));
		if (!cable->to[i])
			abort();
		memset(cable->to[i], 0, sizeof(*cable->to[i]));
	}
}

uint64_t cable_now(struct cable *cable)
{
	uint64_t now_ns = wr_clock_ns(&cable->clock), gap_ns = now_ns - cable->seen_ns;

	if (wr_unlikely(gap_ns > GAP_NS))
		cable->gaps_ns += gap_ns;
	cable->seen_ns = now_ns;
	return now_ns - cable->gaps_ns;
}

static unsigned lane_take(struct cable_lane *lane, struct rte_mbuf **frames)
{
	unsigned n = wr_min(lane->count, WR_STACK_BURST);

	for (unsigned i = 0; i < n; i++)
		frames[i] = lane->frame[(lane->head + i) % CABLE_FLIGHT];
	lane->head = (lane->head + n) % CABLE_FLIGHT;
	lane->count -= n;
	/* Those of the next burst, which may have left long ago. */
	for (unsigned i = 0; i < lane->count && i < WR_STACK_BURST; i++)
		rte_prefetch0(lane->frame[(lane->head + i) % CABLE_FLIGHT]);
	return n;
}

void cable_free(struct cable *cable)
{
	struct rte_mbuf *frames[WR_STACK_BURST];

	for (unsigned i = 0; i < 2; i++) {
		unsigned n;

		while ((n = lane_take(cable->to[i], frames)))
			rte_pktmbuf_free_bulk(frames, n);
		free(cable->to[i]);
	}
}

static bool is_alone(const struct rte_mbuf *m)
{
	return rte_mbuf_refcnt_read(m) == 1 && m->nb_segs == 1 && RTE_MBUF_DIRECT(m);
}

/* What the NIC's DMA does. NULL: no buffer. */
static struct rte_mbuf *copy_of(struct rte_mbuf *m, struct rte_mempool *pool)
{
	struct rte_mbuf *copy = rte_pktmbuf_alloc(pool);

	if (copy)
		rte_memcpy(rte_pktmbuf_append(copy, m->data_len), rte_pktmbuf_mtod(m, void *),
		           m->data_len);
	rte_pktmbuf_free(m);
	return copy;
}

static unsigned receive(struct cable *cable, unsigned to, struct rte_mbuf **frames)
{
	unsigned n = lane_take(cable->to[to], frames), received = 0;

	for (unsigned i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(frames[i], void *));
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = frames[i];

		if (!is_alone(m))
			m = copy_of(m, cable->host[to].pool);
		if (!m) {
			cable->lost++;
			continue;
		}
		m->ol_flags = cable->rx_flags;
		frames[received++] = m;
	}
	return received;
}

static void transmit(struct cable *cable, unsigned to, struct rte_mbuf *const *frames,
                     unsigned n)
{
	struct cable_lane *lane = cable->to[to];

	if (wr_unlikely(cable->cut[to] || lane->count + n > CABLE_FLIGHT)) {
		for (unsigned i = 0; i < n; i++)
			rte_pktmbuf_free(frames[i]);
		cable->lost += n;
		return;
	}
	for (unsigned i = 0; i < n; i++)
		lane->frame[(lane->head + lane->count++) % CABLE_FLIGHT] = frames[i];
}

static void stop_watch(struct cable *cable, uint64_t begin)
{
	cable->cycles += wr_clock_cycles() - begin - cable->stamp_cycles;
}

static void host_round(struct cable *cable, unsigned which, bool timed)
{
	struct wr_stack *stack = cable->host[which].stack;
	struct rte_mbuf *frames[WR_STACK_BURST];
	uint64_t now_ns = cable_now(cable);
	uint64_t begin = timed ? wr_clock_cycles() : 0;
	unsigned n = receive(cable, which, frames), sent = WR_STACK_BURST;

	if (timed) {
		stop_watch(cable, begin);
		cable->frames += n;
	}
	wr_stack_input(stack, frames, n, now_ns);
	wr_stack_tick(stack, now_ns);
	for (unsigned i = 0; i < TX_BURSTS && sent == WR_STACK_BURST; i++) {
		sent = wr_stack_output(stack, frames, WR_STACK_BURST);
		begin = timed ? wr_clock_cycles() : 0;
		transmit(cable, !which, frames, sent);
		if (timed)
			stop_watch(cable, begin);
	}
}

void cable_round(struct cable *cable)
{
	bool timed = !(cable->round++ & (SAMPLED_ROUNDS - 1));

	host_round(cable, HOST_SERVER, timed);
	host_round(cable, HOST_CLIENT, timed);
}
