/* SPDX-License-Identifier: BSD-3-Clause */
/* Text in and out of sockets, and waiting for it. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drill.h"

static bool is_readable(void *socket)
{
	const struct drill_socket *s = socket;

	return s->eof || s->reads_no_more || s->error || !s->c || wr_tcp_peek(s->c, NULL, 1);
}

static bool is_writable(void *socket)
{
	const struct drill_socket *s = socket;

	return s->error || s->writes_no_more || !s->c ||
	       (!s->connecting && wr_tcp_room(s->drill->tcp, s->c));
}

static ssize_t receive(void *userdata, int fd, void *to, size_t n, int flags)
{
	DRILL_CALL(s, userdata, fd);
	if (!s->was_open && !s->connecting)
		return drill_fail(s->error ? drill_error(s) : ENOTCONN);
	if (!is_readable(s) && (s->nonblocking || (flags & MSG_DONTWAIT) ||
	                        !drill_wait(s->drill, is_readable, s, UINT64_MAX)))
		return drill_fail(EAGAIN);
	if (!s->c || !wr_tcp_peek(s->c, NULL, 1))
		return drill_fail(drill_error(s));
	if (flags & MSG_TRUNC)
		to = NULL; /* thrown away */
	return flags & MSG_PEEK ? wr_tcp_peek(s->c, to, (uint32_t)n)
	                        : wr_tcp_read(s->drill->tcp, s->c, to, (uint32_t)n);
}

static ssize_t receive_plain(void *userdata, int fd, void *to, size_t n)
{
	return receive(userdata, fd, to, n, 0);
}

static ssize_t transmit(void *userdata, int fd, const void *from, size_t n, int flags)
{
	size_t done = 0;

	DRILL_CALL(s, userdata, fd);
	if (!s->was_open && !s->connecting)
		return drill_fail(s->error ? drill_error(s) : ENOTCONN);
	for (;;) {
		if (s->error || s->writes_no_more || !s->c)
			return drill_fail(s->error ? drill_error(s) : EPIPE);
		if (!s->connecting)
			done += wr_tcp_write(s->drill->tcp, s->c, (const char *)from + done,
			                     (uint32_t)(n - done), flags & MSG_MORE);
		if (done == n || s->nonblocking || (flags & MSG_DONTWAIT) ||
		    !drill_wait(s->drill, is_writable, s, UINT64_MAX))
			break;
	}
	return done || n == 0 ? (ssize_t)done : drill_fail(EAGAIN);
}

static ssize_t transmit_plain(void *userdata, int fd, const void *from, size_t n)
{
	return transmit(userdata, fd, from, n, 0);
}

static ssize_t transmit_to(void *userdata, int fd, const void *from, size_t n, int flags,
                           const struct sockaddr *addr, socklen_t len)
{
	return transmit(userdata, fd, from, n, flags);
}

static ssize_t transmit_message(void *userdata, int fd, const struct msghdr *msg, int flags)
{
	uint8_t text[65536];
	size_t n = 0;

	for (size_t i = 0; i < msg->msg_iovlen; n += msg->msg_iov[i++].iov_len) {
		if (msg->msg_iov[i].iov_len > sizeof(text) - n)
			return drill_fail(EMSGSIZE);
		memcpy(text + n, msg->msg_iov[i].iov_base, msg->msg_iov[i].iov_len);
	}
	return transmit(userdata, fd, text, n, flags);
}

struct polled {
	struct drill *drill;
	struct pollfd *fds;
	nfds_t count;
};

static int events_of(struct drill *d, const struct pollfd *p)
{
	struct drill_socket *s = drill_socket_of(d, p->fd);
	int events;

	if (!s)
		return POLLNVAL;
	if (s->listens)
		return drill_someone_waits(s) ? p->events & POLLIN : 0;
	events = p->events & ((is_readable(s) ? POLLIN : 0) | (s->eof ? POLLRDHUP : 0) |
	                      (is_writable(s) ? POLLOUT : 0));
	return events | (s->error ? POLLERR : 0) |
	       (!s->c || (s->eof && s->writes_no_more) ? POLLHUP : 0);
}

static bool any_event(void *arg)
{
	const struct polled *p = arg;
	bool any = false;

	for (nfds_t i = 0; i < p->count; i++) {
		p->fds[i].revents = (short)events_of(p->drill, &p->fds[i]);
		any |= p->fds[i].revents != 0;
	}
	return any;
}

static int wait_for_events(void *userdata, struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct polled polled = {userdata, fds, count};
	struct drill *d = userdata;
	int n = 0;

	pthread_mutex_lock(&d->lock);
	drill_wait(d, any_event, &polled,
	           timeout_ms < 0 ? UINT64_MAX : d->now_ns + WR_MS(timeout_ms));
	for (nfds_t i = 0; i < count; i++)
		n += fds[i].revents != 0;
	pthread_mutex_unlock(&d->lock);
	return n;
}

void drill_fill_streams(struct drill_table *table)
{
	table->read = receive_plain;
	table->recv = receive;
	table->write = transmit_plain;
	table->send = transmit;
	table->sendto = transmit_to;
	table->sendmsg = transmit_message;
	table->poll = wait_for_events;
}
