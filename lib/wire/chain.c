/* SPDX-License-Identifier: BSD-3-Clause */
#include "wr_chain.h"

#include <string.h>

#include "wr_base.h"

void wr_chain_copy(void *to, const struct rte_mbuf *m, uint32_t off, uint32_t bytes)
{
	uint8_t *out = to;

	for (; m != NULL && bytes > 0; m = m->next) {
		uint32_t part;

		if (off >= m->data_len) {
			off -= m->data_len;
			continue;
		}
		part = wr_min(m->data_len - off, bytes);
		memcpy(out, rte_pktmbuf_mtod_offset(m, const void *, off), part);
		out += part;
		bytes -= part;
		off = 0;
	}
}

void wr_chain_cut(struct rte_mbuf *m, uint32_t bytes)
{
	struct rte_mbuf *last = m;
	uint32_t before = 0; /* bytes in the buffers before `last` */
	uint16_t kept = 1;

	if (bytes >= m->pkt_len)
		return;
	while (before + last->data_len < bytes) {
		before += last->data_len;
		last = last->next;
		kept++;
	}
	last->data_len = (uint16_t)(bytes - before);
	m->pkt_len = bytes;
	if (last->next != NULL) {
		rte_pktmbuf_free(last->next);
		last->next = NULL;
		m->nb_segs = kept;
	}
}
