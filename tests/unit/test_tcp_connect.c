/* SPDX-License-Identifier: BSD-3-Clause */
/* Active opens by the tens of thousands, and of ports that were used a moment ago. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wire.h"
#include "wr_test.h"

#define SERVER      0
#define CLIENT      1
#define SERVER_ADDR 0xc6120001
#define CLIENT_ADDR 0xc6120002
#define PORT        4000
#define MANY        60000

/* What all connections of one side went through. */
struct side {
	unsigned opened, closed;
	unsigned ended[WR_REASON_COUNT];
	bool closes_first;         /* on the first text, else when the peer has */
	struct wr_tcb *last;       /* that opened */
	const struct wr_tcb *slow; /* takes no text; NULL: all do */
	uint32_t bytes;
};

static bool side_open(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct side *side = wr_tcb_user(c);

	side->opened++;
	side->last = c;
	return true;
}

static bool side_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	struct side *side = wr_tcb_user(c);

	if (c == side->slow)
		return false;
	side->bytes += m->pkt_len;
	rte_pktmbuf_free(m);
	if (side->closes_first)
		wr_tcp_close(tcp, c);
	return true;
}

static void side_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
}

static void side_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	wr_tcp_close(tcp, c);
}

static void side_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	struct side *side = wr_tcb_user(c);

	side->closed++;
	side->ended[reason]++;
}

static const struct wr_tcp_events side_events = {
	.on_open = side_open,
	.on_data = side_data,
	.on_room = side_room,
	.on_peer_closed = side_peer_closed,
	.on_closed = side_closed,
};

static struct wire wire;
static struct side server, client;

/* Two hosts: the server listens on PORT; `conf` is what the client differs in. */
static void begin(const struct wr_tcp_conf *conf, unsigned cores, uint32_t connections)
{
	struct wr_tcp_listener listener = {
		.port = PORT, .events = &side_events, .user = &server};
	struct wr_stack_conf host;

	memset(&wire, 0, sizeof(wire));
	memset(&server, 0, sizeof(server));
	memset(&client, 0, sizeof(client));
	wire.now_ns = WR_S(1000);
	wire.delay_ns = WR_US(2);
	wire_conf(&host, SERVER);
	host.tcp.connections = host.tcp.half_open = connections;
	wire_attach(&wire, SERVER, &host, 1, 8191);
	wire_conf(&host, CLIENT);
	if (conf)
		host.tcp = *conf;
	host.tcp.connections = connections;
	host.tcp.half_open = host.tcp.time_waits = 256;
	host.tcp.reorders = 16;
	host.tcp.repairs = 16;
	wire_attach(&wire, CLIENT, &host, cores, 8191);
	wire_meet(&wire);
	wr_tcp_options_default(&listener.options);
	assert_int_equal(wr_tcp_listen(wr_stack_tcp(wire.host[SERVER].core[0]), &listener), 0);
}

static int connect_from(unsigned core, uint16_t lport, struct wr_tcb **c)
{
	struct wr_tcp_connect to = {
		.lport = lport,
		.raddr = SERVER_ADDR,
		.rport = PORT,
		.events = &side_events,
		.user = &client,
	};

	wr_tcp_options_default(&to.options);
	return wr_tcp_connect(wr_stack_tcp(wire.host[CLIENT].core[core]), &to, c);
}

static uint64_t stat(unsigned host, enum wr_stat which)
{
	struct wr_stats sum;

	wire_stats(&wire, host, &sum);
	return sum.n[which];
}

static void send_bytes(struct wr_tcb *c, uint16_t bytes)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(wire.host[CLIENT].pool);

	assert_non_null(m);
	memset(rte_pktmbuf_append(m, bytes), 'x', bytes);
	assert_int_equal(wr_tcp_send(wr_stack_tcp(wire.host[CLIENT].core[0]), c, m), 0);
}

