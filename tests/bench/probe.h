/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How far apart two cores are: a cache line that goes back and forth. Where a hypervisor
 * moves virtual CPUs, that changes from one second to the next, and with it every figure of
 * a benchmark that needs both.
 */
#ifndef BENCH_PROBE_H
#define BENCH_PROBE_H

#include <stdalign.h>
#include <stdint.h>

#include "wr_base.h"

#define PROBE_NEAR_NS 80 /* less is near, anything else far */

struct probe {
	alignas(WR_CACHE_LINE) uint32_t turn; /* both sides: write in turns */
};

/*
 * Both cores call it at about the same time, with side 0 and 1. Returns how long the line
 * takes one way, in TSC cycles: the median of several parts, so that an interruption does
 * not count. Both sides get a figure; they agree.
 */
double probe_run(struct probe *probe, unsigned side);

#endif /* BENCH_PROBE_H */
