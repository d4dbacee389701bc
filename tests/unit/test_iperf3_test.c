/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "iperf3_end.h"
#include "wr_prng.h"

#define PORTIONS 1 /* bytes that arrive at a time between two ends */

/* ---- both ends ---- */

/* Passes on what was written, in portions. True: there was something. */
static bool pass(struct end *from, struct end *to)
{
	bool any = false;

	while (from->passed < from->out_bytes) {
		size_t n = from->out_bytes - from->passed;

		n = n < PORTIONS ? n : PORTIONS;
		from->passed += n;
		i3_test_input(&to->test, from->out + from->passed - n, n, to->now_ns);
		any = true;
	}
	return any;
}

static void talk(struct end *client, struct end *server)
{
	bool any = true;

	while (any) {
		any = pass(client, server);
		any |= pass(server, client);
		while (client->test.up < client->opened) {
			stream_up(server);
			stream_up(client);
			any = true;
		}
	}
}

static void tick_both(struct end *a, struct end *b, uint64_t ns)
{
	later(a, ns);
	later(b, ns);
	talk(a->test.server ? b : a, a->test.server ? a : b);
}

static void two_ends_agree(const struct i3_params *params)
{
	struct printed client_says, server_says;
	struct end *client = calloc(1, sizeof(*client)), *server = calloc(1, sizeof(*server));
	unsigned streams = i3_params_streams(params);
	json_t *document;

	open_print(&client_says, true);
	open_print(&server_says, false);
	begin(client, false, params, &client_says);
	begin(server, true, NULL, &server_says);
	i3_test_connected(&client->test, client->now_ns);
	talk(client, server);
	assert_int_equal(client->test.phase, I3_PHASE_RUNNING);
	assert_int_equal(client->started, streams);
	for (unsigned i = 0; i < streams; i++) {
		client->sample[i].bytes = 1000 * (i + 1);
		server->sample[i].bytes = 1000 * (i + 1);
	}
	tick_both(client, server, WR_S(1));
	tick_both(client, server, WR_S(1));
	tick_both(client, server, 0);
	tick_both(client, server, 0);
	assert_int_equal(client->hung_up, 1);
	assert_int_equal(server->hung_up, 1);
	assert_false(client->test.failed || server->test.failed);
	fflush(client_says.conf.out);
	document = json_loads(client_says.text, 0, NULL);
	assert_non_null(document);
	assert_int_equal(
		json_array_size(json_object_get(json_object_get(document, "end"), "streams")),
		streams);
	json_decref(document);
	for (unsigned i = 0; i < streams; i++) {
		assert_int_equal(client->test.stream[i].peer.bytes, 1000 * (i + 1));
		assert_int_equal(server->test.stream[i].peer.bytes, 1000 * (i + 1));
	}
	i3_test_end(&client->test);
	i3_test_end(&server->test);
	close_print(&client_says);
	close_print(&server_says);
	free(client);
	free(server);
}

static void our_two_ends_agree_byte_by_byte(void **state)
{
	struct i3_params p = {.parallel = 2, .time_s = 2, .version = "3.12"};

	for (unsigned udp = 0; udp < 2; udp++) {
		for (unsigned direction = 0; direction < 3; direction++) {
			p.udp = udp;
			p.rate = udp ? 1000000 : 0;
			p.reverse = direction == 1;
			p.bidir = direction == 2;
			two_ends_agree(&p);
		}
	}
}

/* ---- anything at all ---- */

/* What a peer might send, right or wrong, in pieces; the test must end or wait, no more. */
static unsigned random_bytes(struct wr_prng *prng, uint8_t *out)
{
	static const int8_t states[] = {1, 2, 4, 9, 10, 11, 12, 13, 14, 16, -1, -2, 77};
	static const char *const documents[] = {
		"{\"tcp\":true,\"parallel\":3}",
		"{\"udp\":true,\"bidirectional\":true,\"omit\":1}",
		"{\"cpu_util_total\":0,\"cpu_util_user\":0,\"cpu_util_system\":0,"
		"\"sender_has_retransmits\":1,\"streams\":[{\"id\":1,\"bytes\":3,"
		"\"retransmits\":0,\"jitter\":0,\"errors\":-9,\"packets\":1}]}",
	};
	const char *document = documents[wr_prng_below(prng, WR_LEN(documents))];
	unsigned n = (unsigned)strlen(document);

	if (wr_prng_below(prng, 2)) {
		out[0] = (uint8_t)states[wr_prng_below(prng, WR_LEN(states))];
		return 1;
	}
	memcpy(out, &(uint32_t) {__builtin_bswap32(n)}, 4);
	memcpy(out + 4, document, n);
	if (wr_prng_below(prng, 4) == 0)
		out[wr_prng_below(prng, n + 4)] = (uint8_t)wr_prng_u64(prng);
	return n + 4;
}

static void shake(struct end *e, struct wr_prng *prng)
{
	uint8_t bytes[512];

	for (unsigned step = 0; step < 40 && e->test.phase != I3_PHASE_OVER; step++) {
		unsigned n = random_bytes(prng, bytes);

		give(e, bytes, n);
		if (e->test.phase == I3_PHASE_STREAMS && e->test.up < e->test.streams &&
		    (e->test.server || e->opened))
			stream_up(e);
		for (unsigned i = 0; i < WR_LEN(e->sample); i++)
			e->sample[i].bytes += wr_prng_below(prng, 5000);
		if (e->test.phase != I3_PHASE_OVER)
			later(e, WR_MS(wr_prng_below(prng, 1500)));
	}
	if (e->test.phase != I3_PHASE_OVER)
		i3_test_interrupt(&e->test, e->now_ns);
	assert_int_equal(e->hung_up, 1);
}

static void any_bytes_lead_to_an_end_and_a_whole_document(void **state)
{
	struct i3_params p = {.time_s = 10, .version = "3.12"};
	struct wr_prng prng;

	for (unsigned seed = 0; seed < 3000; seed++) {
		struct printed printed;
		struct end *e = calloc(1, sizeof(*e));
		json_t *document;

		wr_prng_seed(&prng, seed);
		p.parallel = 1 + wr_prng_below(&prng, 3);
		p.udp = wr_prng_below(&prng, 2);
		open_print(&printed, true);
		begin(e, seed & 1, seed & 1 ? NULL : &p, &printed);
		if (!e->test.server)
			i3_test_connected(&e->test, e->now_ns);
		shake(e, &prng);
		fflush(printed.conf.out);
		document = json_loads(printed.text, 0, NULL);
		assert_non_null(document);
		json_decref(document);
		i3_test_end(&e->test);
		close_print(&printed);
		free(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_two_ends_agree_byte_by_byte),
		cmocka_unit_test(any_bytes_lead_to_an_end_and_a_whole_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
