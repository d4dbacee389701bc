/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests and responses of sizes on demand: the protocol is in wr_rr.h. */
#include <errno.h>

#include "exchange.h"
#include "reactions.h"
#include "wr_pattern.h"
#include "wr_rr.h"

struct rr {
	struct service_exchange x;
	struct wr_rr asked;
	uint32_t left;  /* bytes of the request that are to come */
	uint8_t copied; /* bytes of it at `copy` */
	uint8_t copy[WR_RR_COPIED];
};

/* ---- the common case: a buffer of whole requests whose responses are as long ---- */

/* Makes the responses of the requests; false: they are not of this kind. */
static bool answer_in_place(const struct wr_service_core *core, struct rte_mbuf *m)
{
	uint8_t *text = rte_pktmbuf_mtod(m, uint8_t *);
	bool shared = rte_mbuf_refcnt_read(m) > 1;
	uint32_t at = 0, requests = 0;

	while (at < m->data_len) {
		uint32_t bytes = m->data_len - at;
		struct wr_rr rr;

		if (bytes < WR_RR_HEADER || !wr_rr_read(&rr, text + at) ||
		    rr.request_bytes != rr.response_bytes || rr.request_bytes > bytes)
			return false;
		bytes = rr.request_bytes;
		if (bytes > WR_RR_COPIED) {
			if (shared) /* a driver's: somebody else reads it too */
				return false;
			wr_pattern_fill(text + at + WR_RR_COPIED, bytes - WR_RR_COPIED,
			                WR_RR_COPIED);
		}
		at += bytes;
		requests++;
	}
	WR_COUNT(core->stats, rr_requests, requests);
	return true;
}

static bool on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	const struct wr_service_core *core = service_core_of(c);

	if (wr_likely(!service_record_of(c)) && answer_in_place(core, m)) {
		switch (wr_tcp_send(tcp, c, m)) {
		case 0:
			return true;
		case -EPIPE: /* closed from our side, by a drain */
			rte_pktmbuf_free(m);
			return true;
		default:
			return false;
		}
	}
	return service_exchange_on_data(tcp, c, m);
}

/* ---- all others ---- */

static void begin(struct service_exchange *x)
{
}

static bool is_idle(const struct service_exchange *x)
{
	return !((const struct rr *)(const void *)x)->copied;
}

/* Reads up to `bytes` bytes, of which the first of a request are kept; returns how many. */
static uint32_t take(struct rr *rr, uint32_t bytes)
{
	struct rte_mbuf *m = rr->x.input;
	uint32_t n = wr_min(bytes, m->data_len);
	uint32_t keep = wr_min(n, sizeof(rr->copy) - rr->copied);

	memcpy(rr->copy + rr->copied, rte_pktmbuf_mtod(m, char *), keep);
	rr->copied = (uint8_t)(rr->copied + keep);
	rte_pktmbuf_adj(m, (uint16_t)n);
	return n;
}

/* Text of a response that begins with `copied` bytes at `copy`. */
static void write_text(char *out, uint32_t bytes, const uint8_t *copy, uint32_t copied)
{
	copied = wr_min(copied, bytes);
	memcpy(out, copy, copied);
	wr_pattern_fill(out + copied, bytes - copied, copied);
}

/* What a segment holds is written at once, the rest follows as a stream. */
static enum service_step respond(struct rr *rr)
{
	uint32_t all = rr->asked.response_bytes;
	uint32_t now = wr_min(all, service_segment(rr->x.r.core));
	char *out = now ? service_exchange_room(&rr->x, now) : NULL;

	if (now && !out)
		return SERVICE_STEP_FLUSH;
	if (now) {
		write_text(out, now, rr->copy, rr->copied);
		service_exchange_wrote(&rr->x, now);
	}
	rr->x.stream = (struct service_stream) {.offset = now, .left = all - now};
	rr->copied = 0;
	WR_COUNT(rr->x.r.core->stats, rr_requests, 1);
	return SERVICE_STEP_ON;
}

static enum service_step read_on(struct service_exchange *x)
{
	struct rr *rr = (struct rr *)(void *)x;

	if (rr->copied < WR_RR_HEADER) {
		if (!rr->copied)
			service_exchange_request(x);
		take(rr, WR_RR_HEADER - rr->copied);
		if (rr->copied < WR_RR_HEADER)
			return SERVICE_STEP_ON;
		if (!wr_rr_read(&rr->asked, rr->copy))
			return SERVICE_STEP_REFUSE;
		rr->left = rr->asked.request_bytes - WR_RR_HEADER;
	}
	if (rr->left)
		rr->left -= take(rr, rr->left);
	return rr->left ? SERVICE_STEP_ON : respond(rr);
}

