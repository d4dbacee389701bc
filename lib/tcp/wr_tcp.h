/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_TCP_H
#define WR_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include "wr_cc.h"
#include "wr_flow.h"
#include "wr_frame.h"
#include "wr_ip.h"
#include "wr_owner.h"
#include "wr_wheel.h"

/*
 * One core's TCP: RFC 9293. Callers are the stack (input, timers, flush) and the services
 * (send, close, ...); both on the same core, never from within each other's functions
 * except as said. Nothing is allocated after wr_tcp_init().
 */

struct wr_tcp;
struct wr_tcb; /* a connection; tcb.h */

/*
 * ECN, RFC 3168. Algorithms that need it (DCTCP) have it whatever this says. The last three are
 * as in Linux' tcp_ecn: peers that ask for AccECN, RFC 9768, get it, and others what they ask
 * for; they differ in what our own SYNs ask for.
 */
enum wr_tcp_ecn {
	WR_TCP_ECN_OFF,            /* never */
	WR_TCP_ECN_PASSIVE,        /* if the peer asks for it */
	WR_TCP_ECN_ON,             /* asked for, too */
	WR_TCP_ECN_ACCECN,         /* AccECN */
	WR_TCP_ECN_ACCECN_ON,      /* RFC 3168 */
	WR_TCP_ECN_ACCECN_PASSIVE, /* nothing */
};

/* When a SYN is answered by a cookie, RFC 4987 section 3.6. */
enum wr_tcp_cookies {
	WR_TCP_COOKIES_NEVER,
	WR_TCP_COOKIES_AUTO,   /* when there is no half-open record left */
	WR_TCP_COOKIES_ALWAYS, /* but for those that reopen a TIME-WAIT without timestamps */
};

/* How the options of SYNs are ordered and padded: systems are told apart by it. */
enum wr_tcp_option_order {
	WR_TCP_ORDER_LINUX,   /* MSS, SACK-permitted, timestamps, NOP, window scale */
	WR_TCP_ORDER_FREEBSD, /* MSS, NOP, window scale, SACK-permitted, timestamps */
};

#define WR_TCP_WSCALE_AUTO UINT8_MAX

/* When the path's MTU is found without ICMP, RFC 4821; as Linux' tcp_mtu_probing. */
enum wr_tcp_mtu_probing {
	WR_TCP_MTU_PROBING_OFF,        /* segments shrink only because of ICMP */
	WR_TCP_MTU_PROBING_BLACK_HOLE, /* when full ones do not get through */
	WR_TCP_MTU_PROBING_ALWAYS,     /* they begin with the base, and grow */
};

/* Policy and sizes; the defaults are wr_tcp_conf_default(). */
struct wr_tcp_conf {
	/* What each segment asks for, in one cache line: the buffers of a connection, bytes, */
	uint32_t rcv_buf;     /* receive window at first */
	uint32_t rcv_buf_max; /* grows up to so much, < 2^30; not above rcv_buf: does not */
	uint32_t snd_buf;     /* text queued for sending at first, with the unacknowledged */
	uint32_t snd_buf_max; /* grows up to so much with cwnd; not above snd_buf: does not */
	uint32_t held_bufs;   /* buffers that all connections together may keep; the rest of the
	                       * pool is the reserve to receive, for ACKs, control. 0: no limit */
	uint32_t evict_shut_ms; /* while buffers are short, a peer that takes nothing for so
	                         * long is reset */
	/* what is sent, */
	bool push_bursts;  /* PSH on the last of several segments that leave together, and
	                    * behind each half of cwnd, as Linux' large sends have it */
	uint16_t mss;      /* MSS option sent: MTU - 40 */
	uint16_t ss_burst; /* segments that one ACK may add to cwnd in slow start of CUBIC, L
	                    * of RFC 9406; 65,535: no limit, as Linux */
	bool grow_half;    /* in slow start cwnd grows if more than half of it was used, as
	                    * Linux; else if all was */
	bool grow_by_news; /* cwnd does not grow by text that SACKs or duplicates told of
	                    * before, as Linux */
	bool idle_restart; /* RFC 5681 section 4.1 */
	bool rack;         /* RFC 8985 section 6 finds losses; off: RFC 6675 */
	bool tlp;          /* tail loss probes, RFC 8985 section 7 */
	bool tlp_recovery; /* and in recovery too, when RACK hears nothing */
	bool tlp_no_sack;  /* and where SACK is missing */
	/* and times, us. */
	uint32_t delack_us;    /* delayed ACK, < 500 ms; 0: every burst is acknowledged */
	uint8_t quick_acks;    /* the first so many full segments' worth of text is not
	                        * acknowledged late, until text is sent; 0: all is */
	uint8_t prompt_acks;   /* so many are not late after the last text out of order */
	bool delack_fin;       /* the ACK of a FIN may wait for our own */
	uint32_t rto_min_us;   /* RFC 6298 asks for 1 s; 200 ms as everybody */
	uint32_t rto_slack_us; /* G of RFC 6298: the RTO is at least so much longer than SRTT;
	                        * Linux: 200 ms */
	uint32_t rto_max_us;   /* >= 60 s */

