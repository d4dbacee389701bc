/* SPDX-License-Identifier: BSD-3-Clause */
/* The load generator on one host, its server on the other, in virtual time. */
#include <errno.h>
#include <string.h>

#include "load.h"
#include "wire.h"
#include "wr_test.h"

#define SERVER      0
#define CLIENT      1
#define SERVER_ADDR 0xc6120001
#define ECHO        7
#define RR          5203

#define MARGIN_NS WR_MS(5) /* between the last opened connection and the start */

struct rig {
	struct wire wire;
	struct wr_load_conf conf;
	struct wr_load *load[WIRE_CORES];
	unsigned cores;
	struct wr_load_stats sum;
};

static struct rig *rig_new_with(enum wr_load_mode mode, unsigned cores, bool fastopen)
{
	static struct rig rig;
	struct wr_stack_conf conf;

	memset(&rig, 0, sizeof(rig));
	rig.wire.now_ns = WR_S(1000);
	rig.wire.delay_ns = WR_US(50);
	wire_conf(&conf, SERVER);
	wr_stack_serve(&conf, &wr_service_echo);
	if (wr_service_find("rr"))
		wr_stack_serve(&conf, wr_service_find("rr"));
	for (unsigned i = 0; i < conf.services; i++)
		conf.service[i].options.fastopen = fastopen;
	conf.tcp.connections = 1024;
	conf.tcp.half_open = 1024;
	wire_attach(&rig.wire, SERVER, &conf, 1, 8191);
	wire_conf(&conf, CLIENT);
	conf.tcp.connections = 1024;
	wire_attach(&rig.wire, CLIENT, &conf, cores, 8191);
	wire_meet(&rig.wire);
	rig.cores = cores;
	rig.conf = (struct wr_load_conf) {
		.mode = mode,
		.target = SERVER_ADDR,
		.port = ECHO,
		.set.connections = 8,
		.duration_ns = WR_MS(100),
		.pipeline = 1,
		.reconnect = WR_LOAD_RECONNECT_BACKOFF,
		.drain_ns = WR_S(2),
		.seed = 7,
	};
	assert_int_equal(wr_sizes_parse("64", 1 << 20, &rig.conf.request), 0);
	rig.conf.response = rig.conf.request;
	wr_tcp_options_default(&rig.conf.tcp);
	rig.conf.tcp.nodelay = true;
	rig.conf.tcp.connect_timeout_ms = 3000;
	rig.conf.tcp.fastopen = fastopen;
	return &rig;
}

static struct rig *rig_new(enum wr_load_mode mode, unsigned cores)
{
	return rig_new_with(mode, cores, false);
}

static void rig_begin(struct rig *rig)
{
	struct wr_err err = {0};

	assert_int_equal(wr_load_check(&rig->conf, &err), 0);
	for (unsigned i = 0; i < rig->cores; i++) {
		rig->load[i] = wr_load_new(&rig->conf, rig->wire.host[CLIENT].core[i], i,
		                           rig->cores, -1, &err);
		assert_non_null(rig->load[i]);
		wr_load_begin(rig->load[i], rig->wire.now_ns);
	}
}

static bool all_are(const struct rig *rig, enum wr_load_phase phase)
{
	for (unsigned i = 0; i < rig->cores; i++)
		if (wr_load_phase(rig->load[i]) != phase)
			return false;
	return true;
}

static void rig_start(struct rig *rig)
{
	for (unsigned i = 0; i < 2000 && !all_are(rig, WR_LOAD_READY); i++)
		wire_run(&rig->wire, WR_MS(1));
	assert_true(all_are(rig, WR_LOAD_READY));
	for (unsigned i = 0; i < rig->cores; i++)
		wr_load_start(rig->load[i], rig->wire.now_ns + MARGIN_NS);
}

static const struct wr_load_stats *rig_sum(struct rig *rig)
{
	memset(&rig->sum, 0, sizeof(rig->sum));
	for (unsigned i = 0; i < WR_LATENCY_COUNT; i++)
		wr_histogram_clear(&rig->sum.latency[i]);
	for (unsigned i = 0; i < rig->cores; i++)
		wr_load_stats_sum(&rig->sum, wr_load_stats(rig->load[i]));
	return &rig->sum;
}

static uint64_t stat(struct rig *rig, enum wr_load_stat which)
{
	return rig_sum(rig)->n[which];
}

