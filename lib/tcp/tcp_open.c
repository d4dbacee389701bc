/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening: LISTEN and half-open records, SYN-SENT; resets for no connection. */

#include "tcp.h"

/* ---- segments for no connection ---- */

static bool may_reset(struct wr_tcp *tcp, const struct wr_frame *f)
{
	if (wr_limit_allows(&tcp->rst_limit, tcp->conf.rsts_per_s, f->tuple.raddr, tcp->now_us,
	                    tcp->ip->prng))
		return true;
	WR_COUNT(tcp->stats, tcp_rst_limited, 1);
	return false;
}

/*
 * RFC 9293 section 3.10.7.1: a reset that the sender of f will believe. Never in answer to
 * a reset.
 */
enum wr_verdict tcp_owe_reset(struct wr_tcp *tcp, const struct wr_frame *f, enum wr_verdict v)
{
	const struct wr_seg *seg = &f->seg;
	struct wr_owed owed = {
		.tuple = f->tuple,
		.half_open = UINT32_MAX,
		.cause = WR_CAUSE_tcp_rst_closed,
	};

	if ((seg->flags & WR_TCP_RST) || !may_reset(tcp, f))
		return v == WR_V_tcp_no_listener ? WR_V_tcp_no_listener_quiet : v;
	if (seg->flags & WR_TCP_ACK) {
		owed.seq = seg->ack;
		owed.flags = WR_TCP_RST;
	} else {
		owed.ack = wr_seq_add(seg->seq, seg->len);
		owed.flags = WR_TCP_RST | WR_TCP_ACK;
	}
	tcp_owe(tcp, &owed);
	return v;
}

static int find_listener(const struct wr_tcp *tcp, const struct wr_tuple *t)
{
	int any = -1;

	for (unsigned i = 0; i < tcp->listeners; i++) {
		if (tcp->listener[i].port != t->lport)
			continue;
		if (tcp->listener[i].addr == t->laddr)
			return (int)i;
		if (tcp->listener[i].addr == 0)
			any = (int)i;
	}
	return any;
}

bool tcp_is_listening(const struct wr_tcp *tcp, const struct wr_tuple *tuple)
{
	return !tcp->draining && find_listener(tcp, tuple) >= 0;
}

/* ---- half-open records ---- */

static uint32_t half_open_timer(const struct wr_tcp *tcp, uint32_t index)
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

static void matrix(struct wr_tcp *tcp, enum wr_tcp_state from, enum wr_tcp_state to)
{
	wr_stat_add(&tcp->stats->transition[from][to], 1);
}

static void release_half_open(struct wr_tcp *tcp, uint32_t index)
{
	struct wr_half_open *h = &tcp->half_open[index];

	wr_wheel_cancel(tcp->wheel, half_open_timer(tcp, index));
	wr_stat_add(&tcp->stats->connections[WR_TCP_SYN_RECEIVED], (uint64_t)-1);
	tcp->half_opens--;
	h->used = false;
	h->next_free = tcp->free_half_open;
	tcp->free_half_open = index;
}

void tcp_half_open_end(struct wr_tcp *tcp, uint32_t index)
{
	uint32_t hash = wr_flow_hash(tcp->flows, &tcp->half_open[index].tuple);

	wr_flow_remove(tcp->flows, hash, wr_flow_value(WR_FLOW_HALF_OPEN, index));
	matrix(tcp, WR_TCP_SYN_RECEIVED, WR_TCP_CLOSED);
	release_half_open(tcp, index);
}

