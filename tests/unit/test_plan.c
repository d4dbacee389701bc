/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "wr_base.h"
#include "wr_plan.h"
#include "wr_test.h"

#define START WR_S(1000)
#define CORES 7

static struct wr_schedule schedule_of(const char *text, uint64_t ramp_ns)
{
	struct wr_schedule s = {.ramp_ns = ramp_ns};

	assert_int_equal(wr_schedule_parse(text, &s), 0);
	return s;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* As if so many were taken. */
static uint64_t time_of(struct wr_plan *plan, uint64_t arrival)
{
	plan->arrivals = arrival - 1;
	wr_plan_take(plan);
	return plan->next_ns;
}

static void a_schedule_is_written_as_it_is_read(void **state)
{
	static const char *const texts[] = {
		"constant",     "step:10s=50%,10s=100%", "step:1500ms=0%,2m=12.5%,0s=300%",
		"sine:1m,50%",  "sine:100us,100%",       "burst:10ms/90ms",
		"burst:1h/1ns",
	};
	struct wr_schedule s = {.ramp_ns = 5};
	char text[1024];

	for (unsigned i = 0; i < WR_LEN(texts); i++) {
		assert_int_equal(wr_schedule_parse(texts[i], &s), 0);
		wr_schedule_format(&s, text, sizeof(text));
		assert_string_equal(text, texts[i]);
		assert_int_equal(s.ramp_ns, 5);
	}
	assert_int_equal(wr_schedule_parse("sine:60s,50%", &s), 0);
	assert_true(s.period_ns == WR_S(60) && s.amplitude == 0.5);
}

static void what_is_no_schedule_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"constantly",
		"linear",
		"step:",
		"step:10s",
		"step:10s=50",
		"step:10=50%",
		"step:10s=50%,",
		"step:-1s=50%",
		"step:10s=-5%",
		"step:10s=200000%",
		"step:10sec=50%",
		"step:1e30h=50%",
		"sine:60s",
		"sine:0s,50%",
		"sine:60s,101%",
		"burst:10ms",
		"burst:0ms/10ms",
		"burst:10ms/90ms ",
		"burst:nan/90ms",
	};
	struct wr_schedule s = {.on_ns = 7};

	for (unsigned i = 0; i < WR_LEN(texts); i++)
		assert_int_equal(wr_schedule_parse(texts[i], &s), -EINVAL);
	assert_int_equal(s.on_ns, 7);
}

static void the_longest_schedule_fits_its_buffer(void **state)
{
	struct wr_schedule s = {.kind = WR_SCHEDULE_STEP, .steps = WR_SCHEDULE_STEPS}, back;
	char text[1024];

	for (unsigned i = 0; i < WR_SCHEDULE_STEPS; i++) {
		s.step[i].ns = (UINT64_C(1) << 62) - 1 - i * 512;
		s.step[i].factor = 123.45678901;
	}
	wr_schedule_format(&s, text, sizeof(text));
	assert_true(strlen(text) > 1000 || text[strlen(text) - 1] == '%');
	assert_true(strlen(text) < sizeof(text));
	for (unsigned i = 0; i < WR_SCHEDULE_STEPS; i++)
		s.step[i].ns = WR_S(i) + 123456789;
	wr_schedule_format(&s, text, sizeof(text));
	assert_int_equal(wr_schedule_parse(text, &back), 0);
	assert_int_equal(back.steps, WR_SCHEDULE_STEPS);
	assert_int_equal(back.step[31].ns, s.step[31].ns);
}

