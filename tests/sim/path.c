/* SPDX-License-Identifier: BSD-3-Clause */
/* The way from one side to the other: a queue, a bottleneck, a link and what it
 * does to frames. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>

#include "sim.h"

#define ROUTER     0xfe /* last byte of who sends ICMP errors */
#define ICMP_DELAY WR_MS(1)
#define QUOTED     28 /* bytes: IPv4 header and 8 more */
#define STALE_NS   WR_S(30)

/* ---- the queue before the bottleneck ---- */

static uint64_t wait_ns(const struct sim_path *path, uint64_t at_ns)
{
	return path->free_ns > at_ns ? path->free_ns - at_ns : 0;
}

static uint64_t waiting_bytes(const struct sim_path *path, uint64_t at_ns)
{
	return wait_ns(path, at_ns) / 8 * (path->plan->rate_bps / 1000) / 1000000;
}

/* RFC 8289 section 5.4: the next drop comes sooner, the more there were. */
static uint64_t control_law(uint64_t from_ns, uint64_t interval_ns, uint32_t count)
{
	return from_ns + (uint64_t)((double)interval_ns / sqrt(count));
}

/*
 * CoDel decides when a frame leaves the queue. The queue is first in, first
 * out, and the rate is fixed: so when it leaves is known when it comes, and the
 * frames before it are decided.
 */
static bool codel_objects(struct sim_path *path, uint64_t at_ns)
{
	struct sim_codel *codel = &path->codel;
	uint64_t sojourn_ns = wait_ns(path, at_ns), now_ns = at_ns + sojourn_ns;
	uint64_t interval_ns = 20 * path->plan->target_ns;
	bool ok = false;

	if (sojourn_ns < path->plan->target_ns || waiting_bytes(path, at_ns) <= 1514)
		codel->first_above_ns = 0;
	else if (!codel->first_above_ns)
		codel->first_above_ns = now_ns + interval_ns;
	else
		ok = now_ns >= codel->first_above_ns;
	if (!ok) {
		codel->dropping = false;
		return false;
	}
	if (codel->dropping) {
		if (now_ns < codel->next_ns)
			return false;
		codel->next_ns = control_law(codel->next_ns, interval_ns, ++codel->count);
		return true;
	}
	codel->dropping = true;
	codel->count = codel->count - codel->last_count > 1 &&
	                               now_ns - codel->next_ns < 16 * interval_ns
	                       ? codel->count - codel->last_count
	                       : 1;
	codel->last_count = codel->count;
	codel->next_ns = control_law(now_ns, interval_ns, codel->count);
	return true;
}

/* The mean queue, as if small frames had found it empty while it was. */
static void average_queue(struct sim_path *path, uint64_t at_ns)
{
	const double weight = 0.002;

	if (path->free_ns < at_ns)
		path->red_mean *= pow(1 - weight, (double)(at_ns - path->free_ns) / 1e9 *
		                                          (double)path->plan->rate_bps / 800);
	path->red_mean += weight * ((double)waiting_bytes(path, at_ns) - path->red_mean);
}

/* A chance that grows with the mean queue: at 3 thresholds 1/10, at 6 surely. */
static bool red_objects(struct sim *sim, struct sim_path *path, uint64_t at_ns)
{
	double low = path->plan->mark_bytes, chance;

	average_queue(path, at_ns);
	if (path->red_mean <= low)
		return false;
	if (path->red_mean < 3 * low)
		chance = 0.1 * (path->red_mean - low) / (2 * low);
	else
		chance = 0.1 + 0.9 * (path->red_mean - 3 * low) / (3 * low);
	return sim_chance(sim, (uint32_t)(fmin(chance, 1) * 1e6));
}

static bool aqm_objects(struct sim *sim, struct sim_path *path, uint64_t at_ns)
{
	const struct sim_path_plan *plan = path->plan;

	switch (plan->aqm) {
	case SIM_THRESHOLD:
		return plan->mark_bytes && waiting_bytes(path, at_ns) > plan->mark_bytes;
	case SIM_CODEL:
		return codel_objects(path, at_ns);
	case SIM_RED:
		return red_objects(sim, path, at_ns);
	default:
		return false;
	}
}

