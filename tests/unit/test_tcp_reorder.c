/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text out of order against a map of bytes; and what an attacker's order of arrival costs, in
 * steps: CVE-2018-5390.
 */

#include <stdlib.h>

#include "tcp.h"
#include "tcp_reorder.h"
#include "wr_prng.h"
#include "wr_test.h"

#define FIRST  0xfffff000u /* RCV.NXT: the numbers wrap on the way */
#define SPACE  4000u       /* bytes of the model */
#define POOL   20000
#define CRUMBS 8192

struct rig {
	struct wr_tcp *tcp;
	struct wr_tcb c;
	struct wr_stats stats;
	struct wr_reorder reorder;
	struct wr_sipkey key;
	struct wr_prng luck;
	struct rte_mempool *pool;
	uint8_t byte[SPACE + 1]; /* the first copy of each, 0: never came */
};

static void begin(struct rig *rig, uint16_t pieces, uint32_t bytes)
{
	memset(&rig->c, 0, sizeof(rig->c));
	memset(&rig->stats, 0, sizeof(rig->stats));
	memset(rig->byte, 0, sizeof(rig->byte));
	rig->tcp = wr_test_zalloc(sizeof(*rig->tcp));
	rig->tcp->stats = &rig->stats;
	rig->tcp->reorder = &rig->reorder;
	rig->reorder.next_free = UINT32_MAX;
	rig->tcp->tuple_key = rig->key;
	rig->tcp->conf.ooo_pieces = pieces;
	rig->tcp->conf.ooo_bytes = bytes;
	rig->c.rcv.nxt = wr_seq(FIRST);
	if (!rig->pool)
		rig->pool = wr_test_pool("reorder", POOL, 256);
}

static void end(struct rig *rig)
{
	tcp_reorder_free(rig->tcp, &rig->c);
	assert_int_equal(rte_mempool_in_use_count(rig->pool), 0);
	assert_int_equal(rig->stats.n[WR_STAT_tcp_ooo_segments], 0);
	assert_int_equal(rig->tcp->held, 0);
	free(rig->tcp);
}

/* A segment with `len` bytes of value `value`, `at` bytes behind RCV.NXT at first. */
static enum wr_verdict come(struct rig *rig, uint32_t at, uint16_t len, uint8_t value, bool fin)
{
	struct wr_frame f = {
		.m = rte_pktmbuf_alloc(rig->pool),
		.seg =
			{
				.seq = wr_seq(FIRST + at),
				.len = len + fin,
				.text_len = len,
				.flags = WR_TCP_ACK | (fin ? WR_TCP_FIN : 0),
			},
	};
	enum wr_verdict v;

	assert_non_null(f.m);
	if (len)
		memset(rte_pktmbuf_append(f.m, len), value, len);
	v = tcp_reorder_add(rig->tcp, &rig->c, &f);
	rte_pktmbuf_free(f.m);
	return v;
}

/* Each block reported is a run of the map, as long as it can be, and none is told twice. */
static void blocks_are_those_of_the_map(struct rig *rig)
{
	struct wr_sack block[WR_SACK_MAX];
	unsigned n = tcp_reorder_blocks(rig->tcp, &rig->c, block, WR_SACK_MAX);

	for (unsigned i = 0; i < n; i++) {
		uint32_t left = block[i].left.n - FIRST, right = block[i].right.n - FIRST;

		assert_true(left < right && right <= SPACE);
		for (uint32_t k = left; k < right; k++)
			assert_true(rig->byte[k]);
		assert_true(left == 0 || !rig->byte[left - 1]);
		assert_true(right == SPACE || !rig->byte[right]);
		for (unsigned k = 0; k < i; k++)
			assert_int_not_equal(block[k].left.n, block[i].left.n);
	}
}

