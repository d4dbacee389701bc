/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The work for a frame does not grow with what an attacker has sent before: the instructions
 * for the most expensive of some frames are counted early in a flood, and late.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "attack.h"
#include "steps.h"
#include "wr_prng.h"
#include "wr_test.h"

#define EARLY     100
#define LATE      5000
#define SOME      4    /* frames that are counted */
#define SLACK     3000 /* instructions: of a cold path that may come early or late */
#define MALLORY   (ATTACK_FAR + 66)
#define OPEN_PORT 3000

static struct attack a;
static struct wr_prng prng;
static uint32_t isn;
static uint32_t nxt; /* behind what the victim sent last */

static void note_isn(struct attack *attack, const struct rte_mbuf *m)
{
	const struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(m, void *, 34);

	nxt = rte_be_to_cpu_32(tcp->sent_seq) + m->pkt_len - 34 - (tcp->data_off >> 4) * 4;
	if (tcp->tcp_flags == (WR_TCP_SYN | WR_TCP_ACK))
		isn = nxt++;
}

/* A frame of the flood, the n-th. */
typedef struct rte_mbuf *(*frame_maker)(unsigned n);

/* The most that one of SOME frames costs, from the n-th on. */
static uint64_t cost(frame_maker make, unsigned n)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < SOME; i++) {
		struct rte_mbuf *m = make(n + i);
		uint64_t steps;

		steps_begin();
		wr_stack_input(a.wire.host[0].core[0], &m, 1, a.wire.now_ns);
		steps = steps_end();
		most = steps > most ? steps : most;
		wire_run(&a.wire, 0);
	}
	return most;
}

static void flood(frame_maker make, unsigned from, unsigned to)
{
	for (unsigned n = from; n < to; n++)
		attack_frame(&a, make(n));
}

static void compare(frame_maker make)
{
	uint64_t early, late;

	flood(make, 0, EARLY);
	early = cost(make, EARLY);
	flood(make, EARLY + SOME, LATE);
	late = cost(make, LATE);
	print_message("instructions for a frame: %ju, then %ju\n", (uintmax_t)early,
	              (uintmax_t)late);
	assert_true(early > 100);
	assert_true(late <= 2 * early + SLACK);
	attack_close(&a);
}

/* conf NULL: attack_conf(). */
static void begin_as(const struct wr_stack_conf *conf)
{
	wr_prng_seed(&prng, 5);
	attack_open(&a, conf);
	a.on_frame = note_isn;
}

static void begin(void)
{
	begin_as(NULL);
}

static struct rte_mbuf *segment(uint32_t from, const struct craft_tcp *tcp)
{
	const struct craft_path path = attack_path(from);

	return craft_tcp(attack_pool(&a), &path, tcp);
}

/* Sends the SYN, and makes the ACK of its answer of it. */
static void begin_handshake(struct craft_tcp *tcp)
{
	attack_frame(&a, segment(MALLORY, tcp));
	wire_run(&a.wire, 0);
	tcp->seq = 101;
	tcp->ack = isn + 1;
	tcp->flags = WR_TCP_ACK;
	tcp->options_len = 0;
}

static void open_connection(uint16_t dport)
{
	struct craft_tcp tcp = {.sport = OPEN_PORT,
	                        .dport = dport,
	                        .seq = 100,
	                        .flags = WR_TCP_SYN,
	                        .wnd = 60000,
	                        .options = (const uint8_t[]) {4, 2, 1, 1},
	                        .options_len = 4};

	begin_handshake(&tcp);
	attack_frame(&a, segment(MALLORY, &tcp));
}

static struct rte_mbuf *syn(unsigned n)
{
	const struct craft_tcp tcp = {.sport = (uint16_t)(1024 + n % 60000),
	                              .dport = 7,
	                              .seq = n,
	                              .flags = WR_TCP_SYN,
	                              .wnd = 1000};

	return segment(ATTACK_FAR + 1 + wr_prng_below(&prng, 60000), &tcp);
}

static void a_syn_costs_the_same_however_many_came(void **state)
{
	begin();
	compare(syn);
}

static struct rte_mbuf *stray(unsigned n)
{
	const struct craft_tcp tcp = {.sport = (uint16_t)(1 + wr_prng_below(&prng, 65535)),
	                              .dport = (uint16_t)(n % 2 ? 7 : 4444),
	                              .seq = n,
	                              .ack = n,
	                              .flags = WR_TCP_ACK};

