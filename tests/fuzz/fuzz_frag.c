/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments of one datagram against a map of bytes: it is complete when all bytes are there, it
 * has those bytes, and any contradiction ends it; a mark on one is a mark on the whole, RFC
 * 3168 section 5.3. Input: three bytes a piece: offset in units of 8, length in units of 8,
 * handling, whose bits 1 and 6 are the ECN field.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>

#include "craft.h"
#include "fuzz.h"
#include "wire.h"
#include "wr_chain.h"
#include "wr_frame.h"
#include "wr_ip.h"

#define SPACE   4096 /* bytes of payload, at most */
#define HEADERS 34
#define PIECES  100 /* fewer than a datagram may have */

enum { LAST = 1, ECN_LOW = 2, OTHER = 4, ECN_HIGH = 64 }; /* bits of handling */
enum { NOT_ECT, CE = 3 };                                 /* ECN fields */

struct piece {
	uint32_t off, len;
	bool more;
	uint8_t salt; /* other bytes than those of the same place before */
	uint8_t ecn;
};

static struct {
	bool dead, ended;
	uint32_t end; /* of the datagram, if ended */
	unsigned pieces;
	struct piece piece[PIECES];
} model;

static uint8_t byte_at(uint32_t at, uint8_t salt)
{
	return (uint8_t)(at * 13 + at / 251 + salt);
}

static bool is_repeat(const struct piece *a, const struct piece *b)
{
	return a->off == b->off && a->len == b->len && a->salt == b->salt;
}

/* Whether a piece contradicts what is there: RFC 5722's rule, for IPv4. */
static bool contradicts(const struct piece *p)
{
	if (model.ended &&
	    (p->more ? p->off + p->len >= model.end : p->off + p->len != model.end))
		return true;
	for (unsigned i = 0; i < model.pieces; i++) {
		const struct piece *q = &model.piece[i];

		if (!p->more && q->off + q->len > p->off + p->len)
			return true;
		if (p->off < q->off + q->len && q->off < p->off + p->len && !is_repeat(p, q))
			return true;
	}
	return false;
}

static bool has_ecn(uint8_t ecn)
{
	for (unsigned i = 0; i < model.pieces; i++)
		if (model.piece[i].ecn == ecn)
			return true;
	return false;
}

static enum wr_verdict expected(const struct piece *p)
{
	uint32_t have = p->len;

	if (model.dead)
		return WR_V_ip_fragment_bad;
	if (contradicts(p)) {
		model.dead = true;
		return WR_V_ip_fragment_bad;
	}
	for (unsigned i = 0; i < model.pieces; i++) {
		if (is_repeat(p, &model.piece[i]))
			return WR_V_ip_fragment_held;
		have += model.piece[i].len;
	}
	model.piece[model.pieces++] = *p;
	if (!p->more) {
		model.ended = true;
		model.end = p->off + p->len;
	}
	if (!model.ended || have != model.end)
		return WR_V_ip_fragment_held;
	model.dead = has_ecn(CE) && has_ecn(NOT_ECT);
	return model.dead ? WR_V_ip_fragment_bad : WR_V_ip_fragment_last;
}

static enum wr_verdict give(struct wr_ip *ip, const struct piece *p, struct rte_mbuf **whole)
{
	static const struct craft_path path = {
		.smac = {{0x02, 0, 0, 0, 0, 2}},
		.dmac = {{0x02, 0, 0, 0, 0, 1}},
		.src = 0xc6120002,
		.dst = 0xc6120001,
	};
	const struct craft_ip header = {
		.proto = 253,
		.tos = p->ecn,
		.id = 1,
		.fragment = (uint16_t)(p->off / 8 | (p->more ? 0x2000 : 0)),
	};
	enum wr_verdict verdict;
	struct wr_frame f = {0};
	uint8_t text[1480];

	for (uint32_t i = 0; i < p->len; i++)
		text[i] = byte_at(p->off + i, p->salt);
	f.m = craft_ip(fuzz_pool(), &path, &header, text, (uint16_t)p->len);
	wr_ip_classify(ip, &f);
	FUZZ_HOLDS(f.verdict == WR_V_NEXT && f.carries == WR_CARRIES_FRAGMENT);
	verdict = wr_frag_input(ip, &f, 0, whole);
	rte_pktmbuf_free(f.m);
	return verdict;
}

static void check_whole(const struct rte_mbuf *m)
{
	uint8_t text[SPACE + 1480];

	uint8_t tos =
		rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, 14)->type_of_service;

	FUZZ_HOLDS(m->pkt_len == HEADERS + model.end);
	FUZZ_HOLDS((tos == CE) == has_ecn(CE));
	wr_chain_copy(text, m, HEADERS, model.end);
	for (unsigned i = 0; i < model.pieces; i++) {
		const struct piece *p = &model.piece[i];

		for (uint32_t at = p->off; at < p->off + p->len; at++)
			FUZZ_HOLDS(text[at] == byte_at(at, p->salt));
	}
}

/* Gives pieces until a datagram is complete; then another may begin. */
static void datagram(struct wr_ip *ip, struct fuzz_input *in)
{
	memset(&model, 0, sizeof(model));
	while (in->left && model.pieces < PIECES) {
		struct rte_mbuf *whole = NULL;
		struct piece p = {.off = fuzz_u8(in) * 8u % SPACE};
		uint32_t len = fuzz_u8(in) % 180 * 8u;
		uint8_t how = fuzz_u8(in);
		enum wr_verdict verdict;

		p.more = !(how & LAST);
		p.len = len + (p.more ? (len ? 0 : 8) : how >> 3 | 1);
		p.salt = how & OTHER ? 1 : 0;
		p.ecn = (uint8_t)((how & ECN_LOW ? 1 : 0) | (how & ECN_HIGH ? 2 : 0));
		/* A first piece that is the last one too is no fragment. */
		if (p.off == 0 && !p.more)
			continue;
		verdict = expected(&p);
		FUZZ_HOLDS(give(ip, &p, &whole) == verdict);
		FUZZ_HOLDS((verdict == WR_V_ip_fragment_last) == (whole != NULL));
		if (!whole)
			continue;
		check_whole(whole);
		rte_pktmbuf_free(whole);
		return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fuzz_input in = {bytes, size};
	static struct wr_stats stats;
	struct wr_stack_conf conf;
	struct wr_prng prng;
	static struct wr_ip ip;

	wire_conf(&conf, 0);
	conf.ip.neighbours = 4;
	wr_prng_seed(&prng, 1);
	memset(&ip, 0, sizeof(ip));
	FUZZ_HOLDS(wr_ip_init(&ip, &conf.ip, &stats, fuzz_pool(), &prng) == 0);
	datagram(&ip, &in);
	wr_ip_fini(&ip);
	fuzz_check_pool();
	return 0;
}
