/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_IP_PRIV_H
#define WR_IP_PRIV_H

#include "wr_cksum.h"
#include "wr_ip.h"

/* What the files of lib/ip share with each other and with nobody else. */

/* Why a buffer is sent or stored anew: everything else in ol_flags belongs to reception. */
#define WR_IP_OL_KEPT (RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT)

/* Whether addr is on a link of ours. */
bool wr_ip_is_on_link(const struct wr_ip *ip, uint32_t addr);

/* Multicast, limited broadcast, or a broadcast of one of our subnets in either form. */
bool wr_ip_is_broadcast(const struct wr_ip *ip, uint32_t addr);

/* Whether no host may use addr as its source, RFC 1122 section 3.2.1.3; ours included. */
bool wr_ip_is_bad_source(const struct wr_ip *ip, uint32_t addr);

/* Whom a packet to dst is given to: dst itself or the gateway; 0: no route. Host order. */
uint32_t wr_ip_next_hop(const struct wr_ip *ip, uint32_t dst);

/* As wr_ip_output(); false if the packet was dropped for lack of buffers or its size. */
bool wr_ip_send(struct wr_ip *ip, struct rte_mbuf *m, const struct wr_ip_out *to);

/* Puts a finished frame whose cause has been counted into the output queue. */
static inline void wr_ip_push(struct wr_ip *ip, struct rte_mbuf *m)
{
	struct wr_outq *out = &ip->out;

	if (wr_unlikely(out->count == WR_OUTQ_SLOTS)) {
		WR_COUNT(ip->stats, tx_dropped, 1);
		rte_pktmbuf_free(m);
		return;
	}
	out->frame[(out->head + out->count++) & (WR_OUTQ_SLOTS - 1)] = m;
}

/*
 * Sends a finished IPv4 packet to the neighbour that leads to `to`'s destination, and takes it:
 * writes the Ethernet header, or keeps the packet until ARP is answered. Counts `cause`.
 */
void wr_arp_output(struct wr_ip *ip, struct rte_mbuf *m, const struct wr_ip_out *to,
                   enum wr_cause cause);

void wr_arp_tick(struct wr_ip *ip, uint64_t now_us);
uint64_t wr_arp_deadline(const struct wr_ip *ip);

int wr_path_init(struct wr_ip *ip);
void wr_path_fini(struct wr_ip *ip);
uint64_t wr_path_bytes(const struct wr_ip_conf *conf);
void wr_path_tick(struct wr_ip *ip, uint64_t now_us);

int wr_frag_init(struct wr_ip *ip);
void wr_frag_fini(struct wr_ip *ip);
uint64_t wr_frag_bytes(const struct wr_ip_conf *conf);
void wr_frag_tick(struct wr_ip *ip, uint64_t now_us);
uint64_t wr_frag_deadline(const struct wr_ip *ip);

#endif /* WR_IP_PRIV_H */
