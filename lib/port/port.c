/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_log.h>

#include "capture.h"
#include "port_host.h"
#include "port_rss.h"
#include "profile.h"
#include "wr_base.h"
#include "wr_port.h"

#define MTU_MIN 576  /* RFC 791: what every host accepts */
#define MTU_MAX 9000 /* one buffer holds a frame */

#define DEFAULT_DESCRIPTORS 1024

#define RX_CKSUM_OFFLOADS                                                                      \
	(RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM |                        \
	 RTE_ETH_RX_OFFLOAD_TCP_CKSUM)
#define TX_CKSUM_OFFLOADS                                                                      \
	(RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM |                        \
	 RTE_ETH_TX_OFFLOAD_TCP_CKSUM)

static int refuse(const struct wr_port *port, int rc, const char *what, struct wr_err *err)
{
	return wr_err_set(
		err, WR_EXIT_ENVIRONMENT, rc,
		"--port %s: the driver %s refuses %s (%s); ask less of it with --driver-config",
		port->spec, port->driver, what, strerror(-rc));
}

static int find(struct wr_port *port, const struct wr_port_conf *conf,
                struct rte_eth_dev_info *info, struct wr_err *err)
{
	int rc = rte_eth_dev_get_port_by_name(conf->device, &port->id);

	if (rc == 0)
		rc = rte_eth_dev_info_get(port->id, info);
	if (rc != 0)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, rc,
		                  "--port %s: DPDK has no device %s (%s)", conf->spec,
		                  conf->device, strerror(-rc));
	snprintf(port->spec, sizeof(port->spec), "%s", conf->spec);
	snprintf(port->driver, sizeof(port->driver), "%s", info->driver_name);
	port->socket = rte_eth_dev_socket_id(port->id);
	return wr_profile_load(&port->profile, port->driver, conf->profile_file, err);
}

/*
 * A worker wants a queue of its own. Where there are fewer, those beyond send on the queues of
 * others, and receive what these hand over.
 */
static int choose_queues(struct wr_port *port, const struct wr_port_conf *conf,
                         const struct rte_eth_dev_info *info, struct wr_err *err)
{
	unsigned most = wr_min(info->max_rx_queues, info->max_tx_queues);

	if (port->profile.max_queues)
		most = wr_min(most, port->profile.max_queues);
	if (conf->most_queues)
		most = wr_min(most, conf->most_queues);
	port->queues = (uint16_t)wr_min(conf->queues, wr_max(most, 1));
	if (port->queues == conf->queues)
		return 0;
	port->tx_lock = calloc(port->queues, sizeof(*port->tx_lock));
	return port->tx_lock ? 0 : refuse(port, -ENOMEM, "to share its queues", err);
}

/* The largest MTU that the driver admits, computed as ethdev does. */
static uint32_t largest_mtu(const struct rte_eth_dev_info *info)
{
	uint32_t overhead = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;

	if (info->max_mtu != UINT16_MAX && info->max_rx_pktlen > info->max_mtu)
		overhead = info->max_rx_pktlen - info->max_mtu;
	return wr_min(info->max_mtu, info->max_rx_pktlen - overhead);
}

/* The interface is not ours: we do not change what its owner set. */
static int check_host_mtu(const struct wr_port *port, const struct rte_eth_dev_info *info,
                          struct wr_err *err)
{
	char name[IF_NAMESIZE];
	uint32_t mtu;

	if (!port->profile.host_iface || wr_host_mtu(info->if_index, &mtu, name) != 0 ||
	    mtu >= port->mtu)
		return 0;
	return wr_err_set(err, WR_EXIT_ENVIRONMENT, -ERANGE,
	                  "--mtu %u: the interface of port %s carries %u bytes; use --mtu %u, "
	                  "or 'ip link set %s mtu %u'",
	                  port->mtu, port->spec, mtu, mtu, name, port->mtu);
}

