/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_malloc.h>

#include "neighbour.h"
#include "wr_ip_priv.h"

#define NEIGHBOURS_MAX (UINT16_MAX - 1)
#define WAITING_MAX    1024 /* packets that wait for all */

static uint32_t table_size(const struct wr_ip_conf *conf)
{
	return wr_min(wr_max(conf->neighbours, 1), NEIGHBOURS_MAX);
}

uint64_t neighbours_bytes(const struct wr_ip_conf *conf)
{
	uint32_t n = table_size(conf);

	return sizeof(struct wr_neighbours) + n * sizeof(struct neighbour) +
	       rte_align32pow2(n) * sizeof(uint16_t);
}

int neighbours_init(struct wr_ip *ip)
{
	uint32_t n = table_size(&ip->conf);
	struct wr_neighbours *t;
	uint32_t i;

	t = rte_zmalloc_socket("wr_neighbours", sizeof(*t), 0, ip->conf.socket);
	if (t == NULL)
		return -ENOMEM;
	ip->neighbours = t;
	t->size = n;
	t->mask = rte_align32pow2(n) - 1;
	t->key = (uint32_t)wr_prng_u64(ip->prng) | 1;
	t->entry = rte_zmalloc_socket("wr_neighbour", n * sizeof(*t->entry), WR_CACHE_LINE,
	                              ip->conf.socket);
	t->bucket = rte_malloc_socket("wr_neighbour_hash", (t->mask + 1) * sizeof(*t->bucket),
	                              0, ip->conf.socket);
	if (t->entry == NULL || t->bucket == NULL)
		return -ENOMEM;
	memset(t->bucket, 0xff, (t->mask + 1) * sizeof(*t->bucket));
	for (i = 0; i < n; i++)
		t->entry[i].same_hash = i + 1 < n ? (uint16_t)(i + 1) : NEIGHBOUR_NONE;
	for (i = 0; i < NEIGHBOUR_QUEUES; i++)
		t->list[i] = (struct neighbour_list) {NEIGHBOUR_NONE, NEIGHBOUR_NONE};
	return 0;
}

/* Lists of entries by index. */

static void unlink_entry(struct wr_neighbours *t, enum neighbour_queue q, struct neighbour *e)
{
	struct neighbour_link *link = &e->link[q];

	if (link->prev != NEIGHBOUR_NONE)
		t->entry[link->prev].link[q].next = link->next;
	else
		t->list[q].head = link->next;
	if (link->next != NEIGHBOUR_NONE)
		t->entry[link->next].link[q].prev = link->prev;
	else
		t->list[q].tail = link->prev;
}

static void append_entry(struct wr_neighbours *t, enum neighbour_queue q, struct neighbour *e)
{
	uint16_t i = (uint16_t)(e - t->entry);

	e->link[q] = (struct neighbour_link) {.prev = t->list[q].tail, .next = NEIGHBOUR_NONE};
	if (t->list[q].tail != NEIGHBOUR_NONE)
		t->entry[t->list[q].tail].link[q].next = i;
	else
		t->list[q].head = i;
	t->list[q].tail = i;
}

static uint16_t *bucket_of(const struct wr_neighbours *t, uint32_t addr)
{
	return &t->bucket[(uint32_t)(((uint64_t)addr * t->key) >> 16) & t->mask];
}

struct neighbour *neighbour_find(const struct wr_neighbours *t, uint32_t addr)
{
	uint16_t i = *bucket_of(t, addr);

	while (i != NEIGHBOUR_NONE && t->entry[i].addr != addr)
		i = t->entry[i].same_hash;
	return i == NEIGHBOUR_NONE ? NULL : &t->entry[i];
}

void neighbour_await(struct wr_neighbours *t, struct neighbour *e, uint64_t due_us)
{
	e->ask_us = due_us;
	e->asking = true;
	append_entry(t, NEIGHBOURS_BY_ASKING, e);
}

void neighbour_await_none(struct wr_neighbours *t, struct neighbour *e)
{
	if (e->asking)
		unlink_entry(t, NEIGHBOURS_BY_ASKING, e);
	e->asking = false;
}

struct neighbour *neighbours_awaited(const struct wr_neighbours *t)
{
	uint16_t first = t->list[NEIGHBOURS_BY_ASKING].head;

	return first == NEIGHBOUR_NONE ? NULL : &t->entry[first];
}

void neighbour_use(struct wr_neighbours *t, struct neighbour *e, uint64_t now_us)
{
	e->used_us = now_us;
	unlink_entry(t, NEIGHBOURS_BY_USE, e);
	append_entry(t, NEIGHBOURS_BY_USE, e);
}

