/* SPDX-License-Identifier: BSD-3-Clause */
/* Drives the shared object through its table, as packetdrill does; the peer is this program. */

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "table.h"
#include "wr_test.h"

#define OURS   0xc6120001 /* the host under test */
#define PEER   0xc6130001
#define WINDOW 10000

static struct drill_table t;
static int (*preloaded_getsockopt)(int, int, int, void *, socklen_t *);

/* One connection, as the peer sees it. */
struct peer {
	uint16_t port, their_port;
	uint32_t seq, ack; /* next to send, next expected */
	long long at_us;   /* when the last packet came */
};

/* ---- packets ---- */

struct packet {
	struct iphdr ip;
	struct tcphdr tcp;
	uint8_t text[2000];
} __attribute__((packed));

static uint16_t sum(const void *bytes, size_t n, uint32_t start)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < n; i++)
		start += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (start >> 16)
		start = (start & 0xffff) + (start >> 16);
	return htons((uint16_t)~start);
}

static uint16_t tcp_sum(const struct packet *p, size_t len)
{
	return sum(&p->tcp, len,
	           (OURS >> 16) + (OURS & 0xffff) + (PEER >> 16) + (PEER & 0xffff) +
	                   IPPROTO_TCP + (uint32_t)len);
}

static void give(struct peer *peer, uint8_t flags, uint16_t text)
{
	size_t len = sizeof(struct tcphdr) + text;
	struct packet p = {
		.ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP},
		.tcp = {.doff = 5, .window = htons(WINDOW)},
	};

	p.ip.tot_len = htons((uint16_t)(sizeof(p.ip) + len));
	p.ip.saddr = htonl(PEER);
	p.ip.daddr = htonl(OURS);
	p.ip.check = sum(&p.ip, sizeof(p.ip), 0);
	p.tcp.source = htons(peer->port);
	p.tcp.dest = htons(peer->their_port);
	p.tcp.seq = htonl(peer->seq);
	p.tcp.ack_seq = flags & TH_ACK ? htonl(peer->ack) : 0;
	p.tcp.th_flags = flags;
	p.tcp.check = tcp_sum(&p, len);
	peer->seq += text + (flags & (TH_SYN | TH_FIN) ? 1 : 0);
	assert_int_equal(t.netdev_send(t.userdata, &p, sizeof(p.ip) + len), 0);
}

/* The next packet has these flags and so much text, and nothing is wrong with it. */
static void expect(struct peer *peer, uint8_t flags, uint32_t text)
{
	struct packet p;
	size_t n, head;

	do { /* other connections may not yet be over */
		n = sizeof(p);
		assert_int_equal(t.netdev_receive(t.userdata, &p, &n, &peer->at_us), 0);
		assert_true(n >= sizeof(p.ip) + sizeof(p.tcp));
	} while (ntohs(p.tcp.dest) != peer->port);
	assert_int_equal(sum(&p.ip, sizeof(p.ip), 0), 0);
	assert_int_equal(tcp_sum(&p, n - sizeof(p.ip)), 0);
	assert_int_equal(p.tcp.th_flags & ~TH_PUSH, flags);
	head = sizeof(p.ip) + p.tcp.doff * 4u;
	assert_int_equal(n - head, text);
	if (flags & TH_SYN) {
		peer->ack = ntohl(p.tcp.seq);
		peer->their_port = ntohs(p.tcp.source);
	}
	assert_int_equal(ntohl(p.tcp.seq), peer->ack);
	peer->ack += text + (flags & (TH_SYN | TH_FIN) ? 1 : 0);
}

/* ---- what cases have in common ---- */

static struct sockaddr_in at(uint32_t addr, uint16_t port)
{
	return (struct sockaddr_in) {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(addr)};
}

static long long now_us(void)
{
	struct timeval now;

	assert_int_equal(t.gettimeofday(t.userdata, &now, NULL), 0);
	return now.tv_sec * 1000000ll + now.tv_usec;
}

