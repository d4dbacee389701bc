/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_BUF_H
#define WR_BUF_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "wr_base.h"

/*
 * Packets are DPDK's struct rte_mbuf; the engine's own notes on one stand in its private
 * area, one cache line behind the struct. One frame lies in one buffer: pools are made
 * with room for the MTU, and the rare chain is joined on the way in.
 */
struct wr_buf {
	struct rte_mbuf *next; /* list link: send, receive, out-of-order or ARP queue */
	uint32_t seq;          /* SEG.SEQ of the first byte of text */
	uint32_t len;          /* bytes of text */
	uint32_t sent_us;      /* engine clock when last sent, low 32 bits */
	uint16_t text_off;     /* data_off while data points to the text */
	uint8_t flags;         /* WR_BUF_* */
	uint8_t rexmits;       /* times sent again, stops at 255 */
	/* Neighbours in the list of lost buffers, or of those sent again. Of a SACKed buffer
	 * `later` is one up to which all are SACKed, or NULL. Of the first in a queue that was
	 * never sent, `earlier` is the one before it, as long as that is there. */
	struct rte_mbuf *earlier, *later;
	union {
		/* For rate samples, tcp_rate.c: how things stood when it was last sent. */
		struct {
			uint32_t delivered, lost; /* bytes, low 32 bits */
			uint32_t delivered_us;    /* when `delivered` last grew */
			uint32_t first_sent_us;   /* when what was delivered last was sent */
			uint32_t tx_in_flight;    /* bytes, itself included */
			/* When it was found to be first in a queue, ms; 0: it was not yet.
			 * tcp_evict.c */
			uint16_t first_ms;
		};
		/* The run of text out of order that begins with it, tcp_run.c. The buffers
		 * behind it have the one before them in `earlier`; this one has the runs below
		 * and above it in the tree in `earlier` and `later`. */
		struct {
			struct rte_mbuf *last;
			uint32_t end;  /* sequence number behind its last byte */
			uint32_t rank; /* place in the tree */
		} run;
	};
};

enum {
	WR_BUF_SACKED = 1 << 0,      /* the peer has it, RFC 2018 */
	WR_BUF_LOST = 1 << 1,        /* RFC 8985 or 6675 say so, or an RTO */
	WR_BUF_REXMIT = 1 << 2,      /* sent again since it was marked lost */
	WR_BUF_PUSH = 1 << 3,        /* was sent with PSH */
	WR_BUF_FIN = 1 << 4,         /* receive side: a FIN follows this text */
	WR_BUF_APP_LIMITED = 1 << 5, /* sent when there was not enough to send */
	WR_BUF_LOSS_TOLD = 1 << 6,   /* congestion control knows that it is lost */
	WR_BUF_MORE = 1 << 7,        /* the service said that more follows: no PSH */
};

#define WR_BUF_PRIV_BYTES 64 /* private area of every pool */
static_assert(sizeof(struct wr_buf) <= WR_BUF_PRIV_BYTES, "fits the private area");
static_assert(offsetof(struct wr_buf, run) + 16 <= offsetof(struct wr_buf, first_ms),
              "buffers of runs have it too");

static inline struct wr_buf *wr_buf(struct rte_mbuf *m)
{
	return (struct wr_buf *)(m + 1);
}

#define WR_BUF_AHEAD 8 /* allocations */

/*
 * A buffer to be filled, as rte_pktmbuf_alloc() gives it; NULL: there is none. Asks for the
 * memory of the buffer that will be next in a while: it may be in the cache of another core,
 * which copied from it or into it (memif, vhost). For pools of wr_buf_pool_new().
 */
static inline struct rte_mbuf *wr_buf_alloc(struct rte_mempool *pool)
{
	const struct rte_mempool_cache *cache = rte_mempool_default_cache(pool, rte_lcore_id());

	if (wr_likely(cache && cache->len > WR_BUF_AHEAD)) {
		const uint8_t *m = (const uint8_t *)cache->objs[cache->len - 1 - WR_BUF_AHEAD];
		const uint8_t *text =
			m + sizeof(struct rte_mbuf) + WR_BUF_PRIV_BYTES + RTE_PKTMBUF_HEADROOM;

		__builtin_prefetch(text - WR_CACHE_LINE, 1);
		__builtin_prefetch(text, 1);
	}
	return rte_pktmbuf_alloc(pool);
}

/*
 * Makes a pool of n buffers that hold frames of `mtu` bytes of IP packet, on NUMA node
 * `socket` (-1: any). Returns NULL and rte_errno: ENOMEM if there is no memory, EINVAL if the
 * MTU is more than a buffer can hold (about 65,000), EEXIST if the name is taken.
 */
struct rte_mempool *wr_buf_pool_new(const char *name, unsigned n, uint16_t mtu, int socket);

/*
 * Bytes that such a pool takes at most, for sizing. DPDK lets no buffer cross a page: with
 * hugepages (2 MiB) little is lost, without them a buffer for MTU 1500 takes a whole page of
 * 4096 bytes.
 */
uint64_t wr_buf_pool_bytes_paged(unsigned n, uint16_t mtu, uint32_t page_bytes);

/* The same with hugepages. */
uint64_t wr_buf_pool_bytes(unsigned n, uint16_t mtu);

#endif /* WR_BUF_H */