static int check_mtu(struct wr_port *port, const struct wr_port_conf *conf,
                     const struct rte_eth_dev_info *info, struct wr_err *err)
{
	uint32_t most = largest_mtu(info);

	port->mtu = conf->mtu;
	if (conf->mtu < MTU_MIN || conf->mtu > MTU_MAX)
		return wr_err_set(err, WR_EXIT_USAGE, -ERANGE,
		                  "--mtu %u: not between %d and %d bytes", conf->mtu, MTU_MIN,
		                  MTU_MAX);
	if (conf->mtu <= most || port->profile.any_mtu)
		return check_host_mtu(port, info, err);
	if (!port->profile.kernel_mtu || info->if_index == 0)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -ERANGE,
		                  "--mtu %u: port %s (driver %s) carries at most %u bytes; use "
		                  "--mtu %u",
		                  conf->mtu, port->spec, port->driver, most, most);
	port->tx_longest = (uint16_t)(most + RTE_ETHER_HDR_LEN);
	return 0;
}

/* MBUF_FAST_FREE is never asked for: a retransmission is a second reference. */
static void negotiate(struct wr_port *port, const struct rte_eth_dev_info *info)
{
	const struct wr_profile *profile = &port->profile;
	uint64_t rx = profile->rx_cksum ? RX_CKSUM_OFFLOADS : 0;
	uint64_t tx = profile->tx_cksum ? TX_CKSUM_OFFLOADS : 0;
	uint64_t l4 = RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;

	if (profile->multi_segs)
		tx |= RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	rx &= info->rx_offload_capa;
	tx &= info->tx_offload_capa;
	port->rx_offloads = rx;
	port->tx_offloads = tx;
	port->rx_ip_cksum = rx & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;
	port->rx_l4_cksum = (rx & l4) == l4;
	port->tx_ip_cksum = tx & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;
	port->tx_tcp_cksum = tx & RTE_ETH_TX_OFFLOAD_TCP_CKSUM;
	port->tx_udp_cksum = tx & RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
	port->multi_segs = tx & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
}

static int configure(struct wr_port *port, const struct rte_eth_dev_info *info,
                     struct wr_err *err)
{
	uint8_t key[WR_RSS_KEY_MAX];
	struct rte_eth_conf plain = {
		.rxmode = {.mtu = wr_min(port->mtu, largest_mtu(info)),
	                   .offloads = port->rx_offloads},
		.txmode = {.offloads = port->tx_offloads},
	};
	struct rte_eth_conf conf = plain;
	int rc;

	wr_rss_request(port, info, &conf, key);
	rc = rte_eth_dev_configure(port->id, port->queues, port->queues, &conf);
	if (rc != 0 && conf.rxmode.mq_mode != plain.rxmode.mq_mode) {
		conf = plain;
		rc = rte_eth_dev_configure(port->id, port->queues, port->queues, &conf);
	}
	if (rc != 0)
		return refuse(port, rc, "this number of queues or the offloads", err);
	port->rx_offloads = conf.rxmode.offloads;
	return 0;
}

static int set_up_queues(struct wr_port *port, const struct rte_eth_dev_info *info,
                         struct rte_mempool *const pool[], struct wr_err *err)
{
	struct rte_eth_rxconf rx = info->default_rxconf;
	struct rte_eth_txconf tx = info->default_txconf;
	int rc;

	rx.offloads = port->rx_offloads;
	tx.offloads = port->tx_offloads;
	port->rx_desc = (uint16_t)port->profile.rx_desc;
	port->tx_desc = (uint16_t)port->profile.tx_desc;
	if (port->rx_desc == 0)
		port->rx_desc = info->default_rxportconf.ring_size;
	if (port->tx_desc == 0)
		port->tx_desc = info->default_txportconf.ring_size;
	if (port->rx_desc == 0)
		port->rx_desc = DEFAULT_DESCRIPTORS;
	if (port->tx_desc == 0)
		port->tx_desc = DEFAULT_DESCRIPTORS;
	rc = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &port->rx_desc, &port->tx_desc);
	if (rc != 0)
		return refuse(port, rc, "the number of descriptors", err);
	for (uint16_t q = 0; q < port->queues && rc == 0; q++) {
		unsigned node =
			port->socket < 0 ? (unsigned)SOCKET_ID_ANY : (unsigned)port->socket;

		rc = rte_eth_rx_queue_setup(port->id, q, port->rx_desc, node, &rx, pool[q]);
		if (rc == 0)
			rc = rte_eth_tx_queue_setup(port->id, q, port->tx_desc, node, &tx);
	}
	return rc ? refuse(port, rc, "a queue", err) : 0;
}

static int set_mtu(const struct wr_port *port, const struct rte_eth_dev_info *info,
                   struct wr_err *err)
{
	int rc;

