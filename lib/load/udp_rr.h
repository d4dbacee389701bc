/* SPDX-License-Identifier: BSD-3-Clause */
/* The inside of mode udp-rr. */
#ifndef WR_LOAD_UDP_RR_H
#define WR_LOAD_UDP_RR_H

#include "flows.h"

#define UDP_RR_NUMBER_BYTES 4

/* A request under way. */
struct udp_place {
	uint64_t planned_ns, sent_ns;
	uint32_t number; /* low bits */
	uint32_t bytes;  /* of the request */
	uint32_t want;   /* of the response */
	bool measured;
};

struct udp_rr {
	struct load_flows flows;
	struct udp_place *place; /* pipeline of each flow */
	struct wr_wheel *wheel;
	uint32_t active; /* flows that are wanted now, the first ones */
	uint64_t timeout_ns;
	bool sized;  /* speaks rr: else echo */
	bool tagged; /* echo: messages begin with their number */
};

static inline struct udp_rr *udp_rr(const struct wr_load *load)
{
	return load->own;
}

static inline struct udp_place *udp_place(const struct wr_load *load, uint32_t n, unsigned i)
{
	return &udp_rr(load)->place[(size_t)n * load->conf->pipeline + i];
}

/* The lowest bit that is set; there must be one. */
static inline unsigned udp_rr_lowest(uint64_t bits)
{
	return (unsigned)__builtin_ctzll(bits);
}

/* ---- udp_rr.c ---- */

/* The request in this place has its response. */
void udp_rr_answered(struct wr_load *load, uint32_t n, unsigned place);

/* ---- udp_answer.c ---- */

#define UDP_RR_NO_PLACE 64

/* The oldest request under way whose response has so many bytes; 0: of any length. */
unsigned udp_rr_oldest(const struct wr_load *load, uint32_t n, uint32_t bytes);

/* Takes a datagram on flow n, which it only reads; returns whether it ended a request. */
bool udp_rr_take(struct wr_load *load, uint32_t n, const struct rte_mbuf *m);

#endif /* WR_LOAD_UDP_RR_H */
