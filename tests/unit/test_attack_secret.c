/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an attacker could learn by asking often: initial sequence numbers, as NUMBER:JACK found
 * them in nine stacks, timestamps, and places in the table of flows.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <rte_tcp.h>

#include "attack.h"
#include "wr_flow.h"
#include "wr_test.h"

#define SAMPLES 100000u
#define MALLORY (ATTACK_FAR + 66)
#define BUCKETS 1024 /* of a table for 4096 flows */

static struct attack a;
static uint32_t isn, ts_val;

static void note_synack(struct attack *attack, const struct rte_mbuf *m)
{
	const struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(m, void *, 34);
	const uint8_t *option = (const uint8_t *)(tcp + 1);

	if (tcp->tcp_flags != (WR_TCP_SYN | WR_TCP_ACK))
		return;
	isn = rte_be_to_cpu_32(tcp->sent_seq);
	for (int left = (tcp->data_off >> 4) * 4 - 20; left >= 10; left--, option++) {
		if (option[0] == 8 && option[1] == 10) {
			ts_val = (uint32_t)option[2] << 24 | (uint32_t)option[3] << 16 |
			         (uint32_t)option[4] << 8 | option[5];
			return;
		}
	}
}

/* The number that the victim begins with, for the n-th tuple. */
static uint32_t ask(uint32_t n)
{
	static const uint8_t timestamp[12] = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0};
	struct craft_tcp tcp = {
		.sport = (uint16_t)(1024 + n % 60000),
		.dport = 7,
		.seq = 1,
		.flags = WR_TCP_SYN,
		.wnd = 1000,
		.options = timestamp,
		.options_len = sizeof(timestamp),
	};

	attack_segment(&a, MALLORY + n / 60000, &tcp);
	wire_run(&a.wire, 0);
	tcp.seq = 2;
	tcp.flags = WR_TCP_RST;
	attack_segment(&a, MALLORY + n / 60000, &tcp);
	return isn;
}

static void begin(const struct wr_stack_conf *conf)
{
	attack_open(&a, conf);
	a.on_frame = note_synack;
}

static uint32_t *ask_often(uint32_t samples)
{
	uint32_t *n = calloc(samples, sizeof(*n));

	assert_non_null(n);
	for (uint32_t i = 0; i < samples; i++)
		n[i] = ask(i);
	return n;
}

static int by_value(const void *left, const void *right)
{
	uint32_t x = *(const uint32_t *)left, y = *(const uint32_t *)right;

	return x < y ? -1 : x > y;
}

/* How often the most frequent value is there; sorts. */
static unsigned most_frequent(uint32_t *n, uint32_t count)
{
	unsigned most = 0, run = 0;

	qsort(n, count, sizeof(*n), by_value);
	for (uint32_t i = 0; i < count; i++) {
		run = i && n[i] == n[i - 1] ? run + 1 : 1;
		most = run > most ? run : most;
	}
	return most;
}

/* Linear complexity of a bit sequence, by Berlekamp and Massey: of n random bits, n / 2. */
static unsigned linear_complexity(const uint8_t *s, unsigned n)
{
	uint8_t *c = calloc(3, n), *b = c + n, *t = b + n;
	unsigned l = 0, m = 1;

	assert_non_null(c);
	c[0] = b[0] = 1;
	for (unsigned i = 0; i < n; i++) {
		uint8_t d = s[i];

		for (unsigned j = 1; j <= l; j++)
			d ^= c[j] & s[i - j];
		if (!d) {
			m++;
			continue;
		}
		memcpy(t, c, n);
		for (unsigned j = 0; j + m < n; j++)
			c[j + m] ^= b[j];
		if (2 * l <= i) {
			l = i + 1 - l;
			memcpy(b, t, n);
			m = 1;
		} else {
			m++;
		}
	}
	free(c);
	return l;
}

