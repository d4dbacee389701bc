/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_common.h>

#include "plan.h"
#include "wr_base.h"
#include "wr_prng.h"
#include "wr_tcp.h"
#include "wr_wheel.h"

/*
 * Who does not read may throw away what comes, if all that it may hold is held: windows do not
 * shrink. As time-outs double, the last attempt before R2, 100 s, may come after 40 s.
 */
#define PAUSE_MOST WR_S(40)

static const struct sim_path_plan calm_path = {
	.rate_bps = 100000000,
	.delay_ns = WR_MS(10),
	.queue_bytes = 1 << 20,
};

static const struct sim_host_plan calm_host = {
	.echo_port = 7,
	.cores = 1,
	.connections = 16,
	.mtu = 1500,
	.timestamps = true,
	.sack = true,
	.wscale = true,
	.rack = true,
	.tlp = true,
	.prr = true,
	.frto = true,
	.dsack = true,
	.rcv_buf = 256 << 10,
	.snd_buf = 256 << 10,
	.ooo_bytes = 384 << 10,
	.ooo_pieces = 512,
	.delack_us = 40000,
	.time_wait_us = 60000000,
	.iw_segments = 10,
	.cc = {&wr_cc_cubic_ops, 0},
	.ecn = WR_TCP_ECN_PASSIVE,
	.burst = 64,
	.tx_slots = 512,
};

static const struct sim_end_plan quiet_end = {
	.chunk = 1400,
	.abort_ns = SIM_NEVER,
	.closing = SIM_CLOSE_AFTER_PEER,
};

void sim_plan_calm(struct sim_plan *plan, uint64_t seed)
{
	struct wr_prng prng;
	uint64_t clock_us;

	memset(plan, 0, sizeof(*plan));
	wr_prng_seed(&prng, seed);
	plan->seed = seed;
	clock_us = 1000000 + wr_prng_below(&prng, 1000000000);
	plan->bound_ns = WR_S(1200);
	plan->hosts = SIM_SIDES;
	for (unsigned i = 0; i < SIM_SIDES; i++)
		plan->path[i] = calm_path;
	for (unsigned i = 0; i < SIM_HOSTS; i++) {
		plan->host[i] = calm_host;
		plan->host[i].addr = 0xc6120001 + i; /* 198.18.0.1 and so on */
		plan->host[i].mac[0] = 0x02;
		plan->host[i].mac[SIM_MAC - 1] = (uint8_t)(i + 1);
		plan->host[i].clock_us = clock_us;
		plan->host[i].key[0] = wr_prng_u64(&prng);
		plan->host[i].key[1] = wr_prng_u64(&prng);
	}
	plan->flows = 1;
	for (unsigned i = 0; i < SIM_FLOWS; i++) {
		struct sim_flow_plan *flow = &plan->flow[i];

		flow->host[1] = 1;
		flow->lport = (uint16_t)(40000 + i);
		flow->rport = (uint16_t)(5000 + i);
		flow->end[0] = flow->end[1] = quiet_end;
		flow->end[0].text = 100000;
		flow->end[0].closing = SIM_CLOSE_AFTER_SENDING;
	}
}

/* ---- drawing ---- */

static uint32_t below(struct wr_prng *prng, uint32_t bound)
{
	return wr_prng_below(prng, bound);
}

static bool one_in(struct wr_prng *prng, uint32_t n)
{
	return below(prng, n) == 0;
}

/* 2^low .. 2^high, each power equally likely. */
static uint32_t power(struct wr_prng *prng, unsigned low, unsigned high)
{
	uint32_t base = 1u << (low + below(prng, high - low));

	return base + below(prng, base);
}

static struct sim_window window(struct wr_prng *prng, uint64_t most_ns)
{
	uint64_t from = below(prng, 4000) * WR_MS(1);

	return (struct sim_window) {from, from + below(prng, 1000) * most_ns / 1000};
}