	/* Sizes of the tables of one core. */
	uint32_t connections; /* established and opening */
	uint32_t half_open;   /* SYN backlog */
	uint32_t time_waits;  /* TIME-WAIT records */
	uint32_t reorders;    /* connections that can keep out-of-order text at the same time */
	uint32_t repairs; /* connections that can repair losses at the same time; those beyond
	                   * send one segment again for each time-out */
	uint32_t paths;   /* connections that look for their path's MTU at the same time, 1 ..
	                   * 65,536; those beyond stay with what was told or got through */
	uint32_t tunes;   /* connections whose receive window can grow at the same time, at
	                   * most 65,535 */
	/* Buffers of one connection, bytes of text. */
	uint32_t ooo_bytes;  /* kept out of order, at most; counts 256 bytes of overhead a piece
	                      */
	uint16_t ooo_pieces; /* pieces kept out of order, at most. Both grow as the window does
	                      */
	/* What is offered and accepted. */
	bool timestamps, sack, wscale;
	bool ts_required;       /* drops segments without the timestamp that was agreed on, RFC
	                         * 7323 section 3.2; Linux takes them */
	uint8_t ecn;            /* enum wr_tcp_ecn */
	uint8_t option_order;   /* enum wr_tcp_option_order */
	uint8_t wscale_offer;   /* 0 .. 14; WR_TCP_WSCALE_AUTO: the least that rcv_buf needs */
	uint32_t first_window;  /* of a SYN, bytes, at most 65,535 and rcv_buf; 0: the most */
	uint16_t mss_min;       /* smaller MSS options count as this */
	struct wr_cc_choice cc; /* of connections whose options choose none */
	bool pacing;            /* of all connections; algorithms with a model always are */
	bool rates; /* there is memory for pacing; implied by pacing, and by cc if it needs it
	             */
	uint8_t iw_segments;       /* RFC 6928 */
	bool prr;                  /* proportional rate reduction, RFC 6937 */
	bool frto;                 /* doubts time-outs, RFC 5682 */
	bool dsack;                /* sends D-SACKs and uses those received, RFC 2883 */
	uint32_t dup_ack_delay_us; /* while ACKs are prompt, at most, < 500 ms: with SACK of the
	                            * first one of a gap, without of each second; 0: none */
	/* Fast Open, RFC 7413, of listeners and active opens whose options want it. */
	uint32_t fastopen_pending; /* connections that SYNs opened at once and that are still in
	                            * SYN-RECEIVED, at most; those beyond shake hands first */
	uint32_t fastopen_peers;   /* servers whose cookies are kept; 0: no active fast open */
	uint8_t fastopen_keys;     /* 0..2; 0: a key is made of the engine's */
	struct wr_sipkey fastopen_key[2]; /* of cookies: the first makes and checks them, the
	                                   * second checks those of before */
	uint8_t mtu_probing;              /* enum wr_tcp_mtu_probing */
	uint16_t mtu_base_mss;  /* bytes of text that a path most likely takes, RFC 4821 7.2 */
	uint16_t mtu_floor_mss; /* and that black holes shorten segments to, at least */
	/* Times, us. */
	uint32_t rto_initial_us; /* RFC 6298: 1 s */
	uint32_t r1_rexmits;     /* R1, as a count: then the next hop is suspected */
	uint64_t r2_us;          /* R2: give up after so long without an ACK; >= 100 s */
	uint64_t r2_syn_us;      /* the same for SYN; >= 180 s */
	uint8_t synack_retries;  /* at most 1 while the backlog is more than half full */
	uint64_t time_wait_us;   /* 2 MSL */
	/* An active open may have a tuple in TIME-WAIT with timestamps after so long: 1 s, at
	 * least 1 ms (a tick of the timestamp clock); 0: never. */
	uint64_t time_wait_reuse_us;
	uint64_t fin_wait2_us;  /* without a FIN, after the service closed; 0: for ever */
	uint8_t orphan_retries; /* after the service closed: retransmissions, or probes of a
	                         * closed window, in spite of answers; 0: r2_us alone counts */
	uint32_t orphans; /* connections that the service closed first or last, at most; 0: no
	                   * limit but the table */
	/* For tests: what RFC 6528 and RFC 7323 5.4 make unpredictable, if these are set. */
	bool has_isn, has_ts_offset;
	uint32_t isn, ts_offset;
	/* Other limits. */
	uint8_t syn_cookies; /* enum wr_tcp_cookies */
	/*
	 * Connections of one listener. With so many open its SYNs are dropped; with so many
	 * open and half-open they are answered as if the backlog were full. 0: no limit.
	 */
	uint32_t listener_connections;
	/*
	 * Open connections that one remote address has with all listeners; further SYNs are
	 * reset. Half-open ones do not count: their address may be forged. 0: no limit.
	 */
	uint32_t source_connections;
	uint16_t challenges_per_s; /* challenge ACKs of one connection, RFC 5961 section 7 */
	uint32_t rsts_per_s;       /* resets for no connection, at most, a core */
};

