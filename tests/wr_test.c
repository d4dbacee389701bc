/* SPDX-License-Identifier: BSD-3-Clause */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>

#include "wr_base.h"
#include "wr_buf.h"
#include "wr_test.h"

/* EAL makes it even with --no-shconf, and leaves it behind. */
static void remove_runtime_dir(void)
{
	rmdir(rte_eal_get_runtime_dir());
}

/* "0@(0,1,5)": lcore 0 on whichever CPUs this process may use. */
static void lcore_on_allowed_cpus(char *text, size_t size)
{
	cpu_set_t allowed;
	size_t len = (size_t)snprintf(text, size, "0@");
	char before = '(';

	sched_getaffinity(0, sizeof(allowed), &allowed);
	for (int cpu = 0; cpu < CPU_SETSIZE && len < size; cpu++) {
		if (!CPU_ISSET(cpu, &allowed))
			continue;
		len += (size_t)snprintf(text + len, size - len, "%c%d", before, cpu);
		before = ',';
	}
	if (len < size)
		snprintf(text + len, size - len, ")");
}

void wr_test_eal(unsigned mem_mib)
{
	char lcores[8192], mib[16], prefix[32];
	char *argv[] = {
		"test",
		"--no-huge",
		"--no-shconf",
		"--no-pci",
		"--no-telemetry",
		"-m",
		mib,
		"--lcores",
		lcores,
		"--file-prefix",
		prefix,
		"--log-level=error",
	};

	lcore_on_allowed_cpus(lcores, sizeof(lcores));
	snprintf(mib, sizeof(mib), "%u", mem_mib);
	snprintf(prefix, sizeof(prefix), "wr_test_%d", getpid());
	if (rte_eal_init(WR_LEN(argv), argv) < 0) {
		fprintf(stderr, "EAL does not start: %s\n", rte_strerror(rte_errno));
		exit(EXIT_FAILURE);
	}
	atexit(remove_runtime_dir);
}

int wr_test_start(void **state)
{
	wr_test_eal(512);
	return 0;
}

struct rte_mempool *wr_test_pool(const char *name, unsigned n, uint16_t room)
{
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create(name, n, 0, WR_BUF_PRIV_BYTES,
	                                (uint16_t)(RTE_PKTMBUF_HEADROOM + room), SOCKET_ID_ANY);

	assert_non_null(pool);
	return pool;
}

void *wr_test_zalloc(size_t bytes)
{
	size_t lines = (bytes + WR_CACHE_LINE - 1) / WR_CACHE_LINE;
	void *p = aligned_alloc(WR_CACHE_LINE, lines * WR_CACHE_LINE);

	assert_non_null(p);
	return memset(p, 0, bytes);
}
