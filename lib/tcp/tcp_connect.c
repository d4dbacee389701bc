/* SPDX-License-Identifier: BSD-3-Clause */
/* Active open: RFC 9293 section 3.10.1, from addresses and ports that are free or can be again.
 */

#include <errno.h>

#include "tcp.h"
#include "tcp_isn.h"
#include "tcp_lookup.h"
#include "tcp_segment.h"
#include "tcp_timer.h"
#include "tcp_wait.h"

/* A tuple that is looked at: what it hashes to, and who has it. */
struct candidate {
	struct wr_tcp *tcp;
	uint32_t hash;
	uint32_t value; /* WR_FLOW_NONE: nobody */
};

/* Whether a new connection may have this tuple; fills the candidate. */
static bool is_free(void *ctx, const struct wr_tuple *t)
{
	struct candidate *c = ctx;

	c->hash = wr_flow_hash(c->tcp->flows, t);
	c->value = tcp_find(c->tcp, c->hash, t);
	return c->value == WR_FLOW_NONE ||
	       (c->value >> 30 == WR_FLOW_TIME_WAIT &&
	        tcp_wait_may_reuse(c->tcp, c->value & WR_FLOW_INDEX));
}

static int choose_port(struct wr_tcp *tcp, const struct wr_tcp_connect *to, struct wr_tuple *t,
                       struct candidate *candidate)
{
	uint64_t before = tcp->ports.probes;
	int rc = wr_ephemeral_choose(&tcp->ports, t, to->lport_low, to->lport_high, is_free,
	                             candidate, tcp->now_us);

	WR_COUNT(tcp->stats, tcp_port_probes, tcp->ports.probes - before);
	return rc;
}

static int choose_tuple(struct wr_tcp *tcp, const struct wr_tcp_connect *to, struct wr_tuple *t,
                        struct candidate *candidate)
{
	if (to->rport == 0 || !wr_ip_is_reachable(tcp->ip, to->raddr))
		return -ENETUNREACH;
	t->laddr = to->laddr ? to->laddr : wr_ip_source_for(tcp->ip, to->raddr);
	if (t->laddr == 0 || !wr_ip_is_local(tcp->ip, t->laddr))
		return -EADDRNOTAVAIL;
	t->raddr = to->raddr;
	t->rport = to->rport;
	if (to->lport == 0)
		return choose_port(tcp, to, t, candidate);
	t->lport = to->lport;
	if (wr_owner_of(tcp->owner, t) != tcp->core)
		return -EADDRNOTAVAIL;
	return is_free(candidate, t) ? 0 : -EADDRINUSE;
}

/* A record in SYN-SENT whose SYN leaves with the next flush. */
static void begin(struct wr_tcp *tcp, struct wr_tcb *c, const struct candidate *candidate)
{
	c->iss = tcp_isn(tcp, &c->tuple, &c->ts_offset);
	if (candidate->value != WR_FLOW_NONE)
		tcp_wait_reuse(tcp, candidate->value & WR_FLOW_INDEX, &c->iss);
	c->rare = WR_TCB_ACTIVE;
	c->snd.una = c->snd.nxt = c->iss;
	c->sq_end = wr_seq_add(c->iss, 1);
	c->cc.smss = tcp->conf.mss;
	tcb_set_state(tcp, c, WR_TCP_SYN_SENT);
	WR_COUNT(tcp->stats, tcp_active_opens, 1);
	tcb_arm_limits(tcp, c);
	tcb_pend(tcp, c);
}

int wr_tcp_connect(struct wr_tcp *tcp, const struct wr_tcp_connect *to, struct wr_tcb **out)
{
	struct candidate candidate = {.tcp = tcp};
	struct wr_tuple t;
	struct wr_tcb *c;
	uint16_t profile;
	int rc;

	if (!tcp_cc_fits(tcp, &to->options))
		return -EINVAL;
	if (tcp->free_tcb == UINT32_MAX)
		return -ENOBUFS;
	rc = choose_tuple(tcp, to, &t, &candidate);
	if (rc != 0)
		return rc;
	c = tcb_new(tcp, &t, candidate.hash, WR_FLOW_NONE);
	if (!c)
		return -ENOBUFS;
	profile = tcp_profile_get(tcp, to->events, &to->options);
	if (profile == UINT16_MAX) {
		wr_flow_remove(tcp->flows, candidate.hash,
		               wr_flow_value(WR_FLOW_TCB, tcb_index(tcp, c)));
		c->next_free = tcp->dead_tcb;
		tcp->dead_tcb = tcb_index(tcp, c);
		return -ENOBUFS;
	}
	c->profile = (uint8_t)profile;
	c->user = to->user;
	begin(tcp, c, &candidate);
	*out = c;
	return 0;
}

int wr_tcp_send_bare_syn(struct wr_tcp *tcp, const struct wr_tuple *tuple, uint64_t now_us)
{
	tcp_set_time(tcp, now_us);
	if (!wr_ip_is_local(tcp->ip, tuple->laddr))
		return -EADDRNOTAVAIL;
	if (tuple->rport == 0 || !wr_ip_is_reachable(tcp->ip, tuple->raddr))
		return -ENETUNREACH;
	if (wr_ip_out_room(tcp->ip) < TCP_OUT_RESERVE)
		return -ENOBUFS;
	return tcp_send_bare_syn(tcp, tuple) ? 0 : -ENOBUFS;
}

void wr_tcp_set_stray(struct wr_tcp *tcp, wr_tcp_stray_handler handler, void *user)
{
	tcp->stray = handler;
	tcp->stray_user = user;
}
