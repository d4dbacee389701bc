/* SPDX-License-Identifier: BSD-3-Clause */
/* Situations that chance hardly ever meets. */

#include <string.h>

#include "scenarios.h"

#define TROUBLE_NS WR_S(30) /* faults stop here unless a scenario says otherwise */

/* Both ends send, the first 300,000 bytes, the other a third of it. */
static void both_ways(struct sim_plan *plan)
{
	struct sim_flow_plan *flow = &plan->flow[0];

	plan->calm_ns = TROUBLE_NS;
	flow->end[0].text = 300000;
	flow->end[1].text = 100000;
	flow->end[1].closing = SIM_CLOSE_AFTER_SENDING;
}

static void everywhere(struct sim_plan *plan, uint32_t loss_ppm)
{
	both_ways(plan);
	for (unsigned i = 0; i < SIM_SIDES; i++)
		plan->path[i].loss_ppm = loss_ppm;
}

static void nothing_is_wrong(struct sim_plan *plan)
{
	both_ways(plan);
}

static void loss_1(struct sim_plan *plan)
{
	everywhere(plan, 10000);
}

static void loss_5(struct sim_plan *plan)
{
	everywhere(plan, 50000);
}

static void loss_20(struct sim_plan *plan)
{
	everywhere(plan, 200000);
}

static void loss_5_without_sack(struct sim_plan *plan)
{
	everywhere(plan, 50000);
	plan->host[1].sack = false;
}

static void loss_5_without_options(struct sim_plan *plan)
{
	everywhere(plan, 50000);
	plan->host[0].sack = plan->host[0].timestamps = plan->host[0].wscale = false;
}

static void bursts_of_loss(struct sim_plan *plan)
{
	both_ways(plan);
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		plan->path[i].burst_ppm = 10000;
		plan->path[i].burst_end_ppm = 100000;
	}
}

static void reorder(struct sim_plan *plan)
{
	both_ways(plan);
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		plan->path[i].reorder_ppm = 200000;
		plan->path[i].reorder_ns = WR_MS(30);
	}
}

static void duplicate(struct sim_plan *plan)
{
	both_ways(plan);
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		plan->path[i].duplicate_ppm = 300000;
		plan->path[i].reorder_ns = WR_MS(40);
	}
}

static void corrupt(struct sim_plan *plan)
{
	both_ways(plan);
	for (unsigned i = 0; i < SIM_SIDES; i++)
		plan->path[i].corrupt_ppm = 50000;
}

static void slow_reader(struct sim_plan *plan)
{
	both_ways(plan);
	plan->host[1].rcv_buf = 20000;
	plan->flow[0].end[1].gulp = 30000;
	plan->flow[0].end[1].read_ns = WR_MS(1500);
}

static void slow_reader_and_lost_updates(struct sim_plan *plan)
{
	slow_reader(plan);
	plan->flow[0].end[1].text = 0;
	plan->flow[0].end[1].closing = SIM_CLOSE_AFTER_PEER;
	plan->path[1].loss_ppm = 300000;
}

static void prey(struct sim_plan *plan, enum sim_prey prey, uint32_t count)
{
	both_ways(plan);
	for (unsigned i = 0; i < SIM_SIDES; i++)
		plan->path[i].rule[0] = (struct sim_rule) {prey, count, 0};
}

static void fin_lost(struct sim_plan *plan)
{
	prey(plan, SIM_FINS, 3);
}

static void synack_lost(struct sim_plan *plan)
{
	prey(plan, SIM_SYNACKS, 2);
}

static void syn_lost(struct sim_plan *plan)
{
	prey(plan, SIM_SYNS, 3);
}

static void handshake_ack_lost(struct sim_plan *plan)
{
	prey(plan, SIM_ACKS, 1);
	plan->flow[0].end[0].text = 0;
	plan->flow[0].end[0].closing = SIM_CLOSE_AFTER_PEER;
}

static void arp_lost(struct sim_plan *plan)
{
	prey(plan, SIM_ARPS, 2);
}

static void lost_again(struct sim_plan *plan)
{
	both_ways(plan);
	plan->path[0].rule[0] = (struct sim_rule) {SIM_SEGMENT, 4, 150000};
}

