/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening: LISTEN with its cookies, SYN-SENT; resets for no connection. */

#include "tcp_open.h"
#include "tcp_accecn.h"
#include "tcp_ecn.h"
#include "tcp_evict.h"
#include "tcp_half_open.h"
#include "tcp_in.h"
#include "tcp_isn.h"
#include "tcp_listener.h"
#include "tcp_loss.h"
#include "tcp_rtt.h"
#include "tcp_segment.h"
#include "tcp_timer.h"

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

/* What the peer's SYN or SYN-ACK offers. */
static void read_syn(struct wr_tcp *tcp, const struct wr_seg *seg, struct wr_syn_options *peer)
{
	wr_tcp_parse_syn(seg, peer);
	WR_COUNT(tcp->stats, tcp_wscale_too_large, peer->wscale_too_large);
}

/* ---- passive opens, in whatever way ---- */

void tcp_half_open_of(struct wr_tcp *tcp, const struct wr_frame *f, int listener,
                      struct wr_half_open *out)
{
	struct wr_syn_options peer;
	uint32_t ts_offset;
	struct wr_seq iss = tcp_isn(tcp, &f->tuple, &ts_offset);
	enum tcp_ecn ecn =
		tcp_ecn_offered(tcp, tcp_listener_cc(tcp, (unsigned)listener), &f->seg);

	read_syn(tcp, &f->seg, &peer);
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
		.ecn = ecn & 3u,
		.syn_ecn = f->tos & WR_ECN_MASK,
		.grants = tcp->listener[listener].options.fastopen &&
	                  tcp_fastopen_deserves(tcp, f, listener),
		.used = true,
	};
}

struct wr_tcb *tcp_open_passively(struct wr_tcp *tcp, const struct wr_half_open *h,
                                  uint32_t hash, uint32_t instead)
{
	const struct wr_syn_options peer = {
		.mss = h->mss,
		.wscale = h->snd_shift,
		.has_wscale = h->wscale,
		.sack_permitted = h->sack,
	};
	struct wr_tcb *c = tcb_new(tcp, &h->tuple, hash, instead);

	tcp_orphan_make_room(tcp);
	if (!c)
		return NULL;
	c->listener = h->listener;
	tcp_limits_enter(tcp, c);
	c->user = tcp->listener[h->listener].user;
	c->profile = (uint8_t)tcp->listener_profile[h->listener];
	tcp->profile[c->profile].uses++;
	c->neigh = h->neigh;
	c->iss = h->iss;
	c->irs = h->irs;
	c->snd.una = c->acked_seq = c->sq_end = c->snd.nxt = wr_seq_add(h->iss, 1);
	c->rcv.nxt = c->rcv.acked = c->in_seq = wr_seq_add(h->irs, 1);
	c->rcv.edge = wr_seq_add(c->rcv.nxt, tcp_first_window(tcp));
	c->ts_recent = h->ts_recent;
	c->ts_offset = h->ts_offset;
	c->opened_tick = h->opened_tick;
	c->rexmits = c->syn_rexmits = h->retries;
	tcb_negotiated(tcp, c, &peer, h->ts, h->retries > 0);
	tcp_ecn_accepted(tcp, c, h);
	return c;
}

enum wr_verdict tcp_open_completed(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f)
{
	c->snd.wl1 = f->seg.seq;
	c->snd.wnd = c->max_wnd = (uint32_t)f->seg.wnd << c->snd_shift;
	wr_stat_add(&tcp->stats->connections[WR_TCP_ESTABLISHED], 1);
	tcp_count_transition(tcp, WR_TCP_SYN_RECEIVED, WR_TCP_ESTABLISHED);
	c->state = WR_TCP_ESTABLISHED;
	c->state_tick = tcp->now_tick;
	WR_COUNT(tcp->stats, tcp_passive_opens, 1);
	tcb_arm_limits(tcp, c);
	if (c->cc.ecn)
		tcp_ecn_feedback(tcp, c, &f->seg, false);
	if (!tcb_events(tcp, c)->on_open(tcp, c)) {
		wr_tcp_abort(tcp, c);
		return WR_V_tcp_refused;
	}
	if (c->state == WR_TCP_CLOSED)
		return WR_V_tcp_accepted;
	if (f->seg.has_ts && wr_seq_le(f->seg.seq, c->rcv.acked))
		c->ts_recent = f->seg.ts_val;
	return c->cc.ecn ? tcp_ecn_process_text(tcp, c, f) : tcp_process_text(tcp, c, f);
}

/* ---- SYN cookies ---- */

