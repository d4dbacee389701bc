/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <string.h>

#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "wr_base.h"
#include "wr_buf.h"
#include "wr_impair.h"
#include "wr_test.h"

#define MANY   100000
#define LENGTH 100 /* bytes of most frames */
#define L3     14
#define L4     34
#define NUMBER 54 /* where a frame carries its number */

static struct rte_mempool *pool, *dry;
static struct wr_stats stats;
static struct wr_impair *impair;

static uint64_t counted(enum wr_stat stat)
{
	return stats.n[stat];
}

static void assert_balanced(void)
{
	assert_int_equal(wr_stats_unbalanced_in(&stats), 0);
	assert_int_equal(wr_stats_unbalanced_out(&stats), 0);
}

static struct wr_impair_conf conf_of(const char *text)
{
	struct wr_impair_conf conf;
	struct wr_err err = {.text = ""};

	if (wr_impair_parse(text, &conf, &err))
		fail_msg("%s: %s", text, err.text);
	if (!conf.limit)
		conf.limit = 1000;
	return conf;
}

static void make(const char *text, uint64_t seed, enum wr_impair_side side,
                 struct rte_mempool *copies)
{
	const struct wr_impair_conf conf = conf_of(text);
	const struct wr_impair_env env = {
		.side = side,
		.pool = copies,
		.stats = &stats,
		.seed = seed,
		.socket = SOCKET_ID_ANY,
	};

	memset(&stats, 0, sizeof(stats));
	impair = wr_impair_new(&conf, &env);
	assert_non_null(impair);
}

static void begin(const char *text)
{
	make(text, 1, WR_IMPAIR_RX, pool);
}

/* Each test ends with all buffers back in their pool, but for those that a failure left. */
static int end(void **state)
{
	static unsigned left;
	unsigned before = left;

	wr_impair_free(impair);
	impair = NULL;
	left = rte_mempool_in_use_count(pool);
	assert_int_equal(left, before);
	return 0;
}

static void set_type(uint8_t *p, uint16_t type)
{
	p[0] = (uint8_t)(type >> 8);
	p[1] = (uint8_t)type;
}

/* A TCP segment with good checksums, ECN-capable, that carries a number. */
static struct rte_mbuf *frame(uint32_t number, uint16_t length)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *p;
	struct rte_ipv4_hdr *ip;
	struct rte_tcp_hdr *tcp;

	assert_non_null(m);
	p = (uint8_t *)rte_pktmbuf_append(m, length);
	memset(p, 0x5a, length);
	set_type(p + 12, RTE_ETHER_TYPE_IPV4);
	ip = (struct rte_ipv4_hdr *)(p + L3);
	*ip = (struct rte_ipv4_hdr) {
		.version_ihl = 0x45,
		.type_of_service = 2,
		.total_length = rte_cpu_to_be_16((uint16_t)(length - L3)),
		.time_to_live = 64,
		.next_proto_id = IPPROTO_TCP,
		.src_addr = RTE_BE32(0xc6120002),
		.dst_addr = RTE_BE32(0xc6120001),
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	memcpy(p + NUMBER, &number, sizeof(number));
	tcp = (struct rte_tcp_hdr *)(p + L4);
	tcp->data_off = 0x50;
	tcp->cksum = 0;
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
	return m;
}

static uint32_t number_of(const struct rte_mbuf *m)
{
	uint32_t number;

	memcpy(&number, rte_pktmbuf_mtod_offset(m, const char *, NUMBER), sizeof(number));
	return number;
}

static void push(struct rte_mbuf *m, uint64_t now_ns)
{
	wr_impair_push(impair, &m, 1, now_ns);
	assert_balanced();
}

/* The frame that is due, or NULL; no second one may be. */
static struct rte_mbuf *pull(uint64_t now_ns)
{
	struct rte_mbuf *m[2] = {NULL, NULL};
	unsigned n = wr_impair_pull(impair, m, 2, now_ns);

	assert_in_range(n, 0, 1);
	wr_impair_settle(impair, NULL, 0, 0);
	assert_balanced();
	return m[0];
}

/* Takes all that is due and frees it; returns how many. */
static unsigned drain(uint64_t now_ns)
{
	struct rte_mbuf *m[7];
	unsigned all = 0, n;

	while ((n = wr_impair_pull(impair, m, WR_LEN(m), now_ns))) {
		rte_pktmbuf_free_bulk(m, n);
		all += n;
	}
	assert_balanced();
	return all;
}

/* ---- chances ---- */

