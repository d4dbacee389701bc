/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_icmp.h>
#include <rte_ip.h>

#include "wr_base.h"
#include "wr_be.h"
#include "wr_chain.h"
#include "wr_ip_priv.h"

/* ICMP, RFC 792, as RFC 1122 section 3.2.2 wants it of a host. */

#define ICMP_BYTES   8   /* header of all types that we know */
#define QUOTED_BYTES 8   /* of the transport header: what every error quotes at least */
#define ERROR_MAX    576 /* bytes of an error's whole datagram */
#define IPV4_BYTES   20
#define IPV4_MAX     60
#define FRAG_NEEDED  4 /* code of destination unreachable */

enum {
	ECHO_REPLY = 0,
	UNREACHABLE = 3,
	ECHO = 8,
	TIME_EXCEEDED = 11,
	PARAMETER_PROBLEM = 12,
	/* 13 .. 18: queries and their answers, obsolete; the other types are errors */
	FIRST_QUERY = 13,
	LAST_QUERY = 18,
};

/* The same data back, in the same buffer, RFC 1122 section 3.2.2.6. */
static enum wr_verdict answer_echo(struct wr_ip *ip, struct wr_frame *f, uint64_t now_us)
{
	struct rte_mbuf *m = f->m;
	struct rte_icmp_hdr *icmp;
	struct wr_ip_out to = {
		.src = f->tuple.laddr,
		.dst = f->tuple.raddr,
		.proto = IPPROTO_ICMP,
		.tos = f->tos,
		.cause = WR_CAUSE_icmp_echo_reply,
		.now_us = now_us,
	};

	f->m = NULL;
	icmp = (struct rte_icmp_hdr *)rte_pktmbuf_adj(m, f->l4_off);
	icmp->icmp_type = ECHO_REPLY;
	/* RFC 1624: HC' = ~(~HC + ~m + m'); the word that changes is type and code. */
	icmp->icmp_cksum = (uint16_t)~wr_cksum_fold((uint64_t)(uint16_t)~icmp->icmp_cksum +
	                                            (uint16_t)~RTE_BE16(ECHO << 8));
	if (icmp->icmp_cksum == 0) /* a message of zeros adds up to 0, not to 0xffff: say the */
		icmp->icmp_cksum = 0xffff; /* other zero, which is right for every message */
	return wr_ip_send(ip, m, &to) ? WR_V_icmp_echo : WR_V_icmp_echo_limited;
}

static bool is_error_for_transport(uint8_t type)
{
	return type == UNREACHABLE || type == TIME_EXCEEDED || type == PARAMETER_PROBLEM;
}

/*
 * An error about a packet of ours, of which the IPv4 header and 8 bytes are quoted. Source
 * quenches (RFC 6633) and redirects are not errors to us; they never come here.
 */
static enum wr_verdict parse_error(const struct wr_ip *ip, const struct wr_frame *f,
                                   struct wr_icmp_error *error)
{
	uint8_t bytes[ICMP_BYTES + IPV4_MAX + QUOTED_BYTES];
	uint32_t at_hand = wr_min(f->l4_len, sizeof(bytes));
	const uint8_t *quoted = bytes + ICMP_BYTES, *l4;
	uint32_t header;

	if (at_hand < ICMP_BYTES + IPV4_BYTES + QUOTED_BYTES)
		return WR_V_icmp_truncated;
	wr_chain_copy(bytes, f->m, f->l4_off, at_hand);
	header = (uint32_t)(quoted[0] & 0x0f) * 4;
	if (quoted[0] >> 4 != 4 || header < IPV4_BYTES ||
	    ICMP_BYTES + header + QUOTED_BYTES > at_hand)
		return WR_V_icmp_truncated;
	if ((wr_be16_get(quoted + 6) & RTE_IPV4_HDR_OFFSET_MASK) != 0)
		return WR_V_icmp_ignored; /* no transport header to go by */
	if (quoted[9] != IPPROTO_TCP && quoted[9] != IPPROTO_UDP)
		return WR_V_icmp_ignored;
	if (!wr_ip_is_local(ip, wr_be32_get(quoted + 12)))
		return WR_V_icmp_error_stale;
	l4 = quoted + header;
	*error = (struct wr_icmp_error) {
		.tuple = {.laddr = wr_be32_get(quoted + 12),
	                  .raddr = wr_be32_get(quoted + 16),
	                  .lport = wr_be16_get(l4),
	                  .rport = wr_be16_get(l4 + 2)},
		.type = bytes[0],
		.code = bytes[1],
		.proto = quoted[9],
	};
	if (error->type == UNREACHABLE && error->code == FRAG_NEEDED)
		error->mtu = wr_be16_get(bytes + 6);
	if (error->proto == IPPROTO_TCP)
		error->seq = wr_seq(wr_be32_get(l4 + 4));
	return WR_V_NEXT;
}

