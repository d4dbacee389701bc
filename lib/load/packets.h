/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets that ask for no answer, at a rate or as fast as the output queue empties. */
#ifndef WR_LOAD_PACKETS_H
#define WR_LOAD_PACKETS_H

#include "load.h"

struct load_packets {
	struct wr_plan plan;
	double rate; /* packets a second, of all cores; 0: as fast as it goes */
};

/* The plan begins with the run; a new rate; how many were due and never sent. */
void load_packets_start(struct wr_load *load, struct load_packets *packets, double rate);
void load_packets_set(struct load_packets *packets, double rate, uint64_t now_ns);
void load_packets_stop(struct wr_load *load, struct load_packets *packets, uint64_t end_ns);

/*
 * Sends what is due, a burst at most and none while the driver has not taken the last one:
 * send_one() returns false if there was no buffer. Whether anything was sent.
 */
bool load_packets_run(struct wr_load *load, struct load_packets *packets,
                      bool (*send_one)(struct wr_load *load), uint64_t now_ns);
uint64_t load_packets_deadline(const struct wr_load *load, const struct load_packets *packets);

#endif /* WR_LOAD_PACKETS_H */
