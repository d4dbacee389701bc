/* SPDX-License-Identifier: BSD-3-Clause */
/* Half-open records: SYN-RECEIVED by passive open, in 64 bytes or less. */

#include "tcp_half_open.h"
#include "tcp_accecn.h"
#include "tcp_ecn.h"
#include "tcp_open.h"
#include "tcp_rtt.h"
#include "tcp_window.h"

static uint32_t timer_of(const struct wr_tcp *tcp, uint32_t index)
{
	return tcp->conf.connections + index;
}

static void owe_synack(struct wr_tcp *tcp, uint32_t index, enum wr_cause cause)
{
	const struct wr_half_open *h = &tcp->half_open[index];
	const struct wr_owed owed = {
		.tuple = h->tuple,
		.half_open = index,
		.cause = (uint8_t)cause,
	};

	tcp_owe(tcp, &owed);
}

static void release(struct wr_tcp *tcp, uint32_t index)
{
	struct wr_half_open *h = &tcp->half_open[index];

	wr_wheel_cancel(tcp->wheel, timer_of(tcp, index));
	wr_stat_add(&tcp->stats->connections[WR_TCP_SYN_RECEIVED], (uint64_t)-1);
	tcp->half_opens--;
	tcp->limits.half_open[h->listener]--;
	h->used = false;
	h->next_free = tcp->free_half_open;
	tcp->free_half_open = index;
}

void tcp_half_open_end(struct wr_tcp *tcp, uint32_t index)
{
	uint32_t hash = wr_flow_hash(tcp->flows, &tcp->half_open[index].tuple);

	wr_flow_remove(tcp->flows, hash, wr_flow_value(WR_FLOW_HALF_OPEN, index));
	tcp_count_transition(tcp, WR_TCP_SYN_RECEIVED, WR_TCP_CLOSED);
	release(tcp, index);
}

/* SYN-ACK number n is due 1, 2, 4, ... initial RTOs after the one before. */
static void arm_synack(struct wr_tcp *tcp, uint32_t index)
{
	struct wr_half_open *h = &tcp->half_open[index];
	uint64_t rto = (uint64_t)tcp->conf.rto_initial_us << h->retries;

	if (rto > tcp->conf.rto_max_us)
		rto = tcp->conf.rto_max_us;
	h->due_tick = wr_tick_after(tcp->now_tick, rto);
	wr_wheel_arm(tcp->wheel, timer_of(tcp, index), h->due_tick);
}

/*
 * With a backlog more than half full, as in a SYN flood, a record is given up after one
 * repetition: 3 s instead of a minute, RFC 4987 section 3.3.
 */
static uint8_t synack_retries(const struct wr_tcp *tcp)
{
	bool crowded = tcp->half_opens > tcp->conf.half_open / 2;

	return crowded && tcp->conf.synack_retries > 1 ? 1 : tcp->conf.synack_retries;
}

/*
 * After a pause thousands may be due at once: what is owed and the output queue are for others
 * too. Then a repetition waits some milliseconds, not all of them as long.
 */
static bool must_wait(struct wr_tcp *tcp, uint32_t index)
{
	if (tcp->owed_count < WR_TCP_OWED / 2 && wr_ip_out_room(tcp->ip) >= WR_OUTQ_SLOTS / 2)
		return false;
	wr_wheel_arm(tcp->wheel, timer_of(tcp, index), tcp->now_tick + 1 + index % 64);
	return true;
}

void tcp_half_open_ring(struct wr_tcp *tcp, uint32_t index)
{
	struct wr_half_open *h = &tcp->half_open[index];

	if (!h->used)
		return;
	if (!wr_tick_reached(h->due_tick, tcp->now_tick)) {
		wr_wheel_arm(tcp->wheel, timer_of(tcp, index), h->due_tick);
		return;
	}
	if (h->retries >= synack_retries(tcp)) {
		WR_COUNT(tcp->stats, tcp_half_open_expired, 1);
		tcp_half_open_end(tcp, index);
		return;
	}
	if (must_wait(tcp, index))
		return;
	h->retries++;
	arm_synack(tcp, index);
	owe_synack(tcp, index, WR_CAUSE_tcp_synack_rexmit);
}

