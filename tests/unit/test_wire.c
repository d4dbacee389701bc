/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "worker.h"
#include "wr_test.h"

/* The worker's wire between a NIC and an engine that do as they are told. */

#define FRAMES 1000

/* The linker leads the wire's calls here. */
__typeof__(wr_port_rx) __wrap_wr_port_rx;
__typeof__(wr_port_tx) __wrap_wr_port_tx;
__typeof__(wr_stack_output) __wrap_wr_stack_output;
__typeof__(wr_stack_unsent) __wrap_wr_stack_unsent;
__typeof__(wr_stack_refused) __wrap_wr_stack_refused;
__typeof__(wr_stack_deadline) __wrap_wr_stack_deadline;

static struct rte_mempool *pool;
static struct wr_worker worker;

static struct {
	unsigned in, refuse; /* frames that wait; of the next burst, those refused */
	unsigned room;       /* frames that it still takes */
	uint32_t got[FRAMES];
	unsigned count;
} nic;

static struct {
	uint32_t next, end; /* numbers of the frames that it wants to send */
	struct rte_mbuf *back[WR_STACK_BURST];
	unsigned backs, refused;
} engine;

static struct rte_mbuf *frame(uint32_t number)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	assert_non_null(m);
	memset(rte_pktmbuf_append(m, 60), 0, 60);
	memcpy(rte_pktmbuf_mtod(m, void *), &number, sizeof(number));
	return m;
}

uint16_t __wrap_wr_port_rx(const struct wr_port *port, uint16_t q, struct rte_mbuf **frames,
                           uint16_t n, struct rte_mempool *from, uint64_t *no_mbuf)
{
	uint16_t i;

	for (i = 0; i < n && nic.in; i++, nic.in--)
		frames[i] = frame(i);
	return i;
}

uint16_t __wrap_wr_port_tx(const struct wr_port *port, uint16_t q, struct rte_mbuf **frames,
                           uint16_t n, uint64_t *refused)
{
	uint16_t i;

	for (i = 0; i < n && nic.room; i++, nic.room--) {
		if (nic.refuse) {
			nic.refuse--;
			++*refused;
		} else {
			memcpy(&nic.got[nic.count++], rte_pktmbuf_mtod(frames[i], void *),
			       sizeof(nic.got[0]));
		}
		rte_pktmbuf_free(frames[i]);
	}
	return i;
}

unsigned __wrap_wr_stack_output(struct wr_stack *stack, struct rte_mbuf **frames, unsigned max)
{
	unsigned n = 0;

	for (; n < engine.backs; n++)
		frames[n] = engine.back[n];
	engine.backs = 0;
	while (n < max && engine.next < engine.end)
		frames[n++] = frame(engine.next++);
	return n;
}

void __wrap_wr_stack_unsent(struct wr_stack *stack, struct rte_mbuf *const *frames, unsigned n)
{
	memcpy(engine.back, frames, n * sizeof(frames[0]));
	engine.backs = n;
}

void __wrap_wr_stack_refused(struct wr_stack *stack, unsigned n)
{
	engine.refused += n;
}

uint64_t __wrap_wr_stack_deadline(const struct wr_stack *stack)
{
	return WR_S(9);
}

static void begin(const char *rx, const char *tx)
{
	static struct wr_conf conf = {.bufs = 16384};
	struct wr_err err;

	memset(&nic, 0, sizeof(nic));
	memset(&engine, 0, sizeof(engine));
	memset(&worker, 0, sizeof(worker));
	snprintf(conf.impair_rx, sizeof(conf.impair_rx), "%s", rx);
	snprintf(conf.impair_tx, sizeof(conf.impair_tx), "%s", tx);
	worker.pool = pool;
	worker.socket = SOCKET_ID_ANY;
	assert_int_equal(wr_wire_open(&worker, &conf, 1, &err), 0);
	assert_int_equal(worker.impair[WR_IMPAIR_RX] != NULL, strcmp(rx, "none") != 0);
	assert_int_equal(worker.impair[WR_IMPAIR_TX] != NULL, strcmp(tx, "none") != 0);
}

static int end(void **state)
{
	wr_wire_close(&worker);
	rte_pktmbuf_free_bulk(engine.back, engine.backs);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	return 0;
}

