/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Explicit Congestion Notification, RFC 3168: agreed on by SYN and SYN-ACK, sent on new text
 * alone; marks that come are echoed until the peer says that it has slowed down, and echoes
 * that come slow us down once a window. With DCTCP the echo tells of each segment, RFC 8257.
 * What RFC 9768 has otherwise is in tcp_accecn.c and tcp_accecn_feedback.c.
 */

#include "tcp_ecn.h"
#include "tcp_accecn.h"
#include "tcp_in.h"

/* The flags AE, CWR and ECE of SYN and SYN-ACK, as a number: RFC 9768 table 2. */
enum {
	ASKS_NOTHING = 0,
	ASKS_CLASSIC = 3,
	ASKS_ACCURATE = 7,
	AGREES_CLASSIC = 1,
	REFLECTS = 7, /* a broken server sends back what the SYN had */
};

/* ---- the handshake ---- */

static bool asks_classic(const struct wr_tcp *tcp, const struct wr_cc_choice *cc)
{
	return cc->ops->marks || tcp->conf.ecn == WR_TCP_ECN_ON ||
	       tcp->conf.ecn == WR_TCP_ECN_ACCECN_ON;
}

/* What the SYNs of c ask for at first. */
static enum tcp_ecn asks(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	if (tcp->conf.ecn == WR_TCP_ECN_ACCECN)
		return TCP_ECN_ACCURATE;
	return asks_classic(tcp, tcb_cc_choice(tcp, c)) ? TCP_ECN_CLASSIC : TCP_ECN_NONE;
}

uint16_t tcp_ecn_syn_flags(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	switch (asks(tcp, c)) {
	case TCP_ECN_ACCURATE: /* RFC 9768 section 3.1.4.1: asks twice */
		return c->syn_rexmits > 1 ? 0 : wr_tcp_ace_flags(ASKS_ACCURATE);
	case TCP_ECN_CLASSIC:
		/* RFC 3168 section 6.1.1.1: some networks drop such SYNs; the next one has
		 * none. */
		return c->syn_rexmits ? 0 : wr_tcp_ace_flags(ASKS_CLASSIC);
	default:
		return 0;
	}
}

enum tcp_ecn tcp_ecn_offered(const struct wr_tcp *tcp, const struct wr_cc_choice *cc,
                             const struct wr_seg *seg)
{
	const uint8_t both = WR_TCP_ECE | WR_TCP_CWR;
	uint8_t ace = wr_tcp_ace(seg);

	/* RFC 9768 section 3.1.3: what is not defined asks for it, too. */
	if (tcp_accecn_is_wanted(&tcp->conf) && ace != ASKS_NOTHING && ace != ASKS_CLASSIC)
		return TCP_ECN_ACCURATE;
	/* RFC 3168 section 6.1.1: an ECN-setup SYN has both flags. */
	if ((seg->flags & both) != both)
		return TCP_ECN_NONE;
	return cc->ops->marks || tcp->conf.ecn != WR_TCP_ECN_OFF ? TCP_ECN_CLASSIC
	                                                         : TCP_ECN_NONE;
}

/* RFC 9768 section 5.1: the client's ACK tells that it is in AccECN mode. */
enum tcp_ecn tcp_ecn_remembered(const struct wr_tcp *tcp, const struct wr_seg *seg,
                                bool classic)
{
	if (classic)
		return TCP_ECN_CLASSIC;
	return tcp_accecn_is_wanted(&tcp->conf) &&
	                       wr_tcp_ace(seg) >= tcp_accecn_tell(WR_NOT_ECT)
	               ? TCP_ECN_ACCURATE
	               : TCP_ECN_NONE;
}

uint16_t tcp_ecn_synack_flags(const struct wr_half_open *h)
{
	switch (h->ecn) {
	case TCP_ECN_ACCURATE:
		return tcp_ecn_gives_up(h->retries)
		               ? 0
		               : wr_tcp_ace_flags(tcp_accecn_tell(h->syn_ecn));
	case TCP_ECN_CLASSIC:
		return wr_tcp_ace_flags(AGREES_CLASSIC);
	default:
		return 0;
	}
}

uint16_t tcp_ecn_own_synack_flags(struct wr_tcp *tcp, struct wr_tcb *c, bool again)
{
	if (c->cc.accecn)
		return wr_tcp_ace_flags(tcp_accecn_synack(tcp, c, again));
	return c->cc.ecn ? wr_tcp_ace_flags(AGREES_CLASSIC) : 0;
}

bool tcp_ecn_syn_again(const struct wr_tcp *tcp, struct wr_half_open *h,
                       const struct wr_frame *f)
{
	uint8_t ace = wr_tcp_ace(&f->seg);

	if (!tcp_accecn_is_wanted(&tcp->conf) || !wr_seq_eq(f->seg.seq, h->irs))
		return true;
	if (h->ecn == TCP_ECN_ACCURATE) {
		h->syn_ecn = f->tos & WR_ECN_MASK;
		h->no_ect |= ace == ASKS_NOTHING;
		return ace != ASKS_CLASSIC;
	}
	return h->ecn != TCP_ECN_CLASSIC || ace == ASKS_NOTHING || ace == ASKS_CLASSIC;
}

static void agreed(struct wr_tcp *tcp, struct wr_tcb *c, enum tcp_ecn ecn)
{
	if (ecn == TCP_ECN_NONE)
		return;
	c->cc.ecn = true;
	WR_COUNT(tcp->stats, tcp_ecn_connections, 1);
}

void tcp_ecn_accepted(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_half_open *h)
{
	agreed(tcp, c, h->ecn);
	if (h->ecn == TCP_ECN_ACCURATE)
		tcp_accecn_accept(tcp, c, h);
}

