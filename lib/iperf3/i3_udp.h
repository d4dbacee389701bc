/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef I3_UDP_H
#define I3_UDP_H

#include <stdbool.h>
#include <stdint.h>

/* The header of each datagram: when it was sent, and its number in the stream, from 1. */
#define I3_UDP_HEADER_32 12
#define I3_UDP_HEADER_64 16

struct i3_udp_header {
	uint64_t sent_ns; /* sender's clock: only differences mean something */
	uint64_t number;
};

/* Bytes of the header. */
static inline unsigned i3_udp_header_bytes(bool is_64bit)
{
	return is_64bit ? I3_UDP_HEADER_64 : I3_UDP_HEADER_32;
}

void i3_udp_put(uint8_t *out, bool is_64bit, const struct i3_udp_header *h);
void i3_udp_get(const uint8_t *in, bool is_64bit, struct i3_udp_header *h);

/* What a receiver knows of a stream: iperf3's arithmetic, with jitter as RFC 1889 has it. */
struct i3_udp_receiver {
	uint64_t highest;      /* highest number so far */
	uint64_t lost;         /* numbers jumped over, less what came late */
	uint64_t out_of_order; /* numbers not above the highest */
	int64_t transit_ns;    /* of the last datagram */
	double jitter_ns;
	bool begun;
};

void i3_udp_receive(struct i3_udp_receiver *r, const struct i3_udp_header *h, uint64_t now_ns);

#endif /* I3_UDP_H */
