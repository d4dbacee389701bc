/* SPDX-License-Identifier: BSD-3-Clause */
/* What goes wrong: by chance, by what a frame is, in a host's pool. */

#include <string.h>

#include "sim.h"

#define MILLION 1000000

bool sim_chance(struct sim *sim, uint32_t ppm)
{
	return ppm && wr_prng_below(&sim->luck, MILLION) < ppm;
}

uint64_t sim_upto(struct sim *sim, uint64_t ns)
{
	return ns ? wr_prng_u64(&sim->luck) % (ns + 1) : 0;
}

bool sim_in_window(const struct sim *sim, const struct sim_window *window)
{
	return sim->now_ns >= window->from_ns && sim->now_ns < window->to_ns;
}

/* Each fault has a number; a shortened schedule keeps some of them. */
static bool is_kept(struct sim *sim)
{
	const struct sim_kept *kept = &sim->plan->kept;
	uint32_t number = ++sim->faults;

	for (unsigned i = 0; i < kept->count; i++)
		if (number >= kept->range[i].first && number <= kept->range[i].last)
			return true;
	return !kept->only;
}

bool sim_strikes(struct sim *sim, uint32_t ppm)
{
	return !sim_is_calm(sim) && sim_chance(sim, ppm) && is_kept(sim);
}

/* ---- predicates ---- */

static bool holds_byte(struct sim *sim, unsigned from, const struct sim_segment *seg,
                       uint32_t byte)
{
	struct sim_flow *flow = &sim->flow[0];
	uint32_t at = seg->seq - flow->side[from].iss - 1;

	return sim_flow_of(sim, from, seg) == flow && seg->text_len && at <= byte &&
	       byte - at < seg->text_len;
}

static bool begins_beyond(struct sim *sim, unsigned from, const struct sim_segment *seg,
                          uint32_t byte)
{
	const struct sim_side *us = &sim->flow[0].side[from];

	return sim_flow_of(sim, from, seg) == &sim->flow[0] && seg->text_len && !us->again &&
	       seg->seq - us->iss - 1 >= byte;
}

/* Text: was it sent before, or is it new although there is text to be sent again? */
static bool is_old_or_beyond(struct sim *sim, unsigned from, const struct sim_segment *seg,
                             enum sim_prey prey)
{
	struct sim_flow *flow = sim_flow_of(sim, from, seg);
	const struct sim_side *us;

	if (!flow || !seg->text_len)
		return false;
	us = &flow->side[from];
	if (prey == SIM_AGAIN)
		return us->again;
	return us->recovery_end && !us->again && us->una < us->recovery_end;
}

static bool is_prey(struct sim *sim, unsigned from, const struct sim_rule *rule,
                    const uint8_t *bytes, uint32_t n)
{
	const uint8_t syn_ack = WR_TCP_SYN | WR_TCP_ACK;
	struct sim_segment seg;
	bool pure;

	if (rule->prey == SIM_ARPS)
		return bytes[12] == 0x08 && bytes[13] == 0x06;
	if (!sim_decode(bytes, n, &seg))
		return false;
	pure = !seg.text_len && !(seg.flags & (WR_TCP_SYN | WR_TCP_FIN | WR_TCP_RST));
	switch (rule->prey) {
	case SIM_SYNS:
		return (seg.flags & syn_ack) == WR_TCP_SYN;
	case SIM_SYNACKS:
		return (seg.flags & syn_ack) == syn_ack;
	case SIM_FINS:
		return seg.flags & WR_TCP_FIN;
	case SIM_SEGMENT:
		return holds_byte(sim, from, &seg, rule->byte);
	case SIM_FROM:
		return begins_beyond(sim, from, &seg, rule->byte);
	case SIM_ACKS:
		return pure;
	case SIM_AGAIN:
	case SIM_BEYOND:
		return is_old_or_beyond(sim, from, &seg, rule->prey);
	case SIM_UPDATES:
		return pure && sim->updates_window;
	case SIM_RESETS:
		return seg.flags & WR_TCP_RST;
	default:
		return false;
	}
}

static bool caught(struct sim *sim, struct sim_path *path, const uint8_t *bytes, uint32_t n)
{
	for (unsigned i = 0; i < SIM_RULES; i++) {
		const struct sim_rule *rule = &path->plan->rule[i];

		if (rule->prey == SIM_NO_PREY || path->caught[i] >= rule->count ||
		    !is_prey(sim, path->side, rule, bytes, n) || !is_kept(sim))
			continue;
		if (!sim->caught_ns)
			sim->caught_ns = sim->now_ns;
		path->caught[i]++;
		return true;
	}
	return false;
}

/* ---- loss on the way ---- */

/* Gilbert and Elliott: two states, of which one loses. */
static bool in_a_burst(struct sim *sim, struct sim_path *path)
{
	const struct sim_path_plan *plan = path->plan;

	path->in_burst = path->in_burst ? !sim_chance(sim, plan->burst_end_ppm)
	                                : sim_chance(sim, plan->burst_ppm);
	return path->in_burst &&
	       sim_strikes(sim, plan->burst_loss_ppm ? plan->burst_loss_ppm : MILLION);
}

/* Each so many-th frame with text: what the models of congestion control assume. */
static bool is_its_turn(struct sim_path *path, const uint8_t *bytes, uint32_t n)
{
	struct sim_segment seg;

	return path->plan->every && sim_decode(bytes, n, &seg) && seg.text_len &&
	       ++path->texts % path->plan->every == 0;
}

bool sim_path_loses(struct sim *sim, struct sim_path *path, const uint8_t *bytes, uint32_t n)
{
	return caught(sim, path, bytes, n) || sim_in_window(sim, &path->plan->down) ||
	       is_its_turn(path, bytes, n) || sim_strikes(sim, path->plan->loss_ppm) ||
	       in_a_burst(sim, path);
}

/* ---- the pool ---- */

static void hoard_all_but(struct sim_host *host, unsigned left)
{
	unsigned there = rte_mempool_avail_count(host->pool);

	if (there > left &&
	    !rte_pktmbuf_alloc_bulk(host->pool, host->hoard + host->hoarded, there - left))
		host->hoarded += there - left;
}

void sim_host_feed(struct sim_host *host)
{
	rte_pktmbuf_free_bulk(host->hoard, host->hoarded);
	host->hoarded = 0;
}

void sim_host_starve(struct sim *sim, struct sim_host *host)
{
	if (!sim_is_calm(sim) && sim_in_window(sim, &host->plan->starved))
		hoard_all_but(host, host->plan->buffers_left);
	else if (sim_strikes(sim, host->plan->fail_ppm))
		hoard_all_but(host, wr_prng_below(&sim->luck, 8));
	else
		sim_host_feed(host);
}
