/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wr_ss.h"
#include "wr_ss_column.h"
#include "wr_test.h"

static struct wr_tcp_info example(void)
{
	return (struct wr_tcp_info) {
		.tuple = {0xc6120001, 0xc6120002, 7, 40000},
		.state = WR_TCP_ESTABLISHED,
		.ts = true,
		.sack = true,
		.fastopen = true,
		.ecn = true,
		.accecn = true,
		.delivered_ce = 3,
		.received_ce = 70000,
		.md5 = true,
		.has_wscale = true,
		.snd_wscale = 7,
		.rcv_wscale = 3,
		.recv_q = 5,
		.send_q = 4000,
		.unsent = 1000,
		.rto_us = 204000,
		.backoff = 2,
		.srtt_us = 1053,
		.rttvar_us = 500,
		.cwnd = 14480,
		.ssthresh = 2896,
		.mss = 1448,
		.snd_wnd = 65536,
		.rcv_wnd = 262144,
		.rexmits = 3,
		.lost = 1449,
		.bytes_in = 10,
		.bytes_acked = 20,
		.idle_us = 1500000,
		.cc = "reno",
		.timer = "on",
		.timer_us = 61500000,
	};
}

static void prints(const struct wr_tcp_info *info, struct wr_ss_show show, const char *wanted)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	wr_ss_print(out, info, &show);
	fclose(out);
	assert_string_equal(text, wanted);
	free(text);
}

static void a_connection_is_one_line(void **state)
{
	struct wr_tcp_info info = example();

	prints(&info, (struct wr_ss_show) {0},
	       "ESTAB       5        4000              198.18.0.1:7      198.18.0.2:40000\n");
}

static void timers_are_written_as_ss_writes_them(void **state)
{
	struct wr_tcp_info info = example();

	prints(&info, (struct wr_ss_show) {.timers = true},
	       "ESTAB       5        4000              198.18.0.1:7      198.18.0.2:40000"
	       " timer:(on,1min01sec,2)\n");
	info.timer_us = 1200000;
	prints(&info, (struct wr_ss_show) {.timers = true},
	       "ESTAB       5        4000              198.18.0.1:7      198.18.0.2:40000"
	       " timer:(on,1.200sec,2)\n");
}

static void innards_come_on_a_second_line_in_the_units_of_ss(void **state)
{
	struct wr_tcp_info info = example();

	prints(&info, (struct wr_ss_show) {.info = true},
	       "ESTAB       5        4000              198.18.0.1:7      198.18.0.2:40000\n"
	       "\t ts sack accecn fastopen md5 reno wscale:7,3 rto:204 backoff:2"
	       " rtt:1.053/0.500 mss:1448 cwnd:10 ssthresh:2 bytes_acked:20 bytes_received:10"
	       " delivered_ce:3 received_ce:70000 send 110.01Mbps lastrcv:1500"
	       " unacked:3 retrans:3 lost:2 notsent:1000 snd_wnd:65536 rcv_wnd:262144\n");
}

static void a_listener_has_no_peer_and_no_innards(void **state)
{
	struct wr_tcp_info info = {.tuple = {.lport = 7}, .state = WR_TCP_LISTEN};

	prints(&info, (struct wr_ss_show) {.info = true},
	       "LISTEN      0        0                    0.0.0.0:7             0.0.0.0:*\n");
}

static void a_connection_survives_json(void **state)
{
	struct wr_tcp_info before = example(), after;
	json_t *json = wr_ss_json(&before);

	memset(&after, 0, sizeof(after));
	for (unsigned i = 0; i < WR_SS_COLUMNS; i++)
		assert_int_equal(wr_ss_set(&wr_ss_column[i], &after,
		                           json_object_get(json, wr_ss_column[i].name)),
		                 0);
	assert_string_equal(after.cc, before.cc);
	assert_string_equal(after.timer, before.timer);
	after.cc = before.cc;
	after.timer = before.timer;
	assert_memory_equal(&after, &before, sizeof(after));
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_is_one_line),
		cmocka_unit_test(timers_are_written_as_ss_writes_them),
		cmocka_unit_test(innards_come_on_a_second_line_in_the_units_of_ss),
		cmocka_unit_test(a_listener_has_no_peer_and_no_innards),
		cmocka_unit_test(a_connection_survives_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
