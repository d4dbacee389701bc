/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "i3_session.h"
#include "wr_base.h"

#define CLOSING_NS  WR_S(10) /* a peer that does not read the rest is reset */
#define STOPPING_NS WR_S(1)  /* the same when a signal came */
#define CONNECT_NS  WR_S(10) /* for a way to the server */

static struct i3_session *of(struct i3_test *t)
{
	return (struct i3_session *)t;
}

/* ---- numbers for reports ---- */

static int take_socket(struct wr_iperf3 *i3)
{
	for (int n = I3_SOCKET_LOW; n < I3_SOCKETS; n++) {
		uint64_t bit = UINT64_C(1) << n % 64;

		if (!(i3->socket_used[n / 64] & bit)) {
			i3->socket_used[n / 64] |= bit;
			return n;
		}
	}
	return I3_SOCKETS;
}

static void give_socket(struct wr_iperf3 *i3, int n)
{
	if (n >= I3_SOCKET_LOW && n < I3_SOCKETS)
		i3->socket_used[n / 64] &= ~(UINT64_C(1) << n % 64);
}

/* ---- what the test asks for ---- */

static void on_write(struct i3_test *t, const void *bytes, size_t n)
{
	struct i3_session *s = of(t);
	size_t room = s->out_room ? s->out_room : 1024;
	char *out;

	if (s->out_at == s->out_bytes)
		s->out_at = s->out_bytes = 0;
	while (room < s->out_bytes + n)
		room *= 2;
	out = room > s->out_room ? realloc(s->out, room) : s->out;
	if (!out)
		return; /* the peer misses it, and the guard times end the test */
	memcpy(out + s->out_bytes, bytes, n);
	s->out = out;
	s->out_room = room;
	s->out_bytes += n;
}

static void fill_flow(const struct i3_session *s, unsigned stream, struct i3_flow *flow)
{
	const struct i3_test *t = &s->test;
	const struct i3_params *p = &t->params;
	uint64_t all = p->blocks ? p->blocks * p->len : p->bytes;
	uint64_t share = (all + p->parallel - 1) / p->parallel;

	*flow = (struct i3_flow) {
		.udp = p->udp,
		.sender = t->stream[stream].sender,
		.is_64bit = p->udp_64bit,
		.repeating = p->repeating,
		.nodelay = p->nodelay,
		.tos = p->tos,
		.mss = (uint16_t)p->mss,
		.len = p->len,
		.burst = p->burst,
		.rate = p->rate,
	};
	/* The client's share, in whole datagrams; what is omitted does not count. */
	if (!t->server && !p->omit_s)
		flow->quota = p->udp ? (share + p->len - 1) / p->len * p->len : share;
}

static bool make_links(struct i3_session *s)
{
	if (!s->stream)
		s->stream = calloc(s->test.streams, sizeof(*s->stream));
	return s->stream;
}

static void on_open(struct i3_test *t, unsigned stream)
{
	struct i3_session *s = of(t);
	const struct wr_iperf3_conf *conf = s->i3->conf;
	struct i3_order order = {
		.kind = t->params.udp ? I3_ORDER_UDP_CONNECT : I3_ORDER_CONNECT,
		.tag = i3_tag(s, stream),
		.tuple = {conf->laddr, conf->raddr, 0, conf->port},
		.timeout_ms = conf->connect_timeout_ms,
	};
	uint16_t worker = (uint16_t)(stream % s->i3->workers);

	if (!make_links(s)) {
		i3_test_lost(t, "there is no memory for the streams", s->i3->now_ns);
		return;
	}
	if (conf->cport) {
		order.tuple.lport = (uint16_t)(conf->cport + stream);
		worker = (uint16_t)wr_owner_of(conf->owner, &order.tuple);
	}
	fill_flow(s, stream, &order.flow);
	memcpy(order.text, t->cookie, I3_COOKIE_BYTES);
	i3_post(s->i3, worker, &order);
}

void i3_session_connect(struct i3_session *s)
{
	const struct wr_iperf3_conf *conf = s->i3->conf;
	struct i3_order order = {
		.kind = I3_ORDER_CONNECT,
		.is_control = true,
		.tag = i3_tag(s, I3_TAG_CONTROL),
		.tuple = {conf->laddr, conf->raddr, 0, conf->port},
		.timeout_ms = conf->connect_timeout_ms,
	};

	s->test.control = order.tuple;
	memcpy(order.text, s->test.cookie, I3_COOKIE_BYTES);
	i3_post(s->i3, 0, &order);
}

