/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_cycles.h>

#include "wr_base.h"
#include "wr_clock.h"

void wr_clock_init(struct wr_clock *clock)
{
	clock->hz = rte_get_tsc_hz();
	clock->mult = (uint64_t)(((__uint128_t)WR_S(1) << 32) / clock->hz);
	clock->start = rte_rdtsc();
}

uint64_t wr_clock_ns(const struct wr_clock *clock)
{
	return (uint64_t)(((__uint128_t)(rte_rdtsc() - clock->start) * clock->mult) >> 32);
}

uint64_t wr_clock_cycles(void)
{
	return rte_rdtsc();
}