static void one_address_opens_sixty_thousand_connections_to_one_port(void **state)
{
	begin(NULL, 1, MANY);
	for (unsigned i = 0; i < MANY; i++) {
		struct wr_tcb *c;

		assert_int_equal(connect_from(0, 0, &c), 0);
		if (i % 1000 == 999)
			wire_run(&wire, WR_MS(1));
	}
	wire_run(&wire, WR_MS(200));
	assert_int_equal(client.opened, MANY);
	assert_int_equal(server.opened, MANY);
	assert_int_equal(client.closed, 0);
	printf("%.2f ports looked at for each\n",
	       (double)stat(CLIENT, WR_STAT_tcp_port_probes) / MANY);
	assert_true(stat(CLIENT, WR_STAT_tcp_port_probes) < 2 * MANY);
	wire_free(&wire);
}

static void three_cores_open_them_together_each_its_part(void **state)
{
	begin(NULL, 3, MANY);
	for (unsigned i = 0; i < MANY; i++) {
		struct wr_tcb *c;

		assert_int_equal(connect_from(i % 3, 0, &c), 0);
		if (i % 1000 == 999)
			wire_run(&wire, WR_MS(1));
	}
	wire_run(&wire, WR_MS(200));
	assert_int_equal(client.opened, MANY);
	assert_true(stat(CLIENT, WR_STAT_tcp_port_probes) < 2 * MANY);
	wire_free(&wire);
}

static void a_range_of_ports_is_kept_to_and_can_be_used_up(void **state)
{
	struct wr_tcp_connect to = {
		.lport_low = 5000,
		.lport_high = 5009,
		.raddr = SERVER_ADDR,
		.rport = PORT,
		.events = &side_events,
		.user = &client,
	};
	struct wr_tcp *tcp;
	struct wr_tcb *c;

	begin(NULL, 1, 64);
	tcp = wr_stack_tcp(wire.host[CLIENT].core[0]);
	wr_tcp_options_default(&to.options);
	for (unsigned i = 0; i < 10; i++) {
		struct wr_tuple t;

		assert_int_equal(wr_tcp_connect(tcp, &to, &c), 0);
		wr_tcb_tuple(c, &t);
		assert_in_range(t.lport, 5000, 5009);
	}
	assert_int_equal(wr_tcp_connect(tcp, &to, &c), -EADDRNOTAVAIL);
	to.lport_high = 4999;
	assert_int_equal(wr_tcp_connect(tcp, &to, &c), -EINVAL);
	wire_free(&wire);
}

/* Connects from one port, sends, and lets both sides close. */
static void one_life(uint16_t bytes)
{
	unsigned before = client.opened;
	struct wr_tcb *c;

	assert_int_equal(connect_from(0, 7777, &c), 0);
	wire_run(&wire, WR_US(8));
	assert_int_equal(client.opened, before + 1);
	send_bytes(c, bytes);
	wire_run(&wire, WR_US(20));
	assert_int_equal(client.closed, before + 1);
}

static void a_server_in_time_wait_takes_the_tuple_again_within_the_millisecond(void **state)
{
	begin(NULL, 1, 64);
	server.closes_first = true;
	for (unsigned i = 0; i < 30; i++)
		one_life(64);
	assert_int_equal(server.opened, 30);
	assert_int_equal(client.ended[WR_REASON_finished], 30);
	assert_int_equal(stat(SERVER, WR_STAT_tcp_time_wait_reused), 29);
	wire_free(&wire);
}

static void our_own_time_wait_gives_the_tuple_back_after_a_second(void **state)
{
	struct wr_tcb *c;

	begin(NULL, 1, 64);
	client.closes_first = true;
	assert_int_equal(connect_from(0, 7777, &c), 0);
	wire_run(&wire, WR_US(50));
	send_bytes(c, 1000);
	wr_tcp_close(wr_stack_tcp(wire.host[CLIENT].core[0]), c);
	wire_run(&wire, WR_US(50));
	assert_int_equal(client.ended[WR_REASON_finished], 1);
	assert_int_equal(connect_from(0, 7777, &c), -EADDRINUSE);
	wire_run(&wire, WR_MS(999));
	assert_int_equal(connect_from(0, 7777, &c), -EADDRINUSE);
	wire_run(&wire, WR_MS(1));
	assert_int_equal(connect_from(0, 7777, &c), 0);
	wire_run(&wire, WR_US(50));
	assert_int_equal(client.opened, 2);
	assert_int_equal(stat(CLIENT, WR_STAT_tcp_time_wait_retaken), 1);
	wire_free(&wire);
}

