/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "wr_frame.h"
#include "wr_prng.h"
#include "wr_test.h"

struct segment {
	uint8_t bytes[60 + 16];
	uint32_t length;
};

static struct segment make(uint8_t flags, const uint8_t *options, unsigned options_len,
                           unsigned text)
{
	struct segment s = {
		.bytes = {0x0f, 0xa0, 0, 7, 0, 0, 0, 100, 0, 0, 0, 200, 0, 0, 0x12, 0x34},
		.length = 20 + options_len + text};

	s.bytes[12] = (uint8_t)((20 + options_len) / 4 << 4);
	s.bytes[13] = flags;
	if (options_len > 0)
		memcpy(s.bytes + 20, options, options_len);
	return s;
}

static void fields_are_read_in_host_order(void **state)
{
	struct segment s = make(WR_TCP_ACK | WR_TCP_PSH, NULL, 0, 5);
	struct wr_seg seg;

	assert_int_equal(wr_tcp_parse(s.bytes, s.length, &seg), WR_V_NEXT);
	assert_int_equal(seg.seq.n, 100);
	assert_int_equal(seg.ack.n, 200);
	assert_int_equal(seg.wnd, 0x1234);
	assert_int_equal(seg.flags, WR_TCP_ACK | WR_TCP_PSH);
	assert_int_equal(seg.text_off, 20);
	assert_int_equal(seg.text_len, 5);
	assert_int_equal(seg.len, 5);
	assert_false(seg.has_ts);
	assert_int_equal(seg.options_len, 0);
}

static void syn_and_fin_take_sequence_space(void **state)
{
	struct segment s = make(WR_TCP_SYN, NULL, 0, 0);
	struct wr_seg seg;

	wr_tcp_parse(s.bytes, s.length, &seg);
	assert_int_equal(seg.len, 1);
	s = make(WR_TCP_FIN | WR_TCP_ACK, NULL, 0, 3);
	wr_tcp_parse(s.bytes, s.length, &seg);
	assert_int_equal(seg.len, 4);
}

static void short_segments_are_truncated(void **state)
{
	struct segment s = make(WR_TCP_ACK, NULL, 0, 0);
	struct wr_seg seg;
	uint32_t n;

	for (n = 0; n < 20; n++)
		assert_int_equal(wr_tcp_parse(s.bytes, n, &seg), WR_V_tcp_truncated);
	assert_int_equal(wr_tcp_parse(s.bytes, 20, &seg), WR_V_NEXT);
}

static void impossible_offsets_are_refused(void **state)
{
	struct segment s = make(WR_TCP_ACK, NULL, 0, 8);
	struct wr_seg seg;
	unsigned words;

	for (words = 0; words < 16; words++) {
		s.bytes[12] = (uint8_t)(words << 4);
		assert_int_equal(wr_tcp_parse(s.bytes, s.length, &seg),
		                 words >= 5 && words <= 7 ? WR_V_NEXT : WR_V_tcp_bad_offset);
	}
}

static const uint8_t ts_layout[] = {1, 1, 8, 10, 0, 0, 1, 0, 0, 0, 2, 0};

static void the_usual_layout_of_timestamps_is_read(void **state)
{
	struct segment s = make(WR_TCP_ACK, ts_layout, 12, 1);
	struct wr_seg seg;

	assert_int_equal(wr_tcp_parse(s.bytes, s.length, &seg), WR_V_NEXT);
	assert_true(seg.has_ts);
	assert_int_equal(seg.ts_val, 256);
	assert_int_equal(seg.ts_ecr, 512);
	assert_int_equal(seg.text_off, 32);
	assert_int_equal(seg.sack_count, 0);
}

static void timestamps_are_read_at_any_place(void **state)
{
	static const uint8_t options[] = {200, 3, 9, 8, 10, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0};
	struct segment s = make(WR_TCP_ACK, options, 16, 0);
	struct wr_seg seg;

	wr_tcp_parse(s.bytes, s.length, &seg);
	assert_true(seg.has_ts);
	assert_int_equal(seg.ts_val, 256);
	assert_int_equal(seg.ts_ecr, 512);
}

