/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_byteorder.h>
#include <rte_malloc.h>

#include "wr_base.h"
#include "wr_ip_priv.h"

/*
 * ARP, RFC 826, with the manners of RFC 1122 section 2.3.2 and RFC 5227. The table has a
 * fixed number of entries, found by hash. What is asked stands in a queue in the order
 * of asking, which is the order of repeating, since all wait the same time; all entries stand
 * in the order of their last use, of which the oldest is evicted from a full table.
 */

#define NONE           UINT16_MAX
#define NEIGHBOURS_MAX (UINT16_MAX - 1)

#define ASK_INTERVAL_US    1000000  /* RFC 1122 section 2.3.2.1: one request a second */
#define ASK_TRIES          3        /* then the neighbour counts as dead */
#define TOUCH_INTERVAL_US  1000000  /* how exact the order of use is */
#define DEFEND_INTERVAL_US 10000000 /* RFC 5227 DEFEND_INTERVAL */

#define WAITING     4    /* packets that wait for one neighbour; RFC 1122: at least one */
#define WAITING_MAX 1024 /* packets that wait for all */

/* Ordered: from REACHABLE on, the Ethernet address is good enough to send to. */
enum state {
	FREE,
	FAILED,     /* asked ASK_TRIES times in vain */
	INCOMPLETE, /* asked for the first time */
	REACHABLE,  /* confirmed less than arp_age_us ago */
	STALE,      /* not confirmed for so long, and not used since */
	PROBING,    /* asked whether it is still there */
};

enum queue { BY_USE, BY_ASKING, QUEUES };

struct link {
	uint16_t prev, next;
};

struct neighbour {
	uint32_t addr; /* host order */
	uint8_t state;
	uint8_t tries;            /* requests sent since the last answer */
	uint8_t waiting;          /* packets in wait[] */
	bool asking;              /* is in the queue BY_ASKING */
	struct rte_ether_hdr eth; /* what goes in front of a packet to it */
	uint16_t same_hash;       /* next entry of the bucket; of the free list */
	uint64_t used_us;
	uint64_t confirmed_us;
	uint64_t ask_us; /* no request before; in BY_ASKING: when the next is due */
	struct link link[QUEUES];
	struct rte_mbuf
		*wait[WAITING]; /* oldest first; data: the Ethernet header to be filled */
	uint64_t failed_us;     /* asked in vain until then; 0: not since it last answered */
} __rte_cache_aligned;

static_assert(offsetof(struct neighbour, link) <= WR_CACHE_LINE, "sending touches one line");

struct list {
	uint16_t head, tail;
};

struct wr_neighbours {
	struct neighbour *entry;
	uint16_t *bucket; /* of mask + 1 */
	uint32_t mask;
	uint32_t key; /* odd: multiplicative hashing with a secret factor */
	uint32_t waiting;
	uint32_t size; /* entries, those that are free included */
	uint16_t free;
	uint16_t count;
	struct list list[QUEUES];
};

static uint32_t table_size(const struct wr_ip_conf *conf)
{
	return wr_min(wr_max(conf->neighbours, 1), NEIGHBOURS_MAX);
}

uint64_t wr_arp_bytes(const struct wr_ip_conf *conf)
{
	uint32_t n = table_size(conf);

	return sizeof(struct wr_neighbours) + n * sizeof(struct neighbour) +
	       rte_align32pow2(n) * sizeof(uint16_t);
}

int wr_arp_init(struct wr_ip *ip)
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
		t->entry[i].same_hash = i + 1 < n ? (uint16_t)(i + 1) : NONE;
	for (i = 0; i < QUEUES; i++)
		t->list[i] = (struct list) {NONE, NONE};
	return 0;
}

/* Lists of entries by index. */

static void unlink_entry(struct wr_neighbours *t, enum queue q, struct neighbour *e)
{
	struct link *link = &e->link[q];

	if (link->prev != NONE)
		t->entry[link->prev].link[q].next = link->next;
	else
		t->list[q].head = link->next;
	if (link->next != NONE)
		t->entry[link->next].link[q].prev = link->prev;
	else
		t->list[q].tail = link->prev;
}

