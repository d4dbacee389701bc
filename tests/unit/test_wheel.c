/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_mempool.h>

#include "wr_base.h"
#include "wr_prng.h"
#include "wr_test.h"
#include "wr_wheel.h"

#define TIMERS 300
#define NEVER  UINT64_MAX

/* The wheel beside the plainest of models, whose time does not wrap. */
struct pair {
	struct wr_wheel *wheel;
	uint64_t now;           /* tick; the wheel has the low 32 bits */
	uint64_t rings[TIMERS]; /* tick or NEVER */
};

static struct wr_wheel *wheel_at(uint32_t now)
{
	struct wr_wheel *wheel = wr_wheel_new(TIMERS, now, SOCKET_ID_ANY);

	assert_non_null(wheel);
	return wheel;
}

static void begin(struct pair *pair, uint64_t now)
{
	pair->wheel = wheel_at((uint32_t)now);
	pair->now = now;
	for (unsigned i = 0; i < TIMERS; i++)
		pair->rings[i] = NEVER;
}

static uint64_t earliest(const struct pair *pair)
{
	uint64_t first = NEVER;

	for (unsigned i = 0; i < TIMERS; i++)
		if (pair->rings[i] < first)
			first = pair->rings[i];
	return first;
}

/* Nothing rings late, and an idle loop that trusts wr_wheel_next() misses nothing. */
static void check_next(const struct pair *pair)
{
	uint64_t first = earliest(pair);
	uint32_t when;

	assert_int_equal(wr_wheel_next(pair->wheel, &when), first != NEVER);
	if (first != NEVER && first > pair->now)
		assert_true(when - (uint32_t)pair->now <= first - pair->now);
}

static void arm(struct pair *pair, uint32_t timer, int64_t ahead)
{
	uint64_t when = ahead > 0 ? pair->now + (uint64_t)ahead : pair->now;

	wr_wheel_arm(pair->wheel, timer, (uint32_t)((int64_t)pair->now + ahead));
	if (when < pair->rings[timer])
		pair->rings[timer] = when;
	assert_true(wr_wheel_is_armed(pair->wheel, timer));
}

static void cancel(struct pair *pair, uint32_t timer)
{
	wr_wheel_cancel(pair->wheel, timer);
	pair->rings[timer] = NEVER;
	assert_false(wr_wheel_is_armed(pair->wheel, timer));
}

/* Moves both on, fetching at most max timers at a time. */
static void pass(struct pair *pair, uint64_t ticks, unsigned max)
{
	uint32_t out[TIMERS];
	unsigned n;

	pair->now += ticks;
	do {
		n = wr_wheel_expire(pair->wheel, (uint32_t)pair->now, out, max);
		assert_in_range(n, 0, max);
		for (unsigned i = 0; i < n; i++) {
			assert_true(out[i] < TIMERS);
			assert_true(pair->rings[out[i]] <= pair->now);
			assert_false(wr_wheel_is_armed(pair->wheel, out[i]));
			pair->rings[out[i]] = NEVER;
		}
	} while (n == max);
	assert_true(earliest(pair) > pair->now);
}

/* Of any magnitude from 0 to 2^bits - 1, each equally likely. */
static uint32_t any_magnitude(struct wr_prng *prng, unsigned bits)
{
	return (uint32_t)(wr_prng_u64(prng) >> (64 - bits)) >> wr_prng_below(prng, bits);
}

static void random_step(struct pair *pair, struct wr_prng *prng)
{
	uint32_t timer = wr_prng_below(prng, TIMERS);

	switch (wr_prng_below(prng, 8)) {
	case 0:
		pass(pair, any_magnitude(prng, 12), 1 + wr_prng_below(prng, TIMERS));
		break;
	case 1:
		pass(pair, any_magnitude(prng, 27), 1 + wr_prng_below(prng, 8));
		break;
	case 2:
		cancel(pair, timer);
		break;
	case 3:
		arm(pair, timer, -(int64_t)any_magnitude(prng, 10));
		break;
	default:
		arm(pair, timer, any_magnitude(prng, 31));
	}
	check_next(pair);
}

static void run_random(uint64_t seed, uint64_t now, unsigned steps)
{
	struct pair pair;
	struct wr_prng prng;

	begin(&pair, now);
	wr_prng_seed(&prng, seed);
	for (unsigned i = 0; i < steps; i++)
		random_step(&pair, &prng);
	pass(&pair, UINT64_C(1) << 31, TIMERS);
	assert_int_equal(earliest(&pair), NEVER);
	wr_wheel_free(pair.wheel);
}

static void random_use_agrees_with_the_model(void **state)
{
	for (uint64_t seed = 1; seed <= 20; seed++)
		run_random(seed, seed << 27, 20000);
}

static void random_use_agrees_with_the_model_where_time_wraps(void **state)
{
	for (uint64_t seed = 1; seed <= 500; seed++)
		run_random(seed, UINT32_MAX - (seed << seed % 20), 200);
}

