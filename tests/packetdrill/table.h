/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What packetdrill calls when it tests a shared object: one table, filled by
 * packetdrill_interface_init(). Calls behave as their namesakes in POSIX, -1 and errno
 * included, but for the userdata, which comes first. netdev_send: an IPv4 packet comes to the
 * host under test. netdev_receive: the next that it sent, and when; time passes until there is
 * one, and *n is 0 if none will ever come.
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
	void (*free)(void *);
	int (*socket)(void *, int family, int type, int protocol);
	int (*bind)(void *, int fd, const struct sockaddr *, socklen_t);
	int (*listen)(void *, int fd, int backlog);
	int (*accept)(void *, int fd, struct sockaddr *, socklen_t *);
	int (*connect)(void *, int fd, const struct sockaddr *, socklen_t);
	ssize_t (*read)(void *, int fd, void *, size_t n);
	ssize_t (*readv)(void *, int fd, const struct iovec *, int count);
	ssize_t (*recv)(void *, int fd, void *, size_t n, int flags);
	ssize_t (*recvfrom)(void *, int fd, void *, size_t n, int flags, struct sockaddr *,
	                    socklen_t *);
	ssize_t (*recvmsg)(void *, int fd, struct msghdr *, int flags);
	ssize_t (*write)(void *, int fd, const void *, size_t n);
	ssize_t (*writev)(void *, int fd, const struct iovec *, int count);
	ssize_t (*send)(void *, int fd, const void *, size_t n, int flags);
	ssize_t (*sendto)(void *, int fd, const void *, size_t n, int flags,
	                  const struct sockaddr *, socklen_t);
	ssize_t (*sendmsg)(void *, int fd, const struct msghdr *, int flags);
	int (*fcntl)(void *, int fd, int command, ...);
	int (*ioctl)(void *, int fd, unsigned long request, ...);
	int (*close)(void *, int fd);
	int (*shutdown)(void *, int fd, int how);
	int (*getsockopt)(void *, int fd, int level, int name, void *, socklen_t *);
	int (*setsockopt)(void *, int fd, int level, int name, const void *, socklen_t);
	int (*poll)(void *, struct pollfd *, nfds_t count, int timeout_ms);
	int (*netdev_send)(void *, const void *packet, size_t n);
	int (*netdev_receive)(void *, void *packet, size_t *n, long long *time_us);
	int (*usleep)(void *, useconds_t us);
	int (*gettimeofday)(void *, struct timeval *, struct timezone *);
	int (*epoll_create)(void *, int size);
	int (*epoll_ctl)(void *, int epoll, int op, int fd, struct epoll_event *);
	int (*epoll_wait)(void *, int epoll, struct epoll_event *, int max, int timeout_ms);
	int (*pipe)(void *, int fds[2]);
	int (*splice)(void *, int, loff_t *, int, loff_t *, size_t n, unsigned flags);
};

/* `flags`: see flags.c; NULL: none. */
void packetdrill_interface_init(const char *flags, struct drill_table *table);

#endif /* WR_DRILL_TABLE_H */
