/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_thash.h>

#include "wr_base.h"
#include "wr_owner.h"
#include "wr_prng.h"
#include "wr_test.h"

#define IP(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

/* The verification suite of Microsoft's RSS specification, IPv4. */
static void hashes_are_those_of_the_rss_verification_suite(void **state)
{
	static const struct {
		struct wr_tuple tuple;
		uint32_t with_ports, without;
	} suite[] = {
		{{IP(161, 142, 100, 80), IP(66, 9, 149, 187), 1766, 2794},
	         0x51ccc178,
	         0x323e8fc2},
		{{IP(65, 69, 140, 83), IP(199, 92, 111, 2), 4739, 14230},
	         0xc626b0ea,
	         0xd718262a},
		{{IP(12, 22, 207, 184), IP(24, 19, 198, 95), 38024, 12898},
	         0x5c2b394a,
	         0xd2d0a5de},
	};
	struct wr_owner owner;

	wr_owner_init(&owner, 4);
	for (unsigned i = 0; i < WR_LEN(suite); i++) {
		struct wr_tuple tuple = suite[i].tuple;

		assert_int_equal(wr_owner_hash(&owner, &tuple), suite[i].with_ports);
		tuple.lport = 0;
		tuple.rport = 0;
		assert_int_equal(wr_owner_hash(&owner, &tuple), suite[i].without);
	}
}

static struct wr_tuple random_tuple(struct wr_prng *prng)
{
	uint64_t addresses = wr_prng_u64(prng);
	uint64_t ports = wr_prng_u64(prng);

	return (struct wr_tuple) {
		.laddr = (uint32_t)addresses,
		.raddr = (uint32_t)(addresses >> 32),
		.lport = (uint16_t)ports,
		.rport = (uint16_t)(ports >> 16),
	};
}

/* The received frame comes from the remote end. */
static uint32_t dpdk_hash(const struct wr_tuple *tuple)
{
	union rte_thash_tuple input = {
		.v4 =
			{
				.src_addr = tuple->raddr,
				.dst_addr = tuple->laddr,
				.sport = tuple->rport,
				.dport = tuple->lport,
			},
	};

	return rte_softrss((uint32_t *)&input, RTE_THASH_V4_L4_LEN, wr_rss_key);
}

static void hashes_are_those_of_dpdk(void **state)
{
	struct wr_owner owner;
	struct wr_prng prng;

	wr_owner_init(&owner, 1);
	wr_prng_seed(&prng, 1);
	for (unsigned i = 0; i < 100000; i++) {
		struct wr_tuple tuple = random_tuple(&prng);

		assert_int_equal(wr_owner_hash(&owner, &tuple), dpdk_hash(&tuple));
	}
}

static void the_owner_is_the_core_of_the_redirection_table(void **state)
{
	static const uint32_t cores[] = {1, 2, 3, 7, 16, 127, 128};
	struct wr_owner owner;
	struct wr_prng prng;

	wr_prng_seed(&prng, 2);
	for (unsigned i = 0; i < WR_LEN(cores); i++) {
		wr_owner_init(&owner, cores[i]);
		for (unsigned n = 0; n < 1000; n++) {
			struct wr_tuple tuple = random_tuple(&prng);
			uint32_t expected = dpdk_hash(&tuple) % WR_RETA_SIZE % cores[i];

			assert_int_equal(wr_owner_of(&owner, &tuple), expected);
			assert_int_equal(wr_owner_of_hash(&owner, dpdk_hash(&tuple)), expected);
		}
	}
}

/* One client address opening connections from successive ports. */
static void flows_spread_evenly_over_two_cores(void **state)
{
	unsigned flows[2] = {0};
	struct wr_owner owner;

	wr_owner_init(&owner, 2);
	for (uint16_t port = 32768; port < 60999; port++) {
		struct wr_tuple tuple = {IP(198, 18, 0, 1), IP(198, 18, 0, 2), 7, port};

		flows[wr_owner_of(&owner, &tuple)]++;
	}
	assert_in_range(flows[0], 14000, 14231);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_are_those_of_the_rss_verification_suite),
		cmocka_unit_test(hashes_are_those_of_dpdk),
		cmocka_unit_test(the_owner_is_the_core_of_the_redirection_table),
		cmocka_unit_test(flows_spread_evenly_over_two_cores),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
