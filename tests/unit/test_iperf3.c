/* SPDX-License-Identifier: BSD-3-Clause */
/* Documents, datagrams, pacing and numbers of iperf3. */
#include <stdlib.h>
#include <string.h>

#include "i3_pace.h"
#include "i3_params.h"
#include "i3_proto.h"
#include "i3_results.h"
#include "i3_udp.h"
#include "i3_units.h"
#include "wr_base.h"
#include "wr_test.h"

/* ---- parameters ---- */

static int parse(struct i3_params *p, const char *text, struct wr_err *err)
{
	return i3_params_parse(p, text, strlen(text), err);
}

static void parameters_of_a_real_client_are_read(void **state)
{
	struct i3_params p;
	struct wr_err err;

	assert_int_equal(parse(&p,
	                       "{\"udp\":true,\"omit\":2,\"time\":7,\"num\":0,\"blockcount\":0,"
	                       "\"parallel\":3,\"reverse\":true,\"len\":32768,"
	                       "\"bandwidth\":20000000,\"burst\":10,\"pacing_timer\":1000,"
	                       "\"TOS\":184,\"udp_counters_64bit\":1,\"title\":\"x\","
	                       "\"new_key\":{\"of\":[\"later\"]},\"client_version\":\"3.12\"}",
	                       &err),
	                 0);
	assert_true(p.udp && p.reverse && p.udp_64bit && !p.bidir);
	assert_int_equal(p.omit_s, 2);
	assert_int_equal(p.time_s, 7);
	assert_int_equal(p.parallel, 3);
	assert_int_equal(p.len, 32768);
	assert_int_equal(p.rate, 20000000);
	assert_int_equal(p.burst, 10);
	assert_int_equal(p.tos, 184);
	assert_string_equal(p.title, "x");
	assert_string_equal(p.version, "3.12");
}

static void what_is_missing_has_iperf3s_defaults(void **state)
{
	struct i3_params p;
	struct wr_err err;

	assert_int_equal(parse(&p, "{\"tcp\":true}", &err), 0);
	assert_int_equal(p.parallel, 1);
	assert_int_equal(p.len, I3_TCP_LEN);
	assert_int_equal(p.rate, 0);
}

static void wrong_types_and_ranges_are_refused_with_the_key(void **state)
{
	static const struct {
		const char *text, *key;
	} wrong[] = {
		{"{\"tcp\":\"yes\"}", "tcp"},
		{"{\"tcp\":true,\"parallel\":\"4\"}", "parallel"},
		{"{\"tcp\":true,\"parallel\":0}", "parallel"},
		{"{\"tcp\":true,\"parallel\":129}", "parallel"},
		{"{\"tcp\":true,\"parallel\":1.5}", "parallel"},
		{"{\"tcp\":true,\"time\":-1}", "time"},
		{"{\"tcp\":true,\"time\":86401}", "time"},
		{"{\"tcp\":true,\"omit\":{}}", "omit"},
		{"{\"tcp\":true,\"len\":0}", "len"},
		{"{\"tcp\":true,\"len\":1048577}", "len"},
		{"{\"udp\":true,\"len\":15}", "len"},
		{"{\"udp\":true,\"len\":65508}", "len"},
		{"{\"tcp\":true,\"num\":-5}", "num"},
		{"{\"tcp\":true,\"num\":18446744073709551615}", "num"},
		{"{\"tcp\":true,\"bandwidth\":[]}", "bandwidth"},
		{"{\"tcp\":true,\"TOS\":256}", "TOS"},
		{"{\"tcp\":true,\"reverse\":\"1\"}", "reverse"},
		{"{\"tcp\":true,\"title\":1}", "title"},
	};

	for (size_t i = 0; i < WR_LEN(wrong); i++) {
		struct i3_params p;
		struct wr_err err;

		assert_true(parse(&p, wrong[i].text, &err) < 0);
		assert_non_null(strstr(err.text, wrong[i].key));
	}
}

static void what_is_no_document_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"{",
		"[]",
		"7",
		"\"tcp\"",
		"{\"tcp\":true",
		"{\"tcp\":true}}",
		"\xff",
		"{}",
		"{\"sctp\":true}",
		"{\"tcp\":true,\"udp\":true}",
		"{\"tcp\":true,\"tcp\":true}",
		"{\"tcp\":true,\"reverse\":true,\"bidirectional\":true}",
	};

	for (size_t i = 0; i < WR_LEN(wrong); i++) {
		struct i3_params p;
		struct wr_err err;

		assert_true(parse(&p, wrong[i], &err) < 0);
	}
}

