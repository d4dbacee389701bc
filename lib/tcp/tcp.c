/* SPDX-License-Identifier: BSD-3-Clause */
/* The engine: its tables, and its entry points for the stack. */

#include <errno.h>
#include <string.h>

#include <rte_common.h>
#include <rte_malloc.h>

#include "tcp_accecn.h"
#include "tcp_evict.h"
#include "tcp_half_open.h"
#include "tcp_in.h"
#include "tcp_lookup.h"
#include "tcp_md5.h"
#include "tcp_open.h"
#include "tcp_out.h"
#include "tcp_path.h"
#include "tcp_segment.h"
#include "tcp_timer.h"
#include "tcp_wait.h"
#include "tcp_window.h"

#define FLUSH_FAILURES 32 /* connections without a buffer until a flush stops asking */

void wr_tcp_conf_default(struct wr_tcp_conf *conf, uint16_t mtu)
{
	*conf = (struct wr_tcp_conf) {
		.connections = 16384,
		.half_open = 4096,
		.time_waits = 16384,
		.reorders = 1024,
		.repairs = 2048,
		.paths = 2048,
		.tunes = 1024,
		.rcv_buf = 256 * 1024,
		.rcv_buf_max = 6 << 20, /* as Linux, and the same for sending */
		.snd_buf = 256 * 1024,
		.snd_buf_max = 4 << 20,
		.evict_shut_ms = 4000,
		.ooo_bytes = 384 * 1024,
		.ooo_pieces = 512,
		.timestamps = true,
		.ts_required = true,
		.sack = true,
		.wscale = true,
		.ecn = WR_TCP_ECN_PASSIVE,
		.wscale_offer = WR_TCP_WSCALE_AUTO,
		.mss = (uint16_t)(mtu - 40),
		.mss_min = 88, /* as Linux' TCP_MIN_SND_MSS with room for options */
		.cc = {&wr_cc_cubic_ops, 0},
		.iw_segments = 10,
		.ss_burst = 8,
		.idle_restart = true,
		.rack = true,
		.tlp = true,
		.tlp_recovery = true,
		.tlp_no_sack = true,
		.prr = true,
		.frto = true,
		.dsack = true,
		.mtu_probing = WR_TCP_MTU_PROBING_BLACK_HOLE,
		.mtu_base_mss = 1024,
		.mtu_floor_mss = 48, /* as Linux */
		.delack_us = 40 * 1000,
		.prompt_acks = 100,
		.dup_ack_delay_us = 200,
		.rto_initial_us = 1000 * 1000,
		.rto_min_us = 200 * 1000,
		.rto_max_us = 120 * 1000 * 1000,
		.r1_rexmits = 3,
		.r2_us = 100 * 1000 * 1000ull,
		.r2_syn_us = 180 * 1000 * 1000ull,
		.synack_retries = 5,
		.time_wait_us = 60 * 1000 * 1000ull,
		.time_wait_reuse_us = 1000 * 1000,
		.fin_wait2_us = 60 * 1000 * 1000ull,
		.orphan_retries = 8,
		.fastopen_pending = 256,
		.fastopen_peers = 256,
		.syn_cookies = WR_TCP_COOKIES_AUTO,
		.challenges_per_s = 10,
		.rsts_per_s = 10000,
	};
}

void wr_tcp_options_default(struct wr_tcp_options *options)
{
	*options = (struct wr_tcp_options) {
		.keepalive_probes = 9,
		.keepalive_idle_s = 7200,
		.keepalive_interval_s = 75,
	};
}

void tcp_set_time(struct wr_tcp *tcp, uint64_t now_us)
{
	if (now_us == tcp->now_us)
		return;
	tcp->now_us = now_us;
	tcp->now_tick = wr_tick_now(now_us);
	tcp->now_ms = (uint32_t)(now_us / 1000);
}

/* ---- set-up ---- */

static uint32_t flows_of(const struct wr_tcp_conf *conf)
{
	return conf->connections + conf->half_open + conf->time_waits;
}

static bool has_rates(const struct wr_tcp_conf *conf)
{
	return conf->rates || conf->pacing || conf->cc.ops->model;
}

