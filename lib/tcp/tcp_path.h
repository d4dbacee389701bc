/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The path's MTU as a connection sees it: what ICMP tells (RFC 1191, tcp_path.c), and what it
 * finds out by itself (RFC 4821, 8899; tcp_plpmtud.c).
 *
 * The length of segments in force is c->cc.smss. While the peer and the port would take longer
 * ones, a record of this kind is attached, if there is one left; who has none stays as it is.
 */
#ifndef WR_TCP_PATH_H
#define WR_TCP_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "wr_path.h"
#include "wr_seq.h"

struct wr_tcb;
struct wr_tcp;

/* Lengths are bytes of text. */
struct tcp_path {
	uint16_t full;  /* what the peer and our port take: the goal */
	uint16_t high;  /* nothing longer is tried in this round of the search */
	uint16_t probe; /* the probe that is out, or was lost last */
	uint8_t lost;   /* probes of that length lost one after another */
	bool out;       /* the probe is out, sent once, and neither acknowledged nor lost */
	bool halving;   /* `high` itself was tried in this round */
	bool proven;    /* that segments of c->cc.smss arrive; others may know */
	struct wr_seq probe_seq; /* SEG.SEQ of the probe */
	uint32_t due_tick;       /* no probe before */
	uint32_t next_free;
};

/* The records, all free. Returns 0 or -ENOMEM. */
int tcp_paths_init(struct wr_tcp *tcp, int socket);

/* ---- tcp_path.c ---- */

/* Bytes of IPv4 and TCP headers of a segment with text. */
uint32_t tcp_path_overhead(const struct wr_tcp *tcp, const struct wr_tcb *c);

/* A connection that could use segments of `full` bytes opens: what it begins with. */
uint16_t tcp_path_open(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t full);
void tcp_path_detach(struct wr_tcp *tcp, struct wr_tcb *c);

/*
 * An ICMP error says that the segment at `seq`, which is in flight, was too long for an MTU
 * of `mtu` bytes; 0: of which it does not say how long it is.
 */
void tcp_path_told(struct wr_tcp *tcp, struct wr_tcb *c, uint16_t mtu, struct wr_seq seq);

/* Segments of at most `mss` bytes from now on; the search for longer ones waits. */
void tcp_path_narrow(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t mss);

/*
 * What is out in more than `len` bytes is lost, by no fault of the network's load: it is sent
 * again in segments that fit, and cwnd stays.
 */
void tcp_path_send_again(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t len);

/* The next round of the search is due after conf.path_age_us, RFC 1191 section 6.3. */
void tcp_path_rest(struct wr_tcp *tcp, struct tcp_path *p);

/* ---- tcp_plpmtud.c ---- */

/* The retransmission timer rang with text out: is it the length that does not get through? */
void tcp_path_timed_out(struct wr_tcp *tcp, struct wr_tcb *c);

/*
 * New text may leave, and a record is attached: sends a probe if one is due. False: one is due,
 * and waits for room in cwnd; nothing else should take it.
 */
bool tcp_path_probe(struct wr_tcp *tcp, struct wr_tcb *c);

/* The segments that an ACK told of are marked; a record is attached. */
void tcp_path_acked(struct wr_tcp *tcp, struct wr_tcb *c);

/* Is it just the probe that is lost? Then it is no congestion, and dealt with. */
bool tcp_path_lost_probe(struct wr_tcp *tcp, struct wr_tcb *c);

/* The probe that is out was too long; `high` may not be. */
void tcp_path_probe_failed(struct wr_tcp *tcp, struct wr_tcb *c, uint32_t high);

/* Is a probe out whose fate an ACK will tell? */
bool tcp_path_is_probing(const struct wr_tcp *tcp, const struct wr_tcb *c);

/* Something is sent again: an ACK of the probe will tell nothing. */
void tcp_path_sent_again(struct wr_tcp *tcp, const struct wr_tcb *c);

#endif /* WR_TCP_PATH_H */
