/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <netinet/in.h>

#include <rte_arp.h>

#include "peer.h"
#include "small_host.h"
#include "wr_base.h"
#include "wr_be.h"
#include "wr_frame.h"

#define HEADERS 34 /* Ethernet and IPv4 */

const struct craft_path peer_path = {
	.smac = {{0x02, 0, 0, 0, 0, 2}},
	.dmac = {{0x02, 0, 0, 0, 0, 1}},
	.src = 0xc6120002,
	.dst = 0xc6120001,
};

static uint8_t byte_at(uint32_t at)
{
	return (uint8_t)(at * 0x9e3779b1u >> 24);
}

void peer_write(uint8_t *text, uint32_t at, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		text[i] = byte_at(at + i);
}

bool peer_is_text(const uint8_t *text, uint32_t at, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		if (text[i] != byte_at(at + i))
			return false;
	return true;
}

struct rte_mbuf *peer_text(uint32_t at, uint16_t bytes)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(fuzz_pool());

	if (m)
		peer_write((uint8_t *)rte_pktmbuf_append(m, bytes), at, bytes);
	return m;
}

void peer_check_text(const struct rte_mbuf *m, uint32_t at)
{
	const uint8_t *text = rte_pktmbuf_mtod(m, const uint8_t *);

	FUZZ_HOLDS(m->pkt_len > 0 && m->pkt_len == m->data_len);
	FUZZ_HOLDS(peer_is_text(text, at, m->data_len));
}

/* ---- the service ---- */

static bool on_open(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct peer *peer = wr_tcb_user(c);

	peer->c = c;
	peer->is_open = true;
	return true;
}

static bool on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	struct peer *peer = wr_tcb_user(c);

	if (c != peer->c) {
		rte_pktmbuf_free(m);
		return true;
	}
	if (peer->refuses)
		return false;
	peer_check_text(m, peer->taken);
	peer->taken += m->data_len;
	rte_pktmbuf_free(m);
	return true;
}

static void on_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
}

static void on_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c)
{
}

static void on_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	struct peer *peer = wr_tcb_user(c);

	if (c != peer->c)
		return;
	peer->c = NULL;
	peer->is_open = false;
}

static const struct wr_tcp_events events = {
	.on_open = on_open,
	.on_data = on_data,
	.on_room = on_room,
	.on_peer_closed = on_peer_closed,
	.on_closed = on_closed,
};

void peer_serve(struct peer *peer, uint16_t bytes)
{
	struct wr_tcp *tcp = wr_stack_tcp(peer->stack);
	struct rte_mbuf *m;

	bytes = (uint16_t)(1 + bytes % 1400);
	m = peer->is_open ? peer_text(peer->given, bytes) : NULL;
	if (!m)
		return;
	if (wr_tcp_send(tcp, peer->c, m) == 0)
		peer->given += bytes;
	else
		rte_pktmbuf_free(m);
	peer_wait(peer, WR_US(1));
}

/* ---- what comes back ---- */

static void check_text(const struct peer *peer, const struct wr_seg *seg, const uint8_t *text)
{
	uint32_t at = seg->seq.n - peer->irs - 1;

	if (seg->text_len == 0)
		return;
	FUZZ_HOLDS(at < peer->given && seg->text_len <= peer->given - at);
	FUZZ_HOLDS(peer_is_text(text, at, seg->text_len));
}

static void check_window(struct peer *peer, const struct wr_seg *seg)
{
	uint32_t wnd = seg->flags & WR_TCP_SYN ? seg->wnd : (uint32_t)seg->wnd << peer->wscale;
	uint32_t edge = seg->ack.n + wnd;

	/* ACK never falls, and what was offered stays offered but for the scale's rounding. */
	if (peer->has_ack) {
		FUZZ_HOLDS((int32_t)(seg->ack.n - peer->ack) >= 0);
		FUZZ_HOLDS((int32_t)(edge - peer->edge) > -(1 << peer->wscale));
	}
	if (!peer->has_ack || (int32_t)(edge - peer->edge) > 0)
		peer->edge = edge;
	peer->ack = seg->ack.n;
	peer->has_ack = true;
}

/* RFC 7323 section 3.2: in each segment, or in none. */
static void check_stamp(struct peer *peer, const struct wr_seg *seg)
{
	if (seg->flags & WR_TCP_SYN)
		peer->ts = seg->has_ts;
	FUZZ_HOLDS(seg->has_ts == peer->ts);
	peer->ts_val = seg->ts_val;
}

static void take_segment(struct peer *peer, const struct wr_seg *seg, const uint8_t *p)
{
	uint32_t end = seg->seq.n + seg->len;

	if (seg->flags & WR_TCP_RST)
		return;
	if (seg->flags & WR_TCP_SYN) {
		struct wr_syn_options options;

		wr_tcp_parse_syn(seg, &options);
		/* Another connection of the same ports? */
		if (peer->irs != seg->seq.n || peer->iss != seg->ack.n - 1) {
			peer->has_ack = false;
			peer->taken = peer->given = 0;
		}
		peer->irs = seg->seq.n;
		peer->iss = seg->ack.n - 1;
		peer->nxt = end;
		peer->wscale = options.wscale;
	}
	FUZZ_HOLDS(seg->flags & WR_TCP_ACK);
	check_stamp(peer, seg);
	check_window(peer, seg);
	check_text(peer, seg, p + seg->text_off);
	if ((int32_t)(end - peer->nxt) > 0)
		peer->nxt = end;
	peer->sacks = seg->sack_count;
	for (unsigned i = 0; i < peer->sacks; i++)
		peer->sack[i] = wr_tcp_sack(seg, i);
}

