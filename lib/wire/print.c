/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>

#include <netinet/in.h>

#include <rte_arp.h>
#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "wr_base.h"
#include "wr_be.h"
#include "wr_chain.h"
#include "wr_frame.h"

#define ADDR_FMT     "%u.%u.%u.%u"
#define ADDR_ARGS(a) (a) >> 24, (a) >> 16 & 0xff, (a) >> 8 & 0xff, (a)&0xff

/* Headers of any frame that we print: Ethernet with a tag, IPv4 and TCP with all options. */
#define HEAD_BYTES (18 + 60 + 60)

/* Text that grows; what does not fit is cut off. */
struct text {
	char *at;
	size_t room;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(text->at + text->len, text->room - text->len, fmt, args);
	va_end(args);
	if (n > 0)
		text->len = text->len + (size_t)n < text->room ? text->len + (size_t)n
		                                               : text->room - 1;
}

/* The bytes at hand, from the layer that is being printed on. */
struct head {
	const uint8_t *p;
	uint32_t bytes;  /* at p */
	uint32_t length; /* of the layer on the wire: may be more than is at hand */
};

static void put_ports(struct text *out, const struct rte_ipv4_hdr *ip, const uint8_t *l4)
{
	uint32_t src = rte_be_to_cpu_32(ip->src_addr);
	uint32_t dst = rte_be_to_cpu_32(ip->dst_addr);

	put(out, ADDR_FMT ":%u > " ADDR_FMT ":%u", ADDR_ARGS(src), wr_be16_get(l4),
	    ADDR_ARGS(dst), wr_be16_get(l4 + 2));
}

static void put_addresses(struct text *out, const struct rte_ipv4_hdr *ip)
{
	uint32_t src = rte_be_to_cpu_32(ip->src_addr);
	uint32_t dst = rte_be_to_cpu_32(ip->dst_addr);

	put(out, ADDR_FMT " > " ADDR_FMT, ADDR_ARGS(src), ADDR_ARGS(dst));
}

static void put_flags(struct text *out, unsigned flags)
{
	static const char letter[9] = {'F', 'S', 'R', 'P', '.', 'U', 'E', 'W', 'A'};
	unsigned i;

	if (flags == 0)
		put(out, "-");
	for (i = 0; i < sizeof(letter); i++) {
		if ((flags >> i & 1) != 0)
			put(out, "%c", letter[i]);
	}
}

/* One option of `bytes` bytes, in packetdrill's words. */
static void put_option(struct text *out, const uint8_t *p, unsigned bytes)
{
	unsigned i;

	if (p[0] == 2 && bytes == 4) {
		put(out, "mss %u", wr_be16_get(p + 2));
	} else if (p[0] == 3 && bytes == 3) {
		put(out, "wscale %u", p[2]);
	} else if (p[0] == 4 && bytes == 2) {
		put(out, "sackOK");
	} else if (p[0] == 5 && bytes >= 10 && (bytes - 2) % 8 == 0) {
		put(out, "sack");
		for (i = 2; i < bytes; i += 8)
			put(out, " %u:%u", wr_be32_get(p + i), wr_be32_get(p + i + 4));
	} else if (p[0] == 8 && bytes == 10) {
		put(out, "TS val %u ecr %u", wr_be32_get(p + 2), wr_be32_get(p + 6));
	} else if (p[0] == 19 && bytes == 18) {
		put(out, "md5");
	} else if (p[0] == 34) {
		put(out, bytes > 2 ? "FO " : "FO");
		for (i = 2; i < bytes; i++)
			put(out, "%02x", p[i]);
	} else if ((p[0] == 172 || p[0] == 174) && bytes <= 11 && bytes % 3 == 2) {
		static const char *const name[2][3] = {{"e0b", "ceb", "e1b"},
		                                       {"e1b", "ceb", "e0b"}};

		put(out, "ECN%u", p[0] == 174);
		for (i = 2; i < bytes; i += 3)
			put(out, " %s %u", name[p[0] == 174][i / 3],
			    wr_be32_get(p + i - 1) & 0xffffff);
	} else {
		put(out, "kind %u len %u", p[0], bytes);
	}
}

