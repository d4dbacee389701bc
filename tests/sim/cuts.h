/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shortened schedules: what is left out of a plan, as text, so that a failure
 * can be replayed with little around it.
 */
#ifndef WR_SIM_CUTS_H
#define WR_SIM_CUTS_H

#include "sim.h"

struct sim_cuts {
	uint32_t flows;           /* bit i: flow i does not take place */
	uint32_t path[SIM_SIDES]; /* bit i: row i of the table of paths is as in calm
	                             plans */
	uint32_t host[SIM_HOSTS]; /* the same, hosts */
	unsigned halvings;        /* of all texts */
	struct sim_kept kept;     /* faults that chance brings */
};

#define SIM_CUTS_TEXT 2048 /* characters, at most */

void sim_cuts_apply(const struct sim_cuts *cuts, struct sim_plan *plan);
/* "flow1,path0.loss,host1.late,text/8,faults=3-5+9". False: it is not that. */
bool sim_cuts_read(struct sim_cuts *cuts, const char *text);
void sim_cuts_write(const struct sim_cuts *cuts, char out[SIM_CUTS_TEXT]);

/*
 * Cuts greedily what can be cut so that the plan still fails for the same
 * reason. *result is that of the last failure. Returns how many runs it took.
 */
unsigned sim_shorten(struct sim_world *world, const struct sim_plan *plan,
                     struct sim_cuts *cuts, struct sim_result *result);

#endif /* WR_SIM_CUTS_H */
