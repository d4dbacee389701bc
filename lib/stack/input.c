/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>

#include <rte_prefetch.h>

#include "stack.h"

#define ICMP_UNREACHABLE          3 /* type, RFC 792 */
#define ICMP_UNREACHABLE_PROTOCOL 2 /* code */

#define PREFETCH_AHEAD 8 /* frames */

/*
 * To be written, too: most answers leave in the buffer of the question. Where another core
 * wrote the frame, as on memif, that saves the second way to it.
 */
static void prefetch_frame(const struct rte_mbuf *m)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

	__builtin_prefetch(frame, 1);
	__builtin_prefetch(frame + WR_CACHE_LINE, 1);
}

/* (a) Headers into the cache, then parse and check them: verdicts for the bad. */
static void classify(struct wr_stack *s, struct rte_mbuf *const *frames, unsigned n)
{
	for (unsigned i = 0; i < n && i < PREFETCH_AHEAD; i++)
		prefetch_frame(frames[i]);
	for (unsigned i = 0; i < n; i++) {
		if (i + PREFETCH_AHEAD < n)
			prefetch_frame(frames[i + PREFETCH_AHEAD]);
		s->frame[i].m = frames[i];
		wr_ip_classify(&s->ip, &s->frame[i]);
	}
}

/* Whether the flow is ours; if not, its frame leaves the burst. */
static bool is_ours(struct wr_stack *s, struct wr_frame *f)
{
	uint32_t owner;

	if (wr_likely(s->conf.owner->cores == 1))
		return true;
	owner = stack_owner_of_segment(s, f);
	if (owner == s->conf.core)
		return true;
	stack_handover(s, owner, f->m);
	f->m = NULL;
	f->carries = WR_CARRIES_NOTHING;
	return false;
}

/* (b) Segments of other cores' flows leave. */
static void hand_over_others(struct wr_stack *s, unsigned n)
{
	if (s->conf.owner->cores == 1)
		return;
	for (unsigned i = 0; i < n; i++)
		if (s->frame[i].carries == WR_CARRIES_TCP)
			(void)is_ours(s, &s->frame[i]);
	stack_handover_flush(s);
}

/* The answer may go out in the buffer of the question, so news are copied before. */
static enum wr_verdict arp(struct wr_stack *s, struct wr_frame *f)
{
	struct rte_mbuf *news = s->conf.owner->cores > 1 ? stack_arp_copy(s, f->m) : NULL;
	enum wr_verdict verdict = wr_arp_input(&s->ip, f, false, s->now_us);

	if (news && verdict != WR_V_arp_malformed && verdict != WR_V_arp_conflict)
		stack_arp_tell(s, news);
	rte_pktmbuf_free(news);
	return verdict;
}

/* The core that an ICMP error about this packet of ours is for. */
static uint32_t owner_of_error(const struct wr_stack *s, const struct wr_icmp_error *error)
{
	if (error->proto == IPPROTO_UDP && !wr_udp_is_owned(&s->udp, &error->tuple))
		return s->conf.core;
	return wr_owner_of(s->conf.owner, &error->tuple);
}

/*
 * Answers an echo request, or takes an error to what it is about. WR_V_NEXT: the error went
 * to the owner of the flow.
 */
static enum wr_verdict icmp(struct wr_stack *s, struct wr_frame *f)
{
	struct wr_icmp_error error;
	enum wr_verdict verdict = wr_icmp_input(&s->ip, f, s->now_us, &error);
	uint32_t owner;

	if (verdict != WR_V_NEXT)
		return verdict;
	owner = owner_of_error(s, &error);
	if (owner == s->conf.core)
		return error.proto == IPPROTO_UDP
		               ? wr_udp_icmp_error(&s->udp, &error, s->now_us)
		               : wr_tcp_icmp_error(s->tcp, &error, s->now_us);
	stack_handover(s, owner, f->m);
	f->m = NULL;
	return WR_V_NEXT;
}

static void end(struct wr_stack *s, struct wr_frame *f, enum wr_verdict verdict);
static enum wr_verdict whole_datagram(struct wr_stack *s, struct wr_frame *f);

/*
 * All fragments between two hosts meet on one core. A datagram that is now whole counts as
 * a frame of its own.
 */