/* SYN-ACK number n is due 1, 2, 4, ... initial RTOs after the one before. */
static void arm_synack(struct wr_tcp *tcp, uint32_t index)
{
	struct wr_half_open *h = &tcp->half_open[index];
	uint64_t rto = (uint64_t)tcp->conf.rto_initial_us << h->retries;

	if (rto > tcp->conf.rto_max_us)
		rto = tcp->conf.rto_max_us;
	h->due_tick = wr_tick_after(tcp->now_tick, rto);
	wr_wheel_arm(tcp->wheel, half_open_timer(tcp, index), h->due_tick);
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

void tcp_half_open_ring(struct wr_tcp *tcp, uint32_t index)
{
	struct wr_half_open *h = &tcp->half_open[index];

	if (!h->used)
		return;
	if (!wr_tick_reached(h->due_tick, tcp->now_tick)) {
		wr_wheel_arm(tcp->wheel, half_open_timer(tcp, index), h->due_tick);
		return;
	}
	if (h->retries >= synack_retries(tcp)) {
		WR_COUNT(tcp->stats, tcp_half_open_expired, 1);
		tcp_half_open_end(tcp, index);
		return;
	}
	h->retries++;
	arm_synack(tcp, index);
	owe_synack(tcp, index, WR_CAUSE_tcp_synack_rexmit);
}

static const struct wr_cc_choice *listener_cc(const struct wr_tcp *tcp, int listener)
{
	const struct wr_cc_choice *own = &tcp->listener[listener].options.cc;

	return own->ops ? own : &tcp->conf.cc;
}

void tcp_half_open_of(struct wr_tcp *tcp, const struct wr_frame *f, int listener,
                      struct wr_half_open *out)
{
	struct wr_syn_options peer;
	uint32_t ts_offset;
	struct wr_seq iss = tcp_isn(tcp, &f->tuple, &ts_offset);

	wr_tcp_parse_syn(&f->seg, &peer);
	*out = (struct wr_half_open) {
		.tuple = f->tuple,
		.iss = iss,
		.irs = f->seg.seq,
		.ts_recent = f->seg.ts_val,
		.ts_offset = ts_offset,
		.opened_tick = tcp->now_tick,
		.mss = peer.mss,
		.neigh = UINT16_MAX,
		.snd_shift = peer.wscale,
		.listener = (uint8_t)listener,
		.ts = f->seg.has_ts && tcp->conf.timestamps,
		.sack = peer.sack_permitted,
		.wscale = peer.has_wscale,
		.ecn = tcp_ecn_offered(tcp, listener_cc(tcp, listener), &f->seg),
		.used = true,
	};
}

/* A SYN for a listener: RFC 9293 section 3.10.7.2, third. */
static enum wr_verdict listen_syn(struct wr_tcp *tcp, struct wr_frame *f, int listener)
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
	matrix(tcp, WR_TCP_LISTEN, WR_TCP_SYN_RECEIVED);
	arm_synack(tcp, index);
	owe_synack(tcp, index, WR_CAUSE_tcp_synack);
	return WR_V_tcp_syn_received;
}

enum wr_verdict tcp_no_connection(struct wr_tcp *tcp, struct wr_frame *f)
{
	uint8_t flags = f->seg.flags;
	int listener = find_listener(tcp, &f->tuple);
	enum wr_verdict v =
		tcp->stray ? tcp->stray(tcp, f, tcp->stray_user, tcp->now_us) : WR_V_NEXT;

	if (v != WR_V_NEXT)
		return v;
	if (listener < 0 || tcp->draining)
		return tcp_owe_reset(tcp, f, WR_V_tcp_no_listener);
	if (flags & WR_TCP_RST) /* first, check for a RST */
		return WR_V_tcp_reset_ignored;
	if (flags & WR_TCP_ACK) /* second, check for an ACK */
		return tcp_owe_reset(tcp, f, WR_V_tcp_no_listener);
	if (flags & WR_TCP_SYN) /* third, check for a SYN */
		return listen_syn(tcp, f, listener);
	return WR_V_tcp_no_ack; /* fourth, other data or control: drop */
}

struct wr_tcb *tcp_open_passively(struct wr_tcp *tcp, const struct wr_half_open *h,
                                  uint32_t hash, uint32_t instead)
{
	const struct wr_syn_options peer = {h->mss, h->snd_shift, h->wscale, h->sack};
	struct wr_tcb *c = tcb_new(tcp, &h->tuple, hash, instead);

	if (!c)
		return NULL;
	c->user = tcp->listener[h->listener].user;
	c->profile = (uint8_t)tcp->listener_profile[h->listener];
	tcp->profile[c->profile].uses++;
	c->neigh = h->neigh;
	c->iss = h->iss;
	c->irs = h->irs;
	c->snd.una = c->acked_seq = c->sq_end = c->snd.nxt = wr_seq_add(h->iss, 1);
	c->rcv.nxt = c->rcv.acked = c->in_seq = wr_seq_add(h->irs, 1);
	c->rcv.edge = wr_seq_add(c->rcv.nxt, wr_min(tcp->conf.rcv_buf, UINT16_MAX));
	c->ts_recent = h->ts_recent;
	c->ts_offset = h->ts_offset;
	c->opened_tick = h->opened_tick;
	c->rexmits = c->syn_rexmits = h->retries;
	tcb_negotiated(tcp, c, &peer, h->ts, h->retries > 0);
	if (h->ecn)
		tcp_ecn_agreed(tcp, c);
	return c;
}