static int listener_on(uint16_t port)
{
	const struct sockaddr_in addr = at(OURS, port);
	int fd = t.socket(t.userdata, AF_INET, SOCK_STREAM, IPPROTO_TCP);

	assert_true(fd >= 0);
	assert_int_equal(t.bind(t.userdata, fd, (const void *)&addr, sizeof(addr)), 0);
	assert_int_equal(t.listen(t.userdata, fd, 1), 0);
	return fd;
}

static void shake_hands(struct peer *peer)
{
	give(peer, TH_SYN, 0);
	expect(peer, TH_SYN | TH_ACK, 0);
	give(peer, TH_ACK, 0);
}

static int accepted(int listener)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	int fd = t.accept(t.userdata, listener, (struct sockaddr *)&from, &len);

	assert_true(fd >= 0);
	assert_int_equal(ntohl(from.sin_addr.s_addr), PEER);
	return fd;
}

/* A call in a second thread, and the clock when it returned. */
struct call {
	int fd;
	pid_t tid; /* of the thread, once it runs */
	ssize_t result;
	int error;
	long long end_us;
};

static void *accept_blocks(void *arg)
{
	struct call *c = arg;
	struct sockaddr_in from;
	socklen_t len = sizeof(from);

	__atomic_store_n(&c->tid, gettid(), __ATOMIC_RELEASE);
	c->result = t.accept(t.userdata, c->fd, (struct sockaddr *)&from, &len);
	c->end_us = now_us();
	return NULL;
}

static void *read_blocks(void *arg)
{
	struct call *c = arg;
	char text[1000];

	__atomic_store_n(&c->tid, gettid(), __ATOMIC_RELEASE);
	c->result = t.read(t.userdata, c->fd, text, sizeof(text));
	c->end_us = now_us();
	return NULL;
}

static void *connect_blocks(void *arg)
{
	const struct sockaddr_in to = at(PEER, 5001);
	struct call *c = arg;

	__atomic_store_n(&c->tid, gettid(), __ATOMIC_RELEASE);
	c->result = t.connect(t.userdata, c->fd, (const void *)&to, sizeof(to));
	c->error = errno;
	c->end_us = now_us();
	return NULL;
}

static bool is_asleep(const struct call *c)
{
	char path[64], state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)c->tid);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%*d (%*[^)]) %c", &state), 1);
	fclose(f);
	return state == 'S';
}

/* Begins the call; it is blocked when this returns. */
static void begin(pthread_t *thread, void *(*run)(void *), struct call *c)
{
	assert_int_equal(pthread_create(thread, NULL, run, c), 0);
	while (__atomic_load_n(&c->tid, __ATOMIC_ACQUIRE) == 0 || !is_asleep(c))
		sched_yield();
}

/* ---- cases ---- */

static void a_connection_is_read_written_and_closed(void **state)
{
	struct peer peer = {.port = 4000, .their_port = 80, .seq = 100};
	int listener = listener_on(80), fd;
	char text[3000] = {0};

	shake_hands(&peer);
	fd = accepted(listener);
	assert_int_equal(t.write(t.userdata, fd, text, 1500), 1500);
	expect(&peer, TH_ACK, 536); /* the SYN had no MSS option */
	expect(&peer, TH_ACK, 536);
	give(&peer, TH_ACK, 0); /* Nagle waits for it */
	expect(&peer, TH_ACK, 428);
	give(&peer, TH_ACK, 700);
	assert_int_equal(t.recv(t.userdata, fd, text, sizeof(text), MSG_PEEK), 700);
	assert_int_equal(t.read(t.userdata, fd, text, 300), 300);
	assert_int_equal(t.read(t.userdata, fd, text, sizeof(text)), 400);
	expect(&peer, TH_ACK, 0); /* late */
	assert_int_equal(t.close(t.userdata, fd), 0);
	expect(&peer, TH_FIN | TH_ACK, 0);
	give(&peer, TH_FIN | TH_ACK, 0);
	expect(&peer, TH_ACK, 0);
	assert_int_equal(t.close(t.userdata, listener), 0);
}

static void text_that_nobody_read_is_answered_by_a_reset(void **state)
{
	struct peer peer = {.port = 4001, .their_port = 81, .seq = 100};
	int listener = listener_on(81), fd;

	shake_hands(&peer);
	fd = accepted(listener);
	give(&peer, TH_ACK, 10);
	assert_int_equal(t.close(t.userdata, fd), 0);
	expect(&peer, TH_RST | TH_ACK, 0);
	assert_int_equal(t.close(t.userdata, listener), 0);
}

