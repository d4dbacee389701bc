/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Our iperf3 server and our client, each on two cores, over a memory wire in virtual time:
 * whole tests, and what a worker does with connections that are odd.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "i3_session.h"
#include "wire.h"
#include "wr_test.h"

#define SERVER      0
#define CLIENT      1
#define SERVER_ADDR 0xc6120001
#define CLIENT_ADDR 0xc6120002
#define CORES       2
#define BUFFERS     16383

static struct wire *two_hosts(void)
{
	static struct wire wire;
	struct wr_stack_conf conf;

	memset(&wire, 0, sizeof(wire));
	wire.now_ns = WR_S(1000);
	wire.delay_ns = WR_US(50);
	for (unsigned host = 0; host < 2; host++) {
		wire_conf(&conf, host);
		wire_attach(&wire, host, &conf, CORES, BUFFERS);
	}
	wire_meet(&wire);
	return &wire;
}

/* ---- whole tests ---- */

struct side {
	struct wr_iperf3_conf conf;
	struct wr_iperf3 *i3;
	char *text;
	size_t bytes;
	bool goes_on;
};

static void side_open(struct side *side, struct wire *wire, unsigned host)
{
	struct wr_err err;

	side->conf.seed = host + 1;
	side->conf.port = I3_PORT;
	side->conf.conns = 64;
	side->conf.cc = "reno";
	side->conf.max_tests = 4;
	side->conf.rcv_timeout_ns = WR_S(120);
	side->conf.owner = &wire->host[host].owner;
	side->conf.laddr = host == CLIENT ? CLIENT_ADDR : SERVER_ADDR;
	side->conf.raddr = SERVER_ADDR;
	side->conf.report.out = open_memstream(&side->text, &side->bytes);
	side->conf.report.json = true;
	side->conf.report.format = 'a';
	side->conf.report.interval_s = 1;
	side->conf.report.host = "server";
	side->conf.report.version = "wringer";
	side->conf.report.system = "test";
	side->i3 = wr_iperf3_new(&side->conf, wire->now_ns);
	assert_non_null(side->i3);
	for (unsigned i = 0; i < CORES; i++)
		assert_int_equal(wr_iperf3_attach(side->i3, i, wire->host[host].core[i],
		                                  &wire->host[host].stats[i],
		                                  wire->host[host].pool, -1, &err),
		                 0);
	side->goes_on = true;
	wr_iperf3_start(side->i3, wire->now_ns);
}

static json_t *side_close(struct side *side)
{
	json_t *document;

	fclose(side->conf.report.out);
	document = json_loads(side->text, JSON_DISABLE_EOF_CHECK, NULL);
	assert_non_null(document);
	free(side->text);
	return document;
}

static void run_both(struct wire *wire, struct side *server, struct side *client, uint64_t ns)
{
	uint64_t end_ns = wire->now_ns + ns;

	while (client->goes_on && wire->now_ns < end_ns) {
		wire_run(wire, WR_MS(1));
		server->goes_on = wr_iperf3_run(server->i3, wire->now_ns);
		client->goes_on = wr_iperf3_run(client->i3, wire->now_ns);
	}
	for (unsigned i = 0; i < 100; i++) {
		wire_run(wire, WR_MS(1));
		wr_iperf3_run(server->i3, wire->now_ns);
	}
}

static json_int_t count(const json_t *document, const char *sum, const char *key)
{
	const json_t *end = json_object_get(document, "end");

	return json_integer_value(json_object_get(json_object_get(end, sum), key));
}

/* Both documents tell the same of one direction. */
static void agree(const json_t *client, const json_t *server, const char *suffix, bool lossless)
{
	char sent[48], received[48];

	snprintf(sent, sizeof(sent), "sum_sent%s", suffix);
	snprintf(received, sizeof(received), "sum_received%s", suffix);
	assert_true(count(client, received, "bytes") > 0);
	assert_int_equal(count(client, received, "bytes"), count(server, received, "bytes"));
	assert_int_equal(count(client, sent, "bytes"), count(server, sent, "bytes"));
	if (lossless)
		assert_int_equal(count(client, received, "lost_packets"), 0);
}

/* Loses every n-th long frame towards the server. */
struct loss {
	unsigned every, seen, lost;
};

static bool lose(void *ctx, unsigned to, const struct rte_mbuf *m)
{
	struct loss *loss = ctx;

	if (!loss || to != SERVER || m->pkt_len < 1000 || ++loss->seen % loss->every)
		return true;
	loss->lost++;
	return false;
}

