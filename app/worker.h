/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_WORKER_H
#define WR_WORKER_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_mempool.h>

#include "wr_clock.h"
#include "wr_conf.h"
#include "wr_port.h"
#include "wr_stack.h"

/* How long a worker without work rests. */
struct wr_idle {
	bool adaptive;        /* false: poll on */
	uint64_t patience_ns; /* polls on for so long after the last work */
	uint64_t since_ns;    /* when there was work last */
};

/* One worker lcore: a queue of the port for each direction, and the engine that it runs. */
struct wr_worker {
	alignas(WR_CACHE_LINE) bool stop; /* control: writes, worker: reads */
	alignas(WR_CACHE_LINE) struct wr_stats stats;
	struct wr_stack *stack;
	const struct wr_port *port;
	const struct wr_clock *clock;
	struct rte_mempool *pool;
	struct wr_impair *impair[WR_IMPAIR_SIDES]; /* NULL: frames pass untouched */
	struct wr_idle idle;
	uint64_t stall_cycles;    /* a round that takes longer was interrupted */
	uint64_t stalled_cycles;  /* in such rounds, naps left out; worker: writes */
	uint16_t queue, tx_queue; /* it receives from, and sends to */
	unsigned lcore, cpu;
	int socket; /* NUMA node; -1 if unknown */
};

/* Bytes of a worker's impairments; makes them, from the seed of its process, when the other
 * members are set; frees them with the frames in them. */
uint64_t wr_wire_bytes(const struct wr_conf *conf);
int wr_wire_open(struct wr_worker *worker, const struct wr_conf *conf, uint64_t seed,
                 struct wr_err *err);
void wr_wire_close(struct wr_worker *worker);

/* Frames of the worker's queue for its engine: at most WR_STACK_BURST, in order. */
unsigned wr_wire_rx(struct wr_worker *worker, struct rte_mbuf **frames, uint64_t now_ns);

/* The engine's frames to the worker's queue; returns whether any moved. */
bool wr_wire_tx(struct wr_worker *worker, uint64_t now_ns);

/* When engine or impairment next have work, ns; UINT64_MAX: never. */
uint64_t wr_wire_deadline(const struct wr_worker *worker);

/* The loop; for rte_eal_remote_launch(). Returns 0 when stop was set. */
int wr_worker_run(void *worker);

/* From the control thread: the loop ends after the round that it is in. */
static inline void wr_worker_stop(struct wr_worker *worker)
{
	__atomic_store_n(&worker->stop, true, __ATOMIC_RELAXED);
}

/* How long to sleep now, at most until deadline_ns; 0: poll on. */
uint64_t wr_idle_nap_ns(const struct wr_idle *idle, uint64_t now_ns, uint64_t deadline_ns);

/* Rests after a round without work, until deadline_ns at most. */
void wr_idle_rest(const struct wr_idle *idle, uint64_t now_ns, uint64_t deadline_ns);

#endif /* WR_WORKER_H */