	return segment(ATTACK_FAR + 1 + wr_prng_below(&prng, 60000), &tcp);
}

static void a_stray_segment_costs_the_same_however_many_came(void **state)
{
	begin();
	compare(stray);
}

/* SegmentSmack, CVE-2018-5390: single bytes at odd places of the window. */
static struct rte_mbuf *crumb(unsigned n)
{
	const struct craft_tcp tcp = {.sport = OPEN_PORT,
	                              .dport = 7,
	                              .seq = 103 + 2 * wr_prng_below(&prng, 30000),
	                              .ack = isn + 1,
	                              .flags = WR_TCP_ACK,
	                              .wnd = 60000,
	                              .text = "x",
	                              .text_len = 1};

	return segment(MALLORY, &tcp);
}

static void a_crumb_out_of_order_costs_the_same_however_many_wait(void **state)
{
	begin();
	open_connection(7);
	compare(crumb);
}

/* FragmentSmack, CVE-2018-5391: never complete, of few datagrams in many pieces, or many. */
static struct rte_mbuf *fragment(unsigned n)
{
	const struct craft_path path = attack_path(ATTACK_FAR + 1 + n % 3);
	const struct craft_ip ip = {
		.proto = IPPROTO_UDP,
		.id = (uint16_t)(n % 5 ? 7 : n),
		.fragment = (uint16_t)(0x2000 | (2 + 2 * wr_prng_below(&prng, 2000))),
	};

	return craft_ip(attack_pool(&a), &path, &ip, "8 bytes.", 8);
}

static void a_fragment_costs_the_same_however_many_wait(void **state)
{
	begin();
	compare(fragment);
}

static struct rte_mbuf *announcement(unsigned n)
{
	struct craft_path path =
		attack_path((ATTACK_VICTIM & ~0xffu) + 3 + wr_prng_below(&prng, 250));

	return craft_arp(attack_pool(&a), &path, RTE_ARP_OP_REQUEST);
}

static void an_arp_request_costs_the_same_however_many_asked(void **state)
{
	begin();
	compare(announcement);
}

static struct rte_mbuf *guess(unsigned n)
{
	const struct craft_tcp tcp = {
		.sport = OPEN_PORT,
		.dport = 7,
		.seq = (uint32_t)wr_prng_u64(&prng),
		.ack = (uint32_t)wr_prng_u64(&prng),
		.flags = (uint8_t)(wr_prng_below(&prng, 2) ? WR_TCP_RST : WR_TCP_ACK)};

	return segment(MALLORY, &tcp);
}

static void a_guess_costs_the_same_however_many_came(void **state)
{
	begin();
	open_connection(7);
	compare(guess);
}

/*
 * SACK slowness, CVE-2019-11478: of a window full of text every other 8 bytes, 16 for those
 * that are not told apart, over and over, from another place each time.
 */
static uint32_t una;

static struct rte_mbuf *crumbs_received(unsigned n)
{
	uint8_t sack[36] = {1, 1, 5, 34};
	const struct craft_tcp tcp = {.sport = OPEN_PORT,
	                              .dport = 19,
	                              .seq = 101,
	                              .ack = una,
	                              .flags = WR_TCP_ACK,
	                              .wnd = 65535,
	                              .options = sack,
	                              .options_len = sizeof(sack)};

	for (unsigned b = 0; b < 4; b++) {
		uint32_t left = una + 8 + (n * 4 + b) * 7919 % 2500 * 16;
		rte_be32_t edge[2] = {rte_cpu_to_be_32(left), rte_cpu_to_be_32(left + 8)};

		memcpy(sack + 4 + b * 8, edge, sizeof(edge));
	}
	return segment(MALLORY, &tcp);
}

static void a_sack_costs_the_same_however_often_it_came(void **state)
{
	struct craft_tcp tcp = {
		.sport = OPEN_PORT, .dport = 19, .seq = 101, .flags = WR_TCP_ACK, .wnd = 65535};

	begin();
	open_connection(19);
	for (unsigned i = 0; i < 200; i++) { /* chargen fills the window */
		wire_run(&a.wire, WR_US(100));
		tcp.ack = nxt;
		attack_frame(&a, segment(MALLORY, &tcp));
	}
	una = tcp.ack;
	wire_run(&a.wire, 0);
	assert_true(nxt - una > 40000);
	compare(crumbs_received);
}