static void sack_blocks_are_found(void **state)
{
	static const uint8_t options[] = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 5, 18,
	                                  0, 0, 0, 5,  0, 0, 0, 9, 0, 0, 1, 0, 0, 0, 2, 0};
	struct segment s = make(WR_TCP_ACK, options, 32, 0);
	struct wr_seg seg;

	wr_tcp_parse(s.bytes, s.length, &seg);
	assert_true(seg.has_ts);
	assert_int_equal(seg.sack_count, 2);
	assert_int_equal(wr_tcp_sack(&seg, 0).left.n, 5);
	assert_int_equal(wr_tcp_sack(&seg, 0).right.n, 9);
	assert_int_equal(wr_tcp_sack(&seg, 1).left.n, 256);
	assert_int_equal(wr_tcp_sack(&seg, 1).right.n, 512);
}

static void sack_of_odd_length_counts_as_absent(void **state)
{
	uint8_t options[40] = {5};
	unsigned len;

	for (len = 0; len <= 40; len++) {
		struct segment s;
		struct wr_seg seg;

		options[1] = (uint8_t)len;
		s = make(WR_TCP_ACK, options, 40, 0);
		assert_int_equal(wr_tcp_parse(s.bytes, s.length, &seg), WR_V_NEXT);
		assert_int_equal(seg.sack_count, len > 2 && len % 8 == 2 ? len / 8 : 0);
	}
}

static void options_after_a_malformed_one_are_absent(void **state)
{
	static const uint8_t zero_len[] = {9, 0, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2};
	static const uint8_t one_len[] = {9, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2};
	static const uint8_t too_long[] = {1, 1, 8, 11, 0, 0, 0, 1, 0, 0, 0, 2};
	static const uint8_t after_end[] = {0, 0, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2};
	static const uint8_t *const options[] = {zero_len, one_len, too_long, after_end};
	unsigned i;

	for (i = 0; i < 4; i++) {
		struct segment s = make(WR_TCP_ACK, options[i], 12, 0);
		struct wr_seg seg;

		assert_int_equal(wr_tcp_parse(s.bytes, s.length, &seg), WR_V_NEXT);
		assert_false(seg.has_ts);
	}
}

static struct wr_syn_options parse_syn(const uint8_t *options, unsigned options_len)
{
	struct segment s = make(WR_TCP_SYN, options, options_len, 0);
	struct wr_syn_options out;
	struct wr_seg seg;

	assert_int_equal(wr_tcp_parse(s.bytes, s.length, &seg), WR_V_NEXT);
	wr_tcp_parse_syn(&seg, &out);
	return out;
}

static void syn_options_are_read(void **state)
{
	static const uint8_t options[] = {2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0,
	                                  0, 1, 0,    0,    0, 2, 1, 3,  3, 7};
	struct wr_syn_options syn = parse_syn(options, 20);

	assert_int_equal(syn.mss, 1460);
	assert_true(syn.sack_permitted);
	assert_true(syn.has_wscale);
	assert_int_equal(syn.wscale, 7);
}

static void absent_syn_options_have_defaults(void **state)
{
	struct wr_syn_options syn = parse_syn(NULL, 0);

	assert_int_equal(syn.mss, 536);
	assert_false(syn.sack_permitted);
	assert_false(syn.has_wscale);
	assert_int_equal(syn.wscale, 0);
}

static void window_scales_above_14_are_14(void **state)
{
	static const uint8_t options[] = {3, 3, 255, 1};

	assert_int_equal(parse_syn(options, 4).wscale, 14);
}

static void syn_options_of_wrong_length_are_skipped(void **state)
{
	static const uint8_t options[] = {2, 3, 9, 3, 4, 9, 9, 4, 3, 9, 2, 4, 0x02, 0, 0, 0};
	struct wr_syn_options syn = parse_syn(options, 16);

	assert_int_equal(syn.mss, 512);
	assert_false(syn.has_wscale);
	assert_false(syn.sack_permitted);
}

static bool parse_fastopen(const uint8_t *options, unsigned options_len,
                           struct wr_fastopen *out)
{
	struct segment s = make(WR_TCP_SYN, options, options_len, 0);
	struct wr_seg seg;

	assert_int_equal(wr_tcp_parse(s.bytes, s.length, &seg), WR_V_NEXT);
	return wr_tcp_parse_fastopen(&seg, out);
}

static void fast_open_cookies_are_read(void **state)
{
	static const uint8_t asks[] = {34, 2, 1, 1};
	static const uint8_t has[] = {1, 1, 34, 10, 1, 2, 3, 4, 5, 6, 7, 8};
	struct wr_fastopen out;

	assert_true(parse_fastopen(asks, sizeof(asks), &out));
	assert_int_equal(out.bytes, 0);
	assert_true(parse_fastopen(has, sizeof(has), &out));
	assert_int_equal(out.bytes, 8);
	assert_memory_equal(out.cookie, has + 4, 8);
	assert_false(parse_fastopen(NULL, 0, &out));
}

