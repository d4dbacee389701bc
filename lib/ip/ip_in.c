/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "wr_base.h"
#include "wr_be.h"
#include "wr_chain.h"
#include "wr_ip_priv.h"

#define ETHER_BYTES  14
#define VLAN_BYTES   4
#define HEADER_BYTES 20 /* of IPv4 without options */
#define L4_HEAD      8  /* what UDP and ICMP need in the first buffer of a chain */
#define VLAN_ID_MASK 0x0fff

/* IPv4 options, RFC 791 section 3.1. */
enum {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_LOOSE_SOURCE_ROUTE = 131,
	OPTION_STRICT_SOURCE_ROUTE = 137,
};

/* Joins a chain in one fresh buffer; false if it does not fit or there is none. */
static bool join(struct wr_ip *ip, struct wr_frame *f)
{
	struct rte_mbuf *one;

	if (f->m->pkt_len + RTE_PKTMBUF_HEADROOM > rte_pktmbuf_data_room_size(ip->pool))
		return false;
	one = rte_pktmbuf_alloc(ip->pool);
	if (one == NULL) {
		WR_COUNT(ip->stats, mbuf_alloc_failed, 1);
		return false;
	}
	wr_chain_copy(rte_pktmbuf_append(one, (uint16_t)f->m->pkt_len), f->m, 0, f->m->pkt_len);
	one->ol_flags = f->m->ol_flags & ~WR_IP_OL_KEPT;
	one->hash = f->m->hash;
	rte_pktmbuf_free(f->m);
	f->m = one;
	return true;
}

/* RFC 7126: source routes are refused, what else there is has no meaning to a host. */
static enum wr_verdict check_options(const uint8_t *p, uint32_t bytes)
{
	uint32_t i = 0;

	while (i < bytes && p[i] != OPTION_END) {
		if (p[i] == OPTION_NOP) {
			i++;
			continue;
		}
		if (i + 1 >= bytes || p[i + 1] < 2 || i + p[i + 1] > bytes)
			return WR_V_ip_bad_options;
		if (p[i] == OPTION_LOOSE_SOURCE_ROUTE || p[i] == OPTION_STRICT_SOURCE_ROUTE)
			return WR_V_ip_source_route;
		i += p[i + 1];
	}
	return WR_V_NEXT;
}

static bool header_sum_is_good(const struct wr_ip *ip, const struct rte_mbuf *m,
                               const struct rte_ipv4_hdr *h, uint32_t header)
{
	uint64_t flag = m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;

	if (ip->conf.rx_ip_cksum && flag != RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN)
		return flag != RTE_MBUF_F_RX_IP_CKSUM_BAD;
	if (wr_likely(header == HEADER_BYTES))
		return wr_cksum_ipv4(h) == 0;
	return rte_raw_cksum(h, header) == 0xffff;
}

/*
 * RTE_MBUF_F_RX_L4_CKSUM_NONE is what a virtual device says of data that never left the
 * machine: good, with a checksum field that nobody has finished.
 */
static enum wr_verdict check_tcp_sum(const struct wr_ip *ip, const struct wr_frame *f,
                                     const struct rte_ipv4_hdr *h,
                                     const struct rte_tcp_hdr *tcp)
{
	uint64_t flag = f->m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	uint64_t pseudo;

	if (ip->conf.rx_l4_cksum && flag != RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN)
		return flag != RTE_MBUF_F_RX_L4_CKSUM_BAD ? WR_V_NEXT : WR_V_tcp_bad_checksum;
	pseudo = wr_cksum_pseudo(h->src_addr, h->dst_addr, IPPROTO_TCP, f->l4_len);
	if (wr_likely(wr_cksum_fold(pseudo + rte_raw_cksum(tcp, f->l4_len)) == 0xffff))
		return WR_V_NEXT;
	return wr_cksum_is_unfinished(pseudo, tcp->cksum) ? WR_V_tcp_unfinished_checksum
	                                                  : WR_V_tcp_bad_checksum;
}

/* Flags that no state of a connection has a use for: none at all. */
static bool flags_are_bad(uint8_t flags)
{
	return (flags & (WR_TCP_FIN | WR_TCP_SYN | WR_TCP_RST | WR_TCP_ACK | WR_TCP_PSH |
	                 WR_TCP_URG)) == 0;
}

