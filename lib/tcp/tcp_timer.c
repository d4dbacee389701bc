/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers: a connection has one timer in the wheel, which rings at the earliest of its
 * deadlines or before. Then all are looked at, and the wheel is armed for the next.
 */

#include "tcp_timer.h"
#include "tcp.h"
#include "tcp_loss.h"
#include "tcp_pace.h"
#include "tcp_rtt.h"
#include "tcp_segment.h"
#include "tcp_stream.h"
#include "tcp_tlp.h"
#include "tcp_window.h"

#define LONG_IDLE (1u << 30) /* ticks: 38 hours; half of what the 32-bit clock tells apart */

/* Deadlines lie less than 2^31 ticks ahead. */
static uint32_t ticks(uint64_t us)
{
	return us >> WR_TICK_SHIFT < INT32_MAX ? wr_tick_after(0, us) : INT32_MAX;
}

void tcb_arm(struct wr_tcp *tcp, const struct wr_tcb *c, uint32_t tick)
{
	wr_wheel_arm(tcp->wheel, tcb_index(tcp, c), tick);
}

/* ---- what may be due ---- */

/* The next keep-alive probe, MUST-26: after silence, not after time. */
static uint32_t keepalive_tick(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	const struct wr_tcp_options *o = tcb_options(tcp, c);

	return c->last_rx_tick + ticks(o->keepalive_idle_s * 1000000ull) +
	       c->probes * ticks(o->keepalive_interval_s * 1000000ull);
}

static bool keeps_alive(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return tcb_options(tcp, c)->keepalive && c->state >= WR_TCP_ESTABLISHED &&
	       c->state <= WR_TCP_CLOSE_WAIT && tcb_flight(c) == 0;
}

/* Earliest of the limits on the whole connection; false: it has none. */
static bool earliest_limit(const struct wr_tcp *tcp, const struct wr_tcb *c, uint32_t *tick,
                           enum wr_reason *reason)
{
	const struct wr_tcp_options *o = tcb_options(tcp, c);
	struct {
		uint32_t ms, from;
		enum wr_reason reason;
	} limit[] = {
		{o->total_timeout_ms, c->opened_tick, WR_REASON_total_timeout},
		{o->idle_timeout_ms, c->last_rx_tick, WR_REASON_idle_timeout},
		{c->state <= WR_TCP_SYN_RECEIVED ? o->connect_timeout_ms : 0, c->opened_tick,
	         WR_REASON_connect_timeout},
		{c->state == WR_TCP_FIN_WAIT_2 ? (uint32_t)(tcp->conf.fin_wait2_us / 1000) : 0,
	         wr_tick_reached(c->state_tick, c->last_rx_tick) ? c->last_rx_tick
	                                                         : c->state_tick,
	         WR_REASON_fin_wait_timeout},
	};
	bool any = false;

	for (unsigned i = 0; i < WR_LEN(limit); i++) {
		uint32_t at = limit[i].from + ticks(limit[i].ms * 1000ull);

		if (limit[i].ms == 0 || (any && wr_tick_reached(*tick, at)))
			continue;
		any = true;
		*tick = at;
		*reason = limit[i].reason;
	}
	return any;
}

/* Few connections have any limit: the others' cold lines stay cold. */
static bool limit_tick(const struct wr_tcp *tcp, const struct wr_tcb *c, uint32_t *tick,
                       enum wr_reason *reason)
{
	const struct wr_tcp_options *o = tcb_options(tcp, c);

	if (!(o->total_timeout_ms | o->idle_timeout_ms | o->connect_timeout_ms) &&
	    c->state != WR_TCP_FIN_WAIT_2)
		return false;
	return earliest_limit(tcp, c, tick, reason);
}

static bool due(const struct wr_tcp *tcp, uint32_t tick)
{
	return wr_tick_reached(tick, tcp->now_tick);
}

/* ---- what then happens ---- */

/* Nobody on the link has the address of the next hop: ARP said so since c was opened. */
static bool has_no_route(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	uint64_t open_us = (uint64_t)(tcp->now_tick - c->opened_tick) << WR_TICK_SHIFT;

	return wr_ip_gave_up(tcp->ip, c->tuple.raddr, tcp->now_us - open_us);
}

static void send_syn_again(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (c->syn_rexmits < UINT8_MAX)
		c->syn_rexmits++;
	c->rexmits++;
	tcp_send_syn(tcp, c,
	             c->state == WR_TCP_SYN_SENT ? WR_CAUSE_tcp_syn_rexmit
	                                         : WR_CAUSE_tcp_synack_rexmit);
}