/* RCV.NXT moves to `at`; what follows there without a gap comes out, byte for byte. */
static uint32_t drain(struct rig *rig, uint32_t at)
{
	struct rte_mbuf *m;

	rig->c.rcv.nxt = wr_seq(FIRST + at);
	while (rig->c.reorder && (m = tcp_reorder_next(rig->tcp, &rig->c))) {
		const uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);

		for (uint32_t i = 0; i < m->data_len; i++)
			assert_int_equal(p[i], rig->byte[at + i]);
		at += m->data_len;
		rig->c.rcv.nxt = wr_seq(FIRST + at);
		rte_pktmbuf_free(m);
	}
	assert_true(at == SPACE || !rig->byte[at]);
	return at;
}

static struct rig rig;

static void what_comes_is_what_a_map_of_bytes_has(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 300; seed++) {
		uint32_t most = 1 + seed % 3 * 100, next = 0;

		wr_prng_seed(&rig.luck, seed);
		begin(&rig, UINT16_MAX, UINT32_MAX);
		for (unsigned i = 0; i < 120; i++) {
			uint32_t at = next + 1 + wr_prng_below(&rig.luck, SPACE - next - 1);
			uint16_t len = (uint16_t)(1 + wr_prng_below(&rig.luck, most));
			uint8_t value = (uint8_t)(1 + i);

			len = (uint16_t)wr_min(len, SPACE - at);
			come(&rig, at, len, value, false);
			rig.c.rare &= (uint16_t)~WR_TCB_DSACK;
			for (uint32_t k = at; k < at + len; k++)
				rig.byte[k] = rig.byte[k] ? rig.byte[k] : value;
			blocks_are_those_of_the_map(&rig);
			if (wr_prng_below(&rig.luck, 10) == 0) /* text in order meanwhile */
				next = drain(&rig, next + wr_prng_below(&rig.luck, 20));
			if (next >= SPACE - 200)
				break;
		}
		for (; next < SPACE; next = drain(&rig, next))
			while (next < SPACE && !rig.byte[next])
				next++;
		assert_null(rig.c.reorder);
		end(&rig);
	}
}

/* Steps in the tree for one segment, at most, with its block reported. */
static uint64_t most_steps(struct rig *r, uint32_t (*place)(struct rig *r, uint32_t i))
{
	uint64_t most = 0;

	begin(r, CRUMBS, UINT32_MAX);
	for (uint32_t i = 0; i < CRUMBS; i++) {
		uint64_t before = r->stats.n[WR_STAT_tcp_ooo_steps];
		struct wr_sack block[WR_SACK_MAX];

		come(r, place(r, i), 1, 1, false);
		tcp_reorder_blocks(r->tcp, &r->c, block, WR_SACK_MAX);
		before = r->stats.n[WR_STAT_tcp_ooo_steps] - before;
		most = before > most ? before : most;
	}
	assert_true(r->c.reorder->pieces > CRUMBS / 2);
	end(r);
	return most;
}

static uint32_t upwards(struct rig *r, uint32_t i)
{
	return 1 + 2 * i;
}

static uint32_t downwards(struct rig *r, uint32_t i)
{
	return 1 + 2 * (CRUMBS - i);
}

static uint32_t outside_in(struct rig *r, uint32_t i)
{
	return 1 + 2 * (i & 1 ? CRUMBS - i / 2 : i / 2);
}

static uint32_t by_chance(struct rig *r, uint32_t i)
{
	return 1 + 2 * wr_prng_below(&r->luck, 4 * CRUMBS);
}

/* A list would take 4,000 steps for each. */
static void crumbs_in_any_order_cost_a_few_steps_each(void **state)
{
	uint32_t (*const place[])(struct rig * rig, uint32_t i) = {upwards, downwards,
	                                                           outside_in, by_chance};

	(void)state;
	for (unsigned key = 0; key < 8; key++) {
		rig.key = (struct wr_sipkey) {key, ~(uint64_t)key};
		wr_prng_seed(&rig.luck, key);
		for (unsigned i = 0; i < WR_LEN(place); i++)
			assert_true(most_steps(&rig, place[i]) < 300);
	}
}