enum wr_verdict tcp_half_open_new(struct wr_tcp *tcp, const struct wr_frame *f, int listener)
{
	uint32_t index = tcp->free_half_open;

	if (index == UINT32_MAX)
		return WR_V_tcp_backlog_full;
	if (wr_flow_add(tcp->flows, f->hash, wr_flow_value(WR_FLOW_HALF_OPEN, index)) != 0)
		return WR_V_tcp_backlog_full;
	tcp->free_half_open = tcp->half_open[index].next_free;
	tcp_half_open_of(tcp, f, listener, &tcp->half_open[index]);
	wr_stat_add(&tcp->stats->connections[WR_TCP_SYN_RECEIVED], 1);
	tcp->half_opens++;
	tcp->limits.half_open[listener]++;
	tcp_count_transition(tcp, WR_TCP_LISTEN, WR_TCP_SYN_RECEIVED);
	arm_synack(tcp, index);
	owe_synack(tcp, index, WR_CAUSE_tcp_synack);
	return WR_V_tcp_syn_received;
}

/* ---- segments that come ---- */

/* As many ACKs a second as a connection may send, see tcb_may_challenge(). */
static bool may_ack(struct wr_tcp *tcp, struct wr_half_open *h)
{
	const uint32_t second = 1000000 >> WR_TICK_SHIFT;

	if (tcp->now_tick - h->acked_tick >= second) {
		h->acked_tick = tcp->now_tick;
		h->acks = 0;
	}
	if (h->acks >= wr_min(tcp->conf.challenges_per_s, UINT8_MAX)) {
		WR_COUNT(tcp->stats, tcp_challenge_limited, 1);
		return false;
	}
	h->acks++;
	return true;
}

/* What is not acceptable is answered by an ACK, which says what would be. Returns v. */
static enum wr_verdict owe_ack(struct wr_tcp *tcp, uint32_t index, enum wr_cause cause,
                               enum wr_verdict v)
{
	struct wr_half_open *h = &tcp->half_open[index];
	uint32_t wnd = tcp_first_window(tcp);
	bool scaled = h->wscale && tcp->conf.wscale;
	bool accurate = h->ecn == TCP_ECN_ACCURATE;
	const struct wr_owed owed = {
		.tuple = h->tuple,
		.seq = wr_seq_add(h->iss, 1),
		.ack = wr_seq_add(h->irs, 1),
		.ts = h->ts,
		.ts_val = tcp_ts_now(tcp, h->ts_offset),
		.ts_ecr = h->ts_recent,
		.wnd = (uint16_t)(scaled ? wnd >> tcp_rcv_shift(tcp) : wnd),
		.flags = WR_TCP_ACK | (accurate ? wr_tcp_ace_flags(TCP_ACCECN_INITIAL) : 0),
		.cause = (uint8_t)cause,
		.tos = tcp->listener[h->listener].options.tos,
		.ttl = tcp->listener[h->listener].options.ttl,
		.half_open = UINT32_MAX,
	};

	if (may_ack(tcp, h))
		tcp_owe(tcp, &owed);
	return v;
}

/* RFC 5961: make the peer prove that it knows RCV.NXT. */
static enum wr_verdict challenge(struct wr_tcp *tcp, uint32_t index)
{
	return owe_ack(tcp, index, WR_CAUSE_tcp_challenge, WR_V_tcp_challenged);
}

/*
 * The peer's SYN came again when there was room for a record, but what it answers is the
 * cookie of before. The record becomes what that says; the peer took we know not how long.
 */
static bool answers_cookie(struct wr_tcp *tcp, uint32_t index, const struct wr_frame *f)
{
	struct wr_half_open *h = &tcp->half_open[index], told;

	if (!tcp_cookie_came(tcp, f, h->listener, &told))
		return false;
	h->iss = told.iss;
	h->irs = told.irs;
	h->mss = told.mss;
	h->snd_shift = told.snd_shift;
	h->ts = told.ts;
	h->sack = told.sack;
	h->wscale = told.wscale;
	h->ecn = told.ecn;
	if (h->retries == 0)
		h->retries = 1;
	WR_COUNT(tcp->stats, tcp_cookies_accepted, 1);
	return true;
}

