/* SPDX-License-Identifier: BSD-3-Clause */
#include "small_host.h"
#include "fuzz.h"
#include "wire.h"

/* Of one core. It only depends on a key that never changes: all executions share it. */
static const struct wr_owner *only_core(void)
{
	static struct wr_owner owner;

	if (!owner.cores)
		wr_owner_init(&owner, 1);
	return &owner;
}

void small_host_conf(struct wr_stack_conf *conf, unsigned host)
{
	wire_conf(conf, host);
	conf->ip.neighbours = conf->ip.reassemblies = conf->ip.paths = 4;
	conf->tcp.connections = conf->tcp.half_open = conf->tcp.time_waits = 8;
	conf->tcp.reorders = conf->tcp.repairs = conf->tcp.paths = conf->tcp.tunes = 4;
	conf->tcp.fastopen_pending = conf->tcp.fastopen_peers = 4;
	conf->tcp.ecn = WR_TCP_ECN_ACCECN_PASSIVE;
	conf->pool = fuzz_pool();
	conf->owner = only_core();
}