/* Every distance around the borders of levels, from instants around them. */
static void a_timer_rings_at_its_tick_and_not_before(void **state)
{
	static const uint32_t border[] = {1, 1 << 8, 1 << 16, 1 << 24, 3 << 24, 1u << 31};
	struct pair pair;

	for (unsigned i = 0; i < WR_LEN(border); i++)
		for (unsigned j = 0; j < WR_LEN(border); j++)
			for (uint32_t k = 0; k < 9; k++) {
				uint64_t ahead = border[j] - 2 + k / 3;

				if (ahead == 0 || ahead > INT32_MAX)
					continue;
				begin(&pair, border[i] - 1 + k % 3);
				arm(&pair, 0, (int64_t)ahead);
				pass(&pair, ahead - 1, 1);
				assert_true(wr_wheel_is_armed(pair.wheel, 0));
				pass(&pair, 1, 1);
				assert_false(wr_wheel_is_armed(pair.wheel, 0));
				wr_wheel_free(pair.wheel);
			}
}

static void a_later_deadline_leaves_the_timer_where_it_is(void **state)
{
	struct wr_wheel *wheel = wheel_at(0);
	uint32_t out;

	wr_wheel_arm(wheel, 5, 100);
	wr_wheel_arm(wheel, 5, 200);
	assert_int_equal(wr_wheel_expire(wheel, 99, &out, 1), 0);
	assert_int_equal(wr_wheel_expire(wheel, 100, &out, 1), 1);
	assert_int_equal(out, 5);
	assert_int_equal(wr_wheel_expire(wheel, 1000, &out, 1), 0);
	wr_wheel_free(wheel);
}

static void an_earlier_deadline_moves_the_timer(void **state)
{
	struct wr_wheel *wheel = wheel_at(0);
	uint32_t out;

	wr_wheel_arm(wheel, 5, 100000);
	wr_wheel_arm(wheel, 5, 100);
	assert_int_equal(wr_wheel_expire(wheel, 100, &out, 1), 1);
	assert_int_equal(wr_wheel_expire(wheel, 100000, &out, 1), 0);
	wr_wheel_free(wheel);
}

static void a_deadline_that_has_passed_rings_at_once(void **state)
{
	struct wr_wheel *wheel = wheel_at(5000);
	uint32_t out, when;

	wr_wheel_arm(wheel, 1, 4000);
	assert_true(wr_wheel_next(wheel, &when));
	assert_true(wr_tick_reached(when, 5000));
	assert_int_equal(wr_wheel_expire(wheel, 5000, &out, 1), 1);
	wr_wheel_free(wheel);
}

static void a_cancelled_timer_is_silent(void **state)
{
	struct wr_wheel *wheel = wheel_at(0);
	uint32_t out, when;

	wr_wheel_arm(wheel, 1, 10);
	wr_wheel_cancel(wheel, 1);
	wr_wheel_cancel(wheel, 1);
	assert_false(wr_wheel_next(wheel, &when));
	assert_int_equal(wr_wheel_expire(wheel, 1000, &out, 1), 0);
	wr_wheel_free(wheel);
}

/* What rings in one slot is taken in pieces, and an owner arms again in between. */
static void a_full_output_goes_on_where_it_stopped(void **state)
{
	struct pair pair;
	uint32_t out[64];

	begin(&pair, 77);
	for (uint32_t i = 0; i < TIMERS; i++)
		arm(&pair, i, 1000);
	assert_int_equal(wr_wheel_expire(pair.wheel, 2000, out, 64), 64);
	for (unsigned i = 0; i < 64; i++)
		wr_wheel_arm(pair.wheel, out[i], 2000 + i);
	for (unsigned rest = TIMERS - 64 + 1; rest > 0;) {
		unsigned n = wr_wheel_expire(pair.wheel, 2000, out, 64);

		assert_int_equal(n, wr_min(rest, 64));
		rest -= n;
	}
	assert_int_equal(wr_wheel_expire(pair.wheel, 2000, out, 64), 0);
	assert_int_equal(wr_wheel_expire(pair.wheel, 2062, out, 64), 62);
	assert_int_equal(wr_wheel_expire(pair.wheel, 2063, out, 64), 1);
	wr_wheel_free(pair.wheel);
}

/*
 * So many timers in one slot of a high level that they are spread over several calls: others
 * may be armed and cancelled in between, and all ring at last.
 */
static void a_crowded_slot_is_spread_over_several_calls(void **state)
{
	enum { CROWD = 20000 };
	static uint32_t out[CROWD];
	const uint32_t begins = 3 << 16;
	struct wr_wheel *wheel = wr_wheel_new(CROWD + 1, 0, SOCKET_ID_ANY);
	uint32_t when;
	unsigned calls = 0, rang = 0;

	assert_non_null(wheel);
	for (uint32_t i = 0; i < CROWD; i++)
		wr_wheel_arm(wheel, i, begins + i % 100);
	while (wr_wheel_next(wheel, &when) && wr_tick_reached(when, begins + 50)) {
		rang += wr_wheel_expire(wheel, begins + 50, out, CROWD);
		if (++calls == 1) {
			assert_int_equal(rang, 0);
			wr_wheel_arm(wheel, CROWD, begins + 10);
			for (uint32_t i = 0; i < 1000; i++)
				wr_wheel_cancel(wheel, i * 20);
		}
	}
	assert_in_range(calls, 4, 10);
	assert_int_equal(rang, CROWD / 100 * (51 - 3) + 1);
	rang += wr_wheel_expire(wheel, begins + 99, out, CROWD);
	assert_int_equal(rang, CROWD - 1000 + 1);
	assert_false(wr_wheel_next(wheel, &when));
	wr_wheel_free(wheel);
}

