/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The far end of one TCP connection to an engine: it writes segments by hand and watches what
 * comes back. For the targets that fuzz a connection.
 */
#ifndef WR_FUZZ_PEER_H
#define WR_FUZZ_PEER_H

#include "craft.h"
#include "fuzz.h"
#include "wr_stack.h"

#define PEER_PORT 7 /* of the engine's listener */

struct peer {
	struct wr_stack *stack;
	struct wr_stats stats;
	uint64_t now_ns;
	uint16_t port; /* the peer's own */
	bool is_open;  /* the engine has the connection */
	bool refuses;  /* the service takes no text */
	struct wr_tcb *c;
	uint32_t iss;   /* the peer's; its text begins at iss + 1 */
	uint32_t irs;   /* the engine's */
	uint32_t taken; /* bytes of the peer's text that the service got, in order */
	uint32_t given; /* bytes of text that the service sent */

	/* What the engine last said. */
	bool has_ack;
	uint32_t ack;    /* the highest */
	uint32_t edge;   /* right edge of its window, the furthest */
	uint8_t wscale;  /* of its window */
	uint32_t nxt;    /* the highest sequence number sent, FIN included */
	bool ts;         /* timestamps were agreed on */
	uint32_t ts_val; /* its newest, if so */
	struct wr_sack sack[WR_SACK_MAX];
	unsigned sacks; /* of its last segment */
};

/* The text that the peer sends, and what the service sends: from place `at` on it is written,
 * or bytes are told to be that. */
void peer_write(uint8_t *text, uint32_t at, uint32_t bytes);
bool peer_is_text(const uint8_t *text, uint32_t at, uint32_t bytes);

/* A buffer with `bytes` of that text. NULL: there is none. */
struct rte_mbuf *peer_text(uint32_t at, uint16_t bytes);

/* m is what on_data gives: text, one piece, and that from place `at` on. */
void peer_check_text(const struct rte_mbuf *m, uint32_t at);

/* Makes an engine that knows the peer's MAC; `sack`: it speaks SACK. */
void peer_begin(struct peer *peer, bool sack);

/*
 * A handshake from a new port, which asks for timestamps or does not. Forgets the connection
 * before, which lives on in the engine.
 */
void peer_open(struct peer *peer, bool ts);

#define PEER_STAMP 12 /* bytes */

/* The option of timestamps that the peer's segments have now: later by so many ms, and the echo
 * older by so many. */
void peer_stamp(const struct peer *peer, uint8_t option[PEER_STAMP], int later, uint32_t older);

/* Gives the engine a segment and takes what it answers; its ports are filled in. */
void peer_send(struct peer *peer, struct craft_tcp *tcp);

/* The same of any frame. */
void peer_send_frame(struct peer *peer, struct rte_mbuf *m);

/* Lets time pass; timers ring. */
void peer_wait(struct peer *peer, uint64_t ns);

/* The service sends so many bytes, as far as there is room and a buffer. */
void peer_serve(struct peer *peer, uint16_t bytes);

/* Books and buffers are checked, the engine ends. */
void peer_end(struct peer *peer);

extern const struct craft_path peer_path;

#endif /* WR_FUZZ_PEER_H */