static void whole_test(const struct i3_params *params, struct loss *loss, json_t **document)
{
	struct wire *wire = two_hosts();
	struct side server = {.conf.server = true}, client = {.conf.params = *params};
	json_t *theirs, *ours;

	wire->pass = lose;
	wire->ctx = loss;
	side_open(&server, wire, SERVER);
	side_open(&client, wire, CLIENT);
	run_both(wire, &server, &client, WR_S(20));
	assert_false(client.goes_on);
	theirs = side_close(&server);
	ours = side_close(&client);
	assert_null(json_object_get(ours, "error"));
	/* Each end ends the omitted time at a time of its own. */
	if (!params->omit_s)
		assert_true(count(ours, "sum_received", "bytes") <=
		            count(ours, "sum_sent", "bytes"));
	agree(ours, theirs, "", params->udp && !loss);
	if (params->bidir)
		agree(ours, theirs, "_bidir_reverse", params->udp && !loss);
	wire_free(wire); /* its last look still runs our tasks */
	wr_iperf3_free(server.i3);
	wr_iperf3_free(client.i3);
	json_decref(theirs);
	*document = ours;
}

static const struct i3_params plain = {.parallel = 1, .time_s = 1, .version = "3.12"};

static void every_direction_of_both_protocols_is_counted_alike_on_both_ends(void **state)
{
	for (unsigned n = 0; n < 12; n++) {
		struct i3_params p = plain;
		json_t *document;

		p.udp = n & 1;
		p.reverse = n / 2 % 3 == 1;
		p.bidir = n / 2 % 3 == 2;
		p.parallel = n / 6 ? 3 : 1;
		p.rate = p.udp ? 20000000 : 50000000;
		p.udp_64bit = n > 6;
		whole_test(&p, NULL, &document);
		json_decref(document);
	}
}

static void bytes_and_blocks_are_sent_exactly(void **state)
{
	struct i3_params p = plain;
	json_t *document;

	p.time_s = 0;
	p.bytes = 1234567;
	whole_test(&p, NULL, &document);
	assert_int_equal(count(document, "sum_sent", "bytes"), 1234567);
	json_decref(document);
	p.bytes = 0;
	p.blocks = 50;
	p.udp = true;
	p.len = 3000; /* in fragments */
	p.rate = 10000000;
	whole_test(&p, NULL, &document);
	assert_int_equal(count(document, "sum_received", "bytes"), 150000);
	json_decref(document);
}

static void a_rate_is_kept_and_the_omitted_time_left_out(void **state)
{
	struct i3_params p = plain;
	json_t *document;

	p.rate = 8000000;
	p.omit_s = 1;
	for (unsigned udp = 0; udp < 2; udp++) {
		p.udp = udp;
		whole_test(&p, NULL, &document);
		assert_in_range(count(document, "sum_sent", "bytes"), 980000, 1020000);
		json_decref(document);
	}
}

static void losses_are_counted_where_they_happen(void **state)
{
	struct loss loss = {.every = 7};
	struct i3_params p = plain;
	json_t *document;

	p.time_s = 0;
	p.udp = true;
	p.len = 1200;
	p.rate = 10000000;
	p.blocks = 200;
	whole_test(&p, &loss, &document);
	assert_int_equal(loss.lost, 200 / 7);
	assert_int_equal(count(document, "sum_received", "bytes"), (200 - 200 / 7) * 1200);
	assert_int_equal(count(document, "sum", "lost_packets"), 200 / 7);
	json_decref(document);
	loss = (struct loss) {.every = 50};
	p.udp = false;
	p.bytes = 2000000;
	p.blocks = 0;
	p.rate = 20000000;
	whole_test(&p, &loss, &document);
	assert_true(loss.lost > 10);
	assert_true(count(document, "sum_sent", "retransmits") >= loss.lost / 2);
	json_decref(document);
}

/* ---- odd connections ---- */

/* A server's worker whose control thread is this test, and a peer on the other host. */
struct rig {
	struct wire *wire;
	struct i3_worker *w;
	struct wr_tcb *c;
	unsigned got, closed;
};

static bool on_open(struct wr_tcp *tcp, struct wr_tcb *c)
{
	return true;
}