static void draw_path(struct wr_prng *prng, struct sim_path_plan *path)
{
	path->rate_bps = power(prng, 18, 30);
	path->delay_ns = power(prng, 10, 28);
	path->queue_bytes = 20000 + power(prng, 12, 20);
	if (one_in(prng, 3))
		path->loss_ppm = power(prng, 10, 17);
	if (one_in(prng, 5)) {
		path->burst_ppm = power(prng, 8, 14);
		path->burst_end_ppm = power(prng, 16, 19);
	}
	if (one_in(prng, 4))
		path->duplicate_ppm = power(prng, 10, 18);
	if (one_in(prng, 4))
		path->reorder_ppm = power(prng, 10, 19);
	path->reorder_ns = power(prng, 12, 28);
	if (one_in(prng, 6))
		path->jitter_ns = power(prng, 12, 27);
	if (one_in(prng, 5))
		path->corrupt_ppm = power(prng, 10, 17);
	if (one_in(prng, 10))
		path->down = window(prng, WR_S(15));
	for (unsigned i = 0; i < SIM_RULES; i++)
		if (one_in(prng, 8))
			path->rule[i] = (struct sim_rule) {
				.prey = (enum sim_prey)(1 + below(prng, SIM_PREYS - 1)),
				.count = 1 + below(prng, 4),
				.byte = below(prng, 30000),
			};
}

static void draw_host(struct wr_prng *prng, struct sim_host_plan *host)
{
	static const uint16_t mtus[] = {576, 1280, 1500, 1500, 1500, 9000};

	host->cores = one_in(prng, 3) ? 2 : 1;
	host->mtu = one_in(prng, 3) ? (uint16_t)(576 + below(prng, 8425))
	                            : mtus[below(prng, WR_LEN(mtus))];
	host->timestamps = !one_in(prng, 3);
	host->sack = !one_in(prng, 3);
	host->wscale = !one_in(prng, 4);
	host->rcv_buf = one_in(prng, 3) ? power(prng, 12, 16) : power(prng, 15, 20);
	host->snd_buf = one_in(prng, 3) ? power(prng, 13, 16) : power(prng, 15, 20);
	host->ooo_bytes = one_in(prng, 3) ? power(prng, 12, 16) : host->rcv_buf * 2;
	host->ooo_pieces = one_in(prng, 3) ? (uint16_t)power(prng, 1, 6) : 256;
	host->held_bufs = host->mtu > 1500 ? 700 : 3000;
	host->delack_us = one_in(prng, 4) ? 0 : 40000;
	host->time_wait_us = power(prng, 19, 26);
	host->iw_segments = (uint8_t)(1 + below(prng, 10));
	host->steer_badly = host->cores > 1 && !one_in(prng, 3);
	host->burst = one_in(prng, 3) ? 1 + below(prng, 64) : 64;
	if (one_in(prng, 4))
		host->late_ns = power(prng, 12, 26);
	if (one_in(prng, 4))
		host->hold_ns = power(prng, 12, 29);
	if (one_in(prng, 4))
		host->tx_slots = 1 + below(prng, 64);
	/* A NIC of some frames a second makes hosts wait for minutes for what is queued. */
	host->hold_ns = RTE_MIN(host->hold_ns, host->tx_slots * WR_MS(20));
	if (one_in(prng, 8))
		host->refuse_ppm = power(prng, 10, 17);
	if (one_in(prng, 8))
		host->tx_full = window(prng, WR_S(5));
	if (one_in(prng, 8)) {
		host->starved = window(prng, WR_S(5));
		host->buffers_left = below(prng, 20);
	}
}

static void draw_end(struct wr_prng *prng, struct sim_end_plan *end, uint32_t mtu)
{
	end->text = one_in(prng, 5) ? below(prng, 3000) : power(prng, 10, 19);
	end->chunk = one_in(prng, 4) ? 1 + below(prng, 300) : 1 + below(prng, mtu + 400);
	end->chunk = RTE_MAX(end->chunk, end->text / 800 + 1);
	if (one_in(prng, 5) && end->text / end->chunk < 300)
		end->write_ns = power(prng, 14, 25);
	if (one_in(prng, 4)) {
		end->gulp = 1 + end->text / (1 + below(prng, 30));
		end->read_ns = power(prng, 18, 29);
	}
	end->closing = (enum sim_closing)below(prng, 3);
}

