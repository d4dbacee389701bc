/* SPDX-License-Identifier: BSD-3-Clause */
/* A host: one or two cores with their engines, a pool, and a NIC with queues. */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>

#include "sim.h"
#include "work.h"
#include "wr_chain.h"

#define NIC_BPS        10000000000ull /* of the cable; the path behind it is slower */
#define IDLE_SHIFT     10             /* a core that waits for buffers looks every ms at last */
#define SIM_WORK_LEAST 40000          /* basic blocks: twice what 500 seeds needed */
#define SIM_WORK_FRAME 10000

/* How far the engine's clock is ahead of the simulator's. */
static uint64_t ahead_ns(const struct sim_host *host)
{
	const struct sim *sim = host->sim;
	bool jumped = host->plan->jump_ns && sim->now_ns >= host->plan->jump_at_ns;

	return host->plan->clock_us * 1000 + (jumped ? host->plan->jump_ns : 0);
}

static uint64_t engine_ns(const struct sim_host *host)
{
	return host->sim->now_ns + ahead_ns(host);
}

/* ---- life ---- */

static bool has_fastopen(const struct sim_plan *plan)
{
	bool any = false;

	for (unsigned i = 0; i < plan->flows; i++)
		any |= plan->flow[i].fastopen;
	return any;
}

static bool has_black_hole(const struct sim_plan *plan)
{
	return plan->path[0].blackhole || plan->path[1].blackhole;
}

static bool has_timestamps(const struct sim_plan *plan)
{
	return plan->host[0].timestamps && plan->host[1].timestamps;
}

static void fill_ip(const struct sim_host_plan *plan, struct wr_ip_conf *ip)
{
	*ip = (struct wr_ip_conf) {
		.addr = {{.addr = plan->addr, .prefix = 24}},
		.addrs = 1,
		.mtu = plan->mtu,
		.multi_segs = true,
		.neighbours = 16,
		.reassemblies = 4,
		.arp_age_us = 60000000,
		.icmp_errors_per_s = 1000,
		.ttl = 64,
		.socket = SOCKET_ID_ANY,
	};
	memcpy(&ip->mac, plan->mac, SIM_MAC);
}

static void fill_tcp(const struct sim *sim, const struct sim_host_plan *plan,
                     struct wr_tcp_conf *tcp)
{
	wr_tcp_conf_default(tcp, plan->mtu);
	tcp->connections = tcp->half_open = tcp->time_waits = plan->connections;
	tcp->reorders = tcp->repairs = plan->connections / 2;
	tcp->paths = tcp->tunes = plan->connections / 2;
	tcp->rcv_buf = plan->rcv_buf;
	tcp->rcv_buf_max = plan->rcv_buf_max;
	tcp->snd_buf = plan->snd_buf;
	tcp->snd_buf_max = plan->snd_buf_max;
	tcp->ooo_bytes = plan->ooo_bytes;
	tcp->ooo_pieces = plan->ooo_pieces;
	tcp->held_bufs = plan->held_bufs;
	tcp->timestamps = plan->timestamps;
	tcp->sack = plan->sack;
	tcp->wscale = plan->wscale;
	tcp->rack = plan->rack;
	tcp->tlp = plan->tlp;
	tcp->prr = plan->prr;
	tcp->frto = plan->frto;
	tcp->dsack = plan->dsack;
	tcp->mtu_probing = plan->mtu_probing;
	tcp->orphan_retries = 0;
	tcp->iw_segments = plan->iw_segments;
	tcp->cc = plan->cc;
	tcp->ecn = plan->ecn;
	tcp->pacing = plan->pacing;
	tcp->rates |= plan->rates;
	tcp->delack_us = plan->delack_us;
	tcp->time_wait_us = plan->time_wait_us;
	tcp->has_isn = plan->has_isn;
	tcp->isn = plan->isn;
	tcp->fin_wait2_us = 0; /* a slow reader may take longer than any limit */
	/*
	 * The way out of a black hole takes three time-outs at least, and after an outage these
	 * are long. So they are without timestamps until something passes that was sent once;
	 * and an echo that waits for that may have no buffers for what comes.
	 */
	if (has_black_hole(sim->plan) || !has_timestamps(sim->plan))
		tcp->r2_us *= 3;
	sim_knobs_apply(&plan->knobs, tcp);
}

