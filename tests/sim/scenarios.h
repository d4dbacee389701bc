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

extern const struct sim_scenario sim_scenarios[];
extern const unsigned sim_scenario_count;

#endif /* WR_SIM_SCENARIOS_H */