/* Reading takes some dozens of gulps, however much there is to read. */
static void settle_reading(struct sim_flow_plan *flow)
{
	uint32_t most = wr_max(flow->end[0].text, flow->end[1].text);

	for (unsigned i = 0; i < SIM_SIDES; i++)
		if (flow->end[i].gulp)
			flow->end[i].gulp = wr_max(flow->end[i].gulp, most / 30);
}

/* Somebody has to close first. */
static void settle_closing(struct wr_prng *prng, struct sim_flow_plan *flow)
{
	struct sim_end_plan *end = flow->end;
	unsigned first = one_in(prng, 3);

	if (flow->echo)
		first = 0;
	if (end[first].closing == SIM_CLOSE_AFTER_PEER)
		end[first].closing = SIM_CLOSE_AFTER_SENDING;
}

static void draw_turns(struct wr_prng *prng, struct sim_flow_plan *flow)
{
	uint32_t turns = 1 + below(prng, 50);

	for (unsigned i = 0; i < SIM_SIDES; i++) {
		struct sim_end_plan *end = &flow->end[i];

		end->turn = 1 + below(prng, 3000);
		end->text = end->turn * turns;
		end->chunk = RTE_MAX(end->chunk, end->turn / 20 + 1);
		end->write_ns = 0;
		end->closing = SIM_CLOSE_AFTER_ALL;
	}
}

static void draw_flow(struct wr_prng *prng, struct sim_plan *plan, struct sim_flow_plan *flow)
{
	uint32_t mtu;

	for (unsigned i = 0; i < SIM_SIDES; i++)
		flow->host[i] = (uint8_t)(i + SIM_SIDES * below(prng, plan->hosts / SIM_SIDES));
	mtu = wr_min(plan->host[flow->host[0]].mtu, plan->host[flow->host[1]].mtu);
	flow->start_ns = below(prng, 2000) * WR_MS(1);
	flow->nodelay = one_in(prng, 2);
	for (unsigned i = 0; i < SIM_SIDES; i++)
		draw_end(prng, &flow->end[i], mtu);
	switch (below(prng, 8)) {
	case 0:
	case 1:
		flow->echo = true;
		flow->rport = plan->host[flow->host[1]].echo_port;
		flow->end[0].closing =
			one_in(prng, 2) ? SIM_CLOSE_AFTER_SENDING : SIM_CLOSE_AFTER_ALL;
		break;
	case 2:
		draw_turns(prng, flow);
		break;
	case 3:
		flow->end[one_in(prng, 2)].text = 0; /* bulk one way */
		break;
	case 4:
		flow->simultaneous = true;
		break;
	case 5:
		flow->keepalive = true;
		flow->end[one_in(prng, 2)].abort_ns =
			flow->start_ns + below(prng, 3000) * WR_MS(1);
		break;
	default:
		break;
	}
	settle_closing(prng, flow);
	settle_reading(flow);
	if (!flow->simultaneous && one_in(prng, 2))
		flow->lport = 0;
}

static void draw_choice(struct wr_prng *prng, struct wr_cc_choice *cc)
{
	unsigned algorithms = 0;

	while (wr_cc_all[algorithms])
		algorithms++;
	cc->ops = wr_cc_all[below(prng, algorithms)];
	cc->segments = cc->ops->segments ? 1 + below(prng, 64) : 0;
}

