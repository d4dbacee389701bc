/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_CC_H
#define WR_CC_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Congestion control, seen from the engine.
 *
 * The engine reports events; the algorithm answers by writing cwnd and ssthresh. An
 * algorithm never sees a connection, a clock or a packet, so it is tested by feeding it
 * events. Adding one takes a file, a member of the union below and a line in wr_cc_all[].
 */

struct wr_cc_ops;

struct wr_cc_reno {
	uint32_t acked;     /* bytes acknowledged since cwnd last grew */
	uint32_t after_rto; /* 1: slow start after a time-out */
};

/*
 * Per-connection state, embedded in the connection: nothing to allocate or free. What
 * every segment needs comes first, in 12 bytes, so that it shares the line of the send
 * queue. Private state is made of 32-bit words, to stand right behind it.
 */
struct wr_cc {
	uint32_t cwnd;     /* bytes; never below 1 SMSS */
	uint32_t ssthresh; /* bytes; UINT32_MAX until the first loss */
	uint16_t smss;     /* bytes of text: SMSS, RFC 5681 section 2 */
	uint8_t algorithm; /* index into wr_cc_all[] */
	bool limited;      /* cwnd was what ended the sending of new text, when it last ended */
	union {
		struct wr_cc_reno reno;
		uint32_t room[8];
	};
};

static_assert(offsetof(struct wr_cc, room) == 12, "the hot part");

/* A cumulative ACK advanced SND.UNA. */
struct wr_cc_ack {
	uint64_t now_us;   /* engine clock */
	uint32_t acked;    /* bytes newly acknowledged; > 0 */
	uint32_t flight;   /* bytes in flight before this ACK: FlightSize */
	uint32_t rtt_us;   /* newest RTT sample; 0 if this ACK gave none */
	bool in_recovery;  /* this ACK does not yet end loss recovery */
	bool cwnd_limited; /* cwnd, not the application or the peer, held the sender back */
};

/* The engine decided that data was lost. */
struct wr_cc_loss {
	uint64_t now_us; /* engine clock */
	uint32_t flight; /* bytes in flight at detection: FlightSize */
};

/* No hook may fail or block. All are mandatory. */
struct wr_cc_ops {
	const char *name; /* as written in the configuration: "reno" */
	const char *spec; /* what it implements: "RFC 5681" */

	/* cwnd is set to `iw` bytes by the engine after this. */
	void (*init)(struct wr_cc *cc, uint64_t now_us);
	void (*on_ack)(struct wr_cc *cc, const struct wr_cc_ack *ack);
	void (*on_enter_recovery)(struct wr_cc *cc, const struct wr_cc_loss *loss);
	void (*on_leave_recovery)(struct wr_cc *cc, uint64_t now_us);
	/* First time-out of a loss event: ssthresh is lowered once; cwnd falls to the loss
	 * window. */
	void (*on_rto)(struct wr_cc *cc, const struct wr_cc_loss *loss);
	/* The connection was idle for longer than an RTO: cwnd = min(iw, cwnd), RFC 5681 4.1.
	 */
	void (*on_idle_restart)(struct wr_cc *cc, uint32_t iw, uint64_t now_us);
};

extern const struct wr_cc_ops wr_cc_reno_ops;
extern const struct wr_cc_ops *const wr_cc_all[]; /* ends with NULL */

static inline const struct wr_cc_ops *wr_cc_ops(const struct wr_cc *cc)
{
	return wr_cc_all[cc->algorithm];
}

/* Where an algorithm stands in wr_cc_all[]. */
uint8_t wr_cc_index(const struct wr_cc_ops *ops);

/* Finds an algorithm by its configuration name; NULL if there is none. */
const struct wr_cc_ops *wr_cc_find(const char *name);

/* RFC 6928 section 2: min(segments * MSS, max(2 * MSS, segments * 1460)) bytes. */
uint32_t wr_cc_initial_window(uint32_t smss, uint32_t segments);

#endif /* WR_CC_H */
