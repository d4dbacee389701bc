/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP headers of any bytes: what is read lies within them and within its range. */
#include "fuzz.h"
#include "wr_frame.h"

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
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct wr_seg seg = {0};

	if (size > 0 && size < 65536 && wr_tcp_parse(bytes, (uint32_t)size, &seg) == WR_V_NEXT)
		check(&seg, bytes, (uint32_t)size);
	return 0;
}
