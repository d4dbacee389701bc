/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * BBR version 3, draft-ietf-ccwg-bbr: the window and the pace follow a model of the path, the
 * bandwidth it has and the round-trip time it has when its queues are empty. Loss bounds them
 * only beyond two in a hundred.
 */

#include "bbr.h"

static void set_state(struct wr_bbr *b, enum bbr_state state, uint32_t pacing_gain,
                      uint32_t cwnd_gain)
{
	b->state = (uint8_t)state;
	b->pacing_gain = (uint16_t)pacing_gain;
	b->cwnd_gain = (uint16_t)cwnd_gain;
}

/* ---- ProbeBW, section 5.3.3 ---- */

/* BBRPickProbeWait(): 2 to 3 s, and up to a round; by the bits of what was delivered. */
static void pick_probe_wait(struct wr_bbr *b)
{
	uint64_t bits = (b->next_round_delivered + b->min_rtt_stamp_us) * 0x9e3779b97f4a7c15ull;

	b->rounds_since_probe = (uint16_t)(bits >> 63);
	b->probe_wait_us = 2000000 + (uint32_t)(bits >> 32) % 1000000;
}

static void start_down(struct wr_bbr *b, uint64_t now_us, uint64_t delivered)
{
	bbr_reset_congestion_signals(b);
	b->probe_up_cnt = UINT32_MAX;
	pick_probe_wait(b);
	b->cycle_stamp_us = now_us;
	b->ack_phase = BBR_ACKS_PROBE_STOPPING;
	bbr_start_round(b, delivered);
	set_state(b, BBR_DOWN, 90, BBR_CWND_GAIN);
}

static void start_cruise(struct wr_bbr *b)
{
	set_state(b, BBR_CRUISE, 100, BBR_CWND_GAIN);
}

static void start_refill(struct wr_bbr *b, const struct wr_cc_ack *ack)
{
	bbr_reset_short_term(b);
	b->probe_up_rounds = 0;
	b->probe_up_acks = 0;
	b->ack_phase = BBR_ACKS_REFILLING;
	bbr_start_round(b, ack->rate->total_delivered);
	set_state(b, BBR_REFILL, 100, BBR_CWND_GAIN);
}

/* BBRRaiseInflightLongtermSlope(): one segment more in the first round, then 2, 4, ... */
static void raise_slope(const struct wr_cc *cc, struct wr_bbr *b)
{
	uint32_t segments = 1u << b->probe_up_rounds;

	if (b->probe_up_rounds < 30)
		b->probe_up_rounds++;
	b->probe_up_cnt = wr_max(cc->cwnd / segments, cc->smss);
}

static void start_up(const struct wr_cc *cc, struct wr_bbr *b, const struct wr_cc_ack *ack)
{
	b->ack_phase = BBR_ACKS_PROBE_STARTING;
	bbr_start_round(b, ack->rate->total_delivered);
	bbr_reset_full_bw(b);
	b->full_bw = ack->rate->bytes_per_s;
	set_state(b, BBR_UP, 125, BBR_UP_CWND_GAIN);
	raise_slope(cc, b);
}

/* BBRIsTimeToProbeBW(): by time, or when Reno would have had its turn. */
static bool starts_probing(struct wr_cc *cc, struct wr_bbr *b, const struct wr_cc_ack *ack)
{
	uint32_t segments = wr_min(bbr_bdp(cc, b, b->bw, 100), cc->cwnd) / cc->smss;

	if (ack->now_us - b->cycle_stamp_us <= b->probe_wait_us &&
	    b->rounds_since_probe < wr_min(segments, 63))
		return false;
	start_refill(b, ack);
	return true;
}

static bool is_time_to_cruise(const struct wr_cc *cc, const struct wr_bbr *b, uint32_t pipe)
{
	return pipe <= bbr_inflight_with_headroom(cc, b) &&
	       pipe <= bbr_inflight(cc, b, bbr_max_bw(b), 100);
}

static bool is_time_to_go_down(const struct wr_cc *cc, struct wr_bbr *b,
                               const struct wr_cc_ack *ack)
{
	if (ack->cwnd_limited && cc->cwnd >= b->inflight_hi) {
		bbr_reset_full_bw(b); /* the bound is in the way, not the path */
		b->full_bw = ack->rate->bytes_per_s;
		return false;
	}
	return b->full_bw_now;
}

static bool is_too_high(uint32_t lost, uint32_t in_flight)
{
	return lost > bbr_percent(in_flight, BBR_LOSS_THRESH);
}

/* BBRHandleInflightTooHigh() */
static void handle_too_high(struct wr_cc *cc, struct wr_bbr *b, uint32_t in_flight,
                            bool app_limited, uint64_t now_us, uint64_t delivered)
{
	uint32_t target = wr_min(bbr_bdp(cc, b, b->bw, 100), cc->cwnd);

	b->probe_samples = false;
	if (!app_limited)
		b->inflight_hi = wr_max(in_flight, bbr_percent(target, BBR_BETA));
	if (b->state == BBR_UP)
		start_down(b, now_us, delivered);
}

