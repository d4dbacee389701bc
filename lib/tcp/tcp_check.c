/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is a segment acceptable? Steps one to four of RFC 9293 section 3.10.7.4, with RFC 7323 before
 * them and RFC 5961 in them.
 */

#include "tcp_check.h"
#include "tcp_ack.h"
#include "tcp_fastopen.h"
#include "tcp_md5.h"
#include "tcp_reorder.h"

void tcp_owe_limited_ack(struct wr_tcp *tcp, struct wr_tcb *c, uint16_t rare)
{
	if (!tcb_may_challenge(tcp, c))
		return;
	c->rare |= rare;
	tcb_owe_ack(tcp, c);
}

/* RFC 5961: make the peer prove that it knows RCV.NXT. */
static enum wr_verdict challenge(struct wr_tcp *tcp, struct wr_tcb *c)
{
	tcp_owe_limited_ack(tcp, c, WR_TCB_CHALLENGE);
	return WR_V_tcp_challenged;
}

/* Where its text begins: that of a SYN, RFC 7413, comes behind the SYN's own number. */
static struct wr_seq text_of(const struct wr_seg *seg)
{
	return wr_seq_add(seg->seq, !!(seg->flags & WR_TCP_SYN));
}

/* Of text that is not taken, what had come before: RFC 2883. */
static void note_what_came_before(struct wr_tcp *tcp, struct wr_tcb *c,
                                  const struct wr_seg *seg)
{
	struct wr_seq text = text_of(seg), end = wr_seq_add(text, seg->text_len);

	if (wr_seq_lt(text, c->rcv.nxt))
		tcp_note_duplicate(tcp, c, text, wr_seq_lt(end, c->rcv.nxt) ? end : c->rcv.nxt);
}

/* RFC 7323 section 5.2, R1: PAWS. After a long silence there is no old duplicate to fear. */
static enum wr_verdict check_timestamp(struct wr_tcp *tcp, struct wr_tcb *c,
                                       const struct wr_seg *seg)
{
	if (wr_unlikely(!seg->has_ts && wr_tcp_signature(seg)))
		return WR_V_tcp_md5_unexpected;
	if (seg->flags & WR_TCP_RST)
		return WR_V_NEXT;
	if (!seg->has_ts) /* section 3.2: SHOULD be dropped silently */
		return tcp->conf.ts_required ? WR_V_tcp_no_timestamp : WR_V_NEXT;
	if ((int32_t)(seg->ts_val - c->ts_recent) >= 0 || (c->rare & WR_TCB_IDLE_LONG))
		return WR_V_NEXT;
	tcp_owe_limited_ack(tcp, c, WR_TCB_DUP_ACK);
	note_what_came_before(tcp, c, seg);
	return WR_V_tcp_paws;
}

/*
 * First, check the sequence number.
 *
 *   SEG.LEN  RCV.WND  acceptable if
 *   0        0        SEG.SEQ = RCV.NXT
 *   0        > 0      RCV.NXT =< SEG.SEQ =< RCV.NXT+RCV.WND
 *   > 0      0        never
 *   > 0      > 0      the first or the last byte is in the window
 *
 * The right edge itself, which the RFC leaves out, is where the ACKs are of a peer that has
 * filled the window: until what it lost of that is repaired, nothing else tells us of ours.
 * A reset there is none of its.
 */
static bool in_window(const struct wr_tcb *c, const struct wr_seg *seg)
{
	uint32_t wnd = tcb_rcv_wnd(c);

	if (seg->len == 0)
		return wr_seq_in(seg->seq, c->rcv.nxt, wnd + !(seg->flags & WR_TCP_RST));
	return wr_seq_in(seg->seq, c->rcv.nxt, wnd) ||
	       wr_seq_in(wr_seq_add(seg->seq, seg->len - 1), c->rcv.nxt, wnd);
}