/* Congestion control of hosts and, now and then, of one connection; what queues do. */
static void draw_congestion(struct wr_prng *prng, struct sim_plan *plan)
{
	for (unsigned i = 0; i < plan->hosts; i++) {
		struct sim_host_plan *host = &plan->host[i];

		draw_choice(prng, &host->cc);
		host->ecn = (uint8_t)below(prng, WR_TCP_ECN_ACCECN_PASSIVE + 1);
		host->pacing = one_in(prng, 3);
		host->rates = true;
	}
	for (unsigned i = 0; i < plan->flows; i++)
		if (one_in(prng, 4))
			draw_choice(prng, &plan->flow[i].cc);
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		struct sim_path_plan *path = &plan->path[i];

		if (one_in(prng, 2))
			continue;
		path->aqm = (uint8_t)(1 + below(prng, SIM_AQMS - 1));
		path->mark_bytes = power(prng, 12, 17);
		path->target_ns = power(prng, 19, 25);
	}
}

/* Trouble that is not of the first days of the simulator. */
static void draw_more_trouble(struct wr_prng *prng, struct sim_plan *plan)
{
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		struct sim_path_plan *path = &plan->path[i];

		if (path->burst_ppm && one_in(prng, 2))
			path->burst_loss_ppm = power(prng, 16, 19);
		if (one_in(prng, 8))
			path->stale_ppm = power(prng, 10, 15);
		if (one_in(prng, 8))
			path->mtu = (uint16_t)(576 + below(prng, 1500));
	}
	for (unsigned i = 0; i < plan->hosts; i++) {
		struct sim_host_plan *host = &plan->host[i];

		if (one_in(prng, 3))
			host->access_ns = power(prng, 12, 25);
		if (one_in(prng, 8))
			host->fail_ppm = power(prng, 10, 16);
		if (one_in(prng, 8))
			host->poll_ppm = power(prng, 14, 19);
		if (one_in(prng, 8)) {
			host->jump_at_ns = below(prng, 4000) * WR_MS(1);
			host->jump_ns = power(prng, 10, 30) * 16ull;
		}
	}
}

/* What else a host may be configured to. */
static void draw_knobs(struct wr_prng *prng, struct sim_plan *plan)
{
	for (unsigned i = 0; i < plan->hosts; i++) {
		struct sim_host_plan *host = &plan->host[i];

		host->rack = !one_in(prng, 4);
		host->tlp = !one_in(prng, 4);
		host->prr = !one_in(prng, 4);
		host->frto = !one_in(prng, 4);
		host->dsack = !one_in(prng, 4);
		host->mtu_probing = (uint8_t)below(prng, WR_TCP_MTU_PROBING_ALWAYS + 1);
		if (one_in(prng, 3))
			host->rcv_buf_max = power(prng, 16, 21);
		if (one_in(prng, 3))
			host->snd_buf_max = power(prng, 16, 20);
	}
	for (unsigned i = 0; i < SIM_SIDES; i++) {
		bool probing = true;

		for (unsigned h = i; h < plan->hosts; h += SIM_SIDES)
			probing &= plan->host[h].mtu_probing != WR_TCP_MTU_PROBING_OFF;
		plan->path[i].blackhole = probing && one_in(prng, 2);
		/* Probing finds paths that take the base MTU, RFC 4821 section 7.2. */
		if (plan->path[i].blackhole && plan->path[i].mtu)
			plan->path[i].mtu = (uint16_t)wr_max(plan->path[i].mtu, 1100);
	}
}

/* Hosts that never keep half-open connections need a client that speaks first. */
static bool clients_speak(const struct sim_plan *plan)
{
	for (unsigned i = 0; i < plan->flows; i++) {
		const struct sim_end_plan *end = &plan->flow[i].end[0];

		if (end->text == 0 && end->closing != SIM_CLOSE_AFTER_SENDING)
			return false;
	}
	return plan->path[0].stale_ppm == 0; /* their ghosts would open connections again */
}

