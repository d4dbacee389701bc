/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef I3_PAYLOAD_H
#define I3_PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

/* What streams carry: random bytes, which nobody can compress, or digits. */
#define I3_PAYLOAD_BYTES 16384 /* more than any buffer holds */

struct i3_payload {
	uint8_t random[I3_PAYLOAD_BYTES];
	uint8_t digits[I3_PAYLOAD_BYTES];
};

void i3_payload_init(struct i3_payload *payload, uint64_t seed);

/*
 * A buffer, or a chain if one is too small, of that many bytes; NULL: the pool is empty. To be
 * freed or sent.
 */
struct rte_mbuf *i3_payload_make(const struct i3_payload *payload, struct rte_mempool *pool,
                                 bool digits, uint32_t bytes);

#endif /* I3_PAYLOAD_H */
