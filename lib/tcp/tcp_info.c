/* SPDX-License-Identifier: BSD-3-Clause */
/* Looking in without disturbing: what `wringer ss` shows. */

#include <string.h>

#include "tcp_accecn.h"
#include "tcp_listener.h"
#include "tcp_md5.h"
#include "tcp_open.h"
#include "tcp_rtt.h"
#include "tcp_timer.h"
#include "tcp_window.h"

static uint64_t ticks_us(uint32_t ticks)
{
	return (uint64_t)ticks << WR_TICK_SHIFT;
}

static bool passes(const struct wr_tcp_filter *filter, enum wr_tcp_state state,
                   const struct wr_tuple *t)
{
	uint32_t states = filter->states ? filter->states
	                                 : ~(1u << WR_TCP_LISTEN | 1u << WR_TCP_TIME_WAIT);

	return (states & 1u << state) &&
	       (t->laddr & filter->lmask) == (filter->laddr & filter->lmask) &&
	       (t->raddr & filter->rmask) == (filter->raddr & filter->rmask) &&
	       (filter->lport == 0 || filter->lport == t->lport) &&
	       (filter->rport == 0 || filter->rport == t->rport);
}

static enum wr_tcp_recovery recovery_of(const struct wr_tcb *c)
{
	if (c->flags & WR_TCB_RTO)
		return WR_TCP_RECOVERY_TIMEOUT;
	if (c->flags & WR_TCB_RECOVERY)
		return WR_TCP_RECOVERY_FAST;
	if (c->cc.ecn && c->cwr_end.n != c->iss.n && wr_seq_lt(c->snd.una, c->cwr_end))
		return WR_TCP_RECOVERY_ECN;
	return c->sacked || c->dup_acks ? WR_TCP_RECOVERY_DISORDER : WR_TCP_RECOVERY_NONE;
}

static void describe_tcb(const struct wr_tcp *tcp, const struct wr_tcb *c,
                         struct wr_tcp_info *info)
{
	*info = (struct wr_tcp_info) {
		.tuple = c->tuple,
		.state = c->state,
		.backoff = c->backoff,
		.ts = c->flags & WR_TCB_TS,
		.sack = c->flags & WR_TCB_SACK,
		.has_wscale = c->snd_shift || c->rcv_shift,
		.nodelay = tcb_options(tcp, c)->nodelay,
		.keepalive = tcb_options(tcp, c)->keepalive,
		.fastopen = c->rare & WR_TCB_FAST,
		.md5 = tcb_is_signed(tcp, c),
		.ecn = c->cc.ecn,
		.accecn = c->cc.accecn,
		.snd_wscale = c->snd_shift,
		.rcv_wscale = c->rcv_shift,
		.recv_q = c->rcvq_bytes,
		.send_q = wr_seq_span(c->snd.una, wr_seq_lt(c->sq_end, c->snd.nxt) ? c->snd.nxt
	                                                                           : c->sq_end),
		.unsent = c->sq_next ? wr_seq_span(c->snd.nxt, c->sq_end) : 0,
		.rto_us = tcp_rto_us(tcp, c),
		.srtt_us = c->srtt_us,
		.rttvar_us = c->rttvar_us,
		.cwnd = c->cc.cwnd,
		.ssthresh = c->cc.ssthresh,
		.mss = c->cc.smss,
		.snd_wnd = c->snd.wnd,
		.rcv_wnd = tcb_rcv_wnd(c),
		.rexmits = c->rexmits,
		.lost = c->lost,
		.sacked = c->sacked,
		.again = c->rexmit,
		.flight = tcb_flight(c),
		.advmss = tcp_mss_offer(tcp, tcb_options(tcp, c)),
		.recovery = (uint8_t)recovery_of(c),
		.reordering = c->reordering,
		.bytes_in =
			c->in_base + wr_seq_span(c->in_seq, c->rcv.nxt) - tcb_fin_received(c),
		.bytes_acked = c->acked_base + wr_seq_span(c->acked_seq, c->snd.una) -
	                       tcb_fin_acked(c),
		.age_us = ticks_us(tcp->now_tick - c->opened_tick),
		.idle_us = ticks_us(tcp->now_tick - c->last_rx_tick),
		.cc = tcb_cc_choice(tcp, c)->ops->name,
	};
	info->timer = tcb_timer_name(tcp, c, &info->timer_us);
	if (c->cc.accecn)
		tcp_accecn_describe(tcp, c, info);
}