/* RFC 7413 section 2: 4 to 16 bytes, an even number. */
static void fast_open_cookies_of_wrong_length_count_as_absent(void **state)
{
	for (uint8_t bytes = 1; bytes <= 38; bytes++) {
		uint8_t options[40] = {34, (uint8_t)(2 + bytes)};
		struct wr_fastopen out;

		assert_int_equal(parse_fastopen(options, sizeof(options), &out),
		                 bytes >= 4 && bytes <= 16 && bytes % 2 == 0);
	}
}

static void a_signature_is_found_and_hides_timestamps(void **state)
{
	static const uint8_t options[36] = {8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 19, 18, 0xab};
	struct segment s = make(WR_TCP_ACK, options, sizeof(options), 0);
	struct wr_seg seg;

	assert_int_equal(wr_tcp_parse(s.bytes, s.length, &seg), WR_V_NEXT);
	assert_false(seg.has_ts);
	assert_non_null(wr_tcp_signature(&seg));
	assert_int_equal(wr_tcp_signature(&seg)[0], 0xab);
}

static void a_signature_of_wrong_length_counts_as_absent(void **state)
{
	for (uint8_t bytes = 2; bytes <= 40; bytes++) {
		uint8_t options[40] = {19, bytes};
		struct segment s = make(WR_TCP_ACK, options, sizeof(options), 0);
		struct wr_seg seg;

		wr_tcp_parse(s.bytes, s.length, &seg);
		assert_int_equal(wr_tcp_signature(&seg) != NULL, bytes == 18);
	}
}

/* Every kind with every length, exactly at the end of an allocation: for the sanitizers. */
static void no_option_reads_past_the_header(void **state)
{
	unsigned kind, len;

	for (kind = 0; kind < 256; kind++) {
		for (len = 0; len < 256; len++) {
			uint8_t options[4] = {1, 1, (uint8_t)kind, (uint8_t)len};
			struct segment s = make(WR_TCP_SYN, options, 4, 0);
			uint8_t *exact = malloc(s.length);
			struct wr_syn_options syn;
			struct wr_seg seg;

			memcpy(exact, s.bytes, s.length);
			assert_int_equal(wr_tcp_parse(exact, s.length, &seg), WR_V_NEXT);
			wr_tcp_parse_syn(&seg, &syn);
			assert_int_equal(syn.sack_permitted, kind == 4 && len == 2);
			free(exact);
		}
	}
}

static struct wr_accecn accecn_of(const uint8_t *options, unsigned options_len)
{
	struct segment s = make(WR_TCP_ACK, options, options_len, 0);
	struct wr_accecn out;
	struct wr_seg seg;

	assert_int_equal(wr_tcp_parse(s.bytes, s.length, &seg), WR_V_NEXT);
	assert_true(wr_tcp_parse_accecn(&seg, &out));
	return out;
}

static void the_fields_of_accecn_depend_on_its_kind(void **state)
{
	static const uint8_t order0[] = {172, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1};
	static const uint8_t order1[] = {1, 174, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9};
	struct wr_accecn out = accecn_of(order0, sizeof(order0));

	assert_int_equal(out.has, 1 << WR_ECT0 | 1 << WR_CE | 1 << WR_ECT1);
	assert_int_equal(out.bytes[WR_ECT0], 0x010203);
	assert_int_equal(out.bytes[WR_CE], 0x040506);
	assert_int_equal(out.bytes[WR_ECT1], 0x070809);
	out = accecn_of(order1, sizeof(order1));
	assert_int_equal(out.has, 1 << WR_ECT0 | 1 << WR_CE | 1 << WR_ECT1);
	assert_int_equal(out.bytes[WR_ECT1], 0x010203);
	assert_int_equal(out.bytes[WR_CE], 0x040506);
	assert_int_equal(out.bytes[WR_ECT0], 0x070809);
}

/* RFC 9768 section 3.2.3: the whole fields that fit count, the rest is padding. */
static void accecn_of_any_length_is_read(void **state)
{
	static const uint8_t has[4] = {0, 1 << WR_ECT0, 1 << WR_ECT0 | 1 << WR_CE,
	                               1 << WR_ECT0 | 1 << WR_CE | 1 << WR_ECT1};

	for (unsigned len = 2; len <= 16; len++) {
		uint8_t options[16] = {172, (uint8_t)len, 0, 0, len < 5 ? 0 : 9};
		struct wr_accecn out = accecn_of(options, sizeof(options));
		unsigned fields = wr_min((len - 2) / 3, 3);

		assert_int_equal(out.has, has[fields]);
		assert_int_equal(out.bytes[WR_ECT0], len < 5 ? 0 : 9);
	}
}

