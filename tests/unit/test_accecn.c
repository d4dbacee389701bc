/* SPDX-License-Identifier: BSD-3-Clause */
/* How many packets were marked, from three bits and perhaps an option: against all that may be.
 */

#include "tcp_accecn.h"
#include "wr_prng.h"
#include "wr_test.h"

#define SEGMENT 1448
#define SINGLE  8       /* eighths: an ACK for each packet */
#define GATHERS (9 * 8) /* and one for nine */

static uint8_t ace_of(uint32_t r_cep)
{
	return r_cep & 7;
}

/* What an ACK of `packets` full segments says of which `marks` were marked. */
static struct tcp_accecn_news news_of(uint32_t cep, uint32_t packets, uint32_t marks)
{
	return (struct tcp_accecn_news) {
		.ace = ace_of(cep + marks),
		.packets = packets,
		.bytes = packets * SEGMENT,
		.stride = SINGLE,
	};
}

static void up_to_seven_packets_are_exact(void **state)
{
	for (uint32_t cep = 5; cep < 5 + 16; cep++)
		for (uint32_t packets = 0; packets < 8; packets++)
			for (uint32_t marks = 0; marks <= packets; marks++) {
				struct tcp_accecn_news news = news_of(cep, packets, marks);

				assert_int_equal(tcp_accecn_marks(cep, &news), marks);
			}
}

/* Section 3.2.2.5.2: the field is right, and the count of control packets is incomplete. */
static void more_marks_than_packets_are_believed(void **state)
{
	for (uint32_t packets = 0; packets < 3; packets++)
		for (uint32_t marks = 0; marks < 8; marks++) {
			struct tcp_accecn_news news = news_of(5, packets, marks);

			assert_int_equal(tcp_accecn_marks(5, &news), marks);
		}
}

static void many_packets_are_taken_for_the_worst(void **state)
{
	for (uint32_t packets = 8; packets < 100; packets++)
		for (uint32_t marks = 0; marks <= packets; marks++) {
			struct tcp_accecn_news news = news_of(7, packets, marks);
			uint32_t got = tcp_accecn_marks(7, &news);

			/* The most of all numbers that fit: no less than there were. */
			assert_int_equal(got % 8, marks % 8);
			assert_in_range(got, marks, packets);
			assert_true(got + 8 > packets);
		}
}

static void a_peer_that_gathers_has_told_of_each_lap(void **state)
{
	for (uint32_t packets = 8; packets < 100; packets++)
		for (uint32_t marks = 0; marks < 8; marks++) {
			struct tcp_accecn_news news = news_of(6, packets, marks);

			news.stride = GATHERS;
			assert_int_equal(tcp_accecn_marks(6, &news), marks);
		}
}

static void bytes_of_full_segments_are_exact(void **state)
{
	for (uint32_t packets = 1; packets < 200; packets++)
		for (uint32_t marks = 0; marks <= packets; marks++) {
			struct tcp_accecn_news news = news_of(5, packets, marks);

			news.has_ceb = true;
			news.ceb = marks * SEGMENT;
			assert_int_equal(tcp_accecn_marks(5, &news), marks);
		}
}

/*
 * Of packets that nobody knew to be there: as many as have so many bytes, and the field agrees
 * with. Lengths may be guessed wrong by so much as is not half a lap.
 */
static void bytes_prove_packets(void **state)
{
	for (uint32_t packets = 0; packets < 12; packets++)
		for (uint32_t marks = packets + 1; marks < 300; marks++)
			for (uint32_t told = marks < 4 ? 1 : marks - 3; told <= marks + 3;
			     told++) {
				struct tcp_accecn_news news = news_of(5, packets, marks);

				news.has_ceb = true;
				news.each = SEGMENT;
				news.ceb = told * SEGMENT;
				if (news.ceb > news.bytes)
					assert_int_equal(tcp_accecn_marks(5, &news), marks);
			}
}

