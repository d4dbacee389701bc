/* SPDX-License-Identifier: BSD-3-Clause */
#include "packets.h"

void load_packets_start(struct wr_load *load, struct load_packets *packets, double rate)
{
	packets->rate = rate;
	wr_plan_start(&packets->plan, &load->conf->schedule, rate, load->core, load->cores,
	              load->start_ns);
}

void load_packets_set(struct load_packets *packets, double rate, uint64_t now_ns)
{
	packets->rate = rate;
	wr_plan_set_rate(&packets->plan, rate, now_ns);
}

void load_packets_stop(struct wr_load *load, struct load_packets *packets, uint64_t end_ns)
{
	uint64_t late = packets->rate > 0 ? load_unsent(load, &packets->plan, end_ns) : 0;

	LOAD_COUNT(load, packets_planned, late);
	LOAD_COUNT(load, packets_unsent, late);
}

static void count(struct wr_load *load, uint64_t planned_ns, bool paced)
{
	if (!load_is_measured(load, planned_ns))
		return;
	LOAD_COUNT(load, packets_planned, paced);
	LOAD_COUNT(load, packets_sent, 1);
}

bool load_packets_run(struct wr_load *load, struct load_packets *packets,
                      bool (*send_one)(struct wr_load *load), uint64_t now_ns)
{
	bool paced = packets->rate > 0;
	unsigned sent = 0;

	if (wr_stack_ip(load->stack)->out.count >= LOAD_BURST)
		return false;
	while (sent < LOAD_BURST && (!paced || wr_plan_is_due(&packets->plan, now_ns)) &&
	       send_one(load)) {
		count(load, paced ? wr_plan_take(&packets->plan) : now_ns, paced);
		sent++;
	}
	return sent > 0;
}

uint64_t load_packets_deadline(const struct wr_load *load, const struct load_packets *packets)
{
	return packets->rate > 0 ? packets->plan.next_ns : load->now_ns;
}