static void accept_blocks_until_the_handshake_is_over(void **state)
{
	struct peer peer = {.port = 4002, .their_port = 82, .seq = 100};
	struct call call = {.fd = listener_on(82)};
	long long shaken_us;
	pthread_t thread;

	begin(&thread, accept_blocks, &call);
	t.usleep(t.userdata, 100000);
	shake_hands(&peer);
	shaken_us = peer.at_us;
	t.usleep(t.userdata, 100000); /* does not begin before the other thread was looked at */
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(call.result >= 0);
	assert_in_range(call.end_us - shaken_us, 0, 1000);
	assert_int_equal(t.close(t.userdata, (int)call.result), 0);
	assert_int_equal(t.close(t.userdata, call.fd), 0);
}

static void a_read_blocks_until_text_comes(void **state)
{
	struct peer peer = {.port = 4003, .their_port = 83, .seq = 100};
	int listener = listener_on(83);
	struct call call;
	pthread_t thread;
	long long sent_us;

	shake_hands(&peer);
	call = (struct call) {.fd = accepted(listener)};
	begin(&thread, read_blocks, &call);
	t.usleep(t.userdata, 250000);
	sent_us = now_us();
	give(&peer, TH_ACK, 99);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(call.result, 99);
	assert_in_range(call.end_us - sent_us, 0, 1000);
	assert_int_equal(t.close(t.userdata, call.fd), 0);
	assert_int_equal(t.close(t.userdata, listener), 0);
}

