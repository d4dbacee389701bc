/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "neighbour.h"
#include "wr_base.h"
#include "wr_ip_priv.h"

#define MULTICAST_FIRST 0xe0000000u /* 224.0.0.0 */
#define MULTICAST_LAST  0xefffffffu
#define LIMITED         0xffffffffu /* 255.255.255.255 */
#define LOOPBACK_NET    127
#define THIS_NET        0

#define HAS_BROADCAST_PREFIX 30 /* longer ones have none, RFC 3021 */

static uint32_t prefix_mask(uint8_t prefix)
{
	return prefix == 0 ? 0 : UINT32_MAX << (32 - prefix);
}

static void note_addr(struct wr_ip *ip, unsigned i, const struct wr_ip_addr *addr)
{
	uint32_t mask = prefix_mask(addr->prefix);
	bool has_broadcast = addr->prefix <= HAS_BROADCAST_PREFIX;

	ip->local[i] = addr->addr;
	ip->mask[i] = mask;
	ip->lowest[i] = has_broadcast ? addr->addr & mask : LIMITED;
	ip->highest[i] = has_broadcast ? addr->addr | ~mask : LIMITED;
}

/* The first ranges are the most likely; nearly all other addresses lie outside the hull. */
static void note_ranges(struct wr_ip *ip)
{
	ip->hull = (struct wr_ip_range) {UINT32_MAX, 0};
	for (unsigned i = 0; i < ip->conf.ranges; i++) {
		ip->hull.first = wr_min(ip->hull.first, ip->conf.range[i].first);
		ip->hull.last = wr_max(ip->hull.last, ip->conf.range[i].last);
	}
}

int wr_ip_init(struct wr_ip *ip, const struct wr_ip_conf *conf, struct wr_stats *stats,
               struct rte_mempool *pool, struct wr_prng *prng)
{
	unsigned i;

	memset(ip, 0, sizeof(*ip));
	ip->conf = *conf;
	ip->stats = stats;
	ip->pool = pool;
	ip->prng = prng;
	for (i = 0; i < WR_IP_ADDRS; i++)
		note_addr(ip, i, &conf->addr[i < conf->addrs ? i : 0]);
	note_ranges(ip);
	ip->id_key = (uint32_t)wr_prng_u64(prng);
	ip->next_id = (uint16_t)wr_prng_u64(prng);
	wr_limit_init(&ip->icmp_limit, prng);
	if (neighbours_init(ip) != 0 || wr_frag_init(ip) != 0 || wr_path_init(ip) != 0) {
		wr_ip_fini(ip);
		return -ENOMEM;
	}
	return 0;
}

void wr_ip_fini(struct wr_ip *ip)
{
	neighbours_fini(ip);
	wr_frag_fini(ip);
	wr_path_fini(ip);
	for (; ip->out.count > 0; ip->out.count--)
		rte_pktmbuf_free(ip->out.frame[ip->out.head++ & (WR_OUTQ_SLOTS - 1)]);
}

uint64_t wr_ip_bytes(const struct wr_ip_conf *conf)
{
	return sizeof(struct wr_ip) + neighbours_bytes(conf) + wr_frag_bytes(conf) +
	       wr_path_bytes(conf);
}

static bool is_in_a_range(const struct wr_ip *ip, uint32_t addr)
{
	if (wr_likely(addr < ip->hull.first || addr > ip->hull.last))
		return false;
	for (unsigned i = 0; i < ip->conf.ranges; i++)
		if (addr >= ip->conf.range[i].first && addr <= ip->conf.range[i].last)
			return true;
	return false;
}

bool wr_ip_is_local(const struct wr_ip *ip, uint32_t addr)
{
	uint32_t hits = 0;

	for (unsigned i = 0; i < WR_IP_ADDRS; i++)
		hits |= ip->local[i] == addr;
	return hits || is_in_a_range(ip, addr);
}

bool wr_ip_is_on_link(const struct wr_ip *ip, uint32_t addr)
{
	uint32_t hits = 0;

	for (unsigned i = 0; i < WR_IP_ADDRS; i++)
		hits |= ((ip->local[i] ^ addr) & ip->mask[i]) == 0;
	return hits;
}

/* RFC 1122 section 3.3.6: host part all ones, or all zeros as old hosts have it. */
static bool is_subnet_broadcast(const struct wr_ip *ip, uint32_t addr)
{
	uint32_t hits = 0;

	for (unsigned i = 0; i < WR_IP_ADDRS; i++)
		hits |= (ip->lowest[i] == addr) | (ip->highest[i] == addr);
	return hits;
}

bool wr_ip_is_broadcast(const struct wr_ip *ip, uint32_t addr)
{
	return addr == LIMITED || addr == 0 ||
	       (addr >= MULTICAST_FIRST && addr <= MULTICAST_LAST) ||
	       is_subnet_broadcast(ip, addr);
}

bool wr_ip_is_bad_source(const struct wr_ip *ip, uint32_t addr)
{
	uint32_t hits = 0;

	for (unsigned i = 0; i < WR_IP_ADDRS; i++)
		hits |= (ip->local[i] == addr) | (ip->lowest[i] == addr) |
		        (ip->highest[i] == addr);
	return hits || addr >= MULTICAST_FIRST || addr >> 24 == LOOPBACK_NET ||
	       addr >> 24 == THIS_NET || is_in_a_range(ip, addr);
}

uint32_t wr_ip_next_hop(const struct wr_ip *ip, uint32_t dst)
{
	return wr_likely(wr_ip_is_on_link(ip, dst)) ? dst : ip->conf.gateway;
}

uint32_t wr_ip_source_for(const struct wr_ip *ip, uint32_t dst)
{
	uint32_t hop = wr_ip_next_hop(ip, dst);
	unsigned i;

	if (hop == 0)
		return 0;
	for (i = 0; i < ip->conf.addrs; i++) {
		if (((ip->conf.addr[i].addr ^ hop) & ip->mask[i]) == 0)
			return ip->conf.addr[i].addr;
	}
	return 0;
}

bool wr_ip_is_reachable(const struct wr_ip *ip, uint32_t dst)
{
	return !wr_ip_is_bad_source(ip, dst) && wr_ip_source_for(ip, dst) != 0;
}

void wr_ip_tick(struct wr_ip *ip, uint64_t now_us)
{
	wr_arp_tick(ip, now_us);
	wr_frag_tick(ip, now_us);
	wr_path_tick(ip, now_us);
}

uint64_t wr_ip_deadline(const struct wr_ip *ip)
{
	uint64_t arp = wr_arp_deadline(ip);
	uint64_t frag = wr_frag_deadline(ip);

	return arp < frag ? arp : frag;
}
