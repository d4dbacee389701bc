/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "wire.h"
#include "wr_test.h"

#define SERVER      0
#define CLIENT      1
#define SERVER_ADDR 0xc6120001
#define CLIENT_ADDR 0xc6120002

/* A client that sends `to_send` bytes of a pattern, and reads what comes. */
struct client {
	struct rte_mempool *pool;
	uint32_t to_send, sent;
	uint64_t got;
	bool paused;       /* refuses what comes */
	bool lines;        /* expects RFC 864 text, not its own pattern back */
	bool close_at_end; /* of its own text */
	bool wrong;        /* a byte was not what it should be */
	unsigned peer_closed, closed;
	enum wr_reason reason;
};

static uint8_t pattern(uint64_t at)
{
	return (uint8_t)((uint32_t)at * 2654435761u >> 24);
}

static uint8_t rfc864(uint64_t at)
{
	uint64_t line = at / 74, column = at % 74;

	if (column >= 72)
		return column == 72 ? '\r' : '\n';
	return (uint8_t)(' ' + (line + column) % 95);
}

static void client_fill(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct client *client = wr_tcb_user(c);
	int rc = 0;

	while (!rc && client->sent < client->to_send) {
		uint32_t bytes = wr_min(1200, client->to_send - client->sent);
		struct rte_mbuf *m = rte_pktmbuf_alloc(client->pool);
		uint8_t *text;

		assert_non_null(m);
		text = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)bytes);
		for (uint32_t i = 0; i < bytes; i++)
			text[i] = pattern(client->sent + i);
		rc = wr_tcp_send(tcp, c, m);
		if (rc)
			rte_pktmbuf_free(m);
		else
			client->sent += bytes;
	}
	if (!rc && client->close_at_end)
		wr_tcp_close(tcp, c);
}

static bool client_open(struct wr_tcp *tcp, struct wr_tcb *c)
{
	client_fill(tcp, c);
	return true;
}

static bool client_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	struct client *client = wr_tcb_user(c);
	const uint8_t *text = rte_pktmbuf_mtod(m, uint8_t *);

	if (client->paused)
		return false;
	for (uint32_t i = 0; i < m->data_len; i++, client->got++)
		client->wrong |= text[i] != (client->lines ? rfc864 : pattern)(client->got);
	rte_pktmbuf_free(m);
	return true;
}

static void client_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	((struct client *)wr_tcb_user(c))->peer_closed++;
	wr_tcp_close(tcp, c);
}

static void client_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	struct client *client = wr_tcb_user(c);

	client->closed++;
	client->reason = reason;
}

static const struct wr_tcp_events client_events = {
	.on_open = client_open,
	.on_data = client_data,
	.on_room = client_fill,
	.on_peer_closed = client_peer_closed,
	.on_closed = client_closed,
};

static struct wr_tcb *start_client(struct wire *wire, struct client *client, uint16_t port)
{
	struct wr_tcp_connect to = {
		.raddr = SERVER_ADDR,
		.rport = port,
		.events = &client_events,
		.user = client,
	};
	struct wr_tcb *c;

	client->pool = wire->host[CLIENT].pool;
	wr_tcp_options_default(&to.options);
	assert_int_equal(wr_tcp_connect(wr_stack_tcp(wire->host[CLIENT].core[0]), &to, &c), 0);
	return c;
}

/* held: buffers that the server's connections may keep; 0: no limit. */
static struct wire *serve_held(unsigned buffers, uint32_t held)
{
	struct wr_stack_conf conf;

	wire_conf(&conf, SERVER);
	conf.tcp.held_bufs = held;
	wr_stack_serve(&conf, &wr_service_echo);
	wr_stack_serve(&conf, &wr_service_discard);
	wr_stack_serve(&conf, &wr_service_chargen);
	return wire_new(&conf, 1, buffers, 8191);
}

static struct wire *serve(unsigned buffers)
{
	return serve_held(buffers, 0);
}

static void services_are_found_by_name(void **state)
{
	assert_ptr_equal(wr_service_find("echo"), &wr_service_echo);
	assert_ptr_equal(wr_service_find("discard"), &wr_service_discard);
	assert_ptr_equal(wr_service_find("chargen"), &wr_service_chargen);
	assert_null(wr_service_find("time"));
	for (unsigned i = 0; wr_service_all[i]; i++) {
		assert_non_null(wr_service_all[i]->name);
		assert_non_null(wr_service_all[i]->spec);
		assert_int_not_equal(wr_service_all[i]->port, 0);
	}
}

static void echo_returns_every_byte_and_closes_after_the_client(void **state)
{
	struct wire *wire = serve(8191);
	struct client client = {.to_send = 3000000, .close_at_end = true};

	start_client(wire, &client, 7);
	wire_run(wire, WR_S(20));
	assert_int_equal(client.got, 3000000);
	assert_false(client.wrong);
	assert_int_equal(client.peer_closed, 1);
	assert_int_equal(client.reason, WR_REASON_finished);
	wire_free(wire);
}

