/* SPDX-License-Identifier: BSD-3-Clause */
#include "worker.h"
#include "wr_test.h"

#define NEVER UINT64_MAX

static const struct wr_idle adaptive = {
	.adaptive = true,
	.patience_ns = WR_US(100),
	.since_ns = WR_S(5),
};

static uint64_t nap_after(uint64_t silence_ns, uint64_t deadline_ns)
{
	return wr_idle_nap_ns(&adaptive, adaptive.since_ns + silence_ns, deadline_ns);
}

static void a_spinning_worker_never_sleeps(void **state)
{
	const struct wr_idle spin = {.patience_ns = 0};

	assert_int_equal(wr_idle_nap_ns(&spin, WR_S(100), NEVER), 0);
}

static void it_polls_on_for_its_patience_after_work(void **state)
{
	assert_int_equal(nap_after(0, NEVER), 0);
	assert_int_equal(nap_after(WR_US(99), NEVER), 0);
	assert_int_equal(nap_after(WR_US(100), NEVER), WR_US(50));
}

static void naps_grow_with_the_silence_up_to_a_millisecond(void **state)
{
	assert_int_equal(nap_after(WR_US(400), NEVER), WR_US(200));
	assert_int_equal(nap_after(WR_MS(2), NEVER), WR_MS(1));
	assert_int_equal(nap_after(WR_S(3600), NEVER), WR_MS(1));
}

static void it_wakes_for_the_next_timer(void **state)
{
	uint64_t now_ns = adaptive.since_ns + WR_MS(10);

	assert_int_equal(wr_idle_nap_ns(&adaptive, now_ns, now_ns + WR_US(300)), WR_US(300));
	assert_int_equal(wr_idle_nap_ns(&adaptive, now_ns, now_ns + WR_US(5)), 0);
	assert_int_equal(wr_idle_nap_ns(&adaptive, now_ns, now_ns), 0);
	assert_int_equal(wr_idle_nap_ns(&adaptive, now_ns, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_spinning_worker_never_sleeps),
		cmocka_unit_test(it_polls_on_for_its_patience_after_work),
		cmocka_unit_test(naps_grow_with_the_silence_up_to_a_millisecond),
		cmocka_unit_test(it_wakes_for_the_next_timer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
