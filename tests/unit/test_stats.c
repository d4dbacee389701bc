/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "wr_stats.h"
#include "wr_test.h"

/* What the tables have in common. */
struct row {
	char name[64];
	const char *help;
};

/* A name becomes part of a Prometheus metric or the value of a label. */
static void check_name(const char *name)
{
	assert_true(name[0] >= 'a' && name[0] <= 'z');
	assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(name));
}

static void check_help(const char *help)
{
	size_t len = strlen(help);

	assert_true(len > 0);
	assert_true(help[0] >= 'A' && help[0] <= 'Z');
	assert_int_not_equal(help[len - 1], '.');
	assert_int_not_equal(help[len - 1], ' ');
	assert_null(strchr(help, '\n'));
}

static void check_rows(const struct row *row, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		check_name(row[i].name);
		check_help(row[i].help);
		for (unsigned j = 0; j < i; j++) {
			assert_string_not_equal(row[i].name, row[j].name);
			assert_string_not_equal(row[i].help, row[j].help);
		}
	}
}

static void statistics_have_names_and_help_of_their_own(void **state)
{
	struct row row[WR_STAT_COUNT];

	for (unsigned i = 0; i < WR_STAT_COUNT; i++) {
		snprintf(row[i].name, sizeof(row[i].name), "%s", wr_stat_desc[i].name);
		row[i].help = wr_stat_desc[i].help;
		check_name(wr_stat_desc[i].unit);
	}
	check_rows(row, WR_STAT_COUNT);
}

static void verdicts_have_names_and_help_of_their_own(void **state)
{
	struct row row[WR_VERDICT_COUNT];

	for (unsigned i = 0; i < WR_VERDICT_COUNT; i++) {
		const struct wr_verdict_desc *desc = &wr_verdict_desc[i];

		check_name(desc->layer);
		snprintf(row[i].name, sizeof(row[i].name), "%s_%s", desc->layer, desc->name);
		row[i].help = desc->help;
	}
	check_rows(row, WR_VERDICT_COUNT);
}

static void check_named(const struct wr_named *named, unsigned n)
{
	struct row row[64];

	assert_true(n <= WR_LEN(row));
	for (unsigned i = 0; i < n; i++) {
		snprintf(row[i].name, sizeof(row[i].name), "%s", named[i].name);
		row[i].help = named[i].help;
	}
	check_rows(row, n);
}

static void causes_reasons_and_stages_have_names_and_help_of_their_own(void **state)
{
	check_named(wr_cause_desc, WR_CAUSE_COUNT);
	check_named(wr_reason_desc, WR_REASON_COUNT);
	check_named(wr_stage_desc, WR_STAGE_COUNT);
}

/* The help of a cause says whether it is a retransmission, and so does the table. */
static void each_cause_of_something_sent_again_counts_as_that(void **state)
{
	struct wr_stats stats = {0};
	uint64_t segments = 0;

	for (unsigned i = 0; i < WR_CAUSE_COUNT; i++) {
		bool again = strstr(wr_cause_desc[i].help, "sent again");

		assert_int_equal(wr_cause_again[i] != NULL, again);
		stats.cause[i] = 1;
		segments += again;
	}
	assert_non_null(wr_cause_again[WR_CAUSE_tcp_tlp]);
	assert_int_equal(wr_stats_rexmits(&stats), segments);
}

static void verdicts_of_a_layer_stand_together(void **state)
{
	for (unsigned i = 1; i < WR_VERDICT_COUNT; i++) {
		const char *layer = wr_verdict_desc[i].layer;

		if (!strcmp(layer, wr_verdict_desc[i - 1].layer))
			continue;
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(layer, wr_verdict_desc[j].layer);
	}
}

static void all_eleven_tcp_states_have_two_names(void **state)
{
	assert_int_equal(WR_TCP_STATE_COUNT, 11);
	for (unsigned i = 0; i < WR_TCP_STATE_COUNT; i++)
		for (unsigned j = 0; j < i; j++) {
			assert_string_not_equal(wr_tcp_state_name[i], wr_tcp_state_name[j]);
			assert_string_not_equal(wr_tcp_state_short[i], wr_tcp_state_short[j]);
		}
}

static void rows_stand_where_their_constants_say(void **state)
{
	const struct wr_verdict_desc *accepted = &wr_verdict_desc[WR_V_tcp_accepted];

	assert_string_equal(wr_stat_desc[WR_STAT_tcp_segments_in].name, "tcp_segments_in");
	assert_string_equal(wr_stat_desc[WR_STAT_tcp_segments_in].unit, "segments");
	assert_int_equal(wr_stat_desc[WR_STAT_tcp_segments_in].kind, WR_COUNTER);
	assert_int_equal(wr_stat_desc[WR_STAT_tx_staged].kind, WR_GAUGE);
	assert_string_equal(accepted->layer, "tcp");
	assert_string_equal(accepted->name, "accepted");
	assert_int_equal(accepted->kind, WR_USED);
	assert_int_equal(wr_verdict_desc[WR_V_tcp_paws].kind, WR_DROP);
	assert_string_equal(wr_cause_desc[WR_CAUSE_tcp_rst].name, "tcp_rst");
	assert_string_equal(wr_reason_desc[WR_REASON_aborted].name, "aborted");
	assert_string_equal(wr_stage_desc[WR_STAGE_timers].name, "timers");
	assert_string_equal(wr_tcp_state_name[WR_TCP_FIN_WAIT_1], "FIN-WAIT-1");
	assert_string_equal(wr_tcp_state_short[WR_TCP_ESTABLISHED], "ESTAB");
}