static void first_lost_again(struct sim_plan *plan)
{
	both_ways(plan);
	plan->path[0].rule[0] = (struct sim_rule) {SIM_SEGMENT, 3, 0};
	plan->path[1].rule[0] = (struct sim_rule) {SIM_SEGMENT, 3, 0};
}

static void link_down(struct sim_plan *plan)
{
	both_ways(plan);
	plan->calm_ns = WR_S(40);
	for (unsigned i = 0; i < SIM_SIDES; i++)
		plan->path[i].down = (struct sim_window) {WR_MS(60), WR_MS(60) + WR_S(30)};
}

static void starved(struct sim_plan *plan)
{
	both_ways(plan);
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		plan->host[i].starved = (struct sim_window) {WR_MS(50), WR_S(8)};
		plan->host[i].buffers_left = 3;
		plan->host[i].held_bufs = 3000;
	}
}

static void tx_full(struct sim_plan *plan)
{
	both_ways(plan);
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		plan->host[i].tx_full = (struct sim_window) {WR_MS(50), WR_S(6)};
		plan->host[i].tx_slots = 4;
	}
}

static void nic_holds(struct sim_plan *plan)
{
	everywhere(plan, 50000);
	for (unsigned i = 0; i < SIM_SIDES; i++)
		plan->host[i].hold_ns = WR_S(2);
}

static void late_timers(struct sim_plan *plan)
{
	everywhere(plan, 20000);
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		plan->host[i].late_ns = WR_MS(100);
		plan->host[i].burst = 2;
	}
}

static void two_cores(struct sim_plan *plan)
{
	everywhere(plan, 20000);
	plan->flows = 4;
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		plan->host[i].cores = 2;
		plan->host[i].steer_badly = true;
	}
	for (unsigned i = 0; i < plan->flows; i++) {
		plan->flow[i] = plan->flow[0];
		plan->flow[i].lport = (uint16_t)(i ? 0 : 40000);
		plan->flow[i].rport = (uint16_t)(5000 + i);
	}
}

static void echo(struct sim_plan *plan)
{
	everywhere(plan, 20000);
	plan->flow[0].echo = true;
	plan->flow[0].rport = 7;
	plan->flow[0].end[1] = (struct sim_end_plan) {.abort_ns = SIM_NEVER};
}

static void echo_to_slow_reader(struct sim_plan *plan)
{
	echo(plan);
	plan->host[0].rcv_buf = plan->host[1].rcv_buf = plan->host[1].snd_buf = 16384;
	plan->flow[0].end[0].gulp = 16000;
	plan->flow[0].end[0].read_ns = WR_MS(300);
}

static void requests(struct sim_plan *plan)
{
	everywhere(plan, 20000);
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		struct sim_end_plan *end = &plan->flow[0].end[i];

		end->turn = i ? 4000 : 200;
		end->text = end->turn * 100;
		end->closing = SIM_CLOSE_AFTER_ALL;
	}
}

static void simultaneous(struct sim_plan *plan)
{
	everywhere(plan, 50000);
	plan->flow[0].simultaneous = true;
}

static void half_close(struct sim_plan *plan)
{
	everywhere(plan, 20000);
	plan->flow[0].end[0].text = 0;
	plan->flow[0].end[1].write_ns = WR_MS(20);
}

static void near_zero(struct sim_plan *plan)
{
	everywhere(plan, 50000);
	sim_plan_near_wrap(plan, 0, 20000);
}

static void near_half(struct sim_plan *plan)
{
	everywhere(plan, 50000);
	sim_plan_near_wrap(plan, 1u << 31, 20000);
}

static void just_beyond(struct sim_plan *plan)
{
	everywhere(plan, 50000);
	sim_plan_near_wrap(plan, plan->seed & 1 ? 0 : 1u << 31, -(uint32_t)plan->seed);
}

/* Are the numbers where they should be? Else nothing was tried. */
static const char *begins_before(const struct sim_plan *plan, const struct sim_result *result)
{
	(void)plan;
	return (result->flow[0].iss[0] + 20000) << 1 == 0 ? NULL : "not near the wrap";
}

static const char *begins_beyond(const struct sim_plan *plan, const struct sim_result *result)
{
	uint32_t wrap = plan->seed & 1 ? 0 : 1u << 31;

	return result->flow[0].iss[0] - wrap == plan->seed ? NULL : "not near the wrap";
}

static void stamps_near_zero(struct sim_plan *plan)
{
	everywhere(plan, 50000);
	sim_plan_near_stamp(plan, 0, 300);
}

