/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much the engine does: basic blocks that it entered, counted by the compiler's coverage
 * calls. The same run gives the same number on any machine, so that work for one packet can
 * have a bound that a test checks. Only wringer_sim_counted has such an engine.
 */
#ifndef WR_SIM_WORK_H
#define WR_SIM_WORK_H

#include <stdint.h>

/* Basic blocks entered so far; 0: nobody counts. */
uint64_t sim_work(void);

#endif /* WR_SIM_WORK_H */