void wr_tcp_conf_default(struct wr_tcp_conf *conf, uint16_t mtu);

/* Options of a connection; a listener's connections inherit its own. */
struct wr_tcp_options {
	bool nodelay;              /* Nagle off, MUST-17 */
	bool cork;                 /* wr_tcp_write() always behaves as if more text followed */
	bool keepalive;            /* default off, MUST-25 */
	bool fastopen;             /* RFC 7413. A listener takes text with the SYN, which may be
	                            * delivered twice if the network repeats it; an active open
	                            * sends what wr_tcp_send() gives before the next flush */
	uint8_t tos;               /* DSCP in the upper 6 bits */
	uint8_t ttl;               /* 0: the host's default */
	uint8_t keepalive_probes;  /* unanswered probes until it is dead */
	uint32_t keepalive_idle_s; /* default 7200, MUST-28 */
	uint32_t keepalive_interval_s;
	uint32_t user_timeout_ms;    /* RFC 5482; 0: R2 */
	uint32_t connect_timeout_ms; /* 0: R2 for SYN */
	uint32_t idle_timeout_ms;    /* nothing received for so long; 0: for ever */
	uint32_t total_timeout_ms;   /* since it was opened; 0: for ever */
	struct wr_cc_choice cc; /* at the opening; ops NULL: as the engine's configuration */
	uint16_t mss; /* option sent, and the most that is sent; 0: conf.mss. At the opening */
};

void wr_tcp_options_default(struct wr_tcp_options *options);

/*
 * What a service is told. Within an event the service may call any wr_tcp_* function on
 * that connection. All are mandatory.
 */
struct wr_tcp_events {
	/* The connection is established. Returns false to refuse it (it is reset). */
	bool (*on_open)(struct wr_tcp *tcp, struct wr_tcb *c);
	/*
	 * Text in order: m's data. True: the service has taken m. False: not now; the engine
	 * keeps it, so that the window closes, and offers it again after wr_tcp_resume().
	 */
	bool (*on_data)(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m);
	/* The send queue has room again after wr_tcp_room() was 0 or too small. */
	void (*on_room)(struct wr_tcp *tcp, struct wr_tcb *c);
	/* The peer's FIN, after all its text was taken. */
	void (*on_peer_closed)(struct wr_tcp *tcp, struct wr_tcb *c);
	/* The connection ends; the last event. c must not be used after it returns. */
	void (*on_closed)(struct wr_tcp *tcp, struct wr_tcb *c, enum wr_reason reason);
};

struct wr_tcp_listener {
	uint32_t addr; /* 0: any local address */
	uint16_t port;
	const struct wr_tcp_events *events;
	void *user; /* wr_tcb_user() of its connections at first */
	struct wr_tcp_options options;
};

/*
 * Makes the TCP of one core. ip and stats are borrowed; owner and core say which flows are
 * ours (source ports of active opens are chosen accordingly). `key` seeds ISNs, ports,
 * timestamps and the table. Returns NULL if there is no memory.
 */
struct wr_tcp *wr_tcp_new(const struct wr_tcp_conf *conf, struct wr_ip *ip,
                          const struct wr_owner *owner, uint32_t core,
                          const struct wr_sipkey *key, uint64_t now_us);