static void assert_binomial(uint64_t happened, uint64_t tries, double chance)
{
	double mean = (double)tries * chance, sigma = sqrt(mean * (1 - chance));

	assert_true(fabs((double)happened - mean) < 4 * sigma);
}

static void run_many(const char *text, uint64_t seed)
{
	make(text, seed, WR_IMPAIR_RX, pool);
	for (unsigned i = 0; i < MANY; i++) {
		push(frame(i, LENGTH), i);
		drain(i);
	}
}

static void chances_are_met_for_every_seed(void **state)
{
	for (uint64_t seed = 0; seed < 4; seed++) {
		run_many("loss=1%,duplicate=2%,corrupt=0.5%,ecn=5%,reorder=3%/1ns", seed);
		uint64_t lost = counted(WR_STAT_impair_rx_lost), kept = MANY - lost;
		uint64_t twins = counted(WR_STAT_impair_rx_duplicated);

		assert_binomial(lost, MANY, 0.01);
		assert_binomial(twins, kept, 0.02);
		assert_binomial(counted(WR_STAT_impair_rx_corrupted), kept + twins, 0.005);
		assert_binomial(counted(WR_STAT_impair_rx_marked), kept + twins, 0.05);
		assert_binomial(counted(WR_STAT_impair_rx_reordered), kept + twins, 0.03);
		drain(WR_S(1));
		assert_int_equal(counted(WR_STAT_impair_rx_out), kept + twins);
		wr_impair_free(impair);
	}
	impair = NULL;
}

static void a_chance_of_one_in_a_million_is_not_zero_and_certainty_is_certain(void **state)
{
	assert_int_equal(conf_of("loss=0.0001%").loss, 1);
	run_many("loss=100%", 1);
	assert_int_equal(counted(WR_STAT_impair_rx_lost), MANY);
	wr_impair_free(impair);
	run_many("loss=0%", 1);
	assert_int_equal(counted(WR_STAT_impair_rx_lost), 0);
}

static void losses_come_in_bursts_of_the_mean_length_asked_for(void **state)
{
	unsigned bursts = 0, lost = 0;
	bool before = false;

	begin("burst=1%/25%");
	for (unsigned i = 0; i < MANY; i++) {
		bool now;

		push(frame(i, LENGTH), i);
		now = drain(i) == 0;
		bursts += now && !before;
		lost += now;
		before = now;
	}
	/* Bursts begin with a chance of 1 % at each frame outside; they last for 4 frames. */
	assert_binomial(bursts, MANY - lost, 0.01);
	assert_true(fabs((double)lost / bursts - 4) < 0.4);
	assert_int_equal(lost, counted(WR_STAT_impair_rx_lost));
}

struct fates {
	unsigned count;
	struct {
		uint32_t number;
		uint64_t left_ns;
	} frame[4000];
};

static void record(struct fates *fates, const char *text, uint64_t seed)
{
	memset(fates, 0, sizeof(*fates));
	make(text, seed, WR_IMPAIR_TX, pool);
	for (unsigned i = 0; i < 3000; i++) {
		struct rte_mbuf *m[4];
		unsigned n;

		if (i < 2000)
			push(frame(i, LENGTH), WR_US(i));
		n = wr_impair_pull(impair, m, WR_LEN(m), WR_US(i));
		for (unsigned k = 0; k < n; k++) {
			fates->frame[fates->count].number = number_of(m[k]);
			fates->frame[fates->count++].left_ns = WR_US(i);
			rte_pktmbuf_free(m[k]);
		}
	}
	assert_int_equal(counted(WR_STAT_impair_tx_in), 2000);
	wr_impair_free(impair);
	impair = NULL;
}

static void the_same_seed_gives_the_same_fates_and_another_does_not(void **state)
{
	static const char text[] = "loss=3%,burst=0.5%/20%,delay=50us±40us,reorder=4%/90us,"
				   "duplicate=2%";
	static struct fates one, again, other;

	record(&one, text, 42);
	record(&again, text, 42);
	record(&other, text, 43);
	assert_memory_equal(&one, &again, sizeof(one));
	assert_memory_not_equal(&one, &other, sizeof(one));
}

static void what_is_lost_does_not_depend_on_what_else_happens(void **state)
{
	static struct fates plain, more;

	record(&plain, "loss=3%", 42);
	record(&more, "loss=3%,delay=20us,corrupt=0%,rate=10G", 42);
	assert_int_equal(plain.count, more.count);
	for (unsigned i = 0; i < plain.count; i++)
		assert_int_equal(plain.frame[i].number, more.frame[i].number);
}