uint64_t wr_tcp_bytes(const struct wr_tcp_conf *conf)
{
	return sizeof(struct wr_tcp) + tcp_fastopen_bytes(conf) +
	       wr_flow_bytes(flows_of(conf)) +
	       wr_wheel_bytes(conf->connections + conf->half_open) +
	       (uint64_t)conf->connections * sizeof(struct wr_tcb) +
	       (uint64_t)rte_align32pow2(conf->connections) * sizeof(uint32_t) +
	       (uint64_t)conf->half_open * sizeof(struct wr_half_open) +
	       (uint64_t)conf->time_waits * sizeof(struct wr_time_wait) +
	       (uint64_t)conf->reorders * sizeof(struct wr_reorder) +
	       (uint64_t)conf->repairs * sizeof(struct wr_repair) +
	       (uint64_t)conf->paths * sizeof(struct tcp_path) +
	       (uint64_t)conf->tunes * sizeof(struct wr_tune) + tcp_limits_bytes(conf) +
	       (tcp_accecn_is_wanted(conf)
	                ? (uint64_t)conf->connections * sizeof(struct tcp_accecn)
	                : 0) +
	       (has_rates(conf) ? (uint64_t)conf->connections * sizeof(struct wr_rate) : 0);
}

static void *table(const char *what, size_t n, size_t size, int socket)
{
	return rte_zmalloc_socket(what, n * size, WR_CACHE_LINE, socket);
}

static int make_tables(struct wr_tcp *tcp, const struct wr_sipkey *key, int socket)
{
	const struct wr_tcp_conf *conf = &tcp->conf;
	const struct wr_sipkey flow_key = {wr_siphash24(key, 1, 0), wr_siphash24(key, 1, 1)};
	const struct wr_sipkey limits_key = {wr_siphash24(key, 6, 0), wr_siphash24(key, 6, 1)};

	tcp->tuple_key = (struct wr_sipkey) {wr_siphash24(key, 2, 0), wr_siphash24(key, 2, 1)};
	tcp->flows = wr_flow_new(flows_of(conf), &flow_key, socket);
	tcp->wheel = wr_wheel_new(conf->connections + conf->half_open, tcp->now_tick, socket);
	tcp->tcb = table("tcb", conf->connections, sizeof(*tcp->tcb), socket);
	tcp->pend_mask = rte_align32pow2(conf->connections) - 1;
	tcp->pending = table("tcb pending", tcp->pend_mask + 1, sizeof(*tcp->pending), socket);
	tcp->half_open = table("half-open", conf->half_open, sizeof(*tcp->half_open), socket);
	tcp->time_wait = table("time-wait", conf->time_waits, sizeof(*tcp->time_wait), socket);
	tcp->reorder = table("reorder", conf->reorders, sizeof(*tcp->reorder), socket);
	tcp->tune = table("tune", wr_max(conf->tunes, 1), sizeof(*tcp->tune), socket);
	tcp->repair = table("repair", conf->repairs, sizeof(*tcp->repair), socket);
	if (tcp_limits_init(tcp, &limits_key, socket) != 0 || tcp_paths_init(tcp, socket) != 0)
		return -ENOMEM;
	if (has_rates(conf)) {
		tcp->rate = table("rate", conf->connections, sizeof(*tcp->rate), socket);
		if (!tcp->rate)
			return -ENOMEM;
	}
	if (tcp_accecn_is_wanted(conf)) {
		tcp->accecn = table("accecn", conf->connections, sizeof(*tcp->accecn), socket);
		if (!tcp->accecn)
			return -ENOMEM;
	}
	if (!tcp->flows || !tcp->wheel || !tcp->tcb || !tcp->pending || !tcp->half_open ||
	    !tcp->time_wait || !tcp->reorder || !tcp->repair || !tcp->tune)
		return -ENOMEM;
	return tcp_fastopen_init(tcp, key, socket);
}

/* Chains all records of each kind to its free list, lowest index first. */
static void make_free_lists(struct wr_tcp *tcp)
{
	const struct wr_tcp_conf *conf = &tcp->conf;

	tcp->free_tcb = tcp->dead_tcb = UINT32_MAX;
	tcp->free_half_open = tcp->free_reorder = tcp->free_repair = UINT32_MAX;
	for (uint32_t i = conf->connections; i-- > 0;) {
		tcp->tcb[i].next_free = tcp->free_tcb;
		tcp->free_tcb = i;
	}
	for (uint32_t i = conf->half_open; i-- > 0;) {
		tcp->half_open[i].next_free = tcp->free_half_open;
		tcp->free_half_open = i;
	}
	for (uint32_t i = conf->reorders; i-- > 0;) {
		tcp->reorder[i].next_free = tcp->free_reorder;
		tcp->free_reorder = i;
	}
	for (uint32_t i = conf->repairs; i-- > 0;) {
		tcp->repair[i].next_free = tcp->free_repair;
		tcp->free_repair = i;
	}
	tcp->free_tune = UINT32_MAX;
	for (uint32_t i = conf->tunes; i-- > 0;) {
		tcp->tune[i].next_free = tcp->free_tune;
		tcp->free_tune = i;
	}
	tcp->free_tcbs = conf->connections;
	WR_LEVEL(tcp->stats, tcp_connections_free, tcp->free_tcbs);
}

