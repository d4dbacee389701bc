/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_IMPAIR_H
#define WR_IMPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "wr_err.h"
#include "wr_stats.h"

/*
 * A bad network between a port and an engine, one for each core and direction: frames are
 * lost, repeated, damaged, marked, slowed down and held back, by chances that a seed
 * decides. It does no I/O, has no clock and allocates nothing after wr_impair_new(): frames
 * and time go in, frames and the next deadline come out. One thread calls all functions.
 *
 * A frame is lost or not; what is left may get a twin; from there each goes its own way:
 * damage, ECN mark, the line of `rate`, `delay`. The order is kept, under jitter too, but for
 * the frames that `reorder` holds back. Each kind of chance has its own random numbers, so
 * that the same seed loses the same frames whatever else is configured.
 */
struct wr_impair;

#define WR_IMPAIR_ALL       1000000                  /* parts per million: always */
#define WR_IMPAIR_TIME_MAX  WR_S(60)                 /* of a delay, a jitter, a hold */
#define WR_IMPAIR_RATE_MAX  ((uint64_t)400000000000) /* bits per second */
#define WR_IMPAIR_QUEUE_MAX (256u << 20)             /* bytes */
#define WR_IMPAIR_LIMIT_MIN 64u                      /* frames */
#define WR_IMPAIR_LIMIT_MAX (1u << 20)

/* One direction. All zero: nothing happens to anybody. Chances are parts per million. */
struct wr_impair_conf {
	uint32_t loss;        /* each frame, on its own */
	uint32_t burst_begin; /* that a burst of loss begins with a frame (Gilbert 1960) */
	uint32_t burst_end;   /* that it ends before a frame: mean length 1 / burst_end */
	uint32_t duplicate;   /* that an independent copy follows at once */
	uint32_t corrupt;     /* that a bit behind the Ethernet header flips; ARP is spared */
	uint32_t mark;        /* that an ECN-capable packet is marked, RFC 3168 */
	uint32_t reorder;     /* that a frame is held back, so that later ones overtake it */
	uint64_t hold_ns;     /* for so long */
	uint64_t delay_ns;    /* of every frame */
	uint64_t jitter_ns;   /* delay_ns - jitter_ns .. delay_ns + jitter_ns, evenly */
	uint64_t rate_bps;    /* bits per second of frames without FCS and preamble; 0: any */
	uint32_t queue_bytes; /* that may wait for the line, the frame on it included */
	uint32_t limit;       /* frames under way at once; 0: the caller's choice */
};

/* Towards us, or from us: which counters are used, impair_rx_* or impair_tx_*. */
enum wr_impair_side { WR_IMPAIR_RX, WR_IMPAIR_TX, WR_IMPAIR_SIDES };

struct wr_impair_env {
	enum wr_impair_side side;
	struct rte_mempool *pool; /* of copies: this core's */
	struct wr_stats *stats;   /* borrowed: this core's */
	uint64_t seed;
	int socket; /* NUMA node; -1: any */
};

/*
 * Reads "loss=1%,delay=20ms±5ms,rate=100M" or "none"; docs/impairment.md has the grammar. What
 * is not named is zero, hold_ns and queue_bytes have defaults. Returns 0, or -EINVAL and *err:
 * which item is wrong and what to write instead.
 */
int wr_impair_parse(const char *text, struct wr_impair_conf *conf, struct wr_err *err);

/* Whether frames pass untouched, so that no struct wr_impair is needed. */
bool wr_impair_is_none(const struct wr_impair_conf *conf);

/* NULL: no memory. conf->limit must be WR_IMPAIR_LIMIT_MIN .. WR_IMPAIR_LIMIT_MAX. */
struct wr_impair *wr_impair_new(const struct wr_impair_conf *conf,
                                const struct wr_impair_env *env);

/* Frees it with the frames that wait in it. NULL is allowed. */
void wr_impair_free(struct wr_impair *impair);

/* Bytes that one of this configuration takes, frames not counted. */
uint64_t wr_impair_bytes(const struct wr_impair_conf *conf);

/*
 * From now on this happens to frames; those under way keep their time, and new ones stay
 * behind them. The limit stays what it was.
 */
void wr_impair_set(struct wr_impair *impair, const struct wr_impair_conf *conf);

/*
 * Frames in, in the order in which they came; takes all of them. now_ns never goes back and
 * stays below 2^63. Buffers that others hold too are copied before they are written to.
 */
void wr_impair_push(struct wr_impair *impair, struct rte_mbuf *const *frames, unsigned n,
                    uint64_t now_ns);

/* Frames out whose time has come, at most max, in order; the caller owns them. */
unsigned wr_impair_pull(struct wr_impair *impair, struct rte_mbuf **frames, unsigned max,
                        uint64_t now_ns);

/*
 * What became of the last pull, before anything else is called: its last n frames could not
 * be sent and come back to be first next time; of the others, the driver dropped `refused`
 * (WR_IMPAIR_TX only). Not called, all of them are gone.
 */
void wr_impair_settle(struct wr_impair *impair, struct rte_mbuf *const *unsent, unsigned n,
                      unsigned refused);

/* When the next frame wants to leave, ns; UINT64_MAX: none waits. */
uint64_t wr_impair_deadline(const struct wr_impair *impair);

#endif /* WR_IMPAIR_H */
