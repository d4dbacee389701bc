/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames of arbitrary bytes into a small host with TCP and UDP services: nothing breaks, the
 * books balance, no buffer is lost, and all that leaves can be read.
 * Input: for each frame one byte of handling, two of length, then its bytes.
 */
#include <string.h>

#include "fuzz.h"
#include "small_host.h"
#include "wire.h"
#include "wr_base.h"
#include "wr_frame.h"

enum {
	GOOD_SUMS = 1 << 0, /* the NIC says that the checksums are good */
	CHAINED = 1 << 1,   /* the frame lies in two buffers */
	LATER = 1 << 2,     /* a while later than the last one */
};

#define FRAME_MAX 1514

static struct wr_stack *stack_new(struct wr_stats *stats, uint64_t now_ns)
{
	struct wr_stack_conf conf;
	struct wr_stack *stack;
	struct wr_err err;

	small_host_conf(&conf, 0);
	wr_stack_serve(&conf, &wr_service_echo);
	wr_stack_serve(&conf, &wr_service_http);
	wr_stack_serve(&conf, &wr_service_message);
	conf.ip.rx_ip_cksum = conf.ip.rx_l4_cksum = true;
	stack = wr_stack_new(&conf, stats, now_ns, &err);
	FUZZ_HOLDS(stack != NULL);
	return stack;
}

static struct rte_mbuf *buffer_of(const uint8_t *bytes, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(fuzz_pool());

	FUZZ_HOLDS(m != NULL);
	memcpy(rte_pktmbuf_append(m, len), bytes, len);
	return m;
}

/* The next frame of the input; NULL: that was all. */
static struct rte_mbuf *next_frame(struct fuzz_input *in, uint8_t *handling)
{
	uint16_t len, first;
	struct rte_mbuf *m;

	*handling = fuzz_u8(in);
	len = (uint16_t)(fuzz_u16(in) % (FRAME_MAX + 1));
	len = (uint16_t)RTE_MIN(len, in->left);
	if (len == 0)
		return NULL;
	first = len;
	if (*handling & CHAINED)
		first = (uint16_t)(1 + (*handling >> 3) % len);
	m = buffer_of(in->at, first);
	if (first < len)
		rte_pktmbuf_chain(m, buffer_of(in->at + first, (uint16_t)(len - first)));
	in->at += len;
	in->left -= len;
	if (*handling & GOOD_SUMS)
		m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	return m;
}

static void print(const struct rte_mbuf *m)
{
	char line[512], scant[24];
	size_t len = wr_frame_print(line, sizeof(line), m);

	FUZZ_HOLDS(len < sizeof(line) && strlen(line) == len);
	FUZZ_HOLDS(wr_frame_print(scant, sizeof(scant), m) < sizeof(scant));
}

/* What the host sends: our own classification must take it. */
static void take_output(struct wr_stack *stack)
{
	struct rte_mbuf *frame[WR_STACK_BURST];
	unsigned n;

	while ((n = wr_stack_output(stack, frame, WR_LEN(frame)))) {
		for (unsigned i = 0; i < n; i++) {
			print(frame[i]);
			fuzz_note_frame(frame[i]);
			FUZZ_HOLDS(frame[i]->pkt_len <= FRAME_MAX);
			rte_pktmbuf_free(frame[i]);
		}
	}
}

static void run(struct fuzz_input in)
{
	static struct wr_stats stats;
	uint64_t now_ns = WR_S(1000);
	struct wr_stack *stack;
	struct rte_mbuf *m;
	uint8_t handling;

	memset(&stats, 0, sizeof(stats));
	stack = stack_new(&stats, now_ns);
	take_output(stack);
	while ((m = next_frame(&in, &handling))) {
		now_ns += handling & LATER ? WR_MS(300) : WR_US(10);
		print(m);
		wr_stack_input(stack, &m, 1, now_ns);
		wr_stack_tick(stack, now_ns);
		take_output(stack);
	}
	now_ns += WR_S(10);
	for (unsigned i = 0; i < 8; i++) {
		wr_stack_tick(stack, now_ns);
		take_output(stack);
	}
	wr_stack_tick(stack, now_ns);
	FUZZ_HOLDS(wr_stats_unbalanced_in(&stats) == 0);
	FUZZ_HOLDS(wr_stats_unbalanced_out(&stats) == 0);
	wr_stack_free(stack);
	fuzz_check_pool();
	fuzz_note(&stats, sizeof(stats));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	fuzz_run(run, bytes, size);
	return 0;
}