static enum wr_verdict check_sequence(struct wr_tcp *tcp, struct wr_tcb *c,
                                      const struct wr_seg *seg)
{
	struct wr_seq text = text_of(seg);

	if (wr_likely(in_window(c, seg)))
		return WR_V_NEXT;
	/* Simultaneous open: the peer's SYN again, with the ACK of ours (RFC 9293 figure 8). */
	if (c->state == WR_TCP_SYN_RECEIVED && wr_seq_eq(seg->seq, c->irs) &&
	    (seg->flags & (WR_TCP_SYN | WR_TCP_ACK)) == (WR_TCP_SYN | WR_TCP_ACK))
		return WR_V_NEXT;

	/* Fast open: the SYN again, with its text or without; the SYN-ACK answers it. */
	if (wr_unlikely(tcb_is_fastopen(c)) && wr_seq_eq(seg->seq, c->irs) &&
	    (seg->flags & (WR_TCP_SYN | WR_TCP_ACK | WR_TCP_RST)) == WR_TCP_SYN) {
		tcp_owe_limited_ack(tcp, c, WR_TCB_DUP_ACK);
		return WR_V_tcp_syn_duplicate;
	}

	/* Zero window: still take ACK, URG and RST of what is otherwise in place. */
	if (tcb_rcv_wnd(c) == 0 && wr_seq_eq(seg->seq, c->rcv.nxt) &&
	    (seg->flags & (WR_TCP_ACK | WR_TCP_RST))) {
		if (seg->text_len)
			tcb_owe_ack(tcp, c); /* a window probe */
		return WR_V_NEXT;
	}
	if (seg->flags & WR_TCP_RST)
		return WR_V_tcp_reset_ignored;
	/* All of it was received before: our ACK was lost, or the network repeats itself. */
	if (seg->text_len && wr_seq_le(wr_seq_add(text, seg->text_len), c->rcv.nxt)) {
		tcp_note_duplicate(tcp, c, text, wr_seq_add(text, seg->text_len));
		c->rare |= WR_TCB_DUP_ACK;
		tcp_ack_saw_trouble(tcp, c);
		tcb_owe_ack(tcp, c);
		return WR_V_tcp_duplicate;
	}
	tcp_owe_limited_ack(tcp, c, WR_TCB_DUP_ACK);
	return WR_V_tcp_not_in_window;
}

/* Second, check the RST bit: RFC 9293 as amended by RFC 5961 section 3.2. */
static enum wr_verdict check_rst(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg)
{
	if (!(seg->flags & WR_TCP_RST))
		return WR_V_NEXT;
	if (c->state == WR_TCP_TIME_WAIT) /* RFC 1337 */
		return WR_V_tcp_reset_ignored;
	if (!wr_seq_eq(seg->seq, c->rcv.nxt))
		return challenge(tcp, c);
	if (tcb_is_fastopen(c)) {
		tcp_fastopen_was_reset(tcp);
		tcb_end(tcp, c, WR_REASON_reset_by_peer);
		return WR_V_tcp_reset;
	}
	tcb_end(tcp, c,
	        c->state == WR_TCP_SYN_RECEIVED ? WR_REASON_refused : WR_REASON_reset_by_peer);
	return WR_V_tcp_reset;
}

/* Third, check security: no host has the option of RFC 9293 appendix A.1; nothing to do. */

/* Fourth, check the SYN bit: RFC 5961 section 4.2. */
static enum wr_verdict check_syn(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg)
{
	if (!(seg->flags & WR_TCP_SYN))
		return WR_V_NEXT;
	/* Simultaneous open: the peer's SYN-ACK after its SYN; its ACK counts. */
	if (c->state == WR_TCP_SYN_RECEIVED && (seg->flags & WR_TCP_ACK) &&
	    wr_seq_eq(seg->seq, c->irs))
		return WR_V_NEXT;
	return challenge(tcp, c);
}

enum wr_verdict tcp_check(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_frame *f)
{
	const struct wr_seg *seg = &f->seg;
	enum wr_verdict v =
		c->flags & WR_TCB_TS ? check_timestamp(tcp, c, seg) : tcp_md5_check(tcp, f);

	if (v == WR_V_NEXT)
		v = check_sequence(tcp, c, seg);
	if (v == WR_V_NEXT)
		v = check_rst(tcp, c, seg);
	if (v == WR_V_NEXT)
		v = check_syn(tcp, c, seg);
	return v;
}
