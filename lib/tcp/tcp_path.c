/* SPDX-License-Identifier: BSD-3-Clause */
/* What is told of a path, RFC 1191, and what follows for the connection. */

#include <errno.h>

#include <rte_malloc.h>

#include "tcp_board.h"
#include "tcp_md5.h"
#include "tcp_path.h"

#define IP_TCP_BYTES 40

int tcp_paths_init(struct wr_tcp *tcp, int socket)
{
	uint32_t n = tcp->conf.paths;

	tcp->free_path = UINT32_MAX;
	tcp->path =
		rte_zmalloc_socket("tcp path", n * sizeof(*tcp->path), WR_CACHE_LINE, socket);
	if (!tcp->path)
		return -ENOMEM;
	while (n-- > 0) {
		tcp->path[n].next_free = tcp->free_path;
		tcp->free_path = n;
	}
	return 0;
}

/* The record of c, attached if it was not; NULL: there is none left. */
static struct tcp_path *attach(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t full)
{
	uint32_t index = tcp->free_path;
	struct tcp_path *p;

	if (c->searching)
		return &tcp->path[c->path];
	if (index == UINT32_MAX) {
		WR_COUNT(tcp->stats, tcp_paths_full, 1);
		return NULL;
	}
	p = &tcp->path[index];
	tcp->free_path = p->next_free;
	*p = (struct tcp_path) {.full = (uint16_t)full};
	c->path = (uint16_t)index;
	c->searching = true;
	return p;
}

void tcp_path_detach(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (!c->searching)
		return;
	tcp->path[c->path].next_free = tcp->free_path;
	tcp->free_path = c->path;
	c->searching = false;
}

uint32_t tcp_path_overhead(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return IP_TCP_BYTES + tcb_options_bytes(tcp, c);
}

void tcp_path_rest(struct wr_tcp *tcp, struct tcp_path *p)
{
	p->high = p->full;
	p->halving = p->out = false;
	p->lost = 0;
	p->due_tick = wr_tick_after(tcp->now_tick, tcp->ip->conf.path_age_us);
}

void tcp_path_narrow(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t mss)
{
	struct tcp_path *p = attach(tcp, c, c->cc.smss);

	c->cc.smss = (uint16_t)mss;
	if (!p)
		return;
	tcp_path_rest(tcp, p);
	p->proven = true;
}

uint16_t tcp_path_open(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t full)
{
	struct wr_path known = wr_path_get(tcp->ip, c->tuple.raddr, tcp->now_us);
	uint32_t mss = wr_min(full, known.mtu - tcp_path_overhead(tcp, c));

	c->cc.smss = (uint16_t)full;
	if (mss < full) {
		tcp_path_narrow(tcp, c, mss);
	} else if (tcp->conf.mtu_probing == WR_TCP_MTU_PROBING_ALWAYS &&
	           full > tcp->conf.mtu_base_mss) {
		tcp_path_narrow(tcp, c, tcp->conf.mtu_base_mss);
		if (c->searching)
			tcp->path[c->path].due_tick = tcp->now_tick;
	}
	return c->cc.smss;
}

void tcp_path_send_again(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t len)
{
	if (!tcb_has_sent_text(c) || !tcp_repair_attach(tcp, c))
		return;
	tcp_mark_longer_lost(c, len);
	if (!(c->flags & (WR_TCB_RECOVERY | WR_TCB_RTO))) {
		c->flags |= WR_TCB_RTO; /* repaired in order, cwnd as it is */
		c->repair->uncut = true;
		c->recover = c->snd.nxt;
	}
	c->rare |= WR_TCB_PMTU;
	c->may_undo = false;
	c->repair->frto = WR_FRTO_OFF;
	tcb_pend(tcp, c);
}

/* What has an MTU of at least the floor. */
static void told_length(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t mtu)
{
	uint32_t mss = mtu - tcp_path_overhead(tcp, c);

	wr_path_put(tcp->ip, c->tuple.raddr, (uint16_t)mtu, tcp->now_us);
	tcp_path_narrow(tcp, c, mss);
	tcp_path_send_again(tcp, c, mss);
}

/*
 * Less than the floor: routers have to cut. Once; who goes on telling so has not understood
 * that they may.
 */
static void told_to_cut(struct wr_tcp *tcp, struct wr_tcb *c, uint16_t mtu)
{
	uint32_t mss = WR_PATH_FLOOR - tcp_path_overhead(tcp, c);

	if (wr_path_get(tcp->ip, c->tuple.raddr, tcp->now_us).cut && c->cc.smss <= mss)
		return;
	wr_path_put(tcp->ip, c->tuple.raddr, mtu, tcp->now_us);
	tcp_path_narrow(tcp, c, wr_min(mss, c->cc.smss));
	tcp_path_send_again(tcp, c, 0);
}

void tcp_path_told(struct wr_tcp *tcp, struct wr_tcb *c, uint16_t mtu, struct wr_seq seq)
{
	const struct tcp_path *p = c->searching ? &tcp->path[c->path] : NULL;
	bool probe = p && p->out && wr_seq_eq(seq, p->probe_seq);
	uint32_t overhead = tcp_path_overhead(tcp, c), now = c->cc.smss + overhead;
	uint32_t sent = probe ? p->probe + overhead : now;

	if (mtu == 0)
		mtu = wr_path_plateau_below(sent);
	if (mtu >= sent)
		return; /* it cannot be true */
	WR_COUNT(tcp->stats, tcp_mtu_told, 1);
	if (mtu < WR_PATH_FLOOR)
		told_to_cut(tcp, c, mtu);
	else if (mtu < now)
		told_length(tcp, c, mtu);
	else
		tcp_path_probe_failed(tcp, c, mtu - overhead);
}
