/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Character generator, RFC 864. Over TCP: lines of 72 characters of the ring of the 95
 * printable ones, each line one character further, as fast as the peer takes them. Over UDP:
 * one datagram of random length for each one received.
 */
#include <errno.h>

#include "reactions.h"

#define RING       95 /* printable characters, ' ' to '~' */
#define LINE_CHARS 72
#define LINE_BYTES 74  /* with CR and LF */
#define DATAGRAM   512 /* bytes at most */
#define HEADERS    52  /* IPv4 and TCP with timestamps: what a full segment loses to them */
#define MAX_LINES  256 /* a buffer */

/* The `line`-th line, or its first `bytes` bytes. */
static void put_line(char *out, unsigned line, unsigned bytes)
{
	for (unsigned i = 0; i < bytes && i < LINE_CHARS; i++)
		out[i] = (char)(' ' + (line + i) % RING);
	if (bytes > LINE_CHARS)
		out[LINE_CHARS] = '\r';
	if (bytes > LINE_CHARS + 1)
		out[LINE_CHARS + 1] = '\n';
}

/* A buffer of whole lines, as many as fit into a segment; NULL: the pool is empty. */
static struct rte_mbuf *lines_from(struct wr_ip *ip, unsigned first, unsigned lines)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(ip->pool);
	char *text;

	if (!m) {
		WR_COUNT(ip->stats, mbuf_alloc_failed, 1);
		return NULL;
	}
	text = rte_pktmbuf_append(m, (uint16_t)(lines * LINE_BYTES));
	if (!text) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	for (unsigned i = 0; i < lines; i++)
		put_line(text + i * LINE_BYTES, first + i, LINE_BYTES);
	return m;
}

static unsigned lines_of_segment(const struct wr_ip *ip)
{
	unsigned lines = ip->conf.mtu > HEADERS ? (ip->conf.mtu - HEADERS) / LINE_BYTES : 0;

	return wr_min(wr_max(lines, 1), MAX_LINES);
}

/*
 * Sends until the queue is full or there are no buffers; wr_tcb_user() is the number of the
 * next line, modulo RING. False: no buffers, and no acknowledgement will come to go on with.
 */
static bool fill(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct wr_ip *ip = wr_tcp_ip(tcp);
	unsigned next = (unsigned)(uintptr_t)wr_tcb_user(c);
	unsigned lines = lines_of_segment(ip);
	struct rte_mbuf *m;

	while ((m = lines_from(ip, next, lines))) {
		if (wr_tcp_send(tcp, c, m)) {
			rte_pktmbuf_free(m);
			break;
		}
		next = (next + lines) % RING;
	}
	wr_tcb_set_user(c, (void *)(uintptr_t)next);
	return wr_tcp_want_room(tcp, c);
}

static bool on_open(struct wr_tcp *tcp, struct wr_tcb *c)
{
	wr_tcb_set_user(c, NULL);
	return fill(tcp, c);
}

static void on_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (!fill(tcp, c))
		wr_tcp_abort(tcp, c);
}

/*
 * RFC 864 wants a random length of 0 to 512; but who forges the sender's address would get
 * an amplifier, so the answer is never longer than the datagram that asked for it. It goes
 * back in the same buffer.
 */
static enum wr_verdict on_datagram(struct wr_udp *udp, struct rte_mbuf *m,
                                   const struct wr_tuple *from, uint8_t tos, void *user,
                                   uint64_t now_us)
{
	uint32_t bytes = wr_min(wr_prng_below(udp->ip->prng, DATAGRAM + 1), m->data_len);
	char *text = rte_pktmbuf_mtod(m, char *);

	rte_pktmbuf_free(m->next);
	m->next = NULL;
	m->nb_segs = 1;
	m->data_len = (uint16_t)bytes;
	m->pkt_len = bytes;
	for (uint32_t at = 0, line = 0; at < bytes; at += LINE_BYTES, line++)
		put_line(text + at, line, wr_min(LINE_BYTES, bytes - at));
	wr_udp_send(udp, m, from, tos & 0xfc, now_us);
	return WR_V_udp_delivered;
}

static const struct wr_tcp_events events = {
	.on_open = on_open,
	.on_data = service_throw_away,
	.on_room = on_room,
	.on_peer_closed = service_close_too,
	.on_closed = service_ignore_end,
};

const struct wr_service wr_service_chargen = {
	.name = "chargen",
	.spec = "RFC 864",
	.port = 19,
	.tcp = &events,
	.udp = on_datagram,
	.udp_replies = true,
};
