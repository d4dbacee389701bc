/* SPDX-License-Identifier: BSD-3-Clause */
/* SYN cookies: what they keep, how long they live, and that nothing else passes for one. */

#include "tcp_cookie.h"
#include "wr_base.h"
#include "wr_prng.h"
#include "wr_test.h"

#define LIFE  ((uint64_t)TCP_COOKIE_SECRET_US)
#define START (1000 * LIFE) /* a secret's first microsecond */

static const struct wr_tuple tuple = {0xc6120001, 0xc6120002, 7, 40000};
static const struct wr_seq irs = {0x10000000};

/* What a SYN said, and the cookie that answered it. */
struct sent {
	struct tcp_cookie kept;
	struct wr_seq iss;
	uint32_t ts_val;
};

static struct tcp_cookies fresh(uint64_t secret)
{
	const struct wr_sipkey key = {secret, ~secret};
	struct tcp_cookies cookies;

	tcp_cookies_init(&cookies, &key);
	return cookies;
}

static struct sent answer(struct tcp_cookies *cookies, uint64_t now_us, struct tcp_cookie syn)
{
	struct sent sent = {.kept = syn};

	sent.iss = tcp_cookie_make(cookies, now_us, &tuple, irs, &sent.kept);
	sent.ts_val = tcp_cookie_ts(123456789, &sent.kept);
	return sent;
}

static bool comes_back(const struct tcp_cookies *cookies, uint64_t now_us,
                       const struct sent *sent, struct tcp_cookie *kept)
{
	return tcp_cookie_check(cookies, now_us, &tuple, irs, sent->iss,
	                        sent->kept.ts ? &sent->ts_val : NULL, kept);
}

static void with_timestamps_all_options_come_back(void **state)
{
	struct tcp_cookies cookies = fresh(1);

	for (unsigned i = 0; i < 16 * 4; i++) {
		const struct tcp_cookie syn = {
			.mss = 1460,
			.ts = true,
			.has_wscale = (i & 15) != 15,
			.wscale = (uint8_t)((i & 15) % 15),
			.sack = i & 16,
			.ecn = i & 32,
		};
		struct sent sent = answer(&cookies, START, syn);
		struct tcp_cookie kept;

		assert_true(comes_back(&cookies, START, &sent, &kept));
		assert_int_equal(kept.mss, 1460);
		assert_true(kept.ts);
		assert_int_equal(kept.has_wscale, syn.has_wscale);
		assert_int_equal(kept.wscale, syn.wscale);
		assert_int_equal(kept.sack, syn.sack);
		assert_int_equal(kept.ecn, syn.ecn);
	}
}

static void without_timestamps_only_the_mss_comes_back(void **state)
{
	const struct tcp_cookie syn = {
		.mss = 1460, .has_wscale = true, .wscale = 7, .sack = true, .ecn = true};
	struct tcp_cookies cookies = fresh(2);
	struct sent sent = answer(&cookies, START, syn);
	struct tcp_cookie kept;

	assert_false(sent.kept.has_wscale || sent.kept.sack || sent.kept.ecn);
	assert_true(comes_back(&cookies, START, &sent, &kept));
	assert_int_equal(kept.mss, 1460);
	assert_false(kept.ts || kept.has_wscale || kept.sack || kept.ecn);
}

static void the_mss_is_never_above_what_the_peer_said(void **state)
{
	struct tcp_cookies cookies = fresh(3);

	for (uint32_t mss = 0; mss <= UINT16_MAX; mss += mss < 2000 ? 1 : 97) {
		struct sent sent =
			answer(&cookies, START, (struct tcp_cookie) {.mss = (uint16_t)mss});
		struct tcp_cookie kept;

		assert_true(comes_back(&cookies, START, &sent, &kept));
		assert_int_equal(kept.mss, sent.kept.mss);
		assert_true(kept.mss <= wr_max(mss, 28));
		assert_true(mss < 536 || kept.mss >= 536);
		assert_true(mss < 1460 || kept.mss >= 1460);
	}
}

