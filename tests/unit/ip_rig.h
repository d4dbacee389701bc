/* SPDX-License-Identifier: BSD-3-Clause */
/* An IPv4 host on its own, and frames to give it: for the tests of wire, ip and udp. */
#ifndef IP_RIG_H
#define IP_RIG_H

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_byteorder.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "wr_buf.h"
#include "wr_chain.h"
#include "wr_ip.h"
#include "wr_test.h"

#define ADDR(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))
#define US               ADDR(198, 18, 0, 1)
#define US2              ADDR(198, 18, 1, 1)
#define PEER             ADDR(198, 18, 0, 2)
#define PEER2            ADDR(198, 18, 0, 3)
#define GATEWAY          ADDR(198, 18, 0, 254)
#define FAR              ADDR(198, 19, 5, 5)
#define SECOND           UINT64_C(1000000)
#define ROOM             2048

static const struct rte_ether_addr rig_mac = {{2, 0, 0, 0, 0, 1}};
static const struct rte_ether_addr peer_mac = {{2, 0, 0, 0, 0, 2}};
static const struct rte_ether_addr other_mac = {{2, 0, 0, 0, 0, 3}};
static const struct rte_ether_addr all_macs = {{255, 255, 255, 255, 255, 255}};

struct rig {
	struct wr_ip ip;
	struct wr_stats stats;
	struct wr_prng prng;
	struct rte_mempool *pool;
	char line[256];
};

static const struct wr_ip_conf rig_conf = {
	.addr = {{US, 24}, {US2, 24}},
	.addrs = 2,
	.gateway = GATEWAY,
	.mtu = 1500,
	.mac = {{2, 0, 0, 0, 0, 1}},
	.multi_segs = true,
	.neighbours = 8,
	.reassemblies = 16,
	.paths = 16,
	.path_age_us = 600 * SECOND,
	.arp_age_us = 30 * SECOND,
	.icmp_errors_per_s = 16,
	.ttl = 64,
	.socket = SOCKET_ID_ANY,
};

static inline void rig_open(struct rig *rig, const struct wr_ip_conf *conf,
                            struct rte_mempool *pool)
{
	memset(rig, 0, sizeof(*rig));
	rig->pool = pool;
	wr_prng_seed(&rig->prng, 1);
	assert_int_equal(wr_ip_init(&rig->ip, conf, &rig->stats, pool, &rig->prng), 0);
}

/* Frames that wait in the output queue, as the stack would count them. */
static inline void rig_balance(struct rig *rig)
{
	WR_LEVEL(&rig->stats, tx_staged, rig->ip.out.count);
	assert_int_equal(wr_stats_unbalanced_out(&rig->stats), 0);
}

/* The books balance and every buffer comes home. */
static inline void rig_close(struct rig *rig)
{
	rig_balance(rig);
	wr_ip_fini(&rig->ip);
	assert_int_equal(rte_mempool_in_use_count(rig->pool), 0);
}

/* The next frame that leaves, or NULL; the caller's. */
static inline struct rte_mbuf *rig_pop(struct rig *rig)
{
	struct wr_outq *out = &rig->ip.out;

	if (out->count == 0)
		return NULL;
	out->count--;
	WR_COUNT(&rig->stats, tx_frames, 1);
	return out->frame[out->head++ & (WR_OUTQ_SLOTS - 1)];
}

/* The next frame that leaves as text, or "". */
static inline const char *rig_out(struct rig *rig)
{
	struct rte_mbuf *m = rig_pop(rig);

	rig->line[0] = '\0';
	if (m != NULL)
		wr_frame_print(rig->line, sizeof(rig->line), m);
	rte_pktmbuf_free(m);
	return rig->line;
}

static inline void *rig_at(struct rte_mbuf *m, unsigned off)
{
	return rte_pktmbuf_mtod_offset(m, void *, off);
}

/* A frame of `bytes` bytes behind the Ethernet header. */
static inline struct rte_mbuf *rig_ether(struct rig *rig, uint16_t type, uint32_t bytes)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(rig->pool);
	struct rte_ether_hdr *eth;

	assert_non_null(m);
	assert_non_null(rte_pktmbuf_append(m, (uint16_t)(14 + bytes)));
	eth = rig_at(m, 0);
	memset(eth, 0, 14 + bytes);
	eth->dst_addr = rig_mac;
	eth->src_addr = peer_mac;
	eth->ether_type = rte_cpu_to_be_16(type);
	return m;
}

/* Sets the IPv4 header checksum right, of a header at byte 14. */
static inline void rig_sum_ip(struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *h = rig_at(m, 14);

	h->hdr_checksum = 0;
	h->hdr_checksum = (uint16_t)~rte_raw_cksum(h, (size_t)(h->version_ihl & 15) * 4);
}

/* The checksum of TCP or UDP in an IPv4 packet without options, in one buffer. */
static inline uint16_t rig_l4_sum(struct rte_mbuf *m)
{
	return rte_ipv4_udptcp_cksum(rig_at(m, 14), rig_at(m, 34));
}

/* An IPv4 packet from PEER to US with `bytes` zero bytes of payload. */
static inline struct rte_mbuf *rig_ipv4(struct rig *rig, uint8_t proto, uint32_t bytes)
{
	struct rte_mbuf *m = rig_ether(rig, RTE_ETHER_TYPE_IPV4, 20 + bytes);
	struct rte_ipv4_hdr *h = rig_at(m, 14);

	h->version_ihl = RTE_IPV4_VHL_DEF;
	h->total_length = rte_cpu_to_be_16((uint16_t)(20 + bytes));
	h->time_to_live = 64;
	h->next_proto_id = proto;
	h->src_addr = RTE_BE32(PEER);
	h->dst_addr = RTE_BE32(US);
	rig_sum_ip(m);
	return m;
}

