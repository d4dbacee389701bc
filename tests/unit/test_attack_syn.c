/* SPDX-License-Identifier: BSD-3-Clause */
/* SYN floods, beside honest clients: cookies, amplification, limits. RFC 4987. */
#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_tcp.h>

#include "attack.h"
#include "wr_prng.h"
#include "wr_test.h"

#define FLOOD   50000 /* SYNs */
#define ANSWERS 256   /* remembered */

/* A SYN-ACK that the victim sent to an address of the attacker's. */
struct answer {
	uint32_t to;
	uint16_t port;
	uint32_t seq, ack;
};

static struct attack a;
static struct wr_prng prng;
static struct answer answer[ANSWERS];
static unsigned answers;

static uint32_t random_32(void)
{
	return (uint32_t)wr_prng_u64(&prng);
}

static uint32_t random_host(void)
{
	return ATTACK_FAR + random_32() % 0xfffe + 1;
}

static void note(struct attack *attack, const struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, void *, 14);
	const struct rte_tcp_hdr *tcp = (const void *)(ip + 1);

	if (ip->next_proto_id != IPPROTO_TCP || tcp->tcp_flags != (WR_TCP_SYN | WR_TCP_ACK))
		return;
	answer[answers++ % ANSWERS] = (struct answer) {
		.to = rte_be_to_cpu_32(ip->dst_addr),
		.port = rte_be_to_cpu_16(tcp->dst_port),
		.seq = rte_be_to_cpu_32(tcp->sent_seq),
		.ack = rte_be_to_cpu_32(tcp->recv_ack),
	};
}

static void begin(const struct wr_stack_conf *conf)
{
	wr_prng_seed(&prng, 11);
	answers = 0;
	attack_open(&a, conf);
	a.on_frame = note;
}

static void end(void)
{
	attack_judge(&a);
	attack_close(&a);
}

static void send_syn(uint32_t from)
{
	const struct craft_tcp tcp = {
		.sport = (uint16_t)(1024 + random_32() % 60000),
		.dport = 7,
		.seq = random_32(),
		.flags = WR_TCP_SYN,
		.wnd = 65535,
	};

	attack_segment(&a, from, &tcp);
}

static void flood(unsigned syns)
{
	for (unsigned i = 0; i < syns; i++)
		send_syn(random_host());
}

/* The third segment of a handshake, its numbers changed by so much. */
static void send_ack(const struct answer *to, uint32_t seq_off, uint32_t ack_off)
{
	const struct craft_tcp tcp = {
		.sport = to->port,
		.dport = 7,
		.seq = to->ack + seq_off,
		.ack = to->seq + 1 + ack_off,
		.flags = WR_TCP_ACK,
		.wnd = 65535,
	};

	attack_segment(&a, to->to, &tcp);
}

static uint64_t verdict(enum wr_verdict v)
{
	return attack_stats(&a)->verdict[v];
}

static void random_sources_keep_nobody_out(void **state)
{
	begin(NULL);
	flood(FLOOD);
	assert_true(verdict(WR_V_tcp_cookie_sent) > FLOOD * 9 / 10);
	assert_int_equal(verdict(WR_V_tcp_backlog_full), 0);
	assert_true(attack_stats(&a)->n[WR_STAT_tcp_cookies_accepted] > 100);
	assert_int_equal(attack_stats(&a)->n[WR_STAT_tx_dropped], 0);
	end();
}

static void one_source_keeps_nobody_out(void **state)
{
	begin(NULL);
	for (unsigned i = 0; i < FLOOD; i++)
		send_syn(ATTACK_FAR + 1);
	end();
}

/* With the smallest backlog, and text in each SYN. */
static void a_backlog_of_one_is_enough_for_honest_clients(void **state)
{
	struct wr_stack_conf conf;

	attack_conf(&conf);
	conf.tcp.half_open = 1;
	begin(&conf);
	for (unsigned i = 0; i < FLOOD; i++) {
		const struct craft_tcp tcp = {
			.sport = (uint16_t)(1024 + random_32() % 60000),
			.dport = 7,
			.seq = random_32(),
			.flags = WR_TCP_SYN,
			.wnd = 65535,
			.text = "text in a SYN",
			.text_len = 13,
		};

		attack_segment(&a, random_host(), &tcp);
	}
	assert_true(verdict(WR_V_tcp_syn_received) >= 1);
	end();
}

