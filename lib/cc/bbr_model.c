/* SPDX-License-Identifier: BSD-3-Clause */
/* BBR's model of the path: draft-ietf-ccwg-bbr sections 5.5 and 5.3.1. */

#include "bbr.h"

void bbr_start_round(struct wr_bbr *b, uint64_t delivered)
{
	b->next_round_delivered = delivered;
}

void bbr_reset_full_bw(struct wr_bbr *b)
{
	b->full_bw = 0;
	b->full_bw_count = 0;
	b->full_bw_now = false;
}

void bbr_reset_short_term(struct wr_bbr *b)
{
	b->bw_lo = UINT64_MAX;
	b->inflight_lo = UINT32_MAX;
}

void bbr_reset_congestion_signals(struct wr_bbr *b)
{
	b->loss_in_round = false;
	b->losses_in_round = 0;
	b->bw_latest = 0;
	b->inflight_latest = 0;
}

void bbr_model_init(struct wr_bbr *b, const struct wr_cc_start *start)
{
	b->min_rtt_us = UINT32_MAX;
	b->probe_rtt_min_us = UINT32_MAX;
	b->min_rtt_stamp_us = b->probe_rtt_min_stamp_us = start->now_us;
	b->extra_acked_start_us = start->now_us;
	b->inflight_hi = UINT32_MAX;
	b->initial_cwnd = start->iw;
	bbr_reset_congestion_signals(b);
	bbr_reset_short_term(b);
	bbr_reset_full_bw(b);
}

/* ---- bandwidth ---- */

uint64_t bbr_max_bw(const struct wr_bbr *b)
{
	return b->max_bw[0] > b->max_bw[1] ? b->max_bw[0] : b->max_bw[1];
}

/* The filter holds two cycles of probing: MaxBwFilterLen. */
void bbr_advance_max_bw(struct wr_bbr *b)
{
	if (b->max_bw[1] == 0)
		return; /* nothing was learnt in this one */
	b->max_bw[0] = b->max_bw[1];
	b->max_bw[1] = 0;
}

static void update_round(struct wr_bbr *b, const struct wr_cc_rate *rate)
{
	b->round_start = rate->prior_delivered >= b->next_round_delivered;
	if (!b->round_start)
		return;
	bbr_start_round(b, rate->total_delivered);
	b->round_count++;
	b->rounds_since_probe++;
}

static void update_max_bw(struct wr_bbr *b, const struct wr_cc_rate *rate)
{
	if (rate->bytes_per_s >= bbr_max_bw(b) || !rate->app_limited)
		if (rate->bytes_per_s > b->max_bw[1])
			b->max_bw[1] = rate->bytes_per_s;
}

static void update_latest(struct wr_bbr *b, const struct wr_cc_rate *rate)
{
	b->loss_round_start = false;
	if (rate->bytes_per_s > b->bw_latest)
		b->bw_latest = rate->bytes_per_s;
	b->inflight_latest = wr_max(b->inflight_latest, rate->delivered);
	if (rate->prior_delivered >= b->loss_round_delivered) {
		b->loss_round_delivered = rate->total_delivered;
		b->loss_round_start = true;
	}
}

/* BBRAdaptLowerBoundsFromCongestion(), once a round with losses and not while probing. */
static void adapt_lower_bounds(const struct wr_cc *cc, struct wr_bbr *b)
{
	uint64_t bw;

	if (b->state == BBR_STARTUP || b->state == BBR_REFILL || b->state == BBR_UP ||
	    !b->loss_in_round)
		return;
	if (b->bw_lo == UINT64_MAX)
		b->bw_lo = bbr_max_bw(b);
	if (b->inflight_lo == UINT32_MAX)
		b->inflight_lo = cc->cwnd;
	bw = b->bw_lo / 100 * BBR_BETA;
	b->bw_lo = b->bw_latest > bw ? b->bw_latest : bw;
	b->inflight_lo = wr_max(b->inflight_latest, bbr_percent(b->inflight_lo, BBR_BETA));
}

void bbr_model_settle(struct wr_bbr *b, const struct wr_cc_ack *ack)
{
	const struct wr_cc_rate *rate = ack->rate;

	if (b->loss_round_start) {
		b->bw_latest = rate->bytes_per_s;
		b->inflight_latest = rate->delivered;
	}
	b->bw = bbr_max_bw(b) < b->bw_lo ? bbr_max_bw(b) : b->bw_lo;
}

/* ---- aggregation: ACKs that come in lumps ---- */

