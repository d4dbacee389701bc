/* SPDX-License-Identifier: BSD-3-Clause */
/* The scoreboard against a naive model, with honest and other blocks by chance. */

#include "board.h"
#include "tcp_board.h"
#include "tcp_count.h"
#include "wr_prng.h"
#include "wr_test.h"

#define ROUNDS 400

/* Up to four blocks; not all begin and end where buffers do. */
static void hear_sack(struct board *board, struct wr_prng *luck)
{
	struct board_block block[WR_SACK_MAX];
	unsigned blocks = 1 + wr_prng_below(luck, WR_SACK_MAX);

	for (unsigned i = 0; i < blocks; i++) {
		uint32_t left = board->acked * BOARD_BYTES +
		                wr_prng_below(luck, (BOARD_BUFS - board->acked) * BOARD_BYTES);
		uint32_t right = left + 1 + wr_prng_below(luck, 12 * BOARD_BYTES);

		if (wr_prng_below(luck, 4)) { /* as an honest receiver has it */
			left -= left % BOARD_BYTES;
			right += BOARD_BYTES - right % BOARD_BYTES;
		}
		block[i] = (struct board_block) {left, wr_min(right, BOARD_BUFS * BOARD_BYTES)};
	}
	board_hear(board, block, blocks);
}

/* One block of one or two buffers. */
static void hear_few(struct board *board, struct wr_prng *luck)
{
	unsigned left = board->acked + 1 + wr_prng_below(luck, BOARD_BUFS - board->acked);
	struct board_block block = {left * BOARD_BYTES, (left + 2) * BOARD_BYTES};

	block.right -= wr_prng_below(luck, 2) * BOARD_BYTES;
	if (block.right <= BOARD_BUFS * BOARD_BYTES)
		board_hear(board, &block, 1);
}

/* Some are lost, some are sent again, some of these are lost again. */
static void lose(struct board *board, struct wr_prng *luck)
{
	board_lose(board, wr_prng_below(luck, BOARD_BUFS));
	if (wr_prng_below(luck, 2))
		board_send_again(board);
	if (wr_prng_below(luck, 3) == 0)
		board_lose_again(board);
}

static void marks_are_those_of_a_naive_model(void **state)
{
	struct rte_mempool *pool = wr_test_pool("board", 2 * BOARD_BUFS, 256);
	static struct board board;
	struct wr_prng luck;

	for (unsigned seed = 1; seed <= 200; seed++) {
		wr_prng_seed(&luck, seed);
		assert_true(board_begin(&board, pool, BOARD_BUFS));
		for (unsigned i = 0; i < ROUNDS; i++) {
			const char *differs;

			hear_sack(&board, &luck);
			if (wr_prng_below(&luck, 3) == 0)
				lose(&board, &luck);
			if (wr_prng_below(&luck, 4) == 0)
				board_acknowledge(&board, wr_prng_below(&luck, 4));
			differs = board_differs(&board);
			if (differs)
				fail_msg("seed %u, step %u: %s", seed, i, differs);
		}
		board_end(&board);
	}
}

/* RFC 6675 section 4, IsLost(), as it is written. */
static bool is_lost(const struct board *board, unsigned i)
{
	unsigned runs = 0, segments = 0;

	for (unsigned k = i + 1; k < board->bufs; k++) {
		runs += board->sacked[k] && !board->sacked[k - 1];
		segments += board->sacked[k];
	}
	return runs >= 3 || segments * BOARD_BYTES > 2 * board->c.cc.smss;
}

/* What is marked is lost, and what is lost is marked. NULL: so it is. */
static const char *count_differs(struct board *board)
{
	static bool lost[BOARD_MOST];

	for (unsigned i = board->acked; i < board->bufs; i++)
		lost[i] = wr_buf(board->m[i])->flags & WR_BUF_LOST;
	tcp_mark_lost_by_count(&board->c);
	for (unsigned i = board->acked; i < board->bufs; i++) {
		bool marked = wr_buf(board->m[i])->flags & WR_BUF_LOST;

		if (!board->sacked[i] && marked != (lost[i] || is_lost(board, i)))
			return marked ? "marked, and not lost" : "lost, and not marked";
	}
	return NULL;
}