/* RFC 5927: of a live connection, with a number that may be in flight or not. */
static struct rte_mbuf *icmp_error(unsigned n)
{
	const struct craft_path path =
		attack_path(ATTACK_FAR + 1 + wr_prng_below(&prng, 60000));
	const struct craft_path back = {.src = ATTACK_VICTIM, .dst = MALLORY};
	const struct craft_tcp about = {.sport = 7,
	                                .dport = OPEN_PORT,
	                                .seq = isn + wr_prng_below(&prng, 100000),
	                                .flags = WR_TCP_ACK};
	struct rte_mbuf *quoted = craft_tcp(attack_pool(&a), &back, &about), *m;

	m = craft_icmp_error(attack_pool(&a), &path, 3, (uint8_t)(n % 5), 600, quoted, 28);
	rte_pktmbuf_free(quoted);
	return m;
}

static void an_icmp_error_costs_the_same_however_many_came(void **state)
{
	begin();
	open_connection(7);
	compare(icmp_error);
}

/* ACK division, and a window that shuts and opens by a byte. */
static struct rte_mbuf *division(unsigned n)
{
	const struct craft_tcp tcp = {.sport = OPEN_PORT,
	                              .dport = 19,
	                              .seq = 101,
	                              .ack = isn + 2 + n,
	                              .flags = WR_TCP_ACK,
	                              .wnd = (uint16_t)(n % 3 ? 8000 : n % 2)};

	return segment(MALLORY, &tcp);
}

static void an_ack_of_a_byte_costs_the_same_however_many_came(void **state)
{
	begin();
	open_connection(19);
	compare(division);
}

/* Text of a byte each, whose echo is not taken. */
static struct rte_mbuf *byte_that_waits(unsigned n)
{
	const struct craft_tcp tcp = {.sport = OPEN_PORT,
	                              .dport = 7,
	                              .seq = 101 + n,
	                              .ack = isn + 1,
	                              .flags = WR_TCP_ACK | WR_TCP_PSH,
	                              .wnd = 0,
	                              .text = "x",
	                              .text_len = 1};

	return segment(MALLORY, &tcp);
}

static void a_byte_that_waits_costs_the_same_however_many_do(void **state)
{
	begin();
	open_connection(7);
	compare(byte_that_waits);
}

/* Opened, and ended by a reset or left; each frame of it. */
static struct rte_mbuf *short_connection(unsigned n)
{
	static const uint8_t flags[] = {WR_TCP_SYN, WR_TCP_ACK, WR_TCP_ACK | WR_TCP_FIN,
	                                WR_TCP_RST};
	const struct craft_tcp tcp = {.sport = (uint16_t)(1024 + n / 4),
	                              .dport = 7,
	                              .seq = 100 + (n % 4 ? n % 4 == 3 ? 2 : 1 : 0),
	                              .ack = n % 4 ? isn + 1 : 0,
	                              .flags = flags[n % 4],
	                              .wnd = 1000};

	return segment(MALLORY, &tcp);
}

static void a_short_connection_costs_the_same_however_many_were(void **state)
{
	begin();
	compare(short_connection);
}

/* RFC 4987: SYNs that all are answered by cookies, and ACKs that guess one. */
static struct rte_mbuf *cookie_guess(unsigned n)
{
	return n % 2 ? syn(n) : stray(n & ~3u);
}

static void a_guess_at_a_cookie_costs_the_same_however_many_came(void **state)
{
	begin();
	flood(syn, 0, 400); /* the backlog is full */
	assert_true(attack_stats(&a)->verdict[WR_V_tcp_cookie_sent] > 0);
	compare(cookie_guess);
}

/* Takes text until `wnd` times 16 bytes are out, and more waits. Returns what is acknowledged.
 */
