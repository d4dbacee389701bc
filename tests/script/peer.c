/* SPDX-License-Identifier: BSD-3-Clause */
/* The peer of a packet script: reads what the engine sends, and makes what it receives. */
#include <netinet/in.h>
#include <stdalign.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_ip.h>

#include "craft.h"
#include "signature.h"
#include "world.h"

#define UNKNOWN_ISN 0x20000000u /* relative 0 of the engine before it sent anything */
#define TEXT_MAX    65536

static const struct craft_path from_peer = {
	.smac = {{0x02, 0, 0, 0, 0, 2}},
	.dmac = WORLD_MAC,
	.src = WORLD_PEER,
	.dst = WORLD_ADDR,
};

/* The engine's address of a flow: all of its segments go to it and come from it. */
static uint32_t address_of(struct world *w, unsigned flow)
{
	struct world_flow *f = &w->flow[flow];

	if (!f->addr)
		f->addr = w->laddr ? w->laddr : WORLD_ADDR;
	return f->addr;
}

/* Relative sequence number of the first byte of text. */
static uint32_t first_byte(const struct packet *p)
{
	return p->seq.n + ((p->flags & WR_TCP_SYN) != 0);
}

/* ---- what the engine sends ---- */

void world_origin(const struct world *w, unsigned flow, bool from, struct packet_origin *origin)
{
	const struct world_flow *f = &w->flow[flow];
	uint32_t isn = f->knows_isn ? f->isn : UNKNOWN_ISN;

	*origin = from ? (struct packet_origin) {w->peer_isn, isn, 0, f->ts_base}
	               : (struct packet_origin) {isn, w->peer_isn, f->ts_base, 0};
}

static void check_text(struct world *w, const struct packet *p, const uint8_t *text)
{
	for (uint32_t i = 0; i < p->len; i++) {
		if (text[i] != world_text_byte(first_byte(p) + i, true)) {
			world_wrong(w, "byte %d of the text sent is not what the service gave",
			            (int32_t)(p->seq.n + i));
			return;
		}
	}
}

/*
 * The first SYN of a flow tells the engine's ISN, the first timestamp its clock: it reads as
 * 1000 in scripts.
 */
static void learn(struct world_flow *flow, const uint8_t *tcp, uint32_t bytes)
{
	const struct packet_origin none = {0};
	struct packet raw;

	if (packet_decode(tcp, bytes, &none, &raw))
		return;
	if (!flow->knows_isn && raw.flags & WR_TCP_SYN) {
		flow->isn = raw.seq.n;
		flow->knows_isn = true;
	}
	for (unsigned i = 0; i < raw.options && !flow->knows_ts; i++) {
		if (raw.option[i].kind == OPTION_TS) {
			flow->ts_base = raw.option[i].a - 1000;
			flow->knows_ts = true;
		}
	}
}

static void note_segment(struct world *w, const struct rte_ipv4_hdr *ip, const uint8_t *tcp,
                         uint32_t bytes)
{
	unsigned flow = (unsigned)((tcp[2] << 8 | tcp[3]) - WORLD_RPORT) % WORLD_FLOWS;
	struct world_sent *sent = &w->sent[(w->sent_head + w->sent_count) % WORLD_SENT];
	struct packet_origin origin;
	const char *why;

	if (w->sent_count == WORLD_SENT) {
		world_wrong(w, "more segments were sent than anybody looked at");
		return;
	}
	if (rte_be_to_cpu_32(ip->src_addr) != address_of(w, flow) ||
	    rte_be_to_cpu_32(ip->dst_addr) != WORLD_PEER) {
		world_wrong(w, "a segment sent has another address than its connection");
		return;
	}
	learn(&w->flow[flow], tcp, bytes);
	world_origin(w, flow, false, &origin);
	why = packet_decode(tcp, bytes, &origin, &sent->packet);
	if (!why && !signature_is_right(w->md5_key, ip, tcp, bytes))
		why = "its signature is wrong";
	if (why) {
		world_wrong(w, "a segment sent is bad: %s", why);
		return;
	}
	sent->time_ns = w->now_ns;
	sent->packet.flow = flow;
	sent->packet.tos = ip->type_of_service;
	sent->packet.ttl = ip->time_to_live;
	w->sent_count++;
	check_text(w, &sent->packet, tcp + (tcp[12] >> 4) * 4);
}

