/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How far apart two CPUs are just now: prints the nanoseconds that a cache line takes one way.
 * Needs no EAL, so that it takes a few milliseconds.
 *
 *   core_probe CPU CPU
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "kernel_client.h"
#include "probe.h"
#include "wr_clock.h"

struct side {
	struct probe *probe;
	pthread_barrier_t *both;
	unsigned which;
	int cpu;
	double one_way_ns;
};

static void *run_side(void *arg)
{
	struct side *side = arg;
	uint64_t begin_ns, begin;
	double cycles, ns_a_cycle;

	kernel_pin(side->cpu);
	pthread_barrier_wait(side->both);
	begin_ns = kernel_now_ns();
	begin = wr_clock_cycles();
	cycles = probe_run(side->probe, side->which);
	ns_a_cycle = (double)(kernel_now_ns() - begin_ns) / (double)(wr_clock_cycles() - begin);
	side->one_way_ns = cycles * ns_a_cycle;
	return NULL;
}

int main(int argc, char **argv)
{
	static struct probe probe;
	pthread_barrier_t both;
	struct side side[2];
	pthread_t thread[2];

	if (argc != 3) {
		fputs("usage: core_probe CPU CPU\n", stderr);
		return 2;
	}
	pthread_barrier_init(&both, NULL, 2);
	for (unsigned i = 0; i < 2; i++) {
		side[i] = (struct side) {
			.probe = &probe, .both = &both, .which = i, .cpu = atoi(argv[i + 1])};
		if (pthread_create(&thread[i], NULL, run_side, &side[i]))
			kernel_die("pthread_create");
	}
	for (unsigned i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	printf("%.1f\n", side[0].one_way_ns);
	return 0;
}
