/* SPDX-License-Identifier: BSD-3-Clause */
/* Initial sequence numbers: RFC 6528. */

#include "tcp.h"
#include "tcp_isn.h"
#include "wr_test.h"

#define SAMPLES 100000u
#define BINS    64u

static const struct wr_tuple tuple = {0xc6120001, 0xc6120002, 7, 40000};

static struct wr_tcp *engine(uint64_t k0, uint64_t k1)
{
	struct wr_tcp *tcp = wr_test_zalloc(sizeof(*tcp));

	tcp->tuple_key = (struct wr_sipkey) {k0, k1};
	return tcp;
}

static uint32_t isn(const struct wr_tcp *tcp, const struct wr_tuple *t)
{
	uint32_t ts_offset;

	return tcp_isn(tcp, t, &ts_offset).n;
}

/* MUST-8: so that a tuple that is used again begins beyond its old numbers. */
static void a_tuple_follows_the_clock(void **state)
{
	struct wr_tcp *tcp = engine(1, 2);
	uint32_t before = isn(tcp, &tuple);

	tcp->now_us += 1000;
	assert_int_equal(isn(tcp, &tuple) - before, 16000);
	free(tcp);
}

/* SHLD-1: where the next connection begins does not follow from this one. */
static void tuples_are_spread_evenly(void **state)
{
	struct wr_tcp *tcp = engine(3, 4);
	unsigned bin[BINS] = {0}, jump[BINS] = {0};
	uint32_t last = 0;

	for (uint32_t i = 0; i < SAMPLES; i++) {
		struct wr_tuple t = tuple;
		uint32_t n;

		t.rport = (uint16_t)i;
		t.raddr += i >> 16;
		n = isn(tcp, &t);
		bin[n >> 26]++;
		jump[(n - last) >> 26]++;
		last = n;
	}
	for (unsigned i = 0; i < BINS; i++) { /* five deviations of 39 about 1562 */
		assert_in_range(bin[i], 1362, 1762);
		assert_in_range(jump[i], 1362, 1762);
	}
	free(tcp);
}

/* MUST-9: without the key nobody can compute it; each half of the key counts. */
static void another_key_gives_other_numbers(void **state)
{
	struct wr_tcp *a = engine(5, 6), *b = engine(5, 7), *c = engine(4, 6);

	assert_int_not_equal(isn(a, &tuple), isn(b, &tuple));
	assert_int_not_equal(isn(a, &tuple), isn(c, &tuple));
	free(a);
	free(b);
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tuple_follows_the_clock),
		cmocka_unit_test(tuples_are_spread_evenly),
		cmocka_unit_test(another_key_gives_other_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