/* Frees all connections without a word to peer or service. */
void wr_tcp_free(struct wr_tcp *tcp);
uint64_t wr_tcp_bytes(const struct wr_tcp_conf *conf);

/* Returns 0, -EADDRINUSE, -ENOSPC or -EINVAL (its cc needs conf.rates). Earlier connections are
 * not disturbed (MUST-41). */
int wr_tcp_listen(struct wr_tcp *tcp, const struct wr_tcp_listener *listener);

/* Ends that listener and forgets its half-open connections; -ENOENT: there is none. */
int wr_tcp_unlisten(struct wr_tcp *tcp, uint32_t addr, uint16_t port);

/*
 * RFC 2385: who has this key must sign each segment, and so do we. Of several that fit the one
 * with the longest prefix counts. Nobody may sign without a key. Signed connections have no
 * timestamps, and no Fast Open: there is no room for the options.
 */
#define WR_TCP_MD5_BYTES 80 /* as Linux' TCP_MD5SIG_MAXKEYLEN */

struct wr_tcp_md5_key {
	uint16_t lport, rport; /* 0: any. Of a listener the one, of active opens the other */
	uint32_t raddr;        /* the peers */
	uint8_t prefix;        /* bits of raddr that count, 0..32 */
	uint8_t bytes;         /* of the key, 1..WR_TCP_MD5_BYTES */
	uint8_t key[WR_TCP_MD5_BYTES];
};

/*
 * Before the first segment. Returns 0; -EEXIST: the same peers have a key; -EINVAL: a length is
 * impossible; -ENOSPC; -ENOMEM.
 */
int wr_tcp_md5_add(struct wr_tcp *tcp, const struct wr_tcp_md5_key *key);

struct wr_tcp_connect {
	uint32_t laddr; /* 0: chosen by route (MUST-44) */
	uint16_t lport; /* 0: an unpredictable free one whose replies come to this core, RFC
	                   6056, */
	uint16_t lport_low, lport_high; /* from these on both sides; 0, 0: 1024 .. 65535 */
	uint32_t raddr;
	uint16_t rport;
	const struct wr_tcp_events *events;
	void *user;
	struct wr_tcp_options options;
};

/*
 * Active open. Returns 0 and *c, or -EADDRNOTAVAIL (no port or address), -EADDRINUSE (the
 * tuple exists), -EINVAL (no such range of ports, or its cc needs conf.rates), -ENETUNREACH
 * (MUST-46), -ENOBUFS (table full). Events follow, never within the call.
 *
 * From one local address to one remote address and port there can be as many connections as the
 * range has ports, 64,512 by default; each of n cores owns about 1/n of them (Toeplitz of the
 * tuple) and opens no others. A port whose last connection is in TIME-WAIT here counts as free
 * if conf.time_wait_reuse_us allows.
 */
int wr_tcp_connect(struct wr_tcp *tcp, const struct wr_tcp_connect *to, struct wr_tcb **c);

/*
 * Sends a SYN for this tuple and keeps nothing: of a flood, against a defence under test. Its
 * sequence number is that of a real one. Returns 0; -EADDRNOTAVAIL: the local address is not
 * ours (none is forged), -ENETUNREACH, -ENOBUFS: no buffer, or the output queue is full.
 */
int wr_tcp_send_bare_syn(struct wr_tcp *tcp, const struct wr_tuple *tuple, uint64_t now_us);

/*
 * Segments for no connection go to this handler first, such as the answers to bare SYNs: on the
 * core that owns their tuple. f is only to be looked at. It returns tcp_stray: counted, and
 * nobody answers; or WR_V_NEXT: not its own, they go on to listeners or a reset. NULL: no
 * handler.
 */
typedef enum wr_verdict (*wr_tcp_stray_handler)(struct wr_tcp *tcp, const struct wr_frame *f,
                                                void *user, uint64_t now_us);
void wr_tcp_set_stray(struct wr_tcp *tcp, wr_tcp_stray_handler handler, void *user);

/* ---- for services, on a connection ---- */

/* Bytes that wr_tcp_send() takes now, at least; 0 after wr_tcp_close(). */
uint32_t wr_tcp_room(const struct wr_tcp *tcp, const struct wr_tcb *c);

/* Bytes sent or queued that the peer has not acknowledged; after wr_tcp_close() too. */
uint32_t wr_tcp_queued(const struct wr_tcb *c);