static void factors_are_as_the_schedule_says(void **state)
{
	struct wr_schedule step = schedule_of("step:10s=50%,10s=100%,1s=0%", WR_S(4));
	struct wr_schedule sine = schedule_of("sine:60s,50%", 0);
	struct wr_schedule burst = schedule_of("burst:10ms/90ms", 0);

	assert_true(wr_schedule_factor(&step, 0) == 0);
	assert_true(wr_schedule_factor(&step, WR_S(2)) == 0.25);
	assert_true(wr_schedule_factor(&step, WR_S(4)) == 0.5);
	assert_true(wr_schedule_factor(&step, WR_S(14)) == 1);
	assert_true(wr_schedule_factor(&step, WR_S(100)) == 0);
	assert_true(fabs(wr_schedule_factor(&sine, WR_S(15)) - 1.5) < 1e-9);
	assert_true(fabs(wr_schedule_factor(&sine, WR_S(6045)) - 0.5) < 1e-9);
	assert_true(wr_schedule_factor(&burst, WR_MS(1009)) == 1);
	assert_true(wr_schedule_factor(&burst, WR_MS(1010)) == 0);
}

static const struct {
	const char *text;
	uint64_t ramp_ns;
} shapes[] = {
	{"constant", 0},
	{"constant", WR_S(3)},
	{"step:1s=50%,2s=0%,1s=250%,1s=100%", 0},
	{"step:1s=25%,500ms=100%", WR_MS(1500)},
	{"sine:2s,50%", 0},
	{"sine:300ms,100%", WR_MS(700)},
	{"burst:10ms/90ms", 0},
	{"burst:30ms/7ms", WR_S(1)},
};

static void the_integral_is_that_of_the_factor(void **state)
{
	for (unsigned i = 0; i < WR_LEN(shapes); i++) {
		struct wr_schedule s = schedule_of(shapes[i].text, shapes[i].ramp_ns);
		const uint64_t slice = WR_US(10);
		double sum = 0;

		for (uint64_t t = 0; t < WR_S(8); t += slice) {
			sum += wr_schedule_factor(&s, t + slice / 2) * (double)slice / 1e9;
			if (t % WR_MS(100) == 0)
				assert_true(fabs(wr_schedule_integral(&s, t + slice) - sum) <
				            1e-6);
		}
	}
}

static void arrivals_follow_the_integral_within_one(void **state)
{
	static const double rates[] = {0.37, 40, 12345.678, 1e5};

	for (unsigned i = 0; i < WR_LEN(shapes) * WR_LEN(rates); i++) {
		struct wr_schedule s = schedule_of(shapes[i % 8].text, shapes[i % 8].ramp_ns);
		double rate = rates[i / 8];
		struct wr_plan plan;
		uint64_t last = 0;

		wr_plan_start(&plan, &s, rate, 0, 1, START);
		for (uint64_t n = 0; wr_plan_is_due(&plan, START + WR_S(9));) {
			uint64_t t = wr_plan_take(&plan);
			double due = rate * wr_schedule_integral(&s, t - START);

			assert_true(t >= last);
			assert_true(fabs(due - (double)n++) < 1);
			last = t;
		}
		assert_true(fabs((double)plan.arrivals -
		                 rate * wr_schedule_integral(&s, WR_S(9))) <= 1);
	}
}

static void nothing_is_due_while_a_burst_is_off(void **state)
{
	struct wr_schedule s = schedule_of("burst:10ms/90ms", 0);
	struct wr_plan plan;

	wr_plan_start(&plan, &s, 1e6 / 7, 0, 1, START);
	while (wr_plan_is_due(&plan, START + WR_S(5)))
		assert_true((wr_plan_take(&plan) - START) % WR_MS(100) <= WR_MS(10));
	wr_plan_start(&plan, &s, 100, 0, 1, START);
	assert_int_equal(wr_plan_take(&plan), START);
	assert_int_equal(wr_plan_take(&plan), START + WR_MS(100));
	assert_int_equal(wr_plan_take(&plan), START + WR_MS(200));
}

static void a_constant_rate_does_not_drift_in_ten_days(void **state)
{
	static const double rates[] = {0.01, 1.0 / 3, 3, 1000, 333333.3, 7e6, 1e8};
	const uint64_t days = WR_S(10 * 86400);
	struct wr_schedule s = schedule_of("constant", 0);
	struct wr_plan plan;

	for (unsigned i = 0; i < WR_LEN(rates); i++) {
		long double gap = 1e9L / rates[i];
		uint64_t n = (uint64_t)((long double)days / gap);

		wr_plan_start(&plan, &s, rates[i], 0, 1, START);
		for (uint64_t k = n - 1000; k < n; k++) {
			uint64_t exact = START + (uint64_t)(gap * (long double)k + 0.5L);

			assert_true(distance(time_of(&plan, k), exact) <= 1);
		}
	}
}

