/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside of the TCP engine: the records of a connection and of its compact relatives. Not for
 * users of the library.
 */
#ifndef WR_TCB_H
#define WR_TCB_H

#include <assert.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

#include "wr_buf.h"
#include "wr_tcp.h"

#define WR_TCP_QUEUE_MOST ((1u << 20) - 1) /* buffers in one send queue */

/* struct wr_tcb.flags: what a segment must know. */
enum {
	WR_TCB_TS = 1 << 0,       /* timestamps agreed on, RFC 7323 */
	WR_TCB_SACK = 1 << 1,     /* SACK agreed on, RFC 2018 */
	WR_TCB_REORDER = 1 << 2,  /* reorder is attached */
	WR_TCB_CLOSE = 1 << 3,    /* the service closed: a FIN follows the send queue */
	WR_TCB_FIN_SENT = 1 << 4, /* our FIN is the byte before SND.NXT */
	WR_TCB_PENDING = 1 << 5,  /* stands in tcp->pending[] */
	WR_TCB_ACK_NOW = 1 << 6,  /* owes an ACK at the end of the burst */
	WR_TCB_DELACK = 1 << 7,   /* owes an ACK at delack_tick */
	WR_TCB_LOSS = 1 << 8,     /* repair is attached: duplicates, SACKs, losses, a probe */
	WR_TCB_RECOVERY = 1 << 9, /* fast recovery until recover is acknowledged */
	WR_TCB_RTO = 1 << 10,     /* recovery after a time-out, until recover is acknowledged */
	WR_TCB_PERSIST = 1 << 11, /* the window is closed: rto_tick is the next probe */
	WR_TCB_WANT_ROOM = 1 << 12, /* the service waits for on_room */
	WR_TCB_HELD = 1 << 13,      /* text waits in rcvq: the service refused it */
	WR_TCB_WNDUP = 1 << 14,     /* the window opened: tell the peer */
	WR_TCB_RTO_ARMED = 1 << 15, /* rto_tick is set */
};

/* struct wr_tcb.rare: what only set-up, tear-down and trouble ask for. */
enum {
	WR_TCB_ACTIVE = 1 << 0,     /* we sent the first SYN (MUST-11) */
	WR_TCB_EOF_OWED = 1 << 1,   /* on_peer_closed waits until rcvq is empty */
	WR_TCB_FIRST = 1 << 2,      /* recovery just began: one segment whatever cwnd says */
	WR_TCB_RESCUED = 1 << 3,    /* RescueRxt used in this recovery, RFC 6675 */
	WR_TCB_DSACK = 1 << 5,      /* dsack is to be reported, RFC 2883 */
	WR_TCB_CHALLENGE = 1 << 6,  /* the ACK owed is a challenge ACK */
	WR_TCB_DUP_ACK = 1 << 7,    /* the ACK owed is a duplicate */
	WR_TCB_PMTU = 1 << 8,       /* what is sent again was too long for the path */
	WR_TCB_IDLE_LONG = 1 << 9, /* silent for more than a day: PAWS has nothing to compare */
	WR_TCB_PROBING = 1 << 10,  /* keep-alive probes are out */
	WR_TCB_DELACK_ARMED = 1 << 11, /* delack_tick is set */
	WR_TCB_WHEEL = 1 << 12,        /* the wheel rings at rto_tick or before */
	WR_TCB_WHEEL_PTO = 1 << 13,    /* and at the probe time-out, RFC 8985 7.2, or before */
	WR_TCB_NO_PROBE = 1 << 14,     /* no RTT sample since the last probe, RFC 8985 7.3 */
	WR_TCB_FAST = 1 << 15,         /* a SYN's text was taken before the handshake's end */
};

/* Out-of-order text of one connection, attached while there is any. */
struct wr_reorder {
	struct rte_mbuf *root;  /* runs, a tree by sequence number; tcp_run.c */
	struct rte_mbuf *top;   /* the highest of them, NULL: none */
	struct rte_mbuf *ready; /* a run that RCV.NXT has reached: not in the tree any more */
	uint32_t bytes;         /* charged: text and overhead */
	uint32_t pieces;        /* buffers */
	uint8_t recents;        /* used entries of recent[] */
	struct wr_seq recent[WR_SACK_MAX]; /* one byte of each block reported, newest first */
	uint32_t next_free;
};