static void parameters_survive_writing_and_reading(void **state)
{
	const struct i3_params p = {
		.udp = true,
		.bidir = true,
		.nodelay = true,
		.udp_64bit = true,
		.get_server_output = true,
		.parallel = 128,
		.omit_s = 1,
		.time_s = 86400,
		.len = 1448,
		.rate = 123456789012,
		.burst = 7,
		.mss = 536,
		.window = 65536,
		.tos = 32,
		.bytes = INT64_MAX,
		.title = "a \"title\"",
		.congestion = "cubic",
		.version = "3.12",
	};
	struct i3_params q;
	struct wr_err err;
	char *text = i3_params_print(&p);

	assert_non_null(text);
	assert_int_equal(parse(&q, text, &err), 0);
	assert_memory_equal(&p, &q, sizeof(p));
	free(text);
}

static void the_first_streams_are_the_clients_unless_only_the_server_sends(void **state)
{
	struct i3_params p = {.parallel = 2};

	assert_int_equal(i3_params_streams(&p), 2);
	assert_true(i3_params_client_sends(&p, 1));
	p.reverse = true;
	assert_false(i3_params_client_sends(&p, 0));
	p.reverse = false;
	p.bidir = true;
	assert_int_equal(i3_params_streams(&p), 4);
	assert_true(i3_params_client_sends(&p, 1));
	assert_false(i3_params_client_sends(&p, 2));
}

static void ids_leave_out_the_two(void **state)
{
	assert_int_equal(i3_stream_id(0), 1);
	assert_int_equal(i3_stream_id(1), 3);
	assert_int_equal(i3_stream_id(2), 4);
}

/* ---- results ---- */

#define CPU "\"cpu_util_total\":1.5,\"cpu_util_user\":1,\"cpu_util_system\":0.5,"
#define ROW(retransmits)                                                                       \
	"{\"id\":1,\"bytes\":1000,\"retransmits\":" retransmits                                \
	",\"jitter\":0.25,\"errors\":-1,\"packets\":9,\"start_time\":0,\"end_time\":2.5}"

static int parse_results(struct i3_results *r, const char *text, struct wr_err *err)
{
	return i3_results_parse(r, text, strlen(text), err);
}

static void results_of_a_real_peer_are_read(void **state)
{
	struct i3_results *r = calloc(1, sizeof(*r));
	struct wr_err err;

	assert_int_equal(
		parse_results(r,
	                      "{" CPU "\"sender_has_retransmits\":1,"
	                      "\"congestion_used\":\"cubic\",\"streams\":[" ROW("3") "]}",
	                      &err),
		0);
	assert_int_equal(r->streams, 1);
	assert_int_equal(r->stream[0].bytes, 1000);
	assert_int_equal(r->stream[0].retransmits, 3);
	assert_int_equal(r->stream[0].errors, -1);
	assert_true(r->stream[0].has_times && r->stream[0].end_s == 2.5);
	assert_string_equal(r->congestion, "cubic");
	i3_results_fini(r);
	free(r);
}

/* iperf3 writes -1 as an unsigned number of 64 bits, or as the real nearest to it. */
static void unsigned_minus_one_means_unknown(void **state)
{
	static const char *const unknown[] = {"18446744073709551615", "1.8446744073709552e+19",
	                                      "-1"};

	for (size_t i = 0; i < WR_LEN(unknown); i++) {
		struct i3_results *r = calloc(1, sizeof(*r));
		struct wr_err err;
		char text[512];

		snprintf(
			text, sizeof(text),
			"{" CPU "\"sender_has_retransmits\":%s,\"streams\":["
			"{\"id\":1,\"bytes\":1000,\"retransmits\":%s,\"jitter\":0,\"errors\":0,"
			"\"packets\":0}]}",
			unknown[i], unknown[i]);
		assert_int_equal(parse_results(r, text, &err), 0);
		assert_int_equal(r->stream[0].retransmits, -1);
		assert_int_equal(r->stream[0].bytes, 1000);
		assert_int_equal(r->sender_has_retransmits, -1);
		assert_false(r->stream[0].has_times);
		i3_results_fini(r);
		free(r);
	}
}

