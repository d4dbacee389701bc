/* SPDX-License-Identifier: BSD-3-Clause */
/* All tests of a process: events of the workers, and time. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "i3_session.h"
#include "wr_base.h"

#define EVENTS_ROUND 4096 /* of one worker in one round */
#define RULE         "-----------------------------------------------------------\n"

struct wr_iperf3 *wr_iperf3_new(const struct wr_iperf3_conf *conf, uint64_t now_ns)
{
	struct wr_iperf3 *i3 = calloc(1, sizeof(*i3));

	if (!i3)
		return NULL;
	i3->conf = conf;
	i3->now_ns = now_ns;
	wr_prng_seed(&i3->prng, conf->seed);
	return i3;
}

uint64_t wr_iperf3_worker_bytes(unsigned conns)
{
	return i3_worker_bytes(conns);
}

int wr_iperf3_attach(struct wr_iperf3 *i3, unsigned worker, struct wr_stack *stack,
                     struct wr_stats *stats, struct rte_mempool *pool, int socket,
                     struct wr_err *err)
{
	const struct i3_worker_conf conf = {
		.stack = stack,
		.stats = stats,
		.pool = pool,
		.listen_port = i3->conf->server ? i3->conf->port : 0,
		.claim_addr = i3->conf->laddr,
		.conns = i3->conf->conns,
		.socket = socket,
		.seed = wr_prng_u64(&i3->prng),
	};

	i3->worker[worker] = i3_worker_new(&conf, err);
	i3->stats[worker] = stats;
	if (!i3->worker[worker])
		return -ENOMEM;
	i3->workers = worker + 1;
	return 0;
}

void wr_iperf3_free(struct wr_iperf3 *i3)
{
	if (!i3)
		return;
	while (i3->session) {
		struct i3_session *s = i3->session;

		i3->session = s->next;
		i3_session_free(s);
	}
	for (unsigned i = 0; i < i3->workers; i++) {
		for (struct i3_waiting *w = i3->backlog[i].first, *next; w; w = next) {
			next = w->next;
			free(w);
		}
		i3_worker_free(i3->worker[i]);
	}
	free(i3);
}

/* ---- start ---- */

static void make_cookie(struct wr_iperf3 *i3, char cookie[I3_COOKIE_BYTES])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";

	for (unsigned i = 0; i < I3_COOKIE_BYTES - 1; i++)
		cookie[i] = letters[wr_prng_below(&i3->prng, 32)];
	cookie[I3_COOKIE_BYTES - 1] = '\0';
}

static void say_listening(struct wr_iperf3 *i3)
{
	const struct i3_report_conf *r = &i3->conf->report;

	if (r->json || r->json_stream)
		return;
	fprintf(r->out, RULE "Server listening on %u (test #%u)\n" RULE, i3->conf->port,
	        i3->finished + 1);
	fflush(r->out);
}

static void begin_client(struct wr_iperf3 *i3)
{
	char cookie[I3_COOKIE_BYTES];
	struct i3_session *s;

	make_cookie(i3, cookie);
	s = i3_session_new(i3, NULL, cookie);
	if (s)
		i3_session_connect(s);
	else
		i3->over = true;
}

void wr_iperf3_start(struct wr_iperf3 *i3, uint64_t now_ns)
{
	i3->now_ns = now_ns;
	if (i3->conf->server)
		say_listening(i3);
	else
		begin_client(i3);
}

/* ---- events ---- */

static struct i3_session *find(struct wr_iperf3 *i3, uint64_t number)
{
	struct i3_session *s = i3->session;

	while (s && s->number != number)
		s = s->next;
	return s;
}

static struct i3_link link_of(const struct i3_event *event, uint16_t worker)
{
	return (struct i3_link) {
		.there = event->index != I3_NO_INDEX,
		.worker = worker,
		.index = event->index,
		.generation = event->generation,
		.tuple = event->tuple,
		.age_us = event->age_us,
		.stamp_ns = event->stamp_ns,
	};
}