static void the_directions_have_fates_of_their_own(void **state)
{
	uint64_t lost[WR_IMPAIR_SIDES] = {0, 0}; /* bit i: frame i of 64 */

	for (unsigned side = 0; side < WR_IMPAIR_SIDES; side++) {
		make("loss=50%", 7, side, pool);
		for (unsigned i = 0; i < 64; i++) {
			push(frame(i, LENGTH), 0);
			lost[side] |= (uint64_t)(drain(0) == 0) << i;
		}
		wr_impair_free(impair);
		impair = NULL;
	}
	assert_true(lost[0] != lost[1]);
}

/* ---- time ---- */

static void a_frame_leaves_when_its_delay_is_over_and_not_before(void **state)
{
	struct rte_mbuf *m;

	begin("delay=20ms");
	assert_true(wr_impair_deadline(impair) == UINT64_MAX);
	push(frame(7, LENGTH), WR_S(5));
	assert_int_equal(wr_impair_deadline(impair), WR_S(5) + WR_MS(20));
	assert_int_equal(counted(WR_STAT_impair_rx_waiting), 1);
	assert_null(pull(WR_S(5) + WR_MS(20) - 1));
	m = pull(WR_S(5) + WR_MS(20));
	assert_int_equal(number_of(m), 7);
	assert_int_equal(counted(WR_STAT_impair_rx_waiting), 0);
	assert_int_equal(counted(WR_STAT_impair_rx_out), 1);
	rte_pktmbuf_free(m);
}

static void jitter_keeps_the_order_and_its_bounds(void **state)
{
	uint64_t least = UINT64_MAX, most = 0;
	uint32_t next = 0;

	begin("delay=1ms±400us");
	for (uint64_t now = 0; next < 5000; now += WR_US(10)) {
		struct rte_mbuf *m[64];
		unsigned n = wr_impair_pull(impair, m, WR_LEN(m), now);

		for (unsigned i = 0; i < n; i++) {
			uint64_t took = now - WR_US(100) * next;

			assert_int_equal(number_of(m[i]), next++);
			least = took < least ? took : least;
			most = took > most ? took : most;
			rte_pktmbuf_free(m[i]);
		}
		if (now % WR_US(100) == 0 && now / WR_US(100) < 5000)
			push(frame((uint32_t)(now / WR_US(100)), LENGTH), now);
	}
	assert_in_range(least, WR_US(600), WR_US(700));
	assert_in_range(most, WR_US(1380), WR_US(1410));
}

static void a_frame_held_back_is_overtaken_and_the_others_keep_their_order(void **state)
{
	unsigned late = 0;
	uint32_t next = 0;

	begin("reorder=5%/55us,delay=1ms");
	for (uint64_t i = 0; i < 3200; i++) {
		struct rte_mbuf *m[64];
		unsigned n;

		if (i < 3000)
			push(frame((uint32_t)i, LENGTH), WR_US(10) * i);
		n = wr_impair_pull(impair, m, WR_LEN(m), WR_US(10) * i);
		for (unsigned k = 0; k < n; k++) {
			uint32_t number = number_of(m[k]);

			late += number < next;
			next = number < next ? next : number + 1;
			rte_pktmbuf_free(m[k]);
		}
	}
	assert_binomial(late, 3000, 0.05);
	assert_int_equal(next, 3000);
	/* The last five may have nobody to overtake them. */
	assert_in_range(counted(WR_STAT_impair_rx_reordered) - late, 0, 5);
}

static void a_line_sends_bit_by_bit_at_exactly_its_rate(void **state)
{
	static const uint64_t rates[] = {1000, 7000003, 100000000, 1000000000, 400000000000};
	static const char *const texts[] = {"rate=1k,queue=256M", "rate=7000003,queue=256M",
	                                    "rate=100M,queue=256M", "rate=1G,queue=256M",
	                                    "rate=400G,queue=256M"};

	for (unsigned r = 0; r < WR_LEN(rates); r++) {
		uint64_t bits = 0;

		begin(texts[r]);
		for (unsigned i = 0; i < 500; i++)
			push(frame(i, (uint16_t)(LENGTH + i)), WR_S(1));
		for (unsigned i = 0; i < 500; i++) {
			struct rte_mbuf *m;
			uint64_t due;

			bits += 8 * (LENGTH + i);
			due = WR_S(1) + bits * WR_S(1) / rates[r];
			assert_int_equal(wr_impair_deadline(impair), due);
			wr_impair_pull(impair, &m, 1, due);
			assert_int_equal(number_of(m), i);
			rte_pktmbuf_free(m);
		}
		wr_impair_free(impair);
	}
	impair = NULL;
}

