/* SPDX-License-Identifier: BSD-3-Clause */
/* A host for the targets that make one, or two, for each execution: small, so that it is made
 * quickly, and with tables that are soon full. */
#ifndef WR_FUZZ_SMALL_HOST_H
#define WR_FUZZ_SMALL_HOST_H

#include "wr_stack.h"

/* As wire_conf(), with the pool of this program and tables of a few entries. */
void small_host_conf(struct wr_stack_conf *conf, unsigned host);

#endif /* WR_FUZZ_SMALL_HOST_H */
