/* SPDX-License-Identifier: BSD-3-Clause */
#include <assert.h>

#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "wr_base.h"
#include "wr_chain.h"
#include "wr_ip_priv.h"
#include "wr_path.h"

#define HEADER_BYTES sizeof(struct rte_ipv4_hdr)
#define ETHER_BYTES  sizeof(struct rte_ether_hdr)

/* 65,515 bytes at the least MTU that every host takes, 576. */
#define PIECES_MAX 128

void wr_ip_enqueue(struct wr_ip *ip, struct rte_mbuf *m, enum wr_cause cause)
{
	wr_stat_add(&ip->stats->cause[cause], 1);
	wr_ip_push(ip, m);
}

/* A keyed mixing of 8 bits to 8. */
static uint16_t mix8(uint16_t x, uint8_t key)
{
	return (uint16_t)(((x | (uint32_t)key << 8) * 2654435761u) >> 24);
}

/*
 * Identification of a packet that may be cut into fragments: all 65,536 values before one
 * comes again (RFC 6864), in an order that nobody can guess (RFC 7739): a Feistel network.
 */
static uint16_t next_id(struct wr_ip *ip)
{
	uint16_t n = ip->next_id++;
	uint16_t left = n >> 8, right = n & 0xff;
	unsigned round;

	for (round = 0; round < 4; round++) {
		uint16_t next = left ^ mix8(right, (uint8_t)(ip->id_key >> (8 * round)));

		left = right;
		right = next;
	}
	return (uint16_t)(left << 8 | right);
}

/* Both addresses, in 16-bit words of host order. */
static uint32_t addresses_sum(const struct wr_ip_out *to)
{
	return (to->src >> 16) + (to->src & 0xffff) + (to->dst >> 16) + (to->dst & 0xffff);
}

/*
 * Writes an IPv4 header; where: flags and offset field, host order. The checksum, unless the
 * port makes it, comes from the values at hand: what was just stored in pieces is slow to load.
 */
static __rte_always_inline void fill_header(const struct wr_ip *ip, struct rte_ipv4_hdr *h,
                                            const struct wr_ip_out *to, uint32_t total,
                                            uint16_t id, uint16_t where)
{
	uint8_t ttl = to->ttl != 0 ? to->ttl : ip->conf.ttl;
	uint32_t sum = (uint32_t)(RTE_IPV4_VHL_DEF << 8 | to->tos) + total + id + where +
	               (uint32_t)(ttl << 8 | to->proto) + addresses_sum(to);

	h->version_ihl = RTE_IPV4_VHL_DEF;
	h->type_of_service = to->tos;
	h->total_length = rte_cpu_to_be_16((uint16_t)total);
	h->packet_id = rte_cpu_to_be_16(id);
	h->fragment_offset = rte_cpu_to_be_16(where);
	h->time_to_live = ttl;
	h->next_proto_id = to->proto;
	h->hdr_checksum =
		ip->conf.tx_ip_cksum ? 0 : rte_cpu_to_be_16((uint16_t)~wr_cksum_fold(sum));
	h->src_addr = rte_cpu_to_be_32(to->src);
	h->dst_addr = rte_cpu_to_be_32(to->dst);
}

/* Whether we make the transport's checksum, as opposed to the caller. */
static bool has_l4_sum(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP;
}

static uint16_t l4_sum(const struct rte_mbuf *m, uint8_t proto)
{
	return proto == IPPROTO_TCP
	               ? rte_pktmbuf_mtod(m, const struct rte_tcp_hdr *)->cksum
	               : rte_pktmbuf_mtod(m, const struct rte_udp_hdr *)->dgram_cksum;
}

/* Writes the checksum field of the TCP or UDP header that m's data begin with. */
static void set_l4_sum(struct rte_mbuf *m, uint8_t proto, uint16_t sum)
{
	if (proto == IPPROTO_TCP)
		rte_pktmbuf_mtod(m, struct rte_tcp_hdr *)->cksum = sum;
	else
		rte_pktmbuf_mtod(m, struct rte_udp_hdr *)->dgram_cksum = sum;
}

static uint64_t pseudo_sum(const struct wr_ip_out *to, uint32_t bytes)
{
	return wr_cksum_pseudo(rte_cpu_to_be_32(to->src), rte_cpu_to_be_32(to->dst), to->proto,
	                       bytes);
}

/*
 * Computes the TCP or UDP checksum of m, whose data begin at that header. What stands in its
 * field is summed and taken off again, not zeroed: a store would hold up the loads behind it.
 */
static void sum_l4(struct rte_mbuf *m, const struct wr_ip_out *to)
{
	uint16_t sum;

	if (!has_l4_sum(to->proto))
		return;
	sum = (uint16_t)~wr_cksum_fold(pseudo_sum(to, m->pkt_len) +
	                               wr_cksum_chain(m, 0, m->pkt_len) +
	                               (uint16_t)~l4_sum(m, to->proto));
	if (sum == 0 && to->proto == IPPROTO_UDP)
		sum = 0xffff; /* RFC 768: zero says that there is no checksum */
	set_l4_sum(m, to->proto, sum);
}

/* What the port is asked to compute for this protocol, as flags of a buffer. */
static uint64_t port_sums(const struct wr_ip *ip, uint8_t proto)
{
	uint64_t flags = 0;

	if (proto == IPPROTO_TCP && ip->conf.tx_tcp_cksum)
		flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_CKSUM;
	else if (proto == IPPROTO_UDP && ip->conf.tx_udp_cksum)
		flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM;
	if (ip->conf.tx_ip_cksum)
		flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
	return flags;
}