/* The handshake's ACK: a full connection takes the record's place. NULL: no room. */
static struct wr_tcb *promote(struct wr_tcp *tcp, uint32_t index, struct wr_frame *f)
{
	const struct wr_half_open h = tcp->half_open[index];
	struct wr_tcb *c = tcp_open_passively(tcp, &h, f->hash,
	                                      wr_flow_value(WR_FLOW_HALF_OPEN, index));

	if (!c)
		return NULL;
	release_half_open(tcp, index);
	c->snd.wl1 = f->seg.seq;
	c->snd.wnd = c->max_wnd = (uint32_t)f->seg.wnd << c->snd_shift;
	if (h.retries == 0) /* Karn: only if one SYN-ACK can be meant */
		tcp_rtt_sample(c, (tcp->now_tick - h.opened_tick) << WR_TICK_SHIFT);
	wr_stat_add(&tcp->stats->connections[WR_TCP_ESTABLISHED], 1);
	matrix(tcp, WR_TCP_SYN_RECEIVED, WR_TCP_ESTABLISHED);
	c->state = WR_TCP_ESTABLISHED;
	c->state_tick = tcp->now_tick;
	return c;
}

/* The steps of 3.10.7.4 before the ACK. WR_V_NEXT: the segment may complete the handshake. */
static enum wr_verdict half_open_checks(struct wr_tcp *tcp, uint32_t index, struct wr_frame *f)
{
	const struct wr_half_open *h = &tcp->half_open[index];
	const struct wr_seg *seg = &f->seg;
	struct wr_seq nxt = wr_seq_add(h->irs, 1);
	uint32_t wnd = wr_min(tcp->conf.rcv_buf, UINT16_MAX);

	if ((seg->flags & (WR_TCP_SYN | WR_TCP_ACK | WR_TCP_RST)) == WR_TCP_SYN) {
		/*
		 * The peer did not get our SYN-ACK; or it began anew, then it answers this one
		 * with the reset that ends the record.
		 */
		owe_synack(tcp, index, WR_CAUSE_tcp_synack_rexmit);
		return wr_seq_eq(seg->seq, h->irs) ? WR_V_tcp_syn_duplicate
		                                   : WR_V_tcp_challenged;
	}
	if (h->ts && !(seg->flags & WR_TCP_RST)) {
		if (!seg->has_ts)
			return WR_V_tcp_no_timestamp;
		if ((int32_t)(seg->ts_val - h->ts_recent) < 0)
			return WR_V_tcp_paws;
	}
	if (!wr_seq_in(seg->seq, nxt, wnd))
		return seg->flags & WR_TCP_RST ? WR_V_tcp_reset_ignored
		                               : WR_V_tcp_not_in_window;
	if (seg->flags & WR_TCP_RST) {
		if (!wr_seq_eq(seg->seq, nxt))
			return WR_V_tcp_reset_ignored; /* a guess; the handshake decides */
		tcp_half_open_end(tcp, index); /* passive open: back to LISTEN, silently */
		return WR_V_tcp_reset;
	}
	if (seg->flags & WR_TCP_SYN)
		return WR_V_tcp_challenged; /* answered by the next SYN-ACK of the timer */
	if (!(seg->flags & WR_TCP_ACK))
		return WR_V_tcp_no_ack;
	if (!wr_seq_eq(seg->ack, wr_seq_add(h->iss, 1)))
		return tcp_owe_reset(tcp, f, WR_V_tcp_ack_not_sent);
	return WR_V_NEXT;
}

enum wr_verdict tcp_half_open_arrives(struct wr_tcp *tcp, uint32_t index, struct wr_frame *f)
{
	enum wr_verdict v = half_open_checks(tcp, index, f);
	struct wr_tcb *c;