static bool on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	((struct rig *)wr_tcb_user(c))->got += m->data_len;
	rte_pktmbuf_free(m);
	return true;
}

static void on_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
}

static void on_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	wr_tcp_close(tcp, c);
}

static void on_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	((struct rig *)wr_tcb_user(c))->closed++;
}

static const struct wr_tcp_events peer_events = {
	.on_open = on_open,
	.on_data = on_data,
	.on_room = on_room,
	.on_peer_closed = on_peer_closed,
	.on_closed = on_closed,
};

static void connect_peer(struct rig *rig)
{
	struct wr_tcp_connect to = {
		.raddr = SERVER_ADDR,
		.rport = I3_PORT,
		.events = &peer_events,
		.user = rig,
	};

	wr_tcp_options_default(&to.options);
	to.options.nodelay = true;
	assert_int_equal(
		wr_tcp_connect(wr_stack_tcp(rig->wire->host[CLIENT].core[0]), &to, &rig->c), 0);
	wire_run(rig->wire, WR_MS(5));
}

static void rig_open(struct rig *rig)
{
	struct wr_stack_conf conf;
	struct i3_worker_conf worker = {.listen_port = I3_PORT, .conns = 8, .socket = -1};
	struct wr_err err;

	wire_conf(&conf, SERVER);
	*rig = (struct rig) {.wire = wire_new(&conf, 1, BUFFERS, BUFFERS)};
	worker.stack = rig->wire->host[SERVER].core[0];
	worker.stats = &rig->wire->host[SERVER].stats[0];
	worker.pool = rig->wire->host[SERVER].pool;
	rig->w = i3_worker_new(&worker, &err);
	assert_non_null(rig->w);
	connect_peer(rig);
}

static void rig_close(struct rig *rig)
{
	wire_free(rig->wire); /* its last look still runs our task */
	i3_worker_free(rig->w);
}

static void say(struct rig *rig, const char *text, unsigned bytes)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(rig->wire->host[CLIENT].pool);

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)bytes), text, bytes);
	assert_int_equal(wr_tcp_send(wr_stack_tcp(rig->wire->host[CLIENT].core[0]), rig->c, m),
	                 0);
	wire_run(rig->wire, WR_MS(2));
}

static bool next_event(struct rig *rig, struct i3_event *event)
{
	return i3_ring_take(rig->w->events, event, sizeof(*event));
}

static void order(struct rig *rig, enum i3_order_kind kind, const struct i3_event *about)
{
	const struct i3_order order = {
		.kind = (uint8_t)kind,
		.index = about->index,
		.generation = about->generation,
		.tag = 77,
	};

	assert_true(i3_ring_put(rig->w->orders, &order, sizeof(order)));
	wire_run(rig->wire, WR_MS(2));
}

static const char greeting[] = "abcdefghijklmnopqrstuvwxyz2345672345";

static void greet(struct rig *rig, struct i3_event *event)
{
	say(rig, greeting, sizeof(greeting));
	assert_true(next_event(rig, event));
	assert_int_equal(event->kind, I3_EVENT_COOKIE);
}

static void a_cookie_may_come_byte_by_byte(void **state)
{
	struct i3_event event;
	struct rig rig;

	rig_open(&rig);
	for (unsigned i = 0; i < sizeof(greeting); i++) {
		assert_false(next_event(&rig, &event));
		say(&rig, greeting + i, 1);
	}
	assert_true(next_event(&rig, &event));
	assert_int_equal(event.kind, I3_EVENT_COOKIE);
	assert_string_equal(event.text, greeting);
	assert_int_equal(event.tuple.raddr, CLIENT_ADDR);
	rig_close(&rig);
}

static void text_before_the_decision_is_kept(void **state)
{
	char text[64] = "abcdefghijklmnopqrstuvwxyz2345672345";
	struct i3_event event;
	struct rig rig;

	rig_open(&rig);
	memcpy(text + I3_COOKIE_BYTES, "early", 5);
	say(&rig, text, I3_COOKIE_BYTES + 5);
	say(&rig, "later", 5);
	assert_true(next_event(&rig, &event));
	assert_false(next_event(&rig, &event));
	order(&rig, I3_ORDER_CONTROL, &event);
	assert_true(next_event(&rig, &event));
	assert_int_equal(event.kind, I3_EVENT_TEXT);
	assert_int_equal(event.tag, 77);
	assert_memory_equal(event.text, "early", 5);
	assert_true(next_event(&rig, &event));
	assert_memory_equal(event.text, "later", 5);
	rig_close(&rig);
}

