/* SPDX-License-Identifier: BSD-3-Clause */
#include "knobs.h"

static uint32_t below(struct wr_prng *prng, uint32_t bound)
{
	return wr_prng_below(prng, bound);
}

static bool one_in(struct wr_prng *prng, uint32_t n)
{
	return below(prng, n) == 0;
}

/* One of two in so many, else what is usual. */
static uint32_t seldom(struct wr_prng *prng, uint32_t n, uint32_t usual, uint32_t other)
{
	return one_in(prng, n) ? other : usual;
}

static void draw_times(struct sim_knobs *knobs, struct wr_prng *prng)
{
	knobs->rto_initial_us = seldom(prng, 4, 1000000, 300000 + below(prng, 3000000));
	knobs->rto_min_us = seldom(prng, 4, 200000, 200000 + below(prng, 800000));
	knobs->rto_slack_us = seldom(prng, 4, 0, 1000 + below(prng, 300000));
	knobs->r1_rexmits = seldom(prng, 4, 3, 1 + below(prng, 6));
}

/* Tables that are too small for all make some do without. */
static void draw_tables(struct sim_knobs *knobs, struct wr_prng *prng)
{
	knobs->tunes = seldom(prng, 4, 8, 1);
	knobs->reorders = seldom(prng, 6, 8, 1);
	knobs->repairs = seldom(prng, 6, 8, 1);
	knobs->paths = seldom(prng, 6, 8, 1);
}

void sim_knobs_draw(struct sim_knobs *knobs, struct wr_prng *prng, uint32_t rcv_buf)
{
	knobs->drawn = true;
	knobs->push_bursts = one_in(prng, 4);
	knobs->grow_half = one_in(prng, 6);
	knobs->grow_by_news = one_in(prng, 6);
	knobs->tlp_recovery = !one_in(prng, 3);
	knobs->idle_restart = !one_in(prng, 4);
	knobs->ts_required = !one_in(prng, 3);
	knobs->delack_fin = one_in(prng, 4);
	knobs->option_order =
		(uint8_t)seldom(prng, 3, WR_TCP_ORDER_LINUX, WR_TCP_ORDER_FREEBSD);
	/* A window in coarser units than it is large would never open. */
	knobs->wscale_offer = (uint8_t)seldom(prng, rcv_buf < 65536 ? 1u << 30 : 4,
	                                      WR_TCP_WSCALE_AUTO, below(prng, 9));
	knobs->quick_acks = (uint8_t)seldom(prng, 4, 0, 1 + below(prng, 32));
	knobs->prompt_acks = (uint8_t)seldom(prng, 3, 100, below(prng, 20));
	knobs->syn_cookies = (uint8_t)below(prng, WR_TCP_COOKIES_ALWAYS + 1);
	knobs->ss_burst = (uint16_t)seldom(prng, 4, 8, 1 + below(prng, 100));
	knobs->mss_min = (uint16_t)seldom(prng, 4, 88, 28 + below(prng, 500));
	knobs->challenges_per_s = (uint16_t)seldom(prng, 4, 10, 1 + below(prng, 5));
	knobs->first_window = seldom(prng, 4, 0, 536 + below(prng, 4000));
	draw_times(knobs, prng);
	draw_tables(knobs, prng);
	knobs->tlp_no_sack = !one_in(prng, 3);
	knobs->dup_ack_delay_us = seldom(prng, 3, 200, below(prng, 3) * 1000);
}

void sim_knobs_draw_limits(struct sim_knobs *knobs, struct wr_prng *prng)
{
	uint32_t which = 1 + below(prng, 3);

	knobs->listener_connections = which & 1 ? 1 + below(prng, 2) : 0;
	knobs->source_connections = which & 2 ? 1 + below(prng, 3) : 0;
}

void sim_knobs_apply(const struct sim_knobs *knobs, struct wr_tcp_conf *tcp)
{
	if (!knobs->drawn)
		return;
	tcp->push_bursts = knobs->push_bursts;
	tcp->grow_half = knobs->grow_half;
	tcp->grow_by_news = knobs->grow_by_news;
	tcp->tlp_recovery = knobs->tlp_recovery;
	tcp->tlp_no_sack = knobs->tlp_no_sack;
	tcp->dup_ack_delay_us = knobs->dup_ack_delay_us;
	tcp->idle_restart = knobs->idle_restart;
	tcp->ts_required = knobs->ts_required;
	tcp->delack_fin = knobs->delack_fin;
	tcp->option_order = knobs->option_order;
	tcp->wscale_offer = knobs->wscale_offer;
	tcp->quick_acks = knobs->quick_acks;
	tcp->prompt_acks = knobs->prompt_acks;
	tcp->syn_cookies = knobs->syn_cookies;
	tcp->ss_burst = knobs->ss_burst;
	tcp->mss_min = knobs->mss_min;
	tcp->challenges_per_s = knobs->challenges_per_s;
	tcp->listener_connections = knobs->listener_connections;
	tcp->source_connections = knobs->source_connections;
	if (knobs->fastopen_pending)
		tcp->fastopen_pending = knobs->fastopen_pending;
	tcp->first_window = knobs->first_window;
	tcp->tunes = knobs->tunes;
	tcp->reorders = knobs->reorders;
	tcp->repairs = knobs->repairs;
	tcp->paths = knobs->paths;
	tcp->rto_initial_us = knobs->rto_initial_us;
	tcp->rto_min_us = knobs->rto_min_us;
	tcp->rto_slack_us = knobs->rto_slack_us;
	tcp->r1_rexmits = knobs->r1_rexmits;
}
