/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_SIM_SCENARIOS_H
#define WR_SIM_SCENARIOS_H

#include "sim.h"

/* A situation with a name, run with some seeds. */
struct sim_scenario {
	const char *name; /* a sentence */
	unsigned seeds;
	void (*prepare)(struct sim_plan *plan);
	/* Looks at the numbers of a good run; returns what is wrong with them, or NULL. */
	const char *(*judge)(const struct sim_plan *plan, const struct sim_result *result);
};

/* The i-th of all; NULL: there are not so many. */
const struct sim_scenario *sim_scenario(unsigned i);
/* The i-th of those whose goodput is known. */
const struct sim_scenario *sim_goodput_scenario(unsigned i);

#endif /* WR_SIM_SCENARIOS_H */