static void echo_to_a_client_that_does_not_read_stays_bounded(void **state)
{
	struct wire *wire = serve(8191);
	struct client client = {.to_send = 4000000, .paused = true, .close_at_end = true};
	struct wr_tcb *c = start_client(wire, &client, 7);
	uint32_t stuck_at;

	wire_run(wire, WR_S(5));
	stuck_at = client.sent;
	assert_true(stuck_at < client.to_send);
	wire_run(wire, WR_S(5));
	assert_int_equal(client.sent, stuck_at);
	client.paused = false;
	wr_tcp_resume(wr_stack_tcp(wire->host[CLIENT].core[0]), c);
	wire_run(wire, WR_S(60));
	assert_int_equal(client.got, client.to_send);
	assert_false(client.wrong);
	wire_free(wire);
}

/* Clients of `port` that take all they can get and read nothing do not starve another. */
static void others_are_served_beside_slow_readers_of(uint16_t port)
{
	struct wire *wire = serve_held(2047, 1535);
	struct client slow[16], good = {.to_send = 1000000, .close_at_end = true};
	const struct wr_stats *stats = &wire->host[SERVER].stats[0];

	for (unsigned i = 0; i < WR_LEN(slow); i++) {
		slow[i] = (struct client) {.paused = true, .to_send = port == 7 ? 2000000 : 0};
		start_client(wire, &slow[i], port);
	}
	wire_run(wire, WR_S(3));
	start_client(wire, &good, 7);
	wire_run(wire, WR_S(20));
	assert_int_equal(stats->n[WR_STAT_mbuf_alloc_failed], 0);
	assert_int_equal(good.got, good.to_send);
	assert_int_equal(good.reason, WR_REASON_finished);
	wire_free(wire);
}

static void slow_readers_of_echo_do_not_starve_others(void **state)
{
	others_are_served_beside_slow_readers_of(7);
}

static void slow_readers_of_chargen_do_not_starve_others(void **state)
{
	others_are_served_beside_slow_readers_of(19);
}

static void discard_takes_everything_and_says_nothing(void **state)
{
	struct wire *wire = serve(4095);
	struct client client = {.to_send = 1000000, .close_at_end = true};
	const struct wr_stats *stats = &wire->host[SERVER].stats[0];

	start_client(wire, &client, 9);
	wire_run(wire, WR_S(10));
	assert_int_equal(stats->n[WR_STAT_tcp_bytes_in], 1000000);
	assert_int_equal(stats->n[WR_STAT_tcp_bytes_out], 0);
	assert_int_equal(client.got, 0);
	assert_int_equal(client.reason, WR_REASON_finished);
	wire_free(wire);
}

static void chargen_sends_the_rotating_lines_until_the_client_closes(void **state)
{
	struct wire *wire = serve(4095);
	struct client client = {.lines = true};
	struct wr_tcb *c = start_client(wire, &client, 19);

	wire_run(wire, WR_MS(50));
	assert_true(client.got > 1000000);
	assert_false(client.wrong);
	wr_tcp_close(wr_stack_tcp(wire->host[CLIENT].core[0]), c);
	wire_run(wire, WR_S(5));
	assert_int_equal(client.reason, WR_REASON_finished);
	assert_int_equal(wire->host[SERVER].stats[0].connections[WR_TCP_ESTABLISHED], 0);
	wire_free(wire);
}

static void chargen_waits_for_a_client_that_does_not_read(void **state)
{
	struct wire *wire = serve(4095);
	struct client client = {.lines = true, .paused = true};
	struct wr_tcb *c = start_client(wire, &client, 19);
	const struct wr_stats *stats = &wire->host[SERVER].stats[0];
	uint64_t sent;

	wire_run(wire, WR_S(2));
	sent = stats->n[WR_STAT_tcp_bytes_out];
	wire_run(wire, WR_S(2));
	assert_true(stats->n[WR_STAT_tcp_bytes_out] - sent <= 16); /* probes */
	client.paused = false;
	wr_tcp_resume(wr_stack_tcp(wire->host[CLIENT].core[0]), c);
	wire_run(wire, WR_MS(50));
	assert_true(client.got > 10 * sent);
	assert_false(client.wrong);
	wire_free(wire);
}

/* Takes all but `left` buffers of a pool. */
static unsigned starve(struct rte_mempool *pool, struct rte_mbuf **taken, unsigned max,
                       unsigned left)
{
	unsigned n = 0;

	while (n < max && rte_mempool_avail_count(pool) > left) {
		taken[n] = rte_pktmbuf_alloc(pool);
		assert_non_null(taken[n++]);
	}
	return n;
}

