/* SPDX-License-Identifier: BSD-3-Clause */
/* A TCP client on host 1 of a memory wire: says a text, in pieces, and keeps what it hears. */
#ifndef WR_TALKER_H
#define WR_TALKER_H

#include "wire.h"

struct talker {
	struct wire *wire;
	struct wr_tcb *c;
	const char *text; /* to be said */
	size_t len, said; /* bytes */
	size_t piece;     /* bytes a segment, at most; 0: 1000 */
	bool paused;      /* refuses what comes */
	bool forgets;     /* keeps nothing, only counts */
	bool stays;       /* does not close when the peer has closed */
	bool hangs_up;    /* closes when all is said */
	char *heard;      /* terminated */
	size_t heard_len, heard_room;
	unsigned opened, peer_closed, closed;
	enum wr_reason reason;
};

/* Connects to a port of host 0; time passes until it is done. */
void talker_start(struct talker *t, struct wire *wire, uint16_t port);

/* Says more, and lets time pass. The text must live on until it is said. */
void talker_say_bytes(struct talker *t, const void *text, size_t len);
void talker_say(struct talker *t, const char *text);

/* Closes its side, and lets time pass. */
void talker_hang_up(struct talker *t);

/* Reads again, and lets `ns` pass. */
void talker_wake(struct talker *t, uint64_t ns);

/* Forgets what it heard. */
void talker_forget(struct talker *t);

/* Frees what it heard; the wire may be gone. */
void talker_free(struct talker *t);

#endif /* WR_TALKER_H */