#define STAT(rig, name) stat(rig, WR_LOAD_STAT_##name)

static void rig_finish(struct rig *rig)
{
	const struct wr_load_stats *sum;

	for (unsigned i = 0; i < 20000 && !all_are(rig, WR_LOAD_DONE); i++)
		wire_run(&rig->wire, WR_MS(1));
	assert_true(all_are(rig, WR_LOAD_DONE));
	sum = rig_sum(rig);
	assert_int_equal(sum->open, 0);
	assert_int_equal(sum->opening, 0);
	assert_int_equal(sum->outstanding, 0);
	assert_int_equal(STAT(rig, requests_planned),
	                 STAT(rig, requests_sent) + STAT(rig, requests_unsent));
	assert_int_equal(STAT(rig, requests_sent), STAT(rig, responses) +
	                                                   STAT(rig, responses_timed_out) +
	                                                   STAT(rig, responses_missing));
}

static void rig_free(struct rig *rig)
{
	for (unsigned i = 0; i < rig->cores; i++)
		wr_load_free(rig->load[i]);
	wire_free(&rig->wire);
}

static void run_through(struct rig *rig)
{
	rig_begin(rig);
	rig_start(rig);
	rig_finish(rig);
}

/* ---- closed loop ---- */

static void a_closed_loop_has_one_request_a_round_trip_on_each_connection(void **state)
{
	struct rig *rig = rig_new(WR_LOAD_RR, 1);

	run_through(rig);
	/* 100 ms of 100 us round trips on 8 connections. */
	assert_in_range(STAT(rig, responses), 7600, 8008);
	assert_int_equal(STAT(rig, responses), STAT(rig, requests_sent));
	assert_int_equal(STAT(rig, connections_opened), 8);
	assert_int_equal(STAT(rig, connections_closed), 8);
	assert_int_equal(STAT(rig, connections_broken), 0);
	assert_in_range(wr_histogram_percentile(&rig_sum(rig)->latency[WR_LATENCY_service], 50),
	                WR_US(100), WR_US(110));
	rig_free(rig);
}

static void requests_are_a_limit_shared_by_the_cores(void **state)
{
	struct rig *rig = rig_new(WR_LOAD_RR, 3);

	rig->conf.duration_ns = 0;
	rig->conf.requests = 1000;
	run_through(rig);
	assert_int_equal(STAT(rig, responses), 1000);
	rig_free(rig);
}

static void a_pipeline_keeps_so_many_requests_under_way(void **state)
{
	struct rig *rig = rig_new(WR_LOAD_RR, 1);

	rig->conf.pipeline = 4;
	run_through(rig);
	assert_in_range(STAT(rig, responses), 4 * 7600, 4 * 8008);
	rig_free(rig);
}

static void a_client_that_thinks_waits_before_it_asks_again(void **state)
{
	struct rig *rig = rig_new(WR_LOAD_RR, 1);

	rig->conf.think_ns = WR_MS(10);
	run_through(rig);
	assert_in_range(STAT(rig, responses), 8 * 8, 8 * 10);
	rig_free(rig);
}

static void requests_longer_than_a_segment_come_back_whole(void **state)
{
	struct rig *rig = rig_new(WR_LOAD_RR, 1);

	assert_int_equal(wr_sizes_parse("100k", 1 << 20, &rig->conf.request), 0);
	rig->conf.response = rig->conf.request;
	rig->conf.verify = true;
	run_through(rig);
	assert_true(STAT(rig, responses) > 100);
	assert_true(STAT(rig, verified) >= STAT(rig, responses));
	assert_int_equal(STAT(rig, corrupt), 0);
	rig_free(rig);
}

static uint64_t bytes_written;

static void count_written(struct wr_load *load, uint32_t n, const struct load_request *request,
                          uint32_t offset, uint8_t *out, uint32_t bytes)
{
	bytes_written += bytes;
	load_protocol_echo.write(load, n, request, offset, out, bytes);
}

static void no_segment_is_made_while_there_is_no_room(void **state)
{
	struct rig *rig = rig_new(WR_LOAD_RR, 1);
	struct load_protocol counted = load_protocol_echo;

	assert_int_equal(wr_sizes_parse("1M", 1 << 20, &rig->conf.request), 0);
	rig->conf.response = rig->conf.request;
	rig_begin(rig);
	counted.write = count_written;
	rig->load[0]->protocol = &counted;
	bytes_written = 0;
	rig_start(rig);
	rig_finish(rig);
	assert_true(bytes_written > 8 * (1 << 20));
	assert_int_equal(bytes_written, STAT(rig, bytes_sent));
	rig_free(rig);
}