static void chargen_goes_on_after_the_pool_was_empty(void **state)
{
	struct wire *wire = serve(1023);
	struct client client = {.lines = true};
	static struct rte_mbuf *taken[1023];
	const struct wr_stats *stats = &wire->host[SERVER].stats[0];
	uint64_t before;
	unsigned n;

	start_client(wire, &client, 19);
	wire_run(wire, WR_MS(20));
	n = starve(wire->host[SERVER].pool, taken, WR_LEN(taken), 0);
	wire_run(wire, WR_MS(200));
	assert_int_not_equal(stats->n[WR_STAT_mbuf_alloc_failed], 0);
	rte_pktmbuf_free_bulk(taken, n);
	before = client.got;
	wire_run(wire, WR_S(1));
	assert_true(client.got > before + 100000);
	assert_false(client.wrong);
	wire_free(wire);
}

/* What the client's UDP port received. */
struct received {
	unsigned datagrams;
	uint32_t bytes, longest;
	uint8_t text[2048]; /* of the last */
};

static enum wr_verdict receive(struct wr_udp *udp, struct rte_mbuf *m,
                               const struct wr_tuple *from, uint8_t tos, void *user,
                               uint64_t now_us)
{
	struct received *got = user;

	got->datagrams++;
	got->bytes += m->pkt_len;
	got->longest = wr_max(got->longest, m->pkt_len);
	memcpy(got->text, rte_pktmbuf_mtod(m, void *), m->data_len);
	rte_pktmbuf_free(m);
	return WR_V_udp_delivered;
}

static void ask(struct wire *wire, uint16_t port, uint16_t bytes)
{
	const struct wr_tuple to = {CLIENT_ADDR, SERVER_ADDR, 5000, port};
	struct rte_mbuf *m = rte_pktmbuf_alloc(wire->host[CLIENT].pool);

	assert_non_null(m);
	memset(rte_pktmbuf_append(m, bytes), 'q', bytes);
	wr_udp_send(wr_stack_udp(wire->host[CLIENT].core[0]), m, &to, 0, wire->now_ns / 1000);
	wire_run(wire, WR_MS(1));
}

static void listen_on_5000(struct wire *wire, struct received *got)
{
	const struct wr_udp_listener listener = {.port = 5000, .handler = receive, .user = got};

	assert_int_equal(wr_udp_listen(wr_stack_udp(wire->host[CLIENT].core[0]), &listener), 0);
}

static void udp_echo_returns_the_datagram(void **state)
{
	struct wire *wire = serve(255);
	struct received got = {0};

	listen_on_5000(wire, &got);
	ask(wire, 7, 1472);
	assert_int_equal(got.datagrams, 1);
	assert_int_equal(got.bytes, 1472);
	assert_int_equal(got.text[1471], 'q');
	ask(wire, 7, 0);
	assert_int_equal(got.datagrams, 2);
	wire_free(wire);
}

static void udp_discard_answers_nothing(void **state)
{
	struct wire *wire = serve(255);
	struct received got = {0};

	listen_on_5000(wire, &got);
	ask(wire, 9, 100);
	assert_int_equal(got.datagrams, 0);
	assert_int_equal(wire->host[SERVER].stats[0].verdict[WR_V_udp_delivered], 1);
	wire_free(wire);
}

static void udp_chargen_never_answers_more_than_it_was_sent(void **state)
{
	struct wire *wire = serve(255);
	struct received got = {0};

	listen_on_5000(wire, &got);
	for (unsigned i = 0; i < 50; i++)
		ask(wire, 19, 10);
	assert_int_equal(got.datagrams, 50);
	assert_true(got.longest <= 10);
	for (unsigned i = 0; i < 200; i++)
		ask(wire, 19, 1400);
	assert_int_equal(got.datagrams, 250);
	assert_in_range(got.longest, 400, 512);
	wire_free(wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_are_found_by_name),
		cmocka_unit_test(echo_returns_every_byte_and_closes_after_the_client),
		cmocka_unit_test(echo_to_a_client_that_does_not_read_stays_bounded),
		cmocka_unit_test(slow_readers_of_echo_do_not_starve_others),
		cmocka_unit_test(slow_readers_of_chargen_do_not_starve_others),
		cmocka_unit_test(discard_takes_everything_and_says_nothing),
		cmocka_unit_test(chargen_sends_the_rotating_lines_until_the_client_closes),
		cmocka_unit_test(chargen_waits_for_a_client_that_does_not_read),
		cmocka_unit_test(chargen_goes_on_after_the_pool_was_empty),
		cmocka_unit_test(udp_echo_returns_the_datagram),
		cmocka_unit_test(udp_discard_answers_nothing),
		cmocka_unit_test(udp_chargen_never_answers_more_than_it_was_sent),
	};

	return cmocka_run_group_tests(tests, wr_test_start, NULL);
}
