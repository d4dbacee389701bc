/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Explicit Congestion Notification, RFC 3168: agreed on by SYN and SYN-ACK, sent on new text
 * alone; marks that come are echoed until the peer says that it has slowed down, and echoes
 * that come slow us down once a window. With DCTCP the echo tells of each segment, RFC 8257.
 */

#include "tcp.h"
#include "tcp_ecn.h"

#define ECN_MASK 3
#define ECN_CE   3

static bool wanted(const struct wr_tcp *tcp, const struct wr_cc_choice *cc)
{
	return cc->ops->marks || tcp->conf.ecn == WR_TCP_ECN_ON;
}

bool tcp_ecn_asks(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	/* RFC 3168 section 6.1.1.1: some networks drop such SYNs; the next one has none. */
	return wanted(tcp, tcb_cc_choice(tcp, c)) && c->syn_rexmits == 0;
}

/* Section 6.1.1: an ECN-setup SYN has both flags. */
bool tcp_ecn_offered(const struct wr_tcp *tcp, const struct wr_cc_choice *cc,
                     const struct wr_seg *seg)
{
	const uint8_t both = WR_TCP_ECE | WR_TCP_CWR;

	if ((seg->flags & both) != both)
		return false;
	return wanted(tcp, cc) || tcp->conf.ecn == WR_TCP_ECN_PASSIVE;
}

void tcp_ecn_agreed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	c->cc.ecn = true;
	WR_COUNT(tcp->stats, tcp_ecn_connections, 1);
}

void tcp_ecn_answered(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg)
{
	const uint8_t both = WR_TCP_ECE | WR_TCP_CWR;
	uint8_t setup = seg->flags & WR_TCP_ACK ? WR_TCP_ECE : both;

	if (tcp_ecn_asks(tcp, c) && (seg->flags & both) == setup)
		tcp_ecn_agreed(tcp, c);
}

/* ---- marks that came ---- */

/* An ACK of what came before, with the echo as it was: RFC 8257 section 3.2. */
static void owe_ack_so_far(struct wr_tcp *tcp, struct wr_tcb *c)
{
	const struct wr_owed owed = {
		.tuple = c->tuple,
		.seq = c->snd.nxt,
		.ack = c->rcv.nxt,
		.ts = c->flags & WR_TCB_TS,
		.ts_val = tcp_ts_now(tcp, c->ts_offset),
		.ts_ecr = c->ts_recent,
		.wnd = (uint16_t)wr_min(tcb_rcv_wnd(c) >> c->rcv_shift, UINT16_MAX),
		.flags = WR_TCP_ACK | (c->cc.ece ? WR_TCP_ECE : 0),
		.cause = WR_CAUSE_tcp_ack,
		.tos = tcb_options(tcp, c)->tos,
		.half_open = UINT32_MAX,
	};

	if (!wr_seq_eq(c->rcv.acked, c->rcv.nxt) && tcp_owe(tcp, &owed))
		c->rcv.acked = c->rcv.nxt;
}

void tcp_ecn_arrives(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_frame *f)
{
	bool marked = (f->tos & ECN_MASK) == ECN_CE;

	if (marked)
		WR_COUNT(tcp->stats, tcp_ecn_marks_in, 1);
	if (wr_cc_ops(&c->cc)->marks) {
		if (f->seg.text_len && marked != c->cc.ece) {
			owe_ack_so_far(tcp, c);
			c->cc.ece = marked;
		}
		return;
	}
	if (f->seg.flags & WR_TCP_CWR) /* section 6.1.3 */
		c->cc.ece = false;
	if (marked && !c->cc.ece) {
		c->cc.ece = true;
		tcb_owe_ack(tcp, c);
	}
}

/* ---- echoes that came ---- */

/* Is SND.UNA still in the window that was reduced last? */
static bool in_reduced_window(const struct wr_tcb *c)
{
	uint32_t ahead = wr_seq_span(c->snd.una, c->cwr_end);

	return ahead && ahead <= tcb_flight(c);
}

void tcp_ecn_reduced(struct wr_tcb *c)
{
	if (!c->cc.ecn)
		return;
	c->cwr_end = c->snd.nxt;
	c->cc.cwr = true;
}

bool tcp_ecn_has_reduced(const struct wr_tcb *c)
{
	const struct wr_cc_ops *ops = wr_cc_ops(&c->cc);

	/* DCTCP cuts little for a mark; for a loss as everybody, RFC 8257 section 3.5. */
	return c->cc.ecn && !ops->marks && !ops->model && in_reduced_window(c);
}

/* Section 6.1.2: once a window, and not for what a loss has paid for already. */
void tcp_ecn_echoed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	const struct wr_cc_congestion congestion = {tcp->now_us, tcb_flight(c), WR_CC_ECN};

	if (in_reduced_window(c))
		return;
	tcp_ecn_reduced(c);
	if (c->flags & (WR_TCB_RECOVERY | WR_TCB_RTO))
		return;
	c->may_undo = false; /* what a loss took: the newest reduction is this one */
	WR_COUNT(tcp->stats, tcp_ecn_reductions, 1);
	wr_cc_ops(&c->cc)->on_congestion(&c->cc, &congestion);
}

/* ---- what leaves ---- */

uint8_t tcp_ecn_text_flags(struct wr_tcb *c)
{
	bool cwr = c->cc.cwr;

	c->cc.cwr = false;
	return cwr ? WR_TCP_CWR : 0;
}
