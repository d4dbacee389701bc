/* SPDX-License-Identifier: BSD-3-Clause */
/* The calls of packetdrill's table, by means of tests/socket.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/times.h>

#include "clock.h"
#include "socket.h"
#include "wr_test.h"

#define HANDLES 1024

static struct wr_tcp *tcp;
static struct socket *socket_of[HANDLES]; /* by handle; NULL: none */

/* ---- handles ---- */

/* Handles are eventfds: the kernel knows them too, and keeps O_NONBLOCK. */
static int give_handle(struct socket *s, int flags)
{
	int fd = eventfd(0, flags | EFD_CLOEXEC);

	assert_in_range(fd, 0, HANDLES - 1);
	socket_of[fd] = s;
	return fd;
}

static struct socket *find(int fd)
{
	return fd >= 0 && fd < HANDLES ? socket_of[fd] : NULL;
}

/* From negative errno to -1 and errno. */
static int done(int rc)
{
	if (rc >= 0)
		return rc;
	errno = -rc;
	return -1;
}

/* Begins a call on a socket; EBADF if there is none. */
#define CALL(s, fd)                                                                            \
	CLOCK_TURN;                                                                            \
	struct socket *s = find(fd);                                                           \
	if (!s)                                                                                \
	return done(-EBADF)

/* Whether ready(s); waits for it if the socket is one that blocks. */
static bool await(int fd, const struct socket *s, bool (*ready)(const struct socket *s))
{
	return ready(s) || (!(fcntl(fd, F_GETFL) & O_NONBLOCK) && clock_wait(ready, s));
}

/* ---- calls ---- */

static int call_socket(void *userdata, int family, int type, int protocol)
{
	CLOCK_TURN;
	if (family != AF_INET || (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != SOCK_STREAM)
		return done(-EPROTONOSUPPORT);
	return give_handle(socket_new(tcp), type & SOCK_NONBLOCK);
}

static int call_bind(void *userdata, int fd, const struct sockaddr *addr, socklen_t len)
{
	const struct sockaddr_in *in = (const void *)addr;

	CALL(s, fd);
	s->addr = ntohl(in->sin_addr.s_addr);
	s->port = ntohs(in->sin_port);
	return 0;
}

static int call_listen(void *userdata, int fd, int backlog)
{
	CALL(s, fd);
	return done(socket_listen(s));
}

static int call_accept(void *userdata, int fd, struct sockaddr *addr, socklen_t *len)
{
	struct wr_tuple tuple = {0};
	struct socket *child;

	CALL(s, fd);
	if (!await(fd, s, socket_is_readable))
		return done(-EAGAIN);
	child = socket_accept(s);
	if (child->c)
		wr_tcb_tuple(child->c, &tuple);
	*(struct sockaddr_in *)addr = (struct sockaddr_in) {
		.sin_family = AF_INET,
		.sin_port = htons(tuple.rport),
		.sin_addr.s_addr = htonl(tuple.raddr),
	};
	*len = sizeof(struct sockaddr_in);
	return give_handle(child, 0);
}

static int call_connect(void *userdata, int fd, const struct sockaddr *addr, socklen_t len)
{
	const struct sockaddr_in *in = (const void *)addr;
	int rc;

	CALL(s, fd);
	rc = socket_connect(s, ntohl(in->sin_addr.s_addr), ntohs(in->sin_port));
	if (rc == -EINPROGRESS && await(fd, s, socket_is_writable))
		rc = -socket_error(s);
	return done(rc);
}

static ssize_t call_recv(void *userdata, int fd, void *to, size_t n, int flags)
{
	CALL(s, fd);
	await(fd, s, socket_is_readable);
	return done(socket_recv(s, to, (uint32_t)n, flags & MSG_PEEK));
}

static ssize_t call_read(void *userdata, int fd, void *to, size_t n)
{
	return call_recv(userdata, fd, to, n, 0);
}

static ssize_t call_send(void *userdata, int fd, const void *from, size_t n, int flags)
{
	CALL(s, fd);
	await(fd, s, socket_is_writable);
	return done(socket_send(s, from, (uint32_t)n, flags & MSG_MORE));
}

static ssize_t call_write(void *userdata, int fd, const void *from, size_t n)
{
	return call_send(userdata, fd, from, n, 0);
}

static ssize_t call_sendmsg(void *userdata, int fd, const struct msghdr *msg, int flags)
{
	ssize_t n = 0, sum = 0;

	for (size_t i = 0; n >= 0 && i < msg->msg_iovlen; i++) {
		const struct iovec *part = &msg->msg_iov[i];
		int more = i + 1 < msg->msg_iovlen ? MSG_MORE : 0;

		n = call_send(userdata, fd, part->iov_base, part->iov_len, flags | more);
		sum += n > 0 ? n : 0;
	}
	return sum ? sum : n;
}

static int call_fcntl(void *userdata, int fd, int command, ...)
{
	va_list ap;
	int flags;

	va_start(ap, command);
	flags = command == F_SETFL ? va_arg(ap, int) : 0;
	va_end(ap);
	return fcntl(fd, command, flags);
}

static int call_ioctl(void *userdata, int fd, unsigned long request, ...)
{
	va_list ap;

	CALL(s, fd);
	if (!s->c || request != FIONREAD)
		return done(-EINVAL);
	va_start(ap, request);
	*va_arg(ap, int *) = (int)wr_tcp_peek(s->c, NULL, INT32_MAX);
	va_end(ap);
	return 0;
}

static int call_shutdown(void *userdata, int fd, int how)
{
	CALL(s, fd);
	return done(socket_shutdown(s, how));
}

static int call_close(void *userdata, int fd)
{
	CALL(s, fd);
	socket_close(s);
	socket_of[fd] = NULL;
	return close(fd);
}

/* ---- options ---- */

static void fill_info(const struct socket *s, struct tcp_info *out)
{
	static const uint8_t state[] = {
		[WR_TCP_CLOSED] = 7,       [WR_TCP_LISTEN] = 10,     [WR_TCP_SYN_SENT] = 2,
		[WR_TCP_SYN_RECEIVED] = 3, [WR_TCP_ESTABLISHED] = 1, [WR_TCP_FIN_WAIT_1] = 4,
		[WR_TCP_FIN_WAIT_2] = 5,   [WR_TCP_CLOSE_WAIT] = 8,  [WR_TCP_CLOSING] = 11,
		[WR_TCP_LAST_ACK] = 9,     [WR_TCP_TIME_WAIT] = 6,
	};
	struct wr_tcp_info i = {.state = s->listens ? WR_TCP_LISTEN : WR_TCP_CLOSED, .mss = 1};

	if (s->c)
		wr_tcp_info_get(tcp, s->c, &i);
	*out = (struct tcp_info) {
		.tcpi_state = state[i.state],
		.tcpi_ca_state = i.recovery,
		.tcpi_snd_mss = i.mss,
		.tcpi_advmss = i.advmss,
		.tcpi_unacked = (i.flight + i.mss - 1) / i.mss,
		.tcpi_sacked = (i.sacked + i.mss - 1) / i.mss,
		.tcpi_lost = (i.lost + i.mss - 1) / i.mss,
		.tcpi_retrans = (i.again + i.mss - 1) / i.mss,
		.tcpi_rtt = i.srtt_us,
		.tcpi_snd_ssthresh = i.ssthresh == UINT32_MAX ? 0x7fffffff : i.ssthresh / i.mss,
		.tcpi_snd_cwnd = i.cwnd / i.mss,
		.tcpi_reordering = RTE_MAX(i.reordering, 3u),
	};
}

static int call_getsockopt(void *userdata, int fd, int level, int name, void *value,
                           socklen_t *len)
{
	struct tcp_info info;
	int number = 0;

	CALL(s, fd);
	fill_info(s, &info);
	if (level == IPPROTO_TCP && name == TCP_CC_INFO)
		*len = 0;
	memset(value, 0, *len);
	if (level == SOL_SOCKET && name == SO_ERROR)
		number = socket_error(s);
	if (level == IPPROTO_TCP && name == TCP_MAXSEG)
		number = s->c ? (int)info.tcpi_snd_mss : s->options.mss;
	if (level == IPPROTO_TCP && name == TCP_INFO)
		memcpy(value, &info, RTE_MIN(*len, sizeof(info)));
	else
		memcpy(value, &number, RTE_MIN(*len, sizeof(number)));
	return 0;
}

static int call_setsockopt(void *userdata, int fd, int level, int name, const void *value,
                           socklen_t len)
{
	const struct linger *linger = value;
	uint32_t n = 0;

	CALL(s, fd);
	memcpy(&n, value, RTE_MIN(len, sizeof(n)));
	if (level == SOL_SOCKET && name == SO_LINGER)
		s->resets_at_close = linger->l_onoff && linger->l_linger == 0;
	return done(level == IPPROTO_TCP ? socket_set_option(s, name, n) : 0);
}

/* ---- instead of libc ---- */

int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict len)
{
	if (find(fd))
		return call_getsockopt(NULL, fd, level, name, value, len);
	return (int)syscall(SYS_getsockopt, fd, level, name, value, len);
}

