/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_SIM_GOODPUT_H
#define WR_SIM_GOODPUT_H

#include "sim.h"

#define GOODPUT_LINE 256 /* characters of a line, at most */

/* Prints the table, or compares it with the file `golden`. Returns 0, or -1 and says why. */
int goodput_table(struct sim_world *world, const char *golden);

#endif /* WR_SIM_GOODPUT_H */