static void a_line_that_was_idle_saves_no_time_for_later(void **state)
{
	begin("rate=8M"); /* a byte each microsecond */
	push(frame(0, 1000), 0);
	rte_pktmbuf_free(pull(WR_MS(1)));
	push(frame(1, 1000), WR_S(1));
	push(frame(2, 500), WR_S(1));
	assert_null(pull(WR_S(1) + WR_MS(1) - 1));
	rte_pktmbuf_free(pull(WR_S(1) + WR_MS(1)));
	assert_int_equal(wr_impair_deadline(impair), WR_S(1) + WR_US(1500));
}

static void the_queue_of_a_line_holds_so_many_bytes(void **state)
{
	begin("rate=8M,queue=4000");
	for (unsigned i = 0; i < 10; i++)
		push(frame(i, 1000), 0);
	assert_int_equal(counted(WR_STAT_impair_rx_queue_full), 6);
	assert_int_equal(counted(WR_STAT_impair_rx_waiting), 4);
	/* After half a frame there is room for half a frame. */
	push(frame(10, 501), WR_US(500));
	assert_int_equal(counted(WR_STAT_impair_rx_queue_full), 7);
	push(frame(11, 500), WR_US(500));
	assert_int_equal(counted(WR_STAT_impair_rx_queue_full), 7);
	assert_int_equal(drain(WR_S(1)), 5);
}

static void an_empty_line_takes_a_frame_of_any_size(void **state)
{
	begin("rate=8M,queue=64");
	push(frame(0, 1000), 0);
	push(frame(1, LENGTH), 0);
	assert_int_equal(counted(WR_STAT_impair_rx_queue_full), 1);
	assert_int_equal(drain(WR_S(1)), 1);
}

static void more_than_the_limit_under_way_is_a_counted_drop(void **state)
{
	begin("delay=1s,limit=64,duplicate=100%");
	for (unsigned i = 0; i < 50; i++)
		push(frame(i, LENGTH), 0);
	assert_int_equal(counted(WR_STAT_impair_rx_overflow), 36);
	assert_int_equal(drain(WR_S(1)), 64);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

static void what_is_configured_anew_holds_for_new_frames_that_stay_behind_the_old(void **state)
{
	struct wr_impair_conf conf = conf_of("loss=100%");

	begin("delay=10ms,rate=8M,limit=64");
	push(frame(0, 1000), 0);
	wr_impair_set(impair, &(struct wr_impair_conf) {.delay_ns = WR_US(1)});
	push(frame(1, 1000), WR_US(1));
	assert_int_equal(wr_impair_deadline(impair), WR_MS(11));
	for (unsigned i = 0; i < 2; i++) {
		struct rte_mbuf *m;

		assert_int_equal(wr_impair_pull(impair, &m, 1, WR_MS(11)), 1);
		assert_int_equal(number_of(m), i);
		rte_pktmbuf_free(m);
	}
	wr_impair_set(impair, &conf);
	push(frame(2, 1000), WR_MS(12));
	assert_int_equal(counted(WR_STAT_impair_rx_lost), 1);
	assert_int_equal(drain(WR_S(100)), 0);
}

static void a_burst_of_loss_ends_when_none_is_asked_for_any_more(void **state)
{
	begin("burst=100%/0.0001%");
	push(frame(0, LENGTH), 0);
	assert_int_equal(counted(WR_STAT_impair_rx_lost), 1);
	wr_impair_set(impair, &(struct wr_impair_conf) {.delay_ns = 1});
	push(frame(1, LENGTH), 0);
	assert_int_equal(counted(WR_STAT_impair_rx_lost), 1);
	assert_int_equal(drain(1), 1);
}

static void time_may_be_as_late_as_centuries(void **state)
{
	const uint64_t late = INT64_MAX;

	begin("delay=60s±60s,rate=1k,queue=256M,reorder=50%/60s");
	for (unsigned i = 0; i < 100; i++)
		push(frame(i, LENGTH), late);
	assert_true(wr_impair_deadline(impair) >= late);
	assert_int_equal(drain(late + WR_S(300)), 100);
}

/* ---- what does not leave ---- */

static void unsent_frames_come_back_first_and_in_order(void **state)
{
	struct rte_mbuf *m[10];

	make("delay=1us", 1, WR_IMPAIR_TX, pool);
	for (unsigned i = 0; i < 8; i++)
		push(frame(i, LENGTH), 0);
	assert_int_equal(wr_impair_pull(impair, m, 5, WR_US(1)), 5);
	assert_balanced();
	rte_pktmbuf_free(m[0]); /* sent */
	rte_pktmbuf_free(m[1]); /* refused: freed by the driver */
	wr_impair_settle(impair, m + 2, 3, 1);
	assert_balanced();
	assert_int_equal(counted(WR_STAT_impair_tx_out), 1);
	assert_int_equal(counted(WR_STAT_impair_tx_refused), 1);
	assert_int_equal(counted(WR_STAT_impair_tx_waiting), 6);
	assert_int_equal(wr_impair_deadline(impair), 0);
	assert_int_equal(wr_impair_pull(impair, m, 2, WR_US(1)), 2);
	wr_impair_settle(impair, m, 2, 0);
	assert_int_equal(wr_impair_pull(impair, m, 10, WR_US(1)), 6);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(number_of(m[i]), i + 2);
		rte_pktmbuf_free(m[i]);
	}
	wr_impair_settle(impair, NULL, 0, 0);
	assert_int_equal(counted(WR_STAT_impair_tx_out), 7);
	assert_balanced();
}

