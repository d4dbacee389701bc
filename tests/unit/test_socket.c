/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

#include "socket.h"
#include "wire.h"
#include "wr_test.h"

#define SERVER 0
#define CLIENT 1
#define PORT   4000
#define A_TIME WR_MS(100) /* longer than an ACK is delayed */

/* A listener, and the two ends of a connection. */
struct pair {
	struct wire *wire;
	struct socket *listener, *server, *client;
};

static struct wr_tcp *tcp_of(struct wire *wire, unsigned host)
{
	return wr_stack_tcp(wire->host[host].core[0]);
}

static uint32_t addr_of(struct wire *wire, unsigned host)
{
	return wire->host[host].conf.ip.addr[0].addr;
}

static void join(struct pair *p)
{
	struct wr_stack_conf conf;

	wire_conf(&conf, SERVER);
	p->wire = wire_new(&conf, 1, 2047, 2047);
	p->listener = socket_new(tcp_of(p->wire, SERVER));
	p->listener->port = PORT;
	assert_int_equal(socket_listen(p->listener), 0);
	p->client = socket_new(tcp_of(p->wire, CLIENT));
	assert_int_equal(socket_connect(p->client, addr_of(p->wire, SERVER), PORT),
	                 -EINPROGRESS);
	wire_run(p->wire, A_TIME);
	p->server = socket_accept(p->listener);
	assert_non_null(p->server);
}

/* What is left of them; p->client and p->server may be NULL. */
static void part(struct pair *p)
{
	socket_close(p->listener);
	for (unsigned i = 0; i < 2; i++) {
		struct socket *s = i ? p->client : p->server;

		if (s) {
			s->resets_at_close = true;
			socket_close(s);
		}
	}
	wire_run(p->wire, WR_S(200));
	wire_free(p->wire);
}

static void text_is_read_in_pieces_then_its_end(void **state)
{
	struct pair p;
	char text[8] = {0};

	join(&p);
	assert_int_equal(socket_recv(p.server, text, 3, false), -EAGAIN);
	assert_int_equal(socket_send(p.client, "abcde", 5, false), 5);
	assert_int_equal(socket_shutdown(p.client, SHUT_WR), 0);
	wire_run(p.wire, A_TIME);
	assert_int_equal(socket_recv(p.server, text, 8, true), 5);
	assert_int_equal(socket_recv(p.server, text, 3, false), 3);
	assert_int_equal(socket_recv(p.server, text + 3, 5, false), 2);
	assert_string_equal(text, "abcde");
	assert_int_equal(socket_recv(p.server, text, 8, false), 0);
	assert_int_equal(socket_recv(p.server, text, 8, false), 0);
	part(&p);
}

static void text_of_several_segments_arrives_as_it_was_written(void **state)
{
	uint8_t out[10000], in[sizeof(out)];
	struct pair p;

	for (uint32_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i ^ i >> 8);
	join(&p);
	assert_int_equal(socket_send(p.client, out, sizeof(out), false), sizeof(out));
	wire_run(p.wire, A_TIME);
	assert_int_equal(socket_recv(p.server, in, 3000, false), 3000);
	assert_int_equal(socket_recv(p.server, in + 3000, 7001, false), 7000);
	assert_memory_equal(in, out, sizeof(out));
	part(&p);
}

static uint64_t segments_with_text(struct wire *wire, unsigned host)
{
	struct wr_stats stats;

	wire_stats(wire, host, &stats);
	return stats.cause[WR_CAUSE_tcp_data];
}

/* Nothing leaves before the engine has its turn. */
static void small_pieces_become_one_segment(void **state)
{
	struct pair p;
	char text[8] = {0};

	join(&p);
	assert_int_equal(socket_send(p.client, "a", 1, false), 1);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(socket_send(p.client, &"bcdefg"[2 * i], 2, false), 2);
	wire_run(p.wire, A_TIME);
	assert_int_equal(socket_recv(p.server, text, 8, false), 7);
	assert_string_equal(text, "abcdefg");
	assert_int_equal(segments_with_text(p.wire, CLIENT), 1);
	part(&p);
}

static void who_shut_writing_may_read_on(void **state)
{
	struct pair p;
	char text[8];

	join(&p);
	assert_int_equal(socket_shutdown(p.client, SHUT_WR), 0);
	assert_int_equal(socket_send(p.client, "a", 1, false), -EPIPE);
	assert_int_equal(socket_send(p.server, "abc", 3, false), 3);
	wire_run(p.wire, A_TIME);
	assert_int_equal(socket_recv(p.client, text, 8, false), 3);
	part(&p);
}

static void a_refused_connection_is_told_once(void **state)
{
	struct pair p;
	struct socket *s;

	join(&p);
	s = socket_new(tcp_of(p.wire, CLIENT));
	assert_int_equal(socket_recv(s, NULL, 0, true), -ENOTCONN);
	assert_int_equal(socket_connect(s, addr_of(p.wire, SERVER), PORT + 1), -EINPROGRESS);
	assert_false(socket_is_writable(s));
	assert_int_equal(socket_send(s, "a", 1, false), -EAGAIN);
	wire_run(p.wire, A_TIME);
	assert_true(socket_is_writable(s));
	assert_int_equal(socket_error(s), ECONNREFUSED);
	assert_int_equal(socket_error(s), 0);
	assert_int_equal(socket_send(s, "a", 1, false), -EPIPE);
	socket_close(s);
	part(&p);
}