static void crumbs_are_bounded_by_count_and_by_bytes_with_overhead(void **state)
{
	(void)state;
	begin(&rig, 10, UINT32_MAX);
	for (uint32_t i = 0; i < 20; i++)
		assert_int_equal(come(&rig, 1 + 2 * i, 1, 1, false),
		                 i < 10 ? WR_V_tcp_out_of_order : WR_V_tcp_out_of_order_full);
	assert_int_equal(rte_mempool_in_use_count(rig.pool), 10);
	end(&rig);
	begin(&rig, UINT16_MAX, 10 * 257);
	for (uint32_t i = 0; i < 20; i++)
		assert_int_equal(come(&rig, 1 + 2 * i, 1, 1, false),
		                 i < 10 ? WR_V_tcp_out_of_order : WR_V_tcp_out_of_order_full);
	end(&rig);
}

static void far_text_gives_way_to_near(void **state)
{
	struct wr_sack block[WR_SACK_MAX];

	(void)state;
	begin(&rig, 4, UINT32_MAX);
	for (uint32_t i = 0; i < 4; i++)
		come(&rig, 1000 + 200 * i, 150, 1, false);
	assert_int_equal(come(&rig, 100, 150, 2, false), WR_V_tcp_out_of_order);
	assert_int_equal(rig.c.reorder->pieces, 4);
	assert_int_equal(rig.stats.n[WR_STAT_tcp_ooo_pruned], 1);
	assert_int_equal(tcp_reorder_blocks(rig.tcp, &rig.c, block, 1), 1);
	assert_int_equal(block[0].left.n, FIRST + 100);
	assert_int_equal(come(&rig, 3000, 150, 3, false), WR_V_tcp_out_of_order_full);
	/* A run gives up its last piece first. */
	tcp_reorder_free(rig.tcp, &rig.c);
	for (uint32_t i = 0; i < 4; i++)
		come(&rig, 1000 + 150 * i, 150, 1, false);
	assert_int_equal(come(&rig, 500, 150, 2, false), WR_V_tcp_out_of_order);
	assert_int_equal(tcp_reorder_blocks(rig.tcp, &rig.c, block, 2), 2);
	assert_int_equal(block[1].left.n, FIRST + 1000);
	assert_int_equal(block[1].right.n, FIRST + 1450);
	end(&rig);
}

static void a_fin_ends_the_text_wherever_it_comes(void **state)
{
	struct rte_mbuf *m;

	(void)state;
	begin(&rig, 100, UINT32_MAX);
	assert_int_equal(come(&rig, 200, 0, 0, true), WR_V_tcp_out_of_order);
	assert_int_equal(come(&rig, 200, 0, 0, true), WR_V_tcp_duplicate);
	assert_int_equal(come(&rig, 200, 50, 1, false), WR_V_tcp_after_close);
	assert_int_equal(come(&rig, 100, 150, 1, false), WR_V_tcp_out_of_order);
	rig.c.rcv.nxt = wr_seq(FIRST + 100);
	m = tcp_reorder_next(rig.tcp, &rig.c);
	assert_int_equal(m->data_len, 100); /* what lies beyond the FIN is gone */
	assert_true(wr_buf(m)->flags & WR_BUF_FIN);
	rte_pktmbuf_free(m);
	assert_null(rig.c.reorder);

	/* The FIN of text that was there before without it. */
	come(&rig, 200, 50, 1, false);
	assert_int_equal(come(&rig, 200, 50, 1, true), WR_V_tcp_duplicate);
	assert_int_equal(come(&rig, 220, 0, 0, true), WR_V_tcp_duplicate); /* a lie */
	rig.c.rcv.nxt = wr_seq(FIRST + 200);
	m = tcp_reorder_next(rig.tcp, &rig.c);
	assert_true(wr_buf(m)->flags & WR_BUF_FIN);
	rte_pktmbuf_free(m);
	end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_is_what_a_map_of_bytes_has),
		cmocka_unit_test(crumbs_in_any_order_cost_a_few_steps_each),
		cmocka_unit_test(crumbs_are_bounded_by_count_and_by_bytes_with_overhead),
		cmocka_unit_test(far_text_gives_way_to_near),
		cmocka_unit_test(a_fin_ends_the_text_wherever_it_comes),
	};

	wr_test_eal(64);
	return cmocka_run_group_tests_name("tcp_reorder", tests, NULL, NULL);
}