/* Half of the window, about; 31: windows do not grow. */
static uint8_t stream_shift(const struct wr_tcp_conf *conf)
{
	uint8_t shift = 31;

	if (conf->rcv_buf_max > conf->rcv_buf && conf->tunes)
		for (shift = 10; conf->rcv_buf >> (shift + 2); shift++)
			;
	return shift;
}

struct wr_tcp *wr_tcp_new(const struct wr_tcp_conf *conf, struct wr_ip *ip,
                          const struct wr_owner *owner, uint32_t core,
                          const struct wr_sipkey *key, uint64_t now_us)
{
	const struct wr_sipkey cookies_key = {wr_siphash24(key, 7, 0), wr_siphash24(key, 7, 1)};
	const struct wr_sipkey ports_key = {wr_siphash24(key, 5, 0), wr_siphash24(key, 5, 1)};
	struct wr_tcp *tcp = table("tcp", 1, sizeof(*tcp), ip->conf.socket);

	if (!tcp)
		return NULL;
	tcp->conf = *conf;
	tcp->conf.listener_connections =
		tcp_limit_share(conf->listener_connections, owner->cores, core);
	tcp->conf.source_connections =
		tcp_limit_share(conf->source_connections, owner->cores, core);
	tcp->ip = ip;
	tcp->stats = ip->stats;
	tcp->owner = owner;
	tcp->core = core;
	tcp->stream_shift = stream_shift(conf);
	tcp->plenty = tcp_window_plenty(conf);
	tcp->window_step = tcp_window_step(conf);
	tcp->now_us = UINT64_MAX;
	tcp_set_time(tcp, now_us);
	if (make_tables(tcp, key, ip->conf.socket) != 0) {
		wr_tcp_free(tcp);
		return NULL;
	}
	make_free_lists(tcp);
	tcp_cookies_init(&tcp->cookies, &cookies_key);
	wr_ephemeral_init(&tcp->ports, &ports_key, owner, core);
	wr_limit_init(&tcp->rst_limit, ip->prng);
	return tcp;
}

void wr_tcp_free(struct wr_tcp *tcp)
{
	if (!tcp)
		return;
	for (uint32_t i = 0; tcp->tcb && i < tcp->conf.connections; i++)
		if (tcp->tcb[i].state != WR_TCP_CLOSED)
			tcb_free_buffers(tcp, &tcp->tcb[i]);
	wr_flow_free(tcp->flows);
	wr_wheel_free(tcp->wheel);
	rte_free(tcp->tcb);
	rte_free(tcp->pending);
	rte_free(tcp->half_open);
	rte_free(tcp->time_wait);
	rte_free(tcp->reorder);
	rte_free(tcp->repair);
	rte_free(tcp->path);
	rte_free(tcp->tune);
	rte_free(tcp->rate);
	rte_free(tcp->accecn);
	tcp_limits_fini(tcp);
	rte_free(tcp->md5);
	tcp_fastopen_fini(tcp);
	rte_free(tcp);
}

/* ---- entry points of the stack ---- */

/* SYN with FIN begins no connection; with a RST it is a reset, whatever else is said. */
static bool is_stillborn(const struct wr_seg *seg)
{
	const uint8_t both = WR_TCP_SYN | WR_TCP_FIN;

	return (seg->flags & (both | WR_TCP_RST)) == both;
}

/* Before a connection is open, and after: `value` names what is there instead. */
static enum wr_verdict without_connection(struct wr_tcp *tcp, uint32_t value,
                                          struct wr_frame *f)
{
	uint32_t index = value & WR_FLOW_INDEX;
	enum wr_verdict v = tcp_md5_check(tcp, f);

	if (wr_unlikely(v != WR_V_NEXT))
		return v;
	if (wr_unlikely(is_stillborn(&f->seg)) && value >> 30 != WR_FLOW_TIME_WAIT)
		return WR_V_tcp_bad_flags;
	if (value == WR_FLOW_NONE)
		return tcp_no_connection(tcp, f);
	switch (value >> 30) {
	case WR_FLOW_TCB:
		return tcp_syn_sent(tcp, &tcp->tcb[index], f);
	case WR_FLOW_HALF_OPEN:
		return tcp_half_open_arrives(tcp, index, f);
	default:
		return tcp_wait_arrives(tcp, index, f);
	}
}

enum wr_verdict wr_tcp_input(struct wr_tcp *tcp, struct wr_frame *f, uint64_t now_us)
{
	uint32_t value = f->value;

