/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "impair.h"
#include "wr_be.h"
#include "wr_cksum.h"

#define ETHER_BYTES 14
#define VLAN_BYTES  4
#define TYPE_OFF    12 /* of the EtherType */
#define ECN_MASK    3  /* of the type of service, RFC 3168 section 5 */
#define ECN_CE      3
#define TX_SUMS     (RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK)
#define RX_SUMS                                                                                \
	(RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_RSS_HASH)

/* May the bytes be written, as nobody else reads them? */
static bool is_ours(const struct rte_mbuf *m)
{
	for (; m; m = m->next)
		if (rte_mbuf_refcnt_read(m) > 1 || !RTE_MBUF_DIRECT(m))
			return false;
	return true;
}

static int make_ours(struct rte_mbuf **m, struct rte_mempool *pool)
{
	struct rte_mbuf *copy;

	if (is_ours(*m))
		return 0;
	copy = rte_pktmbuf_copy(*m, pool, 0, UINT32_MAX);
	if (!copy)
		return -ENOMEM;
	rte_pktmbuf_free(*m);
	*m = copy;
	return 0;
}

/* The byte at that offset of a packet that is longer. */
static uint8_t *byte_at(struct rte_mbuf *m, uint32_t off)
{
	for (; off >= m->data_len; m = m->next)
		off -= m->data_len;
	return rte_pktmbuf_mtod_offset(m, uint8_t *, off);
}

/*
 * The transport's field holds the sum of the pseudo-header, as the NIC wants it: the sum over
 * all of the segment is then the checksum's complement.
 */
static void make_l4_sum(struct rte_mbuf *m, uint32_t l4_off, uint32_t bytes, bool udp)
{
	uint32_t field = l4_off + (udp ? (uint32_t)offsetof(struct rte_udp_hdr, dgram_cksum)
	                               : (uint32_t)offsetof(struct rte_tcp_hdr, cksum));
	uint16_t sum = (uint16_t)~wr_cksum_chain(m, l4_off, bytes);

	if (sum == 0 && udp)
		sum = 0xffff; /* RFC 768: zero says that there is no checksum */
	memcpy(byte_at(m, field), &sum, sizeof(sum));
}

/* Makes the checksums that are left to the NIC: it would make good ones of bad bytes. */
static void make_sums(struct rte_mbuf *m)
{
	uint64_t asked = m->ol_flags, l4 = asked & RTE_MBUF_F_TX_L4_MASK;
	uint32_t l2 = m->l2_len, headers = l2 + m->l3_len;
	struct rte_ipv4_hdr *ip;
	uint32_t total;

	m->ol_flags &= ~TX_SUMS;
	if (!(asked & RTE_MBUF_F_TX_IPV4) || headers < l2 + sizeof(*ip) ||
	    headers > m->data_len)
		return;
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, l2);
	total = rte_be_to_cpu_16(ip->total_length);
	if (l4 == RTE_MBUF_F_TX_TCP_CKSUM && total >= m->l3_len + sizeof(struct rte_tcp_hdr))
		make_l4_sum(m, headers, total - m->l3_len, false);
	else if (l4 == RTE_MBUF_F_TX_UDP_CKSUM &&
	         total >= m->l3_len + sizeof(struct rte_udp_hdr))
		make_l4_sum(m, headers, total - m->l3_len, true);
	if (asked & RTE_MBUF_F_TX_IP_CKSUM) {
		ip->hdr_checksum = 0;
		ip->hdr_checksum = (uint16_t)~rte_raw_cksum(ip, m->l3_len);
	}
}

/* The EtherType, and in *off where the payload begins, behind a VLAN tag perhaps. 0: none. */
static uint16_t find_payload(const struct rte_mbuf *m, uint16_t *off)
{
	uint16_t type;

	*off = ETHER_BYTES;
	if (m->data_len < ETHER_BYTES)
		return 0;
	type = wr_be16_get(rte_pktmbuf_mtod_offset(m, const uint8_t *, TYPE_OFF));
	if (type != RTE_ETHER_TYPE_VLAN)
		return type;
	*off += VLAN_BYTES;
	if (m->data_len < ETHER_BYTES + VLAN_BYTES)
		return 0;
	return wr_be16_get(rte_pktmbuf_mtod_offset(m, const uint8_t *, TYPE_OFF + VLAN_BYTES));
}

int impair_corrupt(struct rte_mbuf **m, struct rte_mempool *pool, struct wr_prng *prng)
{
	uint16_t off;
	uint32_t bit;
	int rc;

	if (find_payload(*m, &off) == RTE_ETHER_TYPE_ARP || (*m)->pkt_len <= ETHER_BYTES)
		return -ENOENT;
	rc = make_ours(m, pool);
	if (rc < 0)
		return rc;
	make_sums(*m);
	(*m)->ol_flags &= ~RX_SUMS;
	bit = wr_prng_below(prng, 8 * ((*m)->pkt_len - ETHER_BYTES));
	*byte_at(*m, ETHER_BYTES + bit / 8) ^= (uint8_t)(1u << bit % 8);
	return 0;
}

/* Where the IPv4 header is; 0: there is none in the first buffer. */
static uint16_t find_ipv4(const struct rte_mbuf *m)
{
	uint16_t off;

	if (find_payload(m, &off) != RTE_ETHER_TYPE_IPV4 ||
	    m->data_len < off + sizeof(struct rte_ipv4_hdr))
		return 0;
	return off;
}

bool impair_may_mark(const struct rte_mbuf *m)
{
	uint16_t off = find_ipv4(m);
	const struct rte_ipv4_hdr *ip;
	uint8_t ecn;

	if (!off)
		return false;
	ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, off);
	ecn = ip->type_of_service & ECN_MASK;
	return ip->version_ihl >> 4 == 4 && ecn != 0 && ecn != ECN_CE;
}

/* A word of the header changes, and so does its checksum: RFC 1624 equation 3. */
int impair_mark(struct rte_mbuf **m, struct rte_mempool *pool)
{
	struct rte_ipv4_hdr *ip;
	uint16_t before, after;
	int rc = make_ours(m, pool);

	if (rc < 0)
		return rc;
	ip = rte_pktmbuf_mtod_offset(*m, struct rte_ipv4_hdr *, find_ipv4(*m));
	memcpy(&before, ip, sizeof(before));
	ip->type_of_service |= ECN_CE;
	memcpy(&after, ip, sizeof(after));
	if (!((*m)->ol_flags & RTE_MBUF_F_TX_IP_CKSUM))
		ip->hdr_checksum = (uint16_t)~wr_cksum_fold(
			(uint64_t)(uint16_t)~ip->hdr_checksum + (uint16_t)~before + after);
	return 0;
}