static void append_entry(struct wr_neighbours *t, enum queue q, struct neighbour *e)
{
	uint16_t i = (uint16_t)(e - t->entry);

	e->link[q] = (struct link) {.prev = t->list[q].tail, .next = NONE};
	if (t->list[q].tail != NONE)
		t->entry[t->list[q].tail].link[q].next = i;
	else
		t->list[q].head = i;
	t->list[q].tail = i;
}

static uint16_t *bucket_of(const struct wr_neighbours *t, uint32_t addr)
{
	return &t->bucket[(uint32_t)(((uint64_t)addr * t->key) >> 16) & t->mask];
}

static struct neighbour *find(const struct wr_neighbours *t, uint32_t addr)
{
	uint16_t i = *bucket_of(t, addr);

	while (i != NONE && t->entry[i].addr != addr)
		i = t->entry[i].same_hash;
	return i == NONE ? NULL : &t->entry[i];
}

static void stop_asking(struct wr_neighbours *t, struct neighbour *e)
{
	if (e->asking)
		unlink_entry(t, BY_ASKING, e);
	e->asking = false;
	e->tries = 0;
}

static void drop_waiting(struct wr_ip *ip, struct neighbour *e)
{
	unsigned i;

	for (i = 0; i < e->waiting; i++)
		rte_pktmbuf_free(e->wait[i]);
	ip->neighbours->waiting -= e->waiting;
	WR_COUNT(ip->stats, arp_dropped, e->waiting);
	WR_COUNT(ip->stats, arp_waiting, -(uint64_t)e->waiting);
	e->waiting = 0;
}

static void forget(struct wr_ip *ip, struct neighbour *e)
{
	struct wr_neighbours *t = ip->neighbours;
	uint16_t i = (uint16_t)(e - t->entry);
	uint16_t *at = bucket_of(t, e->addr);

	while (*at != i)
		at = &t->entry[*at].same_hash;
	*at = e->same_hash;
	drop_waiting(ip, e);
	stop_asking(t, e);
	unlink_entry(t, BY_USE, e);
	e->state = FREE;
	e->addr = 0;
	e->same_hash = t->free;
	t->free = i;
	t->count--;
}

/* A new entry, if need be in place of the one that was not used for the longest time. */
static struct neighbour *create(struct wr_ip *ip, uint32_t addr, uint64_t now_us)
{
	struct wr_neighbours *t = ip->neighbours;
	struct neighbour *e;
	uint16_t *head;

	if (t->free == NONE) {
		forget(ip, &t->entry[t->list[BY_USE].head]);
		WR_COUNT(ip->stats, arp_evicted, 1);
	}
	e = &t->entry[t->free];
	head = bucket_of(t, addr);
	t->free = e->same_hash;
	t->count++;
	memset(e, 0, sizeof(*e));
	e->addr = addr;
	e->state = FAILED;
	e->used_us = now_us;
	e->eth.src_addr = ip->conf.mac;
	e->eth.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	e->same_hash = *head;
	*head = (uint16_t)(e - t->entry);
	append_entry(t, BY_USE, e);
	WR_LEVEL(ip->stats, arp_entries, t->count);
	return e;
}

/* Making packets. */

static const struct rte_ether_addr to_all = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
static const struct rte_ether_addr unknown = {{0}};

/* Writes an Ethernet and ARP header from us. */
static void fill_arp(const struct wr_ip *ip, struct rte_ether_hdr *eth, uint16_t opcode,
                     uint32_t sender, const struct rte_ether_addr *target_mac, uint32_t target)
{
	struct rte_arp_hdr *arp = (struct rte_arp_hdr *)(eth + 1);

	eth->src_addr = ip->conf.mac;
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_ARP);
	arp->arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER);
	arp->arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	arp->arp_hlen = RTE_ETHER_ADDR_LEN;
	arp->arp_plen = sizeof(uint32_t);
	arp->arp_opcode = rte_cpu_to_be_16(opcode);
	arp->arp_data.arp_sha = ip->conf.mac;
	arp->arp_data.arp_sip = rte_cpu_to_be_32(sender);
	arp->arp_data.arp_tha = *target_mac;
	arp->arp_data.arp_tip = rte_cpu_to_be_32(target);
}

