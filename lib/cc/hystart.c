/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HyStart++, RFC 9406 section 4.2: a round-trip time that grows tells of a queue that grows.
 * Then growth goes on at a quarter of the pace (Conservative Slow Start) until five rounds
 * confirm it, or the round-trip time falls again.
 */

#include "cc.h"

enum { /* section 4.3 */
       MIN_RTT_THRESH_US = 4000,
       MAX_RTT_THRESH_US = 16000,
       MIN_RTT_DIVISOR = 8,
       N_RTT_SAMPLE = 8,
       CSS_GROWTH_DIVISOR = 4,
       CSS_ROUNDS = 5,
       L_UNPACED = 8,
};

static void begin_round(struct wr_hystart *h, uint32_t nxt)
{
	h->last_min_us = h->in_round ? h->min_us : UINT32_MAX;
	h->min_us = UINT32_MAX;
	h->samples = 0;
	h->window_end = nxt;
	h->in_round = true;
}

static void take_sample(struct wr_hystart *h, uint32_t rtt_us)
{
	if (rtt_us == 0)
		return;
	h->min_us = wr_min(h->min_us, rtt_us);
	if (h->samples < UINT8_MAX)
		h->samples++;
}

/* The round's delay has grown beyond what jitter explains. */
static bool delay_grows(const struct wr_hystart *h)
{
	uint32_t thresh;

	if (h->samples < N_RTT_SAMPLE || h->last_min_us == UINT32_MAX)
		return false;
	thresh = wr_min(h->last_min_us / MIN_RTT_DIVISOR, MAX_RTT_THRESH_US);
	thresh = wr_max(thresh, MIN_RTT_THRESH_US);
	return h->min_us >= h->last_min_us + thresh;
}

static void judge_delay(struct wr_hystart *h)
{
	if (!h->css) {
		if (delay_grows(h)) {
			h->css = true;
			h->css_base_us = h->min_us;
			h->css_rounds = 0;
		}
	} else if (h->samples >= N_RTT_SAMPLE && h->min_us < h->css_base_us) {
		h->css = false; /* it was jitter */
		h->css_base_us = UINT32_MAX;
	}
}

bool hystart_on_ack(struct wr_hystart *h, struct wr_cc *cc, const struct wr_cc_ack *ack)
{
	uint32_t l = ack->burst ? ack->burst : L_UNPACED;
	uint32_t growth = wr_min(ack->acked, l * cc->smss);

	cc->cwnd = cc_add(cc->cwnd, h->css ? growth / CSS_GROWTH_DIVISOR : growth);
	if (!h->in_round)
		begin_round(h, ack->nxt);
	take_sample(h, ack->rtt_us);
	judge_delay(h);
	if ((int32_t)(ack->una - h->window_end) < 0)
		return false;
	if (h->css && ++h->css_rounds >= CSS_ROUNDS)
		return true;
	begin_round(h, ack->nxt);
	return false;
}