/* Lost early, so that in one of the seeds what is sent again then has a TSval of just 0. */
static void repeats_at_zero(struct sim_plan *plan)
{
	everywhere(plan, 50000);
	plan->path[0].rule[0] = (struct sim_rule) {SIM_SEGMENT, 1, 5000};
	sim_plan_near_stamp(plan, 0, 30 + (uint32_t)plan->seed);
}

static void stamps_near_half(struct sim_plan *plan)
{
	everywhere(plan, 50000);
	sim_plan_near_stamp(plan, 1u << 31, 300);
}

static void beyond_recovery(struct sim_plan *plan)
{
	both_ways(plan);
	plan->path[0].rule[0] = (struct sim_rule) {SIM_SEGMENT, 2, 100000};
	plan->path[0].rule[1] = (struct sim_rule) {SIM_BEYOND, 3, 0};
}

static void repeated_lost(struct sim_plan *plan)
{
	everywhere(plan, 20000);
	plan->path[0].rule[0] = (struct sim_rule) {SIM_AGAIN, 6, 0};
}

static void updates_lost(struct sim_plan *plan)
{
	slow_reader(plan);
	plan->path[1].rule[0] = (struct sim_rule) {SIM_UPDATES, 4, 0};
}

static void managed(struct sim_plan *plan, enum sim_aqm aqm)
{
	both_ways(plan);
	plan->calm_ns = WR_S(60);
	plan->flow[0].end[0].text = 3000000;
	plan->host[0].ecn = plan->seed & 1 ? WR_TCP_ECN_ON : WR_TCP_ECN_OFF;
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		plan->path[i].rate_bps = 20000000;
		plan->path[i].aqm = (uint8_t)aqm;
		plan->path[i].target_ns = WR_MS(5);
		plan->path[i].mark_bytes = 15000;
	}
}

static void codel(struct sim_plan *plan)
{
	managed(plan, SIM_CODEL);
}

static void red(struct sim_plan *plan)
{
	managed(plan, SIM_RED);
}

static void short_mtu(struct sim_plan *plan)
{
	everywhere(plan, 20000);
	plan->path[0].mtu = plan->path[1].mtu = 1000;
}

static void clock_jumps(struct sim_plan *plan)
{
	everywhere(plan, 20000);
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		plan->host[i].jump_at_ns = WR_MS(50) + plan->seed * WR_MS(3);
		plan->host[i].jump_ns = plan->seed * WR_MS(700);
	}
}

static void failing_allocations(struct sim_plan *plan)
{
	everywhere(plan, 10000);
	for (unsigned i = 0; i < SIM_SIDES; i++)
		plan->host[i].fail_ppm = 100000;
}

static void needless_polls(struct sim_plan *plan)
{
	everywhere(plan, 20000);
	for (unsigned i = 0; i < SIM_SIDES; i++)
		plan->host[i].poll_ppm = 500000;
}

static void ghosts(struct sim_plan *plan)
{
	everywhere(plan, 20000);
	plan->flow[0].end[plan->seed & 1].write_ns = WR_MS(50);
	for (unsigned i = 0; i < SIM_SIDES; i++)
		plan->path[i].stale_ppm = 50000;
}

static void four_hosts(struct sim_plan *plan)
{
	everywhere(plan, 10000);
	plan->hosts = plan->flows = 4;
	for (unsigned i = 0; i < plan->flows; i++) {
		plan->flow[i] = plan->flow[0];
		plan->flow[i].host[0] = (uint8_t)(i & 2);
		plan->flow[i].host[1] = (uint8_t)(i & 1 ? 3 : 1);
		plan->flow[i].rport = (uint16_t)(5000 + i);
		plan->host[i].access_ns = i * WR_MS(7);
	}
}

static void aborted(struct sim_plan *plan)
{
	everywhere(plan, 100000);
	plan->flow[0].keepalive = true;
	plan->flow[0].end[plan->seed & 1].abort_ns = WR_MS(100) + plan->seed * WR_MS(7);
}

static void small_segments(struct sim_plan *plan)
{
	everywhere(plan, 50000);
	plan->host[0].mtu = 576;
	for (unsigned i = 0; i < SIM_SIDES; i++)
		plan->flow[0].end[i].chunk = 150;
}

