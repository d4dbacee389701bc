/* SPDX-License-Identifier: BSD-3-Clause */
/* How long time-outs are, RFC 6298, and which resets leave, RFC 9293 section 3.5.2. */

#include "sim.h"

#define RTO_LEAST_NS  WR_MS(200)
#define RTO_CAPPED_NS WR_S(60)
#define ARP_NS        WR_S(3)  /* what waited for ARP left later than the engine thinks */
#define TICKS_NS      WR_MS(1) /* the wheel's, and more */

/* ---- time-outs ---- */

bool sim_host_is_punctual(const struct sim_host *host)
{
	const struct sim_host_plan *plan = host->plan;

	return plan->tx_slots >= 64 && !plan->hold_ns && !plan->refuse_ppm && !plan->fail_ppm &&
	       !plan->jump_ns && plan->tx_full.from_ns == plan->tx_full.to_ns &&
	       plan->starved.from_ns == plan->starved.to_ns;
}

/* The oldest byte leaves once more, and nothing has come since the last time. */
static void check_silence(struct sim *sim, struct sim_flow *flow, unsigned from)
{
	struct sim_side *us = &flow->side[from];
	const struct sim_host *host = &sim->host[flow->plan->host[from]];
	uint64_t interval_ns = sim->now_ns - us->head_ns, late_ns = host->plan->late_ns;

	if (!sim_host_is_punctual(host) ||
	    (host->arp_ns && us->head_ns < host->arp_ns + ARP_NS)) {
		us->silences = 0;
		return;
	}
	/* The first may be a probe of RFC 8985. */
	if (us->silences >= 1 && interval_ns + TICKS_NS < RTO_LEAST_NS)
		sim_broken(sim, flow, from, "a retransmission time-out lasts 200 ms at least",
		           (uint32_t)(interval_ns / 1000), 200000);
	if (us->silences >= 2 && interval_ns < RTO_CAPPED_NS &&
	    interval_ns + interval_ns / 64 + 2 * late_ns + TICKS_NS < 2 * us->silence_ns)
		sim_broken(sim, flow, from, "the retransmission time-out doubles",
		           (uint32_t)(interval_ns / 1000), (uint32_t)(us->silence_ns / 1000));
	us->silence_ns = interval_ns;
	us->silences++;
}

void sim_watch_times(struct sim *sim, struct sim_flow *flow, unsigned from,
                     const struct sim_segment *seg)
{
	struct sim_side *us = &flow->side[from];
	uint32_t at = seg->seq - us->iss;
	uint32_t behind = at + seg->text_len + !!(seg->flags & (WR_TCP_SYN | WR_TCP_FIN));

	if (at > us->una || behind <= us->una)
		return;
	if (us->head_ns && !us->heard)
		check_silence(sim, flow, from);
	else
		us->silences = 0;
	us->head_ns = sim->now_ns;
	us->heard = false;
}

/* ---- resets ---- */

static bool answers(const struct sim_arrived *to, const struct sim_segment *reset)
{
	if (to->has_ack)
		return reset->seq == to->ack;
	return reset->seq == 0 && (reset->flags & WR_TCP_ACK) &&
	       reset->ack == to->seq + to->len;
}

static bool answers_any(const struct sim_side *us, const struct sim_segment *reset)
{
	for (unsigned i = 0; i < wr_min(us->arrived_count, SIM_ARRIVED); i++)
		if (answers(&us->arrived[i], reset))
			return true;
	return false;
}

void sim_watch_reset(struct sim *sim, struct sim_flow *flow, unsigned from,
                     const struct sim_segment *seg)
{
	struct sim_side *us = &flow->side[from];
	bool own = us->syn_seen &&
	           (seg->seq - us->iss <= us->end || sim_lost_inside(sim, flow, from));

	if (flow->resets_in && !flow->others_in && !flow->end[from].aborted)
		sim_broken(sim, flow, from, "no reset answers a reset", 1, 0);
	if (seg->text_len)
		sim_broken(sim, flow, from, "a reset carries no text", seg->text_len, 0);
	if (flow->renumbered)
		return;
	if (us->unanswered && answers_any(us, seg))
		us->unanswered--;
	else if (!own)
		sim_broken(sim, flow, from, "a reset has the number of what it answers",
		           seg->seq - us->iss, us->end);
	else if (us->own_reset)
		sim_broken(sim, flow, from, "a segment is answered by one reset at most", 1, 0);
	else
		us->own_reset = true;
}
