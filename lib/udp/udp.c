/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_udp.h>

#include "wr_base.h"
#include "wr_chain.h"
#include "wr_cksum.h"
#include "wr_udp.h"

#define HEADER_BYTES sizeof(struct rte_udp_hdr)

#define UNREACHABLE      3 /* ICMP type */
#define PORT_UNREACHABLE 3 /* its code */

void wr_udp_init(struct wr_udp *udp, struct wr_ip *ip, const struct wr_owner *owner,
                 uint32_t core, const struct wr_sipkey *key)
{
	const struct wr_sipkey ports_key = {wr_siphash24(key, 4, 0), wr_siphash24(key, 4, 1)};

	memset(udp, 0, sizeof(*udp));
	udp->ip = ip;
	udp->stats = ip->stats;
	wr_ephemeral_init(&udp->ports, &ports_key, owner, core);
}

int wr_udp_listen(struct wr_udp *udp, const struct wr_udp_listener *listener)
{
	unsigned i;

	for (i = 0; i < udp->listeners; i++) {
		if (udp->listener[i].port == listener->port &&
		    udp->listener[i].addr == listener->addr)
			return -EADDRINUSE;
	}
	if (udp->listeners == WR_UDP_LISTENERS)
		return -ENOSPC;
	udp->listener[udp->listeners++] = *listener;
	udp->bound[listener->port / 64] |= UINT64_C(1) << listener->port % 64;
	return 0;
}

static bool is_bound(const struct wr_udp *udp, uint16_t port)
{
	return udp->bound[port / 64] >> port % 64 & 1;
}

/* The listener on that address, else the one on any address; NULL: nobody listens. */
static const struct wr_udp_listener *find_listener(const struct wr_udp *udp,
                                                   const struct wr_tuple *tuple)
{
	const struct wr_udp_listener *any = NULL;
	unsigned i;

	if (!is_bound(udp, tuple->lport))
		return NULL;
	for (i = 0; i < udp->listeners; i++) {
		const struct wr_udp_listener *l = &udp->listener[i];

		if (l->port != tuple->lport)
			continue;
		if (l->addr == tuple->laddr)
			return l;
		if (l->addr == 0)
			any = l;
	}
	return any;
}

static bool same_range(const struct wr_udp_claim *a, const struct wr_udp_claim *b)
{
	return a->addr_first == b->addr_first && a->addr_last == b->addr_last &&
	       a->port_low == b->port_low && a->port_high == b->port_high;
}

static bool overlap(const struct wr_udp_claim *a, const struct wr_udp_claim *b)
{
	return a->addr_first <= b->addr_last && b->addr_first <= a->addr_last &&
	       a->port_low <= b->port_high && b->port_low <= a->port_high;
}

int wr_udp_claim(struct wr_udp *udp, const struct wr_udp_claim *claim)
{
	unsigned i;

	if (claim->addr_first > claim->addr_last || claim->port_low > claim->port_high)
		return -EINVAL;
	for (i = 0; i < udp->claims; i++) {
		if (overlap(&udp->claim[i], claim))
			return -EADDRINUSE;
	}
	if (udp->claims == WR_UDP_CLAIMS)
		return -ENOSPC;
	udp->claim[udp->claims++] = *claim;
	return 0;
}

void wr_udp_release(struct wr_udp *udp, const struct wr_udp_claim *claim)
{
	unsigned i;

	for (i = 0; i < udp->claims; i++) {
		if (same_range(&udp->claim[i], claim)) {
			udp->claim[i] = udp->claim[--udp->claims];
			return;
		}
	}
}

static const struct wr_udp_claim *find_claim(const struct wr_udp *udp,
                                             const struct wr_tuple *tuple)
{
	unsigned i;

	for (i = 0; i < udp->claims; i++) {
		const struct wr_udp_claim *c = &udp->claim[i];

		if (tuple->laddr >= c->addr_first && tuple->laddr <= c->addr_last &&
		    tuple->lport >= c->port_low && tuple->lport <= c->port_high)
			return c;
	}
	return NULL;
}

/* Who gets the datagrams of a tuple. */
struct sink {
	wr_udp_handler handler; /* NULL: nobody */
	wr_udp_error_handler on_error;
	void *user;
	bool replies, owned;
};

static inline struct sink find_sink(const struct wr_udp *udp, const struct wr_tuple *tuple)
{
	const struct wr_udp_listener *l = find_listener(udp, tuple);
	const struct wr_udp_claim *c;

	if (wr_likely(l != NULL))
		return (struct sink) {l->handler, l->on_error, l->user, l->replies, l->owned};
	c = find_claim(udp, tuple);
	if (c != NULL)
		return (struct sink) {c->handler, c->on_error, c->user, false, true};
	return (struct sink) {0};
}

bool wr_udp_is_owned(const struct wr_udp *udp, const struct wr_tuple *tuple)
{
	return find_sink(udp, tuple).owned;
}

struct asked {
	const struct wr_udp *udp;
	wr_ephemeral_is_free is_free;
	void *ctx;
};

static bool is_free(void *ctx, const struct wr_tuple *tuple)
{
	const struct asked *asked = ctx;

	return !is_bound(asked->udp, tuple->lport) &&
	       (asked->is_free == NULL || asked->is_free(asked->ctx, tuple));
}

int wr_udp_choose_port(struct wr_udp *udp, struct wr_tuple *tuple, uint16_t low, uint16_t high,
                       wr_ephemeral_is_free callers, void *ctx, uint64_t now_us)
{
	struct asked asked = {udp, callers, ctx};

	return wr_ephemeral_choose(&udp->ports, tuple, low, high, is_free, &asked, now_us);
}

