/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What packetdrill calls when it tests a shared object: one table, filled by
 * packetdrill_interface_init(). Calls are those of POSIX but for the userdata. netdev_send: an
 * IPv4 packet comes to the host under test. netdev_receive: the next that it sent, and when;
 * time passes until there is one, and *n is 0 if none will ever come. Calls without parameters
 * have some for packetdrill, but are not offered: ENOSYS.
 */
#ifndef WR_DRILL_TABLE_H
#define WR_DRILL_TABLE_H

#include <sys/socket.h>
#include <sys/time.h>
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
	ssize_t (*readv)(void);
	ssize_t (*recv)(void *, int fd, void *, size_t n, int flags);
	ssize_t (*recvfrom)(void), (*recvmsg)(void);
	ssize_t (*write)(void *, int fd, const void *, size_t n);
	ssize_t (*writev)(void);
	ssize_t (*send)(void *, int fd, const void *, size_t n, int flags);
	ssize_t (*sendto)(void);
	ssize_t (*sendmsg)(void *, int fd, const struct msghdr *, int flags);
	int (*fcntl)(void *, int fd, int command, ...);
	int (*ioctl)(void *, int fd, unsigned long request, ...);
	int (*close)(void *, int fd);
	int (*shutdown)(void *, int fd, int how);
	int (*getsockopt)(void *, int fd, int level, int name, void *, socklen_t *);
	int (*setsockopt)(void *, int fd, int level, int name, const void *, socklen_t);
	ssize_t (*poll)(void);
	int (*netdev_send)(void *, const void *packet, size_t n);
	int (*netdev_receive)(void *, void *packet, size_t *n, long long *time_us);
	int (*usleep)(void *, useconds_t us);
	int (*gettimeofday)(void *, struct timeval *, struct timezone *);
	ssize_t (*epoll_create)(void), (*epoll_ctl)(void), (*epoll_wait)(void);
	ssize_t (*pipe)(void), (*splice)(void);
};

/* `flags`: path of a configuration file of `wringer serve`; NULL: none. */
void packetdrill_interface_init(const char *flags, struct drill_table *table);

#endif /* WR_DRILL_TABLE_H */