/* Else the peer's PAWS would take the first text for old. */
static void the_timestamp_is_never_in_the_future(void **state)
{
	const struct tcp_cookie kept = {
		.ts = true, .has_wscale = true, .wscale = 14, .sack = true, .ecn = true};

	for (uint32_t now = UINT32_MAX - 1000; now != 1000; now++) {
		uint32_t ts = tcp_cookie_ts(now, &kept);

		assert_true(now - ts < 64);
		assert_int_equal(ts & 63, 62);
	}
}

static void a_cookie_lives_for_one_to_two_lives_of_a_secret(void **state)
{
	static const uint64_t made[] = {0, LIFE / 2, LIFE - 1, LIFE};

	for (unsigned i = 0; i < WR_LEN(made); i++) {
		struct tcp_cookies cookies = fresh(4);
		uint64_t until = START + made[i] / LIFE * LIFE + 2 * LIFE;
		struct sent sent = answer(&cookies, START + made[i],
		                          (struct tcp_cookie) {.mss = 1460, .ts = true});
		struct tcp_cookie kept;

		assert_true(comes_back(&cookies, START + made[i], &sent, &kept));
		assert_true(comes_back(&cookies, until - 1, &sent, &kept));
		assert_true(tcp_cookies_are_out(&cookies, until - 1));
		assert_false(comes_back(&cookies, until, &sent, &kept));
		assert_false(comes_back(&cookies, until + LIFE, &sent, &kept));
		assert_false(comes_back(&cookies, until + 2 * LIFE, &sent, &kept));
		assert_false(tcp_cookies_are_out(&cookies, until));
	}
}

static void the_next_secret_leaves_the_cookies_of_the_last_alone(void **state)
{
	struct tcp_cookies cookies = fresh(5);
	const struct tcp_cookie syn = {.mss = 536};
	struct sent first = answer(&cookies, START, syn);
	struct sent second = answer(&cookies, START + LIFE, syn);
	struct tcp_cookie kept;

	assert_int_not_equal(first.iss.n, second.iss.n);
	assert_true(comes_back(&cookies, START + LIFE, &first, &kept));
	assert_true(comes_back(&cookies, START + LIFE, &second, &kept));
	answer(&cookies, START + 2 * LIFE, syn);
	assert_false(comes_back(&cookies, START + 2 * LIFE, &first, &kept));
	assert_true(comes_back(&cookies, START + 2 * LIFE, &second, &kept));
}

/* A good number is of no use while none was sent: with the same key, by another host. */
static void no_cookie_is_accepted_while_none_is_out(void **state)
{
	struct tcp_cookies made = fresh(6), silent = fresh(6);
	struct sent sent = answer(&made, START, (struct tcp_cookie) {.mss = 1460});
	struct tcp_cookie kept;

	assert_false(tcp_cookies_are_out(&silent, START));
	assert_false(comes_back(&silent, START, &sent, &kept));
	answer(&silent, START, sent.kept);
	assert_true(tcp_cookies_are_out(&silent, START));
	assert_true(comes_back(&silent, START, &sent, &kept));
}

/* The zero key of a secret that was never made is known to everybody. */
static void nor_is_one_at_the_beginning_of_time(void **state)
{
	static const uint64_t now_us[] = {0, LIFE - 1, LIFE};

	for (unsigned i = 0; i < WR_LEN(now_us); i++) {
		struct tcp_cookies cookies = fresh(6);

		assert_false(tcp_cookies_are_out(&cookies, now_us[i]));
	}
}

static void timestamps_cannot_be_left_out(void **state)
{
	struct tcp_cookies cookies = fresh(6);
	struct sent sent =
		answer(&cookies, START,
	               (struct tcp_cookie) {.mss = 1460, .ts = true, .has_wscale = true});
	struct tcp_cookie kept;

	assert_true(comes_back(&cookies, START, &sent, &kept));
	assert_false(tcp_cookie_check(&cookies, START, &tuple, irs, sent.iss, NULL, &kept));
}

