/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_IPERF3_H
#define WR_IPERF3_H

#include <stdbool.h>
#include <stdint.h>

#include "i3_params.h"
#include "i3_report.h"
#include "wr_err.h"
#include "wr_owner.h"
#include "wr_stack.h"

/*
 * iperf3, both ends. The control thread keeps the tests: it speaks the protocol, keeps the
 * times and prints. Workers accept connections, tell them by their first 37 bytes, and move
 * data. All functions but wr_iperf3_attach() are the control thread's.
 */
struct wr_iperf3;

struct wr_iperf3_conf {
	bool server;
	uint16_t port;  /* of the server, TCP and UDP */
	const char *cc; /* the congestion control that the engine runs */
	uint64_t seed;  /* of cookies and payload */
	unsigned conns; /* connections and flows of a worker, at most */
	const struct wr_owner *owner;
	uint64_t rcv_timeout_ns; /* a test in which no data moves for so long is over */
	struct i3_report_conf report;
	/* Server. */
	unsigned max_tests; /* at the same time; a client beyond is turned away */
	bool one_off;       /* over after one test */
	/* Client. */
	struct i3_params params;
	uint32_t laddr, raddr;       /* host order */
	uint16_t cport;              /* local port of the first stream; 0: chosen */
	uint32_t connect_timeout_ms; /* 0: the engine's own */
};

/* Bytes of the tables of one worker. */
uint64_t wr_iperf3_worker_bytes(unsigned conns);

/* conf is borrowed. NULL: no memory. */
struct wr_iperf3 *wr_iperf3_new(const struct wr_iperf3_conf *conf, uint64_t now_ns);

/* Hooks worker number `worker` in, before it runs. Returns 0, or a negative errno and *err. */
int wr_iperf3_attach(struct wr_iperf3 *i3, unsigned worker, struct wr_stack *stack,
                     struct wr_stats *stats, struct rte_mempool *pool, int socket,
                     struct wr_err *err);

/* What a server prints when it listens, or a client's first order: once, workers running. */
void wr_iperf3_start(struct wr_iperf3 *i3, uint64_t now_ns);

/*
 * One round, to be called about once a millisecond. Returns false when there is nothing more
 * to do: a client's test is over, or a server was interrupted or served its one test.
 */
bool wr_iperf3_run(struct wr_iperf3 *i3, uint64_t now_ns);

/* A signal: every test reports what it has and tells its peer. */
void wr_iperf3_interrupt(struct wr_iperf3 *i3, uint64_t now_ns);

/* How the last test ended; *why (of 256 bytes) is a sentence if it failed. */
enum wr_exit wr_iperf3_result(const struct wr_iperf3 *i3, char why[256]);

/* After the workers have ended. */
void wr_iperf3_free(struct wr_iperf3 *i3);

#endif /* WR_IPERF3_H */
