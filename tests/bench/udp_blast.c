/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client on kernel sockets: keeps a window of datagrams on their way to whatever sends
 * them back, and counts those that return. Prints one JSON object: datagrams a second.
 *
 *   udp_blast ADDRESS PORT SECONDS [WINDOW [BYTES [CPU]]]
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel_client.h"

#define BATCH      64
#define BYTES_MOST 1472
#define LOST_MS    20 /* nothing returns for so long: the window is lost */

struct blast {
	int fd;
	unsigned window, bytes;
	unsigned under_way;
	uint64_t sent, returned, lost;
};

static char text[BYTES_MOST];

static int open_socket(const char *address, const char *port)
{
	int fd = kernel_connect(SOCK_DGRAM, address, port), bytes = 8 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
	return fd;
}

static void fill_window(struct blast *b)
{
	static struct mmsghdr message[BATCH];
	struct iovec text_at = {.iov_base = text, .iov_len = b->bytes};

	while (b->under_way < b->window) {
		unsigned want = b->window - b->under_way;
		int n;

		if (want > BATCH)
			want = BATCH;
		for (unsigned i = 0; i < want; i++)
			message[i] = (struct mmsghdr) {
				.msg_hdr = {.msg_iov = &text_at, .msg_iovlen = 1}};
		n = sendmmsg(b->fd, message, want, MSG_DONTWAIT);
		if (n <= 0)
			return;
		b->under_way += (unsigned)n;
		b->sent += (unsigned)n;
	}
}

static void take_returned(struct blast *b)
{
	static struct mmsghdr message[BATCH];
	static char sink[BYTES_MOST];
	struct iovec sink_at = {.iov_base = sink, .iov_len = sizeof(sink)};
	int n;

	do {
		for (unsigned i = 0; i < BATCH; i++)
			message[i] = (struct mmsghdr) {
				.msg_hdr = {.msg_iov = &sink_at, .msg_iovlen = 1}};
		n = recvmmsg(b->fd, message, BATCH, MSG_DONTWAIT, NULL);
		if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNREFUSED)
			kernel_die("recvmmsg");
		if (n > 0) {
			b->returned += (unsigned)n;
			b->under_way -= (unsigned)n < b->under_way ? (unsigned)n : b->under_way;
		}
	} while (n == BATCH);
}

/* Waits for something to return; what does not is lost and makes room in the window. */
static void wait_for_some(struct blast *b)
{
	struct pollfd p = {.fd = b->fd, .events = POLLIN};

	if (poll(&p, 1, LOST_MS) == 0) {
		b->lost += b->under_way;
		b->under_way = 0;
	}
}

int main(int argc, char **argv)
{
	struct blast b = {.window = 64, .bytes = 64};
	uint64_t begin, end;

	if (argc < 4) {
		fputs("usage: udp_blast ADDRESS PORT SECONDS [WINDOW [BYTES [CPU]]]\n", stderr);
		return 2;
	}
	if (argc > 4)
		b.window = (unsigned)atoi(argv[4]);
	if (argc > 5)
		b.bytes = (unsigned)atoi(argv[5]);
	if (argc > 6)
		kernel_pin(atoi(argv[6]));
	if (b.window == 0 || b.bytes > BYTES_MOST)
		return 2;
	b.fd = open_socket(argv[1], argv[2]);
	begin = kernel_now_ns();
	end = begin + (uint64_t)(atof(argv[3]) * 1e9);
	while (kernel_now_ns() < end) {
		fill_window(&b);
		wait_for_some(&b);
		take_returned(&b);
	}
	printf("{\"per_second\": %.0f, \"sent\": %lu, \"returned\": %lu, \"lost\": %lu}\n",
	       (double)b.returned * 1e9 / (double)(kernel_now_ns() - begin), b.sent, b.returned,
	       b.lost);
	return 0;
}
