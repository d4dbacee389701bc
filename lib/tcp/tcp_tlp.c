/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tail loss probes: RFC 8985 section 7. When no ACK has come for about two round trips, one
 * segment more asks for one, so that RACK finds what was lost without a time-out. Beyond the
 * RFC a connection without SACK probes, too: one ACK may stand for a whole flight, and if that
 * is lost nothing but the retransmission timer would come.
 *
 * The probe time-out is no timer of its own but a function of when text was last sent and when
 * the retransmission timer was last started; so sending and ACKs, which move both, cost
 * nothing.
 */

#include "tcp_tlp.h"
#include "tcp.h"
#include "tcp_board.h"
#include "tcp_ecn.h"
#include "tcp_loss.h"
#include "tcp_out.h"
#include "tcp_rack.h"
#include "tcp_rtt.h"
#include "tcp_segment.h"
#include "tcp_timer.h"

#define MAX_ACK_DELAY_US (200 * 1000) /* TLP.max_ack_delay */
#define PTO_LEAST_US     (2 * 1000)   /* peers gather interrupts, and ticks are coarse */

static bool has_sack(const struct wr_tcb *c)
{
	return c->flags & WR_TCB_SACK;
}

/* TLP_calc_PTO(). */
static uint32_t pto_us(const struct wr_tcb *c)
{
	uint32_t us = 2 * c->srtt_us;

	if (c->srtt_us == 0)
		return 1000 * 1000;
	/* In recovery something is missing, so that no ACK is delayed: RFC 5681 4.2. */
	if (tcb_flight(c) <= c->cc.smss && !(c->flags & WR_TCB_RECOVERY))
		us += MAX_ACK_DELAY_US;
	return wr_max(us, PTO_LEAST_US);
}

/* What is SACKed lets RACK wait for the rest, but for what was sent again and is silent. */
static bool waits_for_nobody_else(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	if (c->flags & WR_TCB_RECOVERY)
		return tcp->conf.tlp_recovery && !c->repair->reo_armed &&
		       (tcp_uses_rack(tcp, c) || !has_sack(c));
	return c->sacked == 0 && !((c->flags & WR_TCB_LOSS) && c->repair->tlp);
}

bool tcp_tlp_is_due_some_time(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return tcp->conf.tlp && (has_sack(c) || tcp->conf.tlp_no_sack) &&
	       (c->flags & WR_TCB_RTO_ARMED) && !(c->flags & (WR_TCB_RTO | WR_TCB_PERSIST)) &&
	       !(c->rare & WR_TCB_NO_PROBE) && c->backoff == 0 &&
	       c->state >= WR_TCP_ESTABLISHED && tcb_flight(c) > 0 &&
	       waits_for_nobody_else(tcp, c);
}

uint32_t tcp_tlp_tick(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	uint32_t started = c->rto_tick - wr_tick_after(0, tcp_rto_us(tcp, c));
	uint32_t from = wr_tick_reached(started, c->last_tx_tick) ? c->last_tx_tick : started;
	uint32_t at = wr_tick_after(from, pto_us(c));

	return wr_tick_reached(at, c->rto_tick) ? at : c->rto_tick;
}

void tcp_tlp_arm(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (!tcp_tlp_is_due_some_time(tcp, c))
		return;
	if (tcb_flight(c) > c->cc.smss) /* else more text makes it earlier */
		c->rare |= WR_TCB_WHEEL_PTO;
	tcb_arm(tcp, c, tcp_tlp_tick(tcp, c));
}

/*
 * The last, which tells what else is lost. The first if the peer was said to have the last, or
 * if nobody tells: whatever is lost, an ACK of it is news.
 */
static struct rte_mbuf *silent_one(const struct wr_tcb *c)
{
	struct rte_mbuf *last = tcp_last_sent(c);

	return !has_sack(c) || (wr_buf(last)->flags & WR_BUF_SACKED) ? c->sq_head : last;
}

/* One segment: text, a FIN with it, or a FIN alone. */
static bool repeat_one(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (tcb_has_sent_text(c))
		return tcp_send_again(tcp, c, silent_one(c), WR_CAUSE_tcp_tlp);
	c->rexmits++;
	tcp_send_control(tcp, c, wr_seq_add(c->snd.nxt, (uint32_t)-1), WR_TCP_FIN,
	                 WR_CAUSE_tcp_tlp);
	return true;
}

