/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#include "socket.h"
#include "wr_test.h"

struct socket *socket_new(struct wr_tcp *tcp)
{
	struct socket *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	s->tcp = tcp;
	wr_tcp_options_default(&s->options);
	STAILQ_INIT(&s->waiting);
	return s;
}

/* ---- what the engine says ---- */

static bool on_open(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct socket *s = wr_tcb_user(c), *child = s;

	if (s->listens) {
		child = socket_new(tcp);
		child->c = c;
		child->options = s->options;
		STAILQ_INSERT_TAIL(&s->waiting, child, next);
		wr_tcb_set_user(c, child);
	}
	child->was_open = true;
	return true;
}

/* Text stays with the engine until it is read. */
static bool on_data(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m)
{
	return false;
}

static void on_room(struct wr_tcp *tcp, struct wr_tcb *c)
{
}

static void on_peer_closed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	((struct socket *)wr_tcb_user(c))->eof = true;
}

static int errno_of(const struct socket *s, enum wr_reason reason)
{
	switch (reason) {
	case WR_REASON_finished:
	case WR_REASON_aborted:
		return 0;
	case WR_REASON_refused:
		return ECONNREFUSED;
	case WR_REASON_reset_by_peer:
		return s->eof && !s->writes_no_more ? EPIPE : ECONNRESET;
	case WR_REASON_no_route:
	case WR_REASON_unreachable:
		return EHOSTUNREACH;
	default:
		return ETIMEDOUT;
	}
}

static void on_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	struct socket *s = wr_tcb_user(c);

	if (s->listens) /* a handshake that did not end well */
		return;
	s->c = NULL;
	s->error = errno_of(s, reason);
}

static const struct wr_tcp_events events = {
	.on_open = on_open,
	.on_data = on_data,
	.on_room = on_room,
	.on_peer_closed = on_peer_closed,
	.on_closed = on_closed,
};

/* ---- what is asked of them ---- */

int socket_error(struct socket *s)
{
	int error = s->error;

	s->error = 0;
	return error;
}

bool socket_is_readable(const struct socket *s)
{
	if (s->listens)
		return !STAILQ_EMPTY(&s->waiting);
	return s->eof || s->reads_no_more || !s->c || wr_tcp_peek(s->c, NULL, 1);
}

bool socket_is_writable(const struct socket *s)
{
	return s->writes_no_more || !s->c || (s->was_open && wr_tcp_room(s->tcp, s->c));
}

int socket_listen(struct socket *s)
{
	const struct wr_tcp_listener listener = {s->addr, s->port, &events, s, s->options};

	if (s->listens)
		wr_tcp_unlisten(s->tcp, s->addr, s->port);
	s->listens = true;
	return wr_tcp_listen(s->tcp, &listener);
}

struct socket *socket_accept(struct socket *listener)
{
	struct socket *child = STAILQ_FIRST(&listener->waiting);

	if (child)
		STAILQ_REMOVE_HEAD(&listener->waiting, next);
	return child;
}

int socket_connect(struct socket *s, uint32_t addr, uint16_t port)
{
	const struct wr_tcp_connect to = {
		.laddr = s->addr,
		.lport = s->port,
		.raddr = addr,
		.rport = port,
		.events = &events,
		.user = s,
		.options = s->options,
	};
	int rc = s->c ? -EISCONN : wr_tcp_connect(s->tcp, &to, &s->c);

	return rc ? rc : -EINPROGRESS;
}

int socket_recv(struct socket *s, void *to, uint32_t len, bool peek)
{
	if (!socket_is_readable(s))
		return -EAGAIN;
	if (!s->c || !wr_tcp_peek(s->c, NULL, 1))
		return s->error || s->was_open ? -socket_error(s) : -ENOTCONN;
	return (int)(peek ? wr_tcp_peek(s->c, to, len) : wr_tcp_read(s->tcp, s->c, to, len));
}

int socket_send(struct socket *s, const void *from, uint32_t len, bool more)
{
	if (!s->c || s->writes_no_more)
		return s->error ? -socket_error(s) : -EPIPE;
	if (!socket_is_writable(s))
		return -EAGAIN;
	return (int)wr_tcp_write(s->tcp, s->c, from, len, more);
}

int socket_shutdown(struct socket *s, int how)
{
	if (!s->c)
		return -ENOTCONN;
	if (how != SHUT_RD && !s->writes_no_more)
		wr_tcp_close(s->tcp, s->c);
	s->reads_no_more |= how != SHUT_WR;
	s->writes_no_more |= how != SHUT_RD;
	return 0;
}

void socket_close(struct socket *s)
{
	struct socket *child;

	if (s->listens)
		wr_tcp_unlisten(s->tcp, s->addr, s->port);
	while ((child = socket_accept(s)) != NULL) {
		child->resets_at_close = true;
		socket_close(child);
	}
	if (s->c && s->resets_at_close)
		wr_tcp_abort(s->tcp, s->c);
	else if (s->c)
		wr_tcp_release(s->tcp, s->c);
	free(s);
}

static bool set(struct wr_tcp_options *o, int name, uint32_t value)
{
	switch (name) {
	case TCP_NODELAY:
		o->nodelay = value;
		return true;
	case TCP_CORK:
		o->cork = value;
		return true;
	case TCP_MAXSEG:
		o->mss = (uint16_t)value;
		return true;
	case TCP_USER_TIMEOUT:
		o->user_timeout_ms = value;
		return true;
	default:
		return false;
	}
}

int socket_set_option(struct socket *s, int name, uint32_t value)
{
	if (!set(&s->options, name, value))
		return -ENOPROTOOPT;
	if (s->c)
		wr_tcp_set_options(s->tcp, s->c, &s->options);
	return s->listens ? socket_listen(s) : 0;
}
