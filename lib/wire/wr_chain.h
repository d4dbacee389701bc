/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_CHAIN_H
#define WR_CHAIN_H

#include <stdint.h>

#include <rte_mbuf.h>

/* Packets in several buffers: what rte_mbuf.h lacks. All work on single buffers too. */

/* Copies `bytes` bytes from offset `off` of the packet, which has that many. */
void wr_chain_copy(void *to, const struct rte_mbuf *m, uint32_t off, uint32_t bytes);

/* Shortens the packet to its first `bytes` bytes; frees buffers that hold nothing then. */
void wr_chain_cut(struct rte_mbuf *m, uint32_t bytes);

#endif /* WR_CHAIN_H */
