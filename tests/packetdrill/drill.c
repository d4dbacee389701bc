/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The engine behind packetdrill's interface for programs under test: start-up, and the few
 * functions of libc that a preloaded shim answers instead.
 */

#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/times.h>

#include <rte_arp.h>

#include "craft.h"
#include "drill.h"
#include "wr_buf.h"
#include "wr_test.h"

#define BUFFERS    1023
#define PACKET_MAX 10000 /* bytes; scripts send more than the MTU allows */

/* One host a process: getsockopt() has no other way to find it. */
static struct drill *the_drill;
static struct drill_table the_table;

/* ---- instead of libc ---- */

int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict len)
{
	int (*next)(int, int, int, void *, socklen_t *) = dlsym(RTLD_NEXT, "getsockopt");

	if (the_drill && drill_socket_of(the_drill, fd))
		return the_table.getsockopt(the_drill, fd, level, name, value, len);
	return next(fd, level, name, value, len);
}

/* Scripts begin at a tick of this clock: 100 ms spared. */
clock_t times(struct tms *out)
{
	static clock_t ticks;

	return ticks++;
}

/* Time is virtual: neither priority nor locked memory makes it more exact. */
int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param)
{
	return 0;
}

int mlockall(int flags)
{
	return 0;
}

/* ---- start ---- */

static void fill_conf(struct drill *d)
{
	d->conf = (struct wr_stack_conf) {
		.ip =
			{
				.addr = {{.addr = DRILL_ADDR, .prefix = 24}},
				.addrs = 1,
				.mtu = 1500,
				.mac = {{0x02, 0, 0, 0, 0, 1}},
				.gateway = DRILL_GATEWAY,
				.multi_segs = true,
				.neighbours = 16,
				.reassemblies = 4,
				.arp_age_us = UINT64_C(1) << 50,
				.icmp_errors_per_s = 1000,
				.ttl = 64,
				.socket = SOCKET_ID_ANY,
			},
		.pool = d->pool,
		.owner = &d->owner,
		.key = {0x0706050403020100, 0x0f0e0d0c0b0a0908},
		.seed = 1,
		.socket = SOCKET_ID_ANY,
	};
	wr_tcp_conf_default(&d->conf.tcp, 1500);
	d->conf.tcp.connections = d->conf.tcp.half_open = d->conf.tcp.time_waits = 64;
	d->conf.tcp.reorders = d->conf.tcp.repairs = 64;
	d->conf.tcp.mtu_probing = WR_TCP_MTU_PROBING_OFF; /* as Linux' tcp_mtu_probing */
	wr_tcp_options_default(&d->options);
	wr_owner_init(&d->owner, 1);
}

void drill_meet_peer(struct drill *d)
{
	const struct craft_path path = {
		.smac = {{0x02, 0, 0, 0, 0, 2}},
		.dmac = {{0x02, 0, 0, 0, 0, 1}},
		.src = DRILL_GATEWAY,
		.dst = DRILL_ADDR,
	};
	struct rte_mbuf *m = craft_arp(d->pool, &path, RTE_ARP_OP_REQUEST);

	wr_stack_input(d->stack, &m, 1, d->now_ns);
}

static long not_supported(void)
{
	errno = ENOSYS;
	return -1;
}

static void fill_table(struct drill_table *table)
{
	void **slot = (void **)table;

	for (size_t i = 0; i < sizeof(*table) / sizeof(*slot); i++)
		slot[i] = (void *)not_supported;
	drill_fill_clock(table);
	drill_fill_sockets(table);
	drill_fill_streams(table);
	drill_fill_options(table);
}

__attribute__((visibility("default"))) void packetdrill_interface_init(
	const char *flags, struct drill_table *table)
{
	struct drill *d = aligned_alloc(alignof(struct drill), sizeof(*d));
	struct wr_err err = {.text = ""};

	memset(d, 0, sizeof(*d));
	unsetenv("LD_PRELOAD"); /* not for the commands of scripts */
	wr_test_eal(64);
	d->pool = wr_buf_pool_new("drill", BUFFERS, PACKET_MAX, SOCKET_ID_ANY);
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->changed, NULL);
	d->main = pthread_self();
	d->now_ns = WR_S(1000);
	for (unsigned i = 0; i < DRILL_SOCKETS; i++)
		d->socket[i].fd = -1;
	fill_conf(d);
	drill_read_flags(d, flags);
	d->stack = wr_stack_new(&d->conf, &d->stats, d->now_ns, &err);
	if (!d->stack) {
		fprintf(stderr, "packetdrill: %s\n", err.text);
		exit(EXIT_FAILURE);
	}
	d->tcp = wr_stack_tcp(d->stack);
	drill_meet_peer(d); /* it is known from the start */
	drill_work(d);
	fill_table(table);
	table->userdata = d;
	the_drill = d;
	the_table = *table;
}
