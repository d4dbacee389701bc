/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_byteorder.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "craft.h"
#include "wr_test.h"

struct rte_mbuf *craft_frame(struct rte_mempool *pool, const struct craft_path *path,
                             uint16_t type, uint16_t bytes, void **payload)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct rte_ether_hdr *eth;

	assert_non_null(m);
	eth = (void *)rte_pktmbuf_append(m, (uint16_t)(sizeof(*eth) + bytes));
	assert_non_null(eth);
	eth->src_addr = path->smac;
	eth->dst_addr = path->dmac;
	eth->ether_type = rte_cpu_to_be_16(type);
	*payload = eth + 1;
	return m;
}

struct rte_mbuf *craft_ip(struct rte_mempool *pool, const struct craft_path *path,
                          const struct craft_ip *ip, const void *payload, uint16_t bytes)
{
	uint16_t total = (uint16_t)(sizeof(struct rte_ipv4_hdr) + bytes);
	void *start;
	struct rte_mbuf *m = craft_frame(pool, path, RTE_ETHER_TYPE_IPV4, total, &start);
	struct rte_ipv4_hdr *h = start;

	*h = (struct rte_ipv4_hdr) {
		.version_ihl = RTE_IPV4_VHL_DEF,
		.type_of_service = ip->tos,
		.total_length = rte_cpu_to_be_16(total),
		.packet_id = rte_cpu_to_be_16(ip->id),
		.fragment_offset = rte_cpu_to_be_16(ip->fragment),
		.time_to_live = ip->ttl ? ip->ttl : 64,
		.next_proto_id = ip->proto,
		.src_addr = rte_cpu_to_be_32(path->src),
		.dst_addr = rte_cpu_to_be_32(path->dst),
	};
	h->hdr_checksum = rte_ipv4_cksum(h);
	memcpy(h + 1, payload, bytes);
	return m;
}

struct rte_mbuf *craft_l4(struct rte_mempool *pool, const struct craft_path *path,
                          const struct craft_ip *ip, const void *payload, uint16_t bytes)
{
	struct rte_mbuf *m = craft_ip(pool, path, ip, payload, bytes);
	struct rte_ipv4_hdr *h =
		rte_pktmbuf_mtod_offset(m, void *, sizeof(struct rte_ether_hdr));
	size_t at = ip->proto == IPPROTO_TCP ? offsetof(struct rte_tcp_hdr, cksum)
	                                     : offsetof(struct rte_udp_hdr, dgram_cksum);
	uint8_t *field = (uint8_t *)(h + 1) + at;
	uint16_t cksum;

	memset(field, 0, sizeof(cksum));
	cksum = rte_ipv4_udptcp_cksum(h, h + 1);
	memcpy(field, &cksum, sizeof(cksum));
	return m;
}

struct rte_mbuf *craft_tcp(struct rte_mempool *pool, const struct craft_path *path,
                           const struct craft_tcp *tcp)
{
	const struct craft_ip ip = {.proto = IPPROTO_TCP, .tos = tcp->tos};
	uint16_t head = (uint16_t)(sizeof(struct rte_tcp_hdr) + tcp->options_len);
	uint8_t segment[65536];
	struct rte_tcp_hdr h = {
		.src_port = rte_cpu_to_be_16(tcp->sport),
		.dst_port = rte_cpu_to_be_16(tcp->dport),
		.sent_seq = rte_cpu_to_be_32(tcp->seq),
		.recv_ack = rte_cpu_to_be_32(tcp->ack),
		.data_off = (uint8_t)(head / 4 << 4 | tcp->flags >> 8),
		.tcp_flags = (uint8_t)tcp->flags,
		.rx_win = rte_cpu_to_be_16(tcp->wnd),
		.tcp_urp = rte_cpu_to_be_16(tcp->urgent),
	};

	memcpy(segment, &h, sizeof(h));
	if (tcp->options_len)
		memcpy(segment + sizeof(h), tcp->options, tcp->options_len);
	if (tcp->text_len)
		memcpy(segment + head, tcp->text, tcp->text_len);
	return craft_l4(pool, path, &ip, segment, (uint16_t)(head + tcp->text_len));
}

struct rte_mbuf *craft_udp(struct rte_mempool *pool, const struct craft_path *path,
                           uint16_t sport, uint16_t dport, const void *text, uint16_t bytes)
{
	const struct craft_ip ip = {.proto = IPPROTO_UDP};
	uint16_t total = (uint16_t)(sizeof(struct rte_udp_hdr) + bytes);
	uint8_t datagram[65536];
	struct rte_udp_hdr h = {
		.src_port = rte_cpu_to_be_16(sport),
		.dst_port = rte_cpu_to_be_16(dport),
		.dgram_len = rte_cpu_to_be_16(total),
	};

	memcpy(datagram, &h, sizeof(h));
	memcpy(datagram + sizeof(h), text, bytes);
	return craft_l4(pool, path, &ip, datagram, total);
}

struct rte_mbuf *craft_icmp_error(struct rte_mempool *pool, const struct craft_path *path,
                                  uint8_t type, uint8_t code, uint16_t mtu,
                                  const struct rte_mbuf *about, uint16_t quoted)
{
	const struct craft_ip ip = {.proto = IPPROTO_ICMP};
	uint8_t message[8 + 576] = {type, code};
	uint16_t bytes = (uint16_t)RTE_MIN((uint32_t)quoted,
	                                   about->pkt_len - sizeof(struct rte_ether_hdr));
	uint16_t sum;

	bytes = (uint16_t)RTE_MIN(bytes, sizeof(message) - 8);
	message[6] = (uint8_t)(mtu >> 8);
	message[7] = (uint8_t)mtu;
	memcpy(message + 8,
	       rte_pktmbuf_mtod_offset(about, void *, sizeof(struct rte_ether_hdr)), bytes);
	sum = (uint16_t)~rte_raw_cksum(message, 8u + bytes);
	memcpy(message + 2, &sum, sizeof(sum));
	return craft_ip(pool, path, &ip, message, (uint16_t)(8 + bytes));
}

struct rte_mbuf *craft_arp(struct rte_mempool *pool, const struct craft_path *path, uint16_t op)
{
	void *start;
	struct rte_mbuf *m =
		craft_frame(pool, path, RTE_ETHER_TYPE_ARP, sizeof(struct rte_arp_hdr), &start);
	struct rte_arp_hdr *arp = start;

	*arp = (struct rte_arp_hdr) {
		.arp_hardware = rte_cpu_to_be_16(RTE_ARP_HRD_ETHER),
		.arp_protocol = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4),
		.arp_hlen = RTE_ETHER_ADDR_LEN,
		.arp_plen = 4,
		.arp_opcode = rte_cpu_to_be_16(op),
		.arp_data.arp_sha = path->smac,
		.arp_data.arp_sip = rte_cpu_to_be_32(path->src),
		.arp_data.arp_tip = rte_cpu_to_be_32(path->dst),
	};
	if (op == RTE_ARP_OP_REPLY)
		arp->arp_data.arp_tha = path->dmac;
	return m;
}