static void look_at(struct world *w, struct rte_mbuf *m)
{
	static alignas(struct rte_ether_hdr) uint8_t room[TEXT_MAX];
	const uint8_t *frame = rte_pktmbuf_read(m, 0, m->pkt_len, room);
	const struct rte_ether_hdr *eth = (const void *)room;
	const struct rte_ipv4_hdr *ip = (const void *)(eth + 1);

	if (frame != room) /* in front of text that was cut it may begin anywhere */
		memcpy(room, frame, m->pkt_len);

	if (eth->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP)) {
		const struct rte_arp_hdr *arp = (const void *)(eth + 1);

		if (arp->arp_opcode == rte_cpu_to_be_16(RTE_ARP_OP_REQUEST) && w->answers_arp)
			world_receive_arp(w, RTE_ARP_OP_REPLY);
		return;
	}
	if (ip->next_proto_id != IPPROTO_TCP)
		return;
	if (rte_raw_cksum(ip, sizeof(*ip)) != 0xffff ||
	    rte_be_to_cpu_16(ip->total_length) + sizeof(*eth) != m->pkt_len)
		world_wrong(w, "a segment sent has a bad IPv4 header");
	else if (rte_ipv4_udptcp_cksum(ip, ip + 1))
		world_wrong(w, "a segment sent has a bad checksum");
	else
		note_segment(w, ip, (const uint8_t *)(ip + 1),
		             rte_be_to_cpu_16(ip->total_length) - (uint32_t)sizeof(*ip));
}

bool world_transmit(struct world *w)
{
	struct rte_mbuf *m[WR_STACK_BURST];
	unsigned n, total = 0;

	while ((n = wr_stack_output(w->stack, m, WR_LEN(m)))) {
		for (unsigned i = 0; i < n; i++) {
			look_at(w, m[i]);
			rte_pktmbuf_free(m[i]);
		}
		total += n;
	}
	return total;
}

/* ---- what the peer sends ---- */

void world_receive_arp(struct world *w, uint16_t op)
{
	struct rte_mbuf *m = craft_arp(w->peer_pool, &from_peer, op);

	wr_stack_input(w->stack, &m, 1, w->now_ns);
}

static bool has_bad_signature(const struct packet *p)
{
	for (unsigned i = 0; i < p->options; i++)
		if (p->option[i].kind == OPTION_MD5)
			return p->option[i].a;
	return false;
}

static struct rte_mbuf *make_segment(struct world *w, const struct packet *p)
{
	static uint8_t text[TEXT_MAX];
	uint8_t options[PACKET_OPTIONS];
	struct craft_path path = from_peer;
	struct packet_origin origin;
	struct craft_tcp tcp;

	world_origin(w, p->flow, true, &origin);
	for (uint32_t i = 0; i < p->len; i++)
		text[i] = world_text_byte(first_byte(p) + i, p->other_text);
	tcp = (struct craft_tcp) {
		.sport = (uint16_t)(WORLD_RPORT + p->flow),
		.dport = WORLD_LPORT,
		.seq = packet_seq(&p->seq, origin.seq),
		.ack = p->has_ack ? packet_seq(&p->ack, origin.ack) : 0,
		.flags = p->flags,
		.wnd = p->has_wnd ? p->wnd : UINT16_MAX,
		.urgent = p->urgent,
		.options = options,
		.options_len = (uint8_t)packet_encode_options(p, &origin, options),
		.text = text,
		.text_len = (uint16_t)p->len,
		.tos = p->tos,
	};
	path.dst = address_of(w, p->flow);
	return craft_tcp(w->peer_pool, &path, &tcp);
}

void world_receive(struct world *w, const struct packet *p, bool more)
{
	struct rte_mbuf *m = make_segment(w, p);

	signature_fill(w->md5_key, m, has_bad_signature(p));
	if (p->bad_checksum)
		*rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len - 1) ^= 1;
	w->burst[w->burst_count++] = m;
	if (more && w->burst_count < WORLD_BURST)
		return;
	wr_stack_input(w->stack, w->burst, w->burst_count, w->now_ns);
	w->burst_count = 0;
	world_transmit(w);
}

/* The beginning of a segment that the engine may have sent. */
static struct rte_mbuf *make_quoted(struct world *w, unsigned flow, uint32_t seq)
{
	const struct craft_path ours = {.src = address_of(w, flow), .dst = WORLD_PEER};
	struct craft_tcp tcp = {
		.sport = WORLD_LPORT,
		.dport = (uint16_t)(WORLD_RPORT + flow),
		.flags = WR_TCP_ACK,
	};
	struct packet_origin origin;

	world_origin(w, flow, false, &origin);
	tcp.seq = seq + origin.seq;
	return craft_tcp(w->peer_pool, &ours, &tcp);
}

void world_receive_icmp(struct world *w, unsigned flow, uint8_t type, uint8_t code,
                        uint16_t mtu, uint32_t seq)
{
	struct rte_mbuf *about = make_quoted(w, flow, seq);
	struct rte_mbuf *m =
		craft_icmp_error(w->peer_pool, &from_peer, type, code, mtu, about, 28);

	rte_pktmbuf_free(about);
	wr_stack_input(w->stack, &m, 1, w->now_ns);
	world_transmit(w);
}
