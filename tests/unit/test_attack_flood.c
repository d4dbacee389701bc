/* SPDX-License-Identifier: BSD-3-Clause */
/* Floods, beside honest clients: what they cost, what they draw, what they leave. */
#include <netinet/in.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "attack.h"
#include "wr_prng.h"
#include "wr_test.h"

#define CLOSED_PORT 4444

static struct attack a;
static struct wr_prng prng;

static uint32_t random_32(void)
{
	return (uint32_t)wr_prng_u64(&prng);
}

static uint32_t random_host(void)
{
	return ATTACK_FAR + random_32() % 0xfffe + 1;
}

static void begin(const struct wr_stack_conf *conf)
{
	wr_prng_seed(&prng, 7);
	attack_open(&a, conf);
}

static void end(void)
{
	attack_judge(&a);
	attack_close(&a);
}

/* Resets that may have left since the attack began. */
static uint64_t resets_allowed(void)
{
	uint64_t rate = a.wire.host[0].conf.tcp.rsts_per_s;

	return rate * (a.wire.now_ns - a.began_ns) / WR_S(1) + rate / 10 + 1;
}

static void segments_to_closed_ports_draw_a_limited_number_of_resets(void **state)
{
	begin(NULL);
	for (unsigned i = 0; i < 50000; i++) {
		const struct craft_tcp tcp = {
			.sport = (uint16_t)(1 + random_32() % 65535),
			.dport = CLOSED_PORT,
			.seq = random_32(),
			.ack = random_32(),
			.flags = i % 2 ? WR_TCP_ACK : WR_TCP_SYN,
			.wnd = 1000,
		};

		attack_segment(&a, random_host(), &tcp);
	}
	assert_true(a.resets_out > 100);
	assert_true(a.resets_out <= resets_allowed());
	assert_int_equal(a.frames_out, a.resets_out);
	assert_true(attack_stats(&a)->n[WR_STAT_tcp_rst_limited] > 10000);
	end();
}

static void resets_to_any_port_draw_nothing(void **state)
{
	begin(NULL);
	for (unsigned i = 0; i < 50000; i++) {
		const struct craft_tcp tcp = {
			.sport = (uint16_t)(1 + random_32() % 65535),
			.dport = i % 2 ? CLOSED_PORT : 7,
			.seq = random_32(),
			.ack = random_32(),
			.flags = i % 3 ? WR_TCP_RST : WR_TCP_RST | WR_TCP_ACK,
		};

		attack_segment(&a, random_host(), &tcp);
	}
	assert_int_equal(a.frames_out, 0);
	end();
}

static void acks_to_an_open_port_make_no_state(void **state)
{
	begin(NULL);
	for (unsigned i = 0; i < 50000; i++) {
		const struct craft_tcp tcp = {
			.sport = (uint16_t)(1 + random_32() % 65535),
			.dport = 7,
			.seq = random_32(),
			.ack = random_32(),
			.flags = WR_TCP_ACK | (i % 2 ? WR_TCP_FIN : WR_TCP_PSH),
			.text = "forged text",
			.text_len = 11,
		};

		attack_segment(&a, random_host(), &tcp);
	}
	assert_true(a.resets_out <= resets_allowed());
	assert_int_equal(attack_stats(&a)->connections[WR_TCP_SYN_RECEIVED], 0);
	assert_true(attack_stats(&a)->connections[WR_TCP_ESTABLISHED] <= 2);
	end();
}

/* The honest connection itself is the target: its tuple is known, its numbers are not. */
static void guesses_at_a_live_connection_change_nothing(void **state)
{
	struct wr_tuple tuple;
	uint64_t challenges;

	begin(NULL);
	wr_tcb_tuple(a.client[0].c, &tuple);
	for (unsigned i = 0; i < 50000; i++) {
		/* No exact hit: the numbers that would be one are those of the connection. */
		const struct craft_tcp tcp = {
			.sport = tuple.lport,
			.dport = 7,
			.seq = random_32(),
			.ack = random_32(),
			.flags = (uint8_t[]) {WR_TCP_RST, WR_TCP_SYN, WR_TCP_ACK,
		                              WR_TCP_ACK | WR_TCP_FIN, WR_TCP_RST | WR_TCP_ACK,
		                              WR_TCP_ACK | WR_TCP_PSH, 0xff & ~WR_TCP_SYN,
		                              WR_TCP_FIN}[i % 8],
			.wnd = (uint16_t)random_32(),
			.text = "forged text",
			.text_len = i % 3 ? 0 : 11,
		};

		attack_segment(&a, ATTACK_HONEST, &tcp);
	}
	challenges = attack_stats(&a)->cause[WR_CAUSE_tcp_challenge];
	assert_true(challenges <= 10 * ((a.wire.now_ns - a.began_ns) / WR_S(1) + 2));
	end();
}

/* ---- TIME-WAIT ---- */

static bool closes_at_once(struct wr_tcp *tcp, struct wr_tcb *c)
{
	wr_tcp_close(tcp, c);
	return true;
}

static bool takes_all(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	rte_pktmbuf_free(m);
	return true;
}

static void nothing(struct wr_tcp *tcp, struct wr_tcb *c)
{
}

static void nothing_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
}

static const struct wr_tcp_events first_to_close = {
	.on_open = closes_at_once,
	.on_data = takes_all,
	.on_room = nothing,
	.on_peer_closed = nothing,
	.on_closed = nothing_closed,
};

/* The last SYN-ACK's sequence number. */
static void note_isn(struct attack *attack, const struct rte_mbuf *m)
{
	const struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(m, void *, 34);

	if ((tcp->tcp_flags & 0x12) == 0x12)
		*(uint32_t *)attack->user = rte_be_to_cpu_32(tcp->sent_seq);
}

