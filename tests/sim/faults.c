/* SPDX-License-Identifier: BSD-3-Clause */
/* What goes wrong: on the path, and in a host's pool. */

#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>

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

/* ---- predicates ---- */

static bool holds_byte(struct sim *sim, unsigned from, const struct sim_segment *seg,
                       uint32_t byte)
{
	struct sim_flow *flow = &sim->flow[0];
	uint16_t port0 = from == 0 ? seg->sport : seg->dport;
	uint16_t port1 = from == 0 ? seg->dport : seg->sport;
	uint32_t at = seg->seq - flow->side[from].iss - 1;

	return sim_flow_by_port(sim, port0, port1) == flow && seg->text_len && at <= byte &&
	       byte - at < seg->text_len;
}

static bool is_prey(struct sim *sim, unsigned from, const struct sim_rule *rule,
                    const uint8_t *bytes, uint32_t n)
{
	const uint8_t syn_ack = WR_TCP_SYN | WR_TCP_ACK;
	struct sim_segment seg;

	if (rule->prey == SIM_ARPS)
		return bytes[12] == 0x08 && bytes[13] == 0x06;
	if (!sim_decode(bytes, n, &seg))
		return false;
	switch (rule->prey) {
	case SIM_SYNS:
		return (seg.flags & syn_ack) == WR_TCP_SYN;
	case SIM_SYNACKS:
		return (seg.flags & syn_ack) == syn_ack;
	case SIM_FINS:
		return seg.flags & WR_TCP_FIN;
	case SIM_SEGMENT:
		return holds_byte(sim, from, &seg, rule->byte);
	case SIM_ACKS:
		return !seg.text_len && !(seg.flags & (WR_TCP_SYN | WR_TCP_FIN | WR_TCP_RST));
	default:
		return false;
	}
}

static bool caught(struct sim *sim, unsigned from, const uint8_t *bytes, uint32_t n)
{
	struct sim_path *path = &sim->path[from];

	for (unsigned i = 0; i < SIM_RULES; i++) {
		const struct sim_rule *rule = &path->plan->rule[i];

		if (rule->prey == SIM_NO_PREY || path->caught[i] >= rule->count ||
		    !is_prey(sim, from, rule, bytes, n))
			continue;
		path->caught[i]++;
		return true;
	}
	return false;
}

/* ---- the path ---- */

static bool in_a_burst(struct sim *sim, struct sim_path *path)
{
	if (path->in_burst)
		path->in_burst = !sim_chance(sim, path->plan->burst_end_ppm);
	else
		path->in_burst = sim_chance(sim, path->plan->burst_ppm);
	return path->in_burst;
}

static bool is_too_long(const struct sim_path *path, uint32_t n)
{
	return path->plan->mtu && n > path->plan->mtu + sizeof(struct rte_ether_hdr);
}

static bool is_lost(struct sim *sim, unsigned from, const uint8_t *bytes, uint32_t n)
{
	struct sim_path *path = &sim->path[from];

	return is_too_long(path, n) || caught(sim, from, bytes, n) ||
	       sim_in_window(sim, &path->plan->down) || sim_chance(sim, path->plan->loss_ppm) ||
	       in_a_burst(sim, path);
}

static uint64_t waiting_bytes(const struct sim_path *path, uint64_t at_ns)
{
	uint64_t wait_ns = path->free_ns > at_ns ? path->free_ns - at_ns : 0;

	return wait_ns / 8 * (path->plan->rate_bps / 1000) / 1000000;
}

/* Waits for the bottleneck; SIM_NEVER: the queue is full. Returns when it has left. */
static uint64_t through_bottleneck(struct sim_path *path, uint32_t n, uint64_t at_ns)
{
	uint64_t rate = path->plan->rate_bps;
	uint64_t wait_ns = path->free_ns > at_ns ? path->free_ns - at_ns : 0;

	if (waiting_bytes(path, at_ns) + n > path->plan->queue_bytes && wait_ns)
		return SIM_NEVER;
	path->free_ns = at_ns + wait_ns + n * 8ull * 1000000000 / rate;
	return path->free_ns;
}