static void the_rr_service_answers_as_long_as_asked(void **state)
{
	struct rig *rig = rig_new(WR_LOAD_RR, 1);

	rig->conf.port = RR;
	rig->conf.verify = true;
	rig->conf.pipeline = 3;
	assert_int_equal(wr_sizes_parse("48-300", 1 << 20, &rig->conf.request), 0);
	assert_int_equal(wr_sizes_parse("48-5000", 1 << 20, &rig->conf.response), 0);
	run_through(rig);
	assert_true(STAT(rig, responses) > 5000);
	assert_true(STAT(rig, verified) >= STAT(rig, responses));
	assert_int_equal(STAT(rig, corrupt), 0);
	assert_int_equal(STAT(rig, foreign), 0);
	rig_free(rig);
}

/* ---- open loop ---- */

static void an_open_loop_offers_what_was_planned(void **state)
{
	struct rig *rig = rig_new(WR_LOAD_RR, 2);

	rig->conf.set.rps = 20000;
	run_through(rig);
	assert_in_range(STAT(rig, requests_planned), 1999, 2001);
	assert_int_equal(STAT(rig, requests_unsent), 0);
	assert_int_equal(STAT(rig, responses), STAT(rig, requests_planned));
	rig_free(rig);
}

static void what_an_overloaded_run_could_not_send_is_known(void **state)
{
	struct rig *rig = rig_new(WR_LOAD_RR, 1);

	rig->conf.set.rps = 160000; /* eight connections manage 80,000 */
	run_through(rig);
	assert_in_range(STAT(rig, requests_planned), 15990, 16010);
	assert_in_range(STAT(rig, requests_unsent), 7800, 8600);
	/* The last ones waited for half of the measurement; their service took no longer. */
	assert_true(wr_histogram_percentile(&rig_sum(rig)->latency[WR_LATENCY_response], 99) >
	            WR_MS(45));
	assert_true(wr_histogram_percentile(&rig_sum(rig)->latency[WR_LATENCY_service], 99) <
	            WR_US(200));
	rig_free(rig);
}

static void what_comes_in_the_warm_up_does_not_count(void **state)
{
	struct rig *rig = rig_new(WR_LOAD_RR, 1);

	rig->conf.set.rps = 10000;
	rig->conf.schedule.ramp_ns = WR_MS(50);
	rig->conf.warmup_ns = WR_MS(30);
	run_through(rig);
	assert_in_range(STAT(rig, requests_planned), 999, 1001);
	assert_in_range(rig->wire.host[SERVER].stats[0].n[WR_STAT_tcp_segments_in], 1500, 2200);
	rig_free(rig);
}

static void new_setpoints_hold_from_then_on(void **state)
{
	struct rig *rig = rig_new(WR_LOAD_RR, 1);
	struct wr_load_setpoints set;

	rig->conf.set.rps = 10000;
	rig_begin(rig);
	rig_start(rig);
	wire_run(&rig->wire, MARGIN_NS + WR_MS(50));
	set = rig->conf.set;
	set.rps = 40000;
	set.connections = 5;
	assert_int_equal(wr_load_set(rig->load[0], &set, rig->wire.now_ns), 0);
	wire_run(&rig->wire, WR_MS(10));
	assert_int_equal(rig_sum(rig)->open, 5);
	set.connections = 9;
	assert_int_equal(wr_load_set(rig->load[0], &set, rig->wire.now_ns), -ENOSPC);
	rig_finish(rig);
	assert_in_range(STAT(rig, requests_planned), 2490, 2510);
	assert_int_equal(STAT(rig, responses), STAT(rig, requests_planned));
	rig_free(rig);
}

/* The whole bottle-neck: frames in flight are few while everything closes. */
static bool count_fins(void *ctx, unsigned to, const struct rte_mbuf *m)
{
	const uint8_t *flags = rte_pktmbuf_mtod_offset(m, const uint8_t *, 14 + 20 + 13);

	if (to == SERVER && m->data_len >= 54)
		*(unsigned *)ctx += *flags & 1;
	return true;
}

