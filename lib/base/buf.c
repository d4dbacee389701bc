/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_errno.h>
#include <rte_ether.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include "wr_base.h"
#include "wr_buf.h"

#define CACHE_MOST 256 /* buffers that a core keeps for itself */
#define SLACK      48  /* net_af_packet receives whole slots, of which the kernel uses a part */

/* Bytes of frame and headroom in one buffer; drivers want 2048 bytes of frame at least. */
static uint32_t data_room(uint16_t mtu)
{
	uint32_t frame =
		(uint32_t)sizeof(struct rte_ether_hdr) + sizeof(struct rte_vlan_hdr) + mtu;

	return RTE_PKTMBUF_HEADROOM +
	       wr_max(2048, RTE_ALIGN_CEIL(frame + SLACK, WR_CACHE_LINE));
}

/* In a small pool the caches of a few cores must not hold what the others wait for. */
static unsigned cache_size(unsigned n)
{
	return wr_min(CACHE_MOST, n / 8);
}

struct rte_mempool *wr_buf_pool_new(const char *name, unsigned n, uint16_t mtu, int socket)
{
	uint32_t room = data_room(mtu);

	if (room > UINT16_MAX) {
		rte_errno = EINVAL;
		return NULL;
	}
	return rte_pktmbuf_pool_create(name, n, cache_size(n), WR_BUF_PRIV_BYTES,
	                               (uint16_t)room, socket);
}

uint64_t wr_buf_pool_bytes_paged(unsigned n, uint16_t mtu, uint32_t page_bytes)
{
	uint32_t element =
		(uint32_t)sizeof(struct rte_mbuf) + WR_BUF_PRIV_BYTES + data_room(mtu);
	uint32_t object = rte_mempool_calc_obj_size(element, 0, NULL);
	uint32_t per_page = page_bytes / object;
	uint64_t objects = per_page ? (uint64_t)((n + per_page - 1) / per_page) * page_bytes
	                            : (uint64_t)n * RTE_ALIGN_CEIL(object, page_bytes);
	uint64_t ring = (uint64_t)rte_ring_get_memsize(rte_align32pow2(n + 1));

	return objects + ring + RTE_MAX_LCORE * sizeof(struct rte_mempool_cache) +
	       sizeof(struct rte_mempool) + sizeof(struct rte_pktmbuf_pool_private);
}

uint64_t wr_buf_pool_bytes(unsigned n, uint16_t mtu)
{
	return wr_buf_pool_bytes_paged(n, mtu, 2 << 20);
}
