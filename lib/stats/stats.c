/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>

#include "wr_stats.h"

const struct wr_stat_desc wr_stat_desc[WR_STAT_COUNT] = {
#define WR_STAT(name, kind, unit, help) {#name, #unit, help, WR_##kind},
#include "wr_stats.def"
};

const struct wr_verdict_desc wr_verdict_desc[WR_VERDICT_COUNT] = {
#define WR_VERDICT(layer, name, kind, help) {#layer, #name, help, WR_##kind},
#include "wr_verdicts.def"
};

const struct wr_named wr_cause_desc[WR_CAUSE_COUNT] = {
#define WR_CAUSE(name, again, help) {#name, help},
#include "wr_causes.def"
};

const char *const wr_cause_again[WR_CAUSE_COUNT] = {
#define WR_CAUSE(name, again, help) again,
#include "wr_causes.def"
};

const struct wr_named wr_reason_desc[WR_REASON_COUNT] = {
#define WR_REASON(name, help) {#name, help},
#include "wr_reasons.def"
};

const struct wr_named wr_stage_desc[WR_STAGE_COUNT] = {
#define WR_STAGE(name, help) {#name, help},
#include "wr_stages.def"
};

const char *const wr_tcp_state_name[WR_TCP_STATE_COUNT] = {
#define WR_TCP_STATE(state, name, short_name) name,
#include "wr_tcp_states.def"
};

const char *const wr_tcp_state_short[WR_TCP_STATE_COUNT] = {
#define WR_TCP_STATE(state, name, short_name) short_name,
#include "wr_tcp_states.def"
};

/* struct wr_stats is 64-bit numbers from end to end, so that a new one needs no line here. */
void wr_stats_sum(struct wr_stats *sum, const struct wr_stats *core)
{
	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)core;

	for (unsigned i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += wr_stat_read(&from[i]);
}

static uint64_t total(const uint64_t *n, unsigned count)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < count; i++)
		sum += wr_stat_read(&n[i]);
	return sum;
}

static uint64_t stat(const struct wr_stats *stats, enum wr_stat which)
{
	return wr_stat_read(&stats->n[which]);
}

/* What went into an impairment less what became of it; index: of the books, in or out. */
static uint64_t impaired(const struct wr_stats *stats, unsigned side)
{
	static const enum wr_stat came[][2] = {
		{WR_STAT_impair_rx_in, WR_STAT_impair_tx_in},
		{WR_STAT_impair_rx_duplicated, WR_STAT_impair_tx_duplicated},
	};
	static const enum wr_stat went[][2] = {
		{WR_STAT_impair_rx_out, WR_STAT_impair_tx_out},
		{WR_STAT_impair_rx_lost, WR_STAT_impair_tx_lost},
		{WR_STAT_impair_rx_queue_full, WR_STAT_impair_tx_queue_full},
		{WR_STAT_impair_rx_overflow, WR_STAT_impair_tx_overflow},
		{WR_STAT_impair_rx_waiting, WR_STAT_impair_tx_waiting},
	};
	uint64_t sum = side ? -stat(stats, WR_STAT_impair_tx_refused) : 0;

	for (unsigned i = 0; i < WR_LEN(came); i++)
		sum += stat(stats, came[i][side]);
	for (unsigned i = 0; i < WR_LEN(went); i++)
		sum -= stat(stats, went[i][side]);
	return sum;
}

uint64_t wr_stats_rexmits(const struct wr_stats *stats)
{
	uint64_t segments = 0;

	for (unsigned i = 0; i < WR_CAUSE_COUNT; i++)
		if (wr_cause_again[i])
			segments += stats->cause[i];
	return segments;
}

int64_t wr_stats_unbalanced_in(const struct wr_stats *stats)
{
	uint64_t came = stat(stats, WR_STAT_rx_frames) + stat(stats, WR_STAT_rx_handed_in) +
	                stat(stats, WR_STAT_rx_reassembled);

	return (int64_t)(came - total(stats->verdict, WR_VERDICT_COUNT) + impaired(stats, 0));
}

int64_t wr_stats_unbalanced_out(const struct wr_stats *stats)
{
	uint64_t went = stat(stats, WR_STAT_tx_frames) + stat(stats, WR_STAT_tx_refused) +
	                stat(stats, WR_STAT_tx_dropped) + stat(stats, WR_STAT_tx_staged) +
	                stat(stats, WR_STAT_arp_waiting) + stat(stats, WR_STAT_arp_dropped);

	return (int64_t)(total(stats->cause, WR_CAUSE_COUNT) - went + impaired(stats, 1));
}
