/* SPDX-License-Identifier: BSD-3-Clause */
/* Sockets: how they begin and end, and what the engine says about them. */

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/eventfd.h>

#include "drill.h"

/* ---- handles ---- */

struct drill_socket *drill_socket_of(struct drill *d, int fd)
{
	for (unsigned i = 0; fd >= 0 && i < DRILL_SOCKETS; i++)
		if (d->socket[i].fd == fd)
			return &d->socket[i];
	return NULL;
}

static struct drill_socket *new_socket(struct drill *d)
{
	for (unsigned i = 0; i < DRILL_SOCKETS; i++) {
		struct drill_socket *s = &d->socket[i];

		if (s->fd < 0) {
			*s = (struct drill_socket) {.drill = d, .fd = eventfd(0, EFD_CLOEXEC)};
			s->options = d->options;
			return s->fd < 0 ? NULL : s;
		}
	}
	return NULL;
}

ssize_t drill_fail(int error)
{
	errno = error;
	return -1;
}

struct drill_socket *drill_enter(struct drill *d, int fd)
{
	struct drill_socket *s;

	pthread_mutex_lock(&d->lock);
	s = drill_socket_of(d, fd);
	if (!s) {
		pthread_mutex_unlock(&d->lock);
		errno = EBADF;
	}
	return s;
}

ssize_t drill_leave(struct drill *d, ssize_t result)
{
	int error = errno;

	drill_work(d);
	pthread_mutex_unlock(&d->lock);
	errno = error;
	return result;
}

/* ---- what the engine says ---- */

static bool on_open(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct drill_socket *s = wr_tcb_user(c), *child;

	if (!s->listens) {
		s->connecting = false;
		s->was_open = true;
		return true;
	}
	child = new_socket(s->drill);
	if (!child)
		return false;
	child->c = c;
	child->was_open = true;
	child->options = s->options;
	child->listener = s;
	child->turn = s->drill->turns++;
	wr_tcb_set_user(c, child);
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
	((struct drill_socket *)wr_tcb_user(c))->eof = true;
}

static int errno_of(enum wr_reason reason, const struct drill_socket *s)
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
	struct drill_socket *s = wr_tcb_user(c);

	if (s->listens)
		return;
	s->c = NULL;
	s->connecting = false;
	s->error = errno_of(reason, s);
}

static const struct wr_tcp_events events = {on_open, on_data, on_room, on_peer_closed,
                                            on_closed};

/* ---- calls ---- */

