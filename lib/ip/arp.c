/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include <rte_arp.h>
#include <rte_byteorder.h>

#include "neighbour.h"
#include "wr_base.h"
#include "wr_ip_priv.h"

/* ARP, RFC 826, with the manners of RFC 1122 section 2.3.2 and RFC 5227. */

#define ASK_INTERVAL_US    1000000  /* RFC 1122 section 2.3.2.1: one request a second */
#define ASK_TRIES          3        /* then the neighbour counts as dead */
#define TOUCH_INTERVAL_US  1000000  /* how exact the order of use is */
#define DEFEND_INTERVAL_US 10000000 /* RFC 5227 DEFEND_INTERVAL */

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
static void ask(struct wr_ip *ip, struct neighbour *e, enum neighbour_state state,
                uint64_t now_us)
{
	bool unicast = state == NEIGHBOUR_PROBING && e->tries + 1 < ASK_TRIES;

	if (now_us < e->ask_us)
		return;
	e->state = (uint8_t)state;
	e->tries++;
	neighbour_await(ip->neighbours, e, now_us + ASK_INTERVAL_US);
	send_request(ip, unicast ? &e->eth.dst_addr : &to_all, wr_ip_source_for(ip, e->addr),
	             e->addr, WR_CAUSE_arp_request);
}

/* Sending to a neighbour. */

/* A confirmation that is too old is none. */
static void age(const struct wr_ip *ip, struct neighbour *e, uint64_t now_us)
{
	if (e->state == NEIGHBOUR_REACHABLE && now_us - e->confirmed_us > ip->conf.arp_age_us)
		e->state = NEIGHBOUR_STALE;
}

/* An entry is in use: it becomes the last to be evicted, and must still be there. */
static void touch(struct wr_ip *ip, struct neighbour *e, uint64_t now_us)
{
	neighbour_use(ip->neighbours, e, now_us);
	age(ip, e, now_us);
	if (e->state == NEIGHBOUR_STALE)
		ask(ip, e, NEIGHBOUR_PROBING, now_us);
}

static struct neighbour *find_by_hint(const struct wr_ip *ip, uint32_t addr, uint16_t *hint)
{
	const struct wr_neighbours *t = ip->neighbours;
	struct neighbour *e = neighbour_hinted(t, addr, hint);

	if (wr_likely(e != NULL))
		return e;
	e = neighbour_find(t, addr);
	if (e != NULL && hint != NULL)
		*hint = (uint16_t)(e - t->entry);
	return e;
}

