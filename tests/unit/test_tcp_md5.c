/* SPDX-License-Identifier: BSD-3-Clause */
/* Which key signs: what packet scripts, which have one for all, cannot tell. */

#include <errno.h>
#include <string.h>

#include <rte_malloc.h>
#include <rte_tcp.h>

#include "tcp_md5.h"
#include "wr_base.h"
#include "wr_test.h"

#define KEYS   64
#define LADDR  0xc6120001u
#define RADDR  0xc6130203u
#define DIGEST 4 /* in the options */

static struct wr_tcp_md5_key key(uint32_t raddr, uint8_t prefix, const char *text)
{
	struct wr_tcp_md5_key k = {.raddr = raddr, .prefix = prefix};

	k.bytes = (uint8_t)strlen(text);
	memcpy(k.key, text, k.bytes);
	return k;
}

/* An engine with these keys; free_keys() ends it. */
static struct wr_tcp with(const struct wr_tcp_md5_key *keys, unsigned n)
{
	static struct wr_ip ip;
	struct wr_tcp tcp = {.ip = &ip};

	ip.conf.socket = SOCKET_ID_ANY;
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(wr_tcp_md5_add(&tcp, &keys[i]), 0);
	return tcp;
}

static void free_keys(struct wr_tcp *tcp)
{
	rte_free(tcp->md5);
	tcp->md5 = NULL;
}

/* What becomes of a segment from RADDR:rport to LADDR:lport that is signed with `text`. */
static enum wr_verdict judged(const struct wr_tcp *tcp, uint16_t lport, uint16_t rport,
                              const char *text)
{
	const struct wr_tcp_md5_key theirs = key(0, 0, text);
	const struct wr_tuple there = {RADDR, LADDR, rport, lport};
	const struct wr_tuple here = {LADDR, RADDR, lport, rport};
	struct {
		struct rte_tcp_hdr header;
		uint8_t options[TCP_MD5_OPTION];
	} segment = {.header = {.data_off = (5 + TCP_MD5_OPTION / 4) << 4}};
	struct rte_mbuf m = {.buf_addr = &segment, .data_len = sizeof(segment)};
	struct wr_frame f = {.tuple = here};
	struct wr_tcp peer = with(&theirs, 1);

	tcp_md5_reserve(segment.options);
	tcp_md5_sign(&peer, &there, &m);
	free_keys(&peer);
	f.seg.options = segment.options;
	f.seg.options_len = TCP_MD5_OPTION;
	f.seg.signature_off = DIGEST;
	return tcp_md5_judge(tcp, &f);
}

static void the_key_of_the_longest_prefix_counts(void **state)
{
	const struct wr_tcp_md5_key keys[] = {key(0, 0, "all"), key(RADDR, 32, "host"),
	                                      key(RADDR, 24, "net")};
	const struct wr_tcp_md5_key turned[] = {keys[2], keys[1], keys[0]};
	struct wr_tcp a = with(keys, WR_LEN(keys)), b = with(turned, WR_LEN(turned));

	assert_int_equal(judged(&a, 7, 40000, "host"), WR_V_NEXT);
	assert_int_equal(judged(&b, 7, 40000, "host"), WR_V_NEXT);
	assert_int_equal(judged(&a, 7, 40000, "net"), WR_V_tcp_md5_failure);
	assert_int_equal(judged(&b, 7, 40000, "all"), WR_V_tcp_md5_failure);
	free_keys(&a);
	free_keys(&b);
}

static void ports_and_addresses_choose(void **state)
{
	struct wr_tcp_md5_key keys[] = {key(RADDR ^ 0x100, 24, "neighbours"),
	                                key(0, 0, "lport"), key(0, 0, "rport")};
	struct wr_tcp tcp;

	keys[1].lport = 7;
	keys[2].rport = 179;
	tcp = with(keys, WR_LEN(keys));
	assert_int_equal(judged(&tcp, 7, 40000, "lport"), WR_V_NEXT);
	assert_int_equal(judged(&tcp, 8, 179, "rport"), WR_V_NEXT);
	assert_int_equal(judged(&tcp, 8, 40000, "rport"), WR_V_tcp_md5_unexpected);
	free_keys(&tcp);
}

static void the_same_peers_have_one_key_and_there_is_an_end(void **state)
{
	struct wr_tcp_md5_key k = key(RADDR, 24, "first");
	struct wr_tcp tcp = with(&k, 1);

	k = key(RADDR ^ 1, 24, "the same net");
	assert_int_equal(wr_tcp_md5_add(&tcp, &k), -EEXIST);
	k.prefix = 25;
	assert_int_equal(wr_tcp_md5_add(&tcp, &k), 0);
	for (uint16_t i = 2; i < KEYS; i++) {
		k.rport = i;
		assert_int_equal(wr_tcp_md5_add(&tcp, &k), 0);
	}
	k.rport = KEYS;
	assert_int_equal(wr_tcp_md5_add(&tcp, &k), -ENOSPC);
	free_keys(&tcp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_key_of_the_longest_prefix_counts),
		cmocka_unit_test(ports_and_addresses_choose),
		cmocka_unit_test(the_same_peers_have_one_key_and_there_is_an_end),
	};

	return cmocka_run_group_tests(tests, wr_test_start, NULL);
}