static void put_options(struct text *out, const struct wr_seg *seg)
{
	const uint8_t *p = seg->options;
	unsigned i = 0, bytes;

	if (seg->options_len == 0)
		return;
	put(out, " <");
	for (; i < seg->options_len; i += bytes) {
		bytes = 1;
		if (i > 0)
			put(out, ",");
		if (p[i] == 0) {
			put(out, "eol");
			break;
		}
		if (p[i] == 1) {
			put(out, "nop");
			continue;
		}
		bytes = i + 1 < seg->options_len ? p[i + 1] : 0;
		if (bytes < 2 || i + bytes > seg->options_len) {
			put(out, "malformed");
			break;
		}
		put_option(out, p + i, bytes);
	}
	put(out, ">");
}

static void put_tcp(struct text *out, const struct rte_ipv4_hdr *ip, const struct head *l4)
{
	uint32_t header = l4->bytes < 20 ? 0 : (uint32_t)(l4->p[12] >> 4) * 4;
	struct wr_seg seg;
	uint32_t text_len;

	if (wr_tcp_parse(l4->p, l4->bytes, &seg) != WR_V_NEXT) {
		put_addresses(out, ip);
		put(out, " tcp malformed (%u)", l4->length);
		return;
	}
	text_len = l4->length - header;
	put_ports(out, ip, l4->p);
	put(out, " ");
	put_flags(out, seg.flags | wr_tcp_ace_flags(wr_tcp_ace(&seg)));
	put(out, " %u:%u(%u)", seg.seq.n, seg.seq.n + text_len, text_len);
	if ((seg.flags & WR_TCP_ACK) != 0)
		put(out, " ack %u", seg.ack.n);
	put(out, " win %u", seg.wnd);
	if ((seg.flags & WR_TCP_URG) != 0)
		put(out, " urg %u", wr_be16_get(l4->p + 18));
	put_options(out, &seg);
}

static void put_udp(struct text *out, const struct rte_ipv4_hdr *ip, const struct head *l4)
{
	if (l4->bytes < sizeof(struct rte_udp_hdr)) {
		put_addresses(out, ip);
		put(out, " udp malformed (%u)", l4->length);
		return;
	}
	put_ports(out, ip, l4->p);
	put(out, " udp (%u)", l4->length - (uint32_t)sizeof(struct rte_udp_hdr));
}

static void put_icmp(struct text *out, const struct rte_ipv4_hdr *ip, const struct head *l4)
{
	put_addresses(out, ip);
	if (l4->bytes < sizeof(struct rte_icmp_hdr))
		put(out, " icmp malformed (%u)", l4->length);
	else if (l4->p[0] == 8 || l4->p[0] == 0)
		put(out, " icmp %s id %u seq %u (%u)", l4->p[0] == 8 ? "echo" : "echo-reply",
		    wr_be16_get(l4->p + 4), wr_be16_get(l4->p + 6), l4->length - 8);
	else
		put(out, " icmp type %u code %u (%u)", l4->p[0], l4->p[1], l4->length - 8);
}