static void a_constant_rate_is_even(void **state)
{
	struct wr_schedule s = schedule_of("constant", 0);
	struct wr_plan plan;
	uint64_t last;

	wr_plan_start(&plan, &s, 3e6, 0, 1, START);
	last = wr_plan_take(&plan);
	assert_int_equal(last, START);
	for (unsigned i = 0; i < 3000000; i++) {
		uint64_t t = wr_plan_take(&plan);

		assert_true(t - last == 333 || t - last == 334);
		last = t;
	}
	assert_int_equal(last, START + WR_S(1));
}

static void after_the_ramp_a_constant_rate_is_even(void **state)
{
	struct wr_schedule s = schedule_of("constant", WR_S(10));
	struct wr_plan plan;

	wr_plan_start(&plan, &s, 1000, 0, 1, START);
	assert_true(distance(time_of(&plan, 5000), START + WR_S(10)) <= 1);
	assert_true(distance(time_of(&plan, 5001), START + WR_S(10) + WR_MS(1)) <= 1);
	assert_true(distance(time_of(&plan, 1250), START + WR_S(5)) <= 1);
}

static void cores_interleave_evenly(void **state)
{
	for (unsigned i = 0; i < WR_LEN(shapes); i++) {
		struct wr_schedule s = schedule_of(shapes[i].text, shapes[i].ramp_ns);
		struct wr_plan all, core[CORES];

		wr_plan_start(&all, &s, 5000, 0, 1, START);
		for (uint32_t c = 0; c < CORES; c++)
			wr_plan_start(&core[c], &s, 5000, c, CORES, START);
		for (unsigned n = 0; n < 10000; n++)
			assert_int_equal(wr_plan_take(&core[n % CORES]), wr_plan_take(&all));
	}
}

static void a_rate_of_nothing_is_never_due(void **state)
{
	struct wr_schedule s = schedule_of("constant", 0);
	struct wr_schedule ends = schedule_of("step:1s=100%,1s=0%", 0);
	struct wr_plan plan;

	wr_plan_start(&plan, &s, 0, 0, 1, START);
	assert_int_equal(plan.next_ns, UINT64_MAX);
	wr_plan_start(&plan, &s, 1e-15, 1, 2, START);
	assert_int_equal(plan.next_ns, UINT64_MAX);
	wr_plan_start(&plan, &ends, 2, 0, 1, START);
	wr_plan_take(&plan);
	assert_int_equal(wr_plan_take(&plan), START + WR_MS(500));
	assert_int_equal(plan.next_ns, UINT64_MAX);
}

static void a_new_rate_holds_from_its_time_on(void **state)
{
	struct wr_schedule s = schedule_of("constant", 0);
	struct wr_plan plan;

	wr_plan_start(&plan, &s, 1, 0, 1, START);
	assert_int_equal(wr_plan_take(&plan), START);
	/* A quarter of the next one is due by now: three quarters remain at the new rate. */
	wr_plan_set_rate(&plan, 1000, START + WR_MS(250));
	assert_int_equal(wr_plan_take(&plan), START + WR_MS(250) + WR_US(750));
	assert_int_equal(wr_plan_take(&plan), START + WR_MS(250) + WR_US(1750));
	wr_plan_set_rate(&plan, 0, START + WR_MS(252));
	assert_int_equal(plan.next_ns, UINT64_MAX);
	wr_plan_set_rate(&plan, 10, START + WR_S(9));
	assert_true(plan.next_ns >= START + WR_S(9));
	assert_true(plan.next_ns <= START + WR_S(9) + WR_MS(100));
}