static enum wr_verdict fragment(struct wr_stack *s, struct wr_frame *f)
{
	const struct wr_tuple pair = {.laddr = f->tuple.laddr, .raddr = f->tuple.raddr};
	uint32_t owner = wr_owner_of(s->conf.owner, &pair);
	struct wr_frame whole = {0};
	enum wr_verdict verdict;

	if (owner != s->conf.core) {
		stack_handover(s, owner, f->m);
		f->m = NULL;
		return WR_V_NEXT;
	}
	verdict = wr_frag_input(&s->ip, f, s->now_us, &whole.m);
	if (whole.m) {
		WR_COUNT(s->stats, rx_reassembled, 1);
		/* The NIC's hash is that of a fragment. */
		whole.m->ol_flags &= ~RTE_MBUF_F_RX_RSS_HASH;
		wr_ip_classify(&s->ip, &whole);
		end(s, &whole, whole_datagram(s, &whole));
	}
	return verdict;
}

/* Most services answer a datagram wherever it came in; flows of clients have an owner. */
static enum wr_verdict udp(struct wr_stack *s, struct wr_frame *f)
{
	if (s->conf.owner->cores > 1 && wr_udp_is_owned(&s->udp, &f->tuple) && !is_ours(s, f))
		return WR_V_NEXT;
	return wr_udp_input(&s->udp, f, s->now_us);
}

/* (d) WR_V_NEXT: the frame was handed over, which counts it. */
static enum wr_verdict process(struct wr_stack *s, struct wr_frame *f)
{
	switch (f->carries) {
	case WR_CARRIES_TCP:
		return wr_tcp_input(s->tcp, f, s->now_us);
	case WR_CARRIES_UDP:
		return udp(s, f);
	case WR_CARRIES_ICMP:
		return icmp(s, f);
	case WR_CARRIES_ARP:
		return arp(s, f);
	case WR_CARRIES_FRAGMENT:
		return fragment(s, f);
	case WR_CARRIES_OTHER:
		wr_icmp_send_error(&s->ip, f, ICMP_UNREACHABLE, ICMP_UNREACHABLE_PROTOCOL,
		                   s->now_us);
		return WR_V_ip_unknown_protocol;
	default:
		return f->verdict;
	}
}

static enum wr_verdict whole_datagram(struct wr_stack *s, struct wr_frame *f)
{
	if (f->carries == WR_CARRIES_FRAGMENT)
		return WR_V_ip_fragment_bad;
	if (f->carries == WR_CARRIES_TCP) {
		if (!is_ours(s, f))
			return WR_V_NEXT;
		wr_tcp_look_up(s->tcp, f, 1);
	}
	return process(s, f);
}

/* The one place where a frame ends: counted, and its buffer collected if nobody kept it. */
static void end(struct wr_stack *s, struct wr_frame *f, enum wr_verdict verdict)
{
	if (verdict != WR_V_NEXT)
		stack_count_verdict(s, verdict, 1);
	if (f->m)
		s->waste[s->waste_count++] = f->m;
}

static void free_waste(struct wr_stack *s)
{
	rte_pktmbuf_free_bulk(s->waste, s->waste_count);
	s->waste_count = 0;
}

void stack_burst(struct wr_stack *s, struct rte_mbuf *const *frames, unsigned n)
{
	classify(s, frames, n);
	stack_stamp(s, WR_STAGE_classify);
	hand_over_others(s, n);
	wr_tcp_look_up(s->tcp, s->frame, n); /* (c) */
	stack_stamp(s, WR_STAGE_lookup);
	for (unsigned i = 0; i < n; i++) {
		struct wr_frame *f = &s->frame[i];

		if (f->m)
			end(s, f, process(s, f));
	}
	stack_handover_flush(s);
	free_waste(s);
	stack_stamp(s, WR_STAGE_process);
}

void stack_arp_news(struct wr_stack *s, struct rte_mbuf *const *frames, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct wr_frame f = {.m = frames[i]};

		wr_ip_classify(&s->ip, &f);
		if (f.carries == WR_CARRIES_ARP)
			end(s, &f, wr_arp_input(&s->ip, &f, true, s->now_us));
		else
			end(s, &f, f.verdict);
	}
	free_waste(s);
}