static void send_request(struct wr_ip *ip, const struct rte_ether_addr *dst, uint32_t sender,
                         uint32_t target, enum wr_cause cause)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(ip->pool);
	struct rte_ether_hdr *eth;

	if (m == NULL) {
		WR_COUNT(ip->stats, mbuf_alloc_failed, 1);
		return;
	}
	eth = (struct rte_ether_hdr *)rte_pktmbuf_append(m, sizeof(*eth) +
	                                                            sizeof(struct rte_arp_hdr));
	eth->dst_addr = *dst;
	fill_arp(ip, eth, RTE_ARP_OP_REQUEST, sender, &unknown, target);
	wr_ip_enqueue(ip, m, cause);
}

void wr_arp_announce(struct wr_ip *ip, uint64_t now_us)
{
	unsigned i;

	for (i = 0; i < ip->conf.addrs; i++)
		send_request(ip, &to_all, ip->conf.addr[i].addr, ip->conf.addr[i].addr,
		             WR_CAUSE_arp_announce);
	for (i = 0; i < ip->conf.ranges; i++)
		send_request(ip, &to_all, ip->conf.range[i].first, ip->conf.range[i].first,
		             WR_CAUSE_arp_announce);
	ip->defend_us = now_us + DEFEND_INTERVAL_US;
}

/*
 * Asks for an entry's Ethernet address, at most once a second. One that is known is asked
 * itself first; its last chance is a broadcast.
 */
static void ask(struct wr_ip *ip, struct neighbour *e, enum state state, uint64_t now_us)
{
	bool unicast = state == PROBING && e->tries + 1 < ASK_TRIES;

	if (now_us < e->ask_us)
		return;
	e->state = (uint8_t)state;
	e->tries++;
	e->ask_us = now_us + ASK_INTERVAL_US;
	e->asking = true;
	append_entry(ip->neighbours, BY_ASKING, e);
	send_request(ip, unicast ? &e->eth.dst_addr : &to_all, wr_ip_source_for(ip, e->addr),
	             e->addr, WR_CAUSE_arp_request);
}

/* Sending to a neighbour. */

/* A confirmation that is too old is none. */
static void age(const struct wr_ip *ip, struct neighbour *e, uint64_t now_us)
{
	if (e->state == REACHABLE && now_us - e->confirmed_us > ip->conf.arp_age_us)
		e->state = STALE;
}

/* An entry is in use: it becomes the last to be evicted, and must still be there. */
static void touch(struct wr_ip *ip, struct neighbour *e, uint64_t now_us)
{
	e->used_us = now_us;
	unlink_entry(ip->neighbours, BY_USE, e);
	append_entry(ip->neighbours, BY_USE, e);
	age(ip, e, now_us);
	if (e->state == STALE)
		ask(ip, e, PROBING, now_us);
}

