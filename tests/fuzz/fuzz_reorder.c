/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text in pieces that come in any order and overlap, against a map of bytes: the service gets
 * each byte once and in order, what is acknowledged and SACKed was sent.
 * Input: four bytes a piece: offset, length, handling.
 */
#include <string.h>

#include "peer.h"
#include "wr_base.h"
#include "wr_frame.h"

#define SPACE 8192 /* bytes of text at most: all pieces fit into the window */

static bool sent[SPACE];

/* Is [left, right) of the text one that the peer has sent? */
static bool was_sent(const struct peer *peer, struct wr_sack block)
{
	uint32_t left = block.left.n - peer->iss - 1, right = block.right.n - peer->iss - 1;

	return left < right && right <= SPACE && !memchr(sent + left, false, right - left);
}

static uint32_t prefix(void)
{
	const bool *hole = memchr(sent, false, SPACE);

	return hole ? (uint32_t)(hole - sent) : SPACE;
}

static void check(const struct peer *peer)
{
	uint32_t acked = peer->ack - peer->iss - 1;

	FUZZ_HOLDS(peer->is_open);
	FUZZ_HOLDS(acked == prefix());
	FUZZ_HOLDS(peer->refuses || peer->taken == acked);
	for (unsigned i = 0; i < peer->sacks; i++)
		FUZZ_HOLDS(was_sent(peer, peer->sack[i]));
}

static void send_piece(struct peer *peer, uint32_t at, uint16_t len, uint8_t flags)
{
	uint8_t text[1024];
	struct craft_tcp tcp = {
		.flags = (uint8_t)(WR_TCP_ACK | flags),
		.seq = peer->iss + 1 + at,
		.ack = peer->irs + 1,
		.wnd = 65535,
		.text = text,
		.text_len = len,
	};

	peer_write(text, at, len);
	memset(sent + at, true, len);
	peer_send(peer, &tcp);
}

static void run(struct fuzz_input in)
{
	static struct peer peer;

	memset(sent, 0, sizeof(sent));
	peer_begin(&peer, true);
	peer_open(&peer, false);
	for (unsigned pieces = 0; in.left && pieces < 64; pieces++) {
		uint32_t at = fuzz_u16(&in) % SPACE;
		uint16_t len = (uint16_t)(1 + fuzz_u8(&in) * 4);
		uint8_t handling = fuzz_u8(&in);

		send_piece(&peer, at, (uint16_t)RTE_MIN(len, SPACE - at),
		           handling & 1 ? WR_TCP_PSH : 0);
		/* A delayed ACK, too, is there now. */
		peer_wait(&peer, handling & 2 ? WR_S(1) : WR_MS(50));
		check(&peer);
	}
	peer_end(&peer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	fuzz_run(run, bytes, size);
	return 0;
}
