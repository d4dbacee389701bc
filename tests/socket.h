/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sockets over an engine, for tests that speak as programs do: what POSIX says of errors, end
 * of file and closing, by means of lib/tcp/wr_tcp.h. None blocks. Results are 0 or bytes, or a
 * negative errno. Addresses and ports are in host order.
 */
#ifndef WR_SOCKET_H
#define WR_SOCKET_H

#include <sys/queue.h>
#include <sys/socket.h>

#include "wr_tcp.h"

struct socket {
	struct wr_tcp *tcp;
	struct wr_tcb *c; /* NULL: none yet, or it is over */
	struct wr_tcp_options options;
	uint32_t addr; /* its own, to be set before it listens or connects; */
	uint16_t port; /* 0: any */
	bool listens;
	bool was_open;        /* is or was established */
	bool resets_at_close; /* SO_LINGER with no time */
	bool eof;             /* the peer's FIN came, and all text before it was read */
	bool reads_no_more, writes_no_more;
	int error;                     /* errno to be told once; 0: none */
	STAILQ_HEAD(, socket) waiting; /* for socket_accept() */
	STAILQ_ENTRY(socket) next;
};

/* To be freed by socket_close(). */
struct socket *socket_new(struct wr_tcp *tcp);

/* Connections have the options of now. -EADDRINUSE, -ENOSPC. */
int socket_listen(struct socket *s);

/* The one that has waited for longest, which belongs to the caller; NULL: there is none. */
struct socket *socket_accept(struct socket *listener);

/* -EINPROGRESS: it has begun, and is decided when the socket is writable; -EISCONN; ... */
int socket_connect(struct socket *s, uint32_t addr, uint16_t port);

/* Bytes that were read, or with `peek` looked at; 0: end of file; -EAGAIN; -ENOTCONN; ... */
int socket_recv(struct socket *s, void *to, uint32_t len, bool peek);

/* Bytes taken; `more` as MSG_MORE. -EAGAIN: no room, or not yet connected; -EPIPE; ... */
int socket_send(struct socket *s, const void *from, uint32_t len, bool more);

/* SHUT_RD, SHUT_WR or SHUT_RDWR; -ENOTCONN. */
int socket_shutdown(struct socket *s, int how);

/* Resets what was not read, and connections that nobody accepted. Frees s. */
void socket_close(struct socket *s);

/* As SO_ERROR: the error that is to be told, 0 or an errno, and forgets it. */
int socket_error(struct socket *s);

/*
 * TCP_NODELAY, TCP_CORK, TCP_MAXSEG (before it connects; of a listener for connections to come)
 * or TCP_USER_TIMEOUT. -ENOPROTOOPT: another.
 */
int socket_set_option(struct socket *s, int name, uint32_t value);

/* Whether reading or accepting, writing or connecting, would not have to wait. */
bool socket_is_readable(const struct socket *s);
bool socket_is_writable(const struct socket *s);

#endif /* WR_SOCKET_H */
