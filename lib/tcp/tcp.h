/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside of the TCP engine: its state, and the functions that its files offer each other. Not
 * for users of the library.
 */
#ifndef WR_TCP_INSIDE_H
#define WR_TCP_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "tcb.h"
#include "tcp_cookie.h"
#include "tcp_fastopen.h"
#include "tcp_limit.h"
#include "wr_ephemeral.h"

/* Values of the flow table: a kind in the top two bits, an index below. */
enum wr_flow_kind { WR_FLOW_TCB, WR_FLOW_HALF_OPEN, WR_FLOW_TIME_WAIT };
#define WR_FLOW_INDEX 0x3fffffffu

static inline uint32_t wr_flow_value(enum wr_flow_kind kind, uint32_t index)
{
	return (uint32_t)kind << 30 | index;
}

/* A segment that no connection sends: recorded by input, sent by flush. */
struct wr_owed {
	struct wr_tuple tuple;
	struct wr_seq seq, ack;
	uint32_t ts_val, ts_ecr;
	uint16_t wnd;
	uint16_t flags;   /* WR_TCP_* */
	uint8_t cause;    /* enum wr_cause */
	uint8_t tos, ttl; /* ttl 0: the host's default */
	bool ts;
	/* Of a SYN-ACK whose number is a cookie. */
	uint8_t listener; /* index */
	bool sack, wscale, accecn;
	uint32_t half_open; /* index: SYN-ACK of that record; UINT32_MAX: none */
};

#define TCP_OUT_RESERVE 8 /* frames of the output queue left for others */
#define TCP_DUP_THRESH  3 /* RFC 5681, RFC 6675 */
#define WR_TCP_PROFILES 256
#define WR_TCP_OWED     256

/* What many connections have in common: a listener's, or those of one kind of active open. */
struct wr_tcp_profile {
	const struct wr_tcp_events *events;
	struct wr_tcp_options options;
	uint32_t uses;
};

struct tcp_md5;    /* tcp_md5.h */
struct tcp_accecn; /* tcp_accecn.h */

/* The passes over all connections that go on while buffers are short: tcp_evict.c. */
struct tcp_evict {
	uint32_t cursor;     /* connection that is looked at next */
	uint32_t began_tick; /* when the pass began */
	uint32_t orphan;     /* the same cursor for orphans */
	uint64_t worst;      /* buffers held times ms without progress, of those that stayed */
	uint64_t limit;      /* who has so much goes */
};

struct wr_tcp {
	/* ---- line 0 and 1: every segment ---- */
	alignas(WR_CACHE_LINE) struct wr_ip *ip;
	struct wr_stats *stats;
	uint64_t now_us;
	uint32_t now_tick;
	uint32_t now_ms; /* timestamp clock */
	struct wr_flow_table *flows;
	struct wr_wheel *wheel;
	struct wr_tcb *tcb;
	uint32_t *pending; /* indices of connections with WR_TCB_PENDING */
	uint32_t pend_mask, pend_head, pend_tail; /* a circular queue */
	uint32_t owed_count;
	uint32_t held;   /* buffers in send, receive and out-of-order queues */
	uint32_t plenty; /* below it a receive window that did not grow has all its buffers */
	uint32_t dead_tcb, free_tcb, free_tcbs;
	const struct rte_mbuf *offered; /* to a service at this moment, and kept until then */
	struct tcp_md5 *md5;            /* NULL: there are no keys */
	uint8_t stream_shift; /* RCV.NXT crosses a multiple of 2^so much: a stream, perhaps */
	bool draining;        /* no new connections */
	uint32_t window_step; /* bytes by which a receive window grows, at least */

	alignas(WR_CACHE_LINE) struct wr_tcp_conf conf;
	struct wr_tcp_profile profile[WR_TCP_PROFILES];

	/* ---- the rest: opening, trouble, the end ---- */
	struct tcp_evict evict;
	struct wr_half_open *half_open;
	uint32_t free_half_open, half_opens; /* in use */
	struct tcp_cookies cookies;
	struct tcp_fastopen fastopen;
	struct wr_time_wait *time_wait; /* a circular queue in order of expiry */
	uint32_t tw_head, tw_count;
	struct wr_rate *rate;      /* beside tcb[]; NULL: conf.rates is off */
	struct tcp_accecn *accecn; /* beside tcb[]; NULL: conf.ecn has no AccECN */
	struct wr_reorder *reorder;
	struct wr_tune *tune;
	uint32_t free_tune, tune_hand;
	uint32_t free_reorder;
	struct wr_repair *repair;
	uint32_t free_repair;
	struct tcp_path *path; /* tcp_path.h */
	uint32_t free_path;
	const struct wr_owner *owner;
	uint32_t core;
	struct wr_sipkey tuple_key;
	unsigned listeners;
	struct wr_tcp_listener listener[WR_TCP_LISTENERS];
	uint16_t listener_profile[WR_TCP_LISTENERS];
	wr_tcp_stray_handler stray; /* NULL: none */
	void *stray_user;
	struct wr_ephemeral ports;
	struct tcp_limits limits;
	struct wr_limit rst_limit; /* of resets for no connection */
	struct wr_owed owed[WR_TCP_OWED];
};
static_assert(offsetof(struct wr_tcp, conf) == 2 * WR_CACHE_LINE, "lines 0 and 1");
static_assert(offsetof(struct wr_tcp_conf, connections) <= WR_CACHE_LINE, "one line of policy");

