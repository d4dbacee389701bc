/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Peers that hold what they have: connections whose window stays shut, or opens by a byte,
 * that say a byte now and then, or acknowledge in crumbs; beside honest clients.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_tcp.h>

#include "attack.h"
#include "wr_test.h"

#define PEERS      150
#define CROWD      3000 /* more than three quarters of the buffers, if each holds one */
#define HOLDERS    20   /* that hold text */
#define FIRST_PORT 2000
#define MALLORY    (ATTACK_FAR + 66)
#define CHARGEN    19

static struct attack a;

/* What each of Mallory's connections knows. */
static struct peer {
	uint32_t isn, nxt; /* of the victim: first number, behind the last it sent */
} peer[CROWD];

/* What all connections together may keep. */
static unsigned held_bufs(void)
{
	return a.wire.host[0].conf.tcp.held_bufs;
}

static void note(struct attack *attack, const struct rte_mbuf *m)
{
	const struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(m, void *, 34);
	uint32_t text = m->pkt_len - 34 - (tcp->data_off >> 4) * 4;
	uint32_t end = rte_be_to_cpu_32(tcp->sent_seq) + text;
	struct peer *p =
		&peer[(uint16_t)(rte_be_to_cpu_16(tcp->dst_port) - FIRST_PORT) % CROWD];

	if (m->data_len < 54)
		return;
	if (tcp->tcp_flags == (WR_TCP_SYN | WR_TCP_ACK)) {
		p->isn = end;
		p->nxt = end + 1;
	} else if ((int32_t)(end - p->nxt) > 0) {
		p->nxt = end;
	}
}

static void begin(uint32_t connections)
{
	struct wr_stack_conf conf;

	attack_conf(&conf);
	conf.tcp.connections = conf.tcp.half_open = connections;
	memset(peer, 0, sizeof(peer));
	attack_open(&a, &conf);
	a.on_frame = note;
}

static void say(unsigned n, uint16_t dport, uint32_t seq, uint32_t ack, uint8_t flags,
                uint16_t wnd)
{
	const struct craft_tcp tcp = {.sport = (uint16_t)(FIRST_PORT + n),
	                              .dport = dport,
	                              .seq = seq,
	                              .ack = ack,
	                              .flags = flags,
	                              .wnd = wnd};

	attack_segment(&a, MALLORY, &tcp);
	wire_run(&a.wire, 0);
}

static void open_some(unsigned peers, uint16_t dport, uint16_t wnd)
{
	for (unsigned n = 0; n < peers; n++) {
		say(n, dport, 100, 0, WR_TCP_SYN, wnd);
		say(n, dport, 101, peer[n].isn + 1, WR_TCP_ACK, wnd);
	}
}

/* They ask for text without end, take a little, shut the window, and answer every probe. */
static void windows_shut_for_ever_keep_nobody_out(void **state)
{
	begin(256);
	open_some(HOLDERS, CHARGEN, 500);
	for (unsigned round = 0; round < 100; round++) {
		for (unsigned n = 0; n < HOLDERS; n++)
			say(n, CHARGEN, 101, peer[n].nxt, WR_TCP_ACK, 0);
		attack_wait(&a, WR_MS(2));
	}
	attack_judge(&a);
	attack_close(&a); /* they fall silent, and are let go */
}

/* All that one by one can take is taken, and the probes are answered. */
static void whoever_holds_all_buffers_hinders_nobody(void **state)
{
	begin(256);
	open_some(PEERS, CHARGEN, 500);
	assert_true(rte_mempool_in_use_count(attack_pool(&a)) > held_bufs() / 4 * 3);
	for (unsigned round = 0; round < 100; round++) {
		for (unsigned n = 0; n < PEERS; n++)
			say(n, CHARGEN, 101, peer[n].nxt, WR_TCP_ACK, 0);
		attack_wait(&a, WR_MS(10));
	}
	attack_judge(&a);
	assert_true(a.client[0].longest_ns <= WR_MS(1));
	assert_true(a.client[1].longest_ns <= WR_MS(1));
	attack_close(&a);
}

/* One more of the crowd, or one again that was let go. */
static void ask(unsigned n, uint16_t wnd, bool shuts)
{
	say(n, CHARGEN, 100, 0, WR_TCP_SYN, wnd);
	say(n, CHARGEN, 101, peer[n].isn + 1, WR_TCP_ACK, wnd);
	if (shuts)
		say(n, CHARGEN, 101, peer[n].nxt, WR_TCP_ACK, 0);
}

