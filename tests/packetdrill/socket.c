/* SPDX-License-Identifier: BSD-3-Clause */
/* Sockets: how they begin and end, and what the engine says about them. */

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/eventfd.h>

#include "drill.h"

int drill_fail(int error)
{
	errno = error;
	return error ? -1 : 0;
}

int drill_error(struct drill_socket *s)
{
	int error = s->error;

	s->error = 0;
	return error;
}

struct drill_socket *drill_socket_of(struct drill *d, int fd)
{
	for (unsigned i = 0; fd >= 0 && i < DRILL_SOCKETS; i++)
		if (d->socket[i].fd == fd)
			return &d->socket[i];
	return NULL;
}

static struct drill_socket *new_socket(struct drill *d)
{
	struct drill_socket *s = d->socket;

	while (s < d->socket + DRILL_SOCKETS && s->fd >= 0)
		s++;
	if (s == d->socket + DRILL_SOCKETS)
		return NULL;
	*s = (struct drill_socket) {.drill = d, .fd = eventfd(0, EFD_CLOEXEC)};
	s->options = d->options;
	return s;
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

void drill_leave(struct drill_socket **s)
{
	int error = errno;

	if (!*s)
		return;
	drill_work((*s)->drill);
	pthread_mutex_unlock(&(*s)->drill->lock);
	errno = error;
}

/* ---- what the engine says ---- */

static bool on_open(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct drill_socket *s = wr_tcb_user(c), *child = s;

	if (s->listens) {
		child = new_socket(s->drill);
		if (!child)
			return false;
		child->c = c;
		child->options = s->options;
		child->listener = s;
		child->turn = s->drill->turns++;
		wr_tcb_set_user(c, child);
	}
	child->connecting = false;
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
	((struct drill_socket *)wr_tcb_user(c))->eof = true;
}

static void on_closed(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	struct drill_socket *s = wr_tcb_user(c);

	if (s->listens)
		return;
	s->c = NULL;
	s->connecting = false;
	s->error = reason == WR_REASON_finished || reason == WR_REASON_aborted ? 0
	           : reason == WR_REASON_refused                               ? ECONNREFUSED
	           : reason == WR_REASON_no_route || reason == WR_REASON_unreachable
	                   ? EHOSTUNREACH
	           : reason != WR_REASON_reset_by_peer ? ETIMEDOUT
	           : s->eof && !s->writes_no_more      ? EPIPE
	                                               : ECONNRESET;
}

static const struct wr_tcp_events events = {on_open, on_data, on_room, on_peer_closed,
                                            on_closed};

/* ---- calls ---- */

static int make(void *userdata, int family, int type, int protocol)
{
	struct drill *d = userdata;
	struct drill_socket *s;

	if (family != AF_INET || (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != SOCK_STREAM)
		return drill_fail(EPROTONOSUPPORT);
	pthread_mutex_lock(&d->lock);
	s = new_socket(d);
	if (s)
		s->nonblocking = type & SOCK_NONBLOCK;
	pthread_mutex_unlock(&d->lock);
	return s ? s->fd : drill_fail(EMFILE);
}

static int bind_to(void *userdata, int fd, const struct sockaddr *addr, socklen_t len)
{
	const struct sockaddr_in *in = (const void *)addr;

	DRILL_CALL(s, userdata, fd);
	s->addr = ntohl(in->sin_addr.s_addr);
	s->port = ntohs(in->sin_port);
	return 0;
}

int drill_listen_anew(struct drill_socket *s)
{
	const struct wr_tcp_listener listener = {s->addr, s->port, &events, s, s->options};

	wr_tcp_unlisten(s->drill->tcp, s->addr, s->port);
	s->listens = true;
	return drill_fail(-wr_tcp_listen(s->drill->tcp, &listener));
}

static int listen_on(void *userdata, int fd, int backlog)
{
	DRILL_CALL(s, userdata, fd);
	return drill_listen_anew(s);
}

static struct drill_socket *first_waiting(const struct drill_socket *listener)
{
	struct drill_socket *first = NULL, *s = listener->drill->socket;

	for (unsigned i = 0; i < DRILL_SOCKETS; i++, s++)
		if (s->fd >= 0 && s->listener == listener && (!first || s->turn < first->turn))
			first = s;
	return first;
}

bool drill_someone_waits(void *listener)
{
	return first_waiting(listener);
}

static int take(void *userdata, int fd, struct sockaddr *addr, socklen_t *len)
{
	struct sockaddr_in from = {.sin_family = AF_INET};
	struct wr_tuple tuple = {0};
	struct drill_socket *child;

	DRILL_CALL(s, userdata, fd);
	if (!s->listens)
		return drill_fail(EINVAL);
	if (!drill_someone_waits(s) &&
	    (s->nonblocking || !drill_wait(s->drill, drill_someone_waits, s, UINT64_MAX)))
		return drill_fail(EAGAIN);
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
	return child->fd;
}

static bool has_decided(void *socket)
{
	return !((struct drill_socket *)socket)->connecting;
}

static int connect_to(void *userdata, int fd, const struct sockaddr *addr, socklen_t len)
{
	const struct sockaddr_in *to = (const void *)addr;
	int rc;

	DRILL_CALL(s, userdata, fd);
	if (s->c)
		return drill_fail(s->connecting ? EALREADY : EISCONN);
	rc = wr_tcp_connect(s->drill->tcp,
	                    &(struct wr_tcp_connect) {.laddr = s->addr,
	                                              .lport = s->port,
	                                              .raddr = ntohl(to->sin_addr.s_addr),
	                                              .rport = ntohs(to->sin_port),
	                                              .events = &events,
	                                              .user = s,
	                                              .options = s->options},
	                    &s->c);
	s->connecting = rc == 0;
	if (rc || s->nonblocking)
		return drill_fail(rc ? -rc : EINPROGRESS);
	drill_wait(s->drill, has_decided, s, UINT64_MAX);
	return drill_fail(drill_error(s));
}

static int shut(void *userdata, int fd, int how)
{
	DRILL_CALL(s, userdata, fd);
	if (!s->c)
		return drill_fail(ENOTCONN);
	s->reads_no_more |= how != SHUT_WR;
	if (how != SHUT_RD && !s->writes_no_more)
		wr_tcp_close(s->drill->tcp, s->c);
	s->writes_no_more |= how != SHUT_RD;
	return 0;
}

static void end(struct drill_socket *s)
{
	if (s->c && s->resets_at_close)
		wr_tcp_abort(s->drill->tcp, s->c);
	else if (s->c)
		wr_tcp_release(s->drill->tcp, s->c);
	close(s->fd);
	s->fd = -1;
}

static int end_call(void *userdata, int fd)
{
	struct drill_socket *child;

	DRILL_CALL(s, userdata, fd);
	if (s->listens)
		wr_tcp_unlisten(s->drill->tcp, s->addr, s->port);
	while (s->listens && (child = first_waiting(s)) != NULL) {
		child->resets_at_close = true;
		end(child);
	}
	end(s);
	return 0;
}

static void end_all(void *userdata)
{
	for (unsigned i = 0; i < DRILL_SOCKETS; i++)
		end_call(userdata, ((struct drill *)userdata)->socket[i].fd);
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
