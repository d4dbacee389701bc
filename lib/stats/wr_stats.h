/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_STATS_H
#define WR_STATS_H

#include <stdalign.h>
#include <stdint.h>

#include "wr_base.h"

enum wr_stat {
#define WR_STAT(name, kind, unit, help) WR_STAT_##name,
#include "wr_stats.def"
	WR_STAT_COUNT
};

enum wr_tcp_state {
#define WR_TCP_STATE(state, name, short_name) WR_TCP_##state,
#include "wr_tcp_states.def"
	WR_TCP_STATE_COUNT
};

/* WR_V_tcp_accepted and so on; WR_V_NEXT: not decided yet, go on with the next step. */
enum wr_verdict {
#define WR_VERDICT(layer, name, kind, help) WR_V_##layer##_##name,
#include "wr_verdicts.def"
	WR_VERDICT_COUNT,
	WR_V_NEXT = WR_VERDICT_COUNT
};

enum wr_cause {
#define WR_CAUSE(name, again, help) WR_CAUSE_##name,
#include "wr_causes.def"
	WR_CAUSE_COUNT
};

enum wr_reason {
#define WR_REASON(name, help) WR_REASON_##name,
#include "wr_reasons.def"
	WR_REASON_COUNT
};

enum wr_stage {
#define WR_STAGE(name, help) WR_STAGE_##name,
#include "wr_stages.def"
	WR_STAGE_COUNT
};

/*
 * One core's numbers. Only that core writes, so no locked instruction is needed; the
 * stats core reads at any time and may see numbers of slightly different instants.
 */
struct wr_stats {
	alignas(WR_CACHE_LINE) uint64_t n[WR_STAT_COUNT];
	uint64_t verdict[WR_VERDICT_COUNT];       /* frames */
	uint64_t cause[WR_CAUSE_COUNT];           /* frames */
	uint64_t reason[WR_REASON_COUNT];         /* connections ended */
	uint64_t connections[WR_TCP_STATE_COUNT]; /* gauge: connections now in that state */
	uint64_t transition[WR_TCP_STATE_COUNT][WR_TCP_STATE_COUNT]; /* from, to */
	uint64_t cycles[WR_STAGE_COUNT]; /* TSC cycles of sampled bursts */
	uint64_t cycles_frames;          /* frames in those sampled bursts */
	uint64_t cycles_bursts;          /* how many bursts were sampled */
};

/* WR_COUNT(stats, rx_frames, 3): adds to a counter or moves a gauge. */
#define WR_COUNT(stats, member, by) wr_stat_add(&(stats)->n[WR_STAT_##member], (uint64_t)(by))
#define WR_LEVEL(stats, member, to) wr_stat_set(&(stats)->n[WR_STAT_##member], (uint64_t)(to))

static inline void wr_stat_set(uint64_t *n, uint64_t to)
{
	__atomic_store_n(n, to, __ATOMIC_RELAXED);
}

static inline void wr_stat_add(uint64_t *n, uint64_t by)
{
	__atomic_store_n(n, *n + by, __ATOMIC_RELAXED);
}

static inline uint64_t wr_stat_read(const uint64_t *n)
{
	return __atomic_load_n(n, __ATOMIC_RELAXED);
}

/* Moves a connection from one state to another: gauges and matrix. */
static inline void wr_stats_transition(struct wr_stats *stats, enum wr_tcp_state from,
                                       enum wr_tcp_state to)
{
	wr_stat_add(&stats->connections[from], (uint64_t)-1);
	wr_stat_add(&stats->connections[to], 1);
	wr_stat_add(&stats->transition[from][to], 1);
}

enum wr_stat_kind { WR_COUNTER, WR_GAUGE };
enum wr_verdict_kind { WR_USED, WR_DROP };

struct wr_stat_desc {
	const char *name; /* "tcp_segments_in" */
	const char *unit; /* "segments" */
	const char *help;
	enum wr_stat_kind kind;
};

struct wr_verdict_desc {
	const char *layer; /* "tcp" */
	const char *name;  /* "accepted" */
	const char *help;
	enum wr_verdict_kind kind;
};

struct wr_named {
	const char *name;
	const char *help;
};

extern const struct wr_stat_desc wr_stat_desc[WR_STAT_COUNT];
extern const struct wr_verdict_desc wr_verdict_desc[WR_VERDICT_COUNT];
extern const struct wr_named wr_cause_desc[WR_CAUSE_COUNT];
extern const char *const wr_cause_again[WR_CAUSE_COUNT]; /* "rto"; NULL: no retransmission */
extern const struct wr_named wr_reason_desc[WR_REASON_COUNT];
extern const struct wr_named wr_stage_desc[WR_STAGE_COUNT];
extern const char *const wr_tcp_state_name[WR_TCP_STATE_COUNT];  /* "FIN-WAIT-1" */
extern const char *const wr_tcp_state_short[WR_TCP_STATE_COUNT]; /* "ESTAB": as ss says it */

/* Adds one core's numbers to a sum. The source may be written meanwhile. */
void wr_stats_sum(struct wr_stats *sum, const struct wr_stats *core);

/* Segments sent again, for whatever cause. */
uint64_t wr_stats_rexmits(const struct wr_stats *stats);

/*
 * The books: what came in less what became of it, and the same for what went out. Zero on
 * a core at rest; while it runs, a snapshot may be a burst apart.
 *   in:  rx_frames + rx_handed_in + rx_reassembled - sum of verdicts
 *   out: sum of causes - tx_frames - tx_refused - tx_dropped - tx_staged
 *        - arp_waiting - arp_dropped
 * To both is added what went into the impairment of that direction (wr_impair.h) less what
 * became of it:
 *   impair_in + impair_duplicated - impair_out - impair_lost - impair_queue_full
 *       - impair_overflow - impair_waiting (and - impair_tx_refused)
 */
int64_t wr_stats_unbalanced_in(const struct wr_stats *stats);
int64_t wr_stats_unbalanced_out(const struct wr_stats *stats);

#endif /* WR_STATS_H */