static void put_ipv4(struct text *out, const struct head *l3)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)l3->p;
	uint32_t header, total, fragment;
	struct head l4;

	if (l3->bytes < sizeof(*ip)) {
		put(out, "ip malformed (%u)", l3->length);
		return;
	}
	header = (uint32_t)(ip->version_ihl & 0x0f) * 4;
	total = rte_be_to_cpu_16(ip->total_length);
	if (ip->version_ihl >> 4 != 4 || header < sizeof(*ip) || header > l3->bytes ||
	    total < header || total > l3->length) {
		put(out, "ip malformed (%u)", l3->length);
		return;
	}
	l4.p = l3->p + header;
	l4.length = total - header;
	l4.bytes = wr_min(l3->bytes - header, l4.length);
	fragment = rte_be_to_cpu_16(ip->fragment_offset);
	if ((fragment & (RTE_IPV4_HDR_OFFSET_MASK | RTE_IPV4_HDR_MF_FLAG)) != 0) {
		put_addresses(out, ip);
		put(out, " frag proto %u id %u %u:%u%s", ip->next_proto_id,
		    rte_be_to_cpu_16(ip->packet_id), (fragment & RTE_IPV4_HDR_OFFSET_MASK) * 8,
		    (fragment & RTE_IPV4_HDR_OFFSET_MASK) * 8 + l4.length,
		    (fragment & RTE_IPV4_HDR_MF_FLAG) != 0 ? " more" : "");
	} else if (ip->next_proto_id == IPPROTO_TCP) {
		put_tcp(out, ip, &l4);
	} else if (ip->next_proto_id == IPPROTO_UDP) {
		put_udp(out, ip, &l4);
	} else if (ip->next_proto_id == IPPROTO_ICMP) {
		put_icmp(out, ip, &l4);
	} else {
		put_addresses(out, ip);
		put(out, " proto %u (%u)", ip->next_proto_id, l4.length);
	}
}

static void put_arp(struct text *out, const struct head *l3)
{
	const struct rte_arp_hdr *arp = (const struct rte_arp_hdr *)l3->p;
	uint32_t sender, target;

	if (l3->bytes < sizeof(*arp)) {
		put(out, "arp malformed (%u)", l3->length);
		return;
	}
	sender = rte_be_to_cpu_32(arp->arp_data.arp_sip);
	target = rte_be_to_cpu_32(arp->arp_data.arp_tip);
	if (arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST))
		put(out, "arp who-has " ADDR_FMT " tell " ADDR_FMT, ADDR_ARGS(target),
		    ADDR_ARGS(sender));
	else if (arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REPLY))
		put(out, "arp " ADDR_FMT " is-at " RTE_ETHER_ADDR_PRT_FMT, ADDR_ARGS(sender),
		    RTE_ETHER_ADDR_BYTES(&arp->arp_data.arp_sha));
	else
		put(out, "arp op %u", rte_be_to_cpu_16(arp->arp_opcode));
}

size_t wr_frame_print(char *out, size_t size, const struct rte_mbuf *m)
{
	struct text text = {.at = out, .room = size};
	uint8_t bytes[HEAD_BYTES];
	struct head l3;
	uint32_t at_hand = wr_min(m->pkt_len, sizeof(bytes));
	uint32_t l2 = sizeof(struct rte_ether_hdr);
	uint16_t type;

	if (size == 0)
		return 0;
	out[0] = '\0';
	wr_chain_copy(bytes, m, 0, at_hand);
	if (at_hand < l2) {
		put(&text, "eth malformed (%u)", m->pkt_len);
		return text.len;
	}
	type = wr_be16_get(bytes + 12);
	if (type == RTE_ETHER_TYPE_VLAN && at_hand >= l2 + sizeof(struct rte_vlan_hdr)) {
		put(&text, "vlan %u ", (bytes[14] & 0x0f) << 8 | bytes[15]);
		type = wr_be16_get(bytes + 16);
		l2 += (uint32_t)sizeof(struct rte_vlan_hdr);
	}
	l3 = (struct head) {.p = bytes + l2, .bytes = at_hand - l2, .length = m->pkt_len - l2};
	if (type == RTE_ETHER_TYPE_IPV4)
		put_ipv4(&text, &l3);
	else if (type == RTE_ETHER_TYPE_ARP)
		put_arp(&text, &l3);
	else
		put(&text, "eth type 0x%04x (%u)", type, l3.length);
	return text.len;
}