static void fill_conf(struct sim *sim, struct sim_host *host, struct wr_stack_conf *conf)
{
	const struct sim_host_plan *plan = host->plan;
	struct wr_stack_service *echo;

	memset(conf, 0, sizeof(*conf));
	fill_ip(plan, &conf->ip);
	fill_tcp(sim, plan, &conf->tcp);
	conf->pool = host->pool;
	conf->owner = &host->owner;
	conf->inbox = plan->cores > 1 ? sim->world->inbox[host->index] : NULL;
	conf->key = (struct wr_sipkey) {plan->key[0], plan->key[1]};
	conf->seed = sim->plan->seed + host->index;
	conf->socket = SOCKET_ID_ANY;
	echo = wr_stack_serve(conf, &wr_service_echo);
	echo->port = plan->echo_port;
	echo->options.fastopen = has_fastopen(sim->plan);
}

int sim_host_init(struct sim *sim, unsigned index)
{
	struct sim_host *host = &sim->host[index];
	struct wr_stack_conf conf;
	struct wr_err err;
	enum sim_pool kind;

	host->sim = sim;
	host->plan = &sim->plan->host[index];
	host->index = index;
	host->side = index % SIM_SIDES;
	kind = host->plan->mtu > 1500 ? SIM_POOL_LARGE : SIM_POOL_SMALL;
	if (host->plan->many_bufs)
		kind = SIM_POOL_MANY;
	host->pool = sim_world_pool(sim->world, index, kind);
	host->pool_size = sim->world->pool_size[kind];
	host->hoard = calloc(host->pool_size, sizeof(*host->hoard));
	wr_owner_init(&host->owner, host->plan->cores);
	fill_conf(sim, host, &conf);
	for (unsigned i = 0; i < host->plan->cores; i++) {
		struct sim_core *core = &host->core[i];

		core->host = host;
		core->index = i;
		core->step_ns = SIM_NEVER;
		conf.core = i;
		core->stack = wr_stack_new(&conf, &core->stats, engine_ns(host), &err);
		if (!core->stack) {
			sim_fail(sim, "%s", err.text);
			return -1;
		}
	}
	return 0;
}

static void release(struct sim_core *core, uint64_t now_ns)
{
	struct sim *sim = core->host->sim;

	while (core->tx_count && core->tx[core->tx_head].until_ns <= now_ns) {
		struct sim_held *held = &core->tx[core->tx_head];

		if (sim_digest(0, held->bytes, held->n) != held->digest)
			sim_fail(sim, "a buffer is not written while the NIC holds it");
		rte_pktmbuf_free(held->m);
		core->tx_head = (core->tx_head + 1) % SIM_TX_SLOTS;
		core->tx_count--;
	}
}

static void drop_received(struct sim_core *core)
{
	while (core->rx_head) {
		struct sim_frame *frame = core->rx_head;

		core->rx_head = frame->next;
		free(frame);
	}
}

void sim_host_fini(struct sim_host *host)
{
	for (unsigned i = 0; host->plan && i < host->plan->cores; i++) {
		release(&host->core[i], SIM_NEVER);
		drop_received(&host->core[i]);
		wr_stack_free(host->core[i].stack);
	}
	sim_host_feed(host);
	free(host->hoard);
	if (host->pool && rte_mempool_avail_count(host->pool) != host->pool_size)
		sim_fail(host->sim, "host %u gives all its buffers back: %u of %u", host->index,
		         rte_mempool_avail_count(host->pool), host->pool_size);
}

/* ---- frames in ---- */

void sim_core_receive(struct sim *sim, struct sim_core *core, struct sim_frame *frame)
{
	if (core->rx_count == SIM_RX_SLOTS) {
		free(frame);
		return;
	}
	if (core->rx_tail)
		core->rx_tail->next = frame;
	else
		core->rx_head = frame;
	core->rx_tail = frame;
	core->rx_count++;
	sim_wake(sim, core, sim->now_ns);
}

/* A buffer with the oldest frame's bytes; NULL: the frame is lost for lack of buffers. */
static struct rte_mbuf *take_frame(struct sim *sim, struct sim_core *core, bool *corrupt)
{
	struct sim_frame *frame = core->rx_head;
	struct rte_mbuf *m = rte_pktmbuf_alloc(core->host->pool);

	core->rx_head = frame->next;
	if (!core->rx_head)
		core->rx_tail = NULL;
	core->rx_count--;
	if (m) {
		memcpy(rte_pktmbuf_append(m, (uint16_t)frame->bytes), frame->data,
		       frame->bytes);
		*corrupt = frame->corrupt;
		if (!frame->corrupt)
			sim_watch_arrives(sim, core, frame->data, frame->bytes);
	} else {
		sim_note(sim, !core->host->side, frame->corrupt ? "spoilt" : "nobuf",
		         frame->data, frame->bytes);
	}
	free(frame);
	return m;
}

