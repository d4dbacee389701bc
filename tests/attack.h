/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An attack on host 0 of a memory wire, and two honest clients on host 1 beside it: one
 * exchanges messages on a connection for ever, the other opens a new connection for each. The
 * attacker has any address, gives frames to host 0, and what is sent to it goes to a sink.
 *
 * The oracle, attack_close(): both clients got as much done as without the attack, bytes are
 * right, no honest connection was ended; after a while every table, timer and buffer is free
 * again, and the books balance.
 */
#ifndef WR_ATTACK_H
#define WR_ATTACK_H

#include "craft.h"
#include "wire.h"

#define ATTACK_VICTIM  0xc6120001u /* 198.18.0.1 */
#define ATTACK_HONEST  0xc6120002u
#define ATTACK_GATEWAY 0xc61200feu
#define ATTACK_FAR     0xc6130000u /* 198.19.0.0/16 lies behind the gateway */

/* An honest client of the echo service. */
struct attack_client {
	struct attack *attack;
	struct wr_tcb *c;
	bool reconnects; /* a connection for each message */
	bool stopped;
	uint32_t heard;               /* bytes of this message */
	uint64_t done;                /* messages that came back */
	uint64_t done_ns, longest_ns; /* when the last one did; between two of them, at most */
	uint64_t broken; /* connections that ended, or bytes that came back, otherwise */
};

struct attack {
	struct wire wire;
	struct attack_client client[2];
	uint64_t frames_in, bytes_in;   /* of the attacker */
	uint64_t frames_out, bytes_out; /* to the attacker */
	uint64_t resets_out;            /* of them */
	uint64_t at_peace[2];           /* messages in a tenth of a second without an attack */
	uint64_t began_ns, began[2];
	/* Looks at what is sent to the attacker; m stays the wire's. NULL: nobody does. */
	void (*on_frame)(struct attack *a, const struct rte_mbuf *m);
	void *user;
};

/* What the victim is by default: echo, discard and chargen, tables of some hundreds. */
void attack_conf(struct wr_stack_conf *conf);

/* Begins: honest clients are at work, and have been measured. conf NULL: attack_conf(). */
void attack_open(struct attack *a, const struct wr_stack_conf *conf);

/* The way of frames from an address to the victim: far ones come from the gateway. */
struct craft_path attack_path(uint32_t from);

/* A buffer pool for the attacker's frames. */
struct rte_mempool *attack_pool(struct attack *a);

/* Gives the victim a frame, and takes it. Time passes: about a million frames a second. */
void attack_frame(struct attack *a, struct rte_mbuf *m);

/* The same for a segment from `from`. */
void attack_segment(struct attack *a, uint32_t from, const struct craft_tcp *tcp);

/* Lets time pass. */
void attack_wait(struct attack *a, uint64_t ns);

/* From here on the honest clients are judged: what came before is forgiven. */
void attack_judge_from_here(struct attack *a);

/* The attack is over: asserts that the honest clients were not disturbed. */
void attack_judge(struct attack *a);

/* Stops the clients, waits until all that may expire has, asserts that all is free, and ends.
 */
void attack_close(struct attack *a);

const struct wr_stats *attack_stats(struct attack *a);

#endif /* WR_ATTACK_H */