static void losses_are_those_of_the_rfc(void **state)
{
	struct rte_mempool *pool = wr_test_pool("count", 2 * BOARD_BUFS, 256);
	static struct board board;
	struct wr_prng luck;

	for (unsigned seed = 1; seed <= 400; seed++) {
		wr_prng_seed(&luck, seed);
		assert_true(board_begin(&board, pool, BOARD_BUFS));
		board.c.cc.smss =
			(uint16_t)(BOARD_BYTES * (1 + seed % 4)); /* buffers are shorter */
		for (unsigned i = 0; i < ROUNDS / 4; i++) {
			const char *differs;

			hear_few(&board, &luck);
			if (wr_prng_below(&luck, 4) == 0)
				lose(&board, &luck);
			if (wr_prng_below(&luck, 4) == 0)
				board_acknowledge(&board, wr_prng_below(&luck, 4));
			if (wr_prng_below(&luck, 16) == 0)
				tcp_board_forget_lost(&board.c);
			if (wr_prng_below(&luck, 64) == 0)
				tcp_mark_all_lost(&board.c, false);
			differs = count_differs(&board);
			if (differs)
				fail_msg("seed %u, step %u: %s", seed, i, differs);
		}
		assert_null(board_differs(&board));
		board_end(&board);
	}
}

/* The first ACKs take all their steps in vain; each goes on where the one before ended. */
static void what_is_sacked_far_ahead_is_found_by_later_acks(void **state)
{
	const struct board_block last = {(BOARD_MOST - 1) * BOARD_BYTES,
	                                 BOARD_MOST * BOARD_BYTES};
	struct rte_mempool *pool = wr_test_pool("far", BOARD_MOST, 256);
	static struct board board;

	assert_true(board_begin(&board, pool, BOARD_MOST));
	board_hear(&board, &last, 1);
	assert_string_equal(board_differs(&board), "what is SACKed");
	board_hear(&board, &last, 1);
	board_hear(&board, &last, 1);
	assert_null(board_differs(&board));
	board_end(&board);
}

/* Of what lies beyond the highest that is known, while holes below are filled. */
static void what_is_sacked_far_beyond_others_is_found_by_later_acks(void **state)
{
	struct board_block block[] = {
		{BOARD_BYTES, 2 * BOARD_BYTES},
		{(BOARD_MOST - 1) * BOARD_BYTES, BOARD_MOST * BOARD_BYTES},
	};
	struct rte_mempool *pool = wr_test_pool("beyond", BOARD_MOST, 256);
	static struct board board;

	assert_true(board_begin(&board, pool, BOARD_MOST));
	board_hear(&board, block, 1);
	board_hear(&board, block, 2);
	assert_string_equal(board_differs(&board), "what is SACKed");
	for (unsigned i = 0; i < 2; i++) {
		block[0].right += BOARD_BYTES;
		board_hear(&board, block, 2);
	}
	assert_null(board_differs(&board));
	board_end(&board);
}

/* One segment is late, near the end of a long flight of which little is known. */
static void what_fills_the_highest_gap_is_found_at_once(void **state)
{
	const uint32_t end = BOARD_MOST * BOARD_BYTES;
	const struct board_block first = {end - 3 * BOARD_BYTES, end - 2 * BOARD_BYTES},
				 others[] = {{end - BOARD_BYTES, end}, first},
				 all = {end - 3 * BOARD_BYTES, end};
	struct rte_mempool *pool = wr_test_pool("gap", BOARD_MOST, 256);
	static struct board board;

	assert_true(board_begin(&board, pool, BOARD_MOST));
	for (unsigned i = 0; i < 3; i++)
		board_hear(&board, &first, 1);
	board_hear(&board, others, 2);
	board_hear(&board, &all, 1);
	assert_null(board_differs(&board));
	board_end(&board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_are_those_of_a_naive_model),
		cmocka_unit_test(losses_are_those_of_the_rfc),
		cmocka_unit_test(what_is_sacked_far_ahead_is_found_by_later_acks),
		cmocka_unit_test(what_is_sacked_far_beyond_others_is_found_by_later_acks),
		cmocka_unit_test(what_fills_the_highest_gap_is_found_at_once),
	};

	wr_test_eal(64);
	return cmocka_run_group_tests_name("tcp_board", tests, NULL, NULL);
}