static void connections_that_end_slowly_get_the_time_that_they_need(void **state)
{
	struct rig *rig = rig_new(WR_LOAD_HOLD, 1);
	unsigned fins = 0;

	rig->conf.set.connections = 1000;
	rig->conf.duration_ns = WR_MS(10);
	rig->conf.drain_ns = WR_MS(1); /* much less than all of them take */
	rig->wire.delay_ns = WR_US(200);
	rig_begin(rig);
	rig_start(rig);
	rig->wire.pass = count_fins;
	rig->wire.ctx = &fins;
	rig_finish(rig);
	assert_int_equal(fins, 1000);
	assert_int_equal(STAT(rig, connections_closed), 1000);
	assert_int_equal(STAT(rig, connections_broken), 0);
	rig_free(rig);
}

/* ---- a connection for each ---- */

static void crr_opens_and_closes_a_connection_for_each_request(void **state)
{
	struct rig *rig = rig_new(WR_LOAD_CRR, 1);

	rig->conf.set.cps = 5000;
	rig->conf.set.connections = 64;
	run_through(rig);
	assert_in_range(STAT(rig, responses), 499, 501);
	assert_int_equal(STAT(rig, requests_unsent), 0);
	assert_int_equal(STAT(rig, connections_broken), 0);
	assert_int_equal(STAT(rig, connections_failed), 0);
	assert_in_range(wr_histogram_count(&rig_sum(rig)->latency[WR_LATENCY_close]), 499, 501);
	rig_free(rig);
}

static uint64_t of_host(const struct rig *rig, unsigned host, enum wr_stat which)
{
	return rig->wire.host[host].stats[0].n[which];
}

/* One way takes 50 us: 100 us from SYN to answer, and 200 us with a handshake before. */
static void fast_open_spares_a_round_trip(void **state)
{
	struct rig *rig = rig_new_with(WR_LOAD_CRR, 1, true);
	uint64_t median;

	rig->conf.set.cps = 5000;
	rig->conf.set.connections = 64;
	run_through(rig);
	assert_in_range(STAT(rig, responses), 499, 501);
	assert_int_equal(STAT(rig, connections_broken), 0);
	assert_int_equal(STAT(rig, connections_failed), 0);
	assert_in_range(of_host(rig, SERVER, WR_STAT_tcp_fastopen_passive), 490, 501);
	assert_int_equal(of_host(rig, SERVER, WR_STAT_tcp_fastopen_passive),
	                 of_host(rig, CLIENT, WR_STAT_tcp_fastopen_active));
	assert_int_equal(of_host(rig, CLIENT, WR_STAT_tcp_fastopen_active_fail), 0);
	median = wr_histogram_percentile(&rig_sum(rig)->latency[WR_LATENCY_response], 50);
	assert_in_range(median, WR_US(99), WR_US(150));
	rig_free(rig);
}

/* But SYNs arrive: one that is lost ends Fast Open for a minute. */
static bool one_in_eight_is_lost(void *ctx, unsigned to, const struct rte_mbuf *m)
{
	const uint8_t *flags = rte_pktmbuf_mtod_offset(m, const uint8_t *, 14 + 20 + 13);

	return m->data_len < 54 || *flags == WR_TCP_SYN || wr_prng_below(ctx, 8);
}

/* SYN-ACKs, answers and what follows are lost: each request is answered once. */
static void fast_open_survives_losses(void **state)
{
	struct rig *rig = rig_new_with(WR_LOAD_CRR, 1, true);
	uint64_t passive, fast;
	struct wr_prng prng;

	wr_prng_seed(&prng, 5);
	assert_int_equal(wr_sizes_parse("32-4000", 1 << 20, &rig->conf.request), 0);
	rig->conf.protocol = WR_LOAD_ECHO;
	rig->conf.response = rig->conf.request;
	rig->conf.verify = true;
	rig->conf.set.cps = 2000;
	rig->conf.set.connections = 1000;
	rig->conf.duration_ns = WR_MS(500);
	rig->conf.drain_ns = WR_S(60);
	rig->conf.tcp.connect_timeout_ms = 0;
	rig->wire.pass = one_in_eight_is_lost;
	rig->wire.ctx = &prng;
	rig_begin(rig);
	rig_start(rig);
	for (unsigned s = 0; s < 120 && !all_are(rig, WR_LOAD_DONE); s++)
		wire_run(&rig->wire, WR_S(1));
	assert_true(all_are(rig, WR_LOAD_DONE));
	assert_int_equal(STAT(rig, connections_broken), 0);
	assert_int_equal(STAT(rig, connections_failed), 0);
	assert_int_equal(STAT(rig, corrupt), 0);
	assert_int_equal(STAT(rig, responses), STAT(rig, requests_planned));
	passive = of_host(rig, SERVER, WR_STAT_tcp_fastopen_passive);
	fast = of_host(rig, CLIENT, WR_STAT_tcp_fastopen_active);
	assert_in_range(passive, 900, 1000);
	assert_in_range(fast, 900, passive);
	rig_free(rig);
}

