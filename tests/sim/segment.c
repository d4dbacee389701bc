/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "sim.h"

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

/* One option of `len` bytes at p, whose length fits. False: its length is wrong. */
static bool take_option(const uint8_t *p, unsigned len, struct sim_segment *out)
{
	switch (p[0]) {
	case 2:
		out->has_mss = true;
		out->mss = len == 4 ? be16(p + 2) : 0;
		return len == 4;
	case 3:
		out->has_wscale = true;
		out->wscale = p[2];
		return len == 3 && p[2] <= 14;
	case 4:
		out->has_sack_ok = true;
		return len == 2;
	case 5:
		out->sacks = (len - 2) / 8;
		for (unsigned i = 0; i < out->sacks && i < 4; i++) {
			out->sack[i].left = be32(p + 2 + 8 * i);
			out->sack[i].right = be32(p + 6 + 8 * i);
		}
		return len % 8 == 2 && out->sacks >= 1 && out->sacks <= 4;
	case 8:
		out->has_ts = true;
		out->ts_val = len == 10 ? be32(p + 2) : 0;
		out->ts_ecr = len == 10 ? be32(p + 6) : 0;
		return len == 10;
	case 19: /* RFC 2385 */
		out->signature = p + 2;
		return len == 18;
	case 34: /* RFC 7413: asked for, or 8 bytes as ours are */
		out->has_cookie = true;
		return len == 2 || len == 10;
	case 172: /* RFC 9768 section 3.2.3 */
	case 174:
		out->has_accecn = true;
		return len % 3 == 2 && len <= 11;
	default:
		return false; /* we never send others */
	}
}

static bool take_options(const uint8_t *p, unsigned n, struct sim_segment *out)
{
	while (n) {
		if (p[0] == 0)
			return true;
		if (p[0] == 1) {
			p++;
			n--;
			continue;
		}
		if (n < 2 || p[1] < 2 || p[1] > n || !take_option(p, p[1], out))
			return false;
		n -= p[1];
		p += p[1];
	}
	return true;
}

/* The sum over pseudo-header and segment is all ones. */
static bool tcp_sum_good(const struct rte_ipv4_hdr *ip, const uint8_t *tcp, uint32_t n)
{
	uint32_t sum = rte_raw_cksum(tcp, n) + rte_ipv4_phdr_cksum(ip, 0);

	return (uint16_t)(sum + (sum >> 16)) == 0xffff;
}

bool sim_decode(const uint8_t *bytes, uint32_t n, struct sim_segment *out)
{
	const struct rte_ipv4_hdr *ip = (const void *)(bytes + RTE_ETHER_HDR_LEN);
	const uint8_t *tcp = bytes + RTE_ETHER_HDR_LEN + sizeof(*ip);
	uint32_t total, header;

	memset(out, 0, sizeof(*out));
	if (n < RTE_ETHER_HDR_LEN + sizeof(*ip) + sizeof(struct rte_tcp_hdr) ||
	    be16(bytes + 12) != RTE_ETHER_TYPE_IPV4 || ip->version_ihl != 0x45 ||
	    ip->next_proto_id != IPPROTO_TCP)
		return false;
	total = rte_be_to_cpu_16(ip->total_length);
	header = (tcp[12] >> 4) * 4u;
	if (total + RTE_ETHER_HDR_LEN != n || header < sizeof(struct rte_tcp_hdr) ||
	    sizeof(*ip) + header > total)
		return false;
	out->src = be32((const uint8_t *)&ip->src_addr);
	out->dst = be32((const uint8_t *)&ip->dst_addr);
	out->ecn = ip->type_of_service & WR_ECN_MASK;
	out->sport = be16(tcp);
	out->dport = be16(tcp + 2);
	out->seq = be32(tcp + 4);
	out->ack = be32(tcp + 8);
	out->ae = tcp[12] & 1;
	out->flags = tcp[13];
	out->wnd = be16(tcp + 14);
	out->text = tcp + header;
	out->options = tcp + sizeof(struct rte_tcp_hdr);
	out->options_len = header - (uint32_t)sizeof(struct rte_tcp_hdr);
	out->text_len = total - (uint32_t)sizeof(*ip) - header;
	out->sums_good = rte_raw_cksum(ip, sizeof(*ip)) == 0xffff &&
	                 tcp_sum_good(ip, tcp, total - (uint32_t)sizeof(*ip));
	out->options_good = take_options(out->options, out->options_len, out);
	return true;
}