/* Answers a SYN of which nothing is kept. */
static enum wr_verdict owe_cookie(struct wr_tcp *tcp, const struct wr_frame *f, int listener)
{
	const struct wr_tcp_options *options = &tcp->listener[listener].options;
	struct wr_half_open h;
	struct tcp_cookie kept;
	struct wr_owed owed;

	tcp_half_open_of(tcp, f, listener, &h);
	kept = (struct tcp_cookie) {
		.mss = h.mss,
		.wscale = h.snd_shift,
		.ts = h.ts,
		.has_wscale = h.wscale && tcp->conf.wscale,
		.sack = h.sack && tcp->conf.sack,
		.ecn = h.ecn == TCP_ECN_CLASSIC,
	};
	owed = (struct wr_owed) {
		.tuple = h.tuple,
		.seq = tcp_cookie_make(&tcp->cookies, tcp->now_us, &h.tuple, h.irs, &kept),
		.ack = wr_seq_add(h.irs, 1),
		.ts = kept.ts,
		.ts_val = tcp_cookie_ts(tcp_ts_now(tcp, h.ts_offset), &kept),
		.ts_ecr = h.ts_recent,
		.wnd = (uint16_t)tcp_first_window(tcp),
		.flags = WR_TCP_SYN | WR_TCP_ACK |
	                 (kept.ecn || h.ecn == TCP_ECN_ACCURATE ? tcp_ecn_synack_flags(&h) : 0),
		.cause = WR_CAUSE_tcp_synack_cookie,
		.tos = options->tos,
		.ttl = options->ttl,
		.listener = h.listener,
		.sack = kept.sack,
		.wscale = kept.has_wscale,
		.accecn = h.ecn == TCP_ECN_ACCURATE,
		.half_open = UINT32_MAX,
	};
	return tcp_owe(tcp, &owed) ? WR_V_tcp_cookie_sent : WR_V_tcp_backlog_full;
}

bool tcp_cookie_came(const struct wr_tcp *tcp, const struct wr_frame *f, int listener,
                     struct wr_half_open *out)
{
	const struct wr_seg *seg = &f->seg;
	struct wr_seq irs = wr_seq_add(seg->seq, UINT32_MAX);
	struct wr_seq iss = wr_seq_add(seg->ack, UINT32_MAX);
	bool ts = seg->has_ts && tcp->conf.timestamps;
	struct tcp_cookie kept;

	if (!tcp_cookie_check(&tcp->cookies, tcp->now_us, &f->tuple, irs, iss,
	                      ts ? &seg->ts_ecr : NULL, &kept))
		return false;
	*out = (struct wr_half_open) {
		.tuple = f->tuple,
		.iss = iss,
		.irs = irs,
		.ts_recent = seg->ts_val,
		.ts_offset = tcp_ts_offset(tcp, &f->tuple),
		.opened_tick = tcp->now_tick,
		.mss = kept.mss,
		.neigh = UINT16_MAX,
		.snd_shift = kept.wscale,
		.listener = (uint8_t)listener,
		.ts = kept.ts,
		.sack = kept.sack,
		.wscale = kept.has_wscale,
		.ecn = tcp_ecn_remembered(tcp, seg, kept.ecn) & 3u,
	};
	return true;
}

/* The connection of which only the cookie was kept. How long the peer took is not known. */
static enum wr_verdict open_by_cookie(struct wr_tcp *tcp, const struct wr_half_open *h,
                                      struct wr_frame *f)
{
	enum wr_verdict v = tcp_open_allowed(tcp, h->listener, f);
	struct wr_tcb *c;

	if (v != WR_V_NEXT)
		return v;
	c = tcp_open_passively(tcp, h, f->hash, WR_FLOW_NONE);
	if (!c)
		return WR_V_tcp_table_full;
	WR_COUNT(tcp->stats, tcp_cookies_accepted, 1);
	tcp_count_transition(tcp, WR_TCP_LISTEN, WR_TCP_SYN_RECEIVED);
	return tcp_open_completed(tcp, c, f);
}

/* ---- LISTEN: RFC 9293 section 3.10.7.2 ---- */

enum wr_verdict tcp_open_allowed(struct wr_tcp *tcp, unsigned listener,
                                 const struct wr_frame *f)
{
	if (tcp_source_is_full(tcp, f->tuple.raddr))
		return tcp_owe_reset(tcp, f, WR_V_tcp_source_full);
	return tcp_listener_is_full(tcp, listener) ? WR_V_tcp_listener_full : WR_V_NEXT;
}