/*
 * In recovery, beyond RFC 8985: what was sent again has been silent for two round trips, it or
 * its ACK is lost, and nothing behind it tells. The oldest goes once more, as any ACK of it
 * will do.
 */
static void probe_in_recovery(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct wr_repair *r = c->repair;
	struct rte_mbuf *m = r->lost.first ? r->lost.first : r->again.first;
	bool sent = m ? tcp_send_again(tcp, c, m, WR_CAUSE_tcp_tlp) : repeat_one(tcp, c);

	WR_COUNT(tcp->stats, tcp_tlp_probes, sent);
}

/* TLP_send_probe(). */
void tcp_tlp_probe(struct wr_tcp *tcp, struct wr_tcb *c)
{
	struct wr_repair *r = tcp_repair_attach(tcp, c);

	c->rare |= WR_TCB_NO_PROBE;
	if (c->flags & WR_TCB_RECOVERY) {
		probe_in_recovery(tcp, c);
	} else if (r) {
		r->tlp_is_retrans = !has_sack(c) || !tcp_send_one_new(tcp, c);
		r->tlp = !r->tlp_is_retrans || repeat_one(tcp, c);
		r->tlp_end = c->snd.nxt;
		r->tlp_ts = tcp_ts_now(tcp, c->ts_offset);
		WR_COUNT(tcp->stats, tcp_tlp_probes, r->tlp);
	}
	tcp_arm_rto(tcp, c);
}

/*
 * RFC 3522 section 3.2: is this an answer to the probe, and not to the original? That left at
 * least PTO_LEAST_US before, more than the timestamp clock's millisecond.
 */
static bool answers_probe(const struct wr_tcp *tcp, const struct wr_tcb *c,
                          const struct wr_seg *seg)
{
	uint32_t now = tcp_ts_now(tcp, c->ts_offset);

	return (c->flags & WR_TCB_TS) && seg->has_ts &&
	       now - seg->ts_ecr <= now - c->repair->tlp_ts;
}

/*
 * Without SACK: the peer had the probe, and lacks what was sent two round trips before that. By
 * RACK's rule that is lost; and if it was only late, the peer discards it: it has taken the
 * probe's timestamp, and PAWS refuses older ones (RFC 7323 section 5.3). So nothing is sent
 * twice in vain by not waiting for the RTO, which would count from this ACK.
 */
static bool proves_loss(const struct wr_tcp *tcp, const struct wr_tcb *c,
                        const struct wr_news *news)
{
	return !has_sack(c) && c->repair->tlp_is_retrans && news->acked &&
	       !(c->flags & (WR_TCB_RECOVERY | WR_TCB_RTO)) && tcb_has_sent_text(c) &&
	       answers_probe(tcp, c, news->seg);
}

/*
 * As if the probe had been what a time-out sends. No doubt remains: nothing calls
 * tcp_undo_begin().
 */
static void go_on(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t acked)
{
	tcp_go_back(tcp, c, tcb_flight(c) + acked, tcp_ecn_has_reduced(c));
	WR_COUNT(tcp->stats, tcp_tlp_proofs, 1);
}

void tcp_tlp_acked(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_news *news,
                   bool duplicate)
{
	const struct wr_cc_congestion congestion = {tcp->now_us, tcb_flight(c) + news->acked,
	                                            WR_CC_LOSS};
	struct wr_repair *r = c->repair;
	struct wr_seq ack = news->seg->ack;

	if (!r->tlp)
		return;
	if (wr_seq_lt(ack, r->tlp_end)) {
		if (proves_loss(tcp, c, news))
			go_on(tcp, c, news->acked);
		return;
	}
	if (!r->tlp_is_retrans || news->has_dsack) {
		r->tlp = false;
	} else if (wr_seq_lt(r->tlp_end, ack)) { /* the probe repaired a loss */
		r->tlp = false;
		if (c->flags & (WR_TCB_RECOVERY | WR_TCB_RTO))
			return;
		if (!tcp_ecn_has_reduced(c)) {
			wr_cc_ops(&c->cc)->on_congestion(&c->cc, &congestion);
			wr_cc_ops(&c->cc)->on_leave_recovery(&c->cc, tcp->now_us);
			tcp_ecn_reduced(c);
		}
		WR_COUNT(tcp->stats, tcp_tlp_repairs, 1);
	} else if (news->acked == 0 && duplicate) {
		r->tlp = false; /* both arrived, and the peer has no D-SACK */
	}
}
