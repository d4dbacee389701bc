/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_byteorder.h>

#include "board.h"
#include "tcp_board.h"

#define FIRST 0xffffd000u /* the numbers wrap on the way */

static struct wr_seq seq_of(unsigned i)
{
	return wr_seq(FIRST + i * BOARD_BYTES);
}

bool board_begin(struct board *board, struct rte_mempool *pool, unsigned bufs)
{
	struct wr_tcb *c = &board->c;

	memset(board, 0, sizeof(*board));
	board->bufs = bufs;
	if (rte_pktmbuf_alloc_bulk(pool, board->m, board->bufs))
		return false;
	board->tcp.stats = &board->stats;
	board->tcp.repair = &board->repair;
	board->repair.next_free = UINT32_MAX;
	c->flags = WR_TCB_SACK;
	c->cc.smss = BOARD_BYTES;
	c->snd.una = seq_of(0);
	c->snd.nxt = c->sq_end = seq_of(board->bufs);
	for (unsigned i = 0; i < board->bufs; i++) {
		*wr_buf(board->m[i]) = (struct wr_buf) {.seq = seq_of(i).n, .len = BOARD_BYTES};
		if (i)
			wr_buf(board->m[i - 1])->next = board->m[i];
	}
	c->sq_head = board->m[0];
	c->sq_tail = board->m[board->bufs - 1];
	c->sq_count = board->bufs & 0xfffffu;
	return tcp_repair_attach(&board->tcp, c) != NULL;
}

void board_end(struct board *board)
{
	tcp_repair_detach(&board->tcp, &board->c);
	for (unsigned i = board->acked; i < board->bufs; i++)
		rte_pktmbuf_free(board->m[i]);
}

void board_hear(struct board *board, const struct board_block *block, unsigned blocks)
{
	uint32_t option[2 * WR_SACK_MAX + 1] = {0};
	struct wr_seg seg = {
		.ack = board->c.snd.una,
		.options = (const uint8_t *)option,
		.options_len = sizeof(option) < 40 ? sizeof(option) : 40,
		.sack_off = sizeof(uint32_t),
		.sack_count = (uint8_t)blocks,
	};
	struct wr_news news = {.seg = &seg};

	for (unsigned i = 0; i < blocks; i++) {
		uint32_t left = block[i].left, right = block[i].right;

		option[1 + 2 * i] = rte_cpu_to_be_32(FIRST + left);
		option[2 + 2 * i] = rte_cpu_to_be_32(FIRST + right);
		if (left == board->acked * BOARD_BYTES)
			continue; /* not beyond the acknowledgement: not believed */
		for (unsigned k = board->acked; k < board->bufs; k++)
			board->sacked[k] |=
				left <= k * BOARD_BYTES && (k + 1) * BOARD_BYTES <= right;
	}
	tcp_board_sack(&board->tcp, &board->c, &news);
}

void board_acknowledge(struct board *board, unsigned n)
{
	struct wr_seg seg = {0};
	struct wr_news news = {.seg = &seg};

	for (; n && board->acked < board->bufs - 1; n--) {
		struct rte_mbuf *m = board->c.sq_head;

		board->c.snd.una = seq_of(board->acked + 1);
		tcp_board_acked(&board->tcp, &board->c, m, &news);
		board->c.sq_head = wr_buf(m)->next;
		rte_pktmbuf_free(m);
		board->m[board->acked++] = NULL;
	}
}

void board_lose(struct board *board, unsigned i)
{
	tcp_mark_lost(&board->c, board->m[board->acked + i % (board->bufs - board->acked)]);
}

void board_send_again(struct board *board)
{
	if (board->repair.lost.first)
		tcp_board_sent_again(&board->c, board->repair.lost.first);
}

void board_lose_again(struct board *board)
{
	struct rte_mbuf *after = NULL;

	if (board->repair.again.first)
		tcp_mark_lost_again(&board->c, board->repair.again.first, &after);
}

/* UINT_MAX: the links do not fit each other. */
static unsigned chain_length(const struct wr_chain *chain)
{
	struct rte_mbuf *m, *before = NULL;
	unsigned n = 0;

	for (m = chain->first; m; before = m, m = wr_buf(m)->later, n++)
		if (wr_buf(m)->earlier != before)
			return UINT32_MAX;
	return chain->last == before ? n : UINT32_MAX;
}

const char *board_differs(const struct board *board)
{
	unsigned sacked = 0, lost = 0, again = 0;

	for (unsigned i = board->acked; i < board->bufs; i++) {
		unsigned flags = wr_buf(board->m[i])->flags;

		if (board->sacked[i] != ((flags & WR_BUF_SACKED) != 0))
			return "what is SACKed";
		if ((flags & WR_BUF_SACKED) && (flags & WR_BUF_LOST))
			return "lost or SACKed, not both";
		sacked += (flags & WR_BUF_SACKED) != 0;
		lost += (flags & WR_BUF_LOST) != 0;
		again += (flags & WR_BUF_REXMIT) != 0;
	}
	if (board->c.sacked != sacked * BOARD_BYTES || board->repair.segs_sacked != sacked)
		return "the sum of what is SACKed";
	if (board->c.lost != lost * BOARD_BYTES || board->c.rexmit != again * BOARD_BYTES)
		return "the sum of what is lost, or sent again";
	if (chain_length(&board->repair.lost) != lost - again)
		return "the chain of what is lost";
	if (chain_length(&board->repair.again) != again)
		return "the chain of what was sent again";
	return NULL;
}
