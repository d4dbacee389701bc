/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_arp.h>

#include "stack_rig.h"

static void an_unknown_protocol_is_unreachable(void **state)
{
	struct wire *wire = serve(1);
	const struct craft_ip ip = {.proto = 99};

	wire_inject(wire, SERVER, 0,
	            craft_ip(wire->host[SERVER].pool, &from_client, &ip, "12345678", 8));
	assert_int_equal(verdict(wire, SERVER, 0, WR_V_ip_unknown_protocol), 1);
	assert_int_equal(wire->host[SERVER].stats[0].cause[WR_CAUSE_icmp_error], 1);
	wire_free(wire);
}

static void an_icmp_error_about_udp_is_soft_if_a_service_may_have_sent_it(void **state)
{
	struct wire *wire = serve(1);
	struct craft_path ours = {.src = SERVER_ADDR, .dst = CLIENT_ADDR};
	struct rte_mempool *pool = wire->host[SERVER].pool;
	struct rte_mbuf *about = craft_udp(pool, &ours, 7, 4000, "x", 1);

	wire_inject(wire, SERVER, 0, craft_icmp_error(pool, &from_client, 3, 3, 0, about, 28));
	assert_int_equal(verdict(wire, SERVER, 0, WR_V_icmp_error_soft), 1);
	rte_pktmbuf_free(about);
	about = craft_udp(pool, &ours, 8, 4000, "x", 1);
	wire_inject(wire, SERVER, 0, craft_icmp_error(pool, &from_client, 3, 3, 0, about, 28));
	assert_int_equal(verdict(wire, SERVER, 0, WR_V_icmp_error_stale), 1);
	rte_pktmbuf_free(about);
	wire_free(wire);
}

static void frames_that_found_no_room_stay_in_order(void **state)
{
	struct wire *wire = serve(1);
	struct wr_stack *stack = wire->host[SERVER].core[0];
	struct rte_mbuf *out[8], *again[8];
	const struct wr_stats *stats = &wire->host[SERVER].stats[0];
	uint64_t frames = stats->n[WR_STAT_tx_frames], bytes = stats->n[WR_STAT_tx_bytes];

	for (unsigned i = 0; i < 5; i++)
		wire_inject(
			wire, SERVER, 0,
			craft_arp(wire->host[SERVER].pool, &from_client, RTE_ARP_OP_REQUEST));
	assert_int_equal(wr_stack_output(stack, out, 4), 4);
	wr_stack_unsent(stack, out + 2, 2);
	wr_stack_refused(stack, 1);
	assert_int_equal(stats->n[WR_STAT_tx_staged], 3);
	assert_int_equal(wr_stack_output(stack, again, 8), 3);
	assert_ptr_equal(again[0], out[2]);
	assert_ptr_equal(again[1], out[3]);
	wr_stack_tick(stack, wire->now_ns);
	assert_int_equal(stats->n[WR_STAT_tx_frames] - frames, 4);
	assert_int_equal(stats->n[WR_STAT_tx_bytes] - bytes, 5 * 42);
	assert_int_equal(stats->n[WR_STAT_tx_refused], 1);
	assert_int_equal(stats->n[WR_STAT_tx_ring_full], 1);
	rte_pktmbuf_free_bulk(out, 2);
	rte_pktmbuf_free_bulk(again, 3);
	wire_free(wire);
}

static void a_drain_closes_everything_in_order(void **state)
{
	struct wire *wire = serve(2);
	struct wr_stack_message drain[2] = {{.ask = WR_ASK_DRAIN}, {.ask = WR_ASK_DRAIN}};
	struct seen seen[100] = {0}, late = {0};

	for (unsigned i = 0; i < WR_LEN(seen); i++) {
		seen[i].polite = true;
		connect_to(wire, CLIENT, 0, SERVER_ADDR, 7, &seen[i]);
	}
	wire_run(wire, WR_MS(100));
	assert_int_equal(connections(wire, SERVER, WR_TCP_ESTABLISHED), WR_LEN(seen));
	for (unsigned core = 0; core < 2; core++)
		assert_int_equal(wr_stack_post(wire->host[SERVER].core[core], &drain[core]), 0);
	wire_run(wire, WR_MS(500));
	for (unsigned i = 0; i < WR_LEN(seen); i++) {
		assert_int_equal(seen[i].peer_closed, 1);
		assert_int_equal(seen[i].closed, 1);
		assert_int_equal(seen[i].reason, WR_REASON_finished);
	}
	assert_int_equal(connections(wire, SERVER, WR_TCP_ESTABLISHED), 0);
	assert_int_equal(drain[0].done, 1);
	connect_to(wire, CLIENT, 0, SERVER_ADDR, 7, &late);
	wire_run(wire, WR_S(1));
	assert_int_equal(late.closed, 1);
	assert_int_equal(late.reason, WR_REASON_refused);
	wire_free(wire);
}