static inline struct rte_mbuf *rig_tcp(struct rig *rig, uint8_t flags, uint32_t text)
{
	struct rte_mbuf *m = rig_ipv4(rig, IPPROTO_TCP, 20 + text);
	struct rte_tcp_hdr *tcp = rig_at(m, 34);

	tcp->src_port = RTE_BE16(4000);
	tcp->dst_port = RTE_BE16(7);
	tcp->sent_seq = RTE_BE32(100);
	tcp->recv_ack = RTE_BE32(200);
	tcp->data_off = 5 << 4;
	tcp->tcp_flags = flags;
	tcp->rx_win = RTE_BE16(65535);
	tcp->cksum = rig_l4_sum(m);
	return m;
}

static inline struct rte_mbuf *rig_udp(struct rig *rig, uint16_t sport, uint16_t dport,
                                       uint32_t bytes)
{
	struct rte_mbuf *m = rig_ipv4(rig, IPPROTO_UDP, 8 + bytes);
	struct rte_udp_hdr *udp = rig_at(m, 34);

	memset(udp + 1, 'x', bytes);
	udp->src_port = rte_cpu_to_be_16(sport);
	udp->dst_port = rte_cpu_to_be_16(dport);
	udp->dgram_len = rte_cpu_to_be_16((uint16_t)(8 + bytes));
	udp->dgram_cksum = rig_l4_sum(m);
	return m;
}

static inline struct rte_mbuf *rig_icmp(struct rig *rig, uint8_t type, uint8_t code,
                                        const void *data, uint32_t bytes)
{
	struct rte_mbuf *m = rig_ipv4(rig, IPPROTO_ICMP, 8 + bytes);
	struct rte_icmp_hdr *icmp = rig_at(m, 34);

	icmp->icmp_type = type;
	icmp->icmp_code = code;
	if (data != NULL)
		memcpy(icmp + 1, data, bytes);
	icmp->icmp_cksum = (uint16_t)~rte_raw_cksum(icmp, 8 + bytes);
	return m;
}

static inline struct rte_mbuf *rig_arp(struct rig *rig, uint16_t opcode,
                                       const struct rte_ether_addr *mac, uint32_t sender,
                                       uint32_t target)
{
	struct rte_mbuf *m = rig_ether(rig, RTE_ETHER_TYPE_ARP, 46);
	struct rte_arp_hdr *arp = rig_at(m, 14);

	arp->arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER);
	arp->arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	arp->arp_hlen = 6;
	arp->arp_plen = 4;
	arp->arp_opcode = rte_cpu_to_be_16(opcode);
	arp->arp_data.arp_sha = *mac;
	arp->arp_data.arp_sip = rte_cpu_to_be_32(sender);
	arp->arp_data.arp_tip = rte_cpu_to_be_32(target);
	return m;
}

static inline enum wr_verdict rig_feed_arp(struct rig *rig, uint16_t opcode,
                                           const struct rte_ether_addr *mac, uint32_t sender,
                                           uint32_t target, uint64_t now_us)
{
	struct wr_frame f = {.m = rig_arp(rig, opcode, mac, sender, target)};
	enum wr_verdict verdict;

	wr_ip_classify(&rig->ip, &f);
	assert_int_equal(f.carries, WR_CARRIES_ARP);
	verdict = wr_arp_input(&rig->ip, &f, false, now_us);
	rte_pktmbuf_free(f.m);
	return verdict;
}

/* The rig knows PEER from now on. */
static inline void rig_meet_peer(struct rig *rig, uint64_t now_us)
{
	assert_int_equal(rig_feed_arp(rig, RTE_ARP_OP_REQUEST, &peer_mac, PEER, US, now_us),
	                 WR_V_arp_request);
	assert_string_equal(rig_out(rig), "arp 198.18.0.1 is-at 02:00:00:00:00:01");
}

/* Classifies m into *f. */
static inline enum wr_verdict rig_classify(struct rig *rig, struct wr_frame *f,
                                           struct rte_mbuf *m)
{
	memset(f, 0xee, sizeof(*f));
	f->m = m;
	wr_ip_classify(&rig->ip, f);
	return f->verdict;
}

/* Copies a packet into a chain of buffers of `step` bytes; frees the packet. */
static inline struct rte_mbuf *rig_chain(struct rig *rig, struct rte_mbuf *m, uint32_t step)
{
	struct rte_mbuf *head = NULL;
	uint32_t off;

	for (off = 0; off < m->pkt_len; off += step) {
		uint32_t part = off + step < m->pkt_len ? step : m->pkt_len - off;
		struct rte_mbuf *next = rte_pktmbuf_alloc(rig->pool);

		assert_non_null(next);
		wr_chain_copy(rte_pktmbuf_append(next, (uint16_t)part), m, off, part);
		if (head == NULL)
			head = next;
		else
			assert_int_equal(rte_pktmbuf_chain(head, next), 0);
	}
	rte_pktmbuf_free(m);
	return head;
}

/* ---- the fixture of a test program ---- */

static struct rte_mempool *pool; /* its main makes it */
static struct rig rig;

static inline int open_rig(void **state)
{
	rig_open(&rig, &rig_conf, pool);
	return 0;
}

/* The same, with PEER known at time 0. */
static inline int open_rig_with_peer(void **state)
{
	open_rig(state);
	rig_meet_peer(&rig, 0);
	return 0;
}

static inline int close_rig(void **state)
{
	rig_close(&rig);
	return 0;
}

#endif /* IP_RIG_H */
