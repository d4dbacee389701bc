/* SPDX-License-Identifier: BSD-3-Clause */
#include <md5.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "craft.h"
#include "world.h"

#define UNKNOWN_ISN 0x20000000u /* relative 0 of the engine before it sent anything */
#define ROUNDS_NOW  64          /* of the engine's loop without time passing */
#define TEXT_MAX    65536

static const struct craft_path from_peer = {
	.smac = {{0x02, 0, 0, 0, 0, 2}},
	.dmac = {{0x02, 0, 0, 0, 0, 1}},
	.src = WORLD_PEER,
	.dst = WORLD_ADDR,
};

__attribute__((format(printf, 2, 3))) static bool wrong(struct world *w, const char *fmt, ...)
{
	va_list ap;

	if (!w->wrong[0]) {
		va_start(ap, fmt);
		vsnprintf(w->wrong, sizeof(w->wrong), fmt, ap);
		va_end(ap);
	}
	return false;
}

/* The byte at relative sequence number n, of either side. */
static uint8_t text_byte(uint32_t n, bool ours)
{
	uint8_t byte = (uint8_t)(n * 2654435761u >> 24);

	return ours ? byte : (uint8_t)~byte;
}

/* Relative sequence number of the first byte of text. */
static uint32_t first_byte(const struct packet *p)
{
	return p->seq.n + ((p->flags & WR_TCP_SYN) != 0);
}

/* ---- the service ---- */

static struct world *world_of(const struct wr_tcb *c, struct world_flow **flow)
{
	struct world *w = wr_tcb_user(c);
	struct wr_tuple tuple;

	wr_tcb_tuple(c, &tuple);
	*flow = &w->flow[(tuple.rport - WORLD_RPORT) % WORLD_FLOWS];
	return w;
}

static bool on_open(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct world_flow *flow;
	struct world *w = world_of(c, &flow);

	flow->c = c;
	flow->opened++;
	flow->quota = w->first_quota;
	return !w->refuses;
}

static bool on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	struct world_flow *flow;
	const uint8_t *text = rte_pktmbuf_mtod(m, uint8_t *);

	world_of(c, &flow);
	if (flow->quota < m->data_len)
		return false;
	for (unsigned i = 0; i < m->data_len; i++)
		flow->corrupt |= text[i] != text_byte(1 + flow->delivered + i, false);
	flow->delivered += m->data_len;
	if (flow->quota != UINT32_MAX)
		flow->quota -= m->data_len;
	rte_pktmbuf_free(m);
	return true;
}

/* Hands over what the script told the service to send, as far as there is room. */
static void go_on_sending(struct world *w, struct wr_tcp *tcp, struct world_flow *flow)
{
	while (flow->to_send) {
		uint32_t bytes = wr_min(flow->to_send, w->chunk);
		struct rte_mbuf *m = rte_pktmbuf_alloc(w->pool);
		uint8_t *text;

		if (!m) {
			wrong(w, "the service found no buffer");
			return;
		}
		text = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)bytes);
		for (uint32_t i = 0; i < bytes; i++)
			text[i] = text_byte(1 + flow->queued + i, true);
		if (wr_tcp_send(tcp, flow->c, m)) {
			rte_pktmbuf_free(m);
			return;
		}
		flow->to_send -= bytes;
		flow->queued += bytes;
	}
	if (flow->close_after)
		wr_tcp_close(tcp, flow->c);
}

static void on_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct world_flow *flow;
	struct world *w = world_of(c, &flow);

	go_on_sending(w, tcp, flow);
}

static void on_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct world_flow *flow;

	world_of(c, &flow);
	flow->eof++;
}

static void on_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	struct world_flow *flow;

	world_of(c, &flow);
	flow->c = NULL;
	flow->closed++;
	flow->reason = reason;
}

static const struct wr_tcp_events events = {
	.on_open = on_open,
	.on_data = on_data,
	.on_room = on_room,
	.on_peer_closed = on_peer_closed,
	.on_closed = on_closed,
};

bool world_listen(struct world *w)
{
	const struct wr_tcp_listener listener = {
		.port = WORLD_LPORT, .events = &events, .user = w, .options = w->options};
	int rc = wr_tcp_listen(wr_stack_tcp(w->stack), &listener);

	return rc ? wrong(w, "listen: %s", strerror(-rc)) : true;
}

bool world_connect(struct world *w, unsigned flow)
{
	const struct wr_tcp_connect to = {
		.lport = WORLD_LPORT,
		.raddr = WORLD_PEER,
		.rport = (uint16_t)(WORLD_RPORT + flow),
		.events = &events,
		.user = w,
		.options = w->options,
	};
	int rc = wr_tcp_connect(wr_stack_tcp(w->stack), &to, &w->flow[flow].c);

	return rc ? wrong(w, "connect: %s", strerror(-rc)) : true;
}