static void frames_under_way_are_freed_with_the_impairment(void **state)
{
	begin("delay=1s,duplicate=100%");
	for (unsigned i = 0; i < 100; i++)
		push(frame(i, LENGTH), 0);
	assert_int_equal(rte_mempool_in_use_count(pool), 200);
	assert_int_equal(counted(WR_STAT_impair_rx_waiting), 200);
}

static void without_buffers_frames_pass_unharmed_and_that_is_counted(void **state)
{
	struct rte_mbuf *held = frame(3, LENGTH), *m;

	make("duplicate=100%,corrupt=100%,ecn=100%", 1, WR_IMPAIR_RX, dry);
	rte_mbuf_refcnt_update(held, 1);
	push(held, 0);
	m = pull(0);
	assert_ptr_equal(m, held);
	assert_int_equal(counted(WR_STAT_impair_rx_no_mbuf), 3);
	assert_int_equal(counted(WR_STAT_impair_rx_duplicated), 0);
	assert_int_equal(counted(WR_STAT_impair_rx_corrupted), 0);
	assert_int_equal(counted(WR_STAT_impair_rx_marked), 0);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(held);
}

/* ---- bytes ---- */

static unsigned bits_between(const struct rte_mbuf *m, const struct rte_mbuf *other)
{
	unsigned bits = 0;

	assert_int_equal(m->pkt_len, other->pkt_len);
	for (uint32_t i = 0; i < m->pkt_len; i++) {
		uint8_t a, b;

		memcpy(&a, rte_pktmbuf_read(m, i, 1, &a), 1);
		memcpy(&b, rte_pktmbuf_read(other, i, 1, &b), 1);
		if (i < L3)
			assert_int_equal(a, b);
		bits += (unsigned)__builtin_popcount(a ^ b);
	}
	return bits;
}

static bool sums_are_good(const struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, L3);

	return rte_raw_cksum(ip, sizeof(*ip)) == 0xffff &&
	       rte_ipv4_udptcp_cksum(ip, ip + 1) == 0;
}

static void damage_is_one_bit_behind_the_ethernet_header(void **state)
{
	struct rte_mbuf *clean = frame(0, LENGTH);

	begin("corrupt=100%");
	for (unsigned i = 0; i < 1000; i++) {
		struct rte_mbuf *m = frame(0, LENGTH);

		m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD |
		               RTE_MBUF_F_RX_RSS_HASH;
		push(m, 0);
		assert_ptr_equal(pull(0), m); /* ours alone: no copy is made */
		assert_int_equal(bits_between(clean, m), 1);
		assert_int_equal(m->ol_flags, 0); /* software has to look */
		rte_pktmbuf_free(m);
	}
	assert_int_equal(counted(WR_STAT_impair_rx_corrupted), 1000);
	rte_pktmbuf_free(clean);
}

static void damage_spares_a_buffer_that_somebody_else_holds(void **state)
{
	struct rte_mbuf *clean = frame(0, LENGTH), *held = frame(0, LENGTH), *m;

	begin("corrupt=100%");
	rte_mbuf_refcnt_update(held, 1);
	push(held, 0);
	m = pull(0);
	assert_ptr_not_equal(m, held);
	assert_int_equal(rte_mbuf_refcnt_read(held), 1);
	assert_int_equal(bits_between(clean, held), 0);
	assert_int_equal(bits_between(clean, m), 1);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(held);
	rte_pktmbuf_free(clean);
}

