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
	uint8_t flags;    /* WR_TCP_* */
	uint8_t cause;    /* enum wr_cause */
	uint8_t tos, ttl; /* ttl 0: the host's default */
	bool ts;
	/* Of a SYN-ACK whose number is a cookie. */
	uint8_t listener; /* index */
	bool sack, wscale;
	uint32_t half_open; /* index: SYN-ACK of that record; UINT32_MAX: none */
};

#define TCP_OUT_RESERVE 8 /* frames of the output queue left for others */
#define WR_TCP_PROFILES 256
#define WR_TCP_OWED     256

/* What many connections have in common: a listener's, or those of one kind of active open. */
struct wr_tcp_profile {
	const struct wr_tcp_events *events;
	struct wr_tcp_options options;
	uint32_t uses;
};

struct tcp_md5; /* tcp_md5.h */

/* The pass over connections that goes on while buffers are short: tcp_evict.c. */
struct tcp_evict {
	uint32_t cursor;     /* connection that is looked at next */
	uint32_t began_tick; /* when the pass began */
	uint32_t orphan;     /* the same cursor for orphans */
	uint32_t age;        /* what has no progress for so many passes goes */
	uint32_t oldest;     /* passes, of what this one has seen */
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
	struct wr_rate *rate; /* beside tcb[]; NULL: conf.rates is off */
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

/* Three quarters of what connections may keep is kept: nothing grows any more. */
static inline bool tcp_is_short(const struct wr_tcp *tcp)
{
	return tcp->conf.held_bufs && tcp->held > tcp->conf.held_bufs / 4 * 3;
}

/* Fifteen sixteenths: some must go. */
static inline bool tcp_is_out(const struct wr_tcp *tcp)
{
	return tcp->conf.held_bufs &&
	       tcp->held >= tcp->conf.held_bufs - tcp->conf.held_bufs / 16;
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

/* Both from one hash of the tuple: 32 bits for the ISN, the other 32 for timestamps. */
struct wr_seq tcp_isn(const struct wr_tcp *tcp, const struct wr_tuple *tuple,
                      uint32_t *ts_offset);
uint32_t tcp_ts_offset(const struct wr_tcp *tcp, const struct wr_tuple *tuple);
uint8_t tcp_rcv_shift(const struct wr_tcp *tcp);

/*
 * May the connection keep one more buffer? Not more than are still free for all: so n of
 * them that never let go keep n/(n+1) of held_bufs, and the next one always finds some
 * (dynamic thresholds, Choudhury and Hahne, IEEE/ACM ToN 6(2), 1998).
 */
bool tcb_may_hold(const struct wr_tcp *tcp, const struct wr_tcb *c);

/* One more user of this profile, made if there is none; UINT16_MAX: too many different ones. */
uint16_t tcp_profile_get(struct wr_tcp *tcp, const struct wr_tcp_events *events,
                         const struct wr_tcp_options *options);
void tcp_profile_put(struct wr_tcp *tcp, uint16_t index);

/* Looks a tuple up; WR_FLOW_NONE if there is none. */
uint32_t tcp_find(const struct wr_tcp *tcp, uint32_t hash, const struct wr_tuple *tuple);

/* One more segment that belongs to no connection; false: the list is full. */
bool tcp_owe(struct wr_tcp *tcp, const struct wr_owed *owed);

/* Counts a challenge ACK against the connection's limit; false: not now. RFC 5961 section 7. */
bool tcb_may_challenge(struct wr_tcp *tcp, struct wr_tcb *c);

/* ---- tcp_in.c ---- */

/* RFC 9293 3.10.7.4, for SYN-RECEIVED (simultaneous open) and all synchronised states. */
enum wr_verdict tcp_segment_arrives(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f);

/* Step 7 and 8 alone: text and FIN of a handshake's last segment. */
enum wr_verdict tcp_process_text(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f);

/* SEG.WND as the window update of RFC 9293 3.10.7.4 step 5. */
void tcp_update_send_window(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg);

/* Hands rcvq to the service again, as far as it takes it. */
void tcp_deliver_held(struct wr_tcp *tcp, struct wr_tcb *c);

/* Held text went to the service otherwise than by tcp_deliver_held(): what follows from that.
 */
void tcp_text_taken(struct wr_tcp *tcp, struct wr_tcb *c);

/* ---- tcp_stream.c ---- */

/* Text that waited for more to follow has waited long enough. */
void tcp_send_corked(struct wr_tcp *tcp, struct wr_tcb *c);
/* m, with text, becomes the end of the send queue. */
void tcp_enqueue(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m);
/* Nothing is in flight and nothing may leave: a timer asks again, MUST-36. */
void tcp_arm_persist(struct wr_tcp *tcp, struct wr_tcb *c);

/* Was it released? Then text that comes is lost, and the peer must know. */
bool tcp_is_orphan(const struct wr_tcp *tcp, const struct wr_tcb *c);

/* ---- tcp_open.c ---- */

/* RFC 9293 3.10.7.1 and .2: CLOSED and LISTEN. */
enum wr_verdict tcp_no_connection(struct wr_tcp *tcp, struct wr_frame *f);
/* Would a SYN to this tuple find a listener? */
bool tcp_is_listening(const struct wr_tcp *tcp, const struct wr_tuple *tuple);
/* 3.10.7.3. */
enum wr_verdict tcp_syn_sent(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f);
/* What a record of the SYN f to that listener says. */
void tcp_half_open_of(struct wr_tcp *tcp, const struct wr_frame *f, int listener,
                      struct wr_half_open *out);
/* Is f, which acknowledges, the answer to a cookie? Then *out is what that says. */
bool tcp_cookie_came(const struct wr_tcp *tcp, const struct wr_frame *f, int listener,
                     struct wr_half_open *out);
/* May the sender of f open a connection of that listener? WR_V_NEXT; or a limit's verdict. */
enum wr_verdict tcp_open_allowed(struct wr_tcp *tcp, unsigned listener,
                                 const struct wr_frame *f);
/*
 * A connection, its state still CLOSED, of what the record says, in the flow table as
 * tcb_new() does it. NULL: no room.
 */
struct wr_tcb *tcp_open_passively(struct wr_tcp *tcp, const struct wr_half_open *h,
                                  uint32_t hash, uint32_t instead);
/* f is the last ACK of its handshake: ESTABLISHED, the service told, the text delivered. */
enum wr_verdict tcp_open_completed(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f);
/*
 * The SYN f to a listener, on the tuple of a TIME-WAIT record that still stands. A cookie,
 * whose number is any, may do if timestamps tell the connections apart.
 */
enum wr_verdict tcp_listen_again(struct wr_tcp *tcp, struct wr_frame *f, bool cookie_may_do);
/* Owes a reset in answer to f, RFC 9293 3.5.2, within the rate limit. */
enum wr_verdict tcp_owe_reset(struct wr_tcp *tcp, const struct wr_frame *f, enum wr_verdict v);

/* ---- tcp_half_open.c ---- */

/* A record of the SYN f, and a SYN-ACK; or tcp_backlog_full. */
enum wr_verdict tcp_half_open_new(struct wr_tcp *tcp, const struct wr_frame *f, int listener);
/* 3.10.7.4 for a half-open record. */
enum wr_verdict tcp_half_open_arrives(struct wr_tcp *tcp, uint32_t index, struct wr_frame *f);
/* A half-open record's timer rang. */
void tcp_half_open_ring(struct wr_tcp *tcp, uint32_t index);
void tcp_half_open_end(struct wr_tcp *tcp, uint32_t index);

/* ---- tcp_wait.c ---- */

/* A new record; the oldest gives way if there is no room. */
void tcp_wait_add(struct wr_tcp *tcp, const struct wr_time_wait *tw, uint32_t hash,
                  uint32_t old_value);
/* Owes the ACK that the record repeats. */
void tcp_wait_owe_ack(struct wr_tcp *tcp, const struct wr_time_wait *tw);
enum wr_verdict tcp_wait_arrives(struct wr_tcp *tcp, uint32_t index, struct wr_frame *f);
void tcp_wait_expire(struct wr_tcp *tcp);
/* Has the record waited conf.time_wait_reuse_us, so that an active open may have its tuple? */
bool tcp_wait_may_reuse(const struct wr_tcp *tcp, uint32_t index);
/* The active open takes it: the record ends, and *iss lies beyond what the old one sent. */
void tcp_wait_reuse(struct wr_tcp *tcp, uint32_t index, struct wr_seq *iss);
bool tcp_wait_deadline(const struct wr_tcp *tcp, uint32_t *tick);

/* ---- tcp_out.c ---- */

/* Sends what windows, Nagle and recovery allow, and the ACK owed. False: no room to send. */
bool tcp_output(struct wr_tcp *tcp, struct wr_tcb *c);
/* Sends again the sent buffer m. False: no buffer, or the output queue is full. */
bool tcp_send_again(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m,
                    enum wr_cause cause);
/* Sends the first `len` bytes of the next buffer. False: no room to send, or no buffer. */
bool tcp_send_next(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t len, uint8_t flags);
/* Sends one segment of unsent text whatever cwnd and Nagle say. False: nothing left. */
bool tcp_send_one_new(struct wr_tcp *tcp, struct wr_tcb *c);

/* ---- tcp_ack.c ---- */

/* Text is missing, or came twice: ACKs are prompt from now on, for a while. */
void tcp_ack_saw_trouble(const struct wr_tcp *tcp, struct wr_tcb *c);
/* May the ACK of a single segment wait? */
bool tcp_ack_may_wait(const struct wr_tcp *tcp, const struct wr_tcb *c);
/*
 * Text in order was received, the last `len` bytes of it now: acknowledged at once for every
 * second segment, else after delack_us.
 */
static inline void tcp_ack_owe_for_text(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t len)
{
	bool second = wr_seq_span(c->rcv.acked, c->rcv.nxt) > len;
	bool special = (c->flags & (WR_TCB_REORDER | WR_TCB_HELD)) || c->prompt ||
	               tcp->conf.quick_acks || tcp->conf.delack_us == 0;

	if (second || (wr_unlikely(special) && !tcp_ack_may_wait(tcp, c)))
		c->flags |= WR_TCB_ACK_NOW;
	else
		c->flags |= WR_TCB_DELACK;
	tcb_pend(tcp, c);
}
/* The peer's FIN was received; c's state is as before it. */
void tcp_ack_owe_for_fin(struct wr_tcp *tcp, struct wr_tcb *c);
/* Sends an ACK; what it was owed for is in it. */
void tcp_ack_send(struct wr_tcp *tcp, struct wr_tcb *c);
/* While ACKs are prompt: sends what is owed if a segment of `len` bytes must not replace it. */
void tcp_ack_send_ahead(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t len);
void tcp_ack_arm_delayed(struct wr_tcp *tcp, struct wr_tcb *c);

/* ---- tcp_segment.c ---- */

/* NULL: the pool is empty, and that is counted. */
struct rte_mbuf *tcp_new_buffer(struct wr_tcp *tcp);

struct tcp_text {
	struct wr_seq seq;
	uint32_t len;
	uint8_t flags; /* WR_TCP_*, beside ACK */
};

/* Sends m, which holds `text` and has room for headers before it; the ACK owed is in it. */
void tcp_send_segment(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m,
                      const struct tcp_text *text, enum wr_cause cause);
/* Sends a segment without text, at SND.NXT or seq. */
void tcp_send_control(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_seq seq, uint8_t flags,
                      enum wr_cause cause);
/* SYN or SYN-ACK of a full connection. */
void tcp_send_syn(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_cause cause);
/* A SYN of no connection. False: no buffer. */
bool tcp_send_bare_syn(struct wr_tcp *tcp, const struct wr_tuple *tuple);
/* Sends a segment of no connection. */
void tcp_send_owed(struct wr_tcp *tcp, const struct wr_owed *owed);

/* ---- tcp_window.c ---- */

/* wr_tcp.plenty. */
uint32_t tcp_window_plenty(const struct wr_tcp_conf *conf);
/* Window that may be advertised: bytes from RCV.NXT on. */
uint32_t tcp_free_window(const struct wr_tcp *tcp, const struct wr_tcb *c);
/* Would a window update be worth a segment? RFC 9293 3.8.6.2.2. */
bool tcp_window_worth_telling(const struct wr_tcp *tcp, const struct wr_tcb *c);
/* SEG.WND of the segment that leaves now; the right edge moves with it. */
uint16_t tcp_advertise(struct wr_tcp *tcp, struct wr_tcb *c);

/* ---- tcp_rtt.c ---- */

uint32_t tcp_rto_us(const struct wr_tcp *tcp, const struct wr_tcb *c);
void tcp_rtt_sample(struct wr_tcb *c, uint32_t rtt_us);
/* Starts or restarts the retransmission timer, RFC 6298 (5.1), (5.3). */
void tcp_arm_rto(struct wr_tcp *tcp, struct wr_tcb *c);

/* ---- tcp_loss.c ---- */

/* An ACK that moved SND.UNA by `acked` bytes from FlightSize `flight`. */
void tcp_acked(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg, uint32_t acked,
               uint32_t flight);
/* An ACK that did not. `duplicate`: by the definition of RFC 5681. */
void tcp_not_advanced(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg,
                      bool duplicate);
/* With nothing in flight an ACK can only tell of a needless retransmission, RFC 2883. */
void tcp_acked_again(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg);
/* Calls on_room, if there is enough. */
void tcp_offer_room(struct wr_tcp *tcp, struct wr_tcb *c);
/* Has what is sent again or probed been without success for R2, or the user's time-out? */
bool tcp_gives_up(const struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason *reason);
/* The retransmission timer rang. */
void tcp_rto_expired(struct wr_tcp *tcp, struct wr_tcb *c);
/* RACK's reordering timer rang, RFC 8985 6.2 step 5. */
void tcp_reo_expired(struct wr_tcp *tcp, struct wr_tcb *c);

/* ---- tcp_board.c ---- */

/* Repair state, attached if it was not. NULL: all are in use; then only time-outs repair. */
struct wr_repair *tcp_repair_attach(struct wr_tcp *tcp, struct wr_tcb *c);
/* All marks are gone from the buffers, or the buffers are. */
void tcp_repair_detach(struct wr_tcp *tcp, struct wr_tcb *c);
/* Bytes thought to be in the network: RFC 6675 section 4, SetPipe. */
uint32_t tcp_pipe(const struct wr_tcb *c);
/* The next buffer to send again, or NULL: RFC 6675 NextSeg (1) and (4). */
struct rte_mbuf *tcp_next_lost(const struct wr_tcp *tcp, struct wr_tcb *c);
void tcp_mark_lost(struct wr_tcb *c, struct rte_mbuf *m);
/* What was sent again is lost once more: before all others, behind *after if that is set. */
void tcp_mark_lost_again(struct wr_tcb *c, struct rte_mbuf *m, struct rte_mbuf **after);
/* m, marked or not, was sent again just now. */
void tcp_board_sent_again(struct wr_tcb *c, struct rte_mbuf *m);
/* m was cut in two: `rest` takes part in what m does. */
void tcp_board_split(struct wr_tcb *c, struct rte_mbuf *m, struct rte_mbuf *rest);
/* m is acknowledged and goes, or its first `part` bytes are and it stays. */
void tcp_board_acked(const struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m,
                     struct wr_news *news);
void tcp_board_acked_part(struct wr_tcb *c, struct wr_buf *b, uint32_t part);
/* Marks what the SACK blocks cover, and finds a D-SACK. */
void tcp_board_sack(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_news *news);
/* Everything sent is to be sent again; what is SACKed too if the peer forgot it. */
void tcp_mark_all_lost(struct wr_tcb *c, bool reneged);
/* What was sent in more than `len` bytes, and is not SACKed, is to be sent again. */
void tcp_mark_longer_lost(struct wr_tcb *c, uint32_t len);
/* A time-out: what is SACKed stays so, RFC 6675 5.1; the rest is lost if it is old enough. */
void tcp_mark_timed_out(const struct wr_tcp *tcp, struct wr_tcb *c);
/* RFC 6675 IsLost(), where RACK is off. */
void tcp_mark_lost_by_count(struct wr_tcb *c);
/* Was not lost after all, unless sent again already. */
void tcp_board_forget_lost(struct wr_tcb *c);
/* RFC 2883: is the first block of the segment a D-SACK? */
bool tcp_is_dsack(const struct wr_tcb *c, const struct wr_seg *seg, const struct wr_sack *s);

/* ---- tcp_rack.c: RFC 8985 section 6 ---- */

static inline bool tcp_uses_rack(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return tcp->conf.rack && (c->flags & WR_TCB_SACK);
}

/* b was delivered: steps 1 to 3. `high`: nothing above it was delivered before. */
void tcp_rack_delivered(const struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_buf *b,
                        struct wr_news *news, bool high);
/* Step 4: one more D-SACK, and the end of a recovery without any. */
void tcp_rack_saw_dsack(struct wr_tcb *c);
void tcp_rack_left_recovery(struct wr_tcb *c);
/* Step 5: marks what is lost, sets the reordering timer for what may be. */
void tcp_rack_detect(struct wr_tcp *tcp, struct wr_tcb *c);
/* Has so long passed since b was sent that it would be lost, had something later arrived? */
bool tcp_rack_timed_out(const struct wr_tcp *tcp, const struct wr_tcb *c,
                        const struct wr_buf *b);

/* ---- tcp_tlp.c: RFC 8985 section 7 ---- */

/* May a probe be sent when its time comes? */
bool tcp_tlp_is_due_some_time(const struct wr_tcp *tcp, const struct wr_tcb *c);
/* The tick of the probe time-out; not later than rto_tick. */
uint32_t tcp_tlp_tick(const struct wr_tcp *tcp, const struct wr_tcb *c);
/* Lets the wheel ring in time for the probe. */
void tcp_tlp_arm(struct wr_tcp *tcp, struct wr_tcb *c);
/* The same after sending and after ACKs, at almost no cost. */
static inline void tcp_tlp_check(struct wr_tcp *tcp, struct wr_tcb *c)
{
	if ((c->flags & WR_TCB_SACK) && !(c->rare & WR_TCB_WHEEL_PTO) &&
	    (tcb_flight(c) > c->cc.smss || c->rttvar_us > c->srtt_us / 4 + 50000))
		tcp_tlp_arm(tcp, c);
}
/* The probe time-out has come. */
void tcp_tlp_probe(struct wr_tcp *tcp, struct wr_tcb *c);
/* Section 7.4.2: did the probe repair a loss? `duplicate`: a pure ACK that tells nothing. */
void tcp_tlp_acked(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_news *news,
                   bool duplicate);

/* ---- tcp_prr.c: RFC 6937 as revised ---- */

void tcp_prr_begin(struct wr_tcb *c, struct wr_seq before);
/* `delivered` bytes by this ACK; `safe`: SND.UNA advanced and nothing new was lost. */
void tcp_prr_update(struct wr_tcb *c, uint32_t delivered, bool safe);

/* ---- tcp_undo.c ---- */

/* cwnd is about to be reduced; no news while losses are under repair already. */
void tcp_undo_begin(struct wr_tcb *c);
/* A segment was sent again. */
void tcp_undo_sent_again(const struct wr_tcp *tcp, struct wr_tcb *c);
/* RFC 3522: does the first ACK of new text answer the original? Then undoes all. */
bool tcp_undo_by_timestamp(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_news *news);
/* RFC 2883, 3708: all that was sent again was received twice. */
void tcp_undo_by_dsack(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_news *news);
/* RFC 5682: one step for an ACK after a time-out. */
void tcp_frto_step(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_news *news,
                   bool duplicate);

/* ---- tcp_ecn.c ---- */

/* Does our SYN ask for ECN? */
bool tcp_ecn_asks(const struct wr_tcp *tcp, const struct wr_tcb *c);
/* Does the peer's SYN ask for ECN, and a connection with this `cc` agree? */
bool tcp_ecn_offered(const struct wr_tcp *tcp, const struct wr_cc_choice *cc,
                     const struct wr_seg *seg);
/* The answer to our SYN came, or the peer's own. */
void tcp_ecn_answered(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg);
/* Both sides want it. */
void tcp_ecn_agreed(struct wr_tcp *tcp, struct wr_tcb *c);
/* An ACK with ECN-Echo came, of a connection that agreed on ECN; SND.UNA is as before it. */
void tcp_ecn_echoed(struct wr_tcp *tcp, struct wr_tcb *c);
/* cwnd was reduced, for whatever reason: the next new text says CWR, section 6.1.2. */
void tcp_ecn_reduced(struct wr_tcb *c);
/* Were marks, or losses, of this window answered by a reduction already? Then one is enough. */
bool tcp_ecn_has_reduced(const struct wr_tcb *c);
/* A segment of such a connection; its ACK was taken, its text was not. */
void tcp_ecn_arrives(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_frame *f);
/* CWR if it is due; it counts as sent. */
uint8_t tcp_ecn_text_flags(struct wr_tcb *c);

/* ---- tcp_rate.c: connections that are timed ---- */

/* b is about to leave. */
void tcp_rate_sent(struct wr_tcp *tcp, const struct wr_tcb *c, struct wr_buf *b);
/* Nothing is left to send, perhaps. */
void tcp_rate_ran_dry(struct wr_tcp *tcp, const struct wr_tcb *c);
/* The peer has `bytes` of b, by SACK or ACK; said once for each. */
void tcp_rate_delivered(const struct wr_tcp *tcp, const struct wr_tcb *c,
                        const struct wr_buf *b, uint32_t bytes);
void tcp_rate_part(const struct wr_tcp *tcp, const struct wr_tcb *c, const struct wr_buf *b);
/* An ACK was worked through, losses found: makes the sample, tells congestion control. */
void tcp_rate_ack(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t acked, uint32_t rtt_us);

/* ---- tcp_pace.c: the same ---- */

/* May text leave now? If not, the wheel rings when it may. */
bool tcp_pace_allows(struct wr_tcp *tcp, struct wr_tcb *c);
bool tcp_pace_is_due(const struct wr_tcp *tcp, const struct wr_tcb *c);
void tcp_pace_sent(struct wr_tcp *tcp, const struct wr_tcb *c, uint32_t bytes);

/* ---- tcp_reorder.c ---- */

/* Keeps f's text, which begins beyond RCV.NXT; takes the buffer if it does. */
enum wr_verdict tcp_reorder_add(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_frame *f);
/* The next piece if RCV.NXT has reached it, unlinked, its data trimmed to what is new. */
struct rte_mbuf *tcp_reorder_next(struct wr_tcp *tcp, struct wr_tcb *c);
/* Blocks to report, newest first; up to max. Includes a D-SACK if one is due, and clears it. */
unsigned tcp_reorder_blocks(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_sack *out,
                            unsigned max);
void tcp_reorder_free(struct wr_tcp *tcp, struct wr_tcb *c);
/* A D-SACK block for text received twice, RFC 2883. */
void tcp_note_duplicate(struct wr_tcp *tcp, struct wr_tcb *c, struct wr_seq left,
                        struct wr_seq right);

/* ---- tcp_evict.c ---- */

#define TCP_EVICT_US 10000 /* while buffers are short, a slice of the pass so often */

/* Goes on with the pass. */
void tcp_evict_run(struct wr_tcp *tcp);
/* The service closed c, and our FIN is on its way: too many such? */
void tcp_orphan_one_more(struct wr_tcp *tcp, const struct wr_tcb *c);
/* A connection is about to open: one that is closing may have to make room for the next. */
void tcp_orphan_make_room(struct wr_tcp *tcp);

/* ---- tcp_tune.c ---- */

/* A stream may have begun: looks how wide the window should be, if there is a record left. */
void tcp_tune_attach(struct wr_tcp *tcp, struct wr_tcb *c);
void tcp_tune_detach(struct wr_tcp *tcp, struct wr_tcb *c);
/* A segment of a connection that is tuned; its text was not taken yet. */
void tcp_tune_arrives(struct wr_tcp *tcp, struct wr_tcb *c, const struct wr_seg *seg);
/* Bytes of window for a round in which `copied` were taken, and `before` in the best before. */
uint32_t tcp_tune_wish(uint32_t copied, uint32_t before, uint32_t mss);

/* The receive window at most, now: bytes. */
static inline uint32_t tcb_rcv_buf(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	return wr_unlikely(c->tuned) ? tcp->tune[c->tune].target : tcp->conf.rcv_buf;
}

/* ---- tcp_window.c ---- */

/* The service took text, or time has passed: may the window open, or is it to be looked at? */
void tcp_window_look(struct wr_tcp *tcp, struct wr_tcb *c);

/* Is it closed for want of buffers, not of room for this connection? */
static inline bool tcp_window_is_frozen(const struct wr_tcp *tcp, const struct wr_tcb *c)
{
	uint32_t held = c->flags & WR_TCB_HELD ? c->rcvq_bytes : 0;

	return tcb_rcv_wnd(c) < wr_min(tcp->conf.mss, tcp->conf.rcv_buf / 2) &&
	       tcp->conf.held_bufs && c->state >= WR_TCP_ESTABLISHED && !tcb_fin_received(c) &&
	       tcb_rcv_buf(tcp, c) >= held + tcp->conf.mss;
}

/* ---- tcp_run.c ---- */

/* A run is named by its first buffer: from `left` up to, not including, `end`. */
static inline struct wr_seq tcp_run_left(struct rte_mbuf *run)
{
	return wr_seq(wr_buf(run)->seq);
}

static inline struct wr_seq tcp_run_end(struct rte_mbuf *run)
{
	return wr_seq(wr_buf(run)->run.end);
}

/* The run that begins last of those not beyond seq, and the one after it; NULL: none. */
struct rte_mbuf *tcp_run_find(struct wr_tcp *tcp, const struct wr_reorder *r, struct wr_seq seq,
                              struct rte_mbuf **beyond);
struct rte_mbuf *tcp_run_lowest(struct wr_tcp *tcp, const struct wr_reorder *r);
/* m becomes a run of its own. No run begins at the same sequence number. */
void tcp_run_add(struct wr_tcp *tcp, struct wr_reorder *r, struct rte_mbuf *m);
/* The run leaves the tree; its chain is the caller's. */
void tcp_run_remove(struct wr_tcp *tcp, struct wr_reorder *r, struct rte_mbuf *run);
/* m follows the run without a gap. */
void tcp_run_append(struct rte_mbuf *run, struct rte_mbuf *m);
/* The run follows m without a gap: from now on it is named by m. */
void tcp_run_prepend(struct wr_tcp *tcp, struct wr_reorder *r, struct rte_mbuf *run,
                     struct rte_mbuf *m);
/* `next` follows the run without a gap: both are one. */
void tcp_run_join(struct wr_tcp *tcp, struct wr_reorder *r, struct rte_mbuf *run,
                  struct rte_mbuf *next);
/* Takes off the run's last buffer; with it the run, if there is no other. */
struct rte_mbuf *tcp_run_cut_last(struct wr_tcp *tcp, struct wr_reorder *r,
                                  struct rte_mbuf *run);

/* ---- tcp_timer.c ---- */

void tcb_ring(struct wr_tcp *tcp, struct wr_tcb *c);
/* Arms the wheel for the earliest deadline that is not covered by a ring already. */
void tcb_arm(struct wr_tcp *tcp, const struct wr_tcb *c, uint32_t tick);
/* Starts what an established connection needs: keep-alive, idle and total time-outs. */
void tcb_arm_limits(struct wr_tcp *tcp, const struct wr_tcb *c);
/* What ss shows: the timer that acts next. */
const char *tcb_timer_name(const struct wr_tcp *tcp, const struct wr_tcb *c, uint64_t *in_us);

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