/* Connections of rr are open before the run: it asks as ever. */
static void fast_open_changes_nothing_for_connections_that_stay(void **state)
{
	struct rig *rig = rig_new_with(WR_LOAD_RR, 1, true);

	run_through(rig);
	assert_int_equal(STAT(rig, responses), STAT(rig, requests_planned));
	assert_int_equal(STAT(rig, connections_broken), 0);
	assert_int_equal(of_host(rig, SERVER, WR_STAT_tcp_fastopen_cookie_reqd), 8);
	rig_free(rig);
}

static void connect_is_a_handshake_and_a_close(void **state)
{
	struct rig *rig = rig_new(WR_LOAD_CONNECT, 1);

	rig->conf.close = WR_LOAD_CLOSE_RESET;
	run_through(rig);
	assert_true(STAT(rig, responses) > 5000);
	assert_int_equal(STAT(rig, bytes_sent), 0);
	assert_int_equal(rig_sum(rig)->reason[WR_REASON_aborted],
	                 STAT(rig, connections_opened));
	rig_free(rig);
}

/* ---- faults ---- */

static void a_refused_connection_is_told_and_does_not_loop(void **state)
{
	struct rig *rig = rig_new(WR_LOAD_CRR, 1);

	rig->conf.port = 4242;
	run_through(rig);
	assert_int_equal(STAT(rig, responses), 0);
	assert_in_range(rig_sum(rig)->reason[WR_REASON_refused], 8, 8 * 20);
	assert_int_equal(STAT(rig, connections_failed), STAT(rig, connections_attempted));
	rig_free(rig);
}

static bool nothing_passes(void *ctx, unsigned to, const struct rte_mbuf *m)
{
	return false;
}

static void a_server_that_falls_silent_is_a_time_out_of_each_request(void **state)
{
	struct rig *rig = rig_new(WR_LOAD_RR, 1);

	rig->conf.response_timeout_ns = WR_MS(20);
	rig->conf.reconnect = WR_LOAD_RECONNECT_NEVER;
	rig_begin(rig);
	rig_start(rig);
	wire_run(&rig->wire, MARGIN_NS + WR_MS(50));
	rig->wire.pass = nothing_passes;
	rig_finish(rig);
	assert_int_equal(STAT(rig, responses_timed_out), 8);
	assert_int_equal(STAT(rig, connections_broken), 8);
	rig_free(rig);
}

static void a_server_that_resets_is_told_apart(void **state)
{
	struct rig *rig = rig_new(WR_LOAD_RR, 1);
	struct wr_stack_message abort = {.ask = WR_ASK_ABORT};

	rig->conf.reconnect = WR_LOAD_RECONNECT_BACKOFF;
	rig_begin(rig);
	rig_start(rig);
	wire_run(&rig->wire, MARGIN_NS + WR_MS(50));
	wr_stack_post(rig->wire.host[SERVER].core[0], &abort);
	rig_finish(rig);
	assert_in_range(rig_sum(rig)->reason[WR_REASON_reset_by_peer], 1, 8);
	assert_true(STAT(rig, connections_broken) + STAT(rig, connections_failed) >= 8);
	rig_free(rig);
}

#define TEXT 66 /* Ethernet, IPv4 and TCP with timestamps */

/* Swaps two words: the Internet checksum does not see that. */
static bool damage_one(void *ctx, unsigned to, const struct rte_mbuf *m)
{
	uint16_t *word = rte_pktmbuf_mtod_offset(m, uint16_t *, TEXT + 40), kept = word[0];
	unsigned *frames = ctx;

	if (to == CLIENT && m->data_len >= TEXT + 64 && ++*frames == 100) {
		word[0] = word[1];
		word[1] = kept;
	}
	return true;
}

