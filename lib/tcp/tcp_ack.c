/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Acknowledgements: when they leave. In quiet times one for a burst of segments does, RFC 9293
 * 3.8.6.3; and nothing leaves before the burst is done. When the network loses or reorders,
 * the sender lives on ACKs, and they are lost as well: then no two that say something new are
 * merged, RFC 5681 section 4.2, and none waits for longer than a second segment would be behind
 * the first on a short path: with one for each of them few would be in flight, and who has lost
 * one of two learns nothing more. For the same reason some duplicate ACKs wait for
 * another segment.
 */

#include "tcp_ack.h"
#include "tcp.h"
#include "tcp_segment.h"
#include "tcp_timer.h"

void tcp_ack_saw_trouble(const struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (tcp->conf.prompt_acks == 0)
		return;
	c->prompt = true;
	c->prompt_acks = tcp->conf.prompt_acks;
}

static void arm(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t delay_us)
{
	c->rare |= WR_TCB_DELACK_ARMED;
	c->delack_tick = wr_tick_after(tcp->now_tick, delay_us);
	tcb_arm(tcp, c, c->delack_tick);
}

/* The peer may be in slow start: an ACK that waits would hold it up. */
static bool is_quick(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	uint32_t control = c->flags & WR_TCB_FIN_SENT ? 2 : 1; /* SYN and FIN are no text */

	return tcp->conf.quick_acks && wr_seq_span(c->iss, c->snd.nxt) == control &&
	       wr_seq_span(c->irs, c->rcv.nxt) <=
	               (uint32_t)tcp->conf.quick_acks * tcp->conf.mss;
}

/* The service leaves text alone, and half of the window is gone: the sender hears of it. */
static bool is_closing_window(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return (c->flags & WR_TCB_HELD) && c->rcvq_bytes >= tcp->conf.rcv_buf / 2;
}

bool tcp_ack_may_wait(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return tcp->conf.delack_us && !is_quick(tcp, c) && !(c->flags & WR_TCB_REORDER) &&
	       !is_closing_window(tcp, c);
}

/*
 * A sender that paces has two or three segments in flight on a short path, and BBR makes what
 * is in flight when it hears of a loss its window: told at once, it sends the lost one again
 * and nothing behind it, and if that is lost too, nobody tells. It goes on sending while it
 * does not know. With SACK the first segment beyond a gap tells of it, and waits for the second
 * where text was missing a while before too. Without, the third does, for which the second
 * waits, and so on in twos.
 */
static bool may_wait_for_next(const struct wr_tcp *tcp, const struct wr_tcb *c,
                              const struct wr_seg *seg)
{
	uint32_t kept = c->flags & WR_TCB_REORDER ? c->reorder->pieces : 0;

	if (!c->prompt || !tcp->conf.dup_ack_delay_us || (seg->flags & WR_TCP_FIN) ||
	    (c->flags & WR_TCB_ACK_NOW) || (c->rare & WR_TCB_DUP_ACK))
		return false;
	return c->flags & WR_TCB_SACK ? kept == 0 : kept % 2 == 1;
}

void tcp_ack_owe_for_gap(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg)
{
	bool waits = may_wait_for_next(tcp, c, seg);

	c->rare |= WR_TCB_DUP_ACK;
	tcp_ack_saw_trouble(tcp, c);
	if (waits)
		arm(tcp, c, tcp->conf.dup_ack_delay_us); /* or what else makes an ACK leave */
	else
		tcb_owe_ack(tcp, c); /* RFC 5681 section 4.2: at once */
}

void tcp_ack_owe_for_fin(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (tcp->conf.delack_fin && c->state == WR_TCP_ESTABLISHED && !is_quick(tcp, c))
		c->flags |= WR_TCB_DELACK;
	else
		c->flags |= WR_TCB_ACK_NOW;
	tcb_pend(tcp, c);
}

static enum wr_cause cause_of(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	if (!(c->flags & WR_TCB_ACK_NOW))
		return WR_CAUSE_tcp_window;
	if (c->rare & WR_TCB_CHALLENGE)
		return WR_CAUSE_tcp_challenge;
	if ((c->rare & WR_TCB_DUP_ACK) && wr_seq_eq(c->rcv.acked, c->rcv.nxt))
		return WR_CAUSE_tcp_ack_dup;
	if ((c->rare & WR_TCB_DELACK_ARMED) && wr_tick_reached(c->delack_tick, tcp->now_tick))
		return WR_CAUSE_tcp_ack_delayed;
	return WR_CAUSE_tcp_ack;
}

void tcp_ack_send(struct wr_tcp *tcp, struct wr_tcb *c)
{
	tcp_send_control(tcp, c, c->snd.nxt, 0, cause_of(tcp, c));
	if (wr_unlikely(c->prompt) && --c->prompt_acks == 0)
		c->prompt = false;
}

static void send_now(struct wr_tcp *tcp, struct wr_tcb *c)
{
	tcp_ack_send(tcp, c);
	if (!(c->flags & WR_TCB_ACK_NOW)) /* there was a buffer */
		c->rare &= (uint16_t) ~(WR_TCB_CHALLENGE | WR_TCB_DUP_ACK);
}

void tcp_ack_send_ahead(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t len)
{
	bool apart = (c->flags & WR_TCB_REORDER) || wr_seq_span(c->rcv.acked, c->rcv.nxt) > len;

	/* One that waits: SACK says in one what two would; without, they are counted. */
	if ((c->rare & WR_TCB_DUP_ACK) && !(c->flags & WR_TCB_SACK))
		c->flags |= WR_TCB_ACK_NOW;
	if (!(c->flags & WR_TCB_ACK_NOW) || !apart || wr_ip_out_room(tcp->ip) < TCP_OUT_RESERVE)
		return;
	send_now(tcp, c);
}

void tcp_ack_send_now(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (wr_ip_out_room(tcp->ip) >= TCP_OUT_RESERVE)
		send_now(tcp, c);
}

/* Nothing carried the ACK: it has delack_us from now; while ACKs are prompt, what is left of
 * a tick. */
void tcp_ack_arm_delayed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (!(c->rare & WR_TCB_DELACK_ARMED))
		arm(tcp, c, c->prompt ? 1 : tcp->conf.delack_us);
}
