/* SPDX-License-Identifier: BSD-3-Clause */
/* Listeners, by their index. */
#ifndef WR_TCP_LISTENER_H
#define WR_TCP_LISTENER_H

#include "tcp.h"

/* That of the tuple's local address, or else of all addresses, at its local port; -1: none. */
int tcp_listener_find(const struct wr_tcp *tcp, const struct wr_tuple *tuple);
/* Would a SYN to this tuple find a listener? */
bool tcp_is_listening(const struct wr_tcp *tcp, const struct wr_tuple *tuple);
/* The congestion control of its connections. */
const struct wr_cc_choice *tcp_listener_cc(const struct wr_tcp *tcp, unsigned listener);

#endif /* WR_TCP_LISTENER_H */
