/* SPDX-License-Identifier: BSD-3-Clause */
#include <time.h>

#include <rte_pause.h>

#include "worker.h"

#define NAP_LEAST_NS WR_US(20)
#define NAP_MOST_NS  WR_MS(1)

/*
 * The nap is half as long as the silence before it: a burst finds an awake worker, a quiet
 * night costs a thousand wake-ups a second.
 */
uint64_t wr_idle_nap_ns(const struct wr_idle *idle, uint64_t now_ns, uint64_t deadline_ns)
{
	uint64_t silence_ns = now_ns - idle->since_ns;
	uint64_t nap_ns = silence_ns / 2;

	if (!idle->adaptive || silence_ns < idle->patience_ns || deadline_ns <= now_ns)
		return 0;
	if (nap_ns > NAP_MOST_NS)
		nap_ns = NAP_MOST_NS;
	if (nap_ns > deadline_ns - now_ns)
		nap_ns = deadline_ns - now_ns;
	return nap_ns < NAP_LEAST_NS ? 0 : nap_ns;
}

void wr_idle_rest(const struct wr_idle *idle, uint64_t now_ns, uint64_t deadline_ns)
{
	uint64_t nap_ns = wr_idle_nap_ns(idle, now_ns, deadline_ns);

	if (nap_ns)
		nanosleep(&(struct timespec) {.tv_nsec = (long)nap_ns}, NULL);
	else
		rte_pause();
}
