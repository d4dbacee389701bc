/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The trace without labels. Hosts and connections are numbers of the plan; sequence numbers
 * count from the SYN, timestamps from the first of their connection. IP's identification and
 * checksums, the bytes of cookies and of signatures are left out. What else frames say is in
 * it, and what became of them, what applications were told, and what the engine says of itself:
 * two runs that differ in nothing but labels have the same.
 */

#include <string.h>

#include <rte_arp.h>
#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>

#include "sim.h"

#define NEAR (1 << 24) /* numbers so far from an ISN are not of its connection */
#define ALL  98        /* hosts */
#define NONE 99        /* no host, connection or ISN of the plan */

struct number {
	uint32_t isn; /* which of the side's */
	uint32_t at;
};

/* A frame; no padding, as its bytes are hashed. */
struct line {
	uint64_t at_ns;
	char fate[8];
	uint32_t from, to, bytes, proto, flow, flags, ecn, wnd, text_len, mss, wscale, sacks;
	struct number seq, ack, sack[8];
	uint32_t ts_val, ts_ecr;
	uint64_t options; /* their kinds and lengths, in order */
};

static void mix(struct sim *sim, const void *bytes, size_t n)
{
	sim->plain.hash = sim_digest(sim->plain.hash ^ sim->now_ns, bytes, n);
}

/* ---- labels ---- */

static uint32_t host_of(const struct sim *sim, const uint8_t *mac)
{
	for (unsigned i = 0; i < sim->plan->hosts; i++)
		if (memcmp(mac, sim->plan->host[i].mac, SIM_MAC) == 0)
			return i;
	return mac[0] & 1 ? ALL : NONE;
}

static uint32_t owner_of(const struct sim *sim, rte_be32_t addr)
{
	for (unsigned i = 0; i < sim->plan->hosts; i++)
		if (rte_be_to_cpu_32(addr) == sim->plan->host[i].addr)
			return i;
	return NONE;
}

static uint32_t distance(uint32_t a, uint32_t b)
{
	return RTE_MIN(a - b, b - a);
}

/*
 * A sequence number of that side. Where it has several ISNs, by the nearest: cookies for one
 * SYN may be any two numbers, so that the newest that fits may be another connection's.
 */
static struct number relative(const struct sim *sim, const struct sim_flow *flow, unsigned side,
                              uint32_t seq)
{
	unsigned isns = sim->plain.side[flow->index][side].isns;
	const uint32_t *isn = sim->plain.side[flow->index][side].isn;
	struct number number = {NONE, 0};
	uint32_t least = NEAR;

	for (unsigned i = isns; i-- > 0 && i + SIM_ISNS >= isns;) {
		uint32_t far = distance(seq, isn[i % SIM_ISNS]);

		if (far >= least)
			continue;
		least = far;
		number = (struct number) {i, seq - isn[i % SIM_ISNS]};
	}
	return number;
}

/* ISNs that are no further apart may have numbers of their text or windows in common. */
static uint32_t reach_of(const struct sim *sim, const struct sim_flow *flow)
{
	uint32_t text = RTE_MAX(flow->plan->end[0].text, flow->plan->end[1].text), window = 0;

	for (unsigned side = 0; side < SIM_SIDES; side++) {
		const struct sim_host_plan *host = &sim->plan->host[flow->plan->host[side]];

		window = RTE_MAX(window, RTE_MAX(host->rcv_buf, host->rcv_buf_max));
	}
	return text + RTE_MAX(text, window);
}

static void note_syn(struct sim *sim, const struct sim_flow *flow, unsigned side, uint32_t isn)
{
	unsigned *isns = &sim->plain.side[flow->index][side].isns;
	uint32_t *of = sim->plain.side[flow->index][side].isn, meets = 0;

	for (unsigned i = 0; i < RTE_MIN(*isns, (unsigned)SIM_ISNS); i++) {
		if (of[i] == isn)
			return;
		meets += distance(of[i], isn) <= reach_of(sim, flow);
	}
	sim->plain.meetings += meets;
	of[(*isns)++ % SIM_ISNS] = isn;
}

static void fill_stamps(struct sim *sim, const struct sim_flow *flow, unsigned from,
                        const struct sim_segment *seg, struct line *line)
{
	if (!sim->plain.side[flow->index][from].any_ts) {
		sim->plain.side[flow->index][from].any_ts = true;
		sim->plain.side[flow->index][from].first_ts = seg->ts_val;
	}
	line->ts_val = seg->ts_val - sim->plain.side[flow->index][from].first_ts;
	if (seg->flags & WR_TCP_ACK)
		line->ts_ecr = seg->ts_ecr - sim->plain.side[flow->index][!from].first_ts;
}

/* ---- segments ---- */

/* Kinds and lengths; of AccECN, RFC 9768, the counters as well. */
static uint64_t options_of(const struct sim_segment *seg)
{
	uint64_t hash = 0;

	for (uint32_t at = 0; at < seg->options_len;) {
		const uint8_t *p = seg->options + at;
		bool single = p[0] <= 1, counters = p[0] == 172 || p[0] == 174;
		uint32_t len = single || at + 1 == seg->options_len ? 1 : RTE_MAX(p[1], 1);

		len = RTE_MIN(len, seg->options_len - at);
		hash = sim_digest(hash, p, counters ? len : RTE_MIN(len, 2u));
		at += len;
	}
	return hash;
}

