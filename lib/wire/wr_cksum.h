/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_CKSUM_H
#define WR_CKSUM_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

/*
 * The Internet checksum, RFC 1071. A sum is what the 16-bit words add up to, as they stand
 * in memory; a checksum is its complement. DPDK sums one piece of memory; these add what
 * its stable interface leaves out: chains.
 */

/* Folds carries: the 16-bit sum. */
static inline uint16_t wr_cksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

/* The sum of the pseudo-header of RFC 9293 section 3.1; bytes: TCP or UDP header and data. */
static inline uint64_t wr_cksum_pseudo(rte_be32_t src, rte_be32_t dst, uint8_t proto,
                                       uint32_t bytes)
{
	return (uint64_t)src + dst + rte_cpu_to_be_16(proto) +
	       rte_cpu_to_be_16((uint16_t)bytes);
}

/*
 * Does a checksum field hold the pseudo-header's sum alone? So it does where a kernel has left
 * the rest to a device, which then did nothing: a veth.
 */
static inline bool wr_cksum_is_unfinished(uint64_t pseudo, rte_be16_t field)
{
	return wr_cksum_fold(pseudo) == field;
}

/* The checksum of an IPv4 header without options, whose own field counts as it stands. */
static inline uint16_t wr_cksum_ipv4(const struct rte_ipv4_hdr *ip)
{
	uint32_t word[5];

	memcpy(word, ip, sizeof(word));
	return (uint16_t)~wr_cksum_fold((uint64_t)word[0] + word[1] + word[2] + word[3] +
	                                word[4]);
}

/* The sum of `bytes` bytes from offset `off` of a chain's data, which has that many. */
uint16_t wr_cksum_chain(const struct rte_mbuf *m, uint32_t off, uint32_t bytes);

#endif /* WR_CKSUM_H */