void wr_tcp_info_get(const struct wr_tcp *tcp, const struct wr_tcb *c, struct wr_tcp_info *info)
{
	describe_tcb(tcp, c, info);
}

static void describe_half_open(const struct wr_tcp *tcp, const struct wr_half_open *h,
                               struct wr_tcp_info *info)
{
	*info = (struct wr_tcp_info) {
		.tuple = h->tuple,
		.state = WR_TCP_SYN_RECEIVED,
		.backoff = h->retries,
		.ts = h->ts,
		.sack = h->sack && tcp->conf.sack,
		.has_wscale = h->wscale,
		.snd_wscale = h->snd_shift,
		.rcv_wscale = h->wscale ? tcp_rcv_shift(tcp) : 0,
		.mss = h->mss,
		.rexmits = h->retries,
		.send_q = 1,
		.age_us = ticks_us(tcp->now_tick - h->opened_tick),
		.cc = tcp_listener_cc(tcp, h->listener)->ops->name,
		.timer = "on",
		.timer_us = wr_tick_reached(h->due_tick, tcp->now_tick)
	                            ? 0
	                            : ticks_us(h->due_tick - tcp->now_tick),
	};
}

static void describe_time_wait(const struct wr_tcp *tcp, const struct wr_time_wait *tw,
                               struct wr_tcp_info *info)
{
	*info = (struct wr_tcp_info) {
		.tuple = tw->tuple,
		.state = WR_TCP_TIME_WAIT,
		.ts = tw->ts,
		.timer = "timewait",
		.timer_us = wr_tick_reached(tw->until_tick, tcp->now_tick)
	                            ? 0
	                            : ticks_us(tw->until_tick - tcp->now_tick),
	};
}

static void describe_listener(const struct wr_tcp_listener *l, struct wr_tcp_info *info)
{
	*info = (struct wr_tcp_info) {
		.tuple = {.laddr = l->addr, .lport = l->port},
		.state = WR_TCP_LISTEN,
	};
}

/* Entry n of all tables in a row; false: nothing lives there. */
static bool describe(const struct wr_tcp *tcp, const struct wr_tcp_filter *filter, uint32_t n,
                     struct wr_tcp_info *info)
{
	const struct wr_tcp_conf *conf = &tcp->conf;

	if (n < tcp->listeners) {
		const struct wr_tuple t = {.laddr = tcp->listener[n].addr,
		                           .lport = tcp->listener[n].port};

		if (!passes(filter, WR_TCP_LISTEN, &t))
			return false;
		describe_listener(&tcp->listener[n], info);
		return true;
	}
	n -= tcp->listeners;
	if (n < conf->connections) {
		const struct wr_tcb *c = &tcp->tcb[n];

		if (c->state == WR_TCP_CLOSED ||
		    !passes(filter, (enum wr_tcp_state)c->state, &c->tuple))
			return false;
		describe_tcb(tcp, c, info);
		return true;
	}
	n -= conf->connections;
	if (n < conf->half_open) {
		const struct wr_half_open *h = &tcp->half_open[n];

		if (!h->used || !passes(filter, WR_TCP_SYN_RECEIVED, &h->tuple))
			return false;
		describe_half_open(tcp, h, info);
		return true;
	}
	n -= conf->half_open;
	if (!tcp->time_wait[n].live ||
	    !passes(filter, WR_TCP_TIME_WAIT, &tcp->time_wait[n].tuple))
		return false;
	describe_time_wait(tcp, &tcp->time_wait[n], info);
	return true;
}

unsigned wr_tcp_dump(const struct wr_tcp *tcp, const struct wr_tcp_filter *filter,
                     uint32_t every, uint32_t *cursor, uint32_t scan, struct wr_tcp_info *out,
                     unsigned max, uint64_t now_us)
{
	const uint32_t end = tcp->listeners + tcp->conf.connections + tcp->conf.half_open +
	                     tcp->conf.time_waits;
	uint32_t step = every ? every : 1;
	unsigned n = 0;

	(void)now_us; /* levels are as of the last burst */
	while (*cursor < end && scan-- > 0 && n < max) {
		n += describe(tcp, filter, *cursor, &out[n]);
		*cursor = end - *cursor > step ? *cursor + step : end;
	}
	if (*cursor >= end)
		*cursor = UINT32_MAX;
	return n;
}