/* What the configuration knows besides; long pauses; paths that become narrow. */
static void draw_the_rest(struct wr_prng *prng, struct sim_plan *plan)
{
	bool cookies = clients_speak(plan), always = false;

	for (unsigned i = 0; i < plan->hosts; i++) {
		struct sim_host_plan *host = &plan->host[i];

		sim_knobs_draw(&host->knobs, prng, host->rcv_buf);
		if (!cookies)
			host->knobs.syn_cookies %= WR_TCP_COOKIES_ALWAYS;
		always |= host->knobs.syn_cookies == WR_TCP_COOKIES_ALWAYS;
		/* Without a record for repairs the first SACK heard may be a ghost's. */
		if (plan->path[0].stale_ppm || plan->path[1].stale_ppm)
			host->knobs.repairs = 8;
		if (one_in(prng, 4))
			host->held_bufs /= 2;
	}
	for (unsigned i = 0; i < SIM_SIDES; i++)
		if (one_in(prng, 2))
			plan->path[i].mtu_from_ns = below(prng, 4000) * WR_MS(1);
	for (unsigned i = 0; i < plan->flows; i++) {
		struct sim_end_plan *end = &plan->flow[i].end[one_in(prng, 2)];

		/* Who was reset, or waited for too long, may not hear of it. */
		plan->flow[i].keepalive |= always || plan->flow[i].end[0].text == 0;
		if (!one_in(prng, 6))
			continue;
		end->pause_at = 1 + below(prng, 100000);
		end->pause_ns = RTE_MIN(power(prng, 0, 6) * WR_S(1), PAUSE_MOST);
	}
}

/* The engine's own times pass 2^31 and 2^32 us, 2^32 ms, 2^32 ticks of the timing wheel. */
static void draw_clocks(struct wr_prng *prng, struct sim_plan *plan)
{
	static const uint64_t wrap_us[] = {UINT64_C(1) << 31, UINT64_C(1) << 32,
	                                   (UINT64_C(1) << 32) * 1000,
	                                   UINT64_C(1) << (32 + WR_TICK_SHIFT)};

	for (unsigned i = 0; i < plan->hosts; i++)
		if (one_in(prng, 3))
			plan->host[i].clock_us =
				wrap_us[below(prng, WR_LEN(wrap_us))] - below(prng, 40000000);
}

/* Flows to one service of one host have one key, or none. */
static bool shares_key(const struct sim_flow_plan *a, const struct sim_flow_plan *b)
{
	return a->host[0] == b->host[0] && a->host[1] == b->host[1] && a->rport == b->rport;
}

/* Signatures leave no room for timestamps; so all have SACK: see settle_queues(). */
static void draw_signatures(struct wr_prng *prng, struct sim_plan *plan)
{
	bool sack = true;

	plan->sign_key = wr_prng_u64(prng);
	for (unsigned i = 0; i < plan->hosts; i++)
		sack &= plan->host[i].sack;
	for (unsigned i = 0; i < plan->flows; i++) {
		plan->flow[i].sign = one_in(prng, 5) && sack;
		for (unsigned k = 0; k < i; k++)
			if (shares_key(&plan->flow[k], &plan->flow[i]))
				plan->flow[i].sign = plan->flow[k].sign;
	}
}

static void move_start(struct sim_flow_plan *flow, uint64_t start_ns)
{
	for (unsigned side = 0; side < SIM_SIDES; side++)
		if (flow->end[side].abort_ns != SIM_NEVER)
			flow->end[side].abort_ns += start_ns - flow->start_ns;
	flow->start_ns = start_ns;
}

/*
 * One flow after the other, so that all but the first may know the cookie.
 *
 * Not where segments are half a minute late: an old SYN would bring its text once more, RFC
 * 7413 section 2.1, and these applications count what they get.
 */
static void draw_fast_open(struct wr_prng *prng, struct sim_plan *plan)
{
	bool any = one_in(prng, 3) && !plan->path[0].stale_ppm;
	uint64_t start_ns = plan->flow[0].start_ns;

	for (unsigned i = 0; i < plan->hosts; i++)
		plan->host[i].knobs.fastopen_pending = one_in(prng, 4) ? 1 + below(prng, 2) : 0;
	for (unsigned i = 0; i < plan->flows && any; i++) {
		struct sim_flow_plan *flow = &plan->flow[i];

		flow->fastopen = !one_in(prng, 6) && !flow->simultaneous;
		if (i > 0)
			move_start(flow, start_ns += below(prng, 1000) * WR_MS(1));
	}
}

