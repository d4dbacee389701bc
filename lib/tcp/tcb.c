/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a connection, from its record to its end. */

#include <string.h>

#include "tcp_accecn.h"
#include "tcp_board.h"
#include "tcp_md5.h"
#include "tcp_path.h"
#include "tcp_reorder.h"
#include "tcp_tune.h"
#include "tcp_wait.h"
#include "tcp_window.h"

#define FEW_BUFS 4 /* that each connection may hold while buffers are short */

struct wr_tcb *tcb_new(struct wr_tcp *tcp, const struct wr_tuple *tuple, uint32_t hash,
                       uint32_t instead)
{
	uint32_t index = tcp->free_tcb;
	struct wr_tcb *c;
	uint16_t pending;

	if (index == UINT32_MAX)
		return NULL;
	c = &tcp->tcb[index];
	if (instead != WR_FLOW_NONE)
		wr_flow_replace(tcp->flows, hash, instead, wr_flow_value(WR_FLOW_TCB, index));
	else if (wr_flow_add(tcp->flows, hash, wr_flow_value(WR_FLOW_TCB, index)))
		return NULL;
	tcp->free_tcb = c->next_free;
	tcp->free_tcbs--;
	WR_LEVEL(tcp->stats, tcp_connections_free, tcp->free_tcbs);
	pending = c->flags & WR_TCB_PENDING;
	memset(c, 0, sizeof(*c));
	c->flags = pending; /* its place in pending[] is still there */
	c->tuple = *tuple;
	c->neigh = UINT16_MAX;
	c->listener = WR_TCB_NO_LISTENER;
	c->opened_tick = c->last_rx_tick = c->last_tx_tick = tcp->now_tick;
	return c;
}

void tcb_set_state(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_tcp_state to)
{
	uint64_t *level = tcp->stats->connections;

	if (wr_unlikely(tcb_is_fastopen(c)))
		tcp_fastopen_left(tcp);
	/* CLOSED is the absence of a connection: it has no level. */
	if (c->state != WR_TCP_CLOSED)
		wr_stat_add(&level[c->state], (uint64_t)-1);
	if (to != WR_TCP_CLOSED)
		wr_stat_add(&level[to], 1);
	wr_stat_add(&tcp->stats->transition[c->state][to], 1);
	c->state = to & 15u;
	c->state_tick = tcp->now_tick;
}

/* Text in all its queues: bytes. */
static uint64_t text_held(const struct wr_tcb *c)
{
	uint64_t text = wr_tcp_queued(c);

	if (c->flags & WR_TCB_HELD)
		text += c->rcvq_bytes;
	if (c->flags & WR_TCB_REORDER)
		text += c->reorder->bytes;
	return text;
}

/*
 * The last quarter of what may be held is for those whose text moves: a few buffers for each,
 * and what windows let leave in a round trip, or in four of one that has acknowledged text: so
 * much may come meanwhile to an echo. Of the last eighth who never did has one buffer, of the
 * last sixteenth none.
 */
static bool may_hold_scarce(const struct wr_tcp *tcp, const struct wr_tcb *c, uint32_t own)
{
	uint64_t moves = wr_min(c->snd.wnd, c->cc.cwnd);

	if (tcp_is_out(tcp) && tcb_is_stranger(c))
		return own == 0 && !tcp_is_dire(tcp);
	return own < FEW_BUFS || text_held(c) < (tcb_is_stranger(c) ? moves : 4 * moves);
}

bool tcb_may_hold(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	uint32_t limit = tcp->conf.held_bufs, own;

	if (limit == 0)
		return true;
	own = tcb_held(c);
	if (tcp->held >= limit || own >= limit - tcp->held)
		return false;
	return wr_likely(!tcp_is_short(tcp)) || may_hold_scarce(tcp, c, own);
}

static void free_queue(struct rte_mbuf *m)
{
	while (m) {
		struct rte_mbuf *next = wr_buf(m)->next;

		rte_pktmbuf_free(m);
		m = next;
	}
}

void tcb_free_buffers(struct wr_tcp *tcp, struct wr_tcb *c)
{
	tcp_reorder_free(tcp, c);
	free_queue(c->sq_head);
	free_queue(c->rcvq_head);
}

static void drop_buffers(struct wr_tcp *tcp, struct wr_tcb *c)
{
	tcp_repair_detach(tcp, c);
	tcp_path_detach(tcp, c);
	tcp_tune_detach(tcp, c);
	tcp->held -= (uint32_t)c->sq_count + c->rcvq_count;
	tcb_free_buffers(tcp, c);
	c->sq_head = c->sq_tail = c->sq_next = NULL;
	c->rcvq_head = c->rcvq_tail = NULL;
	c->sq_count = c->rcvq_count = 0;
	c->rcvq_bytes = 0;
}

/* What tcb_end() and tcb_enter_time_wait() share: the record goes to the dead list. */
static void bury(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	uint32_t index = tcb_index(tcp, c);

	wr_wheel_cancel(tcp->wheel, index);
	drop_buffers(tcp, c);
	wr_stat_add(&tcp->stats->reason[reason], 1);
	tcb_events(tcp, c)->on_closed(tcp, c, reason);
	tcp_profile_put(tcp, c->profile);
	tcp_limits_leave(tcp, c);
	c->flags &= WR_TCB_PENDING;
	c->next_free = tcp->dead_tcb;
	tcp->dead_tcb = index;
}

