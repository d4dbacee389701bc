/* SPDX-License-Identifier: BSD-3-Clause */
/* A NIC that takes nothing: what finds no room in the output queue has not left. */

#include "stack_rig.h"
#include "tcp.h"

#define MSS 1000

static struct wire *wire;
static struct wr_stack *stack; /* the client's: it sends */
static struct wr_tcb *conn;
static struct seen seen;
static struct rte_mbuf *jam; /* fills the queue */

static bool lose(void *ctx, unsigned to, const struct rte_mbuf *m)
{
	return to != SERVER;
}

/* `segments` have left, and are lost. The peer has no SACK and no timestamps. */
static void begin(unsigned segments)
{
	struct wr_stack_conf conf;

	wire_conf(&conf, SERVER);
	wr_stack_serve(&conf, &wr_service_echo);
	conf.tcp.sack = conf.tcp.timestamps = false;
	conf.tcp.mss = MSS;
	wire = wire_new(&conf, 1, 8191, 2047);
	stack = wire->host[CLIENT].core[0];
	memset(&seen, 0, sizeof(seen));
	conn = connect_to(wire, CLIENT, 0, SERVER_ADDR, 7, &seen);
	wire_run(wire, WR_MS(10));
	assert_int_equal(seen.opened, 1);
	assert_int_equal(conn->cc.smss, MSS);
	wire->pass = lose;
	for (unsigned i = 0; i < segments; i++)
		send_bytes(wire, CLIENT, 0, conn, MSS);
	wire_run(wire, WR_MS(1));
	assert_int_equal(tcb_flight(conn), segments * MSS);
	jam = rte_pktmbuf_alloc(wire->host[CLIENT].pool);
	assert_non_null(jam);
	rte_pktmbuf_append(jam, 64);
}

static void leave_room(unsigned frames)
{
	struct wr_ip *ip = wr_stack_ip(stack);

	while (wr_ip_out_room(ip) > frames) {
		rte_mbuf_refcnt_update(jam, 1);
		wr_ip_enqueue(ip, jam, WR_CAUSE_tcp_ack);
	}
}

/* The NIC takes all there is. */
static void drain(void)
{
	struct rte_mbuf *frame[WR_STACK_BURST];
	unsigned n;

	while ((n = wr_stack_output(stack, frame, WR_STACK_BURST)) != 0)
		rte_pktmbuf_free_bulk(frame, n);
}

static void finish(void)
{
	drain();
	rte_pktmbuf_free(jam);
	wire->pass = NULL;
	wire_run(wire, WR_MS(1));
	wire_free(wire);
}

static uint64_t left(enum wr_cause cause)
{
	return wire->host[CLIENT].stats[0].cause[cause];
}

static void pass_ms(unsigned ms)
{
	wire->now_ns += WR_MS(ms);
	wr_stack_tick(stack, wire->now_ns);
}

static void a_probe_that_found_no_room_was_none(void **state)
{
	begin(3);
	leave_room(0);
	pass_ms(10);
	assert_int_equal(left(WR_CAUSE_tcp_tlp), 0);
	assert_int_equal(wire_stat(wire, CLIENT, WR_STAT_tcp_tlp_probes), 0);
	assert_int_equal(conn->rexmits, 0);
	assert_false(conn->repair && conn->repair->tlp);
	drain();
	pass_ms(300); /* the time-out comes as ever */
	assert_int_equal(left(WR_CAUSE_tcp_rexmit_rto), 1);
	finish();
}

/* The peer acknowledges one segment. */
static void acknowledge_one(void)
{
	const struct craft_path path = {
		.smac = wire->host[SERVER].conf.ip.mac,
		.dmac = wire->host[CLIENT].conf.ip.mac,
		.src = SERVER_ADDR,
		.dst = CLIENT_ADDR,
	};
	const struct craft_tcp ack = {
		.sport = 7,
		.dport = conn->tuple.lport,
		.seq = conn->rcv.nxt.n,
		.ack = conn->snd.una.n + MSS,
		.flags = WR_TCP_ACK,
		.wnd = 60000,
	};
	struct rte_mbuf *m = craft_tcp(wire->host[CLIENT].pool, &path, &ack);

	wr_stack_input(stack, &m, 1, wire->now_ns);
}

static void what_found_no_room_goes_when_there_is_some(void **state)
{
	begin(5);
	pass_ms(10); /* the probe */
	pass_ms(300);
	drain();
	assert_int_equal(left(WR_CAUSE_tcp_rexmit_rto), 1);
	acknowledge_one(); /* F-RTO: nothing new could be sent, so that all is lost */
	assert_int_equal(left(WR_CAUSE_tcp_rexmit_rto), 3);
	drain();
	leave_room(TCP_OUT_RESERVE);
	acknowledge_one();
	assert_int_equal(left(WR_CAUSE_tcp_rexmit_rto), 4);
	drain();
	pass_ms(0);
	assert_int_equal(left(WR_CAUSE_tcp_rexmit_rto), 5);
	assert_int_equal(conn->rexmits, 6);
	finish();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_probe_that_found_no_room_was_none),
		cmocka_unit_test(what_found_no_room_goes_when_there_is_some),
	};

	return cmocka_run_group_tests_name("tcp_out", tests, wr_test_start, NULL);
}
