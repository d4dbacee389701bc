/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <rte_byteorder.h>
#include <rte_tcp.h>

#include "wr_base.h"
#include "wr_be.h"
#include "wr_frame.h"

/* Option kinds: RFC 9293 section 3.2, RFC 7323, RFC 2018, RFC 2385, RFC 7413, RFC 9768. */
enum {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	OPTION_WSCALE = 3,
	OPTION_SACK_PERMITTED = 4,
	OPTION_SACK = 5,
	OPTION_TS = 8,
	OPTION_SIGNATURE = 19,
	OPTION_FASTOPEN = 34,
	OPTION_ACCECN0 = 172,
	OPTION_ACCECN1 = 174,
};

enum {
	MSS_BYTES = 4,
	WSCALE_BYTES = 3,
	SACK_PERMITTED_BYTES = 2,
	TS_BYTES = 10,
	SACK_HEAD_BYTES = 2,
	SACK_BLOCK_BYTES = 8,
	SIGNATURE_BYTES = 18,
	FASTOPEN_HEAD_BYTES = 2,
	COOKIE_BYTES_LEAST = 4,
	ACCECN_HEAD_BYTES = 2,
	ACCECN_FIELD_BYTES = 3,
	ACCECN_FIELDS = 3,
};

#define DEFAULT_MSS 536 /* bytes, RFC 9293 MUST-15 */
#define MAX_WSCALE  14  /* RFC 7323 section 2.3 */

/* NOP NOP TS: how nearly every segment begins its options, RFC 7323 appendix A. */
#define TS_LAYOUT_BYTES 12
#define TS_LAYOUT       0x0101080a

/* One option: kind and length are in the frame, value is behind them. */
struct option {
	uint8_t kind;
	uint8_t bytes; /* all of it */
	const uint8_t *at;
};

/*
 * The next option from *at on, NOPs skipped; false at the end of the list and at an
 * impossible length: what follows that cannot be found, so it counts as absent.
 */
static bool next_option(const struct wr_seg *seg, unsigned *at, struct option *option)
{
	const uint8_t *p = seg->options;
	unsigned i = *at;

	while (i < seg->options_len && p[i] == OPTION_NOP)
		i++;
	if (i + 2 > seg->options_len || p[i] == OPTION_END)
		return false;
	if (p[i + 1] < 2 || i + p[i + 1] > seg->options_len)
		return false;
	*option = (struct option) {.kind = p[i], .bytes = p[i + 1], .at = p + i};
	*at = i + p[i + 1];
	return true;
}

/* What any segment may carry: timestamps, SACKs, a signature; the first of each counts. */
static void parse_options(struct wr_seg *seg)
{
	struct option option;
	unsigned at = 0;

	while (next_option(seg, &at, &option)) {
		if (option.kind == OPTION_TS && option.bytes == TS_BYTES && !seg->has_ts) {
			seg->has_ts = true;
			seg->ts_val = wr_be32_get(option.at + 2);
			seg->ts_ecr = wr_be32_get(option.at + 6);
		} else if (option.kind == OPTION_SACK && seg->sack_count == 0 &&
		           option.bytes > SACK_HEAD_BYTES &&
		           (option.bytes - SACK_HEAD_BYTES) % SACK_BLOCK_BYTES == 0) {
			seg->sack_off = (uint8_t)(option.at - seg->options + SACK_HEAD_BYTES);
			seg->sack_count =
				(uint8_t)((option.bytes - SACK_HEAD_BYTES) / SACK_BLOCK_BYTES);
		} else if (option.kind == OPTION_SIGNATURE && option.bytes == SIGNATURE_BYTES &&
		           seg->signature_off == 0) {
			seg->signature_off = (uint8_t)(option.at - seg->options + 2);
		}
	}
	if (seg->signature_off)
		seg->has_ts = false;
}

enum wr_verdict wr_tcp_parse(const uint8_t *p, uint32_t bytes, struct wr_seg *seg)
{
	const struct rte_tcp_hdr *tcp = (const struct rte_tcp_hdr *)p;
	uint32_t header;

	if (wr_unlikely(bytes < sizeof(*tcp) || bytes > UINT16_MAX))
		return WR_V_tcp_truncated;
	header = (uint32_t)(tcp->data_off >> 4) * 4;
	if (wr_unlikely(header < sizeof(*tcp) || header > bytes))
		return WR_V_tcp_bad_offset;