static void an_abort_resets_what_a_drain_left(void **state)
{
	struct wire *wire = serve(1);
	struct wr_stack_message message = {.ask = WR_ASK_DRAIN};
	struct seen rude = {0};

	connect_to(wire, CLIENT, 0, SERVER_ADDR, 7, &rude);
	wire_run(wire, WR_MS(100));
	assert_int_equal(wr_stack_post(wire->host[SERVER].core[0], &message), 0);
	wire_run(wire, WR_MS(500));
	assert_int_equal(connections(wire, SERVER, WR_TCP_FIN_WAIT_2), 1);
	message.ask = WR_ASK_ABORT;
	assert_int_equal(wr_stack_post(wire->host[SERVER].core[0], &message), 0);
	wire_run(wire, WR_MS(100));
	assert_int_equal(connections(wire, SERVER, WR_TCP_FIN_WAIT_2), 0);
	assert_int_equal(rude.reason, WR_REASON_reset_by_peer);
	wire_free(wire);
}

static void control_is_answered_with_a_page_of_connections(void **state)
{
	struct wire *wire = serve(1);
	static struct wr_stack_message page;
	struct seen seen[100] = {0};
	unsigned found = 0;

	for (unsigned i = 0; i < WR_LEN(seen); i++)
		connect_to(wire, CLIENT, 0, SERVER_ADDR, 7, &seen[i]);
	wire_run(wire, WR_MS(100));
	page = (struct wr_stack_message) {.ask = WR_ASK_CONNECTIONS, .every = 1};
	do {
		assert_int_equal(wr_stack_post(wire->host[SERVER].core[0], &page), 0);
		wire_run(wire, WR_US(10));
		assert_int_equal(page.done, 1);
		assert_true(page.count <= WR_ASK_PAGE);
		found += page.count;
	} while (page.cursor != UINT32_MAX);
	assert_int_equal(found, WR_LEN(seen));
	wire_free(wire);
}

static void a_full_mailbox_says_so(void **state)
{
	struct wire *wire = serve(1);
	static struct wr_stack_message message[80];
	unsigned posted = 0;

	while (posted < 80 && !wr_stack_post(wire->host[SERVER].core[0], &message[posted]))
		posted++;
	assert_int_equal(posted, 63);
	wire_run(wire, WR_US(10));
	assert_int_equal(wire->host[SERVER].stats[0].n[WR_STAT_control_messages], 63);
	wire_free(wire);
}

static uint64_t fake_cycles(void)
{
	static uint64_t cycles;

	return cycles += 100;
}

static void one_round_of_32_is_timed(void **state)
{
	static struct wire wire = {.now_ns = WR_S(1000)}; /* a server alone */
	struct wire_host *server = &wire.host[SERVER];
	const struct wr_stats *stats = &server->stats[0];
	struct wr_stack_conf conf;

	wire_conf(&conf, SERVER);
	conf.cycles = fake_cycles;
	wire_attach(&wire, SERVER, &conf, 1, 255);
	for (unsigned i = 0; i < 64; i++) {
		struct rte_mbuf *out[4];

		wire_inject(&wire, SERVER, 0,
		            craft_arp(server->pool, &from_client, RTE_ARP_OP_REQUEST));
		wr_stack_tick(server->core[0], wire.now_ns);
		rte_pktmbuf_free_bulk(out, wr_stack_output(server->core[0], out, WR_LEN(out)));
	}
	assert_int_equal(stats->cycles_bursts, 2);
	assert_int_equal(stats->cycles_frames, 2);
	assert_int_equal(stats->cycles[WR_STAGE_classify], 200);
	assert_int_equal(stats->cycles[WR_STAGE_process], 200);
	wire_free(&wire);
}

static void two_services_on_one_port_are_refused_in_words(void **state)
{
	struct wire *wire = serve(1);
	struct wr_stack_conf conf = wire->host[SERVER].conf;
	struct wr_stats stats = {0};
	struct wr_err err = {0};

	wr_stack_serve(&conf, &wr_service_echo);
	assert_null(wr_stack_new(&conf, &stats, 0, &err));
	assert_int_equal(err.exit, WR_EXIT_USAGE);
	assert_string_equal(err.text, "echo: TCP port 7 is taken by another service; "
	                              "give one of them another port");
	wire_free(wire);
}