/* How the receive window of a connection grows, attached while a stream comes: tcp_tune.c. */
struct wr_tune {
	uint32_t connection;      /* whose it is */
	uint32_t target;          /* bytes: the receive window at most */
	uint32_t most;            /* bytes that the service took in one round trip, so far */
	uint32_t rtt_us;          /* the receiver's round trip; 0: not known yet */
	uint32_t round_us;        /* when the round began: engine clock, low 32 bits */
	struct wr_seq round;      /* what the service had taken then */
	uint32_t window_us;       /* the same for a whole window, without timestamps */
	struct wr_seq window_end; /* which ends here */
	uint32_t ts_ecr;          /* last echo that was measured */
	uint32_t next_free;
	bool measured; /* rtt_us is of this stream */
};

/* Buffers linked by wr_buf.earlier and .later. */
struct wr_chain {
	struct rte_mbuf *first, *last;
};

/* How far F-RTO has come, RFC 5682. */
enum { WR_FRTO_OFF, WR_FRTO_FIRST, WR_FRTO_NEW };

/*
 * The scoreboard and what is found with it, attached while something may be missing. Every
 * buffer marked LOST is in exactly one of the chains, and what is SACKed in none; so no ACK
 * walks the send queue.
 */
struct wr_repair {
	struct wr_chain lost;    /* LOST, to be sent again: about by sequence number */
	struct wr_chain again;   /* LOST and REXMIT: in the order they were sent again */
	struct rte_mbuf *top;    /* the highest SACKed one; NULL: none */
	struct rte_mbuf *below;  /* the one below the highest gap; NULL: none is known */
	struct rte_mbuf *hint;   /* the last that was SACKed below top, or where the search for
	                          * more was left off; NULL: neither */
	struct rte_mbuf *ahead;  /* where the search beyond top was left off; NULL: nowhere */
	struct rte_mbuf *passed; /* up to here all are SACKed or LOST; NULL: nowhere */
	uint32_t above, runs;   /* bytes SACKed behind `passed`, and their stretches: no RACK */
	uint32_t segs_sacked;   /* RACK.segs_sacked */
	uint32_t xmit_us;       /* RACK.xmit_ts */
	struct wr_seq end_seq;  /* RACK.end_seq */
	uint32_t rtt_us;        /* RACK.rtt */
	uint32_t reo_tick;      /* RACK's reordering timer, if reo_armed */
	struct wr_seq prr_base; /* SND.UNA and bytes SACKed when recovery began, summed */
	uint32_t prr_out;       /* bytes sent in this recovery */
	struct wr_seq tlp_end;  /* TLP.end_seq */
	uint32_t tlp_ts;        /* TSval of the probe */
	uint32_t rexmit_ts;     /* TSval of the first retransmission, if has_rexmit_ts */
	uint32_t next_free;
	uint8_t frto;      /* WR_FRTO_* */
	uint8_t seen;      /* used entries of block[] */
	uint8_t dup_limit; /* duplicates that count in a recovery without SACK */
	bool delivered, reo_armed, has_rexmit_ts; /* xmit_us; reo_tick; rexmit_ts mean something
	                                           */
	bool tlp : 1, tlp_is_retrans : 1;         /* a probe is out; it repeated text */
	bool miscounted : 1;                      /* above and runs are not as said */
	bool uncut : 1;   /* nothing was lost but what was too long: cwnd is as it was */
	bool reneged : 1; /* the peer has, since the repair that goes on began */
	struct wr_sack block[WR_SACK_MAX]; /* of the last ACK: told again, no news */
};

/* What one ACK tells while repair is attached. */
struct wr_news {
	const struct wr_seg *seg;
	struct wr_seq before; /* SND.UNA and bytes SACKed, summed, before this ACK */
	struct wr_sack dsack; /* if has_dsack */
	uint32_t acked;       /* bytes that SND.UNA moved */
	uint32_t rtt_us;      /* of the newest text sent once; 0: none */
	bool has_dsack;
	bool sacked;   /* something was SACKed that was not before */
	bool original; /* text of before the time-out, sent once, was delivered */
	bool again;    /* text sent again was delivered */
};

/* Rate samples and pace of one connection that is timed; tcp_rate.c, tcp_pace.c. */
struct wr_rate {
	uint64_t delivered;         /* C.delivered: bytes, whole life */
	uint64_t lost;              /* C.lost: bytes, whole life */
	uint64_t app_limited_until; /* C.app_limited: in terms of `delivered`; 0: it is not */
	uint64_t prior_delivered;   /* of the sample in the making, as all up to interval_us */
	uint64_t next_ns;           /* when text may leave: engine clock */
	uint32_t delivered_us, first_sent_us; /* C.delivered_time, C.first_send_time */
	uint32_t newly;                       /* bytes delivered by this ACK */
	uint32_t seq, sent_us, prior_lost, tx_in_flight, interval_us;
	uint32_t min_rtt_us; /* whole life; 0: none yet */
	bool has_sample : 1, app_limited : 1;
	struct wr_cc_model model;
};