static enum wr_verdict classify_tcp(const struct wr_ip *ip, struct wr_frame *f,
                                    const struct rte_ipv4_hdr *h)
{
	const uint8_t *p = rte_pktmbuf_mtod_offset(f->m, const uint8_t *, f->l4_off);
	const struct rte_tcp_hdr *tcp = (const struct rte_tcp_hdr *)p;
	enum wr_verdict verdict;

	if (wr_unlikely(f->m->nb_segs > 1))
		return WR_V_eth_scattered;
	verdict = wr_tcp_parse(p, f->l4_len, &f->seg);
	if (wr_unlikely(verdict != WR_V_NEXT))
		return verdict;
	verdict = check_tcp_sum(ip, f, h, tcp);
	if (wr_unlikely(verdict != WR_V_NEXT))
		return verdict;
	if (wr_unlikely(flags_are_bad(f->seg.flags)))
		return WR_V_tcp_bad_flags;
	f->tuple.lport = rte_be_to_cpu_16(tcp->dst_port);
	f->tuple.rport = rte_be_to_cpu_16(tcp->src_port);
	if (wr_unlikely(f->broadcast || f->tuple.rport == 0))
		return WR_V_tcp_bad_address;
	f->seg.text_off = (uint16_t)(f->seg.text_off + f->l4_off);
	f->carries = WR_CARRIES_TCP;
	return WR_V_NEXT;
}

/* By the protocol field; the header is checked. */
static enum wr_verdict classify_payload(const struct wr_ip *ip, struct wr_frame *f,
                                        const struct rte_ipv4_hdr *h)
{
	const uint8_t *port;

	if (wr_unlikely((h->fragment_offset &
	                 RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) != 0)) {
		if (f->broadcast)
			return WR_V_ip_broadcast;
		if (f->m->nb_segs > 1)
			return WR_V_eth_scattered;
		f->carries = WR_CARRIES_FRAGMENT;
		return WR_V_NEXT;
	}
	if (wr_likely(h->next_proto_id == IPPROTO_TCP))
		return classify_tcp(ip, f, h);
	if (f->m->nb_segs > 1 && f->l4_off + L4_HEAD > f->m->data_len)
		return WR_V_eth_scattered;
	if (h->next_proto_id == IPPROTO_ICMP) {
		f->carries = WR_CARRIES_ICMP;
		return WR_V_NEXT;
	}
	if (wr_unlikely(f->broadcast))
		return WR_V_ip_broadcast;
	f->carries = h->next_proto_id == IPPROTO_UDP ? WR_CARRIES_UDP : WR_CARRIES_OTHER;
	if (wr_likely(f->carries == WR_CARRIES_UDP && f->l4_len >= L4_HEAD)) {
		port = rte_pktmbuf_mtod_offset(f->m, const uint8_t *, f->l4_off);
		f->tuple.rport = wr_be16_get(port);
		f->tuple.lport = wr_be16_get(port + 2);
	}
	return WR_V_NEXT;
}

/* Source, then destination, RFC 1122 section 3.2.1.3. */
static enum wr_verdict check_addresses(const struct wr_ip *ip, struct wr_frame *f,
                                       uint8_t proto)
{
	if (wr_unlikely(wr_ip_is_bad_source(ip, f->tuple.raddr)))
		return WR_V_ip_bad_source;
	if (wr_likely(wr_ip_is_local(ip, f->tuple.laddr)))
		return WR_V_NEXT;
	if (!wr_ip_is_broadcast(ip, f->tuple.laddr))
		return WR_V_ip_not_for_us;
	f->broadcast = true;
	return proto == IPPROTO_ICMP ? WR_V_NEXT : WR_V_ip_broadcast;
}

