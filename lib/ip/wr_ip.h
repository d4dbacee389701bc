/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_IP_H
#define WR_IP_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "wr_frame.h"
#include "wr_limit.h"
#include "wr_prng.h"
#include "wr_stats.h"

/*
 * One core's IPv4 host: addresses, ARP, ICMP, reassembly, and the output queue that all
 * layers above fill. Time is an argument; nothing is allocated after wr_ip_init().
 */

#define WR_IP_ADDRS   16
#define WR_IP_RANGES  64
#define WR_OUTQ_SLOTS 4096 /* frames; a power of two */

struct wr_ip_addr {
	uint32_t addr;  /* host order */
	uint8_t prefix; /* bits, 0..32 */
};

/* Further own addresses first .. last, host order: a client's pool. They make no network. */
struct wr_ip_range {
	uint32_t first, last;
};

struct wr_ip_conf {
	struct wr_ip_addr addr[WR_IP_ADDRS];
	unsigned addrs;
	struct wr_ip_range range[WR_IP_RANGES];
	unsigned ranges;
	uint32_t gateway; /* host order; 0: none, only on-link hosts are reached */
	uint16_t mtu;     /* bytes */
	struct rte_ether_addr mac;
	bool tx_ip_cksum, tx_tcp_cksum, tx_udp_cksum; /* the port computes these */
	bool rx_ip_cksum, rx_l4_cksum; /* its GOOD and BAD flags are to be believed */
	bool multi_segs;               /* chained buffers may be sent */
	unsigned neighbours;           /* ARP entries, at most */
	unsigned reassemblies;         /* datagrams under reassembly, at most */
	unsigned paths;                /* hosts whose path's MTU is remembered, at most */
	uint64_t path_age_us;          /* and for so long; RFC 1191: at least 5 min */
	uint64_t arp_age_us;           /* an entry not confirmed for so long is asked again */
	unsigned icmp_errors_per_s;    /* ICMP errors sent, at most; wr_limit.h */
	uint8_t ttl;                   /* of what we send, MUST-49 */
	int socket;                    /* NUMA node */
};

/* Frames on their way out, in order, owned by the queue. */
struct wr_outq {
	uint32_t head, count;
	struct rte_mbuf *frame[WR_OUTQ_SLOTS];
};

struct wr_neighbours; /* neighbour.h */
struct wr_fragments;  /* frag.c */
struct wr_paths;      /* path.c */

struct wr_ip {
	struct wr_outq out;
	struct wr_ip_conf conf;
	struct wr_stats *stats;
	struct rte_mempool *pool; /* for what we make ourselves */
	struct wr_prng *prng;
	struct wr_neighbours *neighbours;
	struct wr_fragments *fragments;
	struct wr_paths *paths;
	/*
	 * What every frame is compared with, of conf.addr[i], host order. Unused entries repeat
	 * the first, so that a look goes over all of them without a branch.
	 */
	alignas(WR_CACHE_LINE) uint32_t local[WR_IP_ADDRS];
	uint32_t mask[WR_IP_ADDRS];
	uint32_t lowest[WR_IP_ADDRS]; /* the network's own address: a broadcast, as old hosts */
	uint32_t highest[WR_IP_ADDRS]; /* have it, and the directed one; RFC 1122 3.3.6 */
	/* All of conf.range lies in hull; none: hull.first is above hull.last. */
	struct wr_ip_range hull;
	uint64_t defend_us; /* when a conflict may be answered again, RFC 5227 */
	uint32_t id_key;    /* secret that permutes next_id */
	uint16_t next_id;   /* of datagrams that may be fragmented, RFC 6864 */
	uint16_t mtu_least; /* no packet so short, bytes, is too long for a known path */
	struct wr_limit icmp_limit; /* of ICMP errors */
};

/* Who a packet goes to and how; all in host order. */
struct wr_ip_out {
	uint32_t src, dst;
	uint8_t proto; /* IPPROTO_* */
	uint8_t tos;   /* DSCP and ECN */
	uint8_t ttl;   /* 0: the default */
	bool df;       /* Don't Fragment: TCP; else what is longer than the path takes is cut */
	uint8_t cause; /* enum wr_cause */
	uint16_t *hint; /* neighbour index remembered by the caller; NULL: look up */
	uint64_t now_us;
};

/* Allocates tables. Returns 0 or -ENOMEM. stats, pool and prng are borrowed. */
int wr_ip_init(struct wr_ip *ip, const struct wr_ip_conf *conf, struct wr_stats *stats,
               struct rte_mempool *pool, struct wr_prng *prng);
void wr_ip_fini(struct wr_ip *ip);
uint64_t wr_ip_bytes(const struct wr_ip_conf *conf);

/*
 * Classifies a received frame: Ethernet, then IPv4 in the order of RFC 1122 section 3.2.1,
 * then for TCP its header, flags and checksum. Fills *f, whose m the caller has set (it may
 * be another one afterwards). f->verdict is WR_V_NEXT if the frame goes on to what
 * f->carries says; for WR_CARRIES_OTHER that is an ICMP error (3, 2) and the verdict
 * ip_unknown_protocol, both by the caller. Trims link-layer padding off the buffer's end. A
 * chain is joined; one too long for a buffer goes on as a chain unless it carries TCP, with
 * all headers in its first buffer. The tuple's ports are set for TCP and UDP, else zero.
 */