/* The steps of 3.10.7.4 before the ACK. WR_V_NEXT: the segment may complete the handshake. */
static enum wr_verdict check(struct wr_tcp *tcp, uint32_t index, struct wr_frame *f)
{
	struct wr_half_open *h = &tcp->half_open[index];
	const struct wr_seg *seg = &f->seg;
	struct wr_seq nxt = wr_seq_add(h->irs, 1);
	uint32_t wnd = tcp_first_window(tcp);

	if ((seg->flags & (WR_TCP_SYN | WR_TCP_ACK | WR_TCP_RST)) == WR_TCP_SYN) {
		/*
		 * The peer did not get our SYN-ACK; or it began anew, then it answers this one
		 * with the reset that ends the record.
		 */
		if (!tcp_ecn_syn_again(tcp, h, f)) {
			tcp_half_open_end(tcp, index);
			return tcp_owe_reset(tcp, f, WR_V_tcp_ecn_mixed);
		}
		owe_synack(tcp, index, WR_CAUSE_tcp_synack_rexmit);
		return wr_seq_eq(seg->seq, h->irs) ? WR_V_tcp_syn_duplicate
		                                   : WR_V_tcp_challenged;
	}
	if (h->ts && !(seg->flags & WR_TCP_RST)) {
		if (!seg->has_ts && tcp->conf.ts_required)
			return WR_V_tcp_no_timestamp;
		if (seg->has_ts && (int32_t)(seg->ts_val - h->ts_recent) < 0)
			return owe_ack(tcp, index, WR_CAUSE_tcp_ack_dup, WR_V_tcp_paws);
	}
	if (!wr_seq_in(seg->seq, nxt, wnd))
		return seg->flags & WR_TCP_RST ? WR_V_tcp_reset_ignored
		                               : owe_ack(tcp, index, WR_CAUSE_tcp_ack_dup,
		                                         WR_V_tcp_not_in_window);
	if (seg->flags & WR_TCP_RST) {
		if (!wr_seq_eq(seg->seq, nxt))
			return challenge(tcp, index);
		tcp_half_open_end(tcp, index); /* passive open: back to LISTEN, silently */
		return WR_V_tcp_reset;
	}
	if (seg->flags & WR_TCP_SYN)
		return challenge(tcp, index);
	if (!(seg->flags & WR_TCP_ACK))
		return WR_V_tcp_no_ack;
	if (!wr_seq_eq(seg->ack, wr_seq_add(h->iss, 1)) && !answers_cookie(tcp, index, f))
		return tcp_owe_reset(tcp, f, WR_V_tcp_ack_not_sent);
	return WR_V_NEXT;
}

enum wr_verdict tcp_half_open_arrives(struct wr_tcp *tcp, uint32_t index, struct wr_frame *f)
{
	enum wr_verdict v = check(tcp, index, f);
	const struct wr_half_open h = tcp->half_open[index];
	struct wr_tcb *c;

	if (v != WR_V_NEXT)
		return v;
	v = tcp_open_allowed(tcp, h.listener, f);
	if (v == WR_V_tcp_source_full)
		tcp_half_open_end(tcp, index);
	if (v != WR_V_NEXT)
		return v;
	c = tcp_open_passively(tcp, &h, f->hash, wr_flow_value(WR_FLOW_HALF_OPEN, index));
	if (!c)
		return WR_V_tcp_table_full; /* the record stays: the peer's next segment may
		                               find room */
	release(tcp, index);
	if (h.retries == 0) /* Karn: only if one SYN-ACK can be meant */
		tcp_rtt_sample(c, (tcp->now_tick - h.opened_tick) << WR_TICK_SHIFT);
	return tcp_open_completed(tcp, c, f);
}
