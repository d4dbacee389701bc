/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_ip.h>
#include <rte_malloc.h>

#include "wr_base.h"
#include "wr_buf.h"
#include "wr_ip_priv.h"

/*
 * Reassembly, RFC 791 section 3.2 and RFC 815, after RFC 1858, 3128 and the attacks since.
 *
 * This is not DPDK's rte_ip_frag: that is built for at most RTE_LIBRTE_IP_FRAG_MAX_FRAG (8)
 * fragments a datagram, where a ping of 65,507 bytes over Ethernet has 45, it does not see
 * overlaps, and it has no limit for a single source.
 *
 * Datagrams stand in the order in which they began, which is that of their time-outs (the
 * time is fixed, RFC 1122 section 3.3.2) and of eviction. Fragments are a sorted list through
 * their buffers. The hash is over the source alone, so that looking up sees all that a source
 * has, newest first, and a source that has too much loses its own oldest.
 */

#define TIMEOUT_US        60000000
#define PER_DATAGRAM      128 /* fragments: 65,535 bytes at the least MTU, 576, are 119 */
#define PER_REASSEMBLY    48  /* fragments held, on average */
#define PER_SOURCE_SHARE  8   /* a source gets this part of all reassemblies ... */
#define PER_SOURCE_MIN    4   /* ... but at least so many */
#define POOL_SHARE        4   /* fragments may hold this part of the pool */
#define DATAGRAM_MAX      65535
#define TCP_FIRST_MIN     20 /* RFC 1858: the first fragment has the whole TCP header, */
#define TCP_SECOND_OFFSET 8  /* and none begins in the middle of it */

#define REASON_TIME_EXCEEDED 11 /* ICMP type */
#define REASON_REASSEMBLY    1  /* its code */

/* The ECN field of the TOS octet, RFC 3168 section 5. */
enum {
	ECN_NOT_ECT = 0,
	ECN_CE = 3,
	ECN_MASK = 3,
};

struct datagram {
	uint32_t src, dst; /* host order */
	uint16_t id;
	uint8_t proto;
	bool dead;              /* its fragments contradicted each other: no more of it */
	uint8_t ecn;            /* the ECN fields that its fragments had: bit 1 << field */
	uint16_t count;         /* fragments */
	uint16_t first_header;  /* bytes of the first fragment's IPv4 header */
	uint32_t have;          /* bytes of payload */
	uint32_t end;           /* bytes of payload of the whole; 0: not known yet */
	uint64_t due_us;        /* when it is given up */
	struct rte_mbuf *first; /* fragments by offset, linked in struct wr_buf */
	struct rte_mbuf *last;
	struct datagram *same_hash;
	struct datagram *older, *newer;
};

struct wr_fragments {
	struct datagram *datagram;
	struct datagram **bucket; /* of mask + 1 */
	struct datagram *free;    /* linked by same_hash */
	struct datagram *oldest, *newest;
	uint32_t mask;
	uint32_t key;            /* odd: multiplicative hashing with a secret factor */
	uint32_t held, held_max; /* buffers */
	uint32_t per_source;     /* datagrams */
};

/* A fragment; in its buffer, wr_buf(m)->seq is the offset and ->len the bytes of payload. */
struct fragment {
	uint32_t off, len;
	uint32_t header; /* bytes of its IPv4 header */
	uint8_t ecn;
	bool more;
};

static const struct wr_buf *notes(const struct rte_mbuf *m)
{
	return (const struct wr_buf *)(m + 1);
}

static uint32_t table_size(const struct wr_ip_conf *conf)
{
	return wr_max(conf->reassemblies, 1);
}

uint64_t wr_frag_bytes(const struct wr_ip_conf *conf)
{
	uint32_t n = table_size(conf);

	return sizeof(struct wr_fragments) + n * sizeof(struct datagram) +
	       rte_align32pow2(n) * sizeof(struct datagram *);
}