struct chore {
	unsigned runs, calls;
	uint64_t due_ns;
};

static bool run_chore(void *arg, uint64_t now_ns)
{
	struct chore *chore = arg;

	if (now_ns < chore->due_ns)
		return false;
	chore->runs++;
	chore->due_ns = UINT64_MAX;
	return true;
}

static uint64_t chore_deadline(void *arg)
{
	return ((struct chore *)arg)->due_ns;
}

static void call_chore(struct wr_stack *stack, void *arg)
{
	((struct chore *)arg)->calls++;
}

static struct wr_stack_message call_of(struct chore *chore)
{
	return (struct wr_stack_message) {
		.ask = WR_ASK_CALL,
		.call = call_chore,
		.arg = chore,
	};
}

static void a_task_runs_when_it_is_due_and_its_deadline_counts(void **state)
{
	struct wire *wire = serve(1);
	struct wr_stack *stack = wire->host[SERVER].core[0];
	struct chore chore = {.due_ns = wire->now_ns + WR_US(700)};
	const struct wr_stack_task task = {run_chore, chore_deadline, &chore};

	assert_int_equal(wr_stack_add_task(stack, &task), 0);
	assert_true(wr_stack_deadline(stack) <= chore.due_ns);
	wr_stack_tick(stack, wire->now_ns);
	assert_int_equal(chore.runs, 0);
	wr_stack_tick(stack, wire->now_ns + WR_US(700));
	assert_int_equal(chore.runs, 1);
	assert_int_equal(wr_stack_now_ns(stack), wire->now_ns + WR_US(700));
	for (unsigned i = 1; i < WR_STACK_TASKS; i++)
		assert_int_equal(wr_stack_add_task(stack, &task), 0);
	assert_int_equal(wr_stack_add_task(stack, &task), -ENOSPC);
	wire_free(wire);
}

static void a_call_from_the_control_thread_runs_on_the_worker(void **state)
{
	struct wire *wire = serve(1);
	struct wr_stack *stack = wire->host[SERVER].core[0];
	struct chore chore = {0};
	struct wr_stack_message message = call_of(&chore);

	assert_int_equal(wr_stack_post(stack, &message), 0);
	assert_int_equal(chore.calls, 0);
	wr_stack_tick(stack, wire->now_ns);
	assert_int_equal(chore.calls, 1);
	assert_int_equal(message.done, 1);
	wire_free(wire);
}

static void a_call_that_is_taken_back_is_never_made(void **state)
{
	struct wire *wire = serve(1);
	struct wr_stack *stack = wire->host[SERVER].core[0];
	struct chore chore = {0};
	struct wr_stack_message message = call_of(&chore);

	assert_int_equal(wr_stack_post(stack, &message), 0);
	assert_true(wr_stack_retract(&message));
	assert_int_equal(message.done, 0);
	wr_stack_tick(stack, wire->now_ns);
	assert_int_equal(chore.calls, 0);
	assert_int_equal(message.done, 1);

	assert_int_equal(wr_stack_post(stack, &message), 0);
	wr_stack_tick(stack, wire->now_ns);
	assert_int_equal(chore.calls, 1);
	assert_false(wr_stack_retract(&message));
	wire_free(wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unknown_protocol_is_unreachable),
		cmocka_unit_test(an_icmp_error_about_udp_is_soft_if_a_service_may_have_sent_it),
		cmocka_unit_test(frames_that_found_no_room_stay_in_order),
		cmocka_unit_test(a_drain_closes_everything_in_order),
		cmocka_unit_test(an_abort_resets_what_a_drain_left),
		cmocka_unit_test(control_is_answered_with_a_page_of_connections),
		cmocka_unit_test(a_full_mailbox_says_so),
		cmocka_unit_test(a_task_runs_when_it_is_due_and_its_deadline_counts),
		cmocka_unit_test(a_call_from_the_control_thread_runs_on_the_worker),
		cmocka_unit_test(a_call_that_is_taken_back_is_never_made),
		cmocka_unit_test(one_round_of_32_is_timed),
		cmocka_unit_test(two_services_on_one_port_are_refused_in_words),
	};

	return cmocka_run_group_tests(tests, wr_test_start, NULL);
}
