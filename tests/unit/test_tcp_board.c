/* SPDX-License-Identifier: BSD-3-Clause */
/* The scoreboard against a model that is naive: a flag a buffer, and every block looked at. */

#include <rte_byteorder.h>

#include "tcp.h"
#include "wr_prng.h"
#include "wr_test.h"

#define BUFS  60 /* four blocks: fewer than the steps that an ACK may take in vain */
#define BYTES 100u
#define ROUND 400
#define FIRST 0xffffd000u /* the numbers wrap on the way */

struct rig {
	struct wr_tcp *tcp;
	struct wr_tcb c;
	struct wr_stats stats;
	struct wr_prng luck;
	bool sacked[BUFS]; /* the model */
	unsigned acked;    /* buffers that are gone */
	struct rte_mbuf *m[BUFS];
};

static struct wr_seq seq_of(unsigned i)
{
	return wr_seq(FIRST + i * BYTES);
}

static void fill(struct rig *rig, struct rte_mempool *pool)
{
	struct wr_tcb *c = &rig->c;

	memset(c, 0, sizeof(*c));
	memset(rig->sacked, 0, sizeof(rig->sacked));
	rig->acked = 0;
	c->flags = WR_TCB_SACK;
	c->cc.smss = BYTES;
	c->snd.una = seq_of(0);
	c->snd.nxt = c->sq_end = seq_of(BUFS);
	for (unsigned i = 0; i < BUFS; i++) {
		struct rte_mbuf *m = rig->m[i] = rte_pktmbuf_alloc(pool);

		assert_non_null(m);
		*wr_buf(m) = (struct wr_buf) {.seq = seq_of(i).n, .len = BYTES};
		if (i)
			wr_buf(rig->m[i - 1])->next = m;
	}
	c->sq_head = rig->m[0];
	c->sq_tail = rig->m[BUFS - 1];
	c->sq_count = BUFS;
	assert_non_null(tcp_repair_attach(rig->tcp, c));
}

/* Up to four blocks; not all begin and end where buffers do. */
static void hear_sack(struct rig *rig)
{
	uint32_t option[2 * WR_SACK_MAX + 1] = {0};
	unsigned blocks = 1 + wr_prng_below(&rig->luck, WR_SACK_MAX);
	struct wr_seg seg = {
		.ack = rig->c.snd.una,
		.options = (const uint8_t *)option,
		.options_len = sizeof(option) < 40 ? sizeof(option) : 40,
		.sack_off = sizeof(uint32_t),
		.sack_count = (uint8_t)blocks,
	};
	struct wr_news news = {.seg = &seg};

	for (unsigned i = 0; i < blocks; i++) {
		uint32_t left = rig->acked * BYTES +
		                wr_prng_below(&rig->luck, (BUFS - rig->acked) * BYTES);
		uint32_t right = left + 1 + wr_prng_below(&rig->luck, 12 * BYTES);

		if (wr_prng_below(&rig->luck, 4)) { /* as an honest receiver has it */
			left -= left % BYTES;
			right += BYTES - right % BYTES;
		}
		right = wr_min(right, BUFS * BYTES);
		option[1 + 2 * i] = rte_cpu_to_be_32(FIRST + left);
		option[2 + 2 * i] = rte_cpu_to_be_32(FIRST + right);
		for (unsigned k = rig->acked; k < BUFS; k++)
			rig->sacked[k] |= left <= k * BYTES && (k + 1) * BYTES <= right;
	}
	tcp_board_sack(rig->tcp, &rig->c, &news);
}

static void acknowledge(struct rig *rig)
{
	struct wr_seg seg = {0};
	struct wr_news news = {.seg = &seg};
	unsigned n = wr_prng_below(&rig->luck, 4);

	for (; n && rig->acked < BUFS - 1; n--) {
		struct rte_mbuf *m = rig->c.sq_head;

		rig->c.snd.una = seq_of(rig->acked + 1);
		tcp_board_acked(rig->tcp, &rig->c, m, &news);
		rig->c.sq_head = wr_buf(m)->next;
		rte_pktmbuf_free(m);
		rig->m[rig->acked++] = NULL;
	}
}

/* Some are lost, some are sent again, some of these are lost again. */
static void lose(struct rig *rig)
{
	struct rte_mbuf *m = rig->m[rig->acked + wr_prng_below(&rig->luck, BUFS - rig->acked)];
	struct rte_mbuf *after = NULL;

	tcp_mark_lost(&rig->c, m);
	if (rig->c.repair->lost.first && wr_prng_below(&rig->luck, 2))
		tcp_board_sent_again(&rig->c, rig->c.repair->lost.first);
	if (rig->c.repair->again.first && wr_prng_below(&rig->luck, 3) == 0)
		tcp_mark_lost_again(&rig->c, rig->c.repair->again.first, &after);
}

static unsigned chain_length(const struct wr_chain *chain)
{
	struct rte_mbuf *m, *before = NULL;
	unsigned n = 0;

	for (m = chain->first; m; before = m, m = wr_buf(m)->later, n++)
		assert_ptr_equal(wr_buf(m)->earlier, before);
	assert_ptr_equal(chain->last, before);
	return n;
}

static void compare(const struct rig *rig)
{
	unsigned sacked = 0, lost = 0, again = 0;

	for (unsigned i = rig->acked; i < BUFS; i++) {
		const struct wr_buf *b = wr_buf(rig->m[i]);

		assert_int_equal((b->flags & WR_BUF_SACKED) != 0, rig->sacked[i]);
		assert_false((b->flags & WR_BUF_SACKED) && (b->flags & WR_BUF_LOST));
		sacked += (b->flags & WR_BUF_SACKED) != 0;
		lost += (b->flags & WR_BUF_LOST) != 0;
		again += (b->flags & WR_BUF_REXMIT) != 0;
	}
	assert_int_equal(rig->c.sacked, sacked * BYTES);
	assert_int_equal(rig->c.repair->segs_sacked, sacked);
	assert_int_equal(rig->c.lost, lost * BYTES);
	assert_int_equal(rig->c.rexmit, again * BYTES);
	assert_int_equal(chain_length(&rig->c.repair->lost), lost - again);
	assert_int_equal(chain_length(&rig->c.repair->again), again);
}

static void marks_are_those_of_a_naive_model(void **state)
{
	struct rte_mempool *pool = wr_test_pool("board", 2 * BUFS, 256);
	static struct rig board, *rig = &board;
	struct wr_repair repair = {.next_free = UINT32_MAX};

	(void)state;
	rig->tcp = test_calloc(1, sizeof(*rig->tcp));
	rig->tcp->stats = &rig->stats;
	rig->tcp->repair = &repair;
	for (unsigned seed = 1; seed <= 200; seed++) {
		wr_prng_seed(&rig->luck, seed);
		fill(rig, pool);
		for (unsigned i = 0; i < ROUND; i++) {
			hear_sack(rig);
			if (wr_prng_below(&rig->luck, 3) == 0)
				lose(rig);
			if (wr_prng_below(&rig->luck, 4) == 0)
				acknowledge(rig);
			compare(rig);
		}
		tcp_repair_detach(rig->tcp, &rig->c);
		for (unsigned i = rig->acked; i < BUFS; i++)
			rte_pktmbuf_free(rig->m[i]);
	}
	test_free(rig->tcp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_are_those_of_a_naive_model),
	};

	wr_test_eal(64);
	return cmocka_run_group_tests_name("tcp_board", tests, NULL, NULL);
}
