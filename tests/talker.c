/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "talker.h"
#include "wr_test.h"

#define SERVER  0
#define CLIENT  1
#define A_WHILE WR_MS(20)

static struct wr_tcp *tcp_of(struct talker *t)
{
	return wr_stack_tcp(t->wire->host[CLIENT].core[0]);
}

static void speak(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct talker *t = wr_tcb_user(c);
	int rc = 0;

	while (!rc && t->said < t->len) {
		size_t n = t->piece ? t->piece : 1000;
		struct rte_mbuf *m = rte_pktmbuf_alloc(t->wire->host[CLIENT].pool);

		assert_non_null(m);
		n = n < t->len - t->said ? n : t->len - t->said;
		memcpy(rte_pktmbuf_append(m, (uint16_t)n), t->text + t->said, n);
		rc = wr_tcp_send(tcp, c, m);
		if (rc)
			rte_pktmbuf_free(m);
		else
			t->said += n;
		if (t->piece) /* so that pieces do not grow together */
			wr_tcp_flush(tcp, t->wire->now_ns / 1000);
	}
	if (t->said == t->len && t->hangs_up)
		wr_tcp_close(tcp, c);
}

static bool on_open(struct wr_tcp *tcp, struct wr_tcb *c)
{
	((struct talker *)wr_tcb_user(c))->opened++;
	speak(tcp, c);
	return true;
}

static void make_room(struct talker *t, size_t bytes)
{
	if (t->heard_len + bytes < t->heard_room)
		return;
	t->heard_room = 2 * (t->heard_len + bytes + 1);
	t->heard = realloc(t->heard, t->heard_room);
	assert_non_null(t->heard);
}

static bool on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	struct talker *t = wr_tcb_user(c);

	if (t->paused)
		return false;
	if (!t->forgets) {
		make_room(t, m->data_len);
		memcpy(t->heard + t->heard_len, rte_pktmbuf_mtod(m, char *), m->data_len);
		t->heard[t->heard_len + m->data_len] = 0;
	}
	t->heard_len += m->data_len;
	rte_pktmbuf_free(m);
	return true;
}

static void on_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct talker *t = wr_tcb_user(c);

	t->peer_closed++;
	if (!t->stays)
		wr_tcp_close(tcp, c);
}

static void on_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	struct talker *t = wr_tcb_user(c);

	t->closed++;
	t->reason = reason;
	t->c = NULL;
}

static const struct wr_tcp_events events = {
	.on_open = on_open,
	.on_data = on_data,
	.on_room = speak,
	.on_peer_closed = on_peer_closed,
	.on_closed = on_closed,
};

void talker_start(struct talker *t, struct wire *wire, uint16_t port)
{
	struct wr_tcp_connect to = {
		.raddr = wire->host[SERVER].conf.ip.addr[0].addr,
		.rport = port,
		.events = &events,
		.user = t,
	};

	t->wire = wire;
	talker_forget(t);
	wr_tcp_options_default(&to.options);
	to.options.nodelay = true;
	assert_int_equal(wr_tcp_connect(tcp_of(t), &to, &t->c), 0);
	wire_run(wire, A_WHILE);
}

void talker_say_bytes(struct talker *t, const void *text, size_t len)
{
	assert_int_equal(t->said, t->len);
	t->text = text;
	t->len = len;
	t->said = 0;
	if (t->c)
		speak(tcp_of(t), t->c);
	wire_run(t->wire, A_WHILE);
}

void talker_say(struct talker *t, const char *text)
{
	talker_say_bytes(t, text, strlen(text));
}

void talker_hang_up(struct talker *t)
{
	if (t->c)
		wr_tcp_close(tcp_of(t), t->c);
	wire_run(t->wire, A_WHILE);
}

void talker_wake(struct talker *t, uint64_t ns)
{
	t->paused = false;
	if (t->c)
		wr_tcp_resume(tcp_of(t), t->c);
	wire_run(t->wire, ns);
}

void talker_forget(struct talker *t)
{
	free(t->heard);
	t->heard = calloc(1, 1);
	assert_non_null(t->heard);
	t->heard_len = 0;
	t->heard_room = 1;
}

void talker_free(struct talker *t)
{
	free(t->heard);
	t->heard = NULL;
}