/* Each tries again once a second. */
static void crowd_for(unsigned seconds, uint16_t wnd, bool shuts)
{
	for (unsigned ms = 0; ms < seconds * 1000; ms++) {
		for (unsigned n = ms % 1000; n < CROWD; n += 1000)
			ask(n, wnd, shuts);
		attack_wait(&a, WR_MS(1));
	}
}

/*
 * All come within some milliseconds. Who has acknowledged text before is not kept waiting for
 * a moment; who connects just then has one retransmission, and later none.
 */
static void crowd(uint16_t wnd, bool shuts)
{
	begin(4096);
	for (unsigned n = 0; n < CROWD; n++)
		ask(n, wnd, shuts);
	crowd_for(1, wnd, shuts);
	assert_true(a.client[1].longest_ns <= WR_MS(210));
	a.client[1].longest_ns = 0;
	crowd_for(4, wnd, shuts);
	assert_true(attack_stats(&a)->reason[WR_REASON_evicted] > CROWD);
	assert_true(a.client[0].longest_ns <= WR_MS(1));
	assert_true(a.client[1].longest_ns <= WR_MS(1));
	attack_judge(&a);
	attack_close(&a);
}

static void a_crowd_that_shuts_its_windows_keeps_nobody_out(void **state)
{
	crowd(500, true);
}

static void a_crowd_that_never_answers_keeps_nobody_out(void **state)
{
	crowd(65535, false);
}

static void windows_of_a_byte_keep_nobody_out(void **state)
{
	begin(256);
	open_some(HOLDERS, CHARGEN, 1);
	for (unsigned round = 0; round < 100; round++) {
		for (unsigned n = 0; n < HOLDERS; n++)
			say(n, CHARGEN, 101, peer[n].nxt, WR_TCP_ACK, 1 + round % 2);
		attack_wait(&a, WR_MS(2));
	}
	attack_judge(&a);
	attack_close(&a);
}

static void a_byte_now_and_then_keeps_nobody_out(void **state)
{
	begin(256);
	open_some(PEERS, 7, 1000);
	for (unsigned round = 0; round < 5; round++) {
		for (unsigned n = 0; n < PEERS; n++) {
			const struct craft_tcp tcp = {.sport = (uint16_t)(FIRST_PORT + n),
			                              .dport = 7,
			                              .seq = 101 + round,
			                              .ack = peer[n].nxt,
			                              .flags = WR_TCP_ACK | WR_TCP_PSH,
			                              .wnd = 1000,
			                              .text = "x",
			                              .text_len = 1};

			attack_segment(&a, MALLORY, &tcp);
		}
		attack_wait(&a, WR_MS(50));
		/* Each holds the byte that came back and is not acknowledged, no more. */
		assert_true(rte_mempool_in_use_count(attack_pool(&a)) <= 2 * PEERS + 64);
	}
	attack_judge(&a);
	attack_close(&a);
}

/* CVE-2019-11477: the least MSS, and pieces of single bytes told as received. */
static void sacks_of_single_bytes_with_a_tiny_mss_are_survived(void **state)
{
	static const uint8_t tiny[] = {2, 4, 0, 8, 4, 2, 1, 1};
	uint8_t sack[4 + 32] = {1, 1, 5, 34};
	struct craft_tcp tcp = {.sport = FIRST_PORT,
	                        .dport = CHARGEN,
	                        .seq = 100,
	                        .flags = WR_TCP_SYN,
	                        .wnd = 65535,
	                        .options = tiny,
	                        .options_len = sizeof(tiny)};

	begin(256);
	attack_segment(&a, MALLORY, &tcp);
	wire_run(&a.wire, 0);
	tcp.seq = 101;
	tcp.flags = WR_TCP_ACK;
	tcp.options_len = 0;
	tcp.ack = peer[0].nxt;
	for (unsigned n = 0; n < 100; n++) { /* a window of hundreds of segments opens */
		attack_segment(&a, MALLORY, &tcp);
		wire_run(&a.wire, 0);
		tcp.ack = peer[0].nxt;
	}
	tcp.options = sack;
	tcp.options_len = sizeof(sack);
	for (uint32_t n = 0; n < 20000; n++) {
		for (unsigned b = 0; b < 4; b++) {
			uint32_t left = tcp.ack + 1 + (n * 4 + b) * 2 % 30000;
			rte_be32_t edge[2] = {rte_cpu_to_be_32(left),
			                      rte_cpu_to_be_32(left + 1)};

			memcpy(sack + 4 + b * 8, edge, sizeof(edge));
		}
		attack_segment(&a, MALLORY, &tcp);
	}
	attack_judge(&a);
	tcp.seq = 101;
	tcp.flags = WR_TCP_RST;
	attack_segment(&a, MALLORY, &tcp);
	attack_close(&a);
}

