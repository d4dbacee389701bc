/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_PORT_H
#define WR_PORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_spinlock.h>

#include "wr_err.h"

/*
 * Ethernet ports: the only library that calls rte_eth_*. A port is opened with one Rx and
 * one Tx queue for each worker; worker i uses queue i and nothing else. Of a device with fewer
 * queues the workers beyond share the Tx queues, and receive nothing themselves.
 */

/* drivers-config/NAME.ini: what is known of one PMD or NIC family. Later keys override. */
struct wr_profile {
	char name[32];    /* file name without .ini: "tap" */
	unsigned rx_desc; /* descriptors a queue; 0: the driver's preference */
	unsigned tx_desc;
	unsigned max_queues; /* 0: no limit but the driver's */
	bool rx_cksum;       /* use Rx checksum offload where offered */
	bool tx_cksum;       /* use Tx checksum offload where offered */
	bool multi_segs;     /* Tx of chained mbufs works */
	bool rss;            /* program our key and table where offered */
	bool rx_shared;      /* Rx hands out buffers that the sender may still hold (net_ring):
	                      * they are copied, as a NIC's DMA would */
	bool peer_rings; /* the peer makes the rings: of a queue without one the driver counts
	                  * nothing (net_memif) */
	bool kernel_mac; /* the kernel's end of the device wears the driver's MAC: the port
	                  * takes another (net_tap) */
	bool kernel_mtu; /* an MTU that the driver refuses is set on the kernel's interface,
	                  * which can carry it (net_tap of DPDK 22.11) */
	bool any_mtu;    /* the driver names a limit of the MTU that its device does not have */
	bool host_iface; /* the device is an interface of the kernel's that was there before
	                  * and stays: its MTU is its owner's to set */
	char notes[256]; /* known limits, one sentence, printed with --verbose */
};

struct wr_port_conf {
	const char *spec;   /* as the user wrote it, for messages */
	const char *device; /* name in EAL: struct wr_eal.device */
	/* --driver-config FILE; NULL: the built-in one of the driver */
	const char *profile_file;
	unsigned queues;      /* one for each worker */
	unsigned most_queues; /* use no more: struct wr_eal.queues; 0: no limit */
	uint16_t mtu;         /* bytes of IP packet */
};

struct wr_port {
	uint16_t id;               /* DPDK port id */
	uint16_t queues;           /* Rx and Tx queues, each; no more than workers */
	uint16_t mtu;              /* bytes of IP packet */
	char spec[64], driver[32]; /* "tap:wr0", "net_tap" */
	struct rte_ether_addr mac;
	struct wr_profile profile;
	uint64_t rx_offloads, tx_offloads; /* RTE_ETH_*_OFFLOAD_* in force */
	/* What the engine may leave to the port: */
	bool rx_ip_cksum, rx_l4_cksum; /* RTE_MBUF_F_RX_*_CKSUM_GOOD/BAD are meaningful */
	bool tx_ip_cksum, tx_tcp_cksum, tx_udp_cksum;
	bool multi_segs;
	bool hash_is_ours; /* mbuf->hash.rss is Toeplitz with wr_rss_key: probed */
	char rss[96];      /* what the RSS probe found, in words */
	uint16_t rx_desc, tx_desc;
	uint16_t tx_longest;     /* the driver refuses longer frames that its device
	                          * can carry: its check is avoided; 0: it does not */
	int socket;              /* NUMA node; -1 if unknown */
	bool link_up;            /* when it was opened */
	uint32_t link_mbps;      /* 0: unknown */
	rte_spinlock_t *tx_lock; /* of each Tx queue; NULL: no queue is shared */
	int host_fd;             /* has the kernel take frames to our MAC; -1: none */
};

/*
 * Opens, configures and starts a port. pool[i] feeds queue i. The MTU is set, promiscuous
 * mode stays off, broadcast is received. Returns 0, or a negative errno and *err.
 */
int wr_port_open(struct wr_port *port, const struct wr_port_conf *conf,
                 struct rte_mempool *const pool[], struct wr_err *err);
void wr_port_close(struct wr_port *port);

/* Is there a peer now? Of memif, vhost and virtio-user it may come and go. Any thread. */
bool wr_port_link_is_up(const struct wr_port *port);

/*
 * Up to n frames of queue q, of which a shared port may have none. With profile.rx_shared,
 * buffers that others hold are copied from pool (no memory: dropped and counted in *no_mbuf).
 */
uint16_t wr_port_rx(const struct wr_port *port, uint16_t q, struct rte_mbuf **frames,
                    uint16_t n, struct rte_mempool *pool, uint64_t *no_mbuf);

/*
 * Hands over up to n frames of worker q; returns how many were taken, the rest stay the
 * caller's. Frames that ask for offloads pass rte_eth_tx_prepare() first; those that it refuses
 * are dropped and counted in *refused (they count as taken).
 */
uint16_t wr_port_tx(const struct wr_port *port, uint16_t q, struct rte_mbuf **frames,
                    uint16_t n, uint64_t *refused);

/* Counters of the NIC: rte_eth_stats, of which imissed, ierrors, oerrors, rx_nombuf matter. */
struct wr_port_counters {
	uint64_t ipackets, opackets, ibytes, obytes, imissed, ierrors, oerrors, rx_nombuf;
};
void wr_port_counters(const struct wr_port *port, struct wr_port_counters *out);

/*
 * Whether the peer that is there has made no ring for queue q, by which `frames` came all the
 * same: with profile.peer_rings they are those of another queue, lost there or come twice.
 */
bool wr_port_lacks_ring(const struct wr_port *port, uint16_t q, uint64_t frames);

/* The readable block that says what was found and chosen. */
void wr_port_print(FILE *out, const struct wr_port *port);

#endif /* WR_PORT_H */
