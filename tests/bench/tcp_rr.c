/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client on kernel sockets: connections to an echo service, one request outstanding on
 * each. Prints one JSON object: requests a second.
 *
 *   tcp_rr ADDRESS PORT SECONDS CONNECTIONS [BYTES [CPU]]
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel_client.h"

#define CONNECTIONS_MOST 16384
#define BYTES_MOST       1448
#define EVENTS           64

static char text[BYTES_MOST];

static int open_connection(const char *address, const char *port)
{
	int fd = kernel_connect(SOCK_STREAM, address, port), on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static void ask(int fd, unsigned bytes)
{
	if (send(fd, text, bytes, 0) != (ssize_t)bytes)
		kernel_die("send");
}

/* Takes what came; true: the answer is complete. */
static bool answered(int fd, unsigned *left)
{
	ssize_t n = recv(fd, text, *left, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0)
		kernel_die("recv");
	*left -= (unsigned)n;
	return *left == 0;
}

int main(int argc, char **argv)
{
	static unsigned left[65536]; /* bytes of the answer, by descriptor */
	unsigned connections, bytes = 64;
	uint64_t begin, end, answers = 0;
	int poller = epoll_create1(0);

	if (argc < 5) {
		fputs("usage: tcp_rr ADDRESS PORT SECONDS CONNECTIONS [BYTES [CPU]]\n", stderr);
		return 2;
	}
	connections = (unsigned)atoi(argv[4]);
	if (argc > 5)
		bytes = (unsigned)atoi(argv[5]);
	if (argc > 6)
		kernel_pin(atoi(argv[6]));
	if (connections == 0 || connections > CONNECTIONS_MOST || bytes > BYTES_MOST)
		return 2;
	for (unsigned i = 0; i < connections; i++) {
		int fd = open_connection(argv[1], argv[2]);
		struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

		if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event))
			kernel_die("epoll_ctl");
		left[fd] = bytes;
		ask(fd, bytes);
	}
	begin = kernel_now_ns();
	end = begin + (uint64_t)(atof(argv[3]) * 1e9);
	while (kernel_now_ns() < end) {
		struct epoll_event event[EVENTS];
		int n = epoll_wait(poller, event, EVENTS, 1000);

		for (int i = 0; i < n; i++) {
			int fd = event[i].data.fd;

			if (!answered(fd, &left[fd]))
				continue;
			answers++;
			left[fd] = bytes;
			ask(fd, bytes);
		}
	}
	printf("{\"per_second\": %.0f, \"connections\": %u}\n",
	       (double)answers * 1e9 / (double)(kernel_now_ns() - begin), connections);
	return 0;
}
