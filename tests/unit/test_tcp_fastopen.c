/* SPDX-License-Identifier: BSD-3-Clause */
/* Cookies of TCP Fast Open, RFC 7413: made, checked and kept. */

#include <stdlib.h>
#include <string.h>

#include "tcp.h"
#include "wr_test.h"

#define PEERS 64

/* 192.0.2.1 asks 192.168.0.1, as in the kernel's own packetdrill scripts. */
static const struct wr_tuple tuple = {0xc0a80001, 0xc0000201, 8080, 40000};

/* tcp_fastopen_key a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4, and the cookies of those scripts. */
static const struct wr_sipkey linux_key = {0xb2b2b2b2a1a1a1a1, 0xd4d4d4d4c3c3c3c3};
static const uint8_t linux_cookie[] = {0x30, 0x21, 0xb9, 0xd8, 0x89, 0x01, 0x7e, 0xeb};
static const uint8_t linux_cookie_of_zeros[] = {0xb7, 0xc1, 0x23, 0x50, 0xa9, 0x0d, 0xc8, 0xf5};

/* One listener and one kind of active open, both with Fast Open. */
static struct wr_tcp *engine(const struct wr_sipkey *key, unsigned keys, uint32_t peers)
{
	const struct wr_sipkey random = {1, 2};
	struct wr_tcp *tcp = wr_test_zalloc(sizeof(*tcp));

	wr_tcp_conf_default(&tcp->conf, 1500);
	tcp->conf.fastopen_peers = peers;
	tcp->conf.fastopen_keys = (uint8_t)keys;
	for (unsigned i = 0; i < keys; i++)
		tcp->conf.fastopen_key[i] = key[i];
	tcp->listener[0].options.fastopen = true;
	tcp->profile[0].options.fastopen = true;
	tcp->ip = wr_test_zalloc(sizeof(*tcp->ip));
	tcp->ip->conf.mtu = 1500;
	tcp->ip->paths = wr_test_zalloc(4096); /* none is known */
	tcp->stats = wr_test_zalloc(sizeof(*tcp->stats));
	assert_int_equal(tcp_fastopen_init(tcp, &random, SOCKET_ID_ANY), 0);
	return tcp;
}

static void end(struct wr_tcp *tcp)
{
	tcp_fastopen_fini(tcp);
	free(tcp->ip->paths);
	free(tcp->ip);
	free(tcp->stats);
	free(tcp);
}

static struct wr_fastopen cookie_of(const struct wr_tcp *tcp, const struct wr_tuple *t)
{
	struct wr_fastopen cookie;

	tcp_fastopen_cookie(tcp, t, &cookie);
	return cookie;
}

/* A SYN's options: the cookie alone. */
static struct wr_frame frame_with(const struct wr_fastopen *cookie, uint8_t options[20])
{
	struct wr_frame f = {.tuple = tuple};

	memset(options, 0, 20);
	options[0] = 34;
	options[1] = (uint8_t)(2 + cookie->bytes);
	memcpy(options + 2, cookie->cookie, cookie->bytes);
	f.seg.options = options;
	f.seg.options_len = 20;
	return f;
}

static bool is_taken(const struct wr_tcp *tcp, const struct wr_fastopen *cookie)
{
	uint8_t options[20];
	struct wr_frame f = frame_with(cookie, options);

	return !tcp_fastopen_deserves(tcp, &f, 0);
}

static void the_cookie_is_that_of_linux(void **state)
{
	const struct wr_sipkey zeros = {0, 0};
	struct wr_tcp *a = engine(&linux_key, 1, 0), *b = engine(&zeros, 1, 0);

	assert_int_equal(cookie_of(a, &tuple).bytes, 8);
	assert_memory_equal(cookie_of(a, &tuple).cookie, linux_cookie, 8);
	assert_memory_equal(cookie_of(b, &tuple).cookie, linux_cookie_of_zeros, 8);
	end(a);
	end(b);
}

static void each_pair_of_addresses_has_a_cookie_of_its_own(void **state)
{
	struct wr_tcp *tcp = engine(&linux_key, 1, 0);
	struct wr_fastopen own = cookie_of(tcp, &tuple);
	struct wr_tuple other = tuple;

	other.rport++;
	other.lport++;
	assert_memory_equal(cookie_of(tcp, &other).cookie, own.cookie, 8);
	other.raddr++;
	assert_memory_not_equal(cookie_of(tcp, &other).cookie, own.cookie, 8);
	other = tuple;
	other.laddr++;
	assert_memory_not_equal(cookie_of(tcp, &other).cookie, own.cookie, 8);
	end(tcp);
}

