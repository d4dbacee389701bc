/* SPDX-License-Identifier: BSD-3-Clause */
/* RFC 2385: every segment of a flow that signs is signed, of others none. */

#include <string.h>

#include <md5.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "sim.h"

void sim_sign_key(const struct sim_plan *plan, struct wr_tcp_md5_key *key)
{
	key->bytes = (uint8_t)(1 + plan->sign_key % WR_TCP_MD5_BYTES);
	for (unsigned i = 0; i < key->bytes; i++)
		key->key[i] = (uint8_t)(plan->sign_key >> i % 8 * 8);
}

/* Section 2.0, in order: pseudo-header, header without options and checksum, text, key. */
static void sign(const struct sim_plan *plan, const struct sim_segment *seg,
                 const uint8_t *bytes, uint8_t out[MD5_DIGEST_LENGTH])
{
	const struct rte_ipv4_hdr *ip = (const void *)(bytes + RTE_ETHER_HDR_LEN);
	const uint8_t *header = (const uint8_t *)(ip + 1);
	uint32_t n = (uint32_t)sizeof(struct rte_tcp_hdr) + seg->options_len + seg->text_len;
	const uint8_t rest[] = {0, IPPROTO_TCP, (uint8_t)(n >> 8), (uint8_t)n};
	const uint8_t no_sum[2] = {0};
	struct wr_tcp_md5_key key;
	MD5_CTX md5;

	sim_sign_key(plan, &key);
	MD5Init(&md5);
	MD5Update(&md5, (const uint8_t *)&ip->src_addr, 8);
	MD5Update(&md5, rest, sizeof(rest));
	MD5Update(&md5, header, 16);
	MD5Update(&md5, no_sum, sizeof(no_sum));
	MD5Update(&md5, header + 18, 2);
	MD5Update(&md5, seg->text, seg->text_len);
	MD5Update(&md5, key.key, key.bytes);
	MD5Final(out, &md5);
}

void sim_watch_signature(struct sim *sim, const struct sim_flow *flow, unsigned from,
                         const struct sim_segment *seg, const uint8_t *bytes)
{
	uint8_t digest[MD5_DIGEST_LENGTH];

	if (flow->plan->sign != (seg->signature != NULL)) {
		sim_broken(sim, flow, from, "a segment is signed iff there is a key",
		           seg->signature != NULL, flow->plan->sign);
		return;
	}
	if (!seg->signature)
		return;
	sign(sim->plan, seg, bytes, digest);
	if (memcmp(digest, seg->signature, sizeof(digest)))
		sim_broken(sim, flow, from, "a signature is right", seg->seq, 0);
	if (seg->has_ts)
		sim_broken(sim, flow, from, "signatures leave no room for timestamps", 1, 0);
}