int wr_frag_init(struct wr_ip *ip)
{
	uint32_t n = table_size(&ip->conf), i;
	struct wr_fragments *t;

	t = rte_zmalloc_socket("wr_fragments", sizeof(*t), 0, ip->conf.socket);
	if (t == NULL)
		return -ENOMEM;
	ip->fragments = t;
	t->mask = rte_align32pow2(n) - 1;
	t->key = (uint32_t)wr_prng_u64(ip->prng) | 1;
	t->held_max = wr_min(n * PER_REASSEMBLY, ip->pool->size / POOL_SHARE);
	t->per_source = wr_max(n / PER_SOURCE_SHARE, PER_SOURCE_MIN);
	t->datagram =
		rte_zmalloc_socket("wr_datagram", n * sizeof(*t->datagram), 0, ip->conf.socket);
	t->bucket = rte_zmalloc_socket("wr_datagram_hash", (t->mask + 1) * sizeof(*t->bucket),
	                               0, ip->conf.socket);
	if (t->datagram == NULL || t->bucket == NULL)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		t->datagram[i].same_hash = t->free;
		t->free = &t->datagram[i];
	}
	return 0;
}

static struct datagram **bucket_of(const struct wr_fragments *t, uint32_t src)
{
	return &t->bucket[(uint32_t)(((uint64_t)src * t->key) >> 16) & t->mask];
}

static void drop_buffers(struct wr_fragments *t, struct datagram *d)
{
	struct rte_mbuf *m, *next;

	for (m = d->first; m != NULL; m = next) {
		next = wr_buf(m)->next;
		rte_pktmbuf_free(m);
	}
	t->held -= d->count;
	d->count = 0;
	d->first = NULL;
	d->last = NULL;
}

static void release(struct wr_fragments *t, struct datagram *d)
{
	struct datagram **at = bucket_of(t, d->src);

	while (*at != d)
		at = &(*at)->same_hash;
	*at = d->same_hash;
	*(d->older != NULL ? &d->older->newer : &t->oldest) = d->newer;
	*(d->newer != NULL ? &d->newer->older : &t->newest) = d->older;
	drop_buffers(t, d);
	d->same_hash = t->free;
	t->free = d;
}

static void evict(struct wr_ip *ip, struct datagram *d)
{
	if (!d->dead)
		WR_COUNT(ip->stats, frag_evicted, 1);
	release(ip->fragments, d);
}

static struct datagram *create(struct wr_ip *ip, const struct wr_frame *f,
                               const struct rte_ipv4_hdr *h, uint64_t now_us)
{
	struct wr_fragments *t = ip->fragments;
	struct datagram **head = bucket_of(t, f->tuple.raddr);
	struct datagram *d;

	if (t->free == NULL)
		evict(ip, t->oldest);
	d = t->free;
	t->free = d->same_hash;
	*d = (struct datagram) {
		.src = f->tuple.raddr,
		.dst = f->tuple.laddr,
		.id = h->packet_id,
		.proto = h->next_proto_id,
		.due_us = now_us + TIMEOUT_US,
		.same_hash = *head,
		.older = t->newest,
	};
	*head = d;
	*(t->newest != NULL ? &t->newest->newer : &t->oldest) = d;
	t->newest = d;
	return d;
}

/* The datagram that a fragment is of, a new one if it is the first that came. */
static struct datagram *find_or_create(struct wr_ip *ip, const struct wr_frame *f,
                                       const struct rte_ipv4_hdr *h, uint64_t now_us)
{
	struct wr_fragments *t = ip->fragments;
	struct datagram *d, *oldest = NULL;
	uint32_t of_source = 0;

	for (d = *bucket_of(t, f->tuple.raddr); d != NULL; d = d->same_hash) {
		if (d->src != f->tuple.raddr)
			continue;
		if (d->id == h->packet_id && d->proto == h->next_proto_id &&
		    d->dst == f->tuple.laddr)
			return d;
		oldest = d;
		of_source++;
	}
	if (of_source >= t->per_source)
		evict(ip, oldest);
	return create(ip, f, h, now_us);
}

/* RFC 791, 1858, 3128: what no honest host sends. */
static bool is_bad(const struct fragment *fragment, uint8_t proto)
{
	if (fragment->len == 0 || (fragment->more && fragment->len % 8 != 0) ||
	    fragment->header + fragment->off + fragment->len > DATAGRAM_MAX)
		return true;
	return proto == IPPROTO_TCP && ((fragment->off == 0 && fragment->len < TCP_FIRST_MIN) ||
	                                fragment->off == TCP_SECOND_OFFSET);
}