static void without_a_key_one_is_made_of_the_engines(void **state)
{
	struct wr_tcp *tcp = engine(NULL, 0, 0);
	struct wr_fastopen cookie = cookie_of(tcp, &tuple);

	assert_memory_not_equal(cookie.cookie, linux_cookie_of_zeros, 8);
	assert_true(is_taken(tcp, &cookie));
	end(tcp);
}

static void each_bit_of_a_cookie_counts(void **state)
{
	struct wr_tcp *tcp = engine(&linux_key, 1, 0);
	struct wr_fastopen cookie = cookie_of(tcp, &tuple);

	assert_true(is_taken(tcp, &cookie));
	for (unsigned bit = 0; bit < 64; bit++) {
		cookie.cookie[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(is_taken(tcp, &cookie));
		cookie.cookie[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	cookie.bytes = 6;
	assert_false(is_taken(tcp, &cookie));
	end(tcp);
}

static void a_cookie_of_the_key_before_is_valid_for_a_while(void **state)
{
	const struct wr_sipkey keys[2] = {{5, 6}, linux_key};
	struct wr_tcp *tcp = engine(keys, 2, 0);
	struct wr_fastopen old = {.bytes = 8}, fresh = cookie_of(tcp, &tuple);

	memcpy(old.cookie, linux_cookie, 8);
	assert_true(is_taken(tcp, &old));
	assert_true(is_taken(tcp, &fresh));
	assert_memory_not_equal(fresh.cookie, old.cookie, 8);
	end(tcp);
}

/* ---- client ---- */

/* A server's SYN-ACK comes that brings this cookie. */
static void answer(struct wr_tcp *tcp, struct wr_tcb *c, uint8_t first)
{
	struct wr_fastopen cookie = {.bytes = 8, .cookie = {first, 2, 3, 4, 5, 6, 7, 8}};
	uint8_t options[20];
	struct wr_frame f = frame_with(&cookie, options);

	c->mss_peer = 1000;
	c->snd.nxt = f.seg.ack = wr_seq(1);
	tcp_fastopen_answered(tcp, c, &f.seg);
}

static bool knows(struct wr_tcp *tcp, const struct wr_tuple *t, uint8_t first)
{
	struct wr_tcb c = {.tuple = *t, .sq_end = {501}};
	struct wr_fastopen cookie;
	uint32_t bytes;

	assert_true(tcp_fastopen_asks(tcp, &c, &cookie, &bytes));
	if (cookie.bytes == 0)
		return false;
	assert_int_equal(cookie.cookie[0], first);
	assert_int_equal(bytes, 500);
	return true;
}

static void cookies_of_servers_are_kept_and_replaced(void **state)
{
	struct wr_tcp *tcp = engine(NULL, 0, PEERS);
	struct wr_tcb c = {.tuple = tuple};

	assert_false(knows(tcp, &tuple, 0));
	answer(tcp, &c, 11);
	assert_true(knows(tcp, &tuple, 11));
	answer(tcp, &c, 12);
	assert_true(knows(tcp, &tuple, 12));
	end(tcp);
}

/* A scan of the Internet must not take more memory than was given. */
static void servers_beyond_the_table_take_the_places_of_others(void **state)
{
	struct wr_tcp *tcp = engine(NULL, 0, PEERS);
	unsigned known = 0;

	for (uint32_t i = 0; i < 1000; i++) {
		struct wr_tcb c = {.tuple = tuple};

		c.tuple.raddr += i;
		tcp->now_tick++;
		answer(tcp, &c, (uint8_t)i);
		assert_true(knows(tcp, &c.tuple, (uint8_t)i));
	}
	for (uint32_t i = 0; i < 1000; i++) {
		struct wr_tuple t = tuple;

		t.raddr += i;
		known += knows(tcp, &t, (uint8_t)i);
	}
	assert_in_range(known, PEERS / 2, PEERS);
	end(tcp);
}

static void another_address_of_ours_needs_a_cookie_of_its_own(void **state)
{
	struct wr_tcp *tcp = engine(NULL, 0, PEERS);
	struct wr_tcb c = {.tuple = tuple};
	struct wr_tuple other = tuple;

	answer(tcp, &c, 1);
	other.laddr++;
	assert_false(knows(tcp, &other, 1));
	end(tcp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cookie_is_that_of_linux),
		cmocka_unit_test(each_pair_of_addresses_has_a_cookie_of_its_own),
		cmocka_unit_test(without_a_key_one_is_made_of_the_engines),
		cmocka_unit_test(each_bit_of_a_cookie_counts),
		cmocka_unit_test(a_cookie_of_the_key_before_is_valid_for_a_while),
		cmocka_unit_test(cookies_of_servers_are_kept_and_replaced),
		cmocka_unit_test(servers_beyond_the_table_take_the_places_of_others),
		cmocka_unit_test(another_address_of_ours_needs_a_cookie_of_its_own),
	};

	wr_test_eal(64);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
