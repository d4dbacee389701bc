/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "port_rss.h"
#include "wr_base.h"
#include "wr_owner.h"

/*
 * Fragments and protocols without ports are hashed over the addresses, which is what
 * wr_owner_of() does with ports of zero.
 */
#define RSS_TYPES                                                                              \
	(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP |             \
	 RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV4_OTHER)

/* Without these two, hash and ownership cannot agree. */
#define RSS_TYPES_NEEDED (RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP)

#define MAX_RETA 2048 /* entries; the largest table that net_ice offers */

static_assert(RTE_ETH_RETA_GROUP_SIZE == 64, "reta_conf[i / 64].reta[i % 64]");

/* Bytes of key that the driver takes: ours, repeated where it is longer. */
static uint8_t key_bytes(const struct rte_eth_dev_info *info)
{
	return info->hash_key_size ? info->hash_key_size : WR_RSS_KEY_BYTES;
}

static bool is_offered(const struct wr_port *port, const struct rte_eth_dev_info *info)
{
	return port->profile.rss && port->queues > 1 && info->reta_size > 0 &&
	       info->reta_size <= MAX_RETA && key_bytes(info) <= WR_RSS_KEY_MAX &&
	       (info->flow_type_rss_offloads & RSS_TYPES_NEEDED) == RSS_TYPES_NEEDED;
}

void wr_rss_request(const struct wr_port *port, const struct rte_eth_dev_info *info,
                    struct rte_eth_conf *conf, uint8_t key[WR_RSS_KEY_MAX])
{
	if (!is_offered(port, info))
		return;
	for (unsigned i = 0; i < WR_RSS_KEY_MAX; i++)
		key[i] = wr_rss_key[i % WR_RSS_KEY_BYTES];
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf->rxmode.offloads |= RTE_ETH_RX_OFFLOAD_RSS_HASH & info->rx_offload_capa;
	conf->rx_adv_conf.rss_conf = (struct rte_eth_rss_conf) {
		.rss_key = key,
		.rss_key_len = key_bytes(info),
		.rss_hf = RSS_TYPES & info->flow_type_rss_offloads,
	};
}

/* Entry i leads to the queue of the core that owns hashes with these low bits. */
static uint16_t queue_of_entry(const struct wr_port *port, unsigned i)
{
	return (uint16_t)(i % WR_RETA_SIZE % port->queues);
}

static bool write_table(const struct wr_port *port, uint16_t size)
{
	struct rte_eth_rss_reta_entry64 table[MAX_RETA / 64] = {0};

	for (unsigned i = 0; i < size; i++) {
		table[i / 64].mask |= 1ull << (i % 64);
		table[i / 64].reta[i % 64] = queue_of_entry(port, i);
	}
	return rte_eth_dev_rss_reta_update(port->id, table, size) == 0;
}

static bool table_reads_back(const struct wr_port *port, uint16_t size)
{
	struct rte_eth_rss_reta_entry64 table[MAX_RETA / 64] = {0};

	for (unsigned i = 0; i < size; i++)
		table[i / 64].mask |= 1ull << (i % 64);
	if (rte_eth_dev_rss_reta_query(port->id, table, size) != 0)
		return false;
	for (unsigned i = 0; i < size; i++)
		if (table[i / 64].reta[i % 64] != queue_of_entry(port, i))
			return false;
	return true;
}

static bool key_reads_back(const struct wr_port *port, const struct rte_eth_dev_info *info)
{
	uint8_t key[WR_RSS_KEY_MAX] = {0};
	struct rte_eth_rss_conf conf = {.rss_key = key, .rss_key_len = key_bytes(info)};

	return rte_eth_dev_rss_hash_conf_get(port->id, &conf) == 0 &&
	       (conf.rss_hf & RSS_TYPES_NEEDED) == RSS_TYPES_NEEDED &&
	       memcmp(key, wr_rss_key, WR_RSS_KEY_BYTES) == 0;
}

__attribute__((format(printf, 2, 3))) static void say(struct wr_port *port, const char *fmt,
                                                      ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(port->rss, sizeof(port->rss), fmt, ap);
	va_end(ap);
}

void wr_rss_probe(struct wr_port *port, const struct rte_eth_dev_info *info)
{
	uint16_t size = info->reta_size;

	if (port->queues == 1)
		return say(port, "one queue: not needed");
	if (!port->profile.rss)
		return say(port, "not used with this driver: software steering");
	if (!is_offered(port, info))
		return say(port, "none offered: software steering");
	if (!write_table(port, size))
		return say(port, "table of %u refused: software steering", size);
	if (!table_reads_back(port, size))
		return say(port, "table of %u reads back otherwise: software steering", size);
	if (!key_reads_back(port, info))
		return say(port, "our key is not in force: software steering");
	port->hash_is_ours = true;
	say(port, "ours, %u queues, table of %u checked%s", port->queues, size,
	    size % WR_RETA_SIZE ? ", some frames change cores" : "");
}