	if (port->profile.host_iface)
		return 0;
	rc = port->tx_longest ? wr_host_set_mtu(info->if_index, port->mtu)
	                      : rte_eth_dev_set_mtu(port->id, port->mtu);
	return rc == 0 || rc == -ENOTSUP ? 0 : refuse(port, rc, "the MTU", err);
}

/*
 * The kernel and we cannot both wear the driver's address: a bridge would keep our frames, and
 * a router would forward those that it takes for its own.
 */
static int read_mac(struct wr_port *port, const struct rte_eth_dev_info *info,
                    struct wr_err *err)
{
	int rc = rte_eth_macaddr_get(port->id, &port->mac);

	if (rc != 0)
		return refuse(port, rc, "to tell its MAC address", err);
	if (rte_is_zero_ether_addr(&port->mac)) /* net_ring has none: any will do */
		rte_eth_random_addr(port->mac.addr_bytes);
	if (port->profile.kernel_mac)
		port->mac.addr_bytes[RTE_ETHER_ADDR_LEN - 1] ^= 1;
	if (!port->profile.kernel_mac || !port->profile.host_iface)
		return 0;
	port->host_fd = wr_host_take_mac(info->if_index, &port->mac);
	return port->host_fd < 0 ? refuse(port, port->host_fd, "a second MAC address", err) : 0;
}

/* A NIC needs some seconds until its link is up: waits for that, at most 9 s. */
static void read_link(struct wr_port *port)
{
	struct rte_eth_link link = {0};

	if (rte_eth_link_get_nowait(port->id, &link) == 0 && link.link_status == 0)
		rte_eth_link_get(port->id, &link);
	port->link_up = link.link_status;
	port->link_mbps = link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed;
}

static int start(struct wr_port *port, const struct rte_eth_dev_info *info, struct wr_err *err)
{
	int rc = set_mtu(port, info, err);

	if (rc == 0)
		rc = read_mac(port, info, err);
	if (rc != 0)
		return rc;
	rc = rte_eth_dev_start(port->id);
	if (rc != 0)
		return refuse(port, rc, "to start", err);
	rte_eth_promiscuous_disable(port->id); /* off already where it cannot be set */
	wr_rss_probe(port, info);
	read_link(port);
	return 0;
}

static int open_port(struct wr_port *port, const struct rte_eth_dev_info *info,
                     struct rte_mempool *const pool[], struct wr_err *err)
{
	int rc;

	negotiate(port, info);
	rc = configure(port, info, err);
	if (rc == 0)
		rc = set_up_queues(port, info, pool, err);
	return rc ? rc : start(port, info, err);
}

/* What the driver said becomes part of our sentence, or is worth a look at higher levels. */
static void use_capture(char *said, int rc, struct wr_err *err)
{
	size_t used = strlen(err->text);
	char reason[160];

	wr_capture_reason(said, reason, sizeof(reason));
	if (rc != 0 && reason[0])
		snprintf(err->text + used, sizeof(err->text) - used, "; DPDK says: %s", reason);
	else if (said && rte_log_get_level(RTE_LOGTYPE_EAL) > (int)RTE_LOG_WARNING)
		fputs(said, stderr);
	free(said);
}

bool wr_port_link_is_up(const struct wr_port *port)
{
	struct rte_eth_link link = {0};

	return rte_eth_link_get_nowait(port->id, &link) == 0 && link.link_status;
}

int wr_port_open(struct wr_port *port, const struct wr_port_conf *conf,
                 struct rte_mempool *const pool[], struct wr_err *err)
{
	struct rte_eth_dev_info info;
	struct wr_capture capture;
	int rc;

	memset(port, 0, sizeof(*port));
	port->host_fd = -1;
	rc = find(port, conf, &info, err);
	if (rc == 0)
		rc = choose_queues(port, conf, &info, err);
	if (rc == 0)
		rc = check_mtu(port, conf, &info, err);
	if (rc != 0)
		return rc;
	wr_capture_begin(&capture);
	rc = open_port(port, &info, pool, err);
	use_capture(wr_capture_end(&capture), rc, err);
	return rc;
}

void wr_port_close(struct wr_port *port)
{
	rte_eth_dev_stop(port->id);
	rte_eth_dev_close(port->id);
	if (port->host_fd >= 0)
		close(port->host_fd);
	free(port->tx_lock);
}