/* Verdicts that a header with a flipped bit may get. */
static uint64_t malformed(const struct wr_stats *stats)
{
	static const enum wr_verdict verdict[] = {
		WR_V_ip_bad_version,   WR_V_ip_bad_header_length,    WR_V_ip_bad_checksum,
		WR_V_ip_truncated,     WR_V_tcp_bad_offset,          WR_V_tcp_truncated,
		WR_V_tcp_bad_checksum, WR_V_tcp_unfinished_checksum,
	};
	uint64_t sum = 0;

	for (unsigned i = 0; i < WR_LEN(verdict); i++)
		sum += stats->verdict[verdict[i]];
	return sum;
}

static void input_corrupt(struct sim *sim, struct sim_core *core, struct rte_mbuf *m)
{
	uint64_t before = malformed(&core->stats);

	wr_stack_input(core->stack, &m, 1, engine_ns(core->host));
	if (malformed(&core->stats) != before + 1)
		sim_fail(sim, "a frame with a flipped bit is refused for its checksum");
}

/* Work is bounded, whatever came: so much for each frame that came or left. */
static void check_work(struct sim *sim, uint64_t frames, uint64_t blocks)
{
	if (blocks > SIM_WORK_LEAST + frames * SIM_WORK_FRAME)
		sim_fail(sim, "work for a packet is bounded: %" PRIu64 " blocks for %" PRIu64,
		         blocks, frames);
	if (frames && blocks / frames > sim->work_most)
		sim->work_most = blocks / frames;
}

static void take_burst(struct sim *sim, struct sim_core *core)
{
	struct rte_mbuf *burst[WR_STACK_BURST];
	unsigned n = 0, most = core->host->plan->burst;
	uint64_t before, left;

	while (core->rx_head && n < most) {
		bool corrupt = false;
		struct rte_mbuf *m;

		if (core->rx_head->corrupt && n)
			break; /* goes in alone */
		m = take_frame(sim, core, &corrupt);
		if (corrupt) {
			input_corrupt(sim, core, m);
			return;
		}
		if (m)
			burst[n++] = m;
	}
	before = sim_work();
	left = core->stats.n[WR_STAT_tcp_segments_out];
	wr_stack_input(core->stack, burst, n, engine_ns(core->host));
	left = core->stats.n[WR_STAT_tcp_segments_out] - left;
	check_work(sim, n + left, sim_work() - before);
}

/* ---- frames out ---- */

static void to_nic(struct sim *sim, struct sim_core *core, struct rte_mbuf *m)
{
	struct sim_host *host = core->host;
	struct sim_held *held = &core->tx[(core->tx_head + core->tx_count++) % SIM_TX_SLOTS];
	uint8_t chain[65536];
	const uint8_t *bytes = rte_pktmbuf_mtod(m, uint8_t *);
	uint64_t left_ns = host->nic_free_ns > sim->now_ns ? host->nic_free_ns : sim->now_ns;

	left_ns += m->pkt_len * 8ull * 1000000000 / NIC_BPS;
	host->nic_free_ns = left_ns;
	*held = (struct sim_held) {
		.m = m,
		.bytes = bytes,
		.n = m->data_len,
		.until_ns = left_ns + host->plan->hold_ns,
		.digest = sim_digest(0, bytes, m->data_len),
	};
	if (m->nb_segs > 1) {
		wr_chain_copy(chain, m, 0, m->pkt_len);
		bytes = chain;
	}
	sim_watch_sent(sim, host->side, bytes, m->pkt_len);
	sim_path_send(sim, host, bytes, m->pkt_len, left_ns);
}

static unsigned nic_room(const struct sim *sim, const struct sim_core *core)
{
	const struct sim_host_plan *plan = core->host->plan;

	if (!sim_is_calm(sim) && sim_in_window(sim, &plan->tx_full))
		return 0;
	return plan->tx_slots > core->tx_count ? plan->tx_slots - core->tx_count : 0;
}

static bool transmit(struct sim *sim, struct sim_core *core)
{
	struct rte_mbuf *frame[WR_STACK_BURST];
	unsigned n, room;
	bool any = false;

	do {
		n = wr_stack_output(core->stack, frame, WR_LEN(frame));
		room = wr_min(nic_room(sim, core), n);
		if (room < n)
			wr_stack_unsent(core->stack, frame + room, n - room);
		if (room && sim_strikes(sim, core->host->plan->refuse_ppm)) {
			wr_stack_refused(core->stack, 1);
			rte_pktmbuf_free(frame[--room]);
			any = true;
		}
		for (unsigned i = 0; i < room; i++)
			to_nic(sim, core, frame[i]);
		any |= room > 0;
	} while (room && room == n);
	return any;
}

