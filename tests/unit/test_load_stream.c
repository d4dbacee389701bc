/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "load_rig.h"
#include "wr_test.h"

#define SEGMENT 1448 /* bytes of text in a full one */

static const struct wr_service *const services[] = {
	&wr_service_echo, &wr_service_discard, &wr_service_chargen,
	&wr_service_sink, &wr_service_source,  NULL,
};

static struct load_rig rig;

static void conf(enum wr_load_direction direction, const struct wr_service *service,
                 const char *request)
{
	rig_conf(&rig, WR_LOAD_STREAM);
	rig.conf.direction = direction;
	rig.conf.port = service->port;
	rig.conf.set.connections = 3;
	assert_int_equal(wr_sizes_parse(request, 1 << 20, &rig.conf.request), 0);
	rig.conf.response = rig.conf.request;
}

static void run(void)
{
	rig_up(&rig, 1, services);
	rig_run(&rig);
}

static uint64_t server_count(enum wr_stat stat)
{
	struct wr_stats sum;

	wire_stats(&rig.wire, 1, &sum);
	return sum.n[stat];
}

static uint64_t received(void)
{
	return RIG_COUNT(&rig, bytes_received) + RIG_COUNT(&rig, bytes_received_late);
}

static uint64_t damage(void)
{
	return RIG_COUNT(&rig, corrupt) + RIG_COUNT(&rig, lost) + RIG_COUNT(&rig, duplicate) +
	       RIG_COUNT(&rig, reordered) + RIG_COUNT(&rig, truncated) +
	       RIG_COUNT(&rig, foreign);
}

static void close_down(void)
{
	assert_int_equal(RIG_COUNT(&rig, connections_opened), rig.conf.set.connections);
	assert_int_equal(RIG_COUNT(&rig, connections_closed), rig.conf.set.connections);
	rig_down(&rig);
}

static void everything_sent_up_arrives(void **state)
{
	conf(WR_LOAD_UP, &wr_service_sink, "1000");
	rig.conf.verify = true;
	run();
	assert_true(RIG_COUNT(&rig, bytes_sent) > 1000000);
	assert_int_equal(server_count(WR_STAT_sink_bytes), RIG_COUNT(&rig, bytes_sent));
	assert_int_equal(RIG_COUNT(&rig, verified), 3);
	assert_int_equal(damage(), 0);
	close_down();
}

static void a_rate_up_is_kept(void **state)
{
	conf(WR_LOAD_UP, &wr_service_discard, "1000");
	rig.conf.set.bitrate = 80e6;
	rig.conf.duration_ns = WR_MS(100);
	run();
	assert_in_range(RIG_COUNT(&rig, bytes_sent), 1000000 - SEGMENT, 1000000 + SEGMENT);
	close_down();
}

static void a_rate_up_follows_its_schedule(void **state)
{
	conf(WR_LOAD_UP, &wr_service_discard, "1000");
	rig.conf.set.bitrate = 80e6;
	rig.conf.duration_ns = WR_MS(100);
	assert_int_equal(wr_schedule_parse("step:50ms=100%,50ms=20%", &rig.conf.schedule), 0);
	run();
	assert_in_range(RIG_COUNT(&rig, bytes_sent), 600000 - SEGMENT, 600000 + SEGMENT);
	close_down();
}

static void a_rate_up_changes_while_it_runs(void **state)
{
	struct wr_load_setpoints set;

	conf(WR_LOAD_UP, &wr_service_discard, "1000");
	rig.conf.set.bitrate = 80e6;
	rig.conf.duration_ns = WR_MS(100);
	rig_up(&rig, 2, services);
	rig_start(&rig);
	wire_run(&rig.wire, WR_MS(51));
	set = rig.conf.set;
	set.bitrate = 8e6;
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(wr_load_set(rig.load[i], &set, rig.wire.now_ns), 0);
	rig_finish(&rig);
	assert_in_range(RIG_COUNT(&rig, bytes_sent), 550000 - 2 * SEGMENT,
	                550000 + 2 * SEGMENT);
	close_down();
}

static void a_source_sends_its_pattern_down(void **state)
{
	conf(WR_LOAD_DOWN, &wr_service_source, "1000");
	rig.conf.verify = true;
	run();
	assert_true(RIG_COUNT(&rig, bytes_received) > 1000000);
	assert_true(RIG_COUNT(&rig, verified) >= RIG_COUNT(&rig, bytes_received) / SEGMENT);
	assert_int_equal(damage(), 0);
	close_down();
}

static void a_character_generator_needs_no_question(void **state)
{
	conf(WR_LOAD_DOWN, &wr_service_chargen, "1000");
	run();
	assert_true(RIG_COUNT(&rig, bytes_received) > 1000000);
	close_down();
}

static void a_rate_down_is_kept_by_closing_the_window(void **state)
{
	uint64_t before;

	conf(WR_LOAD_DOWN, &wr_service_source, "1000");
	rig.conf.set.bitrate = 80e6;
	rig.conf.duration_ns = WR_MS(200);
	rig_up(&rig, 1, services);
	rig_start(&rig);
	wire_run(&rig.wire, WR_MS(51));
	before = RIG_COUNT(&rig, bytes_received);
	wire_run(&rig.wire, WR_MS(100));
	assert_in_range(RIG_COUNT(&rig, bytes_received) - before, 1000000 - 4 * SEGMENT,
	                1000000 + 4 * SEGMENT);
	rig_finish(&rig);
	assert_in_range(RIG_COUNT(&rig, bytes_received), 2000000 - 4 * SEGMENT,
	                2000000 + 4 * SEGMENT);
	assert_true(RIG_COUNT(&rig, bytes_received_late) > 100 * SEGMENT);
	close_down();
}