/* Finds the next hop, and asks for it if need be. e: the hint's entry, or NULL. */
static __rte_noinline void output_with_care(struct wr_ip *ip, struct rte_mbuf *m,
                                            const struct wr_ip_out *to, struct neighbour *e)
{
	uint32_t hop = e != NULL ? to->dst : wr_ip_next_hop(ip, to->dst);
	char *eth = rte_pktmbuf_prepend(m, sizeof(struct rte_ether_hdr));

	if (e == NULL && hop != 0)
		e = find_by_hint(ip, hop, to->hint);
	if (e != NULL && e->state >= NEIGHBOUR_REACHABLE) {
		neighbour_put_ether(eth, e);
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
		e = neighbour_new(ip, hop, to->now_us);
	neighbour_keep(ip, e, m);
	if (e->state == NEIGHBOUR_FAILED)
		ask(ip, e, NEIGHBOUR_INCOMPLETE, to->now_us);
}

void wr_arp_output(struct wr_ip *ip, struct rte_mbuf *m, const struct wr_ip_out *to,
                   enum wr_cause cause)
{
	/* If the destination itself is that neighbour, no route need be found. */
	struct neighbour *e = neighbour_hinted(ip->neighbours, to->dst, to->hint);

	wr_stat_add(&ip->stats->cause[cause], 1);
	if (wr_unlikely(e == NULL || e->state < NEIGHBOUR_REACHABLE ||
	                to->now_us - e->used_us >= TOUCH_INTERVAL_US)) {
		output_with_care(ip, m, to, e);
		return;
	}
	neighbour_put_ether(rte_pktmbuf_prepend(m, sizeof(struct rte_ether_hdr)), e);
	wr_ip_push(ip, m);
}

/* Learning. */

static void confirm(struct wr_ip *ip, struct neighbour *e, const struct rte_ether_addr *mac,
                    uint64_t now_us)
{
	neighbour_await_none(ip->neighbours, e);
	e->tries = 0;
	e->eth.dst_addr = *mac;
	e->state = NEIGHBOUR_REACHABLE;
	e->confirmed_us = now_us;
	e->failed_us = 0;
	neighbour_send_kept(ip, e);
}

/*
 * Somebody wants our address, so it is going to get packets from us. A table full of
 * neighbours that are in use does not make room for it.
 */
static void learn_asker(struct wr_ip *ip, uint32_t addr, const struct rte_ether_addr *mac,
                        uint64_t now_us)
{
	if (neighbours_have_room(ip->neighbours, now_us, 2 * TOUCH_INTERVAL_US))
		confirm(ip, neighbour_new(ip, addr, now_us), mac, now_us);
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
	struct neighbour *e = neighbour_find(ip->neighbours, sender);
	bool asked;

	if (e == NULL) {
		if (request && for_us && sender != 0 && wr_ip_is_on_link(ip, sender) &&
		    !wr_ip_is_bad_source(ip, sender))
			learn_asker(ip, sender, &arp->arp_data.arp_sha, now_us);
		return false;
	}
	age(ip, e, now_us);
	asked = e->asking;
	if (e->state != NEIGHBOUR_REACHABLE || (for_us && (asked || request)))
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
	const struct neighbour *e = neighbour_find(ip->neighbours, wr_ip_next_hop(ip, dst));

	return e == NULL || e->state >= NEIGHBOUR_REACHABLE;
}

bool wr_ip_gave_up(const struct wr_ip *ip, uint32_t dst, uint64_t since_us)
{
	const struct neighbour *e = neighbour_find(ip->neighbours, wr_ip_next_hop(ip, dst));

	return e != NULL && e->failed_us > since_us;
}

int wr_ip_resolve(struct wr_ip *ip, uint32_t dst, uint64_t now_us)
{
	uint32_t hop = wr_ip_next_hop(ip, dst);
	struct neighbour *e;

	if (hop == 0 || wr_ip_is_local(ip, hop))
		return -ENETUNREACH;
	e = neighbour_find(ip->neighbours, hop);
	if (e == NULL)
		e = neighbour_new(ip, hop, now_us);
	if (e->state >= NEIGHBOUR_REACHABLE)
		return 0;
	if (e->state == NEIGHBOUR_FAILED)
		ask(ip, e, NEIGHBOUR_INCOMPLETE, now_us);
	return e->failed_us ? -EHOSTUNREACH : -EINPROGRESS;
}

void wr_ip_suspect(struct wr_ip *ip, uint32_t dst, uint64_t now_us)
{
	struct neighbour *e = neighbour_find(ip->neighbours, wr_ip_next_hop(ip, dst));

	if (e != NULL && (e->state == NEIGHBOUR_REACHABLE || e->state == NEIGHBOUR_STALE))
		ask(ip, e, NEIGHBOUR_PROBING, now_us);
}

void wr_arp_tick(struct wr_ip *ip, uint64_t now_us)
{
	struct wr_neighbours *t = ip->neighbours;

	struct neighbour *e;

	while ((e = neighbours_awaited(t)) != NULL && now_us >= e->ask_us) {
		neighbour_await_none(t, e);
		if (e->tries < ASK_TRIES) {
			ask(ip, e, (enum neighbour_state)e->state, now_us);
			continue;
		}
		e->state = NEIGHBOUR_FAILED;
		e->failed_us = now_us;
		e->tries = 0;
		neighbour_drop_kept(ip, e);
	}
}

uint64_t wr_arp_deadline(const struct wr_ip *ip)
{
	const struct neighbour *first = neighbours_awaited(ip->neighbours);

	return first == NULL ? UINT64_MAX : first->ask_us;
}