static bool is_ip(const uint8_t *bytes)
{
	return bytes[12] == 0x08 && bytes[13] == 0x00;
}

static bool may_mark(const uint8_t *bytes)
{
	const struct rte_ipv4_hdr *ip = (const void *)(bytes + RTE_ETHER_HDR_LEN);

	return is_ip(bytes) && (ip->type_of_service & 3);
}

static void mark(uint8_t *bytes)
{
	struct rte_ipv4_hdr *ip = (void *)(bytes + RTE_ETHER_HDR_LEN);

	ip->type_of_service |= 3;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

/* The frame queues up, perhaps marked. When it has left; SIM_NEVER: it is lost. */
static uint64_t through_bottleneck(struct sim *sim, struct sim_path *path, uint8_t *bytes,
                                   uint32_t n, uint64_t at_ns)
{
	uint64_t wait = wait_ns(path, at_ns);

	if (wait && waiting_bytes(path, at_ns) + n > path->plan->queue_bytes)
		return SIM_NEVER;
	if (aqm_objects(sim, path, at_ns)) {
		if (may_mark(bytes))
			mark(bytes);
		else if (path->plan->aqm != SIM_THRESHOLD)
			return SIM_NEVER;
	}
	path->free_ns = at_ns + wait + n * 8ull * 1000000000 / path->plan->rate_bps;
	return path->free_ns;
}

/* ---- arrival ---- */

/* The frame, or with `corrupt` one that differs in a bit. */
static void arrive_at(struct sim *sim, struct sim_host *to, const uint8_t *bytes, uint32_t n,
                      uint64_t at_ns, bool corrupt)
{
	struct sim_frame *frame = malloc(sizeof(*frame) + n);
	struct sim_event event = {.at_ns = at_ns, .kind = SIM_ARRIVAL, .host = to->index};

	if (!frame)
		abort();
	frame->next = NULL;
	frame->bytes = n;
	frame->corrupt = corrupt;
	memcpy(frame->data, bytes, n);
	event.frame = frame;
	if (to->plan->steer_badly)
		event.core = wr_prng_below(&sim->luck, to->plan->cores);
	if (corrupt) {
		uint32_t bit = wr_prng_below(&sim->luck, (n - RTE_ETHER_HDR_LEN) * 8);

		frame->data[RTE_ETHER_HDR_LEN + bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	sim_push(sim, &event);
}

static bool is_for(const struct sim_host *host, const uint8_t *bytes)
{
	return memcmp(bytes, host->plan->mac, SIM_MAC) == 0;
}

/* At whom it is addressed to, all of the other side if at everybody. */
static void arrive(struct sim *sim, struct sim_host *from, const uint8_t *bytes, uint32_t n,
                   uint64_t at_ns)
{
	uint32_t corrupt_ppm = sim->path[from->side].plan->corrupt_ppm;

	for (unsigned i = !from->side; i < sim->plan->hosts; i += SIM_SIDES) {
		struct sim_host *to = &sim->host[i];
		bool corrupt;

		if (!(bytes[0] & 1) && !is_for(to, bytes))
			continue;
		corrupt = is_ip(bytes) && sim_strikes(sim, corrupt_ppm);
		arrive_at(sim, to, bytes, n,
		          at_ns + from->plan->access_ns + to->plan->access_ns, corrupt);
	}
}

/* RFC 1191 section 4: "fragmentation needed and DF set", with the MTU of the next hop. */
static void tell_mtu(struct sim *sim, struct sim_host *to, const uint8_t *bytes, uint32_t n,
                     uint16_t mtu, uint64_t at_ns)
{
	uint8_t out[RTE_ETHER_HDR_LEN + sizeof(struct rte_ipv4_hdr) + 8 + QUOTED] = {0};
	struct rte_ether_hdr *ether = (void *)out;
	struct rte_ipv4_hdr *ip = (void *)(ether + 1);
	uint8_t *icmp = (void *)(ip + 1);
	struct sim_segment seg;
	struct sim_flow *flow;
	uint16_t sum;

	if (sim_decode(bytes, n, &seg) && (flow = sim_flow_of(sim, to->side, &seg)))
		flow->side[to->side].heard = true; /* what comes again then answers it */
	memcpy(&ether->dst_addr, bytes + RTE_ETHER_ADDR_LEN, RTE_ETHER_ADDR_LEN);
	memcpy(&ether->src_addr, bytes, RTE_ETHER_ADDR_LEN);
	ether->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16(sizeof(out) - RTE_ETHER_HDR_LEN);
	ip->time_to_live = 64;
	ip->next_proto_id = IPPROTO_ICMP;
	ip->src_addr = rte_cpu_to_be_32((to->plan->addr & 0xffffff00) | ROUTER);
	ip->dst_addr = rte_cpu_to_be_32(to->plan->addr);
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	icmp[0] = 3;
	icmp[1] = 4;
	icmp[6] = (uint8_t)(mtu >> 8);
	icmp[7] = (uint8_t)mtu;
	memcpy(icmp + 8, bytes + RTE_ETHER_HDR_LEN, QUOTED);
	sum = (uint16_t)~rte_raw_cksum(icmp, 8 + QUOTED);
	memcpy(icmp + 2, &sum, sizeof(sum));
	sim_pcap_frame(sim, out, sizeof(out));
	sim_note(sim, !to->side, "icmp", out, sizeof(out));
	arrive_at(sim, to, out, sizeof(out), at_ns + ICMP_DELAY, false);
}

/* ---- the link ---- */

/* Late, twice, or very late once more. */
static void through_link(struct sim *sim, struct sim_host *from, const uint8_t *bytes,
                         uint32_t n, uint64_t left_ns)
{
	const struct sim_path_plan *plan = sim->path[from->side].plan;
	uint64_t there_ns = left_ns + plan->delay_ns, late_ns = 0;

	if (!sim_is_calm(sim)) {
		late_ns = sim_upto(sim, plan->jitter_ns);
		if (sim_strikes(sim, plan->reorder_ppm))
			late_ns += sim_upto(sim, plan->reorder_ns);
		if (sim_strikes(sim, plan->duplicate_ppm))
			arrive(sim, from, bytes, n, there_ns + sim_upto(sim, plan->reorder_ns));
		if (sim_strikes(sim, plan->stale_ppm))
			arrive(sim, from, bytes, n, there_ns + sim_upto(sim, STALE_NS));
	}
	arrive(sim, from, bytes, n, there_ns + late_ns);
}

/* Too long for the link, or for the cable of whom it is for. */
static bool is_too_long(struct sim *sim, struct sim_host *from, const uint8_t *bytes,
                        uint32_t n, uint64_t at_ns)
{
	const struct sim_path_plan *plan = sim->path[from->side].plan;
	bool narrow = plan->mtu && sim->now_ns >= plan->mtu_from_ns;
	uint32_t mtu = narrow ? plan->mtu : UINT16_MAX;

	for (unsigned i = !from->side; i < sim->plan->hosts; i += SIM_SIDES)
		if (is_for(&sim->host[i], bytes))
			mtu = RTE_MIN(mtu, sim->plan->host[i].mtu);
	if (n <= mtu + RTE_ETHER_HDR_LEN)
		return false;
	sim_note(sim, from->side, "long", bytes, n);
	if (narrow && !plan->blackhole)
		tell_mtu(sim, from, bytes, n, plan->mtu, at_ns);
	return true;
}

void sim_path_send(struct sim *sim, struct sim_host *from, const uint8_t *bytes, uint32_t n,
                   uint64_t at_ns)
{
	struct sim_path *path = &sim->path[from->side];
	uint8_t copy[RTE_ETHER_MAX_JUMBO_FRAME_LEN];
	uint64_t left_ns;

	sim->frames++;
	sim->hash = sim_digest(sim->hash ^ sim->now_ns, bytes, n);
	sim_pcap_frame(sim, bytes, n);
	if (is_too_long(sim, from, bytes, n, at_ns))
		return;
	if (!sim_is_calm(sim) && sim_path_loses(sim, path, bytes, n)) {
		sim_note(sim, from->side, "lost", bytes, n);
		return;
	}
	memcpy(copy, bytes, n);
	left_ns = through_bottleneck(sim, path, copy, n, at_ns);
	if (left_ns == SIM_NEVER) {
		sim_note(sim, from->side, "full", bytes, n);
		return;
	}
	sim_note(sim, from->side, ">", copy, n);
	through_link(sim, from, copy, n, left_ns);
}
