/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames made by hand, for tests: correct lengths and checksums, anything else as asked. */
#ifndef WR_CRAFT_H
#define WR_CRAFT_H

#include <rte_ether.h>
#include <rte_mbuf.h>

/* Who speaks to whom. Addresses in host order. */
struct craft_path {
	struct rte_ether_addr smac, dmac;
	uint32_t src, dst;
};

/* A frame of that EtherType with room for a payload, which the caller writes. */
struct rte_mbuf *craft_frame(struct rte_mempool *pool, const struct craft_path *path,
                             uint16_t type, uint16_t bytes, void **payload);

struct craft_ip {
	uint8_t proto, tos;
	uint8_t ttl; /* 0: 64 */
	uint16_t id;
	uint16_t fragment; /* flags and offset as in the header; host order */
};

/* An IPv4 packet in a frame; the payload's own checksum is not touched. */
struct rte_mbuf *craft_ip(struct rte_mempool *pool, const struct craft_path *path,
                          const struct craft_ip *ip, const void *payload, uint16_t bytes);

/* The same for a complete TCP segment or UDP datagram, whose checksum is filled in. */
struct rte_mbuf *craft_l4(struct rte_mempool *pool, const struct craft_path *path,
                          const struct craft_ip *ip, const void *payload, uint16_t bytes);

struct craft_tcp {
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint16_t flags; /* WR_TCP_* */
	uint16_t wnd, urgent;
	const uint8_t *options; /* a multiple of 4 bytes */
	uint8_t options_len;
	const void *text;
	uint16_t text_len;
	uint8_t tos;
};

struct rte_mbuf *craft_tcp(struct rte_mempool *pool, const struct craft_path *path,
                           const struct craft_tcp *tcp);

struct rte_mbuf *craft_udp(struct rte_mempool *pool, const struct craft_path *path,
                           uint16_t sport, uint16_t dport, const void *text, uint16_t bytes);

/* An ICMP error that quotes `quoted` bytes of what a frame of ours carried behind Ethernet. */
struct rte_mbuf *craft_icmp_error(struct rte_mempool *pool, const struct craft_path *path,
                                  uint8_t type, uint8_t code, uint16_t mtu,
                                  const struct rte_mbuf *about, uint16_t quoted);

struct rte_mbuf *craft_arp(struct rte_mempool *pool, const struct craft_path *path,
                           uint16_t op);

#endif /* WR_CRAFT_H */
