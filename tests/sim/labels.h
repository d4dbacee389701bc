/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Labels: what tells hosts, connections and bytes apart, and means nothing to TCP. Addresses,
 * ports, initial sequence numbers, offsets of timestamps, origins of clocks: a run in which all
 * of them are others must be the same run.
 */
#ifndef WR_SIM_LABELS_H
#define WR_SIM_LABELS_H

#include "sim.h"

/*
 * *out is the plan with all its labels exchanged; `ran` is what came of it. Two labels matter,
 * and are chosen so that they do not: which core has a flow (Toeplitz of addresses and ports)
 * stays as it was, and so do the low bits of a timestamp that a SYN cookie replaces by what it
 * has to remember, which is RTT as the peer measures it.
 */
void sim_labels_exchange(const struct sim_plan *plan, const struct sim_result *ran,
                         struct sim_plan *out);

/*
 * Runs a plan twice, which must do the same byte for byte, and once more with its labels
 * exchanged, which must do the same but for them, unless ISNs of one end came close to each
 * other in one of both. *result is that of the first run.
 */
void sim_run_thrice(struct sim_world *world, const struct sim_plan *plan,
                    struct sim_result *result);

/* Is this what sim_run_thrice() found, and no single run would? */
bool sim_labels_failed(const struct sim_result *result);
/* The first line in which the run and the one with other labels differ, to stderr. */
void sim_labels_tell(struct sim_world *world, const struct sim_plan *plan);

#endif /* WR_SIM_LABELS_H */