/* RFC 1122 section 3.2.1 in its order. TTL is no reason to drop: section 3.2.1.7. */
static enum wr_verdict classify_ipv4(const struct wr_ip *ip, struct wr_frame *f)
{
	struct rte_mbuf *m = f->m;
	const struct rte_ipv4_hdr *h =
		rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, f->l3_off);
	uint32_t there = m->data_len - (uint32_t)f->l3_off;
	uint32_t header, total;
	enum wr_verdict verdict;

	if (wr_unlikely(m->data_len < f->l3_off + HEADER_BYTES))
		return WR_V_ip_truncated;
	if (wr_unlikely(h->version_ihl >> 4 != 4))
		return WR_V_ip_bad_version;
	header = (uint32_t)(h->version_ihl & RTE_IPV4_HDR_IHL_MASK) * RTE_IPV4_IHL_MULTIPLIER;
	if (wr_unlikely(header < HEADER_BYTES || header > there))
		return m->nb_segs > 1 ? WR_V_eth_scattered : WR_V_ip_bad_header_length;
	if (wr_unlikely(!header_sum_is_good(ip, m, h, header)))
		return WR_V_ip_bad_checksum;
	total = rte_be_to_cpu_16(h->total_length);
	if (wr_unlikely(total < header || total > m->pkt_len - f->l3_off))
		return WR_V_ip_bad_total_length;

	f->tos = h->type_of_service;
	f->ttl = h->time_to_live;
	f->l4_off = (uint16_t)(f->l3_off + header);
	f->l4_len = (uint16_t)(total - header);
	f->tuple.laddr = rte_be_to_cpu_32(h->dst_addr);
	f->tuple.raddr = rte_be_to_cpu_32(h->src_addr);
	if (wr_unlikely(m->pkt_len != f->l3_off + total))
		wr_chain_cut(m, f->l3_off + total);

	verdict = check_addresses(ip, f, h->next_proto_id);
	if (wr_unlikely(verdict != WR_V_NEXT))
		return verdict;
	if (wr_unlikely(header > HEADER_BYTES)) {
		verdict = check_options((const uint8_t *)(h + 1), header - HEADER_BYTES);
		if (verdict != WR_V_NEXT)
			return verdict;
	}
	return classify_payload(ip, f, h);
}

/* Whom the frame is for: us, all, or somebody else. */
static enum wr_verdict check_ether_dst(const struct wr_ip *ip, struct wr_frame *f,
                                       const struct rte_ether_addr *dst)
{
	if (wr_likely(rte_is_same_ether_addr(dst, &ip->conf.mac)))
		return WR_V_NEXT;
	if (!rte_is_multicast_ether_addr(dst))
		return WR_V_eth_not_for_us;
	f->broadcast = true;
	return WR_V_NEXT;
}

/* Everything but plain IPv4: ARP, and either behind a priority tag, IEEE 802.1Q VLAN 0. */
static enum wr_verdict classify_other(const struct wr_ip *ip, struct wr_frame *f, uint16_t type)
{
	const uint8_t *tag;

	if (type == RTE_ETHER_TYPE_VLAN && f->l3_off == ETHER_BYTES) {
		if (f->m->data_len < ETHER_BYTES + VLAN_BYTES)
			return WR_V_eth_truncated;
		tag = rte_pktmbuf_mtod_offset(f->m, const uint8_t *, ETHER_BYTES);
		if ((wr_be16_get(tag) & VLAN_ID_MASK) != 0)
			return WR_V_eth_unknown_type;
		f->l3_off += VLAN_BYTES;
		type = wr_be16_get(tag + 2);
	}
	if (type == RTE_ETHER_TYPE_IPV4)
		return classify_ipv4(ip, f);
	if (type != RTE_ETHER_TYPE_ARP)
		return WR_V_eth_unknown_type;
	f->carries = WR_CARRIES_ARP;
	return WR_V_NEXT;
}

static enum wr_verdict classify_ether(const struct wr_ip *ip, struct wr_frame *f)
{
	struct rte_ether_hdr eth; /* a copy: in the frame it may have an odd address */
	enum wr_verdict verdict;

	if (wr_unlikely(f->m->data_len < ETHER_BYTES))
		return WR_V_eth_truncated;
	memcpy(&eth, rte_pktmbuf_mtod(f->m, const char *), sizeof(eth));
	verdict = check_ether_dst(ip, f, &eth.dst_addr);
	if (wr_unlikely(verdict != WR_V_NEXT))
		return verdict;
	if (wr_likely(eth.ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4)))
		return classify_ipv4(ip, f);
	return classify_other(ip, f, rte_be_to_cpu_16(eth.ether_type));
}

void wr_ip_classify(struct wr_ip *ip, struct wr_frame *f)
{
	enum wr_verdict verdict;

	f->carries = WR_CARRIES_NOTHING;
	f->broadcast = false;
	f->tos = 0;
	f->ttl = 0;
	f->l3_off = ETHER_BYTES;
	f->l4_off = 0;
	f->l4_len = 0;
	f->tuple = (struct wr_tuple) {0};
	if (wr_unlikely(f->m->nb_segs > 1) && !join(ip, f) &&
	    f->m->data_len < ETHER_BYTES + HEADER_BYTES)
		verdict = WR_V_eth_scattered;
	else
		verdict = classify_ether(ip, f);
	f->verdict = (uint8_t)verdict;
}