/*
 * Whether a datagram from that port may be the answer of another service, which would answer
 * ours in turn, and so on for ever; or have no port at all that could be answered.
 */
static bool would_answer_back(const struct wr_udp *udp, uint16_t port)
{
	unsigned i;

	switch (port) {
	case 0:
	case 7:  /* echo, RFC 862 */
	case 13: /* daytime, RFC 867 */
	case 17: /* quote of the day, RFC 865 */
	case 19: /* chargen, RFC 864 */
	case 37: /* time, RFC 868 */
		return true;
	default:
		break;
	}
	if (!is_bound(udp, port))
		return false;
	for (i = 0; i < udp->listeners; i++) {
		if (udp->listener[i].port == port && udp->listener[i].replies)
			return true;
	}
	return false;
}

/* RTE_MBUF_F_RX_L4_CKSUM_NONE: good data, and a checksum that nobody has finished. */
static enum wr_verdict check_sum(const struct wr_ip *ip, const struct wr_frame *f,
                                 const struct rte_udp_hdr *h, uint32_t bytes)
{
	uint64_t flag = f->m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	uint64_t pseudo;

	if (h->dgram_cksum == 0) /* RFC 768: the sender made none */
		return WR_V_NEXT;
	if (ip->conf.rx_l4_cksum && flag != RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN)
		return flag != RTE_MBUF_F_RX_L4_CKSUM_BAD ? WR_V_NEXT : WR_V_udp_bad_checksum;
	pseudo = wr_cksum_pseudo(rte_cpu_to_be_32(f->tuple.raddr),
	                         rte_cpu_to_be_32(f->tuple.laddr), IPPROTO_UDP, bytes);
	if (wr_likely(wr_cksum_fold(pseudo + wr_cksum_chain(f->m, f->l4_off, bytes)) == 0xffff))
		return WR_V_NEXT;
	return wr_cksum_is_unfinished(pseudo, h->dgram_cksum) ? WR_V_udp_unfinished_checksum
	                                                      : WR_V_udp_bad_checksum;
}

enum wr_verdict wr_udp_input(struct wr_udp *udp, struct wr_frame *f, uint64_t now_us)
{
	const struct rte_udp_hdr *h =
		rte_pktmbuf_mtod_offset(f->m, const struct rte_udp_hdr *, f->l4_off);
	struct rte_mbuf *m = f->m;
	enum wr_verdict verdict;
	struct sink sink;
	uint32_t bytes;

	if (wr_unlikely(f->l4_len < HEADER_BYTES))
		return WR_V_udp_truncated;
	bytes = rte_be_to_cpu_16(h->dgram_len);
	if (wr_unlikely(bytes < HEADER_BYTES || bytes > f->l4_len))
		return WR_V_udp_bad_length;
	verdict = check_sum(udp->ip, f, h, bytes);
	if (wr_unlikely(verdict != WR_V_NEXT))
		return verdict;
	sink = find_sink(udp, &f->tuple);
	if (wr_unlikely(sink.handler == NULL)) {
		wr_icmp_send_error(udp->ip, f, UNREACHABLE, PORT_UNREACHABLE, now_us);
		return WR_V_udp_no_listener;
	}
	if (wr_unlikely(sink.replies && would_answer_back(udp, f->tuple.rport)))
		return WR_V_udp_reflector;

	f->m = NULL;
	wr_chain_cut(m, f->l4_off + bytes);
	rte_pktmbuf_adj(m, (uint16_t)(f->l4_off + HEADER_BYTES));
	bytes -= (uint32_t)HEADER_BYTES;
	verdict = sink.handler(udp, m, &f->tuple, f->tos, sink.user, now_us);
	if (wr_likely(verdict == WR_V_udp_delivered)) {
		WR_COUNT(udp->stats, udp_datagrams_in, 1);
		WR_COUNT(udp->stats, udp_bytes_in, bytes);
	}
	return verdict;
}

enum wr_verdict wr_udp_icmp_error(struct wr_udp *udp, const struct wr_icmp_error *error,
                                  uint64_t now_us)
{
	struct sink sink = find_sink(udp, &error->tuple);

	if (sink.handler == NULL)
		return WR_V_icmp_error_stale;
	if (sink.on_error != NULL)
		sink.on_error(udp, error, sink.user, now_us);
	return WR_V_icmp_error_soft;
}

void wr_udp_send(struct wr_udp *udp, struct rte_mbuf *m, const struct wr_tuple *to, uint8_t tos,
                 uint64_t now_us)
{
	const struct wr_ip_out out = {
		.src = to->laddr,
		.dst = to->raddr,
		.proto = IPPROTO_UDP,
		.tos = tos,
		.cause = WR_CAUSE_udp_datagram,
		.hint = &udp->hint,
		.now_us = now_us,
	};
	struct rte_udp_hdr *h;

	WR_COUNT(udp->stats, udp_datagrams_out, 1);
	WR_COUNT(udp->stats, udp_bytes_out, m->pkt_len);
	h = (struct rte_udp_hdr *)rte_pktmbuf_prepend(m, HEADER_BYTES);
	h->src_port = rte_cpu_to_be_16(to->lport);
	h->dst_port = rte_cpu_to_be_16(to->rport);
	h->dgram_len = rte_cpu_to_be_16((uint16_t)m->pkt_len);
	h->dgram_cksum = 0;
	wr_ip_output(udp->ip, m, &out);
}