static void take_frame(struct peer *peer, const struct rte_mbuf *m)
{
	uint8_t bytes[2048];
	struct wr_seg seg;
	uint32_t len = m->pkt_len - HEADERS;
	const uint8_t *p;

	fuzz_trace(peer->now_ns, m);
	fuzz_note(&peer->now_ns, sizeof(peer->now_ns));
	fuzz_note_frame(m);
	FUZZ_HOLDS(m->pkt_len > HEADERS && m->pkt_len <= 1514);
	p = rte_pktmbuf_read(m, 0, m->pkt_len, bytes);
	if (p[12] != 0x08 || p[13] != 0x00 || p[23] != IPPROTO_TCP)
		return;
	FUZZ_HOLDS(wr_tcp_parse(p + HEADERS, len, &seg) == WR_V_NEXT);
	/* Those of earlier connections are not followed. */
	if (wr_be16_get(p + HEADERS + 2) == peer->port)
		take_segment(peer, &seg, p + HEADERS);
}

static void take_output(struct peer *peer)
{
	struct rte_mbuf *frame[WR_STACK_BURST];
	unsigned n;

	while ((n = wr_stack_output(peer->stack, frame, WR_LEN(frame)))) {
		for (unsigned i = 0; i < n; i++) {
			take_frame(peer, frame[i]);
			rte_pktmbuf_free(frame[i]);
		}
	}
}

void peer_wait(struct peer *peer, uint64_t ns)
{
	uint64_t end_ns = peer->now_ns + ns;

	while (peer->now_ns < end_ns) {
		uint64_t next = wr_stack_deadline(peer->stack);

		peer->now_ns = RTE_MIN(end_ns, RTE_MAX(next, peer->now_ns + WR_US(100)));
		wr_stack_tick(peer->stack, peer->now_ns);
		take_output(peer);
	}
}

void peer_send_frame(struct peer *peer, struct rte_mbuf *m)
{
	fuzz_trace(peer->now_ns, m);
	wr_stack_input(peer->stack, &m, 1, peer->now_ns);
	wr_stack_tick(peer->stack, peer->now_ns);
	take_output(peer);
}

void peer_send(struct peer *peer, struct craft_tcp *tcp)
{
	/* The harness needs one buffer itself, which an exhausted pool does not have. */
	if (rte_mempool_avail_count(fuzz_pool()) == 0)
		return;
	tcp->sport = peer->port;
	tcp->dport = PEER_PORT;
	peer_send_frame(peer, craft_tcp(fuzz_pool(), &peer_path, tcp));
}

/* ---- begin and end ---- */

void peer_begin(struct peer *peer, bool sack)
{
	struct wr_tcp_listener listener = {.port = PEER_PORT, .events = &events, .user = peer};
	struct wr_stack_conf conf;
	struct wr_err err;

	memset(peer, 0, sizeof(*peer));
	peer->now_ns = WR_S(1000);
	peer->port = 4000;
	small_host_conf(&conf, 0);
	conf.tcp.sack = sack;
	peer->stack = wr_stack_new(&conf, &peer->stats, peer->now_ns, &err);
	FUZZ_HOLDS(peer->stack != NULL);
	wr_tcp_options_default(&listener.options);
	listener.options.nodelay = true;
	FUZZ_HOLDS(wr_tcp_listen(wr_stack_tcp(peer->stack), &listener) == 0);
	peer_send_frame(peer, craft_arp(fuzz_pool(), &peer_path, RTE_ARP_OP_REQUEST));
}

#define CLOCK_MS 1000100 /* the peer's: it wraps soon, too */

void peer_stamp(const struct peer *peer, uint8_t option[PEER_STAMP], int later, uint32_t older)
{
	uint32_t now_ms = (uint32_t)(peer->now_ns / WR_MS(1)) - CLOCK_MS;
	const uint8_t head[] = {1, 1, 8, 10};

	memcpy(option, head, sizeof(head));
	wr_be32_put(option + 4, now_ms + (uint32_t)later);
	wr_be32_put(option + 8, peer->ts_val - older);
}

void peer_open(struct peer *peer, bool ts)
{
	uint8_t options[PEER_STAMP + 12] = {2, 4, 5, 180, 4, 2, 1, 1, 1, 3, 3, 0};
	struct craft_tcp tcp = {
		.flags = WR_TCP_SYN,
		.wnd = 65535,
		.options = options,
		.options_len = (uint8_t)(12 + (ts ? PEER_STAMP : 0)),
	};

	peer->port++;
	peer->c = NULL;
	peer->is_open = peer->refuses = peer->has_ack = false;
	peer->taken = peer->given = 0;
	peer->sacks = 0;
	peer->ts = false;
	peer->ts_val = 0;
	peer_stamp(peer, options + 12, 0, 0);
	peer->iss = tcp.seq = 0xfffffc00u + peer->port; /* it wraps soon */
	peer_send(peer, &tcp);
	tcp = (struct craft_tcp) {
		.flags = WR_TCP_ACK,
		.wnd = 65535,
		.seq = peer->iss + 1,
		.ack = peer->irs + 1,
		.options = options,
		.options_len = peer->ts ? PEER_STAMP : 0,
	};
	peer_stamp(peer, options, 0, 0);
	if (peer->has_ack)
		peer_send(peer, &tcp);
}

void peer_end(struct peer *peer)
{
	wr_stack_tick(peer->stack, peer->now_ns);
	take_output(peer);
	wr_stack_tick(peer->stack, peer->now_ns);
	FUZZ_HOLDS(wr_stats_unbalanced_in(&peer->stats) == 0);
	FUZZ_HOLDS(wr_stats_unbalanced_out(&peer->stats) == 0);
	fuzz_note(&peer->stats, sizeof(peer->stats));
	wr_stack_free(peer->stack);
	fuzz_check_pool();
}