static uint32_t let_out(uint16_t wnd)
{
	struct craft_tcp tcp = {.sport = OPEN_PORT,
	                        .dport = 19,
	                        .seq = 100,
	                        .flags = WR_TCP_SYN,
	                        .wnd = 1000,
	                        .options =
	                                (const uint8_t[]) {2, 4, 0, 88, 4, 2, 1, 3, 3, 4, 1, 1},
	                        .options_len = 12};

	a.client[0].stopped = a.client[1].stopped = true; /* no probes but this one */
	attack_wait(&a, WR_MS(5));
	begin_handshake(&tcp);
	tcp.wnd = wnd;
	for (unsigned i = 0; i < 400; i++) {
		tcp.ack = i ? nxt : tcp.ack;
		attack_frame(&a, segment(MALLORY, &tcp));
		attack_wait(&a, WR_US(100));
	}
	return tcp.ack;
}

/* What a probe costs when so much is out. */
static uint64_t cost_of_probe(uint16_t wnd)
{
	uint64_t most = 0;

	begin();
	una = let_out(wnd);
	for (unsigned i = 1; i <= 50 && !attack_stats(&a)->n[WR_STAT_tcp_tlp_probes]; i++) {
		uint64_t steps;

		steps_begin();
		wr_stack_tick(a.wire.host[0].core[0], a.wire.now_ns + WR_MS(i));
		steps = steps_end();
		most = steps > most ? steps : most;
	}
	print_message("%u bytes out: %ju instructions\n", nxt - una, (uintmax_t)most);
	assert_int_equal(attack_stats(&a)->n[WR_STAT_tcp_tlp_probes], 1);
	attack_close(&a);
	return most;
}

static void a_probe_costs_the_same_however_much_is_out(void **state)
{
	uint64_t few = cost_of_probe(100);

	assert_true(cost_of_probe(9000) <= 2 * few + SLACK);
}

/* The last two segments came, and nothing else did. */
static struct rte_mbuf *end_received(unsigned n)
{
	uint8_t sack[12] = {1, 1, 5, 10};
	rte_be32_t edge[2] = {rte_cpu_to_be_32(nxt - 200), rte_cpu_to_be_32(nxt)};
	const struct craft_tcp tcp = {.sport = OPEN_PORT,
	                              .dport = 19,
	                              .seq = 101,
	                              .ack = una,
	                              .flags = WR_TCP_ACK,
	                              .wnd = (uint16_t)((nxt - una) / 16),
	                              .options = sack,
	                              .options_len = sizeof(sack)};

	memcpy(sack + 4, edge, sizeof(edge));
	return segment(MALLORY, &tcp);
}

/* What each ACK of the end costs where losses are counted, RFC 6675, if so much is out. */
static uint64_t cost_of_counting(uint16_t wnd)
{
	struct wr_stack_conf conf;
	uint64_t most;

	attack_conf(&conf);
	conf.tcp.rack = conf.tcp.tlp = false;
	begin_as(&conf);
	una = let_out(wnd);
	flood(end_received, 0, EARLY);
	most = cost(end_received, EARLY);
	print_message("%u bytes out: %ju instructions\n", nxt - una, (uintmax_t)most);
	attack_close(&a);
	return most;
}

static void losses_are_counted_at_the_same_cost_however_much_is_out(void **state)
{
	uint64_t few = cost_of_counting(100);

	/* Nor is what came searched for by each. */
	assert_true(cost_of_counting(9000) <= 2 * few);
}

#define LEFTS 4096

static uint32_t left[LEFTS]; /* where segments begin, in the order in which they left first */
static unsigned lefts;
static unsigned out; /* the first of those that were out */

static void note_left(struct attack *attack, const struct rte_mbuf *m)
{
	const struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(m, void *, 34);
	uint32_t seq = rte_be_to_cpu_32(tcp->sent_seq), end = nxt;

	note_isn(attack, m);
	if (tcp->tcp_flags & WR_TCP_SYN)
		lefts = 0;
	else if ((int32_t)(nxt - end) <= 0)
		nxt = end; /* sent again */
	else
		left[lefts++ % LEFTS] = seq;
}

/* Where the n-th of those that were out begins; so many are. */
static uint32_t begins(unsigned n)
{
	return left[(out + n) % LEFTS];
}

static void let_out_noted(uint16_t wnd)
{
	begin();
	a.on_frame = note_left;
	una = let_out(wnd);
	for (out = lefts - 1; begins(0) != una; out--)
		assert_true(lefts - out < LEFTS);
}