static void probe_upward(struct wr_cc *cc, struct wr_bbr *b, const struct wr_cc_ack *ack)
{
	uint32_t steps;

	if (!ack->cwnd_limited || cc->cwnd < b->inflight_hi)
		return;
	b->probe_up_acks += ack->rate->newly_delivered;
	steps = b->probe_up_acks / b->probe_up_cnt;
	b->probe_up_acks -= steps * b->probe_up_cnt;
	b->inflight_hi = cc_add(b->inflight_hi, steps * cc->smss);
	if (b->round_start)
		raise_slope(cc, b);
}

/* BBRAdaptLongTermModel() */
static void adapt_upper_bound(struct wr_cc *cc, struct wr_bbr *b, const struct wr_cc_ack *ack)
{
	const struct wr_cc_rate *rate = ack->rate;

	if (b->ack_phase == BBR_ACKS_PROBE_STARTING && b->round_start)
		b->ack_phase = BBR_ACKS_PROBE_FEEDBACK;
	if (b->ack_phase == BBR_ACKS_PROBE_STOPPING && b->round_start) {
		b->ack_phase = BBR_ACKS_INIT;
		if (bbr_is_probe_bw(b) && !rate->app_limited)
			bbr_advance_max_bw(b);
	}
	if (is_too_high(rate->lost, rate->tx_in_flight)) {
		if (b->probe_samples)
			handle_too_high(cc, b, rate->tx_in_flight, rate->app_limited,
			                ack->now_us, rate->total_delivered);
		return;
	}
	if (b->inflight_hi == UINT32_MAX)
		return;
	b->inflight_hi = wr_max(b->inflight_hi, rate->tx_in_flight);
	if (b->state == BBR_UP)
		probe_upward(cc, b, ack);
}

static void update_cycle(struct wr_cc *cc, struct wr_bbr *b, const struct wr_cc_ack *ack)
{
	if (!b->full_bw_reached)
		return;
	adapt_upper_bound(cc, b, ack);
	switch (b->state) {
	case BBR_DOWN:
		if (!starts_probing(cc, b, ack) && is_time_to_cruise(cc, b, ack->pipe))
			start_cruise(b);
		break;
	case BBR_CRUISE:
		starts_probing(cc, b, ack);
		break;
	case BBR_REFILL:
		if (b->round_start) {
			b->probe_samples = true;
			start_up(cc, b, ack);
		}
		break;
	case BBR_UP:
		if (is_time_to_go_down(cc, b, ack))
			start_down(b, ack->now_us, ack->rate->total_delivered);
		break;
	default:
		break;
	}
}

/* ---- Startup and Drain, sections 5.3.1 and 5.3.2 ---- */

static void enter_startup(struct wr_bbr *b)
{
	set_state(b, BBR_STARTUP, BBR_STARTUP_PACING_GAIN, BBR_CWND_GAIN);
}

/* BBRCheckStartupHighLoss(): a round of recovery with many losses. */
static void check_high_loss(struct wr_cc *cc, struct wr_bbr *b, const struct wr_cc_ack *ack)
{
	if (b->full_bw_reached || !b->loss_round_start || !ack->in_recovery ||
	    b->losses_in_round < BBR_FULL_LOSS_COUNT ||
	    !is_too_high(ack->rate->lost, ack->rate->tx_in_flight))
		return;
	b->full_bw_reached = true;
	b->inflight_hi = wr_max(bbr_bdp(cc, b, bbr_max_bw(b), 100), b->inflight_latest);
}

static void check_startup_and_drain(struct wr_cc *cc, struct wr_bbr *b,
                                    const struct wr_cc_ack *ack)
{
	if (b->state == BBR_STARTUP) {
		check_high_loss(cc, b, ack);
		if (b->full_bw_reached)
			set_state(b, BBR_DRAIN, BBR_DRAIN_PACING_GAIN, BBR_CWND_GAIN);
	}
	if (b->loss_round_start) {
		b->loss_in_round = false;
		b->losses_in_round = 0;
	}
	if (b->state == BBR_DRAIN && ack->pipe <= bbr_inflight(cc, b, bbr_max_bw(b), 100))
		start_down(b, ack->now_us, ack->rate->total_delivered);
}

/* ---- ProbeRTT, section 5.3.4 ---- */

static uint32_t probe_rtt_cwnd(const struct wr_cc *cc, const struct wr_bbr *b)
{
	return wr_max(bbr_bdp(cc, b, b->bw, 50), bbr_min_pipe(cc));
}