/* ---- small helpers ---- */

static inline uint32_t tcb_index(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return (uint32_t)(c - tcp->tcb);
}

static inline const struct wr_tcp_options *tcb_options(const struct wr_tcp *tcp,
                                                       const struct wr_tcb *c)
{
	return &tcp->profile[c->profile].options;
}

static inline const struct wr_tcp_events *tcb_events(const struct wr_tcp *tcp,
                                                     const struct wr_tcb *c)
{
	return tcp->profile[c->profile].events;
}

/* MSS that it offers, and sends at most. */
static inline uint16_t tcp_mss_offer(const struct wr_tcp *tcp,
                                     const struct wr_tcp_options *options)
{
	return options->mss ? (uint16_t)wr_min(options->mss, tcp->conf.mss) : tcp->conf.mss;
}

/* The window of a SYN, which is never scaled. */
static inline uint16_t tcp_first_window(const struct wr_tcp *tcp)
{
	uint32_t most = wr_min(tcp->conf.rcv_buf, UINT16_MAX);

	return (uint16_t)(tcp->conf.first_window ? wr_min(tcp->conf.first_window, most) : most);
}

/* A FIN was received and is in order: RCV.NXT is behind it. */
static inline bool tcb_fin_received(const struct wr_tcb *c)
{
	return c->state >= WR_TCP_CLOSE_WAIT;
}

/* Opened by its SYN, RFC 7413: SYN-RECEIVED although the service has it already. */
static inline bool tcb_is_fastopen(const struct wr_tcb *c)
{
	return c->state == WR_TCP_SYN_RECEIVED && !(c->rare & WR_TCB_ACTIVE);
}

/* Bytes of sequence space sent and not acknowledged: FlightSize. */
static inline uint32_t tcb_flight(const struct wr_tcb *c)
{
	return wr_seq_span(c->snd.una, c->snd.nxt);
}

/* Text is out, not only a FIN. */
static inline bool tcb_has_sent_text(const struct wr_tcb *c)
{
	return c->sq_head && c->sq_head != c->sq_next;
}

/* Has what is being repaired lowered cwnd? Not if segments were only too long for the path. */
static inline bool tcb_is_cut(const struct wr_tcb *c)
{
	return (c->flags & (WR_TCB_RECOVERY | WR_TCB_RTO)) && !c->repair->uncut;
}

static inline uint32_t tcb_rcv_wnd(const struct wr_tcb *c)
{
	return wr_seq_span(c->rcv.nxt, c->rcv.edge);
}

static inline bool tcb_fin_acked(const struct wr_tcb *c)
{
	return (c->flags & WR_TCB_FIN_SENT) && wr_seq_eq(c->snd.una, c->snd.nxt);
}

/* The buffers that it keeps. */
static inline uint32_t tcb_held(const struct wr_tcb *c)
{
	uint32_t held = c->sq_count;

	if (wr_unlikely(c->flags & WR_TCB_HELD))
		held += c->rcvq_count;
	if (wr_unlikely(c->flags & WR_TCB_REORDER))
		held += c->reorder->pieces;
	return held;
}

/* Three quarters of what connections may keep is kept: the rest is for those that progress. */
static inline bool tcp_is_short(const struct wr_tcp *tcp)
{
	return tcp->conf.held_bufs && tcp->held > tcp->conf.held_bufs / 4 * 3;
}

/* Seven eighths: some must go. */
static inline bool tcp_is_out(const struct wr_tcp *tcp)
{
	return tcp->conf.held_bufs &&
	       tcp->held >= tcp->conf.held_bufs - tcp->conf.held_bufs / 8;
}

/* Fifteen sixteenths: what is left is for those that have acknowledged text before. */
static inline bool tcp_is_dire(const struct wr_tcp *tcp)
{
	return tcp->conf.held_bufs &&
	       tcp->held >= tcp->conf.held_bufs - tcp->conf.held_bufs / 16;
}

/* Nothing that was sent to it was ever acknowledged, but its SYN. */
static inline bool tcb_is_stranger(const struct wr_tcb *c)
{
	return wr_seq_eq(c->snd.una, wr_seq_add(c->iss, 1));
}

