/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the arrival of one segment does to a connection, by the letter of RFC 9293 section
 * 3.10.7 with RFC 5961 and 1337, and what docs/rfc.md deviates from it. A model to compare the
 * engine with: it shares nothing with the engine but the names of states and flags, and knows
 * no queues, timers or options. Numbers are relative, modulo 2^32.
 */
#ifndef WR_ARRIVAL_H
#define WR_ARRIVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "wr_stats.h"

/* A connection, or none: CLOSED and LISTEN, which have no numbers. */
struct arrival_tcb {
	enum wr_tcp_state state;
	bool passive; /* SYN-RECEIVED: after a SYN to a listener */
	bool listens; /* there is a listener on its port */
	uint32_t iss, irs;
	uint32_t una, nxt, max_wnd;
	uint32_t rcv_nxt, edge; /* SND.*; RCV.NXT and RCV.NXT+RCV.WND */
};

struct arrival_segment {
	uint8_t flags;
	uint32_t seq, ack, text;
	bool bad_checksum;
};

enum arrival_answer { ARRIVAL_SILENCE, ARRIVAL_ACK, ARRIVAL_SYNACK, ARRIVAL_RESET };

struct arrival_outcome {
	enum arrival_answer answer;
	uint32_t seq, ack;
	bool has_ack; /* the answer has ACK and `ack` */
	enum wr_tcp_state state;
	uint32_t delivered; /* bytes of text */
};

struct arrival_outcome arrival(const struct arrival_tcb *tcb,
                               const struct arrival_segment *segment);

#endif /* WR_ARRIVAL_H */