/* Opens and closes by the client; then the tuple stays taken for all of TIME-WAIT. */
static void assert_never_retaken(const struct wr_tcp_conf *conf)
{
	struct wr_tcb *c;

	begin(conf, 1, 64);
	assert_int_equal(connect_from(0, 7777, &c), 0);
	wire_run(&wire, WR_US(50));
	wr_tcp_close(wr_stack_tcp(wire.host[CLIENT].core[0]), c);
	wire_run(&wire, WR_S(59));
	assert_int_equal(client.ended[WR_REASON_finished], 1);
	assert_int_equal(connect_from(0, 7777, &c), -EADDRINUSE);
	wire_run(&wire, WR_MS(1100));
	assert_int_equal(connect_from(0, 7777, &c), 0);
	wire_free(&wire);
}

static void without_timestamps_or_permission_time_wait_is_waited_out(void **state)
{
	struct wr_tcp_conf conf;

	wr_tcp_conf_default(&conf, 1500);
	conf.timestamps = false;
	assert_never_retaken(&conf);
	wr_tcp_conf_default(&conf, 1500);
	conf.time_wait_reuse_us = 0;
	assert_never_retaken(&conf);
}

/* No share is too small for one small request, until the last buffer is held. */
static void each_of_many_connections_may_send_while_there_is_a_buffer(void **state)
{
	struct wr_tcb *c[101];
	struct wr_tcp_conf conf;
	struct rte_mbuf *m;

	wr_tcp_conf_default(&conf, 1500);
	/* The last sixteenth is not for who never had text acknowledged. */
	conf.held_bufs = 106;
	begin(&conf, 1, 128);
	for (unsigned i = 0; i < WR_LEN(c); i++)
		assert_int_equal(connect_from(0, 0, &c[i]), 0);
	wire_run(&wire, WR_MS(1));
	assert_int_equal(client.opened, WR_LEN(c));
	for (unsigned i = 0; i < WR_LEN(c) - 1; i++)
		send_bytes(c[i], 64);
	m = rte_pktmbuf_alloc(wire.host[CLIENT].pool);
	assert_non_null(m);
	rte_pktmbuf_append(m, 64);
	assert_int_equal(wr_tcp_send(wr_stack_tcp(wire.host[CLIENT].core[0]), c[100], m),
	                 -ENOBUFS);
	rte_pktmbuf_free(m);
	wire_run(&wire, WR_MS(100));
	assert_int_equal(server.bytes, 100 * 64);
	send_bytes(c[100], 64);
	wire_run(&wire, WR_MS(100));
	assert_int_equal(server.bytes, 101 * 64);
	wire_free(&wire);
}

/* The server sends 60 full segments on its last connection. */
static void pour(void)
{
	for (unsigned i = 0; i < 60; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(wire.host[SERVER].pool);

		assert_non_null(m);
		memset(rte_pktmbuf_append(m, 1448), 'y', 1448);
		assert_int_equal(
			wr_tcp_send(wr_stack_tcp(wire.host[SERVER].core[0]), server.last, m),
			0);
	}
}

static void text_dropped_for_want_of_buffers_comes_again_when_there_are_some(void **state)
{
	struct wr_tcp_conf conf;
	struct wr_tcb *hog, *c;
	struct wr_stats sum;
	struct wr_tcp *tcp;

	wr_tcp_conf_default(&conf, 1500);
	conf.held_bufs = 24;
	begin(&conf, 1, 64);
	tcp = wr_stack_tcp(wire.host[CLIENT].core[0]);
	assert_int_equal(connect_from(0, 0, &hog), 0);
	client.slow = hog;
	wire_run(&wire, WR_MS(1));
	pour();
	wire_run(&wire, WR_S(3));
	/* Half of the buffers are gone; another connection fills its share, and then goes on.
	 */
	assert_int_equal(connect_from(0, 0, &c), 0);
	client.slow = c;
	wire_run(&wire, WR_MS(1));
	pour();
	wire_run(&wire, WR_S(3));
	assert_int_equal(client.bytes, 0);
	client.slow = hog;
	wire_stats(&wire, CLIENT, &sum);
	assert_int_not_equal(sum.verdict[WR_V_tcp_no_mbuf], 0);
	wr_tcp_resume(tcp, c);
	wire_run(&wire, WR_S(5)); /* the peer's RTO, backed off */
	assert_int_equal(client.bytes, 60 * 1448);
	wire_free(&wire);
}

