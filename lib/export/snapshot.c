/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "wr_drop.h"
#include "wr_snapshot.h"

struct wr_snapshot *wr_snapshot_new(void)
{
	size_t bytes =
		(sizeof(struct wr_snapshot) + WR_CACHE_LINE - 1) & ~(size_t)(WR_CACHE_LINE - 1);
	struct wr_snapshot *snapshot = aligned_alloc(WR_CACHE_LINE, bytes);

	if (snapshot)
		memset(snapshot, 0, sizeof(*snapshot));
	return snapshot;
}

/* Growth a second. A number that fell (a level, or a core read while it wrote) gives 0. */
static uint64_t per_second(uint64_t now, uint64_t before, uint64_t interval_ns)
{
	if (now <= before)
		return 0;
	return (uint64_t)((double)(now - before) * (double)WR_S(1) / (double)interval_ns + 0.5);
}

static void words_per_second(void *rate, const void *now, const void *before, size_t bytes,
                             uint64_t interval_ns)
{
	for (size_t i = 0; i < bytes / sizeof(uint64_t); i++)
		((uint64_t *)rate)[i] = per_second(((const uint64_t *)now)[i],
		                                   ((const uint64_t *)before)[i], interval_ns);
}

static void derive_rate(struct wr_snapshot *s, const struct wr_snapshot *before)
{
	words_per_second(&s->rate, &s->sum, &before->sum, sizeof(s->rate), s->interval_ns);
	for (unsigned i = 0; i < WR_STAT_COUNT; i++)
		if (wr_stat_desc[i].kind == WR_GAUGE)
			s->rate.n[i] = 0;
	memset(s->rate.connections, 0, sizeof(s->rate.connections));
	for (unsigned i = 0; i < s->ports; i++)
		words_per_second(&s->port[i].rate, &s->port[i].counters,
		                 &before->port[i].counters, sizeof(s->port[i].rate),
		                 s->interval_ns);
}

static void derive_busy(struct wr_snapshot_core *core, const struct wr_snapshot_core *before)
{
	uint64_t busy =
		core->stats.n[WR_STAT_cycles_busy] - before->stats.n[WR_STAT_cycles_busy];
	uint64_t idle =
		core->stats.n[WR_STAT_cycles_idle] - before->stats.n[WR_STAT_cycles_idle];
	double share = busy + idle ? (double)busy / (double)(busy + idle) : 0;

	core->busy_ppm = (uint32_t)(share * 1e6 + 0.5);
}

void wr_snapshot_derive(struct wr_snapshot *snapshot, const struct wr_snapshot *before)
{
	memset(&snapshot->sum, 0, sizeof(snapshot->sum));
	memset(&snapshot->rate, 0, sizeof(snapshot->rate));
	for (unsigned i = 0; i < snapshot->cores; i++)
		wr_stats_sum(&snapshot->sum, &snapshot->core[i].stats);

	snapshot->sequence = snapshot->begun = before ? before->sequence + 1 : 1;
	snapshot->interval_ns = 0;
	if (!before || snapshot->time_ns <= before->time_ns)
		return;
	snapshot->interval_ns = snapshot->time_ns - before->time_ns;
	derive_rate(snapshot, before);
	for (unsigned i = 0; i < snapshot->cores; i++)
		derive_busy(&snapshot->core[i], &before->core[i]);
}

uint64_t wr_snapshot_drops(const struct wr_snapshot *snapshot)
{
	struct wr_drop drop;
	uint64_t frames = 0;

	for (unsigned i = 0; i < WR_DROPS; i++)
		if (wr_drop_of_core(&snapshot->sum, i, &drop))
			frames += drop.frames;
	for (unsigned p = 0; p < snapshot->ports; p++)
		for (unsigned i = 0; i < WR_PORT_DROPS; i++) {
			wr_drop_of_port(&snapshot->port[p].counters, i, &drop);
			frames += drop.frames;
		}
	return frames;
}
