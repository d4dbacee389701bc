/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "impair_rig.h"

#define MANY 100000

static struct rte_mempool *dry;

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
	};

	wr_test_eal(64);
	pool = wr_test_pool("impair", 2047, 2048);
	dry = wr_test_pool("dry", 1, 64);
	rte_pktmbuf_alloc(dry);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