static void absent_accecn_is_not_read(void **state)
{
	static const uint8_t ts[] = {1, 1, 8, 10, 172, 11, 0, 1, 172, 5, 0, 2};
	struct segment s = make(WR_TCP_ACK, ts, sizeof(ts), 0);
	struct wr_accecn out;
	struct wr_seg seg;

	assert_int_equal(wr_tcp_parse(s.bytes, s.length, &seg), WR_V_NEXT);
	assert_false(wr_tcp_parse_accecn(&seg, &out));
	assert_int_equal(out.has, 0);
}

static void the_ace_field_is_made_of_three_flags(void **state)
{
	for (unsigned ace = 0; ace < 8; ace++) {
		uint16_t flags = wr_tcp_ace_flags(ace);
		struct segment s = make(WR_TCP_ACK | (uint8_t)flags, NULL, 0, 3);
		struct wr_seg seg;

		s.bytes[12] |= (uint8_t)(flags >> 8);
		assert_int_equal(wr_tcp_parse(s.bytes, s.length, &seg), WR_V_NEXT);
		assert_int_equal(wr_tcp_ace(&seg), ace);
		assert_int_equal(seg.text_len, 3);
	}
	assert_int_equal(wr_tcp_ace_flags(6), WR_TCP_AE | WR_TCP_CWR);
	assert_int_equal(wr_tcp_ace_flags(5), WR_TCP_AE | WR_TCP_ECE);
}

static void random_bytes_stay_inside_the_segment(void **state)
{
	struct wr_prng prng;
	unsigned round, i;

	wr_prng_seed(&prng, 7);
	for (round = 0; round < 200000; round++) {
		uint32_t n = wr_prng_below(&prng, 70);
		uint8_t *p = malloc(n + 1);
		struct wr_seg seg;

		for (i = 0; i < n; i++)
			p[i] = (uint8_t)wr_prng_below(&prng, 12);
		if (n > 12)
			p[12] = (uint8_t)wr_prng_below(&prng, 256);
		if (wr_tcp_parse(p, n, &seg) == WR_V_NEXT) {
			struct wr_syn_options syn;
			struct wr_fastopen fast;
			struct wr_accecn accecn;

			wr_tcp_parse_syn(&seg, &syn);
			wr_tcp_parse_fastopen(&seg, &fast);
			wr_tcp_parse_accecn(&seg, &accecn);
			if (wr_tcp_signature(&seg))
				assert_in_range(seg.signature_off, 2, seg.options_len - 16);
			assert_true(seg.text_off + (uint32_t)seg.text_len == n);
			assert_true(seg.sack_off + 8u * seg.sack_count <= seg.options_len);
			for (i = 0; i < seg.sack_count; i++)
				wr_tcp_sack(&seg, i);
		}
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_read_in_host_order),
		cmocka_unit_test(syn_and_fin_take_sequence_space),
		cmocka_unit_test(short_segments_are_truncated),
		cmocka_unit_test(impossible_offsets_are_refused),
		cmocka_unit_test(the_usual_layout_of_timestamps_is_read),
		cmocka_unit_test(timestamps_are_read_at_any_place),
		cmocka_unit_test(sack_blocks_are_found),
		cmocka_unit_test(sack_of_odd_length_counts_as_absent),
		cmocka_unit_test(options_after_a_malformed_one_are_absent),
		cmocka_unit_test(syn_options_are_read),
		cmocka_unit_test(absent_syn_options_have_defaults),
		cmocka_unit_test(window_scales_above_14_are_14),
		cmocka_unit_test(syn_options_of_wrong_length_are_skipped),
		cmocka_unit_test(fast_open_cookies_are_read),
		cmocka_unit_test(fast_open_cookies_of_wrong_length_count_as_absent),
		cmocka_unit_test(a_signature_is_found_and_hides_timestamps),
		cmocka_unit_test(a_signature_of_wrong_length_counts_as_absent),
		cmocka_unit_test(the_fields_of_accecn_depend_on_its_kind),
		cmocka_unit_test(accecn_of_any_length_is_read),
		cmocka_unit_test(absent_accecn_is_not_read),
		cmocka_unit_test(the_ace_field_is_made_of_three_flags),
		cmocka_unit_test(no_option_reads_past_the_header),
		cmocka_unit_test(random_bytes_stay_inside_the_segment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
