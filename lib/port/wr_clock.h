/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_CLOCK_H
#define WR_CLOCK_H

#include <stdint.h>

/*
 * The clock of the data path: nanoseconds since wr_clock_init(), from the TSC.
 * The only other clock there is, wall time, is for reports.
 */
struct wr_clock {
	uint64_t hz;    /* TSC cycles a second */
	uint64_t start; /* TSC at wr_clock_init() */
	uint64_t mult;  /* nanoseconds a cycle, as a 32.32 fixed-point number */
};

void wr_clock_init(struct wr_clock *clock);
uint64_t wr_clock_ns(const struct wr_clock *clock);
uint64_t wr_clock_cycles(void); /* raw TSC */

#endif /* WR_CLOCK_H */