/* SYN or SYN-ACK without an answer: MUST-22, MUST-23. */
static void syn_expired(struct wr_tcp *tcp, struct wr_tcb *c)
{
	uint64_t waited_us = (uint64_t)(tcp->now_tick - c->opened_tick) << WR_TICK_SHIFT;

	if (c->state == WR_TCP_SYN_SENT && c->backoff == 0 &&
	    !wr_ip_is_resolved(tcp->ip, c->tuple.raddr)) {
		/*
		 * The SYN waits for the next hop, or gave way to others there: that says
		 * nothing about the path, so nothing is backed off.
		 */
		if (has_no_route(tcp, c))
			tcb_end(tcp, c, WR_REASON_no_route);
		else
			send_syn_again(tcp, c);
		return;
	}
	if (tcb_is_fastopen(c) && c->syn_rexmits >= tcp->conf.synack_retries) {
		WR_COUNT(tcp->stats, tcp_half_open_expired, 1);
		tcb_end(tcp, c, WR_REASON_connect_timeout);
		return;
	}
	if (waited_us >= tcp->conf.r2_syn_us) {
		tcb_end(tcp, c,
		        wr_ip_is_resolved(tcp->ip, c->tuple.raddr) ? WR_REASON_connect_timeout
		                                                   : WR_REASON_no_route);
		return;
	}
	if (c->backoff < 15)
		c->backoff++;
	if (c->backoff == tcp->conf.r1_rexmits)
		wr_ip_suspect(tcp->ip, c->tuple.raddr, tcp->now_us);
	send_syn_again(tcp, c);
}

/* The peer is told, as it may be there. */
static void limit_ring(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	if (reason == WR_REASON_connect_timeout && !wr_ip_is_resolved(tcp->ip, c->tuple.raddr))
		reason = WR_REASON_no_route;
	if (c->state > WR_TCP_SYN_SENT)
		tcp_send_control(tcp, c, c->snd.nxt, WR_TCP_RST, WR_CAUSE_tcp_rst);
	tcb_end(tcp, c, reason);
}

/*
 * Zero-window probe, MUST-35..37: a segment left of the window, which the peer must answer
 * with its window (as Linux and the BSDs do: no byte of text is spent on it). If the window
 * is open but too small for silly-window avoidance, the text itself goes: the override
 * time-out of RFC 9293 3.8.6.2.1 (4).
 */
static void probe(struct wr_tcp *tcp, struct wr_tcb *c)
{
	enum wr_reason reason;

	if (c->backoff == 0)
		c->stalled_tick = tcp->now_tick;
	if (tcp_gives_up(tcp, c, &reason)) {
		if (reason == WR_REASON_rexmit_timeout)
			tcb_end(tcp, c, reason);
		else
			limit_ring(tcp, c, reason);
		return;
	}
	if (c->snd.wnd) {
		c->max_wnd = c->snd.wnd; /* what it offers is what it has */
		c->flags &= (uint16_t) ~(WR_TCB_PERSIST | WR_TCB_RTO_ARMED);
		if (c->sq_next) /* what was to follow did not */
			wr_buf(c->sq_tail)->flags &= (uint8_t)~WR_BUF_MORE;
		tcp_send_corked(tcp, c);
		tcb_pend(tcp, c);
		return;
	}
	if (c->backoff < 15)
		c->backoff++;
	tcp_send_control(tcp, c, wr_seq_add(c->snd.una, (uint32_t)-1), 0, WR_CAUSE_tcp_probe);
	tcp_arm_rto(tcp, c);
}

static void rto_ring(struct wr_tcp *tcp, struct wr_tcb *c)
{
	c->flags &= (uint16_t)~WR_TCB_RTO_ARMED;
	if (c->state <= WR_TCP_SYN_RECEIVED)
		syn_expired(tcp, c);
	else if (c->flags & WR_TCB_PERSIST)
		probe(tcp, c);
	else if (tcb_flight(c))
		tcp_rto_expired(tcp, c);
}

