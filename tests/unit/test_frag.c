/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip_rig.h"

#define MORE    true
#define LAST    false
#define TIMEOUT (60 * SECOND)

struct piece {
	uint32_t src;
	uint16_t id;
	uint8_t proto;
	uint32_t off, len;
	bool more;
	const uint8_t *data; /* of the whole; NULL: zeros */
	uint8_t tos;
};

static struct rte_mbuf *make(const struct piece *piece)
{
	struct rte_mbuf *m = rig_ipv4(&rig, piece->proto, piece->len);
	struct rte_ipv4_hdr *h = rig_at(m, 14);

	h->src_addr = rte_cpu_to_be_32(piece->src);
	h->type_of_service = piece->tos;
	h->packet_id = rte_cpu_to_be_16(piece->id);
	h->fragment_offset = rte_cpu_to_be_16(
		(uint16_t)(piece->off / 8 | (piece->more ? RTE_IPV4_HDR_MF_FLAG : 0)));
	rig_sum_ip(m);
	if (piece->data != NULL)
		memcpy(rig_at(m, 34), piece->data + piece->off, piece->len);
	return m;
}

/* Gives a fragment to the host; a completed datagram is in *whole, else NULL. */
static enum wr_verdict feed_piece(const struct piece *piece, uint64_t now_us,
                                  struct rte_mbuf **whole)
{
	enum wr_verdict verdict;
	struct wr_frame f;

	*whole = NULL;
	assert_int_equal(rig_classify(&rig, &f, make(piece)), WR_V_NEXT);
	assert_int_equal(f.carries, WR_CARRIES_FRAGMENT);
	verdict = wr_frag_input(&rig.ip, &f, now_us, whole);
	rte_pktmbuf_free(f.m);
	assert_int_equal(verdict == WR_V_ip_fragment_last, *whole != NULL);
	return verdict;
}

/* The same of protocol 253 from PEER, where no datagram is completed. */
static enum wr_verdict feed(uint16_t id, uint32_t off, uint32_t len, bool more, uint64_t now_us)
{
	const struct piece piece = {
		.src = PEER, .id = id, .proto = 253, .off = off, .len = len, .more = more};
	struct rte_mbuf *whole;
	enum wr_verdict verdict = feed_piece(&piece, now_us, &whole);

	rte_pktmbuf_free(whole);
	return verdict;
}

static void fragments_in_any_order_make_the_datagram(void **state)
{
	static const unsigned order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
	                                     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	uint8_t data[300], got[300];
	unsigned i, j;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 13);
	for (i = 0; i < 6; i++) {
		struct rte_mbuf *whole = NULL;
		struct wr_frame f;

		for (j = 0; j < 3; j++) {
			const struct piece piece = {.src = PEER,
			                            .id = 1,
			                            .proto = 253,
			                            .off = 104 * order[i][j],
			                            .len = order[i][j] == 2 ? 92 : 104,
			                            .more = order[i][j] != 2,
			                            .data = data};

			assert_int_equal(feed_piece(&piece, 0, &whole),
			                 j == 2 ? WR_V_ip_fragment_last
			                        : WR_V_ip_fragment_held);
		}
		assert_int_equal(whole->nb_segs, 3);
		assert_int_equal(rig_classify(&rig, &f, whole), WR_V_NEXT);
		assert_int_equal(f.carries, WR_CARRIES_OTHER);
		assert_int_equal(f.m->pkt_len, 334);
		wr_chain_copy(got, f.m, 34, 300);
		assert_memory_equal(got, data, 300);
		rte_pktmbuf_free(f.m);
	}
	assert_int_equal(wr_ip_deadline(&rig.ip), UINT64_MAX);
}

