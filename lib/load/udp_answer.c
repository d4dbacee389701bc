/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which request a datagram answers, and whether it is as it should be. The number of the
 * request stands in the stamp with --verify, in the tag of rr's header, else in the first four
 * bytes of the payload. Where there is none, because the message is shorter or the payload is a
 * file, responses belong to the oldest request.
 */

#include "udp_rr.h"
#include "wr_pattern.h"
#include "wr_rr.h"

/* ---- requests under way ---- */

#define NO_NUMBER UINT64_MAX
/* The place of the request with this number; UDP_RR_NO_PLACE: it is not under way. */
static unsigned find_number(const struct wr_load *load, uint32_t n, uint64_t number)
{
	for (uint64_t left = udp_rr(load)->flows.flow[n].used; left; left &= left - 1) {
		unsigned i = udp_rr_lowest(left);

		if (udp_place(load, n, i)->number == (uint32_t)number)
			return i;
	}
	return UDP_RR_NO_PLACE;
}

unsigned udp_rr_oldest(const struct wr_load *load, uint32_t n, uint32_t bytes)
{
	unsigned oldest = UDP_RR_NO_PLACE;

	for (uint64_t left = udp_rr(load)->flows.flow[n].used; left; left &= left - 1) {
		unsigned i = udp_rr_lowest(left);
		const struct udp_place *p = udp_place(load, n, i);

		if (bytes && p->want != bytes)
			continue;
		if (oldest == UDP_RR_NO_PLACE ||
		    (int32_t)(p->number - udp_place(load, n, oldest)->number) < 0)
			oldest = i;
	}
	return oldest;
}

/* The number of 64 bits, of which 32 are known, that lies before the flow's next one. */
static uint64_t widen(const struct load_flow *flow, uint32_t number)
{
	return flow->next - 1 - (uint32_t)((uint32_t)flow->next - 1 - number);
}

/* Which request an unverified datagram answers; NO_NUMBER: none. */
static uint64_t read_number(const struct wr_load *load, uint32_t n, const struct rte_mbuf *m)
{
	const struct udp_rr *rr = udp_rr(load);
	uint8_t room[WR_RR_HEADER];
	struct wr_rr head;
	unsigned i;

	if (rr->sized) {
		const uint8_t *text = rte_pktmbuf_read(m, 0, WR_RR_HEADER, room);

		if (!text || !wr_rr_read(&head, text))
			return NO_NUMBER;
		return widen(&rr->flows.flow[n], head.tag);
	}
	if (rr->tagged && m->pkt_len >= UDP_RR_NUMBER_BYTES)
		return widen(&rr->flows.flow[n],
		             wr_be32_get(rte_pktmbuf_read(m, 0, UDP_RR_NUMBER_BYTES, room)));
	i = udp_rr_oldest(load, n, rr->tagged ? m->pkt_len : 0);
	return i == UDP_RR_NO_PLACE ? NO_NUMBER
	                            : widen(&rr->flows.flow[n], udp_place(load, n, i)->number);
}

/* An unverified datagram; returns whether it ended a request. */
static bool take_plain(struct wr_load *load, uint32_t n, const struct rte_mbuf *m)
{
	struct load_flow *flow = &udp_rr(load)->flows.flow[n];
	uint64_t number = read_number(load, n, m), skipped;
	enum wr_once_verdict verdict;
	unsigned i;

	if (number >= flow->next) {
		LOAD_COUNT(load, responses_unasked, 1);
		return false;
	}
	i = find_number(load, n, number);
	verdict = wr_once_see(&flow->once, number, &skipped);
	if (i != UDP_RR_NO_PLACE) {
		udp_rr_answered(load, n, i);
		return true;
	}
	if (verdict == WR_ONCE_DUPLICATE)
		LOAD_COUNT(load, responses_unasked, 1);
	else
		LOAD_COUNT(load, responses_late, 1);
	return false;
}

/* ---- verification ---- */

/* Gives bytes [from, until) of a datagram to the check of its stamp. */
static void check_stamp(struct wr_stamp_check *check, const struct rte_mbuf *m, uint32_t from)
{
	for (; m; m = m->next) {
		if (from < m->data_len)
			wr_stamp_take(check, rte_pktmbuf_mtod_offset(m, const uint8_t *, from),
			              m->data_len - from);
		from -= wr_min(from, m->data_len);
	}
}