static enum service_late look(struct service_exchange *x, bool stuck, uint64_t now_us)
{
	return stuck ? SERVICE_LATE : SERVICE_IN_TIME;
}

static const struct service_exchange_ops ops = {
	.record_bytes = sizeof(struct rr),
	.begin = begin,
	.read = read_on,
	.is_idle = is_idle,
	.look = look,
};

/* ---- UDP ---- */

/* Appends the response's text to the chain whose head is m; false: the pool is empty. */
static bool append_response(struct wr_service_core *core, struct rte_mbuf *m, uint32_t bytes,
                            const uint8_t *copy, uint32_t copied)
{
	struct rte_mbuf *last = m;

	for (uint32_t at = 0; at < bytes;) {
		uint32_t part = wr_min(bytes - at, rte_pktmbuf_tailroom(last));
		char *out = rte_pktmbuf_mtod_offset(last, char *, last->data_len);

		if (at < copied)
			write_text(out, part, copy, copied);
		else
			wr_pattern_fill(out, part, at);
		last->data_len = (uint16_t)(last->data_len + part);
		m->pkt_len += part;
		at += part;
		if (at == bytes)
			break;
		last->next = service_buffer(core);
		if (!last->next)
			return false;
		last = last->next;
		m->nb_segs++;
	}
	return true;
}

/*
 * The answer may be many times the question, so whoever can forge addresses could make this
 * an amplifier: it belongs into laboratories, where the load generator asks.
 */
static enum wr_verdict on_datagram(struct wr_udp *udp, struct rte_mbuf *m,
                                   const struct wr_tuple *from, uint8_t tos, void *user,
                                   uint64_t now_us)
{
	struct wr_service_core *core = user;
	uint8_t room[WR_RR_COPIED], copy[WR_RR_COPIED];
	uint32_t copied = wr_min(m->pkt_len, WR_RR_COPIED);
	struct rte_mbuf *answer;
	struct wr_rr rr;
	bool is_ours;

	memcpy(copy, rte_pktmbuf_read(m, 0, copied, room), copied);
	is_ours = copied >= WR_RR_HEADER && wr_rr_read(&rr, copy) &&
	          rr.response_bytes <= WR_UDP_PAYLOAD_MAX;
	if (!is_ours || !rr.response_bytes) {
		WR_COUNT(core->stats, service_refused, !is_ours);
		WR_COUNT(core->stats, rr_requests, is_ours);
		rte_pktmbuf_free(m);
		return WR_V_udp_delivered;
	}
	answer = m;
	if (rte_mbuf_refcnt_read(m) > 1 || m->nb_segs > 1) {
		rte_pktmbuf_free(m);
		answer = service_buffer(core);
		if (!answer)
			return WR_V_udp_delivered;
	}
	answer->data_len = 0;
	answer->pkt_len = 0;
	if (!append_response(core, answer, rr.response_bytes, copy, copied)) {
		rte_pktmbuf_free(answer);
		return WR_V_udp_delivered;
	}
	WR_COUNT(core->stats, rr_requests, 1);
	wr_udp_send(udp, answer, from, tos & 0xfc, now_us);
	return WR_V_udp_delivered;
}

/* ---- the service ---- */

static uint64_t core_bytes(const struct wr_service_conf *conf)
{
	return service_exchange_bytes(&ops, conf);
}

static void core_begin(struct wr_service_core *core, const struct wr_service_conf *conf)
{
	service_exchange_begin(core, &ops, conf);
}

static const struct wr_tcp_events events = {
	.on_open = service_accept,
	.on_data = on_data,
	.on_room = service_exchange_on_room,
	.on_peer_closed = service_exchange_on_peer_closed,
	.on_closed = service_exchange_on_closed,
};

const struct wr_service wr_service_rr = {
	.name = "rr",
	.spec = "docs/services.md",
	.port = WR_RR_PORT,
	.tcp = &events,
	.udp = on_datagram,
	.udp_replies = true,
	.nodelay = true,
	.core_bytes = core_bytes,
	.core_begin = core_begin,
	.core_end = service_exchange_end,
	.run = service_exchange_run,
	.deadline = service_exchange_deadline,
};