static void save_cwnd(const struct wr_cc *cc, struct wr_bbr *b, bool in_recovery)
{
	if (!in_recovery && b->state != BBR_PROBE_RTT)
		b->prior_cwnd = cc->cwnd;
	else
		b->prior_cwnd = wr_max(b->prior_cwnd, cc->cwnd);
}

static void exit_probe_rtt(struct wr_cc *cc, struct wr_bbr *b, const struct wr_cc_ack *ack)
{
	b->probe_rtt_min_stamp_us = ack->now_us;
	cc->cwnd = wr_max(cc->cwnd, b->prior_cwnd);
	bbr_reset_short_term(b);
	if (b->full_bw_reached) {
		start_down(b, ack->now_us, ack->rate->total_delivered);
		start_cruise(b);
	} else {
		enter_startup(b);
	}
}

static void handle_probe_rtt(struct wr_cc *cc, struct wr_bbr *b, const struct wr_cc_ack *ack)
{
	if (!b->probe_rtt_done_us && ack->pipe <= probe_rtt_cwnd(cc, b)) {
		b->probe_rtt_done_us = ack->now_us + BBR_PROBE_RTT_LASTS_US;
		b->probe_rtt_round_done = false;
		bbr_start_round(b, ack->rate->total_delivered);
	} else if (b->probe_rtt_done_us) {
		b->probe_rtt_round_done |= b->round_start;
		if (b->probe_rtt_round_done && ack->now_us > b->probe_rtt_done_us)
			exit_probe_rtt(cc, b, ack);
	}
}

static void check_probe_rtt(struct wr_cc *cc, struct wr_bbr *b, const struct wr_cc_ack *ack)
{
	if (b->state != BBR_PROBE_RTT && b->probe_rtt_expired && !b->idle_restart) {
		save_cwnd(cc, b, ack->in_recovery);
		set_state(b, BBR_PROBE_RTT, 100, 50);
		b->probe_rtt_done_us = 0;
		b->ack_phase = BBR_ACKS_PROBE_STOPPING;
		bbr_start_round(b, ack->rate->total_delivered);
	}
	if (b->state == BBR_PROBE_RTT)
		handle_probe_rtt(cc, b, ack);
	if (ack->rate->delivered > 0)
		b->idle_restart = false;
}

/* ---- what is done with it, section 5.6 ---- */

/*
 * BBRInitPacingRate(): the initial window in a round trip, or in 1 ms as long as none was seen:
 * a connection starts with its SYN, so that the first ACK of text tells.
 */
static void init_pace(struct wr_cc *cc, struct wr_bbr *b, uint32_t srtt_us)
{
	uint32_t rtt_us = srtt_us ? srtt_us : 1000;

	b->has_rtt = srtt_us > 0;
	wr_cc_model(cc)->pace_bytes_per_s =
		(uint64_t)b->initial_cwnd * 1000000 / rtt_us * BBR_STARTUP_PACING_GAIN / 100;
}

static void set_pace(struct wr_cc *cc, struct wr_bbr *b, uint32_t gain)
{
	struct wr_cc_model *model = wr_cc_model(cc);
	uint64_t rate = b->bw * gain / 100 * (100 - BBR_PACING_MARGIN) / 100;
	uint64_t quantum;

	if (rate && (b->full_bw_reached || rate > model->pace_bytes_per_s))
		model->pace_bytes_per_s = rate;
	quantum = model->pace_bytes_per_s / 1000; /* BBRSetSendQuantum(): 1 ms */
	quantum = quantum > 65536 ? 65536 : quantum;
	model->quantum = wr_max((uint32_t)quantum, 2 * cc->smss);
}

static uint32_t bound_for_model(const struct wr_cc *cc, const struct wr_bbr *b)
{
	uint32_t cap = UINT32_MAX;

	if (b->state == BBR_CRUISE || b->state == BBR_PROBE_RTT)
		cap = bbr_inflight_with_headroom(cc, b);
	else if (bbr_is_probe_bw(b))
		cap = b->inflight_hi;
	return wr_max(wr_min(cap, b->inflight_lo), bbr_min_pipe(cc));
}

static void set_cwnd(struct wr_cc *cc, struct wr_bbr *b, const struct wr_cc_ack *ack)
{
	uint32_t newly = ack->rate->newly_delivered;
	uint32_t extra = wr_max(b->extra_acked[0], b->extra_acked[1]);
	uint32_t most = bbr_inflight(cc, b, b->bw, b->cwnd_gain);

	most = cc_add(most, extra);
	if (b->full_bw_reached)
		cc->cwnd = wr_min(cc_add(cc->cwnd, newly), most);
	else if (cc->cwnd < most || ack->rate->total_delivered < 2ull * b->initial_cwnd)
		cc->cwnd = cc_add(cc->cwnd, newly);
	cc->cwnd = wr_max(cc->cwnd, bbr_min_pipe(cc));
	if (b->state == BBR_PROBE_RTT)
		cc->cwnd = wr_min(cc->cwnd, probe_rtt_cwnd(cc, b));
	cc->cwnd = wr_min(cc->cwnd, bound_for_model(cc, b));
}