static void a_refused_connect_says_so(void **state)
{
	struct call call = {.fd = t.socket(t.userdata, AF_INET, SOCK_STREAM, IPPROTO_TCP)};
	struct peer peer = {.port = 5001};
	pthread_t thread;

	begin(&thread, connect_blocks, &call);
	expect(&peer, TH_SYN, 0);
	give(&peer, TH_RST | TH_ACK, 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(call.result, -1);
	assert_int_equal(call.error, ECONNREFUSED);
	assert_int_equal(t.close(t.userdata, call.fd), 0);
}

static void time_is_virtual(void **state)
{
	struct peer peer = {.port = 4004, .their_port = 84, .seq = 100};
	int listener = listener_on(84);
	long long begun_us = now_us(), first_us;

	t.usleep(t.userdata, 3600000000u);
	assert_in_range(now_us() - begun_us, 3600000000ll, 3600001000ll);
	give(&peer, TH_SYN, 0);
	expect(&peer, TH_SYN | TH_ACK, 0);
	first_us = peer.at_us;
	expect(&peer, TH_SYN | TH_ACK, 0);                       /* again, as nobody answers */
	assert_in_range(peer.at_us - first_us, 999000, 1001000); /* ticks */
	give(&peer, TH_RST, 0);
	assert_int_equal(t.close(t.userdata, listener), 0);
}

static void libc_is_asked_about_handles_too(void **state)
{
	struct peer peer = {.port = 4005, .their_port = 85, .seq = 100};
	int listener = listener_on(85), fd, error;
	struct tcp_info info;
	socklen_t len = sizeof(info);

	shake_hands(&peer);
	fd = accepted(listener);
	assert_int_equal(preloaded_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	assert_int_equal(info.tcpi_state, TCP_ESTABLISHED);
	assert_int_equal(info.tcpi_snd_mss, 536);
	len = sizeof(error);
	assert_int_equal(preloaded_getsockopt(-1, SOL_SOCKET, SO_ERROR, &error, &len), -1);
	assert_int_equal(errno, EBADF);
	give(&peer, TH_RST, 0);
	assert_int_equal(t.getsockopt(t.userdata, fd, SOL_SOCKET, SO_ERROR, &error, &len), 0);
	assert_int_equal(error, ECONNRESET);
	assert_int_equal(t.close(t.userdata, fd), 0);
	assert_int_equal(t.close(t.userdata, listener), 0);
}

static void set(int fd, int name, int value)
{
	assert_int_equal(t.setsockopt(t.userdata, fd, IPPROTO_TCP, name, &value, sizeof(value)),
	                 0);
}

static void corked_text_waits_for_more(void **state)
{
	struct peer peer = {.port = 4006, .their_port = 86, .seq = 100};
	int listener = listener_on(86), fd;
	char text[700] = {0};
	long long corked_us;

	shake_hands(&peer);
	fd = accepted(listener);
	set(fd, TCP_CORK, 1);
	assert_int_equal(t.write(t.userdata, fd, text, 40), 40);
	assert_int_equal(t.write(t.userdata, fd, text, 700), 700);
	expect(&peer, TH_ACK, 536); /* a full segment */
	give(&peer, TH_ACK, 0);
	set(fd, TCP_CORK, 0);
	expect(&peer, TH_ACK, 204);
	give(&peer, TH_ACK, 0);
	corked_us = now_us();
	assert_int_equal(t.send(t.userdata, fd, text, 30, MSG_MORE), 30);
	expect(&peer, TH_ACK, 30); /* not longer than a time-out */
	assert_in_range(peer.at_us - corked_us, 190000, 1100000);
	give(&peer, TH_RST, 0);
	assert_int_equal(t.close(t.userdata, fd), 0);
	assert_int_equal(t.close(t.userdata, listener), 0);
}

static void segments_are_as_long_as_the_socket_says(void **state)
{
	struct peer peer = {.port = 4007, .their_port = 87, .seq = 100};
	int listener = listener_on(87), fd;
	char text[700] = {0};

	set(listener, TCP_MAXSEG, 300);
	shake_hands(&peer);
	fd = accepted(listener);
	assert_int_equal(t.write(t.userdata, fd, text, 700), 700);
	expect(&peer, TH_ACK, 300);
	expect(&peer, TH_ACK, 300);
	give(&peer, TH_RST, 0);
	assert_int_equal(t.close(t.userdata, fd), 0);
	assert_int_equal(t.close(t.userdata, listener), 0);
}

static void nobody_listens_after_close(void **state)
{
	struct peer peer = {.port = 4008, .their_port = 88, .seq = 100};
	int listener = listener_on(88);

	give(&peer, TH_SYN, 0);
	expect(&peer, TH_SYN | TH_ACK, 0);
	assert_int_equal(t.close(t.userdata, listener), 0);
	give(&peer, TH_ACK, 0); /* the half-open connection is forgotten, too */
	expect(&peer, TH_RST, 0);
}

static void what_is_not_there_says_so(void **state)
{
	struct packet p;
	size_t n = sizeof(p);
	long long us;

	while (n) { /* all that is left comes, then the end of it */
		n = sizeof(p);
		assert_int_equal(t.netdev_receive(t.userdata, &p, &n, &us), 0);
	}
	assert_int_equal(t.epoll_create(), -1);
	assert_int_equal(errno, ENOSYS);
	assert_int_equal(t.close(t.userdata, 12345), -1);
	assert_int_equal(errno, EBADF);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_is_read_written_and_closed),
		cmocka_unit_test(text_that_nobody_read_is_answered_by_a_reset),
		cmocka_unit_test(accept_blocks_until_the_handshake_is_over),
		cmocka_unit_test(a_read_blocks_until_text_comes),
		cmocka_unit_test(a_refused_connect_says_so),
		cmocka_unit_test(time_is_virtual),
		cmocka_unit_test(libc_is_asked_about_handles_too),
		cmocka_unit_test(corked_text_waits_for_more),
		cmocka_unit_test(segments_are_as_long_as_the_socket_says),
		cmocka_unit_test(nobody_listens_after_close),
		cmocka_unit_test(what_is_not_there_says_so),
	};
	void *object = argc == 3 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
	void (*init)(const char *, struct drill_table *);

	if (!object) {
		fprintf(stderr, "caller: %s\n", argc == 3 ? dlerror() : "caller OBJECT CONFIG");
		return 1;
	}
	*(void **)&init = dlsym(object, "packetdrill_interface_init");
	*(void **)&preloaded_getsockopt = dlsym(object, "getsockopt");
	init(argv[2], &t);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