/*
 * Sends m's data (one buffer, > 0 bytes). On success takes m: it is transmitted itself, in
 * place, and kept until acknowledged. Returns 0; -ENOBUFS: longer than the room, unless
 * nothing is queued, or the connection has its share of conf.held_bufs (text that waited
 * since on_data refused it is never refused for that); -EPIPE: closed. A service that got
 * -ENOBUFS is told by on_room, with the next acknowledgement: whether one will come says
 * wr_tcp_want_room().
 */
int wr_tcp_send(struct wr_tcp *tcp, struct wr_tcb *c, struct rte_mbuf *m);

/*
 * Asks for on_room with the next acknowledgement although the queue has room: for a service
 * that has no buffer to send. False: nothing is unacknowledged, so none would come.
 */
bool wr_tcp_want_room(struct wr_tcp *tcp, struct wr_tcb *c);

/*
 * Sends a copy of up to len bytes of text; returns how many were taken: fewer if the room or
 * the buffers end before. What waits unsent is filled up to full segments. 0 after a
 * wr_tcp_close(). `more`: the service is about to send more, so that what is no full segment
 * waits for it; but not longer than for an acknowledgement or a retransmission time-out.
 */
uint32_t wr_tcp_write(struct wr_tcp *tcp, struct wr_tcb *c, const void *text, uint32_t len,
                      bool more);

/*
 * Copies up to len bytes of what on_data refused, and takes them: the window opens again.
 * Returns how many. Not from within on_data. on_peer_closed, and on_closed of a connection that
 * waited for its text to be read, may come before this returns.
 */
uint32_t wr_tcp_read(struct wr_tcp *tcp, struct wr_tcb *c, void *to, uint32_t len);

/* The same, but the text stays. `to` may be NULL: only counts. */
uint32_t wr_tcp_peek(const struct wr_tcb *c, void *to, uint32_t len);

/*
 * The service is gone: no event follows, and c must not be used any more. As wr_tcp_close(),
 * but text that was not read, or that comes from now on, draws a reset (RFC 9293 SHLD-3).
 */
void wr_tcp_release(struct wr_tcp *tcp, struct wr_tcb *c);

/* No more text follows: a FIN is sent after what is queued. Receiving goes on. */
void wr_tcp_close(struct wr_tcp *tcp, struct wr_tcb *c);

/* Resets the connection now; on_closed(aborted) comes before this returns. */
void wr_tcp_abort(struct wr_tcp *tcp, struct wr_tcb *c);

/* Offers again what on_data refused. Not from within on_data. */
void wr_tcp_resume(struct wr_tcp *tcp, struct wr_tcb *c);

void *wr_tcb_user(const struct wr_tcb *c);
void wr_tcb_set_user(struct wr_tcb *c, void *user);
void wr_tcb_tuple(const struct wr_tcb *c, struct wr_tuple *tuple);
enum wr_tcp_state wr_tcb_state(const struct wr_tcb *c);
struct wr_ip *wr_tcp_ip(struct wr_tcp *tcp);

/* Changes DSCP (SHLD-21), Nagle, keepalive and time-outs while it runs. */
void wr_tcp_set_options(struct wr_tcp *tcp, struct wr_tcb *c,
                        const struct wr_tcp_options *options);

/* ---- for the stack ---- */

/*
 * Stage b, for a burst of classified frames, of which those that carry TCP count: asks the
 * memory for the buckets of their hashes, then for the connections that these seem to name,
 * then for the buffers that the segments' ACKs will free.
 */
void wr_tcp_look_up(struct wr_tcp *tcp, struct wr_frame *frame, unsigned n);

/* SEGMENT ARRIVES, RFC 9293 section 3.10.7. Sends nothing: see wr_tcp_flush(). */
enum wr_verdict wr_tcp_input(struct wr_tcp *tcp, struct wr_frame *f, uint64_t now_us);

/* An ICMP error about a segment of ours; RFC 5461, RFC 5927. Returns icmp_error_*. */
enum wr_verdict wr_tcp_icmp_error(struct wr_tcp *tcp, const struct wr_icmp_error *error,
                                  uint64_t now_us);

/* Sends what connections owe: once a burst. Stops when the output queue is full and goes on
 * at the next call. */
void wr_tcp_flush(struct wr_tcp *tcp, uint64_t now_us);