/* Whether the end that this fragment tells of, or lies before, is that of the others. */
static bool fits_end(const struct datagram *d, const struct fragment *fragment)
{
	uint32_t end = fragment->off + fragment->len;

	if (d->end != 0)
		return fragment->more ? end < d->end : end == d->end;
	return fragment->more || d->last == NULL ||
	       wr_buf(d->last)->seq + wr_buf(d->last)->len <= end;
}

/* The last fragment that begins at or before off; NULL: none does. Mostly the last of all. */
static struct rte_mbuf *find_before(const struct datagram *d, uint32_t off)
{
	struct rte_mbuf *m, *before = NULL;

	if (d->last != NULL && wr_buf(d->last)->seq <= off)
		return d->last;
	for (m = d->first; m != NULL && wr_buf(m)->seq <= off; m = wr_buf(m)->next)
		before = m;
	return before;
}

static const void *payload_of(const struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, const void *, m->data_len - notes(m)->len);
}

enum place { FREE_PLACE, SAME, OVERLAP };

/* Whether a fragment fits between those that are there. */
static enum place find_place(const struct datagram *d, const struct rte_mbuf *before,
                             const struct fragment *fragment, const void *payload)
{
	const struct rte_mbuf *after = before != NULL ? notes(before)->next : d->first;

	if (before != NULL) {
		const struct wr_buf *b = notes(before);

		if (b->seq == fragment->off && b->len == fragment->len &&
		    memcmp(payload_of(before), payload, fragment->len) == 0)
			return SAME;
		if (b->seq + b->len > fragment->off)
			return OVERLAP;
	}
	if (after != NULL && fragment->off + fragment->len > notes(after)->seq)
		return OVERLAP;
	return FREE_PLACE;
}

/* Takes the frame's buffer into the list behind `before`. Its data stay as received. */
static void insert(struct wr_fragments *t, struct datagram *d, struct rte_mbuf *before,
                   const struct fragment *fragment, struct wr_frame *f)
{
	struct rte_mbuf *m = f->m;
	struct wr_buf *b = wr_buf(m);

	f->m = NULL;
	b->seq = fragment->off;
	b->len = fragment->len;
	b->text_off = f->l3_off;
	b->next = before != NULL ? wr_buf(before)->next : d->first;
	*(before != NULL ? &wr_buf(before)->next : &d->first) = m;
	if (b->next == NULL)
		d->last = m;
	if (fragment->off == 0)
		d->first_header = (uint16_t)fragment->header;
	if (!fragment->more)
		d->end = fragment->off + fragment->len;
	d->ecn |= (uint8_t)(1 << fragment->ecn);
	d->have += fragment->len;
	d->count++;
	t->held++;
}

/*
 * RFC 3168 section 5.3: one mark is a mark on the whole; but not if some sender, or somebody on
 * the way, says that it understands no marks: then the datagram is lost, which says the same.
 */
static bool mark_is_lost(const struct datagram *d)
{
	return (d->ecn & (1 << ECN_CE)) != 0 && (d->ecn & (1 << ECN_NOT_ECT)) != 0;
}

/* The datagram again as it was sent: one chain whose first buffer begins at Ethernet. */
static struct rte_mbuf *join(struct wr_fragments *t, struct datagram *d)
{
	struct rte_mbuf *head = d->first, *tail = head, *m = wr_buf(head)->next, *next;
	struct rte_ipv4_hdr *h =
		rte_pktmbuf_mtod_offset(head, struct rte_ipv4_hdr *, wr_buf(head)->text_off);

	for (; m != NULL; m = next) {
		next = wr_buf(m)->next;
		rte_pktmbuf_adj(m, (uint16_t)(m->data_len - wr_buf(m)->len));
		tail->next = m;
		tail = m;
		head->pkt_len += m->data_len;
		head->nb_segs++;
	}
	head->ol_flags &= ~(RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK);
	h->total_length = rte_cpu_to_be_16((uint16_t)(d->first_header + d->end));
	h->fragment_offset = 0;
	if ((d->ecn & (1 << ECN_CE)) != 0)
		h->type_of_service |= ECN_CE;
	h->hdr_checksum = 0;
	h->hdr_checksum = (uint16_t)~rte_raw_cksum(h, d->first_header);
	t->held -= d->count;
	d->count = 0;
	d->first = NULL;
	return head;
}