void tcb_end(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason)
{
	uint32_t hash;

	if (c->state == WR_TCP_CLOSED)
		return;
	hash = wr_flow_hash(tcp->flows, &c->tuple);
	wr_flow_remove(tcp->flows, hash, wr_flow_value(WR_FLOW_TCB, tcb_index(tcp, c)));
	tcb_set_state(tcp, c, WR_TCP_CLOSED);
	bury(tcp, c, reason);
}

void tcb_enter_time_wait(struct wr_tcp *tcp, struct wr_tcb *c)
{
	/* Its right edge does not go back either, RFC 9293 section 3.8.6. */
	uint32_t wnd = wr_max(tcb_rcv_wnd(c), tcp_free_window(tcp, c));
	const struct wr_time_wait tw = {
		.tuple = c->tuple,
		.snd_nxt = c->snd.nxt,
		.rcv_nxt = c->rcv.nxt,
		.ts_recent = c->ts_recent,
		.wnd = (uint16_t)wr_min(wnd >> c->rcv_shift, UINT16_MAX),
		.ts = c->flags & WR_TCB_TS,
		.ace = c->cc.accecn ? tcp_accecn_counter(tcp, c) & 7u : 0,
		.live = true,
	};
	uint32_t hash = wr_flow_hash(tcp->flows, &c->tuple);

	if (c->flags &
	    WR_TCB_ACK_NOW) /* of the peer's FIN: the record cannot owe it any more */
		tcp_wait_owe_ack(tcp, &tw);
	if (c->state != WR_TCP_TIME_WAIT)
		tcb_set_state(tcp, c, WR_TCP_TIME_WAIT);
	tcp_wait_add(tcp, &tw, hash, wr_flow_value(WR_FLOW_TCB, tcb_index(tcp, c)));
	/* The level and the matrix go on with the record; the connection itself is over. */
	c->state = WR_TCP_CLOSED;
	bury(tcp, c, WR_REASON_finished);
}

void tcb_finish(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (wr_unlikely(c->rcvq_head != NULL)) {
		if (c->state != WR_TCP_LAST_ACK)
			tcb_set_state(tcp, c, WR_TCP_TIME_WAIT);
		return; /* tcp_deliver_held() comes back */
	}
	if (c->state == WR_TCP_LAST_ACK)
		tcb_end(tcp, c, WR_REASON_finished);
	else
		tcb_enter_time_wait(tcp, c);
}

void tcp_reap(struct wr_tcp *tcp)
{
	while (tcp->dead_tcb != UINT32_MAX) {
		struct wr_tcb *c = &tcp->tcb[tcp->dead_tcb];

		tcp->dead_tcb = c->next_free;
		c->next_free = tcp->free_tcb;
		tcp->free_tcb = tcb_index(tcp, c);
		tcp->free_tcbs++;
	}
	WR_LEVEL(tcp->stats, tcp_connections_free, tcp->free_tcbs);
}

const struct wr_cc_choice *tcb_cc_choice(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	const struct wr_cc_choice *own = &tcb_options(tcp, c)->cc;

	return own->ops ? own : &tcp->conf.cc;
}

static void start_cc(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t iw)
{
	const struct wr_cc_choice *choice = tcb_cc_choice(tcp, c);
	struct wr_cc_start start = {.now_us = tcp->now_us, .iw = iw, .srtt_us = c->srtt_us};

	c->cc.timed = choice->ops->model || tcp->conf.pacing;
	if (c->cc.timed) {
		struct wr_rate *r = &tcp->rate[tcb_index(tcp, c)];

		memset(r, 0, sizeof(*r));
		start.model = &r->model;
	}
	wr_cc_start(&c->cc, choice, &start);
}

void tcb_negotiated(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_syn_options *peer,
                    bool ts, bool syn_rexmit)
{
	uint32_t most = tcp_mss_offer(tcp, tcb_options(tcp, c));
	uint32_t mss = wr_min(wr_max(peer->mss, tcp->conf.mss_min), most);
	uint8_t iw = syn_rexmit ? 1 : tcp->conf.iw_segments; /* RFC 5681 3.1 */

	c->mss_peer = peer->mss;
	if (ts)
		c->flags |= WR_TCB_TS;
	mss -= tcb_options_bytes(tcp, c); /* RFC 6691 */
	if (peer->sack_permitted && tcp->conf.sack)
		c->flags |= WR_TCB_SACK;
	if (peer->has_wscale && tcp->conf.wscale) {
		c->snd_shift = peer->wscale & 15u;
		c->rcv_shift = tcp_rcv_shift(tcp) & 15u;
	}
	c->recover = c->iss; /* RFC 6582 section 3.2 step 1 */
	c->cwr_end = c->iss;
	mss = tcp_path_open(tcp, c, mss);
	start_cc(tcp, c, wr_cc_initial_window(mss, iw));
}

bool tcb_may_challenge(struct wr_tcp *tcp, struct wr_tcb *c)
{
	const uint32_t second = 1000000 >> WR_TICK_SHIFT;

	if (tcp->now_tick - c->challenge_tick >= second || c->challenges == 0) {
		c->challenge_tick = tcp->now_tick;
		c->challenges = 0;
	}
	if (c->challenges >= tcp->conf.challenges_per_s) {
		WR_COUNT(tcp->stats, tcp_challenge_limited, 1);
		return false;
	}
	c->challenges++;
	return true;
}
