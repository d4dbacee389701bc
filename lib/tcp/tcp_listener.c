/* SPDX-License-Identifier: BSD-3-Clause */
/* Listeners: the ports, of all addresses or of one, at which connections are accepted. */

#include <errno.h>

#include "tcp_half_open.h"
#include "tcp_listener.h"

/* One that has ended has no port. */
static unsigned free_listener(const struct wr_tcp *tcp)
{
	unsigned slot = 0;

	while (slot < tcp->listeners && tcp->listener[slot].port)
		slot++;
	return slot;
}

int wr_tcp_listen(struct wr_tcp *tcp, const struct wr_tcp_listener *listener)
{
	uint16_t profile;
	unsigned slot;

	for (unsigned i = 0; i < tcp->listeners; i++)
		if (tcp->listener[i].port == listener->port &&
		    tcp->listener[i].addr == listener->addr)
			return -EADDRINUSE;
	if (!tcp_cc_fits(tcp, &listener->options))
		return -EINVAL;
	slot = free_listener(tcp);
	if (slot == WR_TCP_LISTENERS)
		return -ENOSPC;
	profile = tcp_profile_get(tcp, listener->events, &listener->options);
	if (profile == UINT16_MAX)
		return -ENOSPC;
	tcp->listener_profile[slot] = profile;
	tcp->listener[slot] = *listener;
	if (slot == tcp->listeners)
		tcp->listeners++;
	wr_stat_add(&tcp->stats->connections[WR_TCP_LISTEN], 1);
	return 0;
}

int wr_tcp_unlisten(struct wr_tcp *tcp, uint32_t addr, uint16_t port)
{
	unsigned i = 0;

	while (i < tcp->listeners &&
	       (tcp->listener[i].port != port || tcp->listener[i].addr != addr))
		i++;
	if (i == tcp->listeners || port == 0)
		return -ENOENT;
	for (uint32_t h = 0; h < tcp->conf.half_open; h++)
		if (tcp->half_open[h].used && tcp->half_open[h].listener == i)
			tcp_half_open_end(tcp, h);
	tcp_profile_put(tcp, tcp->listener_profile[i]);
	tcp->listener[i] = (struct wr_tcp_listener) {0};
	wr_stat_add(&tcp->stats->connections[WR_TCP_LISTEN], (uint64_t)-1);
	return 0;
}

int tcp_listener_find(const struct wr_tcp *tcp, const struct wr_tuple *t)
{
	int any = -1;

	for (unsigned i = 0; i < tcp->listeners; i++) {
		if (tcp->listener[i].port != t->lport)
			continue;
		if (tcp->listener[i].addr == t->laddr)
			return (int)i;
		if (tcp->listener[i].addr == 0)
			any = (int)i;
	}
	return any;
}

bool tcp_is_listening(const struct wr_tcp *tcp, const struct wr_tuple *tuple)
{
	return !tcp->draining && tcp_listener_find(tcp, tuple) >= 0;
}

const struct wr_cc_choice *tcp_listener_cc(const struct wr_tcp *tcp, unsigned listener)
{
	const struct wr_cc_choice *own = &tcp->listener[listener].options.cc;

	return own->ops ? own : &tcp->conf.cc;
}
