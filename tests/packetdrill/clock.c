/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtual time. It passes when the main thread asks for it, never by itself; and not while a
 * second thread that woke from its call has not yet read when that was.
 */

#include <string.h>

#include <rte_arp.h>
#include <rte_byteorder.h>
#include <rte_ether.h>

#include "drill.h"

#define SPIN_NS 1000 /* each look at the clock: some wait by looking */

static const struct rte_ether_addr ours = {{0x02, 0, 0, 0, 0, 1}};
static const struct rte_ether_addr theirs = {{0x02, 0, 0, 0, 0, 2}};

static bool is_main(const struct drill *d)
{
	return pthread_equal(pthread_self(), d->main);
}

static void collect(struct drill *d)
{
	struct rte_mbuf *m[WR_STACK_BURST];
	unsigned n;

	while ((n = wr_stack_output(d->stack, m, WR_LEN(m)))) {
		for (unsigned i = 0; i < n; i++) {
			const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m[i], void *);
			const struct rte_arp_hdr *arp = (const void *)(eth + 1);
			unsigned at = (d->head + d->frames) % DRILL_FRAMES;

			if (eth->ether_type == rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP) &&
			    arp->arp_opcode == rte_cpu_to_be_16(RTE_ARP_OP_REQUEST))
				drill_meet_peer(d);
			if (eth->ether_type != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4) ||
			    d->frames == DRILL_FRAMES) {
				rte_pktmbuf_free(m[i]);
				continue;
			}
			d->frame[at] = m[i];
			d->sent_ns[at] = d->now_ns;
			d->frames++;
		}
	}
}

static void wake(struct drill *d)
{
	for (struct drill_sleeper *s = d->sleepers; s; s = s->next) {
		if (s->awake || (!s->ready(s->arg) && d->now_ns < s->until_ns))
			continue;
		s->awake = d->settling = true;
		pthread_cond_broadcast(&d->changed);
	}
}

void drill_work(struct drill *d)
{
	bool busy;

	do {
		unsigned before = d->frames;

		busy = wr_stack_tick(d->stack, d->now_ns);
		collect(d);
		busy |= d->frames != before;
	} while (busy);
	wake(d);
}

/* Until when nothing can happen by itself. */
static uint64_t next_event(const struct drill *d)
{
	uint64_t next = wr_stack_deadline(d->stack);

	for (const struct drill_sleeper *s = d->sleepers; s; s = s->next)
		next = RTE_MIN(next, s->until_ns);
	return next == UINT64_MAX ? next : RTE_MAX(next, d->now_ns + SPIN_NS);
}

static void settle(struct drill *d)
{
	while (d->settling && is_main(d))
		pthread_cond_wait(&d->changed, &d->lock);
}

/* One step towards until_ns. False: it is reached, or a sleeper woke. */
static bool step(struct drill *d, uint64_t until_ns)
{
	drill_work(d);
	if (d->settling || d->now_ns >= until_ns)
		return false;
	d->now_ns = RTE_MIN(next_event(d), until_ns);
	return true;
}

bool drill_wait(struct drill *d, bool (*ready)(void *arg), void *arg, uint64_t until_ns)
{
	struct drill_sleeper me = {ready, arg, until_ns, false, d->sleepers};

	drill_work(d);
	if (is_main(d)) {
		while (!ready(arg)) {
			settle(d);
			if (next_event(d) == UINT64_MAX || !step(d, until_ns))
				break;
		}
		return ready(arg);
	}
	if (ready(arg) || d->now_ns >= until_ns)
		return ready(arg);
	d->sleepers = &me;
	d->settling = false;
	pthread_cond_broadcast(&d->changed);
	while (!me.awake)
		pthread_cond_wait(&d->changed, &d->lock);
	for (struct drill_sleeper **s = &d->sleepers; *s; s = &(*s)->next) {
		if (*s == &me) {
			*s = me.next;
			break;
		}
	}
	return ready(arg);
}

/* ---- the table's part ---- */

static int sleep_us(void *userdata, useconds_t us)
{
	struct drill *d = userdata;
	uint64_t until_ns;

	pthread_mutex_lock(&d->lock);
	settle(d);
	until_ns = d->now_ns + us * UINT64_C(1000);
	while (step(d, until_ns))
		;
	pthread_mutex_unlock(&d->lock);
	return 0;
}

static int read_clock(void *userdata, struct timeval *now, struct timezone *zone)
{
	struct drill *d = userdata;

	pthread_mutex_lock(&d->lock);
	if (d->settling && !is_main(d)) {
		d->settling = false;
		pthread_cond_broadcast(&d->changed);
	} else {
		settle(d);
		step(d, d->now_ns + SPIN_NS);
		drill_work(d);
		settle(d);
	}
	now->tv_sec = (time_t)(d->now_ns / WR_S(1));
	now->tv_usec = (suseconds_t)(d->now_ns % WR_S(1) / 1000);
	pthread_mutex_unlock(&d->lock);
	return 0;
}

static int packet_arrives(void *userdata, const void *packet, size_t n)
{
	struct drill *d = userdata;
	struct rte_mbuf *m = rte_pktmbuf_alloc(d->pool);
	struct rte_ether_hdr *eth;

	if (!m || n + sizeof(*eth) > rte_pktmbuf_tailroom(m)) {
		rte_pktmbuf_free(m);
		return -1;
	}
	eth = (struct rte_ether_hdr *)rte_pktmbuf_append(m, (uint16_t)(sizeof(*eth) + n));
	*eth = (struct rte_ether_hdr) {ours, theirs, rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4)};
	memcpy(eth + 1, packet, n);
	pthread_mutex_lock(&d->lock);
	wr_stack_input(d->stack, &m, 1, d->now_ns);
	drill_work(d);
	pthread_mutex_unlock(&d->lock);
	return 0;
}

static int packet_leaves(void *userdata, void *packet, size_t *n, long long *time_us)
{
	struct drill *d = userdata;
	size_t room = *n;

	pthread_mutex_lock(&d->lock);
	*n = 0;
	for (drill_work(d); d->frames == 0 && next_event(d) != UINT64_MAX;) {
		settle(d);
		step(d, UINT64_MAX);
		drill_work(d);
	}
	if (d->frames) {
		struct rte_mbuf *m = d->frame[d->head];

		*time_us = (long long)(d->sent_ns[d->head] / 1000);
		*n = m->pkt_len - sizeof(struct rte_ether_hdr);
		*n = RTE_MIN(*n, room);
		memcpy(packet, rte_pktmbuf_mtod_offset(m, void *, sizeof(struct rte_ether_hdr)),
		       *n);
		rte_pktmbuf_free(m);
		d->head = (d->head + 1) % DRILL_FRAMES;
		d->frames--;
	}
	pthread_mutex_unlock(&d->lock);
	return 0;
}

void drill_fill_clock(struct drill_table *table)
{
	table->usleep = sleep_us;
	table->gettimeofday = read_clock;
	table->netdev_send = packet_arrives;
	table->netdev_receive = packet_leaves;
}
