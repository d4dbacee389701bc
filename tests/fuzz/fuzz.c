/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wr_buf.h"
#include "wr_frame.h"
#include "wr_test.h"

#define MTU     1500
#define MEM_MIB 64

#define TWICE_FIRST 64 /* of so many executions, and of one in TWICE_EVERY, there are two */
#define TWICE_EVERY 64

uint8_t fuzz_u8(struct fuzz_input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

uint16_t fuzz_u16(struct fuzz_input *in)
{
	uint16_t high = fuzz_u8(in);

	return (uint16_t)(high << 8 | fuzz_u8(in));
}

uint32_t fuzz_u32(struct fuzz_input *in)
{
	uint32_t high = fuzz_u16(in);

	return high << 16 | fuzz_u16(in);
}

char *fuzz_text(const uint8_t *bytes, size_t size)
{
	char *text = malloc(size + 1);

	FUZZ_HOLDS(text != NULL);
	if (size)
		memcpy(text, bytes, size);
	text[size] = '\0';
	return text;
}

struct rte_mempool *fuzz_pool(void)
{
	static struct rte_mempool *pool;

	if (!pool) {
		wr_test_eal(MEM_MIB);
		pool = wr_buf_pool_new("fuzz", FUZZ_BUFFERS, MTU, SOCKET_ID_ANY);
		FUZZ_HOLDS(pool != NULL);
	}
	return pool;
}

void fuzz_check_pool(void)
{
	FUZZ_HOLDS(rte_mempool_avail_count(fuzz_pool()) == FUZZ_BUFFERS);
}

/* ---- the same twice ---- */

static uint64_t digest;
static bool notes; /* somebody will ask for the digest */

void fuzz_note(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	if (!notes)
		return;
	for (size_t i = 0; i < size; i++)
		digest = (digest ^ at[i]) * UINT64_C(0x100000001b3);
}

void fuzz_note_frame(const struct rte_mbuf *m)
{
	for (; m; m = m->next)
		fuzz_note(rte_pktmbuf_mtod(m, const void *), m->data_len);
}

void fuzz_run(void (*run)(struct fuzz_input in), const uint8_t *bytes, size_t size)
{
	static uint64_t executions;
	uint64_t first;

	notes = executions < TWICE_FIRST || executions % TWICE_EVERY == 0;
	executions++;
	digest = 0;
	run((struct fuzz_input) {bytes, size});
	if (!notes)
		return;
	first = digest;
	digest = 0;
	run((struct fuzz_input) {bytes, size});
	FUZZ_HOLDS(digest == first);
}

void fuzz_trace(uint64_t now_ns, const struct rte_mbuf *m)
{
	static int wanted = -1;
	char line[256];

	if (wanted < 0)
		wanted = getenv("FUZZ_TRACE") != NULL;
	if (!wanted)
		return;
	wr_frame_print(line, sizeof(line), m);
	fprintf(stderr, "%llu us: %s\n", (unsigned long long)now_ns / 1000, line);
}

void fuzz_fails(const char *condition, const char *file, int line)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}