static void damage_that_the_checksums_miss_is_found(void **state)
{
	struct rig *rig = rig_new(WR_LOAD_RR, 1);
	unsigned frames = 0;

	rig->conf.verify = true;
	rig->wire.pass = damage_one;
	rig->wire.ctx = &frames;
	run_through(rig);
	assert_true(STAT(rig, verified) > 5000);
	assert_int_equal(STAT(rig, corrupt), 1);
	assert_int_equal(STAT(rig, foreign) + STAT(rig, truncated) + STAT(rig, duplicate), 0);
	rig_free(rig);
}

/* ---- what cannot be meant ---- */

static void refused_with(struct rig *rig, const char *words)
{
	struct wr_err err = {0};

	assert_int_equal(wr_load_check(&rig->conf, &err), -EINVAL);
	assert_int_equal(err.exit, WR_EXIT_USAGE);
	assert_non_null(strstr(err.text, words));
}

static void contradictions_are_refused_in_words(void **state)
{
	struct rig *rig = rig_new(WR_LOAD_RR, 1);

	rig->conf.set.pps = 5;
	refused_with(rig, "--mode rr has no --pps");
	rig->conf.set.pps = 0;
	rig->conf.duration_ns = 0;
	refused_with(rig, "would never end");
	rig->conf.requests = 5;
	rig->conf.verify = true;
	wr_sizes_parse("20", 100, &rig->conf.request);
	rig->conf.response = rig->conf.request;
	refused_with(rig, "give at least 32");
	wr_sizes_parse("100", 100, &rig->conf.request);
	wr_sizes_parse("200", 200, &rig->conf.response);
	rig->conf.protocol = WR_LOAD_ECHO;
	refused_with(rig, "or give --protocol sized");
	wire_free(&rig->wire);
}

static void what_no_datagram_carries_is_refused(void **state)
{
	struct rig *rig = rig_new(WR_LOAD_UDP_RR, 1);
	struct wr_err err;

	wr_sizes_parse("64-65507", 1 << 20, &rig->conf.request);
	rig->conf.response = rig->conf.request;
	assert_int_equal(wr_load_check(&rig->conf, &err), 0);
	wr_sizes_parse("64-65508", 1 << 20, &rig->conf.response);
	refused_with(rig, "--response can be 65508 bytes, and a datagram carries 65507");
	rig->conf.request = rig->conf.response;
	refused_with(rig, "--request can be 65508 bytes");
	rig->conf.mode = WR_LOAD_UDP_FLOOD;
	refused_with(rig, "--request can be 65508 bytes");
	rig->conf.mode = WR_LOAD_RR;
	assert_int_equal(wr_load_check(&rig->conf, &err), 0);
	wire_free(&rig->wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_closed_loop_has_one_request_a_round_trip_on_each_connection),
		cmocka_unit_test(requests_are_a_limit_shared_by_the_cores),
		cmocka_unit_test(a_pipeline_keeps_so_many_requests_under_way),
		cmocka_unit_test(a_client_that_thinks_waits_before_it_asks_again),
		cmocka_unit_test(requests_longer_than_a_segment_come_back_whole),
		cmocka_unit_test(no_segment_is_made_while_there_is_no_room),
		cmocka_unit_test(the_rr_service_answers_as_long_as_asked),
		cmocka_unit_test(an_open_loop_offers_what_was_planned),
		cmocka_unit_test(what_an_overloaded_run_could_not_send_is_known),
		cmocka_unit_test(what_comes_in_the_warm_up_does_not_count),
		cmocka_unit_test(new_setpoints_hold_from_then_on),
		cmocka_unit_test(connections_that_end_slowly_get_the_time_that_they_need),
		cmocka_unit_test(crr_opens_and_closes_a_connection_for_each_request),
		cmocka_unit_test(fast_open_spares_a_round_trip),
		cmocka_unit_test(fast_open_survives_losses),
		cmocka_unit_test(fast_open_changes_nothing_for_connections_that_stay),
		cmocka_unit_test(connect_is_a_handshake_and_a_close),
		cmocka_unit_test(a_refused_connection_is_told_and_does_not_loop),
		cmocka_unit_test(a_server_that_falls_silent_is_a_time_out_of_each_request),
		cmocka_unit_test(a_server_that_resets_is_told_apart),
		cmocka_unit_test(damage_that_the_checksums_miss_is_found),
		cmocka_unit_test(contradictions_are_refused_in_words),
		cmocka_unit_test(what_no_datagram_carries_is_refused),
	};

	return cmocka_run_group_tests(tests, wr_test_start, NULL);
}