static void arrive(struct sim *sim, unsigned to, const uint8_t *bytes, uint32_t n,
                   uint64_t at_ns)
{
	struct sim_frame *frame = malloc(sizeof(*frame) + n);
	struct sim_host *host = &sim->host[to];
	struct sim_event event = {.at_ns = at_ns, .kind = SIM_ARRIVAL, .host = to};

	if (!frame)
		abort();
	frame->next = NULL;
	frame->bytes = n;
	frame->corrupt = false;
	memcpy(frame->data, bytes, n);
	event.frame = frame;
	if (host->plan->steer_badly)
		event.core = wr_prng_below(&sim->luck, host->plan->cores);
	if (!sim_is_calm(sim) && sim_chance(sim, sim->path[!to].plan->corrupt_ppm) &&
	    bytes[12] == 0x08 && bytes[13] == 0x00) {
		uint32_t bit = wr_prng_below(&sim->luck, (n - RTE_ETHER_HDR_LEN) * 8);

		frame->data[RTE_ETHER_HDR_LEN + bit / 8] ^= (uint8_t)(1 << bit % 8);
		frame->corrupt = true;
	}
	sim_push(sim, &event);
}

/* The queue marks at once beyond its threshold, as DCTCP wants it: RFC 8257 section 3.1. */
static bool is_marked(const struct sim_path *path, const uint8_t *bytes, uint64_t at_ns)
{
	const struct rte_ipv4_hdr *ip = (const void *)(bytes + RTE_ETHER_HDR_LEN);

	return path->plan->mark_bytes && waiting_bytes(path, at_ns) > path->plan->mark_bytes &&
	       bytes[12] == 0x08 && bytes[13] == 0x00 && (ip->type_of_service & 3);
}

static void mark(uint8_t *bytes)
{
	struct rte_ipv4_hdr *ip = (void *)(bytes + RTE_ETHER_HDR_LEN);

	ip->type_of_service |= 3;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

void sim_path_send(struct sim *sim, unsigned from, const uint8_t *bytes, uint32_t n,
                   uint64_t at_ns)
{
	const struct sim_path_plan *plan = sim->path[from].plan;
	bool calm = sim_is_calm(sim);
	uint64_t left_ns, late_ns = 0;
	uint8_t copy[RTE_ETHER_MAX_JUMBO_FRAME_LEN];

	sim->frames++;
	sim->hash = sim_digest(sim->hash ^ sim->now_ns, bytes, n);
	sim_pcap_frame(sim, bytes, n);
	if (n > sim->host[!from].plan->mtu + (uint32_t)RTE_ETHER_HDR_LEN) {
		sim_note(sim, from, "long", bytes, n);
		return;
	}
	if (!calm && is_lost(sim, from, bytes, n)) {
		sim_note(sim, from, "lost", bytes, n);
		return;
	}
	if (is_marked(&sim->path[from], bytes, at_ns)) {
		memcpy(copy, bytes, n);
		mark(copy);
		bytes = copy;
	}
	left_ns = through_bottleneck(&sim->path[from], n, at_ns);
	if (left_ns == SIM_NEVER) {
		sim_note(sim, from, "full", bytes, n);
		return;
	}
	sim_note(sim, from, ">", bytes, n);
	if (!calm) {
		late_ns = sim_upto(sim, plan->jitter_ns);
		if (sim_chance(sim, plan->reorder_ppm))
			late_ns += sim_upto(sim, plan->reorder_ns);
		if (sim_chance(sim, plan->duplicate_ppm))
			arrive(sim, !from, bytes, n,
			       left_ns + plan->delay_ns + sim_upto(sim, plan->reorder_ns));
	}
	arrive(sim, !from, bytes, n, left_ns + plan->delay_ns + late_ns);
}

/* ---- the pool ---- */

void sim_host_starve(struct sim *sim, struct sim_host *host)
{
	bool starved = !sim_is_calm(sim) && sim_in_window(sim, &host->plan->starved);

	if (!starved) {
		while (host->hoarded)
			rte_pktmbuf_free(host->hoard[--host->hoarded]);
		return;
	}
	while (rte_mempool_avail_count(host->pool) > host->plan->buffers_left) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(host->pool);

		if (!m)
			return;
		host->hoard[host->hoarded++] = m;
	}
}
