/* SPDX-License-Identifier: BSD-3-Clause */
/* cmocka.h needs these four before it, in this order; so nobody includes it directly. */
#ifndef WR_TEST_H
#define WR_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <rte_mempool.h>

/* Starts EAL once for this program: no root, no hugepages, no devices, mem_mib of memory. */
void wr_test_eal(unsigned mem_mib);

/* The same with 512 MiB, as the set-up of a group of tests. */
int wr_test_start(void **state);

/*
 * A pool of n buffers with room for `room` bytes of frame behind the usual headroom, and
 * the private area that the engine needs. The pool lives until the program ends.
 */
struct rte_mempool *wr_test_pool(const char *name, unsigned n, uint16_t room);

/* Zeros that begin with a cache line, as tables of the engine do: to be freed. */
void *wr_test_zalloc(size_t bytes);

#endif /* WR_TEST_H */