static void results_without_a_mandatory_key_are_refused(void **state)
{
	static const char *const wrong[] = {
		"{\"streams\":[]}",
		"{" CPU "\"streams\":[]}",
		"{" CPU "\"sender_has_retransmits\":\"no\",\"streams\":[]}",
		"{" CPU "\"sender_has_retransmits\":1}",
		"{" CPU "\"sender_has_retransmits\":1,\"streams\":7}",
		"{" CPU "\"sender_has_retransmits\":1,\"streams\":[7]}",
		"{" CPU "\"sender_has_retransmits\":1,\"streams\":[{\"id\":1}]}",
		"{" CPU "\"sender_has_retransmits\":1,\"streams\":[{\"id\":0}]}",
		"{" CPU "\"sender_has_retransmits\":1,\"streams\":[],\"server_output_text\":5}",
	};

	for (size_t i = 0; i < WR_LEN(wrong); i++) {
		struct i3_results *r = calloc(1, sizeof(*r));
		struct wr_err err;

		assert_true(parse_results(r, wrong[i], &err) < 0);
		i3_results_fini(r);
		free(r);
	}
}

static void results_survive_writing_and_reading(void **state)
{
	struct i3_results *r = calloc(1, sizeof(*r)), *q = calloc(1, sizeof(*q));
	struct wr_err err;
	char *text;

	r->cpu[0] = 12.5;
	r->sender_has_retransmits = -1;
	r->streams = 2;
	r->stream[0] =
		(struct i3_stream_result) {1, 5000000000, 4, 0.125, 7, 9, 1, 2, 0, 1.5, true};
	r->stream[1] = (struct i3_stream_result) {3, 1, -1, 0, 0, 0, 0, 0, 0, 1.5, true};
	text = i3_results_print(r);
	assert_int_equal(parse_results(q, text, &err), 0);
	assert_memory_equal(r->stream, q->stream, 2 * sizeof(r->stream[0]));
	assert_int_equal(q->sender_has_retransmits, -1);
	i3_results_fini(q);
	free(text);
	free(r);
	free(q);
}

/* ---- datagrams ---- */

static void headers_have_two_sizes_in_network_order(void **state)
{
	static const uint8_t short_form[] = {0, 0, 0, 5, 0, 0, 0, 7, 0, 0, 1, 2};
	const struct i3_udp_header h = {WR_S(5) + WR_US(7), 0x1200000102};
	struct i3_udp_header back;
	uint8_t bytes[I3_UDP_HEADER_64];

	i3_udp_put(bytes, false, &h);
	assert_memory_equal(bytes, short_form, sizeof(short_form));
	i3_udp_put(bytes, true, &h);
	i3_udp_get(bytes, true, &back);
	assert_int_equal(back.number, h.number);
	assert_int_equal(back.sent_ns, h.sent_ns);
}

static void receive(struct i3_udp_receiver *r, uint64_t number, uint64_t transit_us)
{
	const struct i3_udp_header h = {WR_MS(number), number};

	i3_udp_receive(r, &h, h.sent_ns + WR_US(transit_us));
}

static void gaps_are_losses_until_the_late_ones_come(void **state)
{
	struct i3_udp_receiver r = {0};

	receive(&r, 1, 10);
	receive(&r, 5, 10);
	assert_int_equal(r.lost, 3);
	receive(&r, 3, 10);
	assert_int_equal(r.lost, 2);
	assert_int_equal(r.out_of_order, 1);
	assert_int_equal(r.highest, 5);
	receive(&r, 5, 10); /* a duplicate is out of order too, as iperf3 has it */
	receive(&r, 5, 10);
	receive(&r, 5, 10);
	assert_int_equal(r.lost, 0); /* and never less than nothing */
	assert_int_equal(r.out_of_order, 4);
}

static void the_first_datagram_may_be_lost(void **state)
{
	struct i3_udp_receiver r = {0};

	receive(&r, 3, 10);
	assert_int_equal(r.lost, 2);
}

static void jitter_moves_by_a_sixteenth_of_the_change(void **state)
{
	struct i3_udp_receiver r = {0};

	receive(&r, 1, 1000);
	assert_true(r.jitter_ns == 0); /* one datagram has no jitter */
	receive(&r, 2, 1000 + 160);
	assert_true(r.jitter_ns == 10000);
	receive(&r, 3, 1000);
	assert_true(r.jitter_ns == 10000 + 150000 / 16.0);
}

/* Clocks of two machines have nothing to do with each other. */
static void a_clock_that_is_ahead_does_no_harm(void **state)
{
	struct i3_udp_receiver r = {0};
	const struct i3_udp_header h = {WR_S(4000000000), 1};

	i3_udp_receive(&r, &h, 5);
	i3_udp_receive(&r, &h, 5);
	assert_true(r.jitter_ns == 0);
}