/* A whole short connection that the victim is the first to close: a TIME-WAIT record. */
static void short_connection(uint32_t from, uint16_t sport, uint16_t dport, const uint32_t *isn)
{
	struct craft_tcp tcp = {
		.sport = sport, .dport = dport, .seq = 1000, .flags = WR_TCP_SYN, .wnd = 1000};

	attack_segment(&a, from, &tcp);
	wire_run(&a.wire, 0);
	tcp.seq = 1001;
	tcp.ack = *isn + 1;
	tcp.flags = WR_TCP_ACK;
	attack_segment(&a, from, &tcp);
	wire_run(&a.wire, 0);
	tcp.ack = *isn + 2;
	tcp.flags = WR_TCP_ACK | WR_TCP_FIN;
	attack_segment(&a, from, &tcp);
}

static void a_hundred_thousand_short_connections_leave_the_table_as_it_was(void **state)
{
	const struct wr_tcp_listener listener = {.port = 13, .events = &first_to_close};
	uint32_t isn = 0;

	begin(NULL);
	a.on_frame = note_isn;
	a.user = &isn;
	assert_int_equal(wr_tcp_listen(wr_stack_tcp(a.wire.host[0].core[0]), &listener), 0);
	for (unsigned i = 0; i < 100000; i++)
		short_connection(ATTACK_FAR + 1 + i / 60000, (uint16_t)(1024 + i % 60000), 13,
		                 &isn);
	assert_true(attack_stats(&a)->connections[WR_TCP_TIME_WAIT] <= 256);
	assert_true(attack_stats(&a)->n[WR_STAT_tcp_time_wait_evicted] >= 99000);
	end();
}

/* ---- connections that do not end ---- */

/* Opens connections, says a byte so that there is an answer to acknowledge, and more. */
static void open_some(unsigned n, uint8_t last_flags, const uint32_t *isn)
{
	for (unsigned i = 0; i < n; i++) {
		struct craft_tcp tcp = {.sport = (uint16_t)(2000 + i),
		                        .dport = 7,
		                        .seq = 1000,
		                        .flags = WR_TCP_SYN,
		                        .wnd = 1000};

		attack_segment(&a, ATTACK_FAR + 9, &tcp);
		wire_run(&a.wire, 0);
		tcp.seq = 1001;
		tcp.ack = *isn + 1;
		tcp.flags = WR_TCP_ACK | last_flags;
		tcp.text = "x";
		tcp.text_len = 1;
		attack_segment(&a, ATTACK_FAR + 9, &tcp);
	}
}

static void peers_that_fall_silent_are_let_go(void **state)
{
	uint32_t isn = 0;

	begin(NULL);
	a.on_frame = note_isn;
	a.user = &isn;
	open_some(100, WR_TCP_FIN, &isn); /* LAST-ACK for ever */
	assert_true(attack_stats(&a)->connections[WR_TCP_LAST_ACK] >= 100);
	open_some(50, WR_TCP_PSH, &isn); /* an echo that nobody acknowledges */
	attack_wait(&a, WR_MS(200));
	end();
}

/* ---- two engines and a middlebox that changes numbers ---- */

struct desync {
	bool on;
	unsigned segments;
};

static bool shift_numbers(void *ctx, unsigned to, const struct rte_mbuf *m)
{
	struct desync *d = ctx;
	struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(m, struct rte_tcp_hdr *, 34);
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, 14);

	if (ip->next_proto_id != IPPROTO_TCP)
		return true;
	d->segments++;
	if (d->on) {
		tcp->sent_seq = rte_cpu_to_be_32(rte_be_to_cpu_32(tcp->sent_seq) + 1000000);
		tcp->cksum = 0;
		tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
	}
	return true;
}

/* Both ends find every segment outside their windows, and answer each: that must die down. */
static void two_ends_out_of_step_do_not_answer_each_other_for_ever(void **state)
{
	struct desync d = {0};
	struct craft_tcp tcp = {.dport = 7, .seq = 5, .ack = 5, .flags = WR_TCP_ACK};
	struct craft_path path = attack_path(ATTACK_HONEST);
	struct wr_tuple tuple;

	begin(NULL);
	a.client[1].stopped = true;
	a.client[0].stopped = true;
	attack_wait(&a, WR_US(130)); /* the last message is half way */
	assert_non_null(a.client[0].c);
	wr_tcb_tuple(a.client[0].c, &tuple);
	tcp.sport = tuple.lport;
	d.on = true;
	a.wire.pass = shift_numbers;
	a.wire.ctx = &d;
	wire_inject(&a.wire, 0, 0, craft_tcp(attack_pool(&a), &path, &tcp));
	wire_run(&a.wire, WR_S(60));
	/* Ten ACKs a second each, and some retransmissions. */
	assert_true(d.segments > 2);
	assert_true(d.segments < 60 * 25);
	wire_run(&a.wire, WR_S(400));
	assert_int_equal(attack_stats(&a)->connections[WR_TCP_ESTABLISHED], 0);
	wire_free(&a.wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_to_closed_ports_draw_a_limited_number_of_resets),
		cmocka_unit_test(resets_to_any_port_draw_nothing),
		cmocka_unit_test(acks_to_an_open_port_make_no_state),
		cmocka_unit_test(guesses_at_a_live_connection_change_nothing),
		cmocka_unit_test(
			a_hundred_thousand_short_connections_leave_the_table_as_it_was),
		cmocka_unit_test(peers_that_fall_silent_are_let_go),
		cmocka_unit_test(two_ends_out_of_step_do_not_answer_each_other_for_ever),
	};

	wr_test_eal(256);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
