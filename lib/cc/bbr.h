/* SPDX-License-Identifier: BSD-3-Clause */
/* BBR's two halves: the model of the path (bbr_model.c) and what is done with it (bbr.c). */
#ifndef WR_BBR_H
#define WR_BBR_H

#include "cc.h"

/* Names in comments are those of draft-ietf-ccwg-bbr. Gains and shares are in percent. */
enum {
	BBR_LOSS_THRESH = 2,
	BBR_BETA = 70,
	BBR_HEADROOM = 15,
	BBR_PACING_MARGIN = 1,
	BBR_STARTUP_PACING_GAIN = 277,
	BBR_DRAIN_PACING_GAIN = 50,
	BBR_CWND_GAIN = 200,
	BBR_UP_CWND_GAIN = 225,
	BBR_FULL_BW_GROWTH = 125,
	BBR_FULL_BW_COUNT = 3,
	BBR_FULL_LOSS_COUNT = 6,
	BBR_MIN_PIPE_SEGMENTS = 4,
	BBR_EXTRA_ACKED_ROUNDS = 10,
	BBR_MIN_RTT_US = 10 * 1000000,
	BBR_PROBE_RTT_EVERY_US = 5 * 1000000,
	BBR_PROBE_RTT_LASTS_US = 200 * 1000,
};

enum bbr_state {
	BBR_STARTUP,
	BBR_DRAIN,
	BBR_DOWN,
	BBR_CRUISE,
	BBR_REFILL,
	BBR_UP,
	BBR_PROBE_RTT,
};

enum bbr_phase { /* BBR.ack_phase: what the ACKs of this round tell of */
	         BBR_ACKS_INIT,
	         BBR_ACKS_REFILLING,
	         BBR_ACKS_PROBE_STARTING,
	         BBR_ACKS_PROBE_FEEDBACK,
	         BBR_ACKS_PROBE_STOPPING,
};

static inline struct wr_bbr *bbr_of(const struct wr_cc *cc)
{
	return &wr_cc_model(cc)->bbr;
}

static inline bool bbr_is_probe_bw(const struct wr_bbr *b)
{
	return b->state >= BBR_DOWN && b->state <= BBR_UP;
}

static inline uint32_t bbr_percent(uint32_t bytes, uint32_t percent)
{
	uint64_t share = (uint64_t)bytes * percent / 100;

	return share > UINT32_MAX ? UINT32_MAX : (uint32_t)share;
}

static inline uint32_t bbr_min_pipe(const struct wr_cc *cc)
{
	return BBR_MIN_PIPE_SEGMENTS * cc->smss;
}

/* ---- bbr_model.c: bandwidth, round-trip time, how much the path holds ---- */

void bbr_model_init(struct wr_bbr *b, const struct wr_cc_start *start);
/* The first half of what an ACK tells: BBRUpdateLatestDeliverySignals() to
 * BBRCheckFullBWReached(). */
void bbr_model_learn(struct wr_cc *cc, const struct wr_cc_ack *ack);
/* BBRAdvanceLatestDeliverySignals() and BBRBoundBWForModel(). */
void bbr_model_settle(struct wr_bbr *b, const struct wr_cc_ack *ack);
/* BBRUpdateMinRTT(). */
void bbr_model_min_rtt(struct wr_bbr *b, const struct wr_cc_ack *ack);
void bbr_start_round(struct wr_bbr *b, uint64_t delivered);
void bbr_reset_full_bw(struct wr_bbr *b);
void bbr_reset_short_term(struct wr_bbr *b);
void bbr_reset_congestion_signals(struct wr_bbr *b);
void bbr_advance_max_bw(struct wr_bbr *b);
uint64_t bbr_max_bw(const struct wr_bbr *b);
/* Bytes that `gain` percent of the bandwidth-delay product are; the initial window while that
 * is not known. */
uint32_t bbr_bdp(const struct wr_cc *cc, const struct wr_bbr *b, uint64_t bw, uint32_t gain);
/* BBRInflight(): what has to be in flight for that, with room for bursts. */
uint32_t bbr_inflight(const struct wr_cc *cc, const struct wr_bbr *b, uint64_t bw,
                      uint32_t gain);
uint32_t bbr_inflight_with_headroom(const struct wr_cc *cc, const struct wr_bbr *b);

#endif /* WR_BBR_H */