/* UDP streams carry no cookie: tests of one source address create theirs one by one. */
static bool on_may_create(struct i3_test *t)
{
	struct i3_session *s = of(t);

	if (!t->params.udp)
		return true;
	for (const struct i3_session *o = s->i3->session; o; o = o->next)
		if (o != s && o->test.params.udp && o->test.phase == I3_PHASE_STREAMS &&
		    o->test.control.raddr == t->control.raddr)
			return false;
	return true;
}

static void read_cycles(const struct wr_iperf3 *i3, uint64_t *busy, uint64_t *all)
{
	*busy = *all = 0;
	for (unsigned i = 0; i < i3->workers; i++) {
		*busy += wr_stat_read(&i3->stats[i]->n[WR_STAT_cycles_busy]);
		*all += wr_stat_read(&i3->stats[i]->n[WR_STAT_cycles_idle]);
	}
	*all += *busy;
}

static void on_start(struct i3_test *t, unsigned stream)
{
	struct i3_session *s = of(t);

	if (stream == 0)
		read_cycles(s->i3, &s->busy_cycles, &s->all_cycles);
	i3_post_link(s->i3, &s->stream[stream], I3_ORDER_START);
}

static void on_stop(struct i3_test *t, unsigned stream)
{
	struct i3_session *s = of(t);

	i3_post_link(s->i3, &s->stream[stream], I3_ORDER_STOP);
}

static void on_sample(struct i3_test *t, unsigned stream, struct i3_sample *out)
{
	const struct i3_session *s = of(t);
	const struct i3_link *link = s->stream ? &s->stream[stream] : NULL;
	const struct i3_counters *n;

	*out = (struct i3_sample) {.stopped = true};
	if (!link || !link->there)
		return;
	n = i3_link_counters(s->i3, link);
	*out = (struct i3_sample) {
		.stopped = wr_stat_read(&n->stopped),
		.bytes = wr_stat_read(&n->bytes),
		.packets = wr_stat_read(&n->packets),
		.lost = wr_stat_read(&n->lost),
		.out_of_order = wr_stat_read(&n->out_of_order),
		.rexmits = wr_stat_read(&n->rexmits),
		.cwnd = wr_stat_read(&n->cwnd),
		.snd_wnd = wr_stat_read(&n->snd_wnd),
		.mss = wr_stat_read(&n->mss),
		.rtt_us = wr_stat_read(&n->rtt_us),
		.rttvar_us = wr_stat_read(&n->rttvar_us),
		.jitter_s = (double)wr_stat_read(&n->jitter_ns) / 1e9,
	};
}

static double on_busy(struct i3_test *t, uint64_t begin_ns)
{
	const struct i3_session *s = of(t);
	uint64_t busy, all;

	read_cycles(s->i3, &busy, &all);
	if (all == s->all_cycles)
		return 0;
	return 100.0 * (double)(busy - s->busy_cycles) / (double)(all - s->all_cycles);
}

static void on_drop_streams(struct i3_test *t)
{
	struct i3_session *s = of(t);

	for (unsigned i = 0; s->stream && i < s->test.streams; i++) {
		i3_post_link(s->i3, &s->stream[i], I3_ORDER_CLOSE);
		s->stream[i].there = false;
	}
}

static void on_hang_up(struct i3_test *t)
{
	struct i3_session *s = of(t);
	struct wr_iperf3 *i3 = s->i3;

	on_drop_streams(t);
	s->closing = true;
	s->closing_ns = i3->now_ns;
	i3->sessions--;
	i3->finished++;
	i3->result = t->failed ? WR_EXIT_FAILED : WR_EXIT_OK;
	snprintf(i3->why, sizeof(i3->why), "%s", t->why);
	for (unsigned i = 0; i < t->streams; i++)
		give_socket(i3, t->stream[i].socket);
}

const struct i3_test_ops i3_session_ops = {
	.write = on_write,
	.open = on_open,
	.may_create = on_may_create,
	.start = on_start,
	.stop = on_stop,
	.sample = on_sample,
	.drop_streams = on_drop_streams,
	.busy = on_busy,
	.hang_up = on_hang_up,
};

/* ---- streams ---- */

/* When the SYN came, in ticks of the engine: the client opens one after another. */
static uint64_t syn_tick(const struct i3_link *link)
{
	return link->stamp_ns / WR_US(1 << WR_TICK_SHIFT) - (link->age_us >> WR_TICK_SHIFT);
}