/* Keeps a packet until its neighbour answers: of too many, the newest. */
static void wait_for(struct wr_ip *ip, struct neighbour *e, struct rte_mbuf *m)
{
	struct wr_neighbours *t = ip->neighbours;

	if (e->waiting == WAITING || (t->waiting == WAITING_MAX && e->waiting > 0)) {
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

/* Text that was acknowledged in part may put the header at an odd address. */
static inline void put_ether(char *at, const struct neighbour *e)
{
	memcpy(at, &e->eth, sizeof(e->eth));
}

static void send_waiting(struct wr_ip *ip, struct neighbour *e)
{
	unsigned i;

	for (i = 0; i < e->waiting; i++) {
		put_ether(rte_pktmbuf_mtod(e->wait[i], char *), e);
		wr_ip_push(ip, e->wait[i]);
	}
	ip->neighbours->waiting -= e->waiting;
	WR_COUNT(ip->stats, arp_waiting, -(uint64_t)e->waiting);
	e->waiting = 0;
}

/* The entry that the caller remembers, if it is still that of this address. */
static struct neighbour *find_by_hint(const struct wr_ip *ip, uint32_t addr, uint16_t *hint)
{
	const struct wr_neighbours *t = ip->neighbours;
	struct neighbour *e;

	if (wr_likely(hint != NULL && *hint < t->size && t->entry[*hint].addr == addr))
		return &t->entry[*hint];
	e = find(t, addr);
	if (e != NULL && hint != NULL)
		*hint = (uint16_t)(e - t->entry);
	return e;
}

/* The hint's entry, if the destination itself is that neighbour: no route need be found. */
static struct neighbour *find_on_link(const struct wr_ip *ip, const struct wr_ip_out *to)
{
	const struct wr_neighbours *t = ip->neighbours;

	if (wr_likely(to->hint != NULL && *to->hint < t->size &&
	              t->entry[*to->hint].addr == to->dst))
		return &t->entry[*to->hint];
	return NULL;
}

/* Finds the next hop, and asks for it if need be. e: find_on_link(). */
static __rte_noinline void output_with_care(struct wr_ip *ip, struct rte_mbuf *m,
                                            const struct wr_ip_out *to, struct neighbour *e)
{
	uint32_t hop = e != NULL ? to->dst : wr_ip_next_hop(ip, to->dst);
	char *eth = rte_pktmbuf_prepend(m, sizeof(struct rte_ether_hdr));

	if (e == NULL && hop != 0)
		e = find_by_hint(ip, hop, to->hint);
	if (e != NULL && e->state >= REACHABLE) {
		put_ether(eth, e);
		if (to->now_us - e->used_us >= TOUCH_INTERVAL_US)
			touch(ip, e, to->now_us);
		wr_ip_push(ip, m);
		return;
	}
	if (hop == 0 || wr_ip_is_local(ip, hop)) {
		WR_COUNT(ip->stats, arp_dropped, 1);
		rte_pktmbuf_free(m);
		return;
	}
	if (e == NULL)
		e = create(ip, hop, to->now_us);
	wait_for(ip, e, m);
	if (e->state == FAILED)
		ask(ip, e, INCOMPLETE, to->now_us);
}

void wr_arp_output(struct wr_ip *ip, struct rte_mbuf *m, const struct wr_ip_out *to,
                   enum wr_cause cause)
{
	struct neighbour *e = find_on_link(ip, to);

	wr_stat_add(&ip->stats->cause[cause], 1);
	if (wr_unlikely(e == NULL || e->state < REACHABLE ||
	                to->now_us - e->used_us >= TOUCH_INTERVAL_US)) {
		output_with_care(ip, m, to, e);
		return;
	}
	put_ether(rte_pktmbuf_prepend(m, sizeof(struct rte_ether_hdr)), e);
	wr_ip_push(ip, m);
}

/* Learning. */

static void confirm(struct wr_ip *ip, struct neighbour *e, const struct rte_ether_addr *mac,
                    uint64_t now_us)
{
	stop_asking(ip->neighbours, e);
	e->eth.dst_addr = *mac;
	e->state = REACHABLE;
	e->confirmed_us = now_us;
	e->failed_us = 0;
	send_waiting(ip, e);
}

/*
 * Somebody wants our address, so it is going to get packets from us. A table full of
 * neighbours that are in use does not make room for it.
 */
static void learn_asker(struct wr_ip *ip, uint32_t addr, const struct rte_ether_addr *mac,
                        uint64_t now_us)
{
	struct wr_neighbours *t = ip->neighbours;

	if (t->free == NONE &&
	    now_us - t->entry[t->list[BY_USE].head].used_us <= 2 * TOUCH_INTERVAL_US)
		return;
	confirm(ip, create(ip, addr, now_us), mac, now_us);
}

static bool is_well_formed(const struct wr_frame *f, const struct rte_arp_hdr *arp)
{
	uint32_t sender;

	if (f->m->data_len < f->l3_off + sizeof(*arp))
		return false;
	sender = rte_be_to_cpu_32(arp->arp_data.arp_sip);
	return arp->arp_hardware == RTE_BE16(RTE_ARP_HRD_ETHER) &&
	       arp->arp_protocol == RTE_BE16(RTE_ETHER_TYPE_IPV4) &&
	       arp->arp_hlen == RTE_ETHER_ADDR_LEN && arp->arp_plen == sizeof(uint32_t) &&
	       (arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST) ||
	        arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REPLY)) &&
	       rte_is_valid_assigned_ether_addr(&arp->arp_data.arp_sha) && sender >> 28 < 0xe &&
	       sender >> 24 != 127;
}

