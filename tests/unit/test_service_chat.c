/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "talker.h"
#include "wr_test.h"

#define CHAT  7002
#define CORES 2

static struct wire *serve(void)
{
	struct wr_stack_conf conf;

	wire_conf(&conf, 0);
	wr_stack_serve(&conf, &wr_service_echo); /* so that chat is not the first listener */
	wr_stack_serve(&conf, &wr_service_chat);
	return wire_new(&conf, CORES, 8191, 8191);
}

static uint64_t clients_of(struct wire *wire, unsigned core)
{
	return wire->host[0].stats[core].connections[WR_TCP_ESTABLISHED];
}

/* The client's number, as it was told. */
static unsigned number_of(const struct talker *t)
{
	unsigned n = 0;

	assert_int_equal(sscanf(t->heard, "* welcome, you are [%u]\n", &n), 1);
	return n;
}

/* Starts clients until every core has some; the first two are on different cores. */
static void start_clients(struct wire *wire, struct talker *t, unsigned n)
{
	unsigned first;

	talker_start(&t[0], wire, CHAT);
	first = clients_of(wire, 0) ? 0 : 1;
	for (unsigned tries = 0;; tries++) {
		assert_true(tries < 64);
		talker_start(&t[1], wire, CHAT);
		if (clients_of(wire, !first))
			break;
		talker_hang_up(&t[1]);
		talker_free(&t[1]);
		t[1] = (struct talker) {0};
	}
	for (unsigned i = 2; i < n; i++)
		talker_start(&t[i], wire, CHAT);
}

static void end_clients(struct talker *t, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		talker_hang_up(&t[i]);
		talker_free(&t[i]);
	}
}

static void forget(struct talker *t, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		talker_forget(&t[i]);
}

static void a_line_goes_to_all_others_on_all_cores(void **state)
{
	struct wire *wire = serve();
	struct talker t[4] = {0};
	unsigned number[4];

	start_clients(wire, t, WR_LEN(t));
	for (unsigned i = 0; i < WR_LEN(t); i++) {
		number[i] = number_of(&t[i]);
		for (unsigned j = 0; j < i; j++)
			assert_int_not_equal(number[i], number[j]);
	}
	for (unsigned from = 0; from < WR_LEN(t); from++) {
		char expected[64];

		snprintf(expected, sizeof(expected), "[%u] hello\n[%u] world\n", number[from],
		         number[from]);
		forget(t, WR_LEN(t));
		talker_say(&t[from], "hello\nworld\r\n");
		for (unsigned to = 0; to < WR_LEN(t); to++)
			assert_string_equal(t[to].heard, to == from ? "" : expected);
	}
	assert_int_equal(wire_stat(wire, 0, WR_STAT_chat_lines), 2 * WR_LEN(t));
	assert_int_equal(wire_stat(wire, 0, WR_STAT_chat_lines_lost), 0);
	end_clients(t, WR_LEN(t));
	wire_free(wire);
}

static void joining_and_leaving_are_told(void **state)
{
	struct wire *wire = serve();
	struct talker t[3] = {0};
	char text[64];

	start_clients(wire, t, 2);
	forget(t, 2);
	talker_start(&t[2], wire, CHAT);
	snprintf(text, sizeof(text), "* [%u] joined\n", number_of(&t[2]));
	assert_string_equal(t[0].heard, text);
	assert_string_equal(t[1].heard, text);
	snprintf(text, sizeof(text), "* [%u] left\n", number_of(&t[2]));
	forget(t, 2);
	talker_hang_up(&t[2]);
	assert_string_equal(t[0].heard, text);
	assert_string_equal(t[1].heard, text);
	talker_free(&t[2]);
	end_clients(t, 2);
	wire_free(wire);
}

static void lines_may_come_in_pieces_and_be_too_long(void **state)
{
	struct wire *wire = serve();
	struct talker t[2] = {{.piece = 1}, {.piece = 100}};
	char text[700], expected[700];
	int len;

	start_clients(wire, t, 2);
	forget(t, 2);
	talker_say(&t[0], "abc\n\n\r\n");
	assert_string_equal(strchr(t[1].heard, ' '), " abc\n");
	memset(text, 'x', 600);
	strcpy(text + 600, "\nshort\n");
	talker_forget(&t[0]);
	talker_say(&t[1], text);
	memset(text + 512, 0, 1);
	len = snprintf(expected, sizeof(expected), " %s\n", text);
	assert_int_equal(strncmp(strchr(t[0].heard, ' '), expected, (size_t)len), 0);
	assert_string_equal(strrchr(t[0].heard, ' '), " short\n");
	end_clients(t, 2);
	wire_free(wire);
}

static void control_characters_do_not_reach_terminals(void **state)
{
	struct wire *wire = serve();
	struct talker t[2] = {0};

	start_clients(wire, t, 2);
	forget(t, 2);
	talker_say(&t[0], "\x1b[2J\ttab \xc3\xa4\x7f\n");
	assert_string_equal(strchr(t[1].heard, ' '), " ?[2J\ttab \xc3\xa4?\n");
	end_clients(t, 2);
	wire_free(wire);
}

static void a_client_that_does_not_read_loses_lines_and_then_its_connection(void **state)
{
	struct wire *wire = serve();
	struct talker t[4] = {0};
	static char text[100 * 100 + 1];
	size_t heard = 0;

	t[1].paused = true;
	t[3].paused = true;
	for (unsigned i = 0; i < 100; i++) {
		memset(text + i * 100, 'a', 99);
		text[i * 100 + 99] = '\n';
	}
	/* A paused client cannot tell whether it is there: the others' start is the same. */
	start_clients(wire, t, WR_LEN(t));
	talker_forget(&t[2]);
	for (unsigned round = 0; round < 60; round++) {
		talker_say(&t[0], text);
		wire_run(wire, WR_MS(50));
	}
	for (const char *at = t[2].heard; (at = strchr(at, '\n')); at++)
		heard++;
	assert_int_equal(heard, 6000 + 2); /* all, and two have left */
	assert_true(wire_stat(wire, 0, WR_STAT_chat_lines_lost) > 2000);
	assert_true(wire_stat(wire, 0, WR_STAT_chat_lines_lost) < 2400);
	assert_int_equal(wire_stat(wire, 0, WR_STAT_service_timeouts), 2);
	assert_int_equal(clients_of(wire, 0) + clients_of(wire, 1), 2);
	talker_wake(&t[1], WR_MS(10));
	talker_wake(&t[3], WR_MS(10));
	end_clients(t, WR_LEN(t));
	wire_free(wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_goes_to_all_others_on_all_cores),
		cmocka_unit_test(joining_and_leaving_are_told),
		cmocka_unit_test(lines_may_come_in_pieces_and_be_too_long),
		cmocka_unit_test(control_characters_do_not_reach_terminals),
		cmocka_unit_test(
			a_client_that_does_not_read_loses_lines_and_then_its_connection),
	};

	return cmocka_run_group_tests(tests, wr_test_start, NULL);
}