static void large_segments(struct sim_plan *plan)
{
	everywhere(plan, 50000);
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		plan->host[i].mtu = 9000;
		plan->host[i].held_bufs = 700;
		plan->flow[0].end[i].chunk = 8900;
	}
}

/* ---- paths that take less than the hosts send, and say nothing: RFC 4821 ---- */

static void narrow(struct sim_plan *plan, uint16_t mtu)
{
	both_ways(plan);
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		plan->flow[0].end[i].text = 1 << 20;
		plan->path[i].mtu = mtu;
		plan->path[i].blackhole = true;
		plan->host[i].mtu_probing = WR_TCP_MTU_PROBING_BLACK_HOLE;
	}
}

static void narrow_1300(struct sim_plan *plan)
{
	narrow(plan, 1300);
}

static void narrow_600(struct sim_plan *plan)
{
	narrow(plan, 600);
}

static void narrow_300(struct sim_plan *plan)
{
	narrow(plan, 300);
	plan->flow[0].end[1].text = 100;
}

static void narrow_and_lossy(struct sim_plan *plan)
{
	narrow(plan, 1400);
	for (unsigned i = 0; i < SIM_SIDES; i++)
		plan->path[i].loss_ppm = 10000;
}

static void narrow_without_options(struct sim_plan *plan)
{
	narrow(plan, 1300);
	plan->host[0].sack = plan->host[0].timestamps = false;
}

static void narrow_jumbo(struct sim_plan *plan)
{
	large_segments(plan);
	narrow(plan, 4000);
	for (unsigned i = 0; i < SIM_SIDES; i++)
		plan->flow[0].end[i].chunk = 8900;
}

/* Both senders found the hole; what they lost by probing cost no time-out and no window. */
static const char *holes_are_found(const struct sim_plan *plan, const struct sim_result *result)
{
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		const uint64_t *n = result->stats[plan->flow[0].host[i]].n;

		if (n[WR_STAT_tcp_mtu_black_holes] == 0)
			return "the black hole was not found";
		if (plan->path[i].loss_ppm)
			continue;
		if (n[WR_STAT_tcp_mtu_probes] == 0)
			return "there was no search upwards";
		if (n[WR_STAT_tcp_rto_fired] > 2 + 2 * n[WR_STAT_tcp_mtu_black_holes])
			return "time-outs went on";
		if (n[WR_STAT_tcp_fast_recoveries])
			return "a probe that was lost slowed the sender";
		if (i == 0 && n[WR_STAT_tcp_mtu_probes_lost] < 2)
			return "nothing long was tried";
	}
	return NULL;
}

/* One after the other down to 125 bytes of text, and up again to what the path takes. */
static const char *a_deep_hole_is_found(const struct sim_plan *plan,
                                        const struct sim_result *result)
{
	const uint64_t *n = result->stats[plan->flow[0].host[0]].n;

	if (n[WR_STAT_tcp_mtu_black_holes] != 4)
		return "the black hole was not found in four steps";
	if (n[WR_STAT_tcp_rto_fired] > 8)
		return "time-outs went on";
	if (n[WR_STAT_ip_paths])
		return "others were told of a path that is narrower than any";
	return n[WR_STAT_tcp_segments_out] > 3 * plan->flow[0].end[0].text / 2 / 248
	               ? "segments did not grow again"
	               : NULL;
}

static const char *no_retransmission(const struct sim_plan *plan,
                                     const struct sim_result *result)
{
	(void)plan;
	for (unsigned i = 0; i < SIM_SIDES; i++)
		if (result->stats[i].n[WR_STAT_tcp_bytes_rexmit])
			return "text was sent again although nothing was lost";
	return NULL;
}

