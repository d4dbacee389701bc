/* SPDX-License-Identifier: BSD-3-Clause */
/* Paths whose goodput is known. */

#include <math.h>

#include "scenarios.h"

#define GOODPUT_TEXT 20000000u

static void long_transfer(struct sim_plan *plan)
{
	plan->flow[0].end[0].text = GOODPUT_TEXT;
	plan->flow[0].end[0].chunk = 1448;
	for (unsigned i = 0; i < SIM_SIDES; i++)
		plan->host[i].rcv_buf = plan->host[i].snd_buf = 2 << 20;
}

static void clean_100_mbit(struct sim_plan *plan)
{
	long_transfer(plan);
}

static void lossy_100_mbit(struct sim_plan *plan)
{
	long_transfer(plan);
	plan->flow[0].end[0].text = GOODPUT_TEXT / 4;
	plan->path[0].loss_ppm = 10000;
	plan->calm_ns = WR_S(100);
}

/* A queue that marks at 65 KB: 45 segments, in the spirit of RFC 8257 section 4.5. */
static void marked_100_mbit(struct sim_plan *plan)
{
	long_transfer(plan);
	plan->host[0].ecn = WR_TCP_ECN_ON;
	plan->path[0].aqm = SIM_THRESHOLD;
	plan->path[0].mark_bytes = 65000;
}

static void dctcp_100_mbit(struct sim_plan *plan)
{
	marked_100_mbit(plan);
	plan->host[0].cc.ops = plan->host[1].cc.ops = &wr_cc_dctcp_ops;
}

/* Slow start alone would fill the path and twice as much before it heard of a loss. */
static void queue_of_two_paths(struct sim_plan *plan)
{
	plan->flow[0].end[0].text = 8000000;
	plan->flow[0].end[0].chunk = 1448;
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		plan->path[i].delay_ns = WR_MS(50);
		plan->path[i].queue_bytes = 2 * 1250000;
		plan->host[i].rcv_buf = plan->host[i].snd_buf = 8 << 20;
		plan->host[i].many_bufs = true;
	}
}

/* 1 Gbit/s and 200 ms: 25 MB are under way; windows begin with a hundredth of that. */
static void long_fat_path(struct sim_plan *plan)
{
	plan->flow[0].end[0].text = 300000000;
	plan->flow[0].end[0].chunk = 8948;
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		plan->path[i].rate_bps = 1000000000;
		plan->path[i].delay_ns = WR_MS(100);
		plan->path[i].queue_bytes = 25000000;
		plan->host[i].mtu = 9000;
		plan->host[i].many_bufs = true;
		plan->host[i].held_bufs = 12800;
		plan->host[i].rcv_buf_max = plan->host[i].snd_buf_max = 1 << 30;
		plan->host[i].tx_slots = 1024;
	}
}

static void long_fat_path_without_timestamps(struct sim_plan *plan)
{
	long_fat_path(plan);
	plan->host[0].timestamps = false;
}

static void long_fat_path_on_a_budget(struct sim_plan *plan)
{
	long_fat_path(plan);
	plan->flow[0].end[0].text = 100000000;
	plan->host[1].held_bufs = 1200;
}

/* Both ways, so that ACKs are lost too; a round trip takes 20 ms. */
static void lossy_both_ways(struct sim_plan *plan, uint32_t text, uint32_t loss_ppm)
{
	long_transfer(plan);
	plan->flow[0].end[0].text = text;
	plan->calm_ns = WR_S(200);
	for (unsigned i = 0; i < SIM_SIDES; i++)
		plan->path[i].loss_ppm = loss_ppm;
}

static void long_loss_1(struct sim_plan *plan)
{
	lossy_both_ways(plan, 10000000, 10000);
}

static void long_loss_5(struct sim_plan *plan)
{
	lossy_both_ways(plan, 5000000, 50000);
}

/* A path within a room: time-outs are a thousand times the round trip. */
static void short_loss_5(struct sim_plan *plan)
{
	lossy_both_ways(plan, 16000000, 50000);
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		plan->path[i].delay_ns = WR_US(50);
		plan->path[i].rate_bps = 1000000000;
	}
}

/* Of the second half of the text, when slow start is over: bit/s. */
static double goodput(const struct sim_plan *plan, const struct sim_result *result)
{
	return plan->flow[0].end[0].text / 2 * 8e9 /
	       (double)(result->flow[0].done_ns - result->flow[0].half_ns);
}

static const char *fills_the_path(const struct sim_plan *plan, const struct sim_result *result)
{
	double bps = goodput(plan, result);

	printf("  goodput %.1f Mbit/s of %.1f\n", bps / 1e6,
	       (double)plan->path[0].rate_bps / 1e6);
	return bps < 0.9 * (double)plan->path[0].rate_bps ? "the path is not filled" : NULL;
}