/*
 * A connection, owned by one core. c->snd.una is SND.UNA and so on: read it beside RFC 9293
 * section 3.3.1. Numbers are in host order; *_tick are wheel ticks of 128 us.
 */
struct wr_tcb {
	/* ---- line 0: every segment ---- */
	alignas(WR_CACHE_LINE) struct wr_tuple tuple;
	uint8_t state : 4;     /* enum wr_tcp_state */
	uint8_t backoff : 4;   /* doublings of the RTO; RFC 6298 (5.5) */
	uint8_t snd_shift : 4; /* Snd.Wind.Shift: bits, 0..14; RFC 7323 2.3 */
	uint8_t rcv_shift : 4; /* Rcv.Wind.Shift: bits, 0..14 */
	uint16_t flags;        /* WR_TCB_* */
	struct {
		struct wr_seq una; /* oldest byte not yet acknowledged */
		struct wr_seq nxt; /* next byte to send */
		uint32_t wnd;      /* bytes the peer accepts from UNA on */
		struct wr_seq wl1; /* SEG.SEQ of the last window update. WL2 is not kept: an
		                    * acceptable SEG.ACK is never left of it */
	} snd;
	struct {
		struct wr_seq nxt;   /* next byte expected */
		struct wr_seq acked; /* Last.ACK.sent, RFC 7323 */
		struct wr_seq
			edge; /* right edge of the window as advertised: RCV.NXT+RCV.WND */
	} rcv;
	uint32_t ts_recent;    /* TS.Recent: the peer's clock; RFC 7323 4.3 */
	uint32_t ts_offset;    /* added to our clock in TSval: ms */
	uint32_t rto_tick;     /* retransmission or probe, if RTO_ARMED */
	uint32_t last_rx_tick; /* when the last acceptable segment came */
	uint32_t last_tx_tick; /* when text was last sent */

	/* ---- line 1: text out, and the service ---- */
	struct rte_mbuf *sq_head; /* oldest buffer not acknowledged; NULL: nothing queued */
	struct rte_mbuf *sq_tail;
	struct rte_mbuf *sq_next; /* first buffer never sent; NULL: all were */
	struct wr_seq sq_end;     /* sequence number behind the last byte queued */
	uint32_t sq_count : 20;   /* buffers queued: a window of 1 GiB has 741,000 */
	uint32_t profile : 8;     /* index into tcp->profile[] */
	bool prompt : 1;          /* text was missing lately: prompt_acks */
	bool tuned : 1;           /* `tune` is attached: the receive window may grow */
	bool searching : 1;       /* its path may take longer segments: `path` is attached */
	uint32_t srtt_us;         /* 0 before the first sample; RFC 6298 */
	uint32_t rttvar_us;
	void *user;      /* of the service */
	uint16_t neigh;  /* wr_ip_out.hint */
	uint16_t rare;   /* WR_TCB_* of the second kind */
	struct wr_cc cc; /* the hot part in this line, private state in the next */

	/* ---- line 2, from 160: loss and other trouble ---- */
	uint8_t dup_acks;           /* consecutive duplicate ACKs; RFC 5681 2 */
	uint8_t probes;             /* keep-alive probes without an answer */
	uint8_t syn_rexmits;        /* SYN or SYN-ACK sent again: then IW is 1, RFC 5681 3.1 */
	uint8_t reordering;         /* RACK.reordering_seen: by how many segments, at most */
	struct wr_seq recover;      /* RecoveryPoint, RFC 6675; recover, RFC 6582 */
	uint32_t sacked;            /* bytes with WR_BUF_SACKED */
	uint32_t lost;              /* bytes with WR_BUF_LOST */
	uint32_t max_wnd;           /* MAX.SND.WND, RFC 5961 5.2 */
	uint32_t min_rtt_us;        /* RACK.min_RTT; 0: none */
	struct wr_reorder *reorder; /* NULL: nothing out of order */

	/* ---- line 3: text held back ---- */
	struct rte_mbuf *rcvq_head; /* in order, not taken by the service */
	struct rte_mbuf *rcvq_tail;
	uint32_t rcvq_bytes;   /* 0 unless WR_TCB_HELD */
	uint32_t delack_tick;  /* when the delayed ACK is due */
	uint32_t stalled_tick; /* R2 counts from here: when what now times out was first sent,
	                        * or last answered */
	uint32_t challenge_tick;
	uint32_t state_tick; /* when the state was entered */
	uint32_t rexmits;    /* segments sent again, whole life */
	uint32_t next_free;  /* free and dead lists */
	struct wr_sack dsack;

