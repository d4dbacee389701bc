/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A memory wire: two hosts, each of one or more cores, joined back to back, with virtual
 * time that moves only when the test says so. What crosses it is what a NIC would put on a
 * cable: bytes.
 */
#ifndef WR_WIRE_H
#define WR_WIRE_H

#include "wr_stack.h"

#define WIRE_CORES  4
#define WIRE_FLIGHT 8192 /* frames on the wire, each way */

struct wire_host {
	unsigned cores;
	struct wr_stack *core[WIRE_CORES];
	struct wr_stats stats[WIRE_CORES];
	struct rte_ring *inbox[WIRE_CORES];
	struct rte_mempool *pool; /* one for all cores */
	unsigned pool_size;       /* buffers */
	struct wr_owner owner;
	/* The core whose queue gets a frame; NULL: always core 0. */
	unsigned (*steer)(const struct rte_mbuf *m, unsigned cores);
	struct wr_stack_conf conf;
};

struct wire_frame {
	struct rte_mbuf *m;
	uint64_t due_ns;
};

/* Frames under way to one host, in order. */
struct wire_lane {
	unsigned head, count;
	struct wire_frame frame[WIRE_FLIGHT];
};

struct wire {
	struct wire_host host[2];
	struct wire_lane to[2];
	uint64_t now_ns;
	uint64_t delay_ns; /* one way */
	/* Told of each frame that leaves for host `to`; false: the frame is lost. */
	bool (*pass)(void *ctx, unsigned to, const struct rte_mbuf *m);
	void *ctx;
};

/* What a host needs to run: 198.18.0.(host+1)/24, MTU 1500, small tables, no service. */
void wire_conf(struct wr_stack_conf *conf, unsigned host);

/* Makes host `host` with `cores` cores from conf (pool, owner and inboxes are added). */
void wire_attach(struct wire *wire, unsigned host, const struct wr_stack_conf *conf,
                 unsigned cores, unsigned buffers);

/*
 * A wire 50 us long whose host 0 runs `server` on `cores` cores, and whose host 1 has one core
 * and nothing but wire_conf(); each knows the other's address. There is one at a time.
 */
struct wire *wire_new(const struct wr_stack_conf *server, unsigned cores, unsigned buffers,
                      unsigned client_buffers);

/* One ARP exchange in both directions, so that the first frames of a test need not wait. */
void wire_meet(struct wire *wire);

/* Lets time pass until now_ns + ns: frames arrive, timers ring. */
void wire_run(struct wire *wire, uint64_t ns);

/* Puts a frame on the wire to host `to`, behind those under way, and takes it. */
void wire_send(struct wire *wire, unsigned to, struct rte_mbuf *m);

/* Gives one frame to a core as if its queue had received it, and takes it. */
void wire_inject(struct wire *wire, unsigned host, unsigned core, struct rte_mbuf *m);

/* The sum of all cores' numbers. */
void wire_stats(struct wire *wire, unsigned host, struct wr_stats *sum);

/* One of them. */
uint64_t wire_stat(struct wire *wire, unsigned host, enum wr_stat stat);

/* Frees both hosts; fails the test if a buffer is missing or the books do not balance. */
void wire_free(struct wire *wire);

#endif /* WR_WIRE_H */