static void damage_finds_any_byte_of_a_chain_and_spares_all_of_its_buffers(void **state)
{
	begin("corrupt=100%");
	for (unsigned i = 0; i < 200; i++) {
		struct rte_mbuf *head = frame(1, LENGTH), *tail = frame(2, LENGTH);
		struct rte_mbuf *whole, *m;

		rte_mbuf_refcnt_update(tail, 1); /* queued text, as tcp keeps it */
		assert_int_equal(rte_pktmbuf_chain(head, tail), 0);
		whole = rte_pktmbuf_copy(head, pool, 0, UINT32_MAX);
		push(head, 0);
		m = pull(0);
		assert_int_equal(bits_between(whole, m), 1);
		assert_int_equal(rte_mbuf_refcnt_read(tail), 1);
		assert_int_equal(number_of(tail), 2);
		rte_pktmbuf_free(m);
		rte_pktmbuf_free(whole);
		rte_pktmbuf_free(tail);
	}
}

/* As wr_ip_send() leaves it to a port that makes checksums. */
static void leave_sums_to_nic(struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, L3);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);

	m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_CKSUM;
	m->l2_len = L3;
	m->l3_len = sizeof(*ip);
	ip->hdr_checksum = 0;
	tcp->cksum = rte_ipv4_phdr_cksum(ip, m->ol_flags);
}

static void damage_comes_behind_the_checksums_that_a_nic_was_to_make(void **state)
{
	struct rte_mbuf *clean = frame(0, LENGTH);

	make("corrupt=100%", 1, WR_IMPAIR_TX, pool);
	assert_true(sums_are_good(clean));
	for (unsigned i = 0; i < 500; i++) {
		struct rte_mbuf *m = frame(0, LENGTH);

		leave_sums_to_nic(m);
		push(m, 0);
		m = pull(0);
		assert_int_equal(m->ol_flags, 0);
		assert_int_equal(bits_between(clean, m), 1);
		assert_false(sums_are_good(m));
		rte_pktmbuf_free(m);
	}
	rte_pktmbuf_free(clean);
}

static void too_short_a_frame_has_nothing_to_damage(void **state)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	begin("corrupt=100%,ecn=100%");
	memset(rte_pktmbuf_append(m, L3), 8, L3);
	push(m, 0);
	m = pull(0);
	assert_int_equal(counted(WR_STAT_impair_rx_corrupted), 0);
	assert_int_equal(counted(WR_STAT_impair_rx_no_mbuf), 0);
	rte_pktmbuf_free(m);
}

static void arp_is_spared_as_it_has_no_checksum(void **state)
{
	struct rte_mbuf *clean = frame(0, LENGTH), *m = frame(0, LENGTH);

	begin("corrupt=100%");
	set_type(rte_pktmbuf_mtod_offset(clean, uint8_t *, 12), RTE_ETHER_TYPE_ARP);
	set_type(rte_pktmbuf_mtod_offset(m, uint8_t *, 12), RTE_ETHER_TYPE_ARP);
	push(m, 0);
	m = pull(0);
	assert_int_equal(bits_between(clean, m), 0);
	assert_int_equal(counted(WR_STAT_impair_rx_corrupted), 0);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(clean);
}

static uint8_t *tos_of(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, uint8_t *, L3 + 1);
}

static void set_tos(struct rte_mbuf *m, uint8_t tos)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, L3);

	ip->type_of_service = tos;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

static void only_ecn_capable_packets_are_marked_and_their_checksum_stays_good(void **state)
{
	begin("ecn=100%");
	for (unsigned tos = 0; tos < 256; tos++) {
		struct rte_mbuf *m = frame(0, LENGTH);
		bool capable = (tos & 3) == 1 || (tos & 3) == 2;
		uint64_t before = counted(WR_STAT_impair_rx_marked);

		set_tos(m, (uint8_t)tos);
		push(m, 0);
		m = pull(0);
		assert_int_equal(*tos_of(m), capable ? tos | 3 : tos);
		assert_true(sums_are_good(m));
		assert_int_equal(counted(WR_STAT_impair_rx_marked) - before, capable);
		rte_pktmbuf_free(m);
	}
}

