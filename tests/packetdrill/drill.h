/* SPDX-License-Identifier: BSD-3-Clause */
/* The shared object's inside: one host with one engine in virtual time, and its sockets. */
#ifndef WR_DRILL_H
#define WR_DRILL_H

#include <pthread.h>
#include <stdbool.h>

#include "table.h"
#include "wr_stack.h"

#define DRILL_SOCKETS 64
#define DRILL_FRAMES  4096       /* sent and not yet looked at */
#define DRILL_ADDR    0xc6120001 /* 198.18.0.1/24 */
#define DRILL_GATEWAY 0xc6120002

struct drill_socket {
	struct drill *drill;
	int fd; /* an eventfd, so that the kernel knows the handle too; -1: not in use */
	bool listens, nonblocking, was_open, connecting, resets_at_close;
	bool eof; /* the peer's FIN came, and all text before it was read */
	bool reads_no_more, writes_no_more;
	uint32_t addr;
	uint16_t port;
	int error;        /* to be told once; 0: none */
	struct wr_tcb *c; /* NULL: none, or it is over */
	struct wr_tcp_options options;
	struct drill_socket *listener; /* it waits there for accept(), in order of `turn` */
	unsigned turn;
};

/* A thread that waits in a call. */
struct drill_sleeper {
	bool (*ready)(void *arg);
	void *arg;
	uint64_t until_ns; /* then it waits no more */
	bool awake;
	struct drill_sleeper *next;
};

struct drill {
	pthread_mutex_t lock;   /* of every call */
	pthread_cond_t changed; /* a sleeper woke, or time may go on */
	pthread_t main;         /* the script's thread: the one that moves time */
	struct drill_sleeper *sleepers;
	bool settling; /* a sleeper woke and has not yet read the clock: time stands still */
	uint64_t now_ns;
	struct rte_mempool *pool;
	struct wr_owner owner;
	struct wr_stats stats;
	struct wr_stack_conf conf;
	struct wr_stack *stack;
	struct wr_tcp *tcp;
	struct wr_tcp_options options; /* of new sockets */
	unsigned head, frames, turns;
	struct rte_mbuf *frame[DRILL_FRAMES];
	uint64_t sent_ns[DRILL_FRAMES];
	struct drill_socket socket[DRILL_SOCKETS];
};

/* Reads "key=value,..."; exits with a message if there is no such key. */
void drill_read_flags(struct drill *d, const char *flags);

/* The engine hears from the gateway by ARP. */
void drill_meet_peer(struct drill *d);

/* Lets the engine do what is due now, and wakes who waited for that. */
void drill_work(struct drill *d);

/*
 * Waits until ready(arg), at most until until_ns: a second thread sleeps, the main thread lets
 * time pass. False: the time is up, or nothing would ever happen.
 */
bool drill_wait(struct drill *d, bool (*ready)(void *arg), void *arg, uint64_t until_ns);

/*
 * Begin and end of a call: the lock, the socket (NULL and EBADF: not held), the engine's turn.
 */
struct drill_socket *drill_socket_of(struct drill *d, int fd);
struct drill_socket *drill_enter(struct drill *d, int fd);
void drill_leave(struct drill_socket **s);
/* Declares the socket of a call, which ends with its scope; returns -1 if there is none. */
#define DRILL_CALL(s, userdata, fd)                                                            \
	struct drill_socket *s __attribute__((cleanup(drill_leave))) =                         \
		drill_enter(userdata, fd);                                                     \
	if (!s)                                                                                \
	return -1

int drill_fail(int error);               /* -1 and errno; 0 if there is none */
int drill_error(struct drill_socket *s); /* the one that is to be told, told now */
int drill_listen_anew(struct drill_socket *s);
bool drill_someone_waits(void *listener);

void drill_fill_clock(struct drill_table *table);
void drill_fill_sockets(struct drill_table *table);
void drill_fill_streams(struct drill_table *table);
void drill_fill_options(struct drill_table *table);

#endif /* WR_DRILL_H */
