/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "load_rig.h"
#include "wr_test.h"

static const struct wr_service *const echo[] = {&wr_service_echo, NULL};
static const struct wr_service *const nobody[] = {NULL};

static struct load_rig rig;

static void conf(void)
{
	rig_conf(&rig, WR_LOAD_SYN);
	rig.conf.set.pps = 20000;
	rig.conf.set.connections = 0;
}

static void a_listener_answers_until_its_backlog_is_full(void **state)
{
	struct wr_stats server;

	conf();
	rig_up(&rig, 2, echo);
	rig_run(&rig);
	wire_run(&rig.wire, WR_MS(1));
	assert_int_equal(RIG_COUNT(&rig, syns_sent), 200);
	assert_int_equal(RIG_COUNT(&rig, packets_planned), 200);
	assert_int_equal(RIG_COUNT(&rig, packets_sent), 200);
	assert_int_equal(RIG_COUNT(&rig, synacks_received), 200);
	assert_int_equal(RIG_COUNT(&rig, rsts_received), 0);
	wire_stats(&rig.wire, 1, &server);
	assert_int_equal(server.connections[WR_TCP_SYN_RECEIVED], 200);
	rig_down(&rig);
}

static void a_closed_port_resets_each(void **state)
{
	conf();
	rig.conf.set.pps = 5000; /* resets are sent at a limited rate */
	rig_up(&rig, 1, nobody);
	rig_run(&rig);
	wire_run(&rig.wire, WR_MS(1));
	assert_int_equal(RIG_COUNT(&rig, syns_sent), 50);
	assert_int_equal(RIG_COUNT(&rig, synacks_received), 0);
	assert_int_equal(RIG_COUNT(&rig, rsts_received), 50);
	rig_down(&rig);
}

static unsigned lowest, highest;

static bool look_at_ports(void *ctx, unsigned to, const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	unsigned port = (unsigned)frame[34] << 8 | frame[35];

	if (to == 1 && frame[23] == 6) {
		lowest = wr_min(lowest, port);
		highest = wr_max(highest, port);
	}
	return true;
}

static void ports_are_of_the_range(void **state)
{
	conf();
	rig.conf.port_low = 5000;
	rig.conf.port_high = 5015;
	rig_up(&rig, 1, nobody);
	rig.wire.pass = look_at_ports;
	lowest = UINT16_MAX;
	highest = 0;
	rig_run(&rig);
	assert_int_equal(lowest, 5000);
	assert_int_equal(highest, 5015);
	rig_down(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listener_answers_until_its_backlog_is_full),
		cmocka_unit_test(a_closed_port_resets_each),
		cmocka_unit_test(ports_are_of_the_range),
	};

	return cmocka_run_group_tests(tests, wr_test_start, NULL);
}