static int by_age(const void *a, const void *b)
{
	const struct i3_link *x = a, *y = b;

	if (syn_tick(x) != syn_tick(y))
		return syn_tick(x) < syn_tick(y) ? -1 : 1;
	return x->stamp_ns < y->stamp_ns ? -1 : x->stamp_ns > y->stamp_ns;
}

static void tell_up(struct i3_session *s)
{
	struct i3_test *t = &s->test;
	const struct i3_link *link = &s->stream[t->up];

	t->stream[t->up].socket = take_socket(s->i3);
	i3_test_stream_up(t, &link->tuple, s->i3->now_ns);
}

/* All TCP streams have come: they get their numbers in the order of their SYNs. */
static void number_streams(struct i3_session *s)
{
	qsort(s->stream, s->test.streams, sizeof(*s->stream), by_age);
	for (unsigned i = 0; i < s->test.streams; i++) {
		struct i3_order order = {
			.kind = I3_ORDER_STREAM,
			.index = s->stream[i].index,
			.generation = s->stream[i].generation,
			.tag = i3_tag(s, i),
		};

		fill_flow(s, i, &order.flow);
		i3_post(s->i3, s->stream[i].worker, &order);
	}
	for (unsigned i = 0; i < s->test.streams && s->test.phase == I3_PHASE_STREAMS; i++)
		tell_up(s);
}

static void accept_flow(struct i3_session *s, const struct i3_link *link)
{
	struct i3_order order = {
		.kind = I3_ORDER_UDP_ACCEPT,
		.tag = i3_tag(s, s->arrived - 1),
		.tuple = link->tuple,
	};

	fill_flow(s, s->arrived - 1, &order.flow);
	i3_post(s->i3, link->worker, &order);
}

/* A hello that came twice. */
static bool is_known(const struct i3_session *s, const struct wr_tuple *tuple)
{
	for (unsigned i = 0; i < s->arrived; i++)
		if (wr_tuple_eq(&s->stream[i].tuple, tuple))
			return true;
	return false;
}

void i3_session_arrived(struct i3_session *s, const struct i3_link *link)
{
	if (!make_links(s) || s->arrived == s->test.streams || is_known(s, &link->tuple)) {
		i3_post_link(s->i3, link, I3_ORDER_ABORT);
		return;
	}
	s->stream[s->arrived++] = *link;
	if (s->test.params.udp)
		accept_flow(s, link);
	else if (s->arrived == s->test.streams)
		number_streams(s);
}

void i3_session_opened(struct i3_session *s, unsigned stream, const struct i3_event *event,
                       uint16_t worker)
{
	const struct i3_link link = {
		.there = true,
		.worker = worker,
		.index = event->index,
		.generation = event->generation,
		.tuple = event->tuple,
	};

	if (s->closing || (stream != I3_TAG_CONTROL && (!s->stream || stream != s->test.up))) {
		i3_post_link(s->i3, &link, I3_ORDER_CLOSE);
	} else if (stream == I3_TAG_CONTROL) {
		s->control = link;
		s->posted = I3_COOKIE_BYTES; /* by the worker itself */
		s->test.control = event->tuple;
		s->test.control_mss = event->mss;
		i3_test_connected(&s->test, s->i3->now_ns);
	} else {
		s->stream[stream] = link;
		tell_up(s);
	}
}

/* A link or a neighbour that has just come up is not there at once. */
static bool may_try_again(const struct i3_session *s, enum wr_reason reason)
{
	uint32_t ms = s->i3->conf->connect_timeout_ms;
	uint64_t patience_ns = ms ? WR_MS(ms) : CONNECT_NS;

	return s->test.phase == I3_PHASE_CONNECT &&
	       (reason == WR_REASON_no_route || reason == WR_REASON_unreachable) &&
	       s->i3->now_ns - s->test.phase_ns < patience_ns;
}

static const char *explain(enum wr_reason reason)
{
	switch (reason) {
	case WR_REASON_refused:
	case WR_REASON_reset_by_peer:
		return "Connection refused";
	case WR_REASON_unreachable:
	case WR_REASON_no_route:
		return "No route to host";
	case WR_REASON_no_memory:
		return "Cannot allocate memory";
	default:
		return "Connection timed out";
	}
}

/* Lets go of the record of a connection that did not come to be. */
static void forget(struct wr_iperf3 *i3, const struct i3_event *event, uint16_t worker)
{
	const struct i3_link link = {
		.there = event->index != I3_NO_INDEX,
		.worker = worker,
		.index = event->index,
		.generation = event->generation,
	};

	i3_post_link(i3, &link, I3_ORDER_CLOSE);
}