/* The connection has something to send at the end of the burst, or may have. */
static inline void tcb_pend(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if (!(c->flags & WR_TCB_PENDING)) {
		c->flags |= WR_TCB_PENDING;
		tcp->pending[tcp->pend_tail++ & tcp->pend_mask] = tcb_index(tcp, c);
	}
}

static inline void tcb_owe_ack(struct wr_tcp *tcp, struct wr_tcb *c)
{
	c->flags |= WR_TCB_ACK_NOW;
	tcb_pend(tcp, c);
}

static inline uint32_t tcp_ts_now(const struct wr_tcp *tcp, uint32_t offset)
{
	return tcp->now_ms + offset;
}

/* One more of the matrix of states, where no connection changes its own. */
static inline void tcp_count_transition(struct wr_tcp *tcp, enum wr_tcp_state from,
                                        enum wr_tcp_state to)
{
	wr_stat_add(&tcp->stats->transition[from][to], 1);
}

/* ---- tcp.c, tcb.c, tcp_profile.c ---- */

/* Sets the engine's clock; every entry point calls it. */
void tcp_set_time(struct wr_tcp *tcp, uint64_t now_us);

/*
 * A connection in state CLOSED with this tuple, in the flow table, where it takes the place of
 * the value `instead`, or a new one if that is WR_FLOW_NONE. NULL: table full.
 */
struct wr_tcb *tcb_new(struct wr_tcp *tcp, const struct wr_tuple *tuple, uint32_t hash,
                       uint32_t instead);

/* The one place where a state changes: gauges, matrix, state_tick. */
void tcb_set_state(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_tcp_state to);

/*
 * Ends a connection: out of the table, buffers freed, on_closed(reason). The record itself
 * is reused only after the next flush, so that callers up the stack may still look at state.
 */
void tcb_end(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason);

/* Gives back what its queues hold; the fields are left as they are. */
void tcb_free_buffers(struct wr_tcp *tcp, struct wr_tcb *c);

/* Nothing is left to do for the service: becomes a TIME-WAIT record. */
void tcb_enter_time_wait(struct wr_tcp *tcp, struct wr_tcb *c);

/*
 * Both FINs are acknowledged. The connection ends, or goes to TIME-WAIT if our FIN was first,
 * but not before the service has taken all text: until then the full record stays.
 */
void tcb_finish(struct wr_tcp *tcp, struct wr_tcb *c);

/* Fills in what both kinds of open agree on, and starts congestion control. */
void tcb_negotiated(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_syn_options *peer,
                    bool ts, bool syn_rexmit);

/* The congestion control that it has, or will have once it is open. */
const struct wr_cc_choice *tcb_cc_choice(const struct wr_tcp *tcp, const struct wr_tcb *c);

/* Is there what the options' congestion control needs? */
bool tcp_cc_fits(const struct wr_tcp *tcp, const struct wr_tcp_options *options);

/* Reclaims records that ended since the last call. */
void tcp_reap(struct wr_tcp *tcp);

/*
 * May the connection keep one more buffer? Not more than are still free for all (dynamic
 * thresholds, Choudhury and Hahne, IEEE/ACM ToN 6(2), 1998); and of the last quarter only
 * what its peer's window and cwnd let leave.
 */
bool tcb_may_hold(const struct wr_tcp *tcp, const struct wr_tcb *c);

/* One more user of this profile, made if there is none; UINT16_MAX: too many different ones. */
uint16_t tcp_profile_get(struct wr_tcp *tcp, const struct wr_tcp_events *events,
                         const struct wr_tcp_options *options);
void tcp_profile_put(struct wr_tcp *tcp, uint16_t index);

/* One more segment that belongs to no connection; false: the list is full. */
bool tcp_owe(struct wr_tcp *tcp, const struct wr_owed *owed);

/* Counts a challenge ACK against the connection's limit; false: not now. RFC 5961 section 7. */
bool tcb_may_challenge(struct wr_tcp *tcp, struct wr_tcb *c);

/* ---- queues of buffers, linked by struct wr_buf ---- */

/* May text be written behind that of m? Not into memory that others see as well. */
static inline bool tcp_can_append(struct rte_mbuf *m, uint32_t len)
{
	return rte_mbuf_refcnt_read(m) == 1 && RTE_MBUF_DIRECT(m) &&
	       rte_pktmbuf_tailroom(m) >= len;
}

/* Gives back one buffer of a queue. */
static inline void tcp_unhold(struct wr_tcp *tcp, struct rte_mbuf *m)
{
	tcp->held--;
	if (wr_likely(rte_mbuf_refcnt_read(m) == 1 && RTE_MBUF_DIRECT(m)))
		rte_mbuf_raw_free(m); /* one buffer, no chain: its second line stays cold */
	else
		rte_pktmbuf_free(m);
}

#endif /* WR_TCP_INSIDE_H */