/* ---- rounds ---- */

/* When the NIC's queue next has room for what is staged. */
static uint64_t room_at(const struct sim *sim, const struct sim_core *core)
{
	const struct sim_window *full = &core->host->plan->tx_full;

	if (!core->stats.n[WR_STAT_tx_staged])
		return SIM_NEVER;
	if (!sim_is_calm(sim) && sim_in_window(sim, full))
		return full->to_ns;
	return core->tx_count ? core->tx[core->tx_head].until_ns : sim->now_ns;
}

static void schedule(struct sim *sim, struct sim_core *core, bool busy)
{
	uint64_t deadline = wr_stack_deadline(core->stack);
	uint64_t at = SIM_NEVER, soonest = sim->now_ns + 1000;

	if (deadline != UINT64_MAX) {
		uint64_t base = ahead_ns(core->host);

		at = deadline > base ? deadline - base : 0;
		if (!sim_is_calm(sim) && at > sim->now_ns)
			at += sim_upto(sim, core->host->plan->late_ns);
	}
	at = RTE_MIN(at, sim_apps_deadline(sim, core));
	at = RTE_MIN(at, room_at(sim, core));
	if (sim_strikes(sim, core->host->plan->poll_ppm))
		at = RTE_MIN(at, sim->now_ns + sim_upto(sim, WR_MS(1)));
	if (at == SIM_NEVER)
		return;
	core->idle_rounds = busy || at > sim->now_ns ? 0 : core->idle_rounds + 1;
	soonest += UINT64_C(1000) << RTE_MIN(core->idle_rounds, IDLE_SHIFT);
	sim_wake(sim, core, RTE_MAX(at, soonest));
}

void sim_core_step(struct sim *sim, struct sim_core *core)
{
	bool busy = false, again;
	unsigned rounds = 0;

	core->step_ns = SIM_NEVER;
	sim_host_starve(sim, core->host);
	release(core, sim->now_ns);
	sim_watch_step_begins(sim);
	do {
		again = core->rx_head != NULL;
		take_burst(sim, core);
		again |= wr_stack_tick(core->stack, engine_ns(core->host));
		if (sim_apps_run(sim, core))
			again |= wr_stack_tick(core->stack, engine_ns(core->host));
		again |= transmit(sim, core);
		sim_watch_round(sim, core);
		busy |= again;
	} while (again && rounds++ < 1000 && !sim->failed);
	if (rounds >= 1000)
		sim_fail(sim, "an engine comes to rest when nothing more arrives");
	schedule(sim, core, busy);
}

/* ---- the end ---- */

/* An old ACK with a cookie opened once more what is over: nobody is there to end that. */
static bool has_ghost(const struct sim_core *core)
{
	return sim_sends_cookies(core->host->plan) &&
	       core->stats.connections[WR_TCP_ESTABLISHED];
}

static void check_core_empty(struct sim *sim, struct sim_core *core)
{
	const struct wr_stats *stats = &core->stats;
	unsigned host = core->host->index;

	wr_stack_tick(core->stack,
	              engine_ns(core->host)); /* counts the frames given out last */
	if (wr_stats_unbalanced_in(stats))
		sim_fail(sim, "what came in is the sum of the verdicts: host %u, %" PRId64,
		         host, wr_stats_unbalanced_in(stats));
	if (wr_stats_unbalanced_out(stats))
		sim_fail(sim, "what went out is the sum of the causes: host %u, %" PRId64, host,
		         wr_stats_unbalanced_out(stats));
	if (has_ghost(core))
		return;
	for (unsigned state = WR_TCP_SYN_SENT; state < WR_TCP_STATE_COUNT; state++)
		if (stats->connections[state])
			sim_fail(sim, "no connection is left: host %u, %s", host,
			         wr_tcp_state_name[state]);
	if (stats->n[WR_STAT_tcp_connections_free] != core->host->plan->connections)
		sim_fail(sim, "all connection records are free again: host %u", host);
	if (stats->n[WR_STAT_tcp_ooo_segments])
		sim_fail(sim, "nothing is left out of order: host %u", host);
	if (wr_tcp_deadline(wr_stack_tcp(core->stack)) != UINT64_MAX)
		sim_fail(sim, "no timer is left: host %u", host);
}

void sim_host_check_empty(struct sim *sim, struct sim_host *host)
{
	for (unsigned i = 0; i < host->plan->cores; i++)
		check_core_empty(sim, &host->core[i]);
}