static bool has_connection(struct world *w, unsigned flow)
{
	return w->flow[flow].c ? true : wrong(w, "the service has no such connection");
}

bool world_send(struct world *w, unsigned flow, uint32_t bytes)
{
	if (!has_connection(w, flow))
		return false;
	w->flow[flow].to_send += bytes;
	go_on_sending(w, wr_stack_tcp(w->stack), &w->flow[flow]);
	return true;
}

bool world_close(struct world *w, unsigned flow)
{
	if (!has_connection(w, flow))
		return false;
	if (w->flow[flow].to_send)
		w->flow[flow].close_after = true;
	else
		wr_tcp_close(wr_stack_tcp(w->stack), w->flow[flow].c);
	return true;
}

bool world_abort(struct world *w, unsigned flow)
{
	if (!has_connection(w, flow))
		return false;
	wr_tcp_abort(wr_stack_tcp(w->stack), w->flow[flow].c);
	return true;
}

bool world_read(struct world *w, unsigned flow, uint32_t bytes)
{
	if (!has_connection(w, flow))
		return false;
	w->flow[flow].quota = bytes;
	wr_tcp_resume(wr_stack_tcp(w->stack), w->flow[flow].c);
	return true;
}

bool world_set_options(struct world *w, unsigned flow)
{
	if (!has_connection(w, flow))
		return false;
	wr_tcp_set_options(wr_stack_tcp(w->stack), w->flow[flow].c, &w->options);
	return true;
}

void world_starve(struct world *w, unsigned left)
{
	while (w->starved_count < WORLD_BUFFERS && rte_mempool_avail_count(w->pool) > left)
		w->starved[w->starved_count++] = rte_pktmbuf_alloc(w->pool);
}

void world_feed(struct world *w)
{
	rte_pktmbuf_free_bulk(w->starved, w->starved_count);
	w->starved_count = 0;
}

bool world_info(struct world *w, unsigned flow, struct wr_tcp_info *info)
{
	const struct wr_tcp_filter filter = {
		.states = UINT32_MAX & ~(1u << WR_TCP_LISTEN),
		.rport = (uint16_t)(WORLD_RPORT + flow),
	};
	uint32_t cursor = 0;

	while (cursor != UINT32_MAX) {
		if (wr_tcp_dump(wr_stack_tcp(w->stack), &filter, 1, &cursor, 4096, info, 1,
		                w->now_ns / 1000))
			return true;
	}
	return false;
}

/* ---- life ---- */

void world_init(struct world *w, struct rte_mempool *pool, struct rte_mempool *peer_pool)
{
	memset(w, 0, sizeof(*w));
	w->pool = pool;
	w->peer_pool = peer_pool;
	w->start_ns = w->now_ns = WR_S(1000);
	w->peer_isn = 0x10000000;
	w->chunk = 1000;
	w->first_quota = UINT32_MAX;
	w->answers_arp = true;
	w->conf = (struct wr_stack_conf) {
		.ip =
			{
				.addr = {{.addr = WORLD_ADDR, .prefix = 24}},
				.addrs = 1,
				.mtu = 1500,
				.mac = from_peer.dmac,
				.multi_segs = true,
				.neighbours = 16,
				.reassemblies = 4,
				.paths = 16,
				.path_age_us = 600 * UINT64_C(1000000),
				.arp_age_us = UINT64_C(1) << 50,
				.icmp_errors_per_s = 1000,
				.ttl = 64,
				.socket = SOCKET_ID_ANY,
			},
		.pool = pool,
		.owner = &w->owner,
		.key = {0x0706050403020100, 0x0f0e0d0c0b0a0908},
		.seed = 1,
		.socket = SOCKET_ID_ANY,
	};
	wr_tcp_conf_default(&w->conf.tcp, 1500);
	w->conf.tcp.rcv_buf_max = w->conf.tcp.snd_buf_max = 0;
	w->conf.tcp.connections = 64;
	w->conf.tcp.half_open = 32;
	w->conf.tcp.time_waits = 32;
	w->conf.tcp.reorders = 16;
	w->conf.tcp.repairs = 64;
	wr_tcp_options_default(&w->options);
	wr_owner_init(&w->owner, 1);
}

static void receive_arp(struct world *w, uint16_t op)
{
	struct rte_mbuf *m = craft_arp(w->peer_pool, &from_peer, op);

	wr_stack_input(w->stack, &m, 1, w->now_ns);
}

static bool give_key(struct world *w)
{
	struct wr_tcp_md5_key key = {.lport = WORLD_LPORT, .raddr = WORLD_PEER, .prefix = 32};
	int rc;

	key.bytes = (uint8_t)strlen(w->md5_key);
	memcpy(key.key, w->md5_key, key.bytes);
	rc = wr_tcp_md5_add(wr_stack_tcp(w->stack), &key);
	return rc ? wrong(w, "md5_key: %s", strerror(-rc)) : true;
}

