/* SPDX-License-Identifier: BSD-3-Clause */
#include "probe.h"
#include "sample.h"
#include "wr_clock.h"

#define PARTS     31
#define EXCHANGES 500 /* a part */

double probe_run(struct probe *probe, unsigned side)
{
	struct sample cycles = {0};
	uint32_t turn = side;

	for (unsigned part = 0; part < PARTS; part++) {
		uint64_t begin = wr_clock_cycles();

		for (unsigned i = 0; i < EXCHANGES; i++, turn += 2) {
			while (__atomic_load_n(&probe->turn, __ATOMIC_ACQUIRE) != turn)
				;
			__atomic_store_n(&probe->turn, turn + 1, __ATOMIC_RELEASE);
		}
		sample_add(&cycles, (double)(wr_clock_cycles() - begin) / (2 * EXCHANGES));
	}
	return sample_median(&cycles);
}
