/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client on kernel sockets: connects to an echo service, asks, takes the answer, closes, and
 * again, so many at once. Prints one JSON object: connections a second.
 *
 *   tcp_crr ADDRESS PORT SECONDS AT-ONCE fin|reset BYTES CPU LOCAL-ADDRESS COUNT
 *
 * Connections come from COUNT addresses in turn, the first of which is LOCAL-ADDRESS.
 */
#include <arpa/inet.h>
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

#define AT_ONCE_MOST 4096
#define BYTES_MOST   1448
#define EVENTS       64
#define FDS          65536

struct crr {
	int poller;
	struct sockaddr_in server;
	uint32_t first_local, locals, next_local; /* host byte order */
	unsigned bytes;
	bool reset;
	uint64_t done, failed;
	unsigned left[FDS]; /* bytes of the answer, by descriptor; bytes + 1: not yet asked */
};

static char text[BYTES_MOST];

static void set_options(const struct crr *c, int fd)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (c->reset)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

static void open_one(struct crr *c)
{
	struct sockaddr_in from = {.sin_family = AF_INET};
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (fd < 0 || fd >= FDS)
		kernel_die("socket");
	set_options(c, fd);
	from.sin_addr.s_addr = htonl(c->first_local + c->next_local++ % c->locals);
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)))
		kernel_die("bind");
	if (connect(fd, (struct sockaddr *)&c->server, sizeof(c->server)) &&
	    errno != EINPROGRESS)
		kernel_die("connect");
	c->left[fd] = c->bytes + 1;
	event.data.fd = fd;
	if (epoll_ctl(c->poller, EPOLL_CTL_ADD, fd, &event))
		kernel_die("epoll_ctl");
}

static void end_one(struct crr *c, int fd, uint64_t *counter)
{
	close(fd);
	(*counter)++;
	open_one(c);
}

static void take_answer(struct crr *c, int fd)
{
	ssize_t n = recv(fd, text, c->left[fd], 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		end_one(c, fd, &c->failed);
		return;
	}
	c->left[fd] -= (unsigned)n;
	if (c->left[fd] == 0)
		end_one(c, fd, &c->done);
}

static void on_event(struct crr *c, const struct epoll_event *event)
{
	int fd = event->data.fd;

	if (event->events & (EPOLLERR | EPOLLHUP)) {
		end_one(c, fd, &c->failed);
		return;
	}
	if (event->events & EPOLLOUT && c->left[fd] > c->bytes) {
		c->left[fd] = c->bytes;
		if (send(fd, text, c->bytes, MSG_NOSIGNAL) != (ssize_t)c->bytes)
			end_one(c, fd, &c->failed);
	} else if (event->events & EPOLLIN) {
		take_answer(c, fd);
	}
}

static uint32_t address(const char *word)
{
	struct in_addr in;

	if (inet_pton(AF_INET, word, &in) != 1) {
		fprintf(stderr, "'%s' is no IPv4 address\n", word);
		exit(2);
	}
	return ntohl(in.s_addr);
}

int main(int argc, char **argv)
{
	static struct crr c;
	uint64_t begin, end;
	unsigned at_once;

	if (argc != 10) {
		fputs("usage: tcp_crr ADDRESS PORT SECONDS AT-ONCE fin|reset BYTES CPU "
		      "LOCAL-ADDRESS COUNT\n",
		      stderr);
		return 2;
	}
	c.server = (struct sockaddr_in) {.sin_family = AF_INET,
	                                 .sin_port = htons((uint16_t)atoi(argv[2])),
	                                 .sin_addr.s_addr = htonl(address(argv[1]))};
	at_once = (unsigned)atoi(argv[4]);
	c.reset = !strcmp(argv[5], "reset");
	c.bytes = (unsigned)atoi(argv[6]);
	kernel_pin(atoi(argv[7]));
	c.first_local = address(argv[8]);
	c.locals = (uint32_t)atoi(argv[9]);
	if (!at_once || at_once > AT_ONCE_MOST || !c.bytes || c.bytes > BYTES_MOST || !c.locals)
		return 2;
	c.poller = epoll_create1(0);
	for (unsigned i = 0; i < at_once; i++)
		open_one(&c);
	begin = kernel_now_ns();
	end = begin + (uint64_t)(atof(argv[3]) * 1e9);
	while (kernel_now_ns() < end) {
		struct epoll_event event[EVENTS];
		int n = epoll_wait(c.poller, event, EVENTS, 1000);

		for (int i = 0; i < n; i++)
			on_event(&c, &event[i]);
	}
	printf("{\"per_second\": %.0f, \"done\": %lu, \"failed\": %lu}\n",
	       (double)c.done * 1e9 / (double)(kernel_now_ns() - begin), c.done, c.failed);
	return 0;
}