	if (v != WR_V_NEXT)
		return v;
	c = promote(tcp, index, f);
	if (!c)
		return WR_V_tcp_table_full; /* the record stays: the peer's next segment may
		                               find room */
	WR_COUNT(tcp->stats, tcp_passive_opens, 1);
	tcb_arm_limits(tcp, c);
	if (!tcb_events(tcp, c)->on_open(tcp, c)) {
		wr_tcp_abort(tcp, c);
		return WR_V_tcp_refused;
	}
	if (c->state == WR_TCP_CLOSED)
		return WR_V_tcp_accepted;
	if (f->seg.has_ts && wr_seq_le(f->seg.seq, c->rcv.acked))
		c->ts_recent = f->seg.ts_val;
	return tcp_process_text(tcp, c, f);
}

/* ---- SYN-SENT ---- */

/* Our SYN is acknowledged. */
static enum wr_verdict establish(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f)
{
	struct wr_seg *seg = &f->seg;

	c->snd.una = c->acked_seq = seg->ack;
	c->flags &= (uint16_t)~WR_TCB_RTO_ARMED;
	c->backoff = 0;
	if (c->syn_rexmits == 0)
		tcp_rtt_sample(c, (tcp->now_tick - c->opened_tick) << WR_TICK_SHIFT);
	tcb_set_state(tcp, c, WR_TCP_ESTABLISHED);
	tcb_owe_ack(tcp, c);
	tcb_arm_limits(tcp, c);
	if (!tcb_events(tcp, c)->on_open(tcp, c)) {
		wr_tcp_abort(tcp, c);
		return WR_V_tcp_refused;
	}
	if (c->state == WR_TCP_CLOSED)
		return WR_V_tcp_accepted;
	/* Text that came with the SYN begins behind it. */
	seg->flags &= (uint8_t)~WR_TCP_SYN;
	seg->seq = c->rcv.nxt;
	seg->len--;
	return seg->len ? tcp_process_text(tcp, c, f) : WR_V_tcp_accepted;
}

/* RFC 9293 section 3.10.7.3. */
enum wr_verdict tcp_syn_sent(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f)
{
	struct wr_seg *seg = &f->seg;
	struct wr_syn_options peer;
	bool ack_ok = seg->flags & WR_TCP_ACK;

	/* First, check the ACK bit. */
	if (ack_ok && (wr_seq_le(seg->ack, c->iss) || wr_seq_lt(c->snd.nxt, seg->ack)))
		return tcp_owe_reset(tcp, f, WR_V_tcp_ack_not_sent);
	/* Second, check the RST bit. */
	if (seg->flags & WR_TCP_RST) {
		if (!ack_ok)
			return WR_V_tcp_reset_ignored;
		tcb_end(tcp, c, WR_REASON_refused);
		return WR_V_tcp_reset;
	}
	/* Third, security: see tcp_in.c. Fourth, check the SYN bit. */
	if (!(seg->flags & WR_TCP_SYN))
		return WR_V_tcp_no_ack; /* fifth: neither SYN nor RST: drop */

	wr_tcp_parse_syn(seg, &peer);
	c->irs = seg->seq;
	c->rcv.nxt = c->rcv.acked = c->in_seq = wr_seq_add(seg->seq, 1);
	c->rcv.edge = wr_seq_add(c->rcv.nxt, wr_min(tcp->conf.rcv_buf, UINT16_MAX));
	c->last_rx_tick = tcp->now_tick;
	if (seg->has_ts)
		c->ts_recent = seg->ts_val;
	tcb_negotiated(tcp, c, &peer, seg->has_ts && tcp->conf.timestamps, c->syn_rexmits > 0);
	tcp_ecn_answered(tcp, c, seg);
	c->snd.wl1 = seg->seq;
	c->snd.wnd = c->max_wnd = seg->wnd; /* never scaled on a SYN */
	if (ack_ok)
		return establish(tcp, c, f);

	/* Simultaneous open. */
	tcb_set_state(tcp, c, WR_TCP_SYN_RECEIVED);
	c->backoff = 0;
	tcp_send_syn(tcp, c, WR_CAUSE_tcp_synack);
	return WR_V_tcp_accepted;
}