static bool has_abort(const struct sim_flow_plan *flow)
{
	return flow->end[0].abort_ns != SIM_NEVER || flow->end[1].abort_ns != SIM_NEVER;
}

/*
 * More flows to one listener, so that it may be full. None that aborts: an echo has no
 * keep-alive, so that it may never hear of that.
 */
static void draw_company(struct wr_prng *prng, struct sim_plan *plan, unsigned host)
{
	for (unsigned i = 1; i < plan->flows; i++) {
		struct sim_flow_plan *flow = &plan->flow[i];

		if (flow->host[1] != host || flow->simultaneous || flow->end[0].turn ||
		    one_in(prng, 2) || has_abort(flow))
			continue;
		flow->echo = true;
		flow->rport = plan->host[host].echo_port;
		if (flow->end[0].closing == SIM_CLOSE_AFTER_PEER)
			flow->end[0].closing = SIM_CLOSE_AFTER_ALL;
	}
}

static void draw_limits(struct wr_prng *prng, struct sim_plan *plan)
{
	for (unsigned host = 1; host < plan->hosts; host += SIM_SIDES) {
		if (!one_in(prng, 5))
			continue;
		sim_knobs_draw_limits(&plan->host[host].knobs, prng);
		draw_company(prng, plan, host);
		for (unsigned i = 0; i < plan->flows; i++)
			plan->flow[i].keepalive = true; /* who was refused may not hear of it */
		for (unsigned i = 1; i < plan->flows; i++) /* they must meet */
			move_start(&plan->flow[i],
			           plan->flow[0].start_ns + below(prng, 200) * WR_MS(1));
	}
}

static void draw_wrap(struct wr_prng *prng, struct sim_plan *plan)
{
	uint32_t wrap = one_in(prng, 2) ? 0 : 1u << 31;

	if (!plan->flow[0].lport)
		plan->flow[0].lport = 40000;
	/* Before it, or a little beyond. */
	sim_plan_near_wrap(plan, wrap,
	                   one_in(prng, 4) ? -below(prng, 100) : below(prng, 20000));
	if (one_in(prng, 4))
		sim_plan_near_stamp(plan, wrap, below(prng, 3000));
}

void sim_plan_draw(struct sim_plan *plan, uint64_t seed)
{
	struct wr_prng prng;

	sim_plan_calm(plan, seed);
	wr_prng_seed(&prng, seed ^ 0x737761726d);
	plan->calm_ns = WR_S(5) + below(&prng, 30) * WR_S(1);
	plan->hosts = one_in(&prng, 6) ? SIM_HOSTS : SIM_SIDES;
	for (unsigned i = 0; i < SIM_SIDES; i++)
		draw_path(&prng, &plan->path[i]);
	for (unsigned i = 0; i < plan->hosts; i++)
		draw_host(&prng, &plan->host[i]);
	if (!one_in(&prng, 3)) { /* most paths are alike in both directions */
		plan->path[1].rate_bps = plan->path[0].rate_bps;
		plan->path[1].delay_ns = plan->path[0].delay_ns;
	}
	plan->flows = 1 + below(&prng, SIM_DRAWN);
	for (unsigned i = 0; i < plan->flows; i++)
		draw_flow(&prng, plan, &plan->flow[i]);
	draw_congestion(&prng, plan);
	draw_more_trouble(&prng, plan);
	draw_knobs(&prng, plan);
	draw_the_rest(&prng, plan);
	draw_clocks(&prng, plan);
	if (one_in(&prng, 3))
		draw_wrap(&prng, plan);
	draw_limits(&prng, plan);
	draw_fast_open(&prng, plan);
	draw_signatures(&prng, plan);
	sim_plan_settle_repairs(plan);
}