static void a_mark_spares_a_buffer_that_somebody_else_holds(void **state)
{
	struct rte_mbuf *held = frame(0, LENGTH), *m;

	begin("ecn=100%");
	rte_mbuf_refcnt_update(held, 1);
	push(held, 0);
	m = pull(0);
	assert_int_equal(*tos_of(held), 2);
	assert_int_equal(*tos_of(m), 3);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(held);
}

static void a_packet_behind_a_vlan_tag_is_marked_and_arp_is_not(void **state)
{
	struct rte_mbuf *tagged = frame(0, LENGTH), *arp = frame(0, LENGTH);
	uint8_t *p;

	begin("ecn=100%");
	assert_non_null(rte_pktmbuf_prepend(tagged, 4));
	p = rte_pktmbuf_mtod(tagged, uint8_t *);
	memmove(p, p + 4, 12);
	set_type(p + 12, RTE_ETHER_TYPE_VLAN);
	set_type(p + 14, 0);
	push(tagged, 0);
	tagged = pull(0);
	assert_int_equal(rte_pktmbuf_mtod(tagged, uint8_t *)[L3 + 4 + 1], 3);
	set_type(rte_pktmbuf_mtod_offset(arp, uint8_t *, 12), RTE_ETHER_TYPE_ARP);
	push(arp, 0);
	arp = pull(0);
	assert_int_equal(counted(WR_STAT_impair_rx_marked), 1);
	rte_pktmbuf_free(tagged);
	rte_pktmbuf_free(arp);
}

static void a_duplicate_follows_at_once_in_a_buffer_of_its_own(void **state)
{
	struct rte_mbuf *m[3];

	begin("duplicate=100%,delay=1ms");
	push(frame(9, LENGTH), 0);
	assert_int_equal(wr_impair_pull(impair, m, 3, WR_MS(1)), 2);
	assert_int_equal(bits_between(m[0], m[1]), 0);
	memset(rte_pktmbuf_mtod(m[0], void *), 0, LENGTH);
	assert_int_equal(number_of(m[1]), 9);
	rte_pktmbuf_free_bulk(m, 2);
	assert_balanced();
}

/* ---- the text ---- */

static void every_item_is_read(void **state)
{
	struct wr_impair_conf c =
		conf_of("loss=1%,burst=0.5%/25%,delay=20ms±5ms,reorder=2%/3ms,"
	                "duplicate=0.25%,corrupt=0.1%,rate=100M,queue=64K,"
	                "ecn=5%,limit=4k");

	assert_int_equal(c.loss, 10000);
	assert_int_equal(c.burst_begin, 5000);
	assert_int_equal(c.burst_end, 250000);
	assert_int_equal(c.delay_ns, WR_MS(20));
	assert_int_equal(c.jitter_ns, WR_MS(5));
	assert_int_equal(c.reorder, 20000);
	assert_int_equal(c.hold_ns, WR_MS(3));
	assert_int_equal(c.duplicate, 2500);
	assert_int_equal(c.corrupt, 1000);
	assert_int_equal(c.rate_bps, 100000000);
	assert_int_equal(c.queue_bytes, 65536);
	assert_int_equal(c.mark, 50000);
	assert_int_equal(c.limit, 4000);
	assert_int_equal(conf_of("delay=1.5ms+-0.25ms").jitter_ns, WR_US(250));
	assert_int_equal(conf_of("delay=0.000001s").delay_ns, WR_US(1));
	assert_int_equal(conf_of("rate=2.5G").rate_bps, 2500000000);
	assert_int_equal(conf_of("rate=1M").queue_bytes, 256 << 10);
	assert_int_equal(conf_of("reorder=1%").hold_ns, WR_MS(1));
	c = conf_of("none");
	assert_true(wr_impair_is_none(&c));
	c = conf_of("loss=0%,limit=64");
	assert_true(wr_impair_is_none(&c));
}