/* Second, check for an ACK: it may be that of a cookie. */
static enum wr_verdict listen_ack(struct wr_tcp *tcp, struct wr_frame *f, int listener)
{
	struct wr_half_open h;

	if (!(f->seg.flags & WR_TCP_SYN) && tcp_cookies_are_out(&tcp->cookies, tcp->now_us)) {
		if (tcp_cookie_came(tcp, f, listener, &h))
			return open_by_cookie(tcp, &h, f);
		WR_COUNT(tcp->stats, tcp_cookies_refused, 1);
	}
	return tcp_owe_reset(tcp, f, WR_V_tcp_no_listener);
}

/* Third, check for a SYN. */
static enum wr_verdict listen_syn(struct wr_tcp *tcp, struct wr_frame *f, int listener,
                                  bool cookie_may_do)
{
	bool cookies = cookie_may_do && tcp->conf.syn_cookies != WR_TCP_COOKIES_NEVER;
	bool always = cookies && tcp->conf.syn_cookies == WR_TCP_COOKIES_ALWAYS;
	enum wr_verdict v = tcp_open_allowed(tcp, (unsigned)listener, f);

	if (v != WR_V_NEXT)
		return v;
	v = WR_V_tcp_backlog_full;
	if (!always && !tcp_listener_is_crowded(tcp, (unsigned)listener))
		v = tcp_half_open_new(tcp, f, listener);
	return v == WR_V_tcp_backlog_full && cookies ? owe_cookie(tcp, f, listener) : v;
}

enum wr_verdict tcp_listen_again(struct wr_tcp *tcp, struct wr_frame *f, bool cookie_may_do)
{
	return listen_syn(tcp, f, tcp_listener_find(tcp, &f->tuple), cookie_may_do);
}

enum wr_verdict tcp_no_connection(struct wr_tcp *tcp, struct wr_frame *f)
{
	uint8_t flags = f->seg.flags;
	int listener = tcp_listener_find(tcp, &f->tuple);
	enum wr_verdict v =
		tcp->stray ? tcp->stray(tcp, f, tcp->stray_user, tcp->now_us) : WR_V_NEXT;

	if (v != WR_V_NEXT)
		return v;
	if (listener < 0 || tcp->draining)
		return tcp_owe_reset(tcp, f, WR_V_tcp_no_listener);
	if (flags & WR_TCP_RST) /* first, check for a RST */
		return WR_V_tcp_reset_ignored;
	if (flags & WR_TCP_ACK)
		return listen_ack(tcp, f, listener);
	if (flags & WR_TCP_SYN) {
		if (tcp->listener[listener].options.fastopen)
			v = tcp_fastopen_syn(tcp, f, listener);
		return v != WR_V_NEXT ? v : listen_syn(tcp, f, listener, true);
	}
	return WR_V_tcp_no_ack; /* fourth, other data or control: drop */
}

/* ---- SYN-SENT ---- */

/* Our SYN is acknowledged. */
static enum wr_verdict establish(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f)
{
	struct wr_seg *seg = &f->seg;

	tcp_fastopen_answered(tcp, c, seg);
	c->flags &= (uint16_t)~WR_TCB_RTO_ARMED;
	c->backoff = 0;
	if (c->syn_rexmits == 0)
		tcp_rtt_sample(c, (tcp->now_tick - c->opened_tick) << WR_TICK_SHIFT);
	tcb_set_state(tcp, c, WR_TCP_ESTABLISHED);
	tcb_owe_ack(tcp, c);
	if (c->cc.accecn)
		tcp_accecn_confirm(tcp, c);
	tcb_arm_limits(tcp, c);
	if (!tcb_events(tcp, c)->on_open(tcp, c)) {
		wr_tcp_abort(tcp, c);
		return WR_V_tcp_refused;
	}
	if (c->state != WR_TCP_CLOSED && (c->flags & WR_TCB_WANT_ROOM))
		tcp_offer_room(tcp, c); /* the SYN's text was taken */
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

	read_syn(tcp, seg, &peer);
	c->irs = seg->seq;
	c->rcv.nxt = c->rcv.acked = c->in_seq = wr_seq_add(seg->seq, 1);
	c->rcv.edge = wr_seq_add(c->rcv.nxt, tcp_first_window(tcp));
	c->last_rx_tick = tcp->now_tick;
	if (seg->has_ts)
		c->ts_recent = seg->ts_val;
	tcb_negotiated(tcp, c, &peer, seg->has_ts && tcp->conf.timestamps, c->syn_rexmits > 0);
	tcp_ecn_answered(tcp, c, f);
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