	seg->seq = wr_seq(rte_be_to_cpu_32(tcp->sent_seq));
	seg->ack = wr_seq(rte_be_to_cpu_32(tcp->recv_ack));
	seg->wnd = rte_be_to_cpu_16(tcp->rx_win);
	seg->flags = tcp->tcp_flags;
	seg->text_off = (uint16_t)header;
	seg->text_len = (uint16_t)(bytes - header);
	seg->len = seg->text_len + (uint32_t)((seg->flags & WR_TCP_SYN) != 0) +
	           (uint32_t)((seg->flags & WR_TCP_FIN) != 0);
	seg->options = p + sizeof(*tcp);
	seg->options_len = (uint8_t)(header - sizeof(*tcp));
	seg->sack_off = 0;
	seg->sack_count = 0;
	if (wr_likely(seg->options_len == TS_LAYOUT_BYTES &&
	              wr_be32_get(seg->options) == TS_LAYOUT)) {
		seg->has_ts = true;
		seg->ts_val = wr_be32_get(seg->options + 4);
		seg->ts_ecr = wr_be32_get(seg->options + 8);
		return WR_V_NEXT;
	}
	seg->has_ts = false;
	seg->signature_off = 0;
	seg->ts_val = 0;
	seg->ts_ecr = 0;
	if (seg->options_len > 0)
		parse_options(seg);
	return WR_V_NEXT;
}

void wr_tcp_parse_syn(const struct wr_seg *seg, struct wr_syn_options *out)
{
	struct option option;
	unsigned at = 0;

	*out = (struct wr_syn_options) {.mss = DEFAULT_MSS};
	while (next_option(seg, &at, &option)) {
		if (option.kind == OPTION_MSS && option.bytes == MSS_BYTES) {
			out->mss = wr_be16_get(option.at + 2);
		} else if (option.kind == OPTION_WSCALE && option.bytes == WSCALE_BYTES) {
			out->has_wscale = true;
			out->wscale = option.at[2] < MAX_WSCALE ? option.at[2] : MAX_WSCALE;
			out->wscale_too_large = option.at[2] > MAX_WSCALE;
		} else if (option.kind == OPTION_SACK_PERMITTED &&
		           option.bytes == SACK_PERMITTED_BYTES) {
			out->sack_permitted = true;
		}
	}
}

bool wr_tcp_parse_fastopen(const struct wr_seg *seg, struct wr_fastopen *out)
{
	struct option option;
	unsigned at = 0;

	while (next_option(seg, &at, &option)) {
		unsigned bytes = option.bytes - FASTOPEN_HEAD_BYTES;

		if (option.kind != OPTION_FASTOPEN || bytes > WR_TCP_COOKIE_MAX || bytes % 2 ||
		    (bytes > 0 && bytes < COOKIE_BYTES_LEAST))
			continue;
		out->bytes = (uint8_t)bytes;
		memcpy(out->cookie, option.at + FASTOPEN_HEAD_BYTES, bytes);
		return true;
	}
	return false;
}

bool wr_tcp_parse_accecn(const struct wr_seg *seg, struct wr_accecn *out)
{
	static const uint8_t order[2][ACCECN_FIELDS] = {{WR_ECT0, WR_CE, WR_ECT1},
	                                                {WR_ECT1, WR_CE, WR_ECT0}};
	struct option option;
	unsigned at = 0, fields;

	*out = (struct wr_accecn) {.has = 0};
	do {
		if (!next_option(seg, &at, &option))
			return false;
	} while (option.kind != OPTION_ACCECN0 && option.kind != OPTION_ACCECN1);

	/* Of any length: what whole fields there are, the rest is padding. */
	fields = wr_min((unsigned)(option.bytes - ACCECN_HEAD_BYTES) / ACCECN_FIELD_BYTES,
	                ACCECN_FIELDS);
	for (unsigned i = 0; i < fields; i++) {
		const uint8_t *p = option.at + ACCECN_HEAD_BYTES + i * ACCECN_FIELD_BYTES;
		unsigned field = order[option.kind == OPTION_ACCECN1][i];

		out->has |= (uint8_t)(1u << field);
		out->bytes[field] = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
	}
	return true;
}

struct wr_sack wr_tcp_sack(const struct wr_seg *seg, unsigned i)
{
	const uint8_t *block = seg->options + seg->sack_off + i * SACK_BLOCK_BYTES;

	return (struct wr_sack) {.left = wr_seq(wr_be32_get(block)),
	                         .right = wr_seq(wr_be32_get(block + 4))};
}
