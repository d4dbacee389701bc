/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What packetdrill calls when it tests a shared object: one table, filled by
 * packetdrill_interface_init(). Calls behave as their namesakes in POSIX, -1 and errno
 * included, but for `userdata`, which comes first.
 */
#ifndef WR_DRILL_TABLE_H
#define WR_DRILL_TABLE_H

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

struct drill_table {
	void *userdata;
	void (*free)(void *userdata);
	/* Life of a socket. */
	int (*socket)(void *userdata, int family, int type, int protocol);
	int (*bind)(void *userdata, int fd, const struct sockaddr *addr, socklen_t len);
	int (*listen)(void *userdata, int fd, int backlog);
	int (*accept)(void *userdata, int fd, struct sockaddr *addr, socklen_t *len);
	int (*connect)(void *userdata, int fd, const struct sockaddr *addr, socklen_t len);
	/* Text in. */
	ssize_t (*read)(void *userdata, int fd, void *to, size_t n);
	ssize_t (*readv)(void *userdata, int fd, const struct iovec *iov, int count);
	ssize_t (*recv)(void *userdata, int fd, void *to, size_t n, int flags);
	ssize_t (*recvfrom)(void *userdata, int fd, void *to, size_t n, int flags,
	                    struct sockaddr *addr, socklen_t *len);
	ssize_t (*recvmsg)(void *userdata, int fd, struct msghdr *msg, int flags);
	/* Text out. */
	ssize_t (*write)(void *userdata, int fd, const void *from, size_t n);
	ssize_t (*writev)(void *userdata, int fd, const struct iovec *iov, int count);
	ssize_t (*send)(void *userdata, int fd, const void *from, size_t n, int flags);
	ssize_t (*sendto)(void *userdata, int fd, const void *from, size_t n, int flags,
	                  const struct sockaddr *addr, socklen_t len);
	ssize_t (*sendmsg)(void *userdata, int fd, const struct msghdr *msg, int flags);
	/* The rest of a socket. */
	int (*fcntl)(void *userdata, int fd, int command, ...);
	int (*ioctl)(void *userdata, int fd, unsigned long request, ...);
	int (*close)(void *userdata, int fd);
	int (*shutdown)(void *userdata, int fd, int how);
	int (*getsockopt)(void *userdata, int fd, int level, int name, void *value,
	                  socklen_t *len);
	int (*setsockopt)(void *userdata, int fd, int level, int name, const void *value,
	                  socklen_t len);
	int (*poll)(void *userdata, struct pollfd *fds, nfds_t count, int timeout_ms);
	/* An IPv4 packet comes to the host under test; 0 or -1. */
	int (*netdev_send)(void *userdata, const void *packet, size_t n);
	/*
	 * The next IPv4 packet that it sent, and when: time passes until there is one. *n is
	 * the room, then the length; 0 if none will ever come. Returns 0.
	 */
	int (*netdev_receive)(void *userdata, void *packet, size_t *n, long long *time_us);
	/* Time, which passes by these calls alone. */
	int (*usleep)(void *userdata, useconds_t us);
	int (*gettimeofday)(void *userdata, struct timeval *now, struct timezone *zone);
	/* Not supported: ENOSYS. */
	int (*epoll_create)(void *userdata, int size);
	int (*epoll_ctl)(void *userdata, int epoll, int op, int fd, struct epoll_event *event);
	int (*epoll_wait)(void *userdata, int epoll, struct epoll_event *events, int max,
	                  int timeout_ms);
	int (*pipe)(void *userdata, int fds[2]);
	int (*splice)(void *userdata, int in, loff_t *in_at, int out, loff_t *out_at, size_t n,
	              unsigned flags);
};

/* The symbol that packetdrill looks up. `flags`: see flags.c; NULL: none. */
void packetdrill_interface_init(const char *flags, struct drill_table *table);

#endif /* WR_DRILL_TABLE_H */
