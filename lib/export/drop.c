/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>
#include <stdio.h>

#include "wr_drop.h"

static const struct {
	enum wr_stat stat;
	const char *direction;
} counted[WR_DROP_STATS] = {
	{WR_STAT_rx_no_mbuf, "in"},
	{WR_STAT_tx_refused, "out"},
	{WR_STAT_tx_dropped, "out"},
	{WR_STAT_arp_dropped, "out"},
	{WR_STAT_impair_rx_lost, "in"},
	{WR_STAT_impair_rx_queue_full, "in"},
	{WR_STAT_impair_rx_overflow, "in"},
	{WR_STAT_impair_tx_lost, "out"},
	{WR_STAT_impair_tx_queue_full, "out"},
	{WR_STAT_impair_tx_overflow, "out"},
	{WR_STAT_impair_tx_refused, "out"},
};

static const struct {
	const char *reason, *direction, *help;
	size_t offset; /* in struct wr_port_counters */
} nic[WR_PORT_DROPS] = {
	{"nic_missed", "in", "Frames that the NIC lost because its queue was full",
         offsetof(struct wr_port_counters, imissed)},
	{"nic_error", "in", "Frames that the NIC received damaged",
         offsetof(struct wr_port_counters, ierrors)},
	{"nic_no_mbuf", "in", "Frames that the driver lost for lack of buffers",
         offsetof(struct wr_port_counters, rx_nombuf)},
	{"nic_tx_error", "out", "Frames that the NIC or driver failed to send",
         offsetof(struct wr_port_counters, oerrors)},
};

static bool of_verdict(const struct wr_stats *stats, unsigned i, struct wr_drop *drop)
{
	const struct wr_verdict_desc *desc = &wr_verdict_desc[i];

	if (desc->kind != WR_DROP)
		return false;
	drop->direction = "in";
	drop->help = desc->help;
	drop->frames = wr_stat_read(&stats->verdict[i]);
	snprintf(drop->reason, sizeof(drop->reason), "%s_%s", desc->layer, desc->name);
	return true;
}

bool wr_drop_of_core(const struct wr_stats *stats, unsigned i, struct wr_drop *drop)
{
	const struct wr_stat_desc *desc;

	if (i < WR_VERDICT_COUNT)
		return of_verdict(stats, i, drop);
	i -= WR_VERDICT_COUNT;
	desc = &wr_stat_desc[counted[i].stat];
	drop->direction = counted[i].direction;
	drop->help = desc->help;
	drop->frames = wr_stat_read(&stats->n[counted[i].stat]);
	snprintf(drop->reason, sizeof(drop->reason), "%s", desc->name);
	return true;
}

void wr_drop_of_port(const struct wr_port_counters *counters, unsigned i, struct wr_drop *drop)
{
	drop->direction = nic[i].direction;
	drop->help = nic[i].help;
	drop->frames = *(const uint64_t *)((const char *)counters + nic[i].offset);
	snprintf(drop->reason, sizeof(drop->reason), "%s", nic[i].reason);
}