/* The newest text that came for each of Mallory's connections. */
static struct piece {
	uint32_t seq, end;
} piece[HOLDERS];

static void note_piece(struct attack *attack, const struct rte_mbuf *m)
{
	const struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(m, void *, 34);
	unsigned n = (uint16_t)(rte_be_to_cpu_16(tcp->dst_port) - FIRST_PORT) % HOLDERS;
	uint32_t seq = rte_be_to_cpu_32(tcp->sent_seq);

	note(attack, m);
	if (!(tcp->tcp_flags & WR_TCP_SYN))
		piece[n] = (struct piece) {seq, seq + m->pkt_len - 34 -
		                                        (uint32_t)(tcp->data_off >> 4) * 4};
}

/* Takes the newest piece: the first of all that are sent, or one behind a gap. */
static void take_piece(unsigned n, uint32_t *una)
{
	uint8_t sack[12] = {1, 1, 5, 10};
	rte_be32_t edge[2] = {rte_cpu_to_be_32(piece[n].seq), rte_cpu_to_be_32(piece[n].end)};
	struct craft_tcp tcp = {.sport = (uint16_t)(FIRST_PORT + n),
	                        .dport = CHARGEN,
	                        .seq = 101,
	                        .flags = WR_TCP_ACK,
	                        .wnd = 65535,
	                        .options = sack,
	                        .options_len = sizeof(sack)};

	memcpy(sack + 4, edge, sizeof(edge));
	if (piece[n].seq == *una && *una - peer[n].isn < 1000) {
		*una = piece[n].end;
		tcp.options_len = 0;
	}
	tcp.ack = *una;
	attack_segment(&a, MALLORY, &tcp);
}

static void begin_with_quick_timeouts(void)
{
	struct wr_stack_conf conf;

	attack_conf(&conf);
	conf.tcp.connections = conf.tcp.half_open = 256;
	conf.tcp.rto_min_us = conf.tcp.rto_slack_us = 1000;
	memset(peer, 0, sizeof(peer));
	attack_open(&a, &conf);
	a.on_frame = note_piece;
}

/*
 * Silence until segments are the shortest that a black hole makes them, then each piece of the
 * flight is taken but for the first ones: one that is cut in thirty takes thirty buffers.
 */
static void a_flight_cut_to_crumbs_takes_no_more_than_a_share(void **state)
{
	static const uint8_t able[] = {2, 4, 5, 180, 4, 2, 1, 1};
	struct craft_tcp tcp = {.dport = CHARGEN,
	                        .seq = 100,
	                        .flags = WR_TCP_SYN,
	                        .wnd = 65535,
	                        .options = able,
	                        .options_len = sizeof(able)};
	uint32_t una[HOLDERS];

	begin_with_quick_timeouts();
	for (unsigned n = 0; n < HOLDERS; n++) {
		tcp.sport = (uint16_t)(FIRST_PORT + n);
		attack_segment(&a, MALLORY, &tcp);
		wire_run(&a.wire, 0);
		una[n] = peer[n].nxt;
		for (unsigned i = 0; i < 50; i++) /* all of the window leaves */
			say(n, CHARGEN, 101, una[n] = peer[n].nxt, WR_TCP_ACK, 65535);
		peer[n].isn = una[n];
	}
	attack_wait(&a, WR_S(1));
	attack_judge_from_here(&a);
	for (unsigned round = 0; round < 1500; round++) {
		for (unsigned n = 0; n < HOLDERS; n++)
			take_piece(n, &una[n]);
		assert_true(rte_mempool_in_use_count(attack_pool(&a)) < held_bufs());
	}
	attack_judge(&a);
	attack_close(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows_shut_for_ever_keep_nobody_out),
		cmocka_unit_test(whoever_holds_all_buffers_hinders_nobody),
		cmocka_unit_test(a_crowd_that_shuts_its_windows_keeps_nobody_out),
		cmocka_unit_test(a_crowd_that_never_answers_keeps_nobody_out),
		cmocka_unit_test(windows_of_a_byte_keep_nobody_out),
		cmocka_unit_test(a_byte_now_and_then_keeps_nobody_out),
		cmocka_unit_test(sacks_of_single_bytes_with_a_tiny_mss_are_survived),
		cmocka_unit_test(a_flight_cut_to_crumbs_takes_no_more_than_a_share),
	};

	wr_test_eal(256);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
