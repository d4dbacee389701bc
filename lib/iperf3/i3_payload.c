/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_memcpy.h>

#include "i3_payload.h"
#include "wr_base.h"
#include "wr_prng.h"

void i3_payload_init(struct i3_payload *payload, uint64_t seed)
{
	struct wr_prng prng;

	wr_prng_seed(&prng, seed);
	for (unsigned i = 0; i < I3_PAYLOAD_BYTES; i++) {
		payload->random[i] = (uint8_t)wr_prng_u64(&prng);
		payload->digits[i] = (uint8_t)('0' + i % 10);
	}
}

/* Fills m's room, `bytes` at most; returns how many. */
static uint32_t fill(struct rte_mbuf *m, const uint8_t *from, uint32_t bytes)
{
	uint32_t n = wr_min(wr_min(bytes, rte_pktmbuf_tailroom(m)), I3_PAYLOAD_BYTES);

	rte_memcpy(rte_pktmbuf_append(m, (uint16_t)n), from, n);
	return n;
}

struct rte_mbuf *i3_payload_make(const struct i3_payload *payload, struct rte_mempool *pool,
                                 bool digits, uint32_t bytes)
{
	const uint8_t *from = digits ? payload->digits : payload->random;
	struct rte_mbuf *head = rte_pktmbuf_alloc(pool);

	if (!head)
		return NULL;
	bytes -= fill(head, from, bytes);
	while (wr_unlikely(bytes)) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

		if (!m) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		bytes -= fill(m, from, bytes);
		rte_pktmbuf_chain(head, m);
	}
	return head;
}