static void update_extra_acked(const struct wr_cc *cc, struct wr_bbr *b,
                               const struct wr_cc_ack *ack)
{
	uint32_t rounds = b->full_bw_reached ? BBR_EXTRA_ACKED_ROUNDS : 1;
	uint64_t interval_us = ack->now_us - b->extra_acked_start_us;
	uint64_t expected = b->bw * interval_us / 1000000;
	uint64_t extra;

	if (b->extra_acked_delivered <= expected) {
		b->extra_acked_delivered = 0;
		b->extra_acked_start_us = ack->now_us;
		expected = 0;
	}
	b->extra_acked_delivered += ack->rate->newly_delivered;
	extra = b->extra_acked_delivered - expected;
	/* The most of this stretch of rounds and of the one before. */
	if (b->round_count - b->extra_acked_round >= rounds) {
		b->extra_acked[0] = b->extra_acked[1];
		b->extra_acked[1] = 0;
		b->extra_acked_round = b->round_count;
	}
	extra = extra > cc->cwnd ? cc->cwnd : extra;
	b->extra_acked[1] = wr_max(b->extra_acked[1], (uint32_t)extra);
}

/* ---- is the pipe full? ---- */

static void check_full_bw(struct wr_bbr *b, const struct wr_cc_rate *rate)
{
	if (b->full_bw_now || !b->round_start || rate->app_limited)
		return;
	if (rate->bytes_per_s >= b->full_bw / 100 * BBR_FULL_BW_GROWTH) {
		bbr_reset_full_bw(b);
		b->full_bw = rate->bytes_per_s;
		return;
	}
	b->full_bw_count++;
	b->full_bw_now = b->full_bw_count >= BBR_FULL_BW_COUNT;
	b->full_bw_reached |= b->full_bw_now;
}

void bbr_model_learn(struct wr_cc *cc, const struct wr_cc_ack *ack)
{
	struct wr_bbr *b = bbr_of(cc);
	const struct wr_cc_rate *rate = ack->rate;

	update_latest(b, rate);
	update_round(b, rate);
	update_max_bw(b, rate);
	if (b->loss_round_start)
		adapt_lower_bounds(cc, b);
	update_extra_acked(cc, b, ack);
	check_full_bw(b, rate);
}

/* ---- round-trip time ---- */

void bbr_model_min_rtt(struct wr_bbr *b, const struct wr_cc_ack *ack)
{
	bool expired = ack->now_us > b->probe_rtt_min_stamp_us + BBR_PROBE_RTT_EVERY_US;

	b->probe_rtt_expired = expired;
	if (ack->rtt_us && (ack->rtt_us < b->probe_rtt_min_us || expired)) {
		b->probe_rtt_min_us = ack->rtt_us;
		b->probe_rtt_min_stamp_us = ack->now_us;
	}
	if (b->probe_rtt_min_us < b->min_rtt_us ||
	    ack->now_us > b->min_rtt_stamp_us + BBR_MIN_RTT_US) {
		b->min_rtt_us = b->probe_rtt_min_us;
		b->min_rtt_stamp_us = b->probe_rtt_min_stamp_us;
	}
}

/* ---- how much the path holds ---- */

uint32_t bbr_bdp(const struct wr_cc *cc, const struct wr_bbr *b, uint64_t bw, uint32_t gain)
{
	uint64_t bytes;

	if (b->min_rtt_us == UINT32_MAX || bw == 0)
		return wr_max(b->initial_cwnd, cc->smss);
	bytes = bw * b->min_rtt_us / 1000000;
	return bytes > UINT32_MAX ? UINT32_MAX : bbr_percent((uint32_t)bytes, gain);
}

uint32_t bbr_inflight(const struct wr_cc *cc, const struct wr_bbr *b, uint64_t bw,
                      uint32_t gain)
{
	uint32_t inflight = bbr_bdp(cc, b, bw, gain);

	/* BBRQuantizationBudget() */
	inflight = wr_max(inflight, 3 * wr_cc_model(cc)->quantum);
	inflight = wr_max(inflight, bbr_min_pipe(cc));
	return b->state == BBR_UP ? cc_add(inflight, 2 * cc->smss) : inflight;
}

uint32_t bbr_inflight_with_headroom(const struct wr_cc *cc, const struct wr_bbr *b)
{
	uint32_t headroom;

	if (b->inflight_hi == UINT32_MAX)
		return UINT32_MAX;
	headroom = wr_max(cc->smss, bbr_percent(b->inflight_hi, BBR_HEADROOM));
	if (b->inflight_hi < headroom)
		return bbr_min_pipe(cc);
	return wr_max(b->inflight_hi - headroom, bbr_min_pipe(cc));
}