bool neighbours_have_room(const struct wr_neighbours *t, uint64_t now_us, uint64_t idle_us)
{
	return t->free != NEIGHBOUR_NONE ||
	       now_us - t->entry[t->list[NEIGHBOURS_BY_USE].head].used_us > idle_us;
}

/* Packets that wait. */

void neighbour_keep(struct wr_ip *ip, struct neighbour *e, struct rte_mbuf *m)
{
	struct wr_neighbours *t = ip->neighbours;

	if (e->waiting == NEIGHBOUR_WAITING || (t->waiting == WAITING_MAX && e->waiting > 0)) {
		WR_COUNT(ip->stats, arp_dropped, 1);
		rte_pktmbuf_free(e->wait[0]);
		e->waiting--;
		memmove(&e->wait[0], &e->wait[1], e->waiting * sizeof(e->wait[0]));
		e->wait[e->waiting++] = m;
		return;
	}
	if (t->waiting == WAITING_MAX) {
		WR_COUNT(ip->stats, arp_dropped, 1);
		rte_pktmbuf_free(m);
		return;
	}
	e->wait[e->waiting++] = m;
	t->waiting++;
	WR_COUNT(ip->stats, arp_waiting, 1);
}

void neighbour_send_kept(struct wr_ip *ip, struct neighbour *e)
{
	unsigned i;

	for (i = 0; i < e->waiting; i++) {
		neighbour_put_ether(rte_pktmbuf_mtod(e->wait[i], char *), e);
		wr_ip_push(ip, e->wait[i]);
	}
	ip->neighbours->waiting -= e->waiting;
	WR_COUNT(ip->stats, arp_waiting, -(uint64_t)e->waiting);
	e->waiting = 0;
}

void neighbour_drop_kept(struct wr_ip *ip, struct neighbour *e)
{
	unsigned i;

	for (i = 0; i < e->waiting; i++)
		rte_pktmbuf_free(e->wait[i]);
	ip->neighbours->waiting -= e->waiting;
	WR_COUNT(ip->stats, arp_dropped, e->waiting);
	WR_COUNT(ip->stats, arp_waiting, -(uint64_t)e->waiting);
	e->waiting = 0;
}

/* Entries. */

static void forget(struct wr_ip *ip, struct neighbour *e)
{
	struct wr_neighbours *t = ip->neighbours;
	uint16_t i = (uint16_t)(e - t->entry);
	uint16_t *at = bucket_of(t, e->addr);

	while (*at != i)
		at = &t->entry[*at].same_hash;
	*at = e->same_hash;
	neighbour_drop_kept(ip, e);
	neighbour_await_none(t, e);
	unlink_entry(t, NEIGHBOURS_BY_USE, e);
	e->state = NEIGHBOUR_FREE;
	e->addr = 0;
	e->same_hash = t->free;
	t->free = i;
	t->count--;
}

struct neighbour *neighbour_new(struct wr_ip *ip, uint32_t addr, uint64_t now_us)
{
	struct wr_neighbours *t = ip->neighbours;
	struct neighbour *e;
	uint16_t *head;

	if (t->free == NEIGHBOUR_NONE) {
		forget(ip, &t->entry[t->list[NEIGHBOURS_BY_USE].head]);
		WR_COUNT(ip->stats, arp_evicted, 1);
	}
	e = &t->entry[t->free];
	head = bucket_of(t, addr);
	t->free = e->same_hash;
	t->count++;
	memset(e, 0, sizeof(*e));
	e->addr = addr;
	e->state = NEIGHBOUR_FAILED;
	e->used_us = now_us;
	e->eth.src_addr = ip->conf.mac;
	e->eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	e->same_hash = *head;
	*head = (uint16_t)(e - t->entry);
	append_entry(t, NEIGHBOURS_BY_USE, e);
	WR_LEVEL(ip->stats, arp_entries, t->count);
	return e;
}

void neighbours_fini(struct wr_ip *ip)
{
	struct wr_neighbours *t = ip->neighbours;

	if (t == NULL)
		return;
	while (t->entry != NULL && t->bucket != NULL &&
	       t->list[NEIGHBOURS_BY_USE].head != NEIGHBOUR_NONE)
		forget(ip, &t->entry[t->list[NEIGHBOURS_BY_USE].head]);
	rte_free(t->entry);
	rte_free(t->bucket);
	rte_free(t);
	ip->neighbours = NULL;
}