void wr_ip_classify(struct wr_ip *ip, struct wr_frame *f);

/*
 * ARP input; `news`: a copy from another core, to learn from and not to answer: who asked
 * there will be answered here as well. Returns the verdict.
 */
enum wr_verdict wr_arp_input(struct wr_ip *ip, struct wr_frame *f, bool news, uint64_t now_us);

/*
 * A fragment. Keeps the buffer; ip_fragment_held, _bad or _full. If it completes a datagram,
 * returns ip_fragment_last and *whole: one buffer chain that starts with an Ethernet header,
 * to be classified and counted (rx_reassembled) like a frame; the caller owns it.
 */
enum wr_verdict wr_frag_input(struct wr_ip *ip, struct wr_frame *f, uint64_t now_us,
                              struct rte_mbuf **whole);

/* What an ICMP error says, RFC 792: about a packet that we sent. */
struct wr_icmp_error {
	struct wr_tuple tuple; /* of that packet: local is us */
	uint8_t type, code, proto;
	uint16_t mtu;      /* next-hop MTU of type 3 code 4; 0 if not given */
	struct wr_seq seq; /* SEG.SEQ quoted; TCP only */
};

/*
 * ICMP input. Echo requests are answered here. For an error about TCP or UDP returns
 * WR_V_NEXT and fills *error; the caller takes it to the connection and decides the verdict.
 */
enum wr_verdict wr_icmp_input(struct wr_ip *ip, struct wr_frame *f, uint64_t now_us,
                              struct wr_icmp_error *error);

/*
 * Sends an ICMP error about frame f, unless RFC 1122 section 3.2.2 forbids it or the rate
 * limit is reached (icmp_errors_limited). Reads f's buffer, does not keep it.
 */
void wr_icmp_send_error(struct wr_ip *ip, const struct wr_frame *f, uint8_t type, uint8_t code,
                        uint64_t now_us);

/*
 * Sends m, whose data is a TCP, UDP or ICMP header with payload, and takes it. Writes the
 * IPv4 and Ethernet headers in front (headroom is there: at least 34 bytes) and the TCP or
 * UDP checksum (offloaded or in software; ICMP's is the caller's). Without DF fragments what is
 * longer than the path takes, as far as it is known (wr_path.h), and routers may do so. With DF
 * sends what the port takes, and leaves the path to the caller. A next hop that is not yet
 * known gets an ARP request while the packet waits. The buffer may be held by others too
 * (refcnt > 1): then only its headroom is written.
 */
void wr_ip_output(struct wr_ip *ip, struct rte_mbuf *m, const struct wr_ip_out *to);

/* Frames that the output queue can still take. */
static inline uint32_t wr_ip_out_room(const struct wr_ip *ip)
{
	return WR_OUTQ_SLOTS - ip->out.count;
}

/* Puts a finished frame into the output queue; full: dropped and counted (tx_dropped). */
void wr_ip_enqueue(struct wr_ip *ip, struct rte_mbuf *m, enum wr_cause cause);

/* A local address that routes to dst, or 0: for active opens. Of conf.addr, never of a range.
 */
uint32_t wr_ip_source_for(const struct wr_ip *ip, uint32_t dst);

/* Whether addr is one of conf.addr or conf.range. */
bool wr_ip_is_local(const struct wr_ip *ip, uint32_t addr);

/* Whether dst can be the remote end of a connection: a unicast address that is not ours,
 * and on a link of ours or behind the gateway (MUST-46). */
bool wr_ip_is_reachable(const struct wr_ip *ip, uint32_t dst);

/* False while the next hop towards dst has not answered ARP although asked. */
bool wr_ip_is_resolved(const struct wr_ip *ip, uint32_t dst);

/*
 * True if dst's next hop was given up, after three requests without an answer, later than
 * since_us, and has not been heard of since.
 */
bool wr_ip_gave_up(const struct wr_ip *ip, uint32_t dst, uint64_t since_us);

/*
 * Asks for dst's next hop unless it is known or being asked: few packets wait for an answer, so
 * whoever is going to send many at once does this first. Returns 0: it is known; -EINPROGRESS:
 * it is being asked; -EHOSTUNREACH: so far in vain, it is asked once more; -ENETUNREACH: no
 * route.
 */
int wr_ip_resolve(struct wr_ip *ip, uint32_t dst, uint64_t now_us);

/* The path to dst may be dead (R1 reached, MUST-20): ask its next hop again. */
void wr_ip_suspect(struct wr_ip *ip, uint32_t dst, uint64_t now_us);

/* Announces every address of conf.addr and the first of every range by ARP (start-up). */
void wr_arp_announce(struct wr_ip *ip, uint64_t now_us);

/* ARP retries and ageing, reassembly time-outs. Cheap; call it on every tick. */
void wr_ip_tick(struct wr_ip *ip, uint64_t now_us);

/* When wr_ip_tick() next has work, in us; UINT64_MAX: never. */
uint64_t wr_ip_deadline(const struct wr_ip *ip);

#endif /* WR_IP_H */