/* 36 printable characters and a NUL. */
static bool is_cookie(const char *text)
{
	for (unsigned i = 0; i < I3_COOKIE_BYTES - 1; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return text[I3_COOKIE_BYTES - 1] == '\0';
}

static void turn_away(struct wr_iperf3 *i3, const struct i3_link *link)
{
	struct i3_order order = {
		.kind = I3_ORDER_SEND,
		.index = link->index,
		.generation = link->generation,
		.bytes = 1,
		.text = {(char)I3_ACCESS_DENIED},
	};

	i3_post(i3, link->worker, &order);
	i3_post_link(i3, link, I3_ORDER_CLOSE);
}

static void begin_test(struct wr_iperf3 *i3, const struct i3_event *event,
                       const struct i3_link *link)
{
	struct i3_order order = {
		.kind = I3_ORDER_CONTROL,
		.index = link->index,
		.generation = link->generation,
	};
	struct i3_session *s;

	if (i3->sessions >= i3->conf->max_tests || i3->stopping || !is_cookie(event->text)) {
		turn_away(i3, link);
		return;
	}
	s = i3_session_new(i3, link, event->text);
	if (!s) {
		turn_away(i3, link);
		return;
	}
	s->test.control_mss = event->mss;
	order.tag = i3_tag(s, I3_TAG_CONTROL);
	i3_post(i3, link->worker, &order);
}

/* The first 37 bytes of a connection decide what it is. */
static void on_cookie(struct wr_iperf3 *i3, const struct i3_event *event, uint16_t worker)
{
	const struct i3_link link = link_of(event, worker);

	for (struct i3_session *s = i3->session; s; s = s->next) {
		if (s->closing || memcmp(s->test.cookie, event->text, I3_COOKIE_BYTES) != 0)
			continue;
		if (s->test.phase == I3_PHASE_STREAMS && !s->test.params.udp &&
		    s->test.control.raddr == event->tuple.raddr)
			i3_session_arrived(s, &link);
		else
			turn_away(i3, &link);
		return;
	}
	begin_test(i3, event, &link);
}

static void on_hello(struct wr_iperf3 *i3, const struct i3_event *event, uint16_t worker)
{
	const struct i3_link link = link_of(event, worker);

	for (struct i3_session *s = i3->session; s; s = s->next) {
		if (s->test.phase == I3_PHASE_STREAMS && s->test.params.udp &&
		    s->test.control.raddr == event->tuple.raddr) {
			i3_session_arrived(s, &link);
			return;
		}
	}
}

static void on_event(struct wr_iperf3 *i3, const struct i3_event *event, uint16_t worker)
{
	const struct i3_link link = link_of(event, worker);
	struct i3_session *s;
	unsigned stream = event->tag & UINT16_MAX;

	if (event->kind == I3_EVENT_COOKIE) {
		on_cookie(i3, event, worker);
		return;
	}
	if (event->kind == I3_EVENT_HELLO) {
		on_hello(i3, event, worker);
		return;
	}
	s = find(i3, event->tag >> 16);
	if (!s) {
		i3_post_link(i3, &link, I3_ORDER_CLOSE);
		return;
	}
	switch (event->kind) {
	case I3_EVENT_OPENED:
		i3_session_opened(s, stream, event, worker);
		break;
	case I3_EVENT_TEXT:
		if (stream == I3_TAG_CONTROL)
			i3_test_input(&s->test, event->text, event->bytes, i3->now_ns);
		break;
	case I3_EVENT_EOF:
		if (stream == I3_TAG_CONTROL)
			i3_test_lost(&s->test, "control socket has closed unexpectedly",
			             i3->now_ns);
		break;
	default:
		i3_session_ended(s, stream, event, worker);
	}
}

static void take_events(struct wr_iperf3 *i3)
{
	struct i3_event event;

	for (uint16_t w = 0; w < i3->workers; w++) {
		unsigned n = 0;

		while (n++ < EVENTS_ROUND &&
		       i3_ring_take(i3->worker[w]->events, &event, sizeof(event)))
			on_event(i3, &event, w);
	}
}

/* ---- rounds ---- */

static void sweep(struct wr_iperf3 *i3)
{
	for (struct i3_session **p = &i3->session; *p;) {
		struct i3_session *s = *p;

		i3_test_tick(&s->test, i3->now_ns);
		if (i3_session_flush(s)) {
			p = &s->next;
			continue;
		}
		*p = s->next;
		i3_session_free(s);
	}
}

bool wr_iperf3_run(struct wr_iperf3 *i3, uint64_t now_ns)
{
	unsigned finished = i3->finished;
	bool once = !i3->conf->server || i3->conf->one_off || i3->stopping;

	i3->now_ns = now_ns;
	take_events(i3);
	sweep(i3);
	i3_post_waiting(i3);
	if (i3->finished != finished && i3->sessions == 0 && !once)
		say_listening(i3);
	if (i3->session)
		return true;
	return !i3->over && !i3->stopping && !(once && i3->finished);
}

void wr_iperf3_interrupt(struct wr_iperf3 *i3, uint64_t now_ns)
{
	i3->now_ns = now_ns;
	i3->stopping = true;
	for (struct i3_session *s = i3->session; s; s = s->next)
		i3_test_interrupt(&s->test, now_ns);
}

enum wr_exit wr_iperf3_result(const struct wr_iperf3 *i3, char why[256])
{
	memcpy(why, i3->why, sizeof(i3->why));
	return i3->over ? WR_EXIT_ENVIRONMENT : i3->result;
}