/* Whether a response of rr differs, behind its stamp, from what the service makes of p. */
static bool differs(const struct wr_load *load, const struct rte_mbuf *m,
                    const struct udp_place *p)
{
	uint32_t copied = wr_min(p->bytes, WR_RR_COPIED), at = 0;

	for (; m; m = m->next) {
		const uint8_t *text = rte_pktmbuf_mtod(m, const uint8_t *);
		uint32_t end = at + m->data_len, i = wr_max(at, WR_RR_HEADER + WR_STAMP_BYTES);

		for (; i < end && i < copied; i++)
			if (text[i - at] != load->payload[i])
				return true;
		if (i < end && wr_pattern_differs(text + i - at, end - i, i))
			return true;
		at = end;
	}
	return false;
}

static bool header_differs(const struct rte_mbuf *m, const struct udp_place *p)
{
	uint8_t room[WR_RR_HEADER];
	const uint8_t *text = rte_pktmbuf_read(m, 0, WR_RR_HEADER, room);
	struct wr_rr head;

	return !wr_rr_read(&head, text) || head.request_bytes != p->bytes ||
	       head.response_bytes != p->want || head.tag != p->number;
}

/* The verdict on a datagram, and the place of its request. */
static enum wr_stamp_verdict judge(const struct wr_load *load, uint32_t n,
                                   const struct rte_mbuf *m, struct wr_stamp *stamp,
                                   unsigned *place)
{
	bool sized = udp_rr(load)->sized;
	struct wr_stamp_check check;
	enum wr_stamp_verdict verdict;
	const struct udp_place *p;

	wr_stamp_begin(&check, sized ? WR_STAMP_BYTES : UINT32_MAX);
	check_stamp(&check, m, sized ? WR_RR_HEADER : 0);
	verdict = wr_stamp_judge(&check, load->run, load_client_name(load, n), stamp);
	*place = find_number(load, n, stamp->sequence);
	if (*place == UDP_RR_NO_PLACE || verdict == WR_STAMP_FOREIGN)
		return verdict;
	p = udp_place(load, n, *place);
	if (m->pkt_len < p->want)
		return WR_STAMP_TRUNCATED;
	if (verdict == WR_STAMP_TRUNCATED || m->pkt_len > p->want)
		return WR_STAMP_CORRUPT;
	if (sized && (header_differs(m, p) || differs(load, m, p)))
		return WR_STAMP_CORRUPT;
	return verdict;
}

/* Damaged, and told whose: its request has its end. */
static bool take_damaged(struct wr_load *load, uint32_t n, const struct wr_stamp *stamp,
                         unsigned place)
{
	uint64_t skipped;

	if (place == UDP_RR_NO_PLACE)
		return false;
	wr_once_see(&udp_rr(load)->flows.flow[n].once,
	            widen(&udp_rr(load)->flows.flow[n], (uint32_t)stamp->sequence), &skipped);
	udp_rr_answered(load, n, place);
	return true;
}

static bool take_good(struct wr_load *load, uint32_t n, uint64_t number, unsigned place)
{
	uint64_t skipped;
	enum wr_once_verdict verdict =
		wr_once_see(&udp_rr(load)->flows.flow[n].once, number, &skipped);

	if (verdict == WR_ONCE_DUPLICATE) {
		LOAD_COUNT(load, duplicate, 1);
		return false;
	}
	LOAD_COUNT(load, verified, 1);
	LOAD_COUNT(load, reordered, verdict == WR_ONCE_LATE);
	if (place == UDP_RR_NO_PLACE) {
		LOAD_COUNT(load, responses_late, 1);
		LOAD_COUNT(load, lost, -1); /* given up too early */
		return false;
	}
	udp_rr_answered(load, n, place);
	return true;
}

/* A verified datagram; returns whether it ended a request. */
static bool take_verified(struct wr_load *load, uint32_t n, const struct rte_mbuf *m)
{
	struct wr_stamp stamp;
	unsigned place;

	switch (judge(load, n, m, &stamp, &place)) {
	case WR_STAMP_GOOD:
		return take_good(load, n, stamp.sequence, place);
	case WR_STAMP_CORRUPT:
		LOAD_COUNT(load, corrupt, 1);
		return take_damaged(load, n, &stamp, place);
	case WR_STAMP_TRUNCATED:
		LOAD_COUNT(load, truncated, 1);
		return take_damaged(load, n, &stamp, place);
	case WR_STAMP_FOREIGN:
		break;
	}
	LOAD_COUNT(load, foreign, 1);
	return false;
}

bool udp_rr_take(struct wr_load *load, uint32_t n, const struct rte_mbuf *m)
{
	return load->conf->verify ? take_verified(load, n, m) : take_plain(load, n, m);
}
