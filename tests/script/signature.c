/* SPDX-License-Identifier: BSD-3-Clause */
#include <md5.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_tcp.h>

#include "packet.h"
#include "signature.h"

/* RFC 2385 section 2.0, of a whole segment. */
static void sign(const char *key, const struct rte_ipv4_hdr *ip, const uint8_t *tcp,
                 uint32_t bytes, uint8_t digest[16])
{
	const uint8_t pseudo[4] = {0, IPPROTO_TCP, (uint8_t)(bytes >> 8), (uint8_t)bytes};
	uint32_t head = (uint32_t)(tcp[12] >> 4) * 4;
	uint8_t bare[20];
	MD5_CTX md5;

	memcpy(bare, tcp, sizeof(bare));
	bare[16] = bare[17] = 0;
	MD5Init(&md5);
	MD5Update(&md5, (const uint8_t *)&ip->src_addr, 8);
	MD5Update(&md5, pseudo, sizeof(pseudo));
	MD5Update(&md5, bare, sizeof(bare));
	MD5Update(&md5, tcp + head, bytes - head);
	MD5Update(&md5, (const uint8_t *)key, strlen(key));
	MD5Final(digest, &md5);
}

/* Where a segment has its signature; 0: it has none. */
static unsigned find_digest(const uint8_t *tcp)
{
	unsigned at = packet_find_md5(tcp + 20, (tcp[12] >> 4) * 4u - 20);

	return at ? 20 + at : 0;
}

bool signature_is_right(const char *key, const struct rte_ipv4_hdr *ip, const uint8_t *tcp,
                        uint32_t bytes)
{
	unsigned at = find_digest(tcp);
	uint8_t right[16];

	sign(key, ip, tcp, bytes, right);
	return !at || memcmp(tcp + at, right, sizeof(right)) == 0;
}

void signature_fill(const char *key, struct rte_mbuf *m, bool bad)
{
	struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, void *, sizeof(struct rte_ether_hdr));
	struct rte_tcp_hdr *tcp = (void *)(ip + 1);
	uint8_t *bytes = (uint8_t *)tcp;
	unsigned at = find_digest(bytes);

	if (!at)
		return;
	sign(key, ip, bytes, rte_be_to_cpu_16(ip->total_length) - (uint32_t)sizeof(*ip),
	     bytes + at);
	bytes[at + 15] ^= bad;
	tcp->cksum = 0;
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
}