static enum wr_verdict count_answer(struct wr_tcp *tcp, const struct wr_frame *f, void *user,
                                    uint64_t now_us)
{
	unsigned *answers = user;

	if (f->tuple.lport < 20000)
		return WR_V_NEXT;
	answers[!(f->seg.flags & WR_TCP_SYN)]++;
	return WR_V_tcp_stray;
}

static uint64_t verdicts(unsigned host, enum wr_verdict which)
{
	struct wr_stats sum;

	wire_stats(&wire, host, &sum);
	return sum.verdict[which];
}

static void bare_syns_are_of_no_connection_and_their_answers_are_only_counted(void **state)
{
	struct wr_tuple t = {.laddr = CLIENT_ADDR, .raddr = SERVER_ADDR, .rport = PORT};
	unsigned answers[2] = {0}; /* SYN-ACKs, resets */
	struct wr_tcp *tcp;
	struct wr_stats sum;

	begin(NULL, 1, 64);
	tcp = wr_stack_tcp(wire.host[CLIENT].core[0]);
	wr_tcp_set_stray(tcp, count_answer, answers);
	for (t.lport = 20000; t.lport < 20060; t.lport++) {
		t.rport = t.lport % 2 ? PORT : PORT + 1;
		assert_int_equal(wr_tcp_send_bare_syn(tcp, &t, wire.now_ns / 1000), 0);
	}
	wire_run(&wire, WR_MS(1));
	assert_int_equal(answers[0], 30);
	assert_int_equal(answers[1], 30);
	assert_int_equal(verdicts(CLIENT, WR_V_tcp_stray), 60);
	wire_stats(&wire, SERVER, &sum);
	assert_int_equal(sum.connections[WR_TCP_SYN_RECEIVED], 30);
	wire_stats(&wire, CLIENT, &sum);
	assert_int_equal(sum.cause[WR_CAUSE_tcp_syn_bare], 60);
	assert_int_equal(sum.cause[WR_CAUSE_tcp_rst_closed], 0);
	/* What the handler does not know is answered as ever. */
	t.lport = 19999;
	t.rport = PORT;
	assert_int_equal(wr_tcp_send_bare_syn(tcp, &t, wire.now_ns / 1000), 0);
	wire_run(&wire, WR_MS(1));
	assert_int_equal(verdicts(CLIENT, WR_V_tcp_no_listener), 1);
	t.laddr++;
	assert_int_equal(wr_tcp_send_bare_syn(tcp, &t, 0), -EADDRNOTAVAIL);
	wire_free(&wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_address_opens_sixty_thousand_connections_to_one_port),
		cmocka_unit_test(three_cores_open_them_together_each_its_part),
		cmocka_unit_test(a_range_of_ports_is_kept_to_and_can_be_used_up),
		cmocka_unit_test(
			a_server_in_time_wait_takes_the_tuple_again_within_the_millisecond),
		cmocka_unit_test(our_own_time_wait_gives_the_tuple_back_after_a_second),
		cmocka_unit_test(
			bare_syns_are_of_no_connection_and_their_answers_are_only_counted),
		cmocka_unit_test(each_of_many_connections_may_send_while_there_is_a_buffer),
		cmocka_unit_test(
			text_dropped_for_want_of_buffers_comes_again_when_there_are_some),
		cmocka_unit_test(without_timestamps_or_permission_time_wait_is_waited_out),
	};

	return cmocka_run_group_tests(tests, wr_test_start, NULL);
}