static void a_reset_is_told_to_the_reader_once(void **state)
{
	struct pair p;
	char text[8];

	join(&p);
	p.client->resets_at_close = true;
	socket_close(p.client);
	p.client = NULL;
	wire_run(p.wire, A_TIME);
	assert_true(socket_is_readable(p.server));
	assert_int_equal(socket_recv(p.server, text, 8, false), -ECONNRESET);
	assert_int_equal(socket_recv(p.server, text, 8, false), 0);
	assert_int_equal(socket_send(p.server, "a", 1, false), -EPIPE);
	part(&p);
}

static void a_reset_after_the_peers_end_is_a_broken_pipe(void **state)
{
	struct pair p;

	join(&p);
	socket_close(p.client); /* which reads no more */
	p.client = NULL;
	wire_run(p.wire, A_TIME);
	assert_true(p.server->eof);
	assert_int_equal(socket_send(p.server, "a", 1, false), 1);
	wire_run(p.wire, A_TIME);
	assert_int_equal(socket_error(p.server), EPIPE);
	part(&p);
}

static void text_that_was_not_read_resets_at_close(void **state)
{
	struct pair p;

	join(&p);
	assert_int_equal(socket_send(p.client, "abc", 3, false), 3);
	wire_run(p.wire, A_TIME);
	socket_close(p.server);
	p.server = NULL;
	wire_run(p.wire, A_TIME);
	assert_int_equal(socket_error(p.client), ECONNRESET);
	part(&p);
}

static void those_who_wait_are_accepted_in_order_or_reset_with_their_listener(void **state)
{
	struct socket *client[3], *accepted;
	struct wr_tuple tuple;
	struct pair p;

	join(&p);
	for (unsigned i = 0; i < 3; i++) {
		client[i] = socket_new(tcp_of(p.wire, CLIENT));
		client[i]->port = (uint16_t)(5000 + i);
		socket_connect(client[i], addr_of(p.wire, SERVER), PORT);
		wire_run(p.wire, A_TIME);
	}
	for (unsigned i = 0; i < 2; i++) {
		accepted = socket_accept(p.listener);
		assert_non_null(accepted);
		wr_tcb_tuple(accepted->c, &tuple);
		assert_int_equal(tuple.rport, 5000 + i);
		accepted->resets_at_close = true;
		socket_close(accepted);
	}
	assert_non_null(client[2]->c);
	socket_close(p.listener);
	wire_run(p.wire, A_TIME);
	assert_int_equal(socket_error(client[2]), ECONNRESET);
	for (unsigned i = 0; i < 3; i++)
		socket_close(client[i]);
	p.listener = socket_new(tcp_of(p.wire, SERVER));
	part(&p);
}

static void options_of_a_listener_are_those_of_connections_to_come(void **state)
{
	struct wr_tcp_info info;
	struct pair p;
	struct socket *s;

	join(&p);
	assert_int_equal(socket_set_option(p.listener, TCP_DEFER_ACCEPT, 1), -ENOPROTOOPT);
	assert_int_equal(socket_set_option(p.listener, TCP_MAXSEG, 300), 0);
	s = socket_new(tcp_of(p.wire, CLIENT));
	socket_connect(s, addr_of(p.wire, SERVER), PORT);
	wire_run(p.wire, A_TIME);
	wr_tcp_info_get(tcp_of(p.wire, CLIENT), s->c, &info);
	assert_in_range(info.mss, 280, 300); /* less the timestamps */
	wr_tcp_info_get(tcp_of(p.wire, CLIENT), p.client->c, &info);
	assert_in_range(info.mss, 1400, 1460);
	assert_int_equal(socket_connect(s, addr_of(p.wire, SERVER), PORT), -EISCONN);
	s->resets_at_close = true;
	socket_close(s);
	part(&p);
}

static int start(void **state)
{
	wr_test_eal(64);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_read_in_pieces_then_its_end),
		cmocka_unit_test(text_of_several_segments_arrives_as_it_was_written),
		cmocka_unit_test(small_pieces_become_one_segment),
		cmocka_unit_test(who_shut_writing_may_read_on),
		cmocka_unit_test(a_refused_connection_is_told_once),
		cmocka_unit_test(a_reset_is_told_to_the_reader_once),
		cmocka_unit_test(a_reset_after_the_peers_end_is_a_broken_pipe),
		cmocka_unit_test(text_that_was_not_read_resets_at_close),
		cmocka_unit_test(
			those_who_wait_are_accepted_in_order_or_reset_with_their_listener),
		cmocka_unit_test(options_of_a_listener_are_those_of_connections_to_come),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