/* Scripts begin at a tick of this clock: 100 ms spared. */
clock_t times(struct tms *out)
{
	static clock_t ticks;

	return ticks++;
}

/* Time is virtual: neither priority nor locked memory makes it more exact. */
int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param)
{
	return 0;
}

int mlockall(int flags)
{
	return 0;
}

/* ---- start ---- */

static ssize_t call_none(void)
{
	return done(-ENOSYS);
}

__attribute__((visibility("default"))) void packetdrill_interface_init(
	const char *flags, struct drill_table *table)
{
	struct wr_conf conf;
	struct wr_err err;

	unsetenv("LD_PRELOAD"); /* not for the commands of scripts */
	wr_conf_default(&conf, WR_CONF_SERVE);
	conf.connections = conf.backlog = conf.time_wait_entries = conf.reorders = 64;
	if (flags && wr_conf_file(&conf, flags, &err)) {
		fprintf(stderr, "packetdrill: %s\n", err.text);
		exit(EXIT_FAILURE);
	}
	tcp = clock_start(&conf);
	/* clang-format off */
	*table = (struct drill_table) {
		.free = clock_free, .socket = call_socket, .bind = call_bind,
		.listen = call_listen, .accept = call_accept, .connect = call_connect,
		.read = call_read, .readv = call_none, .recv = call_recv,
		.recvfrom = call_none, .recvmsg = call_none,
		.write = call_write, .writev = call_none, .send = call_send,
		.sendto = call_none, .sendmsg = call_sendmsg,
		.fcntl = call_fcntl, .ioctl = call_ioctl, .close = call_close,
		.shutdown = call_shutdown, .getsockopt = call_getsockopt,
		.setsockopt = call_setsockopt, .poll = call_none,
		.netdev_send = clock_netdev_send, .netdev_receive = clock_netdev_receive,
		.usleep = clock_usleep, .gettimeofday = clock_gettimeofday,
		.epoll_create = call_none, .epoll_ctl = call_none, .epoll_wait = call_none,
		.pipe = call_none, .splice = call_none,
	};
	/* clang-format on */
}
