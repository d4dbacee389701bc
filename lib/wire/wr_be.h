/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_BE_H
#define WR_BE_H

#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

/* Integers of a packet, which may stand at any address, in host order. */

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

#endif /* WR_BE_H */