static void nonsense_gets_a_sentence_that_names_the_item_and_the_remedy(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{"", "is no impairment; write loss="},
		{"loss", "'loss' cannot be; give a percentage"},
		{"loss=", "'loss=' cannot be"},
		{"loss=1", "'loss=1' cannot be"},
		{"loss=101%", "'loss=101%' cannot be"},
		{"loss=-1%", "'loss=-1%' cannot be"},
		{"loss=1.%", "cannot be"},
		{"loss=0.00001%", "steps of 0.0001%"},
		{"loss=99999999999999999999%", "cannot be"},
		{"loss=1%%", "cannot be"},
		{"loss=1% ", "cannot be"},
		{"loss=1%,", "'' is no impairment"},
		{"loss=1%,,delay=1ms", "'' is no impairment"},
		{"loss=1%,loss=2%", "loss is given twice"},
		{"los=1%", "'los=1%' is no impairment"},
		{"losses=1%", "'losses=1%' is no impairment"},
		{"none,loss=1%", "'none' is no impairment"},
		{"burst=1%", "begins and ends, such as 1%/25%"},
		{"burst=1%/0%", "'burst=1%/0%' cannot be"},
		{"delay=20", "'delay=20' cannot be; give a time"},
		{"delay=61s", "up to 60s"},
		{"delay=5ms±6ms", "a jitter that is no longer"},
		{"delay=5ms±", "cannot be"},
		{"delay=0.5ns", "cannot be"},
		{"reorder=1%/", "'reorder=1%/' cannot be"},
		{"rate=999", "from 1k to 400G"},
		{"rate=401G", "from 1k to 400G"},
		{"rate=18446744073709551616", "cannot be"},
		{"rate=100Mbps", "cannot be"},
		{"queue=64K", "queue is that of rate"},
		{"queue=0,rate=1M", "'queue=0' cannot be"},
		{"queue=257M,rate=1M", "up to 256M"},
		{"limit=63", "from 64 to 1048576"},
		{"limit=2M", "from 64 to 1048576"},
		{"loss=1111111111111111111111111111111111111111111111111111111111111111111%",
	         "cannot be"},
	};

	for (unsigned i = 0; i < WR_LEN(bad); i++) {
		struct wr_impair_conf conf;
		struct wr_err err = {.text = ""};

		if (wr_impair_parse(bad[i].text, &conf, &err) == 0)
			fail_msg("'%s' is taken", bad[i].text);
		if (!strstr(err.text, bad[i].says))
			fail_msg("'%s' gives: %s", bad[i].text, err.text);
		assert_int_equal(err.exit, WR_EXIT_USAGE);
	}
}

#define TEST(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(chances_are_met_for_every_seed),
		TEST(a_chance_of_one_in_a_million_is_not_zero_and_certainty_is_certain),
		TEST(losses_come_in_bursts_of_the_mean_length_asked_for),
		TEST(the_same_seed_gives_the_same_fates_and_another_does_not),
		TEST(what_is_lost_does_not_depend_on_what_else_happens),
		TEST(the_directions_have_fates_of_their_own),
		TEST(a_frame_leaves_when_its_delay_is_over_and_not_before),
		TEST(jitter_keeps_the_order_and_its_bounds),
		TEST(a_frame_held_back_is_overtaken_and_the_others_keep_their_order),
		TEST(a_line_sends_bit_by_bit_at_exactly_its_rate),
		TEST(a_line_that_was_idle_saves_no_time_for_later),
		TEST(the_queue_of_a_line_holds_so_many_bytes),
		TEST(an_empty_line_takes_a_frame_of_any_size),
		TEST(more_than_the_limit_under_way_is_a_counted_drop),
		TEST(what_is_configured_anew_holds_for_new_frames_that_stay_behind_the_old),
		TEST(a_burst_of_loss_ends_when_none_is_asked_for_any_more),
		TEST(time_may_be_as_late_as_centuries),
		TEST(unsent_frames_come_back_first_and_in_order),
		TEST(frames_under_way_are_freed_with_the_impairment),
		TEST(without_buffers_frames_pass_unharmed_and_that_is_counted),
		TEST(damage_is_one_bit_behind_the_ethernet_header),
		TEST(damage_spares_a_buffer_that_somebody_else_holds),
		TEST(damage_finds_any_byte_of_a_chain_and_spares_all_of_its_buffers),
		TEST(damage_comes_behind_the_checksums_that_a_nic_was_to_make),
		TEST(too_short_a_frame_has_nothing_to_damage),
		TEST(arp_is_spared_as_it_has_no_checksum),
		TEST(only_ecn_capable_packets_are_marked_and_their_checksum_stays_good),
		TEST(a_mark_spares_a_buffer_that_somebody_else_holds),
		TEST(a_packet_behind_a_vlan_tag_is_marked_and_arp_is_not),
		TEST(a_duplicate_follows_at_once_in_a_buffer_of_its_own),
		TEST(every_item_is_read),
		TEST(nonsense_gets_a_sentence_that_names_the_item_and_the_remedy),
	};

	wr_test_eal(64);
	pool = wr_test_pool("impair", 2047, 2048);
	dry = wr_test_pool("dry", 1, 64);
	rte_pktmbuf_alloc(dry);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