/* The port that makes a checksum wants the pseudo-header's sum in its place, and positions. */
static __rte_always_inline void finish_l4(struct rte_mbuf *m, const struct wr_ip_out *to,
                                          uint8_t proto, uint64_t sums)
{
	if (sums & RTE_MBUF_F_TX_L4_MASK)
		set_l4_sum(m, proto,
		           rte_cpu_to_be_16(
				   wr_cksum_fold(addresses_sum(to) + proto + m->pkt_len)));
	else
		sum_l4(m, to);
}

static __rte_always_inline void ask_port(struct rte_mbuf *m, uint64_t sums)
{
	m->ol_flags = (m->ol_flags & WR_IP_OL_KEPT) | sums;
	if (sums) {
		m->tx_offload = 0;
		m->l2_len = ETHER_BYTES;
		m->l3_len = HEADER_BYTES;
	}
}

/*
 * Sends m as copies in fresh buffers, one a fragment of `mtu` bytes at most: right on every
 * driver, and rare. One "fragment" is a chain for a port that cannot send chains. All buffers
 * or none: half a datagram is of no use. The first piece keeps the cause, so that each frame
 * has one.
 */
static bool send_copies(struct wr_ip *ip, struct rte_mbuf *m, const struct wr_ip_out *to,
                        uint32_t mtu)
{
	uint32_t all = m->pkt_len, step = (uint32_t)(mtu - HEADER_BYTES) & ~7u;
	unsigned n, i;
	struct rte_mbuf *piece[PIECES_MAX];
	uint16_t id = next_id(ip);

	if (all + HEADER_BYTES <= mtu)
		step = all;
	n = (unsigned)((all + step - 1) / step);
	if ((to->df && n > 1) || n > PIECES_MAX || all + HEADER_BYTES > UINT16_MAX ||
	    step + RTE_PKTMBUF_HEADROOM > rte_pktmbuf_data_room_size(ip->pool))
		return false;
	if (rte_pktmbuf_alloc_bulk(ip->pool, piece, n) != 0) {
		WR_COUNT(ip->stats, mbuf_alloc_failed, n);
		return false;
	}
	sum_l4(m, to);
	for (i = 0; i < n; i++) {
		uint32_t off = i * step, part = wr_min(all - off, step);
		uint16_t where = (uint16_t)(off / 8);
		struct rte_ipv4_hdr *h;

		if (i + 1 < n)
			where |= RTE_IPV4_HDR_MF_FLAG;
		if (to->df)
			where |= RTE_IPV4_HDR_DF_FLAG;
		wr_chain_copy(rte_pktmbuf_append(piece[i], (uint16_t)part), m, off, part);
		h = (struct rte_ipv4_hdr *)rte_pktmbuf_prepend(piece[i], HEADER_BYTES);
		fill_header(ip, h, to, part + (uint32_t)HEADER_BYTES, id, where);
		ask_port(piece[i], port_sums(ip, IPPROTO_IP));
		wr_arp_output(ip, piece[i], to,
		              i == 0 ? (enum wr_cause)to->cause : WR_CAUSE_ip_fragment);
	}
	rte_pktmbuf_free(m);
	return true;
}

/* The usual way: m itself is the packet. */
static __rte_always_inline void send_whole(struct wr_ip *ip, struct rte_mbuf *m,
                                           const struct wr_ip_out *to)
{
	uint32_t total = m->pkt_len + (uint32_t)HEADER_BYTES;
	uint8_t proto = to->proto;
	uint64_t sums = port_sums(ip, proto);
	struct rte_ipv4_hdr *h;

	finish_l4(m, to, proto, sums);
	h = (struct rte_ipv4_hdr *)rte_pktmbuf_prepend(m, HEADER_BYTES);
	if (wr_likely(to->df)) /* atomic: no identification is needed, RFC 6864 section 4.1 */
		fill_header(ip, h, to, total, 0, RTE_IPV4_HDR_DF_FLAG);
	else
		fill_header(ip, h, to, total, next_id(ip), 0);
	ask_port(m, sums);
	wr_arp_output(ip, m, to, (enum wr_cause)to->cause);
}

/* What is long or a chain, or sent while some path needs cutting. False: dropped. */
static __rte_noinline bool send_with_care(struct wr_ip *ip, struct rte_mbuf *m,
                                          const struct wr_ip_out *to)
{
	struct wr_path path = wr_path_get(ip, to->dst, to->now_us);
	struct wr_ip_out how = *to;
	uint32_t mtu;

	how.df = to->df && !path.cut;
	mtu = how.df ? ip->conf.mtu : path.mtu;
	if (m->pkt_len + HEADER_BYTES <= mtu && (m->nb_segs == 1 || ip->conf.multi_segs)) {
		send_whole(ip, m, &how);
		return true;
	}
	if (send_copies(ip, m, &how, mtu))
		return true;
	wr_stat_add(&ip->stats->cause[to->cause], 1);
	WR_COUNT(ip->stats, tx_dropped, 1);
	rte_pktmbuf_free(m);
	return false;
}

bool wr_ip_send(struct wr_ip *ip, struct rte_mbuf *m, const struct wr_ip_out *to)
{
	assert(rte_pktmbuf_headroom(m) >= HEADER_BYTES + ETHER_BYTES);
	if (wr_unlikely(m->pkt_len + HEADER_BYTES > ip->mtu_least ||
	                (m->nb_segs > 1 && !ip->conf.multi_segs)))
		return send_with_care(ip, m, to);
	send_whole(ip, m, to);
	return true;
}

void wr_ip_output(struct wr_ip *ip, struct rte_mbuf *m, const struct wr_ip_out *to)
{
	(void)wr_ip_send(ip, m, to);
}
