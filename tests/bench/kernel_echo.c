/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An echo server on kernel sockets, one thread and one epoll: what a good plain server gets out
 * of Linux. TCP and UDP on one port; datagrams in batches. Prints "ready", ends on a signal.
 *
 *   kernel_echo PORT CPU
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel_client.h"

#define BATCH         64
#define BYTES_MOST    65536
#define DATAGRAM_MOST 1472
#define BACKLOG       8192

struct server {
	int poller, listener, datagrams;
};

static int open_listener(int type, uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0), on = 1, bytes = 8 << 20;

	if (fd < 0)
		kernel_die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (type == SOCK_DGRAM) {
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
		setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
	}
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)))
		kernel_die("bind");
	if (type == SOCK_STREAM && listen(fd, BACKLOG))
		kernel_die("listen");
	return fd;
}

static void watch(const struct server *s, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (epoll_ctl(s->poller, EPOLL_CTL_ADD, fd, &event))
		kernel_die("epoll_ctl");
}

static void accept_all(const struct server *s)
{
	int fd, on = 1;

	while ((fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		watch(s, fd);
	}
}

/* What the client does not read while it asks on is lost, and with it the connection. */
static void echo_text(int fd)
{
	static char text[BYTES_MOST];
	ssize_t n = recv(fd, text, sizeof(text), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || send(fd, text, (size_t)n, MSG_NOSIGNAL) != n)
		close(fd);
}

static void echo_datagrams(int fd)
{
	static struct mmsghdr message[BATCH];
	static struct sockaddr_in from[BATCH];
	static struct iovec at[BATCH];
	static char text[BATCH][DATAGRAM_MOST];
	int n;

	for (unsigned i = 0; i < BATCH; i++) {
		at[i] = (struct iovec) {.iov_base = text[i], .iov_len = sizeof(text[i])};
		message[i].msg_hdr = (struct msghdr) {.msg_name = &from[i],
		                                      .msg_namelen = sizeof(from[i]),
		                                      .msg_iov = &at[i],
		                                      .msg_iovlen = 1};
	}
	n = recvmmsg(fd, message, BATCH, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return;
	for (int i = 0; i < n; i++)
		at[i].iov_len = message[i].msg_len;
	sendmmsg(fd, message, (unsigned)n, MSG_DONTWAIT);
}

int main(int argc, char **argv)
{
	struct server s = {.poller = epoll_create1(0)};

	if (argc != 3) {
		fputs("usage: kernel_echo PORT CPU\n", stderr);
		return 2;
	}
	kernel_pin(atoi(argv[2]));
	s.listener = open_listener(SOCK_STREAM, (uint16_t)atoi(argv[1]));
	s.datagrams = open_listener(SOCK_DGRAM, (uint16_t)atoi(argv[1]));
	watch(&s, s.listener);
	watch(&s, s.datagrams);
	puts("ready");
	fflush(stdout);
	for (;;) {
		struct epoll_event event[BATCH];
		int n = epoll_wait(s.poller, event, BATCH, -1);

		for (int i = 0; i < n; i++) {
			int fd = event[i].data.fd;

			if (fd == s.listener)
				accept_all(&s);
			else if (fd == s.datagrams)
				echo_datagrams(fd);
			else
				echo_text(fd);
		}
	}
}