	/* ---- line 4: reporting ---- */
	struct wr_seq iss, irs;
	uint32_t rexmit;     /* of the lost bytes, those with WR_BUF_REXMIT */
	uint64_t in_base;    /* bytes received up to in_seq */
	uint64_t acked_base; /* bytes acknowledged up to acked_seq */
	struct wr_seq in_seq, acked_seq;
	uint32_t opened_tick;
	uint16_t mss_peer;   /* MSS option received */
	uint16_t rcvq_count; /* buffers in rcvq */
	uint16_t challenges; /* challenge ACKs sent in the second of challenge_tick */

	/* ---- line 4 too: congestion and repair ---- */
	uint16_t undo_pending;     /* retransmissions no D-SACK has told of */
	struct wr_seq cwr_end;     /* ECN echoed before this was acknowledged is paid for */
	struct wr_repair *repair;  /* NULL unless WR_TCB_LOSS */
	struct wr_seq dsack_round; /* RACK.dsack_round, if rack_persist */
	struct wr_seq undo_una;    /* SND.UNA when cwnd was last reduced, if may_undo */
	uint8_t rack_steps;        /* RACK.reo_wnd_mult less 1 */
	uint8_t rack_persist : 7;  /* RACK.reo_wnd_persist */
	bool may_undo : 1;
	uint16_t path;       /* index into tcp->path[], if searching */
	uint16_t tune;       /* index into tcp->tune[], if tuned */
	uint8_t listener;    /* index into tcp->listener[], or WR_TCB_NO_LISTENER */
	uint8_t prompt_acks; /* so many more are not gathered, if prompt */
};

static_assert(offsetof(struct wr_tcb, sq_head) == 64, "line 0: every segment");
static_assert(offsetof(struct wr_tcb, cc.room) == 128,
              "lines 0 and 1 are all of the established path");
static_assert(offsetof(struct wr_tcb, dup_acks) == 160, "loss state in line 2");
static_assert(offsetof(struct wr_tcb, rcvq_head) == 192, "text held back in line 3");
static_assert(offsetof(struct wr_tcb, in_base) == 256, "reporting in line 4");
static_assert(sizeof(struct wr_tcb) == 320, "five lines a connection");

#define WR_TCB_NO_LISTENER UINT8_MAX

/* What a connection agrees on. */
enum tcp_ecn {
	TCP_ECN_NONE,
	TCP_ECN_CLASSIC,  /* RFC 3168 */
	TCP_ECN_ACCURATE, /* RFC 9768 */
};

/* A connection between our SYN-ACK and its ACK: SYN-RECEIVED by passive open. */
struct wr_half_open {
	struct wr_tuple tuple;
	struct wr_seq iss, irs;
	uint32_t ts_recent, ts_offset;
	uint32_t opened_tick;
	uint32_t due_tick;   /* next SYN-ACK */
	uint32_t acked_tick; /* the second in which `acks` ACKs were sent */
	uint32_t next_free;
	uint16_t mss; /* of the peer's SYN */
	uint16_t neigh;
	uint8_t snd_shift; /* the peer's window scale */
	uint8_t retries;   /* SYN-ACKs sent again */
	bool grants;       /* the first SYN-ACK brings a Fast Open cookie */
	uint8_t listener;  /* index into tcp->listener[] */
	uint8_t acks;
	bool ts : 1, sack : 1, wscale : 1, used : 1;
	bool no_ect : 1;     /* a SYN without ECN came after one with AccECN */
	uint8_t ecn : 2;     /* enum tcp_ecn: agreed on by its SYN */
	uint8_t syn_ecn : 2; /* ECN field of the newest SYN, for AccECN */
};
static_assert(sizeof(struct wr_half_open) <= 64, "half-open is compact");

/* TIME-WAIT: what is needed to repeat the last ACK and to judge a new SYN. */
struct wr_time_wait {
	struct wr_tuple tuple;
	struct wr_seq snd_nxt, rcv_nxt;
	uint32_t ts_recent;
	uint32_t until_tick;
	uint16_t wnd; /* as last sent, scaled */
	bool ts : 1, live : 1;
	uint8_t ace : 3;     /* of AccECN; 0 without */
	bool answered : 1;   /* what needed no answer, in answer_turn */
	uint8_t answer_turn; /* time in turns of tcp_wait.c, modulo 256 */
};
static_assert(sizeof(struct wr_time_wait) <= 32, "TIME-WAIT is compact");

#endif /* WR_TCB_H */