static void any_other_bit_makes_it_no_cookie(void **state)
{
	struct tcp_cookies cookies = fresh(7);
	const struct tcp_cookie syn = {.mss = 1460, .ts = true, .sack = true};
	struct sent sent = answer(&cookies, START, syn);
	uint32_t ts = sent.ts_val;
	struct tcp_cookie kept;

	for (unsigned bit = 0; bit < 32; bit++) {
		uint32_t flip = 1u << bit;
		struct wr_tuple laddr = tuple, raddr = tuple, lport = tuple, rport = tuple;
		struct wr_tuple *const other[] = {&laddr, &raddr, &lport, &rport};

		laddr.laddr ^= flip;
		raddr.raddr ^= flip;
		lport.lport ^= (uint16_t)(1u << bit % 16);
		rport.rport ^= (uint16_t)(1u << bit % 16);
		for (unsigned i = 0; i < WR_LEN(other); i++)
			assert_false(tcp_cookie_check(&cookies, START, other[i], irs, sent.iss,
			                              &ts, &kept));
		assert_false(tcp_cookie_check(&cookies, START, &tuple, wr_seq(irs.n ^ flip),
		                              sent.iss, &ts, &kept));
		assert_false(tcp_cookie_check(&cookies, START, &tuple, irs,
		                              wr_seq(sent.iss.n ^ flip), &ts, &kept));
	}
	for (unsigned bit = 0; bit < 6; bit++) {
		uint32_t changed = ts ^ 1u << bit;

		assert_false(tcp_cookie_check(&cookies, START, &tuple, irs, sent.iss, &changed,
		                              &kept));
	}
	assert_false(tcp_cookie_check(&cookies, START, &tuple, irs, sent.iss, NULL, &kept));
}

static void another_key_makes_other_cookies(void **state)
{
	struct tcp_cookies a = fresh(8), b = fresh(9);
	const struct tcp_cookie syn = {.mss = 1460};
	struct sent sent = answer(&a, START, syn);
	struct tcp_cookie kept;

	assert_int_not_equal(answer(&b, START, syn).iss.n, sent.iss.n);
	assert_false(comes_back(&b, START, &sent, &kept));
}

/* One in 2^28 of blind guesses is right: of a million, most likely none. */
static void guesses_are_refused(void **state)
{
	struct tcp_cookies cookies = fresh(10);
	struct wr_prng luck;
	struct tcp_cookie kept;

	wr_prng_seed(&luck, 1);
	answer(&cookies, START, (struct tcp_cookie) {.mss = 1460});
	answer(&cookies, START + LIFE, (struct tcp_cookie) {.mss = 1460});
	for (unsigned i = 0; i < 1000000; i++) {
		struct wr_seq guess = wr_seq((uint32_t)wr_prng_u64(&luck));

		assert_false(tcp_cookie_check(&cookies, START + LIFE, &tuple, irs, guess, NULL,
		                              &kept));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_timestamps_all_options_come_back),
		cmocka_unit_test(without_timestamps_only_the_mss_comes_back),
		cmocka_unit_test(the_mss_is_never_above_what_the_peer_said),
		cmocka_unit_test(the_timestamp_is_never_in_the_future),
		cmocka_unit_test(a_cookie_lives_for_one_to_two_lives_of_a_secret),
		cmocka_unit_test(the_next_secret_leaves_the_cookies_of_the_last_alone),
		cmocka_unit_test(no_cookie_is_accepted_while_none_is_out),
		cmocka_unit_test(nor_is_one_at_the_beginning_of_time),
		cmocka_unit_test(timestamps_cannot_be_left_out),
		cmocka_unit_test(any_other_bit_makes_it_no_cookie),
		cmocka_unit_test(another_key_makes_other_cookies),
		cmocka_unit_test(guesses_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