static void keepalive_ring(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (c->probes >= tcb_options(tcp, c)->keepalive_probes) {
		tcp_send_control(tcp, c, c->snd.nxt, WR_TCP_RST, WR_CAUSE_tcp_rst);
		tcb_end(tcp, c, WR_REASON_keepalive_timeout);
		return;
	}
	c->rare |= WR_TCB_PROBING;
	c->probes++; /* SHLD-12: no text, one left of SND.NXT */
	tcp_send_control(tcp, c, wr_seq_add(c->snd.nxt, (uint32_t)-1), 0,
	                 WR_CAUSE_tcp_keepalive);
}

void tcb_arm_limits(struct wr_tcp *tcp, const struct wr_tcb *c)
{
	enum wr_reason reason;
	uint32_t tick = 0;

	if (keeps_alive(tcp, c))
		tcb_arm(tcp, c, keepalive_tick(tcp, c));
	if (limit_tick(tcp, c, &tick, &reason))
		tcb_arm(tcp, c, tick);
	if ((c->flags & WR_TCB_TS) && !(c->rare & WR_TCB_IDLE_LONG))
		tcb_arm(tcp, c, c->last_rx_tick + LONG_IDLE);
}

static bool reo_timer_runs(const struct wr_tcb *c)
{
	return (c->flags & WR_TCB_LOSS) && c->repair->reo_armed;
}

/* Of text sent: first what may spare a time-out, RFC 8985 section 8. */
static void ring_for_text(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (reo_timer_runs(c) && due(tcp, c->repair->reo_tick))
		tcp_reo_expired(tcp, c);
	if (!(c->flags & WR_TCB_RTO_ARMED))
		return;
	if (tcp_tlp_is_due_some_time(tcp, c) && due(tcp, tcp_tlp_tick(tcp, c)))
		tcp_tlp_probe(tcp, c);
	else if (due(tcp, c->rto_tick))
		rto_ring(tcp, c);
}

static void rearm(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (c->flags & WR_TCB_RTO_ARMED) {
		tcb_arm(tcp, c, c->rto_tick);
		c->rare |= WR_TCB_WHEEL;
		tcp_tlp_arm(tcp, c);
	}
	if (reo_timer_runs(c))
		tcb_arm(tcp, c, c->repair->reo_tick);
	/* An ACK that is owed already waits for a buffer, not for time. */
	if ((c->rare & WR_TCB_DELACK_ARMED) && !(c->flags & WR_TCB_ACK_NOW))
		tcb_arm(tcp, c, c->delack_tick);
	if (tcp_window_is_frozen(tcp, c))
		tcp_window_look(tcp, c);
	tcb_arm_limits(tcp, c);
}

void tcb_ring(struct wr_tcp *tcp, struct wr_tcb *c)
{
	enum wr_reason reason;
	uint32_t tick = 0;

	if (c->state == WR_TCP_CLOSED)
		return;
	c->rare &= (uint16_t) ~(WR_TCB_WHEEL | WR_TCB_WHEEL_PTO);
	if (tcp->now_tick - c->last_rx_tick >= LONG_IDLE)
		c->rare |= WR_TCB_IDLE_LONG;
	if ((c->rare & WR_TCB_DELACK_ARMED) && due(tcp, c->delack_tick)) {
		c->flags |= WR_TCB_ACK_NOW;
		tcb_pend(tcp, c);
	}
	if (wr_unlikely(c->cc.timed) && tcp_pace_is_due(tcp, c))
		tcb_pend(tcp, c);
	ring_for_text(tcp, c);
	if (c->state != WR_TCP_CLOSED && keeps_alive(tcp, c) &&
	    due(tcp, keepalive_tick(tcp, c)))
		keepalive_ring(tcp, c);
	if (c->state != WR_TCP_CLOSED && limit_tick(tcp, c, &tick, &reason) && due(tcp, tick))
		limit_ring(tcp, c, reason);
	if (c->state != WR_TCP_CLOSED)
		rearm(tcp, c);
}

const char *tcb_timer_name(const struct wr_tcp *tcp, const struct wr_tcb *c, uint64_t *in_us)
{
	const char *name = NULL;
	uint32_t tick = 0;

	if (c->flags & WR_TCB_RTO_ARMED) {
		name = c->flags & WR_TCB_PERSIST ? "persist" : "on";
		tick = c->rto_tick;
	} else if (keeps_alive(tcp, c)) {
		name = "keepalive";
		tick = keepalive_tick(tcp, c);
	}
	if (name)
		*in_us = due(tcp, tick) ? 0 : (uint64_t)(tick - tcp->now_tick) << WR_TICK_SHIFT;
	return name;
}
