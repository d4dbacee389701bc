/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between cores: a frame that the NIC brought to the wrong one goes to its owner's inbox.
 * Whoever puts it there counts the verdict, whoever takes it out counts rx_handed_in.
 */
#include <stdio.h>

#include <rte_errno.h>

#include "stack.h"

#define INBOX_SLOTS 4096 /* frames; one slot stays free */
#define INBOX_ROUND 128  /* frames taken in one tick, so that the NIC gets its turn */

struct rte_ring *wr_stack_inbox_new(const char *name, uint32_t core, int socket)
{
	char ring[RTE_RING_NAMESIZE];

	if (snprintf(ring, sizeof(ring), "%s_in%u", name, core) >= (int)sizeof(ring)) {
		rte_errno = ENAMETOOLONG;
		return NULL;
	}
	return rte_ring_create(ring, INBOX_SLOTS, socket, RING_F_SC_DEQ);
}

void wr_stack_inbox_free(struct rte_ring *inbox)
{
	rte_ring_free(inbox);
}

static void *wrap(struct rte_mbuf *m, enum stack_gift kind)
{
	return (void *)((uintptr_t)m | kind);
}

struct rte_mbuf *stack_gift_buffer(void *gift)
{
	return (struct rte_mbuf *)((uintptr_t)gift & ~(uintptr_t)STACK_GIFT_MASK);
}

static enum stack_gift kind_of(void *gift)
{
	return (enum stack_gift)((uintptr_t)gift & STACK_GIFT_MASK);
}

uint32_t stack_owner_of_segment(const struct wr_stack *s, const struct wr_frame *f)
{
	const struct wr_owner *owner = s->conf.owner;

	if (s->conf.hash_is_ours && f->m->ol_flags & RTE_MBUF_F_RX_RSS_HASH)
		return wr_owner_of_hash(owner, f->m->hash.rss);
	return wr_owner_of(owner, &f->tuple);
}

void stack_handover(struct wr_stack *s, uint32_t core, struct rte_mbuf *m)
{
	struct stack_strays *strays = &s->strays;

	if (strays->n == WR_LEN(strays->frame))
		stack_handover_flush(s);
	strays->frame[strays->n] = m;
	strays->core[strays->n++] = core;
}

/* Takes those for one core, the owner of the first, out of the list, in order. */
static unsigned take_for_first(struct stack_strays *strays, void **gift)
{
	uint32_t core = strays->core[0];
	unsigned taken = 0, left = 0;

	for (unsigned i = 0; i < strays->n; i++) {
		if (strays->core[i] == core) {
			gift[taken++] = wrap(strays->frame[i], STACK_GIFT_FRAME);
			continue;
		}
		strays->frame[left] = strays->frame[i];
		strays->core[left++] = strays->core[i];
	}
	strays->n = left;
	return taken;
}

void stack_handover_flush(struct wr_stack *s)
{
	while (s->strays.n) {
		struct rte_ring *inbox = s->conf.inbox[s->strays.core[0]];
		void *gift[WR_STACK_BURST];
		unsigned n = take_for_first(&s->strays, gift);
		unsigned put = rte_ring_enqueue_burst(inbox, gift, n, NULL);

		stack_count_verdict(s, WR_V_core_handed_over, put);
		stack_count_verdict(s, WR_V_core_handover_full, n - put);
		for (unsigned i = put; i < n; i++)
			rte_pktmbuf_free(stack_gift_buffer(gift[i]));
	}
}

struct rte_mbuf *stack_arp_copy(struct wr_stack *s, const struct rte_mbuf *m)
{
	struct rte_mbuf *copy = rte_pktmbuf_copy(m, s->conf.pool, 0, UINT32_MAX);

	if (!copy) {
		WR_COUNT(s->stats, mbuf_alloc_failed, 1);
		WR_COUNT(s->stats, arp_news_lost, 1);
	}
	return copy;
}

void stack_arp_tell(struct wr_stack *s, const struct rte_mbuf *news)
{
	for (uint32_t core = 0; core < s->conf.owner->cores; core++) {
		struct rte_mbuf *copy;

		if (core == s->conf.core)
			continue;
		copy = stack_arp_copy(s, news);
		if (copy &&
		    rte_ring_enqueue(s->conf.inbox[core], wrap(copy, STACK_GIFT_ARP_NEWS))) {
			WR_COUNT(s->stats, arp_news_lost, 1);
			rte_pktmbuf_free(copy);
		}
	}
}

void stack_service_tell(struct wr_service_core *core, const struct rte_mbuf *m)
{
	struct wr_stack *s = core->stack;

	for (uint32_t to = 0; to < core->cores; to++) {
		struct rte_mbuf *copy;

		if (to == core->core)
			continue;
		copy = rte_pktmbuf_copy(m, s->conf.pool, 0, UINT32_MAX);
		if (!copy) {
			WR_COUNT(s->stats, mbuf_alloc_failed, 1);
			WR_COUNT(s->stats, service_news_lost, 1);
			continue;
		}
		copy->hash.usr = (uint32_t)(core - s->service);
		if (rte_ring_enqueue(s->conf.inbox[to], wrap(copy, STACK_GIFT_SERVICE_NEWS))) {
			WR_COUNT(s->stats, service_news_lost, 1);
			rte_pktmbuf_free(copy);
		}
	}
}

static void service_news(struct wr_stack *s, struct rte_mbuf *m)
{
	struct wr_service_core *core = &s->service[m->hash.usr];

	core->service->on_news(core, m);
}

unsigned stack_inbox_run(struct wr_stack *s)
{
	struct rte_ring *inbox = s->conf.inbox ? s->conf.inbox[s->conf.core] : NULL;
	unsigned taken = 0;

	while (inbox && taken < INBOX_ROUND) {
		struct rte_mbuf *frame[WR_STACK_BURST], *news[WR_STACK_BURST];
		void *gift[WR_STACK_BURST];
		unsigned frames = 0, newses = 0;
		unsigned n = rte_ring_dequeue_burst(inbox, gift, WR_LEN(gift), NULL);

		if (!n)
			break;
		for (unsigned i = 0; i < n; i++) {
			struct rte_mbuf *m = stack_gift_buffer(gift[i]);

			switch (kind_of(gift[i])) {
			case STACK_GIFT_ARP_NEWS:
				news[newses++] = m;
				break;
			case STACK_GIFT_SERVICE_NEWS:
				service_news(s, m);
				break;
			default:
				frame[frames++] = m;
			}
		}
		WR_COUNT(s->stats, rx_handed_in, frames + newses);
		stack_arp_news(s, news, newses);
		stack_burst(s, frame, frames);
		taken += n;
	}
	return taken;
}
