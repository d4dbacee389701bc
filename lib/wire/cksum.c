/* SPDX-License-Identifier: BSD-3-Clause */
#include "wr_cksum.h"

#include "wr_base.h"

uint16_t wr_cksum_chain(const struct rte_mbuf *m, uint32_t off, uint32_t bytes)
{
	uint64_t sum = 0;
	uint32_t done = 0;

	if (wr_likely(off + bytes <= m->data_len))
		return rte_raw_cksum(rte_pktmbuf_mtod_offset(m, const void *, off), bytes);
	for (; m != NULL && done < bytes; m = m->next) {
		uint32_t part;
		uint16_t word;

		if (off >= m->data_len) {
			off -= m->data_len;
			continue;
		}
		part = wr_min(m->data_len - off, bytes - done);
		word = rte_raw_cksum(rte_pktmbuf_mtod_offset(m, const void *, off), part);
		/* A piece that begins at an odd byte has its words the other way round. */
		sum += (done & 1) != 0 ? rte_bswap16(word) : word;
		done += part;
		off = 0;
	}
	return wr_cksum_fold(sum);
}