/* Runs up to `budget` timers that are due; returns how many ran. */
unsigned wr_tcp_tick(struct wr_tcp *tcp, uint64_t now_us, unsigned budget);

/* When wr_tcp_tick() or wr_tcp_flush() next has work, us; UINT64_MAX: never. */
uint64_t wr_tcp_deadline(const struct wr_tcp *tcp);

/*
 * Shutdown in order: closes the connections of up to `budget` table entries as wr_tcp_close()
 * does, beginning at *cursor (0 at first), and moves *cursor; UINT32_MAX: that was all. From
 * the first call on there are no listeners, and half-open connections are forgotten.
 */
void wr_tcp_drain(struct wr_tcp *tcp, uint32_t *cursor, unsigned budget, uint64_t now_us);

/* The same by wr_tcp_abort(): resets what has not ended in time. */
void wr_tcp_abort_all(struct wr_tcp *tcp, uint32_t *cursor, unsigned budget, uint64_t now_us);

/* ---- looking in, as ss does ---- */

enum wr_tcp_recovery {
	WR_TCP_RECOVERY_NONE,
	WR_TCP_RECOVERY_DISORDER, /* something may be missing */
	WR_TCP_RECOVERY_ECN,      /* the window was reduced by ECN, RFC 3168 */
	WR_TCP_RECOVERY_FAST,     /* RFC 5681, 6675, 8985 */
	WR_TCP_RECOVERY_TIMEOUT,  /* RFC 6298 */
};

struct wr_tcp_info {
	struct wr_tuple tuple;
	uint8_t state;   /* enum wr_tcp_state */
	uint8_t backoff; /* doublings of the RTO in force */
	bool ts, sack, has_wscale, nodelay, keepalive;
	bool fastopen, md5; /* the text of a SYN was taken at once; segments are signed */
	bool ecn, accecn;   /* agreed on RFC 3168 or 9768; the latter, and then: */
	uint32_t delivered_ce, received_ce; /* segments marked that left, as the peer says; that
	                                     * came */
	uint32_t delivered_ce_bytes, received_ce_bytes; /* their text */
	uint8_t snd_wscale, rcv_wscale;
	uint32_t recv_q; /* bytes received that the service has not taken */
	uint32_t send_q; /* bytes sent or queued that are not acknowledged */
	uint32_t unsent; /* of these, never sent yet */
	uint32_t rto_us, srtt_us, rttvar_us;
	uint32_t cwnd;             /* bytes */
	uint32_t ssthresh;         /* bytes; UINT32_MAX: none yet */
	uint32_t mss;              /* bytes */
	uint32_t snd_wnd, rcv_wnd; /* bytes */
	uint32_t rexmits;          /* segments sent again, whole life */
	uint32_t lost, sacked;     /* bytes now marked so */
	uint32_t again;            /* bytes now sent again and not acknowledged */
	uint32_t flight;           /* sequence numbers sent and not acknowledged */
	uint16_t advmss;           /* MSS that was offered, bytes */
	uint8_t recovery;          /* enum wr_tcp_recovery */
	uint8_t reordering;        /* segments by which text came late, at most; 0: none did */
	uint64_t bytes_in,
		bytes_acked; /* text received in order; text acknowledged by the peer */
	uint64_t age_us;     /* since it was opened */
	uint64_t idle_us;    /* since the last segment came */
	const char *cc;
	const char *timer; /* "on", "persist", "keepalive", "timewait" or NULL, as ss -o */
	uint64_t timer_us; /* until it rings */
};

/* The levels of one connection, as of the last burst. */
void wr_tcp_info_get(const struct wr_tcp *tcp, const struct wr_tcb *c,
                     struct wr_tcp_info *info);

struct wr_tcp_filter {
	uint32_t states; /* bit 1 << state; 0: all but LISTEN and TIME-WAIT */
	uint32_t laddr, lmask, raddr, rmask;
	uint16_t lport, rport; /* 0: any */
};

/*
 * Writes up to max connections that pass the filter, beginning at *cursor (0 at first), and
 * looks at `scan` table entries at most. Moves *cursor; UINT32_MAX: that was all. `every`:
 * only each every-th entry (a sample); 1: all.
 */
unsigned wr_tcp_dump(const struct wr_tcp *tcp, const struct wr_tcp_filter *filter,
                     uint32_t every, uint32_t *cursor, uint32_t scan, struct wr_tcp_info *out,
                     unsigned max, uint64_t now_us);

#endif /* WR_TCP_H */