static const struct sim_scenario scenarios[] = {
	{"a_clean_path_needs_no_retransmission", 20, nothing_is_wrong, no_retransmission},
	{"one_frame_in_100_is_lost", 40, loss_1, NULL},
	{"one_frame_in_20_is_lost", 40, loss_5, NULL},
	{"one_frame_in_5_is_lost", 40, loss_20, NULL},
	{"one_frame_in_20_is_lost_without_sack", 40, loss_5_without_sack, NULL},
	{"one_frame_in_20_is_lost_without_options", 40, loss_5_without_options, NULL},
	{"losses_come_in_bursts", 40, bursts_of_loss, NULL},
	{"frames_overtake_each_other", 40, reorder, NULL},
	{"frames_are_duplicated", 40, duplicate, NULL},
	{"flipped_bits_are_found_by_checksums", 40, corrupt, NULL},
	{"a_slow_reader_closes_the_window_and_gets_everything", 20, slow_reader, NULL},
	{"lost_window_updates_are_asked_for", 20, slow_reader_and_lost_updates, NULL},
	{"fins_are_lost_three_times", 20, fin_lost, NULL},
	{"the_syn_is_lost_three_times", 20, syn_lost, NULL},
	{"the_syn_ack_is_lost_twice", 20, synack_lost, NULL},
	{"the_ack_of_the_handshake_is_lost", 20, handshake_ack_lost, NULL},
	{"arp_is_lost_twice", 20, arp_lost, NULL},
	{"a_segment_and_its_retransmissions_are_lost", 20, lost_again, NULL},
	{"the_first_text_is_lost_three_times", 20, first_lost_again, NULL},
	{"the_link_is_down_for_30_seconds", 20, link_down, NULL},
	{"pools_run_dry_and_recover", 20, starved, NULL},
	{"the_nic_takes_no_frames_for_6_seconds", 20, tx_full, NULL},
	{"the_nic_returns_buffers_late", 20, nic_holds, NULL},
	{"timers_are_late_and_bursts_short", 40, late_timers, NULL},
	{"two_cores_with_frames_on_the_wrong_one", 20, two_cores, NULL},
	{"the_echo_service_returns_every_byte", 40, echo, NULL},
	{"an_echo_client_that_reads_slowly_gets_every_byte", 20, echo_to_slow_reader, NULL},
	{"requests_are_answered_in_turn", 20, requests, NULL},
	{"both_ends_open_at_the_same_time", 40, simultaneous, NULL},
	{"half_closed_connections_go_on_in_the_other_direction", 20, half_close, NULL},
	{"sequence_numbers_wrap", 20, near_zero, begins_before},
	{"sequence_numbers_pass_the_sign_bit", 20, near_half, begins_before},
	{"sequence_numbers_begin_just_beyond_zero_and_the_sign_bit", 20, just_beyond,
         begins_beyond},
	{"timestamps_wrap", 20, stamps_near_zero, NULL},
	{"a_timestamp_of_zero_is_one", 40, repeats_at_zero, NULL},
	{"timestamps_pass_the_sign_bit", 20, stamps_near_half, NULL},
	{"what_lies_beyond_the_recovery_point_is_lost", 20, beyond_recovery, NULL},
	{"what_is_sent_again_is_lost_again", 40, repeated_lost, NULL},
	{"window_updates_are_lost", 20, updates_lost, NULL},
	{"codel_keeps_the_queue_short", 10, codel, NULL},
	{"red_keeps_the_queue_short", 10, red, NULL},
	{"icmp_tells_of_a_short_mtu", 20, short_mtu, NULL},
	{"the_clock_jumps_ahead", 20, clock_jumps, NULL},
	{"allocations_fail", 20, failing_allocations, NULL},
	{"cores_look_for_no_reason", 10, needless_polls, NULL},
	{"frames_come_again_after_half_a_minute", 40, ghosts, NULL},
	{"four_hosts_share_a_bottleneck", 20, four_hosts, NULL},
	{"an_abort_leaves_nothing_behind", 40, aborted, NULL},
	{"small_segments_over_a_small_mtu", 20, small_segments, NULL},
	{"large_segments_over_a_large_mtu", 20, large_segments, NULL},
	{"a_path_that_swallows_full_segments_is_found_out", 10, narrow_1300, holes_are_found},
	{"so_is_one_that_takes_600_bytes", 10, narrow_600, holes_are_found},
	{"so_is_one_that_takes_300_bytes", 10, narrow_300, a_deep_hole_is_found},
	{"so_is_one_that_loses_others_too", 20, narrow_and_lossy, holes_are_found},
	{"so_it_is_without_sack_and_timestamps", 10, narrow_without_options, holes_are_found},
	{"so_is_one_that_takes_no_jumbo_frames", 10, narrow_jumbo, holes_are_found},
};

const struct sim_scenario *sim_scenario(unsigned i)
{
	return i < WR_LEN(scenarios) ? &scenarios[i]
	                             : sim_goodput_scenario(i - (unsigned)WR_LEN(scenarios));
}
