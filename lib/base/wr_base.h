/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_BASE_H
#define WR_BASE_H

#include <stddef.h>
#include <stdint.h>

#define WR_US(n) ((uint64_t)(n)*1000)       /* microseconds, in nanoseconds */
#define WR_MS(n) ((uint64_t)(n)*1000000)    /* milliseconds, in nanoseconds */
#define WR_S(n)  ((uint64_t)(n)*1000000000) /* seconds, in nanoseconds */

#define WR_CACHE_LINE 64 /* bytes */

#define WR_LEN(array) (sizeof(array) / sizeof((array)[0]))

#define wr_likely(x)   __builtin_expect(!!(x), 1)
#define wr_unlikely(x) __builtin_expect(!!(x), 0)

static inline uint32_t wr_min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static inline uint32_t wr_max(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

#endif /* WR_BASE_H */