/* RFC 5227 section 2.4 (b): say once more that the address is ours, but do not quarrel. */
static enum wr_verdict defend(struct wr_ip *ip, uint32_t addr, uint64_t now_us)
{
	if (now_us >= ip->defend_us) {
		ip->defend_us = now_us + DEFEND_INTERVAL_US;
		send_request(ip, &to_all, addr, addr, WR_CAUSE_arp_announce);
	}
	return WR_V_arp_conflict;
}

/* Answers a request in its own buffer. */
static void answer(struct wr_ip *ip, struct wr_frame *f, const struct rte_arp_hdr *arp)
{
	struct rte_ether_addr asker = arp->arp_data.arp_sha;
	uint32_t asker_addr = rte_be_to_cpu_32(arp->arp_data.arp_sip);
	uint32_t wanted = rte_be_to_cpu_32(arp->arp_data.arp_tip);
	struct rte_mbuf *m = f->m;
	struct rte_ether_hdr *eth;

	rte_pktmbuf_adj(m, (uint16_t)(f->l3_off - sizeof(*eth)));
	rte_pktmbuf_trim(m, (uint16_t)(m->pkt_len - sizeof(*eth) - sizeof(*arp)));
	eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	eth->dst_addr = asker;
	fill_arp(ip, eth, RTE_ARP_OP_REPLY, wanted, &asker, asker_addr);
	m->ol_flags &= WR_IP_OL_KEPT;
	f->m = NULL;
	wr_ip_enqueue(ip, m, WR_CAUSE_arp_reply);
}

/* What a packet tells of its sender's address, which is not ours. False: nothing asked for. */
static bool learn(struct wr_ip *ip, const struct rte_arp_hdr *arp, bool for_us, uint64_t now_us)
{
	uint32_t sender = rte_be_to_cpu_32(arp->arp_data.arp_sip);
	bool request = arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST);
	struct neighbour *e = find(ip->neighbours, sender);
	bool asked;

	if (e == NULL) {
		if (request && for_us && sender != 0 && wr_ip_is_on_link(ip, sender) &&
		    !wr_ip_is_bad_source(ip, sender))
			learn_asker(ip, sender, &arp->arp_data.arp_sha, now_us);
		return false;
	}
	age(ip, e, now_us);
	asked = e->asking;
	if (for_us ? asked || request || e->state != REACHABLE : e->state != REACHABLE)
		confirm(ip, e, &arp->arp_data.arp_sha, now_us);
	return asked;
}

enum wr_verdict wr_arp_input(struct wr_ip *ip, struct wr_frame *f, bool news, uint64_t now_us)
{
	const struct rte_arp_hdr *arp =
		rte_pktmbuf_mtod_offset(f->m, const struct rte_arp_hdr *, f->l3_off);
	uint32_t sender, target;
	bool request, for_us, asked;

