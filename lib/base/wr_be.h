/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_BE_H
#define WR_BE_H

#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

/* Integers of a packet or message: big-endian, at any address; here in host order. */

static inline uint16_t wr_be16_get(const void *p)
{
	rte_be16_t n;

	memcpy(&n, p, sizeof(n));
	return rte_be_to_cpu_16(n);
}

static inline uint32_t wr_be32_get(const void *p)
{
	rte_be32_t n;

	memcpy(&n, p, sizeof(n));
	return rte_be_to_cpu_32(n);
}

static inline void wr_be32_put(void *p, uint32_t n)
{
	rte_be32_t word = rte_cpu_to_be_32(n);

	memcpy(p, &word, sizeof(word));
}

#endif /* WR_BE_H */