static bool make_room(struct wr_ip *ip, const struct datagram *d)
{
	struct wr_fragments *t = ip->fragments;

	while (t->held >= t->held_max) {
		struct datagram *victim = t->oldest != d ? t->oldest : d->newer;

		if (victim == NULL)
			return false;
		evict(ip, victim);
	}
	return true;
}

static enum wr_verdict kill(struct wr_fragments *t, struct datagram *d)
{
	drop_buffers(t, d);
	d->dead = true;
	return WR_V_ip_fragment_bad;
}

enum wr_verdict wr_frag_input(struct wr_ip *ip, struct wr_frame *f, uint64_t now_us,
                              struct rte_mbuf **whole)
{
	const struct rte_ipv4_hdr *h =
		rte_pktmbuf_mtod_offset(f->m, const struct rte_ipv4_hdr *, f->l3_off);
	uint16_t where = rte_be_to_cpu_16(h->fragment_offset);
	const struct fragment fragment = {
		.off = (uint32_t)(where & RTE_IPV4_HDR_OFFSET_MASK) * 8,
		.len = f->l4_len,
		.header = (uint32_t)(f->l4_off - f->l3_off),
		.ecn = h->type_of_service & ECN_MASK,
		.more = (where & RTE_IPV4_HDR_MF_FLAG) != 0,
	};
	struct wr_fragments *t = ip->fragments;
	struct rte_mbuf *before;
	struct datagram *d;
	enum place place;

	if (is_bad(&fragment, h->next_proto_id))
		return WR_V_ip_fragment_bad;
	if (ip->conf.reassemblies == 0)
		return WR_V_ip_fragment_full;
	d = find_or_create(ip, f, h, now_us);
	if (d->dead)
		return WR_V_ip_fragment_bad;
	before = find_before(d, fragment.off);
	place = find_place(d, before, &fragment,
	                   rte_pktmbuf_mtod_offset(f->m, const void *, f->l4_off));
	if (!fits_end(d, &fragment) || place == OVERLAP)
		return kill(t, d);
	if (place == SAME) /* the network's doing: no harm, no use */
		return WR_V_ip_fragment_held;
	if (d->count == PER_DATAGRAM || !make_room(ip, d)) {
		kill(t, d);
		return WR_V_ip_fragment_full;
	}
	insert(t, d, before, &fragment, f);
	if (d->end == 0 || d->have < d->end)
		return WR_V_ip_fragment_held;
	if (d->first_header + d->end > DATAGRAM_MAX || mark_is_lost(d))
		return kill(t, d);
	*whole = join(t, d);
	release(t, d);
	return WR_V_ip_fragment_last;
}

/* RFC 1122 section 3.3.2: whoever sent the first fragment is told. */
static void report_timeout(struct wr_ip *ip, const struct datagram *d, uint64_t now_us)
{
	const struct wr_frame f = {
		.m = d->first,
		.tuple = {.laddr = d->dst, .raddr = d->src},
		.l3_off = wr_buf(d->first)->text_off,
		.l4_off = (uint16_t)(wr_buf(d->first)->text_off + d->first_header),
		.l4_len = (uint16_t)wr_buf(d->first)->len,
	};

	wr_icmp_send_error(ip, &f, REASON_TIME_EXCEEDED, REASON_REASSEMBLY, now_us);
}

void wr_frag_tick(struct wr_ip *ip, uint64_t now_us)
{
	struct wr_fragments *t = ip->fragments;
	struct datagram *d;

	while ((d = t->oldest) != NULL && d->due_us <= now_us) {
		if (!d->dead)
			WR_COUNT(ip->stats, frag_timeouts, 1);
		if (d->first != NULL && wr_buf(d->first)->seq == 0)
			report_timeout(ip, d, now_us);
		release(t, d);
	}
}

uint64_t wr_frag_deadline(const struct wr_ip *ip)
{
	return ip->fragments->oldest == NULL ? UINT64_MAX : ip->fragments->oldest->due_us;
}

void wr_frag_fini(struct wr_ip *ip)
{
	struct wr_fragments *t = ip->fragments;

	if (t == NULL)
		return;
	while (t->oldest != NULL)
		release(t, t->oldest);
	rte_free(t->datagram);
	rte_free(t->bucket);
	rte_free(t);
	ip->fragments = NULL;
}