/* What a SYN-ACK agrees to. */
static enum tcp_ecn agreed_by(const struct wr_tcp *tcp, const struct wr_tcb *c,
                              const struct wr_seg *seg)
{
	const uint8_t both = WR_TCP_ECE | WR_TCP_CWR;
	uint8_t ace = wr_tcp_ace(seg);

	if (asks(tcp, c) != TCP_ECN_ACCURATE)
		return tcp_ecn_syn_flags(tcp, c) && (seg->flags & both) == WR_TCP_ECE
		               ? TCP_ECN_CLASSIC
		               : TCP_ECN_NONE;
	if (ace == ASKS_NOTHING || ace == REFLECTS)
		return TCP_ECN_NONE;
	return ace == AGREES_CLASSIC ? TCP_ECN_CLASSIC : TCP_ECN_ACCURATE;
}

/* What a SYN that crosses ours does: as if ours were the answer to it. */
static enum tcp_ecn agreed_by_both(const struct wr_tcp *tcp, const struct wr_tcb *c,
                                   const struct wr_seg *seg)
{
	enum tcp_ecn theirs = tcp_ecn_offered(tcp, tcb_cc_choice(tcp, c), seg);

	return tcp_ecn_syn_flags(tcp, c) ? wr_min(theirs, asks(tcp, c)) : TCP_ECN_NONE;
}

void tcp_ecn_answered(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_frame *f)
{
	enum tcp_ecn ecn = f->seg.flags & WR_TCP_ACK ? agreed_by(tcp, c, &f->seg)
	                                             : agreed_by_both(tcp, c, &f->seg);

	agreed(tcp, c, ecn);
	if (ecn == TCP_ECN_ACCURATE)
		tcp_accecn_connected(tcp, c, f);
	else if (asks(tcp, c) == TCP_ECN_ACCURATE)
		WR_COUNT(tcp->stats, tcp_accecn_refused, 1);
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
		.ttl = tcb_options(tcp, c)->ttl,
		.half_open = UINT32_MAX,
	};

	if (!wr_seq_eq(c->rcv.acked, c->rcv.nxt) && tcp_owe(tcp, &owed))
		c->rcv.acked = c->rcv.nxt;
}

/* A segment of a connection with RFC 3168. */
static void arrives(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_frame *f)
{
	bool marked = (f->tos & WR_ECN_MASK) == WR_CE;

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

enum wr_verdict tcp_ecn_process_text(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f)
{
	enum wr_verdict v;

	if (!c->cc.accecn) {
		arrives(tcp, c, f);
		return tcp_process_text(tcp, c, f);
	}
	tcp_accecn_arrives(tcp, c, f);
	v = tcp_process_text(tcp, c, f);
	if (c->state != WR_TCP_CLOSED)
		tcp_accecn_arrived(tcp, c);
	return v;
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
	c->cc.cwr = !c->cc.accecn;
}

bool tcp_ecn_has_reduced(const struct wr_tcb *c)
{
	const struct wr_cc_ops *ops = wr_cc_ops(&c->cc);

	/* DCTCP cuts little for a mark; for a loss as everybody, RFC 8257 section 3.5. */
	return c->cc.ecn && !ops->marks && !ops->model && in_reduced_window(c);
}

/*
 * Section 6.1.2: once a window, and not for what a loss has paid for already. Recovery may have
 * outlived the window that was reduced: it goes on as it is, and nothing says CWR meanwhile, as
 * that would end the echo of a mark that nobody has answered.
 */
bool tcp_ecn_echoed(struct wr_tcp *tcp, struct wr_tcb *c)
{
	const struct wr_cc_congestion congestion = {tcp->now_us, tcb_flight(c), WR_CC_ECN};

	if (in_reduced_window(c))
		return true;
	if (tcb_is_cut(c))
		return false;
	tcp_ecn_reduced(c);
	c->may_undo = false; /* what a loss took: the newest reduction is this one */
	WR_COUNT(tcp->stats, tcp_ecn_reductions, 1);
	wr_cc_ops(&c->cc)->on_congestion(&c->cc, &congestion);
	return true;
}

/*
 * Is what says CWR still on its way? Then the echo is the one that was answered. Until more is
 * acknowledged than was sent before, section 6.1.2, though that may be all.
 */
static bool awaits_cwr(const struct wr_tcb *c, struct wr_seq ack)
{
	return wr_seq_span(ack, c->cwr_end) <= tcb_flight(c);
}

void tcp_ecn_feedback(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg,
                      bool duplicate)
{
	if (c->cc.accecn)
		tcp_accecn_feedback(tcp, c, seg, duplicate);
	/* That of a SYN-ACK, which ends a simultaneous open, is an answer: section 6.1.1. */
	else if ((seg->flags & (WR_TCP_ECE | WR_TCP_SYN)) == WR_TCP_ECE &&
	         !awaits_cwr(c, seg->ack))
		tcp_ecn_echoed(tcp, c);
}

uint32_t tcp_ecn_marked(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg,
                        uint32_t acked)
{
	if (c->cc.accecn)
		return tcp_accecn_take_marked(tcp, c, acked);
	return seg->flags & WR_TCP_ECE ? acked : 0;
}

/* ---- what leaves ---- */

uint8_t tcp_ecn_marks_text(struct wr_tcp *tcp, struct wr_tcb *c, uint16_t *flags)
{
	if (c->cc.accecn)
		return tcp_accecn_may_mark(tcp, c) ? WR_ECT0 : WR_NOT_ECT;
	if (c->cc.cwr)
		*flags |= WR_TCP_CWR;
	c->cc.cwr = false;
	return WR_ECT0;
}