static void a_transition_moves_gauges_and_fills_the_matrix(void **state)
{
	struct wr_stats stats = {.connections = {[WR_TCP_ESTABLISHED] = 2}};

	wr_stats_transition(&stats, WR_TCP_ESTABLISHED, WR_TCP_CLOSE_WAIT);
	assert_int_equal(stats.connections[WR_TCP_ESTABLISHED], 1);
	assert_int_equal(stats.connections[WR_TCP_CLOSE_WAIT], 1);
	assert_int_equal(stats.transition[WR_TCP_ESTABLISHED][WR_TCP_CLOSE_WAIT], 1);
	assert_int_equal(stats.transition[WR_TCP_CLOSE_WAIT][WR_TCP_ESTABLISHED], 0);
}

static void a_sum_adds_every_number(void **state)
{
	struct wr_stats sum = {.cycles_bursts = 1};
	struct wr_stats core = {.cycles_frames = 5, .cycles_bursts = 6};

	WR_COUNT(&core, rx_frames, 3);
	WR_LEVEL(&core, control_messages, 4);
	core.verdict[WR_VERDICT_COUNT - 1] = 7;
	core.cause[WR_CAUSE_arp_request] = 8;
	core.reason[WR_REASON_no_route] = 9;
	core.connections[WR_TCP_TIME_WAIT] = 10;
	core.transition[WR_TCP_TIME_WAIT][WR_TCP_CLOSED] = 11;
	core.cycles[WR_STAGE_control] = 12;
	wr_stats_sum(&sum, &core);
	wr_stats_sum(&sum, &core);

	assert_int_equal(sum.n[WR_STAT_rx_frames], 6);
	assert_int_equal(sum.n[WR_STAT_control_messages], 8);
	assert_int_equal(sum.verdict[WR_VERDICT_COUNT - 1], 14);
	assert_int_equal(sum.cause[WR_CAUSE_arp_request], 16);
	assert_int_equal(sum.reason[WR_REASON_no_route], 18);
	assert_int_equal(sum.connections[WR_TCP_TIME_WAIT], 20);
	assert_int_equal(sum.transition[WR_TCP_TIME_WAIT][WR_TCP_CLOSED], 22);
	assert_int_equal(sum.cycles[WR_STAGE_control], 24);
	assert_int_equal(sum.cycles_frames, 10);
	assert_int_equal(sum.cycles_bursts, 13);
}

/* A connection may open on one core's books and close on another's: gauges wrap in between. */
static void gauges_below_zero_cancel_in_a_sum(void **state)
{
	struct wr_stats sum = {0}, one = {0}, other = {0};

	wr_stats_transition(&one, WR_TCP_CLOSED, WR_TCP_ESTABLISHED);
	wr_stats_transition(&other, WR_TCP_ESTABLISHED, WR_TCP_CLOSED);
	wr_stats_sum(&sum, &one);
	wr_stats_sum(&sum, &other);
	assert_int_equal(sum.connections[WR_TCP_ESTABLISHED], 0);
}

static void what_comes_in_is_balanced_by_verdicts(void **state)
{
	struct wr_stats stats = {0};

	WR_COUNT(&stats, rx_frames, 10);
	WR_COUNT(&stats, rx_handed_in, 3);
	WR_COUNT(&stats, rx_reassembled, 2);
	assert_int_equal(wr_stats_unbalanced_in(&stats), 15);
	stats.verdict[WR_V_core_handed_over] = 4;
	stats.verdict[WR_V_tcp_no_mbuf] = 11;
	assert_int_equal(wr_stats_unbalanced_in(&stats), 0);
	stats.verdict[WR_V_udp_delivered] = 1;
	assert_int_equal(wr_stats_unbalanced_in(&stats), -1);
	assert_int_equal(wr_stats_unbalanced_out(&stats), 0);
}

static void what_goes_out_is_balanced_by_causes(void **state)
{
	struct wr_stats stats = {0};

	stats.cause[WR_CAUSE_arp_request] = 1;
	stats.cause[WR_CAUSE_tcp_time_wait] = 20;
	assert_int_equal(wr_stats_unbalanced_out(&stats), 21);
	WR_COUNT(&stats, tx_frames, 6);
	WR_COUNT(&stats, tx_refused, 5);
	WR_COUNT(&stats, tx_dropped, 4);
	WR_COUNT(&stats, tx_staged, 3);
	WR_COUNT(&stats, arp_waiting, 2);
	WR_COUNT(&stats, arp_dropped, 1);
	assert_int_equal(wr_stats_unbalanced_out(&stats), 0);
	WR_COUNT(&stats, tx_frames, 1);
	assert_int_equal(wr_stats_unbalanced_out(&stats), -1);
	assert_int_equal(wr_stats_unbalanced_in(&stats), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statistics_have_names_and_help_of_their_own),
		cmocka_unit_test(verdicts_have_names_and_help_of_their_own),
		cmocka_unit_test(causes_reasons_and_stages_have_names_and_help_of_their_own),
		cmocka_unit_test(each_cause_of_something_sent_again_counts_as_that),
		cmocka_unit_test(verdicts_of_a_layer_stand_together),
		cmocka_unit_test(all_eleven_tcp_states_have_two_names),
		cmocka_unit_test(rows_stand_where_their_constants_say),
		cmocka_unit_test(a_transition_moves_gauges_and_fills_the_matrix),
		cmocka_unit_test(a_sum_adds_every_number),
		cmocka_unit_test(gauges_below_zero_cancel_in_a_sum),
		cmocka_unit_test(what_comes_in_is_balanced_by_verdicts),
		cmocka_unit_test(what_goes_out_is_balanced_by_causes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
