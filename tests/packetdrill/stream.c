/* SPDX-License-Identifier: BSD-3-Clause */
/* Text in and out of sockets, and waiting for it. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drill.h"

/* ---- in ---- */

bool drill_is_readable(void *socket)
{
	const struct drill_socket *s = socket;

	return s->eof || s->reads_no_more || s->error || !s->c || wr_tcp_peek(s->c, NULL, 1);
}

static ssize_t take_error(struct drill_socket *s)
{
	int error = s->error;

	s->error = 0;
	return error ? drill_fail(error) : 0;
}

static ssize_t receive(struct drill *d, struct drill_socket *s, void *to, size_t n, int flags)
{
	uint32_t len = (uint32_t)RTE_MIN(n, UINT32_MAX);

	if (!s->was_open && !s->connecting)
		return drill_fail(s->error ? (int)s->error : ENOTCONN);
	if (!drill_is_readable(s) && ((s->nonblocking || (flags & MSG_DONTWAIT)) ||
	                              !drill_wait(d, drill_is_readable, s, UINT64_MAX)))
		return drill_fail(EAGAIN);
	if (!s->c || !wr_tcp_peek(s->c, NULL, 1))
		return take_error(s);
	if (flags & MSG_TRUNC)
		to = NULL; /* thrown away */
	if (flags & MSG_PEEK)
		return wr_tcp_peek(s->c, to, len);
	return wr_tcp_read(d->tcp, s->c, to, len);
}

static ssize_t recv_flags(void *userdata, int fd, void *to, size_t n, int flags)
{
	struct drill_socket *s = drill_enter(userdata, fd);

	return s ? drill_leave(userdata, receive(userdata, s, to, n, flags)) : -1;
}

static ssize_t recv_plain(void *userdata, int fd, void *to, size_t n)
{
	return recv_flags(userdata, fd, to, n, 0);
}

static ssize_t recv_from(void *userdata, int fd, void *to, size_t n, int flags,
                         struct sockaddr *addr, socklen_t *len)
{
	return recv_flags(userdata, fd, to, n, flags);
}

static size_t total_of(const struct iovec *iov, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += iov[i].iov_len;
	return n;
}

static ssize_t recv_vector(void *userdata, int fd, const struct iovec *iov, size_t count,
                           int flags)
{
	size_t n = total_of(iov, count), at = 0;
	uint8_t *text = malloc(n + 1);
	ssize_t got = recv_flags(userdata, fd, text, n, flags);

	for (size_t i = 0; got > 0 && i < count && at < (size_t)got; i++) {
		size_t part = RTE_MIN(iov[i].iov_len, (size_t)got - at);

		memcpy(iov[i].iov_base, text + at, part);
		at += part;
	}
	free(text);
	return got;
}

static ssize_t recv_iov(void *userdata, int fd, const struct iovec *iov, int count)
{
	return recv_vector(userdata, fd, iov, (size_t)count, 0);
}

static ssize_t recv_message(void *userdata, int fd, struct msghdr *msg, int flags)
{
	msg->msg_controllen = 0;
	msg->msg_flags = 0;
	return recv_vector(userdata, fd, msg->msg_iov, msg->msg_iovlen, flags);
}

/* ---- out ---- */

bool drill_is_writable(void *socket)
{
	const struct drill_socket *s = socket;

	return s->error || s->writes_no_more || !s->c ||
	       (!s->connecting && wr_tcp_room(s->drill->tcp, s->c));
}

static ssize_t transmit(struct drill *d, struct drill_socket *s, const uint8_t *text, size_t n,
                        int flags)
{
	bool waits = !s->nonblocking && !(flags & MSG_DONTWAIT), more = flags & MSG_MORE;
	size_t done = 0;

	if (!s->was_open && !s->connecting)
		return s->error ? take_error(s) : drill_fail(ENOTCONN);
	for (;;) {
		if (s->error)
			return take_error(s);
		if (s->writes_no_more || !s->c)
			return drill_fail(EPIPE);
		if (!s->connecting)
			done += wr_tcp_write(d->tcp, s->c, text + done, (uint32_t)(n - done),
			                     more);
		if (done == n || !waits || !drill_wait(d, drill_is_writable, s, UINT64_MAX))
			break;
	}
	return done || n == 0 ? (ssize_t)done : drill_fail(EAGAIN);
}