	if (!is_well_formed(f, arp))
		return news ? WR_V_arp_news : WR_V_arp_malformed;
	sender = rte_be_to_cpu_32(arp->arp_data.arp_sip);
	target = rte_be_to_cpu_32(arp->arp_data.arp_tip);
	request = arp->arp_opcode == RTE_BE16(RTE_ARP_OP_REQUEST);
	for_us = wr_ip_is_local(ip, target);
	if (wr_ip_is_local(ip, sender)) {
		if (news)
			return WR_V_arp_news;
		if (rte_is_same_ether_addr(&arp->arp_data.arp_sha, &ip->conf.mac))
			return WR_V_arp_unsolicited; /* our own words, come back */
		return defend(ip, sender, now_us);
	}
	asked = learn(ip, arp, for_us, now_us);
	if (news)
		return WR_V_arp_news;
	if (!request)
		return asked && for_us ? WR_V_arp_reply : WR_V_arp_unsolicited;
	if (for_us) {
		answer(ip, f, arp);
		return WR_V_arp_request;
	}
	return sender == target ? WR_V_arp_unsolicited : WR_V_arp_request_other;
}

/* The state of a neighbour, for the layers above. */

bool wr_ip_is_resolved(const struct wr_ip *ip, uint32_t dst)
{
	const struct neighbour *e = find(ip->neighbours, wr_ip_next_hop(ip, dst));

	return e == NULL || e->state >= REACHABLE;
}

bool wr_ip_gave_up(const struct wr_ip *ip, uint32_t dst, uint64_t since_us)
{
	const struct neighbour *e = find(ip->neighbours, wr_ip_next_hop(ip, dst));

	return e != NULL && e->failed_us > since_us;
}

int wr_ip_resolve(struct wr_ip *ip, uint32_t dst, uint64_t now_us)
{
	uint32_t hop = wr_ip_next_hop(ip, dst);
	struct neighbour *e;

	if (hop == 0 || wr_ip_is_local(ip, hop))
		return -ENETUNREACH;
	e = find(ip->neighbours, hop);
	if (e == NULL)
		e = create(ip, hop, now_us);
	if (e->state >= REACHABLE)
		return 0;
	if (e->state == FAILED)
		ask(ip, e, INCOMPLETE, now_us);
	return e->failed_us ? -EHOSTUNREACH : -EINPROGRESS;
}

void wr_ip_suspect(struct wr_ip *ip, uint32_t dst, uint64_t now_us)
{
	struct neighbour *e = find(ip->neighbours, wr_ip_next_hop(ip, dst));

	if (e != NULL && (e->state == REACHABLE || e->state == STALE))
		ask(ip, e, PROBING, now_us);
}

void wr_arp_tick(struct wr_ip *ip, uint64_t now_us)
{
	struct wr_neighbours *t = ip->neighbours;

	while (t->list[BY_ASKING].head != NONE) {
		struct neighbour *e = &t->entry[t->list[BY_ASKING].head];

		if (now_us < e->ask_us)
			return;
		unlink_entry(t, BY_ASKING, e);
		e->asking = false;
		if (e->tries < ASK_TRIES) {
			ask(ip, e, (enum state)e->state, now_us);
			continue;
		}
		e->state = FAILED;
		e->failed_us = now_us;
		e->tries = 0;
		drop_waiting(ip, e);
	}
}

uint64_t wr_arp_deadline(const struct wr_ip *ip)
{
	const struct wr_neighbours *t = ip->neighbours;
	uint16_t first = t->list[BY_ASKING].head;

	return first == NONE ? UINT64_MAX : t->entry[first].ask_us;
}

void wr_arp_fini(struct wr_ip *ip)
{
	struct wr_neighbours *t = ip->neighbours;

	if (t == NULL)
		return;
	while (t->entry != NULL && t->bucket != NULL && t->list[BY_USE].head != NONE)
		forget(ip, &t->entry[t->list[BY_USE].head]);
	rte_free(t->entry);
	rte_free(t->bucket);
	rte_free(t);
	ip->neighbours = NULL;
}
