/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef I3_PACE_H
#define I3_PACE_H

#include <stdint.h>

/*
 * The plan of a paced sender: byte k of the stream is due k * 8 / rate seconds after its
 * beginning. Whoever was kept from sending catches up, by at most a second's worth.
 */
struct i3_pace {
	uint64_t rate;     /* bits/s; > 0 */
	uint64_t start_ns; /* when byte 0 was due */
	uint64_t sent;     /* bytes since then */
	uint64_t next_ns;  /* when the next byte is due */
};

void i3_pace_start(struct i3_pace *pace, uint64_t rate, uint64_t now_ns);

/* Bytes were sent: moves next_ns. */
void i3_pace_sent(struct i3_pace *pace, uint64_t bytes, uint64_t now_ns);

#endif /* I3_PACE_H */