/* Of all numbers that fit the field, the one whose share of bytes comes closest. */
static uint32_t closest(const struct tcp_accecn_news *news, uint32_t cep)
{
	double best = 1e18, each = (double)news->bytes / news->packets;
	uint32_t found = 0;

	for (uint32_t marks = 0; marks <= news->packets; marks++) {
		double away = marks * each - news->ceb;

		away = away < 0 ? -away : away;
		if (ace_of(cep + marks) == news->ace && away < best) {
			best = away;
			found = marks;
		}
	}
	return found;
}

static void bytes_of_any_packets_choose_the_lap(void **state)
{
	struct wr_prng prng;
	unsigned exact = 0, rounds = 20000;

	wr_prng_seed(&prng, 9768);
	for (unsigned round = 0; round < rounds; round++) {
		uint32_t cep = (uint32_t)wr_prng_u64(&prng);
		uint32_t chance = wr_prng_below(&prng, 101), marks = 0, got, near;
		struct tcp_accecn_news news = {
			.packets = 8 + wr_prng_below(&prng, 60),
			.stride = SINGLE,
			.has_ceb = true,
		};

		for (uint32_t i = 0; i < news.packets; i++) {
			uint32_t bytes = 700 + wr_prng_below(&prng, SEGMENT - 700);
			bool marked = wr_prng_below(&prng, 100) < chance;

			news.bytes += bytes;
			news.ceb += marked ? bytes : 0;
			marks += marked;
		}
		news.ace = ace_of(cep + marks);
		got = tcp_accecn_marks(cep, &news);
		near = closest(&news, cep);
		assert_int_equal(got % 8, marks % 8);
		assert_true(got <= news.packets);
		/* Between two laps rounding decides. */
		assert_true(got == near || got == near + 8 || got + 8 == near);
		exact += got == marks;
	}
	assert_true(exact > rounds * 99 / 100);
}

/*
 * A receiver that acknowledges each second mark, as section 3.2.2.5.1 asks, and a path that
 * loses ACKs: no mark is missed, and as long as fewer than 8 packets are told of at once none
 * is invented.
 */
static void no_mark_is_missed_when_acks_are_lost(void **state)
{
	struct wr_prng prng;
	unsigned known = 0;

	wr_prng_seed(&prng, 3);
	for (unsigned round = 0; round < 2000; round++) {
		uint32_t r_cep = TCP_ACCECN_INITIAL, s_cep = TCP_ACCECN_INITIAL, waiting = 0;
		uint32_t loss = wr_prng_below(&prng, 60), most = 0;

		for (unsigned packet = 0; packet < 300; packet++) {
			struct tcp_accecn_news news;

			r_cep += wr_prng_below(&prng, 4) == 0;
			waiting++;
			if (packet < 299 && wr_prng_below(&prng, 100) < loss)
				continue;
			news = news_of(s_cep, waiting, r_cep - s_cep);
			news.ace = ace_of(r_cep);
			s_cep += tcp_accecn_marks(s_cep, &news);
			most = wr_max(most, waiting);
			waiting = 0;
		}
		assert_true(s_cep >= r_cep);
		assert_int_equal(s_cep % 8, r_cep % 8);
		if (most < 8) {
			known++;
			assert_int_equal(s_cep, r_cep);
		}
	}
	assert_true(known > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(up_to_seven_packets_are_exact),
		cmocka_unit_test(more_marks_than_packets_are_believed),
		cmocka_unit_test(many_packets_are_taken_for_the_worst),
		cmocka_unit_test(a_peer_that_gathers_has_told_of_each_lap),
		cmocka_unit_test(bytes_of_full_segments_are_exact),
		cmocka_unit_test(bytes_prove_packets),
		cmocka_unit_test(bytes_of_any_packets_choose_the_lap),
		cmocka_unit_test(no_mark_is_missed_when_acks_are_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
