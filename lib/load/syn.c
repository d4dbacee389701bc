/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bare SYNs at --pps, from the client's addresses and random ports, against a defence under
 * test. Nothing is kept of them; what answers is counted and not answered.
 */

#include <errno.h>

#include <rte_malloc.h>

#include "packets.h"
#include "wr_ephemeral.h"

struct syns {
	struct load_packets packets;
	uint32_t addr;
	uint16_t low, high; /* ports */
};

static enum wr_verdict on_stray(struct wr_tcp *tcp, const struct wr_frame *f, void *user,
                                uint64_t now_us)
{
	struct wr_load *load = user;
	const struct syns *syns = load->own;

	if (f->tuple.raddr != load->conf->target || f->tuple.rport != load->conf->port ||
	    f->tuple.lport < syns->low || f->tuple.lport > syns->high)
		return WR_V_NEXT;
	if (f->seg.flags & WR_TCP_RST)
		LOAD_COUNT(load, rsts_received, 1);
	else if ((f->seg.flags & (WR_TCP_SYN | WR_TCP_ACK)) == (WR_TCP_SYN | WR_TCP_ACK))
		LOAD_COUNT(load, synacks_received, 1);
	else
		return WR_V_NEXT;
	return WR_V_tcp_stray;
}

static uint64_t bytes(const struct wr_load_conf *conf, uint32_t cores)
{
	return sizeof(struct syns);
}

static int init(struct wr_load *load, int socket, struct wr_err *err)
{
	const struct wr_load_conf *conf = load->conf;
	struct syns *syns =
		rte_zmalloc_socket("load syns", sizeof(*syns), WR_CACHE_LINE, socket);

	load->own = syns;
	if (!syns)
		return -ENOMEM;
	syns->low = conf->port_low ? conf->port_low : WR_EPHEMERAL_LOW;
	syns->high = conf->port_high ? conf->port_high : WR_EPHEMERAL_HIGH;
	syns->addr = wr_ip_source_for(wr_stack_ip(load->stack), conf->target);
	if (!syns->addr && !load->pool_addrs)
		return wr_err_set(err, WR_EXIT_USAGE, -ENETUNREACH,
		                  "no address of ours has a route to the target; give --ip in "
		                  "its network, or --gateway");
	wr_tcp_set_stray(load->tcp, on_stray, load);
	return 0;
}

static void fini(struct wr_load *load)
{
	if (load->own)
		wr_tcp_set_stray(load->tcp, NULL, NULL);
	rte_free(load->own);
}

static void start(struct wr_load *load)
{
	load_packets_start(load, &((struct syns *)load->own)->packets, load->set.pps);
}

static void set(struct wr_load *load, uint64_t now_ns)
{
	load_packets_set(&((struct syns *)load->own)->packets, load->set.pps, now_ns);
}

static void stop(struct wr_load *load, uint64_t end_ns)
{
	load_packets_stop(load, &((struct syns *)load->own)->packets, end_ns);
}

static bool send_one(struct wr_load *load)
{
	const struct syns *syns = load->own;
	const struct wr_tuple tuple = {
		.laddr = load->pool_addrs ? load_next_addr(load) : syns->addr,
		.raddr = load->conf->target,
		.lport = (uint16_t)(syns->low +
	                            wr_prng_below(&load->prng, syns->high - syns->low + 1u)),
		.rport = load->conf->port,
	};

	if (wr_tcp_send_bare_syn(load->tcp, &tuple, load->now_ns / 1000)) {
		LOAD_COUNT(load, no_buffers, 1);
		return false;
	}
	LOAD_COUNT(load, syns_sent, 1);
	return true;
}

static bool run(struct wr_load *load, uint64_t now_ns)
{
	return load_packets_run(load, &((struct syns *)load->own)->packets, send_one, now_ns);
}

static uint64_t deadline(const struct wr_load *load)
{
	return load_packets_deadline(load, &((const struct syns *)load->own)->packets);
}

const struct load_mode load_mode_syn = {
	.bytes = bytes,
	.init = init,
	.fini = fini,
	.start = start,
	.set = set,
	.run = run,
	.deadline = deadline,
	.stop = stop,
};
