/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_STACK_H
#define WR_STACK_H

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "wr_err.h"
#include "wr_service.h"
#include "wr_stats.h"

/*
 * One core's engine. It does no I/O and has no clock: frames and time come in, frames go
 * out. The DPDK loop, the simulator, the packet scripts and the fuzzers are all callers.
 * One thread calls all functions of one stack.
 */
struct wr_stack;

#define WR_STACK_BURST    64 /* frames a burst, at most */
#define WR_STACK_SERVICES 32
#define WR_STACK_MD5_KEYS 16
#define WR_STACK_TASKS    (4 + WR_STACK_SERVICES)

/* One listener: a service on a port. */
struct wr_stack_service {
	const struct wr_service *service;
	uint32_t addr; /* 0: all local addresses */
	uint16_t port;
	bool tcp, udp;
	struct wr_tcp_options options;
};

struct wr_stack_conf {
	struct wr_ip_conf ip;
	struct wr_tcp_conf tcp;
	struct wr_stack_service service[WR_STACK_SERVICES];
	unsigned services;
	struct wr_tcp_md5_key md5[WR_STACK_MD5_KEYS];
	unsigned md5_keys;
	struct rte_mempool *pool;     /* of this core: Rx buffers and what is made here */
	const struct wr_owner *owner; /* shared, read-only */
	uint32_t core;                /* which of owner->cores this is */
	struct rte_ring *const
		*inbox;           /* inbox[i]: frames for core i; NULL if there is one core */
	bool hash_is_ours;        /* mbuf->hash.rss was computed with wr_rss_key */
	struct wr_sipkey key;     /* from a CSPRNG; a seed in tests */
	uint64_t seed;            /* of the pseudo-random choices */
	uint64_t (*cycles)(void); /* stamps for the stage counters; NULL: not measured */
	int socket;               /* NUMA node */
	/* A service ends a connection whose request is not complete, or whose answer is not
	 * taken, after so long; 0: never. */
	uint64_t request_timeout_us;
};

/*
 * One more service, of WR_STACK_SERVICES at most, at its own port of TCP and UDP, with the
 * options that it asks for. Returns its row, which may be changed.
 */
struct wr_stack_service *wr_stack_serve(struct wr_stack_conf *conf,
                                        const struct wr_service *service);

/* Returns the stack, or NULL and *err. stats is borrowed: the stats core reads it. */
struct wr_stack *wr_stack_new(const struct wr_stack_conf *conf, struct wr_stats *stats,
                              uint64_t now_ns, struct wr_err *err);
/* Frees everything it holds, buffers too. */
void wr_stack_free(struct wr_stack *stack);

/* Bytes of tables that a stack of this configuration takes, buffers not counted. */
uint64_t wr_stack_bytes(const struct wr_stack_conf *conf);

/*
 * The ring of core `core` through which the other cores hand frames over, on NUMA node
 * `socket` (-1: any); `name` begins its name. Made before the stacks, freed after them. NULL
 * and rte_errno: ENOMEM, EEXIST. wr_stack_inbox_free(NULL) is allowed.
 */
struct rte_ring *wr_stack_inbox_new(const char *name, uint32_t core, int socket);
void wr_stack_inbox_free(struct rte_ring *inbox);

/*
 * Burst in: takes n <= WR_STACK_BURST frames and counts them (rx_frames, rx_bytes). All are
 * processed, then each connection that owes an acknowledgement or may send does so once.
 */
void wr_stack_input(struct wr_stack *stack, struct rte_mbuf *const *frames, unsigned n,
                    uint64_t now_ns);

/*
 * Runs timers that are due, frames that other cores handed over, and control messages.
 * Returns whether there was anything to do. Call it in every round.
 */
bool wr_stack_tick(struct wr_stack *stack, uint64_t now_ns);

/*
 * Burst out: up to max frames to be sent, in order; the caller owns them. They count as sent
 * (tx_frames, tx_bytes) at the next call of wr_stack_output() or wr_stack_tick(), unless the
 * caller says otherwise before:
 */
unsigned wr_stack_output(struct wr_stack *stack, struct rte_mbuf **frames, unsigned max);

/*
 * Gives back frames that could not be sent: the last `n` of the last burst out, in order.
 * Counts a full NIC queue (tx_ring_full).
 */
void wr_stack_unsent(struct wr_stack *stack, struct rte_mbuf *const *frames, unsigned n);

/* Of the last burst out, the driver dropped n: they count as tx_refused, not as tx_frames;
 * their bytes are not known and stay in tx_bytes. */
void wr_stack_refused(struct wr_stack *stack, unsigned n);

/* Next deadline: when wr_stack_tick() next has work, ns; UINT64_MAX: never. */
uint64_t wr_stack_deadline(const struct wr_stack *stack);

/*
 * Whether the cycles of this round are counted by stage (1 round of 32 with frames). To be
 * asked before the burst in; the caller then counts its own stages, rx and tx.
 */
bool wr_stack_is_timed(const struct wr_stack *stack);

/* The time that the last call was given, ns. */
uint64_t wr_stack_now_ns(const struct wr_stack *stack);

/*
 * Work that is not an answer to a frame: a load generator, a paced sender. It runs in every
 * tick, before what connections owe is sent.
 */
struct wr_stack_task {
	bool (*run)(void *arg, uint64_t now_ns); /* whether there was anything to do */
	uint64_t (*deadline)(void *arg);         /* when there next is, ns; UINT64_MAX: never */
	void *arg;
};

/* From the thread of the stack, or before it runs. Returns 0 or -ENOSPC. */
int wr_stack_add_task(struct wr_stack *stack, const struct wr_stack_task *task);

struct wr_tcp *wr_stack_tcp(struct wr_stack *stack);
struct wr_udp *wr_stack_udp(struct wr_stack *stack);
struct wr_ip *wr_stack_ip(struct wr_stack *stack);

/*
 * Control: the main lcore asks, the worker answers between two bursts. The asker owns the
 * message and must keep it until *done (control: clears, worker: sets, release order).
 */
enum wr_stack_ask {
	WR_ASK_CONNECTIONS, /* a page of connections: what wr_tcp_dump() gives */
	WR_ASK_DRAIN, /* close listeners and connections in order, for the shutdown: done at
	               * once as a message, over some ticks as a deed */
	WR_ASK_ABORT, /* reset what a drain has left, likewise */
	WR_ASK_CALL,  /* run a function on the worker: it must be short */
};

#define WR_ASK_PAGE 64 /* connections a message */

struct wr_stack_message {
	enum wr_stack_ask ask;
	uint32_t done;
	uint32_t taken; /* by the worker, or back by the asker */
	/* WR_ASK_CONNECTIONS */
	struct wr_tcp_filter filter;
	uint32_t every, cursor;
	unsigned count;
	struct wr_tcp_info info[WR_ASK_PAGE];
	/* WR_ASK_CALL */
	void (*call)(struct wr_stack *stack, void *arg);
	void *arg;
};

/* From any control thread. Returns 0, or -EAGAIN if the worker's mailbox is full. */
int wr_stack_post(struct wr_stack *stack, struct wr_stack_message *message);

/*
 * From the thread that posted it. Returns whether the worker will do nothing of what it asks
 * for, as it had not begun: then only the message itself must be kept until it is done.
 * Otherwise the worker is at it, or has done it.
 */
bool wr_stack_retract(struct wr_stack_message *message);

#endif /* WR_STACK_H */