static void a_tcp_segment_in_fragments_is_joined(void **state)
{
	struct rte_mbuf *tcp = rig_tcp(&rig, WR_TCP_ACK, 100), *whole;
	struct piece piece = {.src = PEER,
	                      .id = 1,
	                      .proto = IPPROTO_TCP,
	                      .len = 64,
	                      .more = MORE,
	                      .data = rig_at(tcp, 34)};
	struct wr_frame f;

	feed_piece(&piece, 0, &whole);
	piece.off = 64;
	piece.len = 56;
	piece.more = LAST;
	assert_int_equal(feed_piece(&piece, 0, &whole), WR_V_ip_fragment_last);
	assert_int_equal(rig_classify(&rig, &f, whole), WR_V_NEXT);
	assert_int_equal(f.carries, WR_CARRIES_TCP);
	assert_int_equal(f.m->nb_segs, 1);
	assert_int_equal(f.seg.text_len, 100);
	rte_pktmbuf_free(f.m);
	rte_pktmbuf_free(tcp);
}

/* 65,507 bytes of echo at MTU 1500: 45 fragments each way, the way in from back to front. */
static void the_longest_ping_is_answered(void **state)
{
	static uint8_t data[65515], got[65515];
	const uint32_t step = 1480, n = 45;
	struct wr_icmp_error error;
	struct rte_mbuf *whole = NULL, *out;
	struct wr_frame f;
	uint32_t i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	memset(data, 0, 8);
	data[0] = 8;
	*(uint16_t *)(void *)(data + 2) = (uint16_t)~rte_raw_cksum(data, sizeof(data));
	for (i = n; i-- > 0;) {
		const struct piece piece = {.src = PEER,
		                            .id = 1,
		                            .proto = IPPROTO_ICMP,
		                            .off = i * step,
		                            .len = i == n - 1 ? 65515 - i * step : step,
		                            .more = i != n - 1,
		                            .data = data};

		feed_piece(&piece, 0, &whole);
	}
	assert_non_null(whole);
	assert_int_equal(rig_classify(&rig, &f, whole), WR_V_NEXT);
	assert_int_equal(f.carries, WR_CARRIES_ICMP);
	assert_int_equal(wr_icmp_input(&rig.ip, &f, 0, &error), WR_V_icmp_echo);
	assert_null(f.m);
	for (i = 0; i < n; i++) {
		out = rig_pop(&rig);
		assert_non_null(out);
		memcpy(got + i * step, rig_at(out, 34), out->pkt_len - 34);
		rte_pktmbuf_free(out);
	}
	assert_string_equal(rig_out(&rig), "");
	assert_memory_equal(got + 8, data + 8, sizeof(data) - 8);
	assert_int_equal(got[0], 0);
	assert_int_equal(rte_raw_cksum(got, sizeof(got)), 0xffff);
	assert_int_equal(rig.stats.cause[WR_CAUSE_icmp_echo_reply], 1);
	assert_int_equal(rig.stats.cause[WR_CAUSE_ip_fragment], 44);
}