/* A quarter of the buffers may be promised: 2.7 MB a round trip. */
static const char *does_what_the_budget_allows(const struct sim_plan *plan,
                                               const struct sim_result *result)
{
	double bps = goodput(plan, result);

	printf("  goodput %.1f Mbit/s of %.1f\n", bps / 1e6,
	       (double)plan->path[0].rate_bps / 1e6);
	if (bps > 150e6)
		return "the window grows beyond the budget";
	return bps < 75e6 ? "the budget is not used" : NULL;
}

/* RFC 9406. */
static const char *slow_start_ends_in_time(const struct sim_plan *plan,
                                           const struct sim_result *result)
{
	double bps = goodput(plan, result);

	printf("  goodput %.1f Mbit/s of %.1f\n", bps / 1e6,
	       (double)plan->path[0].rate_bps / 1e6);
	if (result->stats[0].n[WR_STAT_tcp_bytes_rexmit])
		return "the queue overflowed";
	return bps < 0.9 * (double)plan->path[0].rate_bps ? "slow start ended too early" : NULL;
}

/* Mathis, Semke, Mahdavi, Ott 1997: MSS / RTT * sqrt(3/2) / sqrt(p). */
static const char *as_mathis_says(const struct sim_plan *plan, const struct sim_result *result)
{
	double rtt = (double)(plan->path[0].delay_ns + plan->path[1].delay_ns) / 1e9;
	double says = 1448 * 8 / rtt * sqrt(1.5) / sqrt(plan->path[0].loss_ppm / 1e6);
	double bps = goodput(plan, result);

	printf("  goodput %.2f Mbit/s, Mathis says %.2f\n", bps / 1e6, says / 1e6);
	return bps < says / 2 || bps > says * 2 ? "goodput is far from Mathis' formula" : NULL;
}

static const char *marks_replace_losses(const struct sim_plan *plan,
                                        const struct sim_result *result)
{
	double bps = goodput(plan, result);

	printf("  goodput %.1f Mbit/s of %.1f, %u cuts\n", bps / 1e6,
	       (double)plan->path[0].rate_bps / 1e6,
	       (unsigned)result->stats[0].n[WR_STAT_tcp_ecn_reductions]);
	if (result->stats[0].n[WR_STAT_tcp_bytes_rexmit])
		return "text was sent again although the queue marks before it is full";
	if (!result->stats[0].n[WR_STAT_tcp_ecn_reductions])
		return "marks did not slow the sender";
	return bps < 0.85 * (double)plan->path[0].rate_bps ? "the path is not filled" : NULL;
}

/* Time-outs are for what nothing else can find: less than one for so many losses. */
static const char *timeouts_for(const struct sim_plan *plan, const struct sim_result *result,
                                uint64_t losses)
{
	const struct wr_stats *stats = &result->stats[0];
	uint64_t lost = stats->n[WR_STAT_tcp_bytes_rexmit] / 1448;

	printf("  goodput %.2f Mbit/s, %llu segments sent again, %llu time-outs, %llu undone\n",
	       goodput(plan, result) / 1e6, (unsigned long long)lost,
	       (unsigned long long)stats->n[WR_STAT_tcp_rto_fired],
	       (unsigned long long)stats->n[WR_STAT_tcp_undone]);
	return stats->n[WR_STAT_tcp_rto_fired] > 1 + lost / losses
	               ? "time-outs repair what RACK and probes should"
	               : NULL;
}

static const char *few_timeouts(const struct sim_plan *plan, const struct sim_result *result)
{
	return timeouts_for(plan, result, 50);
}

/* Where each costs a thousand round trips. */
static const char *hardly_any_timeouts(const struct sim_plan *plan,
                                       const struct sim_result *result)
{
	return timeouts_for(plan, result, 100);
}

static const struct sim_scenario scenarios[] = {
	{"a_clean_path_of_100_mbit_is_filled", 1, clean_100_mbit, fills_the_path},
	{"slow_start_of_cubic_ends_before_a_queue_is_full", 3, queue_of_two_paths,
         slow_start_ends_in_time},
	{"windows_grow_until_a_long_fat_path_is_filled", 1, long_fat_path, fills_the_path},
	{"without_timestamps_they_grow_too", 1, long_fat_path_without_timestamps,
         fills_the_path},
	{"a_small_budget_slows_a_long_fat_path", 1, long_fat_path_on_a_budget,
         does_what_the_budget_allows},
	{"marks_slow_a_sender_before_anything_is_lost", 1, marked_100_mbit,
         marks_replace_losses},
	{"dctcp_fills_a_path_with_a_short_queue", 1, dctcp_100_mbit, marks_replace_losses},
	{"one_loss_in_100_gives_what_mathis_says", 3, lossy_100_mbit, as_mathis_says},
	{"one_frame_in_100_lost_both_ways_needs_few_timeouts", 3, long_loss_1, few_timeouts},
	{"one_frame_in_20_lost_both_ways_needs_few_timeouts", 3, long_loss_5, few_timeouts},
	{"a_short_path_that_loses_one_frame_in_20_needs_few_timeouts", 10, short_loss_5,
         hardly_any_timeouts},
};

const struct sim_scenario *sim_goodput_scenario(unsigned i)
{
	return i < WR_LEN(scenarios) ? &scenarios[i] : NULL;
}
