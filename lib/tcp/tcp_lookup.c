/* SPDX-License-Identifier: BSD-3-Clause */
/* Looking up: whole bursts ahead of their input, and single tuples. */

#include "tcp_lookup.h"

static bool match(const void *ctx, uint32_t value, const struct wr_tuple *tuple)
{
	return wr_tuple_eq(tcp_tuple_of(ctx, value), tuple);
}

uint32_t tcp_find(const struct wr_tcp *tcp, uint32_t hash, const struct wr_tuple *tuple)
{
	return wr_flow_find(tcp->flows, hash, tuple, match, tcp);
}

static bool is_segment(const struct wr_frame *f)
{
	return wr_likely(f->carries == WR_CARRIES_TCP);
}

static void hash_is(const struct wr_tcp *tcp, struct wr_frame *f, uint32_t hash)
{
	f->hash = hash;
	wr_flow_prefetch(tcp->flows, hash);
}

/* The hashes of `n` frames: eight at once, then one by one. Others than TCP get one as well. */
static void take_hashes(const struct wr_tcp *tcp, struct wr_frame *f, unsigned n)
{
	for (; n >= WR_SIP_LANES; n -= WR_SIP_LANES, f += WR_SIP_LANES) {
		const struct wr_tuple *tuple[WR_SIP_LANES];
		uint32_t hash[WR_SIP_LANES];

		for (unsigned i = 0; i < WR_SIP_LANES; i++)
			tuple[i] = &f[i].tuple;
		wr_flow_hash_lanes(tcp->flows, tuple, hash);
		for (unsigned i = 0; i < WR_SIP_LANES; i++)
			hash_is(tcp, &f[i], hash[i]);
	}
	for (; n > 0; n--, f++)
		hash_is(tcp, f, wr_flow_hash(tcp->flows, &f->tuple));
}

/* f->value: what its hash seems to name. */
static void guess_connection(struct wr_tcp *tcp, struct wr_frame *f)
{
	f->value = wr_flow_guess(tcp->flows, f->hash);
	if (wr_likely(f->value >> 30 == WR_FLOW_TCB))
		tcb_prefetch(&tcp->tcb[f->value & WR_FLOW_INDEX]);
	else if (f->value != WR_FLOW_NONE)
		__builtin_prefetch(tcp_tuple_of(tcp, f->value), 1);
}

/* The buffer that the segment's ACK will free. */
static void prefetch_text(const struct wr_tcp *tcp, const struct wr_frame *f)
{
	const struct rte_mbuf *m;

	if (f->value >> 30 != WR_FLOW_TCB)
		return;
	m = tcp->tcb[f->value & WR_FLOW_INDEX].sq_head;
	if (m) {
		__builtin_prefetch(m, 1);
		__builtin_prefetch(m + 1, 1); /* struct wr_buf */
	}
}

void wr_tcp_look_up(struct wr_tcp *tcp, struct wr_frame *frame, unsigned n)
{
	unsigned first = 0;

	while (first < n && !is_segment(&frame[first]))
		first++;
	frame += first;
	n -= first;
	take_hashes(tcp, frame, n);
	for (unsigned i = 0; i < n; i++)
		if (is_segment(&frame[i]))
			guess_connection(tcp, &frame[i]);
	for (unsigned i = 0; i < n; i++)
		if (is_segment(&frame[i]))
			prefetch_text(tcp, &frame[i]);
}
