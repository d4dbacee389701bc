/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include <rte_malloc.h>

#include "wr_base.h"
#include "wr_ip_priv.h"
#include "wr_path.h"

/*
 * A set-associative table: the hash of an address names a set of WAYS entries. Sending asks
 * for nothing here while every path known is wide (ip->mtu_least).
 */

#define WAYS 4

struct entry {
	uint64_t until_us; /* 0: free */
	uint32_t dst;
	uint16_t mtu;
	bool cut;
};

struct wr_paths {
	struct entry *entry; /* of mask + 1 */
	uint32_t mask;
	uint32_t key;          /* odd: multiplicative hashing with a secret factor */
	uint32_t used;         /* entries that are not free, aged or not */
	uint64_t next_look_us; /* when one may have aged: mtu_least is made again */
};

static uint32_t table_size(const struct wr_ip_conf *conf)
{
	return rte_align32pow2(wr_max(conf->paths, WAYS));
}

uint64_t wr_path_bytes(const struct wr_ip_conf *conf)
{
	return sizeof(struct wr_paths) + table_size(conf) * sizeof(struct entry);
}

int wr_path_init(struct wr_ip *ip)
{
	uint32_t n = table_size(&ip->conf);
	struct wr_paths *t;

	ip->mtu_least = ip->conf.mtu;
	t = rte_zmalloc_socket("wr_paths", sizeof(*t), 0, ip->conf.socket);
	if (t == NULL)
		return -ENOMEM;
	ip->paths = t;
	t->mask = n - 1;
	t->key = (uint32_t)wr_prng_u64(ip->prng) | 1;
	t->entry = rte_zmalloc_socket("wr_path", n * sizeof(*t->entry), WR_CACHE_LINE,
	                              ip->conf.socket);
	return t->entry != NULL ? 0 : -ENOMEM;
}

void wr_path_fini(struct wr_ip *ip)
{
	if (ip->paths == NULL)
		return;
	rte_free(ip->paths->entry);
	rte_free(ip->paths);
	ip->paths = NULL;
}

static struct entry *set_of(const struct wr_paths *t, uint32_t dst)
{
	uint32_t hash = (uint32_t)(((uint64_t)dst * t->key) >> 16);

	return &t->entry[hash & t->mask & ~(uint32_t)(WAYS - 1)];
}

/* The entry of dst, or NULL. */
static struct entry *find(const struct wr_paths *t, uint32_t dst)
{
	struct entry *set = set_of(t, dst);

	for (unsigned i = 0; i < WAYS; i++)
		if (set[i].until_us != 0 && set[i].dst == dst)
			return &set[i];
	return NULL;
}

/* A place for dst: its own, a free one, or that of whoever is forgotten first. */
static struct entry *place_for(struct wr_paths *t, uint32_t dst)
{
	struct entry *set = set_of(t, dst), *best = find(t, dst);

	if (best != NULL)
		return best;
	best = &set[0];
	for (unsigned i = 1; i < WAYS; i++)
		if (set[i].until_us < best->until_us)
			best = &set[i];
	t->used += best->until_us == 0;
	return best;
}

/* How wide the narrowest path is; one that needs cutting has all packets looked at. */
static void note_least(struct wr_ip *ip, uint16_t mtu, bool cut)
{
	ip->mtu_least = cut ? 0 : (uint16_t)wr_min(ip->mtu_least, mtu);
}

/* Forgets what has aged. */
static void sweep(struct wr_ip *ip, uint64_t now_us)
{
	struct wr_paths *t = ip->paths;

	ip->mtu_least = ip->conf.mtu;
	t->next_look_us = UINT64_MAX;
	t->used = 0;
	for (uint32_t i = 0; i <= t->mask; i++) {
		struct entry *e = &t->entry[i];

		if (e->until_us <= now_us) {
			e->until_us = 0;
			continue;
		}
		t->used++;
		if (e->until_us < t->next_look_us)
			t->next_look_us = e->until_us;
		note_least(ip, e->mtu, e->cut);
	}
	WR_LEVEL(ip->stats, ip_paths, t->used);
}

struct wr_path wr_path_get(const struct wr_ip *ip, uint32_t dst, uint64_t now_us)
{
	const struct wr_paths *t = ip->paths;
	const struct entry *e = t->used != 0 ? find(t, dst) : NULL;

	if (e == NULL || e->until_us <= now_us)
		return (struct wr_path) {.mtu = ip->conf.mtu};
	return (struct wr_path) {.mtu = e->mtu, .cut = e->cut};
}

void wr_path_put(struct wr_ip *ip, uint32_t dst, uint16_t mtu, uint64_t now_us)
{
	struct wr_paths *t = ip->paths;
	struct entry *e = find(t, dst);

	if (mtu >= ip->conf.mtu || ip->conf.path_age_us == 0) {
		if (e != NULL) {
			e->until_us = 0;
			sweep(ip, now_us);
		}
		return;
	}
	e = place_for(t, dst);
	*e = (struct entry) {
		.until_us = now_us + ip->conf.path_age_us,
		.dst = dst,
		.mtu = (uint16_t)wr_max(mtu, WR_PATH_FLOOR),
		.cut = mtu < WR_PATH_FLOOR,
	};
	if (t->used == 1 || e->until_us < t->next_look_us)
		t->next_look_us = e->until_us;
	note_least(ip, e->mtu, e->cut);
	WR_LEVEL(ip->stats, ip_paths, t->used);
}

void wr_path_tick(struct wr_ip *ip, uint64_t now_us)
{
	struct wr_paths *t = ip->paths;

	if (wr_unlikely(t->used != 0 && t->next_look_us <= now_us))
		sweep(ip, now_us);
}

uint16_t wr_path_plateau_below(uint32_t mtu)
{
	static const uint16_t plateau[] = {32000, 17914, 8166, 4352, 2002, 1492, 1006};

	for (unsigned i = 0; i < WR_LEN(plateau); i++)
		if (plateau[i] < mtu)
			return plateau[i];
	return WR_PATH_FLOOR;
}