static void a_full_ring_closes_the_window_and_loses_nothing(void **state)
{
	struct i3_event event;
	struct rig rig;
	char piece[1000];
	unsigned sent = 0, got = 0;

	rig_open(&rig);
	greet(&rig, &event);
	order(&rig, I3_ORDER_CONTROL, &event);
	for (unsigned i = 0; i < 250; i++) {
		memset(piece, (int)('a' + i % 26), sizeof(piece));
		say(&rig, piece, sizeof(piece));
		sent += (unsigned)sizeof(piece);
	}
	assert_true(rte_ring_free_count(rig.w->events) < 7);
	for (unsigned i = 0; i < 500 && got < sent; i++) {
		while (next_event(&rig, &event)) {
			assert_int_equal(event.kind, I3_EVENT_TEXT);
			for (unsigned b = 0; b < event.bytes; b++, got++)
				assert_int_equal(event.text[b], 'a' + got / 1000 % 26);
		}
		wire_run(rig.wire, WR_MS(10));
	}
	assert_int_equal(got, sent);
	rig_close(&rig);
}

static void an_order_for_a_predecessor_is_ignored(void **state)
{
	struct i3_event first, second;
	struct rig rig;

	rig_open(&rig);
	greet(&rig, &first);
	order(&rig, I3_ORDER_ABORT, &first);
	assert_int_equal(rig.closed, 1);
	connect_peer(&rig);
	greet(&rig, &second);
	assert_int_equal(second.index, first.index);
	assert_int_not_equal(second.generation, first.generation);
	order(&rig, I3_ORDER_ABORT, &first);
	assert_int_equal(rig.closed, 1);
	rig_close(&rig);
}

static void who_sends_no_cookie_is_reset_after_ten_seconds(void **state)
{
	struct i3_event event;
	struct rig rig;

	rig_open(&rig);
	wire_run(rig.wire, WR_MS(9500));
	assert_int_equal(rig.closed, 0);
	wire_run(rig.wire, WR_S(2));
	assert_int_equal(rig.closed, 1);
	assert_false(next_event(&rig, &event));
	rig_close(&rig);
}

static void more_connections_than_records_are_reset(void **state)
{
	struct rig rig;

	rig_open(&rig);
	for (unsigned i = 0; i < 7; i++)
		connect_peer(&rig);
	assert_int_equal(rig.closed, 0);
	connect_peer(&rig);
	assert_int_equal(rig.closed, 1);
	rig_close(&rig);
}

static void the_end_of_a_connection_is_told_after_its_text(void **state)
{
	struct i3_event event;
	struct rig rig;

	rig_open(&rig);
	greet(&rig, &event);
	order(&rig, I3_ORDER_CONTROL, &event);
	say(&rig, "bye", 3);
	wr_tcp_close(wr_stack_tcp(rig.wire->host[CLIENT].core[0]), rig.c);
	wire_run(rig.wire, WR_MS(5));
	assert_true(next_event(&rig, &event));
	assert_int_equal(event.kind, I3_EVENT_TEXT);
	assert_true(next_event(&rig, &event));
	assert_int_equal(event.kind, I3_EVENT_EOF);
	order(&rig, I3_ORDER_CLOSE, &event);
	assert_int_equal(rig.closed, 1);
	assert_int_equal(rig.w->conn[event.index].role, I3_ROLE_FREE);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_direction_of_both_protocols_is_counted_alike_on_both_ends),
		cmocka_unit_test(bytes_and_blocks_are_sent_exactly),
		cmocka_unit_test(a_rate_is_kept_and_the_omitted_time_left_out),
		cmocka_unit_test(losses_are_counted_where_they_happen),
		cmocka_unit_test(a_cookie_may_come_byte_by_byte),
		cmocka_unit_test(text_before_the_decision_is_kept),
		cmocka_unit_test(a_full_ring_closes_the_window_and_loses_nothing),
		cmocka_unit_test(an_order_for_a_predecessor_is_ignored),
		cmocka_unit_test(who_sends_no_cookie_is_reset_after_ten_seconds),
		cmocka_unit_test(more_connections_than_records_are_reset),
		cmocka_unit_test(the_end_of_a_connection_is_told_after_its_text),
	};

	return cmocka_run_group_tests(tests, wr_test_start, NULL);
}