static void blocks_come_back_from_an_echo(void **state)
{
	conf(WR_LOAD_BOTH, &wr_service_echo, "100-9000");
	rig.conf.verify = true;
	rig.conf.set.bitrate = 400e6;
	run();
	assert_in_range(RIG_COUNT(&rig, bytes_sent), 500000 - SEGMENT, 500000 + SEGMENT);
	assert_int_equal(received(), RIG_COUNT(&rig, bytes_sent));
	assert_in_range(RIG_COUNT(&rig, verified), 80, 140);
	assert_int_equal(damage(), 0);
	close_down();
}

static void blocks_go_as_fast_as_they_come_back(void **state)
{
	conf(WR_LOAD_BOTH, &wr_service_echo, "1000");
	rig.conf.verify = true;
	run();
	assert_true(RIG_COUNT(&rig, verified) > 2000);
	assert_int_equal(received(), RIG_COUNT(&rig, bytes_sent));
	assert_int_equal(damage(), 0);
	close_down();
}

static void blocks_stay_whole_when_buffers_are_short(void **state)
{
	conf(WR_LOAD_BOTH, &wr_service_echo, "3000");
	rig.conf.verify = true;
	rig.held_bufs = 40;
	run();
	assert_true(RIG_COUNT(&rig, verified) > 100);
	assert_int_equal(received(), RIG_COUNT(&rig, bytes_sent));
	assert_int_equal(damage(), 0);
	close_down();
}

static unsigned hurt_frame;
static enum rig_fate hurt_how;

static enum rig_fate hurt_one(struct load_rig *r, unsigned to, unsigned n,
                              const struct rte_mbuf *m)
{
	return to == 0 && n == hurt_frame ? hurt_how : RIG_PASS;
}

static void a_changed_byte_of_a_block_is_one_corrupt_block(void **state)
{
	conf(WR_LOAD_BOTH, &wr_service_echo, "5000");
	rig.conf.verify = true;
	rig.conf.set.bitrate = 400e6;
	rig.fate = hurt_one;
	hurt_frame = 40;
	hurt_how = RIG_CORRUPT;
	run();
	assert_int_equal(rig.hurt, 1);
	assert_int_equal(RIG_COUNT(&rig, corrupt), 1);
	assert_int_equal(damage(), 1);
	assert_in_range(RIG_COUNT(&rig, verified), 95, 99);
	close_down();
}

static void a_changed_byte_of_the_pattern_is_corrupt(void **state)
{
	conf(WR_LOAD_DOWN, &wr_service_source, "1000");
	rig.conf.verify = true;
	rig.fate = hurt_one;
	hurt_frame = 40;
	hurt_how = RIG_CORRUPT;
	run();
	assert_int_equal(RIG_COUNT(&rig, corrupt), 1);
	assert_int_equal(damage(), 1);
	close_down();
}

static void loss_on_the_way_is_no_damage(void **state)
{
	conf(WR_LOAD_BOTH, &wr_service_echo, "1000");
	rig.conf.verify = true;
	rig.conf.duration_ns = WR_MS(300);
	rig.conf.set.bitrate = 80e6;
	rig.fate = hurt_one;
	hurt_frame = 40;
	hurt_how = RIG_DROP;
	run();
	assert_int_equal(rig.hurt, 1);
	assert_int_equal(damage(), 0);
	assert_int_equal(received(), RIG_COUNT(&rig, bytes_sent));
	close_down();
}

/* After so many frames the server is gone: nothing comes any more. */
static enum rig_fate server_dies(struct load_rig *r, unsigned to, unsigned n,
                                 const struct rte_mbuf *m)
{
	return to == 0 && n > 40 ? RIG_DROP : RIG_PASS;
}

static void blocks_of_a_server_that_dies_are_lost(void **state)
{
	conf(WR_LOAD_BOTH, &wr_service_echo, "1000");
	rig.conf.verify = true;
	rig.conf.set.bitrate = 80e6;
	rig.conf.drain_ns = WR_MS(20);
	rig.fate = server_dies;
	run();
	assert_int_equal(RIG_COUNT(&rig, connections_broken), 3);
	assert_in_range(
		RIG_COUNT(&rig, lost) + RIG_COUNT(&rig, truncated) + RIG_COUNT(&rig, verified),
		RIG_COUNT(&rig, bytes_sent) / 1000 - 3, RIG_COUNT(&rig, bytes_sent) / 1000);
	assert_true(RIG_COUNT(&rig, lost) > 20);
	rig_down(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_sent_up_arrives),
		cmocka_unit_test(a_rate_up_is_kept),
		cmocka_unit_test(a_rate_up_follows_its_schedule),
		cmocka_unit_test(a_rate_up_changes_while_it_runs),
		cmocka_unit_test(a_source_sends_its_pattern_down),
		cmocka_unit_test(a_character_generator_needs_no_question),
		cmocka_unit_test(a_rate_down_is_kept_by_closing_the_window),
		cmocka_unit_test(blocks_come_back_from_an_echo),
		cmocka_unit_test(blocks_go_as_fast_as_they_come_back),
		cmocka_unit_test(blocks_stay_whole_when_buffers_are_short),
		cmocka_unit_test(a_changed_byte_of_a_block_is_one_corrupt_block),
		cmocka_unit_test(a_changed_byte_of_the_pattern_is_corrupt),
		cmocka_unit_test(loss_on_the_way_is_no_damage),
		cmocka_unit_test(blocks_of_a_server_that_dies_are_lost),
	};

	return cmocka_run_group_tests(tests, wr_test_start, NULL);
}