/* A reset that answers a segment without ACK begins at 0, wherever the connection does. */
static bool is_number_less(const struct sim_segment *seg)
{
	return (seg->flags & WR_TCP_RST) && (seg->flags & WR_TCP_ACK) && seg->seq == 0;
}

static void fill_segment(struct sim *sim, unsigned from, const struct sim_segment *seg,
                         struct line *line)
{
	const struct sim_flow *flow = sim_flow_of(sim, from, seg);

	line->flags = (uint32_t)seg->ae << 8 | seg->flags;
	line->ecn = seg->ecn;
	line->wnd = seg->wnd;
	line->text_len = seg->text_len;
	line->mss = seg->mss;
	line->wscale = seg->wscale;
	line->sacks = seg->sacks;
	line->options = options_of(seg);
	line->flow = flow ? flow->index : NONE;
	if (!flow)
		return;
	if (seg->flags & WR_TCP_SYN)
		note_syn(sim, flow, from, seg->seq);
	if (!is_number_less(seg))
		line->seq = relative(sim, flow, from, seg->seq);
	if (seg->flags & WR_TCP_ACK)
		line->ack = relative(sim, flow, !from, seg->ack);
	for (unsigned i = 0; i < seg->sacks && i < 4; i++) {
		line->sack[2 * i] = relative(sim, flow, !from, seg->sack[i].left);
		line->sack[2 * i + 1] = relative(sim, flow, !from, seg->sack[i].right);
	}
	if (seg->has_ts)
		fill_stamps(sim, flow, from, seg, line);
}

static void fill_arp(const struct sim *sim, const uint8_t *bytes, struct line *line)
{
	const struct rte_arp_hdr *arp = (const void *)(bytes + RTE_ETHER_HDR_LEN);

	line->flags = rte_be_to_cpu_16(arp->arp_opcode);
	line->seq.isn = owner_of(sim, arp->arp_data.arp_sip);
	line->seq.at = host_of(sim, arp->arp_data.arp_sha.addr_bytes);
	line->ack.isn = owner_of(sim, arp->arp_data.arp_tip);
}

static void print(struct sim *sim, const struct line *line)
{
	FILE *out = sim->plain.out;

	fprintf(out, "%12.6f %-5s %u to %u, %u bytes of %x, flow %u: flags %03x ecn %u seq %u ",
	        (double)line->at_ns / 1e9, line->fate, line->from, line->to, line->bytes,
	        line->proto, line->flow, line->flags, line->ecn, line->seq.at);
	fprintf(out,
	        "ack %u (ISN %u, %u) win %u text %u mss %u wscale %u ts %u %u options %016lx",
	        line->ack.at, line->seq.isn, line->ack.isn, line->wnd, line->text_len,
	        line->mss, line->wscale, line->ts_val, line->ts_ecr,
	        (unsigned long)line->options);
	for (unsigned i = 0; i < line->sacks && i < 4; i++)
		fprintf(out, " sack %u-%u", line->sack[2 * i].at, line->sack[2 * i + 1].at);
	fputc('\n', out);
}

void sim_plain_frame(struct sim *sim, unsigned from, const char *fate, const uint8_t *bytes,
                     uint32_t n)
{
	struct line line;
	struct sim_segment seg;

	memset(&line, 0, sizeof(line));
	line.at_ns = sim->now_ns;
	snprintf(line.fate, sizeof(line.fate), "%s", fate);
	line.from = host_of(sim, bytes + SIM_MAC);
	line.to = host_of(sim, bytes);
	line.bytes = n;
	line.flow = NONE;
	line.proto = (uint32_t)bytes[12] << 8 | bytes[13];
	/* A bit that was flipped makes another difference to another number. */
	if (strcmp(fate, "spoilt") == 0)
		line.proto = 0;
	else if (sim_decode(bytes, n, &seg))
		fill_segment(sim, from, &seg, &line);
	else if (line.proto == RTE_ETHER_TYPE_ARP)
		fill_arp(sim, bytes, &line);
	mix(sim, &line, sizeof(line));
	if (sim->plain.out)
		print(sim, &line);
}

/* ---- what else happens ---- */

void sim_plain_say(struct sim *sim, const char *line)
{
	mix(sim, line, strlen(line));
	if (sim->plain.out)
		fprintf(sim->plain.out, "%12.6f %s\n", (double)sim->now_ns / 1e9, line);
}

void sim_plain_data(struct sim *sim, const struct sim_end *end)
{
	const uint32_t what[] = {end->flow->index, end->side, end->received};

	mix(sim, what, sizeof(what));
	if (sim->plain.out)
		fprintf(sim->plain.out, "%12.6f flow %u end %u has received %u\n",
		        (double)sim->now_ns / 1e9, what[0], what[1], what[2]);
}

void sim_plain_info(struct sim *sim, const struct sim_flow *flow, unsigned side,
                    const struct wr_tcp_info *info)
{
	const uint32_t what[] = {flow->index,    side,          info->state,  info->cwnd,
	                         info->ssthresh, info->srtt_us, info->rto_us, info->recovery,
	                         info->sacked,   info->lost,    info->mss};

	mix(sim, what, sizeof(what));
	if (sim->plain.out)
		fprintf(sim->plain.out,
		        "%12.6f flow %u end %u: state %u cwnd %u ssthresh %u srtt %u rto %u "
		        "recovery %u sacked %u lost %u mss %u\n",
		        (double)sim->now_ns / 1e9, what[0], what[1], what[2], what[3], what[4],
		        what[5], what[6], what[7], what[8], what[9], what[10]);
}
