/* SPDX-License-Identifier: BSD-3-Clause */
/* What losses cost without SACK, and windows that never grow: what a plan grants for them. */

#include <rte_common.h>

#include "plan.h"
#include "wr_base.h"

#define OVERHEAD 80 /* bytes: headers with all options, at most */
#define FLOOR    48 /* bytes of text to which a black hole shortens segments, at least */

/*
 * Without SACK a lost retransmission waits for a time-out, and without timestamps none of them
 * gives a sample that ends the doubling: where queues, or receivers that keep little out of
 * order, lose for ever that takes for ever.
 */
static void settle_queues(struct sim_plan *plan)
{
	bool repairs = true;

	for (unsigned i = 0; i < plan->hosts; i++)
		repairs &= plan->host[i].sack || plan->host[i].timestamps;
	for (unsigned i = 0; i < plan->hosts && repairs; i++)
		for (unsigned k = 0; k < plan->hosts; k++)
			repairs &= (plan->host[i].sack && plan->host[k].sack) ||
			           (plan->host[i].timestamps && plan->host[k].timestamps);
	for (unsigned i = 0; i < SIM_SIDES && !repairs; i++) {
		plan->path[i].aqm = SIM_TAIL_DROP;
		plan->path[i].queue_bytes = 4 << 20;
	}
	for (unsigned i = 0; i < plan->hosts && !repairs; i++) {
		plan->host[i].ooo_bytes =
			wr_max(plan->host[i].ooo_bytes, plan->host[i].rcv_buf * 2);
		plan->host[i].ooo_pieces = (uint16_t)wr_max(plan->host[i].ooo_pieces, 256);
	}
}

/* Bytes of text in a segment, at least. */
static uint32_t shortest_segment(const struct sim_plan *plan)
{
	uint32_t mtu = UINT16_MAX;

	for (unsigned i = 0; i < plan->hosts; i++)
		mtu = wr_min(mtu, plan->host[i].mtu);
	for (unsigned i = 0; i < SIM_SIDES; i++)
		if (plan->path[i].mtu)
			mtu = wr_min(mtu, plan->path[i].mtu);
	return mtu - OVERHEAD;
}

/* Segments of `bytes` in which an end's text leaves, at most: chunks are not joined. */
static uint64_t most_segments(const struct sim_end_plan *end, uint32_t bytes)
{
	uint32_t pieces = 1 + end->chunk / bytes;

	return (uint64_t)pieces * (end->text / end->chunk + 1);
}

static uint64_t longest_rtt_ns(const struct sim_plan *plan)
{
	uint64_t access_ns = 0;

	for (unsigned i = 0; i < plan->hosts; i++)
		access_ns = RTE_MAX(access_ns, plan->host[i].access_ns);
	return plan->path[0].delay_ns + plan->path[1].delay_ns + 4 * access_ns;
}

/* How long it takes if each segment of the longest text takes a round trip. */
static uint64_t longest_repair_ns(const struct sim_plan *plan)
{
	uint32_t shortest = shortest_segment(plan);
	uint64_t most = 0;

	for (unsigned i = 0; i < plan->flows; i++)
		for (unsigned side = 0; side < SIM_SIDES; side++)
			most = RTE_MAX(most, most_segments(&plan->flow[i].end[side], shortest));
	return most * longest_rtt_ns(plan);
}

/*
 * Windows that do not grow: so many segments each round trip, and a delayed ACK. A link that is
 * down may look like a black hole, and a window that has no room for a probe and what follows
 * it never finds that segments may be longer again, RFC 4821 section 7.4.
 */
static uint64_t longest_fixed_ns(const struct sim_plan *plan)
{
	uint64_t most = 0, delack_ns = 0;

	for (unsigned i = 0; i < plan->hosts; i++)
		delack_ns = RTE_MAX(delack_ns, plan->host[i].delack_us * UINT64_C(1000));
	for (unsigned i = 0; i < plan->flows; i++) {
		const struct sim_flow_plan *flow = &plan->flow[i];

		for (unsigned side = 0; side < SIM_SIDES; side++) {
			const struct sim_host_plan *host = &plan->host[flow->host[side]];
			const struct wr_cc_choice *cc = flow->cc.ops ? &flow->cc : &host->cc;
			uint32_t bytes = host->mtu_probing ? FLOOR : shortest_segment(plan);
			uint64_t segments = most_segments(&flow->end[side], bytes);

			if (cc->ops == &wr_cc_fixed_ops)
				most = RTE_MAX(most, segments / cc->segments + 1);
		}
	}
	return most * (longest_rtt_ns(plan) + delack_ns);
}

/*
 * Without SACK each partial ACK tells of one segment, RFC 6582; who holds all that it may for
 * its own text keeps nothing out of order, and lacks each.
 */
static void settle_bound(struct sim_plan *plan)
{
	bool sack = true;

	for (unsigned i = 0; i < plan->hosts; i++)
		sack &= plan->host[i].sack;
	if (!sack)
		plan->bound_ns += longest_repair_ns(plan);
	plan->bound_ns += longest_fixed_ns(plan);
}

void sim_plan_settle_repairs(struct sim_plan *plan)
{
	settle_queues(plan);
	settle_bound(plan);
}