/* Neither an increment, nor a clock, nor a shift register. */
static void initial_numbers_do_not_follow_from_each_other(void **state)
{
	uint32_t *n, *jump;
	uint8_t bit[2000];

	begin(NULL);
	n = ask_often(SAMPLES);
	jump = calloc(SAMPLES, sizeof(*jump));
	assert_non_null(jump);
	for (uint32_t i = 1; i < SAMPLES; i++)
		jump[i - 1] = n[i] - n[i - 1];
	for (unsigned b = 0; b < 32; b++) { /* five deviations of 158 about 50,000 */
		unsigned ones = 0, changes = 0;

		for (uint32_t i = 0; i < SAMPLES; i++)
			ones += n[i] >> b & 1;
		for (uint32_t i = 1; i < SAMPLES; i++)
			changes += (n[i] ^ n[i - 1]) >> b & 1;
		assert_in_range(ones, SAMPLES / 2 - 800, SAMPLES / 2 + 800);
		assert_in_range(changes, SAMPLES / 2 - 800, SAMPLES / 2 + 800);
	}
	for (unsigned b = 0; b < 32; b += 8) {
		for (unsigned i = 0; i < sizeof(bit); i++)
			bit[i] = n[i] >> b & 1;
		assert_in_range(linear_complexity(bit, sizeof(bit)), 990, 1010);
	}
	assert_true(most_frequent(jump, SAMPLES - 1) <= 3);
	assert_true(most_frequent(n, SAMPLES) <= 3);
	free(n);
	free(jump);
	attack_judge(&a);
	attack_close(&a);
}

/*
 * Of six numbers, a tenth of a second apart, nmap takes the spread of the rate: eight times its
 * logarithm. From 16 on it says "good luck!".
 */
static void nmap_wishes_good_luck(void **state)
{
	double rate[5], mean = 0, spread = 0;
	uint32_t last;

	begin(NULL);
	last = ask(0);
	for (unsigned i = 0; i < 5; i++) {
		uint32_t next;

		attack_wait(&a, WR_MS(100));
		next = ask(i + 1);
		rate[i] = wr_min(next - last, last - next) / 0.1;
		mean += rate[i] / 5;
		last = next;
	}
	for (unsigned i = 0; i < 5; i++)
		spread += (rate[i] - mean) * (rate[i] - mean) / 4;
	assert_true(8 * log2(sqrt(spread)) > 240);
	attack_close(&a);
}

/* The same clock, the same tuples, another key: what was learnt then says nothing now. */
static void two_starts_have_nothing_in_common(void **state)
{
	const uint32_t samples = 10000;
	struct wr_stack_conf conf;
	uint32_t *n, *second;

	attack_conf(&conf);
	begin(&conf);
	n = ask_often(samples);
	attack_close(&a);
	conf.key.k0 ^= 1;
	begin(&conf);
	second = ask_often(samples);
	attack_close(&a);
	for (uint32_t i = 0; i < samples; i++)
		n[i] -= second[i];
	assert_true(most_frequent(n, samples) <= 2);
	free(n);
	free(second);
}

/* No clock that is common to all connections tells when the machine was started. */
static void timestamps_of_two_tuples_have_no_clock_in_common(void **state)
{
	const uint32_t samples = 10000;
	uint32_t *value = calloc(samples, sizeof(*value));

	assert_non_null(value);
	begin(NULL);
	for (uint32_t i = 0; i < samples; i++) {
		ask(i);
		value[i] = ts_val;
	}
	assert_true(most_frequent(value, samples) <= 2);
	attack_close(&a);
	free(value);
}

static uint32_t bucket_of(const struct wr_flow_table *table, uint32_t n)
{
	const struct wr_tuple tuple = {ATTACK_VICTIM, ATTACK_FAR + (n >> 16), 7, (uint16_t)n};

	return (uint32_t)(wr_flow_bucket(table, wr_flow_hash(table, &tuple)) - table->bucket);
}

/* Tuples chosen so that they meet in one bucket, by somebody who guesses a key. */
static void tuples_that_collide_by_another_key_are_spread(void **state)
{
	static const struct wr_sipkey guessed = {0, 0}, real = {0x1234, 0x5678};
	struct wr_flow_table *theirs = wr_flow_new(4096, &guessed, SOCKET_ID_ANY);
	struct wr_flow_table *ours = wr_flow_new(4096, &real, SOCKET_ID_ANY);
	unsigned found = 0, load[BUCKETS] = {0}, most = 0;

	assert_non_null(theirs);
	assert_non_null(ours);
	assert_int_equal(ours->mask, BUCKETS - 1);
	for (uint32_t n = 0; found < BUCKETS; n++) {
		if (bucket_of(theirs, n) != 5)
			continue;
		found++;
		most = wr_max(most, ++load[bucket_of(ours, n)]);
	}
	/* One for each on average: more than nine is as likely as 1 in 10,000. */
	assert_true(most <= 9);
	wr_flow_free(theirs);
	wr_flow_free(ours);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(initial_numbers_do_not_follow_from_each_other),
		cmocka_unit_test(nmap_wishes_good_luck),
		cmocka_unit_test(two_starts_have_nothing_in_common),
		cmocka_unit_test(timestamps_of_two_tuples_have_no_clock_in_common),
		cmocka_unit_test(tuples_that_collide_by_another_key_are_spread),
	};

	wr_test_eal(256);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