enum wr_verdict wr_icmp_input(struct wr_ip *ip, struct wr_frame *f, uint64_t now_us,
                              struct wr_icmp_error *error)
{
	const struct rte_icmp_hdr *icmp =
		rte_pktmbuf_mtod_offset(f->m, const struct rte_icmp_hdr *, f->l4_off);

	if (f->l4_len < ICMP_BYTES)
		return WR_V_icmp_truncated;
	if (wr_cksum_chain(f->m, f->l4_off, f->l4_len) != 0xffff)
		return WR_V_icmp_bad_checksum;
	if (f->broadcast)
		return WR_V_icmp_ignored;
	if (icmp->icmp_type == ECHO)
		return answer_echo(ip, f, now_us);
	if (is_error_for_transport(icmp->icmp_type))
		return parse_error(ip, f, error);
	return WR_V_icmp_ignored;
}

static bool is_icmp_error(uint8_t type)
{
	return type != ECHO && type != ECHO_REPLY && (type < FIRST_QUERY || type > LAST_QUERY);
}

/* RFC 1122 section 3.2.2: never about these. The source was checked on the way in. */
static bool may_not_have_error(const struct wr_frame *f, const struct rte_ipv4_hdr *h)
{
	if (f->broadcast || (h->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)) != 0)
		return true;
	if (h->next_proto_id != IPPROTO_ICMP)
		return false;
	return f->l4_len == 0 || f->l4_off >= f->m->data_len ||
	       is_icmp_error(*rte_pktmbuf_mtod_offset(f->m, const uint8_t *, f->l4_off));
}

void wr_icmp_send_error(struct wr_ip *ip, const struct wr_frame *f, uint8_t type, uint8_t code,
                        uint64_t now_us)
{
	const struct rte_ipv4_hdr *h =
		rte_pktmbuf_mtod_offset(f->m, const struct rte_ipv4_hdr *, f->l3_off);
	uint32_t quoted =
		wr_min(f->m->pkt_len - f->l3_off, ERROR_MAX - IPV4_BYTES - ICMP_BYTES);
	struct wr_ip_out to = {
		.src = f->tuple.laddr,
		.dst = f->tuple.raddr,
		.proto = IPPROTO_ICMP,
		.cause = WR_CAUSE_icmp_error,
		.now_us = now_us,
	};
	struct rte_icmp_hdr *icmp;
	struct rte_mbuf *m;

	if (may_not_have_error(f, h))
		return;
	if (!wr_limit_allows(&ip->icmp_limit, ip->conf.icmp_errors_per_s, to.dst, now_us,
	                     ip->prng)) {
		WR_COUNT(ip->stats, icmp_errors_limited, 1);
		return;
	}
	m = rte_pktmbuf_alloc(ip->pool);
	if (m == NULL) {
		WR_COUNT(ip->stats, mbuf_alloc_failed, 1);
		return;
	}
	quoted = wr_min(quoted, (uint32_t)rte_pktmbuf_tailroom(m) - ICMP_BYTES);
	icmp = (struct rte_icmp_hdr *)rte_pktmbuf_append(m, (uint16_t)(ICMP_BYTES + quoted));
	*icmp = (struct rte_icmp_hdr) {.icmp_type = type, .icmp_code = code};
	wr_chain_copy(icmp + 1, f->m, f->l3_off, quoted);
	icmp->icmp_cksum = (uint16_t)~rte_raw_cksum(icmp, ICMP_BYTES + quoted);
	wr_ip_output(ip, m, &to);
}