bool world_start(struct world *w)
{
	struct wr_err err = {.text = ""};

	w->stack = wr_stack_new(&w->conf, &w->stats, w->now_ns, &err);
	if (!w->stack)
		return wrong(w, "%s", err.text);
	if (w->md5_key[0] && !give_key(w))
		return false;
	if (w->answers_arp) /* then it has been met already */
		receive_arp(w, RTE_ARP_OP_REQUEST);
	world_run_until(w, w->now_ns, false);
	return true;
}

bool world_end(struct world *w)
{
	int64_t in, out;
	unsigned missing;

	world_feed(w);
	if (!w->stack)
		return true;
	rte_pktmbuf_free_bulk(w->burst, w->burst_count);
	wr_stack_tick(w->stack, w->now_ns);
	in = wr_stats_unbalanced_in(&w->stats);
	out = wr_stats_unbalanced_out(&w->stats);
	wr_stack_free(w->stack);
	w->stack = NULL;
	if (in || out)
		wrong(w, "the books do not balance: in %lld, out %lld", (long long)in,
		      (long long)out);
	missing = rte_mempool_in_use_count(w->pool) + rte_mempool_in_use_count(w->peer_pool);
	if (missing)
		wrong(w, "%u buffers are missing", missing);
	return !w->wrong[0];
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
		if (text[i] != text_byte(first_byte(p) + i, true)) {
			wrong(w, "byte %d of the text sent is not what the service gave",
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

/* RFC 2385 section 2.0, of a whole segment. */
static void sign(const struct world *w, const struct rte_ipv4_hdr *ip, const uint8_t *tcp,
                 uint32_t bytes, uint8_t digest[16])
{
	const uint8_t pseudo[4] = {0, IPPROTO_TCP, (uint8_t)(bytes >> 8), (uint8_t)bytes};
	uint32_t head = (uint32_t)(tcp[12] >> 4) * 4;
	uint8_t bare[20];
	MD5_CTX md5;

	memcpy(bare, tcp, sizeof(bare));
	bare[16] = bare[17] = 0;
	MD5Init(&md5);
	MD5Update(&md5, (const uint8_t *)&ip->src_addr, 8);
	MD5Update(&md5, pseudo, sizeof(pseudo));
	MD5Update(&md5, bare, sizeof(bare));
	MD5Update(&md5, tcp + head, bytes - head);
	MD5Update(&md5, (const uint8_t *)w->md5_key, strlen(w->md5_key));
	MD5Final(digest, &md5);
}

/* Where a segment has its signature; 0: it has none. */
static unsigned find_digest(const uint8_t *tcp)
{
	unsigned at = packet_find_md5(tcp + 20, (tcp[12] >> 4) * 4u - 20);

	return at ? 20 + at : 0;
}

static bool is_signed_well(const struct world *w, const struct rte_ipv4_hdr *ip,
                           const uint8_t *tcp, uint32_t bytes)
{
	unsigned at = find_digest(tcp);
	uint8_t right[16];

	sign(w, ip, tcp, bytes, right);
	return !at || memcmp(tcp + at, right, sizeof(right)) == 0;
}

/* Fills in the signature that the script asks for, right or wrong. */
static void sign_received(const struct world *w, struct rte_mbuf *m, bool bad)
{
	struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, void *, sizeof(struct rte_ether_hdr));
	struct rte_tcp_hdr *tcp = (void *)(ip + 1);
	uint8_t *bytes = (uint8_t *)tcp;
	unsigned at = find_digest(bytes);

	if (!at)
		return;
	sign(w, ip, bytes, rte_be_to_cpu_16(ip->total_length) - (uint32_t)sizeof(*ip),
	     bytes + at);
	bytes[at + 15] ^= bad;
	tcp->cksum = 0;
	tcp->cksum = rte_ipv4_udptcp_cksum(ip, tcp);
}

static bool has_bad_signature(const struct packet *p)
{
	for (unsigned i = 0; i < p->options; i++)
		if (p->option[i].kind == OPTION_MD5)
			return p->option[i].a;
	return false;
}

static void note_segment(struct world *w, const struct rte_ipv4_hdr *ip, const uint8_t *tcp,
                         uint32_t bytes)
{
	unsigned flow = (unsigned)((tcp[2] << 8 | tcp[3]) - WORLD_RPORT) % WORLD_FLOWS;
	struct world_sent *sent = &w->sent[(w->sent_head + w->sent_count) % WORLD_SENT];
	struct packet_origin origin;
	const char *why;

	if (w->sent_count == WORLD_SENT) {
		wrong(w, "more segments were sent than anybody looked at");
		return;
	}
	learn(&w->flow[flow], tcp, bytes);
	world_origin(w, flow, false, &origin);
	why = packet_decode(tcp, bytes, &origin, &sent->packet);
	if (!why && !is_signed_well(w, ip, tcp, bytes))
		why = "its signature is wrong";
	if (why) {
		wrong(w, "a segment sent is bad: %s", why);
		return;
	}
	sent->time_ns = w->now_ns;
	sent->packet.flow = flow;
	sent->packet.tos = ip->type_of_service;
	w->sent_count++;
	check_text(w, &sent->packet, tcp + (tcp[12] >> 4) * 4);
}

static void look_at(struct world *w, struct rte_mbuf *m)
{
	static uint8_t room[TEXT_MAX];
	const uint8_t *frame = rte_pktmbuf_read(m, 0, m->pkt_len, room);
	const struct rte_ether_hdr *eth = (const void *)frame;
	const struct rte_ipv4_hdr *ip = (const void *)(eth + 1);

	if (eth->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP)) {
		const struct rte_arp_hdr *arp = (const void *)(eth + 1);

		if (arp->arp_opcode == rte_cpu_to_be_16(RTE_ARP_OP_REQUEST) && w->answers_arp)
			receive_arp(w, RTE_ARP_OP_REPLY);
		return;
	}
	if (ip->next_proto_id != IPPROTO_TCP)
		return;
	if (rte_raw_cksum(ip, sizeof(*ip)) != 0xffff ||
	    rte_be_to_cpu_16(ip->total_length) + sizeof(*eth) != m->pkt_len)
		wrong(w, "a segment sent has a bad IPv4 header");
	else if (rte_ipv4_udptcp_cksum(ip, ip + 1))
		wrong(w, "a segment sent has a bad checksum");
	else
		note_segment(w, ip, (const uint8_t *)(ip + 1),
		             rte_be_to_cpu_16(ip->total_length) - (uint32_t)sizeof(*ip));
}

static bool transmit(struct world *w)
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

/* Without buffers the engine is busy trying: time must pass all the same. */
static void run_now(struct world *w)
{
	for (unsigned rounds = 0; rounds < ROUNDS_NOW; rounds++) {
		bool busy = wr_stack_tick(w->stack, w->now_ns);

		busy |= transmit(w);
		if (!busy)
			return;
	}
}

void world_run_until(struct world *w, uint64_t time_ns, bool stop)
{
	for (;;) {
		uint64_t next;

		run_now(w);
		if (w->now_ns >= time_ns || (stop && w->sent_count))
			return;
		next = wr_stack_deadline(w->stack);
		/* A deadline that has passed must not stop the clock. */
		w->now_ns = RTE_MIN(RTE_MAX(next, w->now_ns + 10000), time_ns);
	}
}

/* ---- what the peer sends ---- */

void world_receive(struct world *w, const struct packet *p, bool more)
{
	static uint8_t text[TEXT_MAX];
	uint8_t options[PACKET_OPTIONS];
	struct packet_origin origin;
	struct rte_mbuf *m;

	world_origin(w, p->flow, true, &origin);
	for (uint32_t i = 0; i < p->len; i++)
		text[i] = text_byte(first_byte(p) + i, p->other_text);
	{
		const struct craft_tcp tcp = {
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

		m = craft_tcp(w->peer_pool, &from_peer, &tcp);
	}
	sign_received(w, m, has_bad_signature(p));
	if (p->bad_checksum)
		*rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len - 1) ^= 1;
	w->burst[w->burst_count++] = m;
	if (more && w->burst_count < WORLD_BURST)
		return;
	wr_stack_input(w->stack, w->burst, w->burst_count, w->now_ns);
	w->burst_count = 0;
	transmit(w);
}

void world_receive_icmp(struct world *w, unsigned flow, uint8_t type, uint8_t code,
                        uint16_t mtu, uint32_t seq)
{
	const struct craft_path ours = {.src = WORLD_ADDR, .dst = WORLD_PEER};
	struct packet_origin origin;
	struct rte_mbuf *m, *about;

	world_origin(w, flow, false, &origin);
	{
		const struct craft_tcp tcp = {
			.sport = WORLD_LPORT,
			.dport = (uint16_t)(WORLD_RPORT + flow),
			.seq = seq + origin.seq,
			.flags = WR_TCP_ACK,
		};

		about = craft_tcp(w->peer_pool, &ours, &tcp);
	}
	m = craft_icmp_error(w->peer_pool, &from_peer, type, code, mtu, about, 28);
	rte_pktmbuf_free(about);
	wr_stack_input(w->stack, &m, 1, w->now_ns);
	transmit(w);
}