static int make(void *userdata, int family, int type, int protocol)
{
	struct drill *d = userdata;
	struct drill_socket *s;

	if (family != AF_INET || (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != SOCK_STREAM)
		return (int)drill_fail(EPROTONOSUPPORT);
	pthread_mutex_lock(&d->lock);
	s = new_socket(d);
	if (s)
		s->nonblocking = type & SOCK_NONBLOCK;
	return (int)drill_leave(d, s ? s->fd : drill_fail(EMFILE));
}

static int bind_to(void *userdata, int fd, const struct sockaddr *addr, socklen_t len)
{
	const struct sockaddr_in *in = (const void *)addr;
	struct drill_socket *s = drill_enter(userdata, fd);

	if (!s)
		return -1;
	s->addr = ntohl(in->sin_addr.s_addr);
	s->port = ntohs(in->sin_port);
	return (int)drill_leave(userdata, 0);
}

int drill_listen_anew(struct drill_socket *s)
{
	const struct wr_tcp_listener listener = {s->addr, s->port, &events, s, s->options};

	wr_tcp_unlisten(s->drill->tcp, s->addr, s->port);
	return -wr_tcp_listen(s->drill->tcp, &listener);
}

static int listen_on(void *userdata, int fd, int backlog)
{
	struct drill_socket *s = drill_enter(userdata, fd);
	int error;

	if (!s)
		return -1;
	error = drill_listen_anew(s);
	s->listens = error == 0;
	return (int)drill_leave(userdata, error ? drill_fail(error) : 0);
}

static struct drill_socket *first_waiting(struct drill_socket *listener)
{
	struct drill *d = listener->drill;
	struct drill_socket *first = NULL;

	for (unsigned i = 0; i < DRILL_SOCKETS; i++) {
		struct drill_socket *s = &d->socket[i];

		if (s->fd >= 0 && s->listener == listener && (!first || s->turn < first->turn))
			first = s;
	}
	return first;
}

bool drill_someone_waits(void *listener)
{
	return first_waiting(listener);
}

static int take(void *userdata, int fd, struct sockaddr *addr, socklen_t *len)
{
	struct drill *d = userdata;
	struct drill_socket *s = drill_enter(d, fd), *child;
	struct sockaddr_in from = {.sin_family = AF_INET};
	struct wr_tuple tuple = {0};

	if (!s)
		return -1;
	if (!s->listens)
		return (int)drill_leave(d, drill_fail(EINVAL));
	if (!drill_someone_waits(s) &&
	    (s->nonblocking || !drill_wait(d, drill_someone_waits, s, UINT64_MAX)))
		return (int)drill_leave(d, drill_fail(EAGAIN));
	child = first_waiting(s);
	child->listener = NULL;
	if (child->c)
		wr_tcb_tuple(child->c, &tuple);
	from.sin_addr.s_addr = htonl(tuple.raddr);
	from.sin_port = htons(tuple.rport);
	if (addr) {
		memcpy(addr, &from, RTE_MIN(*len, sizeof(from)));
		*len = sizeof(from);
	}
	return (int)drill_leave(d, child->fd);
}

static bool has_decided(void *socket)
{
	return !((struct drill_socket *)socket)->connecting;
}

static int begin_connect(struct drill *d, struct drill_socket *s, const struct sockaddr_in *to)
{
	const struct wr_tcp_connect connect = {
		.laddr = s->addr,
		.lport = s->port,
		.raddr = ntohl(to->sin_addr.s_addr),
		.rport = ntohs(to->sin_port),
		.events = &events,
		.user = s,
		.options = s->options,
	};
	int rc = wr_tcp_connect(d->tcp, &connect, &s->c);

	s->connecting = rc == 0;
	return rc;
}

static int connect_to(void *userdata, int fd, const struct sockaddr *addr, socklen_t len)
{
	struct drill *d = userdata;
	struct drill_socket *s = drill_enter(d, fd);
	int rc;

	if (!s)
		return -1;
	rc = s->connecting ? -EALREADY
	     : s->c        ? -EISCONN
	                   : begin_connect(d, s, (const void *)addr);
	if (rc)
		return (int)drill_leave(d, drill_fail(-rc));
	if (s->nonblocking)
		return (int)drill_leave(d, drill_fail(EINPROGRESS));
	drill_wait(d, has_decided, s, UINT64_MAX);
	rc = s->error;
	s->error = 0;
	return (int)drill_leave(d, rc ? drill_fail(rc) : 0);
}

static int shut(void *userdata, int fd, int how)
{
	struct drill *d = userdata;
	struct drill_socket *s = drill_enter(d, fd);

	if (!s)
		return -1;
	if (!s->c)
		return (int)drill_leave(d, drill_fail(ENOTCONN));
	s->reads_no_more |= how != SHUT_WR;
	if (how != SHUT_RD && !s->writes_no_more) {
		s->writes_no_more = true;
		wr_tcp_close(d->tcp, s->c);
	}
	return (int)drill_leave(d, 0);
}

static void end(struct drill *d, struct drill_socket *s)
{
	if (s->c && s->resets_at_close)
		wr_tcp_abort(d->tcp, s->c);
	else if (s->c)
		wr_tcp_release(d->tcp, s->c);
	close(s->fd);
	s->fd = -1;
}

static int end_call(void *userdata, int fd)
{
	struct drill *d = userdata;
	struct drill_socket *s = drill_enter(d, fd), *child;

	if (!s)
		return -1;
	if (s->listens) {
		wr_tcp_unlisten(d->tcp, s->addr, s->port);
		while ((child = first_waiting(s)) != NULL) {
			child->resets_at_close = true;
			end(d, child);
		}
	}
	end(d, s);
	return (int)drill_leave(d, 0);
}

static void end_all(void *userdata)
{
	struct drill *d = userdata;

	pthread_mutex_lock(&d->lock);
	for (unsigned i = 0; i < DRILL_SOCKETS; i++)
		if (d->socket[i].fd >= 0)
			end(d, &d->socket[i]);
	drill_leave(d, 0);
}

void drill_fill_sockets(struct drill_table *table)
{
	table->free = end_all;
	table->socket = make;
	table->bind = bind_to;
	table->listen = listen_on;
	table->accept = take;
	table->connect = connect_to;
	table->shutdown = shut;
	table->close = end_call;
}
