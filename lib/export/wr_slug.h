/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_SLUG_H
#define WR_SLUG_H

#include "wr_stats.h"

/* A name as machines want it: "FIN-WAIT-1" becomes "fin_wait_1". */
struct wr_slug {
	char text[32];
};

struct wr_slug wr_slug(const char *name);

/* Of a TCP state. */
static inline struct wr_slug wr_slug_state(unsigned state)
{
	return wr_slug(wr_tcp_state_name[state]);
}

#endif /* WR_SLUG_H */