/* The slot being spread loses all its timers before the next call, and is used again later. */
static void a_crowd_that_is_cancelled_leaves_no_trace(void **state)
{
	enum { CROWD = 10000 };
	const uint32_t begins = 3 << 16, around = 1 << 24;
	struct wr_wheel *wheel = wr_wheel_new(CROWD, 0, SOCKET_ID_ANY);
	uint32_t out[2];

	assert_non_null(wheel);
	for (uint32_t i = 0; i < CROWD; i++)
		wr_wheel_arm(wheel, i, begins + 500);
	assert_int_equal(wr_wheel_expire(wheel, begins + 400, out, 2), 0);
	for (uint32_t i = 0; i < CROWD; i++)
		wr_wheel_cancel(wheel, i);
	assert_int_equal(wr_wheel_expire(wheel, around, out, 2), 0);
	wr_wheel_arm(wheel, 1, around + begins);
	wr_wheel_arm(wheel, 2, around + 10);
	assert_int_equal(wr_wheel_expire(wheel, around + 10, out, 2), 1);
	assert_int_equal(out[0], 2);
	assert_int_equal(wr_wheel_expire(wheel, around + begins, out, 2), 1);
	assert_int_equal(out[0], 1);
	wr_wheel_free(wheel);
}

/* Waking only at wr_wheel_next() rings on the tick, after few wake-ups. */
static void sleeping_until_next_is_punctual_and_long(void **state)
{
	struct wr_wheel *wheel = wheel_at(12345);
	uint32_t due = 12345 + 1000000000, when, out;
	unsigned wakes = 1;

	wr_wheel_arm(wheel, 0, due);
	while (wr_wheel_next(wheel, &when) && !wr_wheel_expire(wheel, when, &out, 1))
		wakes++;
	assert_int_equal(when, due);
	assert_in_range(wakes, 1, 4);
	wr_wheel_free(wheel);
}

/* A suspended machine; a reading that is a little older than the last. */
static void time_may_jump_by_days_but_not_back(void **state)
{
	const uint32_t day = 675000000; /* ticks */
	struct wr_wheel *wheel = wheel_at(10);
	uint32_t out[2];

	wr_wheel_arm(wheel, 0, 10 + 3 * day);
	wr_wheel_arm(wheel, 1, 20);
	assert_int_equal(wr_wheel_expire(wheel, 10 + 4 * day, out, 2), 2);
	wr_wheel_arm(wheel, 0, 10 + 4 * day + 5);
	assert_int_equal(wr_wheel_expire(wheel, 10 + 4 * day - 100, out, 2), 0);
	assert_int_equal(wr_wheel_expire(wheel, 10 + 4 * day + 4, out, 2), 0);
	assert_int_equal(wr_wheel_expire(wheel, 10 + 4 * day + 5, out, 2), 1);
	wr_wheel_free(wheel);
}

static void durations_are_rounded_up_to_ticks(void **state)
{
	assert_int_equal(wr_tick_now(127), 0);
	assert_int_equal(wr_tick_now(128), 1);
	assert_int_equal(wr_tick_after(10, 0), 10);
	assert_int_equal(wr_tick_after(10, 1), 11);
	assert_int_equal(wr_tick_after(10, 128), 11);
	assert_int_equal(wr_tick_after(10, 129), 12);
}

static void sizing_tells_what_a_wheel_takes(void **state)
{
	assert_in_range(wr_wheel_bytes(1000000), 16000000, 16010000);
	wr_wheel_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_use_agrees_with_the_model),
		cmocka_unit_test(random_use_agrees_with_the_model_where_time_wraps),
		cmocka_unit_test(a_timer_rings_at_its_tick_and_not_before),
		cmocka_unit_test(a_later_deadline_leaves_the_timer_where_it_is),
		cmocka_unit_test(an_earlier_deadline_moves_the_timer),
		cmocka_unit_test(a_deadline_that_has_passed_rings_at_once),
		cmocka_unit_test(a_cancelled_timer_is_silent),
		cmocka_unit_test(a_full_output_goes_on_where_it_stopped),
		cmocka_unit_test(a_crowded_slot_is_spread_over_several_calls),
		cmocka_unit_test(a_crowd_that_is_cancelled_leaves_no_trace),
		cmocka_unit_test(sleeping_until_next_is_punctual_and_long),
		cmocka_unit_test(time_may_jump_by_days_but_not_back),
		cmocka_unit_test(durations_are_rounded_up_to_ticks),
		cmocka_unit_test(sizing_tells_what_a_wheel_takes),
	};

	wr_test_eal(32);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