/* RFC 3168 section 5.3. 0: Not-ECT, 1: ECT(1), 2: ECT(0), 3: CE. */
static void a_mark_on_one_fragment_is_a_mark_on_the_datagram(void **state)
{
	enum { LOST = 0xff };
	static const struct {
		uint8_t tos[3], whole;
	} mix[] = {
		{{0, 0, 0}, 0},    {{2, 2, 2}, 2},    {{3, 3, 3}, 3},
		{{2, 2, 3}, 3},    {{3, 2, 2}, 3},    {{1, 3, 1}, 3},
		{{2, 1, 3}, 3},    {{2, 0, 2}, 2},    {{0x2a, 0x2b, 0x2a}, 0x2b},
		{{0, 0, 3}, LOST}, {{3, 0, 3}, LOST}, {{2, 3, 0}, LOST},
	};
	unsigned i, j;

	for (i = 0; i < WR_LEN(mix); i++) {
		struct rte_mbuf *whole = NULL;
		struct wr_frame f;

		for (j = 0; j < 3; j++) {
			const struct piece piece = {.src = PEER,
			                            .id = (uint16_t)i,
			                            .proto = 253,
			                            .off = 16 * j,
			                            .len = 16,
			                            .more = j != 2,
			                            .tos = mix[i].tos[j]};
			enum wr_verdict last = mix[i].whole == LOST ? WR_V_ip_fragment_bad
			                                            : WR_V_ip_fragment_last;

			assert_int_equal(feed_piece(&piece, 0, &whole),
			                 j == 2 ? last : WR_V_ip_fragment_held);
		}
		if (mix[i].whole == LOST)
			continue;
		assert_int_equal(rig_classify(&rig, &f, whole), WR_V_NEXT);
		assert_int_equal(f.tos, mix[i].whole);
		rte_pktmbuf_free(f.m);
	}
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

static void an_exact_duplicate_is_harmless(void **state)
{
	assert_int_equal(feed(1, 0, 16, MORE, 0), WR_V_ip_fragment_held);
	assert_int_equal(feed(1, 0, 16, MORE, 0), WR_V_ip_fragment_held);
	assert_int_equal(feed(1, 16, 8, LAST, 0), WR_V_ip_fragment_last);
}

static void overlaps_kill_the_datagram(void **state)
{
	static const struct {
		uint32_t off, len;
		bool more;
	} bad[] = {
		{8, 24, MORE},  /* teardrop: begins inside the first */
		{0, 8, MORE},   /* the beginning again, shorter */
		{0, 40, MORE},  /* the beginning again, longer */
		{24, 16, MORE}, /* runs into the second */
		{16, 64, MORE}, /* swallows the second */
		{32, 8, LAST},  /* ends before the end of another */
	};
	unsigned i;

	for (i = 0; i < WR_LEN(bad); i++) {
		uint16_t id = (uint16_t)i;

		feed(id, 0, 16, MORE, 0);
		feed(id, 32, 16, MORE, 0);
		assert_int_equal(feed(id, bad[i].off, bad[i].len, bad[i].more, 0),
		                 WR_V_ip_fragment_bad);
		/* the datagram stays dead */
		assert_int_equal(feed(id, 16, 16, MORE, 0), WR_V_ip_fragment_bad);
		assert_int_equal(feed(id, 48, 8, LAST, 0), WR_V_ip_fragment_bad);
	}
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

/* What the attacks of the nineties sent, by name: off, len, more of each fragment. */
static void the_old_attacks_leave_nothing_behind(void **state)
{
	static const struct {
		const char *name;
		uint8_t proto;
		struct {
			uint32_t off, len;
			bool more;
		} piece[3];
	} attack[] = {
		{"teardrop", IPPROTO_UDP, {{0, 40, MORE}, {24, 4, LAST}}},
		{"newtear", IPPROTO_UDP, {{0, 32, MORE}, {24, 4, LAST}}},
		{"bonk", IPPROTO_UDP, {{32, 8, MORE}, {32, 28, LAST}}},
		{"boink", IPPROTO_UDP, {{32, 16, MORE}, {40, 28, LAST}, {0, 32, MORE}}},
		{"nestea", IPPROTO_UDP, {{0, 16, MORE}, {8, 224, LAST}, {0, 40, MORE}}},
		{"syndrop", IPPROTO_TCP, {{0, 40, MORE}, {24, 4, LAST}}},
		{"ping of death", IPPROTO_ICMP, {{65120, 380, MORE}, {65488, 100, LAST}}},
		{"jolt", IPPROTO_ICMP, {{64664, 400, MORE}, {65448, 400, LAST}}},
		{"rose", IPPROTO_ICMP, {{0, 32, MORE}, {64800, 32, LAST}, {64800, 32, LAST}}},
	};

	for (unsigned i = 0; i < WR_LEN(attack); i++) {
		for (unsigned j = 0; j < WR_LEN(attack[i].piece); j++) {
			const struct piece piece = {
				.src = PEER,
				.id = (uint16_t)i,
				.proto = attack[i].proto,
				.off = attack[i].piece[j].off,
				.len = attack[i].piece[j].len,
				.more = attack[i].piece[j].more,
			};
			struct rte_mbuf *whole;

			if (piece.len == 0)
				break;
			feed_piece(&piece, 0, &whole);
			assert_null(whole);
		}
	}
	rig.ip.conf.icmp_errors_per_s = 0;
	wr_ip_tick(&rig.ip, TIMEOUT);
	assert_int_equal(wr_ip_deadline(&rig.ip), UINT64_MAX);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

static void a_duplicate_with_other_bytes_kills_the_datagram(void **state)
{
	static const uint8_t ones[16] = {1};
	const struct piece piece = {
		.src = PEER, .id = 1, .proto = 253, .len = 16, .more = MORE, .data = ones};
	struct rte_mbuf *whole;

	feed(1, 0, 16, MORE, 0);
	assert_int_equal(feed_piece(&piece, 0, &whole), WR_V_ip_fragment_bad);
}

static void two_ends_kill_the_datagram(void **state)
{
	feed(1, 16, 8, LAST, 0);
	assert_int_equal(feed(1, 24, 8, LAST, 0), WR_V_ip_fragment_bad);
	feed(2, 16, 8, LAST, 0);
	assert_int_equal(feed(2, 24, 8, MORE, 0), WR_V_ip_fragment_bad);
	feed(3, 16, 8, LAST, 0);
	assert_int_equal(feed(3, 8, 8, LAST, 0), WR_V_ip_fragment_bad);
	feed(4, 16, 8, LAST, 0);
	assert_int_equal(feed(4, 16, 8, MORE, 0), WR_V_ip_fragment_bad);
}

static void impossible_fragments_are_refused(void **state)
{
	const struct piece tiny = {
		.src = PEER, .id = 9, .proto = IPPROTO_TCP, .len = 16, .more = MORE};
	const struct piece second = {
		.src = PEER, .id = 9, .proto = IPPROTO_TCP, .off = 8, .len = 16, .more = MORE};
	struct rte_mbuf *whole;

	assert_int_equal(feed(1, 0, 15, MORE, 0), WR_V_ip_fragment_bad);
	assert_int_equal(feed(1, 8, 0, LAST, 0), WR_V_ip_fragment_bad);
	assert_int_equal(feed(1, 0, 0, MORE, 0), WR_V_ip_fragment_bad);
	assert_int_equal(feed(1, 65512, 8, LAST, 0), WR_V_ip_fragment_bad); /* ping of death */
	assert_int_equal(feed(1, 65528, 1000, LAST, 0), WR_V_ip_fragment_bad);
	assert_int_equal(feed_piece(&tiny, 0, &whole), WR_V_ip_fragment_bad);
	assert_int_equal(feed_piece(&second, 0, &whole), WR_V_ip_fragment_bad);
	assert_int_equal(wr_ip_deadline(&rig.ip), UINT64_MAX); /* nothing was begun */
}

static void a_timeout_tells_the_sender_if_the_first_fragment_came(void **state)
{
	feed(1, 0, 1000, MORE, 5);
	feed(2, 8, 1000, MORE, 6);
	feed(1, 1000, 8, MORE, 30 * SECOND); /* does not begin anew */
	assert_int_equal(wr_ip_deadline(&rig.ip), TIMEOUT + 5);
	wr_ip_tick(&rig.ip, TIMEOUT + 4);
	assert_int_equal(rig.stats.n[WR_STAT_frag_timeouts], 0);
	rig_meet_peer(&rig, TIMEOUT);
	wr_ip_tick(&rig.ip, TIMEOUT + 6);
	assert_int_equal(rig.stats.n[WR_STAT_frag_timeouts], 2);
	assert_string_equal(rig_out(&rig), "198.18.0.1 > 198.18.0.2 icmp type 11 code 1 (548)");
	assert_string_equal(rig_out(&rig), "");
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

static void a_source_with_too_many_loses_its_own_oldest(void **state)
{
	struct piece piece = {.src = PEER2, .id = 1, .proto = 253, .len = 8, .more = MORE};
	struct rte_mbuf *whole;
	uint16_t id;

	feed_piece(&piece, 0, &whole);
	for (id = 1; id <= 100; id++)
		assert_int_equal(feed(id, 0, 8, MORE, 0), WR_V_ip_fragment_held);
	assert_int_equal(rig.stats.n[WR_STAT_frag_evicted], 96);
	assert_int_equal(feed(97, 8, 8, LAST, 0),
	                 WR_V_ip_fragment_last); /* of the newest four */
	piece.off = 8;
	piece.more = LAST;
	assert_int_equal(feed_piece(&piece, 0, &whole), WR_V_ip_fragment_last);
	rte_pktmbuf_free(whole);
}

static void a_full_table_gives_up_the_oldest(void **state)
{
	struct piece piece = {.id = 1, .proto = 253, .len = 8, .more = MORE};
	struct rte_mbuf *whole;
	uint32_t i;

	for (i = 0; i < 1000; i++) {
		piece.src = ADDR(198, 18, 0, 2) + (i % 250) + (i / 250 << 16);
		assert_int_equal(feed_piece(&piece, 0, &whole), WR_V_ip_fragment_held);
	}
	assert_int_equal(rig.stats.n[WR_STAT_frag_evicted], 1000 - rig_conf.reassemblies);
	assert_int_equal(rte_mempool_in_use_count(pool), rig_conf.reassemblies);
}

/* A flood of tiny fragments does not take the pool: FragmentSmack. */
static void fragments_never_take_more_than_their_share_of_buffers(void **state)
{
	struct piece piece = {.proto = 253, .len = 8, .more = MORE};
	unsigned round;

	for (round = 0; round < 20000; round++) {
		struct rte_mbuf *whole;

		piece.src = PEER + wr_prng_below(&rig.prng, 5);
		piece.id = (uint16_t)wr_prng_below(&rig.prng, 3);
		piece.off = 8 + 16 * wr_prng_below(&rig.prng, 2000);
		feed_piece(&piece, 0, &whole);
		assert_true(rte_mempool_in_use_count(pool) <= pool->size / 4);
	}
	assert_true(rig.stats.n[WR_STAT_frag_evicted] > 0);
}

static void a_datagram_in_too_many_pieces_is_given_up(void **state)
{
	uint32_t i;

	for (i = 0; i < 128; i++)
		assert_int_equal(feed(1, 8 + 16 * i, 8, MORE, 0), WR_V_ip_fragment_held);
	assert_int_equal(feed(1, 8 + 16 * i, 8, MORE, 0), WR_V_ip_fragment_full);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

static void without_a_table_there_is_no_room(void **state)
{
	rig.ip.conf.reassemblies = 0;
	assert_int_equal(feed(1, 0, 8, MORE, 0), WR_V_ip_fragment_full);
}

/* The same rules by a map of bytes. */
#define MODEL_BYTES 512

struct model {
	int byte[MODEL_BYTES];     /* -1: not there */
	uint32_t len[MODEL_BYTES]; /* of the fragment that begins here; 0: none */
	uint32_t end;              /* 0: not known */
	bool dead;
};

static void model_clear(struct model *model)
{
	memset(model, 0, sizeof(*model));
	memset(model->byte, 0xff, sizeof(model->byte));
}

static bool model_overlaps(const struct model *model, const struct piece *p, bool *same)
{
	bool overlap = false;
	uint32_t i;

	*same = model->len[p->off] == p->len;
	for (i = p->off; i < p->off + p->len; i++) {
		overlap |= model->byte[i] >= 0;
		*same = *same && model->byte[i] == p->data[i];
	}
	return overlap && !*same;
}

static enum wr_verdict model_feed(struct model *model, const struct piece *p)
{
	uint32_t i, end = p->off + p->len;
	bool same, wrong_end;

	if (p->len == 0 || (p->more && p->len % 8 != 0) || model->dead)
		return WR_V_ip_fragment_bad;
	wrong_end = model->end != 0 && (p->more ? end >= model->end : end != model->end);
	for (i = end; i < MODEL_BYTES; i++)
		wrong_end |= !p->more && model->byte[i] >= 0;
	if (model_overlaps(model, p, &same) || wrong_end) {
		model->dead = true;
		return WR_V_ip_fragment_bad;
	}
	if (same)
		return WR_V_ip_fragment_held;
	model->len[p->off] = p->len;
	for (i = p->off; i < end; i++)
		model->byte[i] = p->data[i];
	if (!p->more)
		model->end = end;
	for (i = 0; i < model->end; i++) {
		if (model->byte[i] < 0)
			return WR_V_ip_fragment_held;
	}
	return model->end != 0 ? WR_V_ip_fragment_last : WR_V_ip_fragment_held;
}

static void check_whole(struct rte_mbuf *whole, const struct model *model)
{
	uint8_t got[MODEL_BYTES];
	struct wr_frame f;
	uint32_t i;

	assert_int_equal(rig_classify(&rig, &f, whole), WR_V_NEXT);
	assert_int_equal(f.l4_len, model->end);
	assert_int_equal(f.m->pkt_len, 34 + model->end);
	wr_chain_copy(got, f.m, 34, model->end);
	for (i = 0; i < model->end; i++)
		assert_int_equal(got[i], model->byte[i]);
	rte_pktmbuf_free(f.m);
}

/* Half of the rounds cut a datagram honestly, with duplicates, the others cut as they like. */
static void random_fragments_match_the_model(void **state)
{
	unsigned round, completed = 0, killed = 0;
	uint8_t data[MODEL_BYTES];

	rig.ip.conf.icmp_errors_per_s = 0;
	for (round = 0; round < 4000; round++) {
		const uint32_t unit = 8 * (1 + wr_prng_below(&rig.prng, 4));
		const uint32_t all = 1 + wr_prng_below(&rig.prng, 8 * unit);
		const uint64_t now = round * 2 * TIMEOUT;
		bool honest = round % 2 == 0;
		struct piece p = {.src = PEER, .id = 1, .proto = 253, .data = data};
		struct rte_mbuf *whole;
		struct model model;
		unsigned step;
		uint32_t i;

		model_clear(&model);
		for (i = 0; i < sizeof(data); i++)
			data[i] = (uint8_t)wr_prng_u64(&rig.prng);
		for (step = 0; step < 40; step++) {
			enum wr_verdict want;

			if (honest) {
				p.off = unit *
				        wr_prng_below(&rig.prng, (all + unit - 1) / unit);
				p.more = p.off + unit < all;
				p.len = p.more ? unit : all - p.off;
			} else {
				p.off = 8 * wr_prng_below(&rig.prng, 32);
				p.len = 1 + wr_prng_below(&rig.prng, 64);
				p.more = wr_prng_below(&rig.prng, 8) != 0;
				if (wr_prng_below(&rig.prng, 4) != 0)
					p.len = (p.len + 7) & ~7u;
				data[wr_prng_below(&rig.prng, MODEL_BYTES)] ^= 1;
			}
			if (p.off == 0 && !p.more)
				continue; /* that is no fragment */
			want = model_feed(&model, &p);
			assert_int_equal(feed_piece(&p, now, &whole), want);
			killed += model.dead;
			if (want == WR_V_ip_fragment_last) {
				check_whole(whole, &model);
				model_clear(&model);
				completed++;
			}
		}
		wr_ip_tick(&rig.ip, now + TIMEOUT);
		assert_int_equal(rte_mempool_in_use_count(pool), 0);
	}
	assert_true(completed > 1000);
	assert_true(killed > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_rig_with_peer, close_rig)
		TEST(fragments_in_any_order_make_the_datagram),
		TEST(a_tcp_segment_in_fragments_is_joined),
		TEST(the_longest_ping_is_answered),
		TEST(a_mark_on_one_fragment_is_a_mark_on_the_datagram),
		TEST(an_exact_duplicate_is_harmless),
		TEST(overlaps_kill_the_datagram),
		TEST(the_old_attacks_leave_nothing_behind),
		TEST(a_duplicate_with_other_bytes_kills_the_datagram),
		TEST(two_ends_kill_the_datagram),
		TEST(impossible_fragments_are_refused),
		TEST(a_timeout_tells_the_sender_if_the_first_fragment_came),
		TEST(a_source_with_too_many_loses_its_own_oldest),
		TEST(a_full_table_gives_up_the_oldest),
		TEST(fragments_never_take_more_than_their_share_of_buffers),
		TEST(a_datagram_in_too_many_pieces_is_given_up),
		TEST(without_a_table_there_is_no_room),
		TEST(random_fragments_match_the_model),
	};

	wr_test_eal(64);
	pool = wr_test_pool("frag", 512, ROOM);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
