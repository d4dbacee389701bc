/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A sender's scoreboard beside a model that is naive: a flag a buffer, and every block looked
 * at. Its user says what happens, at random or by input; board_differs() compares.
 */
#ifndef WR_BOARD_H
#define WR_BOARD_H

#include "tcp.h"

#define BOARD_BUFS  60   /* four blocks: fewer than the steps that an ACK may take in vain */
#define BOARD_MOST  600  /* more than those steps */
#define BOARD_BYTES 100u /* of text in each */

struct board {
	struct wr_tcp tcp;
	struct wr_tcb c;
	struct wr_stats stats;
	struct wr_repair repair;
	bool sacked[BOARD_MOST]; /* the model */
	unsigned bufs;           /* that were sent */
	unsigned acked;          /* buffers that are gone */
	struct rte_mbuf *m[BOARD_MOST];
};

/* A block, in bytes from the first that was ever sent. */
struct board_block {
	uint32_t left, right;
};

/* `bufs` are sent, nothing is acknowledged. False: the pool is empty. */
bool board_begin(struct board *board, struct rte_mempool *pool, unsigned bufs);
void board_end(struct board *board);

/* An ACK with up to WR_SACK_MAX blocks, each above what is acknowledged and not empty. */
void board_hear(struct board *board, const struct board_block *block, unsigned blocks);

/* The oldest n buffers are acknowledged; one stays. */
void board_acknowledge(struct board *board, unsigned n);

/* Buffer number i of those that are left is thought lost. */
void board_lose(struct board *board, unsigned i);
/* The first that is lost is sent again; what was sent again first is lost once more. */
void board_send_again(struct board *board);
void board_lose_again(struct board *board);

/* NULL: marks, sums and chains are as the model has them. Else what is not. */
const char *board_differs(const struct board *board);

#endif /* WR_BOARD_H */