static ssize_t send_flags(void *userdata, int fd, const void *from, size_t n, int flags)
{
	struct drill_socket *s = drill_enter(userdata, fd);

	return s ? drill_leave(userdata, transmit(userdata, s, from, n, flags)) : -1;
}

static ssize_t send_plain(void *userdata, int fd, const void *from, size_t n)
{
	return send_flags(userdata, fd, from, n, 0);
}

static ssize_t send_to(void *userdata, int fd, const void *from, size_t n, int flags,
                       const struct sockaddr *addr, socklen_t len)
{
	return send_flags(userdata, fd, from, n, flags);
}

static ssize_t send_vector(void *userdata, int fd, const struct iovec *iov, size_t count,
                           int flags)
{
	size_t n = total_of(iov, count), at = 0;
	uint8_t *text = malloc(n + 1);
	ssize_t sent;

	for (size_t i = 0; i < count; at += iov[i++].iov_len)
		memcpy(text + at, iov[i].iov_base, iov[i].iov_len);
	sent = send_flags(userdata, fd, text, n, flags);
	free(text);
	return sent;
}

static ssize_t send_iov(void *userdata, int fd, const struct iovec *iov, int count)
{
	return send_vector(userdata, fd, iov, (size_t)count, 0);
}

static ssize_t send_message(void *userdata, int fd, const struct msghdr *msg, int flags)
{
	return send_vector(userdata, fd, msg->msg_iov, msg->msg_iovlen, flags);
}

/* ---- poll ---- */

struct polled {
	struct drill *drill;
	struct pollfd *fds;
	nfds_t count;
};

static short events_of(struct drill *d, const struct pollfd *p)
{
	struct drill_socket *s = drill_socket_of(d, p->fd);
	int events = 0;

	if (!s)
		return POLLNVAL;
	if (s->listens)
		return drill_someone_waits(s) ? p->events & POLLIN : 0;
	if (!s->was_open && !s->connecting && !s->error)
		return POLLHUP | (p->events & POLLOUT);
	events |= drill_is_readable(s) ? POLLIN | (s->eof ? POLLRDHUP : 0) : 0;
	events |= drill_is_writable(s) ? POLLOUT : 0;
	events &= p->events;
	events |= s->error ? POLLERR : 0;
	return (short)(events | (!s->c || (s->eof && s->writes_no_more) ? POLLHUP : 0));
}

static bool any_event(void *arg)
{
	const struct polled *p = arg;
	bool any = false;

	for (nfds_t i = 0; i < p->count; i++) {
		p->fds[i].revents = events_of(p->drill, &p->fds[i]);
		any |= p->fds[i].revents != 0;
	}
	return any;
}

static int wait_for_events(void *userdata, struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct drill *d = userdata;
	struct polled polled = {d, fds, count};
	int n = 0;

	pthread_mutex_lock(&d->lock);
	if (!any_event(&polled) && timeout_ms)
		drill_wait(d, any_event, &polled,
		           timeout_ms < 0 ? UINT64_MAX : d->now_ns + WR_MS(timeout_ms));
	for (nfds_t i = 0; i < count; i++)
		n += fds[i].revents != 0;
	return (int)drill_leave(d, n);
}

void drill_fill_streams(struct drill_table *table)
{
	table->read = recv_plain;
	table->readv = recv_iov;
	table->recv = recv_flags;
	table->recvfrom = recv_from;
	table->recvmsg = recv_message;
	table->write = send_plain;
	table->writev = send_iov;
	table->send = send_flags;
	table->sendto = send_to;
	table->sendmsg = send_message;
	table->poll = wait_for_events;
}