/* ---- pacing ---- */

static void bytes_are_due_evenly(void **state)
{
	struct i3_pace pace;

	i3_pace_start(&pace, 8000000, 100); /* a byte a microsecond */
	assert_int_equal(pace.next_ns, 100);
	i3_pace_sent(&pace, 1000, 100);
	assert_int_equal(pace.next_ns, 100 + WR_MS(1));
	i3_pace_sent(&pace, 500, 100 + WR_MS(1));
	assert_int_equal(pace.next_ns, 100 + WR_US(1500));
}

static void fractions_do_not_add_up(void **state)
{
	struct i3_pace pace;

	i3_pace_start(&pace, 3, 0);
	for (unsigned i = 0; i < 3000; i++)
		i3_pace_sent(&pace, 1, pace.next_ns);
	assert_int_equal(pace.next_ns, WR_S(8000));
}

static void a_late_sender_catches_up_a_second_at_most(void **state)
{
	struct i3_pace pace;

	i3_pace_start(&pace, 8000, 0); /* a byte a millisecond */
	i3_pace_sent(&pace, 1, WR_MS(500));
	assert_int_equal(pace.next_ns, WR_MS(1));
	i3_pace_sent(&pace, 1, WR_S(100));
	assert_int_equal(pace.next_ns, WR_S(99));
	i3_pace_sent(&pace, 1, WR_S(100));
	assert_int_equal(pace.next_ns, WR_S(99) + WR_MS(1));
}

static void a_year_of_terabits_does_not_overflow(void **state)
{
	struct i3_pace pace;
	uint64_t second = UINT64_C(1000000000000) / 8;

	i3_pace_start(&pace, UINT64_C(1000000000000), 0);
	for (uint64_t s = 0; s < 100000; s++)
		i3_pace_sent(&pace, second, pace.next_ns);
	assert_int_equal(pace.next_ns, WR_S(100000));
}

/* ---- numbers ---- */

static void numbers_have_four_digits_and_a_unit(void **state)
{
	static const struct {
		double bytes;
		char format;
		const char *text;
	} rows[] = {
		{0, 'A', "0.00 Bytes"},          {1023, 'A', "1023 Bytes"},
		{1 << 20, 'A', "1.00 MBytes"},   {1.15 * (1 << 30), 'A', "1.15 GBytes"},
		{1237500000, 'a', "9.90 Gbits"}, {12500000, 'a', " 100 Mbits"},
		{12500000, 'k', "100000 Kbits"}, {12500000, 'g', "0.10 Gbits"},
		{12500000, 'M', "11.9 MBytes"},
	};

	for (size_t i = 0; i < WR_LEN(rows); i++) {
		char buf[I3_UNITS_BYTES];

		assert_string_equal(i3_units(buf, sizeof(buf), rows[i].bytes, rows[i].format),
		                    rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_of_a_real_client_are_read),
		cmocka_unit_test(what_is_missing_has_iperf3s_defaults),
		cmocka_unit_test(wrong_types_and_ranges_are_refused_with_the_key),
		cmocka_unit_test(what_is_no_document_is_refused),
		cmocka_unit_test(parameters_survive_writing_and_reading),
		cmocka_unit_test(
			the_first_streams_are_the_clients_unless_only_the_server_sends),
		cmocka_unit_test(ids_leave_out_the_two),
		cmocka_unit_test(results_of_a_real_peer_are_read),
		cmocka_unit_test(unsigned_minus_one_means_unknown),
		cmocka_unit_test(results_without_a_mandatory_key_are_refused),
		cmocka_unit_test(results_survive_writing_and_reading),
		cmocka_unit_test(headers_have_two_sizes_in_network_order),
		cmocka_unit_test(gaps_are_losses_until_the_late_ones_come),
		cmocka_unit_test(the_first_datagram_may_be_lost),
		cmocka_unit_test(jitter_moves_by_a_sixteenth_of_the_change),
		cmocka_unit_test(a_clock_that_is_ahead_does_no_harm),
		cmocka_unit_test(bytes_are_due_evenly),
		cmocka_unit_test(fractions_do_not_add_up),
		cmocka_unit_test(a_late_sender_catches_up_a_second_at_most),
		cmocka_unit_test(a_year_of_terabits_does_not_overflow),
		cmocka_unit_test(numbers_have_four_digits_and_a_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
