/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments, time, calls of the service and want of buffers, in any order, on a connection:
 * nothing breaks, ACK and window never go back, text that is sent again is the same, timestamps
 * are there iff agreed on, books and buffers balance.
 * Input: records of RECORD bytes, which the mutator keeps whole.
 */
#include <stdlib.h>
#include <string.h>

#include "peer.h"
#include "wr_base.h"
#include "wr_frame.h"
#include "wr_prng.h"

#define RECORD  32
#define RECORDS 64 /* of an input, at most */
#define OPTIONS 20

enum act {
	SEGMENT,
	SEGMENT_TOO,
	PAUSE,
	SERVE,
	CLOSE,
	ABORT,
	REFUSE,
	OPEN,
	ACTS,
	OPEN_TS,
	STARVE
};

/* What a byte says: two groups of eight are acts that came later, so that old input is as it
 * was. */
static enum act act_of(uint8_t byte)
{
	if (byte >> 3 == 0x1e)
		return OPEN_TS;
	if (byte >> 3 == 0x09)
		return STARVE;
	return (enum act)(byte % ACTS);
}

/* ---- want of buffers ---- */

static struct rte_mbuf *hoard[FUZZ_BUFFERS];
static unsigned hoarded;

static void feed(void)
{
	rte_pktmbuf_free_bulk(hoard, hoarded);
	hoarded = 0;
}

/* So many are left, until the next time. */
static void starve(unsigned left)
{
	unsigned there = rte_mempool_avail_count(fuzz_pool());

	if (hoarded)
		feed();
	else if (there > left && !rte_pktmbuf_alloc_bulk(fuzz_pool(), hoard, there - left))
		hoarded = there - left;
}

/* ---- segments ---- */

/* A segment is placed relative to what the connection has. */
static uint32_t place(struct fuzz_input *in, uint32_t a, uint32_t b)
{
	uint8_t how = fuzz_u8(in);
	int8_t near = (int8_t)fuzz_u8(in);
	uint16_t far = fuzz_u16(in);

	return (how & 1 ? a : b) + (uint32_t)near + (how & 2 ? far : 0) +
	       (how & 0x80 ? (uint32_t)far << 16 : 0);
}

static void segment(struct peer *peer, struct fuzz_input *in)
{
	uint8_t text[1024], options[PEER_STAMP + OPTIONS] = {0}, *free = options;
	uint32_t una = peer->irs + 1;
	uint8_t more;
	struct craft_tcp tcp = {.options = options, .text = text};

	tcp.flags = fuzz_u8(in);
	tcp.tos = fuzz_u8(in);
	tcp.seq = place(in, peer->ack, peer->edge);
	tcp.ack = place(in, peer->nxt, una);
	tcp.wnd = fuzz_u16(in);
	tcp.text_len = fuzz_u8(in) * 4;
	if (tcp.flags &
	    WR_TCP_SYN) /* of another connection, perhaps: which text is not known */
		tcp.text_len = 0;
	more = fuzz_u8(in);
	tcp.flags |= more & 0x80 ? WR_TCP_AE : 0;
	if (peer->ts && !(more & 0x40)) {
		int8_t later = (int8_t)fuzz_u8(in);

		peer_stamp(peer, options, later, fuzz_u8(in));
		free += PEER_STAMP;
	}
	more = (uint8_t)(more % (OPTIONS / 4 + 1) * 4);
	tcp.options_len = (uint8_t)(free - options + more);
	for (unsigned i = 0; i < more && in->left; i++)
		free[i] = fuzz_u8(in);
	peer_write(text, tcp.seq - peer->iss - 1, tcp.text_len);
	peer_send(peer, &tcp);
}

static void refuse(struct peer *peer)
{
	peer->refuses = !peer->refuses;
	if (peer->is_open && !peer->refuses)
		wr_tcp_resume(wr_stack_tcp(peer->stack), peer->c);
}

static void act(struct peer *peer, struct fuzz_input *in)
{
	switch (act_of(fuzz_u8(in))) {
	case SEGMENT:
	case SEGMENT_TOO:
		segment(peer, in);
		break;
	case PAUSE:
		peer_wait(peer, WR_US(100) << fuzz_u8(in) % 16);
		break;
	case SERVE:
		peer_serve(peer, fuzz_u16(in));
		break;
	case CLOSE:
		if (peer->is_open)
			wr_tcp_close(wr_stack_tcp(peer->stack), peer->c);
		break;
	case ABORT:
		if (peer->is_open)
			wr_tcp_abort(wr_stack_tcp(peer->stack), peer->c);
		break;
	case REFUSE:
		refuse(peer);
		break;
	case OPEN:
		peer_open(peer, false);
		break;
	case OPEN_TS:
		peer_open(peer, true);
		break;
	case STARVE:
		starve(fuzz_u8(in) % 8);
		break;
	case ACTS:
		break;
	}
}

static void run(struct fuzz_input in)
{
	static struct peer peer;

	peer_begin(&peer, true);
	peer_open(&peer, false);
	for (unsigned i = 0; i < RECORDS && (i + 1) * RECORD <= in.left; i++) {
		struct fuzz_input record = {in.at + i * RECORD, RECORD};

		act(&peer, &record);
	}
	feed();
	peer_wait(&peer, WR_S(1));
	peer_end(&peer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	fuzz_run(run, bytes, size);
	return 0;
}

/* ---- the mutator: one change to one record ---- */

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t max) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t max, unsigned seed);

static void swap(uint8_t *a, uint8_t *b)
{
	uint8_t keep[RECORD];

	memcpy(keep, a, RECORD);
	memcpy(a, b, RECORD);
	memcpy(b, keep, RECORD);
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t max, unsigned seed)
{
	size_t n = size / RECORD, most = RTE_MIN(max / RECORD, (size_t)RECORDS);
	struct wr_prng prng;
	uint8_t *at;

	wr_prng_seed(&prng, seed);
	at = bytes + (n ? wr_prng_below(&prng, (uint32_t)n) : 0) * RECORD;
	switch (wr_prng_below(&prng, 6)) {
	case 0: /* one more, like the one before it */
		if (n == 0 || n >= most)
			break;
		memmove(at + RECORD, at, n * RECORD - (size_t)(at - bytes));
		return (n + 1) * RECORD;
	case 1: /* one less */
		if (n < 2)
			break;
		memmove(at, at + RECORD, (n - 1) * RECORD - (size_t)(at - bytes));
		return (n - 1) * RECORD;
	case 2:
		if (n)
			swap(at, bytes + wr_prng_below(&prng, (uint32_t)n) * RECORD);
		return n * RECORD;
	case 3: /* a new one behind all */
		if (n >= most)
			break;
		for (unsigned i = 0; i < RECORD; i++)
			bytes[n * RECORD + i] = (uint8_t)wr_prng_u64(&prng);
		return (n + 1) * RECORD;
	}
	if (n && LLVMFuzzerMutate)
		LLVMFuzzerMutate(at, RECORD, RECORD);
	return n * RECORD;
}
