/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_ethdev.h>

#include "wr_base.h"
#include "wr_port.h"

/* Copies a frame into one fresh buffer, as the DMA of a NIC would. NULL: no memory. */
static struct rte_mbuf *copy_frame(const struct rte_mbuf *from, struct rte_mempool *pool)
{
	uint32_t len = rte_pktmbuf_pkt_len(from);
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	char *to;

	if (!m)
		return NULL;
	if (len > rte_pktmbuf_tailroom(m)) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	to = rte_pktmbuf_append(m, (uint16_t)len);
	for (; from; from = from->next) {
		memcpy(to, rte_pktmbuf_mtod(from, const char *), from->data_len);
		to += from->data_len;
	}
	return m;
}

/* May this core keep the buffer and write to it? */
static bool is_exclusive(const struct rte_mbuf *m)
{
	return rte_mbuf_refcnt_read(m) == 1 && RTE_MBUF_DIRECT(m) && m->nb_segs == 1;
}

/* Replaces buffers that others hold by copies; forgets what the sender wrote for a NIC. */
static uint16_t make_exclusive(const struct wr_port *port, struct rte_mbuf **frames, uint16_t n,
                               struct rte_mempool *pool, uint64_t *no_mbuf)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = frames[i];

		if (!is_exclusive(m)) {
			struct rte_mbuf *copy = copy_frame(m, pool);

			rte_pktmbuf_free(m);
			m = copy;
		}
		if (!m) {
			++*no_mbuf;
			continue;
		}
		m->ol_flags = 0;
		m->packet_type = 0;
		m->tx_offload = 0;
		m->port = port->id;
		frames[kept++] = m;
	}
	return kept;
}

uint16_t wr_port_rx(const struct wr_port *port, uint16_t q, struct rte_mbuf **frames,
                    uint16_t n, struct rte_mempool *pool, uint64_t *no_mbuf)
{
	uint16_t got;

	if (wr_unlikely(q >= port->queues))
		return 0;
	got = rte_eth_rx_burst(port->id, q, frames, n);
	if (wr_unlikely(port->profile.rx_shared) && got)
		got = make_exclusive(port, frames, got, pool, no_mbuf);
	return got;
}

/*
 * The driver looks at pkt_len alone to refuse a frame, and at the pieces to send it: long
 * frames show a shorter length while it looks. A reference keeps them until the length is
 * put right again.
 */
static uint16_t send_one_long(const struct wr_port *port, uint16_t q, struct rte_mbuf *m)
{
	uint32_t len = m->pkt_len;
	uint16_t sent;

	rte_mbuf_refcnt_update(m, 1);
	m->pkt_len = port->tx_longest;
	sent = rte_eth_tx_burst(port->id, q, &m, 1);
	m->pkt_len = len;
	if (sent)
		rte_pktmbuf_free(m);
	else
		rte_mbuf_refcnt_update(m, -1);
	return sent;
}

static uint16_t send_long(const struct wr_port *port, uint16_t q, struct rte_mbuf **frames,
                          uint16_t n)
{
	uint16_t sent = 0;

	while (sent < n) {
		uint16_t run = 0, taken;

		while (sent + run < n && frames[sent + run]->pkt_len <= port->tx_longest)
			run++;
		taken = run ? rte_eth_tx_burst(port->id, q, frames + sent, run)
		            : send_one_long(port, q, frames[sent]);
		sent = (uint16_t)(sent + taken);
		if (taken < wr_max(run, 1))
			break;
	}
	return sent;
}

static uint16_t send_burst(const struct wr_port *port, uint16_t q, struct rte_mbuf **frames,
                           uint16_t n)
{
	if (wr_unlikely(port->tx_longest))
		return send_long(port, q, frames, n);
	return rte_eth_tx_burst(port->id, q, frames, n);
}

static uint16_t prepare_and_send(const struct wr_port *port, uint16_t q,
                                 struct rte_mbuf **frames, uint16_t n, uint64_t *refused)
{
	uint16_t done = 0;

	if (!port->tx_ip_cksum && !port->tx_tcp_cksum && !port->tx_udp_cksum)
		return send_burst(port, q, frames, n);
	while (done < n) {
		uint16_t left = (uint16_t)(n - done), ready, sent;

		ready = rte_eth_tx_prepare(port->id, q, frames + done, left);
		sent = send_burst(port, q, frames + done, ready);
		done = (uint16_t)(done + sent);
		if (sent < ready || ready == left)
			break;
		rte_pktmbuf_free(frames[done++]);
		++*refused;
	}
	return done;
}

uint16_t wr_port_tx(const struct wr_port *port, uint16_t q, struct rte_mbuf **frames,
                    uint16_t n, uint64_t *refused)
{
	uint16_t sent;

	if (wr_likely(!port->tx_lock))
		return prepare_and_send(port, q, frames, n, refused);
	q = (uint16_t)(q % port->queues);
	rte_spinlock_lock(&port->tx_lock[q]);
	sent = prepare_and_send(port, q, frames, n, refused);
	rte_spinlock_unlock(&port->tx_lock[q]);
	return sent;
}

void wr_port_counters(const struct wr_port *port, struct wr_port_counters *out)
{
	struct rte_eth_stats stats = {0};

	rte_eth_stats_get(port->id, &stats);
	*out = (struct wr_port_counters) {
		.ipackets = stats.ipackets,
		.opackets = stats.opackets,
		.ibytes = stats.ibytes,
		.obytes = stats.obytes,
		.imissed = stats.imissed,
		.ierrors = stats.ierrors,
		.oerrors = stats.oerrors,
		.rx_nombuf = stats.rx_nombuf,
	};
}

static bool counts_none(const struct wr_port *port, uint16_t q)
{
	struct rte_eth_stats stats = {0};

	return rte_eth_stats_get(port->id, &stats) == 0 && stats.q_ipackets[q] == 0;
}

/* Without a peer nothing is counted either: it must have been there all the while. */
bool wr_port_lacks_ring(const struct wr_port *port, uint16_t q, uint64_t frames)
{
	return port->profile.peer_rings && frames && q < RTE_ETHDEV_QUEUE_STAT_CNTRS &&
	       counts_none(port, q) && wr_port_link_is_up(port) && counts_none(port, q);
}
