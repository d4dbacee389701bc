/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_DROP_H
#define WR_DROP_H

#include <stdbool.h>
#include <stdint.h>

#include "wr_port.h"
#include "wr_stats.h"

/* Frames lost for one reason: a DROP verdict, a counter of its own, or one of the NIC's. */
struct wr_drop {
	const char *direction; /* "in" or "out" */
	const char *help;
	char reason[48]; /* "tcp_bad_checksum", "tx_dropped", "nic_missed" */
	uint64_t frames;
};

#define WR_DROP_STATS 11 /* rows of wr_stats.def that count lost frames */
#define WR_DROPS      (WR_VERDICT_COUNT + WR_DROP_STATS)
#define WR_PORT_DROPS 4

/* Number i < WR_DROPS of a core's list; false: that verdict is no drop. */
bool wr_drop_of_core(const struct wr_stats *stats, unsigned i, struct wr_drop *drop);

/* Number i < WR_PORT_DROPS of a port's list. */
void wr_drop_of_port(const struct wr_port_counters *counters, unsigned i, struct wr_drop *drop);

#endif /* WR_DROP_H */
