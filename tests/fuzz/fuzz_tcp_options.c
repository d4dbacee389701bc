/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP headers of any bytes: what is read lies within them and within its range, and reads the
 * same when a header is written of it.
 */
#include <string.h>

#include "fuzz.h"
#include "wr_be.h"
#include "wr_frame.h"

#define FIXED 20 /* bytes of a header without options */

/* What of a segment is options of a SYN, and timestamps; or else its SACK blocks. */
static unsigned write_options(uint8_t *p, const struct wr_seg *seg,
                              const struct wr_syn_options *syn)
{
	uint8_t *const begin = p;

	wr_be32_put(p, 0x02040000u | syn->mss);
	p += 4;
	if (syn->has_wscale) {
		wr_be32_put(p, 0x01030300u | syn->wscale);
		p += 4;
	}
	if (syn->sack_permitted) {
		wr_be32_put(p, 0x01010402);
		p += 4;
	}
	if (seg->has_ts) {
		wr_be32_put(p, 0x0101080a);
		wr_be32_put(p + 4, seg->ts_val);
		wr_be32_put(p + 8, seg->ts_ecr);
		p += 12;
	}
	return (unsigned)(p - begin);
}

static unsigned write_sacks(uint8_t *p, const struct wr_seg *seg)
{
	if (seg->sack_count == 0)
		return 0;
	wr_be32_put(p, 0x01010502u + 8u * seg->sack_count);
	for (unsigned i = 0; i < seg->sack_count; i++) {
		wr_be32_put(p + 4 + 8 * i, wr_tcp_sack(seg, i).left.n);
		wr_be32_put(p + 8 + 8 * i, wr_tcp_sack(seg, i).right.n);
	}
	return 4 + 8u * seg->sack_count;
}

/* Reads a header with these options and what else seg has. */
static void read_again(uint8_t *header, unsigned options_len, const struct wr_seg *seg,
                       struct wr_seg *again)
{
	wr_be32_put(header + 4, seg->seq.n);
	wr_be32_put(header + 8, seg->ack.n);
	header[12] = (uint8_t)((FIXED + options_len) / 4 << 4);
	header[13] = seg->flags;
	header[14] = (uint8_t)(seg->wnd >> 8);
	header[15] = (uint8_t)seg->wnd;
	FUZZ_HOLDS(wr_tcp_parse(header, FIXED + options_len, again) == WR_V_NEXT);
	FUZZ_HOLDS(again->seq.n == seg->seq.n && again->ack.n == seg->ack.n);
	FUZZ_HOLDS(again->flags == seg->flags && again->wnd == seg->wnd);
	FUZZ_HOLDS(again->text_len == 0 && again->len == seg->len - seg->text_len);
}

static void check_again(const struct wr_seg *seg, const struct wr_syn_options *syn)
{
	uint8_t header[FIXED + 40] = {0};
	struct wr_syn_options syn_again;
	struct wr_seg again;

	read_again(header, write_options(header + FIXED, seg, syn), seg, &again);
	wr_tcp_parse_syn(&again, &syn_again);
	FUZZ_HOLDS(syn_again.mss == syn->mss && syn_again.wscale == syn->wscale);
	FUZZ_HOLDS(syn_again.has_wscale == syn->has_wscale);
	FUZZ_HOLDS(syn_again.sack_permitted == syn->sack_permitted);
	FUZZ_HOLDS(again.has_ts == seg->has_ts);
	if (seg->has_ts)
		FUZZ_HOLDS(again.ts_val == seg->ts_val && again.ts_ecr == seg->ts_ecr);

	read_again(header, write_sacks(header + FIXED, seg), seg, &again);
	FUZZ_HOLDS(again.sack_count == seg->sack_count);
	for (unsigned i = 0; i < seg->sack_count; i++) {
		FUZZ_HOLDS(wr_seq_eq(wr_tcp_sack(&again, i).left, wr_tcp_sack(seg, i).left));
		FUZZ_HOLDS(wr_seq_eq(wr_tcp_sack(&again, i).right, wr_tcp_sack(seg, i).right));
	}
}

static void check(const struct wr_seg *seg, const uint8_t *bytes, uint32_t size)
{
	uint32_t flags = !!(seg->flags & WR_TCP_SYN) + !!(seg->flags & WR_TCP_FIN);
	struct wr_syn_options syn;
	struct wr_accecn accecn;

	FUZZ_HOLDS(seg->text_off >= 20 && seg->text_off <= 60);
	FUZZ_HOLDS((uint32_t)seg->text_off + seg->text_len == size);
	FUZZ_HOLDS(seg->len == seg->text_len + flags);
	FUZZ_HOLDS(seg->options_len == seg->text_off - 20);
	FUZZ_HOLDS(seg->options_len == 0 || seg->options == bytes + 20);
	FUZZ_HOLDS(seg->sack_count <= WR_SACK_MAX);
	FUZZ_HOLDS(seg->sack_off + 8 * seg->sack_count <= seg->options_len);
	for (unsigned i = 0; i < seg->sack_count; i++)
		wr_tcp_sack(seg, i);
	wr_tcp_parse_syn(seg, &syn);
	FUZZ_HOLDS(syn.wscale <= 14);
	wr_tcp_parse_accecn(seg, &accecn);
	for (unsigned i = 0; i < WR_LEN(accecn.bytes); i++)
		FUZZ_HOLDS(accecn.has & 1u << i ? accecn.bytes[i] <= 0xffffff
		                                : accecn.bytes[i] == 0);
	FUZZ_HOLDS(wr_tcp_ace(seg) <= 7);
	check_again(seg, &syn);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct wr_seg seg = {0};

	if (size > 0 && size < 65536 && wr_tcp_parse(bytes, (uint32_t)size, &seg) == WR_V_NEXT)
		check(&seg, bytes, (uint32_t)size);
	return 0;
}