/* One or two blocks, by the segments where they begin and end; `wnd` bytes more may leave. */
static struct rte_mbuf *told(uint32_t ack, const uint32_t (*block)[2], unsigned blocks,
                             uint32_t wnd)
{
	uint8_t sack[20] = {1, 1, 5, (uint8_t)(2 + 8 * blocks)};
	const struct craft_tcp tcp = {.sport = OPEN_PORT,
	                              .dport = 19,
	                              .seq = 101,
	                              .ack = ack,
	                              .flags = WR_TCP_ACK,
	                              .wnd = (uint16_t)((nxt - ack + wnd) / 16),
	                              .options = sack,
	                              .options_len = (uint8_t)(blocks ? 4 + 8 * blocks : 0)};

	for (unsigned i = 0; i < 2 * blocks; i++) {
		rte_be32_t edge = rte_cpu_to_be_32(block[i / 2][i % 2]);

		memcpy(sack + 4 + i * 4, &edge, sizeof(edge));
	}
	return segment(MALLORY, &tcp);
}

/* RFC 2018 section 8: an ACK that tells of a segment, and one that takes it back. */
static struct rte_mbuf *taken_back(unsigned n)
{
	const uint32_t block[1][2] = {{begins(n / 2 + 1), begins(n / 2 + 2)}};

	return told(begins(n / 2 + n % 2), block, !(n % 2), 0);
}

/* What such ACKs cost, but for the first pair, if so much is out. */
static uint64_t cost_of_taking_back(uint16_t wnd)
{
	uint64_t most;

	let_out_noted(wnd);
	flood(taken_back, 0, 2);
	most = cost(taken_back, 2);
	print_message("%u bytes out: %ju instructions\n", nxt - una, (uintmax_t)most);
	assert_int_equal(attack_stats(&a)->n[WR_STAT_tcp_sack_reneged], 3);
	attack_close(&a);
	return most;
}

static void taking_back_costs_the_same_however_much_is_out(void **state)
{
	uint64_t few = cost_of_taking_back(100);

	assert_true(cost_of_taking_back(9000) <= 2 * few);
}

/* All but the first came, the newest too, and one came twice: so it was no loss. */
static struct rte_mbuf *needless(unsigned n)
{
	const uint32_t block[2][2] = {{begins(2), begins(3)}, {begins(1), nxt}};

	attack_wait(&a, WR_MS(5));
	return told(una, block, 2, 200);
}

static uint64_t cost_of_undoing(uint16_t wnd)
{
	uint64_t undone, most;

	let_out_noted(wnd);
	flood(needless, 0, 20);
	undone = attack_stats(&a)->n[WR_STAT_tcp_undone];
	most = cost(needless, 20);
	print_message("%u bytes out: %ju instructions\n", nxt - una, (uintmax_t)most);
	assert_true(attack_stats(&a)->n[WR_STAT_tcp_undone] > undone);
	attack_close(&a);
	return most;
}

static void undoing_costs_the_same_however_much_is_out(void **state)
{
	uint64_t few = cost_of_undoing(100);

	assert_true(cost_of_undoing(9000) <= 2 * few);
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_syn_costs_the_same_however_many_came),
		cmocka_unit_test(a_stray_segment_costs_the_same_however_many_came),
		cmocka_unit_test(a_crumb_out_of_order_costs_the_same_however_many_wait),
		cmocka_unit_test(a_fragment_costs_the_same_however_many_wait),
		cmocka_unit_test(an_arp_request_costs_the_same_however_many_asked),
		cmocka_unit_test(a_guess_costs_the_same_however_many_came),
		cmocka_unit_test(a_sack_costs_the_same_however_often_it_came),
		cmocka_unit_test(an_icmp_error_costs_the_same_however_many_came),
		cmocka_unit_test(an_ack_of_a_byte_costs_the_same_however_many_came),
		cmocka_unit_test(a_byte_that_waits_costs_the_same_however_many_do),
		cmocka_unit_test(a_short_connection_costs_the_same_however_many_were),
		cmocka_unit_test(a_guess_at_a_cookie_costs_the_same_however_many_came),
		cmocka_unit_test(a_probe_costs_the_same_however_much_is_out),
		cmocka_unit_test(taking_back_costs_the_same_however_much_is_out),
		cmocka_unit_test(undoing_costs_the_same_however_much_is_out),
		cmocka_unit_test(losses_are_counted_at_the_same_cost_however_much_is_out),
	};

	wr_test_eal(256);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	return steps_main(run);
}