static void what_was_due_before_a_new_rate_stays_due(void **state)
{
	struct wr_schedule s = schedule_of("constant", 0);
	struct wr_plan plan;

	wr_plan_start(&plan, &s, 1000, 0, 1, START);
	wr_plan_set_rate(&plan, 10, START + WR_S(1));
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(wr_plan_take(&plan), START + WR_MS(i));
	assert_int_equal(wr_plan_take(&plan), START + WR_S(1));
	assert_int_equal(wr_plan_take(&plan), START + WR_S(1) + WR_MS(100));
}

static void changes_of_rate_lose_no_arrival_of_a_late_sender(void **state)
{
	struct wr_schedule s = schedule_of("sine:1s,30%", WR_S(2));
	struct wr_plan plan;
	double want = 0, from = 0;
	uint64_t last = 0;

	wr_plan_start(&plan, &s, 100, 0, 1, START);
	for (unsigned i = 0; i < 20; i++) {
		uint64_t t = WR_MS(500) * (i + 1);
		double until = wr_schedule_integral(&s, t);

		want += (until - from) * 100 * (i + 1);
		from = until;
		wr_plan_set_rate(&plan, 100 * (i + 2), START + t);
		assert_true(plan.legs <= WR_PLAN_LEGS);
	}
	while (wr_plan_is_due(&plan, START + WR_S(10))) {
		uint64_t t = wr_plan_take(&plan);

		assert_true(t >= last);
		last = t;
	}
	assert_true(fabs((double)plan.arrivals - want) <= 1);
}

static void cores_stay_interleaved_after_a_new_rate(void **state)
{
	struct wr_schedule s = schedule_of("constant", WR_S(1));
	struct wr_plan core[2], all;

	wr_plan_start(&all, &s, 1000, 0, 1, START);
	for (uint32_t c = 0; c < 2; c++)
		wr_plan_start(&core[c], &s, 1000, c, 2, START);
	wr_plan_set_rate(&all, 3000, START + WR_MS(1700));
	for (uint32_t c = 0; c < 2; c++)
		wr_plan_set_rate(&core[c], 3000, START + WR_MS(1700));
	for (unsigned n = 0; n < 10000; n++)
		assert_int_equal(wr_plan_take(&core[n % 2]), wr_plan_take(&all));
}

static void who_is_late_knows_how_many_are_due(void **state)
{
	for (unsigned i = 0; i < WR_LEN(shapes); i++) {
		struct wr_schedule s = schedule_of(shapes[i].text, shapes[i].ramp_ns);
		struct wr_plan plan;
		uint64_t late, n = 0;

		wr_plan_start(&plan, &s, 1000, 1, 3, START);
		assert_int_equal(wr_plan_late(&plan, START - 1), 0);
		late = wr_plan_late(&plan, START + WR_S(5));
		for (; wr_plan_is_due(&plan, START + WR_S(5)); n++)
			wr_plan_take(&plan);
		assert_true(distance(late, n) <= 1);
		assert_int_equal(wr_plan_late(&plan, START + WR_S(5)), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_schedule_is_written_as_it_is_read),
		cmocka_unit_test(what_is_no_schedule_is_refused),
		cmocka_unit_test(the_longest_schedule_fits_its_buffer),
		cmocka_unit_test(factors_are_as_the_schedule_says),
		cmocka_unit_test(the_integral_is_that_of_the_factor),
		cmocka_unit_test(arrivals_follow_the_integral_within_one),
		cmocka_unit_test(nothing_is_due_while_a_burst_is_off),
		cmocka_unit_test(a_constant_rate_does_not_drift_in_ten_days),
		cmocka_unit_test(a_constant_rate_is_even),
		cmocka_unit_test(after_the_ramp_a_constant_rate_is_even),
		cmocka_unit_test(cores_interleave_evenly),
		cmocka_unit_test(a_rate_of_nothing_is_never_due),
		cmocka_unit_test(a_new_rate_holds_from_its_time_on),
		cmocka_unit_test(what_was_due_before_a_new_rate_stays_due),
		cmocka_unit_test(changes_of_rate_lose_no_arrival_of_a_late_sender),
		cmocka_unit_test(cores_stay_interleaved_after_a_new_rate),
		cmocka_unit_test(who_is_late_knows_how_many_are_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