static void a_syn_draws_one_synack_and_its_repetitions(void **state)
{
	struct wr_stack_conf conf;
	uint64_t retries;

	attack_conf(&conf);
	conf.tcp.half_open = 512;
	retries = conf.tcp.synack_retries;
	begin(&conf);
	flood(200); /* not crowded: each is repeated to the end */
	attack_wait(&a, WR_S(70));
	assert_int_equal(a.frames_out, 200 * (1 + retries));
	end();
}

static void in_a_flood_few_are_repeated_and_once(void **state)
{
	uint64_t records;

	begin(NULL);
	flood(FLOOD);
	attack_wait(&a, WR_S(4));
	records = verdict(WR_V_tcp_syn_received);
	assert_true(a.frames_out >= FLOOD);
	assert_true(a.frames_out <= FLOOD + records);
	assert_true(attack_stats(&a)->cause[WR_CAUSE_tcp_synack_rexmit] <= records);
	end();
}

/* Thousands are due at once, as the victim stood still: each SYN-ACK is repeated, and none
 * lost. */
static void repetitions_leave_the_output_queue_to_others(void **state)
{
	struct wr_stack_conf conf;

	attack_conf(&conf);
	conf.tcp.half_open = 8192;
	begin(&conf);
	flood(8192);
	a.wire.now_ns += WR_S(1);
	attack_wait(&a, WR_MS(400));
	assert_int_equal(attack_stats(&a)->n[WR_STAT_tx_dropped], 0);
	assert_true(attack_stats(&a)->cause[WR_CAUSE_tcp_synack_rexmit] >= 8000);
	attack_close(&a);
}

static void forged_cookies_open_nothing(void **state)
{
	uint64_t opened;

	begin(NULL);
	flood(FLOOD / 2);
	opened = attack_stats(&a)->n[WR_STAT_tcp_passive_opens];
	a.client[0].stopped = a.client[1].stopped = true;
	attack_wait(&a, WR_MS(10));
	opened = attack_stats(&a)->n[WR_STAT_tcp_passive_opens];
	a.on_frame = NULL;
	for (unsigned i = 0; i < FLOOD / 2; i++) {
		const struct answer *to = &answer[i % ANSWERS];

		send_ack(to, i & 1 ? random_32() | 1 : 0, i & 1 ? 0 : random_32() | 1);
	}
	assert_int_equal(attack_stats(&a)->n[WR_STAT_tcp_passive_opens], opened);
	assert_true(attack_stats(&a)->n[WR_STAT_tcp_cookies_refused] > FLOOD / 4);
	attack_close(&a);
}

/* Real ones open connections; told again, they are old segments of these. */
static void cookies_are_good_once_while_their_connection_lives(void **state)
{
	uint64_t opened;

	begin(NULL);
	flood(FLOOD / 10);
	a.on_frame = NULL;
	opened = attack_stats(&a)->n[WR_STAT_tcp_passive_opens];
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 0; i < 64; i++)
			send_ack(&answer[(answers - 1 - i) % ANSWERS], 0, 0);
	attack_wait(&a, WR_US(100));
	assert_true(attack_stats(&a)->n[WR_STAT_tcp_passive_opens] - opened >= 64);
	assert_true(attack_stats(&a)->n[WR_STAT_tcp_passive_opens] - opened <= 64 + 32);
	end();
}

static void a_source_that_opens_many_connections_has_its_share(void **state)
{
	struct wr_stack_conf conf;

	attack_conf(&conf);
	conf.tcp.source_connections = 8;
	begin(&conf);
	for (unsigned i = 0; i < 2000; i++) {
		send_syn(ATTACK_FAR + 1);
		attack_wait(&a, WR_US(20));
		if (answers)
			send_ack(&answer[(answers - 1) % ANSWERS], 0, 0);
	}
	attack_wait(&a, WR_MS(1));
	assert_in_range(attack_stats(&a)->connections[WR_TCP_ESTABLISHED], 8, 8 + 2);
	assert_true(verdict(WR_V_tcp_source_full) > 1000);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_sources_keep_nobody_out),
		cmocka_unit_test(one_source_keeps_nobody_out),
		cmocka_unit_test(a_backlog_of_one_is_enough_for_honest_clients),
		cmocka_unit_test(a_syn_draws_one_synack_and_its_repetitions),
		cmocka_unit_test(in_a_flood_few_are_repeated_and_once),
		cmocka_unit_test(repetitions_leave_the_output_queue_to_others),
		cmocka_unit_test(forged_cookies_open_nothing),
		cmocka_unit_test(cookies_are_good_once_while_their_connection_lives),
		cmocka_unit_test(a_source_that_opens_many_connections_has_its_share),
	};

	wr_test_eal(256);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
