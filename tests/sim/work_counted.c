/* SPDX-License-Identifier: BSD-3-Clause */
#include "work.h"

static uint64_t blocks;

void __sanitizer_cov_trace_pc(void);

/* The compiler calls it in each basic block of what is built with trace-pc. */
void __sanitizer_cov_trace_pc(void)
{
	blocks++;
}

uint64_t sim_work(void)
{
	return blocks;
}
