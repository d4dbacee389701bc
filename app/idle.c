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
void wr_idle_rest(struct wr_idle *idle, uint64_t now_ns, uint64_t deadline_ns)
{
	uint64_t silence_ns = now_ns - idle->since_ns;
	uint64_t nap_ns = silence_ns / 2;

	if (!idle->adaptive || silence_ns < idle->patience_ns) {
		rte_pause();
		return;
	}
	if (nap_ns > NAP_MOST_NS)
		nap_ns = NAP_MOST_NS;
	if (deadline_ns < now_ns + nap_ns)
		nap_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
	if (nap_ns >= NAP_LEAST_NS)
		nanosleep(&(struct timespec) {.tv_nsec = (long)nap_ns}, NULL);
}
