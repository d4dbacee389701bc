/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "worker.h"

/* Between a worker's engine and its queues of the port: impairment, where there is any. */

#define TX_BURSTS 4 /* a round, at most, so that reception gets its turn */

/* ---- life ---- */

uint64_t wr_wire_bytes(const struct wr_conf *conf)
{
	uint64_t bytes = 0;

	for (unsigned side = 0; side < WR_IMPAIR_SIDES; side++) {
		struct wr_impair_conf impair;
		struct wr_err err;

		if (!wr_conf_impair(conf, side, &impair, NULL, &err) &&
		    !wr_impair_is_none(&impair))
			bytes += wr_impair_bytes(&impair);
	}
	return bytes;
}

int wr_wire_open(struct wr_worker *w, const struct wr_conf *conf, uint64_t seed,
                 struct wr_err *err)
{
	for (unsigned side = 0; side < WR_IMPAIR_SIDES; side++) {
		const struct wr_impair_env env = {
			.side = side,
			.pool = w->pool,
			.stats = &w->stats,
			.seed = seed + w->queue,
			.socket = w->socket,
		};
		struct wr_impair_conf impair;
		int rc = wr_conf_impair(conf, side, &impair, NULL, err);

		if (rc < 0)
			return rc;
		if (wr_impair_is_none(&impair))
			continue;
		w->impair[side] = wr_impair_new(&impair, &env);
		if (!w->impair[side])
			return wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENOMEM,
			                  "worker %u: there is no memory for %u frames under "
			                  "way; give more with --mem, or a smaller limit= in "
			                  "--impair",
			                  w->queue, impair.limit);
	}
	return 0;
}

void wr_wire_close(struct wr_worker *w)
{
	for (unsigned side = 0; side < WR_IMPAIR_SIDES; side++) {
		wr_impair_free(w->impair[side]);
		w->impair[side] = NULL;
	}
}

/* ---- the loop's part ---- */

/* A worker whose frames are all under way still has work: more are coming. */
static unsigned receive_impaired(struct wr_worker *w, struct rte_mbuf **frames, unsigned n,
                                 uint64_t now_ns)
{
	struct wr_impair *impair = w->impair[WR_IMPAIR_RX];

	if (n)
		w->idle.since_ns = now_ns;
	wr_impair_push(impair, frames, n, now_ns);
	n = wr_impair_pull(impair, frames, WR_STACK_BURST, now_ns);
	wr_impair_settle(impair, NULL, 0, 0);
	return n;
}

unsigned wr_wire_rx(struct wr_worker *w, struct rte_mbuf **frames, uint64_t now_ns)
{
	uint64_t lost = 0;
	unsigned n = wr_port_rx(w->port, w->queue, frames, WR_STACK_BURST, w->pool, &lost);

	WR_COUNT(&w->stats, rx_no_mbuf, lost);
	return wr_likely(!w->impair[WR_IMPAIR_RX]) ? n : receive_impaired(w, frames, n, now_ns);
}

static unsigned transmit(struct wr_worker *w)
{
	struct rte_mbuf *frames[WR_STACK_BURST];
	uint64_t refused = 0;
	unsigned n = wr_stack_output(w->stack, frames, WR_STACK_BURST), sent;

	if (!n)
		return 0;
	sent = wr_port_tx(w->port, w->tx_queue, frames, (uint16_t)n, &refused);
	if (wr_unlikely(refused))
		wr_stack_refused(w->stack, (unsigned)refused);
	if (wr_unlikely(sent < n))
		wr_stack_unsent(w->stack, frames + sent, n - sent);
	return sent;
}

/* Sends a burst of the frames whose time has come. */
static bool transmit_due(struct wr_worker *w, uint64_t now_ns)
{
	struct wr_impair *impair = w->impair[WR_IMPAIR_TX];
	struct rte_mbuf *frames[WR_STACK_BURST];
	uint64_t refused = 0;
	unsigned n = wr_impair_pull(impair, frames, WR_STACK_BURST, now_ns), sent;

	if (!n)
		return false;
	sent = wr_port_tx(w->port, w->tx_queue, frames, (uint16_t)n, &refused);
	wr_impair_settle(impair, frames + sent, n - sent, (unsigned)refused);
	WR_COUNT(&w->stats, tx_ring_full, sent < n);
	return sent > 0;
}

/* While the port takes no frame that is due, the engine keeps those that it has. */
static bool transmit_impaired(struct wr_worker *w, uint64_t now_ns)
{
	struct wr_impair *impair = w->impair[WR_IMPAIR_TX];
	bool busy = transmit_due(w, now_ns);

	for (unsigned i = 0; i < TX_BURSTS && wr_impair_deadline(impair) > now_ns; i++) {
		struct rte_mbuf *frames[WR_STACK_BURST];
		unsigned n = wr_stack_output(w->stack, frames, WR_STACK_BURST);

		if (!n)
			break;
		wr_impair_push(impair, frames, n, now_ns);
		transmit_due(w, now_ns);
		busy = true;
	}
	return busy;
}

bool wr_wire_tx(struct wr_worker *w, uint64_t now_ns)
{
	unsigned sent = WR_STACK_BURST;
	bool busy = false;

	if (wr_unlikely(w->impair[WR_IMPAIR_TX] != NULL))
		return transmit_impaired(w, now_ns);
	for (unsigned i = 0; i < TX_BURSTS && sent == WR_STACK_BURST; i++)
		busy |= (sent = transmit(w)) > 0;
	return busy;
}

uint64_t wr_wire_deadline(const struct wr_worker *w)
{
	uint64_t first_ns = wr_stack_deadline(w->stack);

	for (unsigned side = 0; side < WR_IMPAIR_SIDES; side++) {
		uint64_t ns =
			w->impair[side] ? wr_impair_deadline(w->impair[side]) : UINT64_MAX;

		first_ns = ns < first_ns ? ns : first_ns;
	}
	return first_ns;
}