/* All frames so far, each once and in order. */
static void assert_got(unsigned count)
{
	assert_int_equal(nic.count, count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(nic.got[i], i);
	assert_int_equal(wr_stats_unbalanced_out(&worker.stats), 0);
}

static void without_impairment_the_engine_keeps_what_the_nic_does_not_take(void **state)
{
	begin("none", "none");
	assert_false(wr_wire_tx(&worker, 0));
	engine.end = 100;
	nic.room = 70;
	assert_true(wr_wire_tx(&worker, 0));
	assert_got(70);
	assert_false(wr_wire_tx(&worker, 0));
	nic.room = FRAMES;
	assert_true(wr_wire_tx(&worker, 0));
	assert_got(100);
	assert_int_equal(wr_wire_deadline(&worker), WR_S(9));
}

static void a_full_nic_holds_up_an_impaired_engine_and_loses_nothing(void **state)
{
	begin("none", "loss=0.0001%"); /* of these frames none */
	engine.end = 500;
	for (unsigned round = 0; round < 50; round++) {
		nic.room += round % 3 ? 17 : 0;
		wr_wire_tx(&worker, WR_MS(1 + round));
		assert_got(nic.count);
		/* Never more than a burst has left the engine and not reached the NIC. */
		assert_in_range(engine.next - nic.count, 0, WR_STACK_BURST);
	}
	nic.room = FRAMES;
	while (wr_wire_tx(&worker, WR_S(1)))
		;
	assert_got(500);
	assert_int_equal(worker.stats.n[WR_STAT_impair_tx_out], 500);
}

static void frames_that_the_driver_refuses_are_counted_by_whoever_gave_them(void **state)
{
	begin("none", "delay=1us");
	engine.end = 10;
	nic.room = FRAMES;
	nic.refuse = 3;
	assert_true(wr_wire_tx(&worker, 0));
	assert_int_equal(nic.count, 0);
	assert_int_equal(wr_wire_deadline(&worker), WR_US(1));
	assert_true(wr_wire_tx(&worker, WR_US(1)));
	assert_int_equal(worker.stats.n[WR_STAT_impair_tx_refused], 3);
	assert_int_equal(worker.stats.n[WR_STAT_impair_tx_out], 7);
	assert_int_equal(engine.refused, 0);
	assert_int_equal(wr_stats_unbalanced_out(&worker.stats), 0);
}

static void an_engine_with_more_than_a_round_has_work_until_all_is_on_its_way(void **state)
{
	unsigned rounds = 0;

	begin("none", "delay=1s");
	engine.end = FRAMES;
	while (wr_wire_tx(&worker, 0))
		rounds++;
	assert_int_equal(engine.next, FRAMES);
	assert_in_range(rounds, 2, FRAMES / WR_STACK_BURST + 1);
	assert_int_equal(worker.stats.n[WR_STAT_impair_tx_waiting], FRAMES);
}

static void received_frames_wait_and_the_worker_knows_until_when(void **state)
{
	struct rte_mbuf *frames[WR_STACK_BURST];
	unsigned all = 0, n;

	begin("delay=5ms", "none");
	nic.in = 100;
	assert_int_equal(wr_wire_rx(&worker, frames, WR_MS(1)), 0);
	assert_int_equal(wr_wire_rx(&worker, frames, WR_MS(2)), 0);
	assert_int_equal(worker.idle.since_ns, WR_MS(2)); /* frames came: no reason to sleep */
	assert_int_equal(wr_wire_rx(&worker, frames, WR_MS(3)), 0);
	assert_int_equal(worker.idle.since_ns, WR_MS(2));
	assert_int_equal(wr_wire_deadline(&worker), WR_MS(6));
	while ((n = wr_wire_rx(&worker, frames, WR_MS(7)))) {
		rte_pktmbuf_free_bulk(frames, n);
		all += n;
	}
	assert_int_equal(all, 100);
	assert_int_equal(worker.stats.n[WR_STAT_impair_rx_out], 100);
	assert_int_equal(wr_wire_deadline(&worker), WR_S(9));
}

#define TEST(name) cmocka_unit_test_teardown(name, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_impairment_the_engine_keeps_what_the_nic_does_not_take),
		TEST(a_full_nic_holds_up_an_impaired_engine_and_loses_nothing),
		TEST(frames_that_the_driver_refuses_are_counted_by_whoever_gave_them),
		TEST(an_engine_with_more_than_a_round_has_work_until_all_is_on_its_way),
		TEST(received_frames_wait_and_the_worker_knows_until_when),
	};

	wr_test_eal(64);
	pool = wr_test_pool("wire", 2047, 2048);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