	tcp_set_time(tcp, now_us);
	WR_COUNT(tcp->stats, tcp_segments_in, 1);
	/* The guess may be wrong, or an earlier segment of this burst changed the table. */
	if (wr_unlikely(value == WR_FLOW_NONE || value >> 30 != WR_FLOW_TCB ||
	                !wr_tuple_eq(tcp_tuple_of(tcp, value), &f->tuple) ||
	                tcp->tcb[value & WR_FLOW_INDEX].state == WR_TCP_CLOSED))
		value = tcp_find(tcp, f->hash, &f->tuple);
	if (wr_likely(value >> 30 == WR_FLOW_TCB)) {
		struct wr_tcb *c = &tcp->tcb[value & WR_FLOW_INDEX];

		if (wr_likely(c->state != WR_TCP_SYN_SENT))
			return tcp_segment_arrives(tcp, c, f);
	}
	return without_connection(tcp, value, f);
}

bool tcp_owe(struct wr_tcp *tcp, const struct wr_owed *owed)
{
	if (tcp->owed_count == WR_TCP_OWED)
		return false;
	tcp->owed[tcp->owed_count++] = *owed;
	return true;
}

void wr_tcp_flush(struct wr_tcp *tcp, uint64_t now_us)
{
	uint32_t turns = tcp->pend_tail - tcp->pend_head, failures = 0;

	tcp_set_time(tcp, now_us);
	for (uint32_t i = 0; i < tcp->owed_count; i++)
		tcp_send_owed(tcp, &tcp->owed[i]);
	tcp->owed_count = 0;

	/* Each has one turn. Who finds no buffer goes to the back; after some of these, or with
	 * a full output queue, it is no use asking the others now. */
	while (turns-- && failures < FLUSH_FAILURES &&
	       wr_ip_out_room(tcp->ip) >= TCP_OUT_RESERVE) {
		struct wr_tcb *c = &tcp->tcb[tcp->pending[tcp->pend_head++ & tcp->pend_mask]];

		c->flags &= (uint16_t)~WR_TCB_PENDING;
		if (c->state != WR_TCP_CLOSED && !tcp_output(tcp, c)) {
			tcb_pend(tcp, c);
			failures++;
		}
	}
	if (tcp->dead_tcb != UINT32_MAX)
		tcp_reap(tcp);
}

static void ring(struct wr_tcp *tcp, uint32_t timer)
{
	if (timer < tcp->conf.connections)
		tcb_ring(tcp, &tcp->tcb[timer]);
	else
		tcp_half_open_ring(tcp, timer - tcp->conf.connections);
}

unsigned wr_tcp_tick(struct wr_tcp *tcp, uint64_t now_us, unsigned budget)
{
	uint32_t due[32];
	unsigned ran = 0, n;

	tcp_set_time(tcp, now_us);
	tcp_wait_expire(tcp);
	if (wr_unlikely(tcp_is_short(tcp)))
		tcp_evict_run(tcp);
	do {
		unsigned max = budget - ran < WR_LEN(due) ? budget - ran : WR_LEN(due);

		n = max ? wr_wheel_expire(tcp->wheel, tcp->now_tick, due, max) : 0;
		for (unsigned i = 0; i < n; i++)
			if (due[i] < tcp->conf.connections)
				tcb_prefetch(&tcp->tcb[due[i]]);
		for (unsigned i = 0; i < n; i++)
			ring(tcp, due[i]);
		ran += n;
	} while (n == WR_LEN(due));
	WR_COUNT(tcp->stats, timers_fired, ran);
	return ran;
}

uint64_t wr_tcp_deadline(const struct wr_tcp *tcp)
{
	uint32_t wheel, wait, tick;
	bool has_wheel = wr_wheel_next(tcp->wheel, &wheel);
	bool has_wait = tcp_wait_deadline(tcp, &wait);
	uint64_t due, pass = tcp_is_short(tcp) ? tcp->now_us + TCP_EVICT_US : UINT64_MAX;

	if (tcp->pend_head != tcp->pend_tail || tcp->owed_count)
		return tcp->now_us;
	if (!has_wheel && !has_wait)
		return pass;
	tick = !has_wait || (has_wheel && wr_tick_reached(wheel, wait)) ? wheel : wait;
	if (wr_tick_reached(tick, tcp->now_tick))
		return tcp->now_us;
	/* The start of that tick, by the distance from the current one. */
	due = ((tcp->now_us >> WR_TICK_SHIFT) + (tick - tcp->now_tick)) << WR_TICK_SHIFT;
	return due < pass ? due : pass;
}

struct wr_ip *wr_tcp_ip(struct wr_tcp *tcp)
{
	return tcp->ip;
}