/* ---- events ---- */

static void bbr_init(struct wr_cc *cc, const struct wr_cc_start *start)
{
	struct wr_bbr *b = bbr_of(cc);

	bbr_model_init(b, start);
	enter_startup(b);
	b->bw = 0;
	init_pace(cc, b, start->srtt_us);
	set_pace(cc, b, b->pacing_gain);
}

static void bbr_on_ack(struct wr_cc *cc, const struct wr_cc_ack *ack)
{
	struct wr_bbr *b = bbr_of(cc);

	if (!ack->rate)
		return;
	bbr_model_learn(cc, ack);
	check_startup_and_drain(cc, b, ack);
	update_cycle(cc, b, ack);
	bbr_model_min_rtt(b, ack);
	check_probe_rtt(cc, b, ack);
	bbr_model_settle(b, ack);
	if (!b->has_rtt)
		init_pace(cc, b, ack->srtt_us);
	set_pace(cc, b, b->pacing_gain);
	set_cwnd(cc, b, ack);
}

/* BBRInflightHiFromLostPacket(): what was in flight when losses passed the threshold. */
static uint32_t in_flight_at_threshold(const struct wr_cc_lost *lost)
{
	uint32_t flight =
		lost->tx_in_flight > lost->bytes ? lost->tx_in_flight - lost->bytes : 0;
	uint32_t before = lost->lost > lost->bytes ? lost->lost - lost->bytes : 0;
	uint32_t allowed = bbr_percent(flight, BBR_LOSS_THRESH);

	if (allowed <= before)
		return flight;
	return cc_add(flight, cc_share(allowed - before, 100, 100 - BBR_LOSS_THRESH));
}

static void bbr_on_lost(struct wr_cc *cc, const struct wr_cc_lost *lost)
{
	struct wr_bbr *b = bbr_of(cc);

	if (!b->loss_in_round)
		b->loss_round_delivered = lost->total_delivered;
	b->loss_in_round = true;
	if (b->losses_in_round < UINT8_MAX)
		b->losses_in_round++;
	if (b->probe_samples && is_too_high(lost->lost, lost->tx_in_flight))
		handle_too_high(cc, b, in_flight_at_threshold(lost), lost->app_limited,
		                lost->now_us, lost->total_delivered);
}

/* Loss alone is no news: bbr_on_lost() says what is. Marks count as a round with losses. */
static void bbr_on_congestion(struct wr_cc *cc, const struct wr_cc_congestion *congestion)
{
	struct wr_bbr *b = bbr_of(cc);

	if (congestion->cause == WR_CC_ECN)
		b->loss_in_round = true;
	else
		save_cwnd(cc, b, false);
}

static void bbr_on_leave_recovery(struct wr_cc *cc, uint64_t now_us)
{
	struct wr_bbr *b = bbr_of(cc);

	(void)now_us;
	cc->cwnd = wr_min(wr_max(cc->cwnd, b->prior_cwnd), bound_for_model(cc, b));
}

static void bbr_on_rto(struct wr_cc *cc, const struct wr_cc_rto *rto)
{
	save_cwnd(cc, bbr_of(cc), rto->again);
	cc->cwnd = cc->smss;
}

static void bbr_on_undo(struct wr_cc *cc, uint64_t now_us)
{
	struct wr_bbr *b = bbr_of(cc);

	(void)now_us;
	b->loss_in_round = false;
	bbr_reset_short_term(b);
	cc->cwnd = wr_max(cc->cwnd, b->prior_cwnd);
}

/* BBRHandleRestartFromIdle(): no burst, at the pace that is known. */
static void bbr_on_idle_restart(struct wr_cc *cc, uint32_t iw, uint64_t now_us)
{
	struct wr_bbr *b = bbr_of(cc);

	(void)iw;
	b->idle_restart = true;
	b->extra_acked_start_us = now_us;
	if (bbr_is_probe_bw(b))
		set_pace(cc, b, 100);
}

const struct wr_cc_ops wr_cc_bbr_ops = {
	.name = "bbr",
	.spec = "draft-ietf-ccwg-bbr",
	.model = true,
	.init = bbr_init,
	.on_ack = bbr_on_ack,
	.on_lost = bbr_on_lost,
	.on_congestion = bbr_on_congestion,
	.on_leave_recovery = bbr_on_leave_recovery,
	.on_rto = bbr_on_rto,
	.on_undo = bbr_on_undo,
	.on_idle_restart = bbr_on_idle_restart,
};
