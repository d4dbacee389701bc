/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SACK blocks, acknowledgements, losses and retransmissions in any order: marks, sums and
 * chains of the sender's scoreboard are those of a naive model. Input: one octet that says
 * what happens, and what that needs.
 */
#include "board.h"
#include "fuzz.h"

#define STEPS 300

/* A block from a place to a place behind it, in bytes if `exact`, else in whole buffers. */
static struct board_block block_of(const struct board *board, struct fuzz_input *in, bool exact)
{
	uint32_t unit = exact ? 1 : BOARD_BYTES, end = BOARD_BUFS * BOARD_BYTES;
	uint32_t left = board->acked * BOARD_BYTES, room = end - left, right;

	left += (exact ? fuzz_u16(in) : fuzz_u8(in) * unit) % room;
	right = left + unit + (exact ? fuzz_u16(in) : fuzz_u8(in) % BOARD_BUFS * unit);
	return (struct board_block) {left, wr_min(right, end)};
}

static void hear(struct board *board, struct fuzz_input *in, uint8_t how)
{
	struct board_block block[WR_SACK_MAX];
	unsigned blocks = 1 + how % WR_SACK_MAX;

	for (unsigned i = 0; i < blocks; i++)
		block[i] = block_of(board, in, how & 0x10);
	board_hear(board, block, blocks);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct board board;
	struct fuzz_input in = {bytes, size};

	FUZZ_HOLDS(board_begin(&board, fuzz_pool(), BOARD_BUFS));
	for (unsigned i = 0; i < STEPS && in.left; i++) {
		uint8_t what = fuzz_u8(&in);

		switch (what >> 5) {
		case 0:
			board_acknowledge(&board, what & 7);
			break;
		case 1:
			board_lose(&board, fuzz_u8(&in));
			break;
		case 2:
			board_send_again(&board);
			break;
		case 3:
			board_lose_again(&board);
			break;
		default:
			hear(&board, &in, what & 0x1f);
		}
		FUZZ_HOLDS(board_differs(&board) == NULL);
	}
	board_end(&board);
	fuzz_check_pool();
	return 0;
}