void i3_session_ended(struct i3_session *s, unsigned stream, const struct i3_event *event,
                      uint16_t worker)
{
	char why[128];

	if (stream == I3_TAG_CONTROL && may_try_again(s, (enum wr_reason)event->reason)) {
		forget(s->i3, event, worker);
		i3_session_connect(s);
	} else if (stream == I3_TAG_CONTROL) {
		if (!s->control.there)
			forget(s->i3, event, worker);
		s->control.ended = true;
		if (s->test.phase == I3_PHASE_CONNECT)
			snprintf(why, sizeof(why), "unable to connect to server: %s",
			         explain((enum wr_reason)event->reason));
		else
			snprintf(why, sizeof(why), "control socket has closed unexpectedly");
		i3_test_lost(&s->test, why, s->i3->now_ns);
	} else if (s->test.phase == I3_PHASE_STREAMS && !s->test.server) {
		snprintf(why, sizeof(why), "unable to connect stream: %s",
		         explain((enum wr_reason)event->reason));
		i3_test_lost(&s->test, why, s->i3->now_ns);
	} else if (!s->stream_lost_ns) {
		s->stream_lost_ns = s->i3->now_ns;
	}
}

/* ---- life ---- */

struct i3_session *i3_session_new(struct wr_iperf3 *i3, const struct i3_link *control,
                                  const char *cookie)
{
	struct i3_session *s = calloc(1, sizeof(*s));
	struct i3_test *t;

	if (!s)
		return NULL;
	t = &s->test;
	s->i3 = i3;
	s->number = ++i3->numbers;
	s->next = i3->session;
	i3->session = s;
	i3->sessions++;
	if (control) {
		s->control = *control;
		t->control = control->tuple;
	}
	t->ops = &i3_session_ops;
	t->server = i3->conf->server;
	t->cc = i3->conf->cc;
	t->rcv_timeout_ns = i3->conf->rcv_timeout_ns;
	memcpy(t->cookie, cookie, I3_COOKIE_BYTES);
	if (!t->server)
		t->params = i3->conf->params;
	i3_test_begin(t, &i3->conf->report, i3->now_ns);
	return s;
}

void i3_session_free(struct i3_session *s)
{
	i3_test_end(&s->test);
	free(s->stream);
	free(s->out);
	free(s);
}

/* Bytes that the control connection takes beyond what is under way. */
static uint64_t room(const struct i3_session *s)
{
	const struct i3_counters *n = i3_link_counters(s->i3, &s->control);
	uint64_t under_way = s->posted - wr_stat_read(&n->taken);
	uint64_t takes = wr_stat_read(&n->room);

	return takes > under_way ? takes - under_way : 0;
}

static void send_some(struct i3_session *s)
{
	struct i3_order order = {
		.kind = I3_ORDER_SEND,
		.index = s->control.index,
		.generation = s->control.generation,
	};
	uint64_t left = room(s);

	while (s->out_at < s->out_bytes && left) {
		size_t n = s->out_bytes - s->out_at;

		n = n < I3_TEXT_BYTES ? n : I3_TEXT_BYTES;
		n = n < left ? n : left;
		memcpy(order.text, s->out + s->out_at, n);
		order.bytes = (uint16_t)n;
		i3_post(s->i3, s->control.worker, &order);
		s->out_at += n;
		s->posted += n;
		left -= n;
	}
}

bool i3_session_flush(struct i3_session *s)
{
	uint64_t patience_ns = s->i3->stopping ? STOPPING_NS : CLOSING_NS;
	bool late = s->closing && s->i3->now_ns - s->closing_ns >= patience_ns;

	if (s->stream_lost_ns && s->i3->now_ns - s->stream_lost_ns >= WR_S(1)) {
		s->stream_lost_ns = 0;
		if (s->test.phase == I3_PHASE_RUNNING || s->test.phase == I3_PHASE_STREAMS)
			i3_test_lost(&s->test, "a stream has closed unexpectedly",
			             s->i3->now_ns);
	}
	if (s->control.there && !s->control.ended)
		send_some(s);
	if (!s->closing)
		return true;
	if (s->control.there && !s->control.ended && s->out_at < s->out_bytes && !late)
		return true;
	i3_post_link(s->i3, &s->control, late ? I3_ORDER_ABORT : I3_ORDER_CLOSE);
	s->control.there = false;
	return false;
}
